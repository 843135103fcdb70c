/**
 * Where each live table of a tree stands on the visualiser's map: pure, no DOM. The shapes and the questions
 * (which table is here, which one is next) are those of webview/map/layout.ts; a table is its life.
 *
 * Edges are fractions of the whole axis.
 * - Axis `keys`: boundary keys stand a step apart (keySteps.ts), and a table reaches from its smallest key to where
 *   the next one after its largest begins. Keys are those of the whole history, so a table keeps its place through
 *   time, and edges are computed once a life.
 * - Axis `bytes`: the tables of a level side by side in its order. One scale for all levels; the largest level
 *   fills the width.
 *
 * Levels that ever hold a table in this history have a row all the time, so that rows stay where they are while
 * a person scrubs. Arrays are used again by the next layout, and nothing is allocated per table.
 */
import type { Timeline, TreeAt } from '../../engine/model/timeline/timeline.ts';
import { type MapLayout, type MapRow, Skyline } from '../map/layout.ts';
import { KeySteps } from './keySteps.ts';
import type { Axis } from './state.ts';

/** Sublevels of L0 that get a row of their own; older ones share the lowest. */
export const L0_ROWS_MAX = 128;

/** What the layout needs of `TimelineInfo`. */
export interface PositionRange {
  readonly firstPosition: number;
  readonly lastPosition: number;
  /** Of the whole history; fewer have come while it is loading. */
  readonly events?: number;
}

const NOTHING: PositionRange = { firstPosition: 0, lastPosition: -1 };

export class TreeLayout implements MapLayout {
  axis: Axis = 'keys';
  rows: MapRow[] = [];
  /** By life. Of a life that is not live they are what they were when it was last laid out. */
  left = new Float64Array(0);
  right = new Float64Array(0);
  rowOf = new Int32Array(0);
  /** What the whole axis stands for: steps of boundary keys, or bytes. */
  extent = 1;
  /** Levels with a row, from the top. */
  levels: number[] = [];

  #timeline: Timeline | undefined;
  /** Lives whose levels are known, and those that were placed by their keys. */
  #known = 0;
  #placed = 0;
  #used = new Uint8Array(256);
  readonly #steps = new KeySteps();
  #placedAxis: Axis | undefined;

  readonly #skyline = new Skyline();
  #bounds = new Float64Array(0);
  #firstRank = new Uint32Array(0);
  #height = new Int32Array(0);
  #sorted = new Uint32Array(0);
  #rowLives = new Uint32Array(0);
  #counts = new Uint32Array(0);

  /** Where a position stands on the axis of keys, as a fraction. */
  fractionOf(position: number): number {
    return this.#steps.before(position) / this.#steps.total;
  }

  /** Where the step of a position ends. */
  fractionAfter(position: number): number {
    return this.#steps.after(position) / this.#steps.total;
  }

  /** The position of the boundary key whose step on the axis of keys a fraction is in. */
  boundaryAt(fraction: number): number {
    return this.#steps.boundaryAt(fraction * this.#steps.total);
  }

  /** Lays out `tree`. `alsoLevels` get a row even where they never held a table. */
  update(tree: TreeAt, axis: Axis, info: PositionRange = NOTHING, alsoLevels: readonly number[] = []): void {
    this.axis = axis;
    this.#learn(tree.timeline);
    if (axis === 'keys') this.#placeKeys(tree.timeline, info);
    else this.#placeBytes(tree);
    this.#placedAxis = axis;
    this.levels = [];
    for (let level = 0; level < 256; level++) {
      if (level === 0 || this.#used[level] === 1 || alsoLevels.includes(level)) this.levels.push(level);
    }
    this.rows = [];
    for (const level of this.levels) {
      const lives = tree.lives(level);
      if (level === 0 && axis === 'keys' && lives.length > 1) this.#addSublevels(tree.timeline, lives);
      else this.#addRow(level, 0, lives);
    }
  }

  #addRow(level: number, sublevel: number, lives: Uint32Array): void {
    const row = this.rows.length;
    for (let i = 0; i < lives.length; i++) this.rowOf[lives[i] as number] = row;
    this.rows.push({ level, sublevel, tables: lives });
  }

  /** Takes in lives that have come since the last time. */
  #learn(t: Timeline): void {
    if (this.#timeline !== t) {
      this.#timeline = t;
      this.#known = 0;
      this.#used.fill(0);
      this.#placedAxis = undefined;
      this.#steps.clear();
    }
    if (this.left.length < t.lives) {
      const length = Math.max(t.lives, 2 * this.left.length);
      const longer = <T extends Float64Array | Int32Array>(next: T, old: T): T => {
        next.set(old as never);
        return next;
      };
      this.left = longer(new Float64Array(length), this.left);
      this.right = longer(new Float64Array(length), this.right);
      this.rowOf = longer(new Int32Array(length), this.rowOf);
    }
    for (let life = this.#known; life < t.lives; life++) this.#used[t.level[life] as number] = 1;
    this.#known = t.lives;
  }

  #placeKeys(t: Timeline, info: PositionRange): void {
    const range = info.lastPosition >= info.firstPosition ? info : NOTHING;
    const moved = this.#steps.learn(t, range, t.events < (info.events ?? 0));
    const steps = this.#steps;
    const { total } = steps;
    const { left, right } = this;
    this.extent = total;
    for (let life = moved || this.#placedAxis !== 'keys' ? 0 : this.#placed; life < t.lives; life++) {
      left[life] = steps.before(t.smallest[life] as number) / total;
      right[life] = steps.after(t.largest[life] as number) / total;
    }
    this.#placed = t.lives;
  }

  #placeBytes(tree: TreeAt): void {
    const t = tree.timeline;
    let largest = 1;
    for (let level = 0; level < tree.levels; level++) {
      const lives = tree.lives(level);
      let sum = 0;
      for (let i = 0; i < lives.length; i++) sum += t.bytes[lives[i] as number] as number;
      if (sum > largest) largest = sum;
    }
    this.extent = largest;
    for (let level = 0; level < tree.levels; level++) {
      const lives = tree.lives(level);
      let at = 0;
      for (let i = 0; i < lives.length; i++) {
        const life = lives[i] as number;
        this.left[life] = at / largest;
        at += t.bytes[life] as number;
        this.right[life] = at / largest;
      }
    }
  }

  /** L0, newest on top: each table lies one above the highest older one that it overlaps. */
  #addSublevels(t: Timeline, lives: Uint32Array): void {
    const n = lives.length;
    this.#reserve(n);
    const bounds = this.#bounds.subarray(0, 2 * n);
    for (let i = 0; i < n; i++) {
      bounds[2 * i] = t.smallest[lives[i] as number] as number;
      bounds[2 * i + 1] = t.largest[lives[i] as number] as number;
    }
    bounds.sort();
    let ranks = 0;
    for (let i = 0; i < 2 * n; i++) {
      if (ranks === 0 || bounds[i] !== bounds[ranks - 1]) bounds[ranks++] = bounds[i] as number;
    }
    const height = this.#height;
    const firstRank = this.#firstRank;
    this.#skyline.reset(ranks);
    let top = 0;
    for (let i = n - 1; i >= 0; i--) {
      const life = lives[i] as number;
      const first = rankOf(bounds, ranks, t.smallest[life] as number);
      const last = rankOf(bounds, ranks, t.largest[life] as number);
      firstRank[i] = first;
      height[i] = this.#skyline.drop(first, Math.max(first, last));
      top = Math.max(top, height[i] as number);
    }
    const lowest = Math.max(0, top + 1 - L0_ROWS_MAX);
    this.#sortByRank(lives, ranks);
    // Rows from the top: sort once more, stably, by height.
    const counts = this.#counts;
    counts.fill(0, 0, top + 2);
    for (let i = 0; i < n; i++) {
      const row = top - Math.max(lowest, height[i] as number);
      counts[row + 1] = (counts[row + 1] as number) + 1;
    }
    for (let row = 0; row <= top; row++) counts[row + 1] = (counts[row + 1] as number) + (counts[row] as number);
    for (let k = 0; k < n; k++) {
      const i = this.#sorted[k] as number;
      const row = top - Math.max(lowest, height[i] as number);
      const at = counts[row] as number;
      this.#rowLives[at] = lives[i] as number;
      counts[row] = at + 1;
    }
    let from = 0;
    for (let row = 0; row <= top - lowest; row++) {
      const to = counts[row] as number;
      this.#addRow(0, top - lowest - row, this.#rowLives.subarray(from, to));
      from = to;
    }
  }

  /** `#sorted` gets the places of `lives` in the order of their left edges. */
  #sortByRank(lives: Uint32Array, ranks: number): void {
    const counts = this.#counts;
    counts.fill(0, 0, ranks + 1);
    for (let i = 0; i < lives.length; i++) {
      const rank = this.#firstRank[i] as number;
      counts[rank + 1] = (counts[rank + 1] as number) + 1;
    }
    for (let r = 0; r < ranks; r++) counts[r + 1] = (counts[r + 1] as number) + (counts[r] as number);
    for (let i = 0; i < lives.length; i++) {
      const rank = this.#firstRank[i] as number;
      const at = counts[rank] as number;
      this.#sorted[at] = i;
      counts[rank] = at + 1;
    }
  }

  #reserve(n: number): void {
    if (this.#height.length >= n) return;
    const length = 2 * n;
    this.#bounds = new Float64Array(2 * length);
    this.#firstRank = new Uint32Array(length);
    this.#height = new Int32Array(length);
    this.#sorted = new Uint32Array(length);
    this.#rowLives = new Uint32Array(length);
    this.#counts = new Uint32Array(2 * length + 2);
  }
}

/** Place of `value` among the first `count` of `sorted`. */
function rankOf(sorted: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The layout of `tree`; `into` is used again and handed back. */
export function layoutTree(
  tree: TreeAt,
  axis: Axis,
  info?: PositionRange,
  into: TreeLayout = new TreeLayout(),
): TreeLayout {
  into.update(tree, axis, info);
  return into;
}
