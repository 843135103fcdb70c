/** Range deletions cut into fragments, against asking each of them. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hex } from '../../../engine/base/bytes.ts';
import { keyOrder } from '../../../engine/iter/order.ts';
import { compareTimestamps, RangeTombstones, TombstoneCursor } from '../../../engine/iter/rangeTombstones.ts';
import { history } from '../../support/model.ts';
import { random } from '../../support/random.ts';

describe('range tombstones', () => {
  for (const name of [
    'leveldb.BytewiseComparator',
    'rocksdb.ReverseBytewiseComparator',
    'leveldb.BytewiseComparator.u64ts',
  ]) {
    it(`${name}: what covers a key is what one of them covers, in any order of asking`, () => {
      const order = keyOrder(name);
      for (let seed = 1; seed <= 40; seed++) {
        const dice = random(seed);
        const h = history({ order, operations: 20 + seed * 10, dice });
        const index = new RangeTombstones(h.tombstones, order);
        const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
        assert.equal(index.empty, !h.tombstones.some((t) => compare(t.begin, t.end) < 0));
        const keys = Array.from({ length: 100 }, h.key);
        if (seed % 2 === 0) keys.sort(compare);
        for (const key of keys) {
          const at = dice() < 0.3 ? 2 ** 56 : Math.floor(dice() * h.last);
          const stamp =
            order.timestampSize > 0 && dice() < 0.7
              ? Uint8Array.from({ length: 8 }, (_, i) => (i < 2 ? dice() * 256 : 0))
              : undefined;
          let newest = -1;
          for (const t of h.tombstones) {
            if (t.sequence > at || compare(key, t.begin) < 0 || compare(key, t.end) >= 0) continue;
            if (stamp !== undefined && compareTimestamps(t.timestamp!, stamp) < 0) continue;
            newest = Math.max(newest, t.sequence);
          }
          // The key may stand anywhere in a buffer.
          const roomy = Uint8Array.from([9, 9, ...key, 9]);
          assert.equal(index.covering(roomy, 2, key.length, at, stamp), newest, `${hex(key)} at ${at}`);
        }
      }
    });
  }

  it('as entries: sorted by begin, newest first, with the timestamp in the key', () => {
    const order = keyOrder('leveldb.BytewiseComparator.u64ts');
    const dice = random(5);
    const { tombstones } = history({ order, operations: 400, dice });
    const c = new TombstoneCursor(tombstones, order);
    const seen: string[] = [];
    const moves: string[] = [];
    let last: Uint8Array | undefined;
    for (c.first(); c.valid; c.next()) {
      assert.equal(c.type, 0x0f);
      if (last !== undefined) assert.ok(order.compare(last, 0, last.length, c.keyBuffer, 0, c.keyLength) <= 0);
      last = c.keyBuffer;
      seen.push(`${hex(c.keyBuffer)}@${c.sequence}-${hex(c.valueBuffer)}`);
    }
    assert.equal(seen.length, tombstones.length);
    for (c.last(); c.valid; c.prev()) moves.push(`${hex(c.keyBuffer)}@${c.sequence}-${hex(c.valueBuffer)}`);
    assert.deepEqual(moves.reverse(), seen);
    for (const [i, line] of seen.entries()) {
      const [key = '', rest = ''] = line.split('@');
      c.seek(Uint8Array.from(Buffer.from(key, 'hex')), Number(rest.split('-')[0]));
      assert.equal(`${hex(c.keyBuffer)}@${c.sequence}-${hex(c.valueBuffer)}`, seen[i]);
    }
  });
});
