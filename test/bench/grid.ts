/**
 * The grid in the real VS Code, in Chromium, with a scan of 5,000,000 rows behind it: how long from "Run scan" to the
 * first rows and to the last one, what any far place costs, and how the frames come while a person scrolls.
 *
 * The times are taken by the clock of the browser, in the workbench and inside the webview; frames are counted by
 * the webview's own `requestAnimationFrame`, while the mouse is moved from outside.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { Frame } from 'playwright-core';
import { atomically, cacheFolder, say } from '../../scripts/lib.mjs';
import { noBrowser, Workbench } from '../e2e/harness.ts';
import { FRAME_HEAD, frameLine } from './frameTimes.ts';
import type { Group } from './report.ts';

/** Goes up whenever what is written changes. */
const VERSION = 1;
const ROWS = 5_000_000;
const OPENINGS = 3;
const OPEN_MAX = 1000;
/** Mouse events of one drag, and turns of the wheel. */
const STEPS = 240;
const PLACES = 20;

async function made(): Promise<string> {
  const dir = join(cacheFolder(), `bench-grid-${VERSION}`);
  await atomically(dir, async (part: string) => {
    say(`making a store of ${ROWS.toLocaleString('en-US')} rows, once`);
    const db = new ClassicLevel<string, string>(part, { writeBufferSize: 32 << 20 });
    await db.open();
    for (let from = 0; from < ROWS; from += 5000) {
      const batch = db.batch();
      for (let i = from; i < from + 5000; i++) batch.put(`user:${String(i).padStart(9, '0')}`, `{"n":${i},"on":true}`);
      await batch.write();
    }
    await db.close();
    // Opening again moves what is left in the log into a table.
    const again = new ClassicLevel(part);
    await again.open();
    await again.close();
  });
  return dir;
}

/** Times by `Date.now()`, which the documents share. */
interface Clock {
  /** Of the last click, in the workbench. */
  clicked?: number;
  /** In the webview: the first row with its key, and the count of all rows. */
  firstRow?: number;
  all?: number;
  intervals?: number[];
}

/** Runs in every document before it loads. */
function watch(): void {
  const clock: Clock = {};
  Object.assign(globalThis, { clock });
  const clicked = (): void => {
    clock.clicked = Date.now();
  };
  addEventListener('pointerdown', clicked, true);
  if (window === window.top) return;
  // A webview's document is written into a page that is there: its frames' callbacks are lost, its timers stay.
  const looking = setInterval(() => {
    const grid = document.querySelector('.grid');
    if (clock.firstRow === undefined && document.querySelector('.grid-layer .grid-row:not(.pending)') !== null)
      clock.firstRow = Date.now();
    if (Number(grid?.getAttribute('aria-rowcount')) > 5_000_000) clock.all = Date.now();
    if (clock.all !== undefined && clock.firstRow !== undefined) clearInterval(looking);
  }, 4);
}

const clockOf = (frame: Frame): Promise<Clock> =>
  frame.evaluate(() => (globalThis as unknown as { clock: Clock }).clock);

interface Opening {
  readonly first: number;
  readonly all: number;
}

async function opened(app: Workbench): Promise<{ opening: Opening; frame: Frame }> {
  await app.runCommand('LSM: Scan');
  await app.pick('Whole family');
  await app.pick('Run scan');
  const frame = await app.webview('.grid-layer .grid-row:not(.pending)');
  await frame.waitForFunction(() => (globalThis as unknown as { clock: Clock }).clock.all !== undefined, undefined, {
    timeout: 60_000,
  });
  const { firstRow = Number.NaN, all = Number.NaN } = await clockOf(frame);
  const { clicked = Number.NaN } = await clockOf(app.page.mainFrame());
  return { opening: { first: firstRow - clicked, all: all - clicked }, frame };
}

/** Milliseconds until rows are shown, at places all over the result. */
async function jumps(frame: Frame): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < PLACES; i++) {
    const share = ((i * 7919) % 1000) / 1000;
    times.push(
      await frame.evaluate(async (to) => {
        const grid = document.querySelector('.grid') as HTMLElement;
        const start = performance.now();
        grid.scrollTop = to * grid.scrollHeight;
        const settled = (): boolean =>
          document.querySelector('.grid-layer .grid-row') !== null &&
          document.querySelector('.grid-layer .grid-row.pending') === null;
        // The grid answers a scroll in the frame after it.
        await new Promise(requestAnimationFrame);
        do await new Promise(requestAnimationFrame);
        while (!settled());
        return performance.now() - start;
      }, share),
    );
  }
  return times.sort((a, b) => a - b);
}

async function motions(app: Workbench, frame: Frame): Promise<string[]> {
  const { page } = app;
  const lines: string[] = [];
  const measure = async (name: string, work: () => Promise<void>): Promise<void> => {
    await frame.evaluate(() => {
      const clock = (globalThis as unknown as { clock: Clock }).clock;
      const stamps: number[] = [];
      clock.intervals = [];
      const intervals = clock.intervals;
      const tick = (now: number): void => {
        stamps.push(now);
        if (stamps.length > 1) intervals.push(now - (stamps.at(-2) as number));
        if (clock.intervals === intervals) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await work();
    const intervals = (await frame.evaluate(() => {
      const clock = (globalThis as unknown as { clock: Clock }).clock;
      const found = clock.intervals;
      delete clock.intervals;
      return found;
    })) as number[];
    lines.push(frameLine(name, intervals, Number.NaN));
  };
  const box = await frame.locator('.grid').boundingBox();
  if (box === null) throw new Error('the grid is not there');
  await frame.evaluate(() => {
    (document.querySelector('.grid') as HTMLElement).scrollTop = 0;
  });
  await page.waitForTimeout(500);
  await page.mouse.move(box.x + 300, box.y + 200);
  await measure('at rest', () => page.waitForTimeout(1000));
  await measure('wheel', async () => {
    for (let i = 0; i < STEPS; i++) await page.mouse.wheel(0, i < STEPS / 2 ? 120 : -120);
  });
  // The thumb is at the top: a drag over half of the track passes two and a half million rows.
  const x = box.x + box.width - 5;
  const thumb = box.y + 40;
  await page.mouse.move(x, thumb);
  await page.mouse.down();
  await measure('drag the scrollbar', async () => {
    await page.mouse.move(x, box.y + box.height - 20, { steps: STEPS });
    await page.mouse.move(x, thumb, { steps: STEPS });
  });
  await page.mouse.up();
  await frame.locator('.grid').focus();
  await measure('hold Page Down', async () => {
    for (let i = 0; i < STEPS; i++) await page.keyboard.press('PageDown');
  });
  return lines;
}

export async function gridGroups(): Promise<Group[]> {
  if (noBrowser !== false) {
    console.log(`\ngrid: skipped, ${noBrowser}`);
    return [];
  }
  const store = await made();
  const folder = mkdtempSync(join(tmpdir(), 'lsm-bench-grid-'));
  const app = await Workbench.open({
    folder,
    installed: true,
    width: 1600,
    height: 1000,
    settings: { 'lsm.overview.showOnOpen': false },
    atLoad: watch,
  });
  try {
    await app.openStore(store);
    await app.showStores();
    await app.treeRow('default').waitFor();
    const openings: Opening[] = [];
    let frame: Frame | undefined;
    for (let round = 0; round < OPENINGS; round++) {
      say('grid: opening');
      if (round > 0) await app.runCommand('View: Close All Editors');
      const one = await opened(app);
      openings.push(one.opening);
      frame = one.frame;
    }
    if (frame === undefined) throw new Error('no grid was opened');
    say('grid: scrolling');
    const places = await jumps(frame);
    report(openings, places, await motions(app, frame));
  } finally {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return [];
}

function report(openings: readonly Opening[], places: readonly number[], lines: readonly string[]): void {
  const list = (of: (o: Opening) => number): string => openings.map((o) => of(o).toFixed(0)).join(', ');
  const met = Math.min(...openings.map((o) => o.first)) < OPEN_MAX ? 'met    ' : 'NOT MET';
  console.log(`\nGrid in VS Code, ${ROWS.toLocaleString('en-US')} rows: milliseconds between frames`);
  console.log(FRAME_HEAD);
  for (const line of lines) console.log(line);
  const median = (places[places.length >> 1] ?? Number.NaN).toFixed(0);
  console.log(`  ${met}  first rows ${list((o) => o.first)} ms after "Run scan"; asked for under ${OPEN_MAX} ms`);
  console.log(`           all rows counted after ${list((o) => o.all)} ms`);
  console.log(
    `           rows of a far place: median ${median} ms, worst ${(places.at(-1) ?? Number.NaN).toFixed(0)} ms`,
  );
}
