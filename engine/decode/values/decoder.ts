/**
 * Value decoders: what a value says in one format, as text and as a structure that a path can be followed in.
 *
 * A value may be hostile. Every decoder is bounded in the bytes it takes, in depth, in items and in what it gives
 * back; what it cannot read is undefined, and it never throws.
 */
import { hex, strictText } from '../../base/bytes.ts';
import type { DecodedValue } from '../lens.ts';

/** JSON-like. Whole numbers beyond 2^53 are text, bytes are `{ hex }`, times ISO 8601. */
export type Structured =
  | null
  | boolean
  | number
  | string
  | readonly Structured[]
  | { readonly [name: string]: Structured };

/** How well a decoder does on a family's values. */
export interface Fit {
  /** 0 to 1. */
  readonly confidence: number;
  /** In words. */
  readonly why: string;
}

export interface ValueDecoder {
  /** Stable, for settings and the command line. */
  readonly id: string;
  readonly title: string;
  /** Undefined: the bytes are not of this format. */
  read(b: Uint8Array): Structured | undefined;
  /** As `read`, where whole numbers beyond 2^53 may lose their last digits; for passing over many values. */
  readFast?(b: Uint8Array): Structured | undefined;
  /** Text in place of the structure's, where the format is text already. */
  show?(b: Uint8Array): DecodedValue | undefined;
  /** Undefined: not a candidate. The sample holds whole values, none of them empty, and at least one. */
  fits(sample: readonly Uint8Array[]): Fit | undefined;
}

/** Larger values are not decoded. */
export const INPUT_MAX = 4 << 20;
export const DEPTH_MAX = 64;
export const ITEMS_MAX = 200_000;
const CHARS_MAX = 1 << 20;

/** The decoder, made safe: sizes checked, and whatever a library throws turned into undefined. */
export function guarded(decoder: ValueDecoder): ValueDecoder {
  const safe =
    <T>(read: (b: Uint8Array) => T | undefined) =>
    (b: Uint8Array): T | undefined => {
      if (b.length > INPUT_MAX) return undefined;
      try {
        return read(b);
      } catch {
        return undefined;
      }
    };
  const { readFast, show } = decoder;
  return {
    id: decoder.id,
    title: decoder.title,
    read: safe((b) => decoder.read(b)),
    ...(readFast === undefined ? {} : { readFast: safe((b) => readFast.call(decoder, b)) }),
    ...(show === undefined ? {} : { show: safe((b) => show.call(decoder, b)) }),
    fits: (sample) => attempt(() => decoder.fits(sample)),
  };
}

/** How a value reads through a decoder; undefined where it cannot be read. */
export function decodeText(decoder: ValueDecoder, b: Uint8Array): DecodedValue | undefined {
  if (decoder.show !== undefined) return decoder.show(b);
  const value = decoder.read(b);
  return value === undefined ? undefined : structuredText(value);
}

export function structuredText(value: Structured): DecodedValue {
  if (value === null || typeof value !== 'object') return { text: cut(String(value)), language: 'text' };
  let text: string;
  try {
    text = JSON.stringify(value, null, 2);
  } catch {
    return { text: '(too large to be shown)', language: 'text' };
  }
  return text.length > CHARS_MAX ? { text: cut(text), language: 'text' } : { text, language: 'json' };
}

export function cut(text: string): string {
  return text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}\n… ${text.length - CHARS_MAX} characters more` : text;
}

export function bytesValue(b: Uint8Array): Structured {
  return { hex: hex(b) };
}

/** A whole number as it stands in a structure. */
export function wholeNumber(n: bigint | number): number | string {
  if (typeof n === 'number') return n;
  return n >= -(2n ** 53n) && n <= 2n ** 53n ? Number(n) : n.toString();
}

export function floatValue(n: number): number | string {
  return Number.isFinite(n) ? n : String(n);
}

/** Text without control characters except tab and line ends; undefined for anything else. */
export function printable(b: Uint8Array): string | undefined {
  for (let i = 0; i < b.length; i++) {
    const byte = b[i] as number;
    if (byte === 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return undefined;
  }
  return strictText(b);
}

/** Counts items and depth over one value. Throws when there are too many; `guarded` takes it. */
export class Budget {
  #left = ITEMS_MAX;

  spend(depth: number): void {
    if (depth > DEPTH_MAX || this.#left-- <= 0) throw new RangeError('too deep or too large to be shown');
  }
}

/** An object with these fields that takes any name, `__proto__` as well. */
export function record(): Record<string, Structured> {
  return Object.create(null) as Record<string, Structured>;
}

/**
 * What a library has decoded, as a structure. `special` is asked first about objects that are neither arrays, maps,
 * bytes nor plain; what it does not know is left out as null.
 */
export function toStructured(
  value: unknown,
  special: (value: object, convert: (inner: unknown) => Structured) => Structured | undefined = () => undefined,
): Structured {
  const budget = new Budget();
  const convert = (v: unknown, depth: number): Structured => {
    budget.spend(depth);
    switch (typeof v) {
      case 'string':
      case 'boolean':
        return v;
      case 'number':
        return floatValue(v);
      case 'bigint':
        return wholeNumber(v);
      case 'object':
        break;
      default:
        return null;
    }
    if (v === null) return null;
    if (v instanceof Uint8Array) return bytesValue(v);
    if (Array.isArray(v)) return v.map((item) => convert(item, depth + 1));
    const out = record();
    if (v instanceof Map) {
      for (const [key, item] of v) out[keyText(convert(key, depth + 1))] = convert(item, depth + 1);
      return out;
    }
    const prototype: unknown = Object.getPrototypeOf(v);
    if (prototype !== Object.prototype && prototype !== null) {
      return special(v, (inner) => convert(inner, depth + 1)) ?? null;
    }
    for (const [name, item] of Object.entries(v)) out[name] = convert(item, depth + 1);
    return out;
  };
  return convert(value, 0);
}

function keyText(key: Structured): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

/** Milliseconds of a library's time object, or undefined for another object. */
export function millisOf(v: object): number | undefined {
  return Object.prototype.toString.call(v) === '[object Date]' ? (v as { getTime(): number }).getTime() : undefined;
}

/** Undefined in place of an exception: libraries throw for malformed bytes, and so does a stack that is too deep. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Share of the sample that `test` accepts. */
export function share(sample: readonly Uint8Array[], test: (b: Uint8Array) => boolean): number {
  let n = 0;
  for (const b of sample) if (test(b)) n++;
  return n / sample.length;
}

export function percent(part: number): string {
  return part >= 1 ? 'every value' : `${Math.floor(part * 100)} % of the values`;
}

/** Kinds of roots that the sample has, for formats in which almost anything parses as something. */
export function roots(
  sample: readonly Uint8Array[],
  decoder: Pick<ValueDecoder, 'read'>,
): {
  readonly objects: number;
  readonly lists: number;
  readonly scalars: number;
} {
  let [objects, lists, scalars] = [0, 0, 0];
  for (const b of sample) {
    const value = attempt(() => decoder.read(b));
    if (value === undefined) continue;
    if (Array.isArray(value)) lists++;
    else if (value !== null && typeof value === 'object' && !Object.hasOwn(value, 'hex')) objects++;
    else scalars++;
  }
  const n = sample.length;
  return { objects: objects / n, lists: lists / n, scalars: scalars / n };
}

/** Less than that of a sample, and a format is no candidate: what else there is are strays. */
export const SHARE_MIN = 0.9;
