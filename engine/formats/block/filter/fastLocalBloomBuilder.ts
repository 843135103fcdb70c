/**
 * RocksDB's full Bloom filters, written (rocksdb-leveldb.md §7): FastLocalBloom for tables from
 * format_version 5 on, the legacy Bloom filter, which older engines read too, below that.
 *
 * Hashes are gathered while the table is written, eight bytes a key; the size of the filter, and so
 * the place of every bit, is known only at the end.
 */
import { writeU32 } from '../../../base/bytes.ts';
import { BLOOM_SEED, hash32Rocks, xxph3, xxph3Result } from '../../../base/xxph3.ts';
import { FastLocalBloom } from './fastLocalBloom.ts';
import { mulHigh32 } from './wide.ts';

const METADATA_BYTES = 5;
const STEP = 0x9e3779b9;
const LINE = FastLocalBloom.lineBytes;

/** A filter over a whole table. */
export interface FullFilterBuilder {
  /** Keys added. */
  readonly keys: number;
  /** Adds the user key buf[start, end). Versions of one key, one behind the other, count once. */
  add(buf: Uint8Array, start: number, end: number): void;
  /** The filter block, without trailer. */
  finish(): Uint8Array;
  /** Bytes that the filter will take. */
  readonly size: number;
}

class HashList {
  values: Uint32Array = new Uint32Array(2048);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const larger = new Uint32Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = value;
  }
}

/** Probes by thousandths of a bit per key, as RocksDB chooses them. */
const PROBES: readonly (readonly [number, number])[] = [
  [2080, 1],
  [3580, 2],
  [5100, 3],
  [6640, 4],
  [8300, 5],
  [10070, 6],
  [11720, 7],
  [14001, 8],
  [16050, 9],
  [18300, 10],
  [22001, 11],
  [25501, 12],
];

function probesFor(millibits: number): number {
  for (const [most, probes] of PROBES) if (millibits <= most) return probes;
  return millibits > 50_000 ? 24 : Math.floor((millibits - 1) / 2000) - 1;
}

export class FastLocalBloomBuilder implements FullFilterBuilder {
  readonly #millibits: number;
  readonly #hashes = new HashList();

  constructor(bitsPerKey: number) {
    this.#millibits = Math.max(1000, Math.round(bitsPerKey * 1000));
  }

  get keys(): number {
    return this.#hashes.count / 2;
  }

  get size(): number {
    const raw = Math.ceil((this.keys * this.#millibits) / 8000);
    return Math.ceil(raw / LINE) * LINE + METADATA_BYTES;
  }

  add(buf: Uint8Array, start: number, end: number): void {
    xxph3(buf, start, end);
    const { lo, hi } = xxph3Result;
    const { values, count } = this.#hashes;
    if (count > 0 && values[count - 1] === hi && values[count - 2] === lo) return;
    this.#hashes.push(lo);
    this.#hashes.push(hi);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    const length = out.length - METADATA_BYTES;
    const lines = length / LINE;
    const { values, count } = this.#hashes;
    const probes = probesFor(this.#millibits);
    for (let k = 0; k < count; k += 2) {
      const line = mulHigh32(values[k] as number, lines) * LINE;
      let h = (values[k + 1] as number) | 0;
      for (let i = 0; i < probes; i++) {
        const bit = h >>> 23;
        const at = line + (bit >>> 3);
        out[at] = (out[at] as number) | (1 << (bit & 7));
        h = Math.imul(h, STEP);
      }
    }
    out[length] = 0xff;
    out[length + 1] = 0;
    out[length + 2] = probes;
    return out;
  }
}

export class LegacyBloomBuilder implements FullFilterBuilder {
  readonly #bitsPerKey: number;
  readonly #hashes = new HashList();

  constructor(bitsPerKey: number) {
    this.#bitsPerKey = Math.max(1, Math.floor(bitsPerKey));
  }

  get keys(): number {
    return this.#hashes.count;
  }

  /** Lines of 64 bytes; an odd number of them uses more bits of the hash. */
  get #lines(): number {
    return Math.ceil((this.keys * this.#bitsPerKey) / (8 * LINE)) | 1;
  }

  get size(): number {
    return (this.keys === 0 ? 0 : this.#lines * LINE) + METADATA_BYTES;
  }

  add(buf: Uint8Array, start: number, end: number): void {
    const hash = hash32Rocks(buf, start, end, BLOOM_SEED);
    const { values, count } = this.#hashes;
    if (count > 0 && values[count - 1] === hash) return;
    this.#hashes.push(hash);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    const length = out.length - METADATA_BYTES;
    const lines = length / LINE;
    const probes = Math.min(30, Math.max(1, Math.floor(this.#bitsPerKey * 0.69)));
    const { values, count } = this.#hashes;
    for (let k = 0; k < count; k++) {
      let h = values[k] as number;
      const delta = (h >>> 17) | (h << 15);
      const line = (h % lines) * LINE;
      for (let i = 0; i < probes; i++) {
        const bit = h & (8 * LINE - 1);
        const at = line + (bit >>> 3);
        out[at] = (out[at] as number) | (1 << (bit & 7));
        h = (h + delta) | 0;
      }
    }
    out[length] = probes;
    writeU32(out, length + 1, lines);
    return out;
  }
}
