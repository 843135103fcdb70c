/**
 * What crosses between the page of SQL results and the host. Messages to a page are JSON with byte arrays in between,
 * so numbers that JSON has no form for are spelled, and long values are cut until they are asked for.
 */
import type { Code, Problem } from '../base/errors.ts';
import type { SqlSort } from '../model/sqlSort.ts';
import type { SqlColumn, SqlValue } from './engineApi.ts';

export type { SqlSort } from '../model/sqlSort.ts';

/** An integer beyond 2^53, or an infinite number, in digits or words. */
export interface SpelledNumber {
  readonly spelled: string;
}

/** The beginning of a text or a BLOB of `size` characters or bytes. */
export interface CutValue {
  readonly cut: string | Uint8Array;
  readonly size: number;
}

export type SqlCell = null | number | string | Uint8Array | SpelledNumber | CutValue;

/** Which query, of which store and document. It survives JSON. */
export interface SqlRequest {
  /** Directory of the store. */
  readonly store: string;
  /** Address of the document that holds the query. */
  readonly document: string;
  /** As a heading: the name of the document, or of a ready-made query. */
  readonly title: string;
  readonly query: string;
  /** What `entries` and `versions` are narrowed to; keys in the syntax of keyInput.ts, the family by name. */
  readonly range: SqlRange;
}

export interface SqlRange {
  readonly family?: string;
  readonly from?: string;
  readonly to?: string;
  readonly prefix?: string;
  /** Rows that are read at most. */
  readonly limit?: number;
}

export type SqlState =
  /** Not run in this window yet. */
  | { readonly phase: 'idle' }
  /** Filling `table`, of which there are so many rows; without it, SQLite is at work or the store is opening. */
  | { readonly phase: 'running'; readonly table?: string; readonly rows?: number }
  | {
      readonly phase: 'done';
      /** Counts runs: rows of an earlier one are no longer to be had. */
      readonly run: number;
      readonly columns: readonly SqlColumn[];
      readonly notes: readonly string[];
      readonly problems: readonly Problem[];
      readonly fillMillis: number;
      readonly queryMillis: number;
      /** The engine put the rows into this order. */
      readonly sort: SqlSort | null;
    }
  /** `cancelled`: by a person. */
  | { readonly phase: 'failed'; readonly code: Code; readonly message: string; readonly cancelled: boolean };

export interface SqlRows {
  readonly offset: number;
  readonly rows: readonly (readonly SqlCell[])[];
  /** There are none behind these. */
  readonly complete: boolean;
}

/** What the page asks the host, which answers by itself. */
export interface SqlPageApi {
  /** Rows from `offset` on, at most `count` of them. */
  sqlPage(p: { readonly run: number; readonly offset: number; readonly count: number }): SqlRows;
  /** One value, as much of it as is shown. */
  sqlCell(p: { readonly run: number; readonly row: number; readonly column: number }): SqlCell;
}

export const SQL_PAGE_METHODS = ['sqlPage', 'sqlCell'] as const satisfies readonly (keyof SqlPageApi)[];

/** `max`: characters or bytes from which on a value is cut. */
export function toCell(value: SqlValue, max: number): SqlCell {
  if (typeof value === 'bigint') return { spelled: String(value) };
  if (typeof value === 'number') return Number.isFinite(value) ? value : { spelled: String(value) };
  if (value === null || value.length <= max) return value;
  if (value instanceof Uint8Array) return { cut: value.subarray(0, max), size: value.length };
  // Not within a character of two units.
  const end = /[\ud800-\udbff]/.test(value[max - 1] ?? '') ? max - 1 : max;
  return { cut: value.slice(0, end), size: value.length };
}

export function isCut(cell: SqlCell): cell is CutValue {
  return typeof cell === 'object' && cell !== null && 'cut' in cell;
}

export function isSpelled(cell: SqlCell): cell is SpelledNumber {
  return typeof cell === 'object' && cell !== null && 'spelled' in cell;
}

/** The part of a cell that is there, and how long it is in all. */
export function contentOf(cell: Exclude<SqlCell, SpelledNumber>): {
  readonly value: null | number | string | Uint8Array;
  readonly whole: boolean;
} {
  return isCut(cell) ? { value: cell.cut, whole: false } : { value: cell, whole: true };
}

/** Whether `value`, as a window reload hands it back, is a request of ours. */
export function isSqlRequest(value: unknown): value is SqlRequest {
  if (typeof value !== 'object' || value === null) return false;
  const r = value as Partial<Record<keyof SqlRequest, unknown>>;
  if (![r.store, r.document, r.title, r.query].every((text) => typeof text === 'string')) return false;
  if (typeof r.range !== 'object' || r.range === null) return false;
  const { limit, ...texts } = r.range as Record<string, unknown>;
  return (limit === undefined || typeof limit === 'number') && Object.values(texts).every((x) => typeof x === 'string');
}
