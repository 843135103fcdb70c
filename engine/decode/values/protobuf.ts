/**
 * Protobuf by its wire format, without a schema or with one. Without, a field is known by its number only, and what a
 * row of bytes means is a guess: printable text, else a message that fills it, else bytes. With a schema the walk is
 * the same; the schema gives names and types. No code is made from it.
 */
import { strictText } from '../../base/bytes.ts';
import {
  attempt,
  Budget,
  bytesValue,
  floatValue,
  printable,
  record,
  type Structured,
  share,
  type ValueDecoder,
  wholeNumber,
} from './decoder.ts';

/** Field numbers end at 2^29 - 1. */
const NUMBER_MAX = 2 ** 29 - 1;
const WIRE = { varint: 0, fixed64: 1, bytes: 2, start: 3, end: 4, fixed32: 5 } as const;

/** How a field of a known message reads. */
export interface MessageField {
  readonly name: string;
  readonly repeated: boolean;
  /** `int32`, `sint64`, `double`, `string`, … */
  readonly scalar?: string;
  readonly names?: Readonly<Record<number, string>>;
  /** Looked up when it is needed: messages may hold themselves. */
  message?(): Message | undefined;
  readonly isMap?: boolean;
}
export type Message = ReadonlyMap<number, MessageField>;

class Wire {
  readonly b: Uint8Array;
  readonly end: number;
  at: number;
  readonly view: DataView;

  constructor(b: Uint8Array, at: number, end: number) {
    this.b = b;
    this.at = at;
    this.end = end;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  }

  /** Undefined where it does not end in ten bytes. */
  varint(): bigint | undefined {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) return undefined;
      const byte = this.b[this.at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value < 1n << 64n ? value : undefined;
    }
    return undefined;
  }

  small(): number | undefined {
    const n = this.varint();
    return n === undefined || n > 2n ** 53n ? undefined : Number(n);
  }

  /** Start of `n` bytes that are there, and moves behind them. */
  take(n: number): number | undefined {
    if (n > this.end - this.at) return undefined;
    this.at += n;
    return this.at - n;
  }
}

/** A message that fills [at, end); undefined for bytes that are none. */
function message(
  b: Uint8Array,
  at: number,
  end: number,
  known: Message | undefined,
  budget: Budget,
  depth: number,
): Structured | undefined {
  const wire = new Wire(b, at, end);
  const out = record();
  return fields(wire, undefined, out, known, budget, depth) ? out : undefined;
}

function fields(
  wire: Wire,
  group: number | undefined,
  out: Record<string, Structured>,
  known: Message | undefined,
  budget: Budget,
  depth: number,
): boolean {
  /** Fields that have come before: a second value makes a list. */
  const lists = new Map<string, Structured[]>();
  while (wire.at < wire.end) {
    budget.spend(depth);
    const tag = wire.small();
    if (tag === undefined) return false;
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    if (number === 0 || number > NUMBER_MAX) return false;
    if (type === WIRE.end) return number === group;
    const field = known?.get(number);
    const found = value(wire, type, number, field, budget, depth);
    if (found === undefined) return false;
    const name = field?.name ?? String(number);
    if (field?.isMap === true) {
      const entries = (out[name] as Record<string, Structured> | undefined) ?? record();
      for (const [k, v] of mapEntry(found[0])) entries[k] = v;
      out[name] = entries;
      continue;
    }
    let list = lists.get(name);
    if (list === undefined) {
      list = [];
      lists.set(name, list);
      out[name] = field?.repeated === true || found.length > 1 ? list : (found[0] ?? list);
    } else if (field === undefined || field.repeated) out[name] = list;
    else out[name] = found[0] ?? null;
    for (const v of found) list.push(v);
  }
  return group === undefined;
}

function mapEntry(entry: Structured | undefined): [string, Structured][] {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return [];
  const { key, value: v } = entry as { readonly [name: string]: Structured };
  return [[key === undefined ? '' : String(key), v ?? null]];
}

/** The values of one occurrence: several where they are packed. */
function value(
  wire: Wire,
  type: number,
  number: number,
  field: MessageField | undefined,
  budget: Budget,
  depth: number,
): Structured[] | undefined {
  const { b, view } = wire;
  switch (type) {
    case WIRE.varint: {
      const n = wire.varint();
      return n === undefined ? undefined : [varintValue(n, field)];
    }
    case WIRE.fixed64: {
      const at = wire.take(8);
      return at === undefined ? undefined : [fixed64(view, at, field?.scalar)];
    }
    case WIRE.fixed32: {
      const at = wire.take(4);
      return at === undefined ? undefined : [fixed32(view, at, field?.scalar)];
    }
    case WIRE.start: {
      const out = record();
      return fields(wire, number, out, field?.message?.(), budget, depth + 1) ? [out] : undefined;
    }
    case WIRE.bytes: {
      const length = wire.small();
      const at = length === undefined ? undefined : wire.take(length);
      return at === undefined ? undefined : delimited(b, at, wire.at, field, budget, depth);
    }
    default:
      return undefined;
  }
}

function delimited(
  b: Uint8Array,
  at: number,
  end: number,
  field: MessageField | undefined,
  budget: Budget,
  depth: number,
): Structured[] | undefined {
  const bytes = b.subarray(at, end);
  if (field?.message !== undefined) {
    const inner = message(b, at, end, field.message(), budget, depth + 1);
    return [inner ?? bytesValue(bytes)];
  }
  if (field?.scalar === 'string') return [strictText(bytes) ?? bytesValue(bytes)];
  if (field?.scalar === 'bytes') return [bytesValue(bytes)];
  if (field !== undefined) return packed(b, at, end, field, budget, depth) ?? [bytesValue(bytes)];
  const text = printable(bytes);
  if (text !== undefined) return [text];
  return [message(b, at, end, undefined, budget, depth + 1) ?? bytesValue(bytes)];
}

function packed(
  b: Uint8Array,
  at: number,
  end: number,
  field: MessageField,
  budget: Budget,
  depth: number,
): Structured[] | undefined {
  const wire = new Wire(b, at, end);
  const type = /^(double|s?fixed64)$/.test(field.scalar ?? '')
    ? WIRE.fixed64
    : /^(float|s?fixed32)$/.test(field.scalar ?? '')
      ? WIRE.fixed32
      : WIRE.varint;
  const all: Structured[] = [];
  while (wire.at < end) {
    budget.spend(depth);
    const one = value(wire, type, 0, field, budget, depth);
    if (one === undefined) return undefined;
    for (const v of one) all.push(v);
  }
  return all;
}

function varintValue(n: bigint, field: MessageField | undefined): Structured {
  if (field?.names !== undefined) return field.names[Number(BigInt.asIntN(32, n))] ?? wholeNumber(n);
  switch (field?.scalar) {
    case 'bool':
      return n !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, n));
    case 'int64':
      return wholeNumber(BigInt.asIntN(64, n));
    case 'sint32':
    case 'sint64':
      return wholeNumber((n >> 1n) ^ -(n & 1n));
    default:
      return wholeNumber(n);
  }
}

/** Without a schema: a double where it is one that people would write, else a whole number. */
function fixed64(view: DataView, at: number, scalar: string | undefined): Structured {
  const float = view.getFloat64(at, true);
  if (scalar === 'double' || (scalar === undefined && likely(float))) return floatValue(float);
  return wholeNumber(scalar === 'sfixed64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
}

function fixed32(view: DataView, at: number, scalar: string | undefined): Structured {
  const float = view.getFloat32(at, true);
  // The shortest decimal number that the four bytes stand for.
  if (scalar === 'float' || (scalar === undefined && likely(float))) {
    return Number.isFinite(float) ? Number(float.toPrecision(7)) : String(float);
  }
  return scalar === 'sfixed32' ? view.getInt32(at, true) : view.getUint32(at, true);
}

function likely(n: number): boolean {
  return n === 0 || (Math.abs(n) > 1e-6 && Math.abs(n) < 1e12);
}

export const protobufDecoder: ValueDecoder = {
  id: 'protobuf',
  title: 'Protobuf (no schema)',
  read: (b) => (b.length === 0 ? undefined : message(b, 0, b.length, undefined, new Budget(), 0)),
  fits(sample) {
    const read = (b: Uint8Array): Structured | undefined => attempt(() => this.read(b));
    const part = share(sample, (b) => {
      const value = read(b);
      return value !== undefined && plausible(value);
    });
    if (part < 1 || sample.length < 3) return undefined;
    const numbers = new Set(sample.flatMap((b) => Object.keys(read(b) as object)));
    // Messages of one kind have the same few fields.
    const few = numbers.size <= 2 + Math.max(...sample.map((b) => Object.keys(read(b) as object).length)) * 2;
    const short = sample.every((b) => b.length <= 4);
    return {
      confidence: short ? 0.2 : few ? 0.6 : 0.3,
      why: `every value of the sample is a whole Protobuf message, with ${numbers.size} field numbers in all`,
    };
  },
};

function plausible(value: Structured): boolean {
  return Object.keys(value as object).every((number) => Number(number) <= 1000);
}

/** A decoder for messages of a known kind. */
export function protobufOf(title: string, known: Message): ValueDecoder {
  return {
    id: 'protobuf',
    title,
    read: (b) => message(b, 0, b.length, known, new Budget(), 0),
    fits: () => ({ confidence: 1, why: 'declared' }),
  };
}
