/**
 * Amplification, as far as the tree alone tells it.
 *
 * - sorted runs: each L0 table and each level below that holds anything; what a range scan has to merge.
 * - read amplification: the sorted runs that a get may have to ask, the memtable not counted.
 * - space amplification: bytes of all tables over bytes of the deepest level, in which nearly every
 *   key stands once; 1 for an empty tree. An estimate from above the truth of what a full compaction
 *   would leave (RocksDB tuning guide).
 */
export interface LevelBytes {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
}

export interface Metrics {
  readonly spaceAmplification: number;
  readonly readAmplification: number;
  readonly sortedRuns: number;
}

export function sortedRuns(levels: readonly LevelBytes[]): number {
  return levels.reduce((n, l) => n + (l.level === 0 ? l.tables : l.tables > 0 ? 1 : 0), 0);
}

/** Of one family's tree, or of several taken together. Read amplification is that of the worst family. */
export function storeMetrics(families: readonly { readonly levels: readonly LevelBytes[] }[]): Metrics {
  let total = 0;
  let deepest = 0;
  let runs = 0;
  let worst = 0;
  for (const { levels } of families) {
    const filled = levels.filter((l) => l.bytes > 0);
    total += filled.reduce((n, l) => n + l.bytes, 0);
    deepest += filled.at(-1)?.bytes ?? 0;
    const own = sortedRuns(levels);
    runs += own;
    worst = Math.max(worst, own);
  }
  return { spaceAmplification: deepest === 0 ? 1 : total / deepest, readAmplification: worst, sortedRuns: runs };
}
