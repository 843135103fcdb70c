/**
 * RocksDB's Bloom filter of tables below format_version 5 (rocksdb-leveldb.md §7): all probes of a key
 * fall into one cache line of the machine that wrote it.
 */
import { BLOOM_SEED, hash32Rocks } from '../../../base/xxph3.ts';
import type { FilterReader, FilterShape } from './filter.ts';

export class LegacyBloom implements FilterReader {
  readonly kind: string;
  readonly shape: FilterShape;
  readonly #bytes: Uint8Array;
  readonly #probes: number;
  readonly #lines: number;
  readonly #lineBytes: number;

  /** `lines` lines of `lineBytes` (a power of two) at bytes[0]. */
  constructor(kind: string, bytes: Uint8Array, probes: number, lines: number, lineBytes: number) {
    this.kind = kind;
    this.#bytes = bytes;
    this.#probes = probes;
    this.#lines = lines;
    this.#lineBytes = lineBytes;
    this.shape = { scheme: 'blocked-bloom', bits: lines * lineBytes * 8, probes, lineBits: lineBytes * 8 };
  }

  mayContain(buf: Uint8Array, start: number, end: number): boolean {
    let h = hash32Rocks(buf, start, end, BLOOM_SEED);
    const delta = (h >>> 17) | (h << 15);
    const line = (h % this.#lines) * this.#lineBytes;
    const mask = this.#lineBytes * 8 - 1;
    for (let i = 0; i < this.#probes; i++) {
      const bit = h & mask;
      if (((this.#bytes[line + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
      h = (h + delta) | 0;
    }
    return true;
  }
}
