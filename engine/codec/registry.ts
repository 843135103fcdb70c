/**
 * Compressed blocks: which codec a block's type byte means in each engine's dialect, how its body is
 * framed, and the one function that table and blob readers call (rocksdb-leveldb.md §6, §9).
 *
 * A block states its raw length, and a damaged or hostile one may state anything. So the claim is
 * held against the caller's limit and against what the codec's format can make out of that many bytes
 * before anything is allocated, and the content must have exactly the claimed length.
 */
import { corrupt, unsupported } from '../base/errors.ts';
import { Reader } from '../base/varint.ts';
import { decompressBzip2 } from './bzip2.ts';
import { decompressDeflate } from './deflate.ts';
import { decompressLz4 } from './lz4.ts';
import type { OutputBuffer } from './outputBuffer.ts';
import { decompressSnappy } from './snappy.ts';
import { decompressZstd, isZstdFrame } from './zstd.ts';

export { OutputBuffer } from './outputBuffer.ts';

export type Dialect = 'rocksdb' | 'leveldb' | 'eleveldb';

export type CompressionName =
  | 'none'
  | 'snappy'
  | 'zlib'
  | 'bzip2'
  | 'lz4'
  | 'lz4hc'
  | 'xpress'
  | 'zstd'
  | 'zlib-raw'
  | 'custom'
  | 'unknown';

/** The type byte of an uncompressed block, in every dialect. */
export const NO_COMPRESSION = 0;

const ROCKSDB_NAMES: readonly CompressionName[] = ['none', 'snappy', 'zlib', 'bzip2', 'lz4', 'lz4hc', 'xpress', 'zstd'];
/** RocksDB's id of ZSTD before its format was final. */
const ZSTD_EARLY = 0x40;
const CUSTOM_FIRST = 0x80;
const CUSTOM_LAST = 0xfe;

/**
 * The codec of a type byte. LevelDB's 2 is ZSTD; the dialect of Minecraft Bedrock uses 2 for zlib and 4
 * for raw deflate, and `decompress` tells the two meanings of 2 apart by the content. Basho's 2 is LZ4.
 */
export function compressionName(dialect: Dialect, typeByte: number): CompressionName {
  if (dialect === 'leveldb') {
    if (typeByte === 4) return 'zlib-raw';
    return typeByte === 2 ? 'zstd' : typeByte === 1 ? 'snappy' : typeByte === 0 ? 'none' : 'unknown';
  }
  if (dialect === 'eleveldb') return (['none', 'snappy', 'lz4'] as const)[typeByte] ?? 'unknown';
  if (typeByte === ZSTD_EARLY) return 'zstd';
  if (typeByte >= CUSTOM_FIRST && typeByte <= CUSTOM_LAST) return 'custom';
  return ROCKSDB_NAMES[typeByte] ?? 'unknown';
}

/**
 * Writes the raw content of input[start, end), a block's body without its trailer, to output.bytes[0, …)
 * and returns its length. `formatVersion` is the table's (2 for blob files); `dictionary` the table's, for
 * data blocks only. Throws CORRUPT for malformed content or more than `maxBytes` of it, UNSUPPORTED for a
 * codec that is not here.
 */
export function decompress(
  dialect: Dialect,
  formatVersion: number,
  typeByte: number,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
  maxBytes: number,
): number {
  if (typeByte === NO_COMPRESSION) return copyRaw(input, start, end, output, maxBytes);
  const name = compressionName(dialect, typeByte);
  if (name === 'snappy') return decompressSnappy(input, start, end, output, maxBytes);
  if (dialect === 'eleveldb') {
    if (name !== 'lz4') throw refuse(name, typeByte);
    return decompressBasho(input, start, end, output, maxBytes);
  }
  if (dialect === 'leveldb') return decompressLevel(name, typeByte, input, start, end, output, maxBytes);
  return decompressRocks(name, formatVersion, typeByte, input, start, end, output, dictionary, maxBytes);
}

function copyRaw(input: Uint8Array, start: number, end: number, output: OutputBuffer, maxBytes: number): number {
  const length = end - start;
  if (length > maxBytes) throw corrupt(`block of ${length} bytes is larger than any should be`);
  output.reserve(length);
  output.bytes.set(input.subarray(start, end), 0);
  return length;
}

function decompressLevel(
  name: CompressionName,
  typeByte: number,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  maxBytes: number,
): number {
  if (name === 'zlib-raw') return decompressDeflate(input, start, end, 'raw', undefined, output, undefined, maxBytes);
  if (name !== 'zstd') throw refuse(name, typeByte);
  return isZstdFrame(input, start, end)
    ? decompressZstd(input, start, end, undefined, output, undefined, maxBytes)
    : decompressDeflate(input, start, end, 'zlib', undefined, output, undefined, maxBytes);
}

/** Basho's LevelDB: the raw length in four bytes, then LZ4. */
function decompressBasho(
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  maxBytes: number,
): number {
  const reader = new Reader(input, start, end);
  const length = reader.u32();
  return decompressLz4(input, reader.position, end, length, output, undefined, maxBytes);
}

function decompressRocks(
  name: CompressionName,
  formatVersion: number,
  typeByte: number,
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
  maxBytes: number,
): number {
  const reader = new Reader(input, start, end);
  // An empty dictionary is none.
  const dict = dictionary !== undefined && dictionary.length > 0 ? dictionary : undefined;
  switch (name) {
    case 'lz4':
    case 'lz4hc': {
      const length = formatVersion >= 2 ? reader.varint32() : reader.u32();
      if (formatVersion < 2) reader.u32();
      return decompressLz4(input, reader.position, end, length, output, dict, maxBytes);
    }
    case 'bzip2': {
      // Without the prefix there is nothing to hold the content against; no store with such blocks is known.
      if (formatVersion < 2) throw refuse(name, typeByte);
      const length = reader.varint32();
      return decompressBzip2(input, reader.position, end, length, output, maxBytes);
    }
    case 'zlib': {
      const length = formatVersion >= 2 ? reader.varint32() : undefined;
      return decompressDeflate(input, reader.position, end, 'raw', length, output, dict, maxBytes);
    }
    case 'zstd': {
      const length = formatVersion >= 2 ? reader.varint32() : undefined;
      return decompressZstd(input, reader.position, end, length, output, dict, maxBytes);
    }
    default:
      throw refuse(name, typeByte);
  }
}

function refuse(name: CompressionName, typeByte: number): Error {
  const id = `0x${typeByte.toString(16).padStart(2, '0')}`;
  if (name === 'unknown') return corrupt(`no compression has the type ${id}`);
  if (name === 'custom') {
    return unsupported(`compression ${id} belongs to a custom compression manager, which only its owner can read`);
  }
  return unsupported(`compression ${name} (${id}) cannot be read`);
}
