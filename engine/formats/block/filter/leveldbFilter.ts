/**
 * LevelDB's filter block: a Bloom filter per 2 KiB of the table file, found by the offset of the data
 * block (rocksdb-leveldb.md §7). Like all filters it answers "maybe" to what does not add up.
 */
import { readU32 } from '../../../base/bytes.ts';
import { BLOOM_SEED, hash32Level } from '../../../base/xxph3.ts';
import type { FilterShape } from './filter.ts';

/** Name of the policy in the metaindex, after `filter.`. */
export const LEVELDB_FILTER_POLICY = 'leveldb.BuiltinBloomFilter2';
const TAIL_BYTES = 5;
const MAX_PROBES = 30;

export class LeveldbFilter {
  /** What it is, for people. */
  readonly kind: string;
  readonly #block: Uint8Array;
  /** Where the array of filter offsets starts, its entries, and the file range per filter. */
  readonly #arrayAt: number;
  readonly #filters: number;
  readonly #rangeBytes: number;

  /** `block` is the whole filter block without its trailer; the reference is kept. */
  constructor(block: Uint8Array) {
    const tail = block.length - TAIL_BYTES;
    const arrayAt = tail < 0 ? 0 : readU32(block, tail);
    const sound = tail >= 0 && arrayAt <= tail;
    this.#block = block;
    this.#arrayAt = arrayAt;
    this.#filters = sound ? Math.floor((tail - arrayAt) / 4) : 0;
    this.#rangeBytes = 2 ** (sound ? (block[tail + 4] as number) : 0);
    this.kind = `${LEVELDB_FILTER_POLICY}: ${sound ? `Bloom per ${this.#rangeBytes} bytes` : 'damaged'}`;
  }

  /** Of all the filters of the block together. */
  get shape(): FilterShape {
    let bits = 0;
    let probes: number | null = null;
    for (let i = 0; i < this.#filters; i++) {
      const from = readU32(this.#block, this.#arrayAt + 4 * i);
      const to = readU32(this.#block, this.#arrayAt + 4 * i + 4);
      if (from > to || to > this.#arrayAt || to - from < 2) continue;
      bits += 8 * (to - from - 1);
      probes ??= this.#block[to - 1] as number;
    }
    return { scheme: 'bloom', bits, probes };
  }

  /** False only if the user key buf[start, end) is not in the data block at file offset `blockOffset`. */
  mayContain(blockOffset: number, buf: Uint8Array, start: number, end: number): boolean {
    const index = Math.floor(blockOffset / this.#rangeBytes);
    if (index >= this.#filters) return true;
    // The entry after the last one is the array's own offset.
    const from = readU32(this.#block, this.#arrayAt + 4 * index);
    const to = readU32(this.#block, this.#arrayAt + 4 * index + 4);
    if (from > to || to > this.#arrayAt) return true;
    return bloomMayContain(this.#block, from, to, buf, start, end);
  }
}

export function openLeveldbFilter(block: Uint8Array): LeveldbFilter {
  return new LeveldbFilter(block);
}

/** LevelDB's Bloom filter in block[from, to): bits, then a byte that holds the number of probes. */
function bloomMayContain(
  block: Uint8Array,
  from: number,
  to: number,
  key: Uint8Array,
  start: number,
  end: number,
): boolean {
  // Nothing was added.
  if (to - from < 2) return false;
  const probes = block[to - 1] as number;
  if (probes > MAX_PROBES) return true;
  // Unsigned 32-bit on both sides keeps the remainders below in integer arithmetic.
  const bits = ((to - 1 - from) * 8) >>> 0;
  let h = hash32Level(key, start, end, BLOOM_SEED);
  const delta = (h >>> 17) | (h << 15);
  for (let i = 0; i < probes; i++) {
    const bit = (h >>> 0) % bits;
    if (((block[from + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
    h = (h + delta) >>> 0;
  }
  return true;
}
