/** Every record that a store's files hold, and what became of it. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';
import type { EntryTypeName } from './tree.ts';

/**
 * `live`: a reader sees it now, or needs it to make up what it sees (merge operands). `shadowed`: a newer version
 * hides it. `deleted`: a deletion hides it. `tombstone`: a deletion of a file that counts. `orphan`: it stands in a
 * file, or in a part of a log, that the store does not count any more.
 */
export type EvidenceStatus = 'live' | 'shadowed' | 'deleted' | 'tombstone' | 'orphan';

export interface EvidenceRow {
  readonly family: string;
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
  readonly byStatus: Readonly<Record<EvidenceStatus, number>>;
  readonly problems: readonly Problem[];
}
