/**
 * Writes one table: LevelDB's `.ldb` (format_version 0) or RocksDB's `.sst` (2 to 7), from entries in
 * the order of their internal keys (rocksdb-leveldb.md §6, §14).
 *
 * 1. Entries go into the open data block. When it has the block size it is compressed, closed with its
 *    trailer and handed to the file writer; its separator joins the index when the next key is known.
 * 2. Range tombstones are kept aside; they are few.
 * 3. `finish` writes the tail: filter, index, range tombstones, properties, metaindex, footer.
 *
 * Nothing is allocated per entry. The order of keys is checked with the same comparison that finds the
 * shared prefix; a table out of order would lose keys in silence. `finish` hands all bytes to the file
 * but does not sync it: that, and syncing the directory, is the caller's.
 */
import { utf8, writeU32 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { StoreError, toStoreError, unsupported } from '../../base/errors.ts';
import { canCompress, compressionTypeByte, DEFAULT_LEVEL } from '../../codec/compress.ts';
import type { CompressionName, Dialect } from '../../codec/registry.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { ValueType } from '../../iter/cursor.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { blobFileOf } from './blobReference.ts';
import type { BlockBuilder } from './blockBuilder.ts';
import { BlockWriter } from './blockWriter.ts';
import { blockChecksum, ChecksumType, TRAILER_BYTES } from './checksum.ts';
import { FastLocalBloomBuilder, type FullFilterBuilder, LegacyBloomBuilder } from './filter/fastLocalBloomBuilder.ts';
import { LeveldbFilterBuilder } from './filter/leveldbFilterBuilder.ts';
import type { BlockHandle } from './footer.ts';
import { IndexBuilder } from './indexBuilder.ts';
import { DataBlocks, ENTRY_BYTES_MAX } from './kernel/dataBlocks.ts';
import { BATCH_AT, Record } from './kernel/layout.ts';
import { BlockMachine } from './kernel/machine.ts';
import { levelDbFooter, MetaBuilder, rocksDbFooter } from './metaBuilder.ts';
import { RangeTombstoneList } from './rangeDelBuilder.ts';
import type { TableBuilderOptions, TableSummary } from './tableOptions.ts';
import { TableCounts, type TableIdentity, tableProperties } from './tableProperties.ts';

export type { TableBuilderOptions, TableSummary } from './tableOptions.ts';
export type { TableIdentity } from './tableProperties.ts';

const EMPTY_IDENTITY: TableIdentity = { familyId: 0x7fff_ffff, familyName: '', fileNumber: 0 };
const FULL_FILTER = 'fullfilter.rocksdb.BuiltinBloomFilter';
const LEVELDB_FILTER = 'filter.leveldb.BuiltinBloomFilter2';
const OLDEST_FORMAT = 2;
const NEWEST_FORMAT = 7;

export class TableBuilder {
  readonly #dialect: Dialect;
  readonly #order: KeyOrder;
  readonly #bytewise: boolean;
  readonly #formatVersion: number;
  readonly #checksum: number;
  readonly #contextBase: number;
  readonly #compression: CompressionName;
  readonly #compressionType: number;
  readonly #level: number | undefined;
  readonly #restartInterval: number;
  readonly #identity: TableIdentity;
  readonly #writer: BlockWriter;
  readonly #machine: BlockMachine;
  readonly #block: DataBlocks;
  readonly #index: IndexBuilder;
  readonly #fullFilter: FullFilterBuilder | undefined;
  readonly #levelFilter: LeveldbFilterBuilder | undefined;
  readonly #counts = new TableCounts();
  readonly #tombstones: RangeTombstoneList;
  /** Internal key of the first entry. */
  #first: Uint8Array | undefined;
  /** The block written last waits for the first key of the next one; -1: none does. */
  #pendingOffset = -1;
  #pendingSize = 0;
  #pointEntries = 0;
  #deletions = 0;
  #merges = 0;
  #finished = false;

  /**
   * `file` is new and empty and stays the caller's to sync and close. `machine` is where blocks are put
   * together; it may have built other tables, but no other one at the same time. Throws INPUT or
   * UNSUPPORTED for options that no engine of the dialect could read.
   */
  constructor(file: FileHandle, options: TableBuilderOptions, machine: BlockMachine = new BlockMachine()) {
    const { dialect, order, formatVersion } = options;
    const leveldb = dialect === 'leveldb';
    const known = leveldb ? formatVersion === 0 : formatVersion >= OLDEST_FORMAT && formatVersion <= NEWEST_FORMAT;
    if (!known) throw unsupported(`tables of ${dialect} in format_version ${formatVersion} are not written`);
    if (order.timestampSize > 0) throw unsupported('tables with user timestamps are not written');
    if (!order.known) throw unsupported(`the order of the comparator ${order.name} is not known`);
    const compression = options.compression ?? 'none';
    if (!canCompress(dialect, compression)) throw unsupported(`blocks are not compressed with ${compression}`);
    this.#dialect = dialect;
    this.#order = order;
    this.#bytewise = order.bytewise;
    this.#formatVersion = formatVersion;
    this.#checksum = leveldb ? ChecksumType.crc32c : (options.checksum ?? ChecksumType.crc32c);
    if (blockChecksum(this.#checksum, new Uint8Array(1), 0, 0) === undefined) {
      throw unsupported(`checksum type ${this.#checksum} is not known`);
    }
    this.#contextBase = formatVersion >= 6 ? contextBaseOf(options) : 0;
    this.#compression = compression;
    this.#compressionType = compressionTypeByte(dialect, compression);
    this.#level = options.compressionLevel;
    this.#restartInterval = Math.max(1, options.restartInterval ?? 16);
    this.#identity = options.identity ?? EMPTY_IDENTITY;
    this.#writer = new BlockWriter(
      file,
      {
        dialect,
        formatVersion,
        checksum: this.#checksum,
        contextBase: this.#contextBase,
        compression,
        level: this.#level,
        bufferBytes: options.bufferBytes,
      },
      machine,
    );
    this.#index = new IndexBuilder(order, leveldb);
    this.#tombstones = new RangeTombstoneList(order);
    const bits = options.filterBitsPerKey ?? 0;
    if (bits > 0 && leveldb) this.#levelFilter = new LeveldbFilterBuilder(bits);
    else if (bits > 0) {
      this.#fullFilter = formatVersion >= 5 ? new FastLocalBloomBuilder(bits) : new LegacyBloomBuilder(bits);
    }
    this.#levelFilter?.startBlock(0);
    this.#machine = machine;
    // Left there if the table before this one was given up.
    machine.dropStaged();
    this.#block = new DataBlocks(machine, {
      blockSize: Math.max(1, options.blockSize ?? 4096),
      restartInterval: this.#restartInterval,
      bytewise: order.bytewise,
      hashes: this.#levelFilter !== undefined,
    });
  }

  /** What the file would be long if `finish` were called now, about; for splitting outputs by size. */
  get estimatedBytes(): number {
    this.#takeStaged();
    const filter = this.#fullFilter?.size ?? this.#levelFilter?.size ?? 0;
    return this.#writer.offset + this.#block.size + this.#index.size + filter + this.#tombstones.bytes;
  }

  /** Bytes of data blocks so far, the open one raw; cheaper than `estimatedBytes`. */
  get dataBytes(): number {
    this.#takeStaged();
    return this.#writer.offset + this.#block.length;
  }

  /** Point entries and range tombstones added. */
  get entries(): number {
    return this.#pointEntries + this.#machine.staged + this.#tombstones.count;
  }

  /** Copies of the user keys that bound the entries so far, each cut at `bytesMax`; undefined before the first. */
  keySpan(bytesMax: number): { readonly smallest: Uint8Array; readonly largest: Uint8Array } | undefined {
    this.#takeStaged();
    if (this.#first === undefined) return undefined;
    const smallest = this.#first.slice(0, Math.min(this.#first.length - 8, bytesMax));
    const { lastAt, lastLength } = this.#block;
    return { smallest, largest: this.#machine.bytes.slice(lastAt, lastAt + Math.min(lastLength, bytesMax)) };
  }

  /**
   * Adds an entry behind all before it: user key ascending in the table's order, then sequence and type
   * descending. `type` is one of `ValueType` except a range deletion. Throws INPUT otherwise.
   */
  add(
    keyBuffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    sequence: number,
    type: number,
    valueBuffer: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    if (this.#finished) throw this.#misplaced();
    if (keyLength + valueLength > ENTRY_BYTES_MAX) throw this.#oversized(keyLength + valueLength);
    if (!this.#bytewise) this.#checkOrder(keyBuffer, keyStart, keyLength);
    const high = Math.floor(sequence / 0x100_0000);
    const low = (((sequence - high * 0x100_0000) << 8) | type) >>> 0;
    const machine = this.#machine;
    this.#takeStaged();
    const record = machine.single(keyBuffer, keyStart, keyLength, low, high, valueBuffer, valueStart, valueLength);
    this.#take(record, record + Record.bytes);
    if (type !== ValueType.value) this.#countType(type, valueBuffer, valueStart, valueLength);
  }

  /** As `add`, for many: an entry out of order may be found with a later one, or by `finish`. */
  stage(
    keyBuffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    sequence: number,
    type: number,
    valueBuffer: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    if (this.#finished) throw this.#misplaced();
    const machine = this.#machine;
    const high = Math.floor(sequence / 0x100_0000);
    const low = (((sequence - high * 0x100_0000) << 8) | type) >>> 0;
    if (
      !this.#bytewise ||
      !machine.stage(keyBuffer, keyStart, keyLength, low, high, valueBuffer, valueStart, valueLength)
    ) {
      // Takes what is staged first, so that there is room again.
      this.add(keyBuffer, keyStart, keyLength, sequence, type, valueBuffer, valueStart, valueLength);
      return;
    }
    if (type !== ValueType.value) this.#countType(type, valueBuffer, valueStart, valueLength);
  }

  #takeStaged(): void {
    const machine = this.#machine;
    if (machine.staged === 0) return;
    const end = machine.stageAt + machine.staged * Record.bytes;
    for (let at = machine.stageAt; at < end; ) at = this.#take(at, end);
    machine.dropStaged();
  }

  /**
   * Adds puts of the machine's batch from number `from` on, each with a user key of its own, until the data blocks have
   * `maxBytes`; returns the number of the first one that was not added. Only in bytewise order. Throws as `add`.
   */
  addBatch(from: number, to: number, maxBytes: number): number {
    if (this.#finished || !this.#bytewise) throw this.#misplaced();
    const end = BATCH_AT + to * Record.bytes;
    let at = BATCH_AT + from * Record.bytes;
    while (at < end && this.dataBytes < maxBytes) at = this.#take(at, end, maxBytes - this.#writer.offset);
    return (at - BATCH_AT) / Record.bytes;
  }

  /**
   * Adds the tombstone of [begin, end) at `sequence`; in any order, and copied. An empty range is none.
   * Throws UNSUPPORTED in LevelDB's format.
   */
  addRangeTombstone(begin: Uint8Array, end: Uint8Array, sequence: number): void {
    if (this.#dialect === 'leveldb') throw unsupported('LevelDB has no range deletions');
    if (this.#finished) throw this.#misplaced();
    this.#tombstones.add(begin, end, sequence);
  }

  /** An entry refers to this blob file; entries of type blob index are looked at without being told. */
  noteBlobFile(number: number): void {
    const known = this.#counts.oldestBlobFile;
    if (number > 0 && (known === undefined || number < known)) this.#counts.oldestBlobFile = number;
  }

  /** Writes what is left and hands all bytes to the file. */
  finish(): TableSummary {
    if (this.#finished) throw this.#misplaced();
    this.#takeStaged();
    if (this.#block.entries > 0) this.#closeBlock();
    if (this.#pendingOffset >= 0) this.#indexPending(undefined, 0, 0);
    this.#finished = true;
    const counts = this.#counts;
    this.#settleCounts();
    const metaindex = new MetaBuilder();
    this.#writeFilter(metaindex);
    const index = this.#dialect === 'leveldb' ? this.#writeIndex(false, false) : this.#writeRocksTail(metaindex);
    const metaHandle = this.#writeMeta(metaindex.build(1));
    const footer =
      this.#dialect === 'leveldb'
        ? levelDbFooter(metaHandle, index)
        : rocksDbFooter(this.#formatVersion, this.#checksum, metaHandle, index, this.#contextBase, this.#writer.offset);
    this.#writer.append(footer);
    this.#writer.flush();
    const { lastAt, lastLength, lastTagLow, lastTagHigh } = this.#block;
    const lastPoint =
      lastLength < 0 ? undefined : internalKey(this.#machine.bytes, lastAt, lastLength, lastTagLow, lastTagHigh);
    const { smallest, largest } = this.#tombstones.bounds(this.#first, lastPoint);
    return {
      bytes: this.#writer.offset,
      smallest,
      largest,
      smallestSeq: counts.entries === 0 ? 0 : counts.smallestSeq,
      largestSeq: counts.largestSeq,
      entries: counts.entries,
      deletions: counts.deletions,
      rangeDeletions: counts.rangeDeletions,
      merges: counts.merges,
      rawKeyBytes: counts.rawKeyBytes,
      rawValueBytes: counts.rawValueBytes,
      dataBlocks: counts.dataBlocks,
      filterBytes: counts.filterBytes,
      indexBytes: counts.indexBytes,
      oldestBlobFile: counts.oldestBlobFile,
      tailStart: counts.dataBytes,
    };
  }

  /** Takes records into the open block, and closes it if it is full then; returns the first that was not taken. */
  #take(record: number, end: number, cutAt?: number): number {
    const machine = this.#machine;
    const block = this.#block;
    const key = machine.pointer(record + Record.key);
    const keyLength = machine.word(record + Record.keyLength);
    if (this.#first === undefined) {
      const low = machine.word(record + Record.tag);
      this.#first = internalKey(machine.bytes, key, keyLength, low, machine.word(record + Record.tag + 4));
    }
    if (this.#pendingOffset >= 0) this.#indexPending(machine.bytes, key, keyLength);
    let taken: number;
    try {
      taken = block.take(record, end, cutAt);
    } catch (thrown) {
      throw toStoreError(thrown).at({ path: this.#writer.path });
    }
    if (this.#fullFilter !== undefined) this.#addToFilter(this.#fullFilter, record, taken);
    this.#pointEntries += (taken - record) / Record.bytes;
    if (block.isFull) this.#closeBlock();
    return taken;
  }

  #addToFilter(filter: FullFilterBuilder, record: number, end: number): void {
    const machine = this.#machine;
    const { bytes } = machine;
    for (let r = record; r < end; r += Record.bytes) {
      const key = machine.pointer(r + Record.key);
      filter.add(bytes, key, key + machine.word(r + Record.keyLength));
    }
  }

  /** What the kernel cannot check: an order of keys that is not bytewise. */
  #checkOrder(key: Uint8Array, start: number, length: number): void {
    const { lastAt, lastLength } = this.#block;
    if (lastLength < 0) return;
    if (this.#order.compare(this.#machine.bytes, lastAt, lastLength, key, start, length) > 0) throw this.#misplaced();
  }

  #misplaced(): StoreError {
    return new StoreError('INPUT', this.#finished ? 'the table is finished' : 'entries are out of order', {
      path: this.#writer.path,
    });
  }

  #oversized(bytes: number): StoreError {
    return new StoreError('INPUT', `an entry of ${bytes} bytes does not fit into a table`, { path: this.#writer.path });
  }

  #countType(type: number, value: Uint8Array, start: number, length: number): void {
    switch (type) {
      case ValueType.deletion:
      case ValueType.singleDeletion:
      case ValueType.deletionWithTimestamp:
        this.#deletions++;
        return;
      case ValueType.merge:
        this.#merges++;
        return;
      case ValueType.blobIndex:
        this.noteBlobFile(blobFileOf(value, start, start + length));
        return;
      case ValueType.rangeDeletion:
        throw new StoreError('INPUT', 'range deletions do not stand among the entries', { path: this.#writer.path });
      default:
    }
  }

  #settleCounts(): void {
    const counts = this.#counts;
    const tombstones = this.#tombstones;
    tombstones.sort();
    counts.rangeDeletions = tombstones.count;
    counts.entries = this.#pointEntries + tombstones.count;
    counts.deletions = this.#deletions + tombstones.count;
    counts.merges = this.#merges;
    const points = this.#block;
    const hasPoints = this.#pointEntries > 0;
    counts.rawKeyBytes = points.keyBytes + tombstones.keyBytes;
    counts.rawValueBytes = points.valueBytes + tombstones.valueBytes;
    counts.smallestSeq = Math.min(
      hasPoints ? points.smallestSequence : Number.POSITIVE_INFINITY,
      tombstones.smallestSeq,
    );
    counts.largestSeq = Math.max(0, hasPoints ? points.largestSequence : -1, tombstones.largestSeq);
    counts.dataBytes = this.#writer.offset;
  }

  #closeBlock(): void {
    const block = this.#block;
    const offset = this.#writer.offset;
    const length = block.finish();
    const size = this.#writer.own(block.start, length);
    block.clear();
    if (this.#writer.compressed) this.#counts.compressedBlocks++;
    else if (this.#compression !== 'none') this.#counts.rejectedBlocks++;
    this.#pendingOffset = offset;
    this.#pendingSize = size;
    this.#counts.dataBlocks++;
    const filter = this.#levelFilter;
    if (filter !== undefined) {
      filter.addHashes(block.takeHashes());
      filter.startBlock(this.#writer.offset);
    }
  }

  /** The separator of the block before `next`, or of the last one. */
  #indexPending(next: Uint8Array | undefined, start: number, length: number): void {
    const { lastAt, lastLength, lastTagLow, lastTagHigh } = this.#block;
    this.#index.add(
      this.#machine.bytes.subarray(lastAt, lastAt + lastLength),
      lastLength,
      lastTagLow,
      lastTagHigh,
      next,
      start,
      length,
      this.#pendingOffset,
      this.#pendingSize,
    );
    this.#pendingOffset = -1;
  }

  #writeMeta(block: BlockBuilder): BlockHandle {
    const length = block.finish();
    return this.#writer.raw(block.bytes, 0, length);
  }

  #writeFilter(metaindex: MetaBuilder): void {
    const filter = this.#fullFilter ?? this.#levelFilter;
    if (filter === undefined) return;
    this.#counts.filterKeys = filter.keys;
    // Without keys RocksDB writes none; LevelDB's own is a few bytes.
    if (filter.keys === 0 && this.#dialect === 'rocksdb') return;
    const block = filter.finish();
    this.#counts.filterBytes = block.length;
    const handle = this.#writer.raw(block, 0, block.length);
    metaindex.handle(this.#dialect === 'leveldb' ? LEVELDB_FILTER : FULL_FILTER, handle);
  }

  #writeIndex(userKeys: boolean, deltaValues: boolean): BlockHandle {
    const block = this.#index.build(userKeys, deltaValues);
    const length = block.finish();
    this.#counts.indexBytes = length + TRAILER_BYTES;
    return this.#writer.block(block.bytes, 0, length);
  }

  #writeRocksTail(metaindex: MetaBuilder): BlockHandle {
    const userKeys = this.#formatVersion >= 3 && this.#index.userKeysSuffice;
    const deltaValues = this.#formatVersion >= 4;
    const index = this.#writeIndex(userKeys, deltaValues);
    if (this.#formatVersion >= 6) metaindex.handle('rocksdb.index', index);
    if (this.#tombstones.count > 0) {
      metaindex.handle('rocksdb.range_del', this.#writeMeta(this.#tombstones.build()));
    }
    const properties = tableProperties(
      this.#identity,
      {
        formatVersion: this.#formatVersion,
        comparator: this.#order.name,
        compression: this.#compression,
        compressionType: this.#compressionType,
        compressionLevel: this.#level ?? DEFAULT_LEVEL,
        restartInterval: this.#restartInterval,
        hasFilter: this.#fullFilter !== undefined,
        indexUserKeys: userKeys,
        indexDeltaValues: deltaValues,
      },
      this.#counts,
    ).build(Number.POSITIVE_INFINITY);
    metaindex.handle('rocksdb.properties', this.#writeMeta(properties));
    return index;
  }
}

/** The user key at `b[start]` with its tag behind it, a copy. */
function internalKey(b: Uint8Array, start: number, length: number, tagLow: number, tagHigh: number): Uint8Array {
  const key = new Uint8Array(length + 8);
  key.set(b.subarray(start, start + length));
  writeU32(key, length, tagLow);
  writeU32(key, length + 4, tagHigh);
  return key;
}

/** A number that differs from file to file, and is never 0. */
function contextBaseOf(options: TableBuilderOptions): number {
  const given = (options.contextBase ?? 0) >>> 0;
  if (given !== 0) return given;
  const { identity } = options;
  const seed = utf8(`${identity?.databaseId ?? ''}/${identity?.sessionId ?? ''}/${identity?.fileNumber ?? 0}`);
  return crc32c(seed, 0, seed.length) || 1;
}
