/**
 * How new tables of a store are to be written: as its OPTIONS say and as its own tables are, so that
 * the engine that owns the store finds nothing but what it might have written itself
 * (rocksdb-leveldb.md §6, §11, §14).
 */
import { canCompress, DEFAULT_LEVEL } from '../codec/compress.ts';
import { type CompressionName, compressionName } from '../codec/registry.ts';
import { ChecksumType } from '../formats/block/checksum.ts';
import { NEWEST_FORMAT_VERSION } from '../formats/block/footer.ts';
import type { TableBuilderOptions } from '../formats/block/tableBuilder.ts';
import type { TableReader } from '../formats/block/tableReader.ts';
import { nestedOptions } from '../model/optionValues.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';

/** What does not depend on the file number. */
export type TableStyle = Omit<TableBuilderOptions, 'identity' | 'contextBase' | 'dialect' | 'order'>;

type OptionMap = Readonly<Record<string, string>>;

const LEVELDB_FILTER = 'filter.leveldb.BuiltinBloomFilter2';
const FILTER_BITS = 10;
const ROCKSDB_FORMAT_VERSION = 5;
const BLOCKS_LOOKED_AT = 16;

const COMPRESSIONS: Readonly<Record<string, CompressionName>> = {
  kNoCompression: 'none',
  kSnappyCompression: 'snappy',
  kZlibCompression: 'zlib',
  kBZip2Compression: 'bzip2',
  kLZ4Compression: 'lz4',
  kLZ4HCCompression: 'lz4hc',
  kXpressCompression: 'xpress',
  kZSTD: 'zstd',
};

const CHECKSUMS: Readonly<Record<string, number>> = {
  kNoChecksum: ChecksumType.none,
  kCRC32c: ChecksumType.crc32c,
  kxxHash: ChecksumType.xxHash,
  kxxHash64: ChecksumType.xxHash64,
  kXXH3: ChecksumType.xxh3,
};

/** A codec by the name that OPTIONS give it; what cannot be written is left uncompressed. */
export function compressionOption(name: string | undefined): CompressionName | undefined {
  const known = name === undefined ? undefined : COMPRESSIONS[name];
  if (known === undefined) return undefined;
  return canCompress('rocksdb', known) ? known : 'none';
}

/** The level that a RocksDB table of `level` is compressed for. */
export function compressionAt(options: OptionMap, family: FamilyVersion, level: number): CompressionName {
  const deepest = Math.max(0, ...family.view.levels.map((l) => l.level));
  const bottom = compressionOption(options['bottommost_compression']);
  if (bottom !== undefined && level > 0 && level >= deepest) return bottom;
  const perLevel = (options['compression_per_level'] ?? '').split(':').filter(Boolean);
  if (perLevel.length > 0) {
    // With dynamic levels the list counts from the level that L0 is compacted into.
    const base = Math.min(...family.view.levels.map((l) => l.level).filter((l) => l > 0), level);
    const dynamic = options['level_compaction_dynamic_level_bytes'] === 'true';
    const index = level === 0 ? 0 : dynamic ? level - base + 1 : level;
    return compressionOption(perLevel[Math.min(index, perLevel.length - 1)]) ?? 'snappy';
  }
  return compressionOption(options['compression']) ?? 'snappy';
}

/** Bits per key of a Bloom filter, from `filter_policy` in any of its spellings; 0 for none. */
export function filterBits(policy: string | undefined): number {
  if (policy === undefined || policy === '' || policy === 'nullptr') return 0;
  const stated = /bits_per_key=([\d.]+)/.exec(policy)?.[1] ?? /(?:bloom|ribbon)filter:([\d.]+)/.exec(policy)?.[1];
  const bits = stated === undefined ? FILTER_BITS : Number(stated);
  return Number.isFinite(bits) && bits > 0 ? bits : 0;
}

function sizeOption(options: OptionMap, name: string, fallback: number): number {
  const value = Number(options[name]);
  return Number.isSafeInteger(value) && value > 0 ? value : fallback;
}

/** A table of the family to go by, opened; the newest that can be. */
function example<T>(view: StoreView, family: FamilyVersion, look: (table: TableReader) => T): T | undefined {
  const newest = [...family.tables].sort((a, b) => b.number - a.number).slice(0, 4);
  for (const info of newest) {
    try {
      const table = view.acquire(info);
      try {
        return look(table);
      } finally {
        view.releaseTable(info, table);
      }
    } catch {
      // The next one is as good; the gate names what cannot be read.
    }
  }
  return undefined;
}

/** The codec of the first block that is compressed; incompressible blocks say nothing. */
function usedCompression(table: TableReader): CompressionName {
  const byte = new Uint8Array(1);
  for (let i = 0; i < Math.min(table.index.count, BLOCKS_LOOKED_AT); i++) {
    table.readRaw(byte, table.index.offset(i) + table.index.size(i));
    const type = byte[0] as number;
    if (type === 0) continue;
    const name = compressionName('leveldb', type);
    return canCompress('leveldb', name) ? name : 'snappy';
  }
  return 'none';
}

function levelDbStyle(view: StoreView, family: FamilyVersion): TableStyle {
  const seen = example(view, family, (table) => ({
    compression: usedCompression(table),
    filtered: table.metaBlocks().some((b) => b.name === LEVELDB_FILTER),
  }));
  return {
    formatVersion: 0,
    compression: seen?.compression ?? 'snappy',
    filterBitsPerKey: seen === undefined || seen.filtered ? FILTER_BITS : 0,
    blockSize: 4096,
    restartInterval: 16,
  };
}

function rocksDbStyle(view: StoreView, family: FamilyVersion, level: number): TableStyle {
  const options = view.snapshot.options.family(family.state.name);
  const seen = example(view, family, (table) => ({
    formatVersion: table.formatVersion,
    checksum: table.footer.checksum,
    filtered: table.metaBlocks().some((b) => /^(full|partitioned)filter\./.test(b.name)),
  }));
  const stated = Number(options['format_version']);
  const formatVersion = Number.isSafeInteger(stated) && stated > 0 ? stated : (seen?.formatVersion ?? 0);
  const policy = options['filter_policy'];
  const bits = policy === undefined ? (seen?.filtered === true ? FILTER_BITS : 0) : filterBits(policy);
  return {
    // Tables of LevelDB's format, and of RocksDB's first, are not written any more by their engines.
    formatVersion: formatVersion < 2 ? ROCKSDB_FORMAT_VERSION : Math.min(formatVersion, NEWEST_FORMAT_VERSION),
    checksum: CHECKSUMS[options['checksum'] ?? ''] ?? seen?.checksum ?? ChecksumType.xxh3,
    compression: compressionAt(options, family, level),
    compressionLevel: compressionLevel(options),
    filterBitsPerKey: options['whole_key_filtering'] === 'false' ? 0 : bits,
    blockSize: sizeOption(options, 'block_size', 4096),
    restartInterval: sizeOption(options, 'block_restart_interval', 16),
  };
}

/** `compression_opts` as a row of `window:level:strategy:…` or as `{level=…}`. */
function compressionLevel(options: OptionMap): number | undefined {
  const value = options['compression_opts'] ?? '';
  const text = value.startsWith('{') ? nestedOptions(value)['level'] : value.split(':')[1];
  const level = Number(text);
  return text === undefined || !Number.isSafeInteger(level) || level === DEFAULT_LEVEL ? undefined : level;
}

/** The style of a new table in a level of a family. */
export function tableStyle(view: StoreView, family: FamilyVersion, level: number): TableStyle {
  return view.shared.dialect.id === 'leveldb' ? levelDbStyle(view, family) : rocksDbStyle(view, family, level);
}

/** How values of a family are moved out into blob files. */
export interface BlobStyle {
  readonly minBytes: number;
  readonly fileBytes: number;
  readonly compression: CompressionName;
}

/** Undefined where the family keeps its values in tables, at `level` at least. */
export function blobStyle(view: StoreView, family: FamilyVersion, level: number): BlobStyle | undefined {
  const options = view.snapshot.options.family(family.state.name);
  if (view.shared.dialect.id !== 'rocksdb' || options['enable_blob_files'] !== 'true') return undefined;
  if (sizeOption(options, 'blob_file_starting_level', 0) > level) return undefined;
  return {
    minBytes: sizeOption(options, 'min_blob_size', 0),
    fileBytes: sizeOption(options, 'blob_file_size', 256 << 20),
    compression: compressionOption(options['blob_compression_type']) ?? 'none',
  };
}

/** Bytes of a memtable at which it is flushed. */
export function writeBufferBytes(view: StoreView, family: FamilyVersion): number {
  const fallback = view.shared.dialect.id === 'leveldb' ? 4 << 20 : 64 << 20;
  return sizeOption(view.snapshot.options.family(family.state.name), 'write_buffer_size', fallback);
}
