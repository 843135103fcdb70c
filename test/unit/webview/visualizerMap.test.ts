import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { TreeAt } from '../../../engine/model/timeline/timeline.ts';
import type {
  FamilySummary,
  ReadPath,
  ReadStep,
  RunningJob,
  StoreSummary,
} from '../../../engine/protocol/engineApi.ts';
import { neighbour, Spans, sublevels, tableAt } from '../../../webview/map/layout.ts';
import { stopsOf } from '../../../webview/visualizer/mapExplain.ts';
import { changesOf } from '../../../webview/visualizer/mapFlow.ts';
import { outputBoxes } from '../../../webview/visualizer/mapJob.ts';
import { L0_ROWS_MAX, layoutTree, TreeLayout } from '../../../webview/visualizer/mapLayout.ts';
import {
  levelFacts,
  NextLevelOverlap,
  overlaps,
  singleStep,
  tablesHolding,
} from '../../../webview/visualizer/mapModel.ts';
import { RowPlaces } from '../../../webview/visualizer/mapRows.ts';
import { panned, shownWithin, zoomed } from '../../../webview/visualizer/mapWindow.ts';
import { type MadeEvent, madeTimeline, randomHistory } from '../../support/lives.ts';
import { random } from '../../support/random.ts';

/** Ten positions, 0 to 9: two flushes that overlap, one apart, L1 and L3; then all of L0 is compacted into L1. */
const HISTORY: MadeEvent[] = [
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
const INFO = { firstPosition: 0, lastPosition: 9 };

const treeAfter = (events: readonly MadeEvent[], at = events.length): TreeAt => {
  const tree = new TreeAt(madeTimeline(events));
  tree.seek(at);
  return tree;
};

/** The layout as text, one line a row, `columns` characters wide: each table its number's last digit. */
function drawn(layout: TreeLayout, tree: TreeAt, columns: number): string[] {
  return layout.rows.map((row) => {
    const cells = new Array<string>(columns).fill('.');
    for (const life of row.tables) {
      const from = Math.round((layout.left[life] as number) * columns);
      const to = Math.round((layout.right[life] as number) * columns);
      for (let x = from; x < to; x++) {
        assert.equal(cells[x], '.', `two tables at column ${x} of L${row.level}`);
        cells[x] = String((tree.timeline.number[life] as number) % 10);
      }
    }
    return `L${row.level}.${row.sublevel} ${cells.join('')}`;
  });
}

/** Of `randomHistory(4, 20_000, 300, 60_000)`: edges to seven digits, on every 43rd event. */
const GOLDEN = { lives: 34_948, keys: 'bd03439172f41ac2', bytes: 'f82b9ac9442a69e5' };

describe('layout of the visualiser map', () => {
  it('aligns by key, with a row a sublevel and a row a level ever used', () => {
    const tree = treeAfter(HISTORY, 4);
    assert.deepEqual(drawn(layoutTree(tree, 'keys', INFO), tree, 20), [
      'L0.1 ........555555......',
      'L0.0 ..44444444....6666..',
      'L1.0 11111111..2222222222',
      'L3.0 ....3333333333......',
    ]);
    tree.seek(5);
    assert.deepEqual(drawn(layoutTree(tree, 'keys', INFO), tree, 20), [
      'L0.0 ....................',
      'L1.0 77777777778888888888',
      'L3.0 ....3333333333......',
    ]);
  });

  it('lays bytes side by side on one scale, the largest level over the whole width', () => {
    const tree = treeAfter(HISTORY, 4);
    const layout = layoutTree(tree, 'bytes', INFO);
    assert.deepEqual(drawn(layout, tree, 60), [
      'L0.0 666665555544444.............................................',
      'L1.0 1111111111111111111111111111112222222222....................',
      'L3.0 333333333333333333333333333333333333333333333333333333333333',
    ]);
    assert.equal(layout.extent, 60);
  });

  it('keeps the place of a table on the key axis through all of its life, and into others', () => {
    const tree = treeAfter(HISTORY);
    const layout = new TreeLayout();
    for (let at = 0; at <= 5; at++) {
      tree.seek(at);
      layout.update(tree, 'keys', INFO);
      assert.deepEqual([layout.left[2], layout.right[2]], [0.2, 0.7]);
      layout.update(tree, 'bytes', INFO);
    }
  });

  it('ends a table where the next key begins, and gives a key that came late a step of its own', () => {
    const tree = treeAfter([
      { add: [{ number: 1, level: 1, smallest: 0, largest: 4 }] },
      { add: [{ number: 2, level: 1, smallest: 4.5, largest: 9 }] },
    ]);
    const layout = layoutTree(tree, 'keys', INFO);
    assert.equal(layout.extent, 11);
    assert.equal(layout.right[0], 5 / 11);
    assert.equal(layout.left[1], 5 / 11);
    assert.equal(layout.right[1], 1);
  });

  it('shows tables that were made between two keys as wide as others', () => {
    // As a compaction of overlapping tables leaves them: all new keys stand between two that were numbered.
    const made = Array.from({ length: 8 }, (_, i) => ({
      number: 10 + i,
      level: 1,
      smallest: i === 0 ? 0 : 4 + (2 * i) / 32,
      largest: i === 7 ? 9 : 4 + (2 * i + 1) / 32,
    }));
    const tree = treeAfter([{ add: [{ number: 1, level: 0, smallest: 0, largest: 9 }] }, { remove: [1], add: made }]);
    const layout = layoutTree(tree, 'keys', INFO);
    assert.equal(layout.extent, 10 + 14);
    for (let life = 1; life < 8; life++) {
      assert.equal(layout.right[life], layout.left[life + 1], `table ${life} ends where the next one begins`);
      if (life > 1) assert.equal(Math.round(((layout.right[life] as number) - (layout.left[life] as number)) * 24), 2);
    }
  });

  it('finds the key at every step of the axis, and the step of every key', () => {
    const dice = random(29);
    for (let round = 0; round < 40; round++) {
      const whole = 1 + Math.floor(dice() * 12);
      const positions = new Set(Array.from({ length: whole }, (_, i) => i));
      for (let n = Math.floor(dice() * 30); whole > 1 && n > 0; n--) positions.add(dice() * (whole - 1));
      const sorted = [...positions].sort((a, b) => a - b);
      const add = sorted.map((p, i) => ({ number: i + 1, level: 0, smallest: p, largest: p }));
      const layout = layoutTree(treeAfter([{ add }]), 'keys', { firstPosition: 0, lastPosition: whole - 1 });
      assert.equal(layout.extent, sorted.length);
      sorted.forEach((p, i) => {
        assert.ok(Math.abs(layout.fractionOf(p) - i / sorted.length) < 1e-12);
        assert.equal(layout.boundaryAt((i + 0.5) / sorted.length), p);
        const next = sorted[i + 1];
        if (next === undefined) return;
        const between = layout.fractionOf(p + (next - p) / 4);
        assert.ok(between > i / sorted.length && between < (i + 1) / sorted.length, `${between} after ${p}`);
      });
    }
  });

  it('takes a tree without tables, and a row for a level that a job will write to', () => {
    const tree = new TreeAt(madeTimeline([]));
    const layout = layoutTree(tree, 'keys', { firstPosition: 0, lastPosition: -1 });
    assert.deepEqual(
      layout.rows.map((r) => [r.level, r.tables.length]),
      [[0, 0]],
    );
    layout.update(tree, 'keys', INFO, [6]);
    assert.deepEqual(layout.levels, [0, 6]);
  });

  it('finds tables and walks over rows that are empty now', () => {
    const tree = treeAfter(HISTORY, 4);
    const layout = layoutTree(tree, 'keys', INFO);
    assert.equal(tableAt(layout, 2, 0.95), 1);
    assert.equal(tableAt(layout, 2, 0.45), -1);
    assert.equal(neighbour(layout, 2, 'up'), 0);
    const sparse = treeAfter([
      ...HISTORY.slice(0, 4),
      { remove: [1, 2], add: [{ number: 9, level: 4, smallest: 0, largest: 9 }] },
    ]);
    const rows = layoutTree(sparse, 'keys', INFO);
    assert.equal(neighbour(rows, 2, 'up'), 3, 'over the empty L1 to table 4');
  });

  it('is what it was for a large random history, on both axes', () => {
    const positions = 60_000;
    const { events } = randomHistory(4, 20_000, 300, positions);
    const tree = new TreeAt(madeTimeline(events));
    const info = { firstPosition: 0, lastPosition: positions - 1 };
    const layout = new TreeLayout();
    const digest = (axis: 'keys' | 'bytes'): string => {
      const hash = createHash('sha256');
      for (let at = 0; at <= events.length; at += 43) {
        tree.seek(at);
        layout.update(tree, axis, info);
        for (const row of layout.rows) {
          hash.update(`${at} L${row.level}.${row.sublevel}\n`);
          for (const life of row.tables) {
            const left = (layout.left[life] as number).toFixed(7);
            hash.update(`${tree.timeline.number[life]} ${left} ${(layout.right[life] as number).toFixed(7)}\n`);
          }
        }
      }
      return hash.digest('hex').slice(0, 16);
    };
    assert.equal(tree.timeline.lives, GOLDEN.lives);
    assert.deepEqual({ keys: digest('keys'), bytes: digest('bytes') }, { keys: GOLDEN.keys, bytes: GOLDEN.bytes });
  });

  it('lets no two tables of a row overlap, and shows each live table once', () => {
    for (const seed of [1, 2, 3, 5, 8]) {
      const { events } = randomHistory(seed, 60, 160, 500);
      const tree = new TreeAt(madeTimeline(events));
      const layout = new TreeLayout();
      for (let at = 1; at <= events.length; at++) {
        tree.seek(at);
        for (const axis of ['keys', 'bytes'] as const) {
          layout.update(tree, axis, { firstPosition: 0, lastPosition: 499 });
          const seen = new Set<number>();
          layout.rows.forEach((row, r) => {
            let reached = 0;
            for (const life of row.tables) {
              const context = `seed ${seed}, event ${at}, ${axis}, L${row.level}.${row.sublevel}`;
              assert.ok((layout.left[life] as number) >= reached - 1e-12, context);
              assert.ok((layout.right[life] as number) >= (layout.left[life] as number), context);
              reached = layout.right[life] as number;
              assert.equal(layout.rowOf[life], r);
              assert.ok(tree.timeline.isLive(life, at), context);
              seen.add(life);
            }
            assert.ok(reached <= 1 + 1e-12);
          });
          assert.equal(seen.size, tree.count);
        }
      }
    }
  });

  it('gives L0 the sublevels of the overview', () => {
    const next = random(11);
    for (let round = 0; round < 40; round++) {
      const add = Array.from({ length: 1 + Math.floor(next() * 40) }, (_, i) => {
        const smallest = Math.floor(next() * 50);
        return { number: i + 1, level: 0, smallest, largest: smallest + Math.floor(next() * 15), seq: i };
      });
      const tree = treeAfter([{ add }]);
      const layout = layoutTree(tree, 'keys', { firstPosition: 0, lastPosition: 70 });
      const t = tree.timeline;
      const expected = sublevels(
        [...tree.lives(0)],
        Int32Array.from(t.smallest.subarray(0, t.lives)),
        Int32Array.from(t.largest.subarray(0, t.lives)),
        71,
      );
      for (const row of layout.rows) for (const life of row.tables) assert.equal(row.sublevel, expected.get(life));
    }
  });

  it('bounds the rows of L0', () => {
    const add = Array.from({ length: 300 }, (_, i) => ({ number: i, level: 0, smallest: 0, largest: 9, seq: i }));
    const layout = layoutTree(treeAfter([{ add }]), 'keys', INFO);
    assert.equal(layout.rows.length, L0_ROWS_MAX);
    assert.equal(layout.rows.at(-1)?.tables.length, 300 - L0_ROWS_MAX + 1);
  });

  it('lays out 20,000 live tables well within a frame', () => {
    const { events } = randomHistory(4, 20_000, 300, 60_000);
    const tree = new TreeAt(madeTimeline(events));
    const layout = new TreeLayout();
    const spans = new Spans();
    const millis: number[] = [];
    for (let at = 1; at <= events.length; at++) {
      const started = performance.now();
      tree.seek(at);
      layout.update(tree, 'keys', { firstPosition: 0, lastPosition: 59_999 });
      for (const row of layout.rows) spans.set(layout, row, 1200);
      millis.push(performance.now() - started);
    }
    millis.sort((a, b) => a - b);
    assert.ok(tree.count > 19_000);
    // The median: other work of this machine is no fault of ours.
    assert.ok((millis[millis.length >> 1] as number) < 8, `${millis[millis.length >> 1]} ms`);
  });
});

describe('spans of a window', () => {
  it('are those of the tables in it, cut at its borders, with what they stand for', () => {
    const tree = treeAfter([
      { add: Array.from({ length: 1000 }, (_, i) => ({ number: i, level: 1, smallest: 2 * i, largest: 2 * i + 1 })) },
    ]);
    const layout = layoutTree(tree, 'keys', { firstPosition: 0, lastPosition: 1999 });
    const spans = new Spans();
    const row = layout.rows[1];
    assert.ok(row !== undefined);
    spans.set(layout, row, 100, 0.5, 0.51);
    assert.deepEqual(
      [...spans.first.subarray(0, spans.count)]
        .filter((_, i) => (spans.edges[2 * i] as number) >= 0 && (spans.edges[2 * i + 1] as number) < 100)
        .map((i) => row.tables[i]),
      [500, 501, 502, 503, 504, 505, 506, 507, 508, 509],
    );
    spans.set(layout, row, 100);
    assert.ok(spans.count <= 101);
    let covered = -1;
    for (let i = 0; i < spans.count; i++) {
      assert.equal(spans.first[i], covered + 1);
      covered = spans.last[i] as number;
    }
    assert.equal(covered, 999);
  });
});

describe('questions of the map', () => {
  it('names the tables that may hold a key, in the order of a read', () => {
    const tree = treeAfter(HISTORY, 4);
    const numbers = (position: number): unknown[] =>
      tablesHolding(tree, position).map((life) => tree.timeline.number[life]);
    assert.deepEqual(numbers(4), [5, 4, 3]);
    assert.deepEqual(numbers(3.5), [4, 3]);
    assert.deepEqual(numbers(9), [2]);
    assert.deepEqual(numbers(10), []);
    assert.deepEqual(numbers(-1), []);
  });

  it('agrees with a plain search on random trees', () => {
    const { events } = randomHistory(21, 80, 120, 400);
    const tree = new TreeAt(madeTimeline(events));
    const t = tree.timeline;
    const next = random(22);
    const ratio = new Float64Array(t.lives);
    for (let at = 1; at <= events.length; at += 7) {
      tree.seek(at);
      const live = Array.from({ length: t.lives }, (_, life) => life).filter((life) => t.isLive(life, at));
      const position = next() * 400;
      assert.deepEqual(
        tablesHolding(tree, position).sort((a, b) => a - b),
        live.filter((life) => t.smallest[life]! <= position && t.largest[life]! >= position),
      );
      const life = live[Math.floor(next() * live.length)]!;
      const shared = live.filter(
        (other) =>
          other !== life &&
          (t.level[other] !== t.level[life] || t.level[life] === 0) &&
          t.smallest[other]! <= t.largest[life]! &&
          t.largest[other]! >= t.smallest[life]!,
      );
      const found = overlaps(tree, life);
      assert.deepEqual(
        found.flatMap((o) => o.lives).sort((a, b) => a - b),
        shared,
      );
      for (const o of found)
        assert.equal(
          o.bytes,
          o.lives.reduce((sum, l) => sum + t.bytes[l]!, 0),
        );
      new NextLevelOverlap().fill(tree, ratio);
      const below = Math.min(...live.map((l) => t.level[l]!).filter((level) => level > t.level[life]!));
      const bytes = shared.filter((l) => t.level[l] === below).reduce((sum, l) => sum + t.bytes[l]!, 0);
      assert.equal(ratio[life], bytes / t.bytes[life]!);
    }
  });

  it('tells a step from a jump', () => {
    assert.deepEqual(singleStep(4, 5), { event: 4, back: false });
    assert.deepEqual(singleStep(5, 4), { event: 4, back: true });
    assert.equal(singleStep(5, 7), undefined);
    assert.equal(singleStep(5, 5), undefined);
  });

  it("gives the engine's own figures at the head and computes them before it", () => {
    const family = {
      compaction: 'leveled',
      options: {
        max_bytes_for_level_base: '20',
        max_bytes_for_level_multiplier: '10',
        level0_file_num_compaction_trigger: '4',
        level_compaction_dynamic_level_bytes: 'false',
      },
      levels: [
        { level: 0, tables: 0, bytes: 0, score: 0, targetBytes: null },
        { level: 1, tables: 2, bytes: 55, score: 7.5, targetBytes: 20 },
        { level: 3, tables: 1, bytes: 60, score: 0.25, targetBytes: 2000 },
      ],
    } as unknown as FamilySummary;
    const summary = { engine: 'rocksdb' } as StoreSummary;
    const tree = treeAfter(HISTORY);
    const facts = levelFacts(tree, [0, 1, 3], summary, family);
    assert.deepEqual(
      facts.map((f) => [f.level, f.tables, f.bytes, f.targetBytes, f.score, f.base]),
      [
        [0, 0, 0, null, 0, false],
        [1, 2, 55, 20, 7.5, false],
        [3, 1, 60, 2000, 0.25, false],
      ],
    );
    tree.seek(4);
    assert.deepEqual(
      levelFacts(tree, [0, 1, 3], summary, family).map((f) => [f.level, f.tables, f.bytes, f.targetBytes, f.score]),
      [
        [0, 3, 15, null, 0.75],
        [1, 2, 40, 20, 2],
        [3, 1, 60, 2000, 0.03],
      ],
    );
    assert.deepEqual(levelFacts(tree, [0], undefined, undefined)[0], {
      level: 0,
      tables: 3,
      bytes: 15,
      targetBytes: null,
      score: null,
      base: false,
      dynamic: false,
    });
    const dynamic = { ...family, options: { level_compaction_dynamic_level_bytes: 'true' } } as FamilySummary;
    tree.seek(5);
    assert.deepEqual(
      levelFacts(tree, [0, 1, 3], summary, dynamic).map((f) => f.base),
      [false, true, false],
    );
  });
});

describe('rows of the map', () => {
  it('fill the pane, pile L0 on its ground, and do not touch', () => {
    const tree = treeAfter(HISTORY, 4);
    const layout = layoutTree(tree, 'keys', INFO);
    for (const height of [60, 200, 400, 900]) {
      const places = new RowPlaces();
      places.update(layout, height);
      if (height >= 200 && height <= 400)
        assert.ok(Math.abs(places.total - height) <= 4, `${places.total} of ${height}`);
      for (let i = 1; i < layout.rows.length; i++) {
        assert.ok(places.top[i]! >= places.top[i - 1]! + places.height[i - 1]!, `row ${i} at ${height}`);
      }
      const l0 = places.bandOf(0)!;
      assert.equal(places.top[1]! + places.height[1]!, l0.top + l0.height);
      assert.equal(places.bandOf(3)?.skippedFrom, 2);
      assert.equal(places.rowAt(layout, places.top[2]! + 3), 2);
      assert.equal(places.rowAt(layout, -50), -1);
    }
  });

  it('keep their place while L0 grows, as long as it has room', () => {
    const tree = treeAfter(HISTORY);
    const layout = new TreeLayout();
    const places = new RowPlaces();
    const tops = [1, 2, 3, 4, 5].map((at) => {
      tree.seek(at);
      layout.update(tree, 'keys', INFO);
      places.update(layout, 400);
      return places.bandOf(1)?.top;
    });
    assert.equal(new Set(tops).size, 1);
  });
});

describe('window of the map', () => {
  it('zooms at a place that stays, within the axis', () => {
    const w = zoomed({ from: 0.2, to: 0.6 }, 0.25, 0.5, 1e-6);
    assert.ok(Math.abs(w.from - 0.25) < 1e-12 && Math.abs(w.to - 0.45) < 1e-12);
    assert.deepEqual(zoomed({ from: 0.2, to: 0.6 }, 0.5, 100, 1e-6), { from: 0, to: 1 });
    const small = zoomed({ from: 0.5, to: 0.5001 }, 1, 0.001, 1e-5);
    assert.ok(Math.abs(small.to - small.from - 1e-5) < 1e-12 && small.to <= 1);
  });

  it('pans to the ends and no further', () => {
    assert.deepEqual(panned({ from: 0, to: 0.5 }, -3), { from: 0, to: 0.5 });
    assert.deepEqual(panned({ from: 0, to: 0.5 }, 10), { from: 0.5, to: 1 });
  });

  it('moves only to show what is outside of it', () => {
    const w = { from: 0.2, to: 0.4 };
    assert.equal(shownWithin(w, 0.25, 0.3), w);
    assert.equal(shownWithin(w, 0, 1), w);
    const moved = shownWithin(w, 0.7, 0.72);
    assert.ok(Math.abs((moved.from + moved.to) / 2 - 0.71) < 1e-12 && Math.abs(moved.to - moved.from - 0.2) < 1e-12);
  });
});

describe('marks of the map', () => {
  const job = (...bounds: readonly (readonly [number, number])[]): RunningJob => ({
    kind: 'compaction',
    family: 0,
    why: '',
    inputs: [],
    outputLevel: 1,
    outputs: bounds.map(([a, b], i) => ({
      number: 20 + i,
      level: 1,
      bytes: 6,
      smallest: Uint8Array.of(a),
      largest: Uint8Array.of(b),
    })),
  });

  it('puts the outputs of a job where their keys are, and one whose place nobody knows yet behind them', () => {
    const layout = layoutTree(treeAfter(HISTORY, 4), 'keys', INFO);
    const room = { left: 0, right: 1 };
    const known = outputBoxes(job([0, 3], [4, 9]), layout, room, 1, (key) => key[0] as number);
    assert.deepEqual(
      known.map((b) => [b.level, b.number, b.left, b.right]),
      [
        [1, 20, 0, 0.4],
        [1, 21, 0.4, 1],
      ],
    );
    const half = outputBoxes(job([0, 3], [4, 9]), layout, room, 0.8, (k) =>
      (k[0] as number) < 4 ? (k[0] as number) : Number.NaN,
    );
    assert.deepEqual([half[0]?.right, half[1]?.left, half[1]?.right], [0.4, 0.4, 0.88]);
  });

  it('lets outputs that are crowded between two keys share what is done of the inputs', () => {
    const layout = layoutTree(treeAfter(HISTORY, 4), 'keys', INFO);
    const room = { left: 0.2, right: 0.8 };
    for (const done of [0.1, 0.5, 1]) {
      const boxes = outputBoxes(job([0, 3], [4, 9]), layout, room, done, (key) => 4 + (key[0] as number) / 100);
      assert.equal(boxes[0]?.left, 0.2);
      assert.equal(boxes[0]?.right, boxes[1]?.left);
      assert.ok(Math.abs((boxes[1]?.right as number) - (0.2 + 0.6 * done)) < 1e-12);
    }
  });

  it('puts them behind what the level holds on the axis of bytes', () => {
    const layout = layoutTree(treeAfter(HISTORY, 4), 'bytes', INFO);
    const boxes = outputBoxes(job([0, 3], [4, 9]), layout, { left: 0, right: 1 }, 1, () => Number.NaN);
    assert.deepEqual(
      boxes.map((b) => [Math.round(b.left * 60), Math.round(b.right * 60)]),
      [
        [40, 46],
        [46, 52],
      ],
    );
  });

  it('numbers the tables that a get asked, as far as they are live', () => {
    const step = (table: number | null, level: number, outcome: string): ReadStep =>
      ({ kind: table === null ? 'memtable' : 'table', table, level, outcome, filter: null }) as unknown as ReadStep;
    const path = {
      steps: [
        step(null, -1, 'absent'),
        step(5, 0, 'filtered'),
        step(4, 0, 'absent'),
        step(99, 1, 'absent'),
        step(3, 3, 'found'),
      ],
    } as unknown as ReadPath;
    const tree = treeAfter(HISTORY, 4);
    assert.deepEqual(
      stopsOf(tree, path).map((s) => [tree.timeline.number[s.life], s.order, s.tone]),
      [
        [5, 1, 'blue'],
        [4, 2, 'muted'],
        [3, 4, 'green'],
      ],
    );
  });

  it('tells what one event takes and brings, in both directions', () => {
    const tree = treeAfter(HISTORY);
    assert.deepEqual(changesOf(tree, 4, false), { gone: [3, 4, 5, 0, 1], came: [6, 7] });
    assert.deepEqual(changesOf(tree, 4, true), { gone: [6, 7], came: [3, 4, 5, 0, 1] });
    assert.deepEqual(changesOf(tree, 1, false), { gone: [], came: [3] });
    const add = Array.from({ length: 500 }, (_, i) => ({ number: i, level: 1, smallest: i, largest: i }));
    assert.equal(changesOf(treeAfter([{ add }]), 0, false), undefined, 'too many to follow');
  });
});
