/**
 * Exports: what a store holds, written for other tools. Memory stays the same however large the store: the walk is a
 * cursor's, and a file holds back one row group at most, per folder that is written.
 */
import type { Clock } from '../base/entropy.ts';
import { oneLine, StoreError, toStoreError } from '../base/errors.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { EntryFilter } from '../model/entryView.ts';
import type { ExportParams, ExportProgress, ExportReport, TableStats } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import type { RowColumn, RowValue } from '../query/parquet.ts';
import { storeHistory } from '../store/history.ts';
import type { StoreReader } from '../store/reader.ts';
import { tableDetails } from '../store/tableStats.ts';
import type { StoreView } from '../store/view.ts';
import { type EntryWriter, ExportDirectory, entryWriter, PartFiles, rowWriter, snappy } from './exportFiles.ts';

/** Milliseconds of work between two turns. */
const SLICE_MS = 8;
/** Entries between two looks at the time. */
const CHECK_ENTRIES = 512;

export interface ExportWorld {
  /** Must allow writing. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** Somebody writes to the store. */
  readonly live: boolean;
  /** A condition over the entries of a family. Throws INPUT. */
  where(family: number, source: string): { readonly filter: EntryFilter };
  progress(progress: ExportProgress): void;
}

/** Throws CANCELLED, INPUT for a place that cannot be taken; then nothing of the export is left. */
export async function exportStore(
  store: StoreReader,
  p: ExportParams,
  world: ExportWorld,
  token: CancelToken,
): Promise<ExportReport> {
  if (p.partition === true && p.what !== 'entries') {
    throw new StoreError('INPUT', `only entries can be partitioned, not ${p.what}`);
  }
  if (p.where !== undefined && p.what !== 'entries') {
    throw new StoreError('INPUT', `a condition picks among entries, not ${p.what}`);
  }
  const view = store.view.retain();
  const damage = new DamageLog();
  let directory: ExportDirectory | undefined;
  try {
    const families = p.family === undefined ? [...view.version.families.keys()] : [view.family(p.family).state.id];
    if (world.live) for (const id of families) view.pin(id);
    const source = p.where;
    const filters = new Map(source === undefined ? [] : families.map((id) => [id, world.where(id, source).filter]));
    directory = new ExportDirectory(world.fs, p.to, store.shared.directory, p.format);
    const job = new ExportJob(store, view, families, filters, p, directory, damage);
    const steps = job.steps(world.clock);
    try {
      for (let step = steps.next(); step.done !== true; step = steps.next()) {
        world.progress(job.progress());
        await world.clock.turn();
        if (token.cancelled) throw new StoreError('CANCELLED', 'the export was cancelled');
      }
    } finally {
      steps.return();
    }
    directory.publish();
    const { problems, lost } = damage;
    return { ...job.progress(), directory: p.to, files: directory.files, problems, lost };
  } catch (thrown) {
    directory?.discard();
    throw thrown;
  } finally {
    view.release();
  }
}

type Steps = Generator<void, void, void>;

class ExportJob {
  readonly #store: StoreReader;
  readonly #view: StoreView;
  readonly #families: readonly number[];
  /** By family, where there is a condition. */
  readonly #filters: ReadonlyMap<number, EntryFilter>;
  readonly #params: ExportParams;
  readonly #directory: ExportDirectory;
  readonly #damage: DamageLog;
  readonly #compress = snappy();
  /** By folder. */
  readonly #parts = new Map<string, PartFiles<EntryWriter>>();
  #rows = 0;
  #readBytes = 0;

  constructor(
    store: StoreReader,
    view: StoreView,
    families: readonly number[],
    filters: ReadonlyMap<number, EntryFilter>,
    params: ExportParams,
    directory: ExportDirectory,
    damage: DamageLog,
  ) {
    this.#store = store;
    this.#view = view;
    this.#families = families;
    this.#filters = filters;
    this.#params = params;
    this.#directory = directory;
    this.#damage = damage;
  }

  progress(): ExportProgress {
    let open = 0;
    for (const parts of this.#parts.values()) open += parts.openBytes;
    return { rows: this.#rows, readBytes: this.#readBytes, writtenBytes: this.#directory.bytes + open };
  }

  /** Yields about every `SLICE_MS`. */
  steps(clock: Clock): Steps {
    if (this.#params.what === 'entries') return this.#entries(clock);
    const columns = this.#params.what === 'tables' ? TABLE_COLUMNS : EVENT_COLUMNS;
    return this.#table(columns, this.#params.what === 'tables' ? this.#tables() : this.#events(), clock);
  }

  *#entries(clock: Clock): Steps {
    const { from, until, prefix } = this.#params;
    try {
      for (const id of this.#families) {
        const { state, order } = this.#view.family(id);
        if (!order.known) {
          const message = `column family "${state.name}" cannot be exported: its order (${state.comparator}) is not known`;
          this.#damage.report({ code: 'UNSUPPORTED', path: '', message: oneLine(message) });
          continue;
        }
        const filter = this.#filters.get(id);
        const e = this.#view.scan(id, { from, to: until, prefix }, this.#damage);
        try {
          let until = clock.elapsed() + SLICE_MS;
          let level = Number.NaN;
          let parts: PartFiles<EntryWriter> | undefined;
          let sinceCheck = 0;
          for (e.first(); e.valid; e.next()) {
            this.#readBytes += e.keyLength + e.valueLength;
            // Decoding takes its time by the byte.
            sinceCheck += filter === undefined ? 1 : 16 + (e.valueLength >>> 8);
            if (sinceCheck >= CHECK_ENTRIES) {
              sinceCheck = 0;
              if (clock.elapsed() >= until) {
                yield;
                until = clock.elapsed() + SLICE_MS;
              }
            }
            if (e.problem !== undefined) {
              const key = e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength);
              this.#damage.report(e.problem, key, key);
            }
            if (filter?.(e) === false) continue;
            if (parts === undefined || e.level !== level) {
              level = e.level;
              parts = this.#partsOf(state.name, level);
            }
            parts.writer.add(e, state.name);
            this.#rows++;
          }
        } finally {
          e.close();
        }
      }
      // An export of nothing has a file too, that says which columns it would have.
      if (this.#parts.size === 0 && this.#params.partition !== true) void this.#partsOf('', 0).writer;
      for (const parts of this.#parts.values()) {
        parts.finish();
        yield;
      }
    } finally {
      for (const parts of this.#parts.values()) parts.abandon();
    }
  }

  #partsOf(family: string, level: number): PartFiles<EntryWriter> {
    const partitioned = this.#params.partition === true;
    const folder = partitioned ? `family=${hivePart(family)}/level=${level}` : '';
    let parts = this.#parts.get(folder);
    if (parts === undefined) {
      const { format } = this.#params;
      parts = new PartFiles(this.#directory, folder, (sink) => entryWriter(format, sink, partitioned, this.#compress));
      this.#parts.set(folder, parts);
    }
    return parts;
  }

  *#table(columns: readonly RowColumn[], rows: Iterable<RowValue[] | undefined>, clock: Clock): Steps {
    const parts = new PartFiles(this.#directory, '', (sink) =>
      rowWriter(this.#params.format, sink, columns, this.#compress),
    );
    try {
      void parts.writer;
      let until = clock.elapsed() + SLICE_MS;
      for (const row of rows) {
        if (row !== undefined) {
          parts.writer.add(row);
          this.#rows++;
        }
        if (clock.elapsed() < until) continue;
        yield;
        until = clock.elapsed() + SLICE_MS;
      }
      parts.finish();
    } finally {
      parts.abandon();
    }
  }

  *#tables(): Generator<RowValue[] | undefined, void, void> {
    for (const id of this.#families) {
      for (const info of this.#view.family(id).tables) {
        try {
          const job = tableDetails(this.#view, info);
          let step = job.next();
          for (; step.done !== true; step = job.next()) yield undefined;
          for (const problem of step.value.problems) this.#damage.note(problem);
          yield tableRow(step.value.stats);
        } catch (thrown) {
          const problem = toStoreError(thrown, { path: info.file }).toProblem();
          this.#damage.report(problem, info.smallest.key, info.largest.key);
        }
      }
    }
  }

  *#events(): Generator<RowValue[], void, void> {
    const names = new Set(this.#families.map((id) => this.#view.family(id).state.name));
    for (const e of storeHistory(this.#store)) {
      if (this.#params.family !== undefined && !names.has(e.family)) continue;
      const lists = [JSON.stringify(e.removed), JSON.stringify(e.added)];
      yield [e.seq, e.family, e.kind, e.inferred, e.at, e.why, ...lists];
    }
  }
}

const columnsOf = (type: RowColumn['type'], names: string): RowColumn[] =>
  names.split(' ').map((name) => ({ name, type }));

/** As the JSON of `lsm tables`, in snake case. */
const TABLE_COLUMNS: readonly RowColumn[] = [
  ...columnsOf('text', 'family'),
  ...columnsOf('INT64', 'level number'),
  ...columnsOf('text', 'file'),
  ...columnsOf('INT64', 'bytes entries deletions range_deletions merges'),
  ...columnsOf('bytes', 'smallest largest'),
  ...columnsOf('INT64', 'smallest_seq largest_seq format_version'),
  ...columnsOf('text', 'compression checksum filter'),
  ...columnsOf('INT64', 'filter_bytes'),
  ...columnsOf('text', 'index_type'),
  ...columnsOf('INT64', 'data_blocks raw_key_bytes raw_value_bytes'),
  ...columnsOf('text', 'created_at'),
];

function tableRow(t: TableStats): RowValue[] {
  return [
    ...[t.family, t.level, t.number, t.file, t.bytes, t.entries, t.deletions, t.rangeDeletions, t.merges],
    ...[t.smallest.key, t.largest.key, t.smallestSeq, t.largestSeq, t.formatVersion],
    ...[t.compression, t.checksum, t.filter, t.filterBytes, t.indexType],
    ...[t.dataBlocks, t.rawKeyBytes, t.rawValueBytes, t.createdAt],
  ];
}

/** As the lines of `lsm history`. */
const EVENT_COLUMNS: readonly RowColumn[] = [
  ...columnsOf('INT64', 'seq'),
  ...columnsOf('text', 'family kind'),
  ...columnsOf('BOOLEAN', 'inferred'),
  ...columnsOf('text', 'at why removed added'),
];

const encoder = new TextEncoder();

/** A value in the name of a folder, as Hive escapes it: everything that a path or a pattern could take for its own. */
export function hivePart(value: string): string {
  if (value === '') return '__HIVE_DEFAULT_PARTITION__';
  if (/^\.+$/.test(value)) return value.replaceAll('.', '%2E');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is escaped
  return value.replace(/[\u0000-\u001f\u007f"#%'*/:=?\\{}[\]^<>| ]/gu, (c) =>
    [...encoder.encode(c)].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
