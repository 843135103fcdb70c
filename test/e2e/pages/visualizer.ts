/** The visualiser's page, as its tests look at it. */
import type { Locator, Page } from 'playwright-core';
import { frames, said } from './visit.ts';

export const slider = (page: Page): Locator => page.locator('.scrubber');
/** Events applied, as the scrubber says. */
export async function place(page: Page): Promise<number> {
  await frames(page);
  return Number(await slider(page).getAttribute('aria-valuenow'));
}

/** Waits until a history of so many events is there. */
export async function history(page: Page, events: number): Promise<void> {
  await page.locator(`.scrubber[aria-valuemax="${events}"]`).waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLElement>('.pulling')?.hidden === true);
  await frames(page);
}

/** Pixels of the element's canvases that are not empty. */
export const inked = (locator: Locator): Promise<number> =>
  locator.evaluate((element) => {
    let n = 0;
    const own = element instanceof HTMLCanvasElement ? [element] : [...element.querySelectorAll('canvas')];
    for (const canvas of own) {
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
      if (data === undefined) continue;
      for (let i = 3; i < data.length; i += 4) if ((data[i] as number) > 0) n++;
    }
    return n;
  });

export const caption = async (page: Page): Promise<string> => {
  await frames(page);
  return said(page.locator('.caption-text'));
};

interface Saved {
  readonly suggested: string;
  readonly text: string;
  readonly bytes: number;
}

/** Files that the page asked the host to save. */
export const saved = (page: Page): Promise<Saved[]> =>
  page.evaluate(() =>
    window.harness.sent.flatMap((m) =>
      m.t === 'do' && m.what.action === 'saveFile'
        ? [
            {
              suggested: m.what.suggested,
              text: new TextDecoder().decode(m.what.bytes.subarray(0, 20_000)),
              bytes: m.what.bytes.length,
            },
          ]
        : [],
    ),
  );
