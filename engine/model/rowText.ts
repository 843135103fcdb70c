/**
 * Bytes and entries as text and as JSON: the forms of cli.md, which the command line and exports share.
 */
import { hex, strictText } from '../base/bytes.ts';
import type { EntryRow } from './answers.ts';

/** Control characters, and what turns the direction of text: never sent to a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'g');

export type BytesJson = { hex: string; text?: string };

/** `{"hex": …}`, with `"text"` beside it when the bytes are printable UTF-8. */
export function bytesJson(b: Uint8Array): BytesJson {
  const text = strictText(b);
  return text !== undefined && text.length > 0 && !UNSAFE.test(text) ? { hex: hex(b), text } : { hex: hex(b) };
}

/** A number as JSON: above 2^53 as a string. */
export function numberJson(n: number): number | string {
  return n > Number.MAX_SAFE_INTEGER ? BigInt(n).toString() : n;
}

export function escapeText(s: string): string {
  return s.replace(/\\/g, '\\\\').replace(UNSAFE_ALL, escapeUnit);
}

function escapeUnit(c: string): string {
  const code = c.charCodeAt(0);
  if (c === '\n') return '\\n';
  if (c === '\t') return '\\t';
  if (c === '\r') return '\\r';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line of text for a terminal: printable UTF-8 with escapes, or `0x` and hex. */
export function bytesText(b: Uint8Array): string {
  const text = strictText(b);
  return text === undefined ? `0x${hex(b).toUpperCase()}` : escapeText(text);
}

/** As `bytesText`, for a cell that is read back: text that looks like hex bytes begins with an escape. */
export function csvBytes(b: Uint8Array): string {
  const shown = bytesText(b);
  return /^0x(?:[0-9a-f]{2})*$/i.test(shown) && strictText(b) !== undefined ? `\\x30${shown.slice(1)}` : shown;
}

/** An entry as `scan --format jsonl` prints it. */
export function entryJson(row: EntryRow, unproven: boolean): object {
  return {
    key: bytesJson(row.key),
    ...(row.timestamp === undefined ? {} : { timestamp: { hex: hex(row.timestamp) } }),
    ...valueJson(row),
    seq: numberJson(row.seq),
    type: row.type,
    ...(row.until === undefined ? {} : { until: bytesJson(row.until) }),
    level: row.level,
    table: row.table,
    ...(unproven ? { unproven: true } : {}),
    ...(row.problem === undefined ? {} : { problem: row.problem }),
  };
}

/** The part of `entryJson` that tells the value, or what stands in its place. */
export function valueJson(row: EntryRow): object {
  if (row.operands !== undefined) {
    return {
      operands: row.operands.map(bytesJson),
      ...(row.base === undefined ? {} : { base: bytesJson(row.base) }),
    };
  }
  if (row.columns !== undefined) {
    return { columns: row.columns.map((c) => ({ name: bytesJson(c.name), value: bytesJson(c.value) })) };
  }
  return row.value === null ? {} : { value: bytesJson(row.value) };
}

/** A field of RFC 4180. */
export function csvField(s: string): string {
  return /[",\r\n]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
}

export const ENTRY_CSV_COLUMNS = 'key,value,seq,type,level,table';

/** An entry as a line of CSV without its end. What has no single value goes as its JSON, so that nothing is left out. */
export function entryCsv(row: EntryRow): string {
  const value = row.value === null ? JSON.stringify(entryJson(row, false)) : csvBytes(row.value);
  return `${csvField(csvBytes(row.key))},${csvField(value)},${row.seq},${row.type},${row.level},${row.table ?? ''}`;
}
