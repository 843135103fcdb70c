/**
 * The visualiser and the table's page in the real VS Code: how they open, how they and the Stores tree follow each
 * other, where their links lead, and what a window reload leaves. What the pages show is tested beside them
 * (webview.*.test.ts). Pictures stay in .artifacts/screenshots/e2e-vis-*.png.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Frame, Locator } from 'playwright-core';
import { smallSamples } from '../fixtures/samples.ts';
import { until } from './checks.ts';
import { makeEvents } from './events.ts';
import { noBrowser, Workbench } from './harness.ts';

const VISUALIZER = 'main.vis .map-scroll';
const TABLE = 'main [role=tablist]';
const JOB = 'section[aria-label="Running compaction"]';

describe('visualiser: in VS Code', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;

  before(async () => {
    folder = await smallSamples();
    app = await Workbench.open({ folder, theme: 'dark' });
    await app.showStores();
    await app.openStore(join(folder, 'sensors-rocksdb'));
    await app.webview('main.overview .store-head');
  });

  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const row = (level: number, text: string): Locator =>
    app.page.locator(`.part.sidebar .monaco-list-row[aria-level="${level}"]`).filter({ hasText: text }).first();
  const selectedRows = (): Promise<string[]> =>
    app.page.locator('.part.sidebar .monaco-list-row.selected .label-name').allInnerTexts();
  const editorText = async (): Promise<string> =>
    (await app.page.locator('.editor-group-container.active .view-line').allInnerTexts())
      .join('\n')
      .replaceAll('\u00a0', ' ');

  async function visualizer(): Promise<Frame> {
    const frame = await app.webview(VISUALIZER);
    await until(
      'the map is laid out',
      async () => (await frame.locator('.map-canvas').first().boundingBox())?.height ?? 0,
      (height) => height > 40,
    );
    return frame;
  }

  it('opens from the overview, on the family that is shown there', async () => {
    const overview = await app.webview('main.overview .store-head');
    await overview.getByRole('button', { name: 'readings' }).click();
    await overview.getByText('Compaction Visualizer').click();
    await app.page.locator('.tab.active', { hasText: 'sensors-rocksdb: Compaction' }).waitFor();
    const frame = await visualizer();
    await until(
      'the family is shown',
      () => frame.locator('select[aria-label="Column family"] option:checked').textContent(),
      (name) => name === 'readings',
    );
    await app.screenshot('e2e-vis-opened');
  });

  it('selects in the tree what is picked on the map, and the other way', async () => {
    const frame = await visualizer();
    // The deepest level is one table as wide as the keys. The map may still find its size: try until it is hit.
    const [picked] = await until(
      'the tree follows',
      async () => {
        const box = await frame.locator('.map-sheet').boundingBox();
        if (box !== null) await app.page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.8);
        await app.page.waitForTimeout(700);
        return selectedRows();
      },
      (rows) => rows.some((r) => r.endsWith('.sst')),
    );
    assert.ok(picked !== undefined);
    const focused = await app.page.evaluate(() => document.activeElement?.closest('.part')?.id ?? '');
    assert.doesNotMatch(focused, /sidebar/, 'the tree does not take the focus');
    const details = frame.locator('.details h2');
    if (!(await details.isVisible())) {
      await frame.getByRole('button', { name: 'Details and ladder at the side' }).click();
    }
    assert.equal(await details.textContent(), `Table ${Number.parseInt(picked, 10)}`);
    // A table of L0 in the tree.
    const level = row(3, 'L0');
    if ((await level.getAttribute('aria-expanded')) !== 'true') await level.locator('.monaco-tl-twistie').click();
    const name = '000043.sst';
    assert.notEqual(name, picked);
    const table = row(4, name);
    await table.click();
    await until(
      'the map follows',
      () => details.textContent(),
      (text) => text === `Table ${Number.parseInt(name, 10)}`,
    );
    assert.deepEqual(await selectedRows(), [name], 'the tree keeps its selection');
    await app.screenshot('e2e-vis-selected');
  });

  it('explains a get, and its block opens byte by byte', async () => {
    await app.runCommand('LSM: Explain Get');
    await app.pick('default');
    await app.answer('sensor/kyoto/humidity-009', 'Key to look up in');
    const frame = await visualizer();
    await frame.locator('.ladder-answer', { hasText: 'Found: put' }).waitFor();
    await app.screenshot('e2e-vis-explained');
    await frame.locator('.rung-line', { hasText: 'block' }).locator('button').first().click();
    await app.page.locator('.tab.active', { hasText: '.sst@0.dump' }).waitFor();
    // It opens at the key that was asked for.
    await until('the key is shown', editorText, (t) => t.includes('key sensor/kyoto/humidity-009'));
    await app.page.waitForTimeout(500);
    await app.page.locator('.editor-group-container.active .view-line').nth(3).click();
    await app.page.keyboard.press('Control+Home');
    const text = await until('the block begins', editorText, (t) => t.includes('data block 0 of 1'));
    assert.match(text, /data block 0 of 1, \d+ bytes stored/);
    assert.match(text, /\[0\] restart point, shared 0, not shared \d+/);
    await app.screenshot('e2e-vis-block');
  });

  it('opens a table in its own tab, from the tree and by itself from the Explorer', async () => {
    await row(3, 'L6').waitFor();
    if ((await row(3, 'L6').getAttribute('aria-expanded')) !== 'true') {
      await row(3, 'L6').locator('.monaco-tl-twistie').click();
    }
    const table = app.page.locator('.part.sidebar .monaco-list-row[aria-level="4"]').filter({ hasText: '.sst' }).last();
    await table.hover();
    await table.locator('.action-label[aria-label="Show Table Details"]').click();
    await app.page.locator('.tab.active', { hasText: /Table \d+ – sensors-rocksdb/ }).waitFor();
    const page = await app.webview(TABLE);
    await page.getByRole('tab', { name: /Entries/ }).click();
    await page.locator('.grid-row[aria-rowindex="2"]').waitFor();
    await app.screenshot('e2e-vis-table-entries');
    await app.runCommand('View: Close All Editors');
    await app.page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
    const inExplorer = (text: string): Locator =>
      app.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: text }).first();
    await inExplorer('sensors-rocksdb').click();
    await inExplorer('.sst').click();
    const single = await app.webview(TABLE);
    await single.getByText('one file').waitFor();
    await app.screenshot('e2e-vis-table-file');
    await app.runCommand('View: Close All Editors');
  });

  it('is there again after the window was reloaded', async () => {
    await app.runCommand('LSM: Show Store Overview');
    await app.webview('main.overview .store-head');
    await app.runCommand('LSM: Show Compaction Visualizer');
    await app.runCommand('LSM: Show Table Details');
    await app.pick('readings');
    await app.pick('L6');
    await app.webview(TABLE);
    await app.page.locator('.tab', { hasText: 'sensors-rocksdb: Compaction' }).click();
    await visualizer();
    // VS Code in a browser writes down every five seconds what is open.
    await app.page.waitForTimeout(12_000);
    await app.page.reload();
    await app.page.waitForSelector('.activitybar .action-label[aria-label^="LSM"]', { timeout: 60_000 });
    await app.page.locator('.tab.active', { hasText: 'sensors-rocksdb: Compaction' }).waitFor({ timeout: 30_000 });
    await visualizer();
    await app.page.locator('.tab', { hasText: /Table \d+ – sensors-rocksdb/ }).click();
    await (await app.webview(TABLE)).getByText('000041.sst').first().waitFor();
    await app.screenshot('e2e-vis-reloaded');
    // Nobody has touched anything in it.
    await app.page.locator('.tab', { hasText: /^sensors-rocksdb$/ }).click();
    await app.webview('main.overview .store-head');
  });
});

describe('visualiser: a compaction of ours while it runs', { skip: noBrowser }, () => {
  let app: Workbench;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lsm-visualizer-'));
    await makeEvents(join(folder, 'events'), 800_000);
    // Slow enough to be watched, and to be cancelled from the page.
    const settings = { 'lsm.compaction.maxMegabytesPerSecond': 12 };
    app = await Workbench.open({ folder, theme: 'light', installed: true, settings });
    await app.showStores();
    await app.openStore(join(folder, 'events'));
    await app.webview('main.overview .store-head');
    await app.runCommand('LSM: Show Compaction Visualizer');
  });

  after(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Picks everything, and waits at the plan: what is done next decides. */
  async function plan(): Promise<Locator> {
    await app.runCommand('LSM: Compact…');
    await app.pick('All tables');
    const start = app.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Compact in Place' });
    await start.waitFor();
    return start;
  }

  const edits = async (frame: Frame): Promise<number> =>
    Number(
      /edit [\d,]+ of ([\d,]+)/.exec((await frame.locator('body').textContent()) ?? '')?.[1]?.replaceAll(',', '') ?? 0,
    );

  it('is cancelled from the page', async () => {
    const frame = await app.webview(VISUALIZER);
    const start = await plan();
    // It lasts a second or two: the page itself presses the button when it comes up.
    await frame.evaluate((selector) => {
      const job = document.querySelector<HTMLElement>(selector);
      const watch = new MutationObserver(() => {
        if (job?.hidden !== false) return;
        watch.disconnect();
        job.querySelector<HTMLElement>('vscode-button')?.click();
      });
      if (job !== null) watch.observe(job, { attributes: true, subtree: true, childList: true, characterData: true });
    }, JOB);
    await start.click();
    await app.page
      .locator('.notifications-toasts .notification-list-item')
      .filter({ hasText: 'The compaction was cancelled' })
      .waitFor();
    await frame.locator(JOB).waitFor({ state: 'hidden' });
    await app.quiet();
  });

  it('is seen in several pictures, and then in the history', async () => {
    const frame = await app.webview(VISUALIZER);
    const before = await until(
      'the history is there',
      () => edits(frame),
      (n) => n > 0,
    );
    const start = await plan();
    await frame.evaluate((selector) => {
      const job = document.querySelector<HTMLElement>(selector);
      const meter = job?.querySelector('[role=progressbar]');
      const seen = { pictures: [] as string[], told: [] as string[] };
      Object.assign(window, { seen });
      const look = (): void => {
        const percent = meter?.getAttribute('aria-valuenow') ?? '';
        if (job?.hidden === false && percent !== seen.told.at(-1)) {
          seen.told.push(percent);
          const picture = [...document.querySelectorAll<HTMLCanvasElement>('.map-canvas')]
            .map((c) => c.toDataURL())
            .join();
          if (!seen.pictures.includes(picture)) seen.pictures.push(picture);
        }
        requestAnimationFrame(look);
      };
      look();
    }, JOB);
    await start.click();
    await frame.locator(JOB).waitFor();
    for (let i = 1; i <= 3 && (await frame.locator(JOB).isVisible()); i++) await app.screenshot(`e2e-vis-live-${i}`);
    await frame.locator(JOB).waitFor({ state: 'hidden' });
    const { pictures, told } = await frame.evaluate(() => {
      const { seen } = window as unknown as { seen: { pictures: string[]; told: string[] } };
      return { pictures: seen.pictures.length, told: seen.told };
    });
    assert.ok(pictures >= 3, `${pictures} pictures of the map, progress ${told.join(', ')}`);
    assert.ok(told.length >= 3, `progress ${told.join(', ')}`);
    await until(
      'the history has the edit',
      () => edits(frame),
      (n) => n > before,
    );
    await app.screenshot('e2e-vis-live-after');
  });
});
