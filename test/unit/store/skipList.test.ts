import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, hex } from '../../../engine/base/bytes.ts';
import { type Cursor, MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { SkipList } from '../../../engine/store/skipList.ts';
import { random } from '../../support/random.ts';

interface Entry {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly value: Uint8Array;
}

function seen(c: Cursor): string {
  const key = hex(c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength));
  const value = hex(c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength));
  return `${key}@${c.sequence}=${value}`;
}

const text = (e: Entry): string => `${hex(e.key)}@${e.sequence}=${hex(e.value)}`;

function put(list: SkipList, e: Entry): void {
  const padded = new Uint8Array(e.key.length + 3);
  padded.set(e.key, 3);
  if (e.sequence % 3 > 0) list.add(1, e.sequence, padded, 3, e.key.length, e.value, 0, e.value.length);
  else {
    // As it stands in a write batch: a gap between key and value.
    const record = Uint8Array.from([...padded, 9, 9, ...e.value]);
    list.addFrom(record, 1, e.sequence, 3, e.key.length, padded.length + 2, e.value.length);
  }
}

/** Keys of every kind: shared prefixes that shrink, empty, zeros at the end, many versions. */
function entries(seed: number, n: number): Entry[] {
  const next = random(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const prefixes = ['sensor/000', 'sensor/0', 'sensor/', 's', ''];
  return Array.from({ length: n }, (_, i) => {
    const prefix = prefixes[Math.min(4, Math.floor((i / n) * 5))] as string;
    const tail = Uint8Array.from({ length: below(9) }, () => (below(3) === 0 ? 0 : below(6) * 51));
    return {
      key: Uint8Array.from([...new TextEncoder().encode(prefix), ...tail]),
      sequence: i + 1,
      value: Uint8Array.from({ length: below(200) }, () => below(256)),
    };
  });
}

describe('skip list', () => {
  it('takes an empty key without a value as its first entry', () => {
    const list = new SkipList(BYTEWISE);
    const nothing = new Uint8Array(0);
    list.add(0, 1, nothing, 0, 0, nothing, 0, 0);
    list.add(1, 2, nothing, 0, 0, nothing, 0, 0);
    const c = list.cursor();
    c.first();
    assert.equal(seen(c), '@2=');
    c.next();
    assert.equal(seen(c), '@1=');
    c.seek(nothing, MAX_SEQUENCE);
    assert.equal(seen(c), '@2=');
  });

  for (const name of ['leveldb.BytewiseComparator', 'rocksdb.ReverseBytewiseComparator']) {
    it(`walks both ways and seeks like a sorted array, order ${name}`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const order = keyOrder(name);
        const all = entries(seed, 800);
        const list = new SkipList(order);
        for (const e of all) put(list, e);
        const sign = order.reversed ? -1 : 1;
        const sorted = [...all].sort((a, b) => sign * compareBytes(a.key, b.key) || b.sequence - a.sequence);
        const c = list.cursor();
        const forward: string[] = [];
        for (c.first(); c.valid; c.next()) forward.push(seen(c));
        assert.deepEqual(forward, sorted.map(text), `seed ${seed}`);
        const backward: string[] = [];
        for (c.last(); c.valid; c.prev()) backward.push(seen(c));
        assert.deepEqual(backward, sorted.map(text).reverse(), `seed ${seed}`);
        for (const probe of all.slice(0, 100)) {
          for (const sequence of [MAX_SEQUENCE, probe.sequence, probe.sequence - 1, 0]) {
            c.seek(probe.key, sequence);
            const expected = sorted.find((e) => {
              const d = sign * compareBytes(e.key, probe.key);
              return d > 0 || (d === 0 && e.sequence <= sequence);
            });
            assert.equal(c.valid ? seen(c) : undefined, expected === undefined ? undefined : text(expected));
          }
        }
        assert.equal(list.count, all.length);
        assert.equal(
          list.bytes,
          all.reduce((sum, e) => sum + e.key.length + e.value.length, 0),
        );
        assert.equal(list.smallestSequence, 1);
        assert.equal(list.largestSequence, all.length);
      }
    });
  }

  it('keeps a cursor where it is while entries are added around it', () => {
    const list = new SkipList(BYTEWISE);
    const key = (n: number): Uint8Array => Uint8Array.of(n >>> 8, n & 255);
    for (let i = 0; i < 500; i += 2) put(list, { key: key(i), sequence: i + 1, value: key(i) });
    const c = list.cursor();
    c.first();
    let walked = 0;
    for (let i = 1; c.valid; i += 2, walked++) {
      if (i < 500) put(list, { key: key(i), sequence: 1000 + i, value: key(i) });
      assert.equal((c.keyBuffer[c.keyStart] as number) * 256 + (c.keyBuffer[c.keyStart + 1] as number), walked);
      c.next();
    }
    assert.equal(walked, 500);
  });

  it('takes entries larger than a chunk and says what it holds', () => {
    const list = new SkipList(BYTEWISE);
    const large = new Uint8Array(3 << 20).fill(7);
    put(list, { key: Uint8Array.of(1), sequence: 1, value: large });
    put(list, { key: Uint8Array.of(0), sequence: 2, value: Uint8Array.of(9) });
    const c = list.cursor();
    c.last();
    assert.equal(c.valueLength, large.length);
    assert.equal(c.valueBuffer[c.valueStart + large.length - 1], 7);
    assert.ok(list.memory > large.length);
    list.addRangeTombstone(Uint8Array.of(1), Uint8Array.of(2), 3);
    assert.equal(list.largestSequence, 3);
    assert.equal(list.bytes, large.length + 3 + 2);
    assert.equal(new SkipList(BYTEWISE).empty, true);
    assert.equal(list.empty, false);
  });
});
