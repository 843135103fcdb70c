/**
 * Every record of every file of a store, in key order, with its place and what became of it: what a reader sees,
 * what is hidden and by what, and what stands in files that the store does not count any more.
 *
 * 1. Tables that no version names, and logs that every family has flushed, are orphans. They are read all the same.
 * 2. Of one key the versions of files that count are taken newest first, as a reader takes them: the first one
 *    decides, and hides the rest.
 * 3. Where no MANIFEST says what counts, every file does.
 */
import { type Problem, toStoreError } from '../../base/errors.ts';
import { RunCursor } from '../../formats/block/runCursor.ts';
import { TableReader } from '../../formats/block/tableReader.ts';
import { parseFileName } from '../../formats/leveldb/names.ts';
import { baseName, joinPath } from '../../fs/fileSystem.ts';
import { type Cursor, keyOf, ValueType } from '../../iter/cursor.ts';
import { DamageLog } from '../../iter/damage.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../iter/order.ts';
import { type RangeTombstone, RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { EvidenceEnd, EvidenceFamily, EvidenceFile, EvidenceRow, EvidenceScope } from '../../model/evidence.ts';
import type { Bound, TableInfo } from '../../model/tree.ts';
import { tableTombstones } from '../tableTombstones.ts';
import type { StoreView } from '../view.ts';
import { EvidenceWalk } from './evidenceWalk.ts';
import { type LogRecord, logRecords, RecordCursor, sortRecords } from './logRecords.ts';

/** Rows given out between two looks of whoever drives the walk. */
const ROWS_A_STEP = 512;
/** What a table says where it does not know the family that it was made for. */
const NO_FAMILY = 0xffff_ffff;

const NOTHING: Bound = { key: new Uint8Array(0), seq: 0, type: 'unknown' };

/** Names, records and tables of one family, whether the store still has it or not. */
export interface FamilyFiles {
  /** -1: only files that nobody counts tell of it. */
  readonly id: number;
  readonly name: string;
  readonly order: KeyOrder;
  /** Tables that hold points, in runs that each are in order. Numbers of orphans are negative: files may share one. */
  readonly runs: readonly (readonly TableInfo[])[];
  /** By `TableInfo.number`. */
  readonly files: ReadonlyMap<number, string>;
  /** Point records of the logs, in order. */
  readonly logged: readonly LogRecord[];
  readonly covering: RangeTombstones;
  /** Rows of range deletions. */
  readonly ranges: readonly EvidenceRow[];
}

interface Gathered {
  id: number;
  name: string;
  order: KeyOrder;
  tables: TableInfo[];
  logged: readonly LogRecord[];
}

export class Evidence {
  /** Files that rows come from. */
  readonly files: readonly EvidenceFile[];
  readonly #view: StoreView;
  readonly #problems: Problem[];
  readonly #families: readonly Gathered[];
  readonly #ready = new Map<Gathered, FamilyFiles>();
  readonly #damage = new DamageLog();
  /** By the numbers of orphans. */
  readonly #orders = new Map<number, KeyOrder>();
  readonly #source = {
    acquire: (info: TableInfo): TableReader => (info.number < 0 ? this.#openOrphan(info) : this.#view.acquire(info)),
    release: (info: TableInfo, table: TableReader): void => {
      if (info.number < 0) table.close();
      else this.#view.releaseTable(info, table);
    },
  };

  private constructor(
    view: StoreView,
    files: readonly EvidenceFile[],
    families: readonly Gathered[],
    problems: Problem[],
  ) {
    this.#view = view;
    this.files = files;
    this.#families = families;
    this.#problems = problems;
    for (const { tables, order } of families)
      for (const { number } of tables) if (number < 0) this.#orders.set(number, order);
  }

  /** A job: looks at each file and reads the logs. Values of log records are cut to `valueBytes`. */
  static *prepare(view: StoreView, valueBytes: number): Generator<void, Evidence, void> {
    const problems: Problem[] = [];
    const files: EvidenceFile[] = [];
    const { version } = view;
    const families = new Map<number, Gathered>();
    for (const { state, order, tables } of version.families.values()) {
      const sound = tables.filter((t) => !version.broken.has(t.number));
      families.set(state.id, { id: state.id, name: state.name, order, tables: sound, logged: [] });
      for (const info of sound) files.push({ file: info.file, bytes: info.bytes, live: true });
    }
    let orphans = 0;
    for (const file of [...view.snapshot.names, ...(view.snapshot.places?.values() ?? [])]) {
      const { kind, number } = parseFileName(baseName(file));
      if (kind !== 'table' || number === null || version.tables.has(number)) continue;
      yield;
      try {
        const info = orphan(view, file, -++orphans, families);
        files.push({ file, bytes: info.bytes, live: false });
      } catch (thrown) {
        problems.push(toStoreError(thrown, { path: file }).toProblem());
      }
    }
    const records = yield* gatherLogs(view, valueBytes, files, problems);
    for (const [id, list] of records) {
      const family = families.get(id) ?? lost(id, BYTEWISE, families);
      family.logged = list;
    }
    if (withoutManifest(view)) {
      const message = 'there is no MANIFEST to say which files count: all of them are taken to';
      problems.push({ code: 'CORRUPT', path: '', message });
    }
    for (const { order, name } of families.values()) {
      if (order.known) continue;
      const message = `the order of "${name}", ${order.name}, is not known: versions of one key may stand apart, and each is then taken for the newest`;
      problems.push({ code: 'UNSUPPORTED', path: '', message });
    }
    files.sort((a, b) => (a.file < b.file ? -1 : 1));
    return new Evidence(view, files, [...families.values()], problems);
  }

  /** As `prepare`, at once. */
  static of(view: StoreView, valueBytes: number): Evidence {
    const job = Evidence.prepare(view, valueBytes);
    for (let step = job.next(); ; step = job.next()) if (step.done === true) return step.value;
  }

  /** What was met so far: walks add to it. */
  get problems(): readonly Problem[] {
    return [...this.#problems, ...this.#damage.problems];
  }

  get families(): readonly EvidenceFamily[] {
    return this.#families.map(({ id, name, order }) => ({ id, name, prefixes: order.prefixesAreRanges !== false }));
  }

  /** Not positioned yet; to be closed. Throws INPUT for a family that is not there, or a prefix that is no range. */
  walk(scope: EvidenceScope): EvidenceWalk {
    const families = this.#families.filter((f) => scope.family === undefined || f.name === scope.family);
    return new EvidenceWalk({
      orders: families.map((f) => f.order),
      scope,
      family: (i) => this.#family(families[i] as Gathered),
      cursors: (f) => this.#cursors(f),
    });
  }

  /** A job: yields all rows by the hundred, by family and key, newest version first. */
  *rows(valueBytes: number): Generator<readonly EvidenceRow[], EvidenceEnd, void> {
    const byStatus = { live: 0, shadowed: 0, deleted: 0, tombstone: 0, orphan: 0 };
    let rows = 0;
    let batch: EvidenceRow[] = [];
    const walk = this.walk({});
    try {
      for (walk.start(); walk.valid; walk.next()) {
        rows++;
        byStatus[walk.status]++;
        batch.push(walk.row(valueBytes));
        if (batch.length < ROWS_A_STEP) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    } finally {
      walk.close();
    }
    return { rows, byStatus, problems: this.problems };
  }

  #cursors({ runs, order, logged }: FamilyFiles): Cursor[] {
    const tables = runs.map((run) => new RunCursor(this.#source, run, run[0]?.level ?? 0, order, this.#damage));
    return [...tables, new RecordCursor(logged, order)];
  }

  #family(gathered: Gathered): FamilyFiles {
    const known = this.#ready.get(gathered);
    if (known !== undefined) return known;
    const { id, name, order, tables, logged } = gathered;
    const { covering, rows: ranges } = this.#ranges(gathered);
    const family: FamilyFiles = {
      id,
      name,
      order,
      runs: order.known ? sortedRuns(tables, order) : tables.map((t) => [t]),
      files: new Map(tables.map((t) => [t.number, t.file])),
      logged: sortRecords(
        logged.filter((r) => r.type !== ValueType.rangeDeletion),
        order,
      ),
      covering,
      ranges,
    };
    this.#ready.set(gathered, family);
    return family;
  }

  #ranges({ name, order, tables, logged }: Gathered): { covering: RangeTombstones; rows: EvidenceRow[] } {
    const list: RangeTombstone[] = [];
    const rows: EvidenceRow[] = [];
    const row = (file: string, offset: number, t: RangeTombstone, isOrphan: boolean): void => {
      rows.push({
        family: name,
        file,
        offset,
        key: t.begin,
        until: t.end,
        seq: t.sequence,
        type: 'range-delete',
        value: t.end,
        valueBytes: t.end.length,
        status: isOrphan ? 'orphan' : 'tombstone',
      });
      if (!isOrphan) list.push(t);
    };
    if (this.#view.shared.dialect.hasRangeDeletions) {
      for (const info of tables) {
        try {
          const table = this.#source.acquire(info);
          try {
            const offset = table.metaHandle('rocksdb.range_del')?.offset ?? 0;
            for (const t of tableTombstones(table, info, info.number < 0)) row(info.file, offset, t, info.number < 0);
          } finally {
            this.#source.release(info, table);
          }
        } catch (thrown) {
          this.#problems.push(toStoreError(thrown, { path: info.file }).toProblem());
        }
      }
    }
    for (const r of logged) {
      // An empty range deletes nothing; the engines drop it on the way into a memtable.
      if (
        r.type !== ValueType.rangeDeletion ||
        order.compareUser(r.key, 0, r.key.length, r.value, 0, r.value.length) >= 0
      ) {
        continue;
      }
      row(r.file, r.offset, { begin: r.key, end: r.value, sequence: r.sequence, level: -1, table: 0 }, !r.counts);
    }
    return { covering: new RangeTombstones(list, order), rows };
  }

  #openOrphan(info: TableInfo): TableReader {
    return openTable(this.#view, info.file, this.#orders.get(info.number) ?? BYTEWISE);
  }
}

/** Tables of each level in as few runs as their bounds allow: each run that is walked takes memory. */
function sortedRuns(tables: readonly TableInfo[], order: KeyOrder): TableInfo[][] {
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  const runs: TableInfo[][] = [];
  for (const info of [...tables].sort((a, b) => compare(a.smallest.key, b.smallest.key))) {
    const run = runs.find((r) => {
      const last = r.at(-1) as TableInfo;
      return last.level === info.level && compare(last.largest.key, info.smallest.key) < 0;
    });
    if (run === undefined) runs.push([info]);
    else run.push(info);
  }
  return runs;
}

/** Opened for its tables only: nothing says which files count. */
function withoutManifest({ snapshot }: StoreView): boolean {
  return snapshot.manifest.file === '' && snapshot.manifest.damaged;
}

/** A table that no version names, added to its family. Throws StoreError where it does not open. */
function orphan(view: StoreView, file: string, number: number, families: Map<number, Gathered>): TableInfo {
  const table = openTable(view, file, BYTEWISE);
  try {
    const { properties } = table;
    const stated = properties.number('rocksdb.column.family.id') ?? 0;
    const id = stated === NO_FAMILY ? 0 : stated;
    const order = keyOrder(properties.text('rocksdb.comparator') ?? BYTEWISE.name);
    const family = families.get(id) ?? lost(id, order, families, properties.text('rocksdb.column.family.name'));
    const blank = { family: id, level: 0, number, file, bytes: table.size, smallest: NOTHING, largest: NOTHING };
    const cursor = new RunCursor(
      { acquire: () => table, release: () => {} },
      [blank],
      0,
      family.order,
      new DamageLog(),
    );
    const bound = (): Bound =>
      cursor.valid
        ? { ...NOTHING, key: keyOf(cursor).slice(0, cursor.keyLength - family.order.timestampSize) }
        : NOTHING;
    cursor.first();
    const smallest = bound();
    cursor.last();
    const info = { ...blank, smallest, largest: bound() };
    cursor.close();
    family.tables.push(info);
    return info;
  } finally {
    table.close();
  }
}

/** A family that was dropped, as its files tell of it. */
function lost(id: number, order: KeyOrder, families: Map<number, Gathered>, name?: string): Gathered {
  const taken = [...families.values()].some((f) => f.name === name);
  const made: Gathered = {
    id: -1,
    name: name === undefined || name === '' || taken ? `family ${id}` : name,
    order,
    tables: [],
    logged: [],
  };
  families.set(id, made);
  return made;
}

function openTable(view: StoreView, path: string, order: KeyOrder): TableReader {
  const { fs, directory, dialect } = view.shared;
  const file = fs.open(joinPath(directory, path), 'read');
  try {
    return new TableReader(file, { dialect: dialect.block, order });
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}

function* gatherLogs(
  view: StoreView,
  valueBytes: number,
  files: EvidenceFile[],
  problems: Problem[],
): Generator<void, Map<number, LogRecord[]>, void> {
  const { fs, directory, dialect } = view.shared;
  const { names, manifest, replay, walDirectory } = view.snapshot;
  const logs = (walDirectory === undefined ? names : fs.list(walDirectory)).flatMap((name) => {
    const { kind, number } = parseFileName(name);
    if (kind !== 'wal' || number === null) return [];
    const path = joinPath(walDirectory ?? directory, name);
    return [{ path, file: walDirectory === undefined ? name : path, number }];
  });
  const applied = new Set(replay.files.filter((f) => f.applied).map((f) => f.number));
  const all = withoutManifest(view);
  const counts = (family: number, log: number): boolean => {
    if (all) return true;
    if (!applied.has(log)) return false;
    return dialect.id === 'leveldb' || log >= (manifest.families.get(family)?.logNumber ?? Number.POSITIVE_INFINITY);
  };
  for (const { path, file, number } of logs) {
    let bytes = 0;
    try {
      bytes = fs.stat(path).size;
    } catch {
      // It is gone: reading it says so.
    }
    files.push({ file, bytes, live: all || applied.has(number) });
  }
  return yield* logRecords(fs, logs, dialect.block, counts, valueBytes, problems);
}
