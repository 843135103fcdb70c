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
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { TableBuilderOptions, TableSummary } from '../formats/block/tableBuilder.ts';
import type { BatchBuilder } from '../formats/leveldb/batchBuilder.ts';
import { type Dialect, leveldbDialect } from '../formats/leveldb/dialect.ts';
import { encodeLevelDbEdit } from '../formats/leveldb/editEncoder.ts';
import type { ManifestState } from '../formats/leveldb/manifest.ts';
import { parseFileName, walFileName } from '../formats/leveldb/names.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../formats/leveldb/versionEdit.ts';
import { BatchSummary, type BatchVisitor, readLevelDbBatch } from '../formats/leveldb/writeBatch.ts';
import { detectStore } from '../formats/registry.ts';
import { rocksdbDialect } from '../formats/rocksdb/dialect.ts';
import { encodeRocksDbEdit } from '../formats/rocksdb/editEncoder.ts';
import { readRocksDbBatch } from '../formats/rocksdb/writeBatch.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { Resolved } from '../iter/resolve.ts';
import { editedState } from './editedState.ts';
import { type Flushed, flushMemtable } from './flush.ts';
import { GroupCommit, type WriteOptions } from './groupCommit.ts';
import { type EditStory, type LiveEvent, LiveEvents } from './liveEvents.ts';
import { ManifestWriter } from './manifestWriter.ts';
import type { MemtableReader } from './memtable.ts';
import { NewTables, type TableOrigin } from './newTables.ts';
import { obsoleteFiles } from './obsolete.ts';
import { PointGet } from './pointGet.ts';
import { StoreReader } from './reader.ts';
import { adopt, canAdopt, firstFreeNumber, type LiveWal } from './recovery.ts';
import { SkipList } from './skipList.ts';
import type { Snapshot } from './snapshot.ts';
import { type LiveSnapshot, LiveSnapshots } from './snapshots.ts';
import { blobStyle, writeBufferBytes } from './tableStyle.ts';
import { buildVersion, type FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';
import type { ReplayResult } from './walReplay.ts';
import { WalWriter } from './walWriter.ts';
import { WriteBatch } from './writeBatch.ts';
import type { LockHandle, WriteEnvironment } from './writeEnvironment.ts';
import { checkDisk } from './writeGate.ts';
import { type OpenState, readForWriting, WriterSource } from './writerState.ts';

export interface WriterOptions {
  /** Bytes of a family's memtable at which it is flushed; by default as OPTIONS say. */
  readonly writeBufferBytes?: number;
}

export type { EditStory, LiveEvent } from './liveEvents.ts';
export type { TableOrigin } from './newTables.ts';

const LOG_BYTES_FACTOR = 4;
/** Batches from this length on are kept whole by the memtables. */
const KEPT_BYTES_MIN = 4096;
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
  readonly #memtables = new Map<number, SkipList>();
  /** Per family: the log that holds the oldest entry of its memtable. */
  readonly #oldestLogs = new Map<number, number>();
  /** Logs of earlier sessions and of this one, ascending; the open one is not among them. */
  #wals: LiveWal[] = [];
  #wal: WalWriter | undefined;
  /** The number that the next log will have, or that the open one has. */
  #walNumber: number;
  /** Logs of earlier sessions were not synced by us yet. */
  #unsynced: number[] = [];
  readonly #sizes = new Map<string, number>();
  /** Views that somebody may still read. */
  #older: StoreView[] = [];
  #nextFile: number;
  #lastSequence: number;
  /** A flush failed and has to be tried again. */
  #flushDue = false;
  #generation = 0;
  #closed = false;
  readonly #summary = new BatchSummary();
  /** A copy of the batch that goes into the memtables, which they keep. */
  #kept: Uint8Array | undefined;

  /**
   * Throws LOCKED with the owner's process id, WriteRefused with the exact reason, or what reading the store
   * threw. The store is then as it was.
   */
  static open(env: WriteEnvironment, directory: string, options: WriterOptions = {}): StoreWriter {
    const { fs } = env;
    const found = detectStore(fs, directory);
    if (found.refusal !== undefined) throw found.refusal.at({ path: directory });
    const dialect = found.engine === 'leveldb' ? leveldbDialect : rocksdbDialect;
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
    this.#events = new LiveEvents(env.clock);
    this.#nextFile = firstFreeNumber(state.names, snapshot.manifest.nextFileNumber);
    let last = Math.max(snapshot.manifest.lastSequence, snapshot.replay.lastSequence);
    for (const t of version.tables.values()) {
      this.#sizes.set(t.file, t.bytes);
      if (t.largestSeq !== undefined && t.largestSeq > last) last = t.largestSeq;
    }
    this.#noteBlobSizes(state);
    this.#lastSequence = last;
    for (const f of version.families.values()) this.#memtables.set(f.state.id, new SkipList(f.order));
    this.problems = snapshot.replay.problems;
    const replay = snapshot.replay;
    this.#walNumber = this.allocateFileNumber();
    const recovered = canAdopt(replay);
    this.#wals = replay.files.map((f) => ({ number: f.number, bytes: f.bytes, records: f.records }));
    if (recovered) this.#adoptLogs(replay);
    this.#source = new WriterSource(this.#snapshotOf(snapshot, this.#memtables), version);
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
    return new WriteBatch(this.dialect.id, (family) => this.#memtables.get(family)?.order);
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
    let bytes = 0;
    for (const m of this.#memtables.values()) bytes += m.bytes;
    return bytes;
  }

  /** Turns the memtables of all families, or of one, into tables. True if there was something in them. */
  flush(family?: number): boolean {
    this.#queue.drain();
    this.#check();
    const due = [...this.#memtables.keys()].filter((id) => {
      return (family === undefined || id === family) && this.#memtables.get(id)?.empty === false;
    });
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
    const files = new Set(this.pendingOutputs);
    for (const view of [this.reader.view, ...this.#older]) {
      for (const f of view.version.families.values()) {
        for (const number of f.state.tables.keys()) files.add(number);
        for (const number of f.state.blobFiles.keys()) files.add(number);
        // A table may name a blob file that counts as garbage already.
        for (const t of f.tables) if (t.oldestBlobFile !== undefined) files.add(t.oldestBlobFile);
      }
    }
    const { manifest } = this.reader.view.snapshot;
    const needed = {
      files,
      oldestWal: this.#oldestLog(),
      prevWal: manifest.prevLogNumber,
      manifest: this.#manifest.file,
    };
    for (const name of obsoleteFiles(this.#fs.list(this.directory), needed)) this.#removeFile(name);
    this.#wals = this.#wals.filter((w) => w.number >= needed.oldestWal);
    this.#unsynced = this.#unsynced.filter((n) => n >= needed.oldestWal);
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
      this.#wal?.close();
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

  #noteBlobSizes({ version }: OpenState): void {
    for (const f of version.families.values()) for (const b of f.view.blobFiles) this.#sizes.set(b.file, b.bytes);
  }

  // ── Recovery ────────────────────────────────────────────────────────────────────────────────────

  #adoptLogs(replay: ReplayResult): void {
    const oldest = this.#wals[0]?.number;
    for (const [id, from] of replay.memtables) {
      const into = this.#memtables.get(id);
      if (into === undefined) continue;
      adopt(from, into);
      if (!into.empty && oldest !== undefined) this.#oldestLogs.set(id, oldest);
    }
    this.#unsynced = this.#wals.map((w) => w.number);
  }

  /** Recovered entries become tables, and every family's log number moves past the old logs. */
  #flushReplay(replay: ReplayResult): void {
    const due: [number, MemtableReader][] = [];
    for (const [id, m] of replay.memtables) if (m.count + m.rangeTombstones.length > 0) due.push([id, m]);
    this.#flushInto(due, this.#walNumber, 'Recovery', true);
    this.#wals = [];
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
      const wal = this.#openWal();
      for (const batch of batches) {
        if (batch.count === 0) continue;
        wal.append(batch.seal(next));
        next += batch.count;
      }
      if (sync) this.#syncLogs(wal);
      else wal.flush();
    } catch (thrown) {
      const failure = toStoreError(thrown, { path: walFileName(this.#walNumber) });
      this.#abandonLog();
      throw failure;
    }
    const ends: number[] = [];
    let at = first;
    for (const batch of batches) {
      if (batch.count > 0) {
        const sealed = batch.seal(at);
        // A large batch is copied once as a whole, a small one entry by entry.
        this.#kept = sealed.length >= KEPT_BYTES_MIN ? sealed.slice() : undefined;
        const record = this.#kept ?? sealed;
        if (this.dialect.id === 'leveldb') readLevelDbBatch(record, this.#visitor, this.#summary);
        else readRocksDbBatch(record, this.#visitor, this.#summary);
        at = this.#summary.nextSequence;
      }
      ends.push(at - 1);
    }
    this.#kept = undefined;
    this.#lastSequence = at - 1;
    try {
      this.#flushIfFull();
    } catch {
      // The batch is written all the same.
      this.#flushDue = true;
    }
    return ends;
  }

  /** Puts the operations of a batch into the memtables. */
  readonly #visitor: BatchVisitor = {
    entry: (family, type, sequence, buffer, keyStart, keyLength, valueStart, valueLength) => {
      const memtable = this.#memtableFor(family);
      if (this.#kept === undefined) {
        memtable?.add(type, sequence, buffer, keyStart, keyLength, buffer, valueStart, valueLength);
      } else memtable?.addFrom(this.#kept, type, sequence, keyStart, keyLength, valueStart, valueLength);
    },
    deleteRange: (family, sequence, buffer, beginStart, beginLength, endStart, endLength) => {
      const begin = buffer.slice(beginStart, beginStart + beginLength);
      const end = buffer.slice(endStart, endStart + endLength);
      this.#memtableFor(family)?.addRangeTombstone(begin, end, sequence);
      return 1;
    },
  };

  #memtableFor(family: number): SkipList | undefined {
    const memtable = this.#memtables.get(family);
    if (memtable?.empty === true) this.#oldestLogs.set(family, this.#walNumber);
    return memtable;
  }

  #openWal(): WalWriter {
    this.#wal ??= new WalWriter(this.#fs, this.directory, this.#walNumber);
    return this.#wal;
  }

  /** A write is durable only with everything before it, which may stand in older logs. */
  #syncLogs(wal: WalWriter | undefined): void {
    for (const number of this.#unsynced) {
      const file = this.#fs.open(joinPath(this.directory, walFileName(number)), 'append');
      try {
        file.sync();
      } finally {
        file.close();
      }
    }
    this.#unsynced = [];
    wal?.sync();
  }

  /**
   * After a failed append or sync nobody knows what of the log is on disk. What was acknowledged before
   * becomes tables, and the log loses its meaning; if that fails too, the store takes no more writes.
   */
  #abandonLog(): void {
    try {
      const all = [...this.#memtables].filter(([, m]) => !m.empty).map(([id]) => id);
      this.#flushFamilies(all, 'Error Recovery', true);
    } catch (thrown) {
      this.failed ??= toStoreError(thrown);
    }
  }

  // ── Flushing ────────────────────────────────────────────────────────────────────────────────────

  #flushIfFull(): void {
    const { view } = this.reader;
    const due: number[] = [];
    let limit = 0;
    for (const [id, memtable] of this.#memtables) {
      const bytes = this.#options.writeBufferBytes ?? writeBufferBytes(view, view.family(id));
      limit += bytes;
      if (memtable.bytes >= bytes || memtable.memory >= 2 * bytes + (1 << 20)) due.push(id);
    }
    const logBytes = this.#wals.reduce((sum, w) => sum + w.bytes, this.#wal?.size ?? 0);
    if (due.length > 0) this.#flushFamilies(due, 'Write Buffer Full', false);
    else if (logBytes > LOG_BYTES_FACTOR * limit) {
      const filled = [...this.#memtables].filter(([, m]) => !m.empty).map(([id]) => id);
      if (filled.length > 0) this.#flushFamilies(filled, 'WAL Full', false);
    }
    this.#flushDue = false;
  }

  /** Writes the memtables of these families out and begins a new log. `all`: no family keeps to an old log. */
  #flushFamilies(ids: readonly number[], why: string, all: boolean): void {
    const others = [...this.#memtables].some(([id, m]) => !m.empty && !ids.includes(id));
    // Entries that stay in the old log must not be lost behind what is durable from now on.
    if (others) this.#syncLogs(this.#wal);
    const number = this.allocateFileNumber();
    this.#flushInto(
      ids.map((id) => [id, this.#memtables.get(id) as SkipList]),
      number,
      why,
      all,
    );
    const old = this.#wal;
    if (old !== undefined) {
      this.#wals.push({ number: old.number, bytes: old.size, records: old.records });
      this.#wal = undefined;
      try {
        old.close();
      } catch {
        // What counts of it was synced.
      }
    }
    this.#walNumber = number;
    this.#dropLogs();
  }

  /** Tables for these memtables, and the edits that put them and the new log number in force. */
  #flushInto(due: readonly (readonly [number, MemtableReader])[], log: number, why: string, all: boolean): void {
    const edits: VersionEdit[] = [];
    const numbers: number[] = [];
    const allocate = (): number => {
      const number = this.allocateFileNumber();
      numbers.push(number);
      this.pendingOutputs.add(number);
      return number;
    };
    try {
      for (const [id, memtable] of due) {
        const family = this.reader.view.family(id);
        const flushed = this.#writeTable(family, memtable, allocate);
        const edit: VersionEdit = { ...emptyEdit(), family: id, logNumber: log };
        edit.newFiles.push(this.newFile(flushed.summary, 0, flushed.number, { epoch: this.nextEpoch(family) }));
        edit.blobAdditions.push(...flushed.blobAdditions);
        edits.push(edit);
      }
      if (all) {
        for (const id of this.#memtables.keys()) {
          if (!due.some(([d]) => d === id)) edits.push({ ...emptyEdit(), family: id, logNumber: log });
        }
      }
      if (edits.length === 0) return;
      if (due.length > 0) this.#fs.syncDir(this.directory);
      if (this.dialect.id === 'leveldb') for (const edit of edits) edit.prevLogNumber = 0;
      if (this.#manifest.tracksWals) {
        const kept = [...this.#oldestLogs].filter(([id]) => !all && !due.some(([d]) => d === id)).map(([, n]) => n);
        // RocksDB reads nothing else of an edit that is about logs.
        edits.push({ ...emptyEdit(), walsDeletedBelow: Math.min(log, ...kept) });
      }
      const fresh = new Map(due.map(([id]) => [id, new SkipList(this.reader.view.family(id).order)] as const));
      this.#apply(edits, { kind: 'flush', why }, fresh);
    } catch (thrown) {
      if (this.failed === undefined) for (const number of numbers) this.#discard(number);
      throw thrown;
    } finally {
      for (const number of numbers) this.pendingOutputs.delete(number);
    }
  }

  #writeTable(family: FamilyVersion, memtable: MemtableReader, allocate: () => number): Flushed {
    const table = allocate();
    return flushMemtable({
      fs: this.#fs,
      directory: this.directory,
      family: family.state.id,
      memtable,
      extension: this.dialect.tableExtension,
      table,
      builder: this.builderOptions(family, 0, table),
      blobs: blobStyle(this.reader.view, family, 0),
      dropsHidden: this.dialect.id === 'rocksdb',
      snapshots: this.snapshots(),
      allocate,
    });
  }

  /** Removes the files of a number that never came into force. */
  #discard(number: number): void {
    try {
      for (const name of this.#fs.list(this.directory)) {
        const parsed = parseFileName(name);
        if (parsed.number === number && (parsed.kind === 'table' || parsed.kind === 'blob')) this.#removeFile(name);
      }
    } catch {
      // The next opening takes them away.
    }
  }

  // ── The MANIFEST ────────────────────────────────────────────────────────────────────────────────

  #apply(edits: readonly VersionEdit[], story?: EditStory, memtables?: ReadonlyMap<number, SkipList>): void {
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
          this.#memtables.set(id, memtable);
          this.#oldestLogs.delete(id);
        }
      }
      this.#publish(editedState(snapshot.manifest, edits, this.#manifest.file), edits);
    } catch (thrown) {
      // The edit is in force: whoever called must not take this for a failure that may be cleaned up.
      this.failed ??= toStoreError(thrown);
      throw thrown;
    }
    if (story !== undefined) this.#events.tell(edits, story, snapshot.manifest);
  }

  /** Makes the reader show a new state. */
  #publish(manifest: ManifestState, edits: readonly VersionEdit[]): void {
    for (const edit of edits) {
      for (const f of edit.newFiles) {
        this.#sizes.set(`${String(f.number).padStart(6, '0')}.${this.dialect.tableExtension}`, f.bytes);
      }
      for (const b of edit.blobAdditions) this.#sizes.set(`${String(b.number).padStart(6, '0')}.blob`, b.bytes);
    }
    const version = buildVersion(manifest, this.dialect, (name) => this.#sizes.get(name));
    const before = this.reader.view;
    this.#generation++;
    this.#tables.reset();
    const snapshot = this.#snapshotOf({ ...before.snapshot, manifest }, this.#memtables);
    this.#source.current = { snapshot, version };
    this.reader.refresh();
    if (before.inUse) this.#older.push(before);
  }

  #snapshotOf(from: Snapshot, memtables: ReadonlyMap<number, SkipList>): Snapshot {
    const writer = this;
    const replay: ReplayResult = {
      memtables: new Map(memtables),
      get lastSequence() {
        return writer.#lastSequence;
      },
      get visibleSequence() {
        return writer.#lastSequence;
      },
      get files() {
        return writer.#logInfo();
      },
      problems: [],
      pending: [],
      vanished: [],
      close: () => {},
    };
    return { ...from, replay, problems: [], fingerprint: `writer:${this.#generation}` };
  }

  #logInfo(): ReplayResult['files'] {
    const open = this.#wal;
    const all =
      open === undefined
        ? this.#wals
        : [...this.#wals, { number: open.number, bytes: open.size, records: open.records }];
    return all.map((w) => ({
      file: walFileName(w.number),
      number: w.number,
      bytes: w.bytes,
      records: w.records,
      ended: 'eof' as const,
      usedBytes: w.bytes,
      applied: true,
      compressed: false,
      recycled: false,
    }));
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────

  /** The oldest log that a memtable still depends on, or the one to be written next. */
  #oldestLog(): number {
    return Math.min(this.#walNumber, ...this.#oldestLogs.values());
  }

  #dropLogs(): void {
    const oldest = this.#oldestLog();
    for (const { number } of this.#wals) if (number < oldest) this.#removeFile(walFileName(number));
    this.#wals = this.#wals.filter((w) => w.number >= oldest);
    this.#unsynced = this.#unsynced.filter((n) => n >= oldest);
  }

  /** RocksDB may be told to keep retired logs for a time, in a directory of their own. */
  #archivesLogs(): boolean {
    const { db } = this.reader.view.snapshot.options;
    return Number(db['WAL_ttl_seconds'] ?? 0) > 0 || Number(db['WAL_size_limit_MB'] ?? 0) > 0;
  }

  /** A file that cannot be removed now is in nobody's way: the next opening tries again. */
  #removeFile(name: string): void {
    try {
      const path = joinPath(this.directory, name);
      if (name.endsWith('.log') && this.#archivesLogs()) {
        const archive = joinPath(this.directory, 'archive');
        this.#fs.mkdir(archive);
        this.#fs.rename(path, joinPath(archive, name));
      } else this.#fs.remove(path);
      this.#sizes.delete(name);
    } catch {
      // See above.
    }
  }
}
