/**
 * From a level's chosen tables to a whole compaction (RocksDB db/compaction/compaction_picker.cc
 * `SetupOtherInputs`, `GetGrandparents`; db/compaction/compaction.cc `IsTrivialMove`).
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { maxFileSize } from './options.ts';
import {
  anyBusy,
  type CompactChoice,
  type LevelInput,
  levelCount,
  type PolicyContext,
  type Reason,
  sizeOf,
  tablesAt,
} from './policy.ts';
import {
  cleanCut,
  cleanWithin,
  conflicts,
  freeCleanCut,
  grandparentsOf,
  inputsAt,
  joinSpans,
  l0Disjoint,
  overlapping,
  spanOf,
} from './ranges.ts';

export interface Inputs {
  /** Of the start level. */
  readonly upper: readonly TableInfo[];
  /** Of the output level. */
  readonly lower: readonly TableInfo[];
}

/**
 * Adds what overlaps in the output level. Then the upper input grows as far as that leaves the lower one
 * alone and all together stay under twice `max_compaction_bytes`. `rightOnly` keeps its left end.
 * Undefined if a running compaction has one of those tables.
 */
export function withOutputLevel(
  view: TreeView,
  context: PolicyContext,
  startLevel: number,
  outputLevel: number,
  picked: readonly TableInfo[],
  rightOnly = false,
): Inputs | undefined {
  const { compare, options } = context;
  if (startLevel === outputLevel) return { upper: picked, lower: [] };
  const own = tablesAt(view, startLevel);
  const next = tablesAt(view, outputLevel);
  const span = spanOf(compare, picked);
  const lower = freeCleanCut(context, outputLevel, next, overlapping(compare, next, span));
  if (lower === undefined) return undefined;
  if (lower.length === 0) return { upper: picked, lower };
  const all = joinSpans(compare, span, spanOf(compare, lower));
  const limit = 2 * options.max_compaction_bytes;
  const fits = (wider: readonly TableInfo[]): boolean =>
    wider.length > picked.length && !anyBusy(wider, context) && sizeOf(lower) + sizeOf(wider) < limit;

  const range = rightOnly ? { smallest: span.smallest, largest: all.largest } : all;
  const wider = cleanCut(compare, startLevel, own, inputsAt(compare, startLevel, own, range));
  if (fits(wider)) {
    const widerLower = freeCleanCut(context, outputLevel, next, overlapping(compare, next, spanOf(compare, wider)));
    if (widerLower !== undefined && widerLower.length === lower.length) return { upper: wider, lower };
  }
  // Within the range already covered nothing more of the output level can come in; L0 has no such inside.
  const inside = startLevel === 0 ? [] : cleanWithin(compare, own, all);
  if (!fits(inside)) return { upper: picked, lower };
  return { upper: inside, lower };
}

export interface Shape {
  readonly startLevel: number;
  readonly outputLevel: number;
  readonly baseLevel: number;
  readonly reason: Reason;
  readonly score?: number;
  /** L0 inputs are known not to overlap one another, nor anything older. */
  readonly l0Moves?: boolean;
}

/** The compaction of these inputs; undefined if another writes to the same range of the output level. */
export function compaction(
  view: TreeView,
  context: PolicyContext,
  inputs: Inputs,
  shape: Shape,
): CompactChoice | undefined {
  const { compare, options } = context;
  const { startLevel, outputLevel } = shape;
  const levels: LevelInput[] = [{ level: startLevel, tables: inputs.upper }];
  if (inputs.lower.length > 0) levels.push({ level: outputLevel, tables: inputs.lower });
  const span = spanOf(compare, [...inputs.upper, ...inputs.lower]);
  // Tables of L0 may overlap, so that nobody's output is in the way there.
  if (outputLevel > 0 && conflicts(context, span, outputLevel)) return undefined;
  const count = levelCount(view, options);
  return {
    kind: 'compact',
    inputs: levels,
    outputLevel,
    maxOutputBytes: maxFileSize(options, outputLevel, shape.baseLevel),
    maxGrandparentBytes: options.max_compaction_bytes,
    grandparents: outputLevel === 0 ? [] : grandparentsOf(view, compare, span, outputLevel, count),
    reason: shape.reason,
    isTrivialMove: isTrivialMove(view, context, inputs, shape),
    ...(shape.score === undefined ? {} : { score: shape.score }),
  };
}

/**
 * Whether the inputs only change their level: nothing to merge with, and no table that would overlap more
 * than `max_compaction_bytes` below its new place together with itself.
 */
function isTrivialMove(view: TreeView, context: PolicyContext, inputs: Inputs, shape: Shape): boolean {
  const { compare, options } = context;
  const { startLevel, outputLevel } = shape;
  if (startLevel === outputLevel || inputs.lower.length > 0) return false;
  if (!inputs.upper.every((t) => context.movable?.(t, outputLevel) ?? true)) return false;
  const l0 = tablesAt(view, 0);
  if (startLevel === 0 && shape.l0Moves !== true && inputs.upper.length > 1 && !l0Disjoint(compare, l0)) return false;
  const below = tablesAt(view, outputLevel + 1);
  return inputs.upper.every((t) => t.bytes + sizeOf(overlapping(compare, below, t)) <= options.max_compaction_bytes);
}
