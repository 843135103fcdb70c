/** Opening tables, their footers and properties: of the real engines' own files, and of what is none. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { concat, hex, utf8, writeU32 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { FOOTER_BYTES, parseFooter, tableKind } from '../../../engine/formats/block/footer.ts';
import { metaValueOffset, Properties, readMetaBlock } from '../../../engine/formats/block/properties.ts';
import { TableReader } from '../../../engine/formats/block/tableReader.ts';
import { parseFileName } from '../../../engine/formats/leveldb/names.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import { buildBlock, fixed32, internalKey, varint } from '../../support/buildBlock.ts';
import { sealBlock, tableParts } from '../../support/mutate.ts';
import { random } from '../../support/random.ts';
import { type TinyStore, tinyLevelDb, tinyRocksDb } from '../../support/tinyStores.ts';

const tablesOf = (s: TinyStore): [string, Uint8Array][] =>
  [...s.files].filter(([n]) => parseFileName(n).kind === 'table');

function open(bytes: Uint8Array, dialect: 'leveldb' | 'rocksdb', expectedBytes?: number): TableReader {
  const fs = new MemFs();
  fs.put('/000007.sst', bytes);
  return new TableReader(fs.open('/000007.sst', 'read'), { dialect, order: BYTEWISE, expectedBytes });
}

const refusal = (run: () => unknown): StoreError => {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof StoreError, String(thrown));
    return thrown;
  }
  return assert.fail('nothing was thrown');
};

const COMPRESSED = 1 << 24;

/** A LevelDB table with the given data blocks (raw bytes and separators), written by hand. */
function levelTable(
  blocks: readonly { raw: Uint8Array; separator: Uint8Array }[],
  metaindexCompression = 0,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  const put = (raw: Uint8Array, compression = 0): Uint8Array => {
    const stored = concat([raw, Uint8Array.of(compression)]);
    const sum = fixed32(mask(crc32c(stored, 0, stored.length)));
    const handle = concat([varint(at), varint(raw.length)]);
    parts.push(stored, sum);
    at += stored.length + 4;
    return handle;
  };
  const index = blocks.map(({ raw, separator }) => ({ key: internalKey(separator, 2 ** 40, 1), value: put(raw) }));
  const metaindex = put(buildBlock([], { interval: 1 }), metaindexCompression);
  const indexHandle = put(buildBlock(index, { interval: 1 }));
  const footer = new Uint8Array(48);
  footer.set(concat([metaindex, indexHandle]));
  writeU32(footer, 40, 0x8b80fb57);
  writeU32(footer, 44, 0xdb477524);
  return concat([...parts, footer]);
}

describe('table reader', () => {
  it('a table written by hand opens', () => {
    const raw = buildBlock([{ key: internalKey(utf8('a'), 1, 1), value: utf8('x') }], { interval: 16 });
    const table = open(levelTable([{ raw, separator: utf8('b') }]), 'leveldb');
    assert.deepEqual(
      [table.formatVersion, table.checksum, table.index.count, table.indexType],
      [0, 'crc32c', 1, 'binary'],
    );
    assert.deepEqual(table.problems, []);
    assert.equal(hex(table.readOwned({ offset: table.index.offset(0), size: table.index.size(0) })), hex(raw));
  });

  it('a metaindex that calls itself compressed is damage, not a search in itself for its dictionary', () => {
    const raw = buildBlock([{ key: internalKey(utf8('a'), 1, 1), value: utf8('x') }], { interval: 16 });
    for (const compression of [2, 4, 5, 7]) {
      const table = open(levelTable([{ raw, separator: utf8('b') }], compression), 'rocksdb');
      assert.deepEqual([table.incomplete?.code, table.index.count], ['CORRUPT', 1], `compression ${compression}`);
      assert.match(table.problems[0]?.message ?? '', /range deletions of the table are unknown/);
      assert.doesNotMatch(table.problems[0]?.message ?? '', /undefined/);
    }
  });

  it('tables of the real engines: counts, names and bounds of blocks', async () => {
    for (const [, bytes] of tablesOf(await tinyRocksDb())) {
      const table = open(bytes, 'rocksdb', bytes.length);
      assert.deepEqual(table.problems, []);
      assert.equal(table.properties.text('rocksdb.comparator'), 'leveldb.BytewiseComparator');
      assert.equal(table.properties.number('rocksdb.num.data.blocks'), table.index.count);
      assert.ok(table.properties.number('rocksdb.num.entries')! > 0);
      assert.ok(table.metaBlocks().some((b) => b.name === 'rocksdb.properties'));
      let end = 0;
      for (let i = 0; i < table.index.count; i++) {
        assert.ok(table.index.offset(i) >= end);
        end = table.index.offset(i) + table.index.size(i) + 5;
      }
      assert.ok(table.memory > table.index.bytes);
      table.close();
    }
    for (const [, bytes] of tablesOf(await tinyLevelDb())) {
      const table = open(bytes, 'leveldb');
      assert.deepEqual([table.problems, table.properties.listed()], [[], []]);
      assert.ok(table.filter() !== undefined);
    }
  });

  it('a size other than the MANIFEST says is named where the file ends', async () => {
    const [, bytes] = tablesOf(await tinyRocksDb())[0]!;
    const e = refusal(() => open(bytes, 'rocksdb', bytes.length + 7));
    assert.deepEqual([e.code, e.path, e.offset], ['CORRUPT', '000007.sst', bytes.length]);
    assert.match(e.mend ?? '', /backup/);
  });

  it('an index that points outside of the file, into itself, or to nothing', () => {
    const raw = buildBlock([{ key: internalKey(utf8('a'), 1, 1), value: utf8('x') }], { interval: 16 });
    const bytes = levelTable([{ raw, separator: utf8('b') }]);
    const index = tableParts(bytes, 'leveldb').find((p) => p.what === 'index')!.handle;
    // The handle is the last thing before the restart point and the count.
    const handleAt = index.offset + index.size - 8 - 2;
    const copy = bytes.slice();
    copy[handleAt + 1] = 0x7f;
    sealBlock(copy, index);
    const e = refusal(() => open(copy, 'leveldb'));
    assert.deepEqual([e.code, e.path, e.offset], ['CORRUPT', '000007.sst', index.offset]);
    assert.match(e.message, /outside/);
  });

  it('a block that claims to hold gigabytes is refused before anything is made for it', () => {
    const raw = buildBlock([{ key: internalKey(utf8('a'), 1, 1), value: utf8('x') }], { interval: 16 });
    const bytes = levelTable([
      { raw: concat([Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), raw]), separator: utf8('b') },
    ]);
    const data = tableParts(bytes, 'leveldb').find((p) => p.what === 'data')!.handle;
    bytes[data.offset + data.size] = 1;
    sealBlock(bytes, data);
    const table = open(bytes, 'leveldb');
    const before = process.memoryUsage().arrayBuffers;
    const e = refusal(() => table.readOwned(data));
    assert.deepEqual([e.code, e.path, e.offset], ['CORRUPT', '000007.sst', data.offset]);
    assert.ok(process.memoryUsage().arrayBuffers - before < COMPRESSED);
  });
});

describe('footer', () => {
  it('kinds of files by their last bytes', async () => {
    assert.equal(tableKind(tablesOf(await tinyLevelDb())[0]![1]), 'leveldb');
    assert.equal(tableKind(tablesOf(await tinyRocksDb())[0]![1]), 'blockBased');
    assert.equal(tableKind(utf8('short')), 'unknown');
    assert.equal(tableKind(new Uint8Array(60)), 'unknown');
    for (const [low, high, code] of [
      [0x63bf9564, 0x82422296, 'UNSUPPORTED'],
      [0x7a8f13b8, 0x4f3418eb, 'UNSUPPORTED'],
      [0xc5f17873, 0x926789d0, 'UNSUPPORTED'],
      [1, 2, 'CORRUPT'],
    ] as const) {
      const tail = new Uint8Array(FOOTER_BYTES);
      writeU32(tail, FOOTER_BYTES - 8, low);
      writeU32(tail, FOOTER_BYTES - 4, high);
      const e = refusal(() => parseFooter(tail, 1000));
      assert.deepEqual([e.code, e.offset], [code, 992]);
    }
  });

  it('any byte of it changed: an error or a footer whose blocks lie in the file', async () => {
    for (const store of [await tinyLevelDb(), await tinyRocksDb()]) {
      const [, bytes] = tablesOf(store)[0]!;
      for (let at = bytes.length - FOOTER_BYTES; at < bytes.length; at++) {
        for (const value of [0, 0x7f, 0x80, 0xff, bytes[at]! ^ 1]) {
          const tail = bytes.slice(-FOOTER_BYTES);
          tail[at - (bytes.length - FOOTER_BYTES)] = value;
          try {
            const f = parseFooter(tail, bytes.length);
            for (const h of [f.metaindex, f.index]) {
              if (h !== null) assert.ok(h.offset >= 0 && h.offset + h.size + 5 <= f.offset);
            }
          } catch (thrown) {
            assert.ok(thrown instanceof StoreError && thrown.offset !== undefined, String(thrown));
          }
        }
      }
    }
  });

  it('files of every length below a footer’s', () => {
    for (let n = 0; n < FOOTER_BYTES; n++) {
      const tail = new Uint8Array(n);
      if (n >= 8) {
        writeU32(tail, n - 8, 0x85f4cff7);
        writeU32(tail, n - 4, 0x88e241b7);
      }
      const e = refusal(() => open(tail, 'rocksdb'));
      assert.deepEqual([e.code, e.path], ['CORRUPT', '000007.sst']);
      assert.ok(e.offset! <= n);
    }
  });
});

describe('properties', () => {
  const block = (entries: Record<string, Uint8Array>): Uint8Array =>
    buildBlock(
      Object.entries(entries).map(([name, value]) => ({ key: utf8(name), value })),
      { interval: 1000 },
    );

  it('numbers by the encoding of their name, text as text, the rest as hex', () => {
    const p = new Properties(
      readMetaBlock(
        block({
          'rocksdb.block.based.table.index.type': fixed32(2),
          'rocksdb.column.family.name': utf8('meta/é'),
          'rocksdb.external_sst_file.global_seqno': concat([fixed32(77), fixed32(1)]),
          'rocksdb.num.entries': varint(300),
          'user.collected': Uint8Array.of(0, 1, 0xff),
          'user.escape': utf8('\u001b[31m'),
        }),
      ),
    );
    assert.deepEqual(
      [
        'rocksdb.block.based.table.index.type',
        'rocksdb.num.entries',
        'rocksdb.external_sst_file.global_seqno',
        'absent',
      ].map((n) => p.number(n)),
      [2, 300, 2 ** 32 + 77, undefined],
    );
    assert.equal(p.text('rocksdb.column.family.name'), 'meta/é');
    assert.deepEqual(
      p.listed().map(({ value }) => value),
      ['2', 'meta/é', String(2 ** 32 + 77), '300', '0x0001ff', '0x1b5b33316d'],
    );
  });

  it('where a value stands, for the number that is patched in place', () => {
    const b = block({ a: utf8('x'), ab: utf8('12345678') });
    const at = metaValueOffset(b, 'ab');
    assert.equal(hex(b.slice(at, at + 8)), hex(utf8('12345678')));
    assert.equal(metaValueOffset(b, 'b'), -1);
  });

  it('a number of the wrong length is none, and hostile blocks are CORRUPT', () => {
    const p = new Properties(
      new Map([
        ['rocksdb.block.based.table.index.type', Uint8Array.of(2)],
        ['rocksdb.num.entries', Uint8Array.of(0x80)],
      ]),
    );
    assert.deepEqual(
      [p.number('rocksdb.block.based.table.index.type'), p.number('rocksdb.num.entries')],
      [undefined, undefined],
    );
    const dice = random(6);
    const sound = block({ aa: utf8('x'), ab: utf8('12345678'), abc: utf8('') });
    for (let n = 0; n < 2000; n++) {
      const b = sound.slice(0, dice() < 0.2 ? dice() * sound.length : sound.length);
      for (let i = 0; i < 2 && b.length > 0; i++)
        b[Math.floor(dice() * b.length)] = [0, 0x80, 0xff, dice() * 256][Math.floor(dice() * 4)]!;
      try {
        readMetaBlock(b);
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError && thrown.code === 'CORRUPT', String(thrown));
      }
    }
  });
});
