/**
 * Hashes of keys, as filters and the data-block hash index use them (rocksdb-leveldb.md §7).
 */
import { readU32 } from './bytes.ts';
import { XXPH3 } from './xxh3Kernel.ts';

/** Unsigned halves of the last `xxph3`. */
export const xxph3Result = { lo: 0, hi: 0 };

/** XXPH3-64, seed 0, of buf[start, end), into `xxph3Result`. */
export function xxph3(buf: Uint8Array, start: number, end: number): void {
  xxph3Result.lo = XXPH3.hash(buf, start, end);
  xxph3Result.hi = XXPH3.high();
}

/** Seed of the Bloom filters' Hash32. */
export const BLOOM_SEED = 0xbc9f1d34;
/** Seed of the data-block hash index. */
export const HASH_INDEX_SEED = 397;

const M = 0xc6a4a793;

/** Hash32 with tail bytes taken as signed if `signed`. */
function hash32(buf: Uint8Array, start: number, end: number, seed: number, signed: boolean): number {
  let h = seed ^ Math.imul(end - start, M);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    h = Math.imul((h + readU32(buf, at)) | 0, M);
    h ^= h >>> 16;
  }
  const rest = end - at;
  if (rest === 0) return h >>> 0;
  for (let i = rest - 1; i >= 0; i--) {
    const byte = buf[at + i] as number;
    h = (h + ((signed ? (byte << 24) >> 24 : byte) << (8 * i))) | 0;
  }
  h = Math.imul(h, M);
  return (h ^ (h >>> 24)) >>> 0;
}

/** RocksDB's Hash32: the up to three bytes after the last whole word are sign-extended. */
export function hash32Rocks(buf: Uint8Array, start: number, end: number, seed: number): number {
  return hash32(buf, start, end, seed, true);
}

/** LevelDB's Hash32: bytes are unsigned. */
export function hash32Level(buf: Uint8Array, start: number, end: number, seed: number): number {
  return hash32(buf, start, end, seed, false);
}
