/**
 * All data blocks of one table in file order, read ahead through a window of their own, so that reading a
 * table once leaves the store's block cache as it was.
 */
import { OutputBuffer } from '../../codec/registry.ts';
import { BlockCursor } from '../../formats/block/blockCursor.ts';
import { TRAILER_BYTES } from '../../formats/block/checksum.ts';
import { blockError, type RawBlock, type TableReader } from '../../formats/block/tableReader.ts';
import { MAX_SEQUENCE } from '../../iter/cursor.ts';
import type { KeyOrder } from '../../iter/order.ts';

const WINDOW_BYTES = 256 << 10;

export class BlockWalk extends BlockCursor {
  /** Raw bytes and compression of the loaded block. */
  readonly raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
  readonly #table: TableReader;
  readonly #ahead: number;
  readonly #window = new OutputBuffer();
  readonly #output = new OutputBuffer();
  #from = 0;
  #to = 0;

  /** `ahead`: whether the blocks will be asked for in file order. */
  constructor(table: TableReader, ahead: boolean) {
    super();
    this.#table = table;
    this.#ahead = ahead ? WINDOW_BYTES : 0;
    this.padTimestamp = table.padTimestamp;
    this.globalSequence = table.globalSequence;
  }

  /** Reads and checks data block `b`; stands before its first entry. Throws StoreError with its place. */
  load(b: number): void {
    const table = this.#table;
    const offset = table.index.offset(b);
    const size = table.index.size(b);
    const stored = size + TRAILER_BYTES;
    try {
      if (offset < this.#from || offset + stored > this.#to) this.#fill(offset, stored);
      table.unpack(offset, this.#window.bytes, offset - this.#from, size, this.#output, this.raw);
      this.loadBlock(this.raw.bytes, this.raw.start, this.raw.length, table.dialect);
    } catch (thrown) {
      throw blockError(thrown, table.name, offset);
    }
  }

  /** To the next entry of the block; false after the last. Throws CORRUPT, without its place in the file. */
  step(): boolean {
    return this.nextInBlock();
  }

  /** Whether the loaded block has a version of the user key (with a timestamp where the order has one). Throws CORRUPT. */
  has(key: Uint8Array, order: KeyOrder): boolean {
    if (!this.seekInBlock(key, MAX_SEQUENCE, order)) return false;
    const ts = order.timestampSize;
    return order.compareUser(this.keyBuffer, 0, this.keyLength - ts, key, 0, key.length - ts) === 0;
  }

  /**
   * Whether the first user key of the loaded block that is not before `sought` begins with `prefix`; undefined where
   * all are before it. Throws CORRUPT.
   */
  leadsTo(sought: Uint8Array, prefix: Uint8Array, order: KeyOrder): boolean | undefined {
    if (!this.seekInBlock(sought, MAX_SEQUENCE, order)) return undefined;
    if (this.keyLength - order.timestampSize < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (this.keyBuffer[i] !== prefix[i]) return false;
    return true;
  }

  #fill(offset: number, stored: number): void {
    const n = Math.max(stored, Math.min(this.#ahead, this.#table.footer.offset - offset));
    this.#to = 0;
    this.#window.reserve(n);
    this.#table.readRaw(this.#window.bytes.subarray(0, n), offset);
    this.#from = offset;
    this.#to = offset + n;
  }
}
