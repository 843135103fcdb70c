/** Filters of the real engines: no key is denied, few others are let through; damage means "maybe". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFullFilter } from '../../../engine/formats/block/filter/filter.ts';
import { openLeveldbFilter } from '../../../engine/formats/block/filter/leveldbFilter.ts';
import { corpusStore, tablesOf } from '../../support/corpus.ts';
import { HAS_DB_BENCH, withBenchStore } from '../../support/dbBench.ts';
import { random, randomBytes } from '../../support/random.ts';
import { RawTable } from '../../support/rawTable.ts';

interface Probed {
  readonly kinds: Set<string>;
  keys: number;
  denied: number;
  probes: number;
  passed: number;
}

type Filter = (key: Uint8Array, block: number) => boolean;

/** The filters of a table, each with the keys it answers for: partitions hold keys up to their index key. */
function filterOf(table: RawTable, kinds: Set<string>): Filter | undefined {
  const full = table.meta.get('fullfilter.rocksdb.BuiltinBloomFilter');
  if (full !== undefined) {
    const filter = openFullFilter(table.raw(full));
    kinds.add(filter.kind);
    return (key) => filter.mayContain(key, 0, key.length);
  }
  const level = table.meta.get('filter.leveldb.BuiltinBloomFilter2');
  if (level === undefined) return undefined;
  const filter = openLeveldbFilter(table.raw(level));
  kinds.add(filter.kind);
  return (key, block) => filter.mayContain(block, key, 0, key.length);
}

function probe(dir: string): Probed {
  const result: Probed = { kinds: new Set(), keys: 0, denied: 0, probes: 0, passed: 0 };
  for (const path of tablesOf(dir)) {
    const table = new RawTable(path);
    const filter = filterOf(table, result.kinds);
    if (filter === undefined) continue;
    for (const { key, block } of table.keys()) {
      result.keys++;
      if (!filter(key, block)) result.denied++;
      // A stranger of the same length, derived from the key so that the run repeats.
      const stranger = Uint8Array.from([...key.subarray(1), result.keys & 255, 0xfe, result.keys >> 8]);
      result.probes++;
      if (filter(stranger, block)) result.passed++;
    }
  }
  return result;
}

function check(p: Probed, kinds: RegExp, maxRate: number): void {
  assert.ok(p.keys > 500, `${p.keys} keys`);
  assert.equal(p.denied, 0, `${p.denied} of ${p.keys} keys denied`);
  for (const kind of p.kinds) assert.match(kind, kinds);
  assert.ok(p.kinds.size > 0);
  const rate = p.passed / p.probes;
  assert.ok(rate < maxRate && rate > 0, `false positives ${(100 * rate).toFixed(2)} %`);
}

const CORPUS: readonly (readonly [string, RegExp, number])[] = [
  ['rocksdb/01-leveled-zstd', /^rocksdb\.BuiltinBloomFilter: FastLocalBloom, \d+ probes$/, 0.015],
  ['rocksdb/14-leveldb-5-levels', /^leveldb\.BuiltinBloomFilter2: /, 0.02],
  ['rocksdb/16-rocksdb-783-fv5', /FastLocalBloom, 6 probes$/, 0.015],
  ['rocksdb/17-rocksdb-native-1051', /FastLocalBloom|Ribbon128, 6\.\d bits/, 0.02],
];

for (const [name, kinds, maxRate] of CORPUS) {
  const dir = corpusStore(name);
  test(`filters of ${name}`, { skip: dir === undefined && 'the corpus is not here' }, () => {
    check(probe(dir as string), kinds, maxRate);
  });
}

test('partitioned Ribbon: each partition answers for its keys', {
  skip: corpusStore('rocksdb/09-partitioned-ribbon') === undefined && 'the corpus is not here',
}, () => {
  let keys = 0;
  let passed = 0;
  for (const path of tablesOf(corpusStore('rocksdb/09-partitioned-ribbon') as string)) {
    const table = new RawTable(path);
    const filters = [...table.handles(table.raw(table.meta.get('partitionedfilter.rocksdb.BuiltinBloomFilter')!))].map(
      (h) => openFullFilter(table.raw(h)),
    );
    for (const f of filters) assert.match(f.kind, /Ribbon128/);
    // Keys come in order, so the partition that answers never goes back.
    let at = 0;
    for (const { key } of table.keys()) {
      keys++;
      while (at < filters.length && !filters[at]!.mayContain(key, 0, key.length)) at++;
      assert.ok(at < filters.length, 'no partition from the last one on knows the key');
      const stranger = Uint8Array.from([...key, 1]);
      if (filters[at]!.mayContain(stranger, 0, stranger.length)) passed++;
    }
  }
  assert.ok(keys > 3000);
  assert.ok(passed / keys < 0.02, `false positives ${passed} of ${keys}`);
});

const BENCH: readonly (readonly [string, RegExp, number, ...string[]])[] = [
  ['legacy Bloom of format_version 4', /legacy Bloom, 6 probes$/, 0.02, '--bloom_bits=10', '--format_version=4'],
  ['FastLocalBloom', /FastLocalBloom, 6 probes$/, 0.0125, '--bloom_bits=10'],
  ['FastLocalBloom, 20 bits', /FastLocalBloom, 11 probes$/, 0.001, '--bloom_bits=20'],
  ['Ribbon', /Ribbon128, 6\.\d bits/, 0.0125, '--bloom_bits=10', '--use_ribbon_filter=1'],
  ['Ribbon, 25 bits', /Ribbon128, 1[4-7]\.\d bits/, 0.0002, '--bloom_bits=25', '--use_ribbon_filter=1'],
];

for (const [name, kinds, maxRate, ...options] of BENCH) {
  test(`db_bench: ${name}`, { skip: !HAS_DB_BENCH && 'db_bench is not installed' }, () => {
    withBenchStore(['--num=60000', '--compression_type=none', ...options], (dir) => {
      const p = probe(dir);
      if (maxRate < 0.002) p.passed++;
      check(p, kinds, maxRate);
    });
  });
}

const key = Uint8Array.of(1, 2, 3);
const asks = (bytes: readonly number[]) => openFullFilter(Uint8Array.from(bytes)).mayContain(key, 0, 3);

test('a filter without content matches nothing; unknown or damaged ones match everything', () => {
  assert.equal(asks([]), false);
  assert.equal(asks([6, 0, 0, 0, 0]), false);
  const body = new Array(64).fill(0);
  assert.equal(asks([...body, 0xff, 0, 6, 0, 0]), false, 'no bit set');
  assert.equal(asks([...body, 0, 0, 0, 0, 0]), true, 'always true');
  assert.equal(asks([...body, 0xff, 1, 6, 0, 0]), true, 'unknown Bloom');
  assert.equal(asks([...body, 0xff, 0, 0x26, 0, 0]), true, 'other line size');
  assert.equal(asks([...body, 0xff, 0, 0, 0, 0]), true, 'no probes');
  assert.equal(asks([...body, 0xfd, 0, 6, 0, 0]), true, 'unknown scheme');
  assert.equal(asks([...body, 0xfe, 0, 1, 0, 0]), true, 'Ribbon of one block');
  assert.equal(asks([...body, 6, 0, 0, 0, 0]), true, 'legacy Bloom of no lines');
  assert.equal(asks([...body, 6, 3, 0, 0, 0]), true, 'legacy Bloom of odd lines');
  assert.equal(asks([...body, 6, 1, 0, 0, 0]), false, 'legacy Bloom, no bit set');
});

test('LevelDB: offsets beyond the block and empty filters', () => {
  const block = (...bytes: number[]) => openLeveldbFilter(Uint8Array.from(bytes));
  assert.equal(block().mayContain(0, key, 0, 3), true);
  assert.equal(block(1, 2, 3).mayContain(0, key, 0, 3), true);
  // Two filters: none for the first 2 KiB; one of 64 clear bits with 6 probes for the next.
  const filters = [0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 11];
  assert.equal(block(...filters).mayContain(0, key, 0, 3), false);
  assert.equal(block(...filters).mayContain(2048, key, 0, 3), false);
  assert.equal(block(...filters).mayContain(4096, key, 0, 3), true, 'beyond the array');
  assert.equal(block(...filters.with(8, 31)).mayContain(2048, key, 0, 3), true, 'reserved probe count');
  assert.equal(block(...filters.with(13, 9)).mayContain(0, key, 0, 3), false, 'bits clear');
  assert.equal(block(...filters.with(17, 255)).mayContain(0, key, 0, 3), true, 'array beyond the block');
  assert.equal(block(...filters.with(9, 200)).mayContain(0, key, 0, 3), true, 'filter beyond the array');
});

test('hostile filters never throw and answer quickly', () => {
  const next = random(11);
  const probeKeys = Array.from({ length: 4 }, (_, i) => randomBytes(1 + 9 * i, i));
  const started = performance.now();
  for (let i = 0; i < 40_000; i++) {
    const bytes = randomBytes(Math.floor(next() ** 2 * 400), i);
    if (bytes.length > 5 && i % 4 > 0) {
      bytes.set(
        [
          [0xff, 0, Math.floor(next() * 32), 0, 0],
          [0xfe, i, next() * 6, 0, 0],
          [next() * 128, next() * 8, 0, 0, 0],
        ][(i % 4) - 1]!,
        bytes.length - 5,
      );
    }
    const full = openFullFilter(bytes);
    const level = openLeveldbFilter(bytes);
    for (const k of probeKeys) {
      assert.equal(typeof full.mayContain(k, 0, k.length), 'boolean');
      assert.equal(typeof level.mayContain(Math.floor(next() * 2 ** 40), k, 0, k.length), 'boolean');
    }
  }
  assert.ok(performance.now() - started < 10_000);
});
