/**
 * SQL in the real VS Code in a browser: a document is written with completion and run by its lens, an error is marked,
 * and "Bytes by key prefix and level" comes to what `lsm tables` says of each level.
 * Pictures stay in .artifacts/screenshots/e2e-sql-*.png.
 */
import { strict as assert } from 'node:assert';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Frame, Locator } from 'playwright-core';
import { smallSamples } from '../fixtures/samples.ts';
import { lsm } from '../support/lsmCommand.ts';
import { faults, until } from './checks.ts';
import { noBrowser, type Theme, Workbench, walkedThemes } from './harness.ts';

const PAGE = 'main.sql';

async function start(theme: Theme): Promise<{ readonly app: Workbench; readonly folder: string }> {
  const folder = await smallSamples();
  writeFileSync(join(folder, 'levels.lsm.sql'), '-- store: sensors-rocksdb\n\nSELECT level, bytes FROM levels;\n');
  try {
    const settings = { 'lsm.overview.showOnOpen': false };
    return { app: await Workbench.open({ folder, theme, width: 1400, height: 900, settings }), folder };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The words of the status line once all rows are there, of a run that is not the one that said `before`. */
function complete(frame: Frame, before = ''): Promise<string> {
  return until(
    'the query has run',
    async () => (await frame.locator('.status-text').textContent()) ?? '',
    (words) => words.includes('complete') && words !== before,
  );
}

/** Every row of the grid as text, by scrolling through it; a row is a map from the heading of a column. */
async function allRows(frame: Frame): Promise<Record<string, string>[]> {
  const heads = await frame.locator('.grid-header .head-text').allInnerTexts();
  const total = Number(await frame.locator('.grid').getAttribute('aria-rowcount')) - 1;
  const rows = new Map<number, string[]>();
  await frame.locator('.grid').focus();
  await frame.page().keyboard.press('Home');
  while (rows.size < total) {
    const size = rows.size;
    const shown = await frame.locator('.grid-layer .grid-row').evaluateAll((all) =>
      all.map((row) => ({
        index: Number(row.getAttribute('aria-rowindex')) - 2,
        cells: [...row.children].map((cell) => cell.textContent ?? ''),
      })),
    );
    for (const { index, cells } of shown) rows.set(index, cells);
    if (rows.size === size && size > 0) await frame.page().keyboard.press('PageDown');
    await frame.page().waitForTimeout(30);
  }
  return [...rows.values()].map((cells) => Object.fromEntries(heads.map((head, i) => [head, cells[i] ?? ''])));
}

/** A side bar that is closed leaves the width to the query. */
async function hideSideBar(app: Workbench): Promise<void> {
  if (await app.page.locator('.part.sidebar').isVisible()) await app.page.keyboard.press('Control+B');
}

describe('SQL in documents', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;
  const editor = (): Locator => app.page.locator('.editor-group-container .monaco-editor').first();
  const lens = (text: string): Locator => app.page.locator('.codelens-decoration a', { hasText: text }).first();

  before(async () => {
    ({ app, folder } = await start('dark'));
  });
  after(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('completes names while a query is written, and runs it by its lens', async () => {
    await app.page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'levels.lsm.sql' }).dblclick();
    await lens('Run on sensors-rocksdb').waitFor({ timeout: 30_000 });
    await hideSideBar(app);
    await editor().click();
    await app.page.keyboard.press('Control+End');
    await app.page.keyboard.type('\nSELECT t.level, t.bytes FROM tables t WHERE t.');
    const list = app.page.locator('.suggest-widget.visible .monaco-list-row');
    await list.first().waitFor({ timeout: 20_000 });
    const offered = await list.allInnerTexts();
    assert.ok(
      offered.some((text) => text.startsWith('family')),
      offered.join(' | '),
    );
    await app.page.keyboard.type('raw_v');
    await list.filter({ hasText: 'raw_value_bytes' }).waitFor();
    await app.screenshot('e2e-sql-completion-dark');
    const wanted = list.filter({ hasText: 'raw_value_bytes' }).first();
    // A list that is drawn anew may have closed meanwhile.
    if (!(await wanted.isVisible())) await app.page.keyboard.press('Control+Space');
    await wanted.waitFor();
    await wanted.click();
    await app.page.keyboard.type(' > 0 ORDER BY t.bytes DESC');
    await app.page.keyboard.press('Escape');
    await editor().locator('.view-line', { hasText: 'raw_value_bytes' }).first().waitFor();
    await lens('Run on sensors-rocksdb').click();
    const frame = await app.webview(PAGE);
    const words = await complete(frame);
    assert.match(words, /^\d+ rows?, complete/);
    assert.deepEqual(await frame.locator('.grid-header .head-text').allInnerTexts(), ['level', 'bytes']);

    // The keyboard stays in the query; Ctrl+Enter runs the statement at the cursor.
    await app.page.keyboard.press('Control+Enter');
    const second = await complete(frame, words);
    const tables = lsm('tables', join(folder, 'sensors-rocksdb'), '--json').out.trim().split('\n');
    assert.match(second, new RegExp(`^${tables.length} rows`));
    assert.deepEqual(await faults(frame), []);
    await app.screenshot('e2e-sql-document-dark');
  });

  it('marks what is wrong with a statement', async () => {
    await editor().click();
    await app.page.keyboard.press('Control+End');
    await app.page.keyboard.type('x');
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Control+Enter');
    const frame = await app.webview(`${PAGE} .empty-title`);
    await frame.getByText('The query failed').waitFor();
    await app.page.locator('.squiggly-error').first().waitFor();
    await app.screenshot('e2e-sql-error-dark');
    await app.page.keyboard.press('Backspace');
    await app.page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
  });

  it('keeps its tab over a reload of the window, and runs the query when it is asked to', async () => {
    await app.page.keyboard.press('Control+Enter');
    const frame = await app.webview(`${PAGE} .grid-row`);
    const words = await complete(frame);
    await frame.getByRole('radio', { name: 'Hex' }).click();
    await app.kept((state) => state.includes('"view":"sql"') && state.includes('"format":"hex"'));
    await app.page.reload();
    await app.page.waitForSelector('.activitybar .action-label[aria-label^="LSM"]', { timeout: 60_000 });
    const restored = await app.webview(`${PAGE} .empty-title`);
    await restored.getByText('This query has not run in this window').waitFor();
    await app.screenshot('e2e-sql-restored-dark');
    await restored.getByRole('button', { name: 'Run', exact: true }).click();
    assert.equal((await complete(restored)).split(',')[0], words.split(',')[0]);
    assert.equal(await restored.getByRole('radio', { name: 'Hex' }).getAttribute('aria-checked'), 'true');
  });
});

for (const theme of walkedThemes('dark', 'light')) {
  describe(`ready-made queries, ${theme}`, { skip: noBrowser }, () => {
    let app: Workbench;
    let folder: string;
    let store: string;

    before(async () => {
      ({ app, folder } = await start(theme));
      store = join(folder, 'sensors-rocksdb');
      // Which shows the view as well: its icon, clicked then, would hide it.
      await app.openStore(store);
      await app.page.locator('.statusbar-item', { hasText: 'sensors-rocksdb: read-only' }).first().waitFor();
    });
    after(async () => {
      await app?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function ask(query: string): Promise<Frame> {
      await app.runCommand('LSM: Query with SQL');
      await app.page.locator('.quick-input-widget input[placeholder*="Choose a query"]').waitFor();
      if (query.startsWith('Bytes')) await app.screenshot(`e2e-sql-pick-${theme}`);
      await app.pick(query);
      return app.webview(PAGE);
    }

    it('“Bytes by key prefix and level” sums up to what `lsm tables` says', async () => {
      const frame = await ask('Bytes by key prefix and level');
      await complete(frame);
      await app.screenshot(`e2e-sql-prefixes-${theme}`);
      const figure = (text: string | undefined): number => Number((text ?? '').replaceAll(',', ''));
      const shown = new Map<string, number>();
      for (const row of await allRows(frame)) {
        const id = `${row['family']} L${row['level']}`;
        shown.set(id, (shown.get(id) ?? 0) + figure(row['raw_bytes']));
      }
      const told = new Map<string, number>();
      for (const line of lsm('tables', store, '--json').out.trim().split('\n')) {
        const t = JSON.parse(line) as Record<'family' | 'level' | 'rawKeyBytes' | 'rawValueBytes', number>;
        const id = `${t.family} L${t.level}`;
        told.set(id, (told.get(id) ?? 0) + t.rawKeyBytes + t.rawValueBytes);
      }
      assert.ok(told.size > 1, 'more than one level to compare');
      assert.deepEqual(new Map([...shown].sort()), new Map([...told].sort()));
      assert.deepEqual(await faults(frame), []);
    });

    it('“Largest values”: a key opens its value, a table its page', async () => {
      await ask('Largest values');
      // The page of the query before is gone by and by.
      const frame = await app.webview(`${PAGE} .head-text:text-is("value_size")`);
      await complete(frame);
      await frame.locator('.grid').focus();
      await app.page.keyboard.press('ArrowDown');
      await app.page.keyboard.press('ArrowRight');
      await app.screenshot(`e2e-sql-values-${theme}`);
      const first = frame.locator('.grid-layer .grid-row').first();
      const key = (await first.locator('.link').first().textContent()) ?? '';
      await first.locator('.link').first().click();
      const named = app.page.locator('.editor-group-container .tab', { hasText: key.replaceAll('/', '_').slice(0, 5) });
      await named.first().waitFor({ timeout: 20_000 });
      await app.page.locator('.editor-group-container .tab', { hasText: 'SQL: Largest values' }).first().click();
      const again = await app.webview(`${PAGE} .head-text:text-is("value_size")`);
      await complete(again);
      await again.locator('.grid-layer .grid-row').first().locator('.link').last().click();
      const table = await app.webview('main [role=tablist]');
      await table.locator('h1').first().waitFor();
      if (theme === 'dark') await app.screenshot('e2e-sql-table-dark');
    });
  });
}
