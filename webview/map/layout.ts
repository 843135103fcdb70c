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
  /** Tables by their left edges, each as its place in `left`, `right` and `rowOf`. */
  readonly tables: Int32Array | Uint32Array;
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
export class Skyline {
  #size = 1;
  #highest = new Int32Array(4).fill(-1);
  #raised = new Int32Array(4).fill(-1);

  /** Makes it a flat line of `size` cells. */
  reset(size: number): void {
    this.#size = Math.max(1, size);
    const nodes = 4 * this.#size;
    if (this.#highest.length < nodes) {
      this.#highest = new Int32Array(2 * nodes);
      this.#raised = new Int32Array(2 * nodes);
    }
    this.#highest.fill(-1, 0, nodes);
    this.#raised.fill(-1, 0, nodes);
  }

  /** Puts a range on top of the highest that lies in it, and answers how high it came to lie. */
  drop(from: number, to: number): number {
    const height = this.highest(from, to) + 1;
    this.raise(from, to, height);
    return height;
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
  const skyline = new Skyline();
  skyline.reset(ranks);
  const result = new Map<number, number>();
  for (let i = members.length - 1; i >= 0; i--) {
    const table = members[i] as number;
    const from = Math.min(first[table] as number, last[table] as number);
    const to = Math.max(first[table] as number, last[table] as number);
    result.set(table, skyline.drop(from, to));
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
export function lastAtOrBefore(layout: MapLayout, row: MapRow, x: number): number {
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
  const step = direction === 'up' ? -1 : 1;
  for (let next = rowIndex + step; next >= 0 && next < layout.rows.length; next += step) {
    const found = tableAt(layout, next, middle, 2);
    if (found >= 0) return found;
  }
  return table;
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
 * Rectangles to fill for one row: tables that fall into the same pixels are joined, so that their number is
 * bounded by the width. The arrays are used again by the next row.
 */
export class Spans {
  count = 0;
  /** [left, right) of each span in pixels. */
  edges = new Float64Array(0);
  /** First and last of the tables that a span stands for, as places in `row.tables`. */
  first = new Uint32Array(0);
  last = new Uint32Array(0);

  /** `width` pixels show the part of the axis from fraction `from` to `to`; what lies outside is left out. */
  set(layout: MapLayout, row: MapRow, width: number, from = 0, to = 1): void {
    const { left, right } = layout;
    const { tables } = row;
    const scale = width / (to - from);
    this.#reserve(Math.min(tables.length, Math.ceil(width) + 2));
    const { edges, first, last } = this;
    const most = first.length;
    let n = 0;
    let reached = -1;
    // The tables of a row may overlap by a shared key, so the one before may reach into the window too.
    const start = from <= 0 ? 0 : Math.max(0, lastAtOrBefore(layout, row, from) - 1);
    for (let i = start; i < tables.length; i++) {
      const table = tables[i] as number;
      // Far outside of the window, pixels stop at its borders: a canvas takes only so large numbers.
      const a = Math.max(-2, ((left[table] as number) - from) * scale);
      const b = Math.min(width + 2, ((right[table] as number) - from) * scale);
      if (a > width) break;
      if (b < -1) continue;
      const begin = Math.max(a, reached);
      if (b - a < JOINED_BELOW) {
        const x = Math.floor(a);
        const end = Math.max(x + 1, Math.floor(b));
        if (n > 0 && x <= (edges[2 * n - 1] as number)) {
          edges[2 * n - 1] = Math.max(edges[2 * n - 1] as number, end);
          last[n - 1] = i;
        } else if (n < most) {
          edges[2 * n] = x;
          edges[2 * n + 1] = end;
          first[n] = i;
          last[n++] = i;
        }
        reached = Math.max(reached, end);
      } else if (b > begin && n < most) {
        const crisp = b - a >= CRISP_FROM;
        edges[2 * n] = crisp ? Math.round(begin) : begin;
        edges[2 * n + 1] = crisp ? Math.max(Math.round(begin) + 1, Math.round(b) - 1) : b - (b - a) / 4;
        first[n] = i;
        last[n++] = i;
        reached = b;
      }
    }
    this.count = n;
  }

  #reserve(n: number): void {
    if (this.first.length >= n) return;
    this.edges = new Float64Array(4 * n);
    this.first = new Uint32Array(2 * n);
    this.last = new Uint32Array(2 * n);
  }
}

/** The rectangles of one row of `width` pixels that shows the whole axis, as [left, right) pairs in pixels. */
export function spans(layout: MapLayout, row: MapRow, width: number): Float64Array {
  const all = new Spans();
  all.set(layout, row, width);
  return all.edges.subarray(0, 2 * all.count);
}
