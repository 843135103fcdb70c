/**
 * One store of RocksDB's own making, read in every way and checked: what `ldb` scans, our scan gives, entry for
 * entry; each key is got, keys beside it are not; and verifying finds nothing.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, hex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import type { TableReader } from '../../engine/formats/block/tableReader.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { openStore } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { verifyFiles } from '../../engine/store/verify/verify.ts';
import { random } from './random.ts';

export const HAS_LDB = spawnSync('ldb', ['--version']).status === 0;

/** Sections of an OPTIONS file, for what `db_bench` has no flag for. */
export interface BenchOptions {
  readonly db?: Readonly<Record<string, string>>;
  readonly cf?: Readonly<Record<string, string>>;
  readonly table?: Readonly<Record<string, string>>;
}

function optionsText({ db, cf, table }: BenchOptions): string {
  const lines = (values: Readonly<Record<string, string>> = {}): string =>
    Object.entries(values)
      .map(([name, value]) => `  ${name}=${value}\n`)
      .join('');
  return (
    '[Version]\n  rocksdb_version=7.8.3\n  options_file_version=1.1\n' +
    `[DBOptions]\n  create_if_missing=true\n${lines(db)}` +
    `[CFOptions "default"]\n${lines(cf)}` +
    `[TableOptions/BlockBasedTable "default"]\n${lines(table)}`
  );
}

const KEYS = 1500;

/**
 * A store of `db_bench`, handed to `use`, and removed. Seeded: the same arguments make the same entries, unless it is
 * killed after some time, as a crash would end it.
 */
export async function withRocks(
  args: readonly string[],
  options: BenchOptions | undefined,
  use: (dir: string) => void | Promise<void>,
  killAfterMs?: number,
): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'lsm-rocks-'));
  try {
    const dir = join(top, 'db');
    const all = [`--db=${dir}`, '--seed=7', `--num=${KEYS}`, '--min_level_to_compress=0', ...args];
    if (!args.some((a) => a.startsWith('--benchmarks='))) all.push('--benchmarks=fillrandom,compact');
    if (options !== undefined) {
      writeFileSync(join(top, 'OPTIONS'), optionsText(options));
      all.push(`--options_file=${join(top, 'OPTIONS')}`);
    }
    const { status, stderr, signal } = spawnSync('db_bench', all, {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(killAfterMs === undefined ? {} : { timeout: killAfterMs, killSignal: 'SIGKILL' as const }),
    });
    if (killAfterMs === undefined) assert.equal(status, 0, stderr.toString().slice(-500));
    else assert.equal(signal, 'SIGKILL', 'it ended by itself');
    await use(dir);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

/** Keys and values as RocksDB shows them: lines `0xKEY : 0xVALUE`. */
export function ldbScan(dir: string, ...args: string[]): string[] {
  const out = execFileSync('ldb', [`--db=${dir}`, 'scan', '--hex', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 27,
    timeout: 30_000,
  });
  return out
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

function ourScan(store: StoreReader, reverse: boolean): string[] {
  const damage = new DamageLog();
  const walk = store.view.scan(0, { reverse }, damage);
  const lines: string[] = [];
  for (walk.first(); walk.valid; walk.next()) {
    const key = walk.keyBuffer.subarray(walk.keyStart, walk.keyStart + walk.keyLength);
    const value = walk.valueBuffer.subarray(walk.valueStart, walk.valueStart + walk.valueLength);
    lines.push(`0x${hex(key).toUpperCase()} : 0x${hex(value).toUpperCase()}`);
  }
  walk.close();
  assert.deepEqual(damage.problems, []);
  return lines;
}

function gets(store: StoreReader, expected: readonly string[]): void {
  const damage = new DamageLog();
  const get = new PointGet(store.view, 0, damage);
  const there = new Set(expected.map((line) => line.slice(0, line.indexOf(' '))));
  const next = random(7);
  for (const line of expected) {
    const [keyHex = '', valueHex = ''] = line.split(' : ');
    const key = fromHex(keyHex.slice(2)) as Uint8Array;
    assert.equal(`0x${hex(get.get(key)?.value ?? new Uint8Array(0)).toUpperCase()}`, valueHex, `get of ${keyHex}`);
    // Keys that share a prefix with it, that are shorter, and that are longer.
    const changed = key.slice();
    if (key.length > 0) changed[Math.floor(next() * key.length)] = next() * 256;
    for (const other of [changed, key.slice(0, Math.floor(next() * key.length)), Uint8Array.from([...key, 0])]) {
      const name = `0x${hex(other).toUpperCase()}`;
      if (!there.has(name)) assert.equal(get.get(other), undefined, `get of ${name}, which is not there`);
    }
  }
  assert.deepEqual(damage.problems, []);
}

export interface Checked {
  readonly entries: number;
  readonly tables: number;
}

/** Reads `dir` in all ways; `look` sees each table. `expected` are the lines of `ldbScan`, if not asked for here. */
export async function checkStore(
  dir: string,
  look: (table: TableReader) => void = () => {},
  expected = ldbScan(dir),
): Promise<Checked> {
  const store = openStore(readOnlyFs(nodeFs), dir);
  try {
    assert.deepEqual(store.view.problems, []);
    assert.ok(expected.length > 0, 'ldb shows nothing');
    const ours = ourScan(store, false);
    // Compared by line first: a difference of thousands of long lines takes long to show.
    const at = ours.findIndex((line, i) => line !== expected[i]);
    if (at >= 0) assert.equal(ours[at], expected[at], `entry ${at}`);
    assert.equal(ours.length, expected.length);
    assert.deepEqual(ourScan(store, true), ours.toReversed());
    gets(store, expected);
    for (const info of store.view.version.tables.values()) {
      const table = store.view.acquire(info);
      table.filter();
      assert.deepEqual(table.problems, []);
      look(table);
      store.view.releaseTable(info, table);
    }
    const report = await verifyFiles(planVerify(store.view), {
      fs: readOnlyFs(nodeFs),
      clock: systemClock,
      progress: () => {},
      isCancelled: () => false,
    });
    assert.deepEqual(
      report.findings.filter((f) => f.severity === 'damage'),
      [],
    );
    return { entries: ours.length, tables: store.view.version.tables.size };
  } finally {
    store.close();
  }
}
