/** A place in bytes for decoders: every read past the end answers NaN or undefined and stays there. */
import { hex, strictText } from '../base/bytes.ts';

export class Bytes {
  readonly b: Uint8Array;
  at = 0;
  /** Something was read past the end, or made no sense. */
  bad = false;
  readonly #view: DataView;

  constructor(b: Uint8Array) {
    this.b = b;
    this.#view = new DataView(b.buffer, b.byteOffset, b.length);
  }

  get left(): number {
    return this.b.length - this.at;
  }

  take(n: number): Uint8Array {
    if (!(n >= 0 && n <= this.left)) {
      this.bad = true;
      return new Uint8Array(0);
    }
    this.at += n;
    return this.b.subarray(this.at - n, this.at);
  }

  /** Reads `bytes` with a method of DataView. */
  #read(bytes: number, get: (at: number) => number): number {
    if (bytes > this.left) {
      this.bad = true;
      return Number.NaN;
    }
    this.at += bytes;
    return get(this.at - bytes);
  }

  u8(): number {
    return this.#read(1, (at) => this.#view.getUint8(at));
  }

  i8(): number {
    return this.#read(1, (at) => this.#view.getInt8(at));
  }

  u16(little = true): number {
    return this.#read(2, (at) => this.#view.getUint16(at, little));
  }

  i16(little = true): number {
    return this.#read(2, (at) => this.#view.getInt16(at, little));
  }

  u32(little = true): number {
    return this.#read(4, (at) => this.#view.getUint32(at, little));
  }

  i32(little = true): number {
    return this.#read(4, (at) => this.#view.getInt32(at, little));
  }

  f32(little = true): number {
    return this.#read(4, (at) => this.#view.getFloat32(at, little));
  }

  f64(little = true): number {
    return this.#read(8, (at) => this.#view.getFloat64(at, little));
  }

  /** As text, since it may not fit into a number. */
  i64Text(little = true): string {
    if (this.left < 8) {
      this.bad = true;
      return '';
    }
    this.at += 8;
    return this.#view.getBigInt64(this.at - 8, little).toString();
  }

  /** A number of up to eight bytes; above 2^53 its lowest bits are lost. */
  little(n: number): number {
    let value = 0;
    for (const [i, byte] of this.take(n).entries()) value += byte * 256 ** i;
    return value;
  }

  big(n: number): number {
    let value = 0;
    for (const byte of this.take(n)) value = value * 256 + byte;
    return value;
  }

  /** Base 128, lowest group first. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.u8();
      if (Number.isNaN(byte)) return byte;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.bad = true;
    return Number.NaN;
  }

  utf16(units: number, little: boolean): string {
    const bytes = this.take(units * 2);
    let text = '';
    for (let i = 0; i + 1 < bytes.length; i += 2) {
      const [a, b] = [bytes[i] as number, bytes[i + 1] as number];
      text += String.fromCharCode(little ? a | (b << 8) : (a << 8) | b);
    }
    return text;
  }
}

export function latin1(b: Uint8Array): string {
  let text = '';
  for (const byte of b) text += String.fromCharCode(byte);
  return text;
}

/** Text where the bytes are text, else hex. */
export function textOrHex(b: Uint8Array): string {
  return strictText(b) ?? `0x${hex(b)}`;
}

export function startsWith(b: Uint8Array, text: string): boolean {
  if (b.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (b[i] !== text.charCodeAt(i)) return false;
  return true;
}
