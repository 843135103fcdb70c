/**
 * Index blocks, decoded once into arrays, so that seeking, stepping back and listing blocks are array
 * look-ups (rocksdb-leveldb.md §6, "Index").
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { EXPIRY_BYTES, isExpiring } from './blockCursor.ts';
import { TRAILER_BYTES } from './checksum.ts';

export interface IndexFlags {
  /** Keys lack the 8 bytes of sequence and type. */
  readonly userKeys: boolean;
  /** Values are delta-encoded and have no length. */
  readonly deltaValues: boolean;
  /** Each value also holds the block's first internal key. */
  readonly firstKeys: boolean;
  /** Keys may carry an expiry before the tag. */
  readonly expiring?: boolean;
}

/**
 * Separators of `count` blocks: separator i is at or after every key of block i and before every key
 * of block i + 1.
 */
export class IndexBlock {
  readonly count: number;
  /** Bytes this object keeps alive. */
  readonly bytes: number;
  readonly #keys: Uint8Array;
  readonly #keyStarts: Uint32Array;
  readonly #keyLengths: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #sizes: Float64Array;

  private constructor(
    keys: Uint8Array,
    keyStarts: Uint32Array,
    keyLengths: Uint32Array,
    offsets: Float64Array,
    sizes: Float64Array,
  ) {
    this.#keys = keys;
    this.#keyStarts = keyStarts;
    this.#keyLengths = keyLengths;
    this.#offsets = offsets;
    this.#sizes = sizes;
    this.count = offsets.length;
    this.bytes = keys.length + this.count * 24;
  }

  offset(i: number): number {
    return this.#offsets[i] as number;
  }

  /** Stored size in bytes, without the trailer. */
  size(i: number): number {
    return this.#sizes[i] as number;
  }

  /** User key of separator i. Allocates a view. */
  separator(i: number): Uint8Array {
    const start = this.#keyStarts[i] as number;
    return this.#keys.subarray(start, start + (this.#keyLengths[i] as number));
  }

  /**
   * The first block whose separator is at or after `key`: the only one that can hold the key's
   * first version. `count` if there is none. The sequence numbers of separators are left out of the
   * comparison, so where one user key spans blocks this finds the first of them.
   */
  find(key: Uint8Array, order: KeyOrder): number {
    if (order.bytewise) return this.#findBytewise(key);
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.#keyStarts[middle] as number;
      const length = this.#keyLengths[middle] as number;
      if (order.compare(this.#keys, start, length, key, 0, key.length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * In byte order, every separator between two others that share a beginning with `key` shares it too, so
   * the comparison starts behind that.
   */
  #findBytewise(key: Uint8Array): number {
    const keys = this.#keys;
    const wanted = key.length;
    let low = 0;
    let high = this.count;
    let sharedLow = 0;
    let sharedHigh = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.#keyStarts[middle] as number;
      const length = this.#keyLengths[middle] as number;
      const n = Math.min(length, wanted);
      let i = Math.min(sharedLow, sharedHigh);
      while (i < n && keys[start + i] === key[i]) i++;
      if (i < n ? (keys[start + i] as number) < (key[i] as number) : length < wanted) {
        low = middle + 1;
        sharedLow = i;
      } else {
        high = middle;
        sharedHigh = i;
      }
    }
    return low;
  }

  /**
   * Decodes a raw index block. `fileEnd` bounds the handles. Keys that share prefixes are expanded;
   * where none does (index restart interval 1) they stay in `block`, which must then not be reused.
   */
  static decode(block: Uint8Array, flags: IndexFlags, fileEnd: number, rocksdb: boolean): IndexBlock {
    if (block.length < 4) throw corrupt('index block is too short');
    const footer = readU32(block, block.length - 4);
    const restarts = rocksdb ? footer & 0x0fff_ffff : footer;
    const limit = block.length - 4 - restarts * 4;
    if (limit < 0) throw corrupt('index block cannot hold its restart points');
    // Most entries take some 25 bytes. An entry takes at least 3, which bounds how far the arrays can grow.
    let capacity = Math.ceil(limit / 25) + 1;
    let starts = new Uint32Array(capacity);
    let lengths = new Uint32Array(capacity);
    let offsets = new Float64Array(capacity);
    let sizes = new Float64Array(capacity);
    const arena = new Arena(block);
    const r = new Reader(block, 0, limit);
    const tag = flags.userKeys ? 0 : 8;
    let count = 0;
    while (r.position < limit) {
      if (count === capacity) {
        capacity = Math.ceil(capacity * 1.5);
        starts = grown(starts, new Uint32Array(capacity));
        lengths = grown(lengths, new Uint32Array(capacity));
        offsets = grown(offsets, new Float64Array(capacity));
        sizes = grown(sizes, new Float64Array(capacity));
      }
      const at = r.position;
      const shared = r.varint32();
      const unshared = r.varint32();
      const valueLength = flags.deltaValues ? -1 : r.varint32();
      const key = r.position;
      r.bytes(unshared);
      const length = shared + unshared;
      if (length < tag) throw corrupt(`index key of ${length} bytes is too short`, { offset: at });
      starts[count] = arena.place(shared, key, unshared, at);
      lengths[count] = length - tag - (flags.expiring === true ? arena.expiryBytes() : 0);
      const valueStart = r.position;
      if (flags.deltaValues && shared !== 0) {
        if (count === 0) throw corrupt('first index entry has no full handle', { offset: at });
        const z = r.varint64();
        const delta = z % 2 === 0 ? z / 2 : -(z + 1) / 2;
        offsets[count] = (offsets[count - 1] as number) + (sizes[count - 1] as number) + TRAILER_BYTES;
        sizes[count] = (sizes[count - 1] as number) + delta;
      } else {
        offsets[count] = r.varint64();
        sizes[count] = r.varint64();
      }
      if (flags.firstKeys) r.string();
      if (valueLength >= 0) {
        const end = valueStart + valueLength;
        if (r.position > end || end > limit) throw corrupt('index entry has a wrong value length', { offset: at });
        r.position = end;
      }
      const size = sizes[count] as number;
      const blockEnd = (offsets[count] as number) + size + TRAILER_BYTES;
      if (size < 0 || blockEnd > fileEnd) {
        throw corrupt(`index entry ${count} points outside of the file's ${fileEnd} bytes`, { offset: at });
      }
      count++;
    }
    return new IndexBlock(
      arena.bytes(),
      starts.subarray(0, count),
      lengths.subarray(0, count),
      offsets.subarray(0, count),
      sizes.subarray(0, count),
    );
  }

  /** The same index with `n` zero bytes after each user key: the smallest timestamp, which sorts last. */
  padded(n: number): IndexBlock {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += (this.#keyLengths[i] as number) + n;
    const keys = new Uint8Array(total);
    const starts = new Uint32Array(this.count);
    const lengths = new Uint32Array(this.count);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      keys.set(this.separator(i), at);
      starts[i] = at;
      lengths[i] = (this.#keyLengths[i] as number) + n;
      at += lengths[i] as number;
    }
    return new IndexBlock(keys, starts, lengths, this.#offsets, this.#sizes);
  }

  /** One index over all partitions of a two-level index, in order. */
  static join(parts: readonly IndexBlock[]): IndexBlock {
    let count = 0;
    let keyBytes = 0;
    for (const p of parts) {
      count += p.count;
      keyBytes += p.#keys.length;
    }
    const keys = new Uint8Array(keyBytes);
    const starts = new Uint32Array(count);
    const lengths = new Uint32Array(count);
    const offsets = new Float64Array(count);
    const sizes = new Float64Array(count);
    let n = 0;
    let base = 0;
    for (const p of parts) {
      keys.set(p.#keys, base);
      for (let i = 0; i < p.count; i++) starts[n + i] = base + (p.#keyStarts[i] as number);
      lengths.set(p.#keyLengths, n);
      offsets.set(p.#offsets, n);
      sizes.set(p.#sizes, n);
      n += p.count;
      base += p.#keys.length;
    }
    return new IndexBlock(keys, starts, lengths, offsets, sizes);
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Real prefixes repeat a key of some dozen bytes every few entries; a hostile one could repeat kilobytes. */
const EXPANSION_MAX = 64;
const EXPANSION_SLACK = 1 << 20;

/** Where expanded keys go; not needed (and not filled) while no key shares a prefix. */
class Arena {
  readonly #block: Uint8Array;
  #grown: Uint8Array | undefined;
  #used = 0;
  #lastStart = 0;
  #lastLength = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  bytes(): Uint8Array {
    return this.#grown?.slice(0, this.#used) ?? this.#block;
  }

  /** Of the key placed last: bytes of an expiry before its tag. */
  expiryBytes(): number {
    const keys = this.#grown ?? this.#block;
    const tag = this.#lastStart + this.#lastLength - 8;
    return isExpiring(keys[tag] as number) && this.#lastLength >= 8 + EXPIRY_BYTES ? EXPIRY_BYTES : 0;
  }

  /** Puts a key of `shared` bytes of the previous one and `unshared` bytes at `key`; returns its start. */
  place(shared: number, key: number, unshared: number, at: number): number {
    if (shared > this.#lastLength) {
      throw corrupt(`index entry shares ${shared} bytes with a key of ${this.#lastLength}`, { offset: at });
    }
    let start = key;
    if (shared > 0 || this.#grown !== undefined) {
      if (this.#grown === undefined) {
        // Keys placed so far point into the block: keep it as the arena's beginning.
        this.#grown = new Uint8Array(this.#block.length * 2);
        this.#grown.set(this.#block);
        this.#used = this.#block.length;
      }
      const length = shared + unshared;
      if (this.#used + length > this.#block.length * EXPANSION_MAX + EXPANSION_SLACK) {
        throw corrupt('index keys expand beyond any real index', { offset: at });
      }
      if (this.#used + length > this.#grown.length) {
        const bigger = new Uint8Array(Math.max(this.#grown.length * 2, this.#used + length));
        bigger.set(this.#grown.subarray(0, this.#used));
        this.#grown = bigger;
      }
      start = this.#used;
      this.#grown.copyWithin(start, this.#lastStart, this.#lastStart + shared);
      this.#grown.set(this.#block.subarray(key, key + unshared), start + shared);
      this.#used += length;
    }
    this.#lastStart = start;
    this.#lastLength = shared + unshared;
    return start;
  }
}
