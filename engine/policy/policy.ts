/**
 * What a compaction policy is: a pure function from a tree and its circumstances to a choice, with the
 * reason in the engine's own word and in a sentence with the numbers (architecture.md, decision 5).
 *
 * Nothing here reads a file or a clock. Whoever carries a choice out, a compactor or a simulator, answers
 * for the context: which tables are busy, what time it is, which snapshots live.
 */
import type { Bound, TableInfo, TreeView } from '../model/tree.ts';
import type { PolicyOptions } from './options.ts';

/** Order of two user keys, without their timestamps. */
export type UserKeyCompare = (a: Uint8Array, b: Uint8Array) => number;

/**
 * Why a compaction is done: RocksDB's `compaction_reason` as its log spells it, and a few words for
 * rules that RocksDB does not have.
 */
export type ReasonCode =
  | 'LevelL0FilesNum'
  | 'LevelMaxLevelSize'
  | 'UniversalSizeAmplification'
  | 'UniversalSizeRatio'
  | 'UniversalSortedRunNum'
  | 'FIFOMaxSize'
  | 'FIFOReduceNumFiles'
  | 'FIFOTtl'
  | 'ManualCompaction'
  | 'FilesMarkedForCompaction'
  | 'BottommostFiles'
  | 'Ttl'
  | 'RoundRobinTtl'
  | 'PeriodicCompaction'
  /** LevelDB: a table that too many seeks went through in vain. */
  | 'SeekCompaction'
  /** Cassandra: enough tables of similar size. */
  | 'SizeTieredBucket'
  /** Cassandra: tables of one time window. */
  | 'TimeWindow'
  /** Cassandra: all data of a table is past its time to live. */
  | 'TimeWindowExpired'
  /** Lazy leveling: a tier has as many runs as the size ratio allows. */
  | 'TierFull';

export interface Reason {
  readonly code: ReasonCode;
  /** One sentence with the numbers that led here. */
  readonly text: string;
}

/** Tables of one level; L0 newest first, deeper levels in key order. Never empty. */
export interface LevelInput {
  readonly level: number;
  readonly tables: readonly TableInfo[];
}

export interface NoChoice {
  readonly kind: 'none';
  /** Why nothing is to be done, for a person who asked; '' where nothing is due. */
  readonly why: string;
}

export interface CompactChoice {
  readonly kind: 'compact';
  /** By level, ascending; the output level's own tables included. */
  readonly inputs: readonly LevelInput[];
  readonly outputLevel: number;
  /** Size in bytes at which an output table is cut; Infinity for one table. */
  readonly maxOutputBytes: number;
  /** Bytes of `grandparents` that one output may overlap before it is cut; Infinity for any. */
  readonly maxGrandparentBytes: number;
  /** Tables of the next filled level below the output level that overlap the inputs. */
  readonly grandparents: readonly TableInfo[];
  readonly reason: Reason;
  /** The inputs may change their level without being rewritten. */
  readonly isTrivialMove: boolean;
  /** Score of the level that asked, where one did. */
  readonly score?: number;
  /** To be remembered with the choice: where the next compaction of this level begins. */
  readonly compactPointer?: { readonly level: number; readonly key: Bound };
}

/** Tables to delete as they are. */
export interface DropChoice {
  readonly kind: 'drop';
  readonly level: number;
  readonly tables: readonly TableInfo[];
  readonly reason: Reason;
}

export type Choice = NoChoice | CompactChoice | DropChoice;

/** What is known of a table beyond the MANIFEST, from its properties. */
export interface TableFacts {
  readonly entries?: number;
  /** All deletions, range deletions among them. */
  readonly deletions?: number;
  readonly rangeDeletions?: number;
  /** RocksDB's estimate of what the range deletions cover, in bytes. */
  readonly rangeDeletedBytes?: number;
  /** Epoch seconds of the oldest data that went into the table (`oldest_ancester_time`). */
  readonly oldestAncestorAt?: number;
  /** Epoch seconds of the newest key (`newest_key_time`, or the largest write time of a cell). */
  readonly newestKeyAt?: number;
  /** Epoch seconds when the last of the table's data expires; undefined where some never does. */
  readonly expiresAt?: number;
}

/** A compaction under way, as far as it forbids others. */
export interface RunningCompaction {
  readonly startLevel: number;
  readonly outputLevel: number;
  /** User keys, both inclusive. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export interface PolicyContext {
  readonly options: PolicyOptions;
  readonly compare: UserKeyCompare;
  /** Epoch seconds. */
  readonly now: number;
  /** Numbers of the tables that running compactions have taken. */
  readonly busy?: ReadonlySet<number>;
  readonly running?: readonly RunningCompaction[];
  /** By level: LevelDB's compact pointers, RocksDB's round-robin cursors. */
  readonly compactPointers?: ReadonlyMap<number, Bound>;
  /** LevelDB: the table whose allowed seeks are used up. */
  readonly seekTable?: number;
  /**
   * Tables of the last run in which every sequence is below this may be rewritten to drop their sequences;
   * 0, RocksDB's value until a snapshot was released, asks for none.
   */
  readonly oldestSnapshot?: number;
  readonly facts?: (table: TableInfo) => TableFacts | undefined;
  /** Average bytes of a value, for the compensation of deletions; 0 when unknown. */
  readonly averageValueBytes?: number;
  /** Bytes of live blob files, for FIFO. */
  readonly blobBytes?: number;
  /** False: the table must be rewritten to come to that level (another compression, a compaction filter). */
  readonly movable?: (table: TableInfo, outputLevel: number) => boolean;
}

export interface Policy {
  readonly name: string;
  /** Pure and total: the same tree and context give the same choice; never throws. */
  choose(view: TreeView, context: PolicyContext): Choice;
}

export const NOTHING: NoChoice = { kind: 'none', why: '' };

export function nothing(why: string): NoChoice {
  return { kind: 'none', why };
}

export function isBusy(table: TableInfo, context: PolicyContext): boolean {
  return context.busy?.has(table.number) ?? false;
}

export function anyBusy(tables: readonly TableInfo[], context: PolicyContext): boolean {
  return context.busy !== undefined && tables.some((t) => isBusy(t, context));
}

/** Tables of a level; L0 newest first, deeper ones in key order. */
export function tablesAt(view: TreeView, level: number): readonly TableInfo[] {
  for (const l of view.levels) if (l.level === level) return l.tables;
  return [];
}

/** Sum of file sizes. */
export function sizeOf(tables: readonly TableInfo[]): number {
  let bytes = 0;
  for (const t of tables) bytes += t.bytes;
  return bytes;
}

/** The deepest level that holds a table; -1 for an empty tree. */
export function deepestLevel(view: TreeView): number {
  let deepest = -1;
  for (const l of view.levels) if (l.tables.length > 0 && l.level > deepest) deepest = l.level;
  return deepest;
}

/** Levels of the options, or more if the tree has them. */
export function levelCount(view: TreeView, options: PolicyOptions): number {
  return Math.max(options.num_levels, deepestLevel(view) + 1);
}
