/**
 * Answers for assistants: JSON on one line, of bounded size, in which whatever was left out is told. Pure.
 *
 * Keys are given as they are typed (cli.md): text, `0x…`, or quoted with escapes, so that an answer's key can be the
 * next question's. Values are `{"text": …}` where they are printable UTF-8 and `{"hex": …}` else.
 */
import { displayKey, hex, strictText } from '../../engine/model/display.ts';
import type { Problem } from '../../engine/model/tree.ts';
import type { EntryRow, SqlValue } from '../../engine/protocol/engineApi.ts';
import { describeProblem } from '../../engine/protocol/rpc.ts';

/** UTF-8 bytes of one answer, at most. */
export const ANSWER_BYTES_MAX = 20_000;
/** Kept free for what is told of a list that was cut. */
const TAIL_BYTES = 200;
/** Characters of a key; longer ones are cut, and told to be. */
const KEY_CHARS_MAX = 1_000;
const PROBLEMS_MAX = 5;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

const encoder = new TextEncoder();

function size(value: Json): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * `head` with as many of `items` under `name` as fit, and `truncated`. `total`: how many there are in all, where that
 * is more than `items`.
 */
export function answer(
  head: Readonly<Record<string, Json | undefined>>,
  name: string,
  items: readonly Json[],
  total = items.length,
): string {
  const kept: Json[] = [];
  let left = ANSWER_BYTES_MAX - TAIL_BYTES - size({ ...head, [name]: [] });
  for (const item of items) {
    left -= size(item) + 1;
    if (left < 0) break;
    kept.push(item);
  }
  const missing = total - kept.length;
  const tail: Record<string, Json> = missing > 0 ? { truncated: true, leftOff: missing } : { truncated: false };
  return JSON.stringify({ ...head, [name]: kept, ...tail });
}

/** A key as it is typed. One that is cut is no key any more, and ends in `…`. */
export function keyJson(key: Uint8Array): string {
  return displayKey(key, KEY_CHARS_MAX);
}

/** Whole in `bytes` bytes; past `bytesMax` cut, with `size` and `truncated`. */
export function valueJson(value: Uint8Array, whole: number, bytesMax: number): Json {
  const part = value.length > bytesMax ? value.subarray(0, bytesMax) : value;
  const text = strictText(part) ?? (part.length < whole ? cutText(part) : undefined);
  const content = text !== undefined && !isBinary(text) ? { text } : { hex: hex(part) };
  return { ...content, size: whole, ...(part.length < whole ? { truncated: true } : {}) };
}

/** Text whose last character may be cut in two. */
function cutText(part: Uint8Array): string | undefined {
  for (let cut = 1; cut <= 3 && cut < part.length; cut++) {
    const text = strictText(part.subarray(0, part.length - cut));
    if (text !== undefined) return text;
  }
  return undefined;
}

function isBinary(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x08\x0b\x0e-\x1f\x7f]/.test(text);
}

export function entryJson(row: EntryRow, valueBytesMax: number): Json {
  return {
    key: keyJson(row.key),
    type: row.type,
    seq: row.seq,
    level: row.level < 0 ? 'write-ahead log' : row.level,
    table: row.table,
    ...(row.value === null ? {} : { value: valueJson(row.value, row.valueSize, valueBytesMax) }),
    ...(row.columns === undefined
      ? {}
      : {
          columns: row.columns.map((c) => ({
            name: keyJson(c.name),
            value: valueJson(c.value, c.value.length, valueBytesMax),
          })),
        }),
    ...(row.operands === undefined ? {} : { operands: row.operands.map((o) => valueJson(o, o.length, valueBytesMax)) }),
    ...(row.base === undefined ? {} : { base: valueJson(row.base, row.base.length, valueBytesMax) }),
    ...(row.until === undefined ? {} : { until: keyJson(row.until) }),
    ...(row.problem === undefined ? {} : { problem: describeProblem(row.problem) }),
  };
}

/** Absent where there are none, so that their presence says something. */
export function problemsJson(problems: readonly Problem[]): {
  readonly problems?: Json;
  readonly problemCount?: number;
} {
  if (problems.length === 0) return {};
  return { problems: problems.slice(0, PROBLEMS_MAX).map(describeProblem), problemCount: problems.length };
}

export function sqlJson(value: SqlValue, bytesMax: number): Json {
  if (value instanceof Uint8Array) return valueJson(value, value.length, bytesMax);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' && value.length > bytesMax) return `${value.slice(0, bytesMax)}…`;
  return value;
}

/** Any structured answer of the engine: bytes as keys, BigInts as text. */
export function plainJson(value: unknown): Json {
  if (value instanceof Uint8Array) return keyJson(value);
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainJson(member)]));
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return null;
}
