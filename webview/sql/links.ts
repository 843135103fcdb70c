/** What a value of a result leads to: a table by its number, a key to get. Pure. */
import type { SqlColumn } from '../../engine/protocol/engineApi.ts';
import { isCut, type SqlCell } from '../../engine/protocol/sqlView.ts';
import type { Row } from './loadedRows.ts';

export type Link =
  | { readonly to: 'table'; readonly table: number }
  /** A key as bytes, or as text in the syntax that people type. */
  | { readonly to: 'key'; readonly key: Uint8Array | string; readonly family: string | null };

const KEYS = new Set(['key', 'smallest', 'largest']);
const utf8 = new TextEncoder();

/** Undefined for a value that stands for itself. */
export function linkOf(columns: readonly SqlColumn[], row: Row, column: number): Link | undefined {
  const cell = row[column] ?? null;
  const { name, from } = columns[column] ?? { name: '', from: undefined };
  if (cell === null || isCut(cell)) return undefined;
  const table = tableOf(columns, row, column, cell);
  if (table !== undefined) return { to: 'table', table };
  const base = from?.column.replace(/_text$/, '');
  if (from !== undefined && base !== undefined && KEYS.has(base)) {
    if (cell instanceof Uint8Array) return { to: 'key', key: cell, family: familyOf(columns, row) };
    if (typeof cell === 'string') return { to: 'key', key: utf8.encode(cell), family: familyOf(columns, row) };
  }
  // A computed key, as text or 0xHEX.
  if (from === undefined && name === 'key' && typeof cell === 'string' && cell !== '') {
    return { to: 'key', key: cell, family: familyOf(columns, row) };
  }
  return undefined;
}

function tableOf(columns: readonly SqlColumn[], row: Row, column: number, cell: SqlCell): number | undefined {
  const { name, from } = columns[column] ?? { name: '', from: undefined };
  if (typeof cell === 'number' && Number.isInteger(cell)) {
    const isNumber = from?.table === 'tables' ? from.column === 'number' : from?.column === 'table_number';
    return isNumber || (from === undefined && name === 'table_number') ? cell : undefined;
  }
  if (from?.table !== 'tables' || from.column !== 'file') return undefined;
  const number = columns.findIndex((c) => c.from?.table === 'tables' && c.from.column === 'number');
  const told = row[number];
  if (typeof told === 'number') return told;
  const digits = typeof cell === 'string' ? /^\d+(?=\.\w+$)/.exec(cell)?.[0] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** The family that the row names, where it names one. */
function familyOf(columns: readonly SqlColumn[], row: Row): string | null {
  const at = columns.findIndex((c) => c.from?.column === 'family' || (c.from === undefined && c.name === 'family'));
  const cell = row[at];
  return typeof cell === 'string' ? cell : null;
}
