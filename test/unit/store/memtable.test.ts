import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBytes, hex, text, utf8 } from '../../../engine/base/bytes.ts';
import { entryValue, keyOf, MAX_SEQUENCE, ValueType } from '../../../engine/iter/cursor.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../../engine/iter/order.ts';
import { type LogValues, Memtable } from '../../../engine/store/memtable.ts';

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

interface Entry {
  key: Uint8Array;
  seq: number;
  value: Uint8Array;
  type: number;
}

function entries(count: number, seed: number, valueMax: number): Entry[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, i) => {
    const tail = Uint8Array.from({ length: next(10) }, () => next(4));
    return {
      key: Uint8Array.from([...utf8('shared-prefix/'), ...tail]),
      seq: i + 1,
      value: new Uint8Array(next(valueMax)).fill(i),
      type: next(5) === 0 ? ValueType.deletion : ValueType.value,
    };
  });
}

function filled(list: readonly Entry[], order: KeyOrder, memtable = new Memtable()): Memtable {
  for (const e of list) memtable.add(e.type, e.seq, e.key, 0, e.key.length, e.value, 0, e.value.length);
  memtable.seal(order);
  return memtable;
}

describe('memtable', () => {
  it('takes an empty key without a value as its first entry', () => {
    const memtable = new Memtable();
    const nothing = new Uint8Array(0);
    memtable.add(ValueType.deletion, 1, nothing, 0, 0, nothing, 0, 0);
    memtable.add(ValueType.value, 2, nothing, 0, 0, nothing, 0, 0);
    memtable.seal(BYTEWISE);
    const c = memtable.cursor();
    c.first();
    assert.deepEqual([c.valid, hex(keyOf(c)), hex(entryValue(c)), c.sequence], [true, '', '', 2]);
    c.next();
    assert.deepEqual([c.valid, hex(keyOf(c)), c.sequence], [true, '', 1]);
  });

  for (const name of ['leveldb.BytewiseComparator', 'rocksdb.ReverseBytewiseComparator']) {
    it(`walks and seeks in the order of ${name}`, () => {
      const order = keyOrder(name);
      const sign = order.reversed ? -1 : 1;
      const list = entries(5000, 7, 100);
      const sorted = [...list].sort((a, b) => sign * compareBytes(a.key, b.key) || b.seq - a.seq);
      const memtable = filled(list, order);
      assert.equal(memtable.count, 5000);
      assert.equal(
        memtable.bytes,
        list.reduce((n, e) => n + e.key.length + e.value.length, 0),
      );
      const c = memtable.cursor();
      c.first();
      for (const e of sorted) {
        assert.ok(c.valid);
        assert.deepEqual(
          [c.sequence, c.type, hex(keyOf(c)), hex(entryValue(c)), c.level, c.table],
          [e.seq, e.type, hex(e.key), hex(e.value), -1, 0],
        );
        c.next();
      }
      assert.ok(!c.valid);
      c.last();
      for (const e of sorted.toReversed()) {
        assert.equal(c.sequence, e.seq);
        c.prev();
      }
      assert.ok(!c.valid);
      const next = random(3);
      for (let i = 0; i < 300; i++) {
        const target = sorted[next(sorted.length)] as Entry;
        c.seek(target.key, MAX_SEQUENCE);
        assert.equal(c.sequence, sorted.find((e) => compareBytes(e.key, target.key) === 0)?.seq);
        c.seek(target.key, target.seq);
        assert.equal(c.sequence, target.seq);
      }
      c.close();
      assert.ok(!c.valid);
    });
  }

  it('keeps keys that are prefixes of each other, and zero bytes, in order', () => {
    const keys = ['', '\0', '\0\0', 'a', 'a\0', 'a\0\0\0\0\0\0\0', 'ab', 'b'].map((k) => utf8(k));
    const list = keys.toReversed().map((key, i) => ({ key, seq: i + 1, value: utf8('v'), type: ValueType.value }));
    const c = filled(list, BYTEWISE).cursor();
    const seen: string[] = [];
    for (c.first(); c.valid; c.next()) seen.push(hex(keyOf(c)));
    assert.deepEqual(seen, keys.map(hex));
  });

  it('holds entries larger than a chunk', () => {
    const value = new Uint8Array(3_000_000).fill(9);
    const key = new Uint8Array(1_500_000).fill(1);
    const c = filled([{ key, seq: 5, value, type: ValueType.value }], BYTEWISE).cursor();
    c.first();
    assert.ok(compareBytes(keyOf(c), key) === 0 && compareBytes(entryValue(c), value) === 0);
  });

  it('takes back a batch', () => {
    const memtable = filled(entries(10, 1, 10), BYTEWISE);
    const before = memtable.bytes;
    memtable.add(1, 99, utf8('x'), 0, 1, utf8('y'), 0, 1);
    memtable.addRangeTombstone(utf8('a'), utf8('b'), 100);
    memtable.truncate(10, 0);
    assert.deepEqual([memtable.count, memtable.bytes, memtable.rangeTombstones.length], [10, before, 0]);
  });

  it('leaves values in the log once the budget is spent', () => {
    const kept = new Map<string, Uint8Array>();
    const values: LogValues = {
      read: (log, record, offset, length) =>
        (kept.get(`${log}/${record}`) as Uint8Array).slice(offset, offset + length),
    };
    const budget = { bytesMax: 100_000, used: 0 };
    const memtable = new Memtable(budget, values);
    const list = entries(4000, 11, 2000);
    for (const e of list) {
      const record = Uint8Array.from([0, 0, 0, ...e.key, ...e.value]);
      memtable.logNumber = 4_000_000_000;
      memtable.recordOffset = 2 ** 33 + e.seq;
      kept.set(`${memtable.logNumber}/${memtable.recordOffset}`, record);
      memtable.canRefer = e.seq % 100 !== 0;
      memtable.add(e.type, e.seq, record, 3, e.key.length, record, 3 + e.key.length, e.value.length);
    }
    memtable.seal(BYTEWISE);
    const all = list.reduce((n, e) => n + e.value.length, 0);
    assert.ok(budget.used < all, `${budget.used} of ${all} bytes in memory`);
    const bySeq = new Map(list.map((e) => [e.seq, e]));
    const c = memtable.cursor();
    let n = 0;
    for (c.first(); c.valid; c.next(), n++) {
      const e = bySeq.get(c.sequence) as Entry;
      assert.deepEqual(
        [c.type, c.valueLength, text(keyOf(c)), hex(entryValue(c))],
        [e.type, e.value.length, text(e.key), hex(e.value)],
      );
    }
    assert.equal(n, list.length);
  });
});
