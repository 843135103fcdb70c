/**
 * The axis of keys: boundary keys of a whole history, each followed by a step that reaches to the next one. Pure.
 *
 * A key that bounds a table of a deeper level is followed by a whole step. Tables of L0 begin and end wherever their
 * writes did, so that their keys crowd at both ends of a family: those of a table that spreads over others get a part
 * of a step, or a few deep tables at the ends would fill the map. Narrow ones, as of keys that grow, get whole steps.
 *
 * A key that came after the others were numbered has a position that is no whole number; it gets a step as all others
 * do, or tables that were made last would be too narrow to be seen.
 */
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { PositionRange } from './mapLayout.ts';

/** What is asked of a history. */
type Lives = Pick<Timeline, 'lives' | 'level' | 'smallest' | 'largest'>;

/** Length of a step behind a key that bounds nothing but wide tables of L0. */
export const LIGHT_STEP = 1 / 8;
/** Keys of deeper tables within one of L0 that make it a wide one. */
const WIDE_KEYS = 2;
/** What a key bounds: wide tables of L0, or others. */
const OTHERS = 1;
const WIDE = 2;

export class KeySteps {
  /** Length of all steps. */
  total = 1;

  /** Lives that were looked at for late keys, and those that the steps were measured with. */
  #known = 0;
  #measured = 0;
  #first = 0;
  #last = -1;
  /** Positions that are no whole numbers, in order. */
  #late = new Float64Array(0);
  /** By step: 1 if it is a whole one. */
  #whole: Uint8Array = new Uint8Array(0);
  /** By step: where it begins; at last where all of them end. */
  #edges = Float64Array.of(0, 1);

  clear(): void {
    this.#known = 0;
    this.#measured = 0;
    this.#first = 0;
    this.#last = -1;
    this.#late = new Float64Array(0);
    this.#whole = new Uint8Array(0);
  }

  /**
   * Takes in the lives that have come. True if keys that were there before stand elsewhere now. While the history is
   * `loading`, steps are measured again only when it has doubled: each time looks at all of its lives.
   */
  learn(t: Lives, { firstPosition, lastPosition }: PositionRange, loading = false): boolean {
    let anew = this.#known === 0 || this.#first !== firstPosition || this.#last !== lastPosition;
    const late: number[] = [];
    for (let life = this.#known; life < t.lives; life++) {
      const [smallest, largest] = [t.smallest[life] as number, t.largest[life] as number];
      if (smallest !== Math.floor(smallest) && !Number.isNaN(smallest)) late.push(smallest);
      if (largest !== Math.floor(largest) && !Number.isNaN(largest)) late.push(largest);
    }
    if (late.length > 0) {
      this.#late = Float64Array.from(new Set([...this.#late, ...late])).sort();
      anew = true;
    }
    this.#first = firstPosition;
    this.#last = lastPosition;
    this.#known = t.lives;
    const come = t.lives - this.#measured;
    if (!anew && (come === 0 || (loading && come < this.#measured))) return false;
    this.#measured = t.lives;
    return this.#measure(this.#wholeSteps(t)) || anew;
  }

  /** Length of the steps before a position, and of a part of its own where it is between two keys. */
  before(position: number): number {
    return this.#lengthOf(this.#indexOf(position));
  }

  /** Where the step of a position ends. */
  after(position: number): number {
    return this.#lengthOf(this.#indexOf(position) + 1);
  }

  /** The position of the key whose step is at this length of the axis. */
  boundaryAt(length: number): number {
    const edges = this.#edges;
    const steps = this.#whole.length;
    let low = 0;
    let high = steps;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((edges[middle] as number) <= length) low = middle;
      else high = middle - 1;
    }
    const beyond = length < 0 ? Math.floor(length) : length >= this.total ? Math.floor(length - this.total) : 0;
    return this.#positionOf(low + beyond);
  }

  #wholeSteps(t: Lives): Uint8Array {
    const bounds = new Uint8Array(Math.max(1, Math.round(this.#indexOf(this.#last)) + 1));
    const mark = (position: number, as: number): void => {
      const step = this.#indexOf(position);
      if (step < bounds.length) bounds[step] = (bounds[step] as number) | as;
    };
    for (let life = 0; life < t.lives; life++) {
      if (t.level[life] === 0) continue;
      mark(t.smallest[life] as number, OTHERS);
      mark(t.largest[life] as number, OTHERS);
    }
    const before = new Uint32Array(bounds.length + 1);
    for (let step = 0; step < bounds.length; step++) {
      before[step + 1] = (before[step] as number) + (bounds[step] as number);
    }
    for (let life = 0; life < t.lives; life++) {
      if (t.level[life] !== 0) continue;
      const [smallest, largest] = [t.smallest[life] as number, t.largest[life] as number];
      const within = (before[this.#indexOf(largest) + 1] as number) - (before[this.#indexOf(smallest)] as number);
      const as = within >= WIDE_KEYS ? WIDE : OTHERS;
      mark(smallest, as);
      mark(largest, as);
    }
    return bounds.map((is) => (is === WIDE ? 0 : 1));
  }

  /** True if steps are not as they were. */
  #measure(whole: Uint8Array): boolean {
    const same = whole.length === this.#whole.length && whole.every((is, step) => is === this.#whole[step]);
    if (same) return false;
    this.#whole = whole;
    const edges = new Float64Array(whole.length + 1);
    let length = 0;
    for (let step = 0; step < whole.length; step++) {
      length += whole[step] === 1 ? 1 : LIGHT_STEP;
      edges[step + 1] = length;
    }
    this.#edges = edges;
    this.total = length;
    return true;
  }

  /** Length up to a step, or into one; outside of the axis steps are whole ones. */
  #lengthOf(index: number): number {
    const steps = this.#whole.length;
    if (index <= 0) return index;
    if (index >= steps) return this.total + index - steps;
    const step = Math.floor(index);
    const from = this.#edges[step] as number;
    return from + (index - step) * ((this.#edges[step + 1] as number) - from);
  }

  /** Which step is a position's, from the first one's on; in between two keys, with a part of the step. */
  #indexOf(position: number): number {
    return this.#countOf(position) - this.#countOf(this.#first);
  }

  /** Boundary keys up to `position`, counted from position 0. */
  #countOf(position: number): number {
    const late = this.#late;
    if (late.length === 0) return position;
    let low = 0;
    let high = late.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((late[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    const whole = Math.floor(position);
    const from = low > 0 ? Math.max(whole, late[low - 1] as number) : whole;
    const to = low < late.length ? Math.min(whole + 1, late[low] as number) : whole + 1;
    return whole + low + (position - from) / (to - from);
  }

  #positionOf(index: number): number {
    const step = index + this.#countOf(this.#first);
    const late = this.#late;
    let low = 0;
    let high = late.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Math.floor(late[middle] as number) + 1 + middle <= step) low = middle + 1;
      else high = middle;
    }
    const before = low > 0 ? (late[low - 1] as number) : Number.NaN;
    return Math.floor(before) + low === step ? before : step - low;
  }
}
