/**
 * Salvages a store into a new directory, never in place: every entry whose checksum holds, all versions and
 * tombstones, in one sorted run on the deepest level of each column family (rocksdb-leveldb.md §1, §5, §6).
 *
 * 1. Tables that open, blocks of those that do not, and the logs are merged by key and sequence number. The same
 *    version out of two files becomes one.
 * 2. Values in blob files are brought into the tables: no file of the old store is referred to any more.
 * 3. MANIFEST and CURRENT are written last; before that the directory is no store. What was written is then
 *    opened and counted. Whatever goes wrong, nothing is left of it.
 */
import { utf8 } from '../../base/bytes.ts';
import { type Problem, StoreError, toStoreError } from '../../base/errors.ts';
import { RunCursor } from '../../formats/block/runCursor.ts';
import { encodeLevelDbEdit } from '../../formats/leveldb/editEncoder.ts';
import { LogWriter } from '../../formats/leveldb/logWriter.ts';
import { manifestFileName, optionsFileName, tableFileName } from '../../formats/leveldb/names.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../../formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../formats/rocksdb/editEncoder.ts';
import { dirName, type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../../iter/cursor.ts';
import { DamageLog } from '../../iter/damage.ts';
import { MergingCursor } from '../../iter/merging.ts';
import { type RangeTombstone, RangeTombstones } from '../../iter/rangeTombstones.ts';
import { optionNumber } from '../../model/optionValues.ts';
import type { LostRange, RepairedFamily, RepairProgress, RepairReport } from '../../model/repair.ts';
import { Below } from '../compaction/below.ts';
import { Grandparents } from '../compaction/grandparents.ts';
import { Outputs } from '../compaction/outputs.ts';
import { Stripes } from '../compaction/stripes.ts';
import { TombstoneOutput } from '../compaction/tombstoneOutput.ts';
import { setCurrent } from '../manifestWriter.ts';
import { prepareDirectory, removeMade } from '../newDirectory.ts';
import { NewTables } from '../newTables.ts';
import { openStore } from '../open.ts';
import { compactionStyle } from '../summary.ts';
import { tableTombstones } from '../tableTombstones.ts';
import type { FamilyVersion } from '../version.ts';
import type { WriteEnvironment } from '../writeEnvironment.ts';
import { dataEnd, footerOrGuess, RescueCursor } from './rescue.ts';
import { gatherSources, type Sources } from './sources.ts';

const FIRST_TABLE = 10;
const MANIFEST_NUMBER = 1;
const OPTIONS_NUMBER = 2;
const TABLE_BYTES = { leveldb: 2 << 20, rocksdb: 64 << 20 } as const;
const DEEPEST_LEVEL = 6;
/** Entries between two steps of the job. */
const SLICE_ENTRIES = 4096;
const PREFERRED_BYTES = 8;
const LOST_MAX = 10_000;

/** Notes the ranges that a walk could not read. */
class LostLog extends DamageLog {
  readonly lostRanges: LostRange[];
  readonly #family: string;

  constructor(family: string, lost: LostRange[]) {
    super();
    this.#family = family;
    this.lostRanges = lost;
  }

  override report(problem: Problem, from?: Uint8Array, to?: Uint8Array): void {
    if (this.lostRanges.length < LOST_MAX) {
      this.lostRanges.push({ family: this.#family, file: problem.path, from: from?.slice(), to: to?.slice(), problem });
    }
    super.report(problem, from, to);
  }
}

/** A table that is read without its index. */
interface Rescue {
  readonly cursor: RescueCursor;
  readonly file: string;
  readonly problem: Problem;
  /** Where its data blocks end, if that is known. */
  readonly end: number | undefined;
}

/** A job. `out` must be absent or empty. Throws StoreError; then nothing of `out` is left. */
export function* repairStore(
  env: WriteEnvironment,
  directory: string,
  out: string,
): Generator<RepairProgress, RepairReport, void> {
  const { fs } = env;
  if (out === directory || out.startsWith(joinPath(directory, ''))) {
    throw new StoreError('INPUT', 'the repaired store cannot lie in the damaged one', { path: out });
  }
  const sources = gatherSources(fs, directory);
  const existed = prepareDirectory(
    fs,
    out,
    () => new StoreError('INPUT', 'the directory is not empty: a repaired store goes into a new one', { path: out }),
  );
  let done = false;
  try {
    const repair = new Repair(env, sources, directory, out);
    const report = yield* repair.run();
    done = true;
    return report;
  } finally {
    sources.replay.close();
    sources.store.close();
    if (!done) removeMade(fs, out, existed);
  }
}

class Repair {
  readonly #fs: FileSystem;
  readonly #sources: Sources;
  readonly #directory: string;
  readonly #out: string;
  readonly #newTables: NewTables;
  readonly #databaseId: string;
  readonly #lost: LostRange[] = [];
  readonly #problems: Problem[] = [];
  readonly #searched: string[] = [];
  readonly #open: FileHandle[] = [];
  #number = FIRST_TABLE;
  #lastSequence = 0;
  #written = 0;

  constructor(env: WriteEnvironment, sources: Sources, directory: string, out: string) {
    this.#fs = env.fs;
    this.#sources = sources;
    this.#directory = directory;
    this.#out = out;
    this.#databaseId = env.id();
    const { snapshot } = sources.store.view;
    const named = { ...snapshot, manifest: { ...snapshot.manifest, databaseId: this.#databaseId } };
    this.#newTables = new NewTables(env, out, sources.dialect.id === 'leveldb', named);
    this.#problems.push(...sources.problems);
    this.#lastSequence = Math.max(snapshot.manifest.lastSequence, sources.replay.lastSequence);
  }

  *run(): Generator<RepairProgress, RepairReport, void> {
    const families: RepairedFamily[] = [];
    const edits: { family: FamilyVersion; files: NewFile[] }[] = [];
    try {
      for (const family of this.#sources.families) {
        if (!family.order.known || family.order.timestampSize > 0) {
          const why = family.order.known ? 'its keys carry user timestamps' : 'its comparator is not known';
          throw new StoreError('UNSUPPORTED', `column family ${family.state.name} cannot be written: ${why}`, {
            path: this.#directory,
          });
        }
        const files: NewFile[] = [];
        families.push(yield* this.#family(family, files));
        edits.push({ family, files });
      }
    } finally {
      for (const file of this.#open) file.close();
    }
    this.#writeStore(edits);
    const count = this.#countAgain();
    const wanted = families.reduce((n, f) => n + f.entries - f.rangeDeletions, 0);
    if (count !== wanted) {
      throw new StoreError('IO', `the repaired store holds ${count} entries, ${wanted} were written`, {
        path: this.#out,
      });
    }
    const sources = this.#sources;
    return {
      directory: this.#out,
      engine: sources.dialect.id,
      basis: sources.basis,
      families,
      filesRead:
        [...sources.tables.values()].reduce((n, t) => n + t.length, 0) +
        sources.replay.files.length +
        this.#searched.length,
      filesSearched: this.#searched,
      lost: this.#lost,
      problems: this.#problems,
      lastSequence: this.#lastSequence,
    };
  }

  // ── One family ──────────────────────────────────────────────────────────────────────────────────

  *#family(family: FamilyVersion, files: NewFile[]): Generator<RepairProgress, RepairedFamily, void> {
    const { order, state } = family;
    const { view } = this.#sources.store;
    const damage = new LostLog(state.name, this.#lost);
    const tables = this.#sources.tables.get(state.id) ?? [];
    const source = {
      acquire: (info: (typeof tables)[number]) => view.acquire(info),
      release: (info: (typeof tables)[number], table: ReturnType<typeof view.acquire>) =>
        view.releaseTable(info, table),
    };
    const children: Cursor[] = tables.map((info) => new RunCursor(source, [info], info.level, order, damage));
    const rescues = this.#rescues(family);
    children.push(...rescues.map((r) => r.cursor));
    const memtable = this.#sources.replay.memtables.get(state.id);
    if (memtable !== undefined && memtable.count > 0) children.push(memtable.cursor());
    const tombstones = this.#tombstones(family, damage);
    const cover = new TombstoneOutput(tombstones, order, new Stripes([]), new Below([], order, true));
    const level = this.#levelOf(family);
    const outputs = new Outputs(
      this.#fs,
      () => {
        const number = this.#number++;
        const extension = this.#sources.dialect.tableExtension;
        const options = this.#newTables.options(view, family, level, number);
        return { number, path: joinPath(this.#out, tableFileName(number, extension)), options };
      },
      {
        maxBytes: TABLE_BYTES[this.#sources.dialect.id],
        grandparents: new Grandparents([], Number.POSITIVE_INFINITY, order),
      },
      cover,
    );
    const merged = new MergingCursor(children, order.compare);
    let entries = 0;
    let duplicates = 0;
    let last: Uint8Array = new Uint8Array(0);
    let lastSequence = -1;
    try {
      for (merged.first(); merged.valid; merged.next()) {
        const { keyBuffer, keyStart, keyLength, sequence } = merged;
        const key = keyBuffer.subarray(keyStart, keyStart + keyLength);
        const same = lastSequence >= 0 && order.compare(last, 0, last.length, key, 0, keyLength) === 0;
        // A log and a table may hold one version in two forms: the value itself, and where in a blob file it is.
        if (same && sequence === lastSequence) {
          duplicates++;
          continue;
        }
        const value = this.#value(family, merged, key, damage);
        if (value !== undefined) {
          outputs.add(
            !same,
            keyBuffer,
            keyStart,
            keyLength,
            sequence,
            value.type,
            value.bytes,
            value.start,
            value.length,
          );
          entries++;
        }
        if (!same) last = key.slice();
        lastSequence = value === undefined ? Number.POSITIVE_INFINITY : sequence;
        this.#lastSequence = Math.max(this.#lastSequence, sequence);
        if (entries % SLICE_ENTRIES === 0) yield this.#progress(state.name, entries, outputs.bytes);
      }
      for (const table of outputs.finish()) {
        files.push(this.#newTables.newFile(table.summary, level, table.number, { epoch: files.length + 1 }));
      }
    } catch (thrown) {
      outputs.abort();
      throw thrown;
    } finally {
      merged.close();
    }
    for (const r of rescues) this.#lostBehind(r, state.name);
    for (const { info, problem } of this.#sources.missing) {
      if (info.family !== state.id || this.#lost.length >= LOST_MAX) continue;
      const { smallest, largest } = info;
      this.#lost.push({ family: state.name, file: info.file, from: smallest.key, to: largest.key, problem });
    }
    this.#problems.push(...damage.problems);
    const bytes = files.reduce((n, f) => n + f.bytes, 0);
    this.#written += bytes;
    yield this.#progress(state.name, entries, 0);
    return {
      name: state.name,
      entries: entries + cover.count,
      rangeDeletions: cover.count,
      duplicates,
      tables: files.length,
      bytes,
    };
  }

  #progress(family: string, entries: number, bytes: number): RepairProgress {
    return { family, entries, writtenBytes: this.#written + bytes, totalBytes: this.#sources.totalBytes };
  }

  #levelOf(family: FamilyVersion): number {
    if (this.#sources.dialect.id === 'leveldb') return DEEPEST_LEVEL;
    const options = this.#sources.store.view.snapshot.options.family(family.state.name);
    if (compactionStyle(options) === 'fifo') return 0;
    return Math.max(0, Math.min(DEEPEST_LEVEL, optionNumber(options['num_levels'], DEEPEST_LEVEL + 1) - 1));
  }

  #rescues(family: FamilyVersion): Rescue[] {
    const found: Rescue[] = [];
    for (const { file: name, number, family: id, problem } of this.#sources.searched) {
      if (id !== family.state.id) continue;
      try {
        const file = this.#fs.open(joinPath(this.#directory, name), 'read');
        this.#open.push(file);
        const footer = footerOrGuess(file);
        if (footer === undefined) {
          this.#lose(family.state.name, name, undefined, problem);
          continue;
        }
        this.#searched.push(name);
        const cursor = new RescueCursor(file, footer, number, this.#sources.dialect.block, family.order);
        found.push({ cursor, file: name, problem, end: dataEnd(file, footer) });
      } catch (thrown) {
        this.#lose(family.state.name, name, undefined, toStoreError(thrown, { path: name }).toProblem());
      }
    }
    return found;
  }

  #lostBehind({ cursor, file, problem, end }: Rescue, family: string): void {
    const read = `${cursor.blocks} blocks before offset ${cursor.reached} were read without the index`;
    const told = { ...problem, message: `${problem.message}; ${read}` };
    if (end === undefined || cursor.reached < end) this.#lose(family, file, cursor.lastKey, told);
    else this.#problems.push({ ...told, message: `${told.message}: all that there are` });
  }

  #lose(family: string, file: string, from: Uint8Array | undefined, problem: Problem): void {
    if (this.#lost.length < LOST_MAX) this.#lost.push({ family, file, from, to: undefined, problem });
  }

  #tombstones(family: FamilyVersion, damage: DamageLog): RangeTombstones | undefined {
    if (!this.#sources.dialect.hasRangeDeletions) return undefined;
    const { view } = this.#sources.store;
    const list: RangeTombstone[] = [];
    for (const info of this.#sources.tables.get(family.state.id) ?? []) {
      try {
        const table = view.acquire(info);
        try {
          list.push(...tableTombstones(table, info));
        } finally {
          view.releaseTable(info, table);
        }
      } catch (thrown) {
        damage.report(toStoreError(thrown, { path: info.file }).toProblem(), info.smallest.key, info.largest.key);
      }
    }
    for (const t of this.#sources.replay.memtables.get(family.state.id)?.rangeTombstones ?? []) {
      list.push({ begin: t.begin, end: t.end, sequence: t.seq, level: -1, table: 0 });
    }
    for (const t of list) this.#lastSequence = Math.max(this.#lastSequence, t.sequence);
    return list.length === 0 ? undefined : new RangeTombstones(list, family.order);
  }

  /** What stands for the entry in its table; undefined if its value is lost. */
  #value(
    family: FamilyVersion,
    c: Cursor,
    key: Uint8Array,
    damage: DamageLog,
  ): { type: number; bytes: Uint8Array; start: number; length: number } | undefined {
    const { type, valueBuffer, valueStart, valueLength } = c;
    if (type === ValueType.valuePreferredSeqno && valueLength >= PREFERRED_BYTES) {
      return { type: ValueType.value, bytes: valueBuffer, start: valueStart, length: valueLength - PREFERRED_BYTES };
    }
    if (type !== ValueType.blobIndex) return { type, bytes: valueBuffer, start: valueStart, length: valueLength };
    try {
      const index = valueBuffer.subarray(valueStart, valueStart + valueLength);
      const bytes = this.#sources.store.view.resolver(family).blob(index, key);
      return { type: ValueType.value, bytes, start: 0, length: bytes.length };
    } catch (thrown) {
      damage.report(toStoreError(thrown).toProblem(), key.slice(), key.slice());
      return undefined;
    }
  }

  // ── The new store ───────────────────────────────────────────────────────────────────────────────

  #writeStore(families: readonly { readonly family: FamilyVersion; readonly files: readonly NewFile[] }[]): void {
    const fs = this.#fs;
    const rocks = this.#sources.dialect.id === 'rocksdb';
    const encode = rocks ? encodeRocksDbEdit : encodeLevelDbEdit;
    const records: Uint8Array[] = [];
    const base: VersionEdit = {
      ...emptyEdit(),
      logNumber: 0,
      nextFileNumber: this.#number,
      lastSequence: Math.min(this.#lastSequence, MAX_SEQUENCE / 2),
    };
    const first = families.find((f) => f.family.state.id === 0);
    const comparator = first?.family.state.comparator ?? 'leveldb.BytewiseComparator';
    records.push(encode({ ...base, comparator, ...(rocks ? { databaseId: this.#databaseId } : {}) }));
    for (const { family } of families) {
      const { id, name, comparator: own } = family.state;
      if (id === 0) continue;
      records.push(
        encode({ ...emptyEdit(), family: id, familyAdded: name, comparator: own, logNumber: 0, maxFamily: id }),
      );
    }
    for (const { family, files } of families) {
      const edit = {
        ...emptyEdit(),
        family: family.state.id,
        nextFileNumber: this.#number,
        lastSequence: this.#lastSequence,
      };
      for (const file of files) edit.newFiles.push(file);
      if (files.length > 0) records.push(encode(edit));
    }
    if (rocks) {
      this.#writeFile('IDENTITY', utf8(this.#databaseId));
      this.#copyOptions();
    }
    const file = fs.open(joinPath(this.#out, manifestFileName(MANIFEST_NUMBER)), 'create');
    try {
      const log = new LogWriter(file);
      for (const record of records) log.append(record);
      log.sync();
    } finally {
      file.close();
    }
    fs.syncDir(this.#out);
    setCurrent(fs, this.#out, MANIFEST_NUMBER);
    fs.syncDir(dirName(this.#out));
  }

  /** The options stay those of the store, so that its engine goes on as before. */
  #copyOptions(): void {
    const { file: name, problems } = this.#sources.store.view.snapshot.options;
    // RocksDB refuses a file that is cut off, and does without one.
    if (name === undefined || problems.length > 0) return;
    try {
      const from = this.#fs.open(joinPath(this.#directory, name), 'read');
      try {
        const bytes = new Uint8Array(from.size());
        this.#writeFile(optionsFileName(OPTIONS_NUMBER), bytes.subarray(0, from.readAt(bytes, 0)));
      } finally {
        from.close();
      }
    } catch (thrown) {
      this.#problems.push(toStoreError(thrown, { path: name }).toProblem());
    }
  }

  #writeFile(name: string, bytes: Uint8Array): void {
    const file = this.#fs.open(joinPath(this.#out, name), 'create');
    try {
      file.append(bytes);
      file.sync();
    } finally {
      file.close();
    }
  }

  /** Point entries of the new store, read back. */
  #countAgain(): number {
    const store = openStore(this.#fs, this.#out);
    try {
      if (store.view.problems.some((p) => p.code !== 'UNSUPPORTED')) {
        throw new StoreError('IO', `the repaired store does not open: ${store.view.problems[0]?.message}`, {
          path: this.#out,
        });
      }
      let count = 0;
      for (const family of store.view.version.families.values()) {
        const damage = new DamageLog();
        for (const info of family.tables) {
          const cursor = store.view.tableCursor(info.number, damage);
          for (cursor.first(); cursor.valid; cursor.next()) count++;
          cursor.close();
        }
        const [problem] = damage.problems;
        if (problem !== undefined) throw new StoreError('IO', `read back: ${problem.message}`, problem);
      }
      return count;
    } finally {
      store.close();
    }
  }
}
