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
  /** Seconds from the first call of `write` to the end of the last. */
  readonly seconds: number;
}

/**
 * Hands `count` entries to `write`, up to `BATCH` at a time: decimal keys in random order, of which some come
 * again, and values that compress to half. All of them are made before the clock starts, and it runs without a pause:
 * an engine that works in threads of its own has no time but that which is counted.
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
  const digits = Buffer.alloc(count * KEY_BYTES);
  const picked = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    let rest = next() % count;
    for (let at = (i + 1) * KEY_BYTES - 1; at >= i * KEY_BYTES; at--) {
      digits[at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    picked[i] = next() % VALUES;
  }
  const size = Math.min(BATCH, count);
  const keys = Array.from({ length: size }, () => Buffer.alloc(KEY_BYTES));
  const values: Buffer[] = new Array<Buffer>(size);
  const started = performance.now();
  for (let done = 0; done < count; done += size) {
    const n = Math.min(size, count - done);
    for (let i = 0; i < n; i++) {
      const key = keys[i] as Buffer;
      const from = (done + i) * KEY_BYTES;
      for (let b = 0; b < KEY_BYTES; b++) key[b] = digits[from + b] as number;
      values[i] = pool[picked[done + i] as number] as Buffer;
    }
    const pending = write(n < size ? keys.slice(0, n) : keys, values);
    if (pending !== undefined) await pending;
  }
  return { count, seconds: (performance.now() - started) / 1000 };
}
