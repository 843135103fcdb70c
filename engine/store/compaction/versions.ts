/**
 * All versions of one user key, gathered so that they can be judged together. The memory is used again
 * for the next key; nothing is allocated but when a key has more versions or bytes than any before.
 */
import type { Cursor } from '../../iter/cursor.ts';

export class Versions {
  /** Newest first. */
  count = 0;
  key: Uint8Array = new Uint8Array(256);
  keyLength = 0;
  readonly sequences: number[] = [];
  readonly types: number[] = [];
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  /** Values, one behind the other. */
  bytes: Uint8Array = new Uint8Array(4096);
  #used = 0;

  /** Forgets the versions, not the key. */
  clear(): void {
    this.count = 0;
    this.#used = 0;
  }

  setKey(b: Uint8Array, start: number, length: number): void {
    if (length > this.key.length) this.key = new Uint8Array(2 * length);
    const { key } = this;
    for (let i = 0; i < length; i++) key[i] = b[start + i] as number;
    this.keyLength = length;
  }

  isKey(b: Uint8Array, start: number, length: number): boolean {
    if (length !== this.keyLength) return false;
    const { key } = this;
    // Keys of a store differ at their ends.
    for (let i = length - 1; i >= 0; i--) if (key[i] !== b[start + i]) return false;
    return true;
  }

  add(c: Cursor): void {
    const length = c.valueLength;
    const start = this.#used;
    if (start + length > this.bytes.length) {
      const larger = new Uint8Array(2 * (start + length));
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
    }
    this.bytes.set(c.valueBuffer.subarray(c.valueStart, c.valueStart + length), start);
    this.#used = start + length;
    const n = this.count++;
    this.sequences[n] = c.sequence;
    this.types[n] = c.type;
    this.starts[n] = start;
    this.lengths[n] = length;
  }

  /** A copy of the value of version `i`. */
  value(i: number): Uint8Array {
    const start = this.starts[i] as number;
    return this.bytes.slice(start, start + (this.lengths[i] as number));
  }
}
