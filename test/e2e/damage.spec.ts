/**
 * A damaged store in the real VS Code in a browser: checked from the palette, from the message to the Problems panel to
 * the byte; one that does not open, checked and repaired from the tree; OPTIONS as code; a world through its lens.
 * Pictures stay in .artifacts/screenshots/e2e-damage-*.png.
 */
import { strict as assert } from 'node:assert';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { corpusStore } from '../support/corpus.ts';
import { noBrowser, type Theme, Workbench } from './harness.ts';

const damaged = corpusStore('damaged/01-sst-data-block-flip');
const skip = noBrowser !== false ? noBrowser : damaged === undefined ? '../shared/corpus is not there' : false;

const theme: Theme = process.env['LSM_THEME'] === 'light' ? 'light' : 'dark';

describe('a damaged store in the workbench', { skip }, () => {
  let app: Workbench;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-damage-'));
    cpSync(damaged ?? '', join(folder, 'flipped'), { recursive: true });
    cpSync(damaged ?? '', join(folder, 'headless'), { recursive: true });
    // CURRENT stays, so that the workspace finds it; what it names is gone.
    for (const name of readdirSync(join(folder, 'headless'))) {
      if (name.startsWith('MANIFEST-')) rmSync(join(folder, 'headless', name));
    }
    app = await Workbench.open({ folder, theme, installed: true });
  });
  after(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const store = (name: string): Locator =>
    app.page.locator('.part.sidebar .monaco-list-row[aria-level="1"]').filter({ hasText: name }).first();
  const notification = (text: RegExp): Locator =>
    app.page
      .locator('.notification-list-item, .notifications-toasts .notification-toast')
      .filter({ hasText: text })
      .first();

  it('is checked from the tree, and the Problems panel leads to the byte', async () => {
    await app.showStores();
    await store('flipped').waitFor();
    await app.contextMenu(store('flipped'), 'Verify Checksums');
    const said = notification(/1 place of flipped is damaged/);
    await said.waitFor({ timeout: 30_000 });
    await app.page.screenshot({ path: shotPath('verified') });
    await said.getByRole('button', { name: 'Show Problems' }).click();
    const problem = app.page
      .locator('.markers-panel .monaco-list-row')
      .filter({ hasText: /checksum of the block/ })
      .first();
    await problem.waitFor({ timeout: 30_000 });
    await problem.dblclick();
    const tab = app.page.locator('.tab.active').filter({ hasText: '000013.sst.dump' });
    await tab.waitFor({ timeout: 20_000 });
    const line = app.page
      .locator('.editor-instance .view-line')
      .filter({ hasText: 'checksum of the block does not match' });
    await line.first().waitFor({ timeout: 20_000 });
    await app.page.screenshot({ path: shotPath('problem') });
  });

  it('is checked and repaired from the tree where it does not open', async () => {
    await store('headless').click();
    await app.page
      .locator('.part.sidebar .monaco-list-row')
      .filter({ hasText: 'which is not there' })
      .first()
      .waitFor();
    await store('headless').hover();
    await store('headless').getByRole('button', { name: 'Verify Checksums' }).click();
    await notification(/2 places of headless are damaged/).waitFor({ timeout: 30_000 });
    await store('headless').hover();
    await app.page.screenshot({ path: shotPath('failed') });
    await store('headless')
      .getByRole('button', { name: /Repair to New Folder/ })
      .click();
    const box = app.page.locator('.quick-input-widget input');
    await box.waitFor();
    assert.equal(await box.inputValue(), join(folder, 'headless-repaired'));
    await app.page.keyboard.press('Enter');
    const done = notification(/Repaired headless into headless-repaired/);
    await done.waitFor({ timeout: 60_000 });
    await app.page.locator('.editor-instance .view-line').filter({ hasText: 'Column families' }).first().waitFor();
    await app.page.screenshot({ path: shotPath('repaired') });
    await done.getByRole('button', { name: 'Open Repaired Store' }).click();
    await store('headless-repaired').waitFor({ timeout: 30_000 });
    assert.ok(existsSync(join(folder, 'headless-repaired', 'CURRENT')));
  });

  it('has its OPTIONS as code', async () => {
    const node = app.page
      .locator('.part.sidebar .monaco-list-row')
      .filter({ hasText: /OPTIONS-\d+/ })
      .first();
    await node.scrollIntoViewIfNeeded();
    await node.click();
    const line = app.page.locator('.editor-instance .view-line').filter({ hasText: 'DBOptions' });
    await line.first().waitFor({ timeout: 20_000 });
    await app.page.waitForTimeout(1_500);
    await app.page.screenshot({ path: shotPath('options') });
  });
});

function shotPath(name: string): string {
  return join(import.meta.dirname, '../../.artifacts/screenshots', `e2e-damage-${name}-${theme}.png`);
}
