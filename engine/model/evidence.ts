/** Every record that a store's files hold, and what became of it. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';
import type { EntryRow } from './answers.ts';
import type { EntryTypeName } from './tree.ts';

/**
 * `live`: a reader sees it now, or needs it to make up what it sees (merge operands). `shadowed`: a newer version
 * hides it. `deleted`: a deletion hides it. `tombstone`: a deletion of a file that counts. `orphan`: it stands in a
 * file, or in a part of a log, that the store does not count any more.
 */
export type EvidenceStatus = (typeof EVIDENCE_STATUSES)[number];

export type EvidenceCounts = Readonly<Record<EvidenceStatus, number>>;

export const EVIDENCE_STATUSES = ['live', 'shadowed', 'deleted', 'tombstone', 'orphan'] as const;

export interface EvidenceRow {
  readonly family: string;
  /** Relative to the directory of the store, or a whole path where it lies elsewhere. */
  readonly file: string;
  /** Of the block or the log record that holds it. */
  readonly offset: number;
  /** User key, with its timestamp where the comparator has one. */
  readonly key: Uint8Array;
  /** Exclusive end of a range deletion. */
  readonly until?: Uint8Array;
  readonly seq: number;
  readonly type: EntryTypeName;
  /** The stored value, cut to what was asked for. */
  readonly value: Uint8Array;
  readonly valueBytes: number;
  readonly status: EvidenceStatus;
  /** As the lens that was asked for reads it. */
  readonly shown?: EntryRow['shown'];
}

/** A file that rows come from. */
export interface EvidenceFile {
  readonly file: string;
  readonly bytes: number;
  /** The store counts it. */
  readonly live: boolean;
}

export interface EvidenceEnd {
  readonly rows: number;
  readonly byStatus: EvidenceCounts;
  readonly problems: readonly Problem[];
}

/** Which records: of one column family, of keys with a prefix. */
export interface EvidenceScope {
  /** Name of a column family; all of them if undefined. */
  readonly family?: string | undefined;
  readonly prefix?: Uint8Array | undefined;
}

export interface EvidenceParams extends EvidenceScope {
  /** Of a store, which need not be one that can be opened, or of one table file; without it, of the open store. */
  readonly path?: string | undefined;
  /** Reads anew what is kept of an earlier look. */
  readonly fresh?: boolean | undefined;
}

/** How far the records have been counted. */
export interface EvidenceState {
  readonly evidence: number;
  readonly total: number;
  readonly byStatus: EvidenceCounts;
  readonly complete: boolean;
  /** Counting was ended before its time. */
  readonly stopped: boolean;
  /** Bytes of the records counted. */
  readonly bytes: number;
  readonly millis: number;
  readonly problems: readonly Problem[];
}

/** The state, and what does not change while it goes on. */
export interface EvidenceOpened extends EvidenceState {
  readonly files: readonly EvidenceFile[];
  readonly families: readonly EvidenceFamily[];
}

export interface EvidenceFamily {
  readonly name: string;
  /** What lenses know it by; -1 where only files that nobody counts tell of it. */
  readonly id: number;
  /** Keys with one prefix stand side by side, so that they can be asked for. */
  readonly prefixes: boolean;
}

export type EvidenceFormat = 'jsonl' | 'csv';

export interface EvidenceExportParams {
  readonly path?: string | undefined;
  /** The directory to make: absent or empty. */
  readonly to: string;
  readonly format: EvidenceFormat;
}

export interface EvidenceExportProgress {
  readonly rows: number;
  /** Bytes of the sources hashed, and of the records written, of how many bytes of sources. */
  readonly hashedBytes: number;
  readonly recordBytes: number;
  readonly totalBytes: number;
}

export interface EvidenceExportReport extends EvidenceEnd {
  readonly directory: string;
  /** Names relative to the directory. */
  readonly files: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[];
  readonly sources: number;
  /** Sources whose size or time changed while they were read. */
  readonly changed: readonly string[];
}
