/**
 * The block checksums of the xxHash family, seed 0 (rocksdb-leveldb.md §6: checksum types 2, 3, 4),
 * each as an unsigned 32-bit number: the 64-bit ones are stored by their low half.
 */
import { XXH3, XXH32, XXH64 } from './xxh3Kernel.ts';

/** XXH32 of buf[start, end). */
export function xxhash32(buf: Uint8Array, start: number, end: number): number {
  return XXH32.hash(buf, start, end);
}

/** Low 32 bits of XXH64. */
export function xxhash64Low(buf: Uint8Array, start: number, end: number): number {
  return XXH64.hash(buf, start, end);
}

/** Low 32 bits of the final XXH3-64. The block checksum also mixes in the type byte: see §6, trailer. */
export function xxh3Low(buf: Uint8Array, start: number, end: number): number {
  return XXH3.hash(buf, start, end);
}
