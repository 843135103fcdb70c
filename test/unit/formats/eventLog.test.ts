import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { type LogEvent, logLines, parseEventLog } from '../../../engine/formats/rocksdb/eventLog.ts';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { memoryFile } from './logBuilder.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus');
const NO_CORPUS: string | false = existsSync(CORPUS) ? false : 'the corpus ../shared/corpus is absent';

/** Kinds that are told by lines without JSON. */
const TEXT_LINES: ReadonlySet<string> = new Set(['fileMoved', 'fifoPicked', 'stalled', 'installed']);

const at = '2026/11/22-07:30:14.145921 8800';
const LOG = [
  `${at} RocksDB version: 10.5.1`,
  `${at} [db/flush_job.cc:935] [users] [JOB 2] Flushing memtable with next log file: 8`,
  `${at} EVENT_LOG_v1 {"time_micros": 1795332614145915, "job": 2, "event": "flush_started", "num_memtables": 1, "total_num_input_entries": 66, "total_data_size": 3650, "flush_reason": "Manual Flush"}`,
  `${at} EVENT_LOG_v1 {"time_micros": 1795332614146989, "cf_name": "users", "job": 2, "event": "table_file_creation", "file_number": 9, "file_size": 3462, "table_properties": {"num_entries": 66}, "status": "OK"}`,
  `${at} EVENT_LOG_v1 {"time_micros": 1795332614147482, "job": 2, "event": "flush_finished", "lsm_state": [1, 0, 0], "immuta`,
  `${at} EVENT_LOG_v1 {"time_micros": 3, "job": 7, "event": "compaction_started", "cf_name": "a "b" c", "compaction_reason": "LevelL0FilesNum", "files_L0": [18, 16], "files_L1": [20], "score": 1.5, "input_data_size": 15287}`,
  `${at} EVENT_LOG_v1 {"time_micros": 4, "job": 7, "event": "table_file_creation", "file_number": 21, "file_checksum": "\u0001"x"}`,
  `${at} EVENT_LOG_v1 {"time_micros": 5, "job": 7, "event": "compaction_finished", "output_level": 1, "num_output_files": 2, "total_output_size": 9639, "lsm_state": [0, 2]}`,
  `${at} (Original Log Time 2026/11/22-07:30:14.000001) [x.cc:1] [users] Moving #32 to level-2 6723 bytes`,
  `${at} EVENT_LOG_v1 {"time_micros": 6, "job": 9, "event": "trivial_move", "destination_level": 2, "files": 1, "total_files_size": 6723}`,
  `${at} (Original Log Time 2026/11/22-07:30:14.000002) [x.cc:2] [users] Moved #1 files to level-2 6723 bytes OK`,
  `${at} [f.cc:176] [queue] FIFO compaction: picking file 40 with size 123 for deletion`,
  `${at} EVENT_LOG_v1 {"time_micros": 7, "job": 10, "event": "table_file_deletion", "file_number": 40}`,
  `${at} EVENT_LOG_v1 {"time_micros": 8, "event": "ingest_finished", "files_ingested": ["file", "/x/000050.sst", "level", 6]}`,
  `${at} EVENT_LOG_v1 {"time_micros": 9, "event": "something_new"}`,
  `${at} EVENT_LOG_v1 nonsense`,
].join('\n');

describe('RocksDB info log', () => {
  const events = [...parseEventLog(logLines(memoryFile(utf8(LOG))))];
  const only = <K extends LogEvent['kind']>(kind: K): LogEvent & { kind: K } =>
    events.find((e) => e.kind === kind) as LogEvent & { kind: K };

  it('yields typed events, joined by job', () => {
    assert.deepEqual(
      events.map((e) => e.kind),
      [
        'flushStarted',
        'tableCreated',
        'flushFinished',
        'compactionStarted',
        'tableCreated',
        'compactionFinished',
        'fileMoved',
        'trivialMove',
        'fifoPicked',
        'tableDeleted',
        'ingestFinished',
        'other',
      ],
    );
    assert.deepEqual(only('flushStarted'), {
      kind: 'flushStarted',
      at: 1795332614145915,
      job: 2,
      family: 'users',
      reason: 'Manual Flush',
      entries: 66,
      bytes: 3650,
    });
    assert.deepEqual(only('tableCreated'), {
      kind: 'tableCreated',
      at: 1795332614146989,
      job: 2,
      family: 'users',
      file: 9,
      bytes: 3462,
      entries: 66,
      deletions: Number.NaN,
      rawBytes: Number.NaN,
      filterBytes: Number.NaN,
    });
    assert.deepEqual(only('flushFinished').levels, [1, 0, 0], 'a cut line gives what is there');
    assert.deepEqual(only('compactionStarted').inputs, [
      { level: 0, files: [18, 16] },
      { level: 1, files: [20] },
    ]);
    assert.equal(only('compactionStarted').family, 'a "b" c', 'names are not escaped');
    assert.equal(only('compactionFinished').family, 'a "b" c');
    assert.deepEqual([only('trivialMove').family, only('trivialMove').level, only('fileMoved').file], ['users', 2, 32]);
    assert.equal(only('fileMoved').at, Date.UTC(2026, 10, 22, 7, 30, 14) * 1000 + 1);
    assert.deepEqual(only('ingestFinished').files, [50]);
  });

  it('cuts lines that are too long and keeps the others', () => {
    const long = `${'x'.repeat(700000)}\n${LOG}\n${'y'.repeat(100000)}`;
    const lines = [...logLines(memoryFile(utf8(long)))];
    assert.equal(lines.length, 1 + LOG.split('\n').length + 1);
    assert.ok(lines.every((l) => l.length <= 65536));
    assert.equal([...parseEventLog(lines)].length, events.length);
  });

  it('of the corpus: no event line is lost, every flush, compaction and table has its family', {
    skip: NO_CORPUS,
  }, () => {
    const root = join(CORPUS, 'rocksdb');
    let seen = 0;
    for (const name of readdirSync(root)) {
      const path = join(root, name, 'db/LOG');
      if (!existsSync(path)) continue;
      const found = [...parseEventLog(logLines(nodeFs.open(path, 'read')))];
      const marks = readFileSync(path, 'utf8').match(/EVENT_LOG_v1 \{/g)?.length ?? 0;
      assert.equal(found.filter((e) => !TEXT_LINES.has(e.kind)).length, marks, name);
      for (const e of found) {
        if (/^(flush|compaction|tableCreated|trivialMove|fileMoved)/.test(e.kind))
          assert.ok(e.family !== undefined, `${name} ${e.kind}`);
      }
      seen += found.length;
    }
    assert.ok(seen > 2000);
  });
});
