/**
 * How a line of a dump looks: the byte offset in the file, right-aligned and decimal, then what stands
 * there. Nothing that a terminal would act upon gets through: what comes out of a file is escaped.
 */
import { type Problem, StoreError } from '../../base/errors.ts';
import { displayKey, displayValue } from '../../model/display.ts';

/** Control, format (bidi too), surrogate, private and unassigned characters, and line separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const UNPRINTABLE_ALL = /[\p{C}\p{Zl}\p{Zp}]/gu;

const KEY_CHARS = 160;
/** Characters of a value that are shown. */
export const VALUE_CHARS = 100;
const WIDTH_MIN = 8;

/** `s` with every character that is not to be shown as `\u{hex}`. */
export function printable(s: string): string {
  if (!UNPRINTABLE.test(s)) return s;
  return s.replace(UNPRINTABLE_ALL, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** At most `max` characters of a text that may hold anything; says how long it was where it is cut. */
export function clipped(s: string, max: number): string {
  if (s.length <= max) return printable(s);
  const last = s.charCodeAt(max - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? max - 1 : max;
  return `${printable(s.slice(0, end))}… (${s.length} characters)`;
}

/** A key as people type it; its size in bytes where it is cut. */
export function shownKey(key: Uint8Array): string {
  const text = displayKey(key, KEY_CHARS);
  return key.length > KEY_CHARS / 2 && text.endsWith('…') ? `${text} (${sized(key.length)})` : text;
}

/** A size that can be reckoned with: bytes, in full. */
export function sized(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

/** A value's size in bytes and its beginning. */
export function shownValue(value: Uint8Array): string {
  return value.length === 0 ? 'empty' : `${sized(value.length)}: ${displayValue(value, VALUE_CHARS)}`;
}

export class Lines {
  readonly #width: number;

  /** `fileBytes` tells how wide an offset can get. */
  constructor(fileBytes: number) {
    this.#width = Math.max(WIDTH_MIN, String(fileBytes).length);
  }

  at(offset: number, text: string, depth = 0): string {
    return `${String(offset).padStart(this.#width)}  ${'  '.repeat(depth)}${printable(text)}`;
  }

  /** A line about damage, at its own offset or, where it has none, at `offset`. */
  damage(e: StoreError | Problem, offset: number, depth = 0): string {
    return this.at(e.offset ?? offset, `${e.code}: ${e.message}`, depth);
  }
}

/**
 * The error as something to show in a dump: damage and what is not supported. Anything else (the disk
 * fails, the file is gone) is thrown on.
 */
export function shownError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError && (thrown.code === 'CORRUPT' || thrown.code === 'UNSUPPORTED')) return thrown;
  throw thrown;
}

/** The error without an offset that counts in a block or record and not in the file. */
export function withoutOffset(e: StoreError): StoreError {
  return e.offset === undefined ? e : new StoreError(e.code, e.message, { path: e.path });
}
