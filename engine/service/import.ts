/**
 * Imports: the rows of a file, written into a store. The file is read in constant memory, twice.
 *
 * 1. The store is opened for writing: LOCK, gate, recovery. What is refused is refused here.
 * 2. The whole file is checked and counted against the store. Where a row is bad, and not to be left out, nothing is
 *    written.
 * 3. Batches of rows are written in the order of the file, each whole or not at all. What ends the import early, a
 *    person or a failure, leaves the first of them, and the report says which.
 * 4. The store's own policy is asked what to compact, between the batches and at the end.
 */
import type { Clock } from '../base/entropy.ts';
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { FileHandle, FileStat, FileSystem } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import {
  type BadRow,
  IMPORT_BATCH,
  IMPORT_LISTED,
  type ImportCounts,
  type ImportPreview,
  type ImportProgress,
  type ImportReport,
  type ImportRequest,
  type ImportRow,
  type ImportSniff,
  type ImportSource,
} from '../model/import.ts';
import { undoOf, WRITE_OPS_MAX } from '../model/write.ts';
import { ByteInput } from '../query/import/byteInput.ts';
import { type ImportOp, RowReader } from '../query/import/rowReader.ts';
import { type Known, sniff } from '../query/import/sniff.ts';
import { Maintenance } from '../store/background.ts';
import { PointGet } from '../store/pointGet.ts';
import type { StoreReader } from '../store/reader.ts';
import type { StoreView } from '../store/view.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import { timedValues } from '../store/writeGate.ts';
import type { StoreWriter } from '../store/writer.ts';
import { openWriter, refusalOf } from './compaction.ts';
import { settle } from './flush.ts';
import type { Watch } from './progress.ts';
import { previousOf } from './write.ts';

/** Bytes of a file that tell what it looks like. */
const HEAD_BYTES = 256 << 10;
/** Bytes of a value that a preview shows. */
const VALUE_BYTES = 1024;
/** Bytes of keys and values from which on a batch is written, however few rows it has. */
const BATCH_BYTES = 16 << 20;
const SLICE_MS = 8;

export interface ImportWatch extends Watch {
  imported(progress: ImportProgress): void;
}

// ── Looking ────────────────────────────────────────────────────────────────────────────────────

/** Throws INPUT where the file is none that could be imported. */
export function sniffImport(fs: FileSystem, known: Known): ImportSniff {
  const source = new SourceFile(fs, known.file);
  try {
    const head = new Uint8Array(Math.min(HEAD_BYTES, source.stat.size));
    const length = source.read(head);
    return sniff(known, head.subarray(0, length), length === source.stat.size);
  } catch (thrown) {
    throw toStoreError(thrown, { path: known.file });
  } finally {
    source.close();
  }
}

/** What an import would do, without writing. Throws INPUT where the file cannot be read to its end, CANCELLED. */
export async function previewImport(
  store: StoreReader,
  fs: FileSystem,
  source: ImportSource,
  owner: { readonly pid: number } | undefined,
  env: WriteEnvironment | undefined,
  watch: ImportWatch,
): Promise<ImportPreview> {
  const view = store.view.retain();
  const file = new SourceFile(fs, source.file);
  try {
    if (owner !== undefined) for (const id of view.version.families.keys()) view.pin(id);
    const check = new Check(view, source);
    await check.run(file, watch);
    return { ...check.counts, first: check.first, badRows: check.badRows, refused: refusalOf(store, owner, env, 0) };
  } finally {
    file.close();
    view.release();
  }
}

// ── Writing ────────────────────────────────────────────────────────────────────────────────────

/**
 * Throws LOCKED with the owner's process id, WriteRefused with the reason, INPUT where the request is wrong, and
 * CANCELLED before the first batch: then nothing was written. Later on the report says what was.
 */
export async function importFile(
  env: WriteEnvironment,
  fs: FileSystem,
  directory: string,
  request: ImportRequest,
  watch: ImportWatch,
): Promise<ImportReport> {
  const size = request.batch ?? IMPORT_BATCH;
  if (!Number.isSafeInteger(size) || size < 1 || size > WRITE_OPS_MAX) {
    throw new StoreError('INPUT', `a batch has 1 to ${WRITE_OPS_MAX} rows, not ${size}`);
  }
  const file = new SourceFile(fs, request.file);
  try {
    cancelled(watch);
    // Columns that are not there are told of before the store is opened.
    new RowReader(file.input(), request, new Map());
    let flushed = false;
    const writer = openWriter(env, directory, {
      ...watch,
      event: (e) => {
        flushed ||= e.kind === 'flush';
        watch.event?.(e);
      },
    });
    try {
      const { view } = writer.reader;
      const check = new Check(view, request);
      await check.run(file, watch);
      const { counts, badRows } = check;
      const nothing = { applied: 0, batches: 0, sequences: null, nextLine: null, compactions: [], problems: [] };
      if (counts.bad > 0 && request.skipBad !== true) return { ...counts, ...nothing, badRows, outcome: 'bad' };
      const work = new Writing(writer, env, request, size, counts);
      const written = await work.run(file, watch);
      let settled: Pick<ImportReport, 'compactions' | 'problems'> = { compactions: [], problems: work.problems };
      if (flushed && request.noCompaction !== true && written.outcome === 'done') {
        const { compactions, problems } = await settle(env, writer, watch);
        settled = { compactions, problems: [...work.problems, ...problems] };
      }
      return { ...counts, badRows, ...written, ...settled };
    } finally {
      writer.close();
    }
  } finally {
    file.close();
  }
}

function cancelled(watch: Watch): void {
  if (watch.isCancelled()) throw new StoreError('CANCELLED', 'the import was cancelled: nothing was written');
}

/** The file of rows, which must stay the same while it is read. */
class SourceFile {
  readonly stat: FileStat;
  readonly path: string;
  readonly #fs: FileSystem;
  readonly #handle: FileHandle;
  #at = 0;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.path = path;
    this.stat = fs.stat(path);
    if (!this.stat.isFile) throw new StoreError('INPUT', 'this is no file: one is imported at a time', { path });
    this.#handle = fs.open(path, 'read');
  }

  read(into: Uint8Array): number {
    const n = this.#handle.readAt(into, this.#at);
    this.#at += n;
    return n;
  }

  /** From the beginning. */
  input(): ByteInput {
    this.#at = 0;
    return new ByteInput((into) => this.read(into));
  }

  /** Throws INPUT where somebody has written to it since it was opened. */
  checkSame(): void {
    const now = this.#fs.stat(this.path);
    const { size, modified, inode } = this.stat;
    if (now.size === size && now.modified === modified && now.inode === inode) return;
    throw new StoreError('INPUT', 'the file was changed while it was read', { path: this.path });
  }

  close(): void {
    this.#handle.close();
  }
}

/** Tells how far it is, at every slice. */
class Pace {
  readonly #clock: Clock;
  readonly #began: number;
  #until: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.elapsed();
    this.#until = this.#began + SLICE_MS;
  }

  get over(): boolean {
    return this.#clock.elapsed() >= this.#until;
  }

  async turn(watch: ImportWatch, progress: Omit<ImportProgress, 'rowsPerSecond'>): Promise<void> {
    const seconds = (this.#clock.elapsed() - this.#began) / 1000;
    watch.imported({ ...progress, rowsPerSecond: seconds > 0 ? Math.round(progress.rows / seconds) : 0 });
    await this.#clock.turn();
    this.#until = this.#clock.elapsed() + SLICE_MS;
  }
}

function rowsOf(input: ByteInput, view: StoreView, source: ImportSource): RowReader {
  const ids = new Map([...view.version.families.values()].map(({ state }) => [state.name, state.id]));
  if (source.family !== undefined) view.family(source.family);
  return new RowReader(input, source, ids);
}

/** Rows between two looks at the time. */
const CHECK_ROWS = 64;

/** Reads the whole file and counts what it would do. */
class Check {
  readonly first: ImportRow[] = [];
  readonly badRows: BadRow[] = [];
  readonly #view: StoreView;
  readonly #source: ImportSource;
  readonly #gets = new Map<number, PointGet>();
  /** Families that were found to take values. */
  readonly #taking = new Set<number>();
  readonly #counts = { rows: 0, added: 0, overwritten: 0, deleted: 0, deletedAbsent: 0, bad: 0, bytes: 0 };

  constructor(view: StoreView, source: ImportSource) {
    this.#view = view;
    this.#source = source;
  }

  get counts(): ImportCounts {
    return this.#counts;
  }

  async run(file: SourceFile, watch: ImportWatch): Promise<void> {
    const input = file.input();
    const pace = new Pace(watch.clock);
    const counts = this.#counts;
    try {
      const rows = rowsOf(input, this.#view, this.#source);
      while (rows.next()) {
        counts.rows++;
        if (rows.bad !== undefined) {
          counts.bad++;
          if (this.badRows.length < IMPORT_LISTED) this.badRows.push(rows.bad);
        } else if (rows.op !== undefined) this.#count(rows.op, rows);
        if (counts.rows % CHECK_ROWS !== 0 || !pace.over) continue;
        const { rows: n, bad } = counts;
        const totalBytes = file.stat.size;
        await pace.turn(watch, { phase: 'check', rows: n, bad, readBytes: input.offset, totalBytes });
        cancelled(watch);
      }
      file.checkSame();
    } catch (thrown) {
      throw toStoreError(thrown, { path: file.path });
    }
  }

  #count(op: ImportOp, { row, line }: RowReader): void {
    const { kind, family, key, value } = op;
    const counts = this.#counts;
    if (kind === 'put') this.#checkTakes(family);
    const exists = this.#has(family, key);
    if (kind === 'put') counts[exists ? 'overwritten' : 'added']++;
    else counts[exists ? 'deleted' : 'deletedAbsent']++;
    counts.bytes += key.length + value.length;
    if (this.first.length >= IMPORT_LISTED) return;
    const shown = value.slice(0, VALUE_BYTES);
    this.first.push({ row, line, kind, family, key, value: shown, valueBytes: value.length, exists });
  }

  #has(family: number, key: Uint8Array): boolean {
    let get = this.#gets.get(family);
    if (get === undefined) {
      get = new PointGet(this.#view, family, new DamageLog());
      this.#gets.set(family, get);
    }
    return get.get(key) !== undefined;
  }

  #checkTakes(family: number): void {
    if (this.#taking.has(family)) return;
    const why = timedValues(this.#view, family);
    if (why !== undefined) throw new StoreError('UNSUPPORTED', `no value is written: ${why}`);
    this.#taking.add(family);
  }
}

type Written = Pick<ImportReport, 'outcome' | 'applied' | 'batches' | 'sequences' | 'nextLine' | 'failure' | 'undo'>;

/** Writes what was checked, batch by batch. */
class Writing {
  readonly problems: Problem[] = [];
  readonly #writer: StoreWriter;
  readonly #env: WriteEnvironment;
  readonly #request: ImportRequest;
  readonly #size: number;
  readonly #counts: ImportCounts;
  #applied = 0;
  #batches = 0;
  #first = 0;
  #last = 0;
  #undo: ImportReport['undo'];

  constructor(writer: StoreWriter, env: WriteEnvironment, request: ImportRequest, size: number, counts: ImportCounts) {
    this.#writer = writer;
    this.#env = env;
    this.#request = request;
    this.#size = size;
    this.#counts = counts;
  }

  async run(file: SourceFile, watch: ImportWatch): Promise<Written> {
    const input = file.input();
    const pace = new Pace(watch.clock);
    const maintenance = this.#maintenance();
    // The first row of the batch that is under way.
    let line = 1;
    try {
      const rows = rowsOf(input, this.#writer.reader.view, this.#request);
      let more = rows.next();
      while (more) {
        line = rows.line;
        const ops: ImportOp[] = [];
        let bytes = 0;
        for (; more && ops.length < this.#size && bytes < BATCH_BYTES; more = rows.next()) {
          const { op, bad } = rows;
          if (bad !== undefined && this.#request.skipBad !== true) throw changed(file.path);
          if (op === undefined) continue;
          ops.push(op);
          bytes += op.key.length + op.value.length;
        }
        if (!more) file.checkSame();
        await maintenance?.roomMade(() => watch.isCancelled());
        if (watch.isCancelled()) return this.#given(line);
        this.#write(ops, !more);
        if (more) line = rows.line;
        maintenance?.step();
        if (!pace.over) continue;
        const { bad } = this.#counts;
        const totalBytes = file.stat.size;
        await pace.turn(watch, { phase: 'write', rows: this.#applied, bad, readBytes: input.offset, totalBytes });
        if (more && watch.isCancelled()) return this.#given(line);
      }
      return this.#done('done', null);
    } catch (thrown) {
      return { ...this.#done('failed', line), failure: toStoreError(thrown, { path: file.path }).toProblem() };
    } finally {
      maintenance?.close();
    }
  }

  /** What the engine would do beside the writes is done between them. */
  #maintenance(): Maintenance | undefined {
    if (this.#request.noCompaction === true) return undefined;
    return new Maintenance(this.#writer, this.#env, { onProblem: (p) => void this.problems.push(p) });
  }

  #write(ops: readonly ImportOp[], last: boolean): void {
    const writer = this.#writer;
    const batch = writer.batch();
    if (ops.length === 0) {
      // What was written before is synced all the same.
      if (last && this.#batches > 0) writer.writeSync(batch, { sync: true });
      return;
    }
    for (const { kind, family, key, value } of ops) {
      if (kind === 'put') batch.put(family, key, value);
      else batch.delete(family, key);
    }
    const whole = last && this.#batches === 0;
    const previous = whole ? previousOf(writer, ops) : [];
    const first = writer.lastSequence + 1;
    const sequence = writer.writeSync(batch, { sync: last || this.#request.sync === true });
    if (this.#batches === 0) this.#first = first;
    this.#last = sequence;
    this.#batches++;
    this.#applied += ops.length;
    if (whole) this.#undo = undoOf({ ops, sync: true }, { previous, sequence });
  }

  /** A person has enough of it: what was written holds. */
  #given(line: number): Written {
    this.#write([], true);
    return this.#done('cancelled', line);
  }

  #done(outcome: Written['outcome'], nextLine: number | null): Written {
    const sequences = this.#batches === 0 ? null : { first: this.#first, last: this.#last };
    const undo = this.#undo === undefined ? {} : { undo: this.#undo };
    return { outcome, applied: this.#applied, batches: this.#batches, sequences, nextLine, ...undo };
  }
}

function changed(path: string): StoreError {
  return new StoreError('INPUT', 'the file was changed while it was read', { path });
}
