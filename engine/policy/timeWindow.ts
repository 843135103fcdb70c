/**
 * Time-window compaction as Cassandra does it (apache/cassandra,
 * src/java/org/apache/cassandra/db/compaction/TimeWindowCompactionStrategy.java).
 *
 * A table belongs to the window of its newest write. Tables that hold nothing but expired data are dropped
 * first. The newest window is compacted by size tiers; an older one with two tables or more is merged into
 * one, the newest such window first and at most `max_threshold` tables, the smallest, at once.
 *
 * A table of unknown time belongs to the oldest window. In a tree that orders versions by sequence only tables
 * that follow one another in age are merged, and an expired table is dropped only when no older table overlaps
 * it: what it shadows there would come back.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { type Choice, isBusy, NOTHING, nothing, type Policy, type PolicyContext, tablesAt } from './policy.ts';
import { overlapping } from './ranges.ts';
import { mergeable, mergeInL0, mostInteresting } from './sizeTiered.ts';

export const timeWindow: Policy = { name: 'timeWindow', choose };

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  const l0 = tablesAt(view, 0);
  const expired = expiredTables(view, context);
  if (expired.length > 0) {
    const text = `All data of ${expired.length} tables is past its time to live`;
    return { kind: 'drop', level: 0, tables: expired, reason: { code: 'TimeWindowExpired', text } };
  }
  const windows = new Map<number, TableInfo[]>();
  for (const table of l0) {
    const window = windowOf(newestAt(table, context), options.tiered.compaction_window);
    const tables = windows.get(window);
    if (tables === undefined) windows.set(window, [table]);
    else tables.push(table);
  }
  const newest = Math.max(...windows.keys());
  for (const window of [...windows.keys()].sort((a, b) => b - a)) {
    const tables = windows.get(window) ?? [];
    const picked = window === newest ? mostInteresting(tables, l0, context) : wholeWindow(tables, l0, context);
    if (picked === undefined) continue;
    const kind = window === newest ? 'of similar size in the newest window' : 'in the window';
    const text = `${picked.length} tables ${kind}, which begins at ${window} s and has ${tables.length} tables`;
    return mergeInL0(picked, { code: 'TimeWindow', text });
  }
  return NOTHING;
}

function newestAt(table: TableInfo, context: PolicyContext): number {
  return context.facts?.(table)?.newestKeyAt ?? table.createdAt ?? 0;
}

/** Epoch seconds at which the window begins. */
export function windowOf(at: number, seconds: number): number {
  return Math.floor(at / seconds) * seconds;
}

function wholeWindow(
  tables: readonly TableInfo[],
  l0: readonly TableInfo[],
  context: PolicyContext,
): readonly TableInfo[] | undefined {
  const { max_threshold, any_tables } = context.options.tiered;
  const part = mergeable(
    tables.filter((t) => !isBusy(t, context)),
    l0,
    context,
  );
  if (part.length < 2) return undefined;
  if (part.length <= max_threshold) return part;
  if (!any_tables) return part.slice(part.length - max_threshold);
  const smallest = new Set([...part].sort((a, b) => a.bytes - b.bytes).slice(0, max_threshold));
  return part.filter((t) => smallest.has(t));
}

function expiredTables(view: TreeView, context: PolicyContext): TableInfo[] {
  const l0 = tablesAt(view, 0);
  const gone = new Set<TableInfo>();
  // From the oldest, so that an expired table below does not keep the one above.
  for (let i = l0.length - 1; i >= 0; i--) {
    const table = l0[i] as TableInfo;
    const expiresAt = context.facts?.(table)?.expiresAt;
    if (expiresAt === undefined || expiresAt >= context.now || isBusy(table, context)) continue;
    const older = [...l0.slice(i + 1), ...view.levels.flatMap((l) => (l.level > 0 ? l.tables : []))];
    if (overlapping(context.compare, older, table).every((t) => gone.has(t))) gone.add(table);
  }
  return l0.filter((t) => gone.has(t));
}
