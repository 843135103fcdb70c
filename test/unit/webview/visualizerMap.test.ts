import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { TreeAt } from '../../../engine/model/timeline/timeline.ts';
import { neighbour, Spans, sublevels, tableAt } from '../../../webview/map/layout.ts';
import { KeySteps, LIGHT_STEP } from '../../../webview/visualizer/keySteps.ts';
import { L0_ROWS_MAX, layoutTree, TreeLayout } from '../../../webview/visualizer/mapLayout.ts';
import { HISTORY, INFO, madeTimeline, randomHistory, treeAfter } from '../../support/lives.ts';
import { random } from '../../support/random.ts';

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
const GOLDEN = { lives: 34_948, keys: '79fc3719652b6598', bytes: 'f82b9ac9442a69e5' };

describe('layout of the visualiser map', () => {
  it('aligns by key, with a row a sublevel and a row a level ever used', () => {
    const tree = treeAfter(HISTORY, 4);
    assert.deepEqual(drawn(layoutTree(tree, 'keys', INFO), tree, 20), [
      // The second key bounds table 4 alone, which spreads over others: its step is short.
      'L0.1 .......555555.......',
      'L0.0 ..4444444....66666..',
      'L1.0 1111111..22222222222',
      'L3.0 ..33333333333.......',
    ]);
    tree.seek(5);
    assert.deepEqual(drawn(layoutTree(tree, 'keys', INFO), tree, 20), [
      'L0.0 ....................',
      'L1.0 77777777788888888888',
      'L3.0 ..33333333333.......',
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
      assert.deepEqual([layout.left[2], layout.right[2]], [1.125 / 9.125, 6.125 / 9.125]);
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

  it('gives short steps to keys that bound only wide tables of L0, however the history came', () => {
    for (const seed of [7, 11, 13, 17]) {
      const { events } = randomHistory(seed, 80, 60, 300);
      const timeline = madeTimeline(events);
      // By the book: what each key bounds, and how many deep keys are within each table of L0.
      const used = new Set<number>();
      const deep = new Set<number>();
      const full = new Set<number>();
      const lives = Array.from({ length: timeline.lives }, (_, life) => ({
        level: timeline.level[life] as number,
        smallest: timeline.smallest[life] as number,
        largest: timeline.largest[life] as number,
      }));
      for (const { level, smallest, largest } of lives) {
        used.add(smallest).add(largest);
        if (level > 0) deep.add(smallest).add(largest);
      }
      for (const { level, smallest, largest } of lives) {
        const within = [...deep].filter((p) => p >= smallest && p <= largest).length;
        if (level > 0 || within < 2) full.add(smallest).add(largest);
      }
      const length = (p: number): number => (used.has(p) && !full.has(p) ? LIGHT_STEP : 1);
      const edges = [0];
      for (let p = 0; p < 300; p++) edges.push((edges[p] as number) + length(p));
      const total = edges[300] as number;
      assert.ok(total < 290, `${total}: some are short`);
      const whole = layoutTree(new TreeAt(timeline), 'keys', { firstPosition: 0, lastPosition: 299 });
      lives.forEach(({ smallest, largest }, life) => {
        assert.ok(Math.abs((whole.left[life] as number) - (edges[smallest] as number) / total) < 1e-12);
        assert.ok(Math.abs((whole.right[life] as number) - (edges[largest + 1] as number) / total) < 1e-12);
      });
      const range = { firstPosition: 0, lastPosition: 299 };
      const grown = new KeySteps();
      const { level, smallest, largest } = timeline;
      for (let n = 1; n < timeline.lives; n += 9) grown.learn({ lives: n, level, smallest, largest }, range);
      grown.learn(timeline, range);
      assert.equal(grown.learn(timeline, range), false, 'nothing is new');
      const loaded = new KeySteps();
      let measured = 0;
      for (let n = 1; n < timeline.lives; n++) {
        if (loaded.learn({ lives: n, level, smallest, largest }, range, true)) measured++;
      }
      assert.ok(measured < 12, `${measured} times, for ${timeline.lives} lives that came one by one`);
      loaded.learn(timeline, range);
      assert.equal(loaded.total, total, 'at the end it is as if all had come at once');
      for (let p = 0; p < 300; p++) assert.equal(loaded.before(p), edges[p]);
      assert.equal(grown.total, total);
      for (let p = 0; p < 300; p++) assert.equal(grown.before(p), edges[p]);
      for (let p = 0; p < 300; p++) {
        assert.equal(whole.boundaryAt(((edges[p] as number) + length(p) / 2) / total), p);
        assert.ok(Math.abs(whole.fractionOf(p) - (edges[p] as number) / total) < 1e-12);
      }
      assert.equal(whole.boundaryAt(-0.5 / total), -1);
      assert.equal(whole.boundaryAt(1 + 1.5 / total), 301);
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
    assert.equal(neighbour(layout, 3, 'down'), 0);
    assert.equal(neighbour(layout, 0, 'up'), 3);
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
