/**
 * Blocks and blob values, compressed as each engine's dialect frames them (rocksdb-leveldb.md §6, §9):
 * the counterpart of `decompress` in `registry.ts`.
 *
 * Snappy and LZ4 are our own; ZSTD and DEFLATE are Node's. bzip2, Xpress and custom codecs are read at
 * most: `canCompress` tells, and `compress` refuses them.
 */
import { constants, deflateRawSync } from 'node:zlib';
import { writeU32 } from '../base/bytes.ts';
import { StoreError, unsupported } from '../base/errors.ts';
import { varintLength, writeVarint } from '../base/varint.ts';
import { compressLz4 } from './lz4Compress.ts';
import { nodeCompressZstd } from './nodeZstd.ts';
import type { OutputBuffer } from './outputBuffer.ts';
import type { CompressionName, Dialect } from './registry.ts';
import { compressSnappy } from './snappyCompress.ts';

const ROCKSDB_TYPES: Readonly<Partial<Record<CompressionName, number>>> = {
  none: 0,
  snappy: 1,
  zlib: 2,
  lz4: 4,
  lz4hc: 5,
  zstd: 7,
};
const LEVELDB_TYPES: Readonly<Partial<Record<CompressionName, number>>> = {
  none: 0,
  snappy: 1,
  zstd: 2,
  'zlib-raw': 4,
};

/** RocksDB's "no level was set": the codec's own default applies. */
export const DEFAULT_LEVEL = 32_767;
const ZSTD_DEFAULT = 3;
const ZLIB_DEFAULT = 6;

/** Whether blocks of this codec can be written. */
export function canCompress(dialect: Dialect, name: CompressionName): boolean {
  return typeOf(dialect, name) !== undefined;
}

function typeOf(dialect: Dialect, name: CompressionName): number | undefined {
  return (dialect === 'leveldb' ? LEVELDB_TYPES : ROCKSDB_TYPES)[name];
}

/** The type byte of a block compressed with `name`. Throws UNSUPPORTED for a codec that is only read. */
export function compressionTypeByte(dialect: Dialect, name: CompressionName): number {
  const type = typeOf(dialect, name);
  if (type === undefined) throw unsupported(`${dialect} blocks cannot be compressed with ${name}`);
  return type;
}

/** The longest body for which an engine stores a block of `length` raw bytes compressed. */
export function worthwhile(dialect: Dialect, length: number): number {
  // RocksDB: at most 7/8 of the raw size. LevelDB: less than the raw size minus its eighth.
  return dialect === 'leveldb' ? length - Math.floor(length / 8) - 1 : Math.floor((length * 7) / 8);
}

/**
 * Compresses input[start, end) to output.bytes[0, …) and returns the stored length, or 0 where the block is
 * better stored raw by the engine's own rule. `formatVersion` is the table's; `level` the codec's own
 * scale, undefined or `DEFAULT_LEVEL` for its default. Throws UNSUPPORTED for a codec that is only read.
 */
export function compress(
  dialect: Dialect,
  formatVersion: number,
  name: CompressionName,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  level?: number,
): number {
  if (name === 'none') return 0;
  const most = worthwhile(dialect, end - start);
  return most < 1 ? 0 : compressWithin(dialect, formatVersion, name, input, start, end, output, most, level);
}

/**
 * As `compress`, but the result is always kept, even if it is longer than the input: blob files state one
 * codec for all of their values.
 */
export function compressAlways(
  formatVersion: number,
  name: CompressionName,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  level?: number,
): number {
  const n = compressWithin('rocksdb', formatVersion, name, input, start, end, output, Number.MAX_SAFE_INTEGER, level);
  if (n === 0) throw new StoreError('INPUT', `a value of ${end - start} bytes is too large to be compressed`);
  return n;
}

function compressWithin(
  dialect: Dialect,
  formatVersion: number,
  name: CompressionName,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  maxBytes: number,
  level: number | undefined,
): number {
  compressionTypeByte(dialect, name);
  switch (name) {
    case 'snappy':
      return compressSnappy(input, start, end, output, maxBytes);
    case 'lz4':
    case 'lz4hc': {
      const prefix = formatVersion >= 2 ? varintLength(end - start) : 8;
      const n = compressLz4(input, start, end, output, prefix, maxBytes - prefix);
      if (n === 0) return 0;
      writePrefix(output, end - start, formatVersion);
      return prefix + n;
    }
    default: {
      const body = library(name, input.subarray(start, end), level);
      const prefix = dialect === 'rocksdb' && formatVersion >= 2 ? varintLength(end - start) : 0;
      const n = prefix + body.length;
      if (n > maxBytes) return 0;
      output.reserve(n);
      if (prefix > 0) writeVarint(output.bytes, 0, end - start);
      output.bytes.set(body, prefix);
      return n;
    }
  }
}

/** The raw length before a body: a varint, or before format_version 2 the low half of eight bytes. */
function writePrefix(output: OutputBuffer, length: number, formatVersion: number): void {
  if (formatVersion >= 2) writeVarint(output.bytes, 0, length);
  else {
    writeU32(output.bytes, 0, length);
    writeU32(output.bytes, 4, 0);
  }
}

function library(name: CompressionName, input: Uint8Array, level: number | undefined): Uint8Array {
  const chosen = level === undefined || level === DEFAULT_LEVEL ? undefined : level;
  switch (name) {
    case 'zstd': {
      const params = {
        [constants.ZSTD_c_compressionLevel]: clamp(chosen ?? ZSTD_DEFAULT, -131_072, 22),
        [constants.ZSTD_c_contentSizeFlag]: 1,
      };
      return nodeCompressZstd(input, { params });
    }
    case 'zlib':
      return deflateRawSync(input, { level: clamp(chosen ?? ZLIB_DEFAULT, -1, 9), windowBits: 14 });
    case 'zlib-raw':
      return deflateRawSync(input, { level: clamp(chosen ?? ZLIB_DEFAULT, -1, 9) });
    default:
      throw unsupported(`blocks cannot be compressed with ${name}`);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
