/**
 * What must hold of a tree's levels, whatever the engine (rocksdb-leveldb.md §6, §13; RocksDB
 * db/version_builder.cc `CheckConsistency`). Says what is wrong; never throws.
 */
import type { Bound, TableInfo, TreeView } from './tree.ts';

export type LevelRule =
  /** A table stands twice. */
  | 'duplicate'
  /** A table says that it is of another level than the one in which it stands. */
  | 'level'
  /** A table's smallest key comes after its largest. */
  | 'bounds'
  /** Tables of a level below L0 are not in key order. */
  | 'order'
  /** Tables of a level below L0 share keys. */
  | 'overlap'
  /** Tables of L0 are not newest first. */
  | 'age'
  /** Sequence numbers contradict each other. */
  | 'sequence';

export interface LevelFinding {
  readonly rule: LevelRule;
  readonly level: number;
  readonly table: number;
  /** The other table concerned. */
  readonly other?: number;
  readonly message: string;
}

export interface CheckOptions {
  /** The store's last sequence; no table may be ahead of it. */
  readonly lastSequence?: number;
  /** Levels from the top whose tables may overlap; 1 unless told. */
  readonly overlapLevels?: number;
}

/** `compare` orders user keys of the family, without timestamps. */
export function checkLevels(
  view: TreeView,
  compare: (a: Uint8Array, b: Uint8Array) => number,
  options: CheckOptions = {},
): LevelFinding[] {
  const findings: LevelFinding[] = [];
  const seen = new Map<number, number>();
  for (const { level, tables } of view.levels) {
    for (const [i, t] of tables.entries()) {
      const add = (rule: LevelRule, message: string, other?: TableInfo): void => {
        findings.push({
          rule,
          level,
          table: t.number,
          ...(other === undefined ? {} : { other: other.number }),
          message,
        });
      };
      const before = seen.get(t.number);
      if (before !== undefined) add('duplicate', `table ${t.number} stands in level ${before} and in level ${level}`);
      seen.set(t.number, level);
      if (t.level !== level) add('level', `table ${t.number} of level ${t.level} stands in level ${level}`);
      if (compareInternal(compare, t.smallest, t.largest) > 0) {
        add('bounds', `table ${t.number} ends before it begins`);
      }
      checkSequences(t, options, add);
      const previous = tables[i - 1];
      if (previous === undefined) continue;
      if (level < (options.overlapLevels ?? 1)) checkAge(previous, t, add);
      else if (compareInternal(compare, previous.largest, t.smallest) >= 0) {
        const ordered = compareInternal(compare, previous.smallest, t.smallest) <= 0;
        if (ordered) add('overlap', `table ${t.number} begins before table ${previous.number} ends`, previous);
        else add('order', `table ${t.number} stands behind table ${previous.number} and begins before it`, previous);
      }
    }
  }
  return findings;
}

type Add = (rule: LevelRule, message: string, other?: TableInfo) => void;

/** User keys ascending, then sequences descending. */
function compareInternal(compare: (a: Uint8Array, b: Uint8Array) => number, a: Bound, b: Bound): number {
  return compare(a.key, b.key) || b.seq - a.seq;
}

function checkSequences(t: TableInfo, { lastSequence }: CheckOptions, add: Add): void {
  const { smallestSeq: low, largestSeq: high } = t;
  if (high !== undefined && lastSequence !== undefined && high > lastSequence) {
    add('sequence', `table ${t.number} has sequence ${high}, the store's last is ${lastSequence}`);
  }
  if (low === undefined || high === undefined) return;
  if (low > high) add('sequence', `table ${t.number} has sequences from ${low} to ${high}`);
  for (const bound of [t.smallest, t.largest]) {
    // Where a table begins or ends within a range deletion, the bound's sequence is made up.
    if (bound.type === 'range-delete') continue;
    if (bound.seq < low || bound.seq > high) {
      add('sequence', `table ${t.number} has a bound of sequence ${bound.seq}, outside of ${low} to ${high}`);
    }
  }
}

/** By epoch where both have one, by sequences otherwise, by number where there are none (LevelDB). */
function checkAge(newer: TableInfo, older: TableInfo, add: Add): void {
  const epochs = newer.epoch !== undefined && older.epoch !== undefined && newer.epoch !== older.epoch;
  const steps = epochs
    ? [(newer.epoch as number) - (older.epoch as number)]
    : newer.largestSeq !== undefined && older.largestSeq !== undefined
      ? [newer.largestSeq - older.largestSeq, (newer.smallestSeq ?? 0) - (older.smallestSeq ?? 0)]
      : [newer.number - older.number];
  const first = steps.find((d) => d !== 0) ?? newer.number - older.number;
  if (first < 0) add('age', `table ${newer.number} stands before table ${older.number} and is older`, newer);
}
