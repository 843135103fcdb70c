/**
 * The data blocks of one sorted run, in order, checked and decompressed into the memory of a machine: what a
 * merge of whole runs reads. Nothing is left out: a table or block that cannot be read ends the walk with
 * an error.
 *
 * Stored bytes come through a window in the machine's memory. Blocks that are not compressed stay there,
 * others are decompressed into a region beside it; the common ones, CRC-32C and Snappy, never leave it.
 */
import { readU32 } from '../../../base/bytes.ts';
import { mask } from '../../../base/crc32c.ts';
import { corrupt, type StoreError, toStoreError } from '../../../base/errors.ts';
import { Reader } from '../../../base/varint.ts';
import { OutputBuffer } from '../../../codec/registry.ts';
import { snappyLength } from '../../../codec/snappy.ts';
import { MAX_SEQUENCE } from '../../../iter/cursor.ts';
import type { DamageLog } from '../../../iter/damage.ts';
import type { KeyOrder } from '../../../iter/order.ts';
import type { TableInfo } from '../../../model/tree.ts';
import { BlockParts, readBlockParts } from '../blockCursor.ts';
import { blockIsIntact, ChecksumType, contextModifier, TRAILER_BYTES } from '../checksum.ts';
import { RunCursor, type TableSource } from '../runCursor.ts';
import { blockError, type RawBlock, type TableReader } from '../tableReader.ts';
import { SLOP } from './layout.ts';
import type { BlockMachine } from './machine.ts';
import { PlainBlock } from './plainBlock.ts';

/** The type byte of Snappy, in either dialect; that of blocks stored as they are is below it. */
const SNAPPY = 1;

export class BlockFeed {
  readonly level: number;
  /** Stored bytes of the blocks read so far. */
  bytesRead = 0;
  readonly #machine: BlockMachine;
  readonly #source: TableSource;
  readonly #tables: readonly TableInfo[];
  readonly #order: KeyOrder;
  readonly #damage: DamageLog;
  #at = -1;
  #open: TableReader | undefined;
  /** Of the block that was placed last; -1 before the first of its table. */
  #block = -1;
  /** What part of the file the window holds. */
  #windowStart = 0;
  #windowEnd = 0;
  readonly #window: Room;
  readonly #region: Room;
  readonly #parts = new BlockParts();
  readonly #plain = new PlainBlock();
  /** For what the kernels do not know. */
  readonly #output = new OutputBuffer();
  readonly #raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };

  /** `bytes`: how much is read from a file at once. `damage` must throw for what is lost. */
  constructor(
    machine: BlockMachine,
    source: TableSource,
    tables: readonly TableInfo[],
    order: KeyOrder,
    damage: DamageLog,
    bytes: number,
  ) {
    this.#machine = machine;
    this.#source = source;
    this.#tables = tables;
    this.#order = order;
    this.#damage = damage;
    this.#window = new Room(machine, bytes);
    this.#region = new Room(machine, 2 * bytes);
    this.level = tables[0]?.level ?? 0;
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
    this.#block = (this.#open as unknown as TableReader).index.find(key, this.#order) - 1;
  }

  /**
   * Puts the next blocks into memory, in place of those before, as many as there is room for; their entries'
   * bounds go to `list` as pairs. Returns how many there are, 0 at the end of the run. Throws what `damage` makes of
   * what cannot be read.
   */
  fill(list: number, most: number): number {
    let count = 0;
    this.#region.used = 0;
    while (count < most) {
      const table = this.#open;
      if (table === undefined || this.#block + 1 >= table.index.count) {
        // The window may be in use.
        if (count > 0) break;
        if (this.#at + 1 >= this.#tables.length) {
          this.#closeTable();
          this.#at = this.#tables.length;
          break;
        }
        this.#openTable(this.#at + 1);
        continue;
      }
      const placed = this.#place(table, this.#block + 1, list + 8 * count, count > 0);
      if (placed < 0) break;
      this.#block++;
      count += placed;
    }
    return count;
  }

  /** 1 if the block stands in memory now, 0 if it has no entries; -1 if there is no room `beside` those before it. */
  #place(table: TableReader, b: number, pair: number, beside: boolean): number {
    const machine = this.#machine;
    try {
      const offset = table.index.offset(b);
      const size = table.index.size(b);
      const stored = size + TRAILER_BYTES;
      if (offset < this.#windowStart || offset + stored > this.#windowEnd) {
        if (beside) return -1;
        this.#read(table, offset, stored);
      }
      const from = this.#window.start + offset - this.#windowStart;
      const compression = machine.bytes[from + size] as number;
      let start = from;
      let length = size;
      if (compression > SNAPPY || !this.#isIntact(table, offset, from, size)) {
        // Decompresses what the kernels cannot, or says what is wrong.
        table.unpack(offset, machine.bytes, from, size, this.#output, this.#raw);
        const { bytes } = this.#raw;
        ({ length } = this.#raw);
        start = this.#region.take(length, beside);
        if (start < 0) return -1;
        machine.bytes.set(bytes.subarray(this.#raw.start, this.#raw.start + length), start);
      } else if (compression === SNAPPY) {
        const reader = new Reader(machine.bytes, from, from + size);
        length = snappyLength(reader, from + size, table.maxRawBytes);
        start = this.#region.take(length, beside);
        if (start < 0) return -1;
        if (!machine.snappyDecode(reader.position, from + size, start, length)) throw corrupt('block is malformed');
      }
      const placed = this.#list(table, start, length, pair, beside);
      if (placed >= 0) this.bytesRead += stored;
      return placed;
    } catch (thrown) {
      throw this.#damaged(thrown, table, b);
    }
  }

  #isIntact(table: TableReader, offset: number, from: number, size: number): boolean {
    const machine = this.#machine;
    const { checksum, contextBase } = table.footer;
    if (checksum !== ChecksumType.crc32c)
      return blockIsIntact(checksum, contextBase, offset, machine.bytes, from, size);
    const computed = mask(machine.crc32c(from, from + size + 1)) + contextModifier(contextBase, offset);
    return computed >>> 0 === readU32(machine.bytes, from + size + 1);
  }

  /** Enters the block of `length` raw bytes at `start` into the list; see `#place`. */
  #list(table: TableReader, start: number, length: number, pair: number, beside: boolean): number {
    const machine = this.#machine;
    const parts = this.#parts;
    readBlockParts(machine.bytes, start, length, table.dialect, parts);
    let from = start;
    let end = parts.limit;
    if (parts.separated || table.globalSequence >= 0) {
      const plain = this.#plain;
      plain.rewrite(machine.bytes.slice(start, start + length), 0, length, table.dialect, table.globalSequence);
      from = this.#region.take(plain.length, beside);
      if (from < 0) return -1;
      machine.bytes.set(plain.bytes.subarray(0, plain.length), from);
      end = from + plain.length;
    }
    if (end === from) return 0;
    machine.setWord(pair, from);
    machine.setWord(pair + 4, end);
    return 1;
  }

  #read(table: TableReader, offset: number, stored: number): void {
    const window = this.#window;
    const n = Math.max(stored, Math.min(window.bytes - SLOP, table.footer.offset - offset));
    this.#windowEnd = 0;
    window.used = 0;
    const start = window.take(n, false);
    table.readRaw(this.#machine.bytes.subarray(start, start + n), offset);
    this.#windowStart = offset;
    this.#windowEnd = offset + n;
  }

  /** Reports what is wrong in block `b`. */
  #damaged(thrown: unknown, table: TableReader, b: number): StoreError {
    const info = this.#tables[this.#at] as TableInfo;
    const e = blockError(thrown, table.name, table.index.offset(b));
    this.#damage.report(
      e.toProblem(),
      b > 0 ? table.index.separator(b - 1) : info.smallest.key,
      b < table.index.count - 1 ? table.index.separator(b) : info.largest.key,
    );
    return e;
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
}

/** Memory of a machine that is used again and again. */
class Room {
  start: number;
  bytes: number;
  used = 0;
  readonly #machine: BlockMachine;

  constructor(machine: BlockMachine, bytes: number) {
    this.#machine = machine;
    this.bytes = bytes;
    this.start = machine.allocate(bytes);
  }

  /** The address of `n` bytes with slop behind them, -1 where those in use leave no room for them (`keep`). */
  take(n: number, keep: boolean): number {
    if (this.used + n + SLOP > this.bytes) {
      if (keep) return -1;
      this.bytes = 2 * (n + SLOP);
      this.start = this.#machine.allocate(this.bytes);
      this.used = 0;
    }
    const at = this.start + this.used;
    this.used += n + SLOP;
    return at;
  }
}
