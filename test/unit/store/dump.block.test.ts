/** A data block byte by byte: no byte is left out or shown twice, and what is said of it is right. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { compareBytes, utf8 } from '../../../engine/base/bytes.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { TableBuilder, type TableBuilderOptions } from '../../../engine/formats/block/tableBuilder.ts';
import { TableReader } from '../../../engine/formats/block/tableReader.ts';
import type { FileSystem } from '../../../engine/fs/fileSystem.ts';
import { MemFs } from '../../../engine/fs/memFs.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import { blockLines } from '../../../engine/store/dump/blockBytes.ts';
import { random } from '../../support/random.ts';
import { CORPUS, NO_CORPUS } from './replayHelper.ts';

const PATH = '/000009.sst';

function table(options: Partial<TableBuilderOptions>, count = 60): { fs: MemFs; reader: TableReader } {
  const fs = new MemFs();
  const file = fs.open(PATH, 'create');
  const dialect = options.dialect ?? 'rocksdb';
  const builder = new TableBuilder(file, { dialect, order: BYTEWISE, formatVersion: 5, ...options });
  const next = random(7);
  const keys = Array.from({ length: count }, (_, i) =>
    utf8(`user:${String(i).padStart(5, '0')}/${Math.floor(next() * 9)}`),
  );
  for (const [i, key] of keys.sort(compareBytes).entries()) {
    const value = i % 7 === 3 ? new Uint8Array(0) : utf8(`value ${i} `.repeat(Math.floor(next() * 12)));
    builder.add(key, 0, key.length, 1000 + i, i % 7 === 3 ? 0 : 1, value, 0, value.length);
  }
  builder.finish();
  return { fs, reader: new TableReader(file, { dialect, order: BYTEWISE }) };
}

/** The bytes that lines show, in their order, and whether each line begins where the one before ended. */
function shown(lines: readonly string[]): { bytes: number[]; gaps: number } {
  const bytes: number[] = [];
  let gaps = 0;
  let expected: number | undefined;
  for (const line of lines) {
    const [, offset, hex] = /^ *(\d+) {4}((?:[0-9a-f]{2} ?)+)(?: |$)/.exec(line) ?? [];
    if (hex === undefined) continue;
    if (expected !== undefined && Number(offset) !== expected) gaps++;
    const row = hex
      .trim()
      .split(' ')
      .map((h) => Number.parseInt(h, 16));
    bytes.push(...row);
    expected = Number(offset) + row.length;
  }
  return { bytes, gaps };
}

describe('a block byte by byte', () => {
  for (const options of [
    { compression: 'none', restartInterval: 16 },
    { compression: 'none', restartInterval: 1, formatVersion: 6 },
    { compression: 'snappy', restartInterval: 4, blockSize: 300 },
    { compression: 'none', dialect: 'leveldb', formatVersion: 0, blockSize: 200 },
  ] as const satisfies Partial<TableBuilderOptions>[]) {
    it(`shows every byte once: ${JSON.stringify(options)}`, () => {
      const { fs, reader } = table(options);
      for (let i = 0; i < reader.index.count; i++) {
        const at = reader.index.offset(i);
        const size = reader.index.size(i);
        const raw = reader.readOwned({ offset: at, size });
        const lines = [...blockLines(fs, PATH, at)];
        const { bytes, gaps } = shown(lines);
        assert.deepEqual(bytes.slice(0, -5), [...raw]);
        const stored = new Uint8Array(5);
        fs.open(PATH, 'read').readAt(stored, at + size);
        assert.deepEqual(bytes.slice(-5), [...stored]);
        // Of a compressed block the trailer alone has its place in the file.
        assert.equal(gaps, options.compression === 'none' || stored[0] === 0 ? 0 : 1);
        assert.match(lines.at(-1) ?? '', /, matches$/);
        assert.doesNotMatch(lines.join('\n'), /CORRUPT/);
      }
    });
  }

  it('names fields, keys that are shared in part, sequence numbers, types and restart points', () => {
    const { fs } = table({ compression: 'none', restartInterval: 4 }, 6);
    const text = [...blockLines(fs, PATH, 0)].join('\n');
    assert.match(text, /^ +0 {2}data block 0 of 1, \d+ bytes stored, up to /);
    assert.match(
      text,
      /\[0\] restart point, shared 0, not shared 20, value \d+ bytes\n.* key user:00000\/\d\n.* sequence 1000, put\n/,
    );
    assert.match(text, /\[1\] shared 9, not shared 11, value \d+ bytes\n.* key user:00001\/\d\n/);
    assert.match(
      text,
      /\[3\] shared 9, not shared 11, value 0 bytes\n.* key user:00003\/\d\n.* sequence 1003, delete\n.*\[4\] restart point, shared 0/,
    );
    assert.match(
      text,
      /restart point 1: entry at \d+\n.* 02 00 00 00 +2 restart points\n.* 00 +trailer: compression none\n/,
    );
  });

  it('cuts what nobody reads in hex', () => {
    const fs = new MemFs();
    const file = fs.open(PATH, 'create');
    const builder = new TableBuilder(file, {
      dialect: 'rocksdb',
      order: BYTEWISE,
      formatVersion: 5,
      compression: 'none',
    });
    const value = new Uint8Array(100_000).fill(7);
    builder.add(utf8('k'), 0, 1, 1, 1, value, 0, value.length);
    builder.finish();
    const lines = [...blockLines(fs, PATH, 0)];
    assert.ok(lines.length < 90, `${lines.length} lines`);
    assert.match(lines.join('\n'), /… 98976 more bytes/);
  });

  it('says so where no block begins, and what is wrong with a damaged one', () => {
    const { fs, reader } = table({ compression: 'none' }, 30);
    assert.throws(() => [...blockLines(fs, PATH, 1)], { code: 'INPUT' });
    assert.throws(() => [...blockLines(fs, '/000010.sst', 0)], { code: 'NOT_FOUND' });
    const bytes = contents(fs, PATH);
    const at = reader.index.offset(0) + 5;
    bytes[at] = (bytes[at] as number) ^ 1;
    const damaged = [...blockLines(holding(bytes), PATH, 0)].join('\n');
    assert.match(damaged, /CORRUPT: checksum of the block does not match/);
    assert.match(damaged, /checksum [\w]+, does NOT match$/);
    assert.match(damaged, /\[0\] restart point/, 'what stands there is shown all the same');
  });

  it('lets nothing but StoreError out of random damage', () => {
    const next = random(20);
    for (const compression of ['none', 'snappy'] as const) {
      const { fs, reader } = table({ compression, blockSize: 300 });
      const bytes = contents(fs, PATH);
      for (let round = 0; round < 400; round++) {
        const damaged = bytes.slice();
        for (let k = 0; k < 3; k++) damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256);
        const block = Math.floor(next() * reader.index.count);
        try {
          for (const line of blockLines(holding(damaged), PATH, reader.index.offset(block)))
            assert.match(line, /^ *\d+ {2}/);
        } catch (thrown) {
          assert.ok(thrown instanceof StoreError, `round ${round}: ${String(thrown)}`);
        }
      }
    }
  });
});

function contents(fs: FileSystem, path: string): Uint8Array {
  const file = fs.open(path, 'read');
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0);
  file.close();
  return bytes;
}

function holding(bytes: Uint8Array): MemFs {
  const fs = new MemFs();
  fs.open(PATH, 'create').append(bytes);
  return fs;
}

describe('blocks of the corpus byte by byte', { skip: NO_CORPUS }, () => {
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const db = join(root, name, 'db');
    if (!existsSync(db)) continue;
    it(name, () => {
      let blocks = 0;
      for (const file of listed(db).slice(0, 6)) {
        const path = join(db, file);
        const handle = nodeFs.open(path, 'read');
        const dialect = file.endsWith('.ldb') ? 'leveldb' : 'rocksdb';
        const reader = new TableReader(handle, { dialect, order: BYTEWISE });
        for (let i = 0; i < Math.min(8, reader.index.count); i++) {
          const at = reader.index.offset(i);
          const lines = [...blockLines(nodeFs, path, at)];
          assert.doesNotMatch(lines.join('\n'), /CORRUPT|UNSUPPORTED|does NOT/, `${file} at ${at}`);
          const raw = reader.readOwned({ offset: at, size: reader.index.size(i) });
          if (!lines.some((l) => l.includes('more bytes'))) {
            assert.deepEqual(shown(lines).bytes.slice(0, -5), [...raw], `${file} at ${at}`);
          }
          blocks++;
        }
        handle.close();
      }
      if (listed(db).length > 0) assert.ok(blocks > 0);
    });
  }

  function listed(db: string): string[] {
    return readdirSync(db).filter((f) => /\.(sst|ldb)$/.test(f));
  }
});
