/** What a condition compares, and how: numbers, texts, documents, and keys and values as bytes. */
import { compareRanges, text } from '../../base/bytes.ts';
import type { EntryView } from '../../model/entryView.ts';
import type { Document, Row } from './row.ts';
import { type Comparison, type Operand, whereFault } from './syntax.ts';

export type Test = (row: Row) => boolean;

/** Longer texts are matched by their beginning: a pattern may take very long over them. */
const PATTERN_CHARS_MAX = 64 << 10;

/** NaN stands for what cannot be compared, and every comparison with it is false. */
export const HOLDS: Readonly<Record<Exclude<Comparison, '~'>, (order: number) => boolean>> = {
  '=': (d) => d === 0,
  '!=': (d) => d < 0 || d > 0,
  '<': (d) => d < 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '>=': (d) => d >= 0,
};

/** Whole numbers beyond 2^53 stand as text in documents. */
const LARGE = /^-?\d{16,}$/;

/** A number against one literal: the test that runs most. */
export function numberTest(
  compare: Comparison,
  read: (row: Row) => Document | undefined,
  literal: number | bigint,
): Test {
  const large = (v: Document | undefined): bigint | undefined =>
    typeof v === 'string' && v.length < 80 && LARGE.test(v) ? BigInt(v) : undefined;
  const number = (row: Row): number | bigint | undefined => {
    const v = read(row);
    return typeof v === 'number' ? v : large(v);
  };
  switch (compare) {
    case '=':
      if (typeof literal === 'number' && Number.isSafeInteger(literal)) return (row) => read(row) === literal;
      // Of a number and a BigInt only the loose comparison goes by size.
      return (row) => {
        const v = number(row);
        return v !== undefined && v >= literal && v <= literal;
      };
    case '!=':
      return (row) => {
        const v = number(row);
        return v !== undefined && (v < literal || v > literal);
      };
    case '<':
      return (row) => (number(row) ?? Number.NaN) < literal;
    case '<=':
      return (row) => (number(row) ?? Number.NaN) <= literal;
    case '>':
      return (row) => (number(row) ?? Number.NaN) > literal;
    default:
      return (row) => (number(row) ?? Number.NaN) >= literal;
  }
}

export function orderOf(a: Document | undefined, b: Document | undefined): number {
  if (typeof a !== typeof b || a === undefined || b === undefined) return Number.NaN;
  if (a === null || b === null) return a === b ? 0 : Number.NaN;
  if (typeof a === 'object' || typeof b === 'object') return Number.NaN;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Lists and objects are equal or not, neither comes first, and the order of an object's names does not matter.
 * Undefined where they are of different kinds.
 */
export function sameDocument(a: Document | undefined, b: object): boolean | undefined {
  if (a === undefined || a === null || typeof a !== 'object' || Array.isArray(a) !== Array.isArray(b)) return undefined;
  return equal(a, b as Document);
}

function equal(a: Document, b: Document): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as { readonly [name: string]: Document }, b as { readonly [name: string]: Document }];
  const names = Object.keys(x);
  return (
    names.length === Object.keys(y).length &&
    names.every((name) => Object.hasOwn(y, name) && equal(x[name] as Document, y[name] as Document))
  );
}

export function keyTest(compare: Comparison, right: Operand): Test {
  return rawTest(compare, right, () => true, 'key');
}

/** Key or value as bytes, against bytes: nothing is decoded but for a pattern. */
export function rawTest(
  compare: Comparison,
  right: Operand,
  has: (e: EntryView) => boolean,
  of: 'key' | 'value',
): Test {
  if (right.kind === 'pattern') {
    const { pattern } = right;
    return (row) => has(row.entry) && pattern.test(rawText(row.entry, of));
  }
  if (right.kind !== 'text' && right.kind !== 'bytes') {
    throw whereFault(`${of} is compared with text, 0xHEX or a typed key such as u32be(42)`, right.at);
  }
  const { bytes } = right;
  const isKey = of === 'key';
  if (compare === '~') {
    return ({ entry: e }) =>
      has(e) &&
      (isKey
        ? contains(e.keyBuffer, e.keyStart, e.keyLength, bytes)
        : contains(e.valueBuffer, e.valueStart, e.valueLength, bytes));
  }
  const holds = HOLDS[compare as Exclude<Comparison, '~'>];
  return ({ entry: e }) =>
    has(e) &&
    holds(
      isKey
        ? compareRanges(e.keyBuffer, e.keyStart, e.keyLength, bytes, 0, bytes.length)
        : compareRanges(e.valueBuffer, e.valueStart, e.valueLength, bytes, 0, bytes.length),
    );
}

function rawText(e: EntryView, of: 'key' | 'value'): string {
  const [b, start, length] =
    of === 'key' ? [e.keyBuffer, e.keyStart, e.keyLength] : [e.valueBuffer, e.valueStart, e.valueLength];
  return text(b.subarray(start, start + Math.min(length, PATTERN_CHARS_MAX)));
}

function contains(b: Uint8Array, start: number, length: number, what: Uint8Array): boolean {
  const first = what[0];
  if (first === undefined) return true;
  const last = start + length - what.length;
  for (let i = start; i <= last; i++) {
    if (b[i] !== first) continue;
    let n = 1;
    while (n < what.length && b[i + n] === what[n]) n++;
    if (n === what.length) return true;
  }
  return false;
}

export function textMatch(right: Operand): (value: string) => boolean {
  if (right.kind === 'pattern') {
    const { pattern } = right;
    return (v) => pattern.test(v.length > PATTERN_CHARS_MAX ? v.slice(0, PATTERN_CHARS_MAX) : v);
  }
  const wanted = right.kind === 'text' ? right.value : right.kind === 'bytes' ? text(right.bytes) : '';
  return (v) => v.includes(wanted);
}
