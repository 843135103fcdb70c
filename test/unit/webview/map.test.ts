import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  layoutMap,
  type MapTable,
  neighbour,
  overlapping,
  placeRows,
  rankBounds,
  SUBLEVELS_MAX,
  spans,
  sublevels,
  tableAt,
} from '../../../webview/map/layout.ts';

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const table = (level: number, from: string, to: string, bytes = 10): MapTable => ({
  level,
  bytes,
  smallest: utf8(from),
  largest: utf8(to),
});

/** L0 newest first: two that overlap and one apart; L1 with two tables. */
const TREE = [
  table(0, 'a', 'm', 5),
  table(0, 'k', 'p', 5),
  table(0, 'x', 'z', 5),
  table(1, 'a', 'k', 30),
  table(1, 'l', 'z', 10),
];

describe('map layout', () => {
  it('ranks distinct boundary keys', () => {
    const ranks = rankBounds(TREE, false);
    assert.equal(ranks.count, 7);
    assert.deepEqual([...ranks.smallest], [0, 1, 5, 0, 2]);
    assert.deepEqual([...ranks.largest], [3, 4, 6, 1, 6]);
    const reversed = rankBounds(TREE, true);
    assert.deepEqual([...reversed.smallest], [6, 5, 1, 6, 4]);
  });

  it('spreads overlapping L0 tables over sublevels, newest on top', () => {
    const layout = layoutMap(TREE, 'keys');
    assert.deepEqual(
      layout.rows.map((r) => [r.level, r.sublevel, [...r.tables]]),
      [
        [0, 1, [0]],
        [0, 0, [1, 2]],
        [1, 0, [3, 4]],
      ],
    );
    assert.deepEqual([...layout.rowOf], [0, 1, 1, 2, 2]);
  });

  it('aligns tables by key rank', () => {
    const { left, right } = layoutMap(TREE, 'keys');
    assert.deepEqual([left[3], right[3]], [0, 2 / 7]);
    assert.deepEqual([left[4], right[4]], [2 / 7, 1]);
    assert.deepEqual([left[2], right[2]], [5 / 7, 1]);
  });

  it('gives area by bytes on one scale', () => {
    const { rows, left, right } = layoutMap(TREE, 'bytes');
    assert.equal(rows.length, 2);
    assert.deepEqual([left[3], right[3], left[4], right[4]], [0, 0.75, 0.75, 1]);
    assert.deepEqual([left[2], right[2]], [0.25, 0.375]);
  });

  it('draws a reversed order from large keys to small', () => {
    const { left, right } = layoutMap([table(1, 'z', 'l'), table(1, 'k', 'a')], 'keys', true);
    assert.deepEqual([left[0], right[0], left[1], right[1]], [0, 0.5, 0.5, 1]);
  });

  it('finds the table under a point, and the nearest within the slack', () => {
    const layout = layoutMap(TREE, 'keys');
    assert.equal(tableAt(layout, 2, 0.1), 3);
    assert.equal(tableAt(layout, 2, 0.9), 4);
    assert.equal(tableAt(layout, 0, 0.9), -1);
    assert.equal(tableAt(layout, 0, 0.9, 1), 0);
    assert.equal(tableAt(layout, 9, 0.5), -1);
  });

  it('walks by keyboard and stays at the edges', () => {
    const layout = layoutMap(TREE, 'keys');
    assert.equal(neighbour(layout, 3, 'right'), 4);
    assert.equal(neighbour(layout, 3, 'left'), 3);
    assert.equal(neighbour(layout, 4, 'first'), 3);
    assert.equal(neighbour(layout, 3, 'last'), 4);
    assert.equal(neighbour(layout, 3, 'up'), 1);
    assert.equal(neighbour(layout, 0, 'up'), 0);
    assert.equal(neighbour(layout, 0, 'down'), 1);
  });

  it('names the tables that share keys', () => {
    const layout = layoutMap(TREE, 'keys');
    assert.deepEqual(overlapping(layout, 0), [1, 3, 4]);
    assert.deepEqual(overlapping(layout, 2), [4]);
    assert.deepEqual(overlapping(layoutMap(TREE, 'bytes'), 0), []);
  });

  it('places rows without overlap', () => {
    const places = placeRows(layoutMap(TREE, 'keys'), 20, 9, 5);
    assert.deepEqual([...places.top], [0, 10, 24]);
    assert.deepEqual([...places.height], [9, 9, 20]);
    assert.equal(places.total, 44);
  });

  it('takes an empty tree', () => {
    const layout = layoutMap([], 'keys');
    assert.equal(layout.rows.length, 0);
    assert.equal(placeRows(layout, 20, 9, 5).total, 0);
  });

  it('agrees with a plain search on sublevels of random tables', () => {
    let seed = 7;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    for (let round = 0; round < 50; round++) {
      const n = 1 + random(40);
      const first = Int32Array.from({ length: n }, () => random(60));
      const last = first.map((f) => f + random(20));
      const fast = sublevels(
        Array.from({ length: n }, (_, i) => i),
        first,
        last,
        80,
      );
      const slow = new Map<number, number>();
      for (let i = n - 1; i >= 0; i--) {
        let height = 0;
        for (let j = i + 1; j < n; j++) {
          if (first[j]! <= last[i]! && first[i]! <= last[j]!) height = Math.max(height, (slow.get(j) ?? 0) + 1);
        }
        slow.set(i, height);
      }
      for (let i = 0; i < n; i++) assert.equal(fast.get(i), slow.get(i));
    }
  });

  it('bounds the rows of L0', () => {
    const layout = layoutMap(
      Array.from({ length: 100 }, () => table(0, 'a', 'z')),
      'keys',
    );
    assert.equal(layout.rows.length, SUBLEVELS_MAX);
    assert.equal(
      layout.rows.reduce((sum, r) => sum + r.tables.length, 0),
      100,
    );
  });

  it('lays out and joins 20,000 tables in bounded time and rectangles', () => {
    const tables = Array.from({ length: 20_000 }, (_, i) => {
      const key = (n: number): string => String(n).padStart(9, '0');
      return i < 40 ? table(0, key(i), key(15_000 + i)) : table(3, key(i * 10), key(i * 10 + 9));
    });
    const started = performance.now();
    const layout = layoutMap(tables, 'keys');
    const boxes = spans(layout, layout.rows.at(-1)!, 1000);
    const millis = performance.now() - started;
    assert.ok(boxes.length / 2 <= 1001);
    for (let i = 0; i < boxes.length; i += 2)
      assert.ok(boxes[i]! < boxes[i + 1]! && boxes[i + 1]! <= 1001, `box ${i / 2}`);
    assert.ok(millis < 2000, `${millis} ms`);
  });

  it('keeps wide neighbours apart by a pixel', () => {
    const layout = layoutMap([table(1, 'a', 'b'), table(1, 'c', 'd')], 'bytes');
    assert.deepEqual([...spans(layout, layout.rows[0]!, 100)], [0, 49, 50, 99]);
  });
});
