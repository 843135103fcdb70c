import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { TimelineChunk } from '../../engine/protocol/engineApi.ts';
import type { VisualizerRequest } from '../../engine/protocol/viewApi.ts';
import { pack } from '../../extension/panels/pack.ts';
import { saveFile } from '../../extension/panels/saveFile.ts';
import type { Store } from '../../extension/store.ts';
import { FakePanel } from './fakePanel.ts';
import { test } from './harness.ts';
import { child, closeTabs, Owner, ours, panels, print, sample, until, withCopy, withStub } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

const soon = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

async function open(directory: string): Promise<Store> {
  await run('lsm.openStoreAtPath', directory);
  const store = (await ours()).stores.byPath(directory);
  assert.ok(store);
  return store;
}

/** A visualiser of the store whose page is the test. */
async function fakeVisualizer(store: Store): Promise<FakePanel> {
  const panel = new FakePanel();
  const state = { view: 'visualizer', storePath: store.path, storeName: store.name, ui: null };
  await (await ours()).visualizers.deserializeWebviewPanel(panel, state);
  return panel;
}

test('visualizer: the command opens one tab a store, and says what the page was asked', async () => {
  await closeTabs();
  const directory = sample('sensors-rocksdb');
  const store = await open(directory);
  assert.equal(await run('lsm.showVisualizer', directory), undefined);
  await until('the tab is there', () => panels('lsm.visualizer').length === 1);
  assert.equal(panels('lsm.visualizer')[0]?.label, 'sensors-rocksdb: Compaction');
  const readings = store.summary?.families.find((f) => f.name === 'readings')?.id;
  const request = await run<VisualizerRequest>('lsm.showVisualizer', { store: directory, family: 'readings' });
  assert.deepEqual(request, { ask: 'family', family: readings });
  assert.equal(panels('lsm.visualizer').length, 1);
  // From the tree: a table is picked in its family.
  const { tree } = await ours();
  const root = (await tree.getChildren()).find((n) => n.store === store);
  const family = await child(root, 'family', 'readings');
  const level = (await tree.getChildren(family)).find((n) => n.kind === 'level' && n.level.tables > 0);
  const table = await child(level, 'table');
  assert.ok(table.kind === 'table');
  const selected = await run<VisualizerRequest>('lsm.showVisualizer', table);
  assert.deepEqual(selected, { ask: 'select', family: readings, tables: [table.table.number] });
  await closeTabs();
});

test('visualizer: what a page was left with brings it back; what is not ours is closed', async () => {
  const { visualizers, tables } = await ours();
  for (const panelsOf of [visualizers, tables]) {
    const panel = new FakePanel();
    await panelsOf.deserializeWebviewPanel(panel, { view: 'overview', storePath: '/x' });
    assert.equal(panel.disposed, true);
  }
  const store = await open(sample('sensors-leveldb'));
  const panel = await fakeVisualizer(store);
  assert.equal(visualizers.of(store)?.panel, panel);
  const init = await panel.ready();
  assert.ok(init.view === 'visualizer');
  assert.equal(init.storeName, 'sensors-leveldb');
  assert.equal(init.request, undefined);
  assert.equal(init.summary.path, store.path);
  panel.dispose();
  assert.equal(visualizers.of(store), undefined);
});

test('visualizer: the page pulls the history in chunks of columns', async () => {
  for (const name of ['sensors-rocksdb', 'sensors-leveldb'] as const) {
    const store = await open(sample(name));
    const before = print(store.path);
    const panel = await fakeVisualizer(store);
    try {
      await panel.ready();
      const family = store.summary?.families.find((f) => f.tables > 0);
      assert.ok(family);
      const info = await panel.call('timeline', { family: family.id });
      assert.equal(info.familyName, family.name);
      assert.ok(info.events > 0 && info.lives >= family.tables, `${info.events} events, ${info.lives} lives`);
      const chunk = await panel.call('timelineChunk', {
        family: family.id,
        epoch: info.epoch,
        from: 0,
        count: Math.min(4096, info.events),
      });
      assert.ok(chunk.at instanceof Float64Array && chunk.removed instanceof Uint32Array);
      assert.ok(chunk.why instanceof Uint16Array && chunk.kind instanceof Uint8Array);
      assert.equal(chunk.addedStart.length, chunk.count + 1);
      // Lives that began less those that ended are the live tables.
      assert.equal(chunk.number.length - chunk.removed.length, family.tables);
      const keys = await panel.call('timelineKeys', {
        family: family.id,
        epoch: info.epoch,
        positions: [info.firstPosition],
      });
      assert.ok(keys[0] instanceof Uint8Array && keys[0].length > 0);
      assert.deepEqual(print(store.path), before, 'reading changes nothing');
    } finally {
      panel.dispose();
    }
  }
});

test('visualizer: a page may call what is listed for it and nothing else', async () => {
  const panel = await fakeVisualizer(await open(sample('sensors-leveldb')));
  await panel.ready();
  await assert.rejects(panel.call('openQuery', { family: 0 }), /not for this view/);
  await assert.rejects(panel.call('compact' as 'summary', { mode: 'inPlace' } as never), /not for webviews/);
  panel.dispose();
});

/** Says what arrived in a page, number by number. */
const ECHO = `
const api = acquireVsCodeApi();
const told = (v) => ArrayBuffer.isView(v)
  ? { kind: v.constructor.name, aligned: v.byteOffset % v.BYTES_PER_ELEMENT === 0, values: Array.from(v, String) }
  : Array.isArray(v) ? v.map(told)
  : v !== null && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, told(x)]))
  : v;
window.addEventListener('message', (e) => api.postMessage(told(e.data)));
api.postMessage('ready');
`;

/** As the page's `told`, and on this side. */
function told(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const values = Array.from(value as unknown as ArrayLike<number>, String);
    return { kind: value.constructor.name, aligned: true, values };
  }
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, told(v)]));
}

test('visualizer: a chunk of the history arrives in a real page as it left', async () => {
  const store = await open(sample('sensors-rocksdb'));
  const family = store.summary?.families.find((f) => f.tables > 0)?.id ?? 0;
  const info = await store.call('timeline', { family });
  const chunk = await store.call('timelineChunk', {
    family,
    epoch: info.epoch,
    from: 0,
    count: Math.min(64, info.events),
  });
  const odd: Partial<TimelineChunk> & Record<string, unknown> = {
    kind: Uint8Array.of(1),
    at: Float64Array.of(Number.NaN, 1e15 + 0.5, -0, Number.POSITIVE_INFINITY),
    flags: Uint8Array.of(1, 2, 3),
    removed: Uint32Array.of(0xffff_ffff, 0),
    why: Uint16Array.of(65_535),
    number: new Float64Array(0),
  };
  // More byte strings than a remote call has room for.
  const many = Array.from({ length: 400 }, (_, i) => new Uint8Array(i % 7).fill(i));
  const panel = vscode.window.createWebviewPanel('lsm.test', 'Echo', vscode.ViewColumn.Active, { enableScripts: true });
  try {
    const heard: unknown[] = [];
    panel.webview.onDidReceiveMessage((m) => heard.push(m));
    panel.webview.html = `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><script>${ECHO}</script></body></html>`;
    await until('the page is there', () => heard.length > 0);
    for (const message of [{ chunk }, { odd }, { many, chunk, odd }]) {
      const before = heard.length;
      await panel.webview.postMessage(pack(message));
      await until('the page answers', () => heard.length > before);
      // The page's answer crosses as JSON would have it: -0 was told as a text.
      assert.deepEqual(heard[before], JSON.parse(JSON.stringify(told(message))));
    }
  } finally {
    panel.dispose();
  }
});

test('visualizer: what is asked before the page is there comes with its init, and later at once', async () => {
  const store = await open(sample('sensors-rocksdb'));
  const { visualizers } = await ours();
  const panel = await fakeVisualizer(store);
  try {
    const args = { store: store.path, family: 'default', key: 'sensor/kyoto/humidity-009' };
    const asked = await run<VisualizerRequest>('lsm.explain', args);
    assert.equal(asked.ask, 'explain');
    // A selection gives way to it.
    visualizers.of(store)?.select(asked.family, [1]);
    assert.deepEqual(panel.of('request'), []);
    const init = await panel.ready();
    assert.ok(init.view === 'visualizer');
    assert.deepEqual(init.request, asked);
    const path = await panel.call(
      'explain',
      asked.ask === 'explain' ? { family: asked.family, key: asked.key } : { family: 0, key: new Uint8Array() },
    );
    assert.ok(path.steps.length > 0);
    assert.equal(Buffer.from(path.entry?.key ?? []).toString(), args.key);
    await run('lsm.explain', { ...args, key: "'absent'" });
    assert.deepEqual(
      panel.of('request').map((m) => m.request.ask),
      ['explain'],
    );
    // A hidden page is gone: what is asked of it waits for the next.
    panel.hide();
    visualizers.of(store)?.request({ ask: 'family', family: 0 });
    assert.equal(panel.of('request').length, 1);
    panel.show();
    const again = await panel.ready();
    assert.deepEqual(again.view === 'visualizer' ? again.request : undefined, { ask: 'family', family: 0 });
    assert.equal(((await panel.ready()) as { request?: unknown }).request, undefined, 'once only');
  } finally {
    panel.dispose();
  }
});

test('visualizer: tables picked in the page are picked in the tree, and the other way, once', async () => {
  const store = await open(sample('sensors-leveldb'));
  const { tree } = await ours();
  await run('lsm.stores.focus');
  await until('the tree is seen', () => tree.view.visible);
  const panel = await fakeVisualizer(store);
  try {
    await panel.ready();
    const page = await store.call('tables', { family: 0, level: -1, offset: 0, limit: 10 });
    const [a, b] = page.items.map((t) => t.number);
    assert.ok(a !== undefined && b !== undefined);
    const picked = (): number[] => tree.view.selection.flatMap((n) => (n.kind === 'table' ? [n.table.number] : []));
    panel.do({ action: 'selectedTables', family: 0, tables: [a] });
    await until('the tree follows', () => picked().join() === String(a));
    await soon(500);
    assert.deepEqual(panel.of('request'), [], 'and does not answer');
    // Several in the page: the tree selects the last one picked, and the page keeps its own.
    panel.do({ action: 'selectedTables', family: 0, tables: [b, a] });
    await until('the tree follows again', () => picked().join() === String(b));
    await soon(500);
    assert.deepEqual(panel.of('request'), []);
    // As if a person clicked in the tree.
    await tree.revealTable(store, a);
    await until('the page is told', () => panel.of('request').length === 1);
    assert.deepEqual(panel.of('request')[0]?.request, { ask: 'select', family: 0, tables: [a] });
    panel.do({ action: 'selectedTables', family: 0, tables: [a] });
    await soon(500);
    assert.equal(panel.of('request').length, 1, 'its echo ends there');
    assert.deepEqual(picked(), [a]);
    // A table of the past is in no tree; nothing happens, and nobody is told.
    panel.do({ action: 'selectedTables', family: 0, tables: [999_999] });
    await soon(500);
    assert.deepEqual(picked(), [a]);
  } finally {
    panel.dispose();
  }
});

test('visualizer: a compaction is relayed while it runs, and its end; the page can cancel it', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const store = await open(directory);
    const panel = await fakeVisualizer(store);
    await panel.ready();
    await run('lsm.planCompaction', { store: directory, all: true, ask: false });
    assert.deepEqual(panel.of('compactionProgress'), [], 'a plan is no compaction');
    await run('lsm.compact', { store: directory, all: true, mode: 'inPlace' });
    const seen = panel.of('compactionProgress').map((m) => m.progress);
    assert.ok(seen.length >= 2, `${seen.length} messages`);
    assert.equal(seen.at(-1), null);
    assert.ok(seen.slice(0, -1).every((p) => p !== null && p.percent >= 0 && p.percent <= 100));
    assert.ok(panel.of('storeChanged').length > 0);
    panel.dispose();
  });
  await withCopy('sensors-rocksdb', async (directory) => {
    const store = await open(directory);
    const before = print(directory);
    const panel = await fakeVisualizer(store);
    await panel.ready();
    // One family only: those that were done before would stay compacted.
    const family = store.summary?.families.find((f) => f.name === 'readings')?.id ?? -1;
    const call = await store.startWriting('compact', { mode: 'inPlace', family });
    panel.do({ action: 'cancelCompaction' });
    await assert.rejects(call.result, (e) => (e as { code?: string }).code === 'CANCELLED');
    assert.equal(store.writing, undefined);
    await until('its end is told, if its beginning was', () => {
      const seen = panel.of('compactionProgress');
      return seen.length === 0 || seen.at(-1)?.progress === null;
    });
    assert.deepEqual(
      print(directory).filter((l) => l.includes('.sst')),
      before.filter((l) => l.includes('.sst')),
    );
    panel.dispose();
  });
});

test('visualizer: it follows an owner within about a second', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const owner = await Owner.open(directory);
    try {
      const store = await open(directory);
      const panel = await fakeVisualizer(store);
      await panel.ready();
      const waits: number[] = [];
      for (let round = 0; round < 3; round++) {
        const { length } = panel.of('storeChanged');
        await owner.put(`key-${round}`, 'value');
        const from = performance.now();
        await until('the page is told', () => panel.of('storeChanged').length > length, 10_000);
        waits.push(performance.now() - from);
      }
      // As the setting says: a store that is not followed is left alone until a person asks.
      const settings = vscode.workspace.getConfiguration('lsm');
      await settings.update('refresh.auto', false, vscode.ConfigurationTarget.Global);
      try {
        await soon(300);
        const { length } = panel.of('storeChanged');
        await owner.put('unseen', 'value');
        await soon(2000);
        assert.equal(panel.of('storeChanged').length, length);
        await run('lsm.refresh', directory);
        assert.ok(panel.of('storeChanged').length > length);
      } finally {
        await settings.update('refresh.auto', undefined, vscode.ConfigurationTarget.Global);
      }
      assert.ok(Math.min(...waits) < 1500, `told after ${waits.map((w) => w.toFixed(0)).join(', ')} ms`);
      panel.dispose();
    } finally {
      await owner.close();
    }
  });
});

test('visualizer: a compaction of another process is in the history soon after its edit is written', async () => {
  await withCopy('sensors-rocksdb', async (directory) => {
    const store = await open(directory);
    const panel = await fakeVisualizer(store);
    await panel.ready();
    const family = store.summary?.families.find((f) => f.name === 'readings')?.id ?? 0;
    const before = await panel.call('timeline', { family });
    const { length } = panel.of('storeChanged');
    const lsm = join(
      vscode.extensions.getExtension('lsm-inspector.lsm-inspector')?.extensionPath ?? '',
      'dist',
      'lsm.js',
    );
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    await promisify(execFile)(process.execPath, [lsm, 'compact', directory, '--cf', 'readings', '--in-place'], { env });
    const from = performance.now();
    await until('the page is told', () => panel.of('storeChanged').length > length, 10_000);
    const waited = performance.now() - from;
    const info = await panel.call('timeline', { family });
    assert.ok(info.events > before.events, `${before.events} events, then ${info.events}`);
    assert.equal(info.epoch === before.epoch || info.manifest !== before.manifest, true);
    assert.ok(waited < 3000, `told after ${waited.toFixed(0)} ms`);
    panel.dispose();
  });
});

test('visualizer: a table opens in its own tab, and a block of it as annotated bytes', async () => {
  await closeTabs();
  const store = await open(sample('sensors-rocksdb'));
  const panel = await fakeVisualizer(store);
  await panel.ready();
  const family = store.summary?.families.find((f) => f.name === 'readings')?.id ?? 0;
  const deepest = (await store.call('tables', { family, level: -1, offset: 0, limit: 100 })).items.at(-1);
  assert.ok(deepest);
  panel.do({ action: 'openTable', table: deepest.number });
  await until('its tab is there', () => panels('lsm.tableDetails').length === 1);
  assert.equal(panels('lsm.tableDetails')[0]?.label, `Table ${deepest.number} – sensors-rocksdb`);
  panel.do({ action: 'openTable', table: deepest.number });
  const block = (await store.call('blocks', { table: deepest.number, offset: 1, limit: 1 })).items[0];
  assert.ok(block);
  panel.do({ action: 'openBlock', table: deepest.number, offset: block.offset });
  await until(
    'the block is shown',
    () => vscode.window.activeTextEditor?.document.uri.path.includes(`@${block.offset}`) === true,
  );
  const text = vscode.window.activeTextEditor?.document.getText() ?? '';
  assert.match(text, /^ *\d+ {2}data block 1 of \d+/);
  assert.match(text, /checksum [\w]+, matches$/);
  assert.equal(panels('lsm.tableDetails').length, 1);
  panel.dispose();
  await closeTabs();
});

test('visualizer: a table’s page reads its own entries, and leaves no query open', async () => {
  const store = await open(sample('sensors-rocksdb'));
  const { tables } = await ours();
  const row = (await store.call('tables', { family: 0, level: -1, offset: 0, limit: 1 })).items[0];
  assert.ok(row);
  const panel = new FakePanel();
  const state = { view: 'table', storePath: store.path, storeName: store.name, table: row.number, ui: null };
  await tables.deserializeWebviewPanel(panel, state);
  const init = await panel.ready();
  assert.ok(init.view === 'table');
  assert.deepEqual(init.table, row);
  // Whatever it asks for, it is about its table.
  const query = await panel.call('openQuery', { family: 99, table: 77 });
  const page = await panel.call('rows', { query: query.query, from: 0, count: 5, previewBytes: 64 });
  assert.ok(page.items.length > 0 && page.items.every((e) => e.table === row.number));
  const other = await store.call('openQuery', { family: 0 });
  await assert.rejects(panel.call('closeQuery', { query: other.query }), /not of this page/);
  await panel.call('closeQuery', { query: query.query });
  const left = await panel.call('openQuery', { family: 0, table: row.number });
  await panel.ready();
  await assert.rejects(store.call('queryState', { query: left.query }), /closed/, 'of the page before');
  const last = await panel.call('openQuery', { family: 0, table: row.number });
  const profile = await panel.call('tableProfile', { table: row.number });
  assert.ok(profile.entries > 0);
  panel.dispose();
  await until('it is closed', () =>
    store.call('queryState', { query: last.query }).then(
      () => false,
      () => true,
    ),
  );
  await store.call('closeQuery', { query: other.query });
});

test('visualizer: a table that is gone is told in a sentence, and opens no tab', async () => {
  await closeTabs();
  const said: string[] = [];
  const show = async (message: string) => {
    said.push(message);
    return undefined;
  };
  await withStub(vscode.window, 'showErrorMessage', show, async () => {
    assert.equal(await run('lsm.showTable', { store: sample('sensors-rocksdb'), table: 999_999 }), undefined);
  });
  assert.match(said.join(), /Table 999,?999 is not live any more/);
  assert.equal(panels('lsm.tableDetails').length, 0);
});

test('visualizer: a picture is written where a person says, and nowhere else', async () => {
  const store = await open(sample('sensors-rocksdb'));
  const folder = mkdtempSync(join(tmpdir(), 'lsm-save-'));
  try {
    const bytes = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
    const target = vscode.Uri.file(join(folder, 'map.png'));
    let options: vscode.SaveDialogOptions | undefined;
    let answer: vscode.Uri | undefined = target;
    const dialog: typeof vscode.window.showSaveDialog = async (o) => {
      options = o;
      return answer;
    };
    const buttons: string[] = [];
    const message = async (text: string, ...items: string[]) => {
      buttons.push(text, ...items);
      return undefined;
    };
    await withStub(vscode.window, 'showSaveDialog', dialog, async () => {
      await withStub(vscode.window, 'showInformationMessage', message, async () => {
        assert.deepEqual(await saveFile(store, '../../map.png', bytes), target);
        assert.deepEqual([...readFileSync(target.fsPath)], [...bytes]);
        assert.equal(options?.defaultUri?.path.endsWith('/map.png'), true);
        assert.equal(options?.defaultUri?.path.includes('..'), false);
        assert.deepEqual(Object.values(options?.filters ?? {}), [['png']]);
        assert.deepEqual(buttons.slice(0, 2), ['Saved map.png.', 'Open']);
        // The same by way of a page.
        const panel = await fakeVisualizer(store);
        await panel.ready();
        answer = vscode.Uri.file(join(folder, 'curves.csv'));
        panel.do({ action: 'saveFile', suggested: 'curves.csv', bytes: Buffer.from('a,b\n') });
        await until('it is written', () => existsSync(join(folder, 'curves.csv')));
        answer = undefined;
        assert.equal(await saveFile(store, 'never.svg', bytes), undefined);
        assert.equal(existsSync(join(folder, 'never.svg')), false);
        panel.dispose();
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
