/**
 * Looks up single keys in tables: filter, index, one cached block, binary search among its restart
 * points.
 */
import { EMPTY, equalBytes } from '../../base/bytes.ts';
import { OutputBuffer } from '../../codec/registry.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { sameBytes } from '../../iter/range.ts';
import { BlockCursor } from './blockCursor.ts';
import type { TableFilter } from './filter/tableFilter.ts';
import type { RawBlock, TableReader } from './tableReader.ts';

/** Raw blocks of the tables, by table number and block index. */
type Generation = Map<number, Map<number, Uint8Array>>;

/** Is told how a look-up goes through one table. */
export interface LookupTrace {
  /** The index leads to data block `block`; to the count of blocks where the key is behind all of them. */
  indexed(table: TableReader, block: number): void;
  filtered(filter: TableFilter, mayContain: boolean): void;
  /** A data block is about to be looked into; `cached`: it is in memory. */
  reading(table: TableReader, block: number, cached: boolean): void;
  /** It was read, and found intact. */
  read(rawBytes: number): void;
}

/** Memory of a cached block beside its bytes. */
const BLOCK_OVERHEAD = 200;
const SLAB_BYTES = 256 << 10;

/**
 * Raw data blocks, in two generations: blocks that are asked for move to the young one, and when that
 * holds half of the budget, the old one is let go and the young one grows old. So a hit in the young
 * generation, the common case, changes nothing.
 */
export class BlockCache {
  readonly #half: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;
  /** Used again for every block that is read; what is kept is a copy of the right size. */
  readonly #stored = new OutputBuffer();
  readonly #output = new OutputBuffer();
  readonly #raw: RawBlock = { bytes: EMPTY, start: 0, length: 0, compression: 0 };
  /** Blocks are kept in slabs, because buffers of their own are slow to get and to collect. */
  #slab: Uint8Array = EMPTY;
  #slabUsed = 0;

  constructor(bytesMax: number) {
    this.#half = bytesMax / 2;
  }

  /** The raw block; read, checked and kept if it is not there. Throws StoreError. */
  block(number: number, table: TableReader, index: number): Uint8Array {
    const known = this.#young.get(number)?.get(index);
    if (known !== undefined) return known;
    const block = this.#old.get(number)?.get(index) ?? this.#read(table, index);
    this.#keep(number, index, block);
    return block;
  }

  /** Whether `block` would read nothing. */
  has(number: number, index: number): boolean {
    return this.#young.get(number)?.has(index) === true || this.#old.get(number)?.has(index) === true;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  #read(table: TableReader, index: number): Uint8Array {
    const raw = this.#raw;
    table.readBlock(table.index.offset(index), table.index.size(index), this.#stored, this.#output, raw);
    const { bytes, start, length } = raw;
    if (length > SLAB_BYTES / 8) return bytes.slice(start, start + length);
    if (length > this.#slab.length - this.#slabUsed) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const block = this.#slab.subarray(this.#slabUsed, this.#slabUsed + length);
    block.set(bytes.subarray(start, start + length));
    this.#slabUsed += length;
    return block;
  }

  #keep(number: number, index: number, block: Uint8Array): void {
    const cost = block.length + BLOCK_OVERHEAD;
    if (cost > this.#half) return;
    if (this.#youngBytes + cost > this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
      // A slab whose blocks were of two generations would outlive the older one.
      this.#slab = EMPTY;
      this.#slabUsed = 0;
    }
    let blocks = this.#young.get(number);
    if (blocks === undefined) {
      blocks = new Map();
      this.#young.set(number, blocks);
    }
    blocks.set(index, block);
    this.#youngBytes += cost;
  }
}

export class PointReader extends BlockCursor {
  /** Told of every look-up while it is set. */
  trace: LookupTrace | undefined;
  readonly #cache: BlockCache;
  #order: KeyOrder;
  #number = 0;
  #table: TableReader | undefined;
  #block = 0;

  constructor(cache: BlockCache, order: KeyOrder) {
    super();
    this.trace = undefined;
    this.#cache = cache;
    this.#order = order;
  }

  /** Index of the block that the last look-up read. */
  get blockIndex(): number {
    return this.#block;
  }

  /** File offset of that block; undefined where none was read. */
  get blockOffset(): number | undefined {
    const { index } = this.#table ?? {};
    return index === undefined || this.#block >= index.count ? undefined : index.offset(this.#block);
  }

  /**
   * Stands on the newest entry of `key` (with a timestamp, where the order has one) at or below
   * `sequence` in this table, or at some key behind it. False if the table does not hold the key, as filter or
   * index tell. Throws StoreError for damage.
   */
  seekTable(number: number, table: TableReader, order: KeyOrder, key: Uint8Array, sequence: number): boolean {
    this.valid = false;
    this.#number = number;
    this.#table = table;
    this.#order = order;
    this.padTimestamp = table.padTimestamp;
    this.globalSequence = table.globalSequence;
    const b = table.index.find(key, order);
    this.#block = b;
    const { trace } = this;
    if (trace !== undefined) trace.indexed(table, b);
    if (b >= table.index.count) return false;
    const filter = table.filter();
    const length = key.length - order.timestampSize;
    if (filter?.covers(length) === true) {
      const mayContain = filter.mayContain(key, 0, length, table.index.offset(b));
      if (trace !== undefined) trace.filtered(filter, mayContain);
      if (!mayContain) return false;
    }
    this.#load(b);
    if (this.seekInBlock(key, sequence, order)) return true;
    // Behind a separator stand only keys that are not before it: the next block cannot hold one that is.
    if (order.timestampSize === 0 && !equalBytes(table.index.separator(b), key)) return false;
    return this.#nextBlock() && this.#skipNewer(key, sequence);
  }

  /** To the next entry of the table. */
  advance(): boolean {
    return this.nextInBlock() || this.#nextBlock();
  }

  /** Whether the current entry is a version of the user key key[0, length). */
  isKey(key: Uint8Array, length: number): boolean {
    return sameBytes(this.keyBuffer, this.keyStart, this.keyLength - this.#order.timestampSize, key, length);
  }

  #skipNewer(key: Uint8Array, sequence: number): boolean {
    while (
      this.valid &&
      this.sequence > sequence &&
      this.#order.compare(this.keyBuffer, 0, this.keyLength, key, 0, key.length) === 0
    ) {
      if (!this.advance()) return false;
    }
    return this.valid;
  }

  #nextBlock(): boolean {
    const table = this.#table as TableReader;
    while (this.#block + 1 < table.index.count) {
      this.#load(this.#block + 1);
      if (this.nextInBlock()) return true;
    }
    this.valid = false;
    return false;
  }

  #load(b: number): void {
    const table = this.#table as TableReader;
    this.#block = b;
    const { trace } = this;
    if (trace !== undefined) trace.reading(table, b, this.#cache.has(this.#number, b));
    const block = this.#cache.block(this.#number, table, b);
    if (trace !== undefined) trace.read(block.length);
    this.loadBlock(block, 0, block.length, table.dialect);
  }
}
