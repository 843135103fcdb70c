/**
 * Looks up single keys in tables: filter, index, one cached block, binary search among its restart
 * points.
 */
import { Lru } from '../../base/lru.ts';
import { OutputBuffer } from '../../codec/registry.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { sameBytes } from '../../iter/range.ts';
import { BlockCursor } from './blockCursor.ts';
import type { RawBlock, TableReader } from './tableReader.ts';

/** Raw data blocks by table number and block index. */
export class BlockCache {
  readonly #blocks: Lru<number, Uint8Array>;

  constructor(bytesMax: number) {
    this.#blocks = new Lru(bytesMax);
  }

  /** The raw block; read, checked and kept if it is not there. Throws StoreError. */
  block(number: number, table: TableReader, index: number): Uint8Array {
    // Table numbers stay below 2^31 and a table below 2^22 blocks, in any store that fits a disk.
    const id = number * 0x40_0000 + index;
    const known = this.#blocks.get(id);
    if (known !== undefined) return known;
    const raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
    table.readBlock(table.index.offset(index), table.index.size(index), new OutputBuffer(), new OutputBuffer(), raw);
    const block = raw.bytes.subarray(raw.start, raw.start + raw.length);
    this.#blocks.set(id, block, raw.bytes.length + 64);
    return block;
  }

  clear(): void {
    this.#blocks.clear();
  }
}

export class PointReader extends BlockCursor {
  readonly #cache: BlockCache;
  #order: KeyOrder;
  #number = 0;
  #table: TableReader | undefined;
  #block = 0;

  constructor(cache: BlockCache, order: KeyOrder) {
    super();
    this.#cache = cache;
    this.#order = order;
  }

  /** Index of the block that the last look-up read. */
  get blockIndex(): number {
    return this.#block;
  }

  /**
   * Stands on the newest entry of `key` (with a timestamp, where the order has one) at or below
   * `sequence` in this table, or at the first key behind it. False if the filter rules the key out or
   * the table ends before. Throws StoreError for damage.
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
    if (b >= table.index.count) return false;
    const filter = table.filter();
    if (filter !== undefined) {
      const length = key.length - order.timestampSize;
      if (!filter.mayContain(key, 0, length, table.index.offset(b))) return false;
    }
    this.#load(b);
    if (this.seekInBlock(key, sequence, order)) return true;
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
    const block = this.#cache.block(this.#number, table, b);
    this.loadBlock(block, 0, block.length, table.dialect);
  }
}
