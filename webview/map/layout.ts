/**
 * Where each table of a tree stands on the map: pure, no DOM.
 *
 * Horizontal positions are fractions, 0 at the left edge and 1 at the right.
 * - Axis `bytes`: the tables of a level stand side by side in their order; the scale is the same for
 *   all levels, and the largest level fills the width. Area is bytes.
 * - Axis `keys`: the distinct boundary keys of all tables are ranked, and a table reaches from the
 *   rank of its smallest key to just after that of its largest. Tables that stand above each other
 *   overlap in keys.
 *
 * On the key axis the tables of L0 overlap each other, so they are spread over sublevels: each one
 * lies one above the highest older table that it overlaps, which is what a read has to go through.
 */

export type Axis = 'bytes' | 'keys';

export interface MapTable {
  readonly level: number;
  readonly bytes: number;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export interface MapRow {
  readonly level: number;
  /** 0 is the oldest sublevel; always 0 below L0. */
  readonly sublevel: number;
  /** Indexes into the tables, by their left edges. */
  readonly tables: Int32Array;
}

export interface MapLayout {
  readonly axis: Axis;
  /** Top to bottom, newest first. */
  readonly rows: readonly MapRow[];
  /** Left and right edge of each table, as fractions. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  /** Row of each table. */
  readonly rowOf: Int32Array;
}

/** Sublevels that get a row of their own; older ones share the lowest. */
export const SUBLEVELS_MAX = 24;

export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** Rank of each table's smallest and largest key among the `count` distinct boundary keys. */
export function rankBounds(
  tables: readonly MapTable[],
  reverse: boolean,
): { readonly smallest: Int32Array; readonly largest: Int32Array; readonly count: number } {
  const n = tables.length;
  const order = Array.from({ length: 2 * n }, (_, i) => i);
  const keyOf = (i: number): Uint8Array => {
    const table = tables[i >> 1] as MapTable;
    return i % 2 === 0 ? table.smallest : table.largest;
  };
  const sign = reverse ? -1 : 1;
  order.sort((a, b) => sign * compareKeys(keyOf(a), keyOf(b)));
  const smallest = new Int32Array(n);
  const largest = new Int32Array(n);
  let rank = -1;
  let previous: Uint8Array | undefined;
  for (const i of order) {
    const key = keyOf(i);
    if (previous === undefined || compareKeys(previous, key) !== 0) rank++;
    previous = key;
    (i % 2 === 0 ? smallest : largest)[i >> 1] = rank;
  }
  return { smallest, largest, count: rank + 1 };
}

/** Heights over a line of `size` cells: highest in a range, and "raise a range to", both in log time. */
class Skyline {
  readonly #size: number;
  readonly #highest: Int32Array;
  readonly #raised: Int32Array;

  constructor(size: number) {
    this.#size = Math.max(1, size);
    this.#highest = new Int32Array(4 * this.#size).fill(-1);
    this.#raised = new Int32Array(4 * this.#size).fill(-1);
  }

  highest(from: number, to: number, node = 1, low = 0, high = this.#size - 1): number {
    if (to < low || high < from) return -1;
    if (from <= low && high <= to) return this.#highest[node] as number;
    const middle = (low + high) >> 1;
    return Math.max(
      this.#raised[node] as number,
      this.highest(from, to, 2 * node, low, middle),
      this.highest(from, to, 2 * node + 1, middle + 1, high),
    );
  }

  raise(from: number, to: number, height: number, node = 1, low = 0, high = this.#size - 1): void {
    if (to < low || high < from) return;
    this.#highest[node] = Math.max(this.#highest[node] as number, height);
    if (from <= low && high <= to) {
      this.#raised[node] = Math.max(this.#raised[node] as number, height);
      return;
    }
    const middle = (low + high) >> 1;
    this.raise(from, to, height, 2 * node, low, middle);
    this.raise(from, to, height, 2 * node + 1, middle + 1, high);
  }
}

/**
 * Sublevel of each of `members` (indexes of L0 tables, newest first), oldest at 0.
 * `first` and `last` are inclusive ranks by table.
 */
export function sublevels(
  members: readonly number[],
  first: Int32Array,
  last: Int32Array,
  ranks: number,
): Map<number, number> {
  const skyline = new Skyline(ranks);
  const result = new Map<number, number>();
  for (let i = members.length - 1; i >= 0; i--) {
    const table = members[i] as number;
    const from = Math.min(first[table] as number, last[table] as number);
    const to = Math.max(first[table] as number, last[table] as number);
    const height = skyline.highest(from, to) + 1;
    skyline.raise(from, to, height);
    result.set(table, height);
  }
  return result;
}

function byLevel(tables: readonly MapTable[]): Map<number, number[]> {
  const levels = new Map<number, number[]>();
  tables.forEach((table, i) => {
    const members = levels.get(table.level);
    if (members === undefined) levels.set(table.level, [i]);
    else members.push(i);
  });
  return new Map([...levels].sort((a, b) => a[0] - b[0]));
}

/**
 * Lays out `tables` (L0 newest first, deeper levels in key order). `reverse` is for comparators that
 * order keys from large to small.
 */
export function layoutMap(tables: readonly MapTable[], axis: Axis, reverse = false): MapLayout {
  const left = new Float64Array(tables.length);
  const right = new Float64Array(tables.length);
  const rowOf = new Int32Array(tables.length);
  const rows: MapRow[] = [];
  const levels = byLevel(tables);
  const addRow = (level: number, sublevel: number, members: readonly number[]): void => {
    const sorted = Int32Array.from(members).sort((a, b) => (left[a] as number) - (left[b] as number) || a - b);
    for (const table of sorted) rowOf[table] = rows.length;
    rows.push({ level, sublevel, tables: sorted });
  };
  if (axis === 'bytes') {
    let largestLevel = 1;
    for (const members of levels.values()) {
      largestLevel = Math.max(
        largestLevel,
        members.reduce((sum, i) => sum + (tables[i] as MapTable).bytes, 0),
      );
    }
    for (const [level, members] of levels) {
      let at = 0;
      for (const i of members) {
        left[i] = at / largestLevel;
        at += (tables[i] as MapTable).bytes;
        right[i] = at / largestLevel;
      }
      addRow(level, 0, members);
    }
    return { axis, rows, left, right, rowOf };
  }
  const ranks = rankBounds(tables, reverse);
  for (let i = 0; i < tables.length; i++) {
    const a = ranks.smallest[i] as number;
    const b = ranks.largest[i] as number;
    left[i] = Math.min(a, b) / ranks.count;
    right[i] = (Math.max(a, b) + 1) / ranks.count;
  }
  for (const [level, members] of levels) {
    if (level !== 0) {
      addRow(level, 0, members);
      continue;
    }
    const heights = sublevels(members, ranks.smallest, ranks.largest, ranks.count);
    const top = Math.max(0, ...new Set(heights.values()));
    const lowest = Math.max(0, top + 1 - SUBLEVELS_MAX);
    for (let sublevel = top; sublevel >= lowest; sublevel--) {
      addRow(
        0,
        sublevel - lowest,
        members.filter((i) => Math.max(lowest, heights.get(i) as number) === sublevel),
      );
    }
  }
  return { axis, rows, left, right, rowOf };
}

/** Top and height of each row in pixels, and the height of all. */
export interface RowPlaces {
  readonly top: Float64Array;
  readonly height: Float64Array;
  readonly total: number;
}

export function placeRows(layout: MapLayout, rowHeight: number, sublevelHeight: number, levelGap: number): RowPlaces {
  const top = new Float64Array(layout.rows.length);
  const height = new Float64Array(layout.rows.length);
  let at = 0;
  layout.rows.forEach((row, i) => {
    const previous = layout.rows[i - 1];
    const next = layout.rows[i + 1];
    if (previous !== undefined) at += previous.level === row.level ? 1 : levelGap;
    top[i] = at;
    height[i] = previous?.level === row.level || next?.level === row.level ? sublevelHeight : rowHeight;
    at += height[i] as number;
  });
  return { top, height, total: at };
}

/** Position in `row.tables` of the last table whose left edge is at or before `x`; -1 if there is none. */
function lastAtOrBefore(layout: MapLayout, row: MapRow, x: number): number {
  let low = 0;
  let high = row.tables.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((layout.left[row.tables[middle] as number] as number) <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The table of row `rowIndex` under fraction `x`, or the nearest one within `slack`; -1 if there is none. */
export function tableAt(layout: MapLayout, rowIndex: number, x: number, slack = 0): number {
  const row = layout.rows[rowIndex];
  if (row === undefined || row.tables.length === 0) return -1;
  const at = lastAtOrBefore(layout, row, x);
  let best = -1;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of [at, at + 1]) {
    const table = row.tables[candidate];
    if (table === undefined) continue;
    const distance = Math.max(0, (layout.left[table] as number) - x, x - (layout.right[table] as number));
    if (distance < bestDistance) {
      best = table;
      bestDistance = distance;
    }
  }
  return bestDistance <= slack ? best : -1;
}

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/** The table that a key press moves to from `table`; the same one where there is none. */
export function neighbour(layout: MapLayout, table: number, direction: Direction): number {
  const rowIndex = layout.rowOf[table] as number;
  const row = layout.rows[rowIndex];
  if (row === undefined) return table;
  if (direction === 'first') return row.tables[0] ?? table;
  if (direction === 'last') return row.tables[row.tables.length - 1] ?? table;
  if (direction === 'left' || direction === 'right') {
    return row.tables[row.tables.indexOf(table) + (direction === 'left' ? -1 : 1)] ?? table;
  }
  const middle = ((layout.left[table] as number) + (layout.right[table] as number)) / 2;
  const found = tableAt(layout, rowIndex + (direction === 'up' ? -1 : 1), middle, 2);
  return found < 0 ? table : found;
}

/** Tables in other rows that share keys with `table`; only the key axis can say. */
export function overlapping(layout: MapLayout, table: number): number[] {
  if (layout.axis !== 'keys') return [];
  const from = layout.left[table] as number;
  const to = layout.right[table] as number;
  const found: number[] = [];
  layout.rows.forEach((row, i) => {
    if (i === layout.rowOf[table]) return;
    for (let at = Math.max(0, lastAtOrBefore(layout, row, from)); at < row.tables.length; at++) {
      const other = row.tables[at] as number;
      if ((layout.left[other] as number) >= to) break;
      if ((layout.right[other] as number) > from) found.push(other);
    }
  });
  return found;
}

/** Pixels below which neighbours are joined, and from which edges are put on whole pixels. */
const JOINED_BELOW = 1.5;
const CRISP_FROM = 6;

/**
 * Rectangles to fill for one row of `width` pixels: [left, right) pairs in pixels, tables that fall
 * into the same pixels joined, so that their number is bounded by the width.
 */
export function spans(layout: MapLayout, row: MapRow, width: number): Float64Array {
  const out = new Float64Array(2 * Math.min(row.tables.length, Math.ceil(width) + 1));
  let n = 0;
  let reached = -1;
  for (const table of row.tables) {
    const from = (layout.left[table] as number) * width;
    const to = (layout.right[table] as number) * width;
    const start = Math.max(from, reached);
    if (to - from < JOINED_BELOW) {
      const a = Math.floor(from);
      const b = Math.max(a + 1, Math.floor(to));
      if (n > 0 && a <= (out[2 * n - 1] as number)) {
        out[2 * n - 1] = Math.max(out[2 * n - 1] as number, b);
      } else if (2 * n < out.length) {
        out[2 * n] = a;
        out[2 * n + 1] = b;
        n++;
      }
      reached = Math.max(reached, b);
    } else if (to > start && 2 * n < out.length) {
      const crisp = to - from >= CRISP_FROM;
      out[2 * n] = crisp ? Math.round(start) : start;
      out[2 * n + 1] = crisp ? Math.max(Math.round(start) + 1, Math.round(to) - 1) : to - (to - from) / 4;
      n++;
      reached = to;
    }
  }
  return out.subarray(0, 2 * n);
}
