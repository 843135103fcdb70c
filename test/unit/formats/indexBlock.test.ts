/** Index blocks in all their encodings, against the list that they were written from. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareBytes, concat, hex, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { IndexBlock, type IndexFlags } from '../../../engine/formats/block/indexBlock.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { buildBlock, internalKey, varint } from '../../support/buildBlock.ts';
import { random } from '../../support/random.ts';

interface Block {
  readonly separator: Uint8Array;
  readonly offset: number;
  readonly size: number;
}

function blocksOf(seed: number, count: number): Block[] {
  const next = random(seed);
  const keys = new Set<string>();
  while (keys.size < count) keys.add(`site/${Math.floor(next() * 40)}/${Math.floor(next() * 1e4)}`);
  let offset = 0;
  return [...keys].sort().map((key) => {
    const size = 100 + Math.floor(next() * 4000);
    const block = { separator: utf8(key), offset, size };
    offset += size + 5;
    return block;
  });
}

const END = 1 << 30;

/** zigzag: 0, -1, 1, -2, … */
const zigzag = (n: number): number => (n >= 0 ? 2 * n : -2 * n - 1);

function encode(blocks: readonly Block[], flags: IndexFlags, interval: number): Uint8Array {
  let lastKey: Uint8Array = new Uint8Array(0);
  const entries = blocks.map(({ separator, offset, size }, i) => {
    const key = flags.userKeys ? separator : internalKey(separator, 2 ** 40, 1);
    // A delta is written where the key shares a prefix with the one before (the test is shared, not restart).
    const shares = i % interval !== 0 && lastKey[0] === key[0];
    lastKey = key;
    const handle =
      flags.deltaValues && shares
        ? varint(zigzag(size - (blocks[i - 1] as Block).size))
        : concat([varint(offset), varint(size)]);
    const first = internalKey(utf8('first'), 1, 1);
    return { key, value: flags.firstKeys ? concat([handle, varint(first.length), first]) : handle };
  });
  return buildBlock(entries, { interval, valueless: flags.deltaValues });
}

const FLAGS: readonly IndexFlags[] = [false, true].flatMap((userKeys) =>
  [false, true].flatMap((deltaValues) => [false, true].map((firstKeys) => ({ userKeys, deltaValues, firstKeys }))),
);

describe('index block', () => {
  for (const flags of FLAGS) {
    it(`${JSON.stringify(flags)}: handles and separators come back, and find finds the block`, () => {
      for (const interval of [1, 4, 1000]) {
        const blocks = blocksOf(interval, 150);
        const index = IndexBlock.decode(encode(blocks, flags, interval), flags, END, true);
        assert.equal(index.count, blocks.length);
        for (const [i, b] of blocks.entries()) {
          assert.deepEqual([index.offset(i), index.size(i)], [b.offset, b.size]);
          assert.equal(hex(index.separator(i)), hex(b.separator));
        }
        const next = random(9);
        for (let n = 0; n < 300; n++) {
          const key =
            next() < 0.5
              ? blocks[Math.floor(next() * blocks.length)]!.separator
              : utf8(`site/${Math.floor(next() * 50)}`);
          const at = blocks.findIndex((b) => compareBytes(b.separator, key) >= 0);
          assert.equal(index.find(key, BYTEWISE), at < 0 ? blocks.length : at);
        }
      }
    });
  }

  it('LevelDB: values with lengths, a plain restart count', () => {
    const blocks = blocksOf(1, 40);
    const flags = { userKeys: false, deltaValues: false, firstKeys: false };
    const index = IndexBlock.decode(encode(blocks, flags, 1), flags, END, false);
    assert.deepEqual(
      Array.from({ length: 40 }, (_, i) => index.offset(i)),
      blocks.map((b) => b.offset),
    );
  });

  it('partitions are joined, whether their keys share prefixes or not', () => {
    const blocks = blocksOf(2, 90);
    const flags = { userKeys: true, deltaValues: true, firstKeys: false };
    const parts = [1, 16, 3].map((interval, p) =>
      IndexBlock.decode(encode(blocks.slice(30 * p, 30 * p + 30), flags, interval), flags, END, true),
    );
    const joined = IndexBlock.join(parts);
    assert.equal(joined.count, 90);
    for (const [i, b] of blocks.entries()) {
      assert.equal(hex(joined.separator(i)), hex(b.separator));
      assert.equal(joined.offset(i), b.offset);
    }
    assert.equal(IndexBlock.join([]).count, 0);
  });

  it('padded: stripped timestamps sort behind every version of their key', () => {
    const blocks = blocksOf(3, 10);
    const flags = { userKeys: true, deltaValues: false, firstKeys: false };
    const padded = IndexBlock.decode(encode(blocks, flags, 1), flags, END, true).padded(8);
    const order = keyOrder('leveldb.BytewiseComparator.u64ts');
    for (const [i, b] of blocks.entries()) {
      assert.equal(padded.find(concat([b.separator, new Uint8Array(8).fill(0xff)]), order), i);
      assert.equal(padded.find(concat([b.separator, new Uint8Array(8)]), order), i);
    }
  });

  it('hostile index blocks throw CORRUPT and make nothing large', () => {
    const next = random(4);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const flags = FLAGS[round % FLAGS.length]!;
      const bytes = encode(blocksOf(5, 30), flags, 4);
      for (let n = 0; n < 4; n++)
        bytes[Math.floor(next() * bytes.length)] = [0, 0x7f, 0x80, 0xff][Math.floor(next() * 4)]!;
      try {
        const index = IndexBlock.decode(bytes, flags, 200_000, true);
        for (let i = 0; i < index.count; i++) {
          assert.ok(index.size(i) >= 0 && index.offset(i) + index.size(i) + 5 <= 200_000);
          index.separator(i);
        }
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError && thrown.code === 'CORRUPT', String(thrown));
        refused++;
      }
    }
    assert.ok(refused > 500, String(refused));
  });

  it('keys that expand without end are refused', () => {
    const long = new Uint8Array(60_000).fill(0x61);
    const entries = Array.from({ length: 4000 }, (_, i) => ({
      key: concat([long, Uint8Array.of(i >> 8, i & 0xff)]),
      value: concat([varint(0), varint(1)]),
    }));
    const flags = { userKeys: true, deltaValues: false, firstKeys: false };
    const block = buildBlock(entries, { interval: 10_000 });
    assert.ok(block.length < 120_000);
    assert.throws(() => IndexBlock.decode(block, flags, END, true), /expand/);
  });
});
