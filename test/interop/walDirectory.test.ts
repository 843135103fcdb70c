/** RocksDB stores whose logs lie in a directory of their own (`wal_dir`): read, checked, and not written to. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { openStore } from '../../engine/store/open.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { onPath, run } from '../../scripts/lib.mjs';
import { scratch } from '../fixtures/stores.ts';

const skip = onPath('db_bench') === undefined ? 'db_bench is not installed' : false;

async function make(): Promise<{ dir: string; db: string; wal: string }> {
  const dir = mkdtempSync(join(scratch(), 'wal-'));
  const [db, wal] = [join(dir, 'db'), join(dir, 'wal')];
  mkdirSync(db);
  mkdirSync(wal);
  const args = ['--benchmarks=fillseq', '--num=500', '--seed=3', `--db=${db}`, `--wal_dir=${wal}`];
  const { code, output } = await run(onPath('db_bench') as string, args);
  assert.equal(code, 0, output);
  return { dir, db, wal };
}

function count(db: string): number {
  const store = openStore(readOnlyFs(nodeFs), db);
  const damage = new DamageLog();
  const walk = store.view.scan(0, {}, damage);
  let n = 0;
  for (walk.first(); walk.valid; walk.next()) n++;
  walk.close();
  assert.deepEqual([...damage.problems, ...store.view.problems], []);
  store.close();
  return n;
}

describe('logs in another directory', { skip }, () => {
  it('are read, shown with their path, checked, and keep the store from being written to', async () => {
    const { db, wal } = await make();
    assert.equal(count(db), 500);
    const store = openStore(readOnlyFs(nodeFs), db);
    const [log] = store.view.snapshot.replay.files;
    assert.equal(log?.file, join(wal, '000004.log'));
    assert.ok(planVerify(store.view).tasks.some((t) => t.kind === 'wal' && t.file === log.file));
    assert.equal(store.refresh(), false, 'nothing has changed');
    store.close();
    assert.throws(() => StoreWriter.open(systemWriteEnvironment, db), { code: 'UNSUPPORTED' });
  });

  it('of another store are left alone: a copy names the place of the original', async () => {
    const { dir, db, wal } = await make();
    // What stands at the stated place is then a store of its own.
    cpSync(join(db, 'CURRENT'), join(wal, 'CURRENT'));
    cpSync(db, join(dir, 'copy'), { recursive: true });
    assert.equal(count(join(dir, 'copy')), 0);
  });
});
