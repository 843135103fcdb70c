/**
 * Fixed-size values inside keys and values: integers of either byte order, floating-point numbers and UUIDs, to bytes
 * and back. `flip` and `desc` are the two ways by which applications make bytes sort as the numbers do: the sign bit
 * turned over (for a negative float all bits), and all bits inverted for the largest first.
 */
import { fromHex, hex } from '../base/bytes.ts';

export interface Scalar {
  readonly name: string;
  readonly kind: 'unsigned' | 'signed' | 'float' | 'uuid';
  readonly bytes: number;
  readonly little: boolean;
}

export interface ScalarOptions {
  readonly flip?: boolean;
  readonly desc?: boolean;
}

/** What a scalar is read as: integers up to 2^53 are numbers, larger ones BigInts, UUIDs text. */
export type ScalarValue = number | bigint | string;

const SHAPE = /^(?:(u|i)(8|16|32|64)|(f)(32|64))(be|le)?$/;

/** `u8`, `i64le`, `f32be`, `uuid`; without an ending numbers are big-endian. Undefined for no such type. */
export function scalarOf(name: string): Scalar | undefined {
  if (name === 'uuid') return { name, kind: 'uuid', bytes: 16, little: false };
  const m = SHAPE.exec(name);
  if (m === null) return undefined;
  const kind = m[3] === 'f' ? 'float' : m[1] === 'i' ? 'signed' : 'unsigned';
  return { name, kind, bytes: Number(m[2] ?? m[4]) / 8, little: m[5] === 'le' };
}

function turn(b: Uint8Array, scalar: Scalar, options: ScalarOptions): void {
  if (options.flip === true && scalar.kind !== 'unsigned' && scalar.kind !== 'uuid') {
    const top = scalar.little ? b.length - 1 : 0;
    if (scalar.kind === 'float' && ((b[top] as number) & 0x80) !== 0) invert(b);
    else b[top] = (b[top] as number) ^ 0x80;
  }
  if (options.desc === true) invert(b);
}

function invert(b: Uint8Array): void {
  for (let i = 0; i < b.length; i++) b[i] = ~(b[i] as number);
}

/** Bytes of a whole number, or undefined where it does not fit. */
export function encodeInteger(scalar: Scalar, value: bigint, options: ScalarOptions = {}): Uint8Array | undefined {
  const bits = BigInt(scalar.bytes * 8);
  const [low, high] = scalar.kind === 'signed' ? [-(1n << (bits - 1n)), 1n << (bits - 1n)] : [0n, 1n << bits];
  if (value < low || value >= high) return undefined;
  const b = new Uint8Array(scalar.bytes);
  let rest = value;
  for (let i = 0; i < b.length; i++) {
    b[scalar.little ? i : b.length - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  turn(b, scalar, options);
  return b;
}

export function encodeFloat(scalar: Scalar, value: number, options: ScalarOptions = {}): Uint8Array {
  const b = new Uint8Array(scalar.bytes);
  const view = new DataView(b.buffer);
  if (scalar.bytes === 4) view.setFloat32(0, value, scalar.little);
  else view.setFloat64(0, value, scalar.little);
  turn(b, scalar, options);
  return b;
}

/** The 16 bytes of a UUID, with or without hyphens and braces; undefined for none. */
export function encodeUuid(text: string): Uint8Array | undefined {
  const m = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i.exec(text.trim());
  return m === null ? undefined : fromHex(m.slice(1).join(''));
}

export function uuidText(b: Uint8Array): string {
  const h = hex(b);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

/** The scalar that stands at `at`; the caller has checked that its bytes are there. Allocates only BigInts and text. */
export function decodeScalar(scalar: Scalar, b: Uint8Array, at: number, options: ScalarOptions = {}): ScalarValue {
  const n = scalar.bytes;
  if (scalar.kind === 'uuid') {
    const own = b.slice(at, at + 16);
    if (options.desc === true) invert(own);
    return uuidText(own);
  }
  const flip = options.flip === true;
  const desc = options.desc === true;
  // Into one buffer, in little-endian order.
  for (let i = 0; i < n; i++) {
    const byte = b[at + (scalar.little ? i : n - 1 - i)] as number;
    scratch[i] = desc ? ~byte : byte;
  }
  if (flip && scalar.kind !== 'unsigned') {
    const top = scratch[n - 1] as number;
    if (scalar.kind === 'float' && (top & 0x80) === 0) for (let i = 0; i < n; i++) scratch[i] = ~(scratch[i] as number);
    else scratch[n - 1] = top ^ 0x80;
  }
  if (scalar.kind === 'float') return n === 4 ? scratchView.getFloat32(0, true) : scratchView.getFloat64(0, true);
  const signed = scalar.kind === 'signed';
  if (n === 8) {
    const low = scratchView.getUint32(0, true);
    const high = signed ? scratchView.getInt32(4, true) : scratchView.getUint32(4, true);
    if (high >= -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + low;
    return signed ? scratchView.getBigInt64(0, true) : scratchView.getBigUint64(0, true);
  }
  if (n === 4) return signed ? scratchView.getInt32(0, true) : scratchView.getUint32(0, true);
  if (n === 2) return signed ? scratchView.getInt16(0, true) : scratchView.getUint16(0, true);
  return signed ? scratchView.getInt8(0) : (scratch[0] as number);
}
