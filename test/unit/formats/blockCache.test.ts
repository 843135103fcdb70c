/** The cache of raw blocks keeps within its budget and keeps what is asked for; index look-ups agree with each other. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { varintLength, writeVarint } from '../../../engine/base/varint.ts';
import { IndexBlock } from '../../../engine/formats/block/indexBlock.ts';
import { BlockCache } from '../../../engine/formats/block/pointReader.ts';
import type { RawBlock, TableReader } from '../../../engine/formats/block/tableReader.ts';
import { BYTEWISE, type KeyOrder } from '../../../engine/iter/order.ts';

/** A table whose block i holds `size` bytes of value i; counts what is read. */
function fakeTable(size: number): { table: TableReader; reads: number[] } {
  const reads: number[] = [];
  const shared = new Uint8Array(size);
  const table = {
    index: { offset: (i: number) => i, size: () => size },
    readBlock: (i: number, _size: number, _stored: unknown, _output: unknown, raw: RawBlock) => {
      reads.push(i);
      shared.fill(i);
      raw.bytes = shared;
      raw.start = 0;
      raw.length = size;
    },
  };
  return { table: table as unknown as TableReader, reads };
}

describe('block cache', () => {
  it('reads a block once, and gives it memory of its own', () => {
    const { table, reads } = fakeTable(100);
    const cache = new BlockCache(1 << 20);
    const first = cache.block(7, table, 1);
    const second = cache.block(7, table, 2);
    assert.deepEqual([first[0], first[99], first.length], [1, 1, 100]);
    assert.deepEqual([second[0], second[99]], [2, 2]);
    assert.equal(cache.block(7, table, 1), first);
    assert.deepEqual(reads, [1, 2]);
  });

  it('tells tables apart', () => {
    const { table, reads } = fakeTable(10);
    const cache = new BlockCache(1 << 20);
    cache.block(1, table, 5);
    cache.block(2, table, 5);
    assert.deepEqual(reads, [5, 5]);
  });

  it('lets go of what is no longer asked for and keeps what is', () => {
    const { table, reads } = fakeTable(1000);
    const cache = new BlockCache(24_000);
    for (let i = 1; i <= 100; i++) {
      cache.block(1, table, 0);
      cache.block(1, table, i);
    }
    assert.equal(reads.filter((i) => i === 0).length, 1);
    cache.block(1, table, 1);
    assert.equal(reads.filter((i) => i === 1).length, 2);
  });

  it('passes on a block that is larger than its budget without keeping it', () => {
    const { table, reads } = fakeTable(200_000);
    const cache = new BlockCache(100_000);
    assert.equal(cache.block(1, table, 3)[199_999], 3);
    cache.block(1, table, 3);
    assert.deepEqual(reads, [3, 3]);
  });

  it('is empty after clear', () => {
    const { table, reads } = fakeTable(10);
    const cache = new BlockCache(1 << 20);
    cache.block(1, table, 1);
    cache.clear();
    cache.block(1, table, 1);
    assert.deepEqual(reads, [1, 1]);
  });
});

/** An index block of user keys, one restart, as RocksDB writes it without delta encoding. */
function indexOf(keys: readonly string[]): IndexBlock {
  const parts: number[] = [];
  const varint = (value: number): void => {
    const b = new Uint8Array(varintLength(value));
    writeVarint(b, 0, value);
    parts.push(...b);
  };
  keys.forEach((key, i) => {
    for (const n of [0, key.length, varintLength(i * 10) + 1]) varint(n);
    parts.push(...Buffer.from(key));
    varint(i * 10);
    varint(5);
  });
  const block = Uint8Array.from([...parts, 0, 0, 0, 0, 1, 0, 0, 0]);
  return IndexBlock.decode(block, { userKeys: true, deltaValues: false, firstKeys: false }, 1 << 30, true);
}

describe('index look-up', () => {
  it('finds the same block in byte order with and without passing over shared beginnings', () => {
    const alphabet = ['a', 'ab', 'abc', 'b', 'ba', '\x00', 'aa', ''];
    const keys = [...new Set(alphabet.flatMap((x) => alphabet.flatMap((y) => alphabet.map((z) => x + y + z))))].sort();
    const index = indexOf(keys.filter((_, i) => i % 3 === 0));
    const plain: KeyOrder = { ...BYTEWISE, bytewise: false };
    for (const key of [...keys, 'c', 'abcabcabcabc']) {
      const wanted = Buffer.from(key);
      assert.equal(index.find(wanted, BYTEWISE), index.find(wanted, plain), JSON.stringify(key));
    }
  });
});
