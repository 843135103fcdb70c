/** Blob files, wide-column entities and merge operators. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { concat, hex, text, utf8, writeU32, writeU64 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { BlobFile, decodeBlobIndex } from '../../../engine/formats/rocksdb/blob.ts';
import { BlobFiles } from '../../../engine/formats/rocksdb/blobFiles.ts';
import { mergeOperatorFor } from '../../../engine/formats/rocksdb/mergeOperators.ts';
import { decodeColumns } from '../../../engine/formats/rocksdb/wideColumns.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { bytesOf, memoryFile, memoryFs, str, u64, varint } from './logBuilder.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');
const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

const blobIndex = (file: number, offset: number, size: number, compression = 0): Uint8Array =>
  bytesOf(1, varint(file), varint(offset), varint(size), compression);

function blobFile(records: [string, string][], footer = true): Uint8Array {
  const header = new Uint8Array(30);
  writeU32(header, 0, 0x00248f37);
  writeU32(header, 4, 1);
  writeU32(header, 8, 5);
  const parts: Uint8Array[] = [header];
  for (const [key, value] of records) {
    const b = concat([new Uint8Array(32), utf8(key), utf8(value)]);
    writeU64(b, 0, key.length);
    writeU64(b, 8, value.length);
    writeU32(b, 24, mask(crc32c(b, 0, 24)));
    writeU32(b, 28, mask(crc32c(b, 32, b.length)));
    parts.push(b);
  }
  if (footer) {
    const end = new Uint8Array(32);
    writeU32(end, 0, 0x00248f37);
    writeU64(end, 4, records.length);
    writeU32(end, 28, mask(crc32c(end, 0, 28)));
    parts.push(end);
  }
  return concat(parts);
}

describe('blob files', () => {
  const bytes = blobFile([
    ['k1', 'v1'],
    ['key2', 'value2'.repeat(100000)],
  ]);
  const at = 30 + 32 + 2;

  it('finds, checks and lists records', () => {
    const file = new BlobFile(memoryFile(bytes, 'd/000009.blob'));
    assert.deepEqual([file.family, file.compression, file.hasTtl, file.footer?.count], [5, 0, false, 2]);
    const index = decodeBlobIndex(blobIndex(9, at, 2));
    assert.ok(index.kind === 'blob');
    assert.equal(text(file.get(index, utf8('k1'))), 'v1');
    const records = [...file.records()];
    assert.deepEqual(
      records.map((r) => [r.offset, text(r.key), r.valueSize, r.intact]),
      [
        [30, 'k1', 2, true],
        [66, 'key2', 600000, true],
      ],
    );
    assert.equal(records[1]?.valueOffset, 66 + 32 + 4);
    assert.equal(new BlobFile(memoryFile(blobFile([['k', 'v']], false))).footer, undefined);
  });

  it('names what is wrong, and where', () => {
    const place = (offset: number, pattern: RegExp) => (e: unknown) =>
      e instanceof StoreError &&
      e.code === 'CORRUPT' &&
      e.path === '000009.blob' &&
      e.offset === offset &&
      pattern.test(e.message);
    const get = (content: Uint8Array, index: Uint8Array, key: string): Uint8Array =>
      new BlobFiles(memoryFs({ '000009.blob': content }), 'd').get(index, utf8(key));
    const damaged = bytes.slice();
    damaged[at] = 0;
    assert.throws(() => get(damaged, blobIndex(9, at, 2), 'k1'), place(30, /checksum/));
    assert.throws(() => get(bytes, blobIndex(9, at, 2), 'k2'), place(30, /another key/));
    assert.throws(() => get(bytes, blobIndex(9, at, 3), 'k1'), place(30, /other lengths/));
    assert.throws(() => get(bytes, blobIndex(9, 2 ** 40, 3), 'k1'), place(2 ** 40, /does not lie/));
    assert.throws(() => get(bytes, blobIndex(9, at, 2, 7), 'k1'), place(30, /compression/));
    assert.throws(() => get(bytes.subarray(0, 20), blobIndex(9, at, 2), 'k1'), place(0, /shorter/));
    assert.throws(() => get(bytes.slice().fill(1, 0, 4), blobIndex(9, at, 2), 'k1'), place(0, /no blob file/));
    assert.throws(() => new BlobFiles(memoryFs({}), 'd').get(blobIndex(9, at, 2), utf8('k')), /missing/);
    assert.throws(
      () => new BlobFiles(memoryFs({}), 'd').get(blobIndex(0, at, 2), utf8('k')),
      (e) => e instanceof StoreError && e.code === 'UNSUPPORTED',
    );
    const header = bytes.slice();
    header[30] = 9;
    assert.throws(() => [...new BlobFile(memoryFile(header)).records()], /header of a blob record/);
  });

  it('reads inlined values and refuses nonsense', () => {
    assert.equal(
      text(new BlobFiles(memoryFs({}), 'd').get(bytesOf(0, varint(99), utf8('inline')), utf8('k'))),
      'inline',
    );
    for (const bad of [bytesOf(3), bytesOf(1, 1), bytesOf(1, 1, 1, 1, 0, 0), new Uint8Array(0)]) {
      assert.throws(() => decodeBlobIndex(bad), StoreError);
    }
  });

  for (const name of ['06-blobs-garbage', '17-rocksdb-native-1051']) {
    it(`${name}: every record verifies, and every large value is in one`, { skip: NO_CORPUS }, () => {
      const directory = join(CORPUS, 'rocksdb', name);
      const values = new Set<string>();
      let records = 0;
      for (const file of readdirSync(join(directory, 'db')).filter((f) => f.endsWith('.blob'))) {
        const blob = new BlobFile(nodeFs.open(join(directory, 'db', file), 'read'));
        let count = 0;
        for (const r of blob.records()) {
          assert.ok(r.intact);
          const index = {
            kind: 'blob',
            file: 1,
            offset: r.valueOffset,
            size: r.valueSize,
            compression: blob.compression,
          } as const;
          values.add(`${hex(r.key)}=${hex(blob.get(index, r.key))}`);
          count++;
        }
        assert.equal(blob.footer?.count, count);
        records += count;
        blob.close();
      }
      const wal = new Set(
        readFileSync(join(directory, 'all-versions.jsonl'), 'utf8')
          .split('\n')
          .filter((l) => l.includes('"wal":true'))
          .map((l) => (JSON.parse(l) as { key: string }).key),
      );
      let found = 0;
      for (const line of readFileSync(join(directory, 'expected.jsonl'), 'utf8')
        .split('\n')
        .filter((l) => l !== '')) {
        const e = JSON.parse(line) as { cf: string; key: string; value?: string };
        if (e.value === undefined || e.value.length < 400 || wal.has(e.key)) continue;
        if (values.has(`${e.key}=${e.value}`)) found++;
      }
      assert.ok(records > 100 && found > 30, `${records} records, ${found} values`);
    });
  }

  it('damaged: the one bad record is found, the others verify', { skip: NO_CORPUS }, () => {
    const blob = new BlobFile(nodeFs.open(join(CORPUS, 'damaged/09-blob-value-flip/db/000042.blob'), 'read'));
    assert.deepEqual(
      [...blob.records()].filter((r) => !r.intact).map((r) => [r.offset, r.valueOffset, r.valueSize]),
      [[1477, 1516, 126]],
    );
    blob.close();
  });
});

describe('wide-column entities', () => {
  const noBlob = (): never => assert.fail('no blob was expected');
  const shown = (b: Uint8Array, blob: (i: Uint8Array) => Uint8Array = noBlob): string[] =>
    decodeColumns(b, blob).map((c) => `${text(c.name)}=${text(c.value)}`);

  it('version 1', () => {
    const entity = bytesOf(1, 3, str(''), 1, str('a'), 0, str('bc'), 2, utf8('xyz'));
    assert.deepEqual(shown(entity), ['=x', 'a=', 'bc=yz']);
    assert.deepEqual(shown(bytesOf(1, 0)), []);
  });

  it('version 2, with a blob column', () => {
    const entity = bytesOf(2, 2, 2, 2, 3, 0x01, 0x11, 1, 2, 3, 4, utf8('abc'), utf8('oneINDX'));
    assert.deepEqual(
      shown(entity, (i) => utf8(`<${text(i)}>`)),
      ['a=one', 'bc=<INDX>'],
    );
  });

  it('refuses what cannot be', () => {
    for (const bad of [
      bytesOf(3, 0),
      bytesOf(1, 255, 255, 255, 255, 15),
      bytesOf(1, 2, str('b'), 0, str('a'), 0),
      bytesOf(1, 2, str('a'), 0, str('a'), 0),
      bytesOf(1, 1, str('a'), 9, 1),
      bytesOf(1, 0, 7),
      bytesOf(2, 1, 1, 1, 1, 0x22, 1, 1, 97, 98),
      new Uint8Array(0),
    ]) {
      assert.throws(() => decodeColumns(bad, noBlob), StoreError, hex(bad));
    }
  });
});

describe('merge operators', () => {
  const run = (option: string, base: string | undefined, ...operands: string[]): string | undefined => {
    const operator = mergeOperatorFor(option);
    return operator === undefined
      ? undefined
      : text(operator.full(base === undefined ? undefined : utf8(base), operands.map(utf8)));
  };

  it('stringappend puts its delimiter between all parts', () => {
    const option = '{id=StringAppendOperator;delimiter=, ;}';
    assert.equal(run(option, 'a', 'b', 'c'), 'a, b, c');
    assert.equal(run(option, undefined, 'b', 'c'), 'b, c');
    assert.equal(run(option, '', 'b'), ', b', 'an empty base is one too');
    assert.equal(run('{id=StringAppendTESTOperator;delimiter=\n--\n;}', 'a', 'b'), 'a\n--\nb');
    assert.equal(run('{id=StringAppendOperator;delimiter=;}', 'a', 'b'), 'ab');
    assert.equal(run('StringAppendOperator', 'a', 'b'), 'a,b');
    assert.match(mergeOperatorFor('StringAppendOperator')?.assumption ?? '', /delimiter/);
    assert.equal(mergeOperatorFor(option)?.assumption, undefined);
  });

  it('that of a TTL database merges without the times, and takes the newest', () => {
    const option = '{id=TtlMergeOperator;user_operator={id=StringAppendOperator;delimiter=,;};}';
    assert.equal(mergeOperatorFor(option)?.name, 'TtlMergeOperator');
    assert.equal(run(option, 'aTIM0', 'bTIM1', 'cTIM2'), 'a,b,cTIM2');
    assert.equal(run(option, undefined, 'bTIM1'), 'bTIM1');
    assert.equal(run(option, 'x', 'y'), ',y', 'too short for a time');
    assert.equal(mergeOperatorFor('{id=TtlMergeOperator;user_operator=nullptr;}'), undefined);
    assert.equal(mergeOperatorFor('TtlMergeOperator'), undefined, 'the inner one is not known');
    assert.equal(mergeOperatorFor(`{id=TtlMergeOperator;user_operator=${option};}`), undefined);
  });

  it('put and max pick one', () => {
    assert.equal(run('PutOperator', 'a', 'b', 'c'), 'c');
    assert.equal(run('put_v1', undefined, 'b'), 'b');
    assert.equal(run('MaxOperator', 'b', 'a', 'c', 'abc'), 'c');
    assert.equal(run('max', undefined, 'a'), 'a');
  });

  it('uint64add sums modulo 2^64 and takes other lengths for 0', () => {
    const add = mergeOperatorFor('uint64add');
    assert.equal(add?.name, 'UInt64AddOperator');
    assert.deepEqual(add?.full(undefined, [u64(2 ** 40), u64(7)]), u64(2 ** 40 + 7));
    assert.deepEqual(add?.full(new Uint8Array(8).fill(0xff), [u64(3)]), u64(2));
    assert.deepEqual(add?.full(utf8('junk'), [u64(3)]), u64(3));
  });

  it('knows no others', () => {
    for (const option of ['nullptr', '', 'MyOperator', '{id=Cassandra;x=1;}'])
      assert.equal(mergeOperatorFor(option), undefined);
  });
});
