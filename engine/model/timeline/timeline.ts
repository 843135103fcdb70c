/**
 * A family's history held whole, and the tree as it stood after any of its events.
 *
 * `Timeline` grows by chunks; `TreeAt` is a place in it that moves. A move applies the events in between, from
 * where it stands or from the nearest keyframe. Keyframes are taken so that the events between two of them touch
 * no more lives than a part of those that are live: restoring one and walking on cost about the same.
 */
import { StoreError } from '../../base/errors.ts';
import type { TimelineChunk } from './columns.ts';

/** `died` of a life that has not ended. */
export const NEVER = 0xffff_ffff;

/** Changes of lives between keyframes: this many, or a part of the live ones where that is more. */
const KEYFRAME_CHANGES = 512;
const KEYFRAME_PART = 8;

type Growing = Float64Array | Uint32Array | Uint8Array;

function grown<T extends Growing>(old: T, length: number): T {
  if (length <= old.length) return old;
  const next = new (old.constructor as new (n: number) => T)(Math.max(length, 2 * old.length, 64));
  next.set(old as never);
  return next;
}

interface Keyframe {
  readonly at: number;
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
  readonly #keyframes: Keyframe[] = [];
  readonly #head: TreeAt;
  #changes = 0;

  constructor() {
    this.#head = new TreeAt(this);
    this.#keyframes.push(this.#head.keyframe());
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
    this.#appendEvents(chunk);
    this.#appendLives(chunk, lastLife);
    for (let i = 0; i < chunk.count; i++) {
      const e = this.events++;
      for (let life = this.addedStart[e] as number; life < (this.addedStart[e + 1] as number); life++)
        this.born[life] = e;
      for (let k = this.removedStart[e] as number; k < (this.removedStart[e + 1] as number); k++) {
        this.died[this.removed[k] as number] = e;
      }
      this.#head.seek(this.events);
      this.#changes += this.#changesOf(e);
      if (this.#changes >= Math.max(KEYFRAME_CHANGES, this.#head.count / KEYFRAME_PART)) {
        this.#keyframes.push(this.#head.keyframe());
        this.#changes = 0;
      }
    }
  }

  reason(event: number): string {
    return this.reasons[this.why[event] as number] ?? '';
  }

  isLive(life: number, at: number): boolean {
    return (this.born[life] as number) < at && (this.died[life] as number) >= at;
  }

  /** The keyframe nearest to `at` by events. */
  nearestKeyframe(at: number): Keyframe {
    let low = 0;
    let high = this.#keyframes.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#keyframes[middle] as Keyframe).at <= at) low = middle;
      else high = middle;
    }
    const before = this.#keyframes[low] as Keyframe;
    const after = this.#keyframes[low + 1];
    return after !== undefined && after.at - at < at - before.at ? after : before;
  }

  #changesOf(e: number): number {
    const added = (this.addedStart[e + 1] as number) - (this.addedStart[e] as number);
    return added + (this.removedStart[e + 1] as number) - (this.removedStart[e] as number);
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
    const reasons = chunk.reasons.map((text) => this.#reason(text));
    for (let i = 0; i < chunk.count; i++) this.why[this.events + i] = reasons[chunk.why[i] as number] ?? 0;
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
    if (Math.abs(target - this.#at) > 1) {
      const keyframe = t.nearestKeyframe(target);
      if (Math.abs(keyframe.at - target) < Math.abs(this.#at - target)) this.#restore(keyframe);
    }
    while (this.#at < target) this.#forward(this.#at++);
    while (this.#at > target) this.#back(--this.#at);
  }

  keyframe(): Keyframe {
    return { at: this.#at, levels: this.#levels.map((l) => l.lives.slice()) };
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
    if (level.get(at) !== life || at >= level.count) return;
    level.removeAt(at);
    this.#count--;
  }

  /** First place whose life is not before `life`. */
  #placeOf(level: LevelLives, life: number): number {
    let low = 0;
    let high = level.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#before(level.get(middle), life)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #before(a: number, b: number): boolean {
    const t = this.timeline;
    if ((t.level[a] as number) === 0) {
      const newer = (t.largestSeq[a] as number) - (t.largestSeq[b] as number);
      if (newer !== 0 && !Number.isNaN(newer)) return newer > 0;
      const later = (t.number[a] as number) - (t.number[b] as number);
      return later !== 0 ? later > 0 : a > b;
    }
    const further = (t.smallest[a] as number) - (t.smallest[b] as number);
    if (further !== 0) return further < 0;
    return a < b;
  }
}
