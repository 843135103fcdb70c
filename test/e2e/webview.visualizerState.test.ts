/** The visualiser in a browser: what it is asked for, what it keeps, and what stands beside its history. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faults } from './checks.ts';
import { frames, now, said, shot, skip, visit, words } from './pages/visit.ts';
import { caption, history, place, saved, slider } from './pages/visualizer.ts';

describe('webview: visualiser, asked and kept', { skip }, () => {
  const { open, endsWithoutErrors } = visit();

  it('says where history starts, and where there is none', async () => {
    const page = await open('view=visualizer&scenario=start&theme=light');
    await history(page, 120);
    await page.locator('body').press('Home');
    assert.match(await caption(page), /Before the history that the MANIFEST tells/);
    await page.locator('body').press('ArrowRight');
    assert.match(await caption(page), /^History starts here: 300 tables/);
    assert.match(await said(page.locator('.caption-facts')), /history starts here/);
    await shot(page, 'visualizer-start-light');
    const empty = await open('view=visualizer&scenario=empty&theme=light');
    await empty.locator('.empty-title', { hasText: 'No history yet' }).waitFor();
    await shot(empty, 'visualizer-empty-light');
    assert.deepEqual(await faults(empty), []);
  });

  it('says what failed, and tries again', async () => {
    const page = await open('view=visualizer&scenario=live');
    await history(page, 200);
    await page.evaluate(() => {
      const { timeline } = window.harness;
      if (timeline !== undefined) timeline.failing = true;
      timeline?.grow(3);
    });
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match(await said(alert), /could not be read: .*Input\/output error/);
    assert.equal(await place(page), 200);
    await page.evaluate(() => {
      const { timeline } = window.harness;
      if (timeline !== undefined) timeline.failing = false;
    });
    await alert.getByText('Try again').click();
    await history(page, 203);
    assert.equal(await (await now(page.getByRole('alert'))).count(), 0);
    await page.evaluate(() =>
      window.harness.post({ t: 'engine', alive: false, message: 'The engine stopped: out of memory.' }),
    );
    assert.match(await said(alert), /out of memory/);
    await page.evaluate(() => window.harness.post({ t: 'engine', alive: true, message: '' }));
    await alert.waitFor({ state: 'detached' });
    await history(page, 203);
  });

  it('searches keys, and does what it is asked for from outside', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    const input = page.getByRole('textbox', { name: 'Search a key' });
    await input.fill("'unclosed");
    await input.press('Enter');
    assert.equal(await (await now(input)).getAttribute('aria-invalid'), 'true');
    await input.fill('user:2000000000');
    await input.press('Enter');
    await page
      .getByText(/in \d+ tables?/)
      .first()
      .waitFor();
    assert.equal(await (await now(input)).getAttribute('aria-invalid'), null);
    await page.evaluate(() => window.harness.timeline?.request({ ask: 'select', family: 0, tables: [1021, 1022] }));
    await page.getByText('2 tables picked').waitFor();
    assert.match(await said(page.locator('.details')), /Table 1021/);
    await page.evaluate(() => window.harness.timeline?.request({ ask: 'family', family: 1 }));
    await history(page, 12);
    assert.equal(await (await now(page.getByRole('combobox', { name: 'Column family' }))).inputValue(), '1');
  });

  it('exports pictures and tables', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    const choose = async (label: string): Promise<void> => {
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByRole('menuitem', { name: label }).click();
    };
    for (const label of ['Map as PNG…', 'Map as SVG…', 'Live tables as CSV…', 'Edits as CSV…', 'Curves as CSV…']) {
      const before = (await saved(page)).length;
      await choose(label);
      await page.waitForFunction((n) => window.harness.actions().filter((a) => a === 'saveFile').length > n, before);
    }
    const files = await saved(page);
    assert.deepEqual(
      files.map((f) => f.suggested),
      [
        'rocksdb-default-edit-400.png',
        'rocksdb-default-edit-400.svg',
        'rocksdb-default-tables-edit-400.csv',
        'rocksdb-default-edits.csv',
        'rocksdb-default-curves.csv',
      ],
    );
    assert.match(files[0]?.text ?? '', /PNG/);
    assert.match(files[1]?.text ?? '', /^(<\?xml[^>]*>\s*)?<svg [\s\S]*<rect/);
    const tables = (files[2]?.text ?? '').trim().split('\r\n');
    assert.match(tables[0] ?? '', /^table,level,bytes,smallest key/);
    assert.match(tables[1] ?? '', /^\d+,\d,\d+,user:\d{10},user:\d{10},757365723a[0-9a-f]+,/);
    const edits = (files[3]?.text ?? '').split('\r\n');
    assert.match(edits[1] ?? '', /^1,2026-01-05 [^,]+,flush,manifest,told,/);
    assert.match((files[4]?.text ?? '').split('\r\n')[0] ?? '', /Bytes per level, L0/);
  });

  it('comes back as it was after a reload, and takes nothing that makes no sense', async () => {
    const page = await open('view=visualizer&scenario=typical');
    await history(page, 400);
    await page.getByRole('radio', { name: 'Bytes' }).click();
    await page.getByRole('combobox', { name: 'Colour by' }).selectOption('tombstones');
    await slider(page).press('Home');
    await slider(page).press('Shift+ArrowRight');
    const input = page.getByRole('textbox', { name: 'Search a key' });
    await input.fill('user:0900000000');
    await input.press('Enter');
    await page.locator('.edit-table.added').first().click();
    const picked = await said(page.locator('.details h2'));
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('757365723a'));
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('"at":10'));
    await page.reload();
    await history(page, 400);
    assert.equal(await place(page), 10);
    assert.equal(await said(page.locator('.details h2')), picked);
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.search-input')?.value !== '');
    assert.equal(await (await now(input)).inputValue(), 'user:0900000000');
    assert.equal(await (await now(page.getByRole('radio', { name: 'Bytes' }))).getAttribute('aria-checked'), 'true');
    assert.equal(await (await now(page.getByRole('combobox', { name: 'Colour by' }))).inputValue(), 'tombstones');
    await page.evaluate(() => {
      const state = window.harness.state() as { ui: { state: Record<string, unknown> } };
      Object.assign(state.ui.state, { at: 1e9, speed: 'fast', window: { from: 3, to: 1 }, colour: 'pink' });
      // At the very end: the page may be about to save what it has restored.
      const text = JSON.stringify(state);
      window.addEventListener('pagehide', () => sessionStorage.setItem('state:visualizer', text));
    });
    await page.reload();
    await history(page, 400);
    assert.equal(await place(page), 400);
    assert.equal(await (await now(page.getByRole('combobox', { name: 'Colour by' }))).inputValue(), 'level');
  });

  it('lays a second history beside the one on show, and takes it away', async () => {
    const page = await open('view=visualizer&scenario=typical', { width: 1400, height: 900 });
    await history(page, 400);
    const plots = page.locator('.curve');
    const before = await said(plots.first().locator('.curve-values'));
    await page.getByRole('button', { name: 'Compare with another history' }).click();
    await page.locator('.track-chip', { hasText: 'beside universal' }).waitFor();
    const writeAmp = page.locator('.curve', { hasText: 'Write amplification' }).locator('.curve-values');
    await page.waitForFunction(() => document.querySelectorAll('.curve .curve-swatch.track').length >= 4);
    assert.match(await said(writeAmp), /universal/);
    await slider(page).focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight');
    await frames(page);
    assert.match(words([await said(writeAmp)])[0] ?? '', /^[\d.]+ universal [\d.]+ \([+−±]\d+ %\)$/);
    await shot(page, 'visualizer-track');
    assert.deepEqual(await faults(page), []);
    await page.waitForFunction(() => JSON.stringify(window.harness.state()).includes('/data/universal'));
    await page.reload();
    await page.locator('.track-chip', { hasText: 'beside universal' }).waitFor();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Take universal away' }).click();
    await page.locator('.track-chip').waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.querySelectorAll('.curve .curve-swatch.track').length === 0);
    assert.equal(await said(plots.first().locator('.curve-values')), before);
  });

  endsWithoutErrors();
});
