/** What differs between two stores. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';
import type { EntryTypeName } from './tree.ts';

export type DiffKind = 'added' | 'removed' | 'changed';

/** One side of a difference: the visible entry of that key. */
export interface DiffSide {
  readonly type: EntryTypeName;
  readonly seq: number;
  /** Bytes of the value; 0 where there is no single one. */
  readonly valueSize: number;
  /** -1 for what is in the WAL. */
  readonly level: number;
  readonly table: number | null;
}

/** `added`: in the second store only. */
export interface DiffRow {
  readonly family: string;
  readonly kind: DiffKind;
  readonly key: Uint8Array;
  /** The key as the surest lens of the first store reads it. */
  readonly shown?: string;
  readonly before?: DiffSide;
  readonly after?: DiffSide;
}

/** Tables are the same if number and bounds are. */
export interface DiffTable {
  readonly family: string;
  readonly kind: 'added' | 'removed' | 'moved';
  readonly number: number;
  readonly bytes: number;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  /** Level in the first and in the second store. */
  readonly before?: number;
  readonly after?: number;
}

export interface DiffCounts {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly same: number;
}

/** Where a comparison goes on: behind this key. */
export interface DiffPlace {
  readonly family: string;
  readonly key: Uint8Array;
}

export interface DiffParams {
  /** Directory of the second store; the open one is the first. */
  readonly path: string;
  /** One column family, by name; all of both stores if undefined. */
  readonly family?: string | undefined;
  /** Keys that are in both count as the same, whatever their values. */
  readonly keysOnly?: boolean | undefined;
  /** Rows at most, up to 10,000, which is the default. */
  readonly limit?: number | undefined;
  /** Goes on where an answer ended. */
  readonly after?: DiffPlace | undefined;
}

export interface DiffReport {
  readonly rows: readonly DiffRow[];
  /** Of what this answer went through. */
  readonly counts: DiffCounts;
  /** Undefined when both stores were gone through to their ends. */
  readonly next: DiffPlace | undefined;
  readonly tables: readonly DiffTable[];
  /** Column families that only one of the stores has. */
  readonly familiesAdded: readonly string[];
  readonly familiesRemoved: readonly string[];
  readonly problems: readonly Problem[];
  /** Something could not be read: keys may wrongly be told as added or removed. */
  readonly lost: boolean;
}
