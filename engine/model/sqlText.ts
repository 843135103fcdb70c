/** Rows of SQL as CSV and JSON lines, in the forms of `lsm sql`. Pure. */
import { hex, strictText } from './display.ts';
import type { SqlColumn, SqlValue } from './sql.ts';

export type RowsFormat = 'csv' | 'jsonl';

/** Control characters, and what turns the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'g');
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

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
  const text = strictText(value);
  return text === undefined
    ? `0x${hex(value).toUpperCase()}`
    : text.replaceAll('\\', '\\\\').replace(UNSAFE_ALL, escaped);
}

function escaped(c: string): string {
  const code = c.charCodeAt(0);
  return (
    NAMED[c] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
  );
}

function jsonValue(value: SqlValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Uint8Array)) return value;
  const text = strictText(value);
  return text === undefined || text === '' || UNSAFE.test(text) ? { hex: hex(value) } : { hex: hex(value), text };
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
