import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { smallSamples } from '../fixtures/samples.ts';
import { Workbench } from './harness.ts';
const folder = await smallSamples();
const app = await Workbench.open({ folder, theme: 'dark' });
app.page.on('console', (m) => { if (m.type() === 'error') console.log('ERR', m.text().slice(0, 300)); });
app.page.on('pageerror', (e) => console.log('PAGEERR', String(e).slice(0, 300)));
try {
  await app.showStores();
  await app.openStore(join(folder, 'sensors-rocksdb'));
  await app.webview('main.overview .store-head');
  await app.runCommand('LSM: Show Compaction Visualizer');
  await app.page.waitForTimeout(4000);
  await app.screenshot('try-vis1');
  for (const f of app.page.frames()) { const r = await f.evaluate(() => document.querySelector('#root, main')?.outerHTML.slice(0, 300)).catch(() => ''); if (r) console.log(f.url().slice(0, 60), r); }
  await app.runCommand('LSM: Explain Get');
  await app.pick('default');
  await app.answer('sensor/kyoto/humidity-009', 'Key to look up in');
  await app.page.waitForTimeout(2500);
  await app.screenshot('try-vis2');
  await app.runCommand('LSM: Show Table Details');
  await app.pick('readings');
  await app.pick('.sst');
  await app.page.waitForTimeout(3000);
  await app.screenshot('try-table');
  await app.page.locator('.activitybar .action-label[aria-label^="Explorer"]').first().click();
  const inExplorer = (text: string) => app.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: text }).first();
  await inExplorer('sensors-rocksdb').click();
  await inExplorer('.sst').click();
  await app.page.waitForTimeout(3000);
  await app.screenshot('try-single');
} finally { await app.close(); rmSync(folder, { recursive: true, force: true }); }
