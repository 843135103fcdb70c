/**
 * Everything that must take part when given tables go to a given level, so that every read stays as it was
 * (the rule of RocksDB's `CompactFiles`, db/compaction/compaction_picker.cc
 * `SanitizeCompactionInputFilesForAllLevels`).
 *
 *  - Of L0: older tables that overlap, since the older versions must not come to lie above the newer ones; for
 *    an output in L0, all tables between the newest and the oldest, since a table has one place in the order.
 *  - Of every level from the first input's to the output's: what overlaps the whole range, cut cleanly.
 *
 * A table that comes in may widen the range, so that this goes on until nothing is added.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { type LevelInput, type PolicyContext, tablesAt } from './policy.ts';
import { cleanCut, overlapping, spanOf } from './ranges.ts';

/** By level, ascending, none empty. `seeds` must not be empty, and none lie below `outputLevel`. */
export function closure(
  view: TreeView,
  context: PolicyContext,
  seeds: readonly TableInfo[],
  outputLevel: number,
): LevelInput[] {
  const { compare } = context;
  const taken = new Map<number, readonly TableInfo[]>();
  const seedSet = new Set(seeds);
  const start = view.levels.find((l) => l.tables.some((t) => seedSet.has(t)))?.level ?? 0;
  for (let level = start; level <= outputLevel; level++) {
    taken.set(
      level,
      tablesAt(view, level).filter((t) => seedSet.has(t)),
    );
  }
  for (let before = -1; ; ) {
    const all = [...taken.values()].flat();
    if (all.length === before || all.length === 0) break;
    before = all.length;
    const span = spanOf(compare, all);
    for (const [level, tables] of taken) {
      const own = tablesAt(view, level);
      if (level > 0) taken.set(level, cleanCut(compare, level, own, overlapping(compare, own, span)));
      else if (tables.length > 0) taken.set(0, olderInL0(own, tables, outputLevel, overlapping(compare, own, span)));
    }
  }
  return [...taken].filter(([, tables]) => tables.length > 0).map(([level, tables]) => ({ level, tables }));
}

function olderInL0(
  own: readonly TableInfo[],
  tables: readonly TableInfo[],
  outputLevel: number,
  overlap: readonly TableInfo[],
): readonly TableInfo[] {
  const newest = own.indexOf(tables[0] as TableInfo);
  if (outputLevel === 0) return own.slice(newest, own.indexOf(tables.at(-1) as TableInfo) + 1);
  const inside = new Set([...tables, ...overlap.filter((t) => own.indexOf(t) > newest)]);
  return own.filter((t) => inside.has(t));
}
