import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { concat, text, utf8, writeU32 } from '../../../engine/base/bytes.ts';
import { LogReader, physicalOffset } from '../../../engine/formats/leveldb/logReader.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { bytesOf, fragment, LogBuilder, memoryFile, u64 } from './logBuilder.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');
const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

function readAll(bytes: Uint8Array, logNumber?: number): { records: string[]; reader: LogReader } {
  const reader = new LogReader(memoryFile(bytes, '/x/000007.log'), { logNumber });
  const records: string[] = [];
  while (reader.next()) records.push(text(reader.record));
  return { records, reader };
}

/** Record number `i`, of a length that puts fragments at all kinds of places. */
const sample = (i: number): string => `${i}:`.padEnd((i * 7919) % 70000, String(i % 10));

describe('LogReader', () => {
  for (const logNumber of [undefined, 7]) {
    it(`reads fragmented records${logNumber === undefined ? '' : ' of a recyclable log'}`, () => {
      const log = new LogBuilder(logNumber);
      const expected = Array.from({ length: 60 }, (_, i) => sample(i));
      for (const r of expected) log.add(utf8(r));
      const { records, reader } = readAll(log.bytes(), logNumber);
      assert.deepEqual(records, expected);
      assert.equal(reader.ended, 'eof');
      assert.equal(reader.endOffset, log.size);
      assert.equal(reader.recyclable, logNumber !== undefined);
    });
  }

  it('takes every cut of the tail for torn or for the end, never for damage', () => {
    const log = new LogBuilder()
      .add(utf8('first'))
      .add(utf8('x'.repeat(40000)))
      .add(utf8('last'));
    const whole = log.bytes();
    for (let size = 0; size < whole.length; size += size < 40 || size > whole.length - 40 ? 1 : 997) {
      const { records, reader } = readAll(whole.subarray(0, size));
      assert.ok(reader.ended === 'torn' || reader.ended === 'eof', `${size}: ${reader.ended}`);
      assert.equal(reader.problem, undefined);
      assert.ok(records.length <= 2);
    }
  });

  it('ends quietly in a preallocated tail of zeros', () => {
    const log = new LogBuilder().add(utf8('a')).add(utf8('b')).raw(new Uint8Array(70000));
    const { records, reader } = readAll(log.bytes());
    assert.deepEqual(records, ['a', 'b']);
    assert.equal(reader.ended, 'eof');
    assert.equal(reader.endOffset, 16);
  });

  it('takes zeros behind the beginning of a record for a torn one', () => {
    const log = new LogBuilder()
      .add(utf8('a'))
      .raw(fragment(2, new Uint8Array(32768 - 8 - 7).fill(65)))
      .raw(new Uint8Array(40000));
    const { records, reader } = readAll(log.bytes());
    assert.deepEqual(records, ['a']);
    assert.equal(reader.ended, 'torn');
  });

  it('names a bad checksum and goes on behind it when told to', () => {
    const log = new LogBuilder().add(utf8('one'));
    const at = log.size;
    log
      .add(utf8('two'))
      .add(utf8('three'))
      .add(utf8('y'.repeat(50000)))
      .add(utf8('five'));
    const bytes = log.bytes();
    bytes[at + 8] = (bytes[at + 8] as number) ^ 1;
    const { records, reader } = readAll(bytes);
    assert.deepEqual(records, ['one']);
    assert.equal(reader.ended, 'corrupt');
    assert.equal(reader.problem?.offset, at);
    assert.equal(reader.problem?.path, '000007.log');
    assert.match(reader.problem?.message ?? '', /checksum mismatch/);
    assert.ok(reader.resync());
    const rest: string[] = [];
    while (reader.next()) rest.push(text(reader.record));
    assert.deepEqual(
      rest.map((r) => r.slice(0, 5)),
      ['three', 'yyyyy', 'five'],
    );
    const engineLike = readAll(bytes).reader;
    assert.ok(engineLike.resync('block'));
    assert.ok(engineLike.next());
    assert.equal(text(engineLike.record), 'five');
  });

  it('names fragments without a beginning or an end', () => {
    const orphan = readAll(
      new LogBuilder()
        .raw(fragment(4, utf8('z')))
        .add(utf8('a'))
        .bytes(),
    ).reader;
    assert.equal(orphan.ended, 'corrupt');
    assert.match(orphan.problem?.message ?? '', /without a first/);
    assert.ok(orphan.resync() && orphan.next());
    assert.equal(text(orphan.record), 'a');
    const open = readAll(
      new LogBuilder()
        .raw(fragment(2, utf8('z')))
        .add(utf8('a'))
        .bytes(),
    ).reader;
    assert.match(open.problem?.message ?? '', /no last fragment/);
    assert.ok(open.resync() && open.next());
    assert.equal(text(open.record), 'a');
  });

  it('lets an empty first fragment be followed by a whole record', () => {
    const { records, reader } = readAll(
      new LogBuilder()
        .raw(fragment(2, new Uint8Array(0)))
        .add(utf8('a'))
        .bytes(),
    );
    assert.deepEqual(records, ['a']);
    assert.equal(reader.problem, undefined);
  });

  it('ends at what an earlier life of a recycled log left', () => {
    const older = new LogBuilder(3)
      .add(utf8('old '.repeat(500)))
      .add(utf8('older'))
      .bytes();
    const newer = new LogBuilder(7).add(utf8('new')).add(utf8('newer')).bytes();
    for (const cut of [0, 5]) {
      const leftover = older.subarray(cut);
      const { records, reader } = readAll(concat([newer, leftover]), 7);
      assert.deepEqual(records, ['new', 'newer']);
      assert.equal(reader.ended, 'recycled');
      assert.equal(reader.problem, undefined);
    }
  });

  it('still finds damage in a recycled log when its own records follow', () => {
    const bytes = new LogBuilder(7).add(utf8('one')).add(utf8('two')).add(utf8('three')).bytes();
    bytes[14 + 12] = 0x7f;
    const { records, reader } = readAll(bytes, 7);
    assert.deepEqual(records, ['one']);
    assert.equal(reader.ended, 'corrupt');
  });

  it('unpacks a compressed log, record by record', () => {
    const big = 'abcdefgh'.repeat(100000);
    const noise = Uint8Array.from({ length: 100000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255);
    const log = new LogBuilder().raw(fragment(9, bytesOf(7, 0, 0, 0)));
    log
      .add(zstdCompressSync(utf8('small')))
      .add(zstdCompressSync(utf8(big)))
      .add(zstdCompressSync(noise));
    const reader = new LogReader(memoryFile(log.bytes()));
    assert.ok(reader.next());
    assert.equal(text(reader.record), 'small');
    assert.ok(reader.next());
    assert.equal(text(reader.record), big);
    assert.ok(reader.next());
    assert.deepEqual(Buffer.compare(reader.record, noise), 0);
    assert.ok(!reader.next() && reader.ended === 'eof' && reader.compressed);
  });

  it('names a compression that it does not know, and a frame that is none', () => {
    const other = readAll(
      new LogBuilder()
        .raw(fragment(9, bytesOf(4, 0, 0, 0)))
        .add(utf8('a'))
        .bytes(),
    ).reader;
    assert.equal(other.problem?.code, 'UNSUPPORTED');
    const none = readAll(
      new LogBuilder()
        .raw(fragment(9, bytesOf(7, 0, 0, 0)))
        .add(utf8('not a frame'))
        .bytes(),
    ).reader;
    assert.equal(none.problem?.code, 'CORRUPT');
  });

  it('reads timestamp sizes, the preceding WAL and skips ignorable records', () => {
    const sizes = new Uint8Array(12);
    writeU32(sizes, 0, 3);
    sizes[4] = 8;
    writeU32(sizes, 6, 9);
    sizes[10] = 16;
    const log = new LogBuilder().raw(fragment(10, sizes)).raw(fragment(130, bytesOf(u64(4), u64(1000), u64(77))));
    log.raw(fragment(200, utf8('future'))).add(utf8('a'));
    const { records, reader } = readAll(log.bytes());
    assert.deepEqual(records, ['a']);
    assert.deepEqual(
      [...reader.timestampSizes],
      [
        [3, 8],
        [9, 16],
      ],
    );
    assert.deepEqual(reader.predecessor, { logNumber: 4, bytes: 1000, lastSequence: 77 });
    const unknown = readAll(new LogBuilder().raw(fragment(77, utf8('?'))).bytes()).reader;
    assert.match(unknown.problem?.message ?? '', /unknown record type 77/);
  });

  it('knows where the bytes of a record lie', () => {
    for (const logNumber of [undefined, 7]) {
      const log = new LogBuilder(logNumber).add(utf8('pad'.repeat(3000)));
      const record = Uint8Array.from({ length: 100000 }, (_, i) => (i * 131) >>> 3);
      const at = log.size;
      const bytes = log.add(record).bytes();
      for (let i = 0; i < record.length; i += 61) {
        assert.equal(bytes[physicalOffset(at, i, logNumber !== undefined)], record[i]);
      }
      const reader = new LogReader(memoryFile(bytes), { logNumber });
      assert.ok(reader.next() && reader.next());
      assert.ok(reader.regular && reader.recordOffset === at);
      reader.seek(0);
      assert.ok(reader.next() && reader.recordOffset === 0);
    }
  });

  it('reads on in a file that grew', () => {
    const whole = new LogBuilder()
      .add(utf8('a'))
      .add(utf8('b'.repeat(50000)))
      .add(utf8('c'))
      .bytes();
    let shown = 30;
    const file = memoryFile(whole);
    const growing = {
      ...file,
      size: () => shown,
      readAt: (into: Uint8Array, at: number) =>
        file.readAt(into.subarray(0, Math.max(0, Math.min(into.length, shown - at))), at),
    };
    const reader = new LogReader(growing);
    assert.ok(reader.next() && !reader.next());
    assert.equal(reader.ended, 'torn');
    shown = whole.length;
    assert.ok(reader.resume() && reader.next());
    assert.equal(reader.record.length, 50000);
    assert.ok(reader.next() && !reader.next() && !reader.resume());
  });

  it('stands any single flipped byte: no exception, no record that was not written', () => {
    const log = new LogBuilder();
    const written = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const r = `${i}-${'q'.repeat(i * 5)}`;
      written.add(r);
      log.add(utf8(r));
    }
    const bytes = log.bytes();
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice();
      damaged[i] = (damaged[i] as number) ^ 0x15;
      const { records, reader } = readAll(damaged);
      while (reader.resync()) while (reader.next()) records.push(text(reader.record));
      for (const r of records) assert.ok(written.has(r), `byte ${i}`);
    }
  });
});

describe('logs of other writers', { skip: NO_CORPUS }, () => {
  it('golang/leveldb: logs with preallocated tails', () => {
    const stage = join(CORPUS, 'leveldb-variants/golang-leveldb/db-stage-2');
    const reader = new LogReader(nodeFs.open(join(stage, '000003.log'), 'read'));
    let n = 0;
    while (reader.next()) n++;
    assert.deepEqual([n, reader.ended, reader.endOffset], [5, 'eof', 139]);
  });

  it('MANIFESTs have as many records as their engine wrote', () => {
    const root = join(CORPUS, 'rocksdb');
    for (const name of readdirSync(root)) {
      if (!existsSync(join(root, name, 'about.json'))) continue;
      const about = JSON.parse(readFileSync(join(root, name, 'about.json'), 'utf8')) as {
        manifest: { file: string; records: number };
      };
      const reader = new LogReader(nodeFs.open(join(root, name, 'db', about.manifest.file), 'read'));
      let n = 0;
      while (reader.next()) n++;
      assert.equal(n, about.manifest.records, name);
      assert.equal(reader.ended, 'eof', name);
    }
  });

  it('damaged logs: what is intact, and where the damage is', () => {
    for (const [name, file, records, ended, offset] of [
      ['04-manifest-torn-tail', 'MANIFEST-000005', 10, 'torn', undefined],
      ['05-manifest-flip-middle', 'MANIFEST-000005', 87, 'corrupt', 5234],
      ['07-wal-flip-second', '000008.log', 75, 'corrupt', 57139],
      ['08-wal-flip-first', '000004.log', 120, 'corrupt', 109105],
    ] as const) {
      const reader = new LogReader(nodeFs.open(join(CORPUS, 'damaged', name, 'db', file), 'read'));
      let n = 0;
      while (reader.next()) n++;
      assert.deepEqual([n, reader.ended, reader.problem?.offset], [records, ended, offset], name);
    }
  });
});
