/**
 * What the info logs of a store say about its tables: when each came to be, why, by what kind of job, what the
 * job cost, and what stands in the table (rocksdb-leveldb.md §12). Job numbers start again in every log file, so
 * each file is joined on its own.
 *
 * Logs are read once, and later on from where reading stopped. Facts about tables stand in columns by table
 * number; a job is one object, filled in as its lines come.
 */
import { StoreError } from '../base/errors.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { EventLogParser, type LogEvent, type LogPlace, logLines } from '../formats/rocksdb/eventLog.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { EventKind, TreeEvent } from '../model/events.ts';
import type { EventFacts, TableNote } from '../model/timeline/builder.ts';
import type { Stall } from '../model/timeline/columns.ts';
import { grown } from '../model/timeline/grow.ts';
import { type FamilyStall, StallReader, stallsFor } from './stalls.ts';

export interface Cause {
  readonly kind: EventKind;
  /** Microseconds since the epoch; undefined where the log has local time only. */
  readonly at: number | undefined;
  /** The engine's own word; undefined where it gives none. */
  readonly why: string | undefined;
  /** What the job cost; absent where there was no job, or nothing is told of it. */
  readonly facts?: EventFacts;
  /** Told by our own engine since the store was opened, not by a log. */
  readonly live?: boolean;
}

/** Causes by table. */
export interface Causes {
  created(table: number): Cause | undefined;
  moved(table: number, level: number): Cause | undefined;
  /** Of tables that a compaction took as its input, or that were dropped as a whole. */
  consumed(table: number): Cause | undefined;
}

/** A job, or what stands for one. */
interface Job extends Cause {
  readonly facts: { -readonly [K in keyof EventFacts]: number };
}

const UNTOLD: EventFacts = {
  finishedAt: Number.NaN,
  micros: Number.NaN,
  readBytes: Number.NaN,
  writtenBytes: Number.NaN,
  recordsIn: Number.NaN,
  recordsOut: Number.NaN,
};

function newJob(kind: EventKind, at: number | undefined, why: string | undefined): Job {
  return { kind, at, why, facts: { ...UNTOLD } };
}

/** How far one log file was read, and what waits for more of it. */
interface LogState {
  readonly place: LogPlace;
  /** Of the file when it was read last. */
  size: number;
  read(line: string): void;
  readonly stalls: StallReader;
}

/** Oldest first. */
function infoLogs(names: readonly string[]): string[] {
  const age = (name: string): number => (name === 'LOG' ? Number.POSITIVE_INFINITY : (parseFileName(name).number ?? 0));
  return names.filter((n) => /^LOG(\.old(\.\d+)?)?$/.test(n)).sort((a, b) => age(a) - age(b));
}

/** Reads all info logs in a directory. A log that cannot be read only means that less is known. */
export function readCauses(fs: FileSystem, directory: string, names: readonly string[], engine: string): Causes {
  const facts = new LogFacts(engine);
  for (const _ of facts.read(fs, directory, names));
  return facts;
}

/** Lines between two looks at the clock. */
const SLICE_LINES = 64;
const NOTE_COLUMNS = ['at', 'entries', 'deletions', 'rawBytes', 'filterBytes'] as const;

export class LogFacts implements Causes {
  /** Grows whenever something was learnt. */
  version = 0;
  readonly #engine: string;
  /** By inode, since a log that is rolled gets another name. */
  readonly #logs = new Map<string, LogState>();
  readonly #stalls: FamilyStall[] = [];

  /** Table number to row of the columns. */
  readonly #rows = new Map<number, number>();
  readonly #columns: Record<(typeof NOTE_COLUMNS)[number], Float64Array> = {
    at: new Float64Array(0),
    entries: new Float64Array(0),
    deletions: new Float64Array(0),
    rawBytes: new Float64Array(0),
    filterBytes: new Float64Array(0),
  };
  /** By row. */
  readonly #makers: (Cause | undefined)[] = [];
  readonly #moved = new Map<string, Cause>();
  readonly #consumed = new Map<number, Cause>();
  /** Of our own engine: by table that was made, by `number@level` of those that moved, by table that went. */
  readonly #live = new Map<number | string, Cause>();

  constructor(engine: string) {
    this.#engine = engine;
  }

  /** Reads what the logs hold that was not read before. Steps are short. `LOG` may have come after `names`. */
  *read(fs: FileSystem, directory: string, names: readonly string[]): Generator<void, void> {
    for (const name of infoLogs(names.includes('LOG') ? names : [...names, 'LOG'])) {
      try {
        const path = joinPath(directory, name);
        const { inode, device, size } = fs.stat(path);
        const id = inode === 0 ? name : `${device}:${inode}`;
        let state = this.#logs.get(id);
        if (state?.size === size) continue;
        const file = fs.open(path, 'read');
        try {
          // Shorter than before: written anew.
          if (state === undefined || size < state.place.offset) {
            state = this.#newLog();
            this.#logs.set(id, state);
          }
          let left = SLICE_LINES;
          for (const line of logLines(file, state.place)) {
            state.read(line);
            if (--left > 0) continue;
            yield;
            left = SLICE_LINES;
          }
          state.size = size;
        } finally {
          file.close();
        }
      } catch (thrown) {
        if (!(thrown instanceof StoreError)) throw thrown;
      }
    }
  }

  created(table: number): Cause | undefined {
    const live = this.#live.get(table);
    if (live !== undefined) return live;
    const row = this.#rows.get(table);
    if (row === undefined) return undefined;
    const cause = this.#makers[row];
    const at = this.#columns.at[row] as number;
    // A log that knows the table but not the job still knows the time.
    if (cause === undefined) return Number.isNaN(at) ? undefined : { kind: 'unknown', at, why: undefined };
    return { ...cause, at: Number.isNaN(at) ? undefined : at };
  }

  moved(table: number, level: number): Cause | undefined {
    const key = `${table}@${level}`;
    return this.#live.get(key) ?? this.#moved.get(key);
  }

  consumed(table: number): Cause | undefined {
    return this.#live.get(`-${table}`) ?? this.#consumed.get(table);
  }

  /** What is known of a table; undefined if nothing. */
  note(table: number): TableNote | undefined {
    const row = this.#rows.get(table);
    if (row === undefined) return undefined;
    const { at, entries, deletions, rawBytes, filterBytes } = this.#columns;
    return {
      entries: entries[row] as number,
      deletions: deletions[row] as number,
      rawBytes: rawBytes[row] as number,
      filterBytes: filterBytes[row] as number,
      createdAt: at[row] as number,
    };
  }

  /** Stalls as the timeline of a family shows them. */
  stalls(family: string): Stall[] {
    const open = [...this.#logs.values()].flatMap((log) => log.stalls.open);
    return stallsFor(family, [...this.#stalls, ...open]);
  }

  /** Takes what our own engine says of an edit of its own, which no log tells. */
  noteLive(e: TreeEvent): void {
    const gone = new Set(e.removed.map((t) => t.number));
    const facts = {
      ...UNTOLD,
      readBytes: e.io?.readBytes ?? Number.NaN,
      writtenBytes: e.io?.writtenBytes ?? Number.NaN,
      micros: e.micros ?? Number.NaN,
      recordsIn: e.recordsIn ?? Number.NaN,
      recordsOut: e.recordsOut ?? Number.NaN,
    };
    const cause: Cause = { kind: e.kind, at: e.at, why: e.why, facts, live: true };
    for (const t of e.added) this.#live.set(gone.has(t.number) ? `${t.number}@${t.level}` : t.number, cause);
    for (const number of gone) this.#live.set(`-${number}`, cause);
    this.version++;
  }

  #newLog(): LogState {
    // A new log begins where another one ends.
    for (const { stalls } of this.#logs.values()) stalls.end();
    const stalls = new StallReader(this.#stalls);
    const place = { offset: 0 };
    if (this.#engine === 'leveldb') return { place, size: -1, stalls, read: this.#levelDb() };
    const parser = new EventLogParser();
    const join = this.#rocksDb();
    const read = (line: string): void => {
      for (const e of parser.line(line)) {
        join(e);
        stalls.read(e);
      }
    };
    return { place, size: -1, stalls, read };
  }

  #created(
    table: number,
    cause: Cause | undefined,
    note: Partial<Record<(typeof NOTE_COLUMNS)[number], number>>,
  ): void {
    let row = this.#rows.get(table);
    if (row === undefined) {
      row = this.#rows.size;
      this.#rows.set(table, row);
      for (const name of NOTE_COLUMNS) this.#columns[name] = grown(this.#columns[name], row + 1);
    }
    this.#makers[row] = cause;
    for (const name of NOTE_COLUMNS) this.#columns[name][row] = note[name] ?? Number.NaN;
    this.version++;
  }

  #rocksDb(): (e: LogEvent) => void {
    const jobs = new Map<number, Job>();
    /** Moved files, whose lines have local time, until the event that has the universal one. */
    let moving: string[] = [];
    return (e) => {
      const job = e.job ?? -1;
      const at = e.at > 0 ? e.at : undefined;
      switch (e.kind) {
        case 'flushStarted': {
          const started = newJob('flush', at, word(e.reason));
          started.facts.recordsIn = e.entries;
          started.facts.recordsOut = 0;
          started.facts.readBytes = 0;
          started.facts.writtenBytes = 0;
          jobs.set(job, started);
          break;
        }
        case 'compactionStarted': {
          const started = newJob('compaction', at, word(e.reason));
          started.facts.readBytes = e.inputBytes;
          jobs.set(job, started);
          for (const input of e.inputs) for (const file of input.files) this.#consumed.set(file, started);
          this.version++;
          break;
        }
        case 'tableCreated': {
          const maker = jobs.get(job);
          // Recovery writes its tables without a job of its own.
          this.#created(e.file, maker, { ...e, at: at ?? Number.NaN });
          if (maker?.kind === 'flush') {
            maker.facts.writtenBytes += e.bytes;
            maker.facts.recordsOut += e.entries;
          }
          break;
        }
        case 'flushFinished':
        case 'compactionFinished':
          this.#finish(jobs.get(job), e, at);
          jobs.delete(job);
          break;
        case 'fifoPicked':
          this.#consumed.set(e.file, { kind: 'drop', at: undefined, why: `FIFO: ${e.reason}` });
          this.version++;
          break;
        case 'tableDeleted': {
          const cause = this.#consumed.get(e.file);
          if (cause?.kind === 'drop' && cause.at === undefined) {
            this.#consumed.set(e.file, { ...cause, at });
            this.version++;
          }
          break;
        }
        case 'fileMoved':
          moving.push(`${e.file}@${e.level}`);
          this.#moved.set(`${e.file}@${e.level}`, { kind: 'move', at: undefined, why: undefined });
          this.version++;
          break;
        case 'trivialMove':
          for (const key of moving) this.#moved.set(key, { kind: 'move', at, why: jobs.get(job)?.why });
          moving = [];
          this.version++;
          break;
        case 'ingestFinished':
          for (const file of e.files) {
            const cause: Cause = { kind: 'ingest', at, why: 'ExternalSstIngestion' };
            this.#created(file, cause, { ...this.note(file), at: at ?? Number.NaN });
          }
          break;
        default:
      }
    };
  }

  #finish(job: Job | undefined, e: LogEvent, at: number | undefined): void {
    if (job === undefined) return;
    job.facts.finishedAt = at ?? Number.NaN;
    if (e.kind === 'compactionFinished') {
      job.facts.micros = e.micros;
      job.facts.writtenBytes = e.outputBytes;
      job.facts.recordsIn = e.inputRecords;
      job.facts.recordsOut = e.outputRecords;
    } else if (job.at !== undefined && at !== undefined) job.facts.micros = at - job.at;
    this.version++;
  }

  /** LevelDB logs words in local time, so they confirm the kind and say nothing of the time. */
  #levelDb(): (line: string) => void {
    let job: Job | undefined;
    return (line) => {
      const flushed = /Level-0 table #(\d+): (\d+) bytes OK/.exec(line);
      if (flushed !== null) {
        const flush = newJob('flush', undefined, undefined);
        flush.facts.readBytes = 0;
        flush.facts.writtenBytes = Number(flushed[2]);
        this.#created(Number(flushed[1]), flush, {});
        return;
      }
      const compacting = /Compacting (\d+@\d+ \+ \d+@\d+ files)/.exec(line);
      if (compacting !== null) job = newJob('compaction', undefined, word(compacting[1] as string));
      const generated = /Generated table #(\d+)@\d+: (\d+) keys, /.exec(line);
      if (generated !== null) {
        const entries = Number(generated[2]);
        job ??= newJob('compaction', undefined, undefined);
        job.facts.recordsOut = (Number.isNaN(job.facts.recordsOut) ? 0 : job.facts.recordsOut) + entries;
        this.#created(Number(generated[1]), job, { entries });
        return;
      }
      const compacted = /Compacted \d+@\d+ \+ \d+@\d+ files => (\d+) bytes/.exec(line);
      if (compacted !== null) {
        if (job !== undefined) job.facts.writtenBytes = Number(compacted[1]);
        job = undefined;
        this.version++;
        return;
      }
      const moved = /Moved #(\d+) to level-(\d+) /.exec(line);
      if (moved !== null) {
        this.#moved.set(`${moved[1]}@${moved[2]}`, { kind: 'move', at: undefined, why: undefined });
        this.version++;
      }
    };
  }
}

function word(reason: string): string | undefined {
  return reason === '' ? undefined : reason;
}
