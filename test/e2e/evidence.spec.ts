/**
 * Evidence in the real VS Code in a browser: of a LevelDB store with overwritten and deleted keys and a table that
 * nobody counts, a deleted value is found and leads to its byte; the records are exported with their digests.
 * Pictures stay in .artifacts/screenshots/e2e-evidence-*.png.
 */
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import type { Frame } from 'playwright-core';
import { noBrowser, Workbench, walkedThemes } from './harness.ts';

const person = (n: number, round: number): string =>
  JSON.stringify({ name: `Person ${n}`, visits: round * 17 + (n % 9), mail: `p${n}@example.org` });
const key = (n: number): string => `user:${String(n).padStart(4, '0')}`;

/** Three lives of a store; what the second left in a table is put back after the compaction that removed it. */
async function makeStore(directory: string): Promise<void> {
  let kept: string | undefined;
  for (let round = 0; round < 3; round++) {
    const db = new ClassicLevel(directory);
    await db.open();
    for (let n = round; n < 240; n += 1 + round) await db.put(key(n), person(n, round));
    if (round === 1) for (let n = 40; n < 60; n++) await db.del(key(n));
    await db.put('user:0042:secret', `note of round ${round}`);
    if (round === 2) {
      await db.del('user:0042:secret');
      await db.put('user:last', 'in the log only');
    }
    await db.close();
    const table = readdirSync(directory).find((n) => n.endsWith('.ldb'));
    if (round === 1 && table !== undefined) {
      kept = join(directory, '..', 'kept.ldb');
      copyFileSync(join(directory, table), kept);
    }
  }
  if (kept !== undefined) {
    copyFileSync(kept, join(directory, '000990.ldb'));
    rmSync(kept);
  }
}

for (const theme of walkedThemes('dark', 'light')) {
  describe(`evidence in the workbench, ${theme}`, { skip: noBrowser }, () => {
    let folder: string;
    let store: string;
    let app: Workbench;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'lsm-evidence-'));
      store = join(folder, 'leveldb');
      await makeStore(store);
      app = await Workbench.open({ folder, theme, installed: true });
    });
    after(async () => {
      await app?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const settled = (page: Frame): Promise<unknown> =>
      page.waitForFunction(
        () =>
          document.querySelector('.status-text')?.textContent?.includes('complete') === true &&
          document.querySelector('.grid-layer .grid-row') !== null &&
          document.querySelector('.grid-row.pending') === null,
      );

    it('a deleted value is found, and leads to its byte', async () => {
      await app.showStores();
      await app.treeRow('leveldb').waitFor({ timeout: 30_000 });
      await app.contextMenu(app.treeRow('leveldb'), 'Show Evidence');
      const page = await app.webview('.evidence .grid-row');
      await settled(page);
      await app.screenshot(`e2e-evidence-all-${theme}`);
      await page.getByRole('textbox', { name: 'Keys that begin with' }).fill('user:0042');
      await page.waitForFunction(() => /^\d+ records/.test(document.querySelector('.status-text')?.textContent ?? ''));
      await page.getByRole('button', { name: /^deleted/ }).click();
      await page.getByRole('button', { name: /^orphan/ }).click();
      await settled(page);
      const row = page.locator('.grid-layer .grid-row').filter({ hasText: 'note of round 2' });
      await row.waitFor({ timeout: 20_000 });
      assert.match(await row.evaluate((r) => r.textContent ?? ''), /deleted.*user:0042:secret.*\.log/);
      const statuses = await page.locator('.grid-layer .became').allInnerTexts();
      assert.ok(statuses.includes('orphan') && statuses.every((s) => s === 'deleted' || s === 'orphan'));
      await row.click();
      await page.waitForFunction(() =>
        document.querySelector('.detail-body')?.textContent?.includes('note of round 2'),
      );
      await app.screenshot(`e2e-evidence-deleted-${theme}`);
      // By the keyboard: Enter leads to the operation in the log.
      await page.locator('.grid').focus();
      await app.page.keyboard.press('Enter');
      const line = app.page.locator('.editor-instance .view-line').filter({ hasText: 'put user:0042:secret' });
      await line.first().waitFor({ timeout: 20_000 });
      await app.page.waitForTimeout(800);
      await app.screenshot(`e2e-evidence-byte-${theme}`);
      await app.page.locator('.tab').filter({ hasText: 'Evidence' }).first().click();
      const again = await app.webview('.evidence .grid-row');
      await settled(again);
      assert.equal(await again.getByRole('button', { name: /^orphan/ }).getAttribute('aria-pressed'), 'true');
      const orphan = again.locator('.grid-layer .grid-row').filter({ hasText: '000990.ldb' }).first();
      await orphan.locator('.link').click();
      const inBlock = app.page.locator('.editor-instance .view-line').filter({ hasText: 'key user:0042' });
      await inBlock.first().waitFor({ timeout: 20_000 });
      await app.page.locator('.tab.active').filter({ hasText: '000990.ldb@' }).waitFor();
      await app.screenshot(`e2e-evidence-orphan-${theme}`);
    });

    it('is exported with the SHA-256 of its sources', async () => {
      await app.runCommand('View: Close All Editors');
      await app.openStore(store);
      await app.treeRow('leveldb').waitFor({ timeout: 30_000 });
      await app.runCommand('LSM: Export Evidence');
      await app.pick('JSON lines');
      const out = join(folder, 'leveldb-evidence');
      await app.answer(out, 'The directory for the records');
      const said = app.page
        .locator('.notifications-toasts .notification-toast')
        .filter({ hasText: /Wrote \d+ records/ });
      await said.first().waitFor({ timeout: 30_000 });
      await said.first().getByRole('button', { name: 'Open' }).click();
      await app.page.locator('.tab.active').filter({ hasText: 'evidence.jsonl' }).waitFor({ timeout: 20_000 });
      await app.screenshot(`e2e-evidence-export-${theme}`);
      const lines = readFileSync(join(out, 'evidence.jsonl'), 'utf8').trim().split('\n');
      assert.match(lines[0] ?? '', /"sha256":"[\da-f]{64}"/);
      assert.ok(lines.some((l) => l.includes('note of round 2') && l.includes('"status":"deleted"')));
      assert.match(readFileSync(join(out, 'SOURCES.sha256'), 'utf8'), /^[\da-f]{64} {2}000990\.ldb$/m);
    });
  });
}
