/**
 * A walk over one sorted run: a single table (L0) or all tables of a deeper level, in key order.
 *
 * Blocks come through a read-ahead window and one decompression buffer that both belong to the
 * cursor, so a scan of any length allocates nothing after its first blocks. A damaged block or table
 * is reported with the key range it takes away, and the walk goes on behind it.
 */
import type { StoreError } from '../../base/errors.ts';
import { toStoreError } from '../../base/errors.ts';
import { OutputBuffer } from '../../codec/registry.ts';
import type { Cursor } from '../../iter/cursor.ts';
import { MAX_SEQUENCE } from '../../iter/cursor.ts';
import type { DamageLog } from '../../iter/damage.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';
import { BlockCursor } from './blockCursor.ts';
import { TRAILER_BYTES } from './checksum.ts';
import { blockError, type RawBlock, type TableReader } from './tableReader.ts';

/** Read ahead starts with the block asked for and grows up to this many bytes. */
const WINDOW_MAX = 256 << 10;

/** Where a run gets its tables; `acquire` throws `StoreError` for one that cannot be opened. */
export interface TableSource {
  acquire(info: TableInfo): TableReader;
  release(info: TableInfo, table: TableReader): void;
}

export class RunCursor extends BlockCursor implements Cursor {
  readonly level: number;
  table = 0;
  readonly #source: TableSource;
  readonly #tables: readonly TableInfo[];
  readonly #order: KeyOrder;
  readonly #damage: DamageLog;
  /** Position in `#tables`, the open table, and the position of its loaded block. */
  #at = -1;
  #open: TableReader | undefined;
  #block = -1;
  readonly #window = new OutputBuffer();
  #windowStart = 0;
  #windowEnd = 0;
  #ahead = 0;
  readonly #output = new OutputBuffer();
  readonly #raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
  /** Stored bytes of the blocks read so far. */
  bytesRead = 0;

  constructor(source: TableSource, tables: readonly TableInfo[], level: number, order: KeyOrder, damage: DamageLog) {
    super();
    this.#source = source;
    this.#tables = tables;
    this.level = level;
    this.#order = order;
    this.#damage = damage;
  }

  first(): void {
    this.#ahead = WINDOW_MAX / 8;
    this.#forwardFrom(0, 0);
  }

  last(): void {
    this.#ahead = 0;
    this.#backwardFrom(this.#tables.length - 1, Number.MAX_SAFE_INTEGER);
  }

  next(): void {
    try {
      if (this.nextInBlock()) return;
    } catch (thrown) {
      this.#damagedBlock(toStoreError(thrown));
    }
    this.#ahead = this.#ahead === 0 ? 16 << 10 : Math.min(this.#ahead * 2, WINDOW_MAX);
    this.#forwardFrom(this.#at, this.#block + 1);
  }

  prev(): void {
    try {
      if (this.prevInBlock()) return;
    } catch (thrown) {
      this.#damagedBlock(toStoreError(thrown));
    }
    this.#ahead = 0;
    this.#backwardFrom(this.#at, this.#block - 1);
  }

  seek(key: Uint8Array, sequence: number): void {
    this.#ahead = 0;
    const t = this.#findTable(key);
    if (t >= this.#tables.length) {
      this.valid = false;
      return;
    }
    if (!this.#openTable(t)) {
      this.#forwardFrom(t + 1, 0);
      return;
    }
    const table = this.#open as TableReader;
    const b = table.index.find(key, this.#order);
    if (b < table.index.count && this.#load(b)) {
      try {
        if (this.seekInBlock(key, sequence, this.#order)) return;
      } catch (thrown) {
        this.#damagedBlock(toStoreError(thrown));
      }
      // One user key may span blocks: the version asked for can stand in the next one.
      this.#forwardFrom(t, b + 1);
      while (this.valid && this.#isBefore(key, sequence)) this.next();
      return;
    }
    this.#forwardFrom(t, b + 1);
    while (this.valid && this.#isBefore(key, sequence)) this.next();
  }

  /** Walks only block `index` of the run's first table. */
  onlyBlock(index: number): void {
    this.valid = false;
    if (!this.#openTable(0)) return;
    if (index >= (this.#open as TableReader).index.count || !this.#load(index)) return;
    try {
      this.firstInBlock();
    } catch (thrown) {
      this.#damagedBlock(toStoreError(thrown));
    }
  }

  /** Block of the table in which the current entry stands. */
  get blockIndex(): number {
    return this.#block;
  }

  /** Offset in its file of the block in which the current entry stands; 0 where there is none. */
  get blockOffset(): number {
    return this.#block < 0 ? 0 : (this.#open?.index.offset(this.#block) ?? 0);
  }

  close(): void {
    this.valid = false;
    this.#closeTable();
  }

  #isBefore(key: Uint8Array, sequence: number): boolean {
    const c = this.#order.compare(this.keyBuffer, 0, this.keyLength, key, 0, key.length);
    return c < 0 || (c === 0 && this.sequence > sequence && sequence !== MAX_SEQUENCE);
  }

  /** First table whose largest user key is at or after `key`'s. */
  #findTable(key: Uint8Array): number {
    if (this.#tables.length === 1) return 0;
    const ts = this.#order.timestampSize;
    const length = Math.max(0, key.length - ts);
    let low = 0;
    let high = this.#tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const largest = (this.#tables[middle] as TableInfo).largest.key;
      if (this.#order.compareUser(largest, 0, largest.length, key, 0, length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** To the first entry at or behind block `block` of table `t`. */
  #forwardFrom(t: number, block: number): void {
    let b = block;
    for (let i = t; i < this.#tables.length; i++, b = 0) {
      if (!this.#openTable(i)) continue;
      const count = (this.#open as TableReader).index.count;
      for (; b < count; b++) {
        if (!this.#load(b)) continue;
        try {
          if (this.nextInBlock()) return;
        } catch (thrown) {
          this.#damagedBlock(toStoreError(thrown));
        }
      }
    }
    this.valid = false;
  }

  #backwardFrom(t: number, block: number): void {
    let b = block;
    for (let i = t; i >= 0; i--, b = Number.MAX_SAFE_INTEGER) {
      if (!this.#openTable(i)) continue;
      b = Math.min(b, (this.#open as TableReader).index.count - 1);
      for (; b >= 0; b--) {
        if (!this.#load(b)) continue;
        try {
          if (this.lastInBlock()) return;
        } catch (thrown) {
          this.#damagedBlock(toStoreError(thrown));
        }
      }
    }
    this.valid = false;
  }

  #openTable(i: number): boolean {
    if (this.#at === i && this.#open !== undefined) return true;
    this.#closeTable();
    const info = this.#tables[i] as TableInfo;
    this.#at = i;
    this.#block = -1;
    try {
      this.#open = this.#source.acquire(info);
    } catch (thrown) {
      const e = toStoreError(thrown, { path: info.file });
      // A table that its owner has compacted away is no damage: the caller looks at the store anew.
      if (e.code === 'NOT_FOUND') throw e;
      this.#damage.report(e.toProblem(), info.smallest.key, info.largest.key);
      return false;
    }
    for (const p of this.#open.problems) this.#damage.note(p);
    for (const hole of this.#open.holes) this.#damage.report(hole.problem, hole.from, hole.to);
    this.table = info.number;
    this.padTimestamp = this.#open.padTimestamp;
    this.globalSequence = this.#open.globalSequence;
    this.#windowEnd = 0;
    this.#windowStart = 0;
    return true;
  }

  #closeTable(): void {
    if (this.#open === undefined) return;
    this.#source.release(this.#tables[this.#at] as TableInfo, this.#open);
    this.#open = undefined;
  }

  #load(b: number): boolean {
    const table = this.#open as TableReader;
    this.#block = b;
    try {
      const offset = table.index.offset(b);
      const size = table.index.size(b);
      const stored = size + TRAILER_BYTES;
      if (offset < this.#windowStart || offset + stored > this.#windowEnd) this.#fill(table, offset, stored);
      table.unpack(offset, this.#window.bytes, offset - this.#windowStart, size, this.#output, this.#raw);
      this.loadBlock(this.#raw.bytes, this.#raw.start, this.#raw.length, table.dialect);
      this.bytesRead += stored;
      return true;
    } catch (thrown) {
      this.#damagedBlock(toStoreError(thrown));
      return false;
    }
  }

  #fill(table: TableReader, offset: number, stored: number): void {
    const wanted = Math.min(Math.max(stored, this.#ahead), table.footer.offset - offset);
    const n = Math.max(stored, wanted);
    this.#windowEnd = 0;
    this.#window.reserve(n);
    table.readRaw(this.#window.bytes.subarray(0, n), offset);
    this.#windowStart = offset;
    this.#windowEnd = offset + n;
  }

  #damagedBlock(e: StoreError): void {
    this.valid = false;
    const table = this.#open;
    const info = this.#tables[this.#at] as TableInfo;
    if (table === undefined) return;
    const b = this.#block;
    const placed = blockError(e, table.name, table.index.offset(b));
    this.#damage.report(
      placed.toProblem(),
      b > 0 ? table.index.separator(b - 1) : info.smallest.key,
      b < table.index.count - 1 ? table.index.separator(b) : info.largest.key,
    );
  }
}
