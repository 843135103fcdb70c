/**
 * Leveled compaction as LevelDB does it (google/leveldb, db/version_set.cc: `Finalize`, `PickCompaction`,
 * `SetupOtherInputs`, `AddBoundaryInputs`; rocksdb-leveldb.md §13).
 *
 *  1. The level with the highest score is taken, if that is 1 or more; L0 counts tables, the others bytes.
 *  2. Otherwise a table that has let too many seeks through, if there is one.
 *  3. In its level the first table after the compact pointer is taken, which goes round the key space.
 *  4. L0 adds every table that overlaps; below, tables that share a user key with the last are added.
 *  5. Overlapping tables of the next level join; then the level's own input grows as long as the next
 *     level's does not and all together stay under 25 tables' worth of bytes.
 */
import { levelDbScores } from '../model/score.ts';
import type { TableInfo, TreeView } from '../model/tree.ts';
import {
  anyBusy,
  type Choice,
  type LevelInput,
  levelCount,
  NOTHING,
  nothing,
  type Policy,
  type PolicyContext,
  type Reason,
  sizeOf,
  tablesAt,
  type UserKeyCompare,
} from './policy.ts';
import { compareBounds, inputsAt, joinSpans, overlapping, spanOf } from './ranges.ts';

/** Tables' worth of bytes that one output may overlap two levels down. */
const GRANDPARENT_FACTOR = 10;
const EXPAND_FACTOR = 25;

export const leveled: Policy = { name: 'leveled', choose };

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  const scores = levelDbScores(
    Array.from({ length: levelCount(view, options) }, (_, level) => {
      const tables = tablesAt(view, level);
      return { level, tables: tables.length, bytes: sizeOf(tables) };
    }),
  );
  let best = { level: -1, score: -1 };
  for (const s of scores) if (s.score !== null && s.score > best.score) best = { level: s.level, score: s.score };
  if (best.score >= 1) {
    const { level, score } = best;
    const tables = tablesAt(view, level);
    return levelDbCompaction(
      view,
      context,
      level,
      [afterPointer(tables, level, context)],
      sizeReason(view, level, score),
      score,
    );
  }
  if (context.seekTable === undefined) return NOTHING;
  for (const { level, tables } of view.levels) {
    const table = tables.find((t) => t.number === context.seekTable);
    if (table === undefined || level + 1 >= levelCount(view, options)) continue;
    const text = `Table ${table.number} of level ${level} has let as many seeks through as a compaction costs`;
    return levelDbCompaction(view, context, level, [table], { code: 'SeekCompaction', text });
  }
  return NOTHING;
}

function sizeReason(view: TreeView, level: number, score: number): Reason {
  const tables = tablesAt(view, level);
  const shown = score.toFixed(2);
  return level === 0
    ? { code: 'LevelL0FilesNum', text: `Level 0 has ${tables.length} tables, score ${shown}` }
    : { code: 'LevelMaxLevelSize', text: `Level ${level} has ${sizeOf(tables)} bytes, score ${shown}` };
}

/** L0 is kept oldest first in LevelDB, and walked in that order. */
function afterPointer(tables: readonly TableInfo[], level: number, context: PolicyContext): TableInfo {
  const order = level === 0 ? [...tables].sort((a, b) => a.number - b.number) : tables;
  const pointer = context.compactPointers?.get(level);
  const next =
    pointer === undefined ? undefined : order.find((t) => compareBounds(context.compare, t.largest, pointer) > 0);
  return next ?? (order[0] as TableInfo);
}

/**
 * The compaction of `seeds` into the next level. Also what `CompactRange` does with a level's tables.
 * LevelDB has one compaction at a time; while another runs there is nothing to choose.
 */
export function levelDbCompaction(
  view: TreeView,
  context: PolicyContext,
  level: number,
  seeds: readonly TableInfo[],
  reason: Reason,
  score?: number,
): Choice {
  const { compare, options } = context;
  if (context.running !== undefined && context.running.length > 0) return nothing('a compaction is under way');
  const own = tablesAt(view, level);
  const next = tablesAt(view, level + 1);
  const picked = level === 0 ? inputsAt(compare, 0, own, spanOf(compare, seeds)) : seeds;
  let upper = withBoundary(compare, level, own, picked);
  let span = spanOf(compare, upper);
  let lower = withBoundary(compare, level + 1, next, overlapping(compare, next, span));
  let all = lower.length === 0 ? span : joinSpans(compare, span, spanOf(compare, lower));
  if (lower.length > 0) {
    const wider = withBoundary(compare, level, own, inputsAt(compare, level, own, all));
    const limit = EXPAND_FACTOR * options.target_file_size_base;
    if (wider.length > upper.length && sizeOf(lower) + sizeOf(wider) < limit) {
      const widerSpan = spanOf(compare, wider);
      const widerLower = withBoundary(compare, level + 1, next, overlapping(compare, next, widerSpan));
      if (widerLower.length === lower.length) {
        upper = wider;
        lower = widerLower;
        span = widerSpan;
        all = joinSpans(compare, span, spanOf(compare, lower));
      }
    }
  }
  if (anyBusy(upper, context) || anyBusy(lower, context)) return nothing('a compaction is under way');
  const grandparents = overlapping(compare, tablesAt(view, level + 2), all);
  const limit = GRANDPARENT_FACTOR * options.target_file_size_base;
  const movable = upper.every((t) => context.movable?.(t, level + 1) ?? true);
  const inputs: LevelInput[] = [{ level, tables: upper }];
  if (lower.length > 0) inputs.push({ level: level + 1, tables: lower });
  return {
    kind: 'compact',
    inputs,
    outputLevel: level + 1,
    maxOutputBytes: options.target_file_size_base,
    maxGrandparentBytes: limit,
    grandparents,
    reason,
    isTrivialMove: upper.length === 1 && lower.length === 0 && sizeOf(grandparents) <= limit && movable,
    ...(score === undefined ? {} : { score }),
    compactPointer: { level, key: span.largest },
  };
}

/**
 * Adds tables that begin with the user key with which the inputs end, older versions of it. Newer versions
 * may stay above.
 */
function withBoundary(
  compare: UserKeyCompare,
  level: number,
  tables: readonly TableInfo[],
  inputs: readonly TableInfo[],
): readonly TableInfo[] {
  if (inputs.length === 0) return inputs;
  const taken = new Set(inputs);
  let largest = spanOf(compare, inputs).largest;
  for (;;) {
    let boundary: TableInfo | undefined;
    for (const t of tables) {
      if (compare(t.smallest.key, largest.key) !== 0 || compareBounds(compare, t.smallest, largest) <= 0) continue;
      if (boundary === undefined || compareBounds(compare, t.smallest, boundary.smallest) < 0) boundary = t;
    }
    if (boundary === undefined) break;
    taken.add(boundary);
    largest = boundary.largest;
  }
  if (taken.size === inputs.length) return inputs;
  // A boundary table may be among the inputs already; the order is that of the level.
  return level === 0 ? [...taken].sort((a, b) => b.number - a.number) : tables.filter((t) => taken.has(t));
}

/** Where LevelDB puts a new memtable's table: at most level 2, above the first overlap (`PickLevelForMemTableOutput`). */
export function levelForMemtable(
  view: TreeView,
  context: Pick<PolicyContext, 'compare' | 'options'>,
  smallest: Uint8Array,
  largest: Uint8Array,
): number {
  const span = {
    smallest: { key: smallest, seq: 0, type: 'put' },
    largest: { key: largest, seq: 0, type: 'put' },
  } as const;
  const hit = (level: number): TableInfo[] => overlapping(context.compare, tablesAt(view, level), span);
  if (hit(0).length > 0) return 0;
  const limit = GRANDPARENT_FACTOR * context.options.target_file_size_base;
  let level = 0;
  while (level < 2) {
    if (hit(level + 1).length > 0) break;
    if (sizeOf(hit(level + 2)) > limit) break;
    level++;
  }
  return level;
}
