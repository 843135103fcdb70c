/** The queries that were run and those that a person keeps: two lists in the state of the workspace. */
import * as vscode from 'vscode';
import { displayKey } from '../../engine/model/display.ts';
import type { QueryParams, QueryState } from '../../engine/protocol/engineApi.ts';
import type { SqlRequest } from '../../engine/protocol/sqlView.ts';
import { STATE } from '../ids.ts';
import type { Store } from '../store.ts';
import {
  BOOKMARKS_MAX,
  HISTORY_MAX,
  identity,
  inOrder,
  pointQuery,
  type QueryText,
  readStored,
  remember,
  type StoredQuery,
  scanQuery,
  sqlQuery,
} from './queries.ts';

const t = vscode.l10n.t;

const TITLE_CHARS = 80;

/** One list, newest first. */
export class QueryList implements vscode.Disposable {
  readonly #memento: vscode.Memento;
  readonly #state: string;
  readonly #max: number;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onChanged = this.#changed.event;
  #list: StoredQuery[];

  constructor(memento: vscode.Memento, state: string, max: number) {
    this.#memento = memento;
    this.#state = state;
    this.#max = max;
    this.#list = readStored(memento.get(state));
  }

  get shown(): readonly StoredQuery[] {
    return inOrder(this.#list);
  }

  has(query: QueryText): boolean {
    return this.#index(query) >= 0;
  }

  add(query: StoredQuery): void {
    this.#set(remember(this.#list, query, this.#max));
  }

  /** Changes one that is there still. */
  change(query: QueryText, change: Partial<Omit<StoredQuery, 'query'>>): void {
    const at = this.#index(query);
    const old = this.#list[at];
    if (old !== undefined) this.#set(this.#list.with(at, { ...old, ...change }));
  }

  remove(query: QueryText): void {
    const at = this.#index(query);
    if (at >= 0) this.#set(this.#list.toSpliced(at, 1));
  }

  /** Pinned ones stay. */
  clear(): void {
    this.#set(this.#list.filter((q) => q.pinned === true));
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #index(query: QueryText): number {
    const id = identity(query);
    return this.#list.findIndex((q) => identity(q.query) === id);
  }

  #set(list: StoredQuery[]): void {
    this.#list = list;
    void this.#memento.update(this.#state, list);
    this.#changed.fire();
  }
}

export class QueryLists implements vscode.Disposable {
  readonly history: QueryList;
  readonly bookmarks: QueryList;

  constructor(memento: vscode.Memento) {
    this.history = new QueryList(memento, STATE.history, HISTORY_MAX);
    this.bookmarks = new QueryList(memento, STATE.bookmarks, BOOKMARKS_MAX);
  }

  /** A get or an explanation was run; `count`: entries that it found. */
  ranPoint(
    kind: 'get' | 'explain',
    store: Store,
    family: string,
    key: Uint8Array,
    at: number | undefined,
    count: number | null,
  ): void {
    this.history.add({
      query: pointQuery(kind, store.path, family, key, at),
      title: pointTitle(kind, key),
      time: Date.now(),
      count,
    });
  }

  /** A scan was begun. Those of one table or block are the tree's affair, and not remembered. */
  ranScan(store: Store, params: QueryParams, title: string): void {
    const family = store.family(params.family)?.name;
    if (params.table !== undefined || family === undefined) return;
    this.history.add({ query: scanQuery(store.path, family, params), title, time: Date.now(), count: null });
  }

  /** A scan is over. */
  counted(store: Store, params: QueryParams, state: QueryState): void {
    const family = store.family(params.family)?.name;
    if (!state.complete || params.table !== undefined || family === undefined) return;
    this.history.change(scanQuery(store.path, family, params), { count: state.total });
  }

  ranSql(request: SqlRequest): void {
    this.history.add({ query: sqlQuery(request), title: sqlTitle(request), time: Date.now(), count: null });
  }

  /** All rows of a query in SQL have come. */
  countedSql(request: SqlRequest, count: number): void {
    this.history.change(sqlQuery(request), { count });
  }

  dispose(): void {
    this.history.dispose();
    this.bookmarks.dispose();
  }
}

/** The query itself in one line: what a document is called says less. */
function sqlTitle({ query }: SqlRequest): string {
  const line = query.replace(/\s+/g, ' ').trim();
  return line.length > TITLE_CHARS ? `${line.slice(0, TITLE_CHARS)}…` : line;
}

export function pointTitle(kind: 'get' | 'explain', key: Uint8Array): string {
  return kind === 'get' ? t('Get {0}', displayKey(key, 60)) : t('Explain {0}', displayKey(key, 60));
}
