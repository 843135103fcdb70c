/** Scores and targets of a tree for RocksDB's leveled policy, running compactions taken into account. */
import { type LevelScore, type LevelTargets, leveledScores, levelTargets } from '../model/score.ts';
import type { TreeView } from '../model/tree.ts';
import { compensatedSize } from './filePriority.ts';
import { isBusy, levelCount, type PolicyContext, sizeOf, tablesAt } from './policy.ts';

export interface LevelState {
  readonly levels: number;
  /** Highest first, as the levels are tried. */
  readonly scores: readonly LevelScore[];
  readonly targets: LevelTargets;
}

export function levelState(view: TreeView, context: PolicyContext): LevelState {
  const options = { ...context.options, num_levels: levelCount(view, context.options) };
  const shapes = Array.from({ length: options.num_levels }, (_, level) => {
    const tables = tablesAt(view, level);
    const free = tables.filter((t) => !isBusy(t, context));
    const compensated = (n: number, t: (typeof tables)[number]): number => n + compensatedSize(t, context);
    return {
      level,
      tables: tables.length,
      bytes: sizeOf(tables),
      freeTables: free.length,
      freeBytes: free.reduce(compensated, 0),
      compensatedBytes: tables.reduce(compensated, 0),
    };
  });
  const targets = levelTargets(
    shapes.map((s) => s.bytes),
    options,
  );
  const scores = leveledScores(shapes, options, targets);
  // The order among equals is that of the original's exchanges (`ComputeCompactionScore`).
  for (let i = 0; i < scores.length - 1; i++) {
    for (let j = i + 1; j < scores.length; j++) {
      const a = scores[i] as LevelScore;
      const b = scores[j] as LevelScore;
      if ((a.score ?? 0) < (b.score ?? 0)) {
        scores[i] = b;
        scores[j] = a;
      }
    }
  }
  return { levels: options.num_levels, scores, targets };
}
