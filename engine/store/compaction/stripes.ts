/**
 * Live snapshots cut the sequence numbers into stripes: two versions in one stripe are seen by exactly
 * the same readers, so the newer one hides the older one for good.
 */
import { MAX_SEQUENCE } from '../../iter/cursor.ts';

export class Stripes {
  /** Sequence numbers that somebody may read at: the snapshots, ascending, and the tip. */
  readonly limits: readonly number[];
  /** No snapshot is alive: everything is one stripe. */
  readonly single: boolean;
  /** Versions up to here are seen by every reader that sees anything newer of the key. */
  readonly oldest: number;

  /** `snapshots`: live ones, in any order. */
  constructor(snapshots: readonly number[]) {
    const ascending = [...new Set(snapshots)].sort((a, b) => a - b);
    this.limits = [...ascending, MAX_SEQUENCE];
    this.single = ascending.length === 0;
    this.oldest = this.limits[0] as number;
  }

  /** The stripe of a version: the smallest limit that sees it. */
  of(sequence: number): number {
    const { limits } = this;
    if (this.single) return MAX_SEQUENCE;
    let low = 0;
    let high = limits.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((limits[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return limits[low] as number;
  }
}
