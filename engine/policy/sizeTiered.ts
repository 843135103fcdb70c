/**
 * Size-tiered compaction as Cassandra does it (apache/cassandra,
 * src/java/org/apache/cassandra/db/compaction/SizeTieredCompactionStrategy.java).
 *
 * Tables of similar size form a bucket: within `bucket_low` and `bucket_high` of its average, or all smaller
 * than `min_sstable_size`. A bucket of `min_threshold` tables is merged into one, at most `max_threshold` at
 * once, and the bucket with the smallest average goes first. Cassandra prefers the bucket that is read most;
 * reads are not counted here.
 *
 * All runs live in L0. Where the tree orders versions by sequence, a merge may only take tables that follow
 * one another in age: a bucket is then cut at its gaps, and the longest part counts.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import {
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

export const sizeTiered: Policy = { name: 'sizeTiered', choose };

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  const l0 = tablesAt(view, 0);
  const best = mostInteresting(l0, l0, context);
  if (best === undefined) return NOTHING;
  const average = Math.floor(sizeOf(best) / best.length);
  const text = `${best.length} tables of similar size, ${average} bytes on average (threshold ${options.tiered.min_threshold})`;
  return mergeInL0(best, { code: 'SizeTieredBucket', text });
}

/** Merges tables of L0 into one that takes their place. */
export function mergeInL0(tables: readonly TableInfo[], reason: Reason): CompactChoice {
  return {
    kind: 'compact',
    inputs: [{ level: 0, tables }],
    outputLevel: 0,
    maxOutputBytes: Number.POSITIVE_INFINITY,
    maxGrandparentBytes: Number.POSITIVE_INFINITY,
    grandparents: [],
    reason,
    isTrivialMove: false,
  };
}

/**
 * The bucket to merge among `candidates`, cut to `max_threshold` tables, newest first; undefined if none is
 * full. `l0` are all tables of the level, newest first.
 */
export function mostInteresting(
  candidates: readonly TableInfo[],
  l0: readonly TableInfo[],
  context: PolicyContext,
): readonly TableInfo[] | undefined {
  const { min_threshold, max_threshold } = context.options.tiered;
  let best: readonly TableInfo[] | undefined;
  let bestAverage = Number.POSITIVE_INFINITY;
  for (const bucket of buckets(
    candidates.filter((t) => !isBusy(t, context)),
    context,
  )) {
    const part = mergeable(bucket, l0, context);
    if (part.length < min_threshold) continue;
    // The oldest ones: their gaps in age are closed for good.
    const taken = part.slice(Math.max(0, part.length - max_threshold));
    const average = sizeOf(taken) / taken.length;
    if (average < bestAverage) {
      best = taken;
      bestAverage = average;
    }
  }
  return best;
}

/** Buckets of similar size, each in no particular order. */
export function buckets(tables: readonly TableInfo[], context: PolicyContext): TableInfo[][] {
  const { bucket_low, bucket_high, min_sstable_size } = context.options.tiered;
  const found: { average: number; tables: TableInfo[] }[] = [];
  for (const table of [...tables].sort((a, b) => a.bytes - b.bytes || a.number - b.number)) {
    const fits = found.find(
      (b) =>
        (table.bytes > b.average * bucket_low && table.bytes < b.average * bucket_high) ||
        (table.bytes < min_sstable_size && b.average < min_sstable_size),
    );
    if (fits === undefined) found.push({ average: table.bytes, tables: [table] });
    else {
      fits.average = (fits.average * fits.tables.length + table.bytes) / (fits.tables.length + 1);
      fits.tables.push(table);
    }
  }
  return found.map((b) => b.tables);
}

/** Newest first; where ages matter only the longest part of the bucket without a gap, the older of equals. */
export function mergeable(
  bucket: readonly TableInfo[],
  l0: readonly TableInfo[],
  context: PolicyContext,
): readonly TableInfo[] {
  const inside = new Set(bucket);
  if (context.options.tiered.any_tables) return l0.filter((t) => inside.has(t));
  let longest: TableInfo[] = [];
  let current: TableInfo[] = [];
  for (const table of l0) {
    if (inside.has(table)) current.push(table);
    else current = [];
    if (current.length >= longest.length) longest = [...current];
  }
  return longest;
}
