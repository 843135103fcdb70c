/** Dumps of files made here byte by byte, of damaged ones, and of what is no store's file at all. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { utf8, writeU32 } from '../../../engine/base/bytes.ts';
import { crc32c, mask } from '../../../engine/base/crc32c.ts';
import { StoreError } from '../../../engine/base/errors.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { dumpLines } from '../../../engine/store/dump/dump.ts';

const dir = mkdtempSync(`${tmpdir()}/lsm-dump-`);
after(() => rmSync(dir, { recursive: true, force: true }));

function dumped(name: string, bytes: Uint8Array | string): string[] {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return [...dumpLines(nodeFs, path)];
}

/** A log record in one fragment. */
function full(payload: readonly number[]): number[] {
  const b = new Uint8Array(7 + payload.length);
  b[4] = payload.length;
  b[5] = payload.length >>> 8;
  b[6] = 1;
  b.set(payload, 7);
  writeU32(b, 0, mask(crc32c(b, 6, b.length)));
  return [...b];
}

/** A batch of puts. */
function batch(sequence: number, ops: readonly (readonly [string, string])[]): number[] {
  const bytes = [sequence, 0, 0, 0, 0, 0, 0, 0, ops.length, ops.length >>> 8, ops.length >>> 16, 0];
  for (const [k, v] of ops) bytes.push(1, utf8(k).length, ...utf8(k), utf8(v).length, ...utf8(v));
  return bytes;
}

describe('dump of logs', () => {
  it('names the offset of every batch and every operation', () => {
    const bytes = Uint8Array.from([
      ...full(batch(5, [['a', 'xy']])),
      ...full(
        batch(6, [
          ['b', ''],
          ['c', 'z'],
        ]),
      ),
    ]);
    assert.deepEqual(dumped('000004.log', bytes), [
      '       0  write-ahead log, 53 bytes',
      '       0  batch 0: sequence 5, count 1, 18 bytes',
      '      19    seq 5 put a = 2 bytes: xy',
      '      25  batch 1: sequence 6, count 2, 21 bytes',
      '      44    seq 6 put b = empty',
      '      48    seq 7 put c = 1 byte: z',
      '      53  end: 2 records',
    ]);
    assert.equal(bytes[48], 1);
    assert.equal(bytes[50], 'c'.charCodeAt(0));
  });

  it('goes on behind damage and shows what stands before it in a batch', () => {
    const first = full(batch(1, [['a', '1']]));
    const second = full(batch(2, [['b', '2']]));
    second[20] = 0xff;
    const lines = dumped('000005.log', Uint8Array.from([...first, ...second, ...full(batch(3, [['c', '3']]))]));
    assert.match(lines.join('\n'), /\n {6}24 {2}CORRUPT: checksum mismatch.*\n {6}48 {2}batch 1: sequence 3/);
    const cut = batch(9, [['k', 'v']]);
    cut[8] = 2;
    const torn = dumped('000006.log', Uint8Array.from(full(cut)));
    assert.match(
      torn.join('\n'),
      /seq 9 put k = 1 byte: v\n.*CORRUPT: write batch holds 1 operations, its header says 2/,
    );
  });

  it('tells a MANIFEST from a WAL by content, whatever the name', () => {
    const comparator = utf8('leveldb.BytewiseComparator');
    const edit = [1, comparator.length, ...comparator, 2, 4, 9, 0, 3, 5, 4, 0];
    const lines = dumped('renamed.bin', Uint8Array.from([...full(edit), ...full([6, 1, 9]), ...full([99])]));
    assert.deepEqual(lines.slice(0, 7), [
      '       0  MANIFEST, 61 bytes',
      '       0  edit 0: 36 bytes',
      '       7    comparator: leveldb.BytewiseComparator',
      '      35    log number: 4',
      '      37    previous log number: 0',
      '      39    next file number: 5',
      '      41    last sequence: 0',
    ]);
    assert.deepEqual(lines.slice(7), [
      '      43  edit 1: 3 bytes',
      '      50    deleted table #9 of L1',
      '      53  edit 2: 1 byte',
      '      60    CORRUPT: tag 99, byte 0 of the edit: unknown tag',
      '      61  end: 3 records',
    ]);
  });

  it('passes over a batch larger than one pass without losing an operation', () => {
    const ops = Array.from({ length: 40_000 }, (_, i) => [`k${i}`, ''] as const);
    const payload = batch(1, ops);
    const fragments: number[] = [];
    for (let at = 0; at < payload.length; ) {
      const room = 32768 - (fragments.length % 32768) - 7;
      const n = Math.min(room, payload.length - at);
      const type = at === 0 ? 2 : at + n === payload.length ? 4 : 3;
      const one = full(payload.slice(at, at + n));
      one[6] = type;
      const b = Uint8Array.from(one);
      writeU32(b, 0, mask(crc32c(b, 6, b.length)));
      for (const byte of b) fragments.push(byte);
      at += n;
    }
    const bytes = Uint8Array.from(fragments);
    const lines = dumped('000007.log', bytes).filter((l) => l.includes(' put '));
    assert.equal(lines.length, 40_000);
    lines.forEach((line, i) => {
      const m = /^ *(\d+) {4}seq (\d+) put (\S+) = empty$/.exec(line);
      assert.ok(m !== null, line);
      assert.deepEqual([Number(m[2]), m[3]], [i + 1, `k${i}`]);
      // The tag of a put, except where a fragment's header stands between two operations.
      if (Number(m[1]) % 32768 > 7) assert.equal(bytes[Number(m[1])], 1, line);
    });
  });
});

describe('dump of texts and others', () => {
  it('lets no control character, escape sequence or bidi control through', () => {
    const evil = '\u001b[31mred\u0007\u202etxt\u0085\u2028';
    const log = `2026/01/01-00:00:00.000000 1 ${evil}\n`;
    const options = `[Version]\n  rocksdb_version=${evil}\n[DBOptions]\n[CFOptions "default"]\n`;
    const wal = Uint8Array.from(full(batch(1, [[evil, evil]])));
    for (const [name, content] of [
      ['LOG', log],
      ['OPTIONS-000001', options],
      ['000008.log', wal],
      ['IDENTITY', evil],
      ['CURRENT', evil],
    ] as const) {
      for (const line of dumped(name, content)) assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u, name);
    }
  });

  it('gives OPTIONS with the offset of each line and names a cut', () => {
    const lines = dumped('OPTIONS-000002', '# c\n[Version]\n  rocksdb_version=7.8.3\n\n[DBOptions]\n  a=b');
    assert.deepEqual(lines.slice(0, 5), [
      '       0  # c',
      '       4  [Version]',
      '      14    rocksdb_version=7.8.3',
      '      39  [DBOptions]',
      '      51    a=b',
    ]);
    assert.match(lines.slice(5).join('\n'), /CORRUPT: .*cut off/);
  });

  it('shows events of the info log as phrases', () => {
    const event =
      '{"time_micros": 1, "job": 3, "event": "compaction_started", "compaction_reason": "LevelL0FilesNum", "files_L0": [9, 7], "score": 1, "input_data_size": 2048}';
    const lines = dumped(
      'LOG',
      `2026/01/01-00:00:00.000000 1 plain\n2026/01/01-00:00:00.000001 1 EVENT_LOG_v1 ${event}\n`,
    );
    assert.deepEqual(lines, [
      '       0  2026/01/01-00:00:00.000000 1 plain',
      '      35  2026/01/01-00:00:00.000001 1 event: job 3, compaction started (LevelL0FilesNum): L0 #9 #7; 2.00 KB, score 1',
    ]);
  });

  it('shows CURRENT and says what is wrong with it', () => {
    assert.deepEqual(dumped('CURRENT', 'MANIFEST-000005\n'), ['       0  CURRENT, 16 bytes: MANIFEST-000005']);
    assert.match(dumped('CURRENT', 'MANIFEST-000005').join('\n'), /CORRUPT: CURRENT does not end with a newline/);
    assert.match(dumped('CURRENT', '').join('\n'), /CORRUPT: CURRENT is empty/);
  });

  it('says UNSUPPORTED and what it looks like', () => {
    for (const [content, what] of [
      ['SQLite format 3\0rest of it', /SQLite/],
      ['just some words\n', /text/],
      [Uint8Array.from({ length: 500 }, (_, i) => (i * 37 + 11) & 0xff), /binary data/],
      [new Uint8Array(50), /zeros/],
    ] as const) {
      const lines = dumped('something', content);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /^ {7}0 {2}UNSUPPORTED: /);
      assert.match(lines[0] ?? '', what);
    }
  });

  it('reads a table without its magic as the damaged table that its name says', () => {
    assert.match(dumped('000009.sst', 'x'.repeat(300)).join('\n'), /CORRUPT: does not end in the magic number/);
  });

  it('throws NOT_FOUND for a file that is not there', () => {
    assert.throws(
      () => [...dumpLines(nodeFs, join(dir, 'nothing'))],
      (e) => e instanceof StoreError && e.code === 'NOT_FOUND',
    );
  });
});
