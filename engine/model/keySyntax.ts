/**
 * The typed syntax of keys: parts joined by `+`, each a number, time, UUID, text or row of bytes as the program wrote
 * it into its keys.
 *
 *     key   = part { "+" part }
 *     part  = name "(" arguments ")" | quoted text | "0x" hex | bare word
 *     names = u8 u16 u32 u64 i8 i16 i32 i64 f32 f64, each with be (the default) or le; uuid ts hex text varint
 *
 * Numbers take the options `flip` and `desc` (engine/model/scalars.ts). `ts(2026-01-01T12:00Z, us)` is a count of
 * milliseconds, or of the unit named (s, ms, us, ns), in eight bytes big-endian, or in the integer type that is named.
 * A bare word ends at a blank or `+`. Every error tells the position, counted from 1, and never throws.
 */
import { concat, fromHex, utf8 } from '../base/bytes.ts';
import { parseTime, TIME_UNITS, type TimeUnit } from './calendar.ts';
import { encodeFloat, encodeInteger, encodeUuid, type Scalar, type ScalarOptions, scalarOf } from './scalars.ts';

export type KeyExpression =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `at`: where in the input, counted from 0; the message says it too, counted from 1. */
  | { readonly ok: false; readonly message: string; readonly at: number };

/** Longer inputs are nobody's typing. */
const INPUT_MAX = 64 << 10;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '0': 0, '\\': 92, "'": 39, '"': 34 };
const OTHER_NAMES = ['ts', 'hex', 'text', 'varint'] as const;

class SyntaxFault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export function isKeyFunction(name: string): boolean {
  return scalarOf(name) !== undefined || OTHER_NAMES.some((n) => n === name);
}

/** Whether plain-looking input means a typed key: it starts with a function of ours, as `u32be(`. */
export function looksTyped(input: string): boolean {
  const m = /^([a-z0-9]+)\(/.exec(input);
  return m !== null && isKeyFunction(m[1] as string);
}

export function parseKeyExpression(input: string): KeyExpression {
  return caught(() => {
    const parser = new Parser(input, 0);
    const bytes = parser.tuple();
    parser.blanks();
    if (parser.at < input.length) throw new SyntaxFault(`“${input[parser.at]}” is not expected here`, parser.at);
    return { ok: true, bytes };
  });
}

/** One part that starts at `at`, for a language around this one; `end` is behind it. */
export function parseKeyPart(
  input: string,
  at: number,
): { readonly ok: true; readonly bytes: Uint8Array; readonly end: number } | Extract<KeyExpression, { ok: false }> {
  return caught(() => {
    const parser = new Parser(input, at);
    return { ok: true, bytes: parser.part(), end: parser.at };
  });
}

function caught<T>(parse: () => T): T | Extract<KeyExpression, { ok: false }> {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown;
    return { ok: false, message: `${thrown.message} (position ${thrown.at + 1})`, at: thrown.at };
  }
}

/** Quoted text that starts at `at`, with its escapes undone; for other languages with the same quoting. */
export function parseQuotedText(
  input: string,
  at: number,
): { readonly ok: true; readonly bytes: Uint8Array; readonly end: number } | Extract<KeyExpression, { ok: false }> {
  return caught(() => {
    const parser = new Parser(input, at);
    return { ok: true, bytes: parser.quoted(), end: parser.at };
  });
}

class Parser {
  readonly input: string;
  at: number;

  constructor(input: string, at: number) {
    if (input.length > INPUT_MAX) throw new SyntaxFault('the key is too long to be typed', 0);
    this.input = input;
    this.at = at;
  }

  tuple(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (;;) {
      parts.push(this.part());
      this.blanks();
      if (this.input[this.at] !== '+') return concat(parts);
      this.at++;
    }
  }

  part(): Uint8Array {
    this.blanks();
    const { input, at } = this;
    const c = input[at];
    if (c === undefined) throw new SyntaxFault('a key, or a part of one, is missing', at);
    if (c === "'" || c === '"') return this.quoted();
    const called = /^([A-Za-z][A-Za-z0-9]*)\(/.exec(input.slice(at, at + 32));
    if (called !== null) return this.#call(called[1] as string);
    const word = /^[^\s+'"()]+/.exec(input.slice(at))?.[0];
    if (word === undefined) throw new SyntaxFault(`“${c}” is not expected here`, at);
    this.at += word.length;
    return /^0x/i.test(word) ? this.#hex(word.slice(2), at + 2) : utf8(word);
  }

  quoted(): Uint8Array {
    const { input } = this;
    const from = this.at;
    const quote = input[this.at++];
    const out: number[] = [];
    while (this.at < input.length) {
      const c = input[this.at] as string;
      if (c === quote) {
        this.at++;
        return Uint8Array.from(out);
      }
      if (c !== '\\') {
        const character = String.fromCodePoint(input.codePointAt(this.at) as number);
        for (const byte of utf8(character)) out.push(byte);
        this.at += character.length;
        continue;
      }
      const kind = input[this.at + 1] ?? '';
      const digits = input.slice(this.at + 2, this.at + 4);
      if (kind === 'x' && /^[0-9a-f]{2}$/i.test(digits)) {
        out.push(Number.parseInt(digits, 16));
        this.at += 4;
      } else if (ESCAPES[kind] !== undefined) {
        out.push(ESCAPES[kind] as number);
        this.at += 2;
      } else throw new SyntaxFault(`“\\${kind}” is not an escape; use \\xNN, \\n, \\r, \\t, \\0 or \\\\`, this.at);
    }
    throw new SyntaxFault('the closing quote is missing', from);
  }

  blanks(): void {
    while (/\s/.test(this.input[this.at] ?? '')) this.at++;
  }

  #call(name: string): Uint8Array {
    const from = this.at;
    const scalar = scalarOf(name);
    if (!isKeyFunction(name)) {
      throw new SyntaxFault(
        `there is no “${name}”; there are u8 to u64, i8 to i64, f32, f64, uuid, ts, hex, text`,
        from,
      );
    }
    this.at += name.length + 1;
    if (name === 'text') return this.#text();
    const at = this.at;
    const [first, ...options] = this.#arguments();
    if (first === undefined || first.text === '') throw new SyntaxFault(`${name} needs a value`, at);
    if (name === 'hex') {
      noMore(options, name);
      return this.#hex(first.text.replaceAll(/\s/g, '').replace(/^0x/i, ''), first.at);
    }
    if (name === 'ts') return time(first, options);
    if (name === 'varint') {
      noMore(options, name);
      return varint(integer(first, name), first.at);
    }
    return number(scalar as Scalar, first, options);
  }

  /** `text("…")`, or text as it stands up to the closing parenthesis. */
  #text(): Uint8Array {
    this.blanks();
    const c = this.input[this.at];
    if (c === "'" || c === '"') {
      const bytes = this.quoted();
      this.blanks();
      if (this.input[this.at] !== ')') throw new SyntaxFault('“)” is missing', this.at);
      this.at++;
      return bytes;
    }
    const end = this.input.indexOf(')', this.at);
    if (end < 0) throw new SyntaxFault('“)” is missing', this.input.length);
    const bytes = utf8(this.input.slice(this.at, end));
    this.at = end + 1;
    return bytes;
  }

  #arguments(): Argument[] {
    const end = this.input.indexOf(')', this.at);
    if (end < 0) throw new SyntaxFault('“)” is missing', this.input.length);
    const all: Argument[] = [];
    let at = this.at;
    for (const piece of this.input.slice(this.at, end).split(',')) {
      all.push({ text: piece.trim(), at: at + (piece.length - piece.trimStart().length) });
      at += piece.length + 1;
    }
    this.at = end + 1;
    return all;
  }

  #hex(digits: string, at: number): Uint8Array {
    const bad = /[^0-9a-f]/i.exec(digits);
    if (bad !== null) throw new SyntaxFault(`“${bad[0]}” is not a hex digit`, at + bad.index);
    const bytes = fromHex(digits);
    if (bytes === undefined) throw new SyntaxFault('hex needs two digits a byte; one is missing', at + digits.length);
    return bytes;
  }
}

interface Argument {
  readonly text: string;
  readonly at: number;
}

function noMore(options: readonly Argument[], name: string): void {
  const [first] = options;
  if (first !== undefined) throw new SyntaxFault(`${name} takes one value`, first.at);
}

function integer(value: Argument, name: string): bigint {
  const digits = value.text.replaceAll('_', '');
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(digits) || digits.length > 40) {
    throw new SyntaxFault(`${name} takes a whole number, not “${value.text}”`, value.at);
  }
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
}

function readOptions(options: readonly Argument[], name: string): ScalarOptions {
  let [flip, desc] = [false, false];
  for (const o of options) {
    if (o.text === 'flip') flip = true;
    else if (o.text === 'desc') desc = true;
    else throw new SyntaxFault(`${name} has no option “${o.text}”; there are flip and desc`, o.at);
  }
  return { flip, desc };
}

function number(scalar: Scalar, value: Argument, options: readonly Argument[]): Uint8Array {
  const { name } = scalar;
  if (scalar.kind === 'uuid') {
    noMore(options, name);
    const bytes = encodeUuid(value.text.replace(/^(['"])(.*)\1$/, '$2'));
    if (bytes === undefined) throw new SyntaxFault(`“${value.text}” is no UUID of 32 hex digits`, value.at);
    return bytes;
  }
  const turned = readOptions(options, name);
  if (scalar.kind === 'float') {
    const n = /^[+-]?inf(inity)?$/i.test(value.text)
      ? Number(value.text.startsWith('-') ? '-Infinity' : 'Infinity')
      : Number(value.text);
    if (Number.isNaN(n) && !/^nan$/i.test(value.text)) {
      throw new SyntaxFault(`${name} takes a number, not “${value.text}”`, value.at);
    }
    return encodeFloat(scalar, n, turned);
  }
  const bytes = encodeInteger(scalar, integer(value, name), turned);
  if (bytes === undefined) throw new SyntaxFault(`${value.text} does not fit into ${name}`, value.at);
  return bytes;
}

function time(value: Argument, options: readonly Argument[]): Uint8Array {
  let unit: TimeUnit = 'ms';
  let scalar = scalarOf('u64be') as Scalar;
  let typed = false;
  const rest: Argument[] = [];
  for (const o of options) {
    const named = TIME_UNITS.find((u) => u === o.text);
    const type = scalarOf(o.text);
    if (named !== undefined) unit = named;
    else if (type !== undefined && type.kind !== 'float' && type.kind !== 'uuid') [scalar, typed] = [type, true];
    else if (o.text === 'flip' || o.text === 'desc') rest.push(o);
    else
      throw new SyntaxFault(
        `ts has no option “${o.text}”; there are s, ms, us, ns, desc, flip and integer types`,
        o.at,
      );
  }
  const count = parseTime(value.text.replace(/^(['"])(.*)\1$/, '$2'), unit);
  if (count === undefined) throw new SyntaxFault(`“${value.text}” is no time like 2026-01-31T12:00:00Z`, value.at);
  // Times before 1970 need a sign.
  if (count < 0n && !typed) scalar = scalarOf('i64be') as Scalar;
  const bytes = encodeInteger(scalar, count, readOptions(rest, 'ts'));
  if (bytes === undefined) throw new SyntaxFault(`${value.text} in ${unit} does not fit into ${scalar.name}`, value.at);
  return bytes;
}

/** Base 128, lowest group first, of an unsigned number below 2^64. */
function varint(value: bigint, at: number): Uint8Array {
  if (value < 0n || value >= 1n << 64n) throw new SyntaxFault(`${value} does not fit into a varint of 64 bits`, at);
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Uint8Array.from(out);
}
