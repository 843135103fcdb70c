/**
 * Which table of a level goes first (RocksDB db/version_set.cc `ComputeCompensatedSizes`,
 * `UpdateFilesByCompactionPri`, `SortFileByOverlappingRatio`, `SortFileByRoundRobin`;
 * db/compaction/file_pri.h `FileTtlBooster`; rocksdb-leveldb.md §13).
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { deepestLevel, type PolicyContext, tablesAt } from './policy.ts';
import { compareBounds, l0Disjoint } from './ranges.ts';

const DELETION_WEIGHT = 2;

/**
 * File size, plus what a table's deletions may free: twice the average value for each deletion above half of
 * the entries, and RocksDB's estimate for range deletions.
 */
export function compensatedSize(table: TableInfo, context: PolicyContext): number {
  const facts = context.facts?.(table);
  if (facts === undefined) return table.bytes;
  const points = (facts.deletions ?? 0) - (facts.rangeDeletions ?? 0);
  const entries = facts.entries ?? 0;
  const surplus = entries > 0 && points * 2 >= entries ? points * 2 - entries : 0;
  return table.bytes + surplus * (context.averageValueBytes ?? 0) * DELETION_WEIGHT + (facts.rangeDeletedBytes ?? 0);
}

/** Epoch seconds of the oldest data in a table; 0 when unknown. */
export function ancestorTime(table: TableInfo, context: PolicyContext): number {
  return context.facts?.(table)?.oldestAncestorAt ?? table.createdAt ?? 0;
}

/** The tables of a level, the first to be compacted first. */
export function byPriority(view: TreeView, level: number, context: PolicyContext): TableInfo[] {
  const tables = [...tablesAt(view, level)];
  const bySeq = (field: 'smallestSeq' | 'largestSeq') => (a: TableInfo, b: TableInfo) =>
    (a[field] ?? 0) - (b[field] ?? 0);
  switch (context.options.compaction_pri) {
    case 'kByCompensatedSize':
      return tables.sort((a, b) => compensatedSize(b, context) - compensatedSize(a, context));
    case 'kOldestLargestSeqFirst':
      return tables.sort(bySeq('largestSeq'));
    case 'kOldestSmallestSeqFirst':
      return tables.sort(bySeq('smallestSeq'));
    case 'kMinOverlappingRatio':
      return byOverlap(view, level, tables, context);
    case 'kRoundRobin':
      if (level === 0 && !l0Disjoint(context.compare, tables)) return tables.sort(bySeq('smallestSeq'));
      return fromCursor(level, tables, context);
  }
}

/** Least bytes of the next level for a byte of its own first; tables near the end of their time sooner. */
function byOverlap(view: TreeView, level: number, tables: TableInfo[], context: PolicyContext): TableInfo[] {
  const { compare } = context;
  const next = tablesAt(view, level + 1);
  const boost = ttlBoost(view, level, context);
  const rank = new Map<TableInfo, number>();
  // As in the original one walk over the next level serves all; for the tables of L0, which are in no key
  // order, it finds less than overlaps.
  let at = 0;
  for (const table of tables) {
    let bytes = 0;
    while (at < next.length && compareBounds(compare, (next[at] as TableInfo).largest, table.smallest) < 0) at++;
    while (at < next.length && compareBounds(compare, (next[at] as TableInfo).smallest, table.largest) < 0) {
      const other = next[at] as TableInfo;
      bytes += other.bytes;
      if (compareBounds(compare, other.largest, table.largest) > 0) break;
      at++;
    }
    const size = Math.max(1, compensatedSize(table, context));
    rank.set(table, Math.floor(Math.floor((bytes * 1024) / size) / boost(table)));
  }
  return tables.sort(
    (a, b) =>
      Number(b.markedForCompaction ?? false) - Number(a.markedForCompaction ?? false) ||
      (rank.get(a) as number) - (rank.get(b) as number) ||
      compareBounds(compare, a.smallest, b.smallest),
  );
}

/**
 * What a table's rank is divided by: 1 in its youth, growing from an age between half of the time to live
 * and all of it, sooner in deeper levels.
 */
function ttlBoost(view: TreeView, level: number, context: PolicyContext): (table: TableInfo) => number {
  const { ttl } = context.options;
  const filled = deepestLevel(view) + 1;
  if (ttl === 0 || level === 0 || level >= filled - 1) return () => 1;
  const half = Math.floor(ttl / 2);
  const range = Math.floor((Math.floor(ttl / 32) * 31 - half) / 2 ** Math.min(63, filled - level - 1));
  const start = half + range;
  const step = Math.max(Math.floor(range / 16), 1);
  return (table) => {
    const born = ancestorTime(table, context);
    if (born === 0 || born >= context.now) return 1;
    const age = context.now - born;
    return age > start ? Math.floor((age - start) / step) + 1 : 1;
  };
}

function fromCursor(level: number, tables: TableInfo[], context: PolicyContext): TableInfo[] {
  const cursor = context.compactPointers?.get(level);
  if (cursor === undefined) return tables;
  const first = tables.findIndex((t) => compareBounds(context.compare, cursor, t.smallest) <= 0);
  return first <= 0 ? tables : [...tables.slice(first), ...tables.slice(0, first)];
}
