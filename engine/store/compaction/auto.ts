/**
 * Which compaction a family's own policy asks for, and how full its L0 may become: what an engine decides
 * in the background, from the store's OPTIONS and the tree as it is.
 */
import { optionNumber } from '../../model/optionValues.ts';
import type { Bound, TableInfo } from '../../model/tree.ts';
import { type Choice, nothing, type PolicyContext } from '../../policy/policy.ts';
import { policyFor } from '../../policy/registry.ts';
import { compressionAt } from '../tableStyle.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import { policyContext } from './select.ts';
import { KnownTables } from './tableFacts.ts';

export interface AutoOptions {
  /** Epoch seconds. */
  readonly now: number;
  /** Instead of those that the MANIFEST has, by level. */
  readonly compactPointers?: ReadonlyMap<number, Bound> | undefined;
  /** Instead of the store's own policy options; their names are those of `PolicyOptions`. */
  readonly policy?: Partial<PolicyContext['options']> | undefined;
  /** What was read of the tables; without it only what the MANIFEST and OPTIONS say counts. */
  readonly tables?: KnownTables | undefined;
}

/** L0 tables (universal: sorted runs) from which writes wait; Infinity where they never do. */
export interface StallLimits {
  readonly slowdown: number;
  readonly stop: number;
  /** Every filled level below L0 counts as one table more. */
  readonly countsRuns: boolean;
}

const NO_LIMITS: StallLimits = {
  slowdown: Number.POSITIVE_INFINITY,
  stop: Number.POSITIVE_INFINITY,
  countsRuns: false,
};
/** LevelDB's `kL0_SlowdownWritesTrigger` (db/dbformat.h). */
const LEVELDB_SLOWDOWN = 8;
/** RocksDB's `level0_slowdown_writes_trigger` (include/rocksdb/advanced_options.h). */
const ROCKSDB_SLOWDOWN = 20;

/** undefined for a RocksDB store whose OPTIONS are gone: nobody knows what it wants. */
function styleOf(view: StoreView, family: FamilyVersion): string | undefined {
  const options = view.snapshot.options.family(family.state.name);
  const style = options['compaction_style'];
  if (style !== undefined || view.shared.dialect.id === 'leveldb') return style ?? 'leveled';
  return Object.keys(options).length === 0 ? undefined : 'leveled';
}

function contextOf(view: StoreView, family: FamilyVersion, auto: AutoOptions): PolicyContext {
  const plain = policyContext(view, family, auto.now);
  const pointers = auto.compactPointers ?? family.state.compactPointers;
  const isRocks = view.shared.dialect.id === 'rocksdb';
  return {
    ...plain,
    options: auto.policy === undefined ? plain.options : { ...plain.options, ...auto.policy },
    blobBytes: family.view.blobFiles.reduce((sum, b) => sum + b.bytes, 0),
    ...(pointers === undefined ? {} : { compactPointers: pointers }),
    ...(isRocks ? { ...(auto.tables ?? new KnownTables()).context(family), movable: movableIn(view, family) } : {}),
  };
}

/** A table that the level below would have compressed otherwise is rewritten. */
function movableIn(view: StoreView, family: FamilyVersion): (table: TableInfo, outputLevel: number) => boolean {
  const options = view.snapshot.options.family(family.state.name);
  return ({ level }, outputLevel) =>
    compressionAt(options, family, level) === compressionAt(options, family, outputLevel);
}

/** Whether the family's policy looks into tables at all. */
export function looksIntoTables(view: StoreView, family: FamilyVersion): boolean {
  if (view.shared.dialect.id !== 'rocksdb' || styleOf(view, family) === undefined) return false;
  return view.snapshot.options.family(family.state.name)['disable_auto_compactions'] !== 'true';
}

/** What the family's policy asks for next. Reads no file. */
export function autoChoice(view: StoreView, family: FamilyVersion, auto: AutoOptions): Choice {
  const style = styleOf(view, family);
  if (style === undefined) return nothing('the store has no OPTIONS that name a policy');
  if (family.tables.some((t) => view.version.broken.has(t.number))) return nothing('tables of the family are missing');
  return policyFor(style, view.shared.dialect.id).choose(family.view, contextOf(view, family, auto));
}

/**
 * LevelDB db/dbformat.h and db/db_impl.cc `MakeRoomForWrite`; RocksDB db/column_family.cc
 * `GetWriteStallConditionAndCause`, `SanitizeOptions`: stop is at least slowdown, and that at least the
 * compaction trigger; FIFO, which drops tables, and a family that compacts nothing by itself never wait.
 */
export function stallLimits(view: StoreView, family: FamilyVersion, policy?: AutoOptions['policy']): StallLimits {
  const style = styleOf(view, family);
  if (style === undefined) return NO_LIMITS;
  const { name } = policyFor(style, view.shared.dialect.id);
  const { options } = contextOf(view, family, { now: 0, policy });
  if (options.disable_auto_compactions || name === 'none' || name === 'fifo') return NO_LIMITS;
  const countsRuns = name === 'universal';
  const stop = options.level0_stop_writes_trigger;
  if (view.shared.dialect.id === 'leveldb') return { slowdown: Math.min(LEVELDB_SLOWDOWN, stop), stop, countsRuns };
  const raw = view.snapshot.options.family(family.state.name)['level0_slowdown_writes_trigger'];
  const trigger = options.level0_file_num_compaction_trigger;
  const stated = optionNumber(raw, ROCKSDB_SLOWDOWN);
  const slowdown = Math.max(trigger, stated >= 0 ? stated : ROCKSDB_SLOWDOWN);
  return { slowdown, stop: Math.max(stop, slowdown), countsRuns };
}

/** What the limits count. */
export function stallCount({ view }: FamilyVersion, { countsRuns }: StallLimits): number {
  let count = 0;
  for (const { level, tables } of view.levels) {
    if (level === 0) count += tables.length;
    else if (countsRuns && tables.length > 0) count++;
  }
  return count;
}
