/** A history as columns: put together from events, handed out in pieces, walked through to and fro. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBytes, hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { applyEvent, EMPTY_TREE, type PlacedTable, type Tree, type TreeEvent } from '../../../engine/model/events.ts';
import { HistoryBuilder } from '../../../engine/model/timeline/builder.ts';
import { FLAG_INFERRED, FLAG_LIVE, FLAG_START } from '../../../engine/model/timeline/columns.ts';
import { KeySpace, type SpaceOrder } from '../../../engine/model/timeline/keySpace.ts';
import { NEVER, Timeline, TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { random } from '../../support/random.ts';

const ASCENDING: SpaceOrder = { compareUser: BYTEWISE.compareUser, direction: 'ascending' };

/** A random history: flushes, compactions, moves, drops; tables of a level do not overlap below L0. */
function randomEvents(seed: number, count: number): TreeEvent[] {
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const levels: PlacedTable[][] = [[], [], [], []];
  const events: TreeEvent[] = [];
  let number = 1;
  let sequence = 1;
  const bound = (n: number) => ({ key: utf8(`key${String(n).padStart(6, '0')}`), seq: 1, type: 'put' as const });
  const table = (level: number, low: number, high: number): PlacedTable => ({
    number: number++,
    level,
    bytes: 100 + pick(1000),
    smallest: bound(low),
    largest: bound(high),
    smallestSeq: sequence,
    largestSeq: sequence++,
  });
  const tell = (kind: TreeEvent['kind'], removed: readonly PlacedTable[], added: readonly PlacedTable[]): void => {
    const seq = events.length + 1;
    events.push({ seq, source: 'manifest', inferred: false, kind, family: 0, familyName: 'default', removed, added });
  };
  while (events.length < count) {
    const level = pick(3);
    const from = levels[level] as PlacedTable[];
    const to = levels[level + 1] as PlacedTable[];
    const dice = next();
    if (dice < 0.4 || from.length === 0) {
      const low = pick(900_000);
      const flushed = table(0, low, low + pick(99_999));
      levels[0]?.push(flushed);
      tell('flush', [], [flushed]);
    } else if (dice < 0.45) {
      const gone = from.splice(pick(from.length), 1);
      tell('drop', gone, []);
    } else if (dice < 0.55 && to.length === 0) {
      const [moved] = from.splice(pick(from.length), 1) as [PlacedTable];
      const there = { ...moved, level: level + 1 };
      to.push(there);
      tell('move', [moved], [there]);
    } else {
      // The whole level below is merged with some of this one.
      const inputs = from.splice(0, 1 + pick(from.length));
      const all = [...inputs, ...to.splice(0)];
      const outputs = Array.from({ length: pick(5) }, (_, i) =>
        table(level + 1, i * 200_000 + pick(1000), i * 200_000 + 100_000),
      );
      to.push(...outputs);
      tell('compaction', all, outputs);
    }
  }
  return events;
}

function builtFrom(events: readonly TreeEvent[]): HistoryBuilder {
  const builder = new HistoryBuilder(ASCENDING);
  for (const e of events) builder.append(e, false);
  for (const _ of builder.keys.rank());
  return builder;
}

function timelineOf(builder: HistoryBuilder, chunk: number): Timeline {
  const timeline = new Timeline();
  while (timeline.events < builder.events) {
    timeline.append(builder.chunk(1, timeline.events, Math.min(chunk, builder.events - timeline.events)));
  }
  return timeline;
}

function shown(at: TreeAt): string[] {
  const { timeline: t } = at;
  return Array.from({ length: at.levels }, (_, level) =>
    [...at.lives(level)].map((life) => `#${t.number[life]} ${t.bytes[life]}`).join(' '),
  );
}

function expected(tree: Tree, levels: number): string[] {
  return Array.from({ length: levels }, (_, level) => {
    const tables = [...(tree.get(0)?.get(level)?.values() ?? [])];
    tables.sort((a, b) =>
      level === 0
        ? (b.largestSeq ?? 0) - (a.largestSeq ?? 0)
        : compareBytes(a.smallest?.key ?? utf8(''), b.smallest?.key ?? utf8('')) || a.number - b.number,
    );
    return tables.map((t) => `#${t.number} ${t.bytes}`).join(' ');
  });
}

describe('a timeline', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`stands where its events lead, whichever way it got there (seed ${seed})`, () => {
      const events = randomEvents(seed, seed === 4 ? 6000 : 400);
      const timeline = timelineOf(builtFrom(events), 97);
      const trees = [EMPTY_TREE];
      for (const e of events) trees.push(applyEvent(trees.at(-1) as Tree, e));
      const next = random(seed + 100);
      const at = new TreeAt(timeline);
      for (let i = 0; i < 400; i++) {
        const jump = next() < 0.5;
        const n = jump ? Math.floor(next() * (events.length + 1)) : Math.max(0, at.at + Math.floor(next() * 9) - 4);
        at.seek(n);
        const place = Math.min(n, events.length);
        assert.equal(at.at, place);
        assert.deepEqual(shown(at), expected(trees[place] as Tree, at.levels), `after ${place} events`);
        const live = shown(at).reduce((sum, l) => sum + (l === '' ? 0 : l.split(' ').length / 2), 0);
        assert.equal(at.count, live);
      }
      at.seek(Number.POSITIVE_INFINITY);
      assert.equal(at.at, events.length);
      at.seek(-5);
      assert.deepEqual([at.at, at.count], [0, 0]);
    });
  }

  it('is the same however it was cut into pieces, and knows when lives begin and end', () => {
    const builder = builtFrom(randomEvents(9, 500));
    const [a, b] = [timelineOf(builder, 500), timelineOf(builder, 7)];
    for (const name of ['kind', 'number', 'smallest', 'removed', 'born', 'died', 'removedStart'] as const) {
      const lengths = { removed: a.removedStart[500] as number, kind: 500, removedStart: 501, other: a.lives };
      const length = lengths[name === 'removed' || name === 'kind' || name === 'removedStart' ? name : 'other'];
      assert.deepEqual([...a[name].subarray(0, length)], [...b[name].subarray(0, length)], name);
    }
    for (let life = 0; life < a.lives; life++) {
      const [born, died] = [a.born[life] as number, a.died[life] as number];
      assert.ok(born < died);
      assert.deepEqual([a.isLive(life, born), a.isLive(life, born + 1)], [false, true]);
      if (died !== NEVER) assert.deepEqual([a.isLive(life, died), a.isLive(life, died + 1)], [true, false]);
    }
  });

  it('refuses pieces that do not fit, and takes revisions', () => {
    const builder = builtFrom(randomEvents(5, 60));
    const timeline = timelineOf(builder, 20);
    const input = (thrown: unknown): boolean => thrown instanceof StoreError && thrown.code === 'INPUT';
    assert.throws(() => timeline.append(builder.chunk(1, 10, 5)), input);
    const strange = builder.chunk(1, 0, 60);
    assert.throws(() => new Timeline().append({ ...strange, number: strange.number.subarray(1) }), input);
    assert.throws(() => new Timeline().append({ ...strange, removed: strange.removed.map(() => 1e6) }), input);
    assert.throws(() => new Timeline().append({ ...strange, removedStart: strange.removedStart.toReversed() }), input);
    assert.equal(timeline.reason(41), '');
    const event: TreeEvent = { ...(randomEvents(5, 60)[41] as TreeEvent), why: 'Manual Flush', at: 5, source: 'live' };
    const facts = { finishedAt: 7, micros: 2, readBytes: 3, writtenBytes: 4, recordsIn: 5, recordsOut: 6 };
    builder.explain(41, event, false, facts);
    timeline.revise(builder.chunk(1, 40, 20));
    const { at, micros, readBytes, writtenBytes, recordsIn, recordsOut, flags } = timeline;
    const told = [at, micros, readBytes, writtenBytes, recordsIn, recordsOut, flags].map((column) => column[41]);
    assert.deepEqual([timeline.reason(41), ...told], ['Manual Flush', 7, 2, 3, 4, 5, 6, FLAG_LIVE]);
    assert.throws(() => timeline.revise({ ...builder.chunk(1, 40, 20), from: 41 }), input);
  });

  it('keeps to one life a table, whatever a stream says', () => {
    const base = { source: 'manifest', inferred: true, kind: 'unknown', family: 0, familyName: 'default' } as const;
    const t = (number: number, level: number): PlacedTable => ({ number, level, bytes: number });
    const builder = builtFrom([
      { ...base, seq: 1, removed: [t(9, 1)], added: [t(1, 0), t(1, 2), t(2, 300)] },
      { ...base, seq: 2, removed: [], added: [t(1, 1)] },
      { ...base, seq: 3, removed: [t(1, 6), t(1, 6)], added: [] },
    ]);
    const at = new TreeAt(timelineOf(builder, 2));
    const by = [1, 2, 3, 2, 1].map((n) => {
      at.seek(n);
      return shown(at).flatMap((l, level) => (l === '' ? [] : [`L${level} ${l}`]));
    });
    const two = 'L255 #2 2';
    assert.deepEqual(by, [['L2 #1 1', two], ['L1 #1 1', two], [two], ['L1 #1 1', two], ['L2 #1 1', two]]);
  });

  it('marks where a history starts and what is concluded', () => {
    const builder = new HistoryBuilder(ASCENDING);
    const [first, second] = randomEvents(7, 2) as [TreeEvent, TreeEvent];
    builder.append({ ...first, kind: 'unknown', inferred: true }, true);
    builder.append(second, false);
    for (const _ of builder.keys.rank());
    assert.equal(builder.startsHere, true);
    assert.deepEqual([...timelineOf(builder, 2).flags.subarray(0, 2)], [FLAG_INFERRED | FLAG_START, 0]);
  });
});

describe('positions of keys', () => {
  const rank = (space: KeySpace): boolean => {
    const job = space.rank();
    for (let step = job.next(); ; step = job.next()) if (step.done === true) return step.value;
  };
  const orders: [string, SpaceOrder][] = [
    ['bytes', ASCENDING],
    ['reverse', { compareUser: keyOrder('rocksdb.ReverseBytewiseComparator').compareUser, direction: 'descending' }],
    ['another', { compareUser: BYTEWISE.compareUser, direction: 'other' }],
  ];
  for (const [name, order] of orders) {
    it(`rise with the order: ${name}`, () => {
      const next = random(3);
      const space = new KeySpace(order);
      const keys = new Map<string, Uint8Array>();
      let renewed = 0;
      for (let round = 0; round < 60; round++) {
        const fresh = round === 0 ? 3000 : 1 + Math.floor(next() * 40);
        for (let i = 0; i < fresh; i++) {
          const key = Uint8Array.from({ length: Math.floor(next() * 6) }, () => (next() < 0.5 ? 0 : next() * 256));
          const number = space.add(key);
          assert.equal(space.add(key), number, 'a key stands once');
          keys.set(hex(key), key);
        }
        const before = round === 0 ? [] : [...keys.values()].filter((k) => space.add(k) < space.ranked);
        const was = before.map((k) => space.positionOf(space.add(k)));
        const anew = rank(space);
        if (anew) renewed++;
        else
          assert.deepEqual(
            before.map((k) => space.positionOf(space.add(k))),
            was,
            'positions stay',
          );
        const sorted = [...keys.values()].sort((a, b) => order.compareUser(a, 0, a.length, b, 0, b.length));
        assert.equal(space.ranked, sorted.length);
        let last = Number.NEGATIVE_INFINITY;
        for (const [i, key] of sorted.entries()) {
          const position = space.positionOf(space.add(key));
          assert.ok(position > last);
          if (round === 0 || anew) assert.equal(position, i);
          last = position;
          assert.deepEqual(space.place(key), { position, exact: true });
          assert.deepEqual(space.keyAt(space.lastAt(position)), key);
        }
        assert.equal(space.last, last);
        assert.equal(space.lastAt(space.first - 1), -1);
      }
      assert.equal(renewed, 0, 'there is room for these');
    });
  }

  it('of a key that is no boundary lie in between', () => {
    const space = new KeySpace(ASCENDING);
    assert.deepEqual([space.first, space.last, space.place(utf8('x'))], [0, -1, { position: 0, exact: false }]);
    for (const k of ['b', 'd', 'f']) space.add(utf8(k));
    rank(space);
    const at = (k: string): number => space.place(utf8(k)).position;
    assert.deepEqual([at('a'), at('b'), at('c'), at('e'), at('g')], [-0.5, 0, 0.5, 1.5, 2.5]);
  });

  it('are given anew when neighbours come too close', () => {
    const space = new KeySpace(ASCENDING);
    space.add(utf8('a'));
    space.add(utf8('b'));
    rank(space);
    let key = 'a';
    let rounds = 0;
    for (; rounds < 100; rounds++) {
      // Each comes right behind the one before it.
      key = `${key}~`;
      space.add(utf8(key));
      if (rank(space)) break;
    }
    assert.ok(rounds >= 10 && rounds < 30, `${rounds} rounds`);
    assert.deepEqual([space.first, space.last], [0, space.ranked - 1]);
  });
});
