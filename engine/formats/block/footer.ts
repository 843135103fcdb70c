/** The end of a block-based table (rocksdb-leveldb.md §6, "Footer"). */
import { readU32, readU64 } from '../../base/bytes.ts';
import { corrupt, unsupported } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { blockChecksum, ChecksumType, contextModifier, TRAILER_BYTES } from './checksum.ts';

/** Byte offset in the file and stored size, without the trailer. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

export interface Footer {
  readonly formatVersion: number;
  readonly checksum: number;
  readonly metaindex: BlockHandle;
  /** Null from format_version 6 on: the metaindex names it. */
  readonly index: BlockHandle | null;
  readonly contextBase: number;
  /** Where the footer starts in the file. */
  readonly offset: number;
}

/** Longest footer of all versions. */
export const FOOTER_BYTES = 53;
const LEVELDB_FOOTER_BYTES = 48;
const HANDLES_BYTES = 40;
/** Newest format_version whose layout is known. */
export const NEWEST_FORMAT_VERSION = 7;

interface Magic {
  readonly low: number;
  readonly high: number;
}

const MAGIC = {
  leveldb: { low: 0x8b80fb57, high: 0xdb477524 },
  blockBased: { low: 0x85f4cff7, high: 0x88e241b7 },
  plain: { low: 0x63bf9564, high: 0x82422296 },
  plainOld: { low: 0x7a8f13b8, high: 0x4f3418eb },
  cuckoo: { low: 0xc5f17873, high: 0x926789d0 },
} as const satisfies Record<string, Magic>;

export type TableKind = keyof typeof MAGIC | 'unknown';

/** What kind of table the last 8 bytes of a file tell of. */
export function tableKind(tail: Uint8Array): TableKind {
  if (tail.length < 8) return 'unknown';
  const low = readU32(tail, tail.length - 8);
  const high = readU32(tail, tail.length - 4);
  for (const [kind, magic] of Object.entries(MAGIC)) {
    if (magic.low === low && magic.high === high) return kind as TableKind;
  }
  return 'unknown';
}

/** RocksDB's name of a kind of table that is recognised and not read; undefined for the others. */
export function otherTable(kind: TableKind): 'PlainTable' | 'CuckooTable' | undefined {
  if (kind === 'cuckoo') return 'CuckooTable';
  return kind === 'plain' || kind === 'plainOld' ? 'PlainTable' : undefined;
}

/** Checks that a handle and its trailer lie before `end`. */
export function checkHandle(h: BlockHandle, end: number, what: string, at: number): BlockHandle {
  if (h.offset + h.size + TRAILER_BYTES > end) {
    throw corrupt(`${what} at offset ${h.offset}, size ${h.size}, lies outside of the file's ${end} bytes`, {
      offset: at,
    });
  }
  return h;
}

export function readHandle(r: Reader): BlockHandle {
  const offset = r.varint64();
  return { offset, size: r.varint64() };
}

/**
 * Parses the footer from the last bytes of a file (`tail`, up to `FOOTER_BYTES` of them).
 * Throws CORRUPT or UNSUPPORTED with the offset; the caller adds the file.
 */
export function parseFooter(tail: Uint8Array, fileSize: number): Footer {
  const kind = tableKind(tail);
  const foreign = otherTable(kind);
  if (foreign !== undefined) {
    throw unsupported(`a ${foreign} of RocksDB: only block-based tables are read`, {
      offset: fileSize - 8,
      mend: 'set a block-based table_factory and let RocksDB compact the whole range: that rewrites its tables',
    });
  }
  if (kind === 'unknown') {
    throw corrupt('does not end in the magic number of a table: truncated, overwritten, or another kind of file', {
      offset: Math.max(0, fileSize - 8),
    });
  }
  if (kind === 'leveldb') {
    const offset = fileSize - LEVELDB_FOOTER_BYTES;
    if (offset < 0) throw corrupt('too short for a table footer', { offset: 0 });
    const r = new Reader(tail, tail.length - LEVELDB_FOOTER_BYTES);
    const metaindex = checkHandle(readHandle(r), offset, 'metaindex block', offset);
    const index = checkHandle(readHandle(r), offset, 'index block', offset);
    return { formatVersion: 0, checksum: ChecksumType.crc32c, metaindex, index, contextBase: 0, offset };
  }
  const offset = fileSize - FOOTER_BYTES;
  if (offset < 0) throw corrupt('too short for a table footer', { offset: 0 });
  const start = tail.length - FOOTER_BYTES;
  const checksum = tail[start] as number;
  const formatVersion = readU32(tail, start + 1 + HANDLES_BYTES);
  if (checksum > ChecksumType.xxh3) throw unsupported(`checksum type ${checksum} is not known`, { offset });
  if (formatVersion > NEWEST_FORMAT_VERSION) {
    throw unsupported(`format_version ${formatVersion} is newer than ${NEWEST_FORMAT_VERSION}`, {
      offset: offset + 1 + HANDLES_BYTES,
    });
  }
  if (formatVersion >= 6) return parseContextFooter(tail, start, offset, checksum, formatVersion);
  const r = new Reader(tail, start + 1);
  const metaindex = checkHandle(readHandle(r), offset, 'metaindex block', offset);
  const index = checkHandle(readHandle(r), offset, 'index block', offset);
  return { formatVersion, checksum, metaindex, index, contextBase: 0, offset };
}

function parseContextFooter(
  tail: Uint8Array,
  start: number,
  offset: number,
  checksum: number,
  formatVersion: number,
): Footer {
  const part = start + 1;
  if (readU32(tail, part) !== 0x007a003e)
    throw corrupt('extended magic of the footer is wrong', { offset: offset + 1 });
  const stored = readU32(tail, part + 4);
  const contextBase = readU32(tail, part + 8);
  const size = readU32(tail, part + 12);
  const copy = tail.slice(start, start + FOOTER_BYTES);
  copy.fill(0, 5, 9);
  // The checksum runs over all 53 bytes; XXH3 treats the last one as it does a block's type byte.
  const computed =
    ((blockChecksum(checksum, copy, 0, FOOTER_BYTES - 1) ?? 0) + contextModifier(contextBase, offset)) >>> 0;
  if (computed !== stored) throw corrupt('checksum of the footer does not match', { offset });
  if (readU64(tail, part + 32) !== 0)
    throw corrupt('reserved bytes of the footer are not zero', { offset: offset + 33 });
  const metaindex = { offset: offset - TRAILER_BYTES - size, size };
  if (metaindex.offset < 0) throw corrupt(`metaindex of ${size} bytes does not fit before the footer`, { offset });
  return { formatVersion, checksum, metaindex, index: null, contextBase, offset };
}
