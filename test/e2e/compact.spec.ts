/**
 * Compacting from the tree, in the real VS Code in a browser: plan, cancel once, run once, see the tree and the
 * summary change; a refusal beside an owner with the way out of it; a sample store from the palette.
 * Pictures stay in .artifacts/screenshots/e2e-compact-*.png.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import type { Locator } from 'playwright-core';
import { until } from './checks.ts';
import { makeEvents } from './events.ts';
import { noBrowser, Workbench, walkedThemes } from './harness.ts';

const KEYS = 600_000;
const NAME = 'events';
/** Megabytes that a compaction reads and writes a second. */
const RATE_MB = 12;

/** A digest over names and contents of tables and MANIFEST. */
function digest(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory).sort()) {
    if (/\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name)) hash.update(name).update(readFileSync(join(directory, name)));
  }
  return hash.digest('hex');
}

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

/** The levels of the tree with what stands beside them: "L1 3 tables · 4.2 MB". */
async function levels(app: Workbench): Promise<string[]> {
  const rows = await app.page.locator('.part.sidebar .monaco-list-row[aria-level="3"]').allInnerTexts();
  return rows.map((text) => text.replace(/\s+/g, ' ').trim()).filter((text) => /^L\d/.test(text));
}

/** Selects the row first, so that the command is about it alone. */
async function contextMenu(app: Workbench, row: Locator, label: string, picture?: string): Promise<void> {
  await row.click();
  await app.contextMenu(row, label, picture);
}

/** What stands in a part of the page; '' while it is not there. */
async function textOf(part: Locator): Promise<string> {
  const text = (await part.count()) === 0 ? '' : await part.textContent().catch(() => '');
  return (text ?? '').replace(/\s+/g, ' ');
}

const dialog = (app: Workbench): Locator => app.page.locator('.monaco-dialog-box');
const toast = (app: Workbench, text: string | RegExp): Locator =>
  app.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text }).first();

async function press(app: Workbench, button: string): Promise<void> {
  await dialog(app).getByRole('button', { name: button }).click();
  await dialog(app).waitFor({ state: 'hidden' });
}

/** Presses Cancel on the progress notification. */
async function cancel(app: Workbench, text: string | RegExp): Promise<void> {
  const item = toast(app, text);
  await item.hover();
  await item.getByRole('button', { name: 'Cancel' }).click();
}

class Owner {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async open(directory: string): Promise<Owner> {
    const script = resolve(import.meta.dirname, '../host/owner.mjs');
    const child = spawn(process.execPath, [script, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'open');
    return new Owner(child);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.stdin?.end('close\n');
    await ended;
  }
}

for (const theme of walkedThemes('light', 'dark')) {
  describe(`compact: from the tree (${theme})`, { skip: noBrowser }, () => {
    let app: Workbench;
    let folder: string;
    let directory: string;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'lsm-compact-'));
      directory = join(folder, NAME);
      await makeEvents(directory, KEYS);
      // Slow enough for a person to change their mind.
      const settings = { 'lsm.compaction.maxMegabytesPerSecond': RATE_MB };
      app = await Workbench.open({ folder, theme, installed: true, settings });
      await app.showStores();
      await app.openStore(directory);
      await app.webview('main.overview .store-head');
      await expand(app, 2, 'default');
    });
    after(async () => {
      await app?.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    it('shows the plan of a level, and leaves everything as it is', async () => {
      const was = digest(directory);
      const first = await until(
        'levels are listed',
        () => levels(app),
        (found) => found.length > 0,
      );
      const label = first.find((l) => /\d tables?/.test(l))?.slice(0, 2) ?? '';
      await contextMenu(app, node(app, 3, label), 'Plan Compaction', `e2e-compact-menu-${theme}`);
      await dialog(app).waitFor();
      const text = await textOf(dialog(app));
      assert.match(text, /Compact level \d of default\?/);
      assert.match(text, /Reads \d+ tables?, [\d.]+ [KM]B: \d+ of L\d/);
      assert.match(text, /Writes about [\d.]+ [KM]B into L\d/);
      assert.match(text, /Drops [\d,]+ tombstones and [\d,]+ shadowed entries of [\d,]+/);
      assert.match(text, /of disk at the most while it runs; [\d.]+ [GT]B are free/);
      await app.screenshot(`e2e-compact-plan-${theme}`);
      await press(app, 'Show Details');
      await app.page.locator('.tab.active', { hasText: 'Plan 1' }).waitFor();
      await app.screenshot(`e2e-compact-plan-details-${theme}`);
      assert.equal(digest(directory), was);
      await app.runCommand('View: Close All Editors');
    });

    it('cancels: the store is as it was', async () => {
      const was = digest(directory);
      const shape = await levels(app);
      await app.runCommand('LSM: Compact…');
      await app.pick('All tables');
      await dialog(app).waitFor();
      await press(app, 'Compact in Place');
      const running = toast(app, /Compacting all of events/);
      await until(
        'progress is told',
        () => textOf(running),
        (text) => /[1-9]\d*% · (merging|verifying) default · [\d.]+ MB\/s/.test(text),
      );
      const bar = app.page.locator('[id="lsm-inspector.lsm-inspector.lsm.compaction"]');
      assert.match(await textOf(bar), /Compacting all of events: \d+%/);
      await app.screenshot(`e2e-compact-running-${theme}`);
      await cancel(app, /Compacting all of events/);
      await toast(app, 'The compaction was cancelled; the store is as it was.').waitFor();
      await bar.waitFor({ state: 'detached' });
      assert.equal(digest(directory), was);
      assert.deepEqual(await levels(app), shape);
      await app.quiet();
    });

    // What follows says nothing more in other colours.
    if (theme !== 'light') return;

    it('compacts a level: the tree and the summary change', async () => {
      const shape = await levels(app);
      const label = shape.find((l) => /\d tables?/.test(l))?.slice(0, 2) ?? '';
      assert.ok(shape.filter((l) => /\d tables?/.test(l)).length > 1, shape.join());
      await contextMenu(app, node(app, 3, label), 'Compact…');
      await dialog(app).waitFor();
      await press(app, 'Compact in Place');
      const done = toast(app, new RegExp(`Compacted level ${label.slice(1)} of default: `));
      await done.waitFor({ timeout: 60_000 });
      const words = await textOf(done);
      assert.match(words, /tables \d+ → \d+ · [\d.]+ MB → [\d.]+ MB · sorted runs \d+ → \d+ · tombstones [\d,]+ → /);
      const now = await until(
        'the tree follows',
        () => levels(app),
        (found) => found.length > 0 && !found.some((l) => l.startsWith(label) && /\d tables?/.test(l)),
      );
      await app.page.waitForTimeout(400);
      await app.screenshot(`e2e-compact-done-${theme}`);
      await done.getByRole('button', { name: 'Show Details' }).click();
      await app.page.locator('.tab.active', { hasText: 'Compaction 2' }).waitFor();
      await app.screenshot(`e2e-compact-done-details-${theme}`);
      await app.runCommand('View: Close All Editors');
      assert.notDeepEqual(now, shape);
      await app.quiet();
      const db = new ClassicLevel<string, string>(directory);
      await db.open();
      let count = 0;
      for await (const key of db.keys()) if (key !== '') count++;
      await db.close();
      assert.equal(count, KEYS - KEYS / 5, 'LevelDB reads what is left');
    });

    it('compacts tables that are selected together', async () => {
      // LevelDB has opened the store since, and made a table of its log: the deepest level is the large one.
      const found = await until(
        'a level is listed',
        async () => (await levels(app)).filter((l) => /\d tables?/.test(l)),
        (list) => list.length > 0,
      );
      await expand(app, 3, found.at(-1)?.slice(0, 2) ?? '');
      const rows = app.page.locator('.part.sidebar .monaco-list-row[aria-level="4"]');
      await rows.nth(1).waitFor();
      await rows.nth(0).click();
      await rows.nth(1).click({ modifiers: ['Control'] });
      await app.contextMenu(rows.nth(1), 'Plan Compaction');
      await dialog(app).waitFor();
      assert.match(await textOf(dialog(app)), /Compact 2 tables of default\?/);
      await press(app, 'Cancel');
    });

    it('beside an owner: refused in place with its pid, offered on a copy', async () => {
      const owner = await Owner.open(directory);
      try {
        await contextMenu(app, node(app, 2, 'default'), 'Compact…');
        await app.pick('All tables');
        await dialog(app).waitFor();
        const text = await textOf(dialog(app));
        assert.match(text, new RegExp(`Not in place: process ${owner.pid} has the store open`));
        assert.equal(await dialog(app).getByRole('button', { name: 'Compact in Place' }).count(), 0);
        await app.screenshot(`e2e-compact-locked-${theme}`);
        await press(app, 'Compact a Copy…');
        await app.page.waitForTimeout(300);
        await app.screenshot(`e2e-compact-copy-${theme}`);
        await app.answer(`${directory}-copy`, 'The directory for the copy: new, or empty');
        await toast(app, /Compacted all of events in a copy: /).waitFor({ timeout: 60_000 });
        await app.screenshot(`e2e-compact-copied-${theme}`);
        assert.ok(readdirSync(`${directory}-copy`).includes('CURRENT'));
        await app.quiet();
      } finally {
        await owner.close();
      }
    });

    it('creates a sample store from the palette and opens it', async () => {
      await app.runCommand('LSM: Create Sample Store');
      await app.page.locator('.quick-input-list .monaco-list-row', { hasText: 'sessions' }).first().waitFor();
      await app.screenshot(`e2e-compact-samples-${theme}`);
      await app.pick('sessions');
      await app.answer(join(folder, 'made'), 'The directory of the new store: new, or empty');
      await node(app, 1, 'made').waitFor({ timeout: 60_000 });
      await app.webview('main.overview .store-head');
      await app.screenshot(`e2e-compact-sample-${theme}`);
    });
  });
}
