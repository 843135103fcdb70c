/** Blocks that RocksDB 7.8 wrote: each codec, with and without both kinds of dictionary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { Reader } from '../../../engine/base/varint.ts';
import { OutputBuffer } from '../../../engine/codec/outputBuffer.ts';
import { decodeFrame } from '../../../engine/codec/zstdDecoder.ts';
import { tablesOf } from '../../support/corpus.ts';
import { HAS_DB_BENCH, withBenchStore } from '../../support/dbBench.ts';
import { type Handle, RawTable } from '../../support/rawTable.ts';
import { frameHeaderBytes } from '../../support/zstdFrames.ts';

const DICTIONARY = '--compression_max_dict_bytes=16384';
const TRAINED_MAGIC = [0x37, 0xa4, 0x30, 0xec];
type Expected = 'none' | 'raw' | 'trained';
const CASES: readonly (readonly [string, number, Expected, ...string[]])[] = [
  ['snappy', 1, 'none'],
  ['zlib', 2, 'none'],
  ['bzip2', 3, 'none'],
  ['lz4', 4, 'none'],
  ['zstd', 7, 'none'],
  ['zlib', 2, 'raw', DICTIONARY],
  ['lz4', 4, 'raw', DICTIONARY],
  ['zstd', 7, 'raw', DICTIONARY, '--compression_zstd_max_train_bytes=0'],
  ['zstd', 7, 'trained', DICTIONARY, '--compression_zstd_max_train_bytes=262144'],
];

/** The decoder of our own takes what RocksDB writes, and finds in it what Node finds. */
function checkAgainstNode(table: RawTable, block: Handle): void {
  const prefixed = table.file.subarray(block.offset, block.offset + block.size);
  const reader = new Reader(prefixed);
  const length = reader.varint32();
  const frame = prefixed.subarray(reader.position);
  const { dictionary } = table;
  const expected = zstdDecompressSync(frame, dictionary === undefined ? {} : { dictionary });
  const output = new OutputBuffer();
  assert.ok(decodeFrame(frame, frameHeaderBytes(frame), frame.length, 0, false, length, output, dictionary));
  assert.equal(Buffer.compare(output.bytes.subarray(0, length), expected), 0);
}

for (const [codec, type, dictionary, ...options] of CASES) {
  test(`${codec}, dictionary: ${dictionary}`, { skip: !HAS_DB_BENCH && 'db_bench is not installed' }, () => {
    withBenchStore([`--compression_type=${codec}`, '--num=30000', ...options], (dir) => {
      let compressed = 0;
      const keys = new Set<string>();
      for (const path of tablesOf(dir)) {
        const table = new RawTable(path);
        const magic = [...(table.dictionary ?? []).slice(0, 4)];
        const kind = magic.length === 0 ? 'none' : magic.join() === TRAINED_MAGIC.join() ? 'trained' : 'raw';
        assert.equal(kind, dictionary);
        for (const block of table.dataBlocks()) {
          if (table.type(block) !== type) continue;
          compressed++;
          if (codec === 'zstd') checkAgainstNode(table, block);
        }
        for (const { key } of table.keys()) {
          assert.equal(key.length, 16);
          keys.add(Buffer.from(key).toString('hex'));
        }
      }
      assert.ok(compressed > 100, `${compressed} blocks`);
      // 30,000 draws out of 30,000 keys leave about 63 % distinct.
      assert.ok(keys.size > 18_500 && keys.size < 19_500, `${keys.size} keys`);
    });
  });
}
