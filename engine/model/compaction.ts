/**
 * Forced compactions as a person meets them: what is asked for, the plan, how far it is, what it changed.
 * Everything here is structured-cloneable. Bytes are bytes of files unless said otherwise.
 */
import type { Code, Problem } from '../base/errors.ts';

/** What to compact. At most one of range, `level` and `tables`; none means all tables. */
export interface CompactionRequest {
  /** Id of a column family; undefined: all of them, one after the other, without a range, level or tables. */
  readonly family?: number | undefined;
  /** User keys, both inclusive; an end that is missing is open. */
  readonly from?: Uint8Array | undefined;
  readonly to?: Uint8Array | undefined;
  readonly level?: number | undefined;
  /** File numbers. */
  readonly tables?: readonly number[] | undefined;
  /** Bytes read and written a second at the most, so that whoever uses the disk too is not held up; 0 or undefined: no limit. */
  readonly bytesPerSecond?: number | undefined;
}

/** What a compaction of one column family would do. Entries are point entries and range deletions. */
export interface CompactionPlan {
  readonly family: string;
  readonly inputs: readonly { readonly number: number; readonly level: number; readonly bytes: number }[];
  /** Null where nothing is written: no choice, or tables that are dropped as they are. */
  readonly outputLevel: number | null;
  readonly readBytes: number;
  readonly estimatedWriteBytes: number;
  /** What the store's tables and blob files take at the most while the compaction runs. */
  readonly peakDiskBytes: number;
  readonly entries: number;
  /** Deletions of any kind that would be gone. */
  readonly droppableTombstones: number;
  /** Values and operands that would be gone, since something newer hides them. */
  readonly shadowedEntries: number;
  /** Why it would not be done; null if it would. */
  readonly refused: string | null;
}

/** Why a store cannot be written to now. */
export interface Refusal {
  readonly code: Code;
  readonly message: string;
  readonly path?: string | undefined;
  readonly mend?: string | undefined;
  /** A copy of the store could be written to: what stands in the way is not in its files. */
  readonly copyable: boolean;
}

/** The dry run of a request: a plan a family. */
export interface CompactionPlans {
  readonly plans: readonly CompactionPlan[];
  /** Of compacting in place; null if nothing stands against it. */
  readonly refusal: Refusal | null;
  /** Free bytes on the store's disk; null where nobody knows. */
  readonly freeBytes: number | null;
}

/** `copy`: files of the store are copied. `merge`: new tables are written. `proof`: they are read back. */
export type CompactionPhase = 'plan' | 'copy' | 'merge' | 'proof' | 'commit';

export interface CompactionProgress {
  readonly phase: CompactionPhase;
  /** Name of the column family at work; '' while files are copied. */
  readonly family: string;
  /**
   * Of the whole request, 0 to 100; never going back. Of the compactions that follow a flush nobody knows how many
   * there will be: each counts for itself.
   */
  readonly percent: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Bytes of all inputs. */
  readonly totalBytes: number;
  readonly entries: number;
  /** Bytes read a second; 0 while that says nothing. */
  readonly bytesPerSecond: number;
  /** Null while nobody can tell. */
  readonly etaSeconds: number | null;
  /** What runs now, for the map; undefined while files are copied and while a plan is made. */
  readonly job?: RunningJob | undefined;
}

/** A flush or a compaction of ours under way: what it reads, and what it has written so far. */
export interface RunningJob {
  readonly kind: 'flush' | 'compaction';
  readonly family: number;
  /** As the event says that will tell of it: `TreeEvent.why`. */
  readonly why: string;
  /** Tables that it reads, of a great many the first 4096; none for a flush. */
  readonly inputs: readonly Brief[];
  readonly outputLevel: number;
  /**
   * The newest of the tables written so far, 64 at the most and in key order; each thread is at work on the last of
   * its range, which is told with the bytes that it has. Bounds are user keys so far, cut at 1024 bytes.
   */
  readonly outputs: readonly (Brief & { readonly smallest: Uint8Array; readonly largest: Uint8Array })[];
}

export interface TreeShape {
  readonly tables: number;
  readonly bytes: number;
  /** Each table of L0 is one, as is each deeper level that holds tables. */
  readonly sortedRuns: number;
}

export interface CompactionSummary {
  readonly before: TreeShape;
  readonly after: TreeShape;
  /** Point entries and range deletions. */
  readonly entriesRead: number;
  readonly hiddenEntries: number;
  readonly droppedTombstones: number;
  /** Deletions of any kind in the tables that were written. */
  readonly keptTombstones: number;
  readonly seconds: number;
}

type Brief = { readonly number: number; readonly level: number; readonly bytes: number };

/** What became of one column family. */
export interface FamilyCompaction {
  readonly family: string;
  /** `none`: nothing was to be done, and `why` says why. */
  readonly kind: 'none' | 'compact' | 'move' | 'drop';
  readonly why: string;
  readonly inputs: readonly Brief[];
  readonly outputs: readonly Brief[];
  readonly outputLevel: number | null;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly summary: CompactionSummary;
}

/** What a flush of ours wrote, and what the store's policy had compacted after it. */
export interface FlushReport {
  /** New tables of level 0; none where nothing stood in the log only. */
  readonly tables: readonly (Brief & { readonly family: string; readonly entries: number })[];
  readonly compactions: readonly FamilyCompaction[];
  /** Compactions that failed; the flush holds, and the tables are as they were. */
  readonly problems: readonly Problem[];
  /** False: it was asked to stop while the policy still wanted something. */
  readonly settled: boolean;
}

export interface CompactionReport {
  /** The directory that was compacted: the store, or the copy of it. */
  readonly directory: string;
  readonly families: readonly FamilyCompaction[];
}
