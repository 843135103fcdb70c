/** Bounds of a range: from, to and prefix, in ascending and descending orders of bytes. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, hex, startsWith, utf8 } from '../../../engine/base/bytes.ts';
import type { Problem } from '../../../engine/base/errors.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../../engine/iter/order.ts';
import { Bounds, type KeyRange } from '../../../engine/iter/range.ts';
import { ArrayCursor } from '../../support/arrayCursor.ts';
import { random } from '../../support/random.ts';

const REVERSE = keyOrder('rocksdb.ReverseBytewiseComparator');

function inside(order: KeyOrder, range: KeyRange, key: Uint8Array): boolean {
  const bounds = new Bounds(order, range);
  const c = new ArrayCursor([{ key, sequence: 1, type: 1, value: key }], order);
  c.first();
  return !bounds.isBefore(c) && !bounds.isPast(c);
}

describe('bounds', () => {
  it('every key of up to two bytes of a small alphabet, against the words of the contract', () => {
    const letters = [0, 0x61, 0x62, 0xfe, 0xff];
    const keys = [
      new Uint8Array(0),
      ...letters.flatMap((a) => [Uint8Array.of(a), ...letters.map((b) => Uint8Array.of(a, b))]),
    ];
    const dice = random(3);
    const some = (): Uint8Array | undefined => (dice() < 0.3 ? undefined : keys[Math.floor(dice() * keys.length)]);
    for (const order of [BYTEWISE, REVERSE]) {
      for (let n = 0; n < 1500; n++) {
        const range = { from: some(), to: some(), prefix: some() };
        const bounds = new Bounds(order, range);
        const sign = order.reversed ? -1 : 1;
        const matching = keys.filter(
          (k) =>
            (range.from === undefined || sign * compareBytes(k, range.from) >= 0) &&
            (range.to === undefined || sign * compareBytes(k, range.to) < 0) &&
            (range.prefix === undefined || startsWith(k, range.prefix)),
        );
        const found = keys.filter((k) => inside(order, range, k));
        assert.deepEqual(found.map(hex), matching.map(hex), JSON.stringify([order.name, range]));
        // A table that holds a matching key is never left out.
        for (const k of matching) assert.ok(bounds.overlaps(k, k));
        for (const k of matching) {
          const [a, b] = [keys[Math.floor(dice() * keys.length)]!, k].sort((x, y) => sign * compareBytes(x, y)) as [
            Uint8Array,
            Uint8Array,
          ];
          assert.ok(bounds.overlaps(a, b));
        }
      }
    }
  });

  it('a prefix of nothing but ff has no end', () => {
    assert.equal(inside(BYTEWISE, { prefix: Uint8Array.of(0xff, 0xff) }, Uint8Array.of(0xff, 0xff, 0xff)), true);
    assert.equal(inside(REVERSE, { prefix: Uint8Array.of(0xff) }, Uint8Array.of(0xff)), true);
    assert.equal(inside(REVERSE, { prefix: Uint8Array.of(0xff) }, Uint8Array.of(0xfe)), false);
  });
});

describe('damage log', () => {
  const problem = (n: number): Problem => ({ code: 'CORRUPT', path: 'f', offset: n, message: 'm' });

  it('keeps each problem once, and marks the keys between', () => {
    const log = new DamageLog();
    assert.ok(log.note(problem(1)));
    assert.ok(!log.note(problem(1)));
    assert.equal(log.lost, false);
    log.report(problem(2), utf8('b'), utf8('d'));
    log.report(problem(2), utf8('b'), utf8('d'));
    assert.deepEqual([log.problems.length, log.count, log.lost], [2, 2, true]);
    const covered = (t: string): boolean => log.covers(utf8(t), 0, t.length);
    assert.deepEqual(['a', 'b', 'c', 'd', 'da'].map(covered), [false, true, true, true, false]);
    log.report(problem(3));
    assert.ok(covered('zzz'));
  });

  it('counts on when it keeps no more', () => {
    const log = new DamageLog();
    for (let n = 0; n < 5000; n++) log.report(problem(n), utf8(`k${n}`), utf8(`k${n}`));
    assert.deepEqual([log.problems.length, log.count], [1000, 5000]);
  });
});
