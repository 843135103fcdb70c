/**
 * From the tree to the bytes, in the real VS Code on a store of db_bench: an explained get whose filter verdicts and
 * block are held against sst_dump, the page of a table opened from the map and from the Explorer, and what the
 * visualiser exports. Pictures: .artifacts/screenshots/e2e-bytes-*.png.
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { counted, formatBytes, formatCount } from '../../engine/model/display.ts';
import {
  type BenchTable,
  dumpedEdits,
  dumpedKeys,
  dumpedProperties,
  makeBenchStore,
  noBenchStore,
  overlapping,
  tableFile,
} from './benchStore.ts';
import { until } from './checks.ts';
import { noBrowser, Workbench } from './harness.ts';
import { said, VisualizerPage } from './visualizerPage.ts';

const TABLE = 'main [role=tablist]';

interface Deep {
  readonly key: string;
  readonly table: BenchTable;
  /** Tables above it in whose range the key lies, as a get asks them. */
  readonly above: readonly BenchTable[];
}

/** A key that stands in L2 or deeper alone, below as many tables as there are that only their filters can rule out. */
function deepKey(directory: string, live: readonly BenchTable[]): Deep {
  const keys = new Map<number, ReadonlySet<string>>();
  const holds = (t: BenchTable, key: string): boolean => {
    const known = keys.get(t.number) ?? new Set(dumpedKeys(directory, t.number));
    keys.set(t.number, known);
    return known.has(key);
  };
  let best: Deep | undefined;
  for (const table of live.filter((t) => t.level >= 2)) {
    const upper = overlapping(table, live).filter((t) => t.level < table.level);
    if (upper.length <= (best?.above.length ?? 0)) continue;
    for (const key of dumpedKeys(directory, table.number)) {
      const above = upper.filter((t) => t.smallest <= key && key <= t.largest);
      if (above.length <= (best?.above.length ?? 0) || above.some((t) => holds(t, key))) continue;
      // Newest first in L0; one table of a level below.
      const asked = [...above].sort((a, b) => a.level - b.level || b.number - a.number);
      best = { key, table, above: asked };
    }
  }
  if (best === undefined) throw new Error('no key lies deep below other tables');
  return best;
}

describe('visualiser: from the tree to the bytes', { skip: noBrowser || noBenchStore }, () => {
  let app: Workbench;
  let folder: string;
  /** Where exports go. */
  let exports: string;
  let directory: string;
  let live: readonly BenchTable[];
  let edits: number;

  /** The visualiser, brought to the front. */
  async function visualizer(): Promise<VisualizerPage> {
    await app.page.locator('.tab', { hasText: 'bench: Compaction' }).click();
    return VisualizerPage.of(app, edits);
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-bytes-'));
    exports = mkdtempSync(join(tmpdir(), 'lsm-exports-'));
    directory = join(folder, 'bench');
    makeBenchStore(directory);
    const history = dumpedEdits(directory);
    edits = history.length;
    live = history.at(-1)?.live ?? [];
    app = await Workbench.open({ folder, theme: 'dark', width: 1600, height: 1000 });
    await app.showStores();
    await app.openStore(directory);
    await app.webview('main.overview .store-head');
    await app.runCommand('LSM: Show Compaction Visualizer');
    await VisualizerPage.of(app, edits);
  });

  after(async () => {
    await app?.close();
    for (const made of [folder, exports]) if (made !== undefined) rmSync(made, { recursive: true, force: true });
  });

  it('explains a get of a key deep down: the filters that sst_dump shows, and no table that holds it passed by', async () => {
    const { key, table, above } = deepKey(directory, live);
    assert.ok(table.level >= 2 && above.length > 0);
    await app.runCommand('LSM: Explain Get');
    await app.answer(`0x${key}`, 'Key to look up in');
    const { frame } = await visualizer();
    const answer = frame.locator('.ladder-answer', { hasText: `in L${table.level}, table ${table.number}` });
    await answer.waitFor();
    assert.match(await said(answer), /^Found: put of sequence [\d,]+ in L\d, table \d+$/);
    const rungs = frame.locator('.rung[data-table]');
    const numbers = await rungs.evaluateAll((all) => all.map((rung) => Number((rung as HTMLElement).dataset['table'])));
    assert.deepEqual(
      numbers,
      [...above, table].map((t) => t.number),
    );
    let filtered = 0;
    for (const [i, t] of [...above, table].entries()) {
      const rung = rungs.nth(i);
      const text = await said(rung);
      const properties = dumpedProperties(directory, t.number);
      const bytes = Number(properties.get('filter block size'));
      const bits = (8 * bytes) / Number(properties.get('entries for filter'));
      assert.ok(bytes > 0, `table ${t.number} has a filter`);
      const [, verdict = '', told] = /filter (no|maybe|false positive!) ([\d.]+) bits\/key/.exec(text) ?? [];
      assert.ok(Math.abs(Number(told) - bits) <= 0.051, `${text}: ${bits}`);
      if (t === table) {
        assert.equal(verdict, 'maybe', text);
        assert.match(text, / found /);
      } else if (verdict === 'no') {
        // Which is right: sst_dump found the key in none of them.
        assert.match(text, / filtered /);
        assert.equal(await rung.locator('.rung-line', { hasText: 'block' }).count(), 0, 'no block was read for it');
        filtered++;
      } else {
        assert.equal(verdict, 'false positive!', text);
        assert.match(text, / false positive /);
      }
    }
    assert.ok(filtered > 0, 'at 10 bits a key some filter says no');
    const totals = await said(frame.locator('.ladder-totals'));
    assert.ok(
      totals.startsWith(
        `tables asked ${above.length + 1} filtered ${filtered} false positives ${above.length - filtered} `,
      ),
      totals,
    );
    await app.screenshot('e2e-bytes-explained');
    // The block that was read, byte by byte.
    const link = rungs.last().locator('.rung-line', { hasText: 'block' }).locator('button');
    const [, block, blocks] = /^(\d+) of (\d+)$/.exec(await said(link)) ?? [];
    assert.equal(blocks, dumpedProperties(directory, table.number).get('data blocks'));
    await link.click();
    const file = tableFile('', table.number).slice(1);
    await app.page.locator('.tab.active', { hasText: new RegExp(`${file}@\\d+\\.dump`) }).waitFor();
    const lines = async (): Promise<string> =>
      (await app.page.locator('.editor-group-container.active .view-line').allInnerTexts())
        .join('\n')
        .replaceAll('\u00a0', ' ');
    await until('the entry of the key is in sight', lines, (text) => text.includes(`key 0x${key.toLowerCase()}`));
    await app.screenshot('e2e-bytes-block');
    // The cursor is at it: what is selected from there to the end of the line is found once.
    await app.page.keyboard.press('Shift+End');
    await app.page.keyboard.press('Control+f');
    const find = app.page.locator('.editor-group-container.active .find-widget');
    await until(
      'the line of the key is the one that was gone to',
      () => find.locator('textarea').first().inputValue(),
      (text) => text.endsWith(`key 0x${key.toLowerCase()}`),
    );
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Control+Home');
    const top = await until('the block is the one of the ladder', lines, (text) =>
      text.includes(`data block ${block} of ${blocks}`),
    );
    assert.match(top, /\[0\] restart point, shared 0, not shared \d+/);
  });

  /** Waits until the page has measured the table; answers its numbers by name. */
  async function numbers(page: Frame): Promise<ReadonlyMap<string, string>> {
    const read = (): Promise<[string, string][]> =>
      page
        .locator('dl.numbers .number')
        .evaluateAll((all) =>
          all.map((n) => [n.querySelector('dt')?.textContent ?? '', n.querySelector('dd')?.textContent ?? '']),
        );
    const pairs = await until(
      'the table is measured',
      read,
      (all) => all.length > 0 && all.every(([, value]) => value !== '–'),
    );
    return new Map(pairs);
  }

  async function assertNumbers(page: Frame, table: BenchTable): Promise<void> {
    const p = dumpedProperties(directory, table.number);
    const told = await numbers(page);
    const plain = (name: string): string => formatCount(Number(p.get(name)));
    assert.equal(told.get('entries'), plain('entries'));
    assert.equal(told.get('data blocks'), plain('data blocks'));
    const deletions = Number(p.get('deletions'));
    assert.ok(told.get('tombstones')?.startsWith(formatCount(deletions)), told.get('tombstones'));
    const raw = Number(p.get('raw key size')) + Number(p.get('raw value size'));
    assert.equal(told.get('raw / stored'), `${(raw / statSync(tableFile(directory, table.number)).size).toFixed(2)}×`);
    const text = await said(page.locator('main'));
    const bits = (8 * Number(p.get('filter block size'))) / Number(p.get('entries for filter'));
    assert.ok(
      text.includes(`Bits per key ${bits.toFixed(2)} (${formatBytes(Number(p.get('filter block size')))} for `),
      text,
    );
    assert.ok(
      text.includes(`0x${table.smallest.toLowerCase()}`) && text.includes(`0x${table.largest.toLowerCase()}`),
      text,
    );
    await page.getByRole('tab', { name: 'Properties' }).click();
    const stated = new Map(
      await page
        .locator('table.properties tbody tr')
        .evaluateAll((all) =>
          all.map((row) => [row.children[0]?.textContent, row.children[1]?.firstChild?.textContent]),
        ),
    );
    const NAMES = {
      'raw key size': 'raw.key.size',
      'raw value size': 'raw.value.size',
      'data block size': 'data.size',
      'filter block size': 'filter.size',
      'filter policy name': 'filter.policy',
      'comparator name': 'comparator',
      'original file number': 'original.file.number',
      'creation time': 'creation.time',
    };
    for (const [name, ours] of Object.entries(NAMES)) assert.equal(stated.get(`rocksdb.${ours}`), p.get(name), name);
    await page.getByRole('tab', { name: 'Entries' }).click();
    await page.locator('.grid-row[aria-rowindex="2"]').waitFor();
    const first = await until(
      'the first entry is read',
      () => said(page.locator('.grid-row[aria-rowindex="2"]')),
      (row) => row.includes('0x'),
    );
    assert.ok(first.includes(`0x${dumpedKeys(directory, table.number)[0]?.toLowerCase()}`), first);
    await page.getByRole('tab', { name: 'Overview' }).click();
  }

  it('opens a table by a double click on the map; its numbers are those of sst_dump', async () => {
    const vis = await visualizer();
    await vis.press('End');
    const { number, x, y } = await vis.hover(2);
    const table = live.find((t) => t.number === number);
    assert.ok(table?.level === 2);
    await app.page.mouse.dblclick(x, y);
    await app.page.locator('.tab.active', { hasText: `Table ${number} – bench` }).waitFor();
    const page = await app.webview(TABLE);
    await assertNumbers(page, table);
    await app.screenshot('e2e-bytes-table');
  });

  it('exports what is on show to where a person says', async () => {
    const vis = await visualizer();
    await vis.press('End');
    const save = async (item: string, name: string): Promise<string> => {
      await vis.frame.getByRole('button', { name: 'Export' }).click();
      await vis.frame.getByRole('menuitem', { name: item }).click();
      const input = app.page.locator('.quick-input-widget:not(.hidden) input').first();
      await until(
        'a name is suggested',
        () => input.inputValue(),
        (value) => /bench-default-.*\.(csv|svg)$/.test(value),
      );
      const target = join(exports, name);
      await input.fill(target);
      // The dialog looks up the folder that was typed, and takes no Enter until it has.
      const written = async (): Promise<boolean> => existsSync(target) && statSync(target).size > 0;
      for (let attempt = 0; ; attempt++) {
        if (await input.isVisible()) await input.press('Enter');
        try {
          await until('the file is written', written, (is) => is, 3_000);
          break;
        } catch (error) {
          if (attempt === 5) throw error;
        }
      }
      return readFileSync(target, 'utf8');
    };
    const csv = await save('Live tables as CSV…', 'tables.csv');
    const [head = '', ...rows] = csv.trimEnd().split(/\r?\n/);
    const names = head.split(',');
    const of = (row: string, name: string): string => row.split(',')[names.indexOf(name)] ?? '';
    assert.deepEqual(
      rows
        .map((row) => ['table', 'level', 'bytes', 'smallest key (hex)', 'largest key (hex)'].map((n) => of(row, n)))
        .sort(),
      live
        .map((t) => [t.number, t.level, t.bytes, t.smallest.toLowerCase(), t.largest.toLowerCase()].map(String))
        .sort(),
    );
    const svg = await save('Map as SVG…', 'map.svg');
    assert.match(svg, /^<\?xml[^>]*\?>\s*<svg |^<svg /);
    for (const level of new Set(live.map((t) => t.level))) {
      const tables = live.filter((t) => t.level === level);
      assert.ok(svg.includes(`>L${level}<`) && svg.includes(`>${counted(tables.length, 'file')}<`), `L${level}`);
    }
    const history = await save('Edits as CSV…', 'edits.csv');
    assert.equal(history.trimEnd().split(/\r?\n/).length, edits + 1);
  });

  it('opens a table file by itself from the Explorer, with the same numbers', async () => {
    const table = live.find((t) => t.level === 3) as BenchTable;
    await app.runCommand('View: Close All Editors');
    await app.page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
    const name = tableFile('', table.number).slice(1);
    const rows = app.page.locator('.explorer-folders-view .monaco-list-row');
    const bench = rows.filter({ hasText: /^bench$/ }).first();
    // A click that comes while the Explorer is still being filled is lost.
    for (let attempt = 0; ; attempt++) {
      if ((await bench.getAttribute('aria-expanded')) !== 'true') await bench.click();
      try {
        await rows.filter({ hasText: '.sst' }).first().waitFor({ timeout: 3_000 });
        break;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
    // Only what is on screen of a long list is in the page.
    const file = rows.filter({ hasText: name }).first();
    for (let i = 0; i < 30 && !(await file.isVisible()); i++) await app.page.keyboard.press('PageDown');
    await file.click();
    const page = await app.webview(TABLE);
    await page.getByText('one file').waitFor();
    await assertNumbers(page, table);
    await app.screenshot('e2e-bytes-file');
  });
});
