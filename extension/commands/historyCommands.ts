/** Commands of the query history and the bookmarks. */
import * as vscode from 'vscode';
import { displayKey, fromHex } from '../../engine/model/display.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { restoreParams } from '../../engine/protocol/viewState.ts';
import { valueAt } from '../documentAddress.ts';
import { pointQuery, type QueryText, type StoredQuery, scanQuery } from '../history/queries.ts';
import { pointTitle } from '../history/queryLists.ts';
import { isQueryItem, type QueryItem } from '../history/queryTree.ts';
import { COMMANDS, ITEM_COMMANDS } from '../ids.ts';
import { queryTitle, showResults } from '../panels/resultsPanel.ts';
import type { Services } from '../services.ts';
import { argsOf, askKey, type CommandArgs, familyFor, isNode, keyFrom, storeFor } from './pickers.ts';
import { registrar } from './registrar.ts';

const t = vscode.l10n.t;

export function registerHistoryCommands(services: Services): vscode.Disposable {
  const { history, bookmarks } = services.queries;
  const disposables: vscode.Disposable[] = [];
  const on = registrar(services.log, disposables);
  const listOf = (item: QueryItem): typeof history => (item.view === 'history' ? history : bookmarks);

  on(ITEM_COMMANDS.runQuery, t('Run Again'), (arg) => (isQueryItem(arg) ? run(services, arg.stored.query) : undefined));
  on(ITEM_COMMANDS.pinQuery, t('Pin'), (arg) => {
    if (isQueryItem(arg)) listOf(arg).change(arg.stored.query, { pinned: true });
  });
  on(ITEM_COMMANDS.unpinQuery, t('Unpin'), (arg) => {
    if (isQueryItem(arg)) listOf(arg).change(arg.stored.query, { pinned: false });
  });
  on(ITEM_COMMANDS.removeQuery, t('Remove'), (arg) => {
    if (isQueryItem(arg)) listOf(arg).remove(arg.stored.query);
  });
  on(ITEM_COMMANDS.renameBookmark, t('Rename'), async (arg) => {
    if (!isQueryItem(arg)) return;
    const title = await askName(arg.stored.title);
    if (title !== undefined) bookmarks.change(arg.stored.query, { title });
  });
  on(COMMANDS.clearHistory, t('Clear Query History'), () => history.clear());
  on(COMMANDS.addBookmark, t('Add Bookmark'), (arg) => addBookmark(services, arg));
  return vscode.Disposable.from(...disposables);
}

/** Resolves to what the command of the query resolves to. */
async function run(services: Services, query: QueryText): Promise<unknown> {
  const { stores } = services;
  const store = stores.byPath(query.store) ?? stores.choose(query.store);
  if (query.kind === 'sql') {
    return vscode.commands.executeCommand(COMMANDS.querySql, { store, query: query.sql, range: query.range });
  }
  const { families } = await store.open();
  const family = families.find((f) => f.name === query.family);
  if (family === undefined) {
    throw new StoreError('INPUT', t('There is no column family “{0}”.', query.family), { path: store.path });
  }
  stores.setActive(store);
  if (query.kind === 'scan') {
    const params = { ...restoreParams(query.params), family: family.id };
    showResults(services, store, params);
    return params;
  }
  const key = fromHex(query.key);
  const args: CommandArgs = { store, family: family.id, key, at: query.at };
  return vscode.commands.executeCommand(query.kind === 'get' ? COMMANDS.get : COMMANDS.explain, args);
}

interface BookmarkArgs extends CommandArgs {
  /** A name; without one the person is asked. */
  readonly name?: string | undefined;
}

/** Keeps a query of the history, a key or a family of the tree, a row of results, or a key that is asked for. */
async function addBookmark(services: Services, arg: unknown): Promise<StoredQuery | undefined> {
  const found = isQueryItem(arg) ? arg.stored : await queryOf(services, arg);
  if (found === undefined) return undefined;
  const name = isNode(arg) || isQueryItem(arg) ? undefined : (argsOf(arg) as BookmarkArgs).name;
  const title = name ?? (await askName(found.title));
  if (title === undefined) return undefined;
  const stored: StoredQuery = { query: found.query, title, time: Date.now(), count: null };
  services.queries.bookmarks.add(stored);
  vscode.window.setStatusBarMessage(`$(bookmark) ${t('Bookmark added.')}`, 2_500);
  return stored;
}

async function queryOf(services: Services, arg: unknown): Promise<Pick<StoredQuery, 'query' | 'title'> | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const args: CommandArgs = (arg === undefined && uri !== undefined ? valueAt(uri) : undefined) ?? argsOf(arg);
  const store = await storeFor(services.stores, args);
  if (store === undefined) return undefined;
  const family = await familyFor(store, args);
  if (family === undefined) return undefined;
  const range = args.prefix !== undefined || args.from !== undefined || args.to !== undefined;
  if (range || (isNode(arg) && arg.kind === 'family')) {
    const params = {
      family: family.id,
      prefix: keyFrom(args.prefix),
      from: keyFrom(args.from),
      to: keyFrom(args.to),
      limit: args.limit,
    };
    return { query: scanQuery(store.path, family.name, params), title: queryTitle(family.name, params) };
  }
  const key =
    keyFrom(args.key) ?? (await askKey(t('Bookmark in {0}', family.name), t('Key to keep'), { of: { store, family } }));
  if (key === undefined) return undefined;
  const title = args.at === undefined ? displayKey(key, 60) : pointTitle('get', key);
  return { query: pointQuery('get', store.path, family.name, key, args.at), title };
}

function askName(value: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: t('Bookmark'),
    prompt: t('Name of the bookmark'),
    value,
    validateInput: (input) => (input.trim() === '' ? t('Type a name.') : undefined),
  });
}
