/**
 * An event in words: "compacted 3 at L0 (12 MB) + 5 at L1 (40 MB) into 6 at L1 (48 MB), reason: L0 files".
 * Pure; the same words for an event of a timeline and for one on its own.
 */
import { counted, formatBytes, formatCount } from '../display.ts';
import type { EventKind, TableId, TreeEvent } from '../events.ts';
import { EVENT_KINDS, FLAG_INFERRED, FLAG_START } from './columns.ts';
import type { Timeline } from './timeline.ts';

export interface Caption {
  /** What happened to which tables. */
  readonly what: string;
  /** Why, in words; '' where nobody says. */
  readonly reason: string;
  /** The engine's own constant for it; '' where it has none. */
  readonly constant: string;
  /** How long it took and at what pace, as far as somebody tells; '' otherwise. */
  readonly cost: string;
  /** Concluded from what changed: no log confirms it. */
  readonly inferred: boolean;
  /** All of it in one line. */
  readonly text: string;
}

/**
 * RocksDB's reasons in words (include/rocksdb/listener.h: CompactionReason, and FlushReason as
 * `GetFlushReasonString` of db/flush_job.cc spells it), and those of this engine's own policies.
 */
export const REASON_WORDS: Readonly<Record<string, string>> = {
  Unknown: '',
  LevelL0FilesNum: 'L0 files',
  LevelMaxLevelSize: 'level over its target size',
  UniversalSizeAmplification: 'space amplification',
  UniversalSizeRatio: 'runs of similar size',
  UniversalSortedRunNum: 'number of sorted runs',
  FIFOMaxSize: 'over the size limit',
  FIFOReduceNumFiles: 'many small tables',
  FIFOTtl: 'older than the time to live',
  ManualCompaction: 'asked for by hand',
  FilesMarkedForCompaction: 'tables marked for compaction',
  BottommostFiles: 'a snapshot was released',
  Ttl: 'older than the time to live',
  Flush: 'flush',
  ExternalSstIngestion: 'ingestion of tables',
  PeriodicCompaction: 'due by age',
  ChangeTemperature: 'change of storage temperature',
  ForcedBlobGC: 'garbage in blob files',
  RoundRobinTtl: 'older than the time to live',
  RefitLevel: 'moved to a level that fits',
  ReadTriggered: 'many reads',
  'Other Reasons': 'other reasons',
  'Get Live Files': 'live files were asked for',
  'Shut down': 'the store was closed',
  'External File Ingestion': 'ingestion of tables',
  'Manual Compaction': 'compaction by hand',
  'Write Buffer Manager': 'write buffers of all stores were full',
  'Write Buffer Full': 'write buffer full',
  Test: 'test',
  'Delete Files': 'files were deleted',
  'Auto Compaction': 'automatic compaction',
  'Manual Flush': 'asked for by hand',
  'Error Recovery': 'recovery from an error',
  'Error Recovery Retry Flush': 'recovery from an error',
  'WAL Full': 'write-ahead log full',
  'Catch Up After Error Recovery': 'recovery from an error',
  Recovery: 'recovery of the write-ahead log',
  SeekCompaction: 'seeks that found nothing',
  SizeTieredBucket: 'tables of similar size',
  TimeWindow: 'tables of one time window',
  TimeWindowExpired: 'a time window has expired',
  TierFull: 'number of runs in the tier',
};

/** What LevelDB's log says where RocksDB's gives a reason: the inputs, which the caption has anyway. */
const INPUTS = /^\d+@\d+ \+ \d+@\d+ files$/;

/** What the lines of FIFO compaction say of a table that is dropped: its size, or its creation time. */
const FIFO_SIZE = /^FIFO: size /;
const FIFO_AGE = /^FIFO: .*creation time /;

/** A reason in words; one that is not known as it is. */
export function reasonWords(constant: string): string {
  if (Object.hasOwn(REASON_WORDS, constant)) return REASON_WORDS[constant] ?? '';
  if (FIFO_SIZE.test(constant)) return REASON_WORDS['FIFOMaxSize'] ?? '';
  return FIFO_AGE.test(constant) ? (REASON_WORDS['FIFOTtl'] ?? '') : constant;
}

/** Bytes as short as three digits allow: `12 MB`, `1.5 KB`. */
export function shortBytes(n: number): string {
  return formatBytes(n)
    .replace(/(\.\d*?)0+ /, '$1 ')
    .replace('. ', ' ');
}

/** Microseconds as a length of time: `640 µs`, `12.5 ms`, `3.2 s`, `4 min 20 s`. */
function span(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${Number((micros / 1000).toPrecision(3))} ms`;
  if (micros < 60e6) return `${Number((micros / 1e6).toPrecision(3))} s`;
  const seconds = Math.round(micros / 1e6);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Tables and bytes of each level. */
class Sums {
  readonly #levels = new Map<number, { tables: number; bytes: number }>();
  tables = 0;
  bytes = 0;

  add(level: number, bytes: number): void {
    const sum = this.#levels.get(level) ?? { tables: 0, bytes: 0 };
    sum.tables++;
    sum.bytes += bytes;
    this.#levels.set(level, sum);
    this.tables++;
    this.bytes += bytes;
  }

  get levels(): readonly number[] {
    return [...this.#levels.keys()].sort((a, b) => a - b);
  }

  /** `3 at L0 (12 MB) + 5 at L1 (40 MB)` */
  words(preposition: 'at' | 'into' = 'at'): string {
    const parts = this.levels.map((level) => {
      const { tables, bytes } = this.#levels.get(level) ?? { tables: 0, bytes: 0 };
      return `${formatCount(tables)} ${preposition} L${level} (${shortBytes(bytes)})`;
    });
    return parts.length === 0 ? 'nothing' : parts.join(' + ');
  }
}

interface Story {
  readonly kind: EventKind;
  readonly start: boolean;
  readonly inferred: boolean;
  readonly why: string;
  readonly removed: Iterable<TableId>;
  readonly added: Iterable<TableId>;
  /** NaN where nobody tells. */
  readonly micros: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Event `e` of a timeline. */
export function captionOf(timeline: Timeline, e: number): Caption {
  const table = (life: number): TableId => ({
    number: timeline.number[life] as number,
    level: timeline.level[life] as number,
    bytes: timeline.bytes[life] as number,
  });
  const removed: TableId[] = [];
  const goneEnd = timeline.removedStart[e + 1] as number;
  for (let k = timeline.removedStart[e] as number; k < goneEnd; k++) removed.push(table(timeline.removed[k] as number));
  const added: TableId[] = [];
  const end = timeline.addedStart[e + 1] as number;
  for (let life = timeline.addedStart[e] as number; life < end; life++) added.push(table(life));
  const flags = timeline.flags[e] as number;
  return tell({
    kind: EVENT_KINDS[timeline.kind[e] as number] ?? 'unknown',
    start: (flags & FLAG_START) !== 0,
    inferred: (flags & FLAG_INFERRED) !== 0,
    why: timeline.reason(e),
    removed,
    added,
    micros: timeline.micros[e] as number,
    readBytes: timeline.readBytes[e] as number,
    writtenBytes: timeline.writtenBytes[e] as number,
  });
}

/** An event on its own. `start`: it is the state with which its history begins. */
export function captionOfEvent(event: TreeEvent, start = false): Caption {
  return tell({
    kind: event.kind,
    start,
    inferred: event.inferred,
    why: event.why ?? '',
    removed: event.removed,
    added: event.added,
    micros: Number.NaN,
    readBytes: event.io?.readBytes ?? Number.NaN,
    writtenBytes: event.io?.writtenBytes ?? Number.NaN,
  });
}

function tell(story: Story): Caption {
  const what = whatOf(story);
  // That a MANIFEST begins here and that tables were ingested has been said.
  const constant = story.start || story.kind === 'ingest' || INPUTS.test(story.why) ? '' : story.why;
  const reason = reasonWords(constant);
  const cost = costOf(story);
  const inferred = story.inferred && !story.start;
  const text = `${what}${reason === '' ? '' : `, reason: ${reason}`}${cost === '' ? '' : `; ${cost}`}`;
  return { what, reason, constant, cost, inferred, text: inferred ? `${text} (inferred)` : text };
}

function whatOf({ kind, start, removed, added }: Story): string {
  const gone = new Map<number, TableId>();
  for (const t of removed) gone.set(t.number, t);
  const inputs = new Sums();
  const outputs = new Sums();
  /** Tables that only went to another level, by where they were and where they are. */
  const from = new Sums();
  const to = new Sums();
  for (const t of added) {
    const before = gone.get(t.number);
    if (before === undefined) {
      outputs.add(t.level, t.bytes);
      continue;
    }
    gone.delete(t.number);
    from.add(before.level, before.bytes);
    to.add(t.level, t.bytes);
  }
  for (const t of gone.values()) inputs.add(t.level, t.bytes);
  if (start) {
    const { tables, bytes } = outputs;
    return `history starts here: ${counted(tables, 'table')} (${shortBytes(bytes)}): ${outputs.words()}`;
  }
  const moved = to.tables === 0 ? '' : `moved ${from.words()} to ${to.levels.map((l) => `L${l}`).join(', ')}`;
  const also = moved === '' ? '' : `, ${moved}`;
  switch (kind) {
    case 'flush':
      return `flushed ${outputs.words('into')}`;
    case 'ingest':
      return `ingested ${outputs.words('into')}`;
    case 'drop':
      return `dropped ${inputs.words()}`;
    case 'move':
      return moved;
    case 'compaction':
      return `compacted ${inputs.words()} into ${outputs.words()}${also}`;
    default:
      if (to.tables > 0 && inputs.tables + outputs.tables === 0) return `wrote anew what is known of ${to.words()}`;
      return `removed ${inputs.words()}, added ${outputs.words()}${also}`;
  }
}

/** `1.2 s, 45 MB/s`: what was read and written, by the time it took. */
function costOf({ micros, readBytes, writtenBytes }: Story): string {
  if (!(micros > 0)) return '';
  const bytes = (readBytes > 0 ? readBytes : 0) + (writtenBytes > 0 ? writtenBytes : 0);
  return bytes === 0 ? span(micros) : `${span(micros)}, ${shortBytes(Math.round((bytes / micros) * 1e6))}/s`;
}
