/** The page of SQL results in a browser, with a made-up host around it: rows, order, copies, values, states, themes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { faults } from './checks.ts';
import { HTML_KEY } from './pages/data.ts';
import { LONG_VALUE } from './pages/sqlData.ts';
import { cellTexts, now, said, settled, shot, skip, visit } from './pages/visit.ts';

const SIZE = { width: 1180, height: 460 };

const copied = (page: Page): Promise<string | undefined> =>
  page.evaluate(() =>
    window.harness.sent.flatMap((m) => (m.t === 'do' && m.what.action === 'copyText' ? [m.what.text] : [])).at(-1),
  );
const row = (n: number): string => `.grid-layer .grid-row[aria-rowindex="${n + 1}"]`;

describe('webview: SQL', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  async function opened(url = '', size = SIZE): Promise<Page> {
    const page = await open(`view=sql${url}`, size);
    await settled(page);
    return page;
  }

  it('shows rows with the columns of the query, and takes text from a store for text', async () => {
    const page = await opened();
    assert.equal(await said(page.locator('.status-text')), '50 rows, complete, 1.2 s: reading 1.2 s, SQL 34 ms');
    const cells = await cellTexts(page, row(1));
    assert.deepEqual(cells.slice(3), ['90,000', '100', '9007199254740993', '0']);
    assert.equal(cells[1], HTML_KEY);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.match((await cellTexts(page, row(2)))[2] ?? '', /^0x00ff01/);
    assert.equal((await cellTexts(page, row(8)))[2], 'NULL');
    await page.getByRole('radio', { name: 'Hex' }).click();
    await page.waitForFunction(() => /^3c696d67/.test(document.querySelectorAll('.grid-cell')[9]?.textContent ?? ''));
  });

  it('loads on while it is scrolled, and all of it when asked', async () => {
    const page = await opened('&rows=3500');
    assert.match(await said(page.locator('.status-text')), /^1,000 rows so far/);
    await page.locator('.grid').focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.startsWith('2,000 rows'));
    assert.equal(await (await now(page.locator('.grid-row.selected'))).getAttribute('aria-rowindex'), '1001');
    await page.getByRole('button', { name: 'Load all rows' }).click();
    await page.waitForFunction(() =>
      /^3,500 rows, complete/.test(document.querySelector('.status-text')?.textContent ?? ''),
    );
    assert.equal(await (await now(page.locator('.grid'))).getAttribute('aria-rowcount'), '3501');
    assert.equal(await (await now(page.getByRole('button', { name: 'Load all rows' }))).isVisible(), false);
    await page.locator('.grid').focus();
    await page.keyboard.press('End');
    await settled(page);
    assert.equal((await cellTexts(page, row(3500)))[3], String(90_000 - 3499 * 3).replace(/(\d{2})(\d{3})/, '$1,$2'));
  });

  it('holds 200,000 rows, and sorts them', async (t) => {
    const page = await opened('&rows=200000');
    const from = performance.now();
    await page.getByRole('button', { name: 'Load all rows' }).click();
    await page.waitForFunction(
      () => /^200,000 rows, complete/.test(document.querySelector('.status-text')?.textContent ?? ''),
      undefined,
      { timeout: 60_000 },
    );
    const loaded = performance.now();
    await page.getByRole('columnheader', { name: 'value_size' }).click();
    await page.waitForFunction(
      () => document.querySelector('.grid-layer .grid-row')?.children[3]?.textContent === '-509,997',
    );
    t.diagnostic(`loaded in ${Math.round(loaded - from)} ms, sorted in ${Math.round(performance.now() - loaded)} ms`);
    assert.equal(await page.evaluate(() => window.harness.actions().includes('sortSql')), false, 'sorted in the page');
  });

  it('sorts by a heading: here where all rows are, else in the engine', async () => {
    const page = await opened();
    const head = page.getByRole('columnheader', { name: 'value_size' });
    await head.click();
    assert.equal(await (await now(head)).getAttribute('aria-sort'), 'ascending');
    await page.waitForFunction(
      () => document.querySelectorAll('.grid-layer .grid-row')[0]?.children[3]?.textContent === '89,853',
    );
    await head.focus();
    await page.keyboard.press('Enter');
    assert.equal(await (await now(head)).getAttribute('aria-sort'), 'descending');
    await page.keyboard.press('Enter');
    assert.equal(await (await now(head)).getAttribute('aria-sort'), null);
    assert.equal(await page.evaluate(() => window.harness.actions().includes('sortSql')), false);
    // The value of row 3 is not all here.
    await page.getByRole('columnheader', { name: 'value', exact: true }).click();
    await page.waitForFunction(() => window.harness.actions().includes('sortSql'));

    const long = await opened('&rows=3500');
    await long.getByRole('columnheader', { name: 'value_size' }).click();
    await long.waitForFunction(() => window.harness.actions().includes('sortSql'));
    await long.locator('.head[aria-sort=ascending]').waitFor();
  });

  it('is driven by keyboard: cells, ranges, copies, links and the value at the side', async () => {
    const page = await opened();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'grid');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const active = await (await now(page.locator('.grid'))).getAttribute('aria-activedescendant');
    assert.equal(await (await now(page.locator(`#${active}`))).textContent(), HTML_KEY);
    assert.equal(await (await now(page.locator('.grid .current'))).textContent(), HTML_KEY);
    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => window.harness.actions().includes('copyText'));
    assert.equal(await copied(page), HTML_KEY);
    await page.keyboard.press('Enter');
    assert.equal((await page.evaluate(() => window.harness.actions())).at(-1), 'getKey');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.equal((await page.evaluate(() => window.harness.actions())).at(-1), 'openTable');

    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    assert.equal(await (await now(page.locator('.grid-row.selected'))).count(), 3);
    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => window.harness.calls('sqlCell') === 1);
    await page.waitForFunction(() => window.harness.actions().filter((a) => a === 'copyText').length === 2);
    const lines = ((await copied(page)) ?? '').trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.equal(lines[2]?.split('\t')[2], LONG_VALUE, 'a value that was cut is copied whole');

    await page.getByRole('button', { name: 'Copy…' }).click();
    await page.getByRole('menuitem', { name: 'Selected rows as JSON lines' }).click();
    await page.waitForFunction(() => window.harness.actions().filter((a) => a === 'copyText').length === 3);
    const json = ((await copied(page)) ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(json[1]?.value, { hex: '00ff01fe02fd03' });
    assert.equal(json[0]?.key.text, HTML_KEY);
    assert.equal(json[0]?.big, '9007199254740993');

    await page.locator('.grid').focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Value in full' }).waitFor();
    await page.waitForFunction((text) => document.querySelector('.bytes')?.textContent === text, LONG_VALUE);
    assert.match(await said(page.locator('.detail-facts')), /value.*row 3.*4,012 characters/s);
    await shot(page, 'sql-value');
    await page.keyboard.press('Enter');
    assert.equal(await (await now(page.getByRole('region', { name: 'Value in full' }))).isVisible(), false);
  });

  it('says what a run is at, ends it, and begins it again', async () => {
    const page = await open('view=sql&scenario=running', SIZE);
    await page.getByText('Reading entries: 180,000 rows').first().waitFor();
    await shot(page, 'sql-running');
    assert.deepEqual(await faults(page), []);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The query was cancelled').waitFor();
    await page.locator('.empty').getByRole('button', { name: 'Run again' }).click();
    await settled(page);
    assert.match(await said(page.locator('.status-text')), /^50 rows, complete/);

    const idle = await open('view=sql&scenario=idle', SIZE);
    await idle.getByText('This query has not run in this window').waitFor();
    assert.deepEqual(await faults(idle), []);
    await idle.locator('.empty').getByRole('button', { name: 'Run' }).click();
    await settled(idle);

    const failed = await open('view=sql&scenario=failed', SIZE);
    await failed.getByText('no such column: nosuch').waitFor();
    assert.deepEqual(await faults(failed), []);
    const empty = await open('view=sql&scenario=empty', SIZE);
    await empty.getByText('No rows').waitFor();
  });

  it('tells that a limit was met and what was damaged, and offers to run again where rows are gone', async () => {
    const page = await opened('&scenario=cut');
    await page.getByText('entries: stopped at 1,000,000 rows').waitFor();
    await page
      .getByText(/problems?$/)
      .first()
      .waitFor();
    const gone = await opened('&scenario=failing&rows=3500');
    await gone.locator('.grid').focus();
    await gone.keyboard.press('End');
    await gone.getByText('Rows could not be read: this result is closed').waitFor();
  });

  it('keeps format, pane and query over a reload', async () => {
    const page = await opened();
    await page.getByRole('radio', { name: 'JSON' }).click();
    await page.getByRole('button', { name: 'Value at the side' }).click();
    await page.waitForTimeout(300);
    const state = (await page.evaluate(() => window.harness.state())) as { view: string; request: { query: string } };
    assert.equal(state.view, 'sql');
    assert.match(state.request.query, /^SELECT family/);
    await page.reload();
    await settled(page);
    assert.equal(await (await now(page.getByRole('radio', { name: 'JSON' }))).getAttribute('aria-checked'), 'true');
    assert.equal(
      await (await now(page.getByRole('button', { name: 'Value at the side' }))).getAttribute('aria-pressed'),
      'true',
    );
  });

  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light']) {
    it(`${theme}: no serious fault, and a picture`, async () => {
      const page = await opened(`&scenario=cut&theme=${theme}`, { width: 1180, height: 560 });
      await page.locator('.grid').focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Shift+ArrowDown');
      await shot(page, `sql-${theme}`);
      assert.deepEqual(await faults(page), []);
    });
  }

  endsWithoutErrors();
});
