import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { text, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BatchSummary, type BatchVisitor, readLevelDbBatch } from '../../../engine/formats/leveldb/writeBatch.ts';
import { readRocksDbBatch } from '../../../engine/formats/rocksdb/writeBatch.ts';
import { batch, bytesOf, deleteOp, putOp, str } from './logBuilder.ts';

function recorder(): { lines: string[]; visitor: BatchVisitor } {
  const lines: string[] = [];
  const cut = (b: Uint8Array, s: number, n: number): string => text(b.subarray(s, s + n));
  return {
    lines,
    visitor: {
      entry: (family, type, seq, b, ks, kl, vs, vl) =>
        lines.push(`${family} ${type} ${seq} ${cut(b, ks, kl)}=${cut(b, vs, vl)}`),
      deleteRange: (family, seq, b, bs, bl, es, el) => {
        lines.push(`${family} range ${seq} ${cut(b, bs, bl)}..${cut(b, es, el)}`);
        return 1;
      },
      logData: (d) => lines.push(`log ${text(d)}`),
      noop: () => lines.push('noop'),
      beginPrepare: (kind) => lines.push(`begin ${kind}`),
      endPrepare: (xid) => lines.push(`end ${text(xid)}`),
      commit: (xid, seq, ts) => {
        lines.push(`commit ${text(xid)} ${seq}${ts === undefined ? '' : ` at ${text(ts)}`}`);
        return 2;
      },
      rollback: (xid) => lines.push(`rollback ${text(xid)}`),
    },
  };
}

describe('write batches', () => {
  it('LevelDB: puts and deletions take consecutive sequence numbers', () => {
    const { lines, visitor } = recorder();
    const summary = new BatchSummary();
    readLevelDbBatch(batch(2 ** 33, 2, putOp('a', 'x'), deleteOp('b')), visitor, summary);
    assert.deepEqual(lines, [`0 1 ${2 ** 33} a=x`, `0 0 ${2 ** 33 + 1} b=`]);
    assert.deepEqual([summary.sequence, summary.nextSequence, summary.count], [2 ** 33, 2 ** 33 + 2, 2]);
    assert.throws(
      () => readLevelDbBatch(batch(1, 1, bytesOf(2, str('a'), str('b'))), visitor, summary),
      /unknown tag 2/,
    );
  });

  it('RocksDB: every operation, with and without a family', () => {
    const { lines, visitor } = recorder();
    const summary = new BatchSummary();
    const pairs = [
      [0x02, 0x06],
      [0x0f, 0x0e],
      [0x11, 0x10],
      [0x16, 0x17],
      [0x18, 0x19],
      [0x01, 0x05],
    ] as const;
    const operations = pairs.flatMap(([plain, family]) => [
      bytesOf(plain, str('k'), str('v')),
      bytesOf(family, 9, str('k'), str('v')),
    ]);
    for (const [plain, family] of [
      [0x00, 0x04],
      [0x07, 0x08],
    ] as const)
      operations.push(bytesOf(plain, str('k')), bytesOf(family, 9, str('k')));
    readRocksDbBatch(
      batch(100, operations.length, ...operations, bytesOf(3, str('note')), bytesOf(0x0d)),
      visitor,
      summary,
    );
    assert.deepEqual(lines, [
      '0 2 100 k=v',
      '9 2 101 k=v',
      '0 range 102 k..v',
      '9 range 103 k..v',
      '0 17 104 k=v',
      '9 17 105 k=v',
      '0 22 106 k=v',
      '9 22 107 k=v',
      '0 24 108 k=v',
      '9 24 109 k=v',
      '0 1 110 k=v',
      '9 1 111 k=v',
      '0 0 112 k=',
      '9 0 113 k=',
      '0 7 114 k=',
      '9 7 115 k=',
      'log note',
      'noop',
    ]); // prettier-ignore
    assert.equal(summary.nextSequence, 116);
  });

  it('RocksDB: two-phase commits', () => {
    const { lines, visitor } = recorder();
    const summary = new BatchSummary();
    readRocksDbBatch(
      batch(10, 2, bytesOf(9), putOp('a', '1'), deleteOp('b'), bytesOf(0x0a, str('x1'))),
      visitor,
      summary,
    );
    assert.equal(summary.nextSequence, 10, 'a prepared section takes no sequence number');
    readRocksDbBatch(batch(10, 1, putOp('c', '2'), bytesOf(0x0b, str('x1'))), visitor, summary);
    assert.equal(summary.nextSequence, 13, 'its operations get theirs with the commit');
    readRocksDbBatch(batch(13, 0, bytesOf(0x0c, str('x2')), bytesOf(0x15, str('ts'), str('x3'))), visitor, summary);
    assert.deepEqual(lines, [
      'begin write-committed',
      '0 1 10 a=1',
      '0 0 10 b=',
      'end x1',
      '0 1 10 c=2',
      'commit x1 11',
      'rollback x2',
      'commit x3 13 at ts',
    ]);
  });

  it('refuses wrong counts, unknown tags and fields that run over', () => {
    const { visitor } = recorder();
    const summary = new BatchSummary();
    const good = batch(1, 2, putOp('key', 'value'), bytesOf(0x0e, 3, str('a'), str('b')));
    readRocksDbBatch(good, visitor, summary);
    assert.throws(
      () => readRocksDbBatch(batch(1, 3, putOp('a', 'b')), visitor, summary),
      /holds 1 operations, its header says 3/,
    );
    assert.throws(() => readRocksDbBatch(batch(1, 1, bytesOf(0x14, str('a'))), visitor, summary), /unknown tag 0x14/);
    assert.throws(() => readRocksDbBatch(batch(1, 0, bytesOf(9)), visitor, summary), /no end/);
    assert.throws(() => readRocksDbBatch(utf8('short'), visitor, summary), StoreError);
    for (let n = 12; n < good.length; n++) {
      assert.throws(() => readRocksDbBatch(good.subarray(0, n), visitor, summary), StoreError);
    }
  });
});
