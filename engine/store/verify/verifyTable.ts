/**
 * Checks one table against itself and against what the MANIFEST says of it:
 *
 * 1. the footer, and that its padding is zero;
 * 2. the checksum of every block: data, index and its partitions, filter and its partitions, properties,
 *    dictionary, range deletions, metaindex; and that blocks cover the file without gap or overlap;
 * 3. every entry: it decodes, stands in order, between its index separators and inside the MANIFEST's bounds
 *    and sequence numbers; the filter does not deny its key;
 * 4. the properties' counts against what was counted;
 * 5. the checksum of the whole file where the MANIFEST has one.
 *
 * Everything the checks need is plain data, so that a table can be checked in another thread.
 */
import { readU32 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { OutputBuffer } from '../../codec/registry.ts';
import { BlockCursor, type BlockDialect } from '../../formats/block/blockCursor.ts';
import { blockIsIntact, ChecksumType, TRAILER_BYTES } from '../../formats/block/checksum.ts';
import type { TableFilter } from '../../formats/block/filter/tableFilter.ts';
import { FOOTER_BYTES, otherTable, tableKind } from '../../formats/block/footer.ts';
import { blockError, type RawBlock, TableReader } from '../../formats/block/tableReader.ts';
import { type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { ValueType } from '../../iter/cursor.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { FileVerdict } from '../../model/verify.ts';
import { findGaps } from './coverage.ts';
import { Findings } from './findings.ts';
import { TableCounter } from './tableCounter.ts';

export interface TableTask {
  readonly kind: 'table';
  readonly directory: string;
  readonly dialect: BlockDialect;
  readonly comparator: string;
  /** Undefined for a table that no MANIFEST describes: it is checked against itself only. */
  readonly info: TableInfo | undefined;
  readonly file: string;
  readonly timestampsStripped: boolean;
  /** Nothing but the checksums of blocks: their content is not looked at. */
  readonly checksumsOnly?: boolean | undefined;
  /** Checksum of the whole file, by RocksDB's name of the function. */
  readonly checksum?: { readonly name: string; readonly value: Uint8Array } | undefined;
}

/** Bytes between two steps of the job. */
const SLICE_BYTES = 1 << 20;
const WINDOW_BYTES = 1 << 20;
const FILE_CHECKSUM = 'FileChecksumCrc32c';

/** A job: yields the bytes that were checked since the last step. Never throws but for bugs. */
export function* verifyTable(fs: FileSystem, task: TableTask): Generator<number, FileVerdict> {
  const findings = new Findings(task.file);
  let file: FileHandle;
  try {
    file = fs.open(joinPath(task.directory, task.file), 'read');
  } catch (thrown) {
    findings.thrown(thrown);
    return verdict(task.file, 0, findings, 0, 0, []);
  }
  try {
    const other = otherKind(file);
    if (other !== undefined) {
      findings.add('notice', `a ${other} of RocksDB, whose rows are not read`, undefined, 'UNSUPPORTED');
      return verdict(task.file, file.size(), findings, 0, 0, [`rows: those of a ${other} have no checksums`]);
    }
    let order: KeyOrder;
    let table: TableReader;
    try {
      order = task.comparator === '' ? ownOrder(file, task.dialect) : keyOrder(task.comparator);
      table = new TableReader(file, {
        dialect: task.dialect,
        order,
        expectedBytes: task.dialect === 'rocksdb' ? task.info?.bytes : undefined,
        largestSeq: task.info?.largestSeq,
        timestampsStripped: task.timestampsStripped,
      });
    } catch (thrown) {
      findings.thrown(thrown, 0);
      return verdict(task.file, file.size(), findings, 0, 0, []);
    }
    const check = new TableCheck(file, table, task, order, findings);
    yield* check.run();
    return verdict(task.file, table.size, findings, check.units, check.counter.entries, check.unchecked);
  } finally {
    file.close();
  }
}

/** The order that a table on its own says it has. */
function ownOrder(file: FileHandle, dialect: BlockDialect): KeyOrder {
  const { properties } = new TableReader(file, { dialect, order: BYTEWISE });
  return keyOrder(properties.text('rocksdb.comparator') ?? BYTEWISE.name);
}

/** Kinds of tables that are not block-based; undefined for what is, and for what does not say what it is. */
function otherKind(file: FileHandle): string | undefined {
  const tail = new Uint8Array(8);
  const size = file.size();
  if (size < tail.length || file.readAt(tail, size - tail.length) < tail.length) return undefined;
  return otherTable(tableKind(tail));
}

function verdict(
  file: string,
  bytes: number,
  findings: Findings,
  units: number,
  entries: number,
  unchecked: readonly string[],
): FileVerdict {
  return { file, kind: 'table', bytes, units, entries, findings: findings.list, more: findings.more, unchecked };
}

class TableCheck extends BlockCursor {
  units = 0;
  readonly counter = new TableCounter();
  readonly unchecked: string[] = [];
  readonly #file: FileHandle;
  readonly #table: TableReader;
  readonly #task: TableTask;
  readonly #order: KeyOrder;
  readonly #findings: Findings;
  readonly #window = new OutputBuffer();
  readonly #output = new OutputBuffer();
  readonly #raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
  #windowStart = 0;
  #windowEnd = 0;
  #filter: TableFilter | undefined;
  /** The entry before: its user key, and its tag. */
  #last: Uint8Array = new Uint8Array(256);
  #lastLength = -1;
  #lastSequence = 0;
  #lastType = 0;
  #damagedBlocks = 0;

  constructor(file: FileHandle, table: TableReader, task: TableTask, order: KeyOrder, findings: Findings) {
    super();
    this.#file = file;
    this.#table = table;
    this.#task = task;
    this.#order = order;
    this.#findings = findings;
    this.padTimestamp = table.padTimestamp;
    this.globalSequence = table.globalSequence;
  }

  *run(): Generator<number, void> {
    const table = this.#table;
    for (const p of table.problems) this.#findings.problem(p);
    if (table.footer.checksum === ChecksumType.none)
      this.unchecked.push('blocks: the table was written without checksums');
    this.#footer();
    const extents = this.#metaBlocks();
    if (this.#task.checksumsOnly !== true) this.#filter = table.filter();
    for (const p of table.problems) this.#findings.problem(p);
    const { index } = table;
    let since = 0;
    for (let b = 0; b < index.count; b++) {
      extents.push({ offset: index.offset(b), bytes: index.size(b) + TRAILER_BYTES });
      this.#block(b);
      since += index.size(b) + TRAILER_BYTES;
      if (since >= SLICE_BYTES) {
        yield since;
        since = 0;
      }
    }
    if (this.#task.checksumsOnly === true) {
      yield since;
      return;
    }
    this.#rangeDeletions();
    this.#bounds();
    if (this.#damagedBlocks === 0 && table.holes.length === 0) this.#properties();
    for (const gap of findGaps(extents, table.footer.offset)) {
      if (gap.overlap || !this.#isZero(gap.offset, gap.bytes)) {
        this.#findings.add(
          'damage',
          gap.overlap ? 'blocks overlap each other' : `${gap.bytes} bytes belong to no block`,
          gap.offset,
        );
      }
    }
    yield since;
    this.#wholeFile();
  }

  // ── Footer and meta blocks ──────────────────────────────────────────────────────────────────────

  /** Handles are followed by zeros up to the magic number; from format_version 6 on a checksum covers all. */
  #footer(): void {
    const { footer, size } = this.#table;
    if (footer.formatVersion >= 6) return;
    const length = footer.formatVersion === 0 ? 48 : FOOTER_BYTES;
    const tail = new Uint8Array(length);
    this.#table.readRaw(tail, size - length);
    let at = footer.formatVersion === 0 ? 0 : 1;
    const end = at + 40;
    for (let varints = 0; varints < 4 && at < end; at++) if ((tail[at] as number) < 0x80) varints++;
    for (; at < end; at++) {
      if (tail[at] !== 0) {
        this.#findings.add('damage', 'padding of the footer is not zero', footer.offset + at);
        return;
      }
    }
    if (footer.formatVersion > 0)
      this.unchecked.push('format_version in the footer: another version that is known would be believed');
  }

  #metaBlocks(): { offset: number; bytes: number }[] {
    const table = this.#table;
    const { metaindex, index } = table.footer;
    const extents = [{ offset: metaindex.offset, bytes: metaindex.size + TRAILER_BYTES }];
    this.units++;
    if (index !== null) {
      extents.push({ offset: index.offset, bytes: index.size + TRAILER_BYTES });
      this.units++;
    }
    for (const handle of table.indexPartitions) {
      extents.push({ offset: handle.offset, bytes: handle.size + TRAILER_BYTES });
      this.units++;
    }
    for (const { name } of table.metaBlocks()) {
      try {
        const handle = table.metaHandle(name);
        if (handle === undefined) continue;
        extents.push({ offset: handle.offset, bytes: handle.size + TRAILER_BYTES });
        this.units++;
        // Properties and index were read when the table was opened, and may be patched for good reason.
        if (name === 'rocksdb.properties' || name === 'rocksdb.stats' || name === 'rocksdb.index') continue;
        table.readOwned(handle);
        if (name.startsWith('partitionedfilter.')) this.#filterPartitions(extents);
      } catch (thrown) {
        const e = blockError(thrown, this.#task.file, metaindex.offset);
        this.#findings.add('damage', `${name}: ${e.message}`, e.offset, e.code);
      }
    }
    return extents;
  }

  #filterPartitions(extents: { offset: number; bytes: number }[]): void {
    for (const handle of this.#table.filter()?.blocks ?? []) {
      extents.push({ offset: handle.offset, bytes: handle.size + TRAILER_BYTES });
      this.units++;
      try {
        this.#table.readOwned(handle);
      } catch (thrown) {
        const e = blockError(thrown, this.#task.file, handle.offset);
        this.#findings.add('damage', `filter partition: ${e.message}`, e.offset, e.code);
      }
    }
  }

  // ── Data ────────────────────────────────────────────────────────────────────────────────────────

  #block(b: number): void {
    const table = this.#table;
    const { index } = table;
    const offset = index.offset(b);
    const size = index.size(b);
    this.units++;
    this.counter.blocks++;
    this.counter.dataEnd = Math.max(this.counter.dataEnd, offset + size + TRAILER_BYTES);
    try {
      if (offset < this.#windowStart || offset + size + TRAILER_BYTES > this.#windowEnd)
        this.#fill(offset, size + TRAILER_BYTES);
      if (this.#task.checksumsOnly === true) {
        this.#checksum(offset, size);
        return;
      }
      table.unpack(offset, this.#window.bytes, offset - this.#windowStart, size, this.#output, this.#raw);
      this.loadBlock(this.#raw.bytes, this.#raw.start, this.#raw.length, table.dialect);
      this.#entries(b, offset);
    } catch (thrown) {
      this.#damagedBlocks++;
      const e = blockError(thrown, this.#task.file, offset);
      this.#findings.add('damage', e.message, e.offset ?? offset, e.code);
    }
  }

  #checksum(offset: number, size: number): void {
    const { checksum, contextBase } = this.#table.footer;
    if (!blockIsIntact(checksum, contextBase, offset, this.#window.bytes, offset - this.#windowStart, size)) {
      this.#findings.add(
        'damage',
        `checksum of the block does not match (${size} bytes, ${this.#table.checksum})`,
        offset,
      );
    }
  }

  #fill(offset: number, stored: number): void {
    const n = Math.max(stored, Math.min(WINDOW_BYTES, this.#table.footer.offset - offset));
    this.#windowEnd = 0;
    this.#window.reserve(n);
    this.#table.readRaw(this.#window.bytes.subarray(0, n), offset);
    this.#windowStart = offset;
    this.#windowEnd = offset + n;
  }

  #entries(b: number, offset: number): void {
    const { index } = this.#table;
    const order = this.#order;
    const separatorBefore = b === 0 ? undefined : index.separator(b - 1);
    let first = true;
    while (this.nextInBlock()) {
      const keyLength = this.keyLength;
      const byKey =
        this.#lastLength < 0 ? 1 : order.compare(this.keyBuffer, 0, keyLength, this.#last, 0, this.#lastLength);
      if (order.known && this.#lastLength >= 0 && (byKey < 0 || (byKey === 0 && !this.#isOlder()))) {
        this.#findings.add(
          'damage',
          `entry ${this.counter.entries} is not behind the one before it in key order`,
          offset,
        );
      }
      if (first && separatorBefore !== undefined && order.known) {
        if (order.compare(this.keyBuffer, 0, keyLength, separatorBefore, 0, separatorBefore.length) < 0) {
          this.#findings.add('damage', `block ${b} begins before the index says`, offset);
        }
      }
      if (first || byKey !== 0) {
        this.counter.keys++;
        this.#askFilter(offset);
      }
      first = false;
      this.counter.count(this.type, keyLength - this.padTimestamp, this.valueLength, this.sequence);
      if (this.counter.entries === 1) this.counter.first = this.keyBuffer.slice(0, keyLength);
      this.#remember(keyLength);
    }
    if (first) this.#findings.add('damage', `block ${b} holds no entries`, offset);
    const separator = index.separator(b);
    if (order.known && order.compare(this.#last, 0, this.#lastLength, separator, 0, separator.length) > 0) {
      this.#findings.add('damage', `block ${b} ends behind the index key that leads to it`, offset);
    }
  }

  #isOlder(): boolean {
    return this.sequence < this.#lastSequence || (this.sequence === this.#lastSequence && this.type < this.#lastType);
  }

  #askFilter(offset: number): void {
    const filter = this.#filter;
    if (filter === undefined) return;
    const length = this.keyLength - this.#order.timestampSize;
    if (!filter.mayContain(this.keyBuffer, 0, length, offset)) {
      this.#findings.add(
        'damage',
        `the filter denies a key of the block (${filter.name}): a get would not find it`,
        offset,
      );
    }
  }

  #remember(length: number): void {
    if (length > this.#last.length) this.#last = new Uint8Array(2 * length);
    const last = this.#last;
    const key = this.keyBuffer;
    for (let i = 0; i < length; i++) last[i] = key[i] as number;
    this.#lastLength = length;
    this.#lastSequence = this.sequence;
    this.#lastType = this.type;
  }

  #rangeDeletions(): void {
    let offset: number | undefined;
    try {
      const handle = this.#table.metaHandle('rocksdb.range_del');
      if (handle === undefined) return;
      offset = handle.offset;
      const block = this.#table.readOwned(handle);
      this.loadBlock(block, 0, block.length, 'rocksdb');
      while (this.nextInBlock()) {
        if (this.type !== ValueType.rangeDeletion) {
          this.#findings.add('damage', `an entry of type ${this.type} stands among the range deletions`, offset);
        }
        this.counter.countRange(this.keyLength - this.padTimestamp, this.valueLength, this.sequence);
      }
    } catch (thrown) {
      const e = blockError(thrown, this.#task.file, offset ?? 0);
      this.#findings.add('damage', `range deletions: ${e.message}`, e.offset, e.code);
    }
  }

  // ── Against the MANIFEST and the properties ─────────────────────────────────────────────────────

  #bounds(): void {
    const { info } = this.#task;
    const { first, entries } = this.counter;
    const order = this.#order;
    if (info === undefined || first === undefined || !order.known) return;
    const ts = order.timestampSize;
    const { smallest, largest } = info;
    if (order.compareUser(first, 0, first.length - ts, smallest.key, 0, smallest.key.length) < 0) {
      this.#findings.add('damage', 'the table begins before the smallest key that the MANIFEST gives it', 0);
    }
    if (order.compareUser(this.#last, 0, this.#lastLength - ts, largest.key, 0, largest.key.length) > 0) {
      this.#findings.add('damage', 'the table ends behind the largest key that the MANIFEST gives it', 0);
    }
    const { smallestSeq: low, largestSeq: high } = info;
    if (entries > 0 && low !== undefined && high !== undefined) {
      const { lowestSequence, highestSequence } = this.counter;
      if (lowestSequence < low || highestSequence > high) {
        this.#findings.add(
          'damage',
          `sequence numbers reach from ${lowestSequence} to ${highestSequence}, the MANIFEST says ${low} to ${high}`,
          0,
        );
      }
    }
  }

  #properties(): void {
    const table = this.#table;
    if (table.padTimestamp > 0) return;
    const handle = table.metaHandle('rocksdb.properties');
    if (handle === undefined) return;
    for (const { name, counted } of this.counter.properties()) {
      const stated = table.properties.number(name);
      if (stated !== undefined && stated !== counted && !this.#isPadding(name, counted, stated)) {
        this.#findings.add('damage', `property ${name} says ${stated}, counted ${counted}`, handle.offset);
      }
    }
  }

  /** Blocks that were aligned are followed by zeros, the last one too, which count as data. */
  #isPadding(name: string, counted: number, stated: number): boolean {
    if (name !== 'rocksdb.data.size' || stated < counted || stated > this.#table.footer.offset) return false;
    return this.#isZero(counted, stated - counted);
  }

  #isZero(offset: number, bytes: number): boolean {
    const piece = new Uint8Array(Math.min(bytes, WINDOW_BYTES));
    for (let at = offset; at < offset + bytes; at += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, offset + bytes - at));
      this.#table.readRaw(part, at);
      if (part.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  /** RocksDB's FileChecksumCrc32c: CRC-32C of all bytes, stored big-endian. */
  #wholeFile(): void {
    const stated = this.#task.checksum;
    if (stated === undefined || stated.name !== FILE_CHECKSUM || stated.value.length !== 4) return;
    const piece = new Uint8Array(Math.min(this.#table.size, WINDOW_BYTES));
    let crc = 0;
    for (let at = 0; at < this.#table.size; ) {
      const n = this.#file.readAt(piece.subarray(0, Math.min(piece.length, this.#table.size - at)), at);
      if (n === 0) break;
      crc = crc32c(piece, 0, n, crc);
      at += n;
    }
    const v = stated.value;
    const wanted = readU32(Uint8Array.of(v[3] as number, v[2] as number, v[1] as number, v[0] as number), 0);
    if (crc !== wanted)
      this.#findings.add('damage', 'the file is not the one whose checksum stands in the MANIFEST', 0);
  }
}
