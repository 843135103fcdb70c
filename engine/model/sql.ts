/** SQL over a store: what is asked and what is answered. Everything here is structured-cloneable. */
import type { Problem } from '../base/errors.ts';

/** Integers beyond 2^53 are BigInts; BLOBs are bytes. */
export type SqlValue = null | number | bigint | string | Uint8Array;

export interface SqlParams {
  /** One statement that only reads: SELECT, WITH, VALUES or EXPLAIN. */
  readonly query: string;
  /** Tables `entries` and `versions` hold this column family only; all of them if undefined. */
  readonly family?: number | undefined;
  /** Range of `entries` and `versions`; `to` is exclusive, `prefix` narrows both. */
  readonly from?: Uint8Array | undefined;
  readonly to?: Uint8Array | undefined;
  readonly prefix?: Uint8Array | undefined;
  /** Rows of `entries`, and of `versions`, that are read at most; 1,000,000 by default. What is cut is told. */
  readonly entriesMax?: number | undefined;
  /** Rows of the first page: at most, and by default, 10,000; fewer where they have more than 32 MB. */
  readonly count?: number | undefined;
  /** Milliseconds that the query may run once its tables are filled. With a limit, recursive queries are refused. */
  readonly millisMax?: number | undefined;
  /** Comes back in the notices of its progress. */
  readonly run?: number | undefined;
}

export interface SqlColumn {
  readonly name: string;
  /** The column of a table of ours that it shows unchanged; undefined for anything computed. */
  readonly from?: { readonly table: string; readonly column: string };
}

/** Rows of a result from `offset` on. */
export interface SqlPage {
  /** For `sqlRows` and `sqlClose`; results that are not used for long are closed by themselves. */
  readonly cursor: number;
  readonly columns: readonly SqlColumn[];
  readonly offset: number;
  readonly rows: readonly (readonly SqlValue[])[];
  /** There are no rows behind these. */
  readonly complete: boolean;
  /** What a reader of the result must know, as that a limit was hit. */
  readonly notes: readonly string[];
  /** Damage met while tables were filled: the result may lack what could not be read. */
  readonly problems: readonly Problem[];
  /** Milliseconds: filling the tables, and answering so far. */
  readonly fillMillis: number;
  readonly queryMillis: number;
}

/** While tables are being filled. */
export interface SqlProgress {
  readonly table: string;
  readonly rows: number;
  /** As the query had it. */
  readonly run?: number | undefined;
}

export interface SqlColumnSchema {
  readonly name: string;
  readonly type: 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB';
  readonly doc: string;
}

export interface SqlTableSchema {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly SqlColumnSchema[];
}

/** A ready-made query. */
export interface SqlExample {
  readonly title: string;
  readonly sql: string;
}
