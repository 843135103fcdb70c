/**
 * Universal compaction as RocksDB does it (facebook/rocksdb, db/compaction/compaction_picker_universal.cc;
 * rocksdb-leveldb.md §13).
 *
 * A sorted run is a table of L0 or a whole deeper level; runs are ordered newest first. With as many runs as
 * the L0 trigger, the first of these that finds work decides:
 *
 *  1. tables written too long ago: everything up to the oldest run;
 *  2. size amplification: all runs but the oldest weigh `max_size_amplification_percent` of it or more;
 *  3. size ratio: neighbouring runs, each not much larger than those before it together;
 *  4. the number of runs: as many of the newest as bring it down to `max_read_amp`;
 *  5. marked tables.
 *
 * The output takes the place of its inputs: the last level if the oldest run is among them, otherwise just
 * above the next older run. Not modelled: `incremental`, read triggers, standalone range deletions.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { compaction, withOutputLevel } from './expand.ts';
import { compensatedSize } from './filePriority.ts';
import { markedTables, periodic } from './marks.ts';
import { maxFileSize } from './options.ts';
import {
  anyBusy,
  type Choice,
  type CompactChoice,
  type LevelInput,
  levelCount,
  NOTHING,
  nothing,
  type Policy,
  type PolicyContext,
  type Reason,
  sizeOf,
  tablesAt,
} from './policy.ts';
import { conflicts, freeCleanCut, inputsAt, l0Running, spanOf } from './ranges.ts';

export const universal: Policy = { name: 'universal', choose };

export interface SortedRun {
  readonly level: number;
  readonly tables: readonly TableInfo[];
  readonly bytes: number;
  readonly compensated: number;
  readonly busy: boolean;
}

/** Newest first. */
export function sortedRunsOf(view: TreeView, context: PolicyContext): SortedRun[] {
  const run = (level: number, tables: readonly TableInfo[]): SortedRun => ({
    level,
    tables,
    bytes: sizeOf(tables),
    compensated: tables.reduce((n, t) => n + compensatedSize(t, context), 0),
    busy: anyBusy(tables, context),
  });
  const runs = tablesAt(view, 0).map((t) => run(0, [t]));
  for (let level = 1; level < levelCount(view, context.options); level++) {
    const tables = tablesAt(view, level);
    if (tables.length > 0) runs.push(run(level, tables));
  }
  return runs;
}

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  const runs = sortedRunsOf(view, context);
  const trigger = options.level0_file_num_compaction_trigger;
  const enough = runs.length >= trigger;
  if (runs.length === 0) return NOTHING;
  const score = runs.filter((r) => !r.busy).length / trigger;
  return (
    byAge(view, context, runs, score) ??
    (enough ? sizeAmplification(view, context, runs, score) : undefined) ??
    (enough ? sizeRatio(view, context, runs, score) : undefined) ??
    (enough ? runCount(view, context, runs, score) : undefined) ??
    byMark(view, context, runs) ??
    NOTHING
  );
}

/** Up to the oldest run, from the newest that is not being compacted. */
function byAge(
  view: TreeView,
  context: PolicyContext,
  runs: readonly SortedRun[],
  score: number,
): CompactChoice | undefined {
  const old = periodic(view, context);
  if (old.length === 0) return undefined;
  let start = runs.length;
  while (start > 0 && (runs[start - 1] as SortedRun).busy === false) start--;
  if (start === runs.length) return undefined;
  const only = runs[start] as SortedRun;
  const holds = old.some((m) => only.tables.includes(m.table));
  if (start === runs.length - 1 && !holds) return undefined;
  const period = context.options.periodic_compaction_seconds;
  const text = `${old.length} tables were written more than ${period} s ago`;
  return merged(view, context, runs, start, runs.length, { code: 'PeriodicCompaction', text }, score);
}

function sizeAmplification(
  view: TreeView,
  context: PolicyContext,
  runs: readonly SortedRun[],
  score: number,
): CompactChoice | undefined {
  const end = runs.length - 1;
  const oldest = runs[end] as SortedRun;
  if (oldest.busy) return undefined;
  let start = end;
  let newer = 0;
  let l0 = 0;
  while (start > 0) {
    const run = runs[start - 1] as SortedRun;
    if (run.busy) break;
    newer += run.compensated;
    if (run.level === 0) l0++;
    start--;
  }
  if (start === end) return undefined;
  const kept = withoutNewest(context, runs, start, end, newer, l0);
  start = kept.start;
  newer = kept.newer;
  const limit = context.options.universal.max_size_amplification_percent;
  if (newer * 100 < limit * oldest.bytes) return undefined;
  const percent = oldest.bytes === 0 ? 'more' : `${Math.floor((newer * 100) / oldest.bytes)} %`;
  const text = `The newer runs have ${newer} bytes, ${percent} of the oldest run's ${oldest.bytes} (limit ${limit} %)`;
  return merged(view, context, runs, start, runs.length, { code: 'UniversalSizeAmplification', text }, score);
}

/**
 * Leaves small new L0 tables out of a merge of everything when so many runs would be taken that writes might
 * stop meanwhile (`MightExcludeNewL0sToReduceWriteStop`).
 */
function withoutNewest(
  context: PolicyContext,
  runs: readonly SortedRun[],
  start: number,
  end: number,
  newer: number,
  l0: number,
): { start: number; newer: number } {
  if (l0 === 0) return { start, newer };
  const { level0_stop_writes_trigger: stop, universal: o } = context.options;
  const most = Math.min(l0 - 1, end - start - 1);
  const spare = stop - Math.min(stop, end - start + 1);
  const upTo = Math.min(o.max_merge_width - Math.min(o.max_merge_width, spare), most);
  const from = Math.min(o.min_merge_width - Math.min(o.min_merge_width, spare), most);
  const base = (runs[end] as SortedRun).bytes;
  let excluded = 0;
  let bytes = newer;
  for (let n = from; n <= upTo; n++) {
    let candidate = bytes;
    for (let j = excluded; j < n; j++) candidate -= (runs[start + j] as SortedRun).compensated;
    if (candidate * 100 < o.max_size_amplification_percent * base || candidate < Math.floor((newer * 9) / 10)) break;
    excluded = n;
    bytes = candidate;
  }
  return { start: start + excluded, newer: bytes };
}

function sizeRatio(
  view: TreeView,
  context: PolicyContext,
  runs: readonly SortedRun[],
  score: number,
): CompactChoice | undefined {
  const ratio = context.options.universal.size_ratio;
  const found = neighbours(context, runs, ratio, Number.POSITIVE_INFINITY);
  if (found === undefined) return undefined;
  const bytes = runs.slice(found.start, found.end).reduce((n, r) => n + r.bytes, 0);
  const text = `${found.end - found.start} neighbouring runs of similar size, ${bytes} bytes (size ratio ${ratio} %)`;
  return merged(view, context, runs, found.start, found.end, { code: 'UniversalSizeRatio', text }, score);
}

function runCount(
  view: TreeView,
  context: PolicyContext,
  runs: readonly SortedRun[],
  score: number,
): CompactChoice | undefined {
  const allowed = runsAllowed(context, runs);
  const free = runs.filter((r) => !r.busy).length;
  if (free <= allowed) return undefined;
  const found = neighbours(context, runs, 2 ** 32 - 1, free - allowed + 1);
  if (found === undefined) return undefined;
  const text = `${free} sorted runs where ${allowed} are allowed: ${found.end - found.start} are merged into one`;
  return merged(view, context, runs, found.start, found.end, { code: 'UniversalSortedRunNum', text }, score);
}

function runsAllowed(context: PolicyContext, runs: readonly SortedRun[]): number {
  const { universal: o, level0_file_num_compaction_trigger: trigger, write_buffer_size } = context.options;
  if (o.max_read_amp > 0) return o.max_read_amp;
  if (o.max_read_amp < 0 || o.stop_style !== 'kCompactionStopStyleTotalSize') return trigger;
  // As many runs as grow by the size ratio from a memtable up to the largest.
  const largest = Math.max(...runs.map((r) => r.bytes));
  let allowed = 1;
  let total = 0;
  for (let size = write_buffer_size; size < largest; allowed++) {
    total += size;
    size = ((100 + o.size_ratio) / 100) * total;
  }
  return allowed;
}

/** The newest neighbours that may be merged, as `[start, end)`. */
function neighbours(
  context: PolicyContext,
  runs: readonly SortedRun[],
  ratio: number,
  most: number,
): { start: number; end: number } | undefined {
  const o = context.options.universal;
  const least = Math.max(o.min_merge_width, 2);
  const width = Math.min(o.max_merge_width, most);
  for (let start = 0; start < runs.length; start++) {
    const first = runs[start] as SortedRun;
    if (first.busy) continue;
    let size = first.compensated;
    let end = start + 1;
    for (; end < runs.length && end - start < width; end++) {
      const next = runs[end] as SortedRun;
      if (next.busy || (size * (100 + ratio)) / 100 < next.bytes) break;
      if (o.stop_style === 'kCompactionStopStyleSimilarSize') {
        if ((next.bytes * (100 + ratio)) / 100 < size) break;
        size = next.compensated;
      } else size += next.compensated;
    }
    if (end - start >= least) return { start, end };
  }
  return undefined;
}

/** All of the runs `[start, end)`, which follow one another. */
function merged(
  view: TreeView,
  context: PolicyContext,
  runs: readonly SortedRun[],
  start: number,
  end: number,
  reason: Reason,
  score: number,
): CompactChoice | undefined {
  const { options, compare } = context;
  const taken = runs.slice(start, end);
  const older = runs[end];
  const last = levelCount(view, options) - 1;
  const outputLevel = older === undefined ? last : older.level === 0 ? 0 : older.level - 1;
  const inputs: LevelInput[] = [];
  for (const run of taken) {
    const before = inputs.at(-1);
    if (before?.level === run.level)
      inputs[inputs.length - 1] = { level: run.level, tables: [...before.tables, ...run.tables] };
    else inputs.push({ level: run.level, tables: run.tables });
  }
  const all = taken.flatMap((r) => r.tables);
  if (outputLevel > 0 && conflicts(context, spanOf(compare, all), outputLevel)) return undefined;
  const moves =
    options.universal.allow_trivial_move &&
    reason.code !== 'PeriodicCompaction' &&
    outputLevel > 0 &&
    (taken[0] as SortedRun).level !== outputLevel &&
    all.every((t) => context.movable?.(t, outputLevel) ?? true) &&
    disjoint(all, context);
  return {
    kind: 'compact',
    inputs,
    outputLevel,
    // A run in L0 is one table.
    maxOutputBytes: outputLevel === 0 ? Number.POSITIVE_INFINITY : maxFileSize(options, outputLevel, 1),
    maxGrandparentBytes: Number.POSITIVE_INFINITY,
    grandparents: [],
    reason,
    isTrivialMove: moves,
    score,
  };
}

function disjoint(tables: readonly TableInfo[], { compare }: PolicyContext): boolean {
  const sorted = [...tables].sort((a, b) => compare(a.smallest.key, b.smallest.key));
  return sorted.every((t, i) => i === 0 || compare((sorted[i - 1] as TableInfo).largest.key, t.smallest.key) < 0);
}

/** Marked tables go into the next older run that there is. */
function byMark(view: TreeView, context: PolicyContext, runs: readonly SortedRun[]): CompactChoice | undefined {
  const last = levelCount(view, context.options) - 1;
  for (const { level, table } of markedTables(view, context)) {
    const reason: Reason = {
      code: 'FilesMarkedForCompaction',
      text: `Table ${table.number} of level ${level} is marked for compaction`,
    };
    if (last === 0) {
      const start = runs.findIndex((r) => r.tables[0] === table);
      let end = start;
      while (end < runs.length && (runs[end] as SortedRun).busy === false) end++;
      if (start >= 0 && end - start > 1) return merged(view, context, runs, start, end, reason, 0);
      continue;
    }
    const choice = intoNextRun(view, context, level, [table], reason);
    if (choice !== undefined) return choice;
  }
  return undefined;
}

/** Tables of one level, and what overlaps them, into the next level that holds anything. */
export function intoNextRun(
  view: TreeView,
  context: PolicyContext,
  level: number,
  tables: readonly TableInfo[],
  reason: Reason,
): CompactChoice | undefined {
  if (level === 0 && l0Running(context)) return undefined;
  const last = levelCount(view, context.options) - 1;
  let outputLevel = level + 1;
  while (outputLevel < last && tablesAt(view, outputLevel).length === 0) outputLevel++;
  if (outputLevel > last) return undefined;
  const own = tablesAt(view, level);
  const span = spanOf(context.compare, tables);
  const picked = level === 0 ? inputsAt(context.compare, 0, own, span) : freeCleanCut(context, level, own, tables);
  if (picked === undefined || anyBusy(picked, context)) return undefined;
  const inputs = withOutputLevel(view, context, level, outputLevel, picked);
  if (inputs === undefined) return undefined;
  return compaction(view, context, inputs, { startLevel: level, outputLevel, baseLevel: 1, reason });
}
