/**
 * The method map between whoever asks (extension host, CLI, tests) and the engine's service.
 */
import type { Problem } from '../base/errors.ts';
import type {
  BlockDetails,
  BlockRow,
  EntryRow,
  GetResult,
  KeySchemaInfo,
  LensInfo,
  Page,
  QueryParams,
  QueryState,
  StoreSummary,
  TableDetails,
  TableRow,
  ValueFormat,
} from '../model/answers.ts';
import type {
  CompactionPlans,
  CompactionProgress,
  CompactionReport,
  CompactionRequest,
  FlushReport,
} from '../model/compaction.ts';
import type { DiffParams, DiffReport } from '../model/diff.ts';
import type {
  EvidenceExportParams,
  EvidenceExportProgress,
  EvidenceExportReport,
  EvidenceOpened,
  EvidenceParams,
  EvidenceRow,
  EvidenceState,
  EvidenceStatus,
} from '../model/evidence.ts';
import type { ExportParams, ExportProgress, ExportReport } from '../model/export.ts';
import type {
  ImportPreview,
  ImportProgress,
  ImportReport,
  ImportRequest,
  ImportSniff,
  ImportSource,
} from '../model/import.ts';
import type { ReadPath } from '../model/readPath.ts';
import type { RepairProgress, RepairReport } from '../model/repair.ts';
import type { SqlExample, SqlPage, SqlParams, SqlProgress, SqlTableSchema } from '../model/sql.ts';
import type { TableProfile } from '../model/tableProfile.ts';
import type { TimelineChunk, TimelineInfo } from '../model/timeline/columns.ts';
import type { VerifyProgress, VerifyReport } from '../model/verify.ts';
import type { WriteReport, WriteRequest } from '../model/write.ts';

export type * from '../model/answers.ts';
export type * from '../model/compaction.ts';
export type * from '../model/diff.ts';
export type * from '../model/evidence.ts';
export type * from '../model/export.ts';
export type * from '../model/import.ts';
export type * from '../model/readPath.ts';
export type * from '../model/repair.ts';
export type * from '../model/sql.ts';
export type * from '../model/tableProfile.ts';
export type * from '../model/timeline/columns.ts';
export type * from '../model/verify.ts';
export type * from '../model/write.ts';

export interface EngineApi {
  /** Opens a store directory, read-only, without its LOCK. */
  open(p: { readonly path: string }): StoreSummary;
  /** Opens one table file as a store of one table. */
  openTable(p: { readonly path: string }): StoreSummary;
  summary(p: Record<string, never>): StoreSummary;
  /** Reads what the owner has written since; cheap when nothing changed. */
  refresh(p: Record<string, never>): { readonly changed: boolean; readonly summary: StoreSummary };
  /** Live tables of a level, L0 newest first, deeper levels in key order. level -1: of all levels. */
  tables(p: {
    readonly family: number;
    readonly level: number;
    readonly offset: number;
    readonly limit: number;
  }): Page<TableRow>;
  /** Opens a table; counts its entries where the format does not (cancellable). */
  tableDetails(p: { readonly table: number }): TableDetails;
  blocks(p: { readonly table: number; readonly offset: number; readonly limit: number }): Page<BlockRow>;
  blockDetails(p: { readonly table: number; readonly block: number }): BlockDetails;
  /** The data block of a table in which an entry stands. Fails with INPUT where it stands in none. */
  blockOf(p: { readonly table: number; readonly key: Uint8Array; readonly seq: number }): BlockRow;
  get(p: {
    readonly family: number;
    readonly key: Uint8Array;
    readonly at?: number | undefined;
    /** Read as of this user timestamp. Fails with INPUT where the comparator has none. */
    readonly atTimestamp?: Uint8Array | undefined;
  }): GetResult;
  /** The whole value of a visible key, or of one version of it (`seq`, as a row showed it). Fails with INPUT above `maxBytes`. */
  value(p: {
    readonly family: number;
    readonly key: Uint8Array;
    readonly seq?: number | undefined;
    readonly maxBytes: number;
  }): Uint8Array;
  /** Starts a query; its rows are counted in the background and can be read while that goes on. */
  openQuery(p: QueryParams): QueryState;
  queryState(p: { readonly query: number }): QueryState;
  /** Ends a query where it is: it counts as complete, and the rows so far can be read. */
  stopQuery(p: { readonly query: number }): QueryState;
  /** What is wrong with a condition (docs/queries.md), or null. */
  checkWhere(p: { readonly family: number; readonly where: string }): Problem | null;
  /** Rows [from, from+count) of a query, any position; waits for the count to get there. */
  rows(p: {
    readonly query: number;
    readonly from: number;
    readonly count: number;
    readonly previewBytes: number;
    /** Id of a lens through which to read them. */
    readonly lens?: string | undefined;
  }): Page<EntryRow>;
  /**
   * Lenses that fit a family, the surest first: told from its comparator, its keys, and the files beside it. At last
   * that of `format`, an id of `ValueFormat`, if there is such a one; its confidence is 0 where nothing speaks for it.
   */
  lenses(p: { readonly family: number; readonly format?: string | undefined }): readonly LensInfo[];
  /** The formats by name; with `format` that one. Throws INPUT if there is no such format. */
  valueFormats(p: { readonly format?: string | undefined }): readonly ValueFormat[];
  /**
   * Takes what settings declare of keys and values, in the shape of `.lsm.json` (docs/queries.md), in place of what
   * they declared before; undefined for nothing. Answers what is wrong with it; the rest holds.
   */
  configure(p: { readonly config: unknown }): readonly Problem[];
  /** The declared schemas of a family's keys, and what is wrong with the `.lsm.json` beside the store. */
  keySchemas(p: { readonly family: number }): {
    readonly schemas: readonly KeySchemaInfo[];
    readonly problems: readonly Problem[];
  };
  /**
   * The key that has these fields, typed as they are shown (`id=7 time=2026-01-01`); not `complete`: the prefix of all
   * keys that do. Fails with INPUT.
   */
  keyOfFields(p: { readonly family: number; readonly text: string }): {
    readonly key: Uint8Array;
    readonly complete: boolean;
  };
  /** A value as the lens reads it; without one, as the surest that can. Null: none does. */
  decode(p: {
    readonly family: number;
    readonly key: Uint8Array;
    readonly value: Uint8Array;
    readonly lens?: string | undefined;
  }): { readonly text: string; readonly language: 'json' | 'text' } | null;
  closeQuery(p: { readonly query: number }): void;
  /**
   * Any one file, record by record, as text lines with byte offsets (a slice of them: `offset` counts lines).
   * `block`: only the table's data block that begins at that byte, field by field with its bytes in hex. `path`: of
   * the directory there, which need not be a store that can be opened; without it, of the open one.
   */
  dump(p: {
    readonly path?: string | undefined;
    readonly file: string;
    readonly offset: number;
    readonly limit: number;
    readonly block?: number | undefined;
  }): Page<string>;
  /** As `get`, and every step of the way. */
  explain(p: { readonly family: number; readonly key: Uint8Array; readonly at?: number | undefined }): ReadPath;
  /** Reads a whole table and measures it; cancellable, with `profileProgress` notices. */
  tableProfile(p: { readonly table: number }): TableProfile;
  /** The family's history so far; the first call reads the MANIFEST and the info logs, later ones what is new. Cancellable. */
  timeline(p: { readonly family: number }): TimelineInfo;
  /** Events [from, from + count) of that epoch, `count` at most 4096. Fails with INPUT if the epoch is over. */
  timelineChunk(p: {
    readonly family: number;
    readonly epoch: number;
    readonly from: number;
    readonly count: number;
  }): TimelineChunk;
  /** For each position the last boundary key that is not behind it; empty before the first. At most 4096 of them. */
  timelineKeys(p: {
    readonly family: number;
    readonly epoch: number;
    readonly positions: readonly number[];
  }): readonly Uint8Array[];
  /** Where a key stands among the boundary keys: on one of them, or in between. */
  timelinePosition(p: { readonly family: number; readonly epoch: number; readonly key: Uint8Array }): {
    readonly position: number;
    readonly exact: boolean;
  };
  /**
   * Checks every file of the open store, or the one table; cancellable, with `verifyProgress` notices. With a path
   * what is there is opened first; a store that cannot be opened is checked file by file. `checksumsOnly`: of tables
   * nothing but the checksums of their blocks.
   */
  verify(p: { readonly path?: string | undefined; readonly checksumsOnly?: boolean | undefined }): VerifyReport;
  /** What a forced compaction would do, counted by merging the inputs without writing; cancellable. */
  compactPlan(p: CompactionRequest): CompactionPlans;
  /**
   * Compacts the open store under its LOCK, or a copy of it made in the new or empty directory `out`; cancellable
   * at every slice, after which the store is as it was and the copy gone. The store stays readable meanwhile.
   */
  compact(
    p: CompactionRequest & ({ readonly mode: 'inPlace' } | { readonly mode: 'copy'; readonly out: string }),
  ): CompactionReport;
  /**
   * Writes what stands in the log of the open store into tables, under its LOCK, and then has compacted what the
   * store's policy wants. Cancelled, it ends after the flush or between two slices, and every edit so far holds.
   */
  flush(p: Record<string, never>): FlushReport;
  /**
   * Writes one batch to the open store, whole or not at all, under its LOCK, and tells what its keys had before. Fails
   * with INPUT where what the request expects does not hold, and with LOCKED while another process has the store.
   */
  write(p: WriteRequest): WriteReport;
  /** The built-in sample workloads. */
  samples(p: Record<string, never>): readonly SampleInfo[];
  /** Creates a store in a new or empty directory; needs no open store, and opens none. Cancellable. */
  createSample(p: { readonly path: string; readonly format: 'leveldb' | 'rocksdb'; readonly sample: string }): void;
  /** Salvages the store at `path` into the new or empty directory `out`; needs no open store. Cancellable, with `repairProgress`. */
  repair(p: { readonly path: string; readonly out: string }): RepairReport;
  /**
   * SQL over the open store: fills the tables that the query names, from the store as it is now, and answers with the
   * first rows. Cancellable while it fills, with `sqlProgress` notices. Fails with INPUT for what is wrong with the
   * query, and with CANCELLED when `millisMax` is over.
   */
  sql(p: SqlParams): SqlPage;
  /** Rows [offset, offset + count) of a result, `count` at most 10,000. Going on is cheap; going back runs it anew. */
  sqlRows(p: { readonly cursor: number; readonly offset: number; readonly count: number }): SqlPage;
  sqlClose(p: { readonly cursor: number }): void;
  /** Names and meanings of all tables and columns. */
  sqlSchema(p: Record<string, never>): readonly SqlTableSchema[];
  sqlExamples(p: Record<string, never>): readonly SqlExample[];
  /** Writes the open store's content to a new directory; cancellable, with `exportProgress` notices. */
  export(p: ExportParams): ExportReport;
  /** What a file of rows looks like, told from its beginning. Fails with INPUT where none could be imported from it. */
  importSniff(p: {
    readonly file: string;
    readonly format?: 'jsonl' | 'csv' | undefined;
    readonly delimiter?: string | undefined;
    readonly header?: boolean | undefined;
  }): ImportSniff;
  /** Reads the whole file and tells what its import would do; nothing is written. Cancellable, with `importProgress`. */
  importPreview(p: ImportSource): ImportPreview;
  /**
   * Checks the whole file and writes its rows in batches, under the LOCK of the open store; cancellable between two of
   * them, with `importProgress`. Where it ends early the report says which rows are in the store.
   */
  import(p: ImportRequest): ImportReport;
  /**
   * Compares the open store with the one at `path`, up to `limit` differences; goes on from `next` of the answer
   * before. Cancellable, with `diffProgress` notices. Fails with INPUT where the stores' keys are ordered differently.
   */
  diff(p: DiffParams): DiffReport;
  /** A value of the store that the last `diff` compared with, whole. Fails with INPUT above `maxBytes`. */
  diffValue(p: {
    readonly path: string;
    readonly family: string;
    readonly key: Uint8Array;
    readonly maxBytes: number;
  }): Uint8Array;
  /**
   * Gathers every record of every file, with what became of it, in a directory that need not open as a store.
   * Cancellable while it looks at the files and reads the logs; records are then counted in the background, with
   * `evidenceProgress` notices, and can be read while that goes on.
   */
  openEvidence(p: EvidenceParams): EvidenceOpened;
  evidenceState(p: { readonly evidence: number }): EvidenceState;
  /** Rows [from, from + count) of those with one of `statuses` (all, if none is named); waits for the count. */
  evidenceRows(p: {
    readonly evidence: number;
    readonly statuses?: readonly EvidenceStatus[] | undefined;
    readonly from: number;
    readonly count: number;
    readonly previewBytes: number;
    readonly lens?: string | undefined;
  }): Page<EvidenceRow>;
  /** Lenses that fit a family, or the first one. */
  evidenceLenses(p: { readonly evidence: number; readonly family?: string | undefined }): readonly LensInfo[];
  /** Ends the counting where it is; what was counted stays readable. */
  stopEvidence(p: { readonly evidence: number }): void;
  closeEvidence(p: { readonly evidence: number }): void;
  /** Writes all records, and the SHA-256 of the files, to a new directory; cancellable, with `evidenceExportProgress`. */
  exportEvidence(p: EvidenceExportParams): EvidenceExportReport;
  close(p: Record<string, never>): void;
}

export interface SampleInfo {
  readonly name: string;
  /** One line for a person who picks one. */
  readonly summary: string;
  readonly formats: readonly ('leveldb' | 'rocksdb')[];
}

export type Method = keyof EngineApi;
export type Params<M extends Method> = Parameters<EngineApi[M]>[0];
export type Result<M extends Method> = ReturnType<EngineApi[M]>;

/** What the engine says unasked. */
export type EngineNotice =
  | { readonly kind: 'queryProgress'; readonly state: QueryState }
  | { readonly kind: 'compactionProgress'; readonly progress: CompactionProgress }
  /** Of a store that is being created: batches written, of about how many. */
  | { readonly kind: 'sampleProgress'; readonly done: number; readonly total: number }
  | { readonly kind: 'repairProgress'; readonly progress: RepairProgress }
  | { readonly kind: 'verifyProgress'; readonly progress: VerifyProgress }
  | { readonly kind: 'sqlProgress'; readonly progress: SqlProgress }
  | { readonly kind: 'exportProgress'; readonly progress: ExportProgress }
  | { readonly kind: 'importProgress'; readonly progress: ImportProgress }
  | { readonly kind: 'evidenceProgress'; readonly state: EvidenceState }
  | { readonly kind: 'evidenceExportProgress'; readonly progress: EvidenceExportProgress }
  /** Keys compared so far. */
  | { readonly kind: 'diffProgress'; readonly keys: number }
  | { readonly kind: 'profileProgress'; readonly table: number; readonly done: number; readonly total: number }
  /** We have changed the open store ourselves. */
  | { readonly kind: 'storeChanged'; readonly summary: StoreSummary }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string };
