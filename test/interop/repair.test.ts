/**
 * Salvage: what the damaged stores of the corpus still hold is in the repaired ones, which the real engines open;
 * stores without CURRENT and MANIFEST come back whole.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { hex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import type { RepairReport } from '../../engine/model/repair.ts';
import { openStore } from '../../engine/store/open.ts';
import { repairStore } from '../../engine/store/repair/repair.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { verifyFiles } from '../../engine/store/verify/verify.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { onPath, run } from '../../scripts/lib.mjs';
import { scratch } from '../fixtures/stores.ts';
import {
  CORPUS,
  corpusNames,
  directoryState,
  jsonLines,
  type Line,
  noCorpus,
  visibleLines,
} from '../support/reading.ts';
import { type TinyStore, tinyLevelDb, tinyRocksDb } from '../support/tinyStores.ts';

function repair(from: string, to: string): RepairReport {
  const job = repairStore(systemWriteEnvironment, from, to);
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}

function lines(directory: string): Map<string, Line> {
  const store = openStore(nodeFs, directory);
  const damage = new DamageLog();
  const found = new Map(visibleLines(store, {}, damage).map((l) => [`${l.cf}/${l.key}`, l]));
  assert.deepEqual(damage.problems, []);
  store.close();
  return found;
}

/** Values of all versions of each key. */
function allValues(directory: string): Map<string, Set<string>> {
  const store = openStore(nodeFs, directory);
  const values = new Map<string, Set<string>>();
  for (const { state } of store.view.version.families.values()) {
    const c = store.view.versions(state.id, {}, new DamageLog());
    for (c.first(); c.valid; c.next()) {
      const id = `${state.name}/${hex(c.keyBuffer.subarray(c.keyStart, c.keyStart + c.keyLength))}`;
      const known = values.get(id) ?? new Set();
      known.add(hex(c.valueBuffer.subarray(c.valueStart, c.valueStart + c.valueLength)));
      values.set(id, known);
    }
    c.close();
  }
  store.close();
  return values;
}

async function assertSound(directory: string): Promise<void> {
  const store = openStore(nodeFs, directory);
  const world = { fs: nodeFs, clock: systemClock, progress: () => {}, isCancelled: () => false };
  const { findings } = await verifyFiles(planVerify(store.view), world);
  store.close();
  assert.deepEqual(
    findings.filter((f) => f.severity === 'damage'),
    [],
  );
}

/** Entries of each family as RocksDB 10.5 reads them; undefined where it cannot (a newer format, an unknown comparator). */
async function rocksCount(directory: string, names: readonly string[]): Promise<Map<string, number>> {
  const { ColumnFamily } = RocksDB;
  const families = names.filter((n) => n !== 'default').map((n) => new ColumnFamily(n));
  const db = new RocksDB(directory, { columnFamilies: families });
  await db.ready();
  const counts = new Map<string, number>();
  for (const name of names) {
    const family = name === 'default' ? db : db.columnFamily(name);
    let n = 0;
    for await (const _ of family.iterator()) n++;
    counts.set(name, n);
  }
  await db.close({ force: true });
  return counts;
}

async function levelCount(directory: string): Promise<number> {
  const db = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open({ createIfMissing: false });
  let n = 0;
  for await (const _ of db.iterator()) n++;
  await db.close();
  return n;
}

/** RocksDB of one version or another: rocksdb-native has no LZ4 and no ZSTD, `ldb` no format_version above 5. */
async function engineCount(directory: string, names: readonly string[]): Promise<number | string> {
  try {
    const counts = await rocksCount(directory, names);
    return [...counts.values()].reduce((a, b) => a + b, 0);
  } catch (thrown) {
    const reasons = [(thrown as Error).message];
    if (onPath('ldb') === undefined) return reasons[0] as string;
    let count = 0;
    for (const name of names) {
      const args = [`--db=${directory}`, `--column_family=${name}`, 'scan', '--hex'];
      const { code, output } = await run(onPath('ldb') as string, args);
      if (code !== 0) return [...reasons, output.trim()].join('; ');
      count += output.split('\n').filter((l) => l.includes(' : ')).length;
    }
    return count;
  }
}

/** What neither of the two can open: codecs and formats that they lack, a comparator that the family does not name. */
const NOT_OF_THESE_ENGINES = /not supported in this build|Unknown Footer version|comparator|merge operator/i;

describe('damaged stores, repaired', { skip: noCorpus }, () => {
  for (const name of corpusNames('damaged')) {
    it(name, async () => {
      const folder = `${CORPUS}damaged/${name}`;
      const before = directoryState(`${folder}/db`);
      const out = join(mkdtempSync(join(scratch(), 'repair-')), 'repaired');
      const report = repair(`${folder}/db`, out);
      assert.deepEqual(directoryState(`${folder}/db`), before, 'the damaged store was only read');
      const found = lines(out);
      let all: Map<string, Set<string>> | undefined;
      const versions = (): Map<string, Set<string>> => (all ??= allValues(out));
      for (const line of jsonLines(`${folder}/readable.jsonl`)) {
        const id = `${line.cf}/${line.key}`;
        // Behind damage in a log an engine stops; what is whole there is newer, and is saved beside it.
        const value = found.get(id)?.value;
        if (value !== line.value)
          assert.ok(
            versions()
              .get(id)
              ?.has(line.value ?? ''),
            `${id} is readable: ${value}`,
          );
      }
      await assertSound(out);
      const lostSomething = jsonLines(`${folder}/lost.jsonl`).length > 0;
      if (lostSomething) assert.ok(report.lost.length > 0 || report.problems.length > 0, 'what is lost is told');
      // classic-level is built without ZSTD.
      if (name.startsWith('11-')) await assert.rejects(levelCount(out), /bad block type/);
      else if (report.engine === 'leveldb') assert.equal(await levelCount(out), found.size);
      else {
        const count = await engineCount(
          out,
          report.families.map((f) => f.name),
        );
        if (typeof count === 'number') assert.equal(count, found.size);
        else assert.match(count, NOT_OF_THESE_ENGINES, count);
      }
    });
  }
});

describe('stores without CURRENT and MANIFEST', () => {
  const put = (store: TinyStore, dir: string): void => {
    mkdirSync(dir, { recursive: true });
    for (const [name, bytes] of store.files) {
      if (name !== 'CURRENT' && !name.startsWith('MANIFEST')) writeFileSync(join(dir, name), bytes);
    }
  };
  for (const [name, make] of [
    ['LevelDB', tinyLevelDb],
    ['RocksDB', tinyRocksDb],
  ] as const) {
    it(`${name}: every entry comes back`, async () => {
      const store = await make();
      const dir = mkdtempSync(join(scratch(), 'repair-'));
      put(store, join(dir, 'lost'));
      const report = repair(join(dir, 'lost'), join(dir, 'repaired'));
      assert.equal(report.basis, 'tables');
      assert.deepEqual(report.lost, []);
      await assertSound(join(dir, 'repaired'));
      const found = lines(join(dir, 'repaired'));
      for (const [family, entries] of store.visible) {
        for (const [key, value] of entries)
          assert.equal(found.get(`${family}/${key}`)?.value, value, `${family}/${key}`);
      }
      assert.equal(
        found.size,
        [...store.visible.values()].reduce((n, f) => n + f.size, 0),
      );
      if (name === 'LevelDB') assert.equal(await levelCount(join(dir, 'repaired')), found.size);
      else {
        const counts = await rocksCount(join(dir, 'repaired'), [...store.visible.keys()]);
        for (const [family, entries] of store.visible) assert.equal(counts.get(family), entries.size, family);
      }
    });

    it(`${name}: tables cut in half give what is before the cut`, async () => {
      const store = await make();
      const dir = mkdtempSync(join(scratch(), 'repair-'));
      put(store, join(dir, 'lost'));
      const tables = [...store.files].filter(([n]) => /\.(sst|ldb)$/.test(n)).sort((a, b) => b[1].length - a[1].length);
      const [table, bytes] = tables[0] as [string, Uint8Array];
      writeFileSync(join(dir, 'lost', table), bytes.subarray(0, bytes.length >> 1));
      const report = repair(join(dir, 'lost'), join(dir, 'repaired'));
      assert.deepEqual(report.filesSearched, [table]);
      assert.ok(report.lost.some((l) => l.file === table && l.from !== undefined));
      await assertSound(join(dir, 'repaired'));
    });
  }
});

describe('repair refuses', () => {
  it('an output that is not empty, or lies in the store, and a directory of nothing', async () => {
    const dir = mkdtempSync(join(scratch(), 'repair-'));
    mkdirSync(join(dir, 'nothing'));
    assert.throws(() => repair(join(dir, 'nothing'), join(dir, 'out')), { code: 'NOT_FOUND' });
    const store = await tinyLevelDb();
    mkdirSync(join(dir, 'db'));
    for (const [name, bytes] of store.files) writeFileSync(join(dir, 'db', name), bytes);
    assert.throws(() => repair(join(dir, 'db'), join(dir, 'db', 'inside')), { code: 'INPUT' });
    mkdirSync(join(dir, 'full'));
    writeFileSync(join(dir, 'full', 'x'), '');
    assert.throws(() => repair(join(dir, 'db'), join(dir, 'full')), { code: 'INPUT' });
    assert.deepEqual(readdirSync(join(dir, 'full')), ['x']);
  });
});
