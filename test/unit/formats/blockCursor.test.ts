/** The walk over one data block, on blocks written by hand in every layout, against a plain list. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, hex, utf8, writeU32 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BlockCursor, type BlockDialect } from '../../../engine/formats/block/blockCursor.ts';
import { MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../../../engine/iter/order.ts';
import { type Entry, inOrder } from '../../support/arrayCursor.ts';
import { type BlockLayout, buildBlock, internalKey } from '../../support/buildBlock.ts';
import { random } from '../../support/random.ts';

/** The protected moves, in the open. */
class Walk extends BlockCursor {
  load(block: Uint8Array, dialect: BlockDialect = 'rocksdb', at = 0): this {
    this.loadBlock(block, at, block.length - at, dialect);
    return this;
  }
  pad(n: number): this {
    this.padTimestamp = n;
    return this;
  }
  global(sequence: number): this {
    this.globalSequence = sequence;
    return this;
  }
  first = (): boolean => this.firstInBlock();
  last = (): boolean => this.lastInBlock();
  next = (): boolean => this.nextInBlock();
  prev = (): boolean => this.prevInBlock();
  seek = (key: Uint8Array, sequence: number, order: KeyOrder = BYTEWISE): boolean =>
    this.seekInBlock(key, sequence, order);

  shown(): string {
    assert.equal(this.valid, true);
    const key = this.keyBuffer.slice(this.keyStart, this.keyStart + this.keyLength);
    const value = this.valueBuffer.slice(this.valueStart, this.valueStart + this.valueLength);
    return show({ key, sequence: this.sequence, type: this.type, value });
  }
}

const show = (e: Entry): string => `${hex(e.key)}@${e.sequence}/${e.type}=${hex(e.value)}`;

function entriesOf(seed: number, count: number, order: KeyOrder): Entry[] {
  const next = random(seed);
  const out = new Map<string, Entry>();
  while (out.size < count) {
    // Few letters and long runs of one: keys share much, and lengths differ.
    const length = Math.floor(next() ** 3 * (seed % 4 === 0 ? 300 : 12));
    const key = Uint8Array.from({ length }, () => [0, 0x61, 0x61, 0x62, 0xff][Math.floor(next() * 5)]!);
    const value = new Uint8Array(Math.floor(next() ** 4 * 400)).fill(next() * 256);
    const sequence = Math.floor(next() * 2 ** (next() < 0.1 ? 50 : 10));
    const e = { key, sequence, type: Math.floor(next() * 3), value };
    out.set(`${hex(key)}@${sequence}`, e);
  }
  return [...out.values()].sort(inOrder(order));
}

const block = (entries: readonly Entry[], layout: BlockLayout): Uint8Array =>
  buildBlock(
    entries.map((e) => ({ key: internalKey(e.key, e.sequence, e.type), value: e.value })),
    layout,
  );

const LAYOUTS: readonly (readonly [string, BlockLayout, BlockDialect])[] = [
  ['restart interval 16', { interval: 16 }, 'rocksdb'],
  ['restart interval 1', { interval: 1 }, 'rocksdb'],
  ['one restart point', { interval: 10_000 }, 'leveldb'],
  ['LevelDB, interval 4', { interval: 4 }, 'leveldb'],
  ['hash index', { interval: 8, hashBuckets: 37 }, 'rocksdb'],
  ['separated keys and values', { interval: 8, separated: true }, 'rocksdb'],
  ['separated, with hash index', { interval: 3, separated: true, hashBuckets: 5 }, 'rocksdb'],
];

describe('block cursor', () => {
  for (const [name, layout, dialect] of LAYOUTS) {
    for (const order of [BYTEWISE, keyOrder('rocksdb.ReverseBytewiseComparator')]) {
      it(`${name}, ${order.name}: first, last, next, prev and seek are those of a list`, () => {
        for (let seed = 1; seed <= 12; seed++) {
          const entries = entriesOf(seed, 1 + seed * 9, order);
          const lines = entries.map(show);
          const walk = new Walk().load(block(entries, layout), dialect);
          const forward: string[] = [];
          for (let more = walk.first(); more; more = walk.next()) forward.push(walk.shown());
          assert.deepEqual(forward, lines);
          assert.equal(walk.valid, false);
          const backward: string[] = [];
          for (let more = walk.last(); more; more = walk.prev()) backward.push(walk.shown());
          assert.deepEqual(backward.reverse(), lines);
          assert.equal(walk.countInBlock(), entries.length);

          const next = random(seed + 1000);
          for (let i = 0; i < 60; i++) {
            const near = entries[Math.floor(next() * entries.length)]!;
            const key = next() < 0.6 ? near.key : near.key.map((b) => (next() < 0.2 ? next() * 256 : b));
            const sequence = [MAX_SEQUENCE, near.sequence, near.sequence - 1, near.sequence + 1, 0][
              Math.floor(next() * 5)
            ]!;
            const target: Entry = { key, sequence, type: 0, value: key };
            let at = entries.findIndex((e) => inOrder(order)(e, target) >= 0);
            assert.equal(walk.seek(key, sequence, order), at >= 0);
            if (at < 0) continue;
            assert.equal(walk.shown(), lines[at]);
            // A few steps either way from there.
            for (let n = 0; n < 8; n++) {
              const back = next() < 0.5;
              at += back ? -1 : 1;
              assert.equal(back ? walk.prev() : walk.next(), at >= 0 && at < lines.length);
              if (at < 0 || at >= lines.length) break;
              assert.equal(walk.shown(), lines[at]);
            }
          }
        }
      });
    }
  }

  it('a block in the middle of a buffer', () => {
    const entries = entriesOf(3, 20, BYTEWISE);
    const bytes = block(entries, { interval: 4 });
    const roomy = new Uint8Array(bytes.length + 100).fill(0xee);
    roomy.set(bytes, 100);
    const walk = new Walk().load(roomy, 'rocksdb', 100);
    const seen: string[] = [];
    for (let more = walk.first(); more; more = walk.next()) seen.push(walk.shown());
    assert.deepEqual(seen, entries.map(show));
  });

  it('a global sequence number stands for 0 only', () => {
    const key = utf8('k');
    const entries = [
      { key, sequence: 7, type: 1, value: key },
      { key, sequence: 0, type: 1, value: key },
    ];
    const walk = new Walk().global(99).load(block(entries, { interval: 16 }));
    assert.ok(walk.first());
    assert.equal(walk.sequence, 7);
    assert.ok(walk.next());
    assert.equal(walk.sequence, 99);
  });

  it('stripped timestamps: zeros are added to each key, whatever the keys share', () => {
    const keys = ['a', 'ab', 'abc', 'b'].map((t) => utf8(t));
    const entries = keys.map((key) => ({ key, sequence: 0, type: 1, value: key }));
    const walk = new Walk().pad(8).load(block(entries, { interval: 16 }));
    const seen: string[] = [];
    for (let more = walk.first(); more; more = walk.next()) seen.push(hex(walk.keyBuffer.slice(0, walk.keyLength)));
    assert.deepEqual(
      seen,
      keys.map((k) => `${hex(k)}0000000000000000`),
    );
    assert.ok(walk.last() && walk.prev());
    assert.equal(hex(walk.keyBuffer.slice(0, walk.keyLength)), '6162630000000000000000');
  });

  it('a table that stores timestamps behind one that does not: keys are its own again', () => {
    const stripped = block([{ key: utf8('first'), sequence: 0, type: 1, value: utf8('') }], { interval: 16 });
    const whole = block([{ key: utf8('second..8bytes..'), sequence: 0, type: 1, value: utf8('') }], { interval: 16 });
    const walk = new Walk().pad(8).load(stripped);
    assert.ok(walk.first());
    walk.pad(0).load(whole);
    assert.ok(walk.first());
    assert.equal(hex(walk.keyBuffer.slice(0, walk.keyLength)), hex(utf8('second..8bytes..')));
  });

  it('hostile blocks throw CORRUPT with an offset inside of the block, and nothing else', () => {
    const entries = entriesOf(5, 30, BYTEWISE);
    const next = random(77);
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      const layout = LAYOUTS[round % LAYOUTS.length]!;
      const bytes = block(entries, layout[1]);
      for (let n = 0; n < 3; n++)
        bytes[Math.floor(next() * bytes.length)] = [0, 0x7f, 0x80, 0xff, next() * 256][Math.floor(next() * 5)]!;
      if (next() < 0.2) bytes.fill(0xff, bytes.length - 1 - Math.floor(next() * 12));
      const short = next() < 0.1 ? bytes.slice(0, next() * bytes.length) : bytes;
      try {
        const walk = new Walk().load(short, layout[2]);
        let steps = 0;
        for (let more = walk.first(); more; more = walk.next()) {
          assert.ok(++steps <= short.length);
          assert.ok(walk.valueStart + walk.valueLength <= short.length);
          assert.ok(walk.keyLength <= walk.keyBuffer.length);
        }
        for (let more = walk.last(); more; more = walk.prev()) assert.ok(++steps <= 3 * short.length);
        walk.seek(entries[round % entries.length]!.key, MAX_SEQUENCE);
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError, String(thrown));
        assert.equal(thrown.code, 'CORRUPT');
        refused++;
      }
    }
    assert.ok(refused > 1000, String(refused));
  });

  it('footers that cannot be: too short, reserved bit, more restart points than bytes, values past the end', () => {
    const load =
      (bytes: Uint8Array, dialect: BlockDialect = 'rocksdb') =>
      () =>
        new Walk().load(bytes, dialect);
    const footer = (n: number, before = 0): Uint8Array => {
      const b = new Uint8Array(before + 4);
      writeU32(b, before, n >>> 0);
      return b;
    };
    for (const bytes of [
      new Uint8Array(3),
      footer(0x4000_0001, 4),
      footer(2, 4),
      footer(0x8000_0000),
      footer(0x1000_0000),
      footer(0x9000_0001, 8),
      Uint8Array.from([0xff, 0xff, 0xff, 0x7f, ...footer(0x1000_0000)]),
    ]) {
      assert.throws(load(bytes), (e) => e instanceof StoreError && e.code === 'CORRUPT', hex(bytes));
    }
    assert.throws(load(footer(0x1000_0001, 40), 'leveldb'), /restart points/);
    const empty = new Walk().load(footer(0));
    assert.equal(empty.first(), false);
    assert.equal(empty.last(), false);
    assert.ok(compareBytes(footer(0), footer(0)) === 0);
  });
});
