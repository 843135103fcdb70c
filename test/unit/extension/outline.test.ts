import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OutlineItem, outlineOf } from '../../../extension/outline.ts';

const brief = (items: readonly OutlineItem[]): string[] =>
  items.map((i) => `${i.kind} ${i.from}-${i.to} ${i.name}${i.detail === '' ? '' : ` | ${i.detail}`}`);

describe('outlines of our documents', () => {
  test('a MANIFEST by edits, with what each does', () => {
    const lines = [
      '       0  MANIFEST, 900 bytes',
      '       0  edit 0: 39 bytes',
      '       7    database id: 01234567',
      '      46  edit 1: 58 bytes, family 1 "reverse"',
      '      60    column family: 1',
      '      70    column family added: "reverse"',
      '     127  edit 2: 95 bytes',
      '     142    new table #9 in L0: 4754 bytes, smallest a seq 90 put',
      '     190    new table #10 in L0: 4754 bytes, smallest b seq 91 put',
      '     200    deleted table #3 of L1',
      '     229  CORRUPT: record is cut short',
    ];
    assert.deepEqual(brief(outlineOf(lines)), [
      'record 1-2 edit 0 | 39 bytes',
      'record 3-5 edit 1 | column family added, family 1 "reverse"',
      'record 6-9 edit 2 | +2 −1',
      'damage 10-10 CORRUPT | record is cut short',
    ]);
  });

  test('a log by batches, a table by parts', () => {
    const log = [
      '   0  write-ahead log, 997 bytes',
      '   0  batch 0: sequence 1, count 1, 31 bytes',
      '  19    seq 1 put k = 1 byte: v',
    ];
    assert.deepEqual(brief(outlineOf(log)), ['record 1-2 batch 0 | sequence 1, count 1, 31 bytes']);
    const table = [
      '       0  table of RocksDB, 1519 bytes',
      '    1466  footer: format_version 7',
      '    1359  metaindex: 3 entries, checksum ok',
      '    1359    rocksdb.index: at 183 size 23',
      '       0  data block 0: size 104',
      '      12    CORRUPT: checksum of the block does not match',
    ];
    assert.deepEqual(brief(outlineOf(table)), [
      'block 1-1 footer | format_version 7',
      'block 2-3 metaindex | 3 entries, checksum ok',
      'block 4-4 data block 0 | size 104',
      'damage 5-5 CORRUPT | checksum of the block does not match',
    ]);
  });

  test('OPTIONS by sections, as a file and as a dump', () => {
    const lines = [
      '# a comment',
      '',
      '[Version]',
      '  rocksdb_version=10.5.1',
      '',
      '[CFOptions "default"]',
      '  ttl=0',
      '',
    ];
    const expected = ['section 2-3 Version', 'section 5-6 default | CFOptions'];
    assert.deepEqual(brief(outlineOf(lines)), expected);
    const dump = ['  0  [Version]', ' 10    rocksdb_version=10.5.1', ' 40  [CFOptions ""]'];
    assert.deepEqual(brief(outlineOf(dump)), ['section 0-1 Version', 'section 2-2 … | CFOptions']);
  });

  test('an info log by jobs that run side by side', () => {
    const time = '2026/11/22-07:31:48.576270 9906';
    const lines = [
      `       0  ${time} RocksDB version: 11.9.0`,
      `      90  ${time} event: job 2, flush started (Manual Flush): 90 entries, 5.37 KB`,
      `     180  ${time} event: [default] job 3, compaction started (LevelL0FilesNum): L0 #15 #13; 19.0 KB, score 1`,
      `     240  ${time} [db/flush_job.cc:1167] [default] [JOB 2] Flush lasted 1879 microseconds`,
      `     300  ${time} event: [default] job 3, table #16 created: 4.75 KB, 86 entries`,
    ];
    const outline = outlineOf(lines);
    assert.deepEqual(brief(outline), [
      'job 1-3 job 2 | flush (Manual Flush)',
      'job 2-4 job 3 | compaction (LevelL0FilesNum), default',
    ]);
    assert.deepEqual(brief(outline[1]?.children ?? []), [
      'event 2-2 compaction started (LevelL0FilesNum) | L0 #15 #13; 19.0 KB, score 1',
      'event 4-4 table #16 created | 4.75 KB, 86 entries',
    ]);
  });

  test('other texts have none', () => {
    assert.deepEqual(outlineOf(['']), []);
    assert.deepEqual(outlineOf(['Verification of db', '/data/db']), []);
  });
});
