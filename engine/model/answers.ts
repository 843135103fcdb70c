/**
 * What the engine answers: summaries, tables, blocks, rows. Everything here is structured-cloneable.
 *
 * Keys and values are raw bytes. Numbers are JavaScript numbers: sequence numbers above 2^53 lose
 * their lowest bits and never occur in a live store.
 */
import type { Problem } from '../base/errors.ts';
import type { BlobFileInfo, EngineId, EntryTypeName, FamilyInfo, WalFileInfo } from './tree.ts';

export interface LevelSummary {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
  /** Compaction score: at or above 1 the engine would compact it; null where it has no meaning. */
  readonly score: number | null;
  /** Target size in bytes; null for L0 and where the policy has none. */
  readonly targetBytes: number | null;
}

export interface FamilySummary extends FamilyInfo {
  readonly levels: readonly LevelSummary[];
  readonly tables: number;
  readonly bytes: number;
  /** Entries and bytes in the WAL overlay (not in any table yet). */
  readonly memtable: { readonly entries: number; readonly bytes: number };
  readonly blobFiles: readonly BlobFileInfo[];
  readonly blobBytes: number;
  /** Options that matter, by the engine's own names; empty where there is no OPTIONS file. */
  readonly options: Readonly<Record<string, string>>;
  /** False for an unknown comparator: the family can be browsed in file order only. */
  readonly ordered: boolean;
}

/** What a view needs at once; computed from MANIFEST, OPTIONS and WAL without opening a table. */
export interface StoreSummary {
  readonly path: string;
  readonly kind: 'directory' | 'table';
  readonly engine: EngineId;
  /** Version of the engine that wrote it (`10.5.1`), or '' if it does not say. */
  readonly version: string;
  readonly manifest: string;
  /** MANIFEST edits applied. */
  readonly edits: number;
  readonly lastSequence: number;
  /** A live process holds LOCK. */
  readonly locked: boolean;
  readonly families: readonly FamilySummary[];
  readonly wal: readonly WalFileInfo[];
  readonly problems: readonly Problem[];
  /** Increases with each refresh that changed something. */
  readonly generation: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly offset: number;
  /** Items in all, as far as known. */
  readonly total: number;
  /** False while `total` still grows. */
  readonly complete: boolean;
}

/** A table as the tree and the overview's map show it: from the MANIFEST. */
export interface TableRow {
  readonly family: number;
  readonly level: number;
  readonly number: number;
  readonly file: string;
  readonly bytes: number;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  readonly smallestSeq: number | null;
  readonly largestSeq: number | null;
  /** Epoch seconds, null when unknown. */
  readonly createdAt: number | null;
  /** A problem with the file itself that is already known (absent, wrong size). */
  readonly problem: string | null;
}

/** The JSON of `lsm tables`, with keys as bytes (cli.md). */
export interface TableStats {
  readonly family: string;
  readonly level: number;
  readonly number: number;
  readonly file: string;
  readonly bytes: number;
  readonly entries: number;
  readonly deletions: number;
  readonly rangeDeletions: number;
  readonly merges: number;
  readonly smallest: { readonly key: Uint8Array; readonly seq: number; readonly type: EntryTypeName };
  readonly largest: { readonly key: Uint8Array; readonly seq: number; readonly type: EntryTypeName };
  readonly smallestSeq: number | null;
  readonly largestSeq: number | null;
  readonly formatVersion: number;
  readonly compression: string;
  readonly checksum: string;
  readonly filter: string | null;
  readonly filterBytes: number;
  readonly indexType: string;
  readonly dataBlocks: number;
  readonly rawKeyBytes: number;
  readonly rawValueBytes: number;
  /** ISO 8601 in UTC, or null when unknown. */
  readonly createdAt: string | null;
}

/** A table opened: statistics, the raw properties, and what is wrong with it. */
export interface TableDetails {
  readonly stats: TableStats;
  /** Property name → value as text, in file order; empty for LevelDB tables. */
  readonly properties: readonly { readonly name: string; readonly value: string }[];
  readonly problems: readonly Problem[];
}

export interface BlockRow {
  /** Position among the table's data blocks, from 0. */
  readonly index: number;
  /** Byte offset in the file, and stored size without the 5-byte trailer. */
  readonly offset: number;
  readonly size: number;
  /** First key where it is known without reading the block (previous separator otherwise). */
  readonly separator: Uint8Array;
}

/** A block's content in full: for browsing a table down to its bytes. */
export interface BlockDetails extends BlockRow {
  readonly rawSize: number;
  readonly compression: string;
  readonly entries: number;
  readonly restarts: number;
}

/** One entry, ready to show. `value` is cut at `previewBytes`; `valueSize` is the whole size. */
export interface EntryRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly valueSize: number;
  readonly seq: number;
  readonly type: EntryTypeName;
  /** -1 for what is in the WAL. */
  readonly level: number;
  readonly table: number | null;
  readonly columns?: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
  /** Unresolved merge operands, oldest first, with the base value where there is one. */
  readonly operands?: readonly Uint8Array[];
  readonly base?: Uint8Array;
  /** Exclusive end of a range deletion. */
  readonly until?: Uint8Array;
  readonly timestamp?: Uint8Array;
  /** How the row reads through the lens that was asked for; what the lens cannot read is left out. */
  readonly shown?: {
    readonly key?: string;
    readonly value?: { readonly text: string; readonly language: 'json' | 'text' };
  };
  /** This entry could not be read in full (for example its blob is damaged), and why. */
  readonly problem?: Problem;
}

/** A way to read keys and values, and how surely it fits. */
export interface LensInfo {
  readonly id: string;
  /** Whose way: a known application's (also where absent), a declared key schema, or the values' format. */
  readonly kind?: 'application' | 'schema' | 'values';
  readonly title: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly why: string;
}

/** A format that values may have been written in. */
export interface ValueFormat {
  /** Id of its lens: `value:json`, `value:zstd+msgpack`, `value:cql:map<text,int>`. */
  readonly id: string;
  readonly title: string;
}

/** How a family's keys are built, as a person has declared it. */
export interface KeySchemaInfo {
  /** Id of the lens that shows these fields. */
  readonly id: string;
  /** The schema as it was declared. */
  readonly key: string;
  /** Only keys that start with these bytes; empty for all. */
  readonly prefix: Uint8Array;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
}

export interface GetResult {
  /** undefined: the key is not there (or is deleted). */
  readonly entry: EntryRow | undefined;
  /** Newest sequence number that the read could see. */
  readonly at: number;
  /** Damage met on the way: the answer may be wrong where this is not empty. */
  readonly problems: readonly Problem[];
  readonly micros: number;
}

/** A range of one family. Bounds are user keys; `to` is exclusive. `prefix` narrows both. */
export interface QueryParams {
  readonly family: number;
  /**
   * This key and no other, whatever the range. With `allVersions` its history, newest first; a range deletion that
   * covers it stands among its versions, as if it began there.
   */
  readonly key?: Uint8Array | undefined;
  readonly from?: Uint8Array | undefined;
  readonly to?: Uint8Array | undefined;
  readonly prefix?: Uint8Array | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly allVersions?: boolean | undefined;
  /** Read as of this sequence number. */
  readonly at?: number | undefined;
  /** Read as of this user timestamp, where the comparator has them; visible entries only. */
  readonly atTimestamp?: Uint8Array | undefined;
  /** Entries of one table only, in file order, all versions. */
  readonly table?: number | undefined;
  /** Only this data block of `table`. */
  readonly block?: number | undefined;
  /** Only entries for which this condition holds (docs/queries.md). */
  readonly where?: string | undefined;
  /** Id of the lens, as `value:msgpack`, by which the condition reads values; without it the one that fits best. */
  readonly valueLens?: string | undefined;
}

/** State of a running query; `total` grows until `complete`. */
export interface QueryState {
  readonly query: number;
  readonly total: number;
  readonly complete: boolean;
  /** Of the keys and values that were walked over. */
  readonly bytes: number;
  /** Entries that were walked over, where a condition picks among them. */
  readonly scanned?: number;
  /** It was stopped before it came to its end; the rows so far can be read. */
  readonly stopped?: true;
  readonly millis: number;
  readonly problems: readonly Problem[];
  /** Set when the store was refreshed under the query: the rows are as of this sequence number. */
  readonly at: number;
}
