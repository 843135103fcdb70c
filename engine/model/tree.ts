/**
 * The shape of an LSM tree: families, levels and tables, as every driver and view speaks of them.
 */
import type { Problem } from '../base/errors.ts';

export type EngineId = 'rocksdb' | 'leveldb' | 'cassandra' | 'pebble' | 'badger';

/** What an entry is. The names are those of cli.md; numbers of the on-disk types live with the format. */
export type EntryTypeName =
  | 'put'
  | 'delete'
  | 'single-delete'
  | 'range-delete'
  | 'merge'
  | 'blob'
  | 'entity'
  | 'unknown';

/** One end of a table's key range, as the MANIFEST states it. */
export interface Bound {
  /** User key; without the user timestamp where the comparator has one. */
  readonly key: Uint8Array;
  readonly seq: number;
  readonly type: EntryTypeName;
  /** The type's number where `type` stands for several and this is not the usual one. */
  readonly code?: number;
}

/** What is known of a live table from the MANIFEST alone; no table file is opened for it. */
export interface TableInfo {
  readonly family: number;
  readonly level: number;
  /** File number; unique in a store. */
  readonly number: number;
  /** Name relative to the store directory, or an absolute path outside of it. */
  readonly file: string;
  /** File size in bytes, as the MANIFEST states it. */
  readonly bytes: number;
  readonly smallest: Bound;
  readonly largest: Bound;
  /** Sequence numbers of the table; undefined where the MANIFEST does not say (LevelDB). */
  readonly smallestSeq?: number;
  readonly largestSeq?: number;
  /** Epoch seconds; undefined or 0 when unknown. */
  readonly createdAt?: number;
  /** RocksDB: order of L0 tables, newest is largest. */
  readonly epoch?: number;
  readonly oldestBlobFile?: number;
  readonly markedForCompaction?: boolean;
}

export interface BlobFileInfo {
  readonly family: number;
  readonly number: number;
  readonly file: string;
  readonly count: number;
  readonly bytes: number;
  readonly garbageCount: number;
  readonly garbageBytes: number;
}

export interface LevelView {
  readonly level: number;
  /** L0 newest first; deeper levels in key order. */
  readonly tables: readonly TableInfo[];
}

/** A snapshot of one family's tree. */
export interface TreeView {
  readonly family: number;
  readonly levels: readonly LevelView[];
  readonly blobFiles: readonly BlobFileInfo[];
}

export interface FamilyInfo {
  readonly id: number;
  readonly name: string;
  readonly comparator: string;
  readonly mergeOperator: string | null;
  /** `leveled`, `universal`, `fifo`, or the engine's own word. */
  readonly compaction: string;
}

export interface WalFileInfo {
  readonly file: string;
  readonly number: number;
  readonly bytes: number;
  /** Write batches read from it. */
  readonly records: number;
}

export type { Problem };
