/**
 * A value is edited in the real VS Code in a browser: its difference is shown, it is written, LevelDB itself reads it,
 * and the undo brings the old one back. What was asked stands in the query history, and can be kept.
 * Pictures stay in .artifacts/screenshots/e2e-edit-*.png.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import type { Locator } from 'playwright-core';
import { noBrowser, Workbench } from './harness.ts';

const KEY = 'user:0007';
const VALUE = '{"name":"Ada","visits":41,"tags":["admin","beta"]}';

/** What LevelDB itself reads. */
async function official(directory: string): Promise<string | undefined> {
  const db = new ClassicLevel(directory);
  await db.open();
  try {
    return await db.get(KEY);
  } finally {
    await db.close();
  }
}

describe('editing a value, and its undo', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;
  let store: string;
  const header = (view: string): Locator => app.page.locator(`.part.sidebar .pane-header[aria-label*="${view}"]`);
  const dialog = (): Locator => app.page.locator('.monaco-dialog-box');

  async function press(button: string): Promise<void> {
    await dialog().getByRole('button', { name: button }).click();
    await dialog().waitFor({ state: 'hidden' });
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-e2e-edit-'));
    store = join(folder, 'users');
    const db = new ClassicLevel(store);
    for (let n = 0; n < 20; n++) await db.put(`user:${String(n).padStart(4, '0')}`, n === 7 ? VALUE : `{"n":${n}}`);
    await db.close();
    app = await Workbench.open({
      folder,
      theme: 'dark',
      installed: true,
      settings: { 'lsm.overview.showOnOpen': false },
    });
  });

  after(async () => {
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens the value, shows the difference, and writes when told to', async () => {
    await app.openStore(store);
    await app.showStores();
    await app.treeRow('users').waitFor();
    await app.runCommand('LSM: Get Key');
    await app.answer(KEY, 'Key to look up');
    const editor = app.page.locator('.editor-group-container.active');
    await editor.locator('.view-line', { hasText: 'Ada' }).first().waitFor();
    await app.runCommand('LSM: Edit Value');
    await editor.locator('.tab.active', { hasText: KEY }).first().waitFor();
    const visits = editor.locator('.view-line', { hasText: '41' }).first();
    await visits.waitFor();
    await app.page.waitForTimeout(500);
    await visits.getByText('41').first().dblclick();
    await app.page.keyboard.type('42');
    await editor.locator('.view-line', { hasText: '"visits": 42' }).first().waitFor();
    await app.page.keyboard.press('Control+S');
    await dialog().waitFor();
    const text = ((await dialog().textContent()) ?? '').replace(/\s+/g, ' ');
    assert.match(text, /user:0007/);
    assert.match(text, /The store will be changed/);
    await app.page.locator('.monaco-diff-editor').first().waitFor();
    await app.screenshot('e2e-edit-difference-dark');
    assert.equal(await official(store), VALUE, 'nothing is written before it is agreed to');
    await press('Write');
    await app.page.locator('.notification-list-item', { hasText: 'sequence' }).first().waitFor();
    assert.equal(await official(store), VALUE.replace('41', '42'));
  });

  it('takes it back', async () => {
    await app.runCommand('LSM: Undo Last Write');
    await dialog().waitFor();
    await app.screenshot('e2e-edit-undo-dark');
    await press('Undo');
    await app.page.locator('.notification-list-item', { hasText: 'Undo of' }).first().waitFor();
    assert.equal(await official(store), VALUE);
  });

  it('lists the get in the history, and keeps the key', async () => {
    await app.quiet();
    await header('Query History').click();
    const get = app.treeRow(`Get ${KEY}`);
    await get.waitFor();
    await get.click();
    await app.page.locator('.editor-group-container.active .tab.active', { hasText: KEY }).first().waitFor();
    await app.runCommand('LSM: Add Bookmark');
    await app.answer('Ada', 'Name of the bookmark');
    await header('Bookmarks').click();
    await app.treeRow('Ada').waitFor();
    await app.screenshot('e2e-edit-history-dark');
  });
});
