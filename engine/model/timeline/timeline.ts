/**
 * A family's history held whole, and the tree as it stood after any of its events.
 *
 * `Timeline` grows by chunks; `TreeAt` is a place in it that moves. A short move applies the events in between,
 * one by one. A long one starts from a keyframe: the levels as they stood at a point of a grid whose points are
 * about as many changes apart as the tree has tables, so that restoring one and walking on cost about the same.
 * A keyframe is made when it is first wanted, by picking the lives of that moment out of all of them.
 */
import { StoreError } from '../../base/errors.ts';
import type { TimelineChunk } from './columns.ts';
import { grown } from './grow.ts';

/** `died` of a life that has not ended. */
export const NEVER = 0xffff_ffff;

/** Changes of lives between the points of the grid. */
const GRID_CHANGES = 4096;
/** Keyframes hold at most this many lives in all; above that, the oldest one is made again when it is wanted. */
const KEYFRAME_LIVES_MAX = 8_000_000;

/** A position times this many, and a place among them, are exact as one number. */
const PLACES = 2 ** 20;
const POSITION_MAX = 2 ** 32;

interface Keyframe {
  readonly at: number;
  readonly lives: number;
  readonly levels: readonly Uint32Array[];
}

const EVENT_FLOATS = ['at', 'micros', 'readBytes', 'writtenBytes', 'recordsIn', 'recordsOut'] as const;
const LIFE_FLOATS = [
  'number',
  'bytes',
  'smallest',
  'largest',
  'smallestSeq',
  'largestSeq',
  'entries',
  'deletions',
  'rawBytes',
  'filterBytes',
  'createdAt',
] as const;
/** Of these, what may be told later. */
const NOTE_FLOATS = ['entries', 'deletions', 'rawBytes', 'filterBytes', 'createdAt'] as const;

/** Columns as in `TimelineChunk`, of all events and lives; longer than what they hold. */
export class Timeline {
  events = 0;
  lives = 0;

  kind = new Uint8Array(0);
  flags = new Uint8Array(0);
  /** Index in `reasons`. */
  why = new Uint32Array(0);
  at = new Float64Array(0);
  micros = new Float64Array(0);
  readBytes = new Float64Array(0);
  writtenBytes = new Float64Array(0);
  recordsIn = new Float64Array(0);
  recordsOut = new Float64Array(0);
  addedStart = new Uint32Array(1);
  removedStart = new Uint32Array(1);
  removed = new Uint32Array(0);

  number = new Float64Array(0);
  level = new Uint8Array(0);
  bytes = new Float64Array(0);
  smallest = new Float64Array(0);
  largest = new Float64Array(0);
  smallestSeq = new Float64Array(0);
  largestSeq = new Float64Array(0);
  entries = new Float64Array(0);
  deletions = new Float64Array(0);
  rawBytes = new Float64Array(0);
  filterBytes = new Float64Array(0);
  createdAt = new Float64Array(0);
  /** The event that brought a life. */
  born = new Uint32Array(0);
  /** The event that ended it; NEVER while it lives. */
  died = new Uint32Array(0);

  readonly reasons: string[] = [''];
  readonly #reasonOf = new Map<string, number>([['', 0]]);
  /** Points of the grid: numbers of events applied, ascending; the first is 0. */
  #grid = new Uint32Array(64);
  #points = 1;
  /** By point, least recently used first. */
  readonly #keyframes = new Map<number, Keyframe>();
  #kept = 0;
  /** Room for the making of keyframes. */
  #live = new Uint32Array(0);

  /** Makes room for a history whose size is known beforehand, so that it is not copied as it grows. */
  reserve(events: number, lives: number): void {
    for (const name of EVENT_FLOATS) this[name] = grown(this[name], events);
    for (const name of LIFE_FLOATS) this[name] = grown(this[name], lives);
    this.kind = grown(this.kind, events);
    this.flags = grown(this.flags, events);
    this.why = grown(this.why, events);
    this.addedStart = grown(this.addedStart, events + 1);
    this.removedStart = grown(this.removedStart, events + 1);
    this.removed = grown(this.removed, lives);
    this.level = grown(this.level, lives);
    this.born = grown(this.born, lives);
    this.died = grown(this.died, lives);
  }

  /** Adds the events that follow. Throws INPUT for a chunk that does not begin where this ends or is malformed. */
  append(chunk: TimelineChunk): void {
    if (chunk.from !== this.events) {
      throw new StoreError('INPUT', `events from ${chunk.from} do not follow on ${this.events}`);
    }
    const firstLife = chunk.addedStart[0] ?? this.lives;
    const lastLife = chunk.addedStart[chunk.count] ?? firstLife;
    if (firstLife !== this.lives || lastLife - firstLife !== chunk.number.length) {
      throw new StoreError('INPUT', `lives from ${firstLife} do not follow on ${this.lives}`);
    }
    checkChunk(chunk, lastLife);
    this.#appendEvents(chunk);
    this.#appendLives(chunk, lastLife);
    for (let i = 0; i < chunk.count; i++) {
      const e = this.events++;
      const end = this.addedStart[e + 1] as number;
      for (let life = this.addedStart[e] as number; life < end; life++) this.born[life] = e;
      const goneEnd = this.removedStart[e + 1] as number;
      for (let k = this.removedStart[e] as number; k < goneEnd; k++) this.died[this.removed[k] as number] = e;
      if (this.changes(this.#grid[this.#points - 1] as number, this.events) >= GRID_CHANGES) {
        this.#grid = grown(this.#grid, this.#points + 1);
        this.#grid[this.#points++] = this.events;
      }
    }
  }

  /**
   * Takes over what has become known since of events that are here: their kinds, times, reasons and costs, and
   * the contents of their tables. Throws INPUT for events that are not here, or another history.
   */
  revise(chunk: TimelineChunk): void {
    const to = chunk.from + chunk.count;
    if (to > this.events) throw new StoreError('INPUT', `there are ${this.events} events, not ${to}`);
    const life = chunk.addedStart[0] ?? this.lives;
    if (life !== this.addedStart[chunk.from] || life + chunk.number.length !== this.addedStart[to]) {
      throw new StoreError('INPUT', 'these events are of another history');
    }
    this.kind.set(chunk.kind.subarray(0, chunk.count), chunk.from);
    this.flags.set(chunk.flags.subarray(0, chunk.count), chunk.from);
    for (const name of EVENT_FLOATS) this[name].set(chunk[name].subarray(0, chunk.count), chunk.from);
    this.#setReasons(chunk);
    for (const name of NOTE_FLOATS) this[name].set(chunk[name], life);
  }

  reason(event: number): string {
    return this.reasons[this.why[event] as number] ?? '';
  }

  isLive(life: number, at: number): boolean {
    return (this.born[life] as number) < at && (this.died[life] as number) >= at;
  }

  /** Lives that the events [from, to) begin and end. */
  changes(from: number, to: number): number {
    const added = (this.addedStart[to] as number) - (this.addedStart[from] as number);
    return added + (this.removedStart[to] as number) - (this.removedStart[from] as number);
  }

  /** The point of the grid from which the fewest changes lead to `at`. */
  nearestPoint(at: number): number {
    let low = 0;
    let high = this.#points;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#grid[middle] as number) <= at) low = middle;
      else high = middle;
    }
    const before = this.#grid[low] as number;
    if (low + 1 === this.#points) return before;
    const after = this.#grid[low + 1] as number;
    return this.changes(at, after) < this.changes(before, at) ? after : before;
  }

  /** The levels after the first `at` events, in their order. */
  keyframe(at: number): Keyframe {
    let keyframe = this.#keyframes.get(at);
    if (keyframe === undefined) {
      keyframe = this.#makeKeyframe(at);
      this.#kept += keyframe.lives;
      for (const [old, { lives }] of this.#keyframes) {
        if (this.#kept <= KEYFRAME_LIVES_MAX) break;
        this.#keyframes.delete(old);
        this.#kept -= lives;
      }
    } else this.#keyframes.delete(at);
    this.#keyframes.set(at, keyframe);
    return keyframe;
  }

  /**
   * Order of two lives on one level: L0 newest first, deeper levels by smallest key. Total and consistent for
   * the lives of one level.
   */
  compare(a: number, b: number): number {
    if (this.level[a] === 0) {
      const newer = sequence(this.largestSeq[b] as number) - sequence(this.largestSeq[a] as number);
      if (newer !== 0) return newer;
      const later = (this.number[b] as number) - (this.number[a] as number);
      return later !== 0 ? later : b - a;
    }
    const further = (this.smallest[a] as number) - (this.smallest[b] as number);
    return further !== 0 ? further : a - b;
  }

  #makeKeyframe(at: number): Keyframe {
    // Lives are numbered by birth, so the first ones are those that were born by then.
    const born = this.addedStart[at] as number;
    const { died, level } = this;
    let live = this.#live;
    let lives = 0;
    const counts: number[] = [];
    for (let life = 0; life < born; life++) {
      if ((died[life] as number) < at) continue;
      if (lives === live.length) live = grown(live, lives + 1);
      live[lives++] = life;
      const l = level[life] as number;
      while (counts.length <= l) counts.push(0);
      counts[l] = (counts[l] as number) + 1;
    }
    this.#live = live;
    const levels = counts.map((n) => new Uint32Array(n));
    const filled = counts.map(() => 0);
    for (let i = 0; i < lives; i++) {
      const life = live[i] as number;
      const l = level[life] as number;
      const n = filled[l] as number;
      (levels[l] as Uint32Array)[n] = life;
      filled[l] = n + 1;
    }
    return { at, lives, levels: levels.map((of, l) => this.#sorted(of, l)) };
  }

  /**
   * Lives of one level, given by birth, in the order of `compare`. Below L0 position and place are put into one
   * number where they fit, since numbers alone are sorted many times faster.
   */
  #sorted(lives: Uint32Array, level: number): Uint32Array {
    const { smallest } = this;
    let fits = level > 0 && lives.length < PLACES;
    const numbers = new Float64Array(fits ? lives.length : 0);
    for (let i = 0; fits && i < lives.length; i++) {
      const position = smallest[lives[i] as number] as number;
      fits = Number.isInteger(position) && Math.abs(position) < POSITION_MAX;
      numbers[i] = position * PLACES + i;
    }
    if (!fits) return lives.sort((a, b) => this.compare(a, b));
    numbers.sort();
    return Uint32Array.from(numbers, (n) => lives[n - Math.floor(n / PLACES) * PLACES] as number);
  }

  #appendEvents(chunk: TimelineChunk): void {
    const events = this.events + chunk.count;
    for (const name of EVENT_FLOATS) {
      this[name] = grown(this[name], events);
      this[name].set(chunk[name].subarray(0, chunk.count), this.events);
    }
    this.kind = grown(this.kind, events);
    this.kind.set(chunk.kind.subarray(0, chunk.count), this.events);
    this.flags = grown(this.flags, events);
    this.flags.set(chunk.flags.subarray(0, chunk.count), this.events);
    this.why = grown(this.why, events);
    this.#setReasons(chunk);
    this.addedStart = grown(this.addedStart, events + 1);
    this.addedStart.set(chunk.addedStart.subarray(0, chunk.count + 1), this.events);
    const base = this.removedStart[this.events] as number;
    const removed = chunk.removedStart[chunk.count] ?? 0;
    this.removed = grown(this.removed, base + removed);
    this.removed.set(chunk.removed.subarray(0, removed), base);
    this.removedStart = grown(this.removedStart, events + 1);
    for (let i = 0; i <= chunk.count; i++) {
      this.removedStart[this.events + i] = base + (chunk.removedStart[i] as number);
    }
  }

  #appendLives(chunk: TimelineChunk, lives: number): void {
    for (const name of LIFE_FLOATS) {
      this[name] = grown(this[name], lives);
      this[name].set(chunk[name], this.lives);
    }
    this.level = grown(this.level, lives);
    this.level.set(chunk.level, this.lives);
    this.born = grown(this.born, lives);
    this.died = grown(this.died, lives);
    this.died.fill(NEVER, this.lives, lives);
    this.lives = lives;
  }

  #setReasons(chunk: TimelineChunk): void {
    const reasons = chunk.reasons.map((text) => this.#reason(text));
    for (let i = 0; i < chunk.count; i++) this.why[chunk.from + i] = reasons[chunk.why[i] as number] ?? 0;
  }

  #reason(text: string): number {
    let index = this.#reasonOf.get(text);
    if (index === undefined) {
      index = this.reasons.length;
      this.reasons.push(text);
      this.#reasonOf.set(text, index);
    }
    return index;
  }
}

/** Lives of one level in its order; insertion and removal move what is behind. */
class LevelLives {
  #lives = new Uint32Array(16);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get lives(): Uint32Array {
    return this.#lives.subarray(0, this.#count);
  }

  set(lives: Uint32Array): void {
    if (this.#lives.length < lives.length) this.#lives = new Uint32Array(2 * lives.length);
    this.#lives.set(lives);
    this.#count = lives.length;
  }

  insert(at: number, life: number): void {
    this.#lives = grown(this.#lives, this.#count + 1);
    this.#lives.copyWithin(at + 1, at, this.#count);
    this.#lives[at] = life;
    this.#count++;
  }

  removeAt(at: number): void {
    this.#lives.copyWithin(at, at + 1, this.#count);
    this.#count--;
  }

  get(i: number): number {
    return this.#lives[i] as number;
  }
}

/** The tree after the first `at` events. L0 stands newest first, deeper levels by smallest key. */
export class TreeAt {
  readonly timeline: Timeline;
  #at = 0;
  #count = 0;
  readonly #levels: LevelLives[] = [];

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  /** Events applied. */
  get at(): number {
    return this.#at;
  }

  /** Live tables. */
  get count(): number {
    return this.#count;
  }

  /** One more than the deepest level that ever held a table here; levels may be empty. */
  get levels(): number {
    return this.#levels.length;
  }

  /** Lives of a level in its order; good until the next move. */
  lives(level: number): Uint32Array {
    return this.#levels[level]?.lives ?? new Uint32Array(0);
  }

  /** Moves to after the first `at` events; beyond the ends to the end. */
  seek(at: number): void {
    const t = this.timeline;
    const target = Math.max(0, Math.min(t.events, Math.floor(at)));
    if (target === this.#at) return;
    const walk = target > this.#at ? t.changes(this.#at, target) : t.changes(target, this.#at);
    const point = t.nearestPoint(target);
    // A keyframe that has yet to be made costs a look at every life.
    const detour = GRID_CHANGES + (point < target ? t.changes(point, target) : t.changes(target, point));
    if (walk > detour) this.#restore(t.keyframe(point));
    while (this.#at < target) this.#forward(this.#at++);
    while (this.#at > target) this.#back(--this.#at);
  }

  #restore(keyframe: Keyframe): void {
    this.#at = keyframe.at;
    this.#count = 0;
    const levels = Math.max(this.#levels.length, keyframe.levels.length);
    for (let level = 0; level < levels; level++) {
      const lives = keyframe.levels[level] ?? new Uint32Array(0);
      this.#level(level).set(lives);
      this.#count += lives.length;
    }
  }

  #forward(e: number): void {
    const t = this.timeline;
    for (let k = t.removedStart[e] as number; k < (t.removedStart[e + 1] as number); k++)
      this.#remove(t.removed[k] as number);
    for (let life = t.addedStart[e] as number; life < (t.addedStart[e + 1] as number); life++) this.#insert(life);
  }

  #back(e: number): void {
    const t = this.timeline;
    for (let life = t.addedStart[e] as number; life < (t.addedStart[e + 1] as number); life++) this.#remove(life);
    for (let k = t.removedStart[e] as number; k < (t.removedStart[e + 1] as number); k++)
      this.#insert(t.removed[k] as number);
  }

  #level(level: number): LevelLives {
    while (this.#levels.length <= level) this.#levels.push(new LevelLives());
    return this.#levels[level] as LevelLives;
  }

  #insert(life: number): void {
    const level = this.#level(this.timeline.level[life] as number);
    level.insert(this.#placeOf(level, life), life);
    this.#count++;
  }

  #remove(life: number): void {
    const level = this.#level(this.timeline.level[life] as number);
    const at = this.#placeOf(level, life);
    if (at >= level.count || level.get(at) !== life) return;
    level.removeAt(at);
    this.#count--;
  }

  /** First place whose life is not before `life`. */
  #placeOf(level: LevelLives, life: number): number {
    let low = 0;
    let high = level.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeline.compare(level.get(middle), life) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where nobody tells sequence numbers, file numbers decide; told ones are newer. */
function sequence(n: number): number {
  return Number.isNaN(n) ? -1 : n;
}

/** Throws INPUT for offsets that would lead out of the columns. */
function checkChunk(chunk: TimelineChunk, lives: number): void {
  let good = chunk.addedStart.length > chunk.count && chunk.removedStart.length > chunk.count;
  for (let i = 0; good && i < chunk.count; i++) {
    good =
      (chunk.addedStart[i] as number) <= (chunk.addedStart[i + 1] as number) &&
      (chunk.removedStart[i] as number) <= (chunk.removedStart[i + 1] as number);
  }
  const removed = chunk.removedStart[chunk.count] ?? 0;
  good &&= removed <= chunk.removed.length;
  for (let k = 0; good && k < removed; k++) good = (chunk.removed[k] as number) < lives;
  if (!good) throw new StoreError('INPUT', 'a malformed piece of a timeline');
}
