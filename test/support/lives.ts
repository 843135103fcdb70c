/** Histories for tests of what is computed from a `Timeline`: written by hand, or random from a seed. */
import type { TimelineChunk } from '../../engine/model/timeline/columns.ts';
import { EVENT_KINDS } from '../../engine/model/timeline/columns.ts';
import { Timeline, TreeAt } from '../../engine/model/timeline/timeline.ts';
import { random } from './random.ts';

export interface MadeTable {
  readonly number: number;
  readonly level: number;
  /** Positions, both inclusive. */
  readonly smallest: number;
  readonly largest: number;
  readonly bytes?: number;
  readonly seq?: number;
  readonly entries?: number;
  readonly deletions?: number;
  readonly rawBytes?: number;
  readonly filterBytes?: number;
  readonly createdAt?: number;
}

export interface MadeEvent {
  readonly kind?: (typeof EVENT_KINDS)[number];
  /** Microseconds. */
  readonly at?: number;
  readonly add?: readonly MadeTable[];
  /** File numbers. */
  readonly remove?: readonly number[];
}

export function madeTimeline(events: readonly MadeEvent[]): Timeline {
  const added = events.flatMap((e) => [...(e.add ?? [])]);
  const lifeOf = new Map<number, number>();
  const addedStart = new Uint32Array(events.length + 1);
  const removedStart = new Uint32Array(events.length + 1);
  const removed: number[] = [];
  let life = 0;
  events.forEach((e, i) => {
    for (const number of e.remove ?? []) {
      const gone = lifeOf.get(number);
      if (gone === undefined) throw new Error(`table ${number} is not live at event ${i}`);
      lifeOf.delete(number);
      removed.push(gone);
    }
    for (const t of e.add ?? []) lifeOf.set(t.number, life++);
    addedStart[i + 1] = life;
    removedStart[i + 1] = removed.length;
  });
  const nothing = (): Float64Array => new Float64Array(events.length).fill(Number.NaN);
  const column = (of: (t: MadeTable) => number | undefined): Float64Array =>
    Float64Array.from(added, (t) => of(t) ?? Number.NaN);
  const chunk: TimelineChunk = {
    epoch: 1,
    from: 0,
    count: events.length,
    kind: Uint8Array.from(events, (e) => EVENT_KINDS.indexOf(e.kind ?? 'unknown')),
    flags: new Uint8Array(events.length),
    why: new Uint16Array(events.length),
    at: Float64Array.from(events, (e) => e.at ?? Number.NaN),
    micros: nothing(),
    readBytes: nothing(),
    writtenBytes: nothing(),
    recordsIn: nothing(),
    recordsOut: nothing(),
    addedStart,
    removedStart,
    removed: Uint32Array.from(removed),
    number: column((t) => t.number),
    level: Uint8Array.from(added, (t) => t.level),
    bytes: column((t) => t.bytes ?? 10),
    smallest: column((t) => t.smallest),
    largest: column((t) => t.largest),
    smallestSeq: column((t) => t.seq),
    largestSeq: column((t) => t.seq),
    entries: column((t) => t.entries),
    deletions: column((t) => t.deletions),
    rawBytes: column((t) => t.rawBytes),
    filterBytes: column((t) => t.filterBytes),
    createdAt: column((t) => t.createdAt),
    reasons: [''],
  };
  const timeline = new Timeline();
  timeline.append(chunk);
  return timeline;
}

/**
 * A leveled tree of `tables` tables at first, of which no two below L0 share a key, and `steps` flushes and
 * compactions after that. Positions are whole numbers from 0 to `positions - 1`.
 */
export function randomHistory(
  seed: number,
  tables: number,
  steps: number,
  positions: number,
): { readonly events: MadeEvent[]; readonly live: Map<number, MadeTable> } {
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const live = new Map<number, MadeTable>();
  const events: MadeEvent[] = [];
  let number = 1;
  const commit = (add: readonly MadeTable[], remove: readonly number[]): void => {
    for (const n of remove) live.delete(n);
    for (const t of add) live.set(t.number, t);
    events.push({ add, remove });
  };
  const make = (level: number, smallest: number, largest: number): MadeTable => ({
    number: number++,
    level,
    smallest,
    largest,
    bytes: 1 + pick(1000),
    seq: number,
  });
  const first: MadeTable[] = [];
  const share = [0, 0.02, 0.18, 0.8];
  for (let level = 1; level <= 3; level++) {
    const n = Math.max(1, Math.floor(tables * (share[level] as number)));
    for (let i = 0; i < n; i++) {
      const from = Math.floor((i * positions) / n);
      const to = Math.floor(((i + 1) * positions) / n) - 1;
      const cut = pick(Math.max(1, to - from));
      if (to > from) first.push(make(level, from, to - Math.floor(cut / 4)));
    }
  }
  commit(first, []);
  for (let step = 0; step < steps; step++) {
    const l0 = [...live.values()].filter((t) => t.level === 0);
    if (l0.length < 4 + pick(20)) {
      const a = pick(positions);
      const b = pick(positions);
      commit([make(0, Math.min(a, b), Math.max(a, b))], []);
      continue;
    }
    const upper = next() < 0.5 ? l0.slice(0, 4) : [...live.values()].filter((t) => t.level === 1 + pick(2)).slice(0, 1);
    const level = upper[0]?.level;
    if (level === undefined) continue;
    let from = Math.min(...upper.map((t) => t.smallest));
    let to = Math.max(...upper.map((t) => t.largest));
    const lower = [...live.values()].filter((t) => t.level === level + 1 && t.smallest <= to && t.largest >= from);
    from = Math.min(from, ...lower.map((t) => t.smallest));
    to = Math.max(to, ...lower.map((t) => t.largest));
    const n = Math.max(1, lower.length);
    const outputs: MadeTable[] = [];
    for (let i = 0; i < n; i++) {
      const a = from + Math.floor((i * (to - from + 1)) / n);
      const b = from + Math.floor(((i + 1) * (to - from + 1)) / n) - 1;
      if (a <= b) outputs.push(make(level + 1, a, b));
    }
    commit(
      outputs,
      [...upper, ...lower].map((t) => t.number),
    );
  }
  return { events, live };
}

/** Ten positions, 0 to 9: two flushes that overlap, one apart, L1 and L3; then all of L0 is compacted into L1. */
export const HISTORY: MadeEvent[] = [
  {
    add: [
      { number: 1, level: 1, smallest: 0, largest: 3, bytes: 30, seq: 1 },
      { number: 2, level: 1, smallest: 5, largest: 9, bytes: 10, seq: 2 },
      { number: 3, level: 3, smallest: 2, largest: 6, bytes: 60, seq: 0 },
    ],
  },
  { kind: 'flush', add: [{ number: 4, level: 0, smallest: 1, largest: 4, bytes: 5, seq: 10 }] },
  { kind: 'flush', add: [{ number: 5, level: 0, smallest: 4, largest: 6, bytes: 5, seq: 11 }] },
  { kind: 'flush', add: [{ number: 6, level: 0, smallest: 7, largest: 8, bytes: 5, seq: 12 }] },
  {
    kind: 'compaction',
    remove: [4, 5, 6, 1, 2],
    add: [
      { number: 7, level: 1, smallest: 0, largest: 4, bytes: 30, seq: 12 },
      { number: 8, level: 1, smallest: 5, largest: 9, bytes: 25, seq: 12 },
    ],
  },
];

/** Its axis. */
export const INFO = { firstPosition: 0, lastPosition: 9 };

/** The tree after the first `at` of them. */
export const treeAfter = (events: readonly MadeEvent[], at = events.length): TreeAt => {
  const tree = new TreeAt(madeTimeline(events));
  tree.seek(at);
  return tree;
};
