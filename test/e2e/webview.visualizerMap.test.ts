/** The visualiser's map in a browser: pointer, keyboard, colours, search, live jobs, pictures. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { now, said, shot, skip, visit } from './pages/visit.ts';

const map = (page: Page): Locator => page.locator('.map-scroll');
const tip = (page: Page): Locator => page.locator('.map-tip');

const frames = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function typical(open: (url: string) => Promise<Page>, more = ''): Promise<Page> {
  const page = await open(`view=visualizer&scenario=typical${more}`);
  await page.locator('.scrubber[aria-valuemax="400"]').waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLElement>('.pulling')?.hidden === true);
  await frames(page);
  return page;
}

interface Live {
  readonly number: number;
  readonly level: number;
  readonly lo: number;
  readonly hi: number;
  readonly bytes: number;
}

/** Live tables after all events that are shown, told from the harness's own history. */
const liveTables = (page: Page): Promise<Live[]> =>
  page.evaluate(() => {
    const history = window.harness.timeline?.histories.get(0);
    const live = new Map<number, Live>();
    for (const event of history?.events.slice(0, history.shown) ?? []) {
      for (const life of event.removed) live.delete(life);
      for (const { life, number, level, lo, hi, bytes } of event.added)
        live.set(life, { number, level, lo, hi, bytes });
    }
    return [...live.values()];
  });

const actions = (page: Page, action: string): Promise<unknown[]> =>
  page.evaluate(
    (name) => window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === name ? [m.what] : [])),
    action,
  );

/** A number that tells pictures of the overlay apart. */
const overlay = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelectorAll<HTMLCanvasElement>('.map-sheet canvas')[1];
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum = (Math.imul(sum, 31) + (data[i] as number)) >>> 0;
    return sum;
  });

/** Moves the mouse to a table of the level, and answers where that is. */
async function find(page: Page, level: number): Promise<{ x: number; y: number }> {
  const at = await page.evaluate(async (wanted) => {
    const element = document.querySelector('.map-scroll') as HTMLElement;
    const tooltip = document.querySelector('.map-tip') as HTMLElement;
    const box = element.getBoundingClientRect();
    for (let y = box.top + 8; y < box.bottom; y += 16) {
      for (let x = box.left + 400; x < box.right - 12; x += 40) {
        element.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: y }));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        if (tooltip.hidden) continue;
        if (tooltip.textContent?.includes(`L${wanted},`) === true) return { x, y };
        break;
      }
    }
    return undefined;
  }, level);
  assert.ok(at !== undefined, `a table of L${level} is on the map`);
  await page.mouse.move(at.x, at.y);
  await frames(page);
  return at;
}

describe('webview: map of the visualiser', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('tells of the table under the pointer, and what it overlaps by level', async () => {
    const page = await typical(open);
    const live = await liveTables(page);
    const none = await overlay(page);
    for (const level of [1, 2, 3]) {
      await find(page, level);
      await page.waitForFunction(() => !document.querySelector('.map-tip')?.textContent?.includes('…'));
      const text = (await said(tip(page))).replace(/\s+/g, ' ');
      const table = live.find((t) => t.number === Number(/Table (\d+)/.exec(text)?.[1]));
      assert.ok(table !== undefined && table.level === level, text);
      assert.ok(text.includes(`user:${String(table.lo).padStart(10, '0')}`), text);
      assert.ok(text.includes(`user:${String(table.hi).padStart(10, '0')}`), text);
      for (const other of [0, 1, 2, 3]) {
        const shared: Live[] = live.filter(
          (t) => t.level === other && t !== table && t.lo <= table.hi && t.hi >= table.lo,
        );
        const found = Number(new RegExp(`L${other} (\\d+) table`).exec(text)?.[1] ?? 0);
        assert.equal(found, other === level ? 0 : shared.length, `${text} with L${other}`);
      }
    }
    assert.notEqual(await overlay(page), none);
    assert.match(await said(page.locator('.axis-here')), /^user:\d{10}$/);
    await shot(page, 'visualizer-map-hover');
    await page.mouse.move(5, 5);
    await frames(page);
    assert.equal(await (await now(tip(page))).isVisible(), false);
  });

  it('picks by click, adds by Ctrl, opens by double click', async () => {
    const page = await typical(open);
    const first = await find(page, 1);
    const number = Number(/Table (\d+)/.exec(await said(tip(page)))?.[1]);
    await page.mouse.click(first.x, first.y);
    const second = await find(page, 3);
    const other = Number(/Table (\d+)/.exec(await said(tip(page)))?.[1]);
    await page.keyboard.down('Control');
    await page.mouse.click(second.x, second.y);
    await page.keyboard.up('Control');
    assert.deepEqual(await actions(page, 'selectedTables'), [
      { action: 'selectedTables', family: 0, tables: [number] },
      { action: 'selectedTables', family: 0, tables: [other, number] },
    ]);
    await page.mouse.dblclick(first.x, first.y);
    assert.deepEqual(await actions(page, 'openTable'), [{ action: 'openTable', table: number }]);
  });

  it('zooms at the pointer, pans by dragging, and goes back', async () => {
    const page = await typical(open);
    const ends = async (): Promise<string[]> => {
      await frames(page);
      await page.waitForFunction(() => !document.querySelector('.map-axis')?.textContent?.includes('…'));
      return page.locator('.axis-end').allInnerTexts();
    };
    const key = (text: string | undefined): number => Number(text?.slice(5));
    const whole = await ends();
    const box = await map(page).boundingBox();
    assert.ok(box !== null);
    const x = box.x + 168 + (box.width - 178) * 0.6;
    const y = box.y + box.height - 60;
    await page.mouse.move(x, y);
    await ends();
    const before = key(await said(page.locator('.axis-here')));
    for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -240);
    const zoomed = await ends();
    assert.ok(key(zoomed[0]) > key(whole[0]) && key(zoomed[1]) < key(whole[1]), zoomed.join());
    await page.mouse.move(x + 1, y);
    await ends();
    const after = key(await said(page.locator('.axis-here')));
    assert.ok(Math.abs(after - before) < (key(zoomed[1]) - key(zoomed[0])) / 20, `${before}, then ${after}`);
    await page.mouse.down();
    await page.mouse.move(x + 150, y, { steps: 4 });
    await page.mouse.up();
    const panned = await ends();
    assert.ok(key(panned[0]) < key(zoomed[0]) && key(panned[1]) < key(zoomed[1]), panned.join());
    assert.deepEqual(await actions(page, 'selectedTables'), [], 'dragging picks nothing');
    await shot(page, 'visualizer-map-zoomed');
    await map(page).focus();
    await page.keyboard.press('0');
    assert.deepEqual(await ends(), whole);
    await page.keyboard.press('+');
    assert.notDeepEqual(await ends(), whole);
  });

  it('is walked by keyboard, and says where it is', async () => {
    const page = await typical(open);
    const spoken = page.locator('.vis > .sr-only[role=status]');
    // The caption speaks here too, a little after the page has opened.
    await spoken.filter({ hasText: 'Compacted' }).waitFor({ state: 'attached' });
    await map(page).focus();
    const seen = new Set<string>();
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowDown', 'End', 'ArrowUp', 'Home']) {
      const last = await (await now(spoken)).textContent();
      await page.keyboard.press(key);
      await page.waitForFunction((old) => {
        // The caption speaks here too, a little after the page has opened.
        const now = document.querySelector('.vis > .sr-only[role=status]')?.textContent ?? '';
        return now !== old && now.startsWith('Table');
      }, last);
      const text = (await (await now(spoken)).textContent()) ?? '';
      assert.match(text, /^Table \d+, L\d, .*, from user:\d{10} to user:\d{10}/);
      seen.add(text);
    }
    assert.ok(seen.size >= 5);
    const number = Number(/Table (\d+)/.exec((await (await now(spoken)).textContent()) ?? '')?.[1]);
    await page.keyboard.press('Enter');
    assert.deepEqual(await actions(page, 'openTable'), [{ action: 'openTable', table: number }]);
    await shot(page, 'visualizer-map-keyboard');
    await page.keyboard.press('Escape');
    await frames(page);
    assert.equal(await (await now(tip(page))).isVisible(), false);
    assert.equal(
      await (await now(page.locator('.scrubber'))).getAttribute('aria-valuenow'),
      '400',
      'arrows stay in the map',
    );
  });

  it('has a legend for each way to colour, in each theme', async () => {
    const page = await typical(open);
    const legend = page.locator('.map-legend');
    const expected: Record<string, RegExp> = {
      level: /^Level L1 L2 L3$/,
      age: /^Age 0 s .* logarithmic, middle/,
      size: /^File size 0 B 32.0 MB$/,
      tombstones: /^Deletions of all entries 0 % \d+ %$/,
      compression: /^File bytes of raw bytes 0 % 100 %$/,
      sequence: /^Largest sequence number [\d,]+ [\d,]+$/,
      filter: /^Filter bits per key 0 10$/,
      overlap: /^Bytes overlapped in the next level, to own bytes 0× \d+× logarithmic, middle/,
      prefix: /^Prefix of the smallest key user:\d/,
    };
    for (const [mode, pattern] of Object.entries(expected)) {
      await page.getByLabel('Colour by').selectOption(mode);
      const text = async (): Promise<string> => (await said(legend)).replace(/\s+/g, ' ');
      // Prefixes come with the keys, in some frames' time.
      for (let i = 0; i < 100 && !pattern.test(await text()); i++) await frames(page);
      assert.match(await text(), pattern);
    }
    await page.getByLabel('Colour by').selectOption('overlap');
    for (const theme of ['light', 'dark', 'hc-dark', 'hc-light'] as const) {
      await page.evaluate((id) => window.harness.setTheme(id), theme);
      await frames(page);
      await shot(page, `visualizer-map-overlap-${theme}`);
    }
    await page.getByRole('radio', { name: 'Bytes' }).click();
    await frames(page);
    assert.deepEqual(await (await now(page.locator('.axis-end'))).allInnerTexts(), ['0 B', '1016 MB']);
    await shot(page, 'visualizer-map-bytes');
  });

  it('shows the tables that may hold a key, and picks them', async () => {
    const page = await typical(open);
    const live = await liveTables(page);
    const key = 1_234_567_890;
    const holding = live.filter((t) => t.lo <= key && t.hi >= key).sort((a, b) => a.level - b.level);
    assert.ok(holding.length > 0);
    await page.getByLabel('Search a key').fill(`user:${key}`);
    await page.keyboard.press('Enter');
    const found = page.locator('.map-found');
    await found.waitFor();
    await frames(page);
    assert.deepEqual(
      await (await now(found.locator('.found-table'))).allInnerTexts(),
      holding.map((t) => `L${t.level} #${t.number}`),
    );
    assert.match(await said(found), new RegExp(`may be in ${holding.length} table`));
    await shot(page, 'visualizer-map-search');
    await found.locator('.found-table').last().click();
    const tables = [holding.at(-1)?.number];
    assert.deepEqual(await actions(page, 'selectedTables'), [{ action: 'selectedTables', family: 0, tables }]);
    await found.getByLabel('Clear the search').click();
    await frames(page);
    assert.equal(await (await now(found)).isVisible(), false);
  });

  it('draws the way of a get over the tables that it asked', async () => {
    const page = await typical(open);
    const none = await overlay(page);
    await page.evaluate(() => {
      const key = new TextEncoder().encode('user:1234567890');
      window.harness.timeline?.request({ ask: 'explain', family: 0, key });
    });
    await page.locator('.ladder-pane').getByText('Found').first().waitFor();
    await frames(page);
    assert.notEqual(await overlay(page), none);
    await shot(page, 'visualizer-map-explain');
  });

  it('shows a running compaction as it goes, and where it went', async () => {
    const page = await open('view=visualizer&scenario=live');
    await page.locator('.scrubber[aria-valuemax="200"]').waitFor();
    await frames(page);
    const seen = [await overlay(page)];
    for (const percent of [8, 45, 90]) {
      await page.evaluate((p) => window.harness.timeline?.run(p), percent);
      await page.waitForTimeout(60);
      await frames(page);
      seen.push(await overlay(page));
      await shot(page, `visualizer-map-live-${percent}`);
    }
    assert.equal(new Set(seen).size, 4);
    await page.evaluate(() => window.harness.timeline?.finish());
    await page.waitForFunction(() => document.querySelector('.job')?.hasAttribute('hidden') === true);
    // Whatever moved has come to rest.
    await page.waitForTimeout(400);
    assert.equal(await overlay(page), seen[0]);
  });

  it('moves what one event changes, unless motion is to be reduced', async () => {
    const page = await typical(open);
    const rest = await overlay(page);
    const step = async (): Promise<number> => {
      await page.keyboard.press('Home');
      await page.waitForTimeout(50);
      await page.keyboard.press('ArrowRight');
      await page.waitForTimeout(60);
      await frames(page);
      return overlay(page);
    };
    assert.notEqual(await step(), rest);
    await page.waitForTimeout(400);
    assert.equal(await overlay(page), rest);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    assert.equal(await step(), rest);
  });

  it('writes an SVG document that a browser reads, with text as text', async () => {
    const page = await typical(open);
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByText('Map as SVG…').click();
    await page.waitForFunction(() => window.harness.actions().includes('saveFile'));
    const read = await page.evaluate(() => {
      const file = window.harness.sent.flatMap((m) =>
        m.t === 'do' && m.what.action === 'saveFile' ? [m.what] : [],
      )[0];
      const document = new DOMParser().parseFromString(new TextDecoder().decode(file?.bytes), 'image/svg+xml');
      return {
        root: document.documentElement.nodeName,
        wrong: document.querySelector('parsererror')?.textContent ?? '',
        texts: [...document.querySelectorAll('text')].map((t) => t.textContent ?? ''),
        boxes: document.querySelectorAll('rect').length,
        variables: new XMLSerializer().serializeToString(document).includes('var('),
      };
    });
    assert.deepEqual([read.root, read.wrong, read.variables], ['svg', '', false]);
    const live = await liveTables(page);
    assert.ok(read.boxes >= live.length, `${read.boxes} boxes for ${live.length} tables`);
    for (const part of ['L1', 'base', 'L3', '63 files']) assert.ok(read.texts.includes(part), part);
    assert.ok(read.texts.some((t) => /after edit 400 of 400/.test(t)));
    assert.ok(read.texts.some((t) => /^Compacted 1 at L1/.test(t)));
  });

  endsWithoutErrors();
});
