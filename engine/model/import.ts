/** Bringing the rows of a file into a store: what is asked, what is shown before, what was done. Structured-cloneable. */
import type { Problem } from '../base/errors.ts';
import type { FamilyCompaction, Refusal } from './compaction.ts';
import type { WriteRequest } from './write.ts';

export type ImportFormat = 'jsonl' | 'csv';

/**
 * How the text of a column stands for bytes: as it is, hex, base64, in the syntax of typed keys (keyInput.ts), as
 * exports print bytes in CSV (`0x…`, or text with escapes), or as JSON.
 */
export const IMPORT_ENCODINGS = ['text', 'hex', 'base64', 'typed', 'escaped', 'json'] as const;
export type ImportEncoding = (typeof IMPORT_ENCODINGS)[number];

/** Value of a row: the whole row as JSON. */
export const WHOLE_ROW = '*';

export interface ImportSource {
  readonly file: string;
  readonly format: ImportFormat;
  /** Of CSV: one ASCII character between two fields; a comma if undefined. */
  readonly delimiter?: string | undefined;
  /** Of CSV: false where the first line is a row already; its columns are then called 1, 2, 3, … */
  readonly header?: boolean | undefined;
  /**
   * The column that is the key: `NAME`, `NAME:ENCODING`, or a typed key with `{NAME}` in it, as
   * `"user:" + u32be({id})`. Undefined: `key`, as exports have it.
   */
  readonly key?: string | undefined;
  /** `NAME`, `NAME:ENCODING` or WHOLE_ROW. Undefined: `value`, as exports have it. */
  readonly value?: string | undefined;
  /** The column that says `put` or `delete`. Undefined: `type`, where neither key nor value is named. */
  readonly type?: string | undefined;
  /** A row of JSON whose value is null, or missing, deletes its key. */
  readonly nullDeletes?: boolean | undefined;
  /** Column family that takes all rows. Undefined: the one that a row names in `family`, else the default. */
  readonly family?: number | undefined;
}

/** What the first part of a file looks like, and how it could be read. */
export interface ImportSniff {
  readonly source: ImportSource;
  /** It has the columns that exports and scans write. */
  readonly exported: boolean;
  readonly columns: readonly string[];
  /** The first cells of each column as text, shortened. */
  readonly samples: readonly (readonly string[])[];
}

/** A row that cannot be imported. */
export interface BadRow {
  /** Counted from 1, without the header and blank lines. */
  readonly row: number;
  /** Where the row begins in the file, counted from 1. */
  readonly line: number;
  readonly column?: string | undefined;
  readonly message: string;
  readonly mend?: string | undefined;
}

/** Compared with the store as it was before; a key that stands in the file twice counts twice. */
export interface ImportCounts {
  readonly rows: number;
  /** Puts of keys that were not there. */
  readonly added: number;
  /** Puts of keys that had a value. */
  readonly overwritten: number;
  readonly deleted: number;
  /** Deletions of keys that were not there. */
  readonly deletedAbsent: number;
  readonly bad: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** A row as it would be written. */
export interface ImportRow {
  readonly row: number;
  readonly line: number;
  readonly kind: 'put' | 'delete';
  readonly family: number;
  readonly key: Uint8Array;
  /** The beginning of the value. */
  readonly value: Uint8Array;
  readonly valueBytes: number;
  /** The key is in the store. */
  readonly exists: boolean;
}

export interface ImportPreview extends ImportCounts {
  /** The first rows of the file. */
  readonly first: readonly ImportRow[];
  /** The first bad rows. */
  readonly badRows: readonly BadRow[];
  /** Why the import would be refused as the store is now. */
  readonly refused: Refusal | null;
}

export interface ImportRequest extends ImportSource {
  /** Rows that are written together, whole or not at all. */
  readonly batch?: number | undefined;
  /** Leave bad rows out; else nothing is written where there is one. */
  readonly skipBad?: boolean | undefined;
  /** Each batch outlives a power failure before the next one begins; else the import as a whole, once it ends. */
  readonly sync?: boolean | undefined;
  /** Have nothing compacted. */
  readonly noCompaction?: boolean | undefined;
}

export interface ImportProgress {
  /** The whole file is checked before the first batch is written. */
  readonly phase: 'check' | 'write';
  readonly rows: number;
  readonly bad: number;
  readonly rowsPerSecond: number;
  /** Of the file. */
  readonly readBytes: number;
  readonly totalBytes: number;
}

export interface ImportReport extends ImportCounts {
  /** `bad`: there are bad rows, and nothing was written. `cancelled`, `failed`: the first batches hold. */
  readonly outcome: 'done' | 'bad' | 'cancelled' | 'failed';
  /** Rows that are in the store now: the first ones of the file, without bad ones. */
  readonly applied: number;
  readonly batches: number;
  /** Sequence numbers of the first and the last row that was written; null where none was. */
  readonly sequences: { readonly first: number; readonly last: number } | null;
  /** Line of the first row that was not written; null where all were. */
  readonly nextLine: number | null;
  readonly badRows: readonly BadRow[];
  /** What the import failed for. */
  readonly failure?: Problem | undefined;
  /** What takes it back, where it was one batch. */
  readonly undo?: WriteRequest | undefined;
  readonly compactions: readonly FamilyCompaction[];
  /** What stood against a compaction; the import holds all the same. */
  readonly problems: readonly Problem[];
}

/** Rows of one batch, unless something else is asked for. */
export const IMPORT_BATCH = 1000;
/** Rows that a preview shows, and bad rows that are listed. */
export const IMPORT_LISTED = 100;
