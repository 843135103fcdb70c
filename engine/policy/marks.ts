/**
 * What RocksDB compacts when no level is over its target (db/version_set.cc
 * `ComputeFilesMarkedForCompaction`, `ComputeBottommostFilesMarkedForCompaction`, `ComputeExpiredTtlFiles`,
 * `ComputeFilesMarkedForPeriodicCompaction`; order of compaction_picker_level.cc `SetupInitialFiles`).
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { ancestorTime } from './filePriority.ts';
import type { LevelState } from './levelState.ts';
import { pickByPriority } from './pick.ts';
import { deepestLevel, isBusy, type PolicyContext, type Reason, tablesAt } from './policy.ts';
import { freeCleanCut, l0Running, overlapping } from './ranges.ts';

interface Due {
  readonly level: number;
  readonly outputLevel: number;
  readonly tables: readonly TableInfo[];
  readonly reason: Reason;
}

interface Marked {
  readonly level: number;
  readonly table: TableInfo;
}

/**
 * Where the output goes: to the level itself, always down, down except from the last filled level, which is
 * rewritten in place, or down and never from the last.
 */
type Way = 'same' | 'down' | 'next' | 'nextButLast';

/** The first that is due, in the engine's order; among marked tables the engine takes one at random first. */
export function due(view: TreeView, context: PolicyContext, state: LevelState): Due | undefined {
  const { options } = context;
  return (
    first(view, context, state, markedTables(view, context), 'down', ({ level, table }) => ({
      code: 'FilesMarkedForCompaction',
      text: `Table ${table.number} of level ${level} is marked for compaction`,
    })) ??
    first(view, context, state, bottommost(view, context), 'same', ({ level, table }) => ({
      code: 'BottommostFiles',
      text: `Table ${table.number} of level ${level} has nothing below it and no snapshot needs its sequences`,
    })) ??
    roundRobinTtl(view, context) ??
    first(view, context, state, expired(view, context, state.levels), 'nextButLast', ({ level, table }) => ({
      code: 'Ttl',
      text: `Table ${table.number} of level ${level} has data older than the ttl of ${options.ttl} s`,
    })) ??
    first(
      view,
      context,
      state,
      periodic(view, context),
      options.level_compaction_dynamic_level_bytes ? 'next' : 'same',
      ({ level, table }) => ({
        code: 'PeriodicCompaction',
        text: `Table ${table.number} of level ${level} was written more than ${options.periodic_compaction_seconds} s ago`,
      }),
    )
  );
}

function first(
  view: TreeView,
  context: PolicyContext,
  state: LevelState,
  marked: readonly Marked[],
  way: Way,
  reason: (m: Marked) => Reason,
): Due | undefined {
  const last = deepestLevel(view);
  for (const m of marked) {
    const { level, table } = m;
    if (way === 'nextButLast' && level === last) continue;
    if (level === 0 && l0Running(context)) continue;
    const down = level === 0 ? state.targets.baseLevel : level + 1;
    const outputLevel = way === 'down' || (way !== 'same' && level < last) ? down : level;
    const tables = freeCleanCut(context, level, tablesAt(view, level), [table]);
    if (tables !== undefined) return { level, outputLevel, tables, reason: reason(m) };
  }
  return undefined;
}

function free(view: TreeView, context: PolicyContext, levels: number, when: (t: TableInfo) => boolean): Marked[] {
  const found: Marked[] = [];
  for (let level = 0; level < levels; level++) {
    for (const table of tablesAt(view, level)) if (!isBusy(table, context) && when(table)) found.push({ level, table });
  }
  return found;
}

/** Those of the deepest level have nowhere to go. */
export function markedTables(view: TreeView, context: PolicyContext): Marked[] {
  return free(view, context, Math.max(1, deepestLevel(view)), (t) => t.markedForCompaction === true).filter(
    (m) => m.level < deepestLevel(view) || deepestLevel(view) === 0,
  );
}

function bottommost(view: TreeView, context: PolicyContext): Marked[] {
  const snapshot = context.oldestSnapshot ?? 0;
  if (snapshot === 0) return [];
  const { compare } = context;
  const last = deepestLevel(view);
  const l0 = tablesAt(view, 0);
  const hasOlder = ({ level, table }: Marked): boolean => {
    if (level === 0) return table !== l0.at(-1) || last > 0;
    for (let below = level + 1; below <= last; below++) {
      if (overlapping(compare, tablesAt(view, below), table).length > 0) return true;
    }
    return false;
  };
  return free(view, context, last + 1, (t) => (t.largestSeq ?? 0) !== 0 && (t.largestSeq as number) < snapshot).filter(
    (m) => !hasOlder(m),
  );
}

function expired(view: TreeView, context: PolicyContext, levels: number): Marked[] {
  const { ttl } = context.options;
  if (ttl === 0) return [];
  return free(view, context, levels - 1, (t) => {
    const born = ancestorTime(t, context);
    return born > 0 && born < context.now - ttl;
  });
}

function roundRobinTtl(view: TreeView, context: PolicyContext): Due | undefined {
  const { options } = context;
  if (options.compaction_pri !== 'kRoundRobin') return undefined;
  const level = expired(view, context, deepestLevel(view) + 1)[0]?.level ?? 0;
  if (level === 0 || level >= options.num_levels - 1) return undefined;
  const tables = pickByPriority(view, context, level, level + 1);
  if (tables === undefined) return undefined;
  const text = `Level ${level} has data older than the ttl of ${options.ttl} s`;
  return { level, outputLevel: level + 1, tables, reason: { code: 'RoundRobinTtl', text } };
}

/** By when the table was written; by the age of its data where that is unknown. */
export function periodic(view: TreeView, context: PolicyContext): Marked[] {
  const { periodic_compaction_seconds: period } = context.options;
  if (period === 0 || period > context.now) return [];
  return free(view, context, deepestLevel(view) + 1, (t) => {
    const written = t.createdAt === undefined || t.createdAt === 0 ? ancestorTime(t, context) : t.createdAt;
    return written > 0 && written < context.now - period;
  });
}
