/** Tables of the builder, read back by our own reader over all options; `test/interop/writers.test.ts` asks the engines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBytes, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import type { CompressionName } from '../../../engine/codec/registry.ts';
import { RunCursor } from '../../../engine/formats/block/runCursor.ts';
import {
  TableBuilder,
  type TableBuilderOptions,
  type TableSummary,
} from '../../../engine/formats/block/tableBuilder.ts';
import { TableReader } from '../../../engine/formats/block/tableReader.ts';
import { boundOf } from '../../../engine/formats/leveldb/internalKey.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { type Cursor, MAX_SEQUENCE } from '../../../engine/iter/cursor.ts';
import { DamageLog } from '../../../engine/iter/damage.ts';
import { BYTEWISE, keyOrder } from '../../../engine/iter/order.ts';
import { encodeBlobIndexForTest } from '../../support/blobIndex.ts';
import { random } from '../../support/random.ts';
import { someKey, someValue, sortEntries, type TestEntry } from '../../support/writing.ts';

const keyOf = (c: Cursor): Uint8Array => c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
const bytesOfValue = (c: Cursor): Uint8Array => c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength);

const REVERSE = keyOrder('rocksdb.ReverseBytewiseComparator');

function entries(seed: number, count: number): TestEntry[] {
  const next = random(seed);
  const keys = new Map<string, Uint8Array>([['', new Uint8Array(0)]]);
  while (keys.size < count) {
    const key = someKey(next, [...keys.values()].slice(-30));
    keys.set(Buffer.from(key).toString('hex'), key);
  }
  let sequence = 2 ** 33;
  return [...keys.values()].flatMap((key) =>
    Array.from({ length: next() < 0.02 ? 60 : 1 + Math.floor(next() ** 4 * 4) }, (): TestEntry => {
      const type = [1, 1, 1, 1, 0, 2, 7, 0x16][Math.floor(next() * 8)] as number;
      return { key, sequence: sequence++, type, value: type === 0 || type === 7 ? new Uint8Array(0) : someValue(next) };
    }),
  );
}

function build(
  some: readonly TestEntry[],
  options: Partial<TableBuilderOptions>,
  more: (b: TableBuilder) => void = () => {},
): { table: TableReader; summary: TableSummary; bytes: number } {
  const fs = new MemFs();
  const file = fs.open('/000009.sst', 'create');
  const builder = new TableBuilder(file, { dialect: 'rocksdb', order: BYTEWISE, formatVersion: 5, ...options });
  for (const e of some) builder.add(e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
  more(builder);
  const summary = builder.finish();
  const table = new TableReader(file, {
    dialect: options.dialect ?? 'rocksdb',
    order: options.order ?? BYTEWISE,
    expectedBytes: summary.bytes,
  });
  return { table, summary, bytes: file.size() };
}

function cursorOver(table: TableReader, summary: TableSummary): { cursor: RunCursor; damage: DamageLog } {
  const damage = new DamageLog();
  const info = {
    family: 0,
    level: 1,
    number: 9,
    file: '000009.sst',
    bytes: summary.bytes,
    smallest: boundOf(summary.smallest),
    largest: boundOf(summary.largest),
  };
  const source = { acquire: () => table, release: () => undefined };
  return { cursor: new RunCursor(source, [info], 1, table.order, damage), damage };
}

const MATRIX: Partial<TableBuilderOptions>[] = [];
for (const [i, compression] of (['none', 'snappy', 'lz4', 'zstd', 'zlib', 'lz4hc'] as CompressionName[]).entries()) {
  for (const formatVersion of [2, 3, 4, 5, 6, 7]) {
    MATRIX.push({
      compression,
      formatVersion,
      checksum: (i + formatVersion) % 5,
      blockSize: [100, 500, 4096, 32_768][(i + formatVersion) % 4] as number,
      restartInterval: [1, 2, 16][formatVersion % 3] as number,
      filterBitsPerKey: [0, 10, 1, 23][(i * 3 + formatVersion) % 4] as number,
      order: (i + formatVersion) % 4 === 0 ? REVERSE : BYTEWISE,
    });
  }
}
for (const compression of ['none', 'snappy', 'zstd'] as const) {
  for (const filterBitsPerKey of [0, 10]) {
    MATRIX.push({ dialect: 'leveldb', formatVersion: 0, compression, filterBitsPerKey, blockSize: 700 });
  }
}

const nameOf = (o: Partial<TableBuilderOptions>): string =>
  Object.entries(o)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? (value as { name: string }).name : value}`)
    .join(', ');

describe('what was added comes back', () => {
  for (const [i, options] of MATRIX.entries()) {
    it(nameOf(options), () => {
      const order = options.order ?? BYTEWISE;
      const some = sortEntries(entries(i + 1, 250)).sort(
        (a, b) => order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence,
      );
      const { table, summary, bytes } = build(some, options);
      assert.deepEqual(table.problems, []);
      assert.equal(summary.bytes, bytes);
      assert.equal(summary.entries, some.length);
      assert.equal(summary.dataBlocks, table.index.count);
      const { cursor, damage } = cursorOver(table, summary);
      let at = 0;
      for (cursor.first(); cursor.valid; cursor.next(), at++) {
        const e = some[at] as TestEntry;
        assert.ok(
          Buffer.compare(keyOf(cursor), e.key) === 0 && cursor.sequence === e.sequence && cursor.type === e.type,
        );
        assert.ok(Buffer.compare(bytesOfValue(cursor), e.value) === 0);
      }
      assert.equal(at, some.length);
      const filter = table.filter();
      assert.equal(filter !== undefined, (options.filterBitsPerKey ?? 0) > 0);
      for (const e of some) {
        cursor.seek(e.key, e.sequence);
        assert.ok(cursor.valid && cursor.sequence === e.sequence && Buffer.compare(keyOf(cursor), e.key) === 0);
        const offset = table.index.offset(cursor.blockIndex);
        assert.ok(filter?.mayContain(e.key, 0, e.key.length, offset) ?? true, 'the filter denies a key');
      }
      assert.equal(damage.problems.length, 0);
      cursor.close();
    });
  }
});

describe('filters', () => {
  for (const [formatVersion, bits, most] of [
    [5, 10, 0.02],
    [4, 10, 0.03],
    [5, 5, 0.15],
    [0, 10, 0.03],
  ] as const) {
    it(`of ${bits} bits, format ${formatVersion}, let few strangers pass`, () => {
      const dialect = formatVersion === 0 ? 'leveldb' : 'rocksdb';
      const some = Array.from({ length: 5000 }, (_, i) => ({
        key: utf8(`key${String(i).padStart(6, '0')}`),
        sequence: i,
        type: 1,
        value: utf8('v'),
      }));
      const { table } = build(some, { dialect, formatVersion, filterBitsPerKey: bits });
      let passed = 0;
      for (let i = 0; i < 5000; i++) {
        const stranger = utf8(`key${String(i).padStart(6, '0')}x`);
        const block = table.index.find(stranger, BYTEWISE);
        if (block >= table.index.count) continue;
        if (table.filter()?.mayContain(stranger, 0, stranger.length, table.index.offset(block)) === true) passed++;
      }
      assert.ok(passed / 5000 < most, `${passed} of 5000 pass`);
      assert.ok(passed > 0, 'a filter that lets nothing pass is none of this size');
    });
  }
});

describe('separators', () => {
  it('lie between the blocks and are short', () => {
    const next = random(8);
    for (let round = 0; round < 40; round++) {
      const keys = new Map<string, Uint8Array>();
      for (let i = 0; i < 60; i++) {
        const key = Uint8Array.from(
          { length: Math.floor(next() * 6) },
          () => [0, 1, 0xfe, 0xff][Math.floor(next() * 4)] as number,
        );
        keys.set(Buffer.from(key).toString('hex'), key);
      }
      const some = sortEntries(
        [...keys.values()].map((key, i) => ({ key, sequence: 10 + i, type: 1, value: utf8('x') })),
      );
      for (const options of [{}, { dialect: 'leveldb', formatVersion: 0 } as const]) {
        // Every entry is a block.
        const { table } = build(some, { blockSize: 1, ...options });
        assert.equal(table.index.count, some.length);
        for (let b = 0; b < some.length; b++) {
          const key = (some[b] as TestEntry).key;
          const after = some[b + 1]?.key;
          const separator = table.index.separator(b);
          assert.ok(compareBytes(separator, key) >= 0 && separator.length <= Math.max(1, key.length));
          if (after !== undefined) assert.ok(compareBytes(separator, after) < 0);
        }
      }
    }
  });

  it('keep their sequence numbers where a user key spans blocks', () => {
    const versions = Array.from({ length: 50 }, (_, i) => ({
      key: utf8('same'),
      sequence: 100 - i,
      type: 1,
      value: utf8(`v${i}`),
    }));
    const { table, summary } = build(versions, { blockSize: 1, formatVersion: 5 });
    assert.equal(table.properties.number('rocksdb.index.key.is.user.key'), 0);
    const { cursor } = cursorOver(table, summary);
    cursor.seek(utf8('same'), 77);
    assert.equal(cursor.sequence, 77);
    const { table: single } = build(versions.slice(0, 1), {});
    assert.equal(single.properties.number('rocksdb.index.key.is.user.key'), 1);
  });
});

describe('the summary and the properties', () => {
  it('count every kind of entry', () => {
    const some = sortEntries(entries(3, 300));
    const { table, summary } = build(
      some,
      {
        formatVersion: 6,
        checksum: 4,
        filterBitsPerKey: 10,
        identity: {
          familyId: 3,
          familyName: 'three',
          fileNumber: 9,
          databaseId: 'db',
          sessionId: 'S'.repeat(20),
          mergeOperator: 'stringappend',
          creationTime: 5,
          propertyCollectors: ['a', 'b'],
          userProperties: new Map([['mine', utf8('yes')]]),
        },
      },
      (b) => {
        b.addRangeTombstone(utf8('b'), utf8('c'), 2 ** 40);
        b.addRangeTombstone(utf8('a'), utf8('d'), 7);
        b.addRangeTombstone(utf8('a'), utf8('c'), 7);
        b.addRangeTombstone(utf8('z'), utf8('z'), 7);
      },
    );
    const n = (name: string): number | undefined => table.properties.number(`rocksdb.${name}`);
    const of = (...types: number[]): number => some.filter((e) => types.includes(e.type)).length;
    assert.equal(n('num.entries'), some.length + 2);
    assert.equal(n('num.range-deletions'), 2);
    assert.equal(n('deleted.keys'), of(0, 7) + 2);
    assert.equal(n('merge.operands'), of(2));
    assert.equal(n('raw.key.size'), some.reduce((sum, e) => sum + e.key.length + 8, 0) + 18);
    assert.equal(n('raw.value.size'), some.reduce((sum, e) => sum + e.value.length, 0) + 2);
    assert.equal(n('num.filter_entries'), new Set(some.map((e) => Buffer.from(e.key).toString('hex'))).size);
    assert.equal(n('tail.start.offset'), summary.tailStart);
    assert.equal(n('column.family.id'), 3);
    assert.equal(n('original.file.number'), 9);
    assert.equal(n('key.largest.seqno'), 2 ** 40);
    assert.equal(n('key.smallest.seqno'), 7);
    assert.equal(table.properties.text('rocksdb.property.collectors'), '[a,b]');
    assert.equal(table.properties.text('mine'), 'yes');
    assert.equal(table.properties.text('rocksdb.merge.operator'), 'stringappend');
    assert.equal(summary.smallestSeq, 7);
    assert.equal(summary.largestSeq, 2 ** 40);
    assert.equal(summary.rangeDeletions, 2);
  });

  it('bound the table by points and range tombstones', () => {
    const points = ['d', 'f'].map((k, i) => ({ key: utf8(k), sequence: 10 + i, type: 1, value: utf8('x') }));
    const bounds = (...ranges: [string, string, number][]) => {
      const { summary } = build(points, {}, (b) => {
        for (const [begin, end, sequence] of ranges) b.addRangeTombstone(utf8(begin), utf8(end), sequence);
      });
      const show = (ikey: Uint8Array): string => {
        const b = boundOf(ikey);
        return `${Buffer.from(b.key).toString()} ${b.seq} ${b.type}`;
      };
      return [show(summary.smallest), show(summary.largest)];
    };
    assert.deepEqual(bounds(), ['d 10 put', 'f 11 put']);
    assert.deepEqual(bounds(['d', 'e', 20]), ['d 20 range-delete', 'f 11 put']);
    assert.deepEqual(bounds(['d', 'e', 5]), ['d 10 put', 'f 11 put']);
    assert.deepEqual(bounds(['a', 'z', 5], ['b', 'f', 9]), ['a 5 range-delete', `z ${MAX_SEQUENCE} range-delete`]);
    // An end at the largest key itself covers nothing of it and sorts before it.
    assert.deepEqual(bounds(['e', 'f', 9]), ['d 10 put', 'f 11 put']);
  });

  it('a table of range tombstones alone', () => {
    const { table, summary } = build([], { filterBitsPerKey: 10 }, (b) => b.addRangeTombstone(utf8('a'), utf8('b'), 3));
    assert.equal(summary.dataBlocks, 0);
    assert.equal(table.index.count, 0);
    assert.equal(table.filter(), undefined);
    assert.equal(boundOf(summary.largest).type, 'range-delete');
    assert.equal(summary.entries, 1);
  });

  it('the oldest blob file', () => {
    const blobs = [12, 7, 300].map((file, i) => ({
      key: utf8(`k${i}`),
      sequence: i,
      type: 0x11,
      value: encodeBlobIndexForTest(file, 40, 10),
    }));
    assert.equal(build(blobs, {}).summary.oldestBlobFile, 7);
    assert.equal(build(blobs, {}, (b) => b.noteBlobFile(3)).summary.oldestBlobFile, 3);
    assert.equal(build(blobs.slice(0, 0), {}).summary.oldestBlobFile, undefined);
  });

  it('the estimate follows the file', () => {
    const some = sortEntries(entries(11, 800));
    const file = new MemFs().open('/t', 'create');
    const b = new TableBuilder(file, { dialect: 'rocksdb', order: BYTEWISE, formatVersion: 5, filterBitsPerKey: 10 });
    for (const e of some) b.add(e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
    const estimate = b.estimatedBytes;
    const { bytes } = b.finish();
    assert.ok(Math.abs(bytes - estimate) < 2000 + bytes / 50, `${estimate} estimated, ${bytes} written`);
  });
});

describe('entries that are staged', () => {
  it('make the same file as those that are added', () => {
    for (const [seed, options] of [
      [31, { compression: 'snappy', filterBitsPerKey: 10 }],
      [32, { filterBitsPerKey: 10, formatVersion: 4, blockSize: 300 }],
      [33, { dialect: 'leveldb', formatVersion: 0, compression: 'snappy', filterBitsPerKey: 10 }],
      [34, { order: REVERSE, restartInterval: 1 }],
    ] as const) {
      const order = 'order' in options ? options.order : BYTEWISE;
      const some = sortEntries(entries(seed, 900)).sort(
        (a, b) => order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence,
      );
      // Neither key nor value has room beside others.
      const large = some.map((e, i) => (i % 300 === 7 ? { ...e, value: new Uint8Array(50_000 + i).fill(i) } : e));
      const bytesOf = (stage: boolean): Uint8Array => {
        const file = new MemFs().open('/t', 'create');
        const b = new TableBuilder(file, { dialect: 'rocksdb', order: BYTEWISE, formatVersion: 5, ...options });
        for (const [i, e] of large.entries()) {
          const put = stage && i % 100 < 90 ? b.stage : b.add;
          put.call(b, e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
          assert.equal(b.entries, i + 1);
        }
        const bytes = new Uint8Array(b.finish().bytes);
        file.readAt(bytes, 0);
        return bytes;
      };
      assert.deepEqual(bytesOf(true), bytesOf(false), `seed ${seed}`);
    }
  });

  it('are refused out of order at the end at the latest', () => {
    const b = new TableBuilder(new MemFs().open('/t', 'create'), {
      dialect: 'leveldb',
      order: BYTEWISE,
      formatVersion: 0,
    });
    for (const key of ['b', 'c', 'a']) b.stage(utf8(key), 0, 1, 5, 1, utf8(''), 0, 0);
    assert.throws(() => b.finish(), StoreError);
  });
});

describe('what is refused', () => {
  const builder = (options: Partial<TableBuilderOptions> = {}): TableBuilder =>
    new TableBuilder(new MemFs().open('/t', 'create'), {
      dialect: 'rocksdb',
      order: BYTEWISE,
      formatVersion: 5,
      ...options,
    });
  const put = (b: TableBuilder, key: string, sequence: number, type = 1): void =>
    b.add(utf8(key), 0, key.length, sequence, type, utf8(''), 0, 0);

  it('entries out of order', () => {
    for (const [key, sequence, type] of [
      ['a', 5, 1],
      ['c', 1, 1],
      ['b', 6, 1],
      ['b', 5, 1],
      ['b', 5, 2],
      ['', 1, 1],
    ] as const) {
      const b = builder();
      put(b, 'b', 5);
      if (key === 'c') assert.doesNotThrow(() => put(b, key, sequence, type));
      else assert.throws(() => put(b, key, sequence, type), StoreError, `${key} ${sequence} ${type}`);
    }
    const r = builder({ order: REVERSE });
    put(r, 'b', 5);
    assert.throws(() => put(r, 'c', 5), StoreError);
    put(r, 'a', 5);
    put(r, 'a', 4);
  });

  it('options that no engine reads', () => {
    assert.throws(() => builder({ formatVersion: 1 }), StoreError);
    assert.throws(() => builder({ formatVersion: 8 }), StoreError);
    assert.throws(() => builder({ dialect: 'leveldb' }), StoreError);
    assert.throws(() => builder({ checksum: 9 }), StoreError);
    assert.throws(() => builder({ compression: 'bzip2' }), StoreError);
    assert.throws(() => builder({ order: keyOrder('my.Comparator') }), StoreError);
    assert.throws(() => builder({ order: keyOrder('leveldb.BytewiseComparator.u64ts') }), StoreError);
    assert.throws(
      () => builder({ dialect: 'leveldb', formatVersion: 0 }).addRangeTombstone(utf8('a'), utf8('b'), 1),
      StoreError,
    );
  });

  it('a file that holds something, and a second end', () => {
    const file = new MemFs().open('/t', 'create');
    file.append(utf8('x'));
    assert.throws(() => new TableBuilder(file, { dialect: 'rocksdb', order: BYTEWISE, formatVersion: 5 }), StoreError);
    const b = builder();
    put(b, 'b', 5);
    b.finish();
    assert.throws(() => b.finish(), StoreError);
    assert.throws(() => put(b, 'c', 5), StoreError);
    assert.throws(() => b.addRangeTombstone(utf8('a'), utf8('b'), 1), StoreError);
  });
});
