/**
 * LevelDB's filter block, written: one Bloom filter for the keys of the data blocks that start within
 * each 2 KiB of the file (rocksdb-leveldb.md §7).
 */
import { writeU32 } from '../../../base/bytes.ts';

const BASE_LOG = 11;
const BITS_MIN = 64;

export class LeveldbFilterBuilder {
  /** Keys added. */
  keys = 0;
  readonly #bitsPerKey: number;
  readonly #probes: number;
  /** Hashes of the keys since the last filter was made. */
  #hashes: Uint32Array = new Uint32Array(256);
  #pending = 0;
  #filters: Uint8Array = new Uint8Array(4096);
  #length = 0;
  readonly #offsets: number[] = [];

  constructor(bitsPerKey: number) {
    this.#bitsPerKey = Math.max(1, Math.floor(bitsPerKey));
    this.#probes = Math.min(30, Math.max(1, Math.floor(this.#bitsPerKey * 0.69)));
  }

  get size(): number {
    return this.#length + this.#offsets.length * 4 + this.#pending * 2 + 5;
  }

  /** A data block begins at `offset` of the file; the keys that follow are its. */
  startBlock(offset: number): void {
    const index = Math.floor(offset / 2 ** BASE_LOG);
    while (index > this.#offsets.length) this.#makeFilter();
  }

  /** Adds user keys by their Hash32 (seed `BLOOM_SEED`); copies them. */
  addHashes(hashes: Uint32Array): void {
    const wanted = this.#pending + hashes.length;
    if (wanted > this.#hashes.length) {
      const larger = new Uint32Array(2 * wanted);
      larger.set(this.#hashes.subarray(0, this.#pending));
      this.#hashes = larger;
    }
    this.#hashes.set(hashes, this.#pending);
    this.#pending = wanted;
    this.keys += hashes.length;
  }

  /** The filter block, without trailer. */
  finish(): Uint8Array {
    if (this.#pending > 0) this.#makeFilter();
    const out = new Uint8Array(this.#length + 4 * this.#offsets.length + 5);
    out.set(this.#filters.subarray(0, this.#length));
    let at = this.#length;
    for (const offset of this.#offsets) {
      writeU32(out, at, offset);
      at += 4;
    }
    writeU32(out, at, this.#length);
    out[at + 4] = BASE_LOG;
    return out;
  }

  #makeFilter(): void {
    this.#offsets.push(this.#length);
    if (this.#pending === 0) return;
    const bytes = Math.ceil(Math.max(BITS_MIN, this.#pending * this.#bitsPerKey) / 8);
    const bits = bytes * 8;
    this.#reserve(bytes + 1);
    const from = this.#length;
    const b = this.#filters;
    b.fill(0, from, from + bytes);
    // Unsigned numbers throughout: a remainder of doubles is many times as slow.
    const divisor = bits >>> 0;
    const probes = this.#probes;
    const hashes = this.#hashes;
    for (let k = 0; k < this.#pending; k++) {
      let h = hashes[k] as number;
      const delta = (h >>> 17) | (h << 15);
      for (let i = 0; i < probes; i++) {
        const bit = (h >>> 0) % divisor;
        const at = from + (bit >>> 3);
        b[at] = (b[at] as number) | (1 << (bit & 7));
        h = (h + delta) >>> 0;
      }
    }
    b[from + bytes] = this.#probes;
    this.#length = from + bytes + 1;
    this.#pending = 0;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#filters.length) return;
    const larger = new Uint8Array(2 * this.#filters.length + more);
    larger.set(this.#filters.subarray(0, this.#length));
    this.#filters = larger;
  }
}
