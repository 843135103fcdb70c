/** Histories of real stores: reduced to a tree they must give the live tables, and their kinds must be the engine's. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nodeFs } from '../../../engine/fs/nodeFs.ts';
import { reduceEvents } from '../../../engine/model/events.ts';
import { HISTORY_STARTS, type HistoryEvent, storeEvents, storeHistory } from '../../../engine/store/history.ts';
import { openStore } from '../../../engine/store/open.ts';
import { HAS_DB_BENCH, withBenchStore } from '../../support/dbBench.ts';
import { CORPUS, NO_CORPUS } from './replayHelper.ts';

/** Opens a store, checks that its events give its live tables, and returns them. */
function checked(directory: string): HistoryEvent[] {
  const store = openStore(nodeFs, directory);
  try {
    const got: string[] = [];
    for (const [family, levels] of reduceEvents(storeEvents(store))) {
      for (const [level, tables] of levels)
        for (const t of tables.values()) got.push(`${family} L${level} #${t.number} ${t.bytes}`);
    }
    const live = [...store.view.version.families.values()].flatMap((f) => f.tables);
    assert.deepEqual(got.sort(), live.map((t) => `${t.family} L${t.level} #${t.number} ${t.bytes}`).sort());
    const events = [...storeHistory(store)];
    assert.deepEqual(
      events.map((e) => e.seq),
      events.map((_, i) => i + 1),
    );
    for (const e of events) {
      assert.ok(
        e.removed.every((t) => t.bytes > 0),
        'removed tables have their sizes',
      );
      if (e.at !== null) assert.match(e.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    return events;
  } finally {
    store.close();
  }
}

describe('histories of the corpus', { skip: NO_CORPUS }, () => {
  const root = join(CORPUS, 'rocksdb');
  for (const name of NO_CORPUS ? [] : readdirSync(root)) {
    const db = join(root, name, 'db');
    if (!existsSync(db)) continue;
    it(name, () => {
      const confirmed = checked(db);
      const copy = mkdtempSync(`${tmpdir()}/lsm-history-`);
      try {
        cpSync(db, copy, { recursive: true });
        for (const log of readdirSync(copy)) if (log.startsWith('LOG')) rmSync(join(copy, log));
        const inferred = checked(copy);
        // What the shape of an edit says is what the engine's log says.
        assert.deepEqual(
          inferred.map((e) => e.kind),
          confirmed.map((e) => e.kind),
        );
        assert.ok(inferred.every((e) => e.inferred || e.why === 'column family dropped'));
        assert.ok(confirmed.every((e) => !e.inferred || e.why === HISTORY_STARTS));
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    });
  }

  it('gives the reason of every RocksDB flush and compaction', () => {
    const events = checked(join(root, '01-leveled-zstd', 'db'));
    assert.ok(events.some((e) => e.kind === 'move'));
    for (const e of events) {
      assert.notEqual(e.at, null);
      if (e.kind === 'flush' || e.kind === 'compaction')
        assert.ok(e.why !== null && e.why.length > 3, JSON.stringify(e));
    }
  });
});

describe('histories of stores made by db_bench', { skip: HAS_DB_BENCH ? false : 'db_bench is not installed' }, () => {
  const small = [
    '--num=60000',
    '--write_buffer_size=524288',
    '--target_file_size_base=524288',
    '--max_bytes_for_level_base=2097152',
  ];

  it('leveled, then opened again, which begins a new MANIFEST', () => {
    withBenchStore(small, (dir) => {
      const events = checked(dir);
      assert.ok(events.some((e) => e.kind === 'compaction' && e.why === 'ManualCompaction'));
      execFileSync('db_bench', [`--db=${dir}`, '--use_existing_db=1', '--benchmarks=overwrite', ...small], {
        stdio: 'ignore',
      });
      const again = checked(dir);
      assert.deepEqual([again[0]?.kind, again[0]?.inferred, again[0]?.why], ['unknown', true, HISTORY_STARTS]);
      assert.ok(again.slice(1).every((e) => e.why !== HISTORY_STARTS));
      assert.ok(again.slice(1).some((e) => e.kind === 'flush' && !e.inferred));
    });
  });

  it('universal', () => {
    withBenchStore([...small, '--compaction_style=1'], (dir) => {
      const kinds = new Set(checked(dir).map((e) => e.kind));
      assert.ok(kinds.has('flush') && kinds.has('compaction'));
    });
  });
});
