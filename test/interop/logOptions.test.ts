/**
 * Stores whose RocksDB keeps an eye on its logs: named in the MANIFEST and checked when it opens, or kept for a time
 * in an archive. What we write, flush and compact there must leave them as the engine expects them.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { difference, noRocksdbTools } from '../fixtures/stores.ts';
import { lsm } from '../support/lsmCommand.ts';

const root = mkdtempSync(join(tmpdir(), 'lsm-logs-'));
after(() => rmSync(root, { recursive: true, force: true }));

function bench(name: string, ...options: string[]): string {
  const dir = join(root, name);
  const always = ['--num=3000', '--value_size=100', '--compression_type=none', '--write_buffer_size=65536', '--seed=5'];
  execFileSync('db_bench', [`--db=${dir}`, '--benchmarks=fillrandom', ...always, ...options], { stdio: 'ignore' });
  return dir;
}

/** What RocksDB reads with the options of the store itself; on a copy, since its opening writes. */
function theirs(dir: string, family: string): string[] {
  const copy = `${dir}-seen`;
  cpSync(dir, copy, { recursive: true });
  try {
    const args = [`--db=${copy}`, '--try_load_options', `--column_family=${family}`, 'scan', '--hex'];
    const ran = spawnSync('ldb', args, { encoding: 'latin1', maxBuffer: 1 << 28 });
    assert.equal(ran.status, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr + ran.stdout, /Corruption|Missing WAL|Size mismatch/);
    return ran.stdout.split('\n').filter((l) => l.startsWith('0x'));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const ours = (dir: string, family: string): string[] =>
  lsm('scan', dir, '--format', 'hex', '--cf', family)
    .out.split('\n')
    .filter((l) => l !== '');

function mine(...args: string[]): void {
  const ran = lsm(...args);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.err}`);
}

const logs = (dir: string): string[] => readdirSync(dir).filter((n) => n.endsWith('.log'));

/** WALs that the MANIFEST names, by number. */
function trackedLogs(dir: string): number[] {
  const live = new Set<number>();
  for (const line of lsm('dump', join(dir, currentManifest(dir))).out.split('\n')) {
    for (const [, n] of line.matchAll(/WAL #(\d+)/g)) live.add(Number(n));
    for (const [, n] of line.matchAll(/WALs below #(\d+)/g)) for (const w of live) if (w < Number(n)) live.delete(w);
  }
  return [...live];
}

function currentManifest(dir: string): string {
  return readdirSync(dir)
    .filter((n) => n.startsWith('MANIFEST-'))
    .sort()
    .at(-1) as string;
}

describe('logs that the MANIFEST names and the engine checks', { skip: noRocksdbTools }, () => {
  it('stay whole or are taken out, through puts, flushes and compactions of ours and of theirs', () => {
    const dir = bench('tracked', '--track_and_verify_wals_in_manifest=1', '--num_column_families=2');
    const names = ['default', 'column_family_name_000001'];
    assert.ok(trackedLogs(dir).length > 0, 'the engine named a log');
    const check = (what: string): void => {
      for (const name of names) assert.equal(difference(theirs(dir, name), ours(dir, name)), undefined, what);
    };
    check('as it was made');
    for (let round = 0; round < 2; round++) {
      mine('put', dir, `ours${round}`, 'value', '--sync');
      check(`round ${round}: put`);
      mine('put', dir, `other${round}`, 'value', '--cf', names[1] as string);
      mine('flush', dir, '--cf', names[round % 2] as string, '--no-compaction');
      check(`round ${round}: one family flushed`);
      mine('flush', dir, '--no-compaction');
      assert.deepEqual(
        trackedLogs(dir).filter((n) => !logs(dir).some((l) => Number.parseInt(l, 10) === n)),
        [],
        'no log is named that is gone',
      );
      check(`round ${round}: all flushed`);
      mine('compact', dir, '--in-place', '--cf', names[round % 2] as string);
      check(`round ${round}: compacted`);
      execFileSync('ldb', [`--db=${dir}`, '--try_load_options', 'put', `theirs${round}`, 'value'], { stdio: 'pipe' });
      check(`round ${round}: theirs again`);
    }
    const verified = lsm('verify', dir);
    assert.equal(verified.code, 0, verified.out + verified.err);
  });
});

describe('logs that are kept for a time', { skip: noRocksdbTools }, () => {
  for (const option of ['--wal_ttl_seconds=3600', '--wal_size_limit_MB=64']) {
    it(`go to the archive (${option})`, () => {
      const dir = bench(`archived${option.slice(2, 8)}`, option);
      const archive = join(dir, 'archive');
      const live = logs(dir);
      assert.ok(live.length > 0);
      mine('put', dir, 'ours', 'value', '--sync', '--no-compaction');
      mine('flush', dir, '--no-compaction');
      assert.deepEqual(logs(dir), []);
      assert.ok(existsSync(archive));
      const kept = readdirSync(archive);
      assert.deepEqual(
        live.filter((name) => !kept.includes(name)),
        [],
      );
      assert.equal(difference(theirs(dir, 'default'), ours(dir, 'default')), undefined);
      mine('compact', dir, '--in-place');
      assert.deepEqual(readdirSync(archive), kept, 'the archive is left to the engine');
      assert.equal(difference(theirs(dir, 'default'), ours(dir, 'default')), undefined);
      execFileSync('ldb', [`--db=${dir}`, '--try_load_options', 'put', 'theirs', 'value'], { stdio: 'pipe' });
      mine('flush', dir);
      assert.equal(difference(theirs(dir, 'default'), ours(dir, 'default')), undefined);
    });
  }
});
