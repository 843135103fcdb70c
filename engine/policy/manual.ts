/**
 * Compactions that a person forces: of the whole store, a key range, a level, or given tables. One compaction
 * takes all of them at once, with whatever must take part (closure.ts).
 *
 * The output level follows the engines:
 *  - RocksDB leveled (db/db_impl/db_impl_compaction_flush.cc `CompactRangeInternal`): a range goes to the last
 *    level with dynamic targets, to the deepest filled one otherwise, and what lies there is rewritten, as with
 *    `bottommost_level_compaction=kForce`;
 *  - LevelDB (db/db_impl.cc `CompactRange`): to the deepest level that overlaps the range, at least to level 1;
 *  - RocksDB universal (compaction_picker.cc `PickCompactionForCompactRange`): to the last level;
 *  - a level goes to the next one, L0 to the base level; the deepest filled level is rewritten in place;
 *  - tables of several levels go to the deepest of them, those of one level where the level would go;
 *  - tiers that live in L0 are merged there;
 *  - FIFO takes what it would take by itself (compaction_picker_fifo.cc `PickCompactionForCompactRange`).
 *
 * Never a trivial move: who forces a compaction wants the tables rewritten.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { closure } from './closure.ts';
import { fifo } from './fifo.ts';
import { levelState } from './levelState.ts';
import { maxFileSize } from './options.ts';
import {
  anyBusy,
  type Choice,
  deepestLevel,
  levelCount,
  nothing,
  type PolicyContext,
  sizeOf,
  tablesAt,
} from './policy.ts';
import { conflicts, grandparentsOf, l0Running, spanOf } from './ranges.ts';

export type ManualTarget =
  | { readonly kind: 'store' }
  /** User keys, both inclusive as in the engines; an end that is missing is open. */
  | { readonly kind: 'range'; readonly from?: Uint8Array; readonly to?: Uint8Array }
  | { readonly kind: 'level'; readonly level: number }
  | { readonly kind: 'tables'; readonly numbers: readonly number[] };

/** Names of policies, as `policyFor` gives them. */
export type PolicyName =
  | 'leveled'
  | 'dynamicLeveled'
  | 'universal'
  | 'sizeTiered'
  | 'lazyLeveling'
  | 'fifo'
  | 'timeWindow';

/** The forced compaction; `none` with the reason where there is nothing to compact or something stands against it. */
export function forcedCompaction(
  view: TreeView,
  context: PolicyContext,
  target: ManualTarget,
  policy: PolicyName,
): Choice {
  if (policy === 'fifo') {
    const options = { ...context.options, disable_auto_compactions: false };
    const choice = fifo.choose(view, { ...context, options });
    return choice.kind === 'none' && choice.why === ''
      ? nothing('a FIFO tree drops tables and has none to drop')
      : choice;
  }
  const seeds = seedsOf(view, context, target);
  if (typeof seeds === 'string') return nothing(seeds);
  const outputLevel = outputLevelOf(view, context, target, policy, seeds);
  const inputs = closure(view, context, seeds, outputLevel);
  const all = inputs.flatMap((i) => i.tables);
  const span = spanOf(context.compare, all);
  if (anyBusy(all, context)) return nothing('a compaction under way has some of these tables');
  if (outputLevel > 0 && conflicts(context, span, outputLevel)) {
    return nothing(`a compaction under way writes to level ${outputLevel} in the same range`);
  }
  if (inputs[0]?.level === 0 && l0Running(context)) return nothing('a compaction of level 0 is under way');
  const levels = levelCount(view, context.options);
  const added = all.length - seeds.length;
  const text =
    `${all.length} tables, ${sizeOf(all)} bytes, are compacted into level ${outputLevel}` +
    (added > 0 ? `; ${added} of them take part because they overlap` : '');
  const { baseLevel } = levelState(view, context).targets;
  return {
    kind: 'compact',
    inputs,
    outputLevel,
    maxOutputBytes: maxOutput(context, policy, outputLevel, baseLevel),
    maxGrandparentBytes:
      policy === 'leveled' ? 10 * context.options.target_file_size_base : context.options.max_compaction_bytes,
    grandparents: outputLevel === 0 ? [] : grandparentsOf(view, context.compare, span, outputLevel, levels),
    reason: { code: 'ManualCompaction', text },
    isTrivialMove: false,
  };
}

function maxOutput({ options }: PolicyContext, policy: PolicyName, outputLevel: number, baseLevel: number): number {
  // A run in L0 is one table.
  if (outputLevel === 0) return Number.POSITIVE_INFINITY;
  return policy === 'leveled' ? options.target_file_size_base : maxFileSize(options, outputLevel, baseLevel);
}

/** The tables named by the target, or why there are none. */
function seedsOf(view: TreeView, { compare }: PolicyContext, target: ManualTarget): TableInfo[] | string {
  const all = view.levels.flatMap((l) => l.tables);
  if (all.length === 0) return 'the family has no tables';
  switch (target.kind) {
    case 'store':
      return all;
    case 'range': {
      const { from, to } = target;
      if (from !== undefined && to !== undefined && compare(from, to) > 0) return 'the range ends before it begins';
      const found = all.filter(
        (t) =>
          (from === undefined || compare(t.largest.key, from) >= 0) &&
          (to === undefined || compare(t.smallest.key, to) <= 0),
      );
      return found.length > 0 ? found : 'no table overlaps the range';
    }
    case 'level': {
      const found = tablesAt(view, target.level);
      return found.length > 0 ? [...found] : `level ${target.level} has no tables`;
    }
    case 'tables': {
      const wanted = new Set(target.numbers);
      const found = all.filter((t) => wanted.has(t.number));
      for (const t of found) wanted.delete(t.number);
      if (wanted.size > 0) return `no table ${[...wanted].join(', ')} in this family`;
      return found.length > 0 ? found : 'no table is chosen';
    }
  }
}

function outputLevelOf(
  view: TreeView,
  context: PolicyContext,
  target: ManualTarget,
  policy: PolicyName,
  seeds: readonly TableInfo[],
): number {
  const { options } = context;
  const last = levelCount(view, options) - 1;
  const filled = deepestLevel(view);
  const levels = new Set(seeds.map((t) => t.level));
  const deepestSeed = Math.max(...levels);
  const inL0 = policy === 'sizeTiered' || policy === 'timeWindow';
  if (last === 0) return 0;
  if (target.kind === 'store' || target.kind === 'range') {
    if (inL0) return filled;
    if (policy === 'leveled') return Math.max(1, deepestSeed);
    if (policy === 'dynamicLeveled' && !options.level_compaction_dynamic_level_bytes) return Math.max(1, filled);
    return last;
  }
  if (levels.size > 1) return deepestSeed;
  if (deepestSeed === 0) {
    if (inL0) return 0;
    if (policy === 'leveled') return 1;
    if (policy === 'dynamicLeveled') return levelState(view, context).targets.baseLevel;
    return nextFilled(view, 0, last);
  }
  if (deepestSeed === filled) return deepestSeed;
  return policy === 'universal' || policy === 'lazyLeveling' ? nextFilled(view, deepestSeed, last) : deepestSeed + 1;
}

/** The next deeper level that holds tables; the last where none does. */
function nextFilled(view: TreeView, level: number, last: number): number {
  for (let next = level + 1; next < last; next++) if (tablesAt(view, next).length > 0) return next;
  return last;
}
