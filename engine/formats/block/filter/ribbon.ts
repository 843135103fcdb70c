/**
 * RocksDB's Ribbon128 filter (rocksdb-leveldb.md §7).
 *
 * The filter is the solution of a linear system over GF(2), stored by columns: a block of 128 rows
 * holds one 128-bit segment per result bit. A key's hash gives a first row, 128 coefficients for the
 * rows from there on, and an expected result; the key may be in if, for every result bit, the parity
 * of the coefficients' rows is that bit. The 128 rows usually straddle two blocks.
 */
import { readU32 } from '../../../base/bytes.ts';
import { xxph3, xxph3Result } from '../../../base/xxph3.ts';
import type { FilterReader, FilterShape } from './filter.ts';
import { mul64High, mulHigh32 } from './wide.ts';

const ROWS = 128;
const SEGMENT_BYTES = 16;
const MAX_RESULT_BITS = 32;

/** raw = low32(t), where t = seed × 0xc78219a23eeadd03 and t ^= (t & 0xf0f0…) >> 4. */
function rawSeed(ordinal: number): number {
  const t = Math.imul(ordinal, 0x3eeadd03);
  return (t ^ ((t & 0xf0f0f0f0) >>> 4)) >>> 0;
}

export class Ribbon implements FilterReader {
  readonly kind: string;
  readonly shape: FilterShape;
  readonly #bytes: Uint8Array;
  readonly #seed: number;
  /** First rows that a key can have: 1 … 128 × blocks − 127. */
  readonly #starts: number;
  /** Result bits of a block; of the first `#fewer` blocks, one less. */
  readonly #bits: number;
  readonly #fewer: number;
  /** The coefficients, shifted to their place in two blocks: 256 bits, lowest word first. */
  readonly #words = new Int32Array(8);

  /** `blocks` blocks (at least 2) share the segments of bytes[0, length). */
  constructor(policy: string, bytes: Uint8Array, length: number, seed: number, blocks: number) {
    const segments = Math.floor(length / SEGMENT_BYTES);
    const bits = Math.ceil(segments / blocks);
    this.#bytes = bytes;
    this.#seed = rawSeed(seed);
    this.#starts = blocks * ROWS - (ROWS - 1);
    this.#bits = Math.min(bits, MAX_RESULT_BITS);
    this.#fewer = bits > MAX_RESULT_BITS ? 0 : bits * blocks - segments;
    const share = this.#fewer / blocks;
    this.shape = {
      scheme: 'ribbon',
      bits: segments * ROWS,
      probes: null,
      chance: share * 2 ** (1 - this.#bits) + (1 - share) * 2 ** -this.#bits,
    };
    this.kind = `${policy}: Ribbon128, ${(Math.min(segments / blocks, MAX_RESULT_BITS)).toFixed(1)} bits of result`;
  }

  mayContain(buf: Uint8Array, start: number, end: number): boolean {
    xxph3(buf, start, end);
    const xLo = (xxph3Result.lo ^ this.#seed) >>> 0;
    const gHi = mul64High(xxph3Result.hi, xLo, 0x6193d459, 0x236a3a0d);
    const gLo = Math.imul(xLo, 0x236a3a0d) >>> 0;
    // g × starts, of which the bits from 64 on are the first row.
    const middle = (Math.imul(gHi, this.#starts) >>> 0) + mulHigh32(gLo, this.#starts);
    const row = mulHigh32(gHi, this.#starts) + (middle > 0xffff_ffff ? 1 : 0);
    const aHi = mul64High(gHi, gLo, 0xc28f8282, 0x2b650bed);
    const aLo = Math.imul(gLo, 0x2b650bed);

    const block = row >>> 7;
    const bits = this.#bits - (block < this.#fewer ? 1 : 0);
    const segment = block * this.#bits - Math.min(block, this.#fewer);
    this.#shift((aLo ^ 0x6e52731d) | 1, aHi ^ 0xc367844a, aLo, aHi, row & (ROWS - 1));
    const two = (row & (ROWS - 1)) !== 0;
    for (let i = 0; i < bits; i++) {
      let sum = this.#masked(segment + i, 0);
      if (two) sum ^= this.#masked(segment + bits + i, 4);
      sum ^= sum >>> 16;
      sum ^= sum >>> 8;
      sum ^= sum >>> 4;
      const parity = (0x6996 >>> (sum & 15)) & 1;
      // Bit i of the byte-reversed high half of a.
      const expected = (aHi >>> (24 - (i & ~7) + (i & 7))) & 1;
      if (parity !== expected) return false;
    }
    return true;
  }

  /** `#words` = the 128-bit number (c3, c2, c1, c0) << by. */
  #shift(c0: number, c1: number, c2: number, c3: number, by: number): void {
    const words = this.#words;
    const at = by >>> 5;
    const bits = by & 31;
    words.fill(0);
    words[at] = c0 << bits;
    if (bits === 0) {
      words[at + 1] = c1;
      words[at + 2] = c2;
      words[at + 3] = c3;
    } else {
      words[at + 1] = (c1 << bits) | (c0 >>> (32 - bits));
      words[at + 2] = (c2 << bits) | (c1 >>> (32 - bits));
      words[at + 3] = (c3 << bits) | (c2 >>> (32 - bits));
      words[at + 4] = c3 >>> (32 - bits);
    }
  }

  /** The segment's words under those of `#words` from `first` on, folded into one word of the same parity. */
  #masked(segment: number, first: number): number {
    const at = segment * SEGMENT_BYTES;
    const words = this.#words;
    return (
      (readU32(this.#bytes, at) & (words[first] as number)) ^
      (readU32(this.#bytes, at + 4) & (words[first + 1] as number)) ^
      (readU32(this.#bytes, at + 8) & (words[first + 2] as number)) ^
      (readU32(this.#bytes, at + 12) & (words[first + 3] as number))
    );
  }
}
