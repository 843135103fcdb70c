/**
 * Profiles of tables that the real engines wrote: what we count is what `sst_dump` and the tables' own
 * properties say, and filters do what their theory promises.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { StoreError } from '../../engine/base/errors.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import type { TableProfile } from '../../engine/model/tableProfile.ts';
import type { TableInfo } from '../../engine/model/tree.ts';
import { openStore } from '../../engine/store/open.ts';
import { tableProfile } from '../../engine/store/tableProfile.ts';
import { HAS_DB_BENCH, withBenchStore } from '../support/dbBench.ts';
import { CORPUS, corpusNames, noCorpus } from '../support/reading.ts';

const noBench = HAS_DB_BENCH ? false : 'db_bench is not installed (rocksdb-tools)';
const hasDump = spawnSync('sst_dump', ['--version']).error === undefined;

interface Profiled {
  readonly info: TableInfo;
  readonly profile: TableProfile;
}

/** Profiles of all tables of a store; of one that cannot be opened, the error. */
function* profiles(dir: string): Generator<Profiled | StoreError, void> {
  const store = openStore(readOnlyFs(nodeFs), dir);
  try {
    for (const info of store.view.version.tables.values()) {
      try {
        const job = tableProfile(store.view, info);
        let step = job.next();
        while (step.done !== true) step = job.next();
        yield { info, profile: step.value };
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError, String((thrown as Error).stack));
        yield thrown;
      }
    }
  } finally {
    store.close();
  }
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
const rangesIn = (p: TableProfile): number => p.types.find((t) => t.type === 'range-delete')?.count ?? 0;
const deletionsIn = (p: TableProfile): number => Math.round(p.tombstoneShare * p.entries);

/** Numbers of `sst_dump --show_properties`, by name; undefined where it does not read the table. */
function dumped(file: string): Map<string, number> | undefined {
  const out = spawnSync('sst_dump', [`--file=${file}`, '--show_properties', '--command=none'], { encoding: 'utf8' });
  const found = [...out.stdout.matchAll(/^ {2}(?:# )?([a-z][^:(]*?)(?: \(.*\))?: (\d+)$/gm)];
  return found.length === 0 ? undefined : new Map(found.map((m) => [m[1] as string, Number(m[2])]));
}

function sameAsDump(dir: string, { info, profile: p }: Profiled): void {
  const d = dumped(`${dir}/${info.file}`);
  assert.ok(d !== undefined, `sst_dump says nothing of ${info.file}`);
  const stated = (name: string): number => d.get(name) as number;
  assert.equal(p.entries, stated('entries'));
  assert.equal(deletionsIn(p), stated('deletions'));
  assert.equal(rangesIn(p), stated('range deletions'));
  assert.equal(p.types.find((t) => t.type === 'merge')?.count ?? 0, stated('merge operands'));
  assert.equal(p.blocks.offset.length, stated('data blocks'));
  assert.equal(p.parts.find((x) => x.part === 'data')?.bytes ?? 0, stated('data block size'));
  if (rangesIn(p) === 0) {
    assert.equal(p.keySizes.total + 8 * p.entries, stated('raw key size'));
    assert.equal(p.valueSizes.total, stated('raw value size'));
  }
  if (p.filter?.kind === 'full') assert.equal(p.filter.bytes, stated('filter block size'));
  if (p.filter !== null) assert.equal(p.filter.keys, stated('entries for filter'));
}

function near(p: TableProfile, factor: number): void {
  const f = p.filter;
  assert.ok(f !== null && f.expectedRate !== null);
  assert.ok(f.probes >= 10_000, `${f.probes} probes`);
  assert.equal(f.falseNegatives, 0);
  // Beside the factor, what chance does to a count.
  const chance = 4 * Math.sqrt(f.expectedRate / f.probes);
  const rate = f.falsePositives / f.probes;
  assert.ok(
    rate >= f.expectedRate / factor - chance && rate <= f.expectedRate * factor + chance,
    `${f.name}: ${rate}, expected ${f.expectedRate}`,
  );
}

const VARIANTS = [
  { name: 'Bloom, 10 bits', options: ['--bloom_bits=10'], kind: 'full', hashes: 6, bits: 10 },
  { name: 'Bloom, 5 bits', options: ['--bloom_bits=5'], kind: 'full', hashes: 3, bits: 5 },
  { name: 'Ribbon', options: ['--bloom_bits=10', '--use_ribbon_filter'], kind: 'full', hashes: null, bits: 7 },
  {
    name: 'legacy Bloom',
    options: ['--bloom_bits=10', '--format_version=4'],
    kind: 'full',
    hashes: 6,
    bits: 10,
  },
  {
    name: 'partitioned Bloom and index',
    options: ['--bloom_bits=10', '--partition_index_and_filters=true', '--metadata_block_size=1024'],
    kind: 'partitioned',
    hashes: 6,
    bits: 10.3,
  },
  {
    // Partitions are bounded by keys with their timestamps, and asked for keys without.
    name: 'partitioned Bloom with user timestamps',
    options: [
      '--bloom_bits=10',
      '--partition_index_and_filters=true',
      '--metadata_block_size=1024',
      '--user_timestamp_size=8',
    ],
    kind: 'partitioned',
    hashes: 6,
    bits: 10.8,
  },
] as const;

describe('table profile: tables of db_bench', {
  skip: noBench || (hasDump ? false : 'sst_dump is not installed'),
}, () => {
  for (const { name, options, kind, hashes, bits } of VARIANTS) {
    it(`${name}: counts as sst_dump does, and the filter is as good as it should be`, (t) => {
      const all = ['--num=60000', '--value_size=40', '--compression_type=lz4', ...options];
      withBenchStore(all, (dir) => {
        let tables = 0;
        for (const one of profiles(dir)) {
          assert.ok(!(one instanceof StoreError), String(one));
          const p = one.profile;
          sameAsDump(dir, one);
          assert.deepEqual(p.problems, []);
          assert.equal(sum(p.parts.map((x) => x.bytes)), one.info.bytes);
          assert.ok(!p.parts.some((x) => x.part === 'other'), JSON.stringify(p.parts));
          assert.equal(p.filter?.kind, kind);
          assert.equal(p.filter.hashes, hashes);
          assert.ok(Math.abs(p.filter.bitsPerKey - bits) < 0.9, `${p.filter.bitsPerKey} bits a key`);
          near(p, name === 'legacy Bloom' ? 2 : 1.35);
          const rate = (p.filter.falsePositives / p.filter.probes) * 100;
          t.diagnostic(`${rate.toFixed(2)} % measured, ${((p.filter.expectedRate ?? 0) * 100).toFixed(2)} % expected`);
          tables++;
        }
        assert.ok(tables > 0);
      });
    });
  }
});

describe('table profile: tables of LevelDB', () => {
  it('counts what was written, and finds the filter as good as it should be', async (t) => {
    const dir = mkdtempSync(`${tmpdir()}/lsm-profile-`);
    try {
      const db = new ClassicLevel<string, string>(dir, { writeBufferSize: 8 << 20 });
      await db.open();
      const n = 30_000;
      for (let i = 0; i < n; i += 1000) {
        await db.batch(
          Array.from({ length: 1000 }, (_, j) => {
            const key = `account/${String((i + j) * 3).padStart(9, '0')}`;
            const value = `value ${i + j} `.repeat(3 + (j % 5));
            return j % 10 === 9 ? { type: 'del' as const, key } : { type: 'put' as const, key, value };
          }),
        );
      }
      await db.close();
      // The opening turns the log into tables.
      await db.open();
      await db.close();
      let entries = 0;
      let deletions = 0;
      for (const one of profiles(dir)) {
        assert.ok(!(one instanceof StoreError), String(one));
        const p = one.profile;
        entries += p.entries;
        deletions += deletionsIn(p);
        assert.deepEqual(p.problems, []);
        assert.equal(p.properties.length, 0);
        assert.equal(sum(p.parts.map((x) => x.bytes)), one.info.bytes);
        assert.equal(p.filter?.kind, 'block-based');
        assert.equal(p.filter.hashes, 6);
        near(p, 2);
        t.diagnostic(`${p.filter.falsePositives} of ${p.filter.probes}, expected ${p.filter.expectedRate}`);
      }
      assert.deepEqual([entries, deletions], [n, n / 10]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('table profile: the corpus', { skip: noCorpus }, () => {
  for (const name of corpusNames('rocksdb')) {
    it(`${name}: counts are those of the properties`, () => {
      for (const one of profiles(`${CORPUS}rocksdb/${name}/db`)) {
        assert.ok(!(one instanceof StoreError), String(one));
        const { info, profile: p } = one;
        assert.deepEqual(p.problems, []);
        assert.equal(sum(p.parts.map((x) => x.bytes)), info.bytes);
        assert.equal(p.filter?.falseNegatives ?? 0, 0);
        if (p.filter !== null && p.keys > 40) near(p, 4);
        const stated = new Map(p.properties.map((x) => [x.name.replace('rocksdb.', ''), Number(x.value)]));
        if (stated.size === 0) continue;
        assert.equal(p.entries, stated.get('num.entries'));
        assert.equal(deletionsIn(p), stated.get('deleted.keys'));
        assert.equal(p.blocks.offset.length, stated.get('num.data.blocks'));
        if (p.filter !== null) assert.equal(p.filter.bytes, stated.get('filter.size'));
        if (rangesIn(p) > 0) continue;
        assert.equal(p.valueSizes.total, stated.get('raw.value.size'));
        assert.equal(p.keySizes.total + 8 * p.entries, stated.get('raw.key.size'));
      }
    });
  }

  for (const name of corpusNames('damaged')) {
    it(`damaged ${name}: gives a profile with problems, or a StoreError`, () => {
      let store: Iterable<Profiled | StoreError>;
      try {
        store = [...profiles(`${CORPUS}damaged/${name}/db`)];
      } catch (thrown) {
        assert.ok(thrown instanceof StoreError, String((thrown as Error).stack));
        return;
      }
      let told = 0;
      for (const one of store) {
        if (one instanceof StoreError || one.profile.problems.length > 0) told++;
        if (one instanceof StoreError) continue;
        assert.equal(sum(one.profile.parts.map((x) => x.bytes)), one.info.bytes);
        assert.equal(one.profile.filter?.falseNegatives ?? 0, 0);
      }
      if (/sst|properties|leveldb/.test(name)) assert.ok(told > 0, 'the damage is not named');
    });
  }
});
