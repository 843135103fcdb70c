/**
 * The table with which a level's compaction begins (RocksDB db/compaction/compaction_picker_level.cc
 * `PickFileToCompact`, `TryExtendNonL0TrivialMove`).
 */
import type { Bound, TableInfo, TreeView } from '../model/tree.ts';
import { byPriority } from './filePriority.ts';
import { isBusy, type PolicyContext, tablesAt } from './policy.ts';
import { conflicts, freeCleanCut, overlapping, spanOf } from './ranges.ts';

/** Tables that one trivial move takes at most. */
const MOVE_TABLES_MAX = 4;

/** The first by priority that is free together with what it overlaps, widened to a clean cut. */
export function pickByPriority(
  view: TreeView,
  context: PolicyContext,
  level: number,
  outputLevel: number,
): readonly TableInfo[] | undefined {
  const { compare, options } = context;
  const roundRobin = options.compaction_pri === 'kRoundRobin';
  const own = tablesAt(view, level);
  const next = tablesAt(view, outputLevel);
  for (const table of byPriority(view, level, context)) {
    const cut = isBusy(table, context) ? undefined : freeCleanCut(context, level, own, [table]);
    if (cut !== undefined && !conflicts(context, spanOf(compare, cut), outputLevel)) {
      const lower = overlapping(compare, next, spanOf(compare, cut));
      if (lower.length === 0) return level > 0 ? widenMove(view, context, level, outputLevel, cut, roundRobin) : cut;
      if (freeCleanCut(context, outputLevel, next, lower) !== undefined) return cut;
    }
    // Round-robin waits for its table.
    if (roundRobin) return undefined;
  }
  return undefined;
}

/** A table that only moves takes neighbours along that only move as well. */
function widenMove(
  view: TreeView,
  context: PolicyContext,
  level: number,
  outputLevel: number,
  cut: readonly TableInfo[],
  rightOnly: boolean,
): readonly TableInfo[] {
  const { compare, options } = context;
  const first = cut[0];
  if (first === undefined || cut.length > 1 || options.has_compression_per_level) return cut;
  const own = tablesAt(view, level);
  const next = tablesAt(view, outputLevel);
  const at = own.indexOf(first);
  const moved = [first];
  let bytes = first.bytes;
  const meets = (a: TableInfo | undefined, b: TableInfo | undefined): boolean =>
    a !== undefined && b !== undefined && compare(a.largest.key, b.smallest.key) === 0;
  const joins = (table: TableInfo, smallest: Bound, largest: Bound): boolean => {
    if (isBusy(table, context) || overlapping(compare, next, { smallest, largest }).length > 0) return false;
    return bytes + table.bytes <= options.max_compaction_bytes;
  };
  for (let i = at + 1; i < own.length && moved.length < MOVE_TABLES_MAX; i++) {
    const table = own[i] as TableInfo;
    if (!joins(table, first.smallest, table.largest) || meets(table, own[i + 1])) break;
    bytes += table.bytes;
    moved.push(table);
  }
  for (let i = at - 1; !rightOnly && i >= 0 && moved.length < MOVE_TABLES_MAX; i--) {
    const table = own[i] as TableInfo;
    if (!joins(table, table.smallest, first.largest) || meets(own[i - 1], table)) break;
    bytes += table.bytes;
    moved.unshift(table);
  }
  return moved;
}
