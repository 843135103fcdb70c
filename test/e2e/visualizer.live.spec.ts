/**
 * A compaction of our own engine, watched in the visualiser of the real VS Code while it runs on a store that
 * db_bench left with nothing but overlapping tables in L0; and what is left, as `ldb manifest_dump` and the Stores
 * tree tell it. Pictures: .artifacts/screenshots/e2e-watched-*.png.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { counted, formatBytes } from '../../engine/model/display.ts';
import { type BenchEdit, dumpedEdits, makeHeapedStore, noBenchStore } from './benchStore.ts';
import { until } from './checks.ts';
import { noBrowser, Workbench } from './harness.ts';
import { said, VisualizerPage } from './visualizerPage.ts';

/** What the strip above the map said, and whether the map was another picture than ever before. */
interface Seen {
  readonly what: string;
  readonly pace: string;
  readonly percent: number;
  readonly picture: number;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2 };

/** The bytes that stand behind a word: `wrote 12.5 MB`. */
function bytesAfter(word: string, text: string): number {
  const [, amount, unit = ''] = new RegExp(`${word} ([\\d.]+) (B|KB|MB)`).exec(text) ?? [];
  return Number(amount) * (UNITS[unit] ?? Number.NaN);
}

const rising = (values: readonly number[]): boolean => values.every((v, i) => i === 0 || v >= (values[i - 1] ?? 0));

describe('visualiser: a heap of L0 tables, compacted while it is watched', { skip: noBrowser || noBenchStore }, () => {
  let app: Workbench;
  let folder: string;
  let directory: string;
  let before_: BenchEdit;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-watched-'));
    directory = join(folder, 'heap');
    makeHeapedStore(directory);
    before_ = dumpedEdits(directory).at(-1) as BenchEdit;
    app = await Workbench.open({ folder, theme: 'dark', width: 1600, height: 1000, installed: true });
    await app.showStores();
    await app.openStore(directory);
    await app.webview('main.overview .store-head');
    await app.runCommand('LSM: Show Compaction Visualizer');
    await app.expand('default');
  });

  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Levels of the tree: what they are called, and what stands beside that. */
  const levelRows = async (): Promise<string[]> => {
    const rows = app.page.locator('.part.sidebar .monaco-list-row[aria-level="3"]');
    const names = await rows.locator('.label-name').allInnerTexts();
    const facts = await rows.locator('.label-description').allInnerTexts();
    return names.map((name, i) => `${name} ${facts[i]}`).filter((text) => /^L\d/.test(text));
  };

  it('shows its inputs, its outputs as they grow, and how far it is', async () => {
    const { live } = before_;
    assert.ok(live.length >= 10 && live.every((t) => t.level === 0), `${live.length} tables`);
    const vis = await VisualizerPage.of(app, live.length);
    const total = formatBytes(live.reduce((sum, t) => sum + t.bytes, 0));
    await until(
      'the tree lists them',
      levelRows,
      (rows) => rows.length > 0 && rows[0]?.startsWith(`L0 ${live.length} tables · ${total}`) === true,
    );
    await app.runCommand('LSM: Compact…');
    await app.pick('All tables');
    const dialog = app.page.locator('.monaco-dialog-box');
    await dialog.getByRole('button', { name: 'Compact in Place' }).waitFor();
    await app.screenshot('e2e-watched-plan');
    await vis.frame.evaluate(() => {
      const job = document.querySelector<HTMLElement>('section[aria-label="Running compaction"]');
      const meter = job?.querySelector('[role=progressbar]');
      const seen: Seen[] = [];
      const pictures: string[] = [];
      Object.assign(window, { seen });
      const text = (selector: string): string => job?.querySelector(selector)?.textContent ?? '';
      const look = (): void => {
        const percent = Number(meter?.getAttribute('aria-valuenow'));
        const pace = text('.job-pace');
        if (job?.hidden === false && pace !== seen.at(-1)?.pace) {
          const canvases = [...document.querySelectorAll<HTMLCanvasElement>('.map-canvas')];
          const picture = canvases.map((canvas) => canvas.toDataURL()).join();
          if (!pictures.includes(picture)) pictures.push(picture);
          seen.push({ what: text('.job-what'), pace, percent, picture: pictures.indexOf(picture) });
        }
        requestAnimationFrame(() => setTimeout(look));
      };
      look();
    });
    await dialog.getByRole('button', { name: 'Compact in Place' }).click();
    const strip = vis.frame.locator('section[aria-label="Running compaction"]');
    await strip.waitFor();
    for (let i = 1; i <= 4; i++) {
      const told = Number(await strip.locator('[role=progressbar]').getAttribute('aria-valuenow', { timeout: 2_000 }));
      if (!(await strip.isVisible())) break;
      await app.screenshot(`e2e-watched-${i}`);
      await until(
        'it goes on',
        async () => Number(await strip.locator('[role=progressbar]').getAttribute('aria-valuenow')),
        (percent) => percent >= Math.min(100, told + 15),
        60_000,
      ).catch(async (error: unknown) => {
        if (await strip.isVisible()) throw error;
      });
    }
    await strip.waitFor({ state: 'hidden', timeout: 90_000 });
    const seen = await vis.frame.evaluate(() => (window as unknown as { seen: Seen[] }).seen);
    const merging = seen.filter((s) => s.what.startsWith('Compacting '));
    const story = JSON.stringify(seen);
    assert.ok(new Set(merging.map((s) => s.picture)).size >= 3, `pictures of the merging: ${story}`);
    assert.ok(
      merging.every((s) => s.what.startsWith(`Compacting ${live.length} into L`)),
      story,
    );
    assert.ok(new Set(merging.map((s) => s.percent)).size >= 3 && rising(merging.map((s) => s.percent)), story);
    const written = merging.map((s) => bytesAfter('wrote', s.pace));
    assert.ok(new Set(written).size >= 3 && rising(written), story);
    assert.ok(rising(merging.map((s) => bytesAfter('read', s.pace))), story);
    assert.ok(
      merging.every((s) => s.pace.includes(`of ${total}`)),
      story,
    );
  });

  it('leaves the history, the map and the tree with what the MANIFEST says', async () => {
    const edits = dumpedEdits(directory);
    const last = edits.at(-1) as BenchEdit;
    assert.equal(last.removed.length, before_.live.length);
    assert.ok(last.live.every((t) => t.level > 0));
    // Our engine has begun a MANIFEST of its own, whose first edit is the state that it found.
    const vis = await VisualizerPage.of(app, edits.length);
    assert.equal(await vis.place(), edits.length, 'it follows');
    const level = last.live[0]?.level;
    const caption = await said(vis.caption);
    const [, from, into, to] = /^Compacted (\d+) at L0 .* into (\d+) at L(\d+) /.exec(caption) ?? [];
    assert.deepEqual([from, into, to].map(Number), [before_.live.length, last.live.length, level], caption);
    const total = formatBytes(last.live.reduce((sum, t) => sum + t.bytes, 0));
    const row = `L${level} ${counted(last.live.length, 'table')} · ${total}`;
    await until(
      'the tree follows',
      levelRows,
      (rows) => rows.some((r) => r.startsWith(row)) && !rows.some((r) => /^L0 \d+ table/.test(r)),
    );
    await app.screenshot('e2e-watched-after');
    await vis.choose('Tables as', 'List');
    const numbers = last.live.map((t) => t.number);
    assert.deepEqual(
      (await vis.listed()).map((t) => t.number),
      numbers,
    );
    await vis.choose('Tables as', 'Map');
  });
});
