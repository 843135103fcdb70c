/**
 * Values as Cassandra serialises them (version 3 and later of the native protocol, and the cells of its tables): big-endian
 * numbers, items of collections behind their length in four bytes, a negative length for null. No bytes at all are
 * null, except for what may be empty.
 */
import { hex, strictText } from '../../base/bytes.ts';
import { formatDate, formatTime } from '../../model/calendar.ts';
import { type CqlType, parseCqlType, type SimpleType } from './cqlType.ts';
import {
  attempt,
  Budget,
  bytesValue,
  floatValue,
  record,
  SHARE_MIN,
  type Structured,
  share,
  type ValueDecoder,
  wholeNumber,
} from './decoder.ts';

const PREFIX = 'cql:';

/** The bytes are not of the type. */
class Misfit extends Error {}

/** `cql:` and a type; undefined for another id, or a type that is none. */
export function cqlDecoder(id: string): ValueDecoder | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const type = parseCqlType(id.slice(PREFIX.length));
  if (typeof type === 'string') return undefined;
  const read = (b: Uint8Array): Structured | undefined => attempt(() => decode(type, b, new Budget(), 0));
  return {
    id,
    title: `CQL ${id.slice(PREFIX.length)}`,
    read,
    fits: (sample) => {
      const part = share(sample, (b) => read(b) !== undefined);
      return part < SHARE_MIN ? undefined : { confidence: 0.5 * part, why: 'values of the sample are of this type' };
    },
  };
}

/** What is wrong with the type of an id that begins with `cql:`; undefined for none. */
export function cqlFault(id: string): string | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const type = parseCqlType(id.slice(PREFIX.length));
  return typeof type === 'string' ? type : undefined;
}

function decode(type: CqlType, b: Uint8Array, budget: Budget, depth: number): Structured {
  budget.spend(depth);
  switch (type.kind) {
    case 'simple':
      return decodeSimple(type.name, b);
    case 'list':
    case 'set': {
      if (b.length === 0) return null;
      const input = new Input(b);
      const items = Array.from({ length: input.count() }, () => item(type.of, input, budget, depth));
      input.end();
      return items;
    }
    case 'map': {
      if (b.length === 0) return null;
      return decodeMap(type.key, type.value, b, budget, depth);
    }
    case 'tuple': {
      if (b.length === 0) return null;
      const input = new Input(b);
      // What was added to the type later is not there.
      const items = type.parts.map((part) => (input.left === 0 ? null : item(part, input, budget, depth)));
      input.end();
      return items;
    }
    case 'udt': {
      if (b.length === 0) return null;
      const input = new Input(b);
      const out = record();
      for (const field of type.fields)
        out[field.name] = input.left === 0 ? null : item(field.type, input, budget, depth);
      input.end();
      return out;
    }
    case 'vector':
      return b.length === 0 ? null : decodeVector(type.of, type.size, b, budget, depth);
    case 'composite':
      return decodeComposite(type.parts, b, budget, depth);
  }
}

/** An item behind its length; null where that is negative. */
function item(type: CqlType, input: Input, budget: Budget, depth: number): Structured {
  const length = input.int32();
  return length < 0 ? null : decode(type, input.take(length), budget, depth + 1);
}

function decodeMap(key: CqlType, value: CqlType, b: Uint8Array, budget: Budget, depth: number): Structured {
  const input = new Input(b);
  const out = record();
  for (let left = input.count(); left > 0; left--) {
    const name = item(key, input, budget, depth);
    out[typeof name === 'string' ? name : JSON.stringify(name)] = item(value, input, budget, depth);
  }
  input.end();
  return out;
}

/** Bytes of an item of a vector where all have the same; other items stand behind their length. */
function fixedSize(type: CqlType): number | undefined {
  if (type.kind === 'vector') {
    const size = fixedSize(type.of);
    return size === undefined ? undefined : size * type.size;
  }
  return type.kind === 'simple' ? FIXED[type.name] : undefined;
}

const FIXED: Readonly<Partial<Record<SimpleType, number>>> = {
  bigint: 8,
  boolean: 1,
  double: 8,
  float: 4,
  int: 4,
  timestamp: 8,
  timeuuid: 16,
  uuid: 16,
};

function decodeVector(of: CqlType, size: number, b: Uint8Array, budget: Budget, depth: number): Structured {
  const input = new Input(b);
  const fixed = fixedSize(of);
  const items: Structured[] = [];
  for (let i = 0; i < size; i++) {
    const length = fixed ?? Number(input.unsignedVint());
    items.push(decode(of, input.take(length), budget, depth + 1));
  }
  input.end();
  return items;
}

/**
 * Parts of a key, each two bytes of length, its bytes, and a byte that is 0 in a key that is stored: -1 and 1 bound a
 * range of keys, and are told then.
 */
function decodeComposite(parts: readonly CqlType[], b: Uint8Array, budget: Budget, depth: number): Structured {
  const input = new Input(b);
  const items: Structured[] = [];
  for (const part of parts) {
    if (input.left === 0) break;
    const value = decode(part, input.take(input.uint16()), budget, depth + 1);
    const end = (input.byte() << 24) >> 24;
    if (end < -1 || end > 1) throw new Misfit();
    items.push(end === 0 ? value : { value, endOfComponent: end });
  }
  input.end();
  return items;
}

class Input {
  readonly #b: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(b: Uint8Array) {
    this.#b = b;
    this.#view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  }

  get left(): number {
    return this.#b.length - this.#at;
  }

  take(length: number): Uint8Array {
    if (!(length <= this.left)) throw new Misfit();
    this.#at += length;
    return this.#b.subarray(this.#at - length, this.#at);
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  uint16(): number {
    this.take(2);
    return this.#view.getUint16(this.#at - 2);
  }

  int32(): number {
    this.take(4);
    return this.#view.getInt32(this.#at - 4);
  }

  /** Items that follow, each of four bytes at least. */
  count(): number {
    const n = this.int32();
    if (n < 0 || n * 4 > this.left) throw new Misfit();
    return n;
  }

  /** The leading ones of the first byte count the bytes behind it. */
  unsignedVint(): bigint {
    const first = this.byte();
    const extra = Math.clz32(~(first << 24));
    let n = extra >= 7 ? 0n : BigInt(first & (0xff >> extra));
    for (const byte of this.take(extra)) n = (n << 8n) | BigInt(byte);
    return n;
  }

  vint(): bigint {
    const n = this.unsignedVint();
    return n & 1n ? -(n >> 1n) - 1n : n >> 1n;
  }

  end(): void {
    if (this.left > 0) throw new Misfit();
  }
}

function decodeSimple(name: SimpleType, b: Uint8Array): Structured {
  if (name === 'blob') return bytesValue(b);
  if (name === 'text' || name === 'ascii') {
    const text = strictText(b);
    if (text === undefined || (name === 'ascii' && b.some((byte) => byte > 0x7f))) throw new Misfit();
    return text;
  }
  if (b.length === 0) return null;
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const sized = (bytes: number): DataView => {
    if (b.length !== bytes) throw new Misfit();
    return view;
  };
  switch (name) {
    case 'bigint':
    case 'counter':
      return wholeNumber(sized(8).getBigInt64(0));
    case 'int':
      return sized(4).getInt32(0);
    case 'smallint':
      return sized(2).getInt16(0);
    case 'tinyint':
      return sized(1).getInt8(0);
    case 'boolean':
      return sized(1).getUint8(0) !== 0;
    case 'double':
      return floatValue(sized(8).getFloat64(0));
    case 'float':
      return floatValue(sized(4).getFloat32(0));
    case 'date':
      return formatDate(sized(4).getUint32(0) - 2 ** 31);
    case 'time':
      return timeOfDay(sized(8).getBigInt64(0));
    case 'timestamp': {
      const millis = sized(8).getBigInt64(0);
      return formatTime(millis, 'ms') ?? wholeNumber(millis);
    }
    case 'uuid':
    case 'timeuuid':
      return uuidText(b, name === 'timeuuid');
    case 'inet':
      return inetText(b);
    case 'varint':
      return wholeNumber(bigInteger(b));
    case 'decimal':
      return decimalText(b);
    case 'duration':
      return durationText(b);
    case 'empty':
      throw new Misfit();
  }
}

/** Larger numbers would take seconds to be written out. */
const INTEGER_BYTES_MAX = 4096;

/** Two's complement, of as many bytes as there are. */
function bigInteger(b: Uint8Array): bigint {
  if (b.length === 0 || b.length > INTEGER_BYTES_MAX) throw new Misfit();
  return BigInt.asIntN(b.length * 8, BigInt(`0x${hex(b)}`));
}

/** Above that many digits behind the point a power of ten says it shorter. */
const ZEROS_MAX = 6;

/** Exact, as Java's BigDecimal writes it: `-0.05`, `1.2E+10`. */
function decimalText(b: Uint8Array): string {
  if (b.length < 5) throw new Misfit();
  const scale = new DataView(b.buffer, b.byteOffset, b.byteLength).getInt32(0);
  const unscaled = bigInteger(b.subarray(4));
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  if (scale === 0) return sign + digits;
  const exponent = digits.length - 1 - scale;
  if (scale > 0 && exponent >= -ZEROS_MAX) {
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign}${digits[0]}${fraction}E${exponent < 0 ? '' : '+'}${exponent}`;
}

const DAY_NANOS = 86_400_000_000_000n;

function timeOfDay(nanos: bigint): string {
  if (nanos < 0n || nanos >= DAY_NANOS) throw new Misfit();
  const seconds = Number(nanos / 1_000_000_000n);
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${clock}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
}

function uuidText(b: Uint8Array, timed: boolean): string {
  if (b.length !== 16 || (timed && (b[6] as number) >>> 4 !== 1)) throw new Misfit();
  const h = hex(b);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

/** RFC 5952: the longest run of zero groups, the first of equal ones, as `::`. */
function inetText(b: Uint8Array): string {
  if (b.length === 4) return b.join('.');
  if (b.length !== 16) throw new Misfit();
  const groups = Array.from({ length: 8 }, (_, i) => ((b[2 * i] as number) << 8) | (b[2 * i + 1] as number));
  let [best, most] = [-1, 1];
  for (let from = 0; from < 8; from++) {
    let n = 0;
    while (from + n < 8 && groups[from + n] === 0) n++;
    if (n > most) [best, most] = [from, n];
  }
  const words = (part: number[]): string => part.map((g) => g.toString(16)).join(':');
  return best < 0 ? words(groups) : `${words(groups.slice(0, best))}::${words(groups.slice(best + most))}`;
}

const TIME_PARTS: readonly (readonly [string, bigint])[] = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1000n],
  ['ns', 1n],
];

/** `1y2mo3d4h5m6s7ms8us9ns`, with a sign in front for all of it; nothing of anything is `0ns`. */
function durationText(b: Uint8Array): string {
  const input = new Input(b);
  const parts = [input.vint(), input.vint(), input.vint()] as const;
  input.end();
  const negative = parts.some((n) => n < 0n);
  if (negative && parts.some((n) => n > 0n)) throw new Misfit();
  const [months, days, nanos] = parts.map((n) => (n < 0n ? -n : n)) as [bigint, bigint, bigint];
  let text = '';
  const add = (n: bigint, unit: string): void => {
    if (n > 0n) text += `${n}${unit}`;
  };
  add(months / 12n, 'y');
  add(months % 12n, 'mo');
  add(days, 'd');
  let rest = nanos;
  for (const [unit, size] of TIME_PARTS) {
    add(rest / size, unit);
    rest %= size;
  }
  return text === '' ? '0ns' : `${negative ? '-' : ''}${text}`;
}
