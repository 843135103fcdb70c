/** Numbers of a family's shape, from its summary alone: pure, no DOM. */
import type { FamilySummary, LevelSummary } from '../../engine/protocol/engineApi.ts';

export interface Shape {
  /** Runs that a read may have to look into: each L0 table, each level below that holds tables, and the memtable. */
  readonly sortedRuns: number;
  /** Bytes of all levels over bytes of the last; null for an empty tree. An estimate from below, as garbage inside a level is not seen. */
  readonly spaceAmplification: number | null;
}

export function shapeOf(family: FamilySummary): Shape {
  let runs = family.memtable.entries > 0 ? 1 : 0;
  let last: LevelSummary | undefined;
  let bytes = 0;
  for (const level of family.levels) {
    if (level.tables === 0) continue;
    runs += level.level === 0 ? level.tables : 1;
    bytes += level.bytes;
    if (last === undefined || level.level > last.level) last = level;
  }
  if (last === undefined || last.bytes === 0) return { sortedRuns: runs, spaceAmplification: null };
  // Where all is in L0, each of its tables is a run, and no level holds the bulk.
  return { sortedRuns: runs, spaceAmplification: last.level === 0 && last.tables > 1 ? null : bytes / last.bytes };
}

/** Levels from L0 down to the last that holds a table or has a target. */
export function shownLevels(family: FamilySummary): readonly LevelSummary[] {
  const sorted = [...family.levels].sort((a, b) => a.level - b.level);
  let last = -1;
  sorted.forEach((level, i) => {
    if (level.tables > 0) last = i;
  });
  return sorted.slice(0, last + 1);
}

/** Share of the widest bar that stands for `bytes`; a level that holds anything is seen. */
export function barShare(bytes: number, widest: number): number {
  if (bytes <= 0 || widest <= 0) return 0;
  return Math.max(0.002, Math.min(1, bytes / widest));
}

const COMPARATORS: Readonly<Record<string, string>> = {
  'leveldb.BytewiseComparator': 'bytewise',
  'rocksdb.ReverseBytewiseComparator': 'reverse bytewise',
};

/** A short name for a comparator, or its own. */
export function comparatorName(name: string): string {
  return COMPARATORS[name] ?? name;
}

export function isReverse(comparator: string): boolean {
  return comparator.includes('ReverseBytewise');
}

const ENGINES: Readonly<Record<string, string>> = {
  rocksdb: 'RocksDB',
  leveldb: 'LevelDB',
  cassandra: 'Cassandra',
  pebble: 'Pebble',
  badger: 'Badger',
};

export function engineName(engine: string, version: string): string {
  const name = ENGINES[engine] ?? engine;
  return version === '' ? name : `${name} ${version}`;
}

/** A target may be a hundred times what a young store holds; up to this many times it is still drawn. */
const TARGET_REACH = 4;

/**
 * Bytes that the whole width of a level bar stands for: the largest level or, where it is not far away,
 * the largest target, so that both the bars and their distance from the target can be seen.
 */
export function barScale(family: FamilySummary): number {
  const largest = Math.max(1, family.memtable.bytes, ...family.levels.map((l) => l.bytes));
  const targets = family.levels.map((l) => l.targetBytes ?? 0).filter((t) => t <= largest * TARGET_REACH);
  return Math.max(largest, ...targets);
}
