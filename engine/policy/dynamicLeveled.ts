/**
 * Leveled compaction as RocksDB does it, with static or dynamic level targets (facebook/rocksdb,
 * db/compaction/compaction_picker_level.cc, compaction_picker.cc; db/version_set.cc for scores and marks;
 * rocksdb-leveldb.md §13).
 *
 *  1. Levels are tried by score, highest first, while that is 1 or more. L0 goes to the base level. If L0
 *     cannot, its newest tables may be merged among themselves, and the base level waits for L0.
 *  2. A level's tables are tried in the order of `compaction_pri`, widened to a clean cut.
 *  3. With no level over its target: marked tables, tables of the last run that may drop their sequences,
 *     tables past `ttl`, tables past `periodic_compaction_seconds`.
 *  4. The choice is widened by what overlaps in the output level.
 *
 * Not modelled: forced blob garbage collection, read triggers, placement of keys on the last level by age.
 */
import type { Bound, TableInfo, TreeView } from '../model/tree.ts';
import { compaction, type Inputs, withOutputLevel } from './expand.ts';
import { byPriority } from './filePriority.ts';
import { intraL0, sizeBasedIntraL0 } from './intraL0.ts';
import { type LevelState, levelState } from './levelState.ts';
import { due } from './marks.ts';
import { pickByPriority } from './pick.ts';
import {
  anyBusy,
  type Choice,
  type CompactChoice,
  isBusy,
  NOTHING,
  nothing,
  type Policy,
  type PolicyContext,
  type Reason,
  sizeOf,
  tablesAt,
} from './policy.ts';
import { compareBounds, conflicts, freeCleanCut, inputsAt, l0Running, overlapping, spanOf } from './ranges.ts';

export const dynamicLeveled: Policy = { name: 'dynamicLeveled', choose };

/** The tables of a level with which a compaction begins. */
interface Start {
  readonly level: number;
  readonly outputLevel: number;
  readonly tables: readonly TableInfo[];
  readonly reason: Reason;
  readonly score?: number;
  readonly l0Moves?: boolean;
}

function choose(view: TreeView, context: PolicyContext): Choice {
  if (context.options.disable_auto_compactions) return nothing('automatic compactions are off');
  const state = levelState(view, context);
  const start = byScore(view, context, state) ?? due(view, context, state);
  if (start === undefined) return NOTHING;
  return complete(view, context, state, start) ?? nothing('what is due overlaps a compaction under way');
}

function byScore(view: TreeView, context: PolicyContext, state: LevelState): Start | undefined {
  const { baseLevel } = state.targets;
  let l0Waits = false;
  for (const { level, score, targetBytes } of state.scores) {
    if (score === null || score < 1) return undefined;
    // L0 has the first right to the base level.
    if (l0Waits && level === baseLevel) continue;
    const reason = scoreReason(view, context, level, score, targetBytes);
    const outputLevel = level === 0 ? baseLevel : level + 1;
    const picked = pick(view, context, level, outputLevel);
    if (picked !== undefined) return { level, score, reason, ...picked };
    if (level > 0) continue;
    l0Waits = true;
    const within = intraL0(view, context);
    if (within !== undefined) return { level: 0, outputLevel: 0, tables: within, score, reason };
  }
  return undefined;
}

function scoreReason(
  view: TreeView,
  context: PolicyContext,
  level: number,
  score: number,
  target: number | null,
): Reason {
  const tables = tablesAt(view, level);
  const bytes = sizeOf(tables);
  const shown = score.toFixed(2);
  if (level > 0) {
    const of = target === null ? 'and should be empty' : `of ${target} bytes wanted`;
    return { code: 'LevelMaxLevelSize', text: `Level ${level} has ${bytes} bytes ${of}, score ${shown}` };
  }
  const { level0_file_num_compaction_trigger: trigger, max_bytes_for_level_base: base } = context.options;
  const text = `Level 0 has ${tables.length} tables (trigger ${trigger}) and ${bytes} bytes (base ${base}), score ${shown}`;
  return { code: 'LevelL0FilesNum', text };
}

type Picked = Pick<Start, 'tables' | 'outputLevel' | 'l0Moves'>;

function pick(view: TreeView, context: PolicyContext, level: number, outputLevel: number): Picked | undefined {
  if (level === 0) {
    if (!l0Running(context)) {
      const moved = l0Moves(view, context, outputLevel);
      if (moved.length > 0) return { tables: moved, outputLevel, l0Moves: true };
    }
    const within = sizeBasedIntraL0(view, context, outputLevel);
    if (within !== undefined) return { tables: within, outputLevel: 0 };
    if (l0Running(context)) return undefined;
  }
  const tables = pickByPriority(view, context, level, outputLevel);
  return tables === undefined ? undefined : { tables, outputLevel };
}

/** The oldest tables of L0 that overlap neither one another nor the base level, which must hold something. */
function l0Moves(view: TreeView, context: PolicyContext, baseLevel: number): TableInfo[] {
  const { compare, options } = context;
  const base = tablesAt(view, baseLevel);
  if (baseLevel <= 0 || options.has_compression_per_level || base.length === 0) return [];
  const moved: TableInfo[] = [];
  let smallest: Bound | undefined;
  let largest: Bound | undefined;
  for (const table of [...tablesAt(view, 0)].reverse()) {
    if (isBusy(table, context)) break;
    if (smallest === undefined || largest === undefined) ({ smallest, largest } = table);
    // By user keys: two versions of one key must not come to lie in two tables of one level out of order.
    else if (compare(table.largest.key, smallest.key) < 0) smallest = table.smallest;
    else if (compare(table.smallest.key, largest.key) > 0) largest = table.largest;
    else break;
    if (overlapping(compare, base, { smallest, largest }).length > 0) break;
    moved.push(table);
  }
  return moved.sort((a, b) => compareBounds(compare, a.smallest, b.smallest));
}

/** Adds what must take part. Undefined if that is busy. */
function complete(view: TreeView, context: PolicyContext, state: LevelState, start: Start): CompactChoice | undefined {
  const { compare, options } = context;
  const { level, outputLevel } = start;
  let picked = start.tables;
  if (level === 0 && outputLevel > 0 && start.l0Moves !== true) {
    picked = inputsAt(compare, 0, tablesAt(view, 0), spanOf(compare, picked));
    if (anyBusy(picked, context)) return undefined;
    if (anyBusy(overlapping(compare, tablesAt(view, outputLevel), spanOf(compare, picked)), context)) return undefined;
  }
  const roundRobin = options.compaction_pri === 'kRoundRobin' && start.reason.code === 'LevelMaxLevelSize';
  if (roundRobin) picked = widenRoundRobin(view, context, state, level, outputLevel, picked);
  const inputs: Inputs | undefined =
    start.l0Moves === true
      ? { upper: picked, lower: [] }
      : withOutputLevel(view, context, level, outputLevel, picked, roundRobin);
  if (inputs === undefined) return undefined;
  const choice = compaction(view, context, inputs, {
    startLevel: level,
    outputLevel,
    baseLevel: state.targets.baseLevel,
    reason: start.reason,
    ...(start.score === undefined ? {} : { score: start.score }),
    ...(start.l0Moves === undefined ? {} : { l0Moves: start.l0Moves }),
  });
  if (choice === undefined || options.compaction_pri !== 'kRoundRobin' || level === 0) return choice;
  const cursor = nextCursor(view, context, level, inputs.upper);
  return cursor === undefined ? choice : { ...choice, compactPointer: { level, key: cursor } };
}

/** Round-robin takes as many tables as bring the level under its target, within `max_compaction_bytes`. */
function widenRoundRobin(
  view: TreeView,
  context: PolicyContext,
  state: LevelState,
  level: number,
  outputLevel: number,
  picked: readonly TableInfo[],
): readonly TableInfo[] {
  const { compare, options } = context;
  const own = tablesAt(view, level);
  const next = tablesAt(view, outputLevel);
  const target = state.targets.bytes[level] ?? Number.POSITIVE_INFINITY;
  const excess = Math.max(0, sizeOf(own.filter((t) => !isBusy(t, context))) - target);
  const moves = overlapping(compare, next, spanOf(compare, picked)).length === 0;
  // Neighbours that only move have been taken already.
  if ((moves && picked.length > 1) || (picked[0] as TableInfo).bytes >= excess) return picked;
  let current = picked;
  for (;;) {
    const following = own[own.indexOf(current.at(-1) as TableInfo) + 1];
    if (following === undefined || isBusy(following, context)) return current;
    const wider = freeCleanCut(context, level, own, [...current, following]);
    if (wider === undefined || conflicts(context, spanOf(compare, wider), outputLevel)) return current;
    const lower = freeCleanCut(context, outputLevel, next, overlapping(compare, next, spanOf(compare, wider)));
    if (lower === undefined || sizeOf(wider) + sizeOf(lower) > options.max_compaction_bytes) return current;
    current = wider;
    if (sizeOf(current) > excess) return current;
  }
}

/** The smallest key of the table behind the inputs, the first of the level behind its last. */
function nextCursor(
  view: TreeView,
  context: PolicyContext,
  level: number,
  upper: readonly TableInfo[],
): Bound | undefined {
  const order = byPriority(view, level, context);
  return (order[upper.length] ?? order[0])?.smallest;
}
