/**
 * A store that is open for writing: LevelDB's and RocksDB's directories, byte for byte as their engines
 * keep them (architecture.md, decisions 1 and 7).
 *
 * 1. Open: LOCK, MANIFEST and logs, `writeGate`, recovery. Until the gate has passed nothing is changed.
 * 2. A write goes to the WAL, is synced if it asks for it, and then into the memtable of its family; the
 *    reader of this store sees it from there on.
 * 3. A memtable that is full becomes a table of level 0: table, directory, MANIFEST edit, each synced
 *    before the next. From the edit on its family's log number lies past the old log.
 * 4. Every change of the tree, a compaction's too, is one call of `logAndApply`. What throws there leaves
 *    the old state in force; where not even that can be told, `failed` is set, everything further is
 *    refused, and no file may be removed: opening the store again settles it.
 *
 * Everything is synchronous and in one thread: between two turns the store is in a state that could be
 * left behind for good. No byte is read or written but through `WriteEnvironment`.
 */
import type { Clock } from '../base/entropy.ts';
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { TableBuilderOptions, TableSummary } from '../formats/block/tableBuilder.ts';
import type { BatchBuilder } from '../formats/leveldb/batchBuilder.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { encodeLevelDbEdit } from '../formats/leveldb/editEncoder.ts';
import type { ManifestState } from '../formats/leveldb/manifest.ts';
import { walFileName } from '../formats/leveldb/names.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../formats/leveldb/versionEdit.ts';
import { detectStore } from '../formats/registry.ts';
import { encodeRocksDbEdit } from '../formats/rocksdb/editEncoder.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { Resolved } from '../iter/resolve.ts';
import { editedState } from './editedState.ts';
import { flushToTables } from './flushTables.ts';
import { GroupCommit, type WriteOptions } from './groupCommit.ts';
import { type EditStory, type LiveEvent, LiveEvents } from './liveEvents.ts';
import { LiveLogs } from './liveLogs.ts';
import { ManifestWriter } from './manifestWriter.ts';
import type { MemtableReader } from './memtable.ts';
import { Memtables } from './memtables.ts';
import { NewTables, type TableOrigin } from './newTables.ts';
import { dialectOf } from './open.ts';
import { PointGet } from './pointGet.ts';
import { StoreReader } from './reader.ts';
import { canAdopt, firstFreeNumber } from './recovery.ts';
import { SkipList } from './skipList.ts';
import type { Snapshot } from './snapshot.ts';
import { type LiveSnapshot, LiveSnapshots } from './snapshots.ts';
import { StoreFiles } from './storeFiles.ts';
import { writeBufferBytes } from './tableStyle.ts';
import { buildVersion, type FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';
import type { ReplayResult } from './walReplay.ts';
import { WriteBatch } from './writeBatch.ts';
import type { LockHandle, WriteEnvironment } from './writeEnvironment.ts';
import { checkDisk, timedValues } from './writeGate.ts';
import { liveReplay, type OpenState, readForWriting, WriterSource } from './writerState.ts';

export interface WriterOptions {
  /** Bytes of a family's memtable at which it is flushed; by default as OPTIONS say. */
  readonly writeBufferBytes?: number;
  /** Told of every edit that comes into force, those of the recovery among them. */
  readonly onEvent?: (event: LiveEvent) => void;
}

export type { EditStory, LiveEvent } from './liveEvents.ts';
export type { TableOrigin } from './newTables.ts';

const LOG_BYTES_FACTOR = 4;
/** Free space below which not even a flush is begun. */
const SPARE_BYTES = 1 << 20;

export class StoreWriter {
  readonly dialect: Dialect;
  readonly directory: string;
  /** Reads the store as it is now, its memtables included. */
  readonly reader: StoreReader;
  /** Numbers of tables and blob files that are being written; never removed as obsolete. */
  readonly pendingOutputs = new Set<number>();
  /** What recovery met in the logs. */
  readonly problems: readonly Problem[];
  /** Called before a group of batches is written; what it throws refuses them. It must not write itself. */
  beforeWrite: (() => void) | undefined;
  /** Set for good once the store's state on disk is not known any more; nothing is written then. */
  failed: StoreError | undefined;

  readonly #fs: FileSystem;
  readonly #lock: LockHandle;
  readonly #options: WriterOptions;
  readonly #manifest: ManifestWriter;
  readonly #source: WriterSource;
  readonly #snapshots = new LiveSnapshots();
  readonly #queue: GroupCommit<BatchBuilder>;
  readonly #events: LiveEvents;
  readonly #tables: NewTables;
  readonly #memtables: Memtables;
  readonly #logs: LiveLogs;
  readonly #files: StoreFiles;
  readonly #clock: Clock;
  /** Views that somebody may still read. */
  #older: StoreView[] = [];
  #nextFile: number;
  #lastSequence: number;
  /** A flush failed and has to be tried again. */
  #flushDue = false;
  #generation = 0;
  #closed = false;

  /**
   * Throws LOCKED with the owner's process id, WriteRefused with the exact reason, or what reading the store
   * threw. The store is then as it was.
   */
  static open(env: WriteEnvironment, directory: string, options: WriterOptions = {}): StoreWriter {
    const { fs } = env;
    const found = detectStore(fs, directory);
    if (found.refusal !== undefined) throw found.refusal.at({ path: directory });
    const dialect = dialectOf(found);
    const lockPath = joinPath(directory, 'LOCK');
    // Where there is no LOCK yet, taking it would already change the directory.
    if (!fs.list(directory).includes('LOCK')) readForWriting(fs, directory, dialect).snapshot.replay.close();
    const lock = env.lock(lockPath);
    try {
      checkDisk(env.freeBytes(directory), SPARE_BYTES, directory);
      const state = readForWriting(fs, directory, dialect);
      try {
        return new StoreWriter(env, directory, dialect, lock, options, state);
      } finally {
        state.snapshot.replay.close();
      }
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
  }

  private constructor(
    env: WriteEnvironment,
    directory: string,
    dialect: Dialect,
    lock: LockHandle,
    options: WriterOptions,
    state: OpenState,
  ) {
    const { snapshot, version } = state;
    this.#fs = env.fs;
    this.#lock = lock;
    this.#options = options;
    this.directory = directory;
    this.dialect = dialect;
    this.#queue = new GroupCommit((batches, sync) => this.#commit(batches, sync));
    this.#manifest = new ManifestWriter(env.fs, directory, snapshot.manifest.file, dialect.decodeEdit);
    this.#tables = new NewTables(env, directory, dialect.id === 'leveldb', snapshot);
    this.#clock = env.clock;
    this.#events = new LiveEvents(env.clock);
    if (options.onEvent !== undefined) this.#events.on(options.onEvent);
    this.#files = new StoreFiles(env.fs, directory, dialect.tableExtension, () => this.reader.view.snapshot.options.db);
    this.#files.noteVersion(version);
    this.#nextFile = firstFreeNumber(state.names, snapshot.manifest.nextFileNumber);
    let last = Math.max(snapshot.manifest.lastSequence, snapshot.replay.lastSequence);
    for (const { largestSeq } of version.tables.values()) last = Math.max(last, largestSeq ?? 0);
    this.#lastSequence = last;
    const replay = snapshot.replay;
    this.problems = replay.problems;
    const logs = new LiveLogs(env.fs, directory, this.allocateFileNumber(), replay.files);
    this.#logs = logs;
    this.#memtables = new Memtables(dialect.id, (family) => logs.begin(family));
    for (const f of version.families.values()) this.#memtables.byFamily.set(f.state.id, new SkipList(f.order));
    const recovered = canAdopt(replay);
    if (recovered) logs.adopt(this.#memtables.takeOver(replay.memtables));
    this.#source = new WriterSource(this.#snapshotOf(snapshot), version);
    this.reader = new StoreReader(env.fs, directory, dialect, this.#source);
    try {
      this.#manifest.confirm();
      if (!recovered) this.#flushReplay(replay);
      this.removeObsolete();
    } catch (thrown) {
      this.reader.close();
      this.#manifest.close();
      throw thrown;
    }
  }

  /** The newest sequence number. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Live snapshots, ascending. */
  snapshots(): readonly number[] {
    return this.#snapshots.list();
  }

  /** Keeps everything that is visible now readable until it is released. */
  snapshot(): LiveSnapshot {
    this.#queue.drain();
    return this.#snapshots.acquire(this.#lastSequence);
  }

  /** An empty batch for this store. */
  batch(): WriteBatch {
    const order = (family: number): KeyOrder | undefined => this.#memtables.byFamily.get(family)?.order;
    return new WriteBatch(this.dialect.id, order, (family) => timedValues(this.reader.view, family));
  }

  /**
   * Writes a batch together with all others of this turn; the batch must not be changed before the promise
   * settles. Resolves with the sequence number of its last operation.
   */
  write(batch: BatchBuilder, options: WriteOptions = {}): Promise<number> {
    return this.#queue.write(batch, options.sync === true);
  }

  /** As `write`, at once. Throws StoreError; the batch is then not in the store. */
  writeSync(batch: BatchBuilder, options: WriteOptions = {}): number {
    this.#queue.drain();
    return this.#commit([batch], options.sync === true)[0] as number;
  }

  /** What a reader sees of `key`, as of sequence number `at` or now. */
  get(family: number, key: Uint8Array, at?: number): Resolved | undefined {
    return new PointGet(this.reader.view, family, new DamageLog()).get(key, at);
  }

  /** Bytes in the memtables. */
  get memtableBytes(): number {
    return this.#memtables.bytes;
  }

  /** Turns the memtables of all families, or of one, into tables. True if there was something in them. */
  flush(family?: number): boolean {
    this.#queue.drain();
    this.#check();
    const due = this.#memtables.filled().filter((id) => family === undefined || id === family);
    if (due.length === 0) return false;
    this.#flushFamilies(due, 'Manual Flush', false);
    return true;
  }

  allocateFileNumber(): number {
    return this.#nextFile++;
  }

  /** How a new table of a family is to be built. `number` is its file number. */
  builderOptions(family: FamilyVersion, level: number, number = 0): TableBuilderOptions {
    return this.#tables.options(this.reader.view, family, level, number);
  }

  /** A finished table as the MANIFEST takes it. */
  newFile(summary: TableSummary, level: number, number: number, origin: TableOrigin = {}): NewFile {
    return this.#tables.newFile(summary, level, number, origin);
  }

  /** The epoch of a family's next flushed table; undefined where its tables have none. */
  nextEpoch(family: FamilyVersion): number | undefined {
    return this.#tables.nextEpoch(family);
  }

  /**
   * Makes edits durable and the reader show them; next file number and last sequence number are filled in.
   * After a throw the old state is in force, and outputs may be removed unless `failed` is set.
   */
  logAndApply(edit: VersionEdit | readonly VersionEdit[], story?: EditStory): void {
    this.#check();
    this.#apply(Array.isArray(edit) ? (edit as readonly VersionEdit[]) : [edit as VersionEdit], story);
  }

  /** Removes files that neither the store nor a reader of it needs; what cannot be removed now stays until later. */
  removeObsolete(): void {
    if (this.failed !== undefined) return;
    this.#older = this.#older.filter((v) => v.inUse);
    const views = [this.reader.view, ...this.#older];
    const logs = { oldestWal: this.#logs.oldest, prevWal: this.reader.view.snapshot.manifest.prevLogNumber };
    this.#files.removeObsolete(views, this.pendingOutputs, logs, this.#manifest.file);
    this.#logs.takeRetired();
  }

  /** Tells of every edit that comes into force; returns what takes the listener away again. */
  on(listener: (event: LiveEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /** Writes what waits, closes everything and gives the LOCK back. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#queue.drain();
    this.#closed = true;
    this.#queue.close(new StoreError('CANCELLED', 'the store was closed'));
    try {
      this.reader.close();
      for (const view of this.#older) if (view.inUse) view.release();
      this.#manifest.close();
      this.#logs.close();
    } finally {
      this.#lock.release();
    }
  }

  #check(): void {
    if (this.#closed) throw new StoreError('INPUT', 'the store is closed');
    const { failed } = this;
    if (failed !== undefined) {
      throw new StoreError('IO', `nothing is written any more after this failed: ${failed.message}`, {
        path: failed.path,
        mend: 'open the store again',
      });
    }
  }

  // ── Recovery ────────────────────────────────────────────────────────────────────────────────────

  /** Recovered entries become tables, and every family's log number moves past the old logs. */
  #flushReplay(replay: ReplayResult): void {
    const due: [number, MemtableReader][] = [];
    for (const [id, m] of replay.memtables) if (m.count + m.rangeTombstones.length > 0) due.push([id, m]);
    this.#flushInto(due, this.#logs.number, 'Recovery', true);
    this.#logs.forgetFound();
  }

  // ── Writing ─────────────────────────────────────────────────────────────────────────────────────

  #commit(batches: readonly BatchBuilder[], sync: boolean): readonly number[] {
    this.#check();
    this.beforeWrite?.();
    // The write before could not be followed by its flush: nothing more piles up until it can.
    if (this.#flushDue) this.#flushIfFull();
    const first = this.#lastSequence + 1;
    let next = first;
    try {
      const wal = this.#logs.current();
      for (const batch of batches) {
        if (batch.count === 0) continue;
        wal.append(batch.seal(next));
        next += batch.count;
      }
      if (sync) this.#logs.sync();
      else wal.flush();
    } catch (thrown) {
      const failure = toStoreError(thrown, { path: walFileName(this.#logs.number) });
      this.#abandonLog();
      throw failure;
    }
    const ends: number[] = [];
    let at = first;
    for (const batch of batches) {
      if (batch.count > 0) at = this.#memtables.add(batch.seal(at));
      ends.push(at - 1);
    }
    this.#lastSequence = at - 1;
    try {
      this.#flushIfFull();
    } catch {
      // The batch is written all the same.
      this.#flushDue = true;
    }
    return ends;
  }

  /**
   * After a failed append or sync nobody knows what of the log is on disk. What was acknowledged before
   * becomes tables, and the log loses its meaning; if that fails too, the store takes no more writes.
   */
  #abandonLog(): void {
    try {
      this.#flushFamilies(this.#memtables.filled(), 'Error Recovery', true);
    } catch (thrown) {
      this.failed ??= toStoreError(thrown);
    }
  }

  // ── Flushing ────────────────────────────────────────────────────────────────────────────────────

  #flushIfFull(): void {
    const { view } = this.reader;
    const due: number[] = [];
    let limit = 0;
    for (const [id, memtable] of this.#memtables.byFamily) {
      const bytes = this.#options.writeBufferBytes ?? writeBufferBytes(view, view.family(id));
      limit += bytes;
      if (memtable.bytes >= bytes || memtable.memory >= 2 * bytes + (1 << 20)) due.push(id);
    }
    if (due.length > 0) this.#flushFamilies(due, 'Write Buffer Full', false);
    else if (this.#logs.bytes > LOG_BYTES_FACTOR * limit) {
      const filled = this.#memtables.filled();
      if (filled.length > 0) this.#flushFamilies(filled, 'WAL Full', false);
    }
    this.#flushDue = false;
  }

  /** Writes the memtables of these families out and begins a new log. `all`: no family keeps to an old log. */
  #flushFamilies(ids: readonly number[], why: string, all: boolean): void {
    const others = this.#memtables.filled().some((id) => !ids.includes(id));
    // Entries that stay in the old log must not be lost behind what is durable from now on.
    if (others) this.#logs.sync();
    const number = this.allocateFileNumber();
    this.#flushInto(
      ids.map((id) => [id, this.#memtables.of(id)]),
      number,
      why,
      all,
    );
    this.#logs.rotate(number);
    for (const name of this.#logs.takeRetired()) this.#files.remove(name);
  }

  /** Tables for these memtables, and the edits that put them and the new log number in force. */
  #flushInto(due: readonly (readonly [number, MemtableReader])[], log: number, why: string, all: boolean): void {
    const numbers: number[] = [];
    const allocate = (): number => {
      const number = this.allocateFileNumber();
      numbers.push(number);
      this.pendingOutputs.add(number);
      return number;
    };
    try {
      const { edits, stories } = flushToTables(this, { fs: this.#fs, clock: this.#clock }, due, log, why, allocate);
      if (all) {
        for (const id of this.#memtables.byFamily.keys()) {
          if (!due.some(([d]) => d === id)) edits.push({ ...emptyEdit(), family: id, logNumber: log });
        }
      }
      if (edits.length === 0) return;
      if (due.length > 0) this.#fs.syncDir(this.directory);
      if (this.dialect.id === 'leveldb') for (const edit of edits) edit.prevLogNumber = 0;
      if (this.#manifest.tracksWals) {
        const kept = this.#logs.oldestFor((id) => !all && !due.some(([d]) => d === id));
        // RocksDB reads nothing else of an edit that is about logs.
        edits.push({ ...emptyEdit(), walsDeletedBelow: Math.min(log, kept) });
      }
      const fresh = new Map(due.map(([id]) => [id, new SkipList(this.reader.view.family(id).order)] as const));
      this.#apply(edits, stories, fresh);
    } catch (thrown) {
      if (this.failed === undefined) for (const number of numbers) this.#files.discard(number);
      throw thrown;
    } finally {
      for (const number of numbers) this.pendingOutputs.delete(number);
    }
  }

  // ── The MANIFEST ────────────────────────────────────────────────────────────────────────────────

  /** Of several stories each is that of the edit in its place. */
  #apply(
    edits: readonly VersionEdit[],
    stories?: EditStory | readonly EditStory[],
    memtables?: ReadonlyMap<number, SkipList>,
  ): void {
    const encode = this.dialect.id === 'leveldb' ? encodeLevelDbEdit : encodeRocksDbEdit;
    const { snapshot } = this.reader.view;
    try {
      this.#manifest.commit(
        () => {
          for (const [i, edit] of edits.entries()) {
            edit.nextFileNumber = this.#nextFile;
            edit.lastSequence = this.#lastSequence;
            // A crash must not leave the table of one family and lose the other's part of the same batch.
            if (edits.length > 1) edit.remainingInGroup = edits.length - 1 - i;
          }
          return edits.map(encode);
        },
        () => this.allocateFileNumber(),
        () => encode({ ...emptyEdit(), nextFileNumber: this.#nextFile, lastSequence: this.#lastSequence }),
      );
    } catch (thrown) {
      if (this.#manifest.uncertain) this.failed ??= toStoreError(thrown);
      throw thrown;
    }
    try {
      if (memtables !== undefined) {
        for (const [id, memtable] of memtables) {
          this.#memtables.byFamily.set(id, memtable);
          this.#logs.end(id);
        }
      }
      this.#publish(editedState(snapshot.manifest, edits, this.#manifest.file), edits);
    } catch (thrown) {
      // The edit is in force: whoever called must not take this for a failure that may be cleaned up.
      this.failed ??= toStoreError(thrown);
      throw thrown;
    }
    if (stories !== undefined) this.#events.tell(edits, stories, snapshot.manifest);
  }

  /** Makes the reader show a new state. */
  #publish(manifest: ManifestState, edits: readonly VersionEdit[]): void {
    for (const edit of edits) this.#files.noteEdit(edit);
    const version = buildVersion(manifest, this.dialect, (name) => this.#files.size(name));
    const before = this.reader.view;
    this.#generation++;
    this.#tables.reset();
    const snapshot = this.#snapshotOf({ ...before.snapshot, manifest });
    this.#source.current = { snapshot, version };
    this.reader.refresh();
    if (before.inUse) this.#older.push(before);
  }

  #snapshotOf(from: Snapshot): Snapshot {
    const replay = liveReplay(this.#memtables, this.#logs, () => this.#lastSequence);
    return { ...from, replay, problems: [], fingerprint: `writer:${this.#generation}` };
  }
}
