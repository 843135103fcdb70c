/**
 * Blocks of a table's tail, index and meta blocks: entries that share prefixes with the entry before them
 * (rocksdb-leveldb.md §6, "Data block"; data blocks themselves are built by a kernel): {v32 shared, v32 unshared, v32 value length, rest of the key, value} …, then the offsets of
 * the restart points, entries that share nothing, and their number.
 */
import { writeU32 } from '../../base/bytes.ts';

/** Three varints of up to five bytes. */
const HEADER_MAX = 15;
/** From here on `set`, which makes a view, is quicker than a loop. */
const COPIED_SINGLY = 48;

export class BlockBuilder {
  bytes: Uint8Array = new Uint8Array(8192);
  /** Bytes of entries in the block. */
  length = 0;
  entries = 0;
  readonly #interval: number;
  #restarts: Uint32Array = new Uint32Array(64);
  #restartCount = 0;
  /** Entries since the last restart point. */
  #counter = 0;

  /** An entry in `restartInterval` is stored with its whole key; Infinity: the first one only. */
  constructor(restartInterval: number) {
    this.#interval = restartInterval;
  }

  /** Adds a plain key and its value. */
  add(shared: number, key: Uint8Array, value: Uint8Array): void {
    const kept = this.#begin(shared, key.length, value.length);
    const at = copyInto(this.bytes, this.length, key, kept, key.length - kept);
    this.length = copyInto(this.bytes, at, value, 0, value.length);
  }

  /** Adds a whole key with a value that has no length of its own (index with delta-encoded values). */
  addWithoutLength(key: Uint8Array, keyStart: number, keyLength: number, value: Uint8Array, valueLength: number): void {
    this.#grow(HEADER_MAX + keyLength + valueLength);
    this.#restart();
    this.entries++;
    let at = writeVarint32(this.bytes, this.length, 0);
    at = writeVarint32(this.bytes, at, keyLength);
    at = copyInto(this.bytes, at, key, keyStart, keyLength);
    this.length = copyInto(this.bytes, at, value, 0, valueLength);
  }

  /** Writes the restart points behind the entries; the block is then bytes[0, result), `bytes` as it is afterwards. */
  finish(): number {
    if (this.#restartCount === 0) this.#restart();
    this.#grow(4 * this.#restartCount + 4);
    let at = this.length;
    for (let i = 0; i < this.#restartCount; i++, at += 4) writeU32(this.bytes, at, this.#restarts[i] as number);
    writeU32(this.bytes, at, this.#restartCount);
    return at + 4;
  }

  /** Makes room, writes the three lengths, and returns how many bytes of the key are shared in fact. */
  #begin(shared: number, keyLength: number, valueLength: number): number {
    this.#grow(HEADER_MAX + keyLength + valueLength);
    let kept = shared;
    if (this.#counter >= this.#interval || this.entries === 0) {
      this.#restart();
      kept = 0;
    }
    this.#counter++;
    this.entries++;
    const b = this.bytes;
    let at = writeVarint32(b, this.length, kept);
    at = writeVarint32(b, at, keyLength - kept);
    this.length = writeVarint32(b, at, valueLength);
    return kept;
  }

  #restart(): void {
    if (this.#restartCount === this.#restarts.length) {
      const larger = new Uint32Array(2 * this.#restarts.length);
      larger.set(this.#restarts);
      this.#restarts = larger;
    }
    this.#restarts[this.#restartCount++] = this.length;
    this.#counter = 0;
  }

  #grow(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/** Writes a varint below 2^32; returns the position behind it. */
function writeVarint32(b: Uint8Array, at: number, value: number): number {
  let v = value;
  let position = at;
  while (v >= 128) {
    b[position++] = (v & 127) | 128;
    v >>>= 7;
  }
  b[position++] = v;
  return position;
}

function copyInto(b: Uint8Array, at: number, from: Uint8Array, start: number, length: number): number {
  if (length > COPIED_SINGLY) b.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) b[at + i] = from[start + i] as number;
  return at + length;
}
