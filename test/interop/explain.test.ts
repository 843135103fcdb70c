/**
 * `lsm get --explain` on stores that RocksDB's own db_bench made, against what its sst_dump says of their tables:
 * which keys a table holds, and whether it has a filter.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import type { ReadPath, ReadStep } from '../../engine/protocol/engineApi.ts';
import { Service } from '../../engine/service.ts';
import { HAS_DB_BENCH } from '../support/dbBench.ts';
import { random } from '../support/random.ts';

const LSM = fileURLToPath(new URL('../../dist/lsm.js', import.meta.url));
const HAS_SST_DUMP = spawnSync('sst_dump', ['--version']).error === undefined;
const skip = HAS_DB_BENCH && HAS_SST_DUMP ? false : 'db_bench and sst_dump of rocksdb-tools are not installed';

/** A table as sst_dump tells of it. */
interface Dumped {
  readonly number: number;
  readonly level: number;
  /** Hex, ascending. */
  readonly keys: ReadonlySet<string>;
  readonly first: string;
  readonly last: string;
  readonly filterBytes: number;
  readonly filterKeys: number;
}

function dump(dir: string, number: number, level: number): Dumped {
  const file = `${dir}/${String(number).padStart(6, '0')}.sst`;
  const run = (...args: string[]): string =>
    execFileSync('sst_dump', [`--file=${file}`, ...args], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
  const list = [...run('--command=scan', '--output_hex').matchAll(/^'([0-9A-F]*)' seq:/gm)].map((m) =>
    (m[1] as string).toLowerCase(),
  );
  const properties = run('--command=none', '--show_properties');
  const property = (name: string): number => Number(new RegExp(`^ *${name}: (\\d+)`, 'm').exec(properties)?.[1]);
  assert.ok(list.length > 0, file);
  return {
    number,
    level,
    keys: new Set(list),
    first: list[0] as string,
    last: list.at(-1) as string,
    filterBytes: property('filter block size'),
    filterKeys: property('# entries for filter'),
  };
}

interface Made {
  readonly dir: string;
  readonly service: Service;
  readonly tables: ReadonlyMap<number, Dumped>;
}

/** Levels of a few tables each, and some tables in L0 that nothing has compacted yet. */
async function make(root: string, name: string, ...options: string[]): Promise<Made> {
  const dir = join(root, name);
  const common = [`--db=${dir}`, '--value_size=60', '--compression_type=none', '--seed=7', ...options];
  const small = ['--write_buffer_size=400000', '--target_file_size_base=200000', '--max_bytes_for_level_base=600000'];
  const shape = [...small, '--level0_file_num_compaction_trigger=3', '--max_bytes_for_level_multiplier=4'];
  const bench = (...args: string[]): unknown => execFileSync('db_bench', [...common, ...args], { stdio: 'ignore' });
  bench('--benchmarks=fillrandom,waitforcompaction', '--num=60000', ...shape);
  // In the keys of the first run, and with L0 left alone.
  const more = ['--use_existing_db=1', '--disable_auto_compactions=1', '--write_buffer_size=150000'];
  bench('--benchmarks=overwrite', '--num=60000', '--writes=4000', ...more);
  const fs = readOnlyFs(nodeFs);
  const service = new Service({ fs, clock: systemClock, lockOwner: () => undefined, notify: () => {} });
  await service.call('open', { path: dir });
  const tables = new Map<number, Dumped>();
  for (const t of service.store.view.family(0).tables) tables.set(t.number, dump(dir, t.number, t.level));
  return { dir, service, tables };
}

const explain = async ({ service }: Made, key: string): Promise<ReadPath> =>
  service.call('explain', { family: 0, key: fromHex(key) as Uint8Array });

const tableSteps = (path: ReadPath): ReadStep[] => path.steps.filter((s) => s.kind === 'table');

/** Keys of the tables of a level, or of all, `count` of them. */
function someKeys({ tables }: Made, count: number, level?: number): string[] {
  const dice = random(17);
  const all = [...tables.values()].filter((t) => level === undefined || t.level === level).flatMap((t) => [...t.keys]);
  return Array.from({ length: count }, () => all[Math.floor(dice() * all.length)] as string);
}

describe('an explained get beside sst_dump', { skip }, () => {
  const root = skip === false ? mkdtempSync(join(tmpdir(), 'lsm-explain-')) : '';
  let bloom: Made;
  let plain: Made;
  before(async () => {
    bloom = await make(root, 'bloom', '--bloom_bits=10');
    plain = await make(root, 'plain');
  });
  after(async () => {
    for (const made of [bloom, plain]) await made?.service.call('close', {});
    if (root !== '') rmSync(root, { recursive: true, force: true });
  });

  it('the stores have L0, L2 and another level', () => {
    for (const { tables } of [bloom, plain]) {
      const levels = new Set([...tables.values()].map((t) => t.level));
      assert.ok(levels.has(0) && levels.has(2) && levels.size >= 3, [...levels].join());
    }
  });

  it('a filter never says no in a table that holds the key, and its maybes are judged rightly', async () => {
    let verdicts = 0;
    for (const key of someKeys(bloom, 3000)) {
      const path = await explain(bloom, key);
      assert.equal(path.steps.at(-1)?.outcome, 'found');
      for (const step of tableSteps(path)) {
        const holds = bloom.tables.get(step.table as number)?.keys.has(key) === true;
        assert.equal(step.outcome === 'found', holds, `${key} in ${step.file}`);
        if (holds) assert.equal(step.filter?.verdict, 'maybe', `${key} in ${step.file}`);
        if (step.filter?.verdict === 'maybe') assert.equal(step.filter.falsePositive, !holds, `${key} in ${step.file}`);
        verdicts++;
      }
    }
    assert.ok(verdicts > 3000, 'some keys pass other tables first');
  });

  it('tables have a filter step where sst_dump shows a filter, of its size, and none where it shows none', async () => {
    for (const made of [bloom, plain]) {
      const asked = new Set<number>();
      // Nothing above a table decides on a key that is nowhere.
      const absent = [...made.tables.values()].filter((t) => t.keys.size > 1).map((t) => `${t.first}61`);
      for (const key of [...absent, ...someKeys(made, 800)]) {
        for (const step of tableSteps(await explain(made, key))) {
          const dumped = made.tables.get(step.table as number) as Dumped;
          asked.add(dumped.number);
          assert.equal(step.filter !== null, dumped.filterBytes > 0, step.file);
          if (step.filter === null) continue;
          assert.deepEqual([step.filter.kind, step.filter.bytes], ['full', dumped.filterBytes], step.file);
          const bits = (8 * dumped.filterBytes) / dumped.filterKeys;
          assert.ok(Math.abs((step.filter.bitsPerKey as number) - bits) < 0.01, step.file);
        }
      }
      assert.ok(
        asked.size >= absent.length && absent.length > 10,
        `${asked.size} tables of ${made.tables.size} were asked`,
      );
    }
  });

  it('a key in L2 has a verdict of each table above whose keys surround it, and of no other', async () => {
    let passed = 0;
    for (const key of someKeys(bloom, 400, 2)) {
      const path = await explain(bloom, key);
      const last = path.steps.at(-1) as ReadStep;
      const above = [...bloom.tables.values()].filter(
        (t) => t.level <= last.level && t.first <= key && key <= t.last && t.number !== last.table,
      );
      // Newer versions may stand in L0 and L1: then those decide, and fewer tables were asked.
      const asked = tableSteps(path).filter((s) => s.table !== last.table);
      for (const step of asked) {
        assert.ok(
          above.some((t) => t.number === step.table),
          `${key}: ${step.file}`,
        );
        assert.equal(typeof step.filter?.verdict, 'string');
      }
      if (last.level !== 2) continue;
      assert.deepEqual(
        asked.map((s) => s.table).sort(),
        above
          .filter((t) => t.level < 2)
          .map((t) => t.number)
          .sort(),
        key,
      );
      passed += asked.length;
    }
    assert.ok(passed > 100, 'tables above were asked');
  });

  it('false positives of absent keys are marked, and cost a block each', async () => {
    let maybes = 0;
    let verdicts = 0;
    for (const key of someKeys(bloom, 3000)) {
      const path = await explain(bloom, `${key}61`);
      assert.equal(path.entry, undefined);
      let falsePositives = 0;
      for (const step of tableSteps(path)) {
        verdicts++;
        assert.equal(step.outcome, step.filter?.verdict === 'no' ? 'filtered' : 'absent');
        if (step.outcome === 'filtered') continue;
        falsePositives++;
        assert.equal(step.filter?.falsePositive, true);
        assert.ok(step.blocks.length > 0);
        assert.match(step.why, /false positive/);
      }
      maybes += falsePositives;
      assert.equal(path.totals.falsePositives, falsePositives);
    }
    const rate = maybes / verdicts;
    assert.ok(maybes > 0 && rate < 0.03, `${maybes} of ${verdicts} at 10 bits a key`);
  });

  it('without filters an absent key costs a block of each table in whose range it is', async () => {
    for (const key of someKeys(plain, 50)) {
      const path = await explain(plain, `${key}61`);
      const around = [...plain.tables.values()].filter((t) => t.first <= key && `${key}61` <= t.last);
      assert.equal(path.totals.tablesAsked, around.length);
      for (const step of tableSteps(path)) assert.ok(step.blocks.length > 0 && step.filter === null);
    }
  });

  describe('the command', { skip: existsSync(LSM) ? false : 'dist/lsm.js is not built' }, () => {
    function lsm(...args: string[]) {
      const ran = spawnSync(process.execPath, [LSM, ...args], { maxBuffer: 1 << 26 });
      return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
    }

    it('prints each step with its table, verdict, block and reason, and the value last', async () => {
      const keys = someKeys(bloom, 500, 2);
      const paths = await Promise.all(keys.map((key) => explain(bloom, key)));
      const at = paths.findIndex((p) => p.steps.at(-1)?.level === 2 && p.totals.filtered > 0);
      const path = paths[at] as ReadPath;
      const ran = lsm('get', bloom.dir, `0x${keys[at]}`, '--explain');
      assert.deepEqual([ran.code, ran.err], [0, '']);
      const lines = ran.out.replace(/\n$/, '').split('\n');
      const rows = lines.filter((l) => /^\d/.test(l));
      assert.equal(rows.length, path.steps.length);
      for (const [i, step] of path.steps.entries()) {
        const row = rows[i] as string;
        assert.ok(row.includes(step.file) && row.includes(` ${step.outcome} `), row);
        if (step.filter !== null) assert.ok(row.includes(` ${step.filter.verdict}, `), row);
        assert.ok(lines[lines.indexOf(row) + 1]?.trim().startsWith(step.why), step.why);
      }
      assert.equal(new Set(rows.map((r) => r.search(/ (absent|filtered|found) /))).size, 1, 'columns are aligned');
      assert.equal(lines.at(-1), lsm('get', bloom.dir, `0x${keys[at]}`).out.replaceAll('\\', '\\\\'));
      assert.match(lines.at(-2) as string, /^answer +put of sequence \d+ in L2, table \d+, 60 bytes$/);
    });

    it('--json is one document with bytes as the contract has them', async () => {
      const [key = ''] = someKeys(bloom, 1, 2);
      const ran = lsm('get', bloom.dir, `0x${key}`, '--explain', '--json');
      assert.equal(ran.code, 0);
      const path = JSON.parse(ran.out);
      const { entry, micros, ...rest } = path;
      assert.deepEqual(entry, JSON.parse(lsm('get', bloom.dir, `0x${key}`, '--json').out));
      assert.ok(micros > 0);
      assert.deepEqual(Object.keys(rest), ['family', 'key', 'at', 'steps', 'skipped', 'totals', 'problems']);
      assert.deepEqual([rest.family, rest.key.hex], ['default', key]);
      for (const step of rest.steps.slice(1)) {
        const dumped = bloom.tables.get(step.table) as Dumped;
        assert.deepEqual([step.smallest.hex, step.largest.hex], [dumped.first, dumped.last]);
      }
    });

    it('says 1 for a key that is not there, and still shows the way', () => {
      for (const json of [[], ['--json']]) {
        const ran = lsm('get', bloom.dir, 'not there', '--explain', ...json);
        assert.equal(ran.code, 1);
        assert.match(ran.err, /^lsm: NOT_FOUND: [^\n]+\n$/);
        if (json.length > 0) assert.equal(JSON.parse(ran.out).entry, null);
        else assert.match(ran.out, /\nanswer +not found\n$/);
      }
    });

    it('is told of in the help', () => assert.match(lsm('get', '--help').out, /--explain +print the read path/));
  });
});
