/**
 * A walk over the entries of one data block (rocksdb-leveldb.md §6, "Data block").
 *
 * This is the innermost loop of every scan. It allocates nothing per entry: keys are put together in
 * one scratch buffer, values are ranges of the block itself.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import type { KeyOrder } from '../../iter/order.ts';

/** Internal keys end in type and sequence number, 8 bytes. */
const TAG_BYTES = 8;

/**
 * Types 2 and 3 of Basho's LevelDB: puts that carry the time of their writing or of their expiry, in microseconds, in 8
 * bytes before the tag (`include/leveldb/options.h` and `db/dbformat.h` there). LevelDB itself has no such types.
 */
export const EXPIRY_BYTES = 8;
export const isExpiring = (type: number): boolean => (type & 0xfe) === 2;
const PUT = 1;

const RESTART_COUNT_BITS = 0x0fff_ffff;
const SEPARATED_KEY_VALUE = 0x1000_0000;
const RESERVED_BIT = 0x4000_0000;
const HASH_INDEX = 0x8000_0000;

/** LevelDB's blocks end in a plain count; RocksDB keeps flags in its upper bits. `eleveldb` is Basho's LevelDB. */
export type BlockDialect = 'leveldb' | 'eleveldb' | 'rocksdb';

/** Where the parts of a block stand in its buffer. */
export class BlockParts {
  /** End of the entries; of their keys, where values stand in a section of their own. */
  limit = 0;
  restartsAt = 0;
  restartCount = 0;
  separated = false;
}

/** Reads the end of the raw block buffer[start, start + length). Throws CORRUPT for one that cannot be. */
export function readBlockParts(
  buffer: Uint8Array,
  start: number,
  length: number,
  dialect: BlockDialect,
  parts: BlockParts,
): void {
  if (length < 4) throw corrupt(`block of ${length} bytes is too short`);
  const end = start + length;
  const footer = readU32(buffer, end - 4);
  let tail = end - 4;
  let count = footer;
  parts.separated = false;
  if (dialect === 'rocksdb') {
    if ((footer & RESERVED_BIT) !== 0) throw corrupt('block footer has a reserved bit set');
    count = footer & RESTART_COUNT_BITS;
    if ((footer & SEPARATED_KEY_VALUE) !== 0) {
      parts.separated = true;
      tail -= 4;
    }
    if ((footer & HASH_INDEX) !== 0) {
      if (tail - 2 < start) throw corrupt('block is too short for its hash index');
      const buckets = (buffer[tail - 2] as number) | ((buffer[tail - 1] as number) << 8);
      tail -= 2 + buckets;
    }
  }
  if (count * 4 > tail - start) throw corrupt(`block of ${length} bytes cannot hold ${count} restart points`);
  parts.restartsAt = tail - count * 4;
  parts.restartCount = count;
  parts.limit = parts.restartsAt;
  if (parts.separated) {
    const values = start + readU32(buffer, end - 8);
    if (values > parts.restartsAt) throw corrupt('values of the block start past its end');
    parts.limit = values;
  }
}

export class BlockCursor {
  valid = false;
  keyBuffer: Uint8Array = new Uint8Array(256);
  readonly keyStart: number = 0;
  keyLength = 0;
  sequence = 0;
  type = 0;
  valueBuffer: Uint8Array = this.keyBuffer;
  valueStart = 0;
  valueLength = 0;

  /** Zero bytes to add to each user key: tables that do not store the user timestamp. */
  protected padTimestamp = 0;
  /** Sequence number that stands for 0 in an ingested table; -1 where there is none. */
  protected globalSequence = -1;

  #buffer: Uint8Array = this.keyBuffer;
  #start = 0;
  /** End of the entries. */
  #limit = 0;
  #restartsAt = 0;
  #restartCount = 0;
  /** Where the current entry starts, and the next one. */
  #position = 0;
  #next = 0;
  /** The internal key as stored, its length in `#scratch`. */
  #scratch: Uint8Array = this.keyBuffer;
  #internalLength = 0;
  /** Types 2 and 3 carry an expiry. */
  #expiring = false;
  #separated = false;
  #nextValue = 0;
  readonly #parts = new BlockParts();

  get restartCount(): number {
    return this.#restartCount;
  }

  /** Takes a raw (decompressed) block of `length` bytes at `start`; stands before its first entry. */
  loadBlock(buffer: Uint8Array, start: number, length: number, dialect: BlockDialect): void {
    this.valid = false;
    const parts = this.#parts;
    readBlockParts(buffer, start, length, dialect, parts);
    this.#buffer = buffer;
    this.valueBuffer = buffer;
    this.#start = start;
    this.#restartsAt = parts.restartsAt;
    this.#restartCount = parts.restartCount;
    this.#limit = parts.limit;
    this.#separated = parts.separated;
    this.#expiring = dialect === 'eleveldb';
    // Another table of the run may have padded its keys in a buffer of their own.
    if (this.padTimestamp === 0) this.keyBuffer = this.#scratch;
    this.#rewind(start);
  }

  /** Moves to the next entry of the block; false (and not valid) after the last. */
  protected nextInBlock(): boolean {
    const b = this.#buffer;
    let p = this.#next;
    const limit = this.#limit;
    if (p >= limit) {
      this.valid = false;
      return false;
    }
    this.#position = p;
    let shared = b[p++] as number;
    let unshared = b[p++] as number;
    let valueLength = b[p++] as number;
    if ((shared | unshared | valueLength) >= 0x80 || p > limit) {
      this.#cold = this.#position;
      shared = this.#coldVarint(limit);
      unshared = this.#coldVarint(limit);
      valueLength = this.#coldVarint(limit);
      p = this.#cold;
    }
    if (this.#separated) {
      p = this.#placeSeparatedValue(p, valueLength, limit);
      if (unshared > limit - p) throw this.#overrun();
    } else if (unshared + valueLength > limit - p) throw this.#overrun();
    const length = shared + unshared;
    if (shared > this.#internalLength || length < TAG_BYTES) throw this.#badKey(shared, length);
    let key = this.#scratch;
    if (length > key.length) {
      this.#growScratch(length);
      key = this.#scratch;
    }
    for (let i = shared, from = p; i < length; i++, from++) key[i] = b[from] as number;
    this.#internalLength = length;
    const tag = length - TAG_BYTES;
    this.keyLength = tag;
    this.type = key[tag] as number;
    const low = (key[tag + 1] as number) | ((key[tag + 2] as number) << 8) | ((key[tag + 3] as number) << 16);
    const high =
      ((key[tag + 4] as number) |
        ((key[tag + 5] as number) << 8) |
        ((key[tag + 6] as number) << 16) |
        ((key[tag + 7] as number) << 24)) >>>
      0;
    this.sequence = low + high * 0x100_0000;
    if (this.globalSequence >= 0 && this.sequence === 0) this.sequence = this.globalSequence;
    if (this.#expiring && isExpiring(this.type)) this.#stripExpiry(shared);
    if (this.#separated) {
      this.#next = p + unshared;
    } else {
      const value = p + unshared;
      this.valueStart = value;
      this.#next = value + valueLength;
    }
    this.valueLength = valueLength;
    if (this.padTimestamp > 0) this.#padKey();
    this.valid = true;
    return true;
  }

  protected firstInBlock(): boolean {
    this.#rewind(this.#start);
    return this.nextInBlock();
  }

  protected lastInBlock(): boolean {
    this.#rewind(this.#restartCount === 0 ? this.#start : this.#restart(this.#restartCount - 1));
    let seen = false;
    while (this.#next < this.#limit) {
      if (!this.nextInBlock()) break;
      seen = true;
    }
    this.valid = seen;
    return seen;
  }

  /** Moves to the entry before the current one; false (and not valid) before the first. */
  protected prevInBlock(): boolean {
    const target = this.#position;
    if (target <= this.#start) {
      this.valid = false;
      return false;
    }
    let low = 0;
    let high = this.#restartCount - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#restart(middle) < target) low = middle;
      else high = middle - 1;
    }
    const from = this.#restartCount === 0 ? this.#start : this.#restart(low);
    this.#rewind(from < target ? from : this.#start);
    while (this.nextInBlock()) {
      if (this.#next >= target) return this.valid;
    }
    return false;
  }

  /** Moves to the first entry at or after (key, sequence); false if the block has none. */
  protected seekInBlock(key: Uint8Array, sequence: number, order: KeyOrder): boolean {
    let from = this.#start;
    if (this.padTimestamp === 0 && this.#restartCount > 1) {
      let low = 0;
      let high = this.#restartCount - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        this.#rewind(this.#restart(middle));
        if (this.nextInBlock() && this.#compareTo(key, sequence, order) < 0) low = middle;
        else high = middle - 1;
      }
      from = this.#restart(low);
    }
    this.#rewind(from);
    while (this.nextInBlock()) {
      if (this.#compareTo(key, sequence, order) >= 0) return true;
    }
    return false;
  }

  /** Entries of the loaded block; leaves the cursor after the last. */
  countInBlock(): number {
    let n = 0;
    for (let more = this.firstInBlock(); more; more = this.nextInBlock()) n++;
    return n;
  }

  /** A put as any other, for whoever reads: whether it is over is for its owner's settings to say. */
  #stripExpiry(shared: number): void {
    if (this.keyLength < EXPIRY_BYTES) throw this.#badKey(shared, this.#internalLength);
    this.keyLength -= EXPIRY_BYTES;
    this.type = PUT;
  }

  #compareTo(key: Uint8Array, sequence: number, order: KeyOrder): number {
    const byKey = order.compare(this.keyBuffer, 0, this.keyLength, key, 0, key.length);
    return byKey !== 0 ? byKey : sequence - this.sequence;
  }

  #restart(index: number): number {
    const offset = readU32(this.#buffer, this.#restartsAt + index * 4);
    const at = this.#start + offset;
    // Only an empty block has a restart point, its first, where its entries end.
    if (at > this.#limit || (at === this.#limit && index > 0)) {
      throw corrupt(`restart point ${index} lies outside of the block`, { offset });
    }
    return at;
  }

  #rewind(at: number): void {
    this.#next = at;
    this.#position = at;
    this.#internalLength = 0;
    this.valid = false;
  }

  #cold = 0;
  #coldVarint(limit: number): number {
    let result = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#cold >= limit) throw this.#overrun();
      const byte = this.#buffer[this.#cold++] as number;
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
    throw corrupt('varint in an entry is longer than 32 bits', { offset: this.#position - this.#start });
  }

  /**
   * Separated layout: keys and values stand in two sections. An entry at a restart point says where
   * its value is; each further value follows the one before.
   */
  #placeSeparatedValue(position: number, valueLength: number, limit: number): number {
    let p = position;
    let value = this.#nextValue;
    if (this.#internalLength === 0 || this.#isRestart(this.#position)) {
      this.#cold = p;
      value = limit + this.#coldVarint(limit);
      p = this.#cold;
    }
    if (valueLength > this.#restartsAt - value) throw this.#overrun();
    this.valueStart = value;
    this.#nextValue = value + valueLength;
    return p;
  }

  #isRestart(at: number): boolean {
    let low = 0;
    let high = this.#restartCount - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const r = this.#restart(middle);
      if (r === at) return true;
      if (r < at) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  #growScratch(length: number): void {
    const grown = new Uint8Array(Math.max(length, this.#scratch.length * 2));
    grown.set(this.#scratch.subarray(0, this.#internalLength));
    this.#scratch = grown;
    if (this.padTimestamp === 0) this.keyBuffer = grown;
  }

  /** The stored key stays in `#scratch`, because the next one may share its last bytes too. */
  #padKey(): void {
    const length = this.keyLength + this.padTimestamp;
    if (this.keyBuffer === this.#scratch || this.keyBuffer.length < length) this.keyBuffer = new Uint8Array(length * 2);
    this.keyBuffer.set(this.#scratch.subarray(0, this.keyLength));
    this.keyBuffer.fill(0, this.keyLength, length);
    this.keyLength = length;
  }

  #overrun() {
    return corrupt('entry runs past the end of its block', { offset: this.#position - this.#start });
  }

  #badKey(shared: number, length: number) {
    return corrupt(
      length < TAG_BYTES
        ? `key of ${length} bytes is too short for an internal key`
        : `entry shares ${shared} bytes with a key of ${this.#internalLength}`,
      { offset: this.#position - this.#start },
    );
  }
}
