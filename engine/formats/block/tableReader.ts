/**
 * One block-based table, opened: footer, metaindex, properties, index, and access to its blocks
 * (rocksdb-leveldb.md §6). Serves LevelDB's `.ldb` and RocksDB's `.sst` of format_version 0 to 7.
 *
 * Opening fails only where nothing of the table can be read (footer or index). Damage elsewhere is
 * a `Problem`: a filter that fails its checksum is left out, lost properties are inferred.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt, type Problem, StoreError, toStoreError, unsupported } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { compressionName, decompress, OutputBuffer } from '../../codec/registry.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { BlockDialect } from './blockCursor.ts';
import { blockIsIntact, checksumName, TRAILER_BYTES } from './checksum.ts';
import { TableFilter } from './filter/tableFilter.ts';
import { type BlockHandle, checkHandle, FOOTER_BYTES, type Footer, parseFooter, readHandle } from './footer.ts';
import { IndexBlock, type IndexFlags } from './indexBlock.ts';
import { metaValueOffset, Properties, readMetaBlock } from './properties.ts';

const INDEX_TYPES = ['binary', 'hash', 'two-level', 'binary with first key'];
const TWO_LEVEL = 2;
const WITH_FIRST_KEY = 3;

/** A raw block may be this much larger than the file that holds it. */
const EXPANSION_BYTES_MAX = 64 << 20;

export interface TableOptions {
  readonly dialect: BlockDialect;
  readonly order: KeyOrder;
  /** Size that the MANIFEST states; checked against the file. */
  readonly expectedBytes?: number | undefined;
  /** Sequence number of all entries, if the table was ingested: the MANIFEST's largest. */
  readonly largestSeq?: number | undefined;
  /** MANIFEST: keys are stored without their user timestamp. */
  readonly timestampsStripped?: boolean;
}

/** A raw block in a buffer; `start` is not 0 where it was used in place. */
export interface RawBlock {
  bytes: Uint8Array;
  start: number;
  length: number;
  compression: number;
}

/** Keys after `from`, up to `to`, that cannot be reached. */
export interface Hole {
  readonly problem: Problem;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array;
}

export class TableReader {
  readonly name: string;
  readonly size: number;
  readonly footer: Footer;
  readonly dialect: BlockDialect;
  readonly order: KeyOrder;
  readonly properties: Properties;
  readonly index: IndexBlock;
  readonly indexType: string;
  readonly problems: readonly Problem[];
  /**
   * Why range deletions or a global sequence number may be missing: metaindex or properties cannot be read.
   * A reader makes do; what is rewritten from such a table would lose them for good.
   */
  incomplete: StoreError | undefined;
  /** Zero bytes to add to each key in place of the timestamp that the table does not store. */
  readonly padTimestamp: number;
  /** Sequence number that replaces 0; -1 where entries carry their own. */
  readonly globalSequence: number;
  readonly #file: FileHandle;
  /** Undefined until it is read: its own block is unpacked without what it names. */
  #metaindex: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #problems: Problem[] = [];
  readonly #maxRaw: number;
  readonly #holes: Hole[] = [];
  readonly #partitions: BlockHandle[] = [];
  #dictionary: Uint8Array | undefined;
  #dictionaryRead = false;
  #filter: TableFilter | undefined;
  #filterRead = false;

  constructor(file: FileHandle, options: TableOptions) {
    this.#file = file;
    this.name = baseName(file.path);
    this.dialect = options.dialect;
    this.order = options.order;
    this.problems = this.#problems;
    this.size = file.size();
    this.#maxRaw = this.size + EXPANSION_BYTES_MAX;
    try {
      this.#checkSize(options.expectedBytes);
      const tail = new Uint8Array(Math.min(this.size, FOOTER_BYTES));
      this.#readFully(tail, this.size - tail.length);
      this.footer = parseFooter(tail, this.size);
      this.#metaindex = this.#readMetaindex();
      this.properties = this.#readProperties();
      const type = this.properties.number('rocksdb.block.based.table.index.type') ?? 0;
      this.indexType = INDEX_TYPES[type] ?? `type ${type}`;
      this.padTimestamp = this.#strippedTimestamp(options);
      this.index = this.#readIndex(type);
      this.globalSequence = this.#globalSequence(options.largestSeq);
    } catch (thrown) {
      const e = toStoreError(thrown);
      throw e.at({ path: this.name, mend: mendOf(e) });
    }
  }

  /** Key ranges (after `from`, up to `to`) whose entries cannot be reached because their index is damaged. */
  get holes(): readonly Hole[] {
    return this.#holes;
  }

  /** Partitions of a two-level index, whether they could be read or not. */
  get indexPartitions(): readonly BlockHandle[] {
    return this.#partitions;
  }

  get formatVersion(): number {
    return this.footer.formatVersion;
  }

  get checksum(): string {
    return checksumName(this.footer.checksum);
  }

  /** Never throws: a file that was only read has nothing to lose. */
  close(): void {
    try {
      this.#file.close();
    } catch {
      // See above.
    }
  }

  /** Bytes of memory that the open table holds. */
  get memory(): number {
    return this.index.bytes + (this.#filter?.bytes ?? 0) + (this.#dictionary?.length ?? 0) + 4096;
  }

  /** Raw bytes above which no block of the table is believed. */
  get maxRawBytes(): number {
    return this.#maxRaw;
  }

  /** Names of the metaindex, with the blocks that they point to. */
  metaBlocks(): { name: string; handle: BlockHandle }[] {
    return [...(this.#metaindex ?? [])].flatMap(([name, value]) => {
      try {
        return [{ name, handle: readHandle(new Reader(value)) }];
      } catch {
        return [];
      }
    });
  }

  /** The handle that the metaindex gives `name`. Throws CORRUPT if it points outside of the file. */
  metaHandle(name: string): BlockHandle | undefined {
    const value = this.#metaindex?.get(name);
    if (value === undefined) return undefined;
    return checkHandle(readHandle(new Reader(value)), this.footer.offset, name, this.footer.metaindex.offset);
  }

  /** The table's filter; undefined where there is none, or it is damaged, or its kind is unknown. */
  filter(): TableFilter | undefined {
    if (!this.#filterRead) {
      this.#filterRead = true;
      try {
        this.#filter = TableFilter.open(this);
      } catch (thrown) {
        this.#note(toStoreError(thrown), 'the filter is not used');
      }
    }
    return this.#filter;
  }

  /**
   * Reads and checks one block into `out`. `scratch` is for the stored bytes, `output` for the raw
   * ones; an uncompressed block stays in `scratch`.
   */
  readBlock(offset: number, size: number, scratch: OutputBuffer, output: OutputBuffer, out: RawBlock): void {
    scratch.reserve(size + TRAILER_BYTES);
    const stored = size + TRAILER_BYTES;
    this.#readFully(scratch.bytes.length === stored ? scratch.bytes : scratch.bytes.subarray(0, stored), offset);
    this.unpack(offset, scratch.bytes, 0, size, output, out);
  }

  /** As `readBlock`, for stored bytes that are in memory already. */
  unpack(offset: number, stored: Uint8Array, start: number, size: number, output: OutputBuffer, out: RawBlock): void {
    if (!blockIsIntact(this.footer.checksum, this.footer.contextBase, offset, stored, start, size)) {
      throw corrupt(`checksum of the block does not match (${size} bytes, ${this.checksum})`, {
        path: this.name,
        offset,
      });
    }
    const compression = stored[start + size] as number;
    out.compression = compression;
    if (compression === 0) {
      out.bytes = stored;
      out.start = start;
      out.length = size;
      return;
    }
    try {
      out.length = decompress(
        this.dialect,
        this.footer.formatVersion,
        compression,
        stored,
        start,
        start + size,
        output,
        this.#dictionaryFor(compression),
        this.#maxRaw,
      );
    } catch (thrown) {
      const e = toStoreError(thrown);
      throw new StoreError(e.code, `block does not decompress: ${e.message}`, { path: this.name, offset });
    }
    out.bytes = output.bytes;
    out.start = 0;
  }

  /** A block of its own memory, for what is kept: index, filter, meta blocks. */
  readOwned(h: BlockHandle): Uint8Array {
    const raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
    this.readBlock(h.offset, h.size, new OutputBuffer(), new OutputBuffer(), raw);
    // Compressed blocks may come in a roomier buffer; keep only what is used.
    return raw.start === 0 && raw.length === raw.bytes.length
      ? raw.bytes
      : raw.bytes.slice(raw.start, raw.start + raw.length);
  }

  compressionName(type: number): string {
    return compressionName(this.dialect, type);
  }

  /** What index and filter partition blocks look like in this table. */
  get indexFlags(): IndexFlags {
    return this.#flags;
  }

  /** Stored bytes as they are, without any check. Throws where the file is shorter. */
  readRaw(into: Uint8Array, offset: number): void {
    this.#readFully(into, offset);
  }

  #flags: IndexFlags = { userKeys: false, deltaValues: false, firstKeys: false };

  #checkSize(expected: number | undefined): void {
    if (expected !== undefined && expected !== this.size) {
      throw corrupt(`is ${this.size} bytes long, the MANIFEST says ${expected}`, {
        offset: Math.min(expected, this.size),
        mend: 'restore the file from a backup; the rest of the store stays readable',
      });
    }
  }

  #readFully(into: Uint8Array, at: number): void {
    const n = this.#file.readAt(into, at);
    if (n < into.length)
      throw corrupt(`file ends at ${at + n}, ${into.length - n} bytes too early`, { offset: at + n });
  }

  #note(e: StoreError, consequence: string): Problem {
    const p = e.at({ path: this.name, mend: mendOf(e) }).toProblem();
    const noted = { ...p, message: `${p.message}; ${consequence}` };
    this.#problems.push(noted);
    return noted;
  }

  #readMetaindex(): ReadonlyMap<string, Uint8Array> {
    const { metaindex } = this.footer;
    try {
      return readMetaBlock(this.readOwned(metaindex));
    } catch (thrown) {
      const e = blockError(thrown, this.name, metaindex.offset);
      // Without it there is no index from format_version 6 on; before, only extras are lost.
      if (this.footer.index === null) throw e;
      if (this.dialect === 'rocksdb') this.incomplete = e;
      this.#note(e, 'properties, filter and range deletions of the table are unknown');
      return new Map();
    }
  }

  #readProperties(): Properties {
    let at = this.footer.metaindex.offset;
    try {
      const handle = this.metaHandle('rocksdb.properties') ?? this.metaHandle('rocksdb.stats');
      if (handle === undefined) return new Properties(new Map());
      at = handle.offset;
      return new Properties(readMetaBlock(this.#readPropertiesBlock(handle)));
    } catch (thrown) {
      const e = blockError(thrown, this.name, at);
      this.incomplete = e;
      this.#note(e, 'properties are inferred');
      return new Properties(new Map());
    }
  }

  /** The global sequence number may have been patched in place after the checksum was taken. */
  #readPropertiesBlock(handle: BlockHandle): Uint8Array {
    try {
      return this.readOwned(handle);
    } catch (thrown) {
      const stored = new Uint8Array(handle.size + TRAILER_BYTES);
      this.#readFully(stored, handle.offset);
      const at = patchedAt(stored.subarray(0, handle.size));
      if (at < 0) throw thrown;
      const unpatched = stored.slice();
      unpatched.fill(0, at, at + 8);
      const { checksum, contextBase } = this.footer;
      const intact = blockIsIntact(checksum, contextBase, handle.offset, unpatched, 0, handle.size);
      if (!intact || unpatched[handle.size] !== 0) throw thrown;
      return stored.subarray(0, handle.size);
    }
  }

  #strippedTimestamp(options: TableOptions): number {
    if (options.order.timestampSize === 0) return 0;
    const persisted = this.properties.number('rocksdb.user.defined.timestamps.persisted') ?? 1;
    return persisted === 0 || options.timestampsStripped === true ? options.order.timestampSize : 0;
  }

  #readIndex(type: number): IndexBlock {
    const handle = this.footer.index ?? this.metaHandle('rocksdb.index');
    if (handle === undefined)
      throw corrupt('the metaindex names no index block', { offset: this.footer.metaindex.offset });
    if (type > WITH_FIRST_KEY) throw unsupported(`index type ${type} is not known`, { offset: handle.offset });
    const block = this.readOwned(handle);
    const index = this.#decodeIndex(block, handle.offset, type);
    return this.padTimestamp > 0 ? index.padded(this.padTimestamp) : index;
  }

  #decodeIndex(block: Uint8Array, at: number, type: number): IndexBlock {
    const known = this.properties.has('rocksdb.block.based.table.index.type') || this.footer.formatVersion < 3;
    const candidates = known ? [this.#statedFlags(type)] : this.#possibleFlags(block);
    let failure: StoreError | undefined;
    for (const { flags, twoLevel } of candidates) {
      try {
        this.#flags = flags;
        const top = IndexBlock.decode(
          block,
          { ...flags, expiring: this.dialect === 'eleveldb' },
          this.footer.offset,
          this.dialect === 'rocksdb',
        );
        if (!twoLevel) return top;
        return this.#readPartitions(top, flags);
      } catch (thrown) {
        failure = toStoreError(thrown, { offset: at });
      }
    }
    throw new StoreError(failure?.code ?? 'CORRUPT', failure?.message ?? 'index cannot be decoded', { offset: at });
  }

  /** A damaged partition loses its own key range only. */
  #readPartitions(top: IndexBlock, flags: IndexFlags): IndexBlock {
    const parts: IndexBlock[] = [];
    this.#partitions.length = 0;
    for (let i = 0; i < top.count; i++) {
      this.#partitions.push({ offset: top.offset(i), size: top.size(i) });
      try {
        const part = this.readOwned({ offset: top.offset(i), size: top.size(i) });
        parts.push(IndexBlock.decode(part, flags, this.footer.offset, true));
      } catch (thrown) {
        const e = blockError(thrown, this.name, top.offset(i));
        const problem = this.#note(e, 'entries of this index partition are not read');
        this.#holes.push({ problem, from: i === 0 ? undefined : top.separator(i - 1), to: top.separator(i) });
      }
    }
    return IndexBlock.join(parts);
  }

  #statedFlags(type: number): { flags: IndexFlags; twoLevel: boolean } {
    return {
      twoLevel: type === TWO_LEVEL,
      flags: {
        userKeys: (this.properties.number('rocksdb.index.key.is.user.key') ?? 0) !== 0,
        deltaValues: (this.properties.number('rocksdb.index.value.is.delta.encoded') ?? 0) !== 0,
        firstKeys: type === WITH_FIRST_KEY,
      },
    };
  }

  /** Without properties: every layout the format_version allows; wrong ones do not parse to the end. */
  #possibleFlags(block: Uint8Array): { flags: IndexFlags; twoLevel: boolean }[] {
    const found: { flags: IndexFlags; twoLevel: boolean }[] = [];
    for (const deltaValues of this.footer.formatVersion >= 4 ? [true, false] : [false]) {
      for (const firstKeys of [false, true]) {
        const probe = { userKeys: true, deltaValues, firstKeys };
        const userKeys = !indexKeysLookInternal(block, probe, this.footer.offset);
        found.push({ flags: { ...probe, userKeys }, twoLevel: false });
      }
    }
    return found;
  }

  /** Only tables made for ingestion carry it, and only in version 2 with entries of sequence 0. */
  #globalSequence(largestSeq: number | undefined): number {
    const version = this.properties.number('rocksdb.external_sst_file.version');
    if (version === undefined || version < 2) return -1;
    const stored = this.properties.number('rocksdb.external_sst_file.global_seqno') ?? 0;
    if (largestSeq !== undefined) return largestSeq;
    return stored < 2 ** 53 ? stored : -1;
  }

  #dictionaryFor(compression: number): Uint8Array | undefined {
    // LevelDB has none; of RocksDB's codecs zlib, LZ4, LZ4HC and ZSTD use one. The metaindex names it, and has none.
    if (this.#metaindex === undefined || this.dialect !== 'rocksdb' || ![2, 4, 5, 7].includes(compression))
      return undefined;
    if (!this.#dictionaryRead) {
      this.#dictionaryRead = true;
      const handle = this.metaHandle('rocksdb.compression_dict');
      if (handle !== undefined) this.#dictionary = this.readOwned(handle);
    }
    return this.#dictionary;
  }
}

/** Where the global sequence number stands in a stored properties block; -1 where it does not, or nothing can be read. */
function patchedAt(stored: Uint8Array): number {
  try {
    return metaValueOffset(stored, 'rocksdb.external_sst_file.global_seqno');
  } catch {
    return -1;
  }
}

/** What a person can do about a damaged table. */
export const TABLE_MEND = 'restore the file from a backup; the rest of the store stays readable';

function mendOf(e: StoreError): string | undefined {
  return e.code === 'CORRUPT' ? TABLE_MEND : undefined;
}

/**
 * The error of a block's content, placed in its file: what decodes blocks knows only offsets inside of
 * them. One that knows its file is left as it is.
 */
export function blockError(thrown: unknown, path: string, offset: number): StoreError {
  const e = toStoreError(thrown);
  if (e.path !== undefined) return e.at({ mend: mendOf(e) });
  const inside = e.offset === undefined ? '' : `, at byte ${e.offset} of the block`;
  return new StoreError(e.code, `${e.message}${inside}`, { path, offset, mend: e.mend ?? mendOf(e) });
}

/** Whether every key of an index block ends in a type byte and a sequence number that could be real. */
function indexKeysLookInternal(block: Uint8Array, flags: IndexFlags, fileEnd: number): boolean {
  try {
    const index = IndexBlock.decode(block, flags, fileEnd, true);
    for (let i = 0; i < index.count; i++) {
      const key = index.separator(i);
      if (key.length < 8) return false;
      const type = key[key.length - 8] as number;
      if (type > 0x1a) return false;
      const high = readU32(key, key.length - 4);
      // Real sequence numbers are far below 2^48; shortened separators carry the largest one.
      if (high > 0x00ff_ffff && high !== 0xffff_ffff) return false;
    }
    return index.count > 0;
  } catch {
    return false;
  }
}
