/**
 * Made-up histories of a family's tree, as an engine would hand them out: a small leveled store that flushes,
 * compacts, moves and drops, over keys that are whole numbers. The same ones on every run.
 */
import {
  EVENT_KINDS,
  FLAG_INFERRED,
  FLAG_START,
  type Stall,
  type TimelineChunk,
  type TimelineInfo,
} from '../../../engine/model/timeline/columns.ts';
import { scramble } from './data.ts';

export type HistoryName = 'small' | 'typical' | 'long' | 'huge' | 'start' | 'empty' | 'live';

const MB = 1024 * 1024;
const KEYS = 4_000_000_000;
/** 2026-01-05 08:00 UTC, in microseconds. */
const BEGIN = 1_767_600_000_000_000;

interface Table {
  readonly number: number;
  readonly level: number;
  readonly bytes: number;
  readonly lo: number;
  readonly hi: number;
  readonly seqLo: number;
  readonly seqHi: number;
  readonly entries: number;
  readonly deletions: number;
  readonly createdAt: number;
  life: number;
}

interface Event {
  readonly kind: number;
  readonly flags: number;
  readonly why: string;
  readonly at: number;
  readonly micros: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly added: readonly Table[];
  /** Lives. */
  readonly removed: readonly number[];
}

/** What is known of one family: all of its events, of which the first `shown` have happened. */
export interface History {
  readonly events: readonly Event[];
  /** Sorted distinct boundary keys; a position is an index of them. */
  readonly keys: Float64Array;
  readonly stalls: readonly Stall[];
  readonly startsHere: boolean;
  shown: number;
  epoch: number;
}

export const keyBytes = (n: number): Uint8Array => new TextEncoder().encode(`user:${String(n).padStart(10, '0')}`);

/** First index of `list` whose table reaches to `key` or beyond. */
function firstReaching(list: readonly Table[], key: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Table).hi < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Shape {
  readonly flushBytes: number;
  readonly tableBytes: number;
  readonly l1Bytes: number;
  readonly ratio: number;
  readonly levels: number;
}

class Store {
  readonly events: Event[] = [];
  readonly stalls: Stall[] = [];
  readonly #shape: Shape;
  readonly #levels: Table[][];
  #number = 7;
  #lives = 0;
  #seq = 1;
  #clock = BEGIN;
  #dice = 1;
  #turn: number[] = [];

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#levels = Array.from({ length: shape.levels }, () => []);
  }

  random(): number {
    return scramble(this.#dice++) / 2 ** 32;
  }

  table(level: number, lo: number, hi: number, bytes: number, deletionShare: number): Table {
    const entries = Math.max(1, Math.round(bytes / 110));
    return {
      number: this.#number++,
      level,
      bytes: Math.round(bytes),
      lo: Math.floor(lo),
      hi: Math.floor(Math.max(lo, hi)),
      seqLo: this.#seq,
      seqHi: this.#seq + entries,
      entries,
      deletions: Math.round(entries * deletionShare),
      createdAt: this.#clock,
      life: -1,
    };
  }

  #emit(
    kind: (typeof EVENT_KINDS)[number],
    why: string,
    removed: readonly Table[],
    added: readonly Table[],
    io: { read: number; written: number; flags?: number },
  ): void {
    const micros = Math.round(40_000 + (io.read + io.written) / 180);
    this.#clock += micros + Math.round(this.random() * 4_000_000);
    for (const t of removed) {
      const list = this.#levels[t.level] as Table[];
      list.splice(list.indexOf(t, t.level === 0 ? 0 : firstReaching(list, t.lo)), 1);
    }
    for (const t of added) {
      t.life = this.#lives++;
      const list = this.#levels[t.level] as Table[];
      if (t.level === 0) list.unshift(t);
      else list.splice(firstReaching(list, t.lo), 0, t);
    }
    // One in eleven has lost its line of the log.
    const untimed = this.events.length % 11 === 7;
    const records = (list: readonly Table[]): number => list.reduce((n, t) => n + t.entries, 0);
    const known = !untimed && io.read + io.written > 0;
    this.events.push({
      kind: EVENT_KINDS.indexOf(kind),
      flags: (untimed ? FLAG_INFERRED : 0) | (io.flags ?? 0),
      why: untimed ? '' : why,
      at: untimed ? Number.NaN : this.#clock,
      micros: known ? micros : Number.NaN,
      readBytes: known ? io.read : Number.NaN,
      writtenBytes: known ? io.written : Number.NaN,
      recordsIn: known && removed.length > 0 ? records(removed) : Number.NaN,
      recordsOut: known ? records(added) : Number.NaN,
      added,
      removed: removed.map((t) => t.life),
    });
  }

  start(tables: number): void {
    const added: Table[] = [];
    const deepest = this.#shape.levels - 1;
    for (let i = 0; i < tables; i++) {
      const level = i < tables * 0.02 ? 1 : i < tables * 0.15 ? 2 : Math.min(3, deepest);
      const from = level === 1 ? 0 : level === 2 ? Math.ceil(tables * 0.02) : Math.ceil(tables * 0.15);
      const to = level === 1 ? tables * 0.02 : level === 2 ? tables * 0.15 : tables;
      const span = KEYS / Math.max(1, Math.ceil(to) - from);
      const lo = (i - from) * span;
      this.#seq += 400;
      added.push(this.table(level, lo, lo + span * 0.96, this.#shape.tableBytes * (0.5 + this.random() / 2), 0.02));
    }
    this.#emit('unknown', '', [], added, { read: 0, written: 0, flags: FLAG_START | FLAG_INFERRED });
  }

  ingest(count: number, level: number, part: number, parts: number): void {
    const width = KEYS / parts;
    const span = width / count;
    const added = Array.from({ length: count }, (_, i) =>
      this.table(
        level,
        part * width + i * span,
        part * width + (i + 0.97) * span,
        this.#shape.tableBytes * (0.6 + this.random() * 0.4),
        0,
      ),
    );
    const written = added.reduce((n, t) => n + t.bytes, 0);
    this.#emit('ingest', 'ExternalSstFile', [], added, { read: 0, written });
  }

  flush(): void {
    const bytes = this.#shape.flushBytes * (0.7 + this.random() * 0.5);
    const middle = this.random();
    const width = 0.25 + this.random() * 0.7;
    const lo = Math.max(0, middle - width / 2) * KEYS + this.random() * 1000;
    const hi = Math.min(1, middle + width / 2) * KEYS - this.random() * 1000;
    const t = this.table(0, lo, hi, bytes, 0.02 + 0.25 * this.random() ** 3);
    this.#seq += t.entries + 1;
    this.#emit('flush', this.random() < 0.9 ? 'Write Buffer Full' : 'Manual Flush', [], [t], {
      read: 0,
      written: t.bytes,
    });
  }

  /** One compaction of the level that needs it most; false if none does. */
  compact(l0Trigger: number): boolean {
    const { l1Bytes, ratio, levels } = this.#shape;
    const l0 = this.#levels[0] as Table[];
    if (l0.length >= l0Trigger) {
      if (l0.length >= l0Trigger * 3) {
        const why = 'too many L0 files';
        this.stalls.push({ from: this.#clock - 2_500_000, to: this.#clock, kind: 'slowdown', why });
      }
      this.#merge([...l0], 'LevelL0FilesNum');
      return true;
    }
    for (let level = 1; level + 1 < levels; level++) {
      const list = this.#levels[level] as Table[];
      const bytes = list.reduce((n, t) => n + t.bytes, 0);
      if (bytes <= l1Bytes * ratio ** (level - 1)) continue;
      const at = (this.#turn[level] ?? 0) % list.length;
      this.#turn[level] = at + 1;
      this.#merge([list[at] as Table], 'LevelMaxLevelSize');
      return true;
    }
    return false;
  }

  #merge(upper: readonly Table[], why: string): void {
    const level = (upper[0] as Table).level;
    const lo = Math.min(...upper.map((t) => t.lo));
    const hi = Math.max(...upper.map((t) => t.hi));
    const below = this.#levels[level + 1] as Table[];
    const lower: Table[] = [];
    for (let i = firstReaching(below, lo); i < below.length && (below[i] as Table).lo <= hi; i++) {
      lower.push(below[i] as Table);
    }
    if (lower.length === 0 && upper.length === 1) {
      const t = upper[0] as Table;
      this.#emit('move', why, [t], [{ ...t, level: level + 1 }], { read: 0, written: 0 });
      return;
    }
    const inputs = [...upper, ...lower];
    const read = inputs.reduce((n, t) => n + t.bytes, 0);
    const from = Math.min(lo, ...lower.map((t) => t.lo));
    const to = Math.max(hi, ...lower.map((t) => t.hi));
    const total = read * (0.9 + 0.08 * this.random());
    const count = Math.max(1, Math.round(total / this.#shape.tableBytes));
    const span = (to - from) / count;
    const outputs = Array.from({ length: count }, (_, i) => {
      const end = i === count - 1 ? to : from + (i + 1) * span - 1;
      return this.table(level + 1, from + i * span, end, (total / count) * (0.8 + 0.4 * this.random()), 0.01);
    });
    const written = outputs.reduce((n, t) => n + t.bytes, 0);
    this.#emit('compaction', why, inputs, outputs, { read, written });
  }

  drop(from: number, to: number): void {
    const gone = this.#levels
      .slice(1)
      .flat()
      .filter((t) => t.lo >= from * KEYS && t.hi <= to * KEYS);
    if (gone.length > 0) this.#emit('drop', 'DeleteFilesInRange', gone, [], { read: 0, written: 0 });
  }

  stop(): void {
    this.stalls.push({
      from: this.#clock,
      to: this.#clock + 9_000_000,
      kind: 'stop',
      why: 'waiting for a memtable to be flushed',
    });
    this.#clock += 9_000_000;
  }

  run(events: number): void {
    let since = 0;
    while (this.events.length < events) {
      const n = this.events.length;
      if (n % 151 === 140) this.drop(0.6, 0.68);
      if (n % 170 === 100) this.stop();
      const lag = n % 90 > 70 ? 13 : 4;
      if (since > 0 && this.compact(lag)) since--;
      else {
        this.flush();
        since = 3;
      }
    }
    this.events.length = events;
  }

  history(startsHere: boolean, shown = this.events.length): History {
    const keys = new Set<number>();
    for (const e of this.events) {
      for (const t of e.added) {
        keys.add(t.lo);
        keys.add(t.hi);
      }
    }
    return {
      events: this.events,
      keys: Float64Array.from(keys).sort(),
      stalls: this.stalls,
      startsHere,
      shown,
      epoch: 1,
    };
  }
}

export function makeHistory(name: HistoryName): History {
  const shape = { flushBytes: 16 * MB, tableBytes: 16 * MB, l1Bytes: 64 * MB, ratio: 4, levels: 5 };
  const store = new Store(name === 'huge' ? { ...shape, l1Bytes: 256 * MB, ratio: 10, levels: 6 } : shape);
  if (name === 'small') store.run(12);
  else if (name === 'typical') store.run(400);
  else if (name === 'long') store.run(9000);
  else if (name === 'live') {
    store.run(260);
    return store.history(false, 200);
  } else if (name === 'start') {
    store.start(300);
    store.run(120);
    return store.history(true);
  } else if (name === 'huge') {
    for (let i = 0; i < 100; i++) store.ingest(190, 5, i, 100);
    store.run(100_000);
  }
  return store.history(false);
}

export function infoOf(h: History, family: number, familyName: string): TimelineInfo {
  const events = h.events.slice(0, h.shown);
  return {
    family,
    familyName,
    epoch: h.epoch,
    events: h.shown,
    lives: events.reduce((n, e) => n + e.added.length, 0),
    firstPosition: 0,
    lastPosition: h.keys.length - 1,
    manifest: 'MANIFEST-000187',
    startsHere: h.startsHere,
    timedEvents: events.filter((e) => !Number.isNaN(e.at)).length,
    stalls: h.stalls,
    comparator: 'leveldb.BytewiseComparator',
  };
}

/** Index of `key`, or that of the last key before it and a half. */
export function positionOf(h: History, key: number): { readonly position: number; readonly exact: boolean } {
  let low = 0;
  let high = h.keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((h.keys[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return h.keys[low] === key ? { position: low, exact: true } : { position: low - 0.5, exact: false };
}

export function chunkOf(h: History, from: number, asked: number): TimelineChunk {
  const events = h.events.slice(from, Math.min(h.shown, from + asked));
  const added = events.flatMap((e) => e.added);
  const removed = events.flatMap((e) => e.removed);
  let life = 0;
  for (let i = 0; i < from; i++) life += (h.events[i] as Event).added.length;
  const starts = (of: (e: Event) => number, first: number): Uint32Array => {
    const out = new Uint32Array(events.length + 1);
    let at = first;
    events.forEach((e, i) => {
      out[i] = at;
      at += of(e);
    });
    out[events.length] = at;
    return out;
  };
  const reasons = ['', ...new Set(events.map((e) => e.why).filter((w) => w !== ''))];
  const floats = <T>(list: readonly T[], of: (item: T) => number): Float64Array => Float64Array.from(list, of);
  return {
    epoch: h.epoch,
    from,
    count: events.length,
    kind: Uint8Array.from(events, (e) => e.kind),
    flags: Uint8Array.from(events, (e) => e.flags),
    why: Uint16Array.from(events, (e) => reasons.indexOf(e.why)),
    at: floats(events, (e) => e.at),
    micros: floats(events, (e) => e.micros),
    readBytes: floats(events, (e) => e.readBytes),
    writtenBytes: floats(events, (e) => e.writtenBytes),
    recordsIn: floats(events, (e) => e.recordsIn),
    recordsOut: floats(events, (e) => e.recordsOut),
    addedStart: starts((e) => e.added.length, life),
    removedStart: starts((e) => e.removed.length, 0),
    removed: Uint32Array.from(removed),
    number: floats(added, (t) => t.number),
    level: Uint8Array.from(added, (t) => t.level),
    bytes: floats(added, (t) => t.bytes),
    smallest: floats(added, (t) => positionOf(h, t.lo).position),
    largest: floats(added, (t) => positionOf(h, t.hi).position),
    smallestSeq: floats(added, (t) => t.seqLo),
    largestSeq: floats(added, (t) => t.seqHi),
    entries: floats(added, (t) => t.entries),
    deletions: floats(added, (t) => t.deletions),
    rawBytes: floats(added, (t) => t.bytes * (1.6 + (t.number % 7) / 5)),
    filterBytes: floats(added, (t) => t.entries * 1.25),
    createdAt: floats(added, (t) => t.createdAt),
    reasons,
  };
}
