/** The views *Query History* and *Bookmarks*: flat lists whose items run again by a click. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { CONTEXT, ITEM, ITEM_COMMANDS, VIEWS } from '../ids.ts';
import * as words from '../words.ts';
import { identity, type StoredQuery } from './queries.ts';
import type { QueryList, QueryLists } from './queryLists.ts';

const t = vscode.l10n.t;

/** An item of one of the views. */
export interface QueryItem {
  readonly view: 'history' | 'bookmarks';
  readonly stored: StoredQuery;
}

export function isQueryItem(arg: unknown): arg is QueryItem {
  return typeof arg === 'object' && arg !== null && 'view' in arg && 'stored' in arg;
}

const ICONS = { get: 'search', scan: 'list-ordered', explain: 'telescope', sql: 'code' } as const;

export class QueryTree implements vscode.TreeDataProvider<QueryItem>, vscode.Disposable {
  readonly #list: QueryList;
  readonly #name: QueryItem['view'];
  readonly onDidChangeTreeData: vscode.Event<void>;
  readonly #view: vscode.TreeView<QueryItem>;

  constructor(name: QueryItem['view'], list: QueryList) {
    this.#name = name;
    this.#list = list;
    this.onDidChangeTreeData = list.onChanged;
    this.#view = vscode.window.createTreeView(VIEWS[name], { treeDataProvider: this });
  }

  getChildren(item?: QueryItem): QueryItem[] {
    return item === undefined ? this.#list.shown.map((stored) => ({ view: this.#name, stored })) : [];
  }

  getTreeItem(item: QueryItem): vscode.TreeItem {
    const { query, title, time, count, pinned } = item.stored;
    const node = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.None);
    node.id = `${item.view} ${identity(query)}`;
    const isBookmark = item.view === 'bookmarks';
    node.contextValue = isBookmark ? ITEM.bookmark : pinned === true ? ITEM.pinnedQuery : ITEM.query;
    node.iconPath = new vscode.ThemeIcon(pinned === true ? 'pinned' : ICONS[query.kind]);
    const parts = [path.basename(query.store), ...(['default', ''].includes(query.family) ? [] : [query.family])];
    const result = isBookmark ? undefined : resultWords(query.kind, count);
    if (result !== undefined) parts.push(result);
    if (!isBookmark) parts.push(timeWords(time));
    node.description = parts.join(' · ');
    // Plain text: what a key holds is not to be read as Markdown.
    const asked = query.kind === 'sql' ? query.sql : undefined;
    const family = query.family === '' ? undefined : t('Column family {0}', query.family);
    node.tooltip = [asked ?? title, query.store, family, result, new Date(time).toLocaleString()]
      .filter((line) => line !== undefined)
      .join('\n');
    node.command = { command: ITEM_COMMANDS.runQuery, title: t('Run Again'), arguments: [item] };
    return node;
  }

  dispose(): void {
    this.#view.dispose();
  }
}

function resultWords(kind: StoredQuery['query']['kind'], count: number | null): string | undefined {
  if (count === null) return undefined;
  if (kind === 'scan') return words.entries(count);
  if (kind === 'sql') return words.rows(count);
  return count === 0 ? t('not found') : t('found');
}

/** The time of today, the date of any other day. */
function timeWords(time: number): string {
  const at = new Date(time);
  return at.toDateString() === new Date().toDateString()
    ? at.toLocaleTimeString(undefined, { timeStyle: 'short' })
    : at.toLocaleDateString();
}

/** Both views, and the key of `when` clauses. */
export function registerQueryViews(lists: QueryLists): vscode.Disposable {
  const { history, bookmarks } = lists;
  const update = (): void => {
    void vscode.commands.executeCommand('setContext', CONTEXT.hasHistory, history.shown.length > 0);
  };
  update();
  return vscode.Disposable.from(
    new QueryTree('history', history),
    new QueryTree('bookmarks', bookmarks),
    history.onChanged(update),
  );
}
