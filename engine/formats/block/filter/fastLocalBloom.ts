/**
 * RocksDB's Bloom filter since format_version 5 (rocksdb-leveldb.md §7): lines of 64 bytes; one half of
 * the key's hash chooses the line, the other half, multiplied on, the bits.
 */
import { xxph3, xxph3Result } from '../../../base/xxph3.ts';
import type { FilterReader, FilterShape } from './filter.ts';
import { mulHigh32 } from './wide.ts';

const STEP = 0x9e3779b9;

export class FastLocalBloom implements FilterReader {
  static readonly lineBytes = 64;
  readonly kind: string;
  readonly shape: FilterShape;
  readonly #bytes: Uint8Array;
  readonly #lines: number;
  readonly #probes: number;

  /** The lines are bytes[0, length). */
  constructor(kind: string, bytes: Uint8Array, length: number, probes: number) {
    this.kind = kind;
    this.#bytes = bytes;
    this.#lines = Math.floor(length / FastLocalBloom.lineBytes);
    this.#probes = probes;
    const lineBits = 8 * FastLocalBloom.lineBytes;
    this.shape = { scheme: 'blocked-bloom', bits: this.#lines * lineBits, probes, lineBits };
  }

  mayContain(buf: Uint8Array, start: number, end: number): boolean {
    xxph3(buf, start, end);
    const line = mulHigh32(xxph3Result.lo, this.#lines) * FastLocalBloom.lineBytes;
    let h = xxph3Result.hi | 0;
    for (let i = 0; i < this.#probes; i++) {
      const bit = h >>> 23;
      if (((this.#bytes[line + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
      h = Math.imul(h, STEP);
    }
    return true;
  }
}
