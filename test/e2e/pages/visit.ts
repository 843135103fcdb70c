/** What the tests of the pages share: opening them, waiting for rows, reading them. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { hasChromium, type Pages, ROOT, startPages } from './server.ts';

const SHOTS = join(ROOT, '.artifacts', 'screenshots');
export const skip = hasChromium ? false : 'Chromium is not here (set CHROMIUM to its path)';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Visit {
  open(url: string, size?: Size): Promise<Page>;
  /** Adds the closing test: nothing was logged as an error, and no policy was broken. */
  endsWithoutErrors(): void;
}

/** Starts the pages before the tests of a `describe` and ends them after. */
export function visit(): Visit {
  let pages: Pages | undefined;
  const errors: string[] = [];
  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    pages = await startPages();
  });
  after(() => pages?.close());
  return {
    open: (url, size) => {
      assert.ok(pages !== undefined);
      return pages.open(url, size, (page) => {
        page.on('pageerror', (error) => errors.push(`${url}: ${error.message}`));
        page.on('console', (message) => {
          if (message.type() === 'error') errors.push(`${url}: ${message.text()}`);
        });
      });
    },
    endsWithoutErrors: () =>
      it('logged no error and broke no content security policy', () => {
        assert.deepEqual(errors, []);
      }),
  };
}

export const shot = (page: Page, name: string, fullPage = false): Promise<Buffer> =>
  page.screenshot({ path: join(SHOTS, `webview-${name}.png`), fullPage });

/** What a page does it paints in its next frame; after two of them it is to be seen. */
export const frames = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** An element as it is once all that has been done is painted: to be read from at once. */
export async function now(locator: Locator): Promise<Locator> {
  await frames(locator.page());
  return locator;
}

export const selected = (page: Page): Locator => page.locator('.grid-row.selected');

export const cellTexts = async (page: Page, row: string): Promise<string[]> =>
  (await now(page.locator(`${row} .grid-cell`))).allInnerTexts();

/** Waits until rows have come for everything on screen. */
export async function settled(page: Page): Promise<void> {
  await frames(page);
  await page.waitForFunction(
    () =>
      document.querySelector('.grid-layer .grid-row') !== null && document.querySelector('.grid-row.pending') === null,
  );
}

/** What is on screen of an element: hidden text does not count. */
// biome-ignore lint/performance/useDomNodeTextContent: a locator, and what is seen is what counts.
export const said = async (locator: Locator): Promise<string> => (await now(locator)).innerText();

/** Texts, each on one line. */
export const words = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/\s+/g, ' ').trim());
