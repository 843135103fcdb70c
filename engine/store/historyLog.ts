/**
 * What the info logs of a store say about its tables: when each came to be, why, and by what kind of job
 * (rocksdb-leveldb.md §12). Job numbers start again in every log file, so each file is joined on its own.
 */
import { StoreError } from '../base/errors.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { type LogEvent, logLines, parseEventLog } from '../formats/rocksdb/eventLog.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { EventKind } from '../model/events.ts';

export interface Cause {
  readonly kind: EventKind;
  /** Microseconds since the epoch; undefined where the log has local time only. */
  readonly at: number | undefined;
  /** The engine's own word; undefined where it gives none. */
  readonly why: string | undefined;
}

/** Causes by table number, and by `number@level` for moves. */
export interface Causes {
  readonly created: ReadonlyMap<number, Cause>;
  readonly moved: ReadonlyMap<string, Cause>;
  /** Tables that a compaction took as its input, or that were dropped as a whole. */
  readonly consumed: ReadonlyMap<number, Cause>;
}

/** Oldest first. */
function infoLogs(names: readonly string[]): string[] {
  const age = (name: string): number => (name === 'LOG' ? Number.POSITIVE_INFINITY : (parseFileName(name).number ?? 0));
  return names.filter((n) => /^LOG(\.old(\.\d+)?)?$/.test(n)).sort((a, b) => age(a) - age(b));
}

/** Reads all info logs in a directory. A log that cannot be read only means that less is known. */
export function readCauses(fs: FileSystem, directory: string, names: readonly string[], engine: string): Causes {
  const join = new Join();
  for (const name of infoLogs(names)) {
    try {
      const file = fs.open(joinPath(directory, name), 'read');
      try {
        if (engine === 'leveldb') join.levelDb(logLines(file));
        else join.rocksDb(parseEventLog(logLines(file)));
      } finally {
        file.close();
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
    }
  }
  return join;
}

class Join implements Causes {
  readonly created = new Map<number, Cause>();
  readonly moved = new Map<string, Cause>();
  readonly consumed = new Map<number, Cause>();

  rocksDb(events: Iterable<LogEvent>): void {
    const jobs = new Map<number, Cause>();
    /** Moved files, whose lines have local time, until the event that has the universal one. */
    let moving: string[] = [];
    for (const e of events) {
      const job = e.job ?? -1;
      const at = e.at > 0 ? e.at : undefined;
      switch (e.kind) {
        case 'flushStarted':
          jobs.set(job, { kind: 'flush', at, why: word(e.reason) });
          break;
        case 'compactionStarted': {
          const cause: Cause = { kind: 'compaction', at, why: word(e.reason) };
          jobs.set(job, cause);
          for (const input of e.inputs) for (const file of input.files) this.consumed.set(file, cause);
          break;
        }
        case 'tableCreated': {
          const cause = jobs.get(job);
          // Recovery writes its tables without a job of its own.
          if (cause !== undefined) this.created.set(e.file, { ...cause, at });
          else if (at !== undefined) this.created.set(e.file, { kind: 'unknown', at, why: undefined });
          break;
        }
        case 'fifoPicked':
          this.consumed.set(e.file, { kind: 'drop', at: undefined, why: `FIFO: ${e.reason}` });
          break;
        case 'tableDeleted': {
          const cause = this.consumed.get(e.file);
          if (cause?.kind === 'drop' && cause.at === undefined) this.consumed.set(e.file, { ...cause, at });
          break;
        }
        case 'fileMoved':
          moving.push(`${e.file}@${e.level}`);
          this.moved.set(`${e.file}@${e.level}`, { kind: 'move', at: undefined, why: undefined });
          break;
        case 'trivialMove':
          for (const key of moving) this.moved.set(key, { kind: 'move', at, why: jobs.get(job)?.why });
          moving = [];
          break;
        case 'ingestFinished':
          for (const file of e.files) this.created.set(file, { kind: 'ingest', at, why: 'ExternalSstIngestion' });
          break;
        default:
      }
    }
  }

  /** LevelDB logs words in local time, so they confirm the kind and say nothing of the time. */
  levelDb(lines: Iterable<string>): void {
    let inputs = '';
    for (const line of lines) {
      const flushed = /Level-0 table #(\d+): \d+ bytes OK/.exec(line);
      if (flushed !== null) {
        this.created.set(Number(flushed[1]), { kind: 'flush', at: undefined, why: undefined });
        continue;
      }
      const compacting = /Compacting (\d+@\d+ \+ \d+@\d+ files)/.exec(line);
      if (compacting !== null) inputs = compacting[1] as string;
      const generated = /Generated table #(\d+)@\d+: /.exec(line);
      if (generated !== null) {
        this.created.set(Number(generated[1]), { kind: 'compaction', at: undefined, why: word(inputs) });
        continue;
      }
      const moved = /Moved #(\d+) to level-(\d+) /.exec(line);
      if (moved !== null) this.moved.set(`${moved[1]}@${moved[2]}`, { kind: 'move', at: undefined, why: undefined });
    }
  }
}

function word(reason: string): string | undefined {
  return reason === '' ? undefined : reason;
}
