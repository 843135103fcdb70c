/** Rows of SQL as CSV and JSON lines, in the forms of `lsm sql`. Pure. */
import { bytesJson, bytesText, csvField } from './rowText.ts';
import type { SqlColumn, SqlValue } from './sql.ts';

export type RowsFormat = 'csv' | 'jsonl';

/** The line before the rows; empty where the format has none. */
export function headerText(columns: readonly SqlColumn[], format: RowsFormat): string {
  return format === 'csv' ? `${columns.map((c) => csvField(c.name)).join(',')}\n` : '';
}

export function rowText(columns: readonly SqlColumn[], row: readonly SqlValue[], format: RowsFormat): string {
  if (format === 'csv') return `${row.map((value) => csvField(plainText(value))).join(',')}\n`;
  const fields = row.map((value, i) => [fieldName(columns, i), jsonValue(value)]);
  return `${JSON.stringify(Object.fromEntries(fields))}\n`;
}

/** The name of a column, made another where one before has it: two of one name would hide each other. */
function fieldName(columns: readonly SqlColumn[], i: number): string {
  const name = columns[i]?.name ?? '';
  return columns.findIndex((c) => c.name === name) < i ? `${name}_${i + 1}` : name;
}

/** One value in one line; empty for NULL. */
export function plainText(value: SqlValue): string {
  if (value === null) return '';
  if (!(value instanceof Uint8Array)) return String(value);
  return bytesText(value);
}

function jsonValue(value: SqlValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Uint8Array)) return value;
  return bytesJson(value);
}
