import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TreeAt } from '../../../engine/model/timeline/timeline.ts';
import type {
  FamilySummary,
  ReadPath,
  ReadStep,
  RunningJob,
  StoreSummary,
} from '../../../engine/protocol/engineApi.ts';
import { stopsOf } from '../../../webview/visualizer/mapExplain.ts';
import { changesOf } from '../../../webview/visualizer/mapFlow.ts';
import { outputBoxes } from '../../../webview/visualizer/mapJob.ts';
import { layoutTree, TreeLayout } from '../../../webview/visualizer/mapLayout.ts';
import {
  levelFacts,
  NextLevelOverlap,
  overlaps,
  singleStep,
  tablesHolding,
} from '../../../webview/visualizer/mapModel.ts';
import { RowPlaces } from '../../../webview/visualizer/mapRows.ts';
import { panned, shownWithin, zoomed } from '../../../webview/visualizer/mapWindow.ts';
import { HISTORY, INFO, madeTimeline, randomHistory, treeAfter } from '../../support/lives.ts';
import { random } from '../../support/random.ts';

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
        [1, 20, 0, 3.125 / 9.125],
        [1, 21, 3.125 / 9.125, 1],
      ],
    );
    const half = outputBoxes(job([0, 3], [4, 9]), layout, room, 0.8, (k) =>
      (k[0] as number) < 4 ? (k[0] as number) : Number.NaN,
    );
    const end = 3.125 / 9.125;
    assert.deepEqual([half[0]?.right, half[1]?.left, half[1]?.right], [end, end, end + 0.48]);
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
