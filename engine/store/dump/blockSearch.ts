/**
 * Blocks of a table whose index or footer is lost: each begins where the one before ends, and its checksum
 * tells where that is (rocksdb-leveldb.md §6, "Block trailer" and "Context modifier").
 */
import { readU32 } from '../../base/bytes.ts';
import { blockChecksum, blockIsIntact, ChecksumType, TRAILER_BYTES } from '../../formats/block/checksum.ts';
import type { Footer } from '../../formats/block/footer.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';

/** Largest block that is searched for, with its trailer. */
export const SEARCH_BYTES = 128 << 10;
/** While the context is not known, blocks of the default size are looked for. */
const CONTEXT_SEARCH_BYTES = 16 << 10;
/** Only a few bytes name a codec, which spares most checksums. */
const CODEC_LAST = 7;
/** By how much more than double a neighbour of a small block may be longer. */
const ALIKE_BYTES = 256;
/** Bytes checksummed in one search, so that no file can hold it up. */
const BUDGET = 512 << 20;

type Layout = Pick<Footer, 'checksum' | 'contextBase'>;

/** Size of the block at b[start], which stands at `offset` in the file and ends before b[end]; -1 if none does. */
export function blockSize(layout: Layout, b: Uint8Array, start: number, end: number, offset: number): number {
  let budget = BUDGET;
  for (let size = 1; start + size + TRAILER_BYTES <= end && budget > 0; size++) {
    if ((b[start + size] as number) > CODEC_LAST) continue;
    budget -= size;
    if (blockIsIntact(layout.checksum, layout.contextBase, offset, b, start, size)) return size;
  }
  return -1;
}

/** A footer in place of the lost one, as the first blocks show it to have been; undefined if they do not. */
export function guessFooter(file: FileHandle): Footer | undefined {
  const bytes = file.size();
  const b = new Uint8Array(Math.min(bytes, SEARCH_BYTES));
  const n = file.readAt(b, 0);
  const rest = { metaindex: { offset: bytes, size: 0 }, index: null, offset: bytes };
  for (const checksum of [ChecksumType.crc32c, ChecksumType.xxh3]) {
    if (blockSize({ checksum, contextBase: 0 }, b, 0, n, 0) < 0) continue;
    const leveldb = checksum === ChecksumType.crc32c && baseName(file.path).endsWith('.ldb');
    return { ...rest, formatVersion: leveldb ? 0 : 5, checksum, contextBase: 0 };
  }
  for (const checksum of [ChecksumType.xxh3, ChecksumType.crc32c]) {
    const contextBase = guessContext(b, Math.min(n, CONTEXT_SEARCH_BYTES), checksum);
    if (contextBase !== undefined) return { ...rest, formatVersion: 6, checksum, contextBase };
  }
  return undefined;
}

/**
 * The context base of format_version 6: at offset 0 it is the difference between the stored checksum and the
 * computed one. Any size of the first block gives some; the right one makes the second block fit too.
 */
function guessContext(b: Uint8Array, n: number, checksum: number): number | undefined {
  let budget = BUDGET;
  for (let size = 1; size + TRAILER_BYTES < n && budget > 0; size++) {
    if ((b[size] as number) > CODEC_LAST) continue;
    const computed = blockChecksum(checksum, b, 0, size) ?? 0;
    const contextBase = (readU32(b, size + 1) - computed) >>> 0;
    const second = size + TRAILER_BYTES;
    // Blocks are cut at one raw size, so that neighbours are alike; to try every size would take too long.
    const longest = Math.min(n - second - TRAILER_BYTES, 2 * size + ALIKE_BYTES);
    for (let next = Math.max(1, size >> 1); next <= longest && budget > 0; next++) {
      if ((b[second + next] as number) > CODEC_LAST) continue;
      budget -= next;
      if (blockIsIntact(checksum, contextBase, second, b, second, next)) return contextBase;
    }
  }
  return undefined;
}
