import { strict as assert } from 'node:assert';
import * as vscode from 'vscode';
import type { QueryParams } from '../../engine/protocol/engineApi.ts';
import { identity, type StoredQuery } from '../../extension/history/queries.ts';
import { QueryLists } from '../../extension/history/queryLists.ts';
import { QueryTree } from '../../extension/history/queryTree.ts';
import { PANELS } from '../../extension/ids.ts';
import { test } from './harness.ts';
import { closeTabs, ours, panels, sample, tabs, until } from './support.ts';

const run = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(command, ...args));

async function history(): Promise<readonly StoredQuery[]> {
  return (await ours()).queries.history.shown;
}

test('history: gets, scans and explanations are remembered, and run again', async () => {
  const directory = sample('sensors-leveldb');
  const { queries, stores } = await ours();
  await run('lsm.openStoreAtPath', directory);
  await run('lsm.clearHistory');
  const store = stores.byPath(directory);
  assert.ok(store);
  const state = await store.call('openQuery', { family: 0, limit: 1 });
  const page = await store.call('rows', { query: state.query, from: 0, count: 1, previewBytes: 0 });
  const key = page.items[0]?.key;
  assert.ok(key);

  await run('lsm.get', { store: directory, key });
  await run('lsm.get', { store: directory, key: '0xffffffffff' });
  await run('lsm.scan', { store: directory, limit: 7 });
  // A page that is covered before it is loaded asks for nothing.
  await until('the scan is counted', async () => (await history()).some((q) => q.count === 7));
  await run('lsm.explain', { store: directory, key });
  assert.deepEqual(
    (await history()).map((q) => [q.query.kind, q.count]),
    [
      ['explain', null],
      ['scan', 7],
      ['get', 0],
      ['get', 1],
    ],
  );
  const scan = (await history()).find((q) => q.query.kind === 'scan');
  assert.ok(scan);
  assert.equal(panels(PANELS.results).length, 1);
  const params = await run<QueryParams>('lsm.runQuery', { view: 'history', stored: scan });
  assert.equal(params.limit, 7);
  await until('its results are shown in the tab of the scan', () => panels(PANELS.results).length === 1);
  assert.equal((await history()).length, 4, 'the same query stands there once');
  assert.equal((await history())[0]?.query.kind, 'scan', 'and is the newest');

  const get = (await history()).find((q) => q.query.kind === 'get' && q.count === 1);
  assert.ok(get);
  await run('lsm.runQuery', { view: 'history', stored: get });
  assert.ok(tabs().some((tab) => tab.input instanceof vscode.TabInputText && tab.input.uri.scheme === 'lsm'));

  await run('lsm.pinQuery', { view: 'history', stored: scan });
  assert.equal((await history())[0]?.pinned, true);
  await run('lsm.removeQuery', { view: 'history', stored: get });
  assert.equal((await history()).length, 3);
  await run('lsm.clearHistory');
  assert.deepEqual(
    (await history()).map((q) => q.pinned),
    [true],
    'what is pinned stays',
  );
  await run('lsm.unpinQuery', { view: 'history', stored: scan });
  await run('lsm.clearHistory');
  assert.equal(queries.history.shown.length, 0);
  await closeTabs();
});

test('history: bookmarks are kept, renamed, run and removed', async () => {
  const directory = sample('sensors-leveldb');
  const { queries } = await ours();
  await run('lsm.openStoreAtPath', directory);
  const kept = await run<StoredQuery>('lsm.addBookmark', { store: directory, prefix: 'site', name: 'All sites' });
  assert.equal(kept.title, 'All sites');
  await run('lsm.addBookmark', { store: directory, key: '0x00ff', name: 'A key' });
  assert.deepEqual(
    queries.bookmarks.shown.map((q) => q.title),
    ['A key', 'All sites'],
  );
  const params = await run<QueryParams>('lsm.runQuery', { view: 'bookmarks', stored: kept });
  assert.equal(Buffer.from(params.prefix ?? []).toString(), 'site');
  for (const stored of queries.bookmarks.shown) await run('lsm.removeQuery', { view: 'bookmarks', stored });
  assert.equal(queries.bookmarks.shown.length, 0);
  await run('lsm.clearHistory');
  await closeTabs();
});

test('history: what is remembered outlives the window', async () => {
  await ours();
  const kept = new Map<string, unknown>();
  const memento: vscode.Memento = {
    keys: () => [...kept.keys()],
    get: <T>(key: string, fallback?: T): T => (kept.has(key) ? (kept.get(key) as T) : (fallback as T)),
    update: async (key: string, value: unknown) => void kept.set(key, JSON.parse(JSON.stringify(value))),
  };
  const first = new QueryLists(memento);
  const query = { kind: 'get', store: '/a/store', family: 'default', key: '00ff' } as const;
  first.history.add({ query, title: 'Get 0x00FF', time: 1, count: 1 });
  first.bookmarks.add({ query, title: '<b>name</b>', time: 2, count: null });
  kept.set('lsm.bookmarks', [...(kept.get('lsm.bookmarks') as unknown[]), { query: { kind: 'get' } }, 7]);
  const second = new QueryLists(memento);
  assert.equal(identity(second.history.shown[0]?.query ?? query), identity(query));
  assert.equal(second.bookmarks.shown.length, 1, 'what is none of ours is left out');
  // A view of the same name is there already; only the item is looked at.
  const [stored] = second.bookmarks.shown;
  assert.ok(stored);
  const item = QueryTree.prototype.getTreeItem.call(undefined as never, { view: 'bookmarks', stored });
  assert.equal(item.label, '<b>name</b>');
  assert.equal(typeof item.tooltip, 'string', 'text, not Markdown');
  assert.equal(item.contextValue, 'lsm.bookmark');
});
