/**
 * The index of a table: one separator and block handle per data block (rocksdb-leveldb.md §6, "Index").
 *
 * Separators are kept until the end, because only then is it known whether any user key spans two
 * blocks: if none does, RocksDB's tables from format_version 3 on leave sequence and type out of the
 * index keys. A separator is the last key of its block, or where the order is bytewise something
 * shorter that still lies before the next block's first key.
 */
import { writeU32 } from '../../base/bytes.ts';
import { writeVarint } from '../../base/varint.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { BlockBuilder } from './blockBuilder.ts';

const TAG_BYTES = 8;
const HANDLE_MAX = 20;
/** Largest sequence number with type 1: sorts before every entry of its user key. */
const SEEK_TAG_LOW = 0xffff_ff01;
const SEEK_TAG_HIGH = 0xffff_ffff;

export class IndexBuilder {
  count = 0;
  readonly #order: KeyOrder;
  readonly #shortenLast: boolean;
  /** User keys of the separators, end to end. */
  #keys: Uint8Array = new Uint8Array(4096);
  #keysLength = 0;
  #starts: Float64Array = new Float64Array(64);
  /** Per entry: tag halves, offset and stored size of its block. */
  #fields: Float64Array = new Float64Array(4 * 64);
  #userKeysSuffice = true;

  /** `shortenLast`: the last separator too becomes as short as it can, as LevelDB has it. */
  constructor(order: KeyOrder, shortenLast: boolean) {
    this.#order = order;
    this.#shortenLast = shortenLast;
  }

  /** No user key spans two blocks. */
  get userKeysSuffice(): boolean {
    return this.#userKeysSuffice;
  }

  /** Bytes that the index will take, about. */
  get size(): number {
    return this.#keysLength + this.count * (TAG_BYTES + HANDLE_MAX / 2 + 8) + 8;
  }

  /**
   * The block at `offset`, `size` bytes without its trailer, ends with the user key last[0, lastLength)
   * and the given tag. `next` is the first user key of the block that follows.
   */
  add(
    last: Uint8Array,
    lastLength: number,
    tagLow: number,
    tagHigh: number,
    next: Uint8Array | undefined,
    nextStart: number,
    nextLength: number,
    offset: number,
    size: number,
  ): void {
    this.#reserve(lastLength + 1);
    const start = this.#keysLength;
    this.#keys.set(last.subarray(0, lastLength), start);
    let length = lastLength;
    if (next === undefined) {
      if (this.#order.bytewise && this.#shortenLast) length = successor(this.#keys, start, lastLength);
    } else if (this.#order.compare(last, 0, lastLength, next, nextStart, nextLength) === 0) {
      this.#userKeysSuffice = false;
    } else if (this.#order.bytewise) {
      length = separate(this.#keys, start, lastLength, next, nextStart, nextLength);
    }
    const shortened = length < lastLength;
    const at = 4 * this.count;
    this.#starts[this.count] = start;
    this.#fields[at] = shortened ? SEEK_TAG_LOW : tagLow;
    this.#fields[at + 1] = shortened ? SEEK_TAG_HIGH : tagHigh;
    this.#fields[at + 2] = offset;
    this.#fields[at + 3] = size;
    this.#keysLength = start + length;
    this.count++;
  }

  /** The index block; `deltaValues` (with a restart at every entry: whole handles, without their length). */
  build(userKeys: boolean, deltaValues: boolean): BlockBuilder {
    const block = new BlockBuilder(1);
    const handle = new Uint8Array(HANDLE_MAX);
    let key: Uint8Array = new Uint8Array(256);
    for (let i = 0; i < this.count; i++) {
      const start = this.#starts[i] as number;
      const userEnd = i + 1 < this.count ? (this.#starts[i + 1] as number) : this.#keysLength;
      const length = userEnd - start;
      if (key.length < length + TAG_BYTES) key = new Uint8Array(2 * length + TAG_BYTES);
      key.set(this.#keys.subarray(start, userEnd));
      const at = 4 * i;
      writeU32(key, length, this.#fields[at] as number);
      writeU32(key, length + 4, this.#fields[at + 1] as number);
      const keyLength = userKeys ? length : length + TAG_BYTES;
      const n = writeVarint(
        handle,
        writeVarint(handle, 0, this.#fields[at + 2] as number),
        this.#fields[at + 3] as number,
      );
      if (deltaValues) block.addWithoutLength(key, 0, keyLength, handle, n);
      else block.add(0, key.subarray(0, keyLength), handle.subarray(0, n));
    }
    return block;
  }

  #reserve(keyBytes: number): void {
    if (this.#keysLength + keyBytes > this.#keys.length) {
      const larger = new Uint8Array(2 * this.#keys.length + keyBytes);
      larger.set(this.#keys.subarray(0, this.#keysLength));
      this.#keys = larger;
    }
    if (this.count < this.#starts.length) return;
    const starts = new Float64Array(2 * this.#starts.length);
    starts.set(this.#starts);
    this.#starts = starts;
    const fields = new Float64Array(2 * this.#fields.length);
    fields.set(this.#fields);
    this.#fields = fields;
  }
}

/**
 * Shortens key b[start, +length) in place to something at or after it and before `next`, which is larger;
 * returns the new length.
 */
function separate(
  b: Uint8Array,
  start: number,
  length: number,
  next: Uint8Array,
  nextStart: number,
  nextLength: number,
): number {
  const common = Math.min(length, nextLength);
  let i = 0;
  while (i < common && b[start + i] === next[nextStart + i]) i++;
  // One is a prefix of the other: nothing shorter lies between.
  if (i >= common) return length;
  const byte = b[start + i] as number;
  if (byte + 1 < (next[nextStart + i] as number)) {
    // Only where that makes the key shorter: the key itself separates as well.
    if (i + 1 < length) b[start + i] = byte + 1;
    return i + 1;
  }
  // The bytes differ by one: the next byte of the key that can grow, grows.
  for (let j = i + 1; j < length; j++) {
    const c = b[start + j] as number;
    if (c === 0xff) continue;
    if (j + 1 < length) b[start + j] = c + 1;
    return j + 1;
  }
  return length;
}

/** Shortens key b[start, +length) in place to something at or after it; returns the new length. */
function successor(b: Uint8Array, start: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const byte = b[start + i] as number;
    if (byte === 0xff) continue;
    if (i + 1 < length) b[start + i] = byte + 1;
    return i + 1;
  }
  return length;
}
