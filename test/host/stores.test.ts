import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { GetResult, StoreSummary } from '../../engine/protocol/engineApi.ts';
import type { Node } from '../../extension/trees/nodes.ts';
import { test } from './harness.ts';
import { child, closeTabs, Owner, ours, panels, print, sample, tabs, until, withCopy } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

/** From the store's node down to the entries of its first block. */
async function firstEntries(path: string, family: string): Promise<{ table: Node; entries: Node[] }> {
  const { stores, tree } = await ours();
  const store = stores.byPath(path);
  assert.ok(store);
  const root = (await tree.getChildren()).find((n) => n.store === store);
  assert.ok(root, 'the store is not in the tree');
  const familyNode = await child(root, 'family', family);
  const levels = (await tree.getChildren(familyNode)).filter((n) => n.kind === 'level' && n.level.tables > 0);
  // The deepest level: tables higher up may hold range deletions only, and have no data blocks.
  const table = await child(levels.at(-1), 'table');
  const block = await child(await child(table, 'blocks'), 'block', 'Block 0');
  return { table, entries: await tree.getChildren(block) };
}

for (const [name, family] of [
  ['sensors-leveldb', 'default'],
  ['sensors-rocksdb', 'readings'],
] as const) {
  test(`stores: ${name} opens by path, down to an entry, and is left as it was`, async () => {
    const { stores, tree } = await ours();
    const before = print(sample(name));
    const summary = await run<StoreSummary>('lsm.openStoreAtPath', sample(name));
    assert.equal(summary.engine, name === 'sensors-leveldb' ? 'leveldb' : 'rocksdb');
    assert.equal(stores.byPath(sample(name))?.state, 'open');
    const { table, entries } = await firstEntries(sample(name), family);
    assert.ok(entries.length > 1, `${entries.length} entries`);
    for (const n of entries.slice(0, -1)) assert.equal(n.kind, 'entry');
    const item = tree.getTreeItem(entries[0] as Node);
    assert.match(String(item.description), /seq [\d,]+/);
    const properties = await tree.getChildren(await child(table, 'properties'));
    assert.ok(properties.length > 3 && properties.every((n) => n.kind === 'property'));
    assert.ok((await tree.getChildren(await child(table.parent?.parent?.parent, 'wals'))).length > 0, 'no WAL files');
    assert.deepEqual(print(sample(name)), before);
  });
}

test('stores: node ids stay the same over a refresh, and are unique', async () => {
  const { tree } = await ours();
  const first = await firstEntries(sample('sensors-leveldb'), 'default');
  await run('lsm.refresh');
  const second = await firstEntries(sample('sensors-leveldb'), 'default');
  assert.deepEqual(
    first.entries.map((n) => n.id),
    second.entries.map((n) => n.id),
  );
  const siblings = await tree.getChildren(first.table.parent);
  assert.equal(new Set(siblings.map((n) => n.id)).size, siblings.length);
});

test('stores: get answers with the value as a document, and with nothing for an absent key', async () => {
  const { entries } = await firstEntries(sample('sensors-rocksdb'), 'default');
  const entry = entries.find((n) => n.kind === 'entry' && n.entry.type === 'put');
  assert.ok(entry?.kind === 'entry');
  const args = { store: sample('sensors-rocksdb'), family: 'default', key: entry.entry.key };
  const found = await run<GetResult>('lsm.get', args);
  assert.deepEqual(found.entry?.key, entry.entry.key);
  const document = vscode.window.activeTextEditor?.document;
  assert.equal(document?.uri.scheme, 'lsm');
  assert.equal(document?.languageId, 'json');
  assert.equal(typeof JSON.parse(document?.getText() ?? ''), 'object');
  const lenses = await run<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document?.uri);
  assert.match(lenses.map((l) => l.command?.title).join(' | '), /sequence [\d,]+/);
  const absent = await run<GetResult>('lsm.get', { ...args, key: "'no such key\\x00'" });
  assert.equal(absent.entry, undefined);
  assert.ok(absent.at > 0);
});

test('stores: copy key, value and path', async () => {
  const { table, entries } = await firstEntries(sample('sensors-rocksdb'), 'default');
  const entry = entries.find((n) => n.kind === 'entry' && n.entry.type === 'put');
  assert.ok(entry?.kind === 'entry' && table.kind === 'table');
  await run('lsm.copyKey', entry);
  assert.equal(await vscode.env.clipboard.readText(), Buffer.from(entry.entry.key).toString());
  await run('lsm.copyValue', entry);
  assert.equal((await vscode.env.clipboard.readText()).length, entry.entry.valueSize);
  await run('lsm.copyPath', table);
  assert.equal(await vscode.env.clipboard.readText(), join(sample('sensors-rocksdb'), table.table.file));
});

test('stores: scan and overview open their tabs; a table file opens in our editor', async () => {
  await closeTabs();
  const params = await run<{ family: number; prefix: Uint8Array }>('lsm.scan', {
    store: sample('sensors-rocksdb'),
    family: 'readings',
    prefix: 'oslo',
  });
  assert.equal(Buffer.from(params.prefix).toString(), 'oslo');
  await until('the results tab is there', () => panels('lsm.results').length === 1);
  await run('lsm.showOverview', sample('sensors-rocksdb'));
  await until('the overview tab is there', () => panels('lsm.overview').length === 1);
  await run('lsm.showOverview', sample('sensors-rocksdb'));
  assert.equal(panels('lsm.overview').length, 1, 'a second overview of the same store');
  const { table } = await firstEntries(sample('sensors-rocksdb'), 'readings');
  assert.ok(table.kind === 'table');
  await run('vscode.open', vscode.Uri.file(join(sample('sensors-rocksdb'), table.table.file)));
  await until('our editor shows the table', () =>
    tabs().some((tab) => tab.input instanceof vscode.TabInputCustom && tab.input.viewType === 'lsm.table'),
  );
  await run('lsm.openDump', vscode.Uri.file(join(sample('sensors-rocksdb'), table.table.file)));
  assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /footer/, 'the dump of the table file');
  await closeTabs();
});

test('stores: block and MANIFEST open as text', async () => {
  const { table } = await firstEntries(sample('sensors-leveldb'), 'default');
  const block = await child(await child(table, 'blocks'), 'block', 'Block 0');
  await run('lsm.openDump', block);
  const text = vscode.window.activeTextEditor?.document.getText() ?? '';
  assert.match(text, /restart points/);
  assert.ok(text.split('\n').length > 4);
  const root = table.parent?.parent?.parent;
  const manifest = (await ours()).tree.getChildren(root).then((nodes) => nodes.find((n) => n.kind === 'file'));
  await run('lsm.openDump', await manifest);
  assert.match(vscode.window.activeTextEditor?.document.uri.path ?? '', /MANIFEST-\d+\.dump$/);
  assert.ok((vscode.window.activeTextEditor?.document.lineCount ?? 0) > 1);
  await closeTabs();
});

test('stores: what the owner writes is seen, beside it and without its lock', async () => {
  await withCopy('sensors-leveldb', async (directory) => {
    const { stores } = await ours();
    const owner = await Owner.open(directory);
    try {
      const summary = await run<StoreSummary>('lsm.openStoreAtPath', directory);
      assert.equal(summary.locked, true, 'the owner holds the LOCK');
      const sequence = summary.lastSequence;
      await owner.put('written-beside', 'us');
      // Nobody asks for this refresh: the watcher must.
      await until('the tree follows', () => (stores.byPath(directory)?.summary?.lastSequence ?? 0) > sequence);
      const found = await run<GetResult>('lsm.get', { store: directory, family: 'default', key: 'written-beside' });
      assert.equal(Buffer.from(found.entry?.value ?? []).toString(), 'us');
      assert.equal(found.entry?.level, -1);
    } finally {
      await owner.close();
    }
    await run('lsm.refresh', directory);
    assert.equal(stores.byPath(directory)?.summary?.locked, false);
  });
});

test('stores: a worker that dies is said so, and the next call works', async () => {
  const { stores } = await ours();
  const store = stores.byPath(sample('sensors-leveldb'));
  assert.ok(store);
  const said: boolean[] = [];
  const listening = store.onEngineState((state) => said.push(state.alive));
  try {
    const waiting = store
      .call('openQuery', { family: 0 })
      .then((q) => store.call('rows', { query: q.query, from: 0, count: 1_000_000, previewBytes: 16 }));
    const lost = assert.rejects(waiting, /stopped/);
    await until('the engine is up', () => store.state === 'open');
    await store.killEngine();
    await lost;
    assert.deepEqual(said, [false]);
    const summary = await store.call('summary', {});
    assert.ok(summary.families.length > 0);
    assert.deepEqual(said, [false, true]);
  } finally {
    listening.dispose();
  }
});

test('stores: after too many deaths it waits for a refresh', async () => {
  const { stores } = await ours();
  const store = stores.byPath(sample('sensors-leveldb'));
  assert.ok(store);
  let refused: unknown;
  for (let i = 0; i < 10 && refused === undefined; i++) {
    await store.call('summary', {}).catch((thrown: unknown) => {
      refused = thrown;
    });
    await store.killEngine();
  }
  assert.match(String(refused), /times in a row/);
  await run('lsm.refresh', store.path);
  assert.ok((await store.call('summary', {})).families.length > 0);
});

test('stores: a directory that is no store is refused and not listed', async () => {
  const { stores } = await ours();
  const empty = mkdtempSync(join(tmpdir(), 'lsm-empty-'));
  try {
    assert.equal(await run('lsm.openStoreAtPath', empty), undefined);
    assert.equal(stores.byPath(empty), undefined);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test('stores: closing ends the engine; a found store stays listed, closed', async () => {
  const { stores, tree } = await ours();
  for (const name of ['sensors-leveldb', 'sensors-rocksdb'] as const) {
    await run('lsm.closeStore', sample(name));
    const store = stores.byPath(sample(name));
    assert.equal(store?.state, 'closed');
  }
  const roots = await tree.getChildren();
  for (const root of roots) assert.equal(tree.getTreeItem(root).contextValue, 'lsm.store.closed');
  assert.equal(stores.openOnes.length, 0);
  await withCopy('sensors-leveldb', async (directory) => {
    await run('lsm.openStoreAtPath', directory);
    await run('lsm.closeStore', directory);
    assert.equal(stores.byPath(directory), undefined);
  });
});
