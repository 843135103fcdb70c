/** Queries as they are remembered: plain data that survives JSON, so bytes are lower-case hex. Pure. */
import { hex } from '../../engine/model/display.ts';
import type { QueryParams } from '../../engine/protocol/engineApi.ts';
import { isSqlRequest, type SqlRange, type SqlRequest } from '../../engine/protocol/sqlView.ts';
import { type SavedParams, saveParams } from '../../engine/protocol/viewState.ts';

/** What is asked of which family; two that are equal are one in the history. */
export type QueryText = {
  /** Directory of the store. */
  readonly store: string;
  /** Name of the column family: its id may be another's in a store that was made anew. */
  readonly family: string;
} & (
  | { readonly kind: 'get' | 'explain'; readonly key: string; readonly at?: number }
  | { readonly kind: 'scan'; readonly params: SavedParams }
  /** `family` is that of the range, empty where it has none. */
  | { readonly kind: 'sql'; readonly sql: string; readonly range: SqlRange }
);

export interface StoredQuery {
  readonly query: QueryText;
  /** In words, in the language that the editor had then; of a bookmark, the name that a person gave. */
  readonly title: string;
  /** Milliseconds since 1970: the last run, or when it was kept. */
  readonly time: number;
  /** Entries that it came to; null where that is not known. */
  readonly count: number | null;
  readonly pinned?: boolean;
}

/** Queries that the history holds; pinned ones among them. */
export const HISTORY_MAX = 200;
export const BOOKMARKS_MAX = 1_000;

export function pointQuery(
  kind: 'get' | 'explain',
  store: string,
  family: string,
  key: Uint8Array,
  at?: number,
): QueryText {
  return { kind, store, family, key: hex(key), ...(at === undefined ? {} : { at }) };
}

export function scanQuery(store: string, family: string, params: QueryParams): QueryText {
  return { kind: 'scan', store, family, params: saveParams(params) };
}

export function sqlQuery({ store, query, range }: SqlRequest): QueryText {
  return { kind: 'sql', store, family: range.family ?? '', sql: query, range };
}

export function identity(query: QueryText): string {
  if (query.kind === 'sql') {
    const { family, from, to, prefix, limit } = query.range;
    return JSON.stringify([query.kind, query.store, query.sql, family, from, to, prefix, limit]);
  }
  // `saveParams` sets its members in one order.
  return query.kind === 'scan'
    ? JSON.stringify([query.kind, query.store, query.family, { ...query.params, family: 0 }])
    : JSON.stringify([query.kind, query.store, query.family, query.key, query.at ?? null]);
}

/** Puts a query that was run first; of the oldest, those that are not pinned are forgotten. */
export function remember(list: readonly StoredQuery[], run: StoredQuery, max: number): StoredQuery[] {
  const id = identity(run.query);
  const before = list.find((q) => identity(q.query) === id);
  const pinned = before?.pinned === true ? { pinned: true } : {};
  const next = [{ ...run, ...pinned }, ...list.filter((q) => q !== before)];
  let excess = next.length - max;
  for (let i = next.length - 1; i > 0 && excess > 0; i--) {
    if (next[i]?.pinned === true) continue;
    next.splice(i, 1);
    excess--;
  }
  return next;
}

/** Pinned ones first, each part in the order of the list. */
export function inOrder(list: readonly StoredQuery[]): StoredQuery[] {
  return [...list.filter((q) => q.pinned === true), ...list.filter((q) => q.pinned !== true)];
}

/** Those of `stored` that are what we wrote once; anything else a workspace may hold is left out. */
export function readStored(stored: unknown): StoredQuery[] {
  return Array.isArray(stored) ? stored.filter(isStored) : [];
}

function isStored(value: unknown): value is StoredQuery {
  if (typeof value !== 'object' || value === null) return false;
  const { query, title, time, count } = value as Partial<Record<keyof StoredQuery, unknown>>;
  if (typeof title !== 'string' || typeof time !== 'number') return false;
  if (count !== null && typeof count !== 'number') return false;
  if (typeof query !== 'object' || query === null) return false;
  const q = query as {
    kind?: unknown;
    store?: unknown;
    family?: unknown;
    key?: unknown;
    params?: unknown;
    sql?: unknown;
    range?: unknown;
  };
  if (typeof q.store !== 'string' || typeof q.family !== 'string') return false;
  if (q.kind === 'sql') {
    return isSqlRequest({ store: q.store, document: '', title: '', query: q.sql, range: q.range });
  }
  if (q.kind === 'scan') return typeof q.params === 'object' && q.params !== null;
  return (q.kind === 'get' || q.kind === 'explain') && typeof q.key === 'string' && /^([0-9a-f]{2})*$/.test(q.key);
}
