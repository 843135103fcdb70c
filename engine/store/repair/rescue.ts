/**
 * The entries of a table whose footer or index is lost. Its data blocks stand at the beginning of the file, one
 * behind the other, and each one's checksum tells where it ends; so they are walked until something comes that is
 * no data block of this table: its keys do not follow on, or are no internal keys at all.
 */
import { corrupt, toStoreError } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { decompress, OutputBuffer } from '../../codec/registry.ts';
import { BlockCursor, type BlockDialect } from '../../formats/block/blockCursor.ts';
import { blockIsIntact, TRAILER_BYTES } from '../../formats/block/checksum.ts';
import { FOOTER_BYTES, type Footer, parseFooter, readHandle } from '../../formats/block/footer.ts';
import { readMetaBlock } from '../../formats/block/properties.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../../iter/cursor.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { blockSize, guessFooter, SEARCH_BYTES } from '../dump/blockSearch.ts';

const EXPANSION_BYTES_MAX = 64 << 20;
/** Range deletions stand in a block of their own, which comes behind the data. */
const TYPES = new Set<number>(Object.values(ValueType).filter((type) => type !== ValueType.rangeDeletion));

/** The footer, or one in its place that is good enough to find blocks; undefined if no block can be found. */
export function footerOrGuess(file: FileHandle): Footer | undefined {
  const size = file.size();
  const tail = new Uint8Array(Math.min(size, FOOTER_BYTES));
  file.readAt(tail, size - tail.length);
  try {
    return parseFooter(tail, size);
  } catch {
    return guessFooter(file);
  }
}

/** Where the data blocks end, as the metaindex tells; undefined where it cannot be read. */
export function dataEnd(file: FileHandle, footer: Footer): number | undefined {
  try {
    const { offset, size } = footer.metaindex;
    const stored = new Uint8Array(size + TRAILER_BYTES);
    if (file.readAt(stored, offset) < stored.length) return undefined;
    if (!blockIsIntact(footer.checksum, footer.contextBase, offset, stored, 0, size) || stored[size] !== 0)
      return undefined;
    let end = offset;
    for (const value of readMetaBlock(stored.subarray(0, size)).values()) {
      end = Math.min(end, readHandle(new Reader(value)).offset);
    }
    return footer.index === null ? end : Math.min(end, footer.index.offset);
  } catch {
    return undefined;
  }
}

/** Walks forward only. */
export class RescueCursor extends BlockCursor implements Cursor {
  readonly level = 0;
  readonly table: number;
  /** Offset in the file behind the last data block that was read. */
  reached = 0;
  blocks = 0;
  readonly #file: FileHandle;
  readonly #footer: Footer;
  readonly #dialect: BlockDialect;
  readonly #order: KeyOrder;
  readonly #size: number;
  readonly #window = new OutputBuffer();
  readonly #output = new OutputBuffer();
  #last: Uint8Array = new Uint8Array(0);
  #lastSequence = 0;
  #hasLast = false;

  constructor(file: FileHandle, footer: Footer, table: number, dialect: BlockDialect, order: KeyOrder) {
    super();
    this.#file = file;
    this.#footer = footer;
    this.table = table;
    this.#dialect = dialect;
    this.#order = order;
    this.#size = file.size();
  }

  first(): void {
    this.reached = 0;
    this.blocks = 0;
    this.#hasLast = false;
    this.#forward();
  }

  next(): void {
    try {
      if (this.nextInBlock()) {
        this.#checkEntry();
        return;
      }
    } catch {
      this.valid = false;
      return;
    }
    this.#remember();
    this.#forward();
  }

  /** The largest key seen so far; undefined before any. */
  get lastKey(): Uint8Array | undefined {
    return this.#hasLast ? this.#last : undefined;
  }

  last(): void {
    throw corrupt('a table without an index is only read forward');
  }

  seek(): void {
    throw corrupt('a table without an index is only read forward');
  }

  prev(): void {
    throw corrupt('a table without an index is only read forward');
  }

  close(): void {
    this.valid = false;
  }

  #forward(): void {
    this.valid = false;
    const n = Math.min(SEARCH_BYTES, this.#size - this.reached);
    if (n <= TRAILER_BYTES) return;
    this.#window.reserve(n);
    const read = this.#file.readAt(this.#window.bytes.subarray(0, n), this.reached);
    const size = blockSize(this.#footer, this.#window.bytes, 0, read, this.reached);
    if (size < 0) return;
    try {
      this.#open(size);
      if (!this.nextInBlock()) return;
      this.#checkEntry();
      if (!this.#follows()) {
        this.valid = false;
        return;
      }
    } catch (thrown) {
      toStoreError(thrown);
      this.valid = false;
      return;
    }
    this.blocks++;
    this.reached += size + TRAILER_BYTES;
  }

  #open(size: number): void {
    const stored = this.#window.bytes;
    const compression = stored[size] as number;
    if (compression === 0) {
      this.loadBlock(stored, 0, size, this.#dialect);
      return;
    }
    const { formatVersion } = this.#footer;
    const length = decompress(
      this.#dialect,
      formatVersion,
      compression,
      stored,
      0,
      size,
      this.#output,
      undefined,
      this.#size + EXPANSION_BYTES_MAX,
    );
    this.loadBlock(this.#output.bytes, 0, length, this.#dialect);
  }

  /** Index keys have the largest sequence number, names of meta blocks no type that there is. */
  #checkEntry(): void {
    if (!TYPES.has(this.type) || this.sequence >= MAX_SEQUENCE) {
      this.valid = false;
      throw corrupt('no entry of a data block');
    }
  }

  #follows(): boolean {
    if (!this.#hasLast) return true;
    const byKey = this.#order.compare(this.keyBuffer, 0, this.keyLength, this.#last, 0, this.#last.length);
    return byKey > 0 || (byKey === 0 && this.sequence < this.#lastSequence);
  }

  #remember(): void {
    this.#last = this.keyBuffer.slice(0, this.keyLength);
    this.#lastSequence = this.sequence;
    this.#hasLast = true;
  }
}
