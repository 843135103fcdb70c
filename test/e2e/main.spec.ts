/**
 * What a person does with a store, in the real VS Code in a browser: open by path, down the tree to an entry,
 * get, scan, read the grid, look at the overview, open one table file, meet damage, watch an owner write.
 * Pictures stay in .artifacts/screenshots/e2e-*.png.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import type { Frame, Locator } from 'playwright-core';
import { smallSamples } from '../fixtures/samples.ts';
import { faults, until } from './checks.ts';
import { noBrowser, type Theme, Workbench } from './harness.ts';

const RESULTS = 'main.results .grid-row .grid-cell';
const OVERVIEW = 'main.overview .store-head';

/** A store of the folder on the disk, opened in the workbench. */
async function start(theme: Theme): Promise<{ readonly app: Workbench; readonly folder: string }> {
  const folder = await smallSamples();
  try {
    // High enough for the rows of the tree that the tests name: it draws those alone that are in sight.
    return { app: await Workbench.open({ folder, theme, height: 1000 }), folder };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A row of the Stores tree: its indentation (1 is a store) and a text that its label begins with. */
function node(app: Workbench, level: number, label: string): Locator {
  return app.page
    .locator(`.part.sidebar .monaco-list-row[aria-level="${level}"]`)
    .filter({ has: app.page.locator('.monaco-icon-label', { hasText: new RegExp(`^${label}`) }) })
    .first();
}

async function expand(app: Workbench, level: number, label: string): Promise<void> {
  const row = node(app, level, label);
  await row.waitFor();
  if ((await row.getAttribute('aria-expanded')) === 'false') await row.locator('.monaco-tl-twistie').click();
  await until(
    `${label} is expanded`,
    () => row.getAttribute('aria-expanded'),
    (is) => is === 'true',
  );
}

/** What the tree's rows of that indentation are called. */
async function labels(app: Workbench, level: number): Promise<string[]> {
  return app.page.locator(`.part.sidebar .monaco-list-row[aria-level="${level}"] .label-name`).allInnerTexts();
}

async function cells(frame: Frame, row: number): Promise<string[]> {
  const found = frame.locator(`.grid-row[aria-rowindex="${row + 1}"] .grid-cell`);
  // A row is drawn before what stands in it has come.
  return until(
    `row ${row} is there`,
    () => found.allInnerTexts(),
    (texts) => (texts[1] ?? '') !== '',
  );
}

/** Waits for the end of the count; answers the words of the status line. */
async function counted(frame: Frame): Promise<string> {
  return until(
    'all rows are counted',
    async () => (await frame.locator('.status-text').textContent()) ?? '',
    (words) => words.includes('complete'),
  );
}

const rowCount = (status: string): number => Number(status.replace(/ rows?,.*/, '').replaceAll(',', ''));

/** Runs "Scan…" through its guided picks; resolves to the grid's document. */
async function scanPrefix(app: Workbench, family: string | undefined, prefix: string): Promise<Frame> {
  await app.runCommand('LSM: Scan');
  if (family !== undefined) await app.pick(family);
  await app.pick('Prefix');
  await app.answer(prefix, 'Keys that begin with');
  await app.pick('Run scan');
  return app.webview('main.results');
}

/** Waits until the map of tables is painted: a canvas says nothing of it to the page. */
async function painted(overview: Frame): Promise<void> {
  const pixels = (): Promise<boolean> =>
    overview
      .locator('.map-canvas')
      .first()
      .evaluate((node) => {
        const canvas = node as HTMLCanvasElement;
        if (canvas.width === 0 || canvas.height === 0) return false;
        const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
        return data?.some((byte) => byte !== 0) === true;
      });
  await until('the map is painted', pixels, (is) => is);
}

/** The text of the editor that is in front, as its lines are drawn. */
async function editorText(app: Workbench): Promise<string> {
  const lines = await app.page.locator('.editor-group-container.active .view-line').allInnerTexts();
  return lines.join('\n').replaceAll('\u00a0', ' ');
}

async function closeEditors(app: Workbench): Promise<void> {
  await app.runCommand('View: Close All Editors');
  await app.page.locator('.editor-group-container.empty').first().waitFor();
}

describe('main: a RocksDB store, from the palette to a value', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;
  before(async () => {
    ({ app, folder } = await start('dark'));
  });
  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('opens by path and shows what is in it', async () => {
    await app.openStore(join(folder, 'sensors-rocksdb'));
    const overview = await app.webview(OVERVIEW);
    await overview.getByText('4 column families').waitFor();
    await overview.getByText('Levels of readings').waitFor();
    await painted(overview);
    await node(app, 1, 'sensors-rocksdb').waitFor();
    await node(app, 2, 'readings').waitFor();
    await app.screenshot('e2e-overview-dark');
    assert.deepEqual(await faults(overview), []);
    await overview.getByRole('radio', { name: 'List' }).click();
    await overview.locator('.tables-grid .grid-row').first().waitFor();
    await app.screenshot('e2e-overview-list-dark');
    assert.match(
      (await app.page.locator('#lsm-inspector\\.lsm-inspector\\.lsm\\.status').textContent()) ?? '',
      /read-only/,
    );
  });

  it('goes down the tree: family, level, table, blocks, entries', async () => {
    await expand(app, 2, 'readings');
    const level = await until(
      'levels are listed',
      async () => (await labels(app, 3)).find((label) => /^L[1-9]$/.test(label)),
      (label) => label !== undefined,
    );
    await expand(app, 3, level ?? '');
    const table = await until(
      'tables are listed',
      async () => (await labels(app, 4)).find((label) => label.endsWith('.sst')),
      (label) => label !== undefined,
    );
    await expand(app, 4, table ?? '');
    await expand(app, 5, 'Properties');
    await node(app, 6, 'num.entries').waitFor();
    await node(app, 5, 'Properties').locator('.monaco-tl-twistie').click();
    await expand(app, 5, 'Data blocks');
    await expand(app, 6, 'Block 0');
    const entries = await until(
      'entries of the block are listed',
      () => labels(app, 7),
      (found) => found.length > 1,
    );
    for (const key of entries) assert.match(key, /^berlin\/[a-z]+-\d{3}\/2026-/);
    await app.screenshot('e2e-tree-dark');
  });

  it('gets a key, and says where its value was found', async () => {
    await app.runCommand('LSM: Get Key');
    await app.pick('default');
    await app.answer('sensor/kyoto/humidity-009', 'Key to look up in');
    await app.page.locator('.tab.active', { hasText: 'humidity-009.json' }).waitFor();
    const text = await until(
      'the value is there',
      () => editorText(app),
      (lines) => lines.trimEnd().endsWith('}'),
    );
    assert.equal((JSON.parse(text) as { id: string }).id, 'kyoto/humidity-009');
    const lens = app.page.locator('.codelens-decoration').first();
    await lens.waitFor();
    assert.match((await lens.textContent()) ?? '', /put · sequence [\d,]+ · L\d · \d+ B/);
    await app.screenshot('e2e-get-dark');
  });

  it('says so when a key is not there', async () => {
    await app.runCommand('LSM: Get Key');
    await app.pick('default');
    await app.answer('sensor/nowhere', 'Key to look up in');
    await app.runCommand('Notifications: Show Notifications');
    const message = app.page.locator('.notifications-center .notification-list-item-message', { hasText: 'nowhere' });
    await message.waitFor();
    assert.match((await message.textContent()) ?? '', /^sensor\/nowhere is not in default, as of sequence [\d,]+\.$/);
    await app.screenshot('e2e-get-absent-dark');
    await app.quiet();
  });

  it('scans a prefix into a grid: rows, detail, formats, the value as a document', async () => {
    const grid = await scanPrefix(app, 'readings', 'oslo/');
    const rows = rowCount(await counted(grid));
    assert.ok(rows > 100, `${rows} rows`);
    assert.match((await cells(grid, 1))[1] ?? '', /^oslo\//);
    await grid.locator('.grid-row[aria-rowindex="2"]').click();
    await grid.locator('.detail-row', { hasText: 'Row 1' }).waitFor();
    await app.page.keyboard.press('Control+End');
    assert.match((await cells(grid, rows))[1] ?? '', /^oslo\//);
    await grid.locator('.detail-row', { hasText: `Row ${rows.toLocaleString('en-US')}` }).waitFor();
    await app.page.keyboard.press('Control+Home');
    await grid.getByRole('radio', { name: 'Hex' }).click();
    await until(
      'keys are in hex',
      async () => (await cells(grid, 1))[1] ?? '',
      (key) => /^6f ?73 ?6c ?6f|^0x6f736c6f/.test(key),
    );
    await app.screenshot('e2e-scan-hex-dark');
    await grid.getByRole('radio', { name: 'JSON' }).click();
    const json = grid.locator('.grid-row', { hasText: '"battery"' }).first();
    await json.click();
    await grid.locator('.detail', { hasText: '"unit": "°C"' }).waitFor();
    await app.screenshot('e2e-scan-dark');
    assert.deepEqual(await faults(grid), []);
    await json.dblclick();
    await app.page.locator('.tab.active', { hasText: '.json' }).waitFor();
    await until(
      'the value is a document',
      () => editorText(app),
      (text) => /"unit": "°C"/.test(text),
    );
    await app.page.locator('.codelens-decoration').first().waitFor();
  });

  it('opens one table file from the Explorer, without its store', async () => {
    await closeEditors(app);
    await app.page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
    const inExplorer = (text: string): Locator =>
      app.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: text }).first();
    await inExplorer('sensors-rocksdb').click();
    await inExplorer('.sst').click();
    const table = await app.webview('main [role=tablist]');
    await table.getByText('one file').waitFor();
    await table.getByRole('tab', { name: /Entries/ }).click();
    await table.locator('.grid-row[aria-rowindex="2"]').waitFor();
    assert.deepEqual(await faults(table), []);
    await app.screenshot('e2e-table-file-dark');
  });
});

/** A LevelDB process that owns the store, as an application would. */
class Owner {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>) {
    this.#process = process;
    this.#lines = lines;
  }

  static async open(directory: string): Promise<Owner> {
    const script = resolve(import.meta.dirname, '../host/owner.mjs');
    const child = spawn(process.execPath, [script, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    const owner = new Owner(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    assert.equal((await owner.#lines.next()).value, 'open');
    return owner;
  }

  async put(key: string, value: string): Promise<void> {
    this.#process.stdin?.write(`put ${key} ${value}\n`);
    assert.equal((await this.#lines.next()).value, 'done');
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.stdin?.end('close\n');
    await ended;
  }
}

describe('main: a LevelDB store with an owner beside us, and a damaged one', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;
  let owner: Owner | undefined;
  before(async () => {
    ({ app, folder } = await start('light'));
  });
  after(async () => {
    await owner?.close();
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('follows what the owner writes, beside it', async () => {
    owner = await Owner.open(join(folder, 'sensors-leveldb'));
    await app.openStore(join(folder, 'sensors-leveldb'));
    const overview = await app.webview(OVERVIEW);
    await overview
      .locator('.badge', { hasText: /live|in use|locked/i })
      .first()
      .waitFor();
    await painted(overview);
    await app.screenshot('e2e-live-light');
    assert.deepEqual(await faults(overview), []);
    const grid = await scanPrefix(app, undefined, 'zzz/');
    await grid.getByText('No entries here').waitFor();
    await app.screenshot('e2e-scan-empty-light');
    await owner.put('zzz/written-beside', '{"by":"the-owner"}');
    await grid.getByText('The store has changed since this query ran.').waitFor();
    await grid.locator('.notices').getByRole('button', { name: 'Run again' }).click();
    await until(
      'the new entry is there',
      async () => (await grid.locator('.grid-row .grid-cell').allInnerTexts()).join(' '),
      (text) => text.includes('zzz/written-beside') && text.includes('the-owner') && text.includes('WAL'),
    );
    await app.screenshot('e2e-live-scan-light');
    await owner.close();
    owner = undefined;
    await app.runCommand('LSM: Close Store');
  });

  it('shows damage with its mend, and everything else', async () => {
    await closeEditors(app);
    const directory = join(folder, 'sensors-leveldb');
    const tables = readdirSync(directory).filter((name) => name.endsWith('.ldb'));
    const [lost, flipped] = [tables[0] as string, tables.at(-1) as string];
    assert.notEqual(lost, flipped);
    rmSync(join(directory, lost));
    const bytes = readFileSync(join(directory, flipped));
    bytes[100] = (bytes[100] as number) ^ 0x40;
    writeFileSync(join(directory, flipped), bytes);

    await app.openStore(directory);
    const overview = await app.webview(OVERVIEW);
    const problems = overview.locator('.problems');
    await problems.getByText('is in the MANIFEST but not on disk').waitFor();
    await problems.getByText('restore the file from a backup').waitFor();
    await app.screenshot('e2e-damage-light');
    await expand(app, 2, 'Problems');
    await node(app, 3, lost).waitFor();
    assert.equal(await node(app, 3, flipped).count(), 0, 'a flipped byte is not seen before its block is read');

    await app.runCommand('LSM: Scan');
    await app.pick('Whole family');
    await app.pick('Run scan');
    const grid = await app.webview(RESULTS);
    assert.ok(rowCount(await counted(grid)) > 100, 'the rest of the store is still there');
    await grid.locator('.problem', { hasText: flipped }).first().waitFor();
    assert.deepEqual(await faults(grid), []);
    // What the scan met reaches the tree and the Problems panel.
    await node(app, 3, flipped).waitFor();
    await app.runCommand('Problems: Focus on Problems View');
    const panel = app.page.locator('.markers-panel .monaco-list-row');
    await panel.filter({ hasText: flipped }).first().waitFor();
    await panel.filter({ hasText: lost }).first().waitFor();
    await app.screenshot('e2e-damage-scan-light');
    await app.runCommand('View: Toggle Panel Visibility');

    // A problem opens the dump of its file, where it is.
    await node(app, 3, flipped).click();
    await app.page.locator('.tab.active', { hasText: `${flipped}.dump` }).waitFor();
    await until(
      'the damaged block is in view',
      () => editorText(app),
      (text) => text.includes('CORRUPT: checksum of the block does not match'),
    );
    await app.screenshot('e2e-damage-dump-light');
  });

  it('refuses what is no store, in a sentence', async () => {
    await app.openStore(folder);
    await app.runCommand('Notifications: Show Notifications');
    const message = app.page.locator('.notifications-center .notification-list-item-message').first();
    await message.waitFor();
    assert.match((await message.textContent()) ?? '', /^Open Store: /);
    await app.screenshot('e2e-not-a-store-light');
    await app.quiet();
  });
});
