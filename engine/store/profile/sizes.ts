/** Sizes counted by power of two: nothing is allocated for a size. */
import type { SizeHistogram } from '../../model/tableProfile.ts';

const BUCKETS = 33;

export class SizeTally {
  readonly #counts = new Float64Array(BUCKETS);
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #total = 0;

  /** `bytes` is below 2^32. */
  add(bytes: number): void {
    const bucket = 32 - Math.clz32(bytes);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total += bytes;
    if (bytes < this.#min) this.#min = bytes;
    if (bytes > this.#max) this.#max = bytes;
  }

  /** Up to the last bucket that is not empty. */
  histogram(): SizeHistogram {
    let n = 0;
    let used = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const count = this.#counts[i] as number;
      n += count;
      if (count > 0) used = i + 1;
    }
    return {
      counts: Array.from(this.#counts.subarray(0, used)),
      min: n === 0 ? 0 : this.#min,
      max: this.#max,
      mean: n === 0 ? 0 : this.#total / n,
      total: this.#total,
    };
  }
}
