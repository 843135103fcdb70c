/** Merged walks against one sorted list. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex } from '../../../engine/base/bytes.ts';
import { ConcatCursor } from '../../../engine/iter/concat.ts';
import { type Cursor, keyOf, MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { MergingCursor } from '../../../engine/iter/merging.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { ArrayCursor, type Entry, inOrder } from '../../support/arrayCursor.ts';
import { history } from '../../support/model.ts';
import { random } from '../../support/random.ts';

const shown = (c: Cursor): string =>
  `${hex(keyOf(c))}@${c.sequence}/${c.type}=${hex(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength))}`;
const line = (e: Entry): string => `${hex(e.key)}@${e.sequence}/${e.type}=${hex(e.value)}`;

describe('merging cursor', () => {
  for (const name of [
    'leveldb.BytewiseComparator',
    'rocksdb.ReverseBytewiseComparator',
    'leveldb.BytewiseComparator.u64ts',
  ]) {
    it(`${name}: first, last, seek and seekBefore over one to nine runs, some empty`, () => {
      const order = keyOrder(name);
      for (let seed = 1; seed <= 60; seed++) {
        const dice = random(seed);
        const { entries } = history({ order, operations: Math.floor(dice() * 150), dice });
        const sorted = [...entries].sort(inOrder(order));
        const lines = sorted.map(line);
        const runs: Entry[][] = Array.from({ length: 1 + (seed % 9) }, () => []);
        for (const e of entries) runs[Math.floor(dice() ** 2 * runs.length)]!.push(e);
        const merged = new MergingCursor(
          runs.map((r, i) => new ArrayCursor(r, order, i, i)),
          order.compare,
        );
        assert.equal(merged.valid, false);
        const forward: string[] = [];
        for (merged.first(); merged.valid; merged.next()) forward.push(shown(merged));
        assert.deepEqual(forward, lines);
        const backward: string[] = [];
        for (merged.last(); merged.valid; merged.prev()) backward.push(shown(merged));
        assert.deepEqual(backward.reverse(), lines);
        for (let i = 0; i < 20 && sorted.length > 0; i++) {
          const target = sorted[Math.floor(dice() * sorted.length)]!;
          const sequence = dice() < 0.3 ? MAX_SEQUENCE : dice() < 0.5 ? -1 : target.sequence;
          const at = sorted.findIndex((e) => inOrder(order)(e, { ...target, sequence }) >= 0);
          merged.seek(target.key, sequence);
          assert.equal(merged.valid ? shown(merged) : undefined, at < 0 ? undefined : lines[at]);
          merged.next();
          assert.equal(merged.valid ? shown(merged) : undefined, at < 0 ? undefined : lines[at + 1]);
          merged.seekBefore(target.key, sequence);
          const before = at < 0 ? lines.length - 1 : at - 1;
          assert.equal(merged.valid ? shown(merged) : undefined, lines[before]);
          merged.prev();
          assert.equal(merged.valid ? shown(merged) : undefined, lines[before - 1]);
        }
      }
    });
  }

  it('equal internal keys, as salvaged stores have them, come out all, the newer place first, in both directions', () => {
    const key = Uint8Array.of(1);
    const runs = [3, 0, 2].map(
      (level) => new ArrayCursor([{ key, sequence: 5, type: 1, value: Uint8Array.of(level) }], BYTEWISE, level, level),
    );
    const merged = new MergingCursor(runs, BYTEWISE.compare);
    const levels: number[] = [];
    for (merged.first(); merged.valid; merged.next()) levels.push(merged.level);
    assert.deepEqual(levels, [0, 2, 3]);
    const back: number[] = [];
    for (merged.last(); merged.valid; merged.prev()) back.push(merged.level);
    assert.deepEqual(back, [3, 2, 0]);
  });

  it('no children, and closing closes all of them', () => {
    const none = new MergingCursor([], BYTEWISE.compare);
    none.first();
    assert.equal(none.valid, false);
    none.next();
    none.seek(Uint8Array.of(1), 1);
    assert.deepEqual([none.valid, none.keyLength, none.valueLength], [false, 0, 0]);
    const children = [1, 2].map(
      (n) => new ArrayCursor([{ key: Uint8Array.of(n), sequence: n, type: 1, value: Uint8Array.of(n) }], BYTEWISE),
    );
    const merged = new MergingCursor(children, BYTEWISE.compare);
    merged.first();
    merged.close();
    assert.ok(!merged.valid && children.every((c) => c.closed));
  });
});

describe('cursors one after the other', () => {
  it('walks each child to its end, passes over empty ones, and has no way back', () => {
    const run = (...keys: number[]) =>
      new ArrayCursor(
        keys.map((k) => ({ key: Uint8Array.of(k), sequence: k, type: 1, value: Uint8Array.of(k) })),
        BYTEWISE,
      );
    const c = new ConcatCursor([run(), run(5, 6), run(), run(1), run()]);
    assert.equal(c.valid, false);
    for (let round = 0; round < 2; round++) {
      const seen: number[] = [];
      for (c.first(); c.valid; c.next()) seen.push(c.keyBuffer[c.keyStart]!);
      assert.deepEqual(seen, [5, 6, 1]);
    }
    c.last();
    assert.equal(c.valid, false);
  });
});
