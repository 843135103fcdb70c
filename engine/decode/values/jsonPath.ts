/**
 * One member of a JSON value, read from its bytes without making the rest of it: for going over millions of values.
 *
 * The walk accepts only what `JSON.parse` accepts, and goes to the end, where a later member of the same name would
 * win. It leaves whatever is out of the ordinary (an escape, a byte beyond ASCII, deep nesting, anything malformed, a
 * list or object as the answer) to the full parser by answering UNDECIDED. Nothing is allocated but the text or the
 * boxed number of the answer.
 */
import type { Structured } from './decoder.ts';

export const UNDECIDED: unique symbol = Symbol('undecided');
export type JsonPathReader = (
  b: Uint8Array,
  start: number,
  length: number,
) => Structured | undefined | typeof UNDECIDED;

const DEPTH_MAX = 24;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Kinds of a value that was walked over; 0 is none. */
const NONE = 0;
const NUMBER = 1;
const TEXT = 2;
const TRUE = 3;
const FALSE = 4;
const NULL = 5;
const NESTED = 6;

interface Step {
  readonly name: Uint8Array;
  /** -1 where the step is no position in a list. */
  readonly index: number;
}

class Walk {
  readonly #steps: readonly Step[];
  #b: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** Of the member that the path leads to. */
  #kind = NONE;
  #from = 0;
  #to = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  read(b: Uint8Array, start: number, length: number): Structured | undefined | typeof UNDECIDED {
    this.#b = b;
    this.#at = start;
    this.#end = start + length;
    this.#kind = NONE;
    this.#blanks();
    if (this.#value(0, 0) === NONE) return UNDECIDED;
    this.#blanks();
    if (this.#at !== this.#end) return UNDECIDED;
    switch (this.#kind) {
      case NONE:
        return undefined;
      case NUMBER:
        return this.#number();
      case TEXT:
        return this.#text(this.#from + 1, this.#to - 1);
      case TRUE:
        return true;
      case FALSE:
        return false;
      case NULL:
        return null;
      default:
        return UNDECIDED;
    }
  }

  /** Walks over a value; `level` is how much of the path has led here, or -1 beside it. */
  #value(level: number, depth: number): number {
    const from = this.#at;
    const c = this.#b[from] as number;
    let kind = NONE;
    if (from >= this.#end) return NONE;
    if (c === QUOTE) kind = this.#string() ? TEXT : NONE;
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) kind = this.#digits() ? NUMBER : NONE;
    else if (c === 0x7b) kind = depth < DEPTH_MAX && this.#object(level, depth) ? NESTED : NONE;
    else if (c === 0x5b) kind = depth < DEPTH_MAX && this.#list(level, depth) ? NESTED : NONE;
    else if (c === 0x74) kind = this.#word(0x72, 0x75, 0x65, -1) ? TRUE : NONE;
    else if (c === 0x66) kind = this.#word(0x61, 0x6c, 0x73, 0x65) ? FALSE : NONE;
    else if (c === 0x6e) kind = this.#word(0x75, 0x6c, 0x6c, -1) ? NULL : NONE;
    if (level === this.#steps.length) {
      this.#kind = kind;
      this.#from = from;
      this.#to = this.#at;
    }
    return kind;
  }

  #object(level: number, depth: number): boolean {
    const b = this.#b;
    const step = level >= 0 && level < this.#steps.length ? (this.#steps[level] as Step) : undefined;
    this.#at++;
    this.#blanks();
    if (b[this.#at] === 0x7d && this.#at < this.#end) {
      this.#at++;
      return true;
    }
    for (;;) {
      const from = this.#at + 1;
      if (this.#at >= this.#end || b[this.#at] !== QUOTE || !this.#string()) return false;
      let inner = -1;
      if (step !== undefined && this.#same(from, this.#at - 1, step.name)) {
        inner = level + 1;
        // A member of that name that came before counts no more.
        this.#kind = NONE;
      }
      this.#blanks();
      if (b[this.#at] !== COLON) return false;
      this.#at++;
      this.#blanks();
      if (this.#value(inner, depth + 1) === NONE) return false;
      this.#blanks();
      if (this.#at >= this.#end) return false;
      const c = b[this.#at++];
      if (c === 0x7d) return true;
      if (c !== COMMA) return false;
      this.#blanks();
    }
  }

  #list(level: number, depth: number): boolean {
    const b = this.#b;
    const wanted = level >= 0 && level < this.#steps.length ? (this.#steps[level] as Step).index : -1;
    this.#at++;
    this.#blanks();
    if (b[this.#at] === 0x5d && this.#at < this.#end) {
      this.#at++;
      return true;
    }
    for (let i = 0; ; i++) {
      if (this.#value(i === wanted ? level + 1 : -1, depth + 1) === NONE) return false;
      this.#blanks();
      if (this.#at >= this.#end) return false;
      const c = b[this.#at++];
      if (c === 0x5d) return true;
      if (c !== COMMA) return false;
      this.#blanks();
    }
  }

  /** From one quote behind the other; false for what needs the full parser. */
  #string(): boolean {
    const b = this.#b;
    const end = this.#end;
    for (let at = this.#at + 1; at < end; at++) {
      const c = b[at] as number;
      if (c === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (c < 0x20 || c === 0x5c || c >= 0x80) return false;
    }
    return false;
  }

  #digits(): boolean {
    const b = this.#b;
    const end = this.#end;
    let at = this.#at;
    if (b[at] === 0x2d) at++;
    const whole = at;
    at = runOfDigits(b, at, end);
    // No zeros before other digits.
    if (at === whole || (at > whole + 1 && b[whole] === 0x30)) return false;
    if (at < end && b[at] === 0x2e) {
      const from = at + 1;
      at = runOfDigits(b, from, end);
      if (at === from) return false;
    }
    if (at < end && ((b[at] as number) | 0x20) === 0x65) {
      at++;
      if (at < end && (b[at] === 0x2b || b[at] === 0x2d)) at++;
      const from = at;
      at = runOfDigits(b, from, end);
      if (at === from) return false;
    }
    this.#at = at;
    return true;
  }

  #word(second: number, third: number, fourth: number, fifth: number): boolean {
    const b = this.#b;
    const at = this.#at;
    const length = fifth < 0 ? 4 : 5;
    if (at + length > this.#end) return false;
    if (b[at + 1] !== second || b[at + 2] !== third || b[at + 3] !== fourth) return false;
    if (fifth >= 0 && b[at + 4] !== fifth) return false;
    this.#at = at + length;
    return true;
  }

  #blanks(): void {
    const b = this.#b;
    let at = this.#at;
    while (at < this.#end) {
      const c = b[at] as number;
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
      at++;
    }
    this.#at = at;
  }

  #same(from: number, to: number, name: Uint8Array): boolean {
    if (to - from !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#b[from + i] !== name[i]) return false;
    return true;
  }

  #number(): number | typeof UNDECIDED {
    const b = this.#b;
    const negative = b[this.#from] === 0x2d;
    const from = negative ? this.#from + 1 : this.#from;
    const to = this.#to;
    // Whole numbers of up to 15 digits are exact in a double; the rest is rounded as JavaScript rounds it.
    if (to - from <= 15) {
      let n = 0;
      let at = from;
      for (; at < to; at++) {
        const digit = (b[at] as number) - 0x30;
        if (digit < 0 || digit > 9) break;
        n = n * 10 + digit;
      }
      if (at === to) return negative ? -n : n;
    }
    const text = this.#text(this.#from, to);
    // Whole numbers that may not fit are the exact parser's.
    return /^-?\d{16,}$/.test(text) ? UNDECIDED : Number(text);
  }

  #text(from: number, to: number): string {
    if (to - from > 64) return ASCII.decode(this.#b.subarray(from, to));
    let text = '';
    for (let at = from; at < to; at++) text += String.fromCharCode(this.#b[at] as number);
    return text;
  }
}

const ASCII = new TextDecoder();

function runOfDigits(b: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (b[at] as number) >= 0x30 && (b[at] as number) <= 0x39) at++;
  return at;
}

export function jsonPathReader(path: readonly (string | number)[]): JsonPathReader {
  const encoder = new TextEncoder();
  const walk = new Walk(
    path.map((step) => ({
      name: encoder.encode(String(step)),
      index: /^\d{1,15}$/.test(String(step)) ? Number(step) : -1,
    })),
  );
  return (b, start, length) => walk.read(b, start, length);
}
