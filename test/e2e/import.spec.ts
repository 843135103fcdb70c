/**
 * A CSV file is imported in the real VS Code in a browser: its columns are chosen, the preview is read, LevelDB
 * itself reads what was written, and the undo takes it away. Pictures stay in .artifacts/screenshots/e2e-import-*.png.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import type { Locator } from 'playwright-core';
import { noBrowser, Workbench, walkedThemes } from './harness.ts';

/** What LevelDB itself reads. */
async function official(directory: string, key: Buffer): Promise<string | undefined> {
  const db = new ClassicLevel<Buffer, string>(directory, { keyEncoding: 'buffer' });
  await db.open();
  try {
    return await db.get(key);
  } finally {
    await db.close();
  }
}

const KEY = Buffer.from([...Buffer.from('user:'), 0, 0, 0, 2]);

for (const theme of walkedThemes('dark', 'light')) {
  describe(`importing a file, ${theme}`, { skip: noBrowser }, () => {
    let app: Workbench;
    let folder: string;
    let store: string;
    const dialog = (): Locator => app.page.locator('.monaco-dialog-box');
    const lens = (text: string): Locator => app.page.locator('.codelens-decoration a', { hasText: text }).first();

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'lsm-e2e-import-'));
      store = join(folder, 'users');
      const db = new ClassicLevel<Buffer, string>(store, { keyEncoding: 'buffer' });
      await db.put(KEY, 'old');
      await db.close();
      const names = ['Ada', 'Bob', 'Cy', 'Dee', 'Eve', 'Fay'];
      const rows = Array.from({ length: 120 }, (_, n) => `${n + 1},"${names[n % 6]}, ${n}",${n * 7}`);
      rows[4] = '5,"broken"x,1';
      rows[8] = 'nine,Ida,2';
      writeFileSync(join(folder, 'users.csv'), `id,name,visits\n${rows.join('\n')}\n`);
      app = await Workbench.open({ folder, theme, installed: true, settings: { 'lsm.overview.showOnOpen': false } });
    });

    after(async () => {
      await app?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('asks what the columns mean, and previews', async () => {
      await app.openStore(store);
      await app.showStores();
      await app.treeRow('users').first().waitFor();
      await app.runCommand('LSM: Import');
      await app.answer(join(folder, 'users.csv'), 'File to import');
      await app.page.locator('.quick-input-widget', { hasText: 'Import users.csv into users' }).waitFor();
      await app.page.waitForTimeout(400);
      await app.screenshot(`e2e-import-form-${theme}`);
      await app.pick('Key');
      await app.page.locator('.quick-input-widget', { hasText: 'Which column is the key' }).waitFor();
      await app.page.waitForTimeout(400);
      await app.screenshot(`e2e-import-columns-${theme}`);
      await app.pick('Typed key…');
      await app.answer('"user:" + u32be({id})', 'A key as it is typed');
      await app.pick('Preview');
      const editor = app.page.locator('.editor-group-container.active');
      await editor.locator('.view-line', { hasText: 'Import of' }).first().waitFor();
      await lens('Import 118 rows…').waitFor();
      await app.page.waitForTimeout(500);
      await app.screenshot(`e2e-import-preview-${theme}`);
      assert.equal(await official(store, KEY), 'old', 'a preview writes nothing');
    });

    it('says what changes, imports, and takes it back', async () => {
      await app.quiet();
      await lens('Import 118 rows…').click();
      await dialog().waitFor();
      const text = ((await dialog().textContent()) ?? '').replace(/\s+/g, ' ');
      assert.match(text, /117 new · 1 overwriting/);
      assert.match(text, /The store will be changed/);
      await app.screenshot(`e2e-import-confirm-${theme}`);
      await dialog().getByRole('button', { name: 'Import 118 rows' }).click();
      await app.page.locator('.notification-list-item', { hasText: 'Imported users.csv' }).first().waitFor();
      await lens('Import 118 rows…').waitFor({ state: 'detached' });
      await app.page.waitForTimeout(600);
      await app.screenshot(`e2e-import-done-${theme}`);
      assert.match((await official(store, KEY)) ?? '', /"name":"Bob, 1"/);
      await app.runCommand('LSM: Undo Last Write');
      await dialog().getByRole('button', { name: 'Undo' }).click();
      await app.page.locator('.notification-list-item', { hasText: 'Undo of' }).first().waitFor();
      assert.equal(await official(store, KEY), 'old');
    });
  });
}
