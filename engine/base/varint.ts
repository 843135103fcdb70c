/**
 * LEB128 varints (rocksdb-leveldb.md, notation `v32`, `v64`), read with a moving position.
 */
import { EMPTY, readU16, readU32, readU64 } from './bytes.ts';
import { corrupt } from './errors.ts';

/** Reads fields one after the other from a byte range. Every overrun is a CORRUPT `StoreError`. */
export class Reader {
  readonly buffer: Uint8Array;
  position: number;
  readonly end: number;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  u8(): number {
    if (this.position >= this.end) throw corrupt('field runs past the end', { offset: this.position });
    return this.buffer[this.position++] as number;
  }

  u16(): number {
    const at = this.#take(2);
    return readU16(this.buffer, at);
  }

  u32(): number {
    const at = this.#take(4);
    return readU32(this.buffer, at);
  }

  /** Above 2^53 the lowest bits are lost. */
  u64(): number {
    const at = this.#take(8);
    return readU64(this.buffer, at);
  }

  /** At most 5 bytes, below 2^32. */
  varint32(): number {
    const start = this.position;
    let result = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.u8();
      if (byte < 0x80) {
        const value = result + byte * 2 ** shift;
        if (value > 0xffff_ffff) break;
        return value;
      }
      result += (byte & 0x7f) * 2 ** shift;
    }
    throw corrupt('varint is longer than 32 bits', { offset: start });
  }

  /** At most 10 bytes; a value above 2^53 - 1 is corrupt, because nothing in a real store reaches it. */
  varint64(): number {
    const value = this.varint64Lossy();
    if (value > Number.MAX_SAFE_INTEGER) {
      throw corrupt(`number ${value} is larger than any that a store can hold`, { offset: this.position });
    }
    return value;
  }

  /** As `varint64`, but values above 2^53 pass with their lowest bits lost. */
  varint64Lossy(): number {
    const start = this.position;
    let result = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      if (byte < 0x80) return result + byte * scale;
      result += (byte & 0x7f) * scale;
      scale *= 128;
    }
    throw corrupt('varint is longer than 64 bits', { offset: start });
  }

  /** `n` bytes as a view into the buffer. */
  bytes(n: number): Uint8Array {
    const at = this.#take(n);
    return n === 0 ? EMPTY : this.buffer.subarray(at, at + n);
  }

  /** Passes over `n` bytes. */
  skip(n: number): void {
    this.#take(n);
  }

  /** A varint32 length and that many bytes, as a view into the buffer. */
  string(): Uint8Array {
    return this.bytes(this.varint32());
  }

  #take(n: number): number {
    const at = this.position;
    if (n > this.end - at) {
      throw corrupt(`field of ${n} bytes runs past the end (${this.end - at} left)`, { offset: at });
    }
    this.position = at + n;
    return at;
  }
}

/** Encoded length in bytes of a varint. */
export function varintLength(value: number): number {
  let n = 1;
  for (let v = value; v >= 128; v = Math.floor(v / 128)) n++;
  return n;
}

/** Writes a varint of a non-negative integer up to 2^53; returns the position after it. */
export function writeVarint(b: Uint8Array, at: number, value: number): number {
  let v = value;
  let position = at;
  while (v >= 128) {
    b[position++] = (v % 128) | 0x80;
    v = Math.floor(v / 128);
  }
  b[position++] = v;
  return position;
}
