/** Cells and rows as text for the clipboard: pure, with the transport of long values passed in. */

import { headerText, plainText, rowText } from '../../engine/model/sqlText.ts';
import type { SqlColumn, SqlValue } from '../../engine/protocol/engineApi.ts';
import { isCut, isSpelled, type SqlCell } from '../../engine/protocol/sqlView.ts';
import type { Row } from './loadedRows.ts';

export type CopyFormat = 'text' | 'jsonl' | 'csv';

/** Long values that are fetched for one copy; more belong into a file. */
const FETCHED_MAX = 50;

/** A row, and where it stands in the result. */
export interface PlacedRow {
  readonly row: Row;
  readonly position: number;
}

/** All of a value that a row has the beginning of. */
export type FetchCell = (position: number, column: number) => Promise<SqlCell>;

/** The value itself; a long one fetched. Rejects where it is too long even by itself. */
export async function wholeCell(cell: SqlCell, fetch: () => Promise<SqlCell>): Promise<SqlValue> {
  const whole = cell !== null && isCut(cell) ? await fetch() : cell;
  if (whole !== null && isCut(whole)) throw new Error('the value is too long to be copied; save the rows to a file');
  if (whole === null || !isSpelled(whole)) return whole as SqlValue;
  return /^-?\d+$/.test(whole.spelled) ? BigInt(whole.spelled) : Number(whole.spelled);
}

export async function cellText(cell: SqlCell, fetch: () => Promise<SqlCell>): Promise<string> {
  return plainText(await wholeCell(cell, fetch));
}

/** `text`: values with tabs between them. CSV has a line of names before the rows. */
export async function rowsText(
  columns: readonly SqlColumn[],
  rows: readonly PlacedRow[],
  format: CopyFormat,
  fetch: FetchCell,
): Promise<string> {
  const long = rows.reduce((n, { row }) => n + row.filter((cell) => cell !== null && isCut(cell)).length, 0);
  if (long > FETCHED_MAX) throw new Error(`${long} values are long; save the rows to a file`);
  let text = format === 'text' ? '' : headerText(columns, format);
  for (const { row, position } of rows) {
    const values: SqlValue[] = [];
    for (const [i, cell] of row.entries()) values.push(await wholeCell(cell, () => fetch(position, i)));
    text += format === 'text' ? `${values.map((v) => plainText(v)).join('\t')}\n` : rowText(columns, values, format);
  }
  return rows.length === 1 && format === 'text' ? text.trimEnd() : text;
}
