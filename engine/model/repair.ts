/** What a repair saved, and what it could not. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';

/** A stretch of keys of which entries of one file are lost: after `from`, up to and including `to`. */
export interface LostRange {
  readonly family: string;
  readonly file: string;
  /** Undefined: open at that end. */
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
  readonly problem: Problem;
}

export interface RepairedFamily {
  readonly name: string;
  /** Versions and tombstones written, range deletions among them. */
  readonly entries: number;
  readonly rangeDeletions: number;
  /** The same version was found in several files. */
  readonly duplicates: number;
  readonly tables: number;
  readonly bytes: number;
}

export interface RepairReport {
  readonly directory: string;
  readonly engine: 'leveldb' | 'rocksdb';
  /** How the tree was known: by its MANIFEST, by what of it could be read, or by the tables alone. */
  readonly basis: 'manifest' | 'damaged manifest' | 'tables';
  readonly families: readonly RepairedFamily[];
  /** Files that were read, and of those what was read by searching for blocks. */
  readonly filesRead: number;
  readonly filesSearched: readonly string[];
  readonly lost: readonly LostRange[];
  readonly problems: readonly Problem[];
  readonly lastSequence: number;
}

export interface RepairProgress {
  readonly family: string;
  readonly entries: number;
  readonly writtenBytes: number;
  /** Bytes of the tables and logs that are read. */
  readonly totalBytes: number;
}
