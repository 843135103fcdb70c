/**
 * The visualiser's page in Chromium with a made-up history of 100,000 edits and about 20,000 live tables: how long
 * until it shows something, how its frames come while a person scrubs, zooms and plays, and what memory it takes.
 *
 * Frames are counted by the browser (`requestAnimationFrame`), while the mouse is moved from outside as a person
 * would. Memory is what the page adds to the made-up host that lives in the same process, after a collection.
 */
import type { CDPSession, Page } from 'playwright-core';
import { say } from '../../scripts/lib.mjs';
import { hasChromium, startPages } from '../e2e/pages/server.ts';
import { FRAME_HEAD, frameLine } from './frameTimes.ts';
import type { Group } from './report.ts';

const EVENTS = 100_000;
/** Times that the page is opened for its first paint. */
const OPENINGS = 3;
/** Mouse events of one drag. */
const STEPS = 240;
const FIRST_PAINT_MAX = 1000;
const MEMORY_MAX = 300 * 2 ** 20;

interface Heap {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const now = (await cdp.send('Runtime.getHeapUsage')) as Heap;
  return now.usedSize + (now.backingStorageSize ?? 0);
}

/** Milliseconds of processor time that the page's main thread has worked. */
async function busy(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return 1000 * (metrics.find((m) => m.name === 'TaskDuration')?.value ?? Number.NaN);
}

async function during(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate('harness.frames.start()');
  await work();
  return (await page.evaluate('harness.frames.stop()')) as number[];
}

async function boxOf(page: Page, selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator(selector).first().boundingBox();
  if (box === null) throw new Error(`${selector} is not there`);
  return box;
}

const ADDRESS = 'view=visualizer&scenario=huge&hold=1&latency=0';
const SIZE = { width: 1600, height: 1000 };

interface Opening {
  /** Milliseconds from the host's first message to the first frame with a map, and to the whole history on show. */
  readonly firstPaint: number;
  readonly whole: number;
}

/** Lets the page have its history, and waits until it shows all of it. */
async function shown(page: Page): Promise<Opening> {
  await page.evaluate('harness.begin()');
  while (((await page.evaluate('harness.frames.whole')) as number) === 0) await page.waitForTimeout(100);
  return (await page.evaluate('({ firstPaint: harness.frames.firstPaint, whole: harness.frames.whole })')) as Opening;
}

export async function visualizerGroups(): Promise<Group[]> {
  if (!hasChromium) {
    console.log('\nvisualizer: skipped, Chromium is not here (set CHROMIUM to its path)');
    return [];
  }
  const pages = await startPages();
  try {
    const openings: Opening[] = [];
    for (let round = 0; round < OPENINGS; round++) {
      say('visualizer: opening');
      const page = await pages.open(ADDRESS, SIZE);
      openings.push(await shown(page));
      await page.close();
    }
    // Collecting garbage throws away compiled code as well, so this page is not one whose opening is timed.
    const page = await pages.open(ADDRESS, SIZE);
    const cdp = await page.context().newCDPSession(page);
    const before = await heap(cdp);
    await shown(page);
    await page.waitForTimeout(500);
    const loaded = (await heap(cdp)) - before;
    say('visualizer: moving the mouse');
    // Processor time of the page's main thread: what it says does not depend on who else uses the machine.
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const lines = await motions(page, cdp);
    const used = (await heap(cdp)) - before;
    report(openings, lines, loaded, used);
  } finally {
    await pages.close();
  }
  return [];
}

function report(openings: readonly Opening[], lines: readonly string[], loaded: number, used: number): void {
  const best = (of: (o: Opening) => number): number => Math.min(...openings.map(of));
  const all = (of: (o: Opening) => number): string => openings.map((o) => of(o).toFixed(0)).join(', ');
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const met = (ok: boolean): string => (ok ? 'met    ' : 'NOT MET');
  const edits = EVENTS.toLocaleString('en-US');
  console.log(`\nVisualiser, ${edits} edits: milliseconds between frames, and of processor time a frame`);
  console.log(FRAME_HEAD);
  for (const line of lines) console.log(line);
  const firstPaint = all((o) => o.firstPaint);
  const inTime = met(best((o) => o.firstPaint) < FIRST_PAINT_MAX);
  console.log(`  ${inTime}  first paint ${firstPaint} ms after init; asked for under 1000 ms`);
  console.log(`           whole history on show after ${all((o) => o.whole)} ms`);
  const kept = met(used < MEMORY_MAX);
  console.log(`  ${kept}  memory of the page ${mib(loaded)} MB, ${mib(used)} MB after use; asked for under 300 MB`);
}

async function motions(page: Page, cdp: CDPSession): Promise<string[]> {
  const scrubber = await boxOf(page, '.scrubber');
  const map = await boxOf(page, '.map-scroll');
  const left = scrubber.x + 80;
  const right = scrubber.x + scrubber.width - 20;
  const y = scrubber.y + 20;
  const lines: string[] = [];
  const measure = async (name: string, work: () => Promise<void>): Promise<void> => {
    const started = await busy(cdp);
    const intervals = await during(page, work);
    lines.push(frameLine(name, intervals, ((await busy(cdp)) - started) / Math.max(1, intervals.length)));
  };
  const wheel = async (x: number, y: number, by: number): Promise<void> => {
    await page.mouse.move(x, y);
    for (let i = 0; i < STEPS / 2; i++) await page.mouse.wheel(0, i < STEPS / 4 ? -by : by);
  };
  await measure('at rest', () => page.waitForTimeout(1000));
  await page.mouse.move(right, y);
  await page.mouse.down();
  await measure('scrub from end to start', () => page.mouse.move(left, y, { steps: STEPS }));
  await measure('scrub from start to end', () => page.mouse.move(right, y, { steps: STEPS }));
  await page.mouse.up();
  await measure('zoom the time axis', () => wheel((left + right) / 2, y, 120));
  await page.keyboard.press('0');
  await measure('zoom the map', () => wheel(map.x + map.width * 0.6, map.y + map.height - 60, 120));
  await measure('pointer over the map', async () => {
    await page.mouse.move(map.x + 200, map.y + map.height - 60);
    await page.mouse.move(map.x + map.width - 20, map.y + 60, { steps: STEPS });
  });
  await page.locator('.player select').selectOption('1000');
  await page.getByRole('button', { name: 'To the start' }).click();
  await measure('play, 1,000 edits a second', async () => {
    await page.getByRole('button', { name: 'Play' }).click();
    await page.waitForTimeout(4000);
    await page.getByRole('button', { name: 'Pause' }).click();
  });
  return lines;
}
