/**
 * The data blocks of one sorted run, in order, checked and decompressed: what a merge of whole runs reads.
 * Nothing is left out: a table or block that cannot be read ends the walk with an error.
 */
import { corrupt, type StoreError, toStoreError } from '../../../base/errors.ts';
import { OutputBuffer } from '../../../codec/registry.ts';
import { MAX_SEQUENCE } from '../../../iter/cursor.ts';
import type { DamageLog } from '../../../iter/damage.ts';
import type { KeyOrder } from '../../../iter/order.ts';
import type { TableInfo } from '../../../model/tree.ts';
import { TRAILER_BYTES } from '../checksum.ts';
import { RunCursor, type TableSource } from '../runCursor.ts';
import { blockError, type RawBlock, type TableReader } from '../tableReader.ts';

export class BlockFeed {
  readonly level: number;
  /** Stored bytes of the blocks read so far. */
  bytesRead = 0;
  /** The block that `next` found; its bytes are good until the next one. */
  readonly block: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
  readonly #source: TableSource;
  readonly #tables: readonly TableInfo[];
  readonly #order: KeyOrder;
  readonly #damage: DamageLog;
  readonly #windowBytes: number;
  #at = -1;
  #open: TableReader | undefined;
  /** Of the block that was found last; -1 before the first of its table. */
  #block = -1;
  readonly #window = new OutputBuffer();
  #windowStart = 0;
  #windowEnd = 0;
  readonly #output = new OutputBuffer();

  /** `windowBytes`: how much is read from a file at once. `damage` must throw for what is lost. */
  constructor(
    source: TableSource,
    tables: readonly TableInfo[],
    order: KeyOrder,
    damage: DamageLog,
    windowBytes: number,
  ) {
    this.#source = source;
    this.#tables = tables;
    this.#order = order;
    this.#damage = damage;
    this.#windowBytes = windowBytes;
    this.level = tables[0]?.level ?? 0;
  }

  /** The table that `block` is of. */
  get table(): TableReader {
    return this.#open as TableReader;
  }

  get tableNumber(): number {
    return this.#tables[this.#at]?.number ?? 0;
  }

  /** Before the first block that may hold `key` or something behind it; undefined: before the first. */
  start(key: Uint8Array | undefined): void {
    this.close();
    if (key === undefined) return;
    let t = 0;
    while (t < this.#tables.length && this.#isBefore(this.#tables[t] as TableInfo, key)) t++;
    if (t >= this.#tables.length) {
      this.#at = t;
      return;
    }
    this.#openTable(t);
    this.#block = this.table.index.find(key, this.#order) - 1;
  }

  /** Loads the next block; false at the end of the run. Throws what `damage` makes of a block that cannot be read. */
  next(): boolean {
    for (;;) {
      const table = this.#open;
      if (table !== undefined && ++this.#block < table.index.count) {
        this.#load(table, this.#block);
        return true;
      }
      if (this.#at + 1 >= this.#tables.length) {
        this.#closeTable();
        this.#at = this.#tables.length;
        return false;
      }
      this.#openTable(this.#at + 1);
    }
  }

  /** Reports what is wrong in the block found last. */
  damaged(thrown: unknown): never {
    const table = this.table;
    const b = this.#block;
    const info = this.#tables[this.#at] as TableInfo;
    this.#lost(
      blockError(thrown, table.name, table.index.offset(b)),
      b > 0 ? table.index.separator(b - 1) : info.smallest.key,
      b < table.index.count - 1 ? table.index.separator(b) : info.largest.key,
    );
  }

  /** An entry behind `key` is malformed, in whichever block: the other reader of runs says which, and reports it. */
  damagedBehind(key: Uint8Array): never {
    const cursor = new RunCursor(this.#source, this.#tables, this.level, this.#order, this.#damage);
    try {
      for (cursor.seek(key, MAX_SEQUENCE); cursor.valid; ) cursor.next();
    } finally {
      cursor.close();
    }
    throw corrupt('an entry of a block is malformed', { path: this.#tables[0]?.file });
  }

  close(): void {
    this.#closeTable();
    this.#at = -1;
  }

  #isBefore({ largest }: TableInfo, key: Uint8Array): boolean {
    return this.#order.compareUser(largest.key, 0, largest.key.length, key, 0, key.length) < 0;
  }

  #openTable(t: number): void {
    this.#closeTable();
    const info = this.#tables[t] as TableInfo;
    this.#at = t;
    this.#block = -1;
    this.#windowEnd = 0;
    try {
      this.#open = this.#source.acquire(info);
    } catch (thrown) {
      const e = toStoreError(thrown, { path: info.file });
      if (e.code === 'NOT_FOUND') throw e;
      this.#lost(e, info.smallest.key, info.largest.key);
    }
    for (const p of this.#open.problems) this.#damage.note(p);
    for (const hole of this.#open.holes) this.#damage.report(hole.problem, hole.from, hole.to);
  }

  /** `damage` throws as a rule; where it does not, the walk ends all the same. */
  #lost(e: StoreError, from: Uint8Array, to: Uint8Array): never {
    this.#damage.report(e.toProblem(), from, to);
    throw e;
  }

  #closeTable(): void {
    if (this.#open === undefined) return;
    this.#source.release(this.#tables[this.#at] as TableInfo, this.#open);
    this.#open = undefined;
  }

  #load(table: TableReader, b: number): void {
    try {
      const offset = table.index.offset(b);
      const size = table.index.size(b);
      const stored = size + TRAILER_BYTES;
      if (offset < this.#windowStart || offset + stored > this.#windowEnd) this.#fill(table, offset, stored);
      table.unpack(offset, this.#window.bytes, offset - this.#windowStart, size, this.#output, this.block);
      this.bytesRead += stored;
    } catch (thrown) {
      this.damaged(thrown);
    }
  }

  #fill(table: TableReader, offset: number, stored: number): void {
    const n = Math.max(stored, Math.min(this.#windowBytes, table.footer.offset - offset));
    this.#windowEnd = 0;
    this.#window.reserve(n);
    table.readRaw(this.#window.bytes.subarray(0, n), offset);
    this.#windowStart = offset;
    this.#windowEnd = offset + n;
  }
}
