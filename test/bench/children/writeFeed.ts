/** The entries of the write benchmarks, the same for every engine: 16-byte keys, 100-byte values. */

export const KEY_BYTES = 16;
const VALUE_BYTES = 100;
const VALUES = 8192;
/** Entries of one batch, or of one turn of single writes. */
export const BATCH = 1000;

/** xorshift32. Numbers in [0, 2^32). */
function dice(seed: number): () => number {
  let s = seed | 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s >>> 0;
  };
}

export interface Fed {
  readonly count: number;
  /** Seconds in `write` alone. */
  readonly seconds: number;
}

/**
 * Hands `count` entries to `write`, up to `BATCH` at a time: decimal keys in random order, of which some come
 * again, and values that compress to half. The buffers are filled anew for every call, and that is not timed.
 */
export async function feed(
  count: number,
  write: (keys: readonly Buffer[], values: readonly Buffer[]) => Promise<void> | void,
  seed = 20_261_122,
): Promise<Fed> {
  const next = dice(seed);
  const text = Buffer.alloc(VALUES * VALUE_BYTES);
  const pool: Buffer[] = [];
  for (let v = 0; v < VALUES; v++) {
    const value = text.subarray(v * VALUE_BYTES, (v + 1) * VALUE_BYTES);
    for (let i = 0; i < VALUE_BYTES / 2; i++) value[i] = 0x20 + (next() % 95);
    value.copy(value, VALUE_BYTES / 2, 0, VALUE_BYTES / 2);
    pool.push(value);
  }
  const size = Math.min(BATCH, count);
  const keys = Array.from({ length: size }, () => Buffer.alloc(KEY_BYTES));
  const values: Buffer[] = new Array<Buffer>(size);
  let milliseconds = 0;
  for (let done = 0; done < count; done += size) {
    const n = Math.min(size, count - done);
    for (let i = 0; i < n; i++) {
      let digits = next() % count;
      const key = keys[i] as Buffer;
      for (let at = KEY_BYTES - 1; at >= 0; at--) {
        key[at] = 0x30 + (digits % 10);
        digits = Math.floor(digits / 10);
      }
      values[i] = pool[next() % VALUES] as Buffer;
    }
    const before = performance.now();
    const pending = write(n < size ? keys.slice(0, n) : keys, values);
    if (pending !== undefined) await pending;
    milliseconds += performance.now() - before;
  }
  return { count, seconds: milliseconds / 1000 };
}
