/** The evidence page in a browser: what a person finds by status and by key, with mouse and keyboard, in every theme. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ViewAction } from '../../engine/protocol/viewApi.ts';
import { faults } from './checks.ts';
import { HTML_KEY } from './pages/data.ts';
import { cellTexts, now, said, selected, settled, shot, skip, visit } from './pages/visit.ts';

describe('webview: evidence', { skip }, () => {
  const { open, endsWithoutErrors } = visit();
  const lastAction = (page: Awaited<ReturnType<typeof open>>): Promise<ViewAction | undefined> =>
    page.evaluate(() => window.harness.sent.flatMap((m) => (m.t === 'do' ? [m.what] : [])).at(-1));

  it('shows records with their status and place, and what came of them', async () => {
    const page = await open('view=evidence');
    await settled(page);
    assert.equal(await said(page.locator('.status-text')), '200,000 records, 18.3 MB, complete, 1.2 s');
    const chips = await (await now(page.locator('.chip'))).allInnerTexts();
    assert.deepEqual(
      chips.map((c) => c.replace(/\s+/g, ' ')),
      ['live 80,000', 'shadowed 40,000', 'deleted 20,000', 'tombstone 40,000', 'orphan 20,000'],
    );
    const row = await cellTexts(page, '.grid-layer .grid-row[aria-rowindex="5"]');
    assert.deepEqual([row[0], row[1], row[2], row[3]], ['4', 'deleted', 'default', 'user:000001:profile']);
    assert.deepEqual(row.slice(-2), ['000031.log', '0']);
    assert.equal((await cellTexts(page, '.grid-layer .grid-row[aria-rowindex="3"]'))[3], HTML_KEY);
    assert.equal(await (await now(page.locator('main b, main img'))).count(), 0);
    assert.match(await said(page.locator('.sources')), /000007\.ldb\s+2\.01 MB\s+orphan/);
    assert.equal(await page.locator('.grid').evaluate((g) => g.scrollWidth - g.clientWidth), 0);
  });

  it('picks by status, by keyboard too, and reaches the last of those that are picked', async () => {
    const page = await open('view=evidence');
    await settled(page);
    const chip = page.getByRole('button', { name: /^deleted/ });
    await chip.focus();
    await page.keyboard.press('Space');
    assert.equal(await (await now(chip)).getAttribute('aria-pressed'), 'true');
    await settled(page);
    assert.match(await said(page.locator('.status-text')), /^20,000 of 200,000 records/);
    await page.getByRole('button', { name: /^orphan/ }).click();
    await settled(page);
    assert.match(await said(page.locator('.status-text')), /^40,000 of 200,000 records/);
    await page.locator('.grid').focus();
    await page.keyboard.press('Control+End');
    await settled(page);
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '40,000');
    assert.equal((await cellTexts(page, '.grid-row.selected'))[1], 'orphan');
    const shown = await (await now(page.locator('.grid-layer .became'))).allInnerTexts();
    assert.ok(shown.length > 5 && shown.every((s) => s === 'deleted' || s === 'orphan'), shown.join());
    await page.waitForTimeout(250);
    await page.reload();
    await settled(page);
    assert.equal(await (await now(page.getByRole('button', { name: /^orphan/ }))).getAttribute('aria-pressed'), 'true');
    assert.equal((await cellTexts(page, '.grid-row.selected'))[0], '40,000');
  });

  it('leads to the byte: Enter and the file of a table to its block, of a log to its record', async () => {
    const page = await open('view=evidence');
    await settled(page);
    await page.locator('.grid').focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
    assert.equal(await (await now(selected(page))).getAttribute('aria-rowindex'), '5');
    await page.keyboard.press('Enter');
    const log = await lastAction(page);
    assert.ok(log?.action === 'openRecord' && log.file === '000031.log' && !log.inBlock && log.seq === 6_999_997);
    await page.locator('.grid-row[aria-rowindex="9"] .link').click();
    const table = await lastAction(page);
    assert.ok(table?.action === 'openRecord' && table.file === '000007.ldb' && table.inBlock);
    await page.locator('.detail-facts .link').click();
    assert.equal((await lastAction(page))?.action, 'openRecord');
    await page.locator('.grid').focus();
    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => window.harness.actions().includes('copyText'));
    const copied = await lastAction(page);
    assert.ok(copied?.action === 'copyText');
    assert.match(copied.text, /^orphan\tuser:000003:profile\t\{"user":7,.*\t6999993\tput\t000007\.ldb\t0$/);
  });

  it('narrows to keys that begin with what is typed, and says what is wrong with it', async () => {
    const page = await open('view=evidence');
    await settled(page);
    const box = page.getByRole('textbox', { name: 'Keys that begin with' });
    await box.fill('0x7');
    assert.match(await said(page.locator('.wrong')), /two digits a byte/);
    await page.waitForTimeout(700);
    assert.deepEqual(await page.evaluate(() => window.harness.actions()), []);
    await box.fill('user:0');
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.startsWith('1,000 records'));
    const asked = await lastAction(page);
    assert.ok(asked?.action === 'filterEvidence');
    assert.equal(new TextDecoder().decode(asked.prefix), 'user:0');
    assert.equal(await (await now(box)).inputValue(), 'user:0');
    await box.fill('user:000000:nobody');
    await page.keyboard.press('Enter');
    await page.getByText('No records here').waitFor();
    await shot(page, 'evidence-empty-dark');
    await page.getByRole('button', { name: 'Show all records' }).click();
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.startsWith('200,000'));
    await page.getByRole('combobox', { name: 'Column family' }).selectOption({ label: 'sessions' });
    await page.waitForFunction(() => window.harness.actions().length > 3);
    const family = await lastAction(page);
    assert.ok(family?.action === 'filterEvidence' && family.family === 'sessions' && family.prefix === undefined);
  });

  it('follows a count and stops it; reads through a lens; exports', async () => {
    const page = await open('view=evidence&scenario=counting');
    await settled(page);
    assert.match(await said(page.locator('.status-text')), /^60,000 records, .*counting…/);
    assert.ok(await (await now(page.getByRole('progressbar'))).isVisible());
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.waitForFunction(() => document.querySelector('.status-text')?.textContent?.includes('stopped there'));
    assert.equal(await (await now(page.getByRole('progressbar'))).isVisible(), false);
    await page.getByRole('combobox', { name: /^Lens/ }).selectOption({ label: 'MessagePack' });
    await page.waitForFunction(() => document.querySelector('.grid-layer')?.textContent?.includes('decoded'));
    await page.getByRole('button', { name: 'Export evidence…' }).click();
    assert.equal((await lastAction(page))?.action, 'exportEvidence');
  });

  it('says what is wrong: records that fail, a directory without a MANIFEST, an engine that died', async () => {
    const failing = await open('view=evidence&scenario=failing');
    await failing.getByText('Some records could not be read').waitFor();
    const broken = await open('view=evidence&scenario=broken');
    await settled(broken);
    assert.match(
      await said(broken.locator('.problems')),
      /2 problems[\s\S]*CURRENT is missing[\s\S]*which files count/,
    );
    await broken.evaluate(() => window.harness.post({ t: 'engine', alive: false, message: 'The engine has stopped.' }));
    await broken.getByText('The engine has stopped.').waitFor();
    await broken.getByRole('button', { name: 'Gather again' }).last().click();
    assert.equal((await lastAction(broken))?.action, 'rerun');
  });

  for (const theme of ['light', 'dark', 'hc-dark', 'hc-light']) {
    it(`${theme}: no serious fault, and a picture`, async () => {
      const page = await open(`view=evidence&theme=${theme}&scenario=broken`);
      await settled(page);
      assert.deepEqual(await faults(page), []);
      await page.getByRole('button', { name: /^deleted/ }).click();
      await page.getByRole('button', { name: /^orphan/ }).click();
      await settled(page);
      await page.locator('.grid').focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
      await settled(page);
      await shot(page, `evidence-${theme}`);
      assert.deepEqual(await faults(page), []);
    });
  }

  it('stands at a narrow width', async () => {
    const page = await open('view=evidence&theme=light&scenario=single', { width: 620, height: 520 });
    await settled(page);
    await shot(page, 'evidence-narrow-light');
    const inside = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    assert.ok(inside, 'nothing runs out of the page');
  });

  endsWithoutErrors();
});
