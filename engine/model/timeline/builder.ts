/**
 * From events to columns (columns.ts): one family's history as it is put together, event by event, and handed
 * out in chunks. No object is kept for a table or an event; what is live is known by file number.
 *
 * What an event did to the tree never changes once it is here. What it cost, when it was and why may be told
 * later, as logs are written after the fact: `explain` and `describe` overwrite that.
 */
import type { PlacedTable, TableId, TreeEvent } from '../events.ts';
import type { Bound } from '../tree.ts';
import { EVENT_KINDS, FLAG_INFERRED, FLAG_LIVE, FLAG_SIMULATED, FLAG_START, type TimelineChunk } from './columns.ts';
import { grown } from './grow.ts';
import { KeySpace, type SpaceOrder } from './keySpace.ts';

/** What an event cost, where somebody tells; NaN where nobody does. */
export interface EventFacts {
  /** Microseconds since the epoch. */
  readonly finishedAt: number;
  readonly micros: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
}

/** What is known of a table beside what an event says of it; NaN where nobody tells. */
export interface TableNote {
  readonly entries: number;
  readonly deletions: number;
  readonly rawBytes: number;
  readonly filterBytes: number;
  /** Epoch microseconds. */
  readonly createdAt: number;
}

const EVENT_FLOATS = ['at', 'micros', 'readBytes', 'writtenBytes', 'recordsIn', 'recordsOut'] as const;
const LIFE_FLOATS = ['number', 'bytes', 'smallestSeq', 'largestSeq'] as const;
const NOTE_FLOATS = ['entries', 'deletions', 'rawBytes', 'filterBytes', 'createdAt'] as const;

type EventColumns = Record<(typeof EVENT_FLOATS)[number], Float64Array>;
type LifeColumns = Record<(typeof LIFE_FLOATS)[number] | (typeof NOTE_FLOATS)[number], Float64Array>;

const none = (): Float64Array => new Float64Array(0);

export class HistoryBuilder {
  events = 0;
  lives = 0;
  /** Events whose time is known. */
  timedEvents = 0;
  readonly keys: KeySpace;

  #kind = new Uint8Array(0);
  #flags = new Uint8Array(0);
  #why = new Uint32Array(0);
  readonly #event: EventColumns = {
    at: none(),
    micros: none(),
    readBytes: none(),
    writtenBytes: none(),
    recordsIn: none(),
    recordsOut: none(),
  };
  #addedStart = new Uint32Array(64);
  #removedStart = new Uint32Array(64);
  #removed = new Uint32Array(0);

  #level = new Uint8Array(0);
  #smallest = new Uint32Array(0);
  #largest = new Uint32Array(0);
  readonly #life: LifeColumns = {
    number: none(),
    bytes: none(),
    smallestSeq: none(),
    largestSeq: none(),
    entries: none(),
    deletions: none(),
    rawBytes: none(),
    filterBytes: none(),
    createdAt: none(),
  };
  /** Live tables: file number to life. */
  readonly #live = new Map<number, number>();
  readonly #reasons: string[] = [''];
  readonly #reasonOf = new Map<string, number>([['', 0]]);

  constructor(order: SpaceOrder) {
    this.keys = new KeySpace(order);
  }

  /** Lives that are not over. */
  get live(): number {
    return this.#live.size;
  }

  /** The first event is the tables with which a MANIFEST begins. */
  get startsHere(): boolean {
    return this.events > 0 && ((this.#flags[0] as number) & FLAG_START) !== 0;
  }

  /** Adds the next event and returns its index. `start`: it is the state with which the history begins. */
  append(event: TreeEvent, start: boolean, facts?: EventFacts): number {
    const e = this.events++;
    if (e === this.#kind.length) this.#growEvents();
    this.#addedStart[e] = this.lives;
    let removed = this.#removedStart[e] as number;
    for (const { number } of event.removed) removed = this.#end(number, removed);
    const firstLife = this.lives;
    for (const table of event.added) {
      let life = this.#live.get(table.number);
      // Named twice in one event: the last word counts.
      if (life === undefined || life < firstLife) {
        removed = this.#end(table.number, removed);
        life = this.#newLife();
        this.#live.set(table.number, life);
      }
      this.#level[life] = Math.min(table.level, 255);
      this.#smallest[life] = this.#keyOf(table.smallest);
      this.#largest[life] = this.#keyOf(table.largest);
      this.#life.number[life] = table.number;
      this.#life.bytes[life] = table.bytes;
      this.#life.smallestSeq[life] = table.smallestSeq ?? Number.NaN;
      this.#life.largestSeq[life] = table.largestSeq ?? Number.NaN;
      this.#life.createdAt[life] = table.createdAt ?? Number.NaN;
    }
    this.#addedStart[e + 1] = this.lives;
    this.#removedStart[e + 1] = removed;
    this.explain(e, event, start, facts);
    return e;
  }

  /** What is known of event `e` by now. Where `facts` tell nothing, sizes of tables tell what was read and written. */
  explain(e: number, event: TreeEvent, start: boolean, facts: EventFacts | undefined): void {
    this.#kind[e] = EVENT_KINDS.indexOf(event.kind);
    this.#flags[e] =
      (event.inferred ? FLAG_INFERRED : 0) |
      (start ? FLAG_START : 0) |
      (event.source === 'live' ? FLAG_LIVE : event.source === 'simulated' ? FLAG_SIMULATED : 0);
    this.#why[e] = this.#reason(event.why ?? '');
    const { at, micros, readBytes, writtenBytes, recordsIn, recordsOut } = this.#event;
    if (!Number.isNaN(at[e])) this.timedEvents--;
    at[e] = known(facts?.finishedAt) ?? event.at ?? Number.NaN;
    if (!Number.isNaN(at[e])) this.timedEvents++;
    micros[e] = facts?.micros ?? Number.NaN;
    recordsIn[e] = facts?.recordsIn ?? Number.NaN;
    recordsOut[e] = facts?.recordsOut ?? Number.NaN;
    const io = event.io ?? ioOf(event);
    readBytes[e] = known(facts?.readBytes) ?? io?.readBytes ?? Number.NaN;
    writtenBytes[e] = known(facts?.writtenBytes) ?? io?.writtenBytes ?? Number.NaN;
  }

  /** The tables that event `e` took and brought, without their bounds. */
  tables(e: number): { readonly removed: readonly TableId[]; readonly added: readonly PlacedTable[] } {
    const of = (life: number): PlacedTable => {
      const { number, bytes, createdAt } = this.#life;
      const table = {
        number: number[life] as number,
        level: this.#level[life] as number,
        bytes: bytes[life] as number,
      };
      const at = createdAt[life] as number;
      return Number.isNaN(at) ? table : { ...table, createdAt: at };
    };
    const removed: TableId[] = [];
    for (let k = this.#removedStart[e] as number; k < (this.#removedStart[e + 1] as number); k++) {
      removed.push(of(this.#removed[k] as number));
    }
    const added: PlacedTable[] = [];
    this.eachLife(e, (life) => added.push(of(life)));
    return { removed, added };
  }

  /** File numbers of the tables that event `e` brought, for `describe`. */
  eachLife(e: number, tell: (life: number, number: number) => void): void {
    const end = this.#addedStart[e + 1] as number;
    for (let life = this.#addedStart[e] as number; life < end; life++) tell(life, this.#life.number[life] as number);
  }

  /** What is known of a table; NaN leaves what was known before. */
  describe(life: number, note: TableNote): void {
    for (const name of NOTE_FLOATS) if (!Number.isNaN(note[name])) this.#life[name][life] = note[name];
  }

  /** Events [from, from + count), which must have happened, and whose keys must be ranked. */
  chunk(epoch: number, from: number, count: number): TimelineChunk {
    const to = from + count;
    const life = this.#addedStart[from] as number;
    const lifeEnd = this.#addedStart[to] as number;
    const gone = this.#removedStart[from] as number;
    const goneEnd = this.#removedStart[to] as number;
    const removedStart = new Uint32Array(count + 1);
    for (let i = 0; i <= count; i++) removedStart[i] = (this.#removedStart[from + i] as number) - gone;
    const reasons: string[] = [''];
    const why = new Uint16Array(count);
    const local = new Map<number, number>([[0, 0]]);
    for (let i = 0; i < count; i++) {
      const reason = this.#why[from + i] as number;
      let index = local.get(reason);
      if (index === undefined) {
        index = reasons.length;
        reasons.push(this.#reasons[reason] as string);
        local.set(reason, index);
      }
      why[i] = index;
    }
    const event = (name: keyof EventColumns): Float64Array => this.#event[name].slice(from, to);
    const lives = (name: keyof LifeColumns): Float64Array => this.#life[name].slice(life, lifeEnd);
    return {
      epoch,
      from,
      count,
      kind: this.#kind.slice(from, to),
      flags: this.#flags.slice(from, to),
      why,
      at: event('at'),
      micros: event('micros'),
      readBytes: event('readBytes'),
      writtenBytes: event('writtenBytes'),
      recordsIn: event('recordsIn'),
      recordsOut: event('recordsOut'),
      addedStart: this.#addedStart.slice(from, to + 1),
      removedStart,
      removed: this.#removed.slice(gone, goneEnd),
      number: lives('number'),
      level: this.#level.slice(life, lifeEnd),
      bytes: lives('bytes'),
      smallest: this.#positionsOf(this.#smallest, life, lifeEnd),
      largest: this.#positionsOf(this.#largest, life, lifeEnd),
      smallestSeq: lives('smallestSeq'),
      largestSeq: lives('largestSeq'),
      entries: lives('entries'),
      deletions: lives('deletions'),
      rawBytes: lives('rawBytes'),
      filterBytes: lives('filterBytes'),
      createdAt: lives('createdAt'),
      reasons,
    };
  }

  #positionsOf(keys: Uint32Array, from: number, to: number): Float64Array {
    const positions = new Float64Array(to - from);
    for (let i = from; i < to; i++) positions[i - from] = this.keys.positionOf(keys[i] as number);
    return positions;
  }

  /** Ends the life of a table, if it has one; returns how many were ended so far. */
  #end(number: number, removed: number): number {
    const life = this.#live.get(number);
    if (life === undefined) return removed;
    this.#live.delete(number);
    this.#removed = grown(this.#removed, removed + 1);
    this.#removed[removed] = life;
    return removed + 1;
  }

  #newLife(): number {
    const life = this.lives++;
    if (life === this.#level.length) this.#growLives();
    return life;
  }

  #growEvents(): void {
    const { events } = this;
    this.#kind = grown(this.#kind, events);
    const length = this.#kind.length;
    this.#flags = grown(this.#flags, length);
    this.#why = grown(this.#why, length);
    this.#addedStart = grown(this.#addedStart, length + 1);
    this.#removedStart = grown(this.#removedStart, length + 1);
    for (const name of EVENT_FLOATS) this.#event[name] = grown(this.#event[name], length).fill(Number.NaN, events - 1);
  }

  #growLives(): void {
    const { lives } = this;
    this.#level = grown(this.#level, lives);
    const length = this.#level.length;
    this.#smallest = grown(this.#smallest, length);
    this.#largest = grown(this.#largest, length);
    for (const name of LIFE_FLOATS) this.#life[name] = grown(this.#life[name], length);
    for (const name of NOTE_FLOATS) this.#life[name] = grown(this.#life[name], length).fill(Number.NaN, lives - 1);
  }

  #keyOf(bound: Bound | undefined): number {
    return this.keys.add(bound?.key ?? NO_KEY);
  }

  #reason(text: string): number {
    let index = this.#reasonOf.get(text);
    if (index === undefined) {
      index = this.#reasons.length;
      this.#reasons.push(text);
      this.#reasonOf.set(text, index);
    }
    return index;
  }
}

const NO_KEY = new Uint8Array(0);

function known(n: number | undefined): number | undefined {
  return n === undefined || Number.isNaN(n) ? undefined : n;
}

/** By the sizes of the tables: a table that only changes its place is neither read nor written. */
function ioOf(event: TreeEvent): { readBytes: number; writtenBytes: number } | undefined {
  switch (event.kind) {
    case 'unknown':
      return undefined;
    case 'move':
    case 'drop':
      return { readBytes: 0, writtenBytes: 0 };
    default: {
      let readBytes = 0;
      let writtenBytes = 0;
      for (const t of event.removed) readBytes += t.bytes;
      for (const t of event.added) writtenBytes += t.bytes;
      const gone = new Set(event.removed.map((t) => t.number));
      for (const t of event.added) {
        if (!gone.has(t.number)) continue;
        readBytes -= t.bytes;
        writtenBytes -= t.bytes;
      }
      return { readBytes: event.kind === 'compaction' ? readBytes : 0, writtenBytes };
    }
  }
}
