/**
 * The info log of RocksDB (`LOG`, `LOG.old.*`) as a stream of events (rocksdb-leveldb.md §12).
 *
 * What a MANIFEST cannot say stands here: when something happened and why. The log is text for
 * people: strings inside its JSON are not escaped, long lines are cut, a family's name may hold a
 * newline. So every line is taken for what it gives, and none can fail the rest.
 *
 * Three things are joined: a job's column family, which the JSON of flush_started and
 * compaction_finished leaves out, is taken from the text lines `[cf] [JOB n]` and from the job's other
 * events; a trivial move's family is on the line behind it; its files on lines of their own.
 */
import { text } from '../../base/bytes.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';

interface Timed {
  /** Microseconds since the epoch, UTC; 0 where the line does not say. */
  readonly at: number;
  /** Number of the job within one log file; undefined for what is none. */
  readonly job?: number;
  /** Column family; undefined where nothing tells. */
  readonly family?: string;
}

export type LogEvent = Timed &
  (
    | { readonly kind: 'flushStarted'; readonly reason: string; readonly entries: number; readonly bytes: number }
    | { readonly kind: 'flushFinished'; readonly levels: readonly number[] }
    | {
        readonly kind: 'compactionStarted';
        readonly reason: string;
        readonly score: number;
        readonly inputBytes: number;
        readonly inputs: readonly { readonly level: number; readonly files: readonly number[] }[];
      }
    | {
        readonly kind: 'compactionFinished';
        readonly outputLevel: number;
        readonly outputFiles: number;
        readonly outputBytes: number;
        readonly inputRecords: number;
        readonly outputRecords: number;
        readonly micros: number;
        readonly cpuMicros: number;
        readonly levels: readonly number[];
      }
    | {
        readonly kind: 'tableCreated';
        readonly file: number;
        readonly bytes: number;
        readonly entries: number;
        /** From the table's properties; NaN where the line has none. */
        readonly deletions: number;
        /** Bytes of keys and values before blocks and compression. */
        readonly rawBytes: number;
        readonly filterBytes: number;
      }
    | { readonly kind: 'tableDeleted'; readonly file: number }
    | { readonly kind: 'blobCreated'; readonly file: number; readonly bytes: number; readonly count: number }
    | { readonly kind: 'blobDeleted'; readonly file: number }
    /** `files` is how many were moved; their numbers come as `fileMoved`. */
    | { readonly kind: 'trivialMove'; readonly level: number; readonly files: number; readonly bytes: number }
    | { readonly kind: 'fileMoved'; readonly file: number; readonly level: number; readonly bytes: number }
    /** FIFO compaction drops a file; there is no other event for it. */
    | { readonly kind: 'fifoPicked'; readonly file: number; readonly reason: string }
    | { readonly kind: 'ingestFinished'; readonly files: readonly number[] }
    | { readonly kind: 'recoveryStarted'; readonly wals: readonly number[] }
    | { readonly kind: 'recoveryFinished'; readonly status: string }
    /** Writes are slowed down or stopped from here on; the engine says so again whenever it looks anew. */
    | { readonly kind: 'stalled'; readonly how: 'slowdown' | 'stop'; readonly why: string; readonly thread: string }
    /** A new version of the family is in force, and the engine has looked anew at whether to stall. */
    | { readonly kind: 'installed'; readonly thread: string }
    | { readonly kind: 'other'; readonly event: string }
  );

const LINE_BYTES_MAX = 64 * 1024;
const READ_BYTES = 256 * 1024;
const MARK = 'EVENT_LOG_v1 ';
/** Jobs remembered for their family; more than ever run at a time. */
const JOBS_MAX = 4096;

type Fields = Readonly<Record<string, unknown>>;

/** How far a log was read that may grow: the offset behind its last whole line. */
export interface LogPlace {
  offset: number;
}

/**
 * The lines of a log file, however long it is; a line longer than 64 KiB is cut. With a `place`, from there on
 * and only those that are finished; it moves along.
 */
export function* logLines(file: FileHandle, place?: LogPlace): Generator<string, void> {
  const buffer = new Uint8Array(READ_BYTES);
  let kept = 0;
  let cutting = false;
  for (let at = place?.offset ?? 0; ; ) {
    const n = file.readAt(buffer.subarray(kept), at);
    if (n === 0) break;
    /** File offset of buffer[0]. */
    const base = at - kept;
    at += n;
    const end = kept + n;
    let start = 0;
    for (let newline = buffer.indexOf(10, 0); newline >= 0 && newline < end; newline = buffer.indexOf(10, start)) {
      const line = cutting ? undefined : text(buffer.subarray(start, Math.min(newline, start + LINE_BYTES_MAX)));
      cutting = false;
      start = newline + 1;
      if (place !== undefined) place.offset = base + start;
      if (line !== undefined) yield line;
    }
    if (end - start > LINE_BYTES_MAX) {
      if (!cutting) yield text(buffer.subarray(start, start + LINE_BYTES_MAX));
      cutting = true;
      start = end;
    }
    buffer.copyWithin(0, start, end);
    kept = end - start;
  }
  if (kept > 0 && !cutting && place === undefined) yield text(buffer.subarray(0, kept));
}

/** Events of one log file, in its order. Never throws. */
export function* parseEventLog(lines: Iterable<string>): Generator<LogEvent, void> {
  const parser = new EventLogParser();
  for (const line of lines) yield* parser.line(line);
  yield* parser.end();
}

const NOTHING: readonly LogEvent[] = [];
/** Offsets from universal time are multiples of this, in microseconds. */
const QUARTER_HOUR = 900e6;

/** Takes the lines of one log file in their order and gives the events that they tell of. Never throws. */
export class EventLogParser {
  readonly #families = new Map<number, string>();
  /** A trivial move that waits for the line that names its family. */
  #move: LogEvent | undefined;
  /** Microseconds to add to a line's time to have universal time; known once an event has told both. */
  #zone = Number.NaN;

  /** What is held back at the end of the lines. */
  end(): readonly LogEvent[] {
    const held = this.#move;
    this.#move = undefined;
    return held === undefined ? NOTHING : [held];
  }

  line(line: string): readonly LogEvent[] {
    const mark = line.indexOf(MARK);
    if (mark >= 0) {
      const held = this.end();
      const event = eventOf(fieldsOf(line.slice(mark + MARK.length)), this.#families);
      if (event === undefined) return held;
      this.#learnZone(line, event.at);
      if (event.kind !== 'trivialMove') return held.length === 0 ? [event] : [...held, event];
      this.#move = event;
      return held;
    }
    const bracket = line.indexOf('[');
    if (bracket < 0) return NOTHING;
    const job = /\[([^[\]]+)\] \[JOB (\d+)\] /.exec(line);
    if (job !== null) remember(this.#families, Number(job[2]), job[1] as string);
    const moved = /\[([^[\]]+)\] Mov(?:ed|ing) #(\d+)( files)? to level-(\d+) (\d+) bytes/.exec(line);
    if (moved !== null) return this.#moved(line, moved);
    const picked = /\[([^[\]]+)\] FIFO compaction: picking file (\d+) with (.*?) for deletion/.exec(line);
    if (picked !== null) {
      const [, family, file, reason] = picked as unknown as [string, string, string, string];
      return [{ kind: 'fifoPicked', at: timeOf(line), family, file: Number(file), reason }];
    }
    return this.#stall(line);
  }

  #moved(line: string, moved: RegExpExecArray): readonly LogEvent[] {
    const family = moved[1] as string;
    if (moved[3] === undefined) {
      const [file, level, bytes] = [Number(moved[2]), Number(moved[4]), Number(moved[5])];
      return [{ kind: 'fileMoved', at: timeOf(line), family, file, level, bytes }];
    }
    const move = this.#move;
    this.#move = undefined;
    if (move === undefined) return NOTHING;
    if (move.job !== undefined) remember(this.#families, move.job, family);
    return [{ ...move, family }];
  }

  /**
   * RocksDB looks at whether to stall whenever a family gets a new version, and logs it if so
   * (ColumnFamilyData::RecalculateWriteStallConditions); that it need not any more is not logged. The same
   * thread then logs how the levels look now.
   */
  #stall(line: string): readonly LogEvent[] {
    const at = (): number => {
      const local = timeOf(line);
      return local === 0 || Number.isNaN(this.#zone) ? 0 : local + this.#zone;
    };
    const stalled = /\[([^[\]]+)\] (Stalling|Stopping) writes because (?:of |we have )?(.*)$/.exec(line);
    if (stalled !== null) {
      const [, family, verb, rest] = stalled as unknown as [string, string, string, string];
      const why = rest.replace(/ rate \d+$/, '');
      const how = verb === 'Stopping' ? 'stop' : 'slowdown';
      return [{ kind: 'stalled', at: at(), family, how, why, thread: threadOf(line) }];
    }
    const installed = /\[([^[\]]+)\] (?:Level summary: |compacted to: files\[)/.exec(line);
    if (installed === null) return NOTHING;
    return [{ kind: 'installed', at: at(), family: installed[1] as string, thread: threadOf(line) }];
  }

  /** The difference is a little less than a multiple of a quarter of an hour: a line is written after its event. */
  #learnZone(line: string, at: number): void {
    if (at <= 0 || !Number.isNaN(this.#zone)) return;
    const local = timeOf(line);
    if (local > 0) this.#zone = Math.round((at - local) / QUARTER_HOUR) * QUARTER_HOUR;
  }
}

/** The word behind the time: the number of the thread that logged. */
function threadOf(line: string): string {
  const start = line.indexOf(' ') + 1;
  return line.slice(start, line.indexOf(' ', start));
}

function remember(families: Map<number, string>, job: number, family: string): void {
  if (families.size >= JOBS_MAX && !families.has(job)) {
    for (const oldest of families.keys()) {
      families.delete(oldest);
      break;
    }
  }
  families.set(job, family);
}

function eventOf(f: Fields, families: Map<number, string>): LogEvent | undefined {
  const event = stringOf(f, 'event');
  if (event === '') return undefined;
  const job = typeof f['job'] === 'number' ? f['job'] : undefined;
  const stated = stringOf(f, 'cf_name');
  if (stated !== '' && job !== undefined) remember(families, job, stated);
  const family = stated !== '' ? stated : job === undefined ? undefined : families.get(job);
  const timed: Timed = {
    at: numberOf(f, 'time_micros'),
    ...(job === undefined ? {} : { job }),
    ...(family === undefined ? {} : { family }),
  };
  switch (event) {
    case 'flush_started':
      return {
        ...timed,
        kind: 'flushStarted',
        reason: stringOf(f, 'flush_reason'),
        entries: numberOf(f, 'total_num_input_entries') || numberOf(f, 'num_entries'),
        bytes: numberOf(f, 'total_data_size'),
      };
    case 'flush_finished':
      return { ...timed, kind: 'flushFinished', levels: numbersOf(f, 'lsm_state') };
    case 'compaction_started':
      return {
        ...timed,
        kind: 'compactionStarted',
        reason: stringOf(f, 'compaction_reason'),
        score: numberOf(f, 'score'),
        inputBytes: numberOf(f, 'input_data_size'),
        inputs: inputsOf(f),
      };
    case 'compaction_finished':
      return {
        ...timed,
        kind: 'compactionFinished',
        outputLevel: numberOf(f, 'output_level'),
        outputFiles: numberOf(f, 'num_output_files'),
        outputBytes: numberOf(f, 'total_output_size'),
        inputRecords: numberOf(f, 'num_input_records'),
        outputRecords: numberOf(f, 'num_output_records'),
        micros: numberOf(f, 'compaction_time_micros'),
        cpuMicros: numberOf(f, 'compaction_time_cpu_micros'),
        levels: numbersOf(f, 'lsm_state'),
      };
    case 'table_file_creation': {
      // A line that is no JSON has lost the braces around its properties.
      const p = isFields(f['table_properties']) ? f['table_properties'] : f;
      return {
        ...timed,
        kind: 'tableCreated',
        file: numberOf(f, 'file_number'),
        bytes: numberOf(f, 'file_size'),
        entries: numberOf(p, 'num_entries'),
        deletions: told(p, 'num_deletions'),
        rawBytes: told(p, 'raw_key_size') + told(p, 'raw_value_size'),
        filterBytes: told(p, 'filter_size'),
      };
    }
    case 'table_file_deletion':
      return { ...timed, kind: 'tableDeleted', file: numberOf(f, 'file_number') };
    case 'blob_file_creation':
      return {
        ...timed,
        kind: 'blobCreated',
        file: numberOf(f, 'file_number'),
        bytes: numberOf(f, 'total_blob_bytes'),
        count: numberOf(f, 'total_blob_count'),
      };
    case 'blob_file_deletion':
      return { ...timed, kind: 'blobDeleted', file: numberOf(f, 'file_number') };
    case 'trivial_move':
      return {
        ...timed,
        kind: 'trivialMove',
        level: numberOf(f, 'destination_level'),
        files: numberOf(f, 'files'),
        bytes: numberOf(f, 'total_files_size'),
      };
    case 'ingest_finished':
      return { ...timed, kind: 'ingestFinished', files: ingestedFiles(f) };
    case 'recovery_started':
      return { ...timed, kind: 'recoveryStarted', wals: numbersOf(f, 'wal_files') };
    case 'recovery_finished':
    case 'recovery_failed':
      return { ...timed, kind: 'recoveryFinished', status: stringOf(f, 'status') };
    default:
      return { ...timed, kind: 'other', event };
  }
}

function inputsOf(f: Fields): { level: number; files: number[] }[] {
  const inputs: { level: number; files: number[] }[] = [];
  for (const name of Object.keys(f)) {
    const level = /^files_L(\d+)$/.exec(name);
    if (level !== null) inputs.push({ level: Number(level[1]), files: numbersOf(f, name) });
  }
  return inputs.sort((a, b) => a.level - b.level);
}

/** The engine prints `["file", path, "level", n, …]`. */
function ingestedFiles(f: Fields): number[] {
  const list = f['files_ingested'];
  const files: number[] = [];
  if (!Array.isArray(list)) return files;
  for (let i = 0; i + 1 < list.length; i++) {
    const number = list[i] === 'file' ? /(\d+)\.(?:sst|ldb)$/.exec(String(list[i + 1])) : null;
    if (number !== null) files.push(Number(number[1]));
  }
  return files;
}

/** The fields of a JSON object, or as many as can be made out where it is none. */
function fieldsOf(json: string): Fields {
  try {
    const parsed: unknown = JSON.parse(json);
    return isFields(parsed) ? parsed : {};
  } catch {
    return looseFields(json);
  }
}

function looseFields(json: string): Fields {
  const out = Object.create(null) as Record<string, unknown>;
  // A name with quotes in it reaches up to the next field.
  const name = /"cf_name": "(.*?)", "[a-z_]+": /.exec(json);
  if (name !== null) out['cf_name'] = name[1];
  const field = /"([A-Za-z0-9_]+)": ?(?:(-?\d+(?:\.\d+)?)(?=[,}\] ])|"([^"]*)"|\[([-\d, ]*)\])/g;
  for (const m of json.matchAll(field)) {
    const key = m[1] as string;
    if (key in out) continue;
    if (m[2] !== undefined) out[key] = Number(m[2]);
    else if (m[3] !== undefined) out[key] = m[3];
    else
      out[key] = (m[4] ?? '')
        .split(',')
        .filter((s) => s.trim() !== '')
        .map(Number);
  }
  return out;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(f: Fields, name: string): number {
  const value = f[name];
  return typeof value === 'number' ? value : 0;
}

/** NaN where it is not there. */
function told(f: Fields, name: string): number {
  const value = f[name];
  return typeof value === 'number' ? value : Number.NaN;
}

function stringOf(f: Fields, name: string): string {
  const value = f[name];
  return typeof value === 'string' ? value : '';
}

function numbersOf(f: Fields, name: string): number[] {
  const value = f[name];
  return Array.isArray(value) ? value.filter((v): v is number => typeof v === 'number') : [];
}

/**
 * Microseconds of a line's own time stamp, taken as UTC: the log is in the writer's local time, and
 * nothing says which that was. Buffered lines carry the time when they were made.
 */
function timeOf(line: string): number {
  const m = /(?:Original Log Time )?(\d{4})\/(\d\d)\/(\d\d)-(\d\d):(\d\d):(\d\d)\.(\d{6})(?:\)| )/.exec(
    line.includes('(Original Log Time ') ? line.slice(line.indexOf('(Original Log Time ') + 1) : line,
  );
  if (m === null) return 0;
  const [year, month, day, hour, minute, second, micros] = m.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const days = daysFromCivil(year, month, day);
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1e6 + micros;
}

/** Days since 1970-01-01 of a date in the Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}
