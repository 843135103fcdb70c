/** Writing a store's content out for other tools. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';

export type ExportFormat = 'parquet' | 'jsonl' | 'csv';
export type ExportWhat = 'entries' | 'tables' | 'events';

export interface ExportParams {
  /** The directory to make: absent or empty. */
  readonly to: string;
  readonly format: ExportFormat;
  readonly what: ExportWhat;
  /** This column family only; all of them if undefined. */
  readonly family?: number | undefined;
  /** Of entries: a directory for each column family and level, named as Hive does. */
  readonly partition?: boolean | undefined;
  /** Range of the entries; `to` is taken, so the end is `until`, exclusive. */
  readonly from?: Uint8Array | undefined;
  readonly until?: Uint8Array | undefined;
  readonly prefix?: Uint8Array | undefined;
  /** Only entries for which this condition holds (docs/queries.md), in each column family by its own keys and values. */
  readonly where?: string | undefined;
}

export interface ExportProgress {
  readonly rows: number;
  /** Bytes of keys and values read, and of the files written so far. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export interface ExportReport extends ExportProgress {
  readonly directory: string;
  /** Names relative to the directory. */
  readonly files: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[];
  /** Damage met on the way: entries may be missing. */
  readonly problems: readonly Problem[];
  /** Something could not be read. */
  readonly lost: boolean;
}
