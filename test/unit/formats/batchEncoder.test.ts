/** Write batches built, and read by the readers of both engines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { LevelDbBatch } from '../../../engine/formats/leveldb/batchBuilder.ts';
import { BatchSummary, readLevelDbBatch } from '../../../engine/formats/leveldb/writeBatch.ts';
import { RocksDbBatch } from '../../../engine/formats/rocksdb/batchEncoder.ts';
import { readRocksDbBatch } from '../../../engine/formats/rocksdb/writeBatch.ts';
import { random, randomBytes } from '../../support/random.ts';
import { batch, deleteOp, putOp } from './logBuilder.ts';

interface Seen {
  readonly family: number;
  readonly type: number;
  readonly sequence: number;
  readonly key: string;
  readonly value: string;
}

function read(record: Uint8Array, leveldb = false): { seen: Seen[]; logData: string[]; summary: BatchSummary } {
  const seen: Seen[] = [];
  const logData: string[] = [];
  const summary = new BatchSummary();
  const hex = (b: Uint8Array, start: number, length: number): string =>
    Buffer.from(b.slice(start, start + length)).toString('hex');
  const visitor = {
    entry(
      family: number,
      type: number,
      sequence: number,
      b: Uint8Array,
      ks: number,
      kl: number,
      vs: number,
      vl: number,
    ) {
      seen.push({ family, type, sequence, key: hex(b, ks, kl), value: hex(b, vs, vl) });
    },
    deleteRange(family: number, sequence: number, b: Uint8Array, bs: number, bl: number, es: number, el: number) {
      seen.push({ family, type: 0x0f, sequence, key: hex(b, bs, bl), value: hex(b, es, el) });
      return 1;
    },
    logData: (data: Uint8Array) => logData.push(Buffer.from(data).toString()),
  };
  if (leveldb) readLevelDbBatch(record, visitor, summary);
  else readRocksDbBatch(record, visitor, summary);
  return { seen, logData, summary };
}

describe('write batches', () => {
  it('LevelDB: the bytes that the format says', () => {
    const b = new LevelDbBatch();
    b.put(0, utf8('key'), utf8('value'));
    b.delete(0, utf8('gone'));
    assert.deepEqual([...b.seal(2 ** 40 + 5)], [...batch(2 ** 40 + 5, 2, putOp('key', 'value'), deleteOp('gone'))]);
    assert.equal(b.count, 2);
    assert.equal(b.bytes, b.seal(1).length);
  });

  it('LevelDB: what it does not know is refused and leaves no trace', () => {
    const b = new LevelDbBatch();
    assert.throws(() => b.put(1, utf8('k'), utf8('v')), StoreError);
    assert.throws(() => b.merge(), StoreError);
    assert.throws(() => b.singleDelete(), StoreError);
    assert.throws(() => b.deleteRange(), StoreError);
    assert.equal(b.count, 0);
    assert.equal(read(b.seal(9), true).summary.count, 0);
  });

  it('RocksDB: every operation in several families, again and again from one builder', () => {
    const b = new RocksDbBatch();
    for (let round = 0; round < 30; round++) {
      const next = random(round);
      b.clear();
      const expected: Seen[] = [];
      const first = Math.floor(next() * 2 ** 50);
      const count = Math.floor(next() * 40);
      for (let i = 0; i < count; i++) {
        const family = [0, 1, 127, 128, 70_000][Math.floor(next() * 5)] as number;
        const key = randomBytes(Math.floor(next() ** 3 * 300), i);
        const value = randomBytes(Math.floor(next() ** 6 * 100_000), i + 1);
        const type = [1, 0, 7, 2, 0x0f, 0x16][Math.floor(next() * 6)] as number;
        if (type === 1) b.put(family, key, value);
        else if (type === 0) b.delete(family, key);
        else if (type === 7) b.singleDelete(family, key);
        else if (type === 2) b.merge(family, key, value);
        else if (type === 0x16) b.putEntity(family, key, value);
        else b.deleteRange(family, key, value);
        if (next() < 0.1) b.logData(utf8(`note ${i}`));
        expected.push({
          family,
          type,
          sequence: first + i,
          key: Buffer.from(key).toString('hex'),
          value: type === 0 || type === 7 ? '' : Buffer.from(value).toString('hex'),
        });
      }
      const { seen, summary } = read(b.seal(first));
      assert.deepEqual(seen, expected);
      assert.equal(summary.count, count);
      assert.equal(summary.nextSequence, first + count);
    }
  });

  it('annotations take no sequence number', () => {
    const b = new RocksDbBatch();
    b.logData(utf8('only a note'));
    const { logData, summary } = read(b.seal(7));
    assert.deepEqual(logData, ['only a note']);
    assert.equal(summary.count, 0);
  });

  it('groups join sealed batches', () => {
    const [one, two, group] = [new RocksDbBatch(), new RocksDbBatch(), new RocksDbBatch()];
    one.put(0, utf8('a'), utf8('1'));
    one.delete(2, utf8('b'));
    two.merge(0, utf8('c'), utf8('3'));
    for (const b of [one, two]) group.appendSealed(b.seal(0));
    const { seen } = read(group.seal(100));
    assert.deepEqual(
      seen.map((s) => [s.type, s.sequence, Buffer.from(s.key, 'hex').toString()]),
      [
        [1, 100, 'a'],
        [0, 101, 'b'],
        [2, 102, 'c'],
      ],
    );
  });
});
