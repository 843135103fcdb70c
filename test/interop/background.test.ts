/**
 * `lsm batch` on stores of the real engines: what the engine would compact in the background is compacted by us, by
 * the policy of the store, and the engines read the same and go on.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { checkLevels } from '../../engine/model/check.ts';
import { openStore } from '../../engine/store/open.ts';
import {
  BENCH_RECIPES,
  type BenchRecipe,
  benchStore,
  copyOf,
  difference,
  hexLine,
  ldbScan,
  noRocksdbTools,
  ourScan,
  output,
  scratch,
  tool,
} from '../fixtures/stores.ts';
import { random, randomBytes } from '../support/random.ts';

const CLI = join(resolve(import.meta.dirname, '../..'), 'dist', 'lsm.js');
const noTools: string | false = tool('sst_dump') === undefined ? 'sst_dump is not installed' : noRocksdbTools;

function lsm(input: string, ...args: string[]): string {
  const ran = spawnSync(process.execPath, [CLI, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(ran.stderr, '');
  assert.equal(ran.status, 0, args.join(' '));
  return ran.stdout;
}

/** Hex of key → hex of value. */
type Content = Map<string, string>;

function linesOf(content: Content): string[] {
  const upper = (h: string): string => h.toUpperCase();
  return [...content.keys()].sort().map((k) => `0x${upper(k)} : 0x${upper(content.get(k) as string)}`);
}

function contentOf(lines: readonly string[]): Content {
  return new Map(
    lines.map((line) => {
      const [key = '', value = ''] = line.toLowerCase().split(' : ');
      return [key.slice(2), value.slice(2)];
    }),
  );
}

interface Workload {
  readonly entries: number;
  readonly valueBytes: number;
  readonly seed: number;
  /** Of keys written before, so that they are overwritten. */
  readonly known: readonly string[];
}

/** JSON lines for `lsm batch`; applied to `content`. */
function workload(content: Content, { entries, valueBytes, seed, known }: Workload): string {
  const next = random(seed);
  const own: string[] = [];
  const lines: string[] = [];
  for (let i = 0; i < entries; i++) {
    const kind = next();
    const old = kind < 0.4 ? (kind < 0.2 ? own : known) : [];
    const key = old[Math.floor(next() * old.length)] ?? Buffer.from(randomBytes(12, seed * 1e6 + i)).toString('hex');
    own.push(key);
    if (next() < 0.15) {
      lines.push(JSON.stringify({ delete: { hex: key } }));
      content.delete(key);
      continue;
    }
    const value = Buffer.from(randomBytes(Math.floor(next() * 2 * valueBytes), seed * 1e6 + i)).toString('hex');
    lines.push(JSON.stringify({ put: [{ hex: key }, { hex: value }] }));
    content.set(key, value);
  }
  return `${lines.join('\n')}\n`;
}

interface LevelAnswer {
  readonly level: number;
  readonly tables: number;
  readonly score: number | null;
}

function levelsOf(dir: string, family: string): LevelAnswer[] {
  const { families } = JSON.parse(lsm('', 'info', dir, '--json')) as {
    families: { name: string; levels: LevelAnswer[] }[];
  };
  return (families.find((f) => f.name === family) as { levels: LevelAnswer[] }).levels;
}

function assertAtRest(dir: string, family = 'default'): void {
  const full = levelsOf(dir, family).filter((l) => (l.score ?? 0) >= 1);
  assert.deepEqual(full, []);
}

function assertTree(dir: string): void {
  const reader = openStore(nodeFs, dir);
  try {
    assert.deepEqual(reader.view.problems, []);
    for (const { order, view } of reader.view.version.families.values()) {
      const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
      assert.deepEqual(checkLevels(view, compare), []);
    }
  } finally {
    reader.close();
  }
}

function assertSound(dir: string): void {
  // ldb may write: it looks at a copy.
  const copy = copyOf(dir);
  assert.match(output('ldb', [`--db=${copy}`, 'checkconsistency']), /OK/);
  rmSync(copy, { recursive: true });
  for (const name of readdirSync(dir).filter((n) => n.endsWith('.sst'))) {
    const verified = spawnSync('sst_dump', [`--file=${join(dir, name)}`, '--command=verify'], { encoding: 'latin1' });
    assert.match(verified.stdout, /The file is ok/, `${name}: ${verified.stdout}${verified.stderr}`);
  }
}

const optionsFiles = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir)
      .filter((n) => n.startsWith('OPTIONS-'))
      .map((n) => [n, readFileSync(join(dir, n), 'latin1')]),
  );

const recipe = (key: string): BenchRecipe => BENCH_RECIPES.find((r) => r.key === key) as BenchRecipe;

describe('stores of db_bench, written to with lsm batch', { skip: noTools }, () => {
  for (const key of ['dynamic-levels', 'deep-levels', 'universal', 'column-families', 'blob-files-lz4']) {
    it(key, () => {
      const dir = copyOf(benchStore(recipe(key)));
      const options = optionsFiles(dir);
      const [family = 'default'] = recipe(key).families;
      const content = contentOf(ldbScan(dir, family));
      const known = [...content.keys()];
      for (let round = 1; round <= 2; round++) {
        const input = workload(content, { entries: 12_000, valueBytes: 100, seed: round, known });
        lsm(input, 'batch', dir, '--cf', family, '--batch', '200');
        if (key === 'universal') {
          const runs = levelsOf(dir, family).reduce(
            (n, l) => n + (l.level === 0 ? l.tables : Math.min(1, l.tables)),
            0,
          );
          assert.ok(runs <= 4, `${runs} runs`);
        } else assertAtRest(dir, family);
        assertTree(dir);
        const lines = linesOf(content);
        assert.equal(difference(lines, ldbScan(dir, family)), undefined);
        assert.equal(difference(lines, ourScan(dir, family)), undefined);
        assert.deepEqual(optionsFiles(dir), options);
      }
      assertSound(dir);
      // The engine goes on by itself, and then we do once more.
      output('ldb', [`--db=${dir}`, `--column_family=${family}`, 'put', '~later', 'value']);
      output('ldb', [`--db=${dir}`, `--column_family=${family}`, 'compact']);
      content.set(Buffer.from('~later').toString('hex'), Buffer.from('value').toString('hex'));
      assert.equal(difference(linesOf(content), ldbScan(dir, family)), undefined);
      lsm(workload(content, { entries: 6000, valueBytes: 100, seed: 9, known }), 'batch', dir, '--cf', family);
      assertSound(dir);
      assert.equal(difference(linesOf(content), ldbScan(dir, family)), undefined);
      rmSync(dir, { recursive: true });
    });
  }

  it('level 0 that piled up while the engine was told not to compact stays as it is', () => {
    const dir = copyOf(benchStore(recipe('dynamic-levels')));
    // db_bench itself writes the option into the store.
    output('db_bench', [
      `--db=${dir}`,
      '--benchmarks=overwrite',
      '--use_existing_db=1',
      '--num=20000',
      '--write_buffer_size=131072',
      '--disable_auto_compactions=1',
      '--level0_slowdown_writes_trigger=1000',
      '--level0_stop_writes_trigger=1000',
      '--compression_type=none',
    ]);
    const tables = levelsOf(dir, 'default').find((l) => l.level === 0)?.tables ?? 0;
    assert.ok(tables > 4, `${tables} tables in level 0`);
    const content = contentOf(ldbScan(dir, 'default'));
    lsm(workload(content, { entries: 500, valueBytes: 100, seed: 3, known: [...content.keys()] }), 'batch', dir);
    assert.ok((levelsOf(dir, 'default').find((l) => l.level === 0)?.tables ?? 0) >= tables);
    assert.equal(difference(linesOf(content), ldbScan(dir, 'default')), undefined);
    rmSync(dir, { recursive: true });
  });
});

describe('stores of the engines in this process, written to with lsm batch', () => {
  it('classic-level reads the same, writes and compacts on', async () => {
    const dir = mkdtempSync(join(scratch(), 'classic-'));
    const open = (): ClassicLevel<Buffer, Buffer> =>
      new ClassicLevel(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    const read = async (db: ClassicLevel<Buffer, Buffer>): Promise<string[]> => {
      const lines: string[] = [];
      for await (const [k, v] of db.iterator()) lines.push(hexLine(k, v));
      return lines;
    };
    const content: Content = new Map();
    let db = open();
    await db.put(Buffer.from('first'), Buffer.from('theirs'));
    content.set(Buffer.from('first').toString('hex'), Buffer.from('theirs').toString('hex'));
    await db.close();
    for (let round = 1; round <= 2; round++) {
      const known = [...content.keys()];
      // Several memtables of 4 MiB, more than level 0 may keep.
      lsm(workload(content, { entries: 12_000, valueBytes: 2500, seed: round, known }), 'batch', dir, '--batch', '100');
      assertAtRest(dir);
      assertTree(dir);
      assert.ok(levelsOf(dir, 'default').some((l) => l.level > 0 && l.tables > 1));
      const lines = linesOf(content);
      assert.equal(difference(lines, ourScan(dir, 'default')), undefined);
      db = open();
      assert.equal(difference(lines, await read(db)), undefined);
      for (let i = 0; i < 500; i++) {
        const key = Buffer.from(`theirs ${round} ${i}`);
        await db.put(key, Buffer.alloc(3000, i));
        content.set(key.toString('hex'), Buffer.alloc(3000, i).toString('hex'));
      }
      if (round === 2) await db.compactRange(Buffer.alloc(0), Buffer.alloc(13, 0xff));
      assert.equal(difference(linesOf(content), await read(db)), undefined);
      await db.close();
    }
  });

  it('a table that cannot be read is told of once, and what was written is there', () => {
    const dir = join(mkdtempSync(join(scratch(), 'damaged-')), 'store');
    lsm('', 'create', dir, '--format', 'leveldb');
    const content: Content = new Map();
    lsm(workload(content, { entries: 8000, valueBytes: 2500, seed: 1, known: [] }), 'batch', dir);
    const tables = readdirSync(dir).filter((n) => n.endsWith('.ldb'));
    for (const name of tables) {
      const bytes = readFileSync(join(dir, name));
      bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 64);
      writeFileSync(join(dir, name), bytes);
    }
    const later: Content = new Map();
    const input = workload(later, { entries: 8000, valueBytes: 2500, seed: 2, known: [] });
    const ran = spawnSync(process.execPath, [CLI, 'batch', dir], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stderr, /^lsm: CORRUPT: a compaction in the background failed: .*\n$/);
    assert.deepEqual(
      tables.filter((name) => !readdirSync(dir).includes(name)),
      [],
    );
    const [key, value] = [...later].at(-1) as [string, string];
    assert.deepEqual(JSON.parse(lsm('', 'get', dir, key, '--key-format', 'hex', '--json')).value, { hex: value });
  });

  it('RocksDB 10.5 reads the same, writes and compacts on', async () => {
    const dir = join(mkdtempSync(join(scratch(), 'native-')), 'store');
    // A sample ends with a flush, so that its tree has something to compact: the first batch does it.
    lsm('', 'create', dir, '--format', 'rocksdb', '--sample', 'sessions');
    const content = contentOf(ourScan(dir, 'default'));
    const read = async (db: RocksDB): Promise<string[]> => {
      const lines: string[] = [];
      for await (const { key, value } of db.iterator()) lines.push(hexLine(key, value));
      return lines;
    };
    for (let round = 1; round <= 2; round++) {
      const known = [...content.keys()];
      lsm(workload(content, { entries: 15_000, valueBytes: 400, seed: round, known }), 'batch', dir);
      assertAtRest(dir);
      assertTree(dir);
      const db = new RocksDB(dir);
      await db.ready();
      assert.equal(difference(linesOf(content), await read(db)), undefined);
      const batch = db.write();
      batch.tryPut(Buffer.from(`theirs ${round}`), Buffer.from('value'));
      await batch.flush();
      batch.destroy();
      content.set(Buffer.from(`theirs ${round}`).toString('hex'), Buffer.from('value').toString('hex'));
      await db.compactRange();
      assert.equal(difference(linesOf(content), await read(db)), undefined);
      await db.close();
    }
  });
});
