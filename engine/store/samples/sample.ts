/** What a built-in sample workload is: writes that are the same for the same seed, in batches. */
import { utf8 } from '../../base/bytes.ts';
import type { Dialect } from '../../formats/leveldb/dialect.ts';

/** `value` undefined: a deletion, of the keys before `until` too where that is told (RocksDB). */
export interface SampleWrite {
  /** 0 is the default family, 1 the first of `Sample.families`. */
  readonly family?: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly until?: Uint8Array;
}

export interface Sample {
  readonly name: string;
  /** One line for a person who picks one. */
  readonly summary: string;
  readonly formats: readonly Dialect['id'][];
  /** Options of the default family that differ from those of other created stores (RocksDB). */
  readonly options: Readonly<Record<string, string>>;
  /** Column families beside the default one; RocksDB only. */
  readonly families?: readonly { readonly name: string; readonly options: Readonly<Record<string, string>> }[];
  /** What is in the log at the end stays there, as in a store that was just closed. */
  readonly keepsLog?: boolean;
  /** Bytes of a memtable at which it is flushed, small enough for a tree to grow. */
  readonly writeBufferBytes: number;
  /** About how many batches there are, for progress. */
  readonly batches: number;
  run(seed: number, format?: Dialect['id']): Generator<readonly SampleWrite[], void, void>;
}

/** Uniform random numbers from a seed: a 32-bit Weyl sequence with a mixing step behind it. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 0x1_0000_0000;
  }

  /** `n` hex digits. */
  digits(n: number): string {
    let s = '';
    while (s.length < n)
      s += Math.floor(this.unit() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    return s.slice(0, n);
  }

  bytes(n: number): Uint8Array {
    const b = new Uint8Array(n);
    for (let i = 0; i < n; i++) b[i] = this.unit() * 256;
    return b;
  }
}

export function put(key: string, value: string | Uint8Array): SampleWrite {
  return { key: utf8(key), value: typeof value === 'string' ? utf8(value) : value };
}

export function remove(key: string): SampleWrite {
  return { key: utf8(key), value: undefined };
}
