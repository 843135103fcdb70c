/** Where a walk reports what it could not read, so that it can go on with the rest. */
import { compareRanges } from '../base/bytes.ts';
import type { Problem } from '../base/errors.ts';
import type { KeyCompare } from './order.ts';

/** A key range of which something could not be read: after `from`, up to and including `to`. */
interface DamagedRange {
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

/** Problems kept of one walk; the count goes on. */
const KEPT_MAX = 1000;

export class DamageLog {
  readonly problems: Problem[] = [];
  readonly #ranges: DamagedRange[] = [];
  readonly #seen = new Set<string>();
  count = 0;
  /** Something that was asked for could not be read. */
  lost = false;

  /** Something is wrong, but no entry is out of reach because of it. */
  note(problem: Problem): boolean {
    const id = `${problem.path}@${problem.offset}:${problem.message}`;
    if (this.#seen.has(id)) return false;
    this.count++;
    if (this.problems.length >= KEPT_MAX) return false;
    this.#seen.add(id);
    this.problems.push(problem);
    return true;
  }

  /** Entries are lost: `from` and `to` are user keys around them; undefined is unbounded. */
  report(problem: Problem, from?: Uint8Array, to?: Uint8Array): void {
    this.lost = true;
    const known = this.#ranges.some((r) => r.from === from && r.to === to);
    this.note(problem);
    if (!known && this.#ranges.length < KEPT_MAX) this.#ranges.push({ from, to });
  }

  /**
   * Whether what was read for this key may be wrong because something newer could have stood in a
   * damaged place.
   */
  covers(b: Uint8Array, start: number, length: number, compare: KeyCompare = compareRanges): boolean {
    for (const r of this.#ranges) {
      if (r.from !== undefined && compare(b, start, length, r.from, 0, r.from.length) < 0) continue;
      if (r.to !== undefined && compare(b, start, length, r.to, 0, r.to.length) > 0) continue;
      return true;
    }
    return false;
  }
}
