/**
 * Compactions within L0 (RocksDB db/compaction/compaction_picker.cc `PickCostBasedIntraL0Compaction`,
 * compaction_picker_level.cc `PickIntraL0Compaction`, `PickSizeBasedIntraL0Compaction`). They always take the
 * newest tables without a gap, so that the order of ages stays whole.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { compensatedSize } from './filePriority.ts';
import { isBusy, type PolicyContext, sizeOf, tablesAt } from './policy.ts';

const MIN_TABLES = 4;

/**
 * The newest tables, as long as each further one makes the bytes written per table saved fewer. Undefined
 * for fewer than `minTables`, or when a saved table costs `maxBytesPerTable` or more.
 */
export function cheapestNewest(
  tables: readonly TableInfo[],
  context: PolicyContext,
  minTables: number,
  maxBytesPerTable: number,
): readonly TableInfo[] | undefined {
  const first = tables[0];
  if (first === undefined || isBusy(first, context)) return undefined;
  let bytes = first.bytes;
  let perTable = Number.POSITIVE_INFINITY;
  let end = 1;
  for (; end < tables.length; end++) {
    const table = tables[end] as TableInfo;
    bytes += table.bytes;
    const now = Math.floor(bytes / end);
    if (isBusy(table, context) || now > perTable || bytes > context.options.max_compaction_bytes) break;
    perTable = now;
  }
  return end >= minTables && perTable < maxBytesPerTable ? tables.slice(0, end) : undefined;
}

/** When L0 cannot go down because the base level is busy, and has two tables more than its trigger. */
export function intraL0(view: TreeView, context: PolicyContext): readonly TableInfo[] | undefined {
  const tables = tablesAt(view, 0);
  if (tables.length < context.options.level0_file_num_compaction_trigger + 2) return undefined;
  return cheapestNewest(tables, context, MIN_TABLES, Number.POSITIVE_INFINITY);
}

/** When the base level is so much larger than L0 that going down would write it over for little. */
export function sizeBasedIntraL0(
  view: TreeView,
  context: PolicyContext,
  baseLevel: number,
): readonly TableInfo[] | undefined {
  const { options } = context;
  const tables = tablesAt(view, 0);
  const least = Math.max(2, options.level0_file_num_compaction_trigger);
  if (baseLevel <= 0 || tables.length < least) return undefined;
  const bytes = tables.reduce((n, t) => n + compensatedSize(t, context), 0);
  const factor = Math.max(10, options.max_bytes_for_level_multiplier) * 2;
  if (sizeOf(tablesAt(view, baseLevel)) <= bytes * factor) return undefined;
  const busy = tables.findIndex((t) => isBusy(t, context));
  const newest = busy < 0 ? tables : tables.slice(0, busy);
  return newest.length >= least ? newest : undefined;
}
