/** Block checksums (rocksdb-leveldb.md §6, "Block trailer" and "Context modifier"). */
import { readU32 } from '../../base/bytes.ts';
import { crc32c, mask } from '../../base/crc32c.ts';
import { xxh3Low, xxhash32, xxhash64Low } from '../../base/xxhash.ts';

export const ChecksumType = { none: 0, crc32c: 1, xxHash: 2, xxHash64: 3, xxh3: 4 } as const;

const NAMES: readonly string[] = ['none', 'crc32c', 'xxHash', 'xxHash64', 'XXH3'];

export function checksumName(type: number): string {
  return NAMES[type] ?? `unknown checksum ${type}`;
}

/** Bytes after each block: compression type and checksum. */
export const TRAILER_BYTES = 5;

/** What format_version 6 adds to every checksum, from the block's offset in the file. */
export function contextModifier(base: number, offset: number): number {
  if (base === 0) return 0;
  return (base ^ ((offset >>> 0) + Math.floor(offset / 0x1_0000_0000))) >>> 0;
}

/**
 * Checksum of `size` bytes at `start` followed by their compression type byte, as it is stored for
 * a block without context; undefined for a type that is not known.
 */
export function blockChecksum(type: number, b: Uint8Array, start: number, size: number): number | undefined {
  switch (type) {
    case ChecksumType.none:
      return 0;
    case ChecksumType.crc32c:
      return mask(crc32c(b, start, start + size + 1));
    case ChecksumType.xxHash:
      return xxhash32(b, start, start + size + 1);
    case ChecksumType.xxHash64:
      return xxhash64Low(b, start, start + size + 1);
    case ChecksumType.xxh3: {
      const last = b[start + size] as number;
      return (xxh3Low(b, start, start + size) ^ Math.imul(last, 0x6b9083d9)) >>> 0;
    }
    default:
      return undefined;
  }
}

/** Whether the block of `size` bytes at `b[start]`, followed by its trailer, is what was written. */
export function blockIsIntact(
  type: number,
  contextBase: number,
  offset: number,
  b: Uint8Array,
  start: number,
  size: number,
): boolean {
  const computed = blockChecksum(type, b, start, size);
  if (computed === undefined) return false;
  const stored = readU32(b, start + size + 1);
  return (computed + contextModifier(contextBase, offset)) >>> 0 === stored;
}
