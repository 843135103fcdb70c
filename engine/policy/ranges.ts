/**
 * Key ranges of tables: what overlaps what, and cuts that split no user key (RocksDB db/version_set.cc
 * `GetOverlappingInputs`, db/compaction/compaction_picker.cc `ExpandInputsToCleanCut`).
 *
 * Ranges are user keys, both ends inclusive. Two tables that meet in one user key belong together: if the
 * newer version of a key moved down without the older one, a read would find the older one first. The one
 * exception is a table that ends with the exclusive end of a range deletion, which holds no version of that key.
 */
import type { Bound, TableInfo, TreeView } from '../model/tree.ts';
import { anyBusy, type PolicyContext, tablesAt, type UserKeyCompare } from './policy.ts';

export interface KeySpan {
  readonly smallest: Bound;
  readonly largest: Bound;
}

/** RocksDB's largest sequence, 2^56 - 1, as a number; with it a range deletion ends a table exclusively. */
const MAX_SEQUENCE = 2 ** 56;

function isSentinel(b: Bound): boolean {
  return b.type === 'range-delete' && b.seq >= MAX_SEQUENCE - 8;
}

/** Order of internal keys: user keys ascending, then sequences descending. */
export function compareBounds(compare: UserKeyCompare, a: Bound, b: Bound): number {
  return compare(a.key, b.key) || b.seq - a.seq;
}

/** Order of the ends of tables by user key, an exclusive end before the key itself (`sstableKeyCompare`). */
export function compareEnds(compare: UserKeyCompare, a: Bound, b: Bound): number {
  const order = compare(a.key, b.key);
  if (order !== 0) return order;
  const exclusive = isSentinel(a);
  return exclusive === isSentinel(b) ? 0 : exclusive ? -1 : 1;
}

/** The range from the smallest to the largest key of all. `tables` must not be empty. */
export function spanOf(compare: UserKeyCompare, tables: readonly TableInfo[]): KeySpan {
  const first = tables[0] as TableInfo;
  let { smallest, largest } = first;
  for (const t of tables) {
    if (compareBounds(compare, t.smallest, smallest) < 0) smallest = t.smallest;
    if (compareBounds(compare, t.largest, largest) > 0) largest = t.largest;
  }
  return { smallest, largest };
}

/** The range around both. */
export function joinSpans(compare: UserKeyCompare, a: KeySpan, b: KeySpan): KeySpan {
  return {
    smallest: compareBounds(compare, a.smallest, b.smallest) <= 0 ? a.smallest : b.smallest,
    largest: compareBounds(compare, a.largest, b.largest) >= 0 ? a.largest : b.largest,
  };
}

export function overlaps(compare: UserKeyCompare, a: KeySpan, b: KeySpan): boolean {
  return compareEnds(compare, a.largest, b.smallest) >= 0 && compareEnds(compare, b.largest, a.smallest) >= 0;
}

/** Tables of `tables` that share a user key with the span, in the order given. */
export function overlapping(compare: UserKeyCompare, tables: readonly TableInfo[], span: KeySpan): TableInfo[] {
  return tables.filter((t) => overlaps(compare, t, span));
}

/**
 * As `overlapping` for L0, where a table that comes in widens the range for the others. In the order given.
 * User keys alone decide, as in RocksDB.
 */
export function overlappingL0(compare: UserKeyCompare, tables: readonly TableInfo[], span: KeySpan): TableInfo[] {
  const taken = new Set<TableInfo>();
  let low = span.smallest.key;
  let high = span.largest.key;
  for (let grew = true; grew; ) {
    grew = false;
    for (const t of tables) {
      if (taken.has(t) || compare(t.largest.key, low) < 0 || compare(t.smallest.key, high) > 0) continue;
      taken.add(t);
      grew = true;
      if (compare(t.smallest.key, low) < 0) low = t.smallest.key;
      if (compare(t.largest.key, high) > 0) high = t.largest.key;
    }
  }
  return tables.filter((t) => taken.has(t));
}

/** Overlapping tables of any level, by that level's rule. */
export function inputsAt(
  compare: UserKeyCompare,
  level: number,
  tables: readonly TableInfo[],
  span: KeySpan,
): TableInfo[] {
  return level === 0 ? overlappingL0(compare, tables, span) : overlapping(compare, tables, span);
}

/**
 * Widens `inputs` of a level below L0 until no user key has versions both inside and outside. Gives them in
 * key order.
 */
export function cleanCut(
  compare: UserKeyCompare,
  level: number,
  tables: readonly TableInfo[],
  inputs: readonly TableInfo[],
): readonly TableInfo[] {
  if (level === 0 || inputs.length === 0) return inputs;
  let current = overlapping(compare, tables, spanOf(compare, inputs));
  for (;;) {
    const wider = overlapping(compare, tables, spanOf(compare, current));
    if (wider.length <= current.length) return current;
    current = wider;
  }
}

/** As `cleanCut`; undefined if a running compaction has one of those tables. */
export function freeCleanCut(
  context: PolicyContext,
  level: number,
  tables: readonly TableInfo[],
  inputs: readonly TableInfo[],
): readonly TableInfo[] | undefined {
  const cut = cleanCut(context.compare, level, tables, inputs);
  return anyBusy(cut, context) ? undefined : cut;
}

/**
 * Tables wholly inside of the span, without those at its ends that share a user key with a table outside
 * (`GetCleanInputsWithinInterval`). `tables` are in key order.
 */
export function cleanWithin(compare: UserKeyCompare, tables: readonly TableInfo[], span: KeySpan): TableInfo[] {
  let from = tables.findIndex((t) => compareEnds(compare, t.smallest, span.smallest) >= 0);
  if (from < 0) return [];
  const meets = (left: TableInfo | undefined, right: TableInfo | undefined): boolean =>
    left !== undefined && right !== undefined && compareEnds(compare, left.largest, right.smallest) === 0;
  while (from > 0 && from < tables.length && meets(tables[from - 1], tables[from])) from++;
  let to = from;
  while (to < tables.length && compareEnds(compare, (tables[to] as TableInfo).largest, span.largest) <= 0) to++;
  while (to > from && meets(tables[to - 1], tables[to])) to--;
  return tables.slice(from, to);
}

/** A running compaction writes to the level within that range (`RangeOverlapWithCompaction`). */
export function conflicts(context: PolicyContext, span: KeySpan, outputLevel: number): boolean {
  const { compare } = context;
  return (context.running ?? []).some(
    (r) =>
      r.outputLevel === outputLevel &&
      compare(span.smallest.key, r.largest) <= 0 &&
      compare(span.largest.key, r.smallest) >= 0,
  );
}

/** RocksDB takes no second compaction from L0 while one runs. */
export function l0Running(context: PolicyContext): boolean {
  return (context.running ?? []).some((r) => r.startLevel === 0);
}

/** No two L0 tables share a key. */
export function l0Disjoint(compare: UserKeyCompare, tables: readonly TableInfo[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBounds(compare, a.smallest, b.smallest));
  return sorted.every((t, i) => i === 0 || compare((sorted[i - 1] as TableInfo).largest.key, t.smallest.key) < 0);
}

/** Overlapping tables of the first level below `outputLevel` in which there are any. */
export function grandparentsOf(
  view: TreeView,
  compare: UserKeyCompare,
  span: KeySpan,
  outputLevel: number,
  levels: number,
): TableInfo[] {
  for (let level = outputLevel + 1; level < levels; level++) {
    const found = overlapping(compare, tablesAt(view, level), span);
    if (found.length > 0) return found;
  }
  return [];
}
