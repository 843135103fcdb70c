/**
 * The query workbench in the real VS Code in a browser, over a store that LevelDB made: keys typed by their schema, a
 * condition on decoded values, the history of a key over three levels and the log, an export that DuckDB reads back, and
 * two stores compared. Pictures stay in .artifacts/screenshots/e2e-workbench-*.png.
 */
import { strict as assert } from 'node:assert';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { ClassicLevel } from 'classic-level';
import type { Frame } from 'playwright-core';
import { openDuckDb } from '../support/duckdb.ts';
import { noBrowser, Workbench } from './harness.ts';

type Level = ClassicLevel<Buffer, Buffer>;

const SENSORS = 40;
const READINGS = 30;
const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
/** The key whose versions stand in three levels and in the log. */
const ID = 7;
const TIME = START + 4 * HOUR;
const TYPED = `id=${ID} time=${new Date(TIME).toISOString()}`;

function keyOf(id: number, time: number): Buffer {
  const key = Buffer.alloc(20);
  key.write('sensor:');
  key.writeUInt32BE(id, 7);
  key.write('/', 11);
  key.writeBigUInt64BE(BigInt(time) ^ 0xffff_ffff_ffff_ffffn, 12);
  return key;
}

const reading = (id: number, hour: number, round: number): Buffer =>
  Buffer.from(encode({ celsius: ((id * 31 + hour * 17) % 400) / 10, ok: hour % 5 !== 0, round }));

async function withLevel(directory: string, body: (db: Level) => Promise<void>): Promise<void> {
  const db: Level = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 64 << 10,
  });
  await db.open();
  await body(db);
  await db.close();
}

/** LevelDB puts a flushed table below what it does not overlap, and what it recovers from its log into L0. */
async function makeStore(directory: string): Promise<void> {
  const hot = keyOf(ID, TIME);
  await withLevel(directory, async (db) => {
    const batch = db.batch();
    for (let id = 0; id < SENSORS; id++)
      for (let hour = 0; hour < READINGS; hour++) batch.put(keyOf(id, START + hour * HOUR), reading(id, hour, 1));
    await batch.write();
    await db.compactRange(Buffer.of(0), Buffer.of(255));
    await db.put(hot, reading(ID, 4, 2));
    for (let n = 0; n < 64; n++)
      await db.put(Buffer.from(`zz/filler/${n}`), Buffer.from(encode({ filler: 'x'.repeat(2_000), n })));
    // A flush that closing interrupts would stay in the log.
    while (db.getProperty('leveldb.num-files-at-level1') !== '1') {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await withLevel(directory, (db) => db.put(hot, reading(ID, 4, 3)));
  await withLevel(directory, async (db) => {
    await db.del(hot);
    await db.put(hot, reading(ID, 4, 4));
  });
  const schema = { schemas: [{ key: '"sensor:" id:u32be "/" time:u64be(desc, unix-ms)' }] };
  writeFileSync(join(directory, '.lsm.json'), JSON.stringify(schema));
}

async function status(frame: Frame, holds: RegExp): Promise<string> {
  const line = frame.locator('.status-text', { hasText: holds });
  await line.waitFor({ timeout: 30_000 });
  return (await line.textContent()) ?? '';
}

/** Cells of the rows that are drawn, by row. */
async function rows(frame: Frame, count: number): Promise<string[][]> {
  const all: string[][] = [];
  for (let n = 1; n <= count; n++) {
    const row = frame.locator(`.grid:visible .grid-row[aria-rowindex="${n + 1}"]`);
    await row.locator('.grid-cell').nth(1).filter({ hasText: /./ }).waitFor();
    all.push(await row.locator('.grid-cell').allInnerTexts());
  }
  return all;
}

describe('the query workbench', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;
  let store: string;

  /** The same view in a dark and in a light theme. */
  async function pictures(name: string): Promise<void> {
    await app.screenshot(`${name}-dark`);
    await app.runCommand('Preferences: Toggle between Light/Dark Themes');
    await app.page.locator('.monaco-workbench.vs').waitFor();
    await app.page.waitForTimeout(400);
    await app.screenshot(`${name}-light`);
    await app.runCommand('Preferences: Toggle between Light/Dark Themes');
    await app.page.locator('.monaco-workbench.vs-dark').waitFor();
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-e2e-workbench-'));
    store = join(folder, 'readings');
    await makeStore(store);
    app = await Workbench.open({
      folder,
      theme: 'dark',
      installed: true,
      settings: { 'lsm.overview.showOnOpen': false },
    });
  });

  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('gets a key that is typed by its fields, and shows the value decoded', async () => {
    await app.openStore(store);
    await app.showStores();
    await app.runCommand('LSM: Get Key');
    await app.answer(TYPED, 'Key to look up');
    const editor = app.page.locator('.editor-group-container.active');
    await editor.locator('.view-line', { hasText: '"round": 4' }).first().waitFor();
    await editor.locator('.codelens-decoration', { hasText: 'History' }).first().waitFor();
    await pictures('e2e-workbench-get');
  });

  it('scans a prefix with a condition on decoded values, and changes it in place', async () => {
    await app.runCommand('LSM: Scan');
    await app.pick('Prefix');
    await app.answer(`id=${ID}`, 'Keys that begin with');
    await app.pick('Condition');
    await app.answer('value.celsius >= 20', 'Entries for which this holds');
    await app.pick('Run scan');
    const grid = await app.webview('main.results');
    const hours = Array.from({ length: READINGS }, (_, hour) => hour);
    const warm = hours.filter((hour) => ((ID * 31 + hour * 17) % 400) / 10 >= 20);
    assert.match(
      await status(grid, /complete/),
      new RegExp(`^${warm.length} rows, 30 entries and .* scanned, complete`),
    );
    // The newest reading comes first: times in the keys descend.
    assert.match((await rows(grid, 1))[0]?.[1] ?? '', new RegExp(`^id=${ID} time=2026-01-0`));

    const input = grid.getByRole('textbox', { name: 'Condition' });
    await input.fill('value.celsius >= 20 and ');
    await grid.locator('.condition-fault', { hasText: 'position' }).waitFor();
    await app.screenshot('e2e-workbench-where-fault-dark');
    await input.fill('value.celsius >= 20 and not value.ok');
    await input.press('Enter');
    const bad = warm.filter((hour) => hour % 5 === 0);
    await status(grid, new RegExp(`^${bad.length} rows?, 30 entries`));
    assert.match(
      (await grid.locator('.bar-title').textContent()) ?? '',
      /where value\.celsius >= 20 and not value\.ok/,
    );
    await grid.locator('.grid-row[aria-rowindex="2"]').click();
    await grid.locator('.detail', { hasText: '"celsius"' }).waitFor();
    await pictures('e2e-workbench-where');
  });

  it('shows the history of a key over three levels and the log, each row with its table and block', async () => {
    await app.runCommand('LSM: Show Key History');
    await app.answer(TYPED, 'Key whose versions are shown');
    const grid = await app.webview('main.results .bar-title:has-text("History of")');
    await status(grid, /^5 rows, complete/);
    const found = await rows(grid, 5);
    assert.deepEqual(
      found.map((cells) => [cells[5], cells[6]]),
      [
        ['put', 'WAL'],
        ['delete', 'WAL'],
        ['put', 'L0'],
        ['put', 'L1'],
        ['put', 'L2'],
      ],
    );
    for (const [i, round] of [
      [0, 4],
      [2, 3],
      [3, 2],
      [4, 1],
    ] as const) {
      assert.match(found[i]?.[2] ?? '', new RegExp(`"round": ?${round}`));
    }
    await grid.locator('.grid-row[aria-rowindex="5"]').click();
    await grid.locator('.detail-row', { hasText: 'Row 4' }).waitFor();
    await pictures('e2e-workbench-history');
    await grid.getByRole('button', { name: 'Open its data block' }).click();
    const dump = app.page.locator('.editor-group-container.active .tab.active', { hasText: '.dump' });
    await dump.waitFor();
    await app.page
      .locator('.editor-group-container.active .view-line', { hasText: /key.0x73656e736f723a00000007/ })
      .first()
      .waitFor();
    await app.screenshot('e2e-workbench-history-block-dark');
  });

  it('compares two versions of it in the diff editor', async () => {
    await app.page.locator('.tab', { hasText: 'History' }).first().click();
    const grid = await app.webview('main.results .bar-title:has-text("History of")');
    await status(grid, /^5 rows/);
    await grid.locator('.grid-row[aria-rowindex="6"]').click();
    await grid.getByRole('button', { name: 'Select value for compare' }).click();
    await grid.locator('.grid-row[aria-rowindex="2"]').click();
    await grid.getByRole('button', { name: /^Compare value with/ }).click();
    const diff = app.page.locator('.editor-group-container.active .monaco-diff-editor');
    await diff.locator('.editor.original .view-line', { hasText: '"round": 1' }).waitFor();
    await diff.locator('.editor.modified .view-line', { hasText: '"round": 4' }).waitFor();
    await app.screenshot('e2e-workbench-versions-dark');
  });

  it('exports to Parquet what DuckDB reads back', async (test) => {
    const query = await openDuckDb();
    if (typeof query === 'string') return test.skip(query);
    await app.runCommand('LSM: Export…');
    await app.page.locator('.quick-input-widget', { hasText: 'Parquet' }).waitFor();
    await app.page.waitForTimeout(400);
    await app.screenshot('e2e-workbench-export-form-dark');
    await app.page.keyboard.press('Enter');
    const told = app.page.locator('.notification-list-item', { hasText: 'Exported readings' }).first();
    await told.waitFor();
    await app.page.locator('.notification-list-item', { hasText: 'Exporting' }).first().waitFor({ state: 'detached' });
    await app.page.waitForTimeout(400);
    await app.screenshot('e2e-workbench-export-dark');
    const out = join(folder, 'readings-export');
    assert.deepEqual(readdirSync(out), ['part-0000.parquet']);
    const [row] = await query(
      `SELECT count(*), sum(octet_length(key)), sum(octet_length(value)), count(DISTINCT key) FROM read_parquet('${out}/*.parquet')`,
    );
    const expected = { count: 0, keys: 0, values: 0 };
    await withLevel(store, async (db) => {
      for await (const [key, value] of db.iterator()) {
        expected.count++;
        expected.keys += key.length;
        expected.values += value.length;
      }
    });
    assert.deepEqual(row?.map(Number), [expected.count, expected.keys, expected.values, expected.count]);
    assert.equal(expected.count, SENSORS * READINGS + 64);
    await app.quiet();
  });

  it('compares two stores: keys in the grid, values and all lines in the diff editor', async () => {
    const other = join(folder, 'readings-later');
    cpSync(store, other, { recursive: true });
    await withLevel(other, async (db) => {
      await db.put(keyOf(3, START), reading(3, 0, 9));
      await db.del(keyOf(5, START));
      await db.put(keyOf(99, START), reading(99, 0, 1));
      await db.compactRange(Buffer.of(0), Buffer.of(255));
    });
    await app.runCommand('LSM: Compare with Store');
    // Another store may be listed by now: the workspace is searched for them.
    await app.pick('Path…');
    await app.answer(other, 'The data directory of the other store');
    const page = await app.webview('main.compare .grid-row .change');
    await status(page, /^1 added, 1 removed, 1 changed, [\d,]+ the same/);
    const found = await rows(page, 3);
    assert.deepEqual(
      found.map((cells) => cells[0]),
      ['changed', 'removed', 'added'],
    );
    assert.match(found[1]?.[1] ?? '', /^id=5 time=2026-01-01T00:00:00\.000Z$/);
    await pictures('e2e-workbench-compare');
    await page.getByRole('radio', { name: 'Tables' }).click();
    await page.locator('.grid:visible .grid-row .change-removed').first().waitFor();
    await app.screenshot('e2e-workbench-compare-tables-dark');
    await page.getByRole('radio', { name: 'Keys' }).click();
    await page.locator('.grid:visible .grid-row[aria-rowindex="2"]').click();
    await app.page.keyboard.press('Enter');
    const diff = app.page.locator('.editor-group-container.active .monaco-diff-editor');
    await diff.locator('.editor.original .view-line', { hasText: '"round": 1' }).waitFor();
    await diff.locator('.editor.modified .view-line', { hasText: '"round": 9' }).waitFor();
    await pictures('e2e-workbench-compare-value');
    await app.page.locator('.tab', { hasText: 'readings ↔ readings-later' }).first().click();
    const again = await app.webview('main.compare .grid-row .change');
    await again.getByRole('button', { name: /^Compare as text/ }).click();
    await diff.locator('.editor.modified .view-line', { hasText: '"round": 9' }).first().waitFor();
    await app.page.waitForTimeout(500);
    await app.screenshot('e2e-workbench-compare-text-dark');
  });
});
