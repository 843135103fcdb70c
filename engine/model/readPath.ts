/**
 * How a get went through the tree, step by step: the ladder of "Explain Get…" and of `lsm get --explain`.
 * It is recorded by the same code that answers a get. Structured-cloneable.
 */
import type { Problem } from '../base/errors.ts';
import type { EntryRow } from './answers.ts';
import type { EntryTypeName } from './tree.ts';

/** What a step came to. */
export type StepOutcome =
  /** The key is outside of the table's bounds; nothing was read. */
  | 'out-of-range'
  /** The filter said no; no data block was read. */
  | 'filtered'
  /** The place was searched, and holds no version of the key. */
  | 'absent'
  /** A version was found that decides: a value. */
  | 'found'
  /** A deletion or a covering range deletion decides: there is no value. */
  | 'deleted'
  /** A merge operand was found: the search goes on for older ones or a base. */
  | 'operand'
  /** The key is here, but no version that counts: too new for this read, hidden, or older than the one that decides. */
  | 'passed'
  /** The place could not be read. */
  | 'damaged';

export interface FilterStep {
  /** The policy's name as the table states it. */
  readonly name: string;
  /** `full`, `partitioned`, or LevelDB's `block-based`. */
  readonly kind: string;
  /** How it works, for example `FastLocalBloom, 6 probes`. */
  readonly scheme?: string;
  readonly bytes: number;
  /** Bits a key, where the number of keys is known; null otherwise. */
  readonly bitsPerKey: number | null;
  readonly verdict: 'no' | 'maybe';
  /** It said maybe, and the key is not in the table. Null while `no`. */
  readonly falsePositive: boolean | null;
}

export interface IndexStep {
  /** Data block that may hold the key, from 0, and how many the table has. */
  readonly block: number;
  readonly blocks: number;
  /** The user key in the index that led there: not before the key asked for. */
  readonly separator: Uint8Array;
  /** Depth of the index: 1, or 2 where it is partitioned. */
  readonly depth: number;
}

export interface BlockStep {
  readonly block: number;
  /** Byte offset in the file and stored bytes, trailer not counted. */
  readonly offset: number;
  readonly bytes: number;
  /** Bytes uncompressed. */
  readonly rawBytes: number;
  readonly compression: string;
  /** It was in the block cache, and nothing was read from the file. */
  readonly cached: boolean;
}

export interface VersionStep {
  readonly seq: number;
  readonly type: EntryTypeName;
  /** Bytes of the value; of one that stands in a blob file, its stored bytes there. */
  readonly valueBytes: number;
  /** Where a value that was moved out of the table stands. */
  readonly blob?: { readonly file: string; readonly offset: number };
}

export interface ReadStep {
  readonly kind: 'memtable' | 'table';
  /** -1 for the memtable (what is in the WAL). */
  readonly level: number;
  /** File number; null for the memtable. */
  readonly table: number | null;
  readonly file: string;
  /** Bounds of the table; null for the memtable. */
  readonly smallest: Uint8Array | null;
  readonly largest: Uint8Array | null;
  readonly bytes: number;
  /** Null where the table has no filter or it could not be asked. */
  readonly filter: FilterStep | null;
  readonly index: IndexStep | null;
  /**
   * Data blocks that were looked into, in order. Where a whole table had to be walked (an unknown comparator),
   * only those that hold the key.
   */
  readonly blocks: readonly BlockStep[];
  /** Versions of the key that were met here, newest first. */
  readonly versions: readonly VersionStep[];
  /** The newest range deletion that covers the key here; null if there is none. */
  readonly rangeDeletion: { readonly seq: number; readonly from: Uint8Array; readonly to: Uint8Array } | null;
  readonly outcome: StepOutcome;
  /** In words, why the search stopped or went on. */
  readonly why: string;
  readonly problem: Problem | null;
  readonly micros: number;
}

/** Tables of one level that the search never had to touch, since their bounds leave the key out. */
export interface SkippedTables {
  readonly level: number;
  readonly tables: number;
  /** Numbers of the first few of them, in the level's order. */
  readonly numbers: readonly number[];
}

export interface ReadPath {
  readonly family: number;
  readonly key: Uint8Array;
  /** Newest sequence number that the read could see. */
  readonly at: number;
  readonly entry: EntryRow | undefined;
  /** In the order of the search: the memtable, L0 newest first, then deeper levels. */
  readonly steps: readonly ReadStep[];
  readonly skipped: readonly SkippedTables[];
  readonly totals: {
    /** Tables that have the key within their bounds and were reached, filtered ones among them. */
    readonly tablesAsked: number;
    readonly filtered: number;
    readonly falsePositives: number;
    /**
     * Data blocks that were read from files, and their stored bytes. Footers, indexes and filters of tables that
     * were not open yet, and blob files, are not counted.
     */
    readonly blocksRead: number;
    readonly bytesRead: number;
    /** Data blocks that were in the block cache. */
    readonly blocksCached: number;
  };
  readonly problems: readonly Problem[];
  readonly micros: number;
}
