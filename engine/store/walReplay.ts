/**
 * Replays write-ahead logs into memtables, as the engines do when they open a store, but without
 * changing anything (rocksdb-leveldb.md §1 "Recovery", §2, §3).
 *
 * 1. Logs are read in the order of their numbers, from the oldest that may still matter.
 * 2. A column family ignores batches of logs older than its own log number: they are in its tables.
 *    Families that the MANIFEST does not know (any more) ignore everything.
 * 3. Prepared sections wait until a Commit names their transaction; what still waits at the end is
 *    invisible and reported in `pending`.
 * 4. What damage and torn tails mean is the recovery mode's business. Point in time, the default of
 *    RocksDB: nothing behind the damage counts, except logs whose first sequence number is the very
 *    next one expected, which a later run of the engine has written. LevelDB drops what is
 *    damaged, to the end of its block, and goes on.
 *
 * Each batch is all or nothing: a malformed one leaves no trace in the memtables.
 */
import { type Problem, StoreError } from '../base/errors.ts';
import type { BlockDialect } from '../formats/block/blockCursor.ts';
import { type LogEnd, LogReader } from '../formats/leveldb/logReader.ts';
import { walFileName } from '../formats/leveldb/names.ts';
import { BatchSummary, batchSequence, readLevelDbBatch } from '../formats/leveldb/writeBatch.ts';
import { readRocksDbBatch } from '../formats/rocksdb/writeBatch.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { WalFileInfo } from '../model/tree.ts';
import { BatchApplier, type PendingTransaction } from './batchApplier.ts';
import { MEMTABLE_BYTES_MAX, type MemtableReader } from './memtable.ts';
import { WalValues } from './walValues.ts';

/** RocksDB's `wal_recovery_mode`, by its numbers in OPTIONS' order (§2). */
export const RecoveryMode = {
  tolerateCorruptedTail: 0,
  absoluteConsistency: 1,
  pointInTime: 2,
  skipAnyCorrupted: 3,
} as const;
export type RecoveryMode = (typeof RecoveryMode)[keyof typeof RecoveryMode];

export interface ReplayFamily {
  readonly id: number;
  readonly name: string;
  /** Batches of older logs are in the family's tables already. */
  readonly logNumber: number;
  readonly order: KeyOrder;
  /** False: tables hold keys without user timestamps, and a log may too. */
  readonly timestampsPersisted?: boolean | undefined;
  /** The family has live tables. */
  readonly hasTables?: boolean | undefined;
}

export interface ReplayState {
  readonly engine: BlockDialect;
  readonly families: readonly ReplayFamily[];
  /** The MANIFEST's last sequence number. */
  readonly lastSequence: number;
  /** RocksDB: logs below it are of no use to anyone; 0 if the MANIFEST does not say. */
  readonly minLogNumberToKeep?: number | undefined;
  /** LevelDB: a second log that still counts; 0 for none. */
  readonly prevLogNumber?: number | undefined;
  /** RocksDB's option `allow_2pc`: logs older than every family's may hold prepared sections. */
  readonly allowTwoPhase?: boolean | undefined;
  readonly recoveryMode?: RecoveryMode | undefined;
  /** Log number → bytes known to have been synced, from the MANIFEST's WAL edits. */
  readonly trackedWals?: ReadonlyMap<number, number> | undefined;
  /** Bytes of keys and values to hold in memory before values are left in the logs. */
  readonly bytesMax?: number | undefined;
}

export interface WalReplayInfo extends WalFileInfo {
  readonly ended: LogEnd;
  /** Bytes up to the last whole record. */
  readonly usedBytes: number;
  /** Sequence numbers of the first batch and behind the last one; undefined if no batch was read. */
  readonly firstSequence?: number;
  readonly nextSequence?: number;
  /** Its batches were applied; false for a log behind the recovery point. */
  readonly applied: boolean;
  readonly compressed: boolean;
  readonly recycled: boolean;
}

export interface ReplayResult {
  /** By family id; every known family has one, sealed. */
  readonly memtables: ReadonlyMap<number, MemtableReader>;
  /** Newest sequence number that a walk should see by default; everything where it is absent. */
  readonly visibleSequence?: number;
  readonly lastSequence: number;
  readonly files: readonly WalReplayInfo[];
  readonly problems: readonly Problem[];
  /** Prepared transactions that were neither committed nor rolled back. */
  readonly pending: readonly PendingTransaction[];
  /** Logs that were listed but could not be found: their owner has flushed them since. */
  readonly vanished: readonly number[];
  /** Closes the logs that values are still fetched from. */
  close(): void;
}

/** Of a store without logs. */
export const NO_REPLAY: ReplayResult = {
  memtables: new Map(),
  lastSequence: 0,
  files: [],
  problems: [],
  pending: [],
  vanished: [],
  close: () => {},
};

/** Problems kept per log; a log of nothing but damage must not fill the memory. */
const PROBLEMS_MAX = 20;

/** The logs that matter, ascending. */
export function liveWals(walNumbers: readonly number[], state: ReplayState): number[] {
  const ascending = [...walNumbers].sort((a, b) => a - b);
  const oldest = Math.min(...state.families.map((f) => f.logNumber));
  if (state.engine !== 'rocksdb') {
    const logNumber = state.families.length === 0 ? 0 : oldest;
    return ascending.filter((n) => n >= logNumber || (n === state.prevLogNumber && n !== 0));
  }
  const keep = state.minLogNumberToKeep ?? 0;
  const from = state.allowTwoPhase === true || state.families.length === 0 ? keep : Math.max(keep, oldest);
  return ascending.filter((n) => n >= from);
}

/** `directory` is where the logs lie; problems name them by file name alone. */
export function replayWals(
  fs: FileSystem,
  directory: string,
  walNumbers: readonly number[],
  state: ReplayState,
): ReplayResult {
  const values = new WalValues(fs, directory);
  try {
    return new Replay(fs, directory, state, values).run(liveWals(walNumbers, state));
  } catch (thrown) {
    values.close();
    throw thrown;
  }
}

class Replay {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #state: ReplayState;
  readonly #values: WalValues;
  readonly #mode: RecoveryMode;
  readonly #applier: BatchApplier;
  readonly #summary = new BatchSummary();
  readonly #problems: Problem[] = [];
  readonly #files: WalReplayInfo[] = [];
  readonly #vanished: number[] = [];
  /** The sequence number that a log behind damage has to start with. */
  #nextSequence: number;
  /** Set by damage or a torn tail; the log it happened in, and what it was. */
  #stoppedIn = 0;
  #stopped = false;

  constructor(fs: FileSystem, directory: string, state: ReplayState, values: WalValues) {
    this.#fs = fs;
    this.#directory = directory;
    this.#state = state;
    this.#nextSequence = state.lastSequence + 1;
    this.#values = values;
    this.#mode = state.recoveryMode ?? RecoveryMode.pointInTime;
    const budget = { bytesMax: state.bytesMax ?? MEMTABLE_BYTES_MAX, used: 0 };
    // In LevelDB all of a log that matters counts, the preceding one's too.
    const families = state.engine !== 'rocksdb' ? state.families.map((f) => ({ ...f, logNumber: 0 })) : state.families;
    this.#applier = new BatchApplier(families, budget, values);
  }

  run(wals: readonly number[]): ReplayResult {
    this.#checkTracked(wals);
    for (const number of wals) this.#replayLog(number);
    if (this.#stopped) this.#checkFamiliesAhead();
    this.#problems.push(...this.#applier.problems);
    for (const family of this.#state.families) this.#applier.memtables.get(family.id)?.seal(family.order);
    const values = this.#values;
    return {
      memtables: this.#applier.memtables,
      lastSequence: this.#nextSequence - 1,
      files: this.#files,
      problems: this.#problems,
      pending: this.#applier.pending(),
      vanished: this.#vanished,
      close: () => values.close(),
    };
  }

  #replayLog(number: number): void {
    const name = walFileName(number);
    const path = joinPath(this.#directory, name);
    let reader: LogReader;
    let close: () => void;
    try {
      const file = this.#fs.open(path, 'read');
      close = () => file.close();
      try {
        reader = new LogReader(file, { logNumber: number, path: name });
      } catch (thrown) {
        close();
        throw thrown;
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
      if (thrown.code === 'NOT_FOUND') this.#vanished.push(number);
      else this.#stop(number, { ...thrown.toProblem(), path: name });
      return;
    }
    try {
      this.#readLog(number, name, reader);
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
      this.#stop(number, { ...thrown.toProblem(), path: name });
    } finally {
      close();
    }
  }

  #readLog(number: number, name: string, reader: LogReader): void {
    let records = 0;
    let first: number | undefined;
    let next: number | undefined;
    let refused = false;
    const reported = this.#problems.length;
    this.#applier.beginLog(number, reader.timestampSizes);
    for (;;) {
      while (reader.next()) {
        try {
          const sequence = batchSequence(reader.record);
          if (this.#stopped && !this.#follows(sequence, number, name, reader.recordOffset)) {
            refused = true;
            break;
          }
          this.#apply(reader);
          first ??= sequence;
          next = this.#summary.nextSequence;
          records++;
        } catch (thrown) {
          if (!(thrown instanceof StoreError)) throw thrown;
          // A record that is intact, but no batch.
          this.#damage(number, reported, { ...thrown.toProblem(), path: name, offset: reader.recordOffset });
          if (this.#stopped) break;
        }
      }
      if (refused || reader.ended !== 'corrupt') break;
      const found = reader.problem;
      if (found !== undefined) this.#damage(number, reported, found);
      if (this.#stopped || !reader.resync('block')) break;
      reader.problem = undefined;
    }
    if (reader.ended === 'torn') this.#torn(number, name, reader);
    this.#files.push({
      file: name,
      number,
      bytes: reader.size,
      records,
      ended: reader.ended ?? 'corrupt',
      usedBytes: reader.endOffset,
      ...(first === undefined ? {} : { firstSequence: first }),
      ...(next === undefined ? {} : { nextSequence: next }),
      applied: !refused,
      compressed: reader.compressed,
      recycled: reader.recyclable,
    });
  }

  #apply(reader: LogReader): void {
    const applier = this.#applier;
    applier.beginBatch(reader.record, reader.recordOffset, reader.regular);
    try {
      const { engine } = this.#state;
      if (engine !== 'rocksdb') readLevelDbBatch(reader.record, applier, this.#summary, engine === 'eleveldb');
      else readRocksDbBatch(reader.record, applier, this.#summary);
    } catch (thrown) {
      applier.undoBatch();
      throw thrown;
    }
    this.#nextSequence = Math.max(this.#nextSequence, this.#summary.nextSequence);
  }

  /** Behind damage only a log that goes on where the good part ended counts (point in time). */
  #follows(sequence: number, number: number, name: string, offset: number): boolean {
    if (number !== this.#stoppedIn && sequence === this.#nextSequence) {
      this.#stopped = false;
      return true;
    }
    if (number !== this.#stoppedIn) {
      this.#problems.push({
        code: 'CORRUPT',
        path: name,
        offset,
        message: `not replayed: its first sequence number is ${sequence}, but the part of ${walFileName(this.#stoppedIn)} that can be trusted ends before ${this.#nextSequence}`,
      });
    }
    return false;
  }

  /** Damage inside a log: named, and the end of replay where the recovery mode says so. */
  #damage(number: number, reported: number, problem: Problem): void {
    const goesOn = this.#state.engine !== 'rocksdb' || this.#mode === RecoveryMode.skipAnyCorrupted;
    if (!goesOn) {
      this.#stop(number, {
        ...problem,
        message: `${problem.message}; what follows in this log is not replayed`,
        ...(this.#mode === RecoveryMode.pointInTime
          ? {}
          : { mend: 'RocksDB refuses to open this store with its wal_recovery_mode' }),
      });
    } else if (this.#problems.length - reported < PROBLEMS_MAX) {
      this.#problems.push(problem);
    }
  }

  #torn(number: number, name: string, reader: LogReader): void {
    if (this.#state.engine !== 'rocksdb') return;
    if (this.#mode === RecoveryMode.absoluteConsistency) {
      this.#stop(number, {
        code: 'CORRUPT',
        path: name,
        offset: reader.endOffset,
        message: 'the log ends inside a record',
        mend: 'RocksDB refuses to open this store with wal_recovery_mode kAbsoluteConsistency',
      });
    } else if (this.#mode === RecoveryMode.pointInTime) {
      // Silent, but a later log has to follow without a gap.
      this.#stopped = true;
      this.#stoppedIn = number;
    }
  }

  #stop(number: number, problem: Problem): void {
    this.#stopped = true;
    this.#stoppedIn = number;
    this.#problems.push(problem);
  }

  /** Tables that are newer than the point up to which the logs can be trusted. */
  #checkFamiliesAhead(): void {
    for (const family of this.#state.families) {
      if (family.logNumber <= this.#stoppedIn || family.hasTables !== true) continue;
      this.#problems.push({
        code: 'CORRUPT',
        path: walFileName(this.#stoppedIn),
        message: `column family ${JSON.stringify(family.name)} has tables newer than the end of this log: RocksDB refuses to open the store`,
      });
    }
  }

  #checkTracked(wals: readonly number[]): void {
    const listed = new Set(wals);
    for (const [number, bytes] of this.#state.trackedWals ?? []) {
      const name = walFileName(number);
      if (!listed.has(number)) {
        if (number >= (this.#state.minLogNumberToKeep ?? 0) && bytes > 0 && this.#isLive(number)) {
          this.#problems.push({
            code: 'NOT_FOUND',
            path: name,
            message: 'the MANIFEST names this log, but it is missing',
          });
        }
        continue;
      }
      const size = this.#sizeOf(name);
      if (size !== undefined && size < bytes) {
        this.#problems.push({
          code: 'CORRUPT',
          path: name,
          offset: size,
          message: `the log has ${size} bytes, but the MANIFEST says that ${bytes} were synced`,
        });
      }
    }
  }

  #isLive(number: number): boolean {
    return liveWals([number], this.#state).length > 0;
  }

  #sizeOf(name: string): number | undefined {
    try {
      return this.#fs.stat(joinPath(this.#directory, name)).size;
    } catch (thrown) {
      if (thrown instanceof StoreError) return undefined;
      throw thrown;
    }
  }
}
