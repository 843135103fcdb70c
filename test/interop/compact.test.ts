/**
 * `lsm compact` on stores of the real engines: the content stays, the engines' own checks pass, and the
 * engines go on with the store afterwards. Cancelled and killed runs leave it as it was.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import {
  BENCH_RECIPES,
  type BenchRecipe,
  benchStore,
  copyOf,
  difference,
  hexLine,
  LDB_RECIPES,
  ldbScan,
  ldbStore,
  noRocksdbTools,
  ourScan,
  output,
  scratch,
  tool,
} from '../fixtures/stores.ts';
import { random } from '../support/random.ts';

const CLI = join(resolve(import.meta.dirname, '../..'), 'dist', 'lsm.js');
const noTools: string | false = tool('sst_dump') === undefined ? 'sst_dump is not installed' : noRocksdbTools;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function lsm(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

function compact(dir: string, ...args: string[]): Ran {
  const ran = lsm('compact', dir, ...args);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stderr, '');
  return ran;
}

/** Name → digest of every file of a directory; LOCK, which whoever looks may make, is left out. */
function digests(dir: string): Record<string, string> {
  const names = readdirSync(dir).filter((name) => name !== 'LOCK');
  const digest = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(dir, name)))
      .digest('hex');
  return Object.fromEntries(names.sort().map((name) => [name, digest(name)]));
}

function assertSound(dir: string): void {
  // ldb may write: it looks at a copy.
  const copy = copyOf(dir);
  assert.match(output('ldb', [`--db=${copy}`, 'checkconsistency']), /OK/);
  for (const name of readdirSync(dir).filter((n) => n.endsWith('.sst'))) {
    const verified = spawnSync('sst_dump', [`--file=${join(dir, name)}`, '--command=verify'], { encoding: 'latin1' });
    assert.match(verified.stdout, /The file is ok/, `${name}: ${verified.stdout}${verified.stderr}`);
  }
  rmSync(copy, { recursive: true });
}

const recipe = (key: string): BenchRecipe => BENCH_RECIPES.find((r) => r.key === key) as BenchRecipe;

const CHOSEN: readonly string[] = [
  'leveled-snappy-overwrites',
  'no-compression-crc32c-format-2',
  'lz4-xxhash64-format-4',
  'zstd-dictionary',
  'blob-files-lz4',
  'blob-files-zstd-collected',
  'universal',
  'universal-one-level',
  'column-families',
  'deep-levels',
  'dynamic-levels',
  'deletes',
  'range-deletes',
  'merge-uint64add',
  'large-values',
];

describe('stores of db_bench, compacted in place', { skip: noTools }, () => {
  for (const key of CHOSEN) {
    it(key, () => {
      const of = recipe(key);
      const dir = copyOf(benchStore(of));
      for (const family of of.families) {
        const before = ldbScan(dir, family);
        const result = JSON.parse(compact(dir, '--cf', family, '--in-place', '--json').stdout);
        assert.equal(result.kind, 'compact');
        assert.equal(result.after.sortedRuns, 1);
        assertSound(dir);
        assert.equal(difference(before, ldbScan(dir, family)), undefined);
        assert.equal(difference(before, ourScan(dir, family)), undefined);
      }
      // The engine goes on: it writes, compacts everything itself, and opens the store again.
      const before = ldbScan(dir, 'default');
      output('ldb', [`--db=${dir}`, 'put', '~written-later', 'value']);
      output('ldb', [`--db=${dir}`, 'compact']);
      assertSound(dir);
      const later = hexLine(Buffer.from('~written-later'), Buffer.from('value'));
      const all = ldbScan(dir, 'default');
      assert.equal(all.length, before.length + 1);
      assert.equal(difference([...before, later].sort(), [...all].sort()), undefined);
      // And we compact what it wrote.
      compact(dir, '--in-place');
      assert.equal(difference(all, ldbScan(dir, 'default')), undefined);
      rmSync(dir, { recursive: true });
    });
  }

  for (const of of LDB_RECIPES) {
    it(of.key, () => {
      const dir = copyOf(ldbStore(of));
      for (const family of of.families) {
        const before = ldbScan(dir, family);
        compact(dir, '--cf', family, '--in-place');
        assertSound(dir);
        assert.equal(difference(before, ldbScan(dir, family)), undefined);
      }
    });
  }

  it('takes a level, a key range or tables, and plans exactly what it does', () => {
    const dir = copyOf(benchStore(recipe('deep-levels')));
    const before = ldbScan(dir, 'default');
    const table = (level: number): string =>
      String(
        lsm('tables', dir, '--json')
          .stdout.trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .find((t) => t.level === level)?.number,
      );
    const targets: (() => string[])[] = [
      () => ['--tables', table(2)],
      () => ['--level', '1'],
      () => ['--from', '0x0000000000001000', '--to', '0x0000000000002000'],
      () => [],
    ];
    for (const choose of targets) {
      const target = choose();
      const untouched = digests(dir);
      const plan = JSON.parse(compact(dir, ...target, '--dry-run', '--json').stdout);
      assert.deepEqual(digests(dir), untouched, 'a dry run changes nothing');
      assert.equal(plan.refused, null);
      assert.ok(plan.entries > 0);
      assert.equal(
        plan.readBytes,
        plan.inputs.reduce((sum: number, t: { bytes: number }) => sum + t.bytes, 0),
      );
      assert.ok(plan.peakDiskBytes >= plan.readBytes + plan.estimatedWriteBytes);
      const result = JSON.parse(compact(dir, ...target, '--in-place', '--json').stdout);
      assert.deepEqual(result.inputs, plan.inputs);
      assert.equal(result.outputLevel, plan.outputLevel);
      assert.equal(result.entriesRead, plan.entries);
      assert.equal(result.hiddenEntries, plan.shadowedEntries);
      assert.equal(result.droppedTombstones, plan.droppableTombstones);
      assertSound(dir);
      assert.equal(difference(before, ldbScan(dir, 'default')), undefined);
    }
  });

  it('compacts a copy and leaves the original alone', () => {
    for (const key of ['blob-files-lz4', 'universal']) {
      const dir = benchStore(recipe(key));
      const untouched = digests(dir);
      const before = ldbScan(dir, 'default');
      const out = join(mkdtempSync(join(scratch(), 'out-')), 'copy');
      compact(dir, '--out', out);
      assert.deepEqual(digests(dir), untouched);
      assertSound(out);
      assert.equal(difference(before, ldbScan(out, 'default')), undefined);
      assert.equal(JSON.parse(lsm('info', out, '--json').stdout).metrics.sortedRuns, 1);
      const again = lsm('compact', dir, '--out', out);
      assert.equal(again.status, 3);
      assert.match(again.stderr, /not empty/);
    }
  });
});

describe('stores of the engines in this process', () => {
  it('classic-level reads, writes and compacts on', async () => {
    const dir = mkdtempSync(join(scratch(), 'classic-'));
    const open = (): ClassicLevel<Buffer, Buffer> =>
      new ClassicLevel(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer', writeBufferSize: 1 << 16 });
    const read = async (db: ClassicLevel<Buffer, Buffer>): Promise<string[]> => {
      const lines: string[] = [];
      for await (const [k, v] of db.iterator()) lines.push(hexLine(k, v));
      return lines;
    };
    const fill = async (db: ClassicLevel<Buffer, Buffer>, seed: number): Promise<void> => {
      const next = random(seed);
      for (let b = 0; b < 40; b++) {
        await db.batch(
          Array.from({ length: 250 }, () => {
            const key = Buffer.from(`key${Math.floor(next() * 4000)}`);
            if (next() < 0.3) return { type: 'del' as const, key };
            return { type: 'put' as const, key, value: Buffer.alloc(Math.floor(next() * 120), b) };
          }),
        );
      }
    };
    let db = open();
    await fill(db, 1);
    for (let round = 2; round < 5; round++) {
      const before = await read(db);
      await db.close();
      const result = JSON.parse(compact(dir, '--in-place', '--json').stdout);
      assert.equal(result.kind, 'compact');
      assert.equal(difference(before, ourScan(dir, 'default')), undefined);
      db = open();
      assert.equal(difference(before, await read(db)), undefined);
      await fill(db, round);
      await db.compactRange(Buffer.from('k'), Buffer.from('l'));
    }
    await db.close();
  });

  it('RocksDB 10.5 reads, writes and compacts on', async () => {
    const dir = mkdtempSync(join(scratch(), 'native-'));
    const read = async (db: RocksDB): Promise<string[]> => {
      const lines: string[] = [];
      for await (const { key, value } of db.iterator()) lines.push(hexLine(key, value));
      return lines;
    };
    let db = new RocksDB(dir);
    await db.ready();
    for (let round = 1; round < 4; round++) {
      const next = random(round);
      for (let b = 0; b < 6; b++) {
        const batch = db.write();
        for (let i = 0; i < 500; i++) {
          const key = Buffer.from(`key${Math.floor(next() * 2000)}`);
          if (next() < 0.2) batch.tryDelete(key);
          else if (next() < 0.01) batch.tryDeleteRange(key, Buffer.concat([key, Buffer.from('5')]));
          else batch.tryPut(key, Buffer.alloc(Math.floor(next() * 300), b));
        }
        await batch.flush();
        batch.destroy();
        await db.flush();
      }
      const before = await read(db);
      await db.close();
      const result = JSON.parse(compact(dir, '--in-place', '--json').stdout);
      assert.equal(result.kind, 'compact');
      assert.equal(difference(before, ourScan(dir, 'default')), undefined);
      db = new RocksDB(dir);
      await db.ready();
      assert.equal(difference(before, await read(db)), undefined);
      if (round === 2) await db.compactRange();
      assert.equal(difference(before, await read(db)), undefined);
    }
    await db.close();
  });
});

describe('the command line of compact', () => {
  it('wants exactly one way and one kind of target', () => {
    for (const args of [
      [],
      ['--in-place', '--dry-run'],
      ['--in-place', '--out', '/nowhere'],
      ['--in-place', '--level', '1', '--tables', '3'],
      ['--dry-run', '--tables', '3,x'],
      ['--dry-run', '--level', 'one'],
    ]) {
      assert.equal(lsm('compact', '/nowhere', ...args).status, 2, args.join(' '));
    }
    assert.equal(lsm('compact', '/nowhere', '--dry-run').status, 3);
  });

  it('names the tables that are none of the family', () => {
    const dir = join(mkdtempSync(join(scratch(), 'tables-')), 'store');
    assert.equal(lsm('create', dir, '--sample', 'timeseries').status, 0);
    const live = JSON.parse(lsm('tables', dir, '--json').stdout.split('\n')[0] ?? '').number;
    const before = digests(dir);
    for (const way of ['--dry-run', '--in-place']) {
      const one = lsm('compact', dir, way, '--tables', `${live},987654`);
      assert.equal(one.status, 2);
      assert.match(one.stderr, /^lsm: INPUT: 987654 is no live table of the column family default\n/);
      const two = lsm('compact', dir, way, '--tables', '987654,1');
      assert.match(two.stderr, /^lsm: INPUT: 987654, 1 are no live tables of the column family default\n/);
    }
    assert.deepEqual(digests(dir), before);
  });

  it('is refused while the owner has the store, and says who that is', async () => {
    const dir = mkdtempSync(join(scratch(), 'owned-'));
    const db = new ClassicLevel(dir, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
    await db.put('a', 'b');
    const refused = lsm('compact', dir, '--in-place');
    assert.equal(refused.status, 4);
    assert.match(refused.stderr, /^lsm: LOCKED: [^\n]*\n$/);
    if (process.platform === 'linux') assert.ok(refused.stderr.includes(String(process.pid)), refused.stderr);
    const plan = JSON.parse(compact(dir, '--dry-run', '--json').stdout);
    assert.match(plan.refused, /LOCKED|no tables/);
    await db.close();
  });
});

// ── Interrupted runs ───────────────────────────────────────────────────────────────────────────

/** A store that takes about a second to compact; made once. */
let slow: { readonly dir: string; readonly lines: string } | undefined;
async function slowStore(): Promise<{ readonly dir: string; readonly lines: string }> {
  if (slow !== undefined) return slow;
  const dir = mkdtempSync(join(scratch(), 'slow-'));
  const db = new ClassicLevel<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
  });
  const next = random(5);
  for (let b = 0; b < 60; b++) {
    await db.batch(
      Array.from({ length: 1000 }, () => ({
        type: 'put' as const,
        key: Buffer.from(String(Math.floor(next() * 50_000)).padStart(16, '0')),
        value: Buffer.alloc(400, b),
      })),
    );
  }
  await db.close();
  slow = { dir, lines: contentOf(dir) };
  return slow;
}

/** Digest of all entries, as we read them. */
function contentOf(dir: string): string {
  return createHash('sha256').update(ourScan(dir, 'default').join('\n')).digest('hex');
}

async function levelContentOf(dir: string): Promise<string> {
  const db = new ClassicLevel<Buffer, Buffer>(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const lines: string[] = [];
  for await (const [k, v] of db.iterator()) lines.push(hexLine(k, v));
  await db.close();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('close', (code) => done(code)));
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Waits until the run writes a table of its own. */
async function underWay(dir: string, before: ReadonlySet<string>, extension = '.ldb'): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (readdirSync(dir).some((name) => name.endsWith(extension) && !before.has(name))) return;
    await pause(5);
  }
  assert.fail('the compaction did not begin');
}

describe('an interrupted compaction', () => {
  after(() => {
    slow = undefined;
  });

  it('ends with 130 at Ctrl-C and leaves every byte as it was', async () => {
    const { dir } = await slowStore();
    const copy = copyOf(dir);
    // Logs that another process left behind are settled first, so that what is compared is the compaction.
    lsm('flush', copy);
    const before = digests(copy);
    const child = spawn(process.execPath, [CLI, 'compact', copy, '--in-place'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const code = ended(child);
    await underWay(copy, new Set(readdirSync(copy)));
    child.kill('SIGINT');
    assert.equal(await code, 130);
    assert.deepEqual(digests(copy), before);
    const out = join(mkdtempSync(join(scratch(), 'cancel-')), 'copy');
    const other = spawn(process.execPath, [CLI, 'compact', copy, '--out', out], { stdio: 'ignore' });
    const otherCode = ended(other);
    await pause(400);
    other.kill('SIGINT');
    if ((await otherCode) === 130) assert.throws(() => readdirSync(out), { code: 'ENOENT' });
    assert.deepEqual(digests(copy), before);
  });

  it('loses nothing when it is killed at any moment', async () => {
    const rounds = Number(process.env['LSM_KILL_ROUNDS'] ?? 10);
    const next = random(Number(process.env['LSM_SEED'] ?? 11));
    const { dir, lines } = await slowStore();
    let copy = copyOf(dir);
    let killed = 0;
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, [CLI, 'compact', copy, '--in-place'], { stdio: 'ignore' });
      const code = ended(child);
      await pause(100 + next() * 1000);
      child.kill('SIGKILL');
      const ran = await code;
      if (ran === null) killed++;
      assert.equal(contentOf(copy), lines, `round ${round}`);
      if (round % 3 === 2 || ran === 0) {
        assert.equal(await levelContentOf(copy), lines, `LevelDB, round ${round}`);
        rmSync(copy, { recursive: true });
        copy = copyOf(dir);
      }
    }
    assert.ok(killed > 0, 'no run was killed');
    compact(copy, '--in-place');
    assert.equal(contentOf(copy), lines);
    assert.equal(await levelContentOf(copy), lines);
  });

  it('leaves RocksDB a store that it opens, whenever it is killed', { skip: noTools }, async () => {
    const rounds = Number(process.env['LSM_KILL_ROUNDS'] ?? 6);
    const next = random(Number(process.env['LSM_SEED'] ?? 12));
    const dir = benchStore(recipe('deep-levels'));
    const before = ldbScan(dir, 'default');
    for (let round = 0; round < rounds; round++) {
      const copy = copyOf(dir);
      const child = spawn(process.execPath, [CLI, 'compact', copy, '--in-place'], { stdio: 'ignore' });
      const code = ended(child);
      if (round % 2 === 0) await underWay(copy, new Set(readdirSync(copy)), '.sst');
      await pause(next() * 300);
      child.kill('SIGKILL');
      await code;
      assert.equal(difference(before, ourScan(copy, 'default')), undefined, `round ${round}`);
      assert.equal(difference(before, ldbScan(copy, 'default')), undefined, `RocksDB, round ${round}`);
      assert.match(output('ldb', [`--db=${copy}`, 'checkconsistency']), /OK/);
      compact(copy, '--in-place');
      assert.equal(difference(before, ldbScan(copy, 'default')), undefined, `compacted, round ${round}`);
      rmSync(copy, { recursive: true });
    }
  });
});
