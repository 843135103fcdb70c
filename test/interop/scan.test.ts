/**
 * Whole-store scans of RocksDB 7.8's stores, line by line against RocksDB's own `ldb scan --hex`: a matrix
 * of options made by db_bench, and features that only `ldb` writes. Each store is also checked to be
 * what its recipe says, and to be untouched by our reading: bytes, sizes and times.
 */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  BENCH_RECIPES,
  benchStore,
  difference,
  evidence,
  LDB_RECIPES,
  ldbScan,
  ldbStore,
  noRocksdbTools,
  ourScan,
} from '../fixtures/stores.ts';

/** Name, size, time and content of every file of a store. */
function fingerprint(dir: string): string[] {
  return readdirSync(dir)
    .sort()
    .map((name) => {
      const path = join(dir, name);
      const s = statSync(path, { bigint: true });
      return `${name} ${s.size} ${s.mtimeNs} ${s.mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
    });
}

function compare(dir: string, families: readonly string[]): void {
  const before = fingerprint(dir);
  for (const family of families) {
    const expected = ldbScan(dir, family);
    assert.ok(expected.length > 0, `ldb finds nothing in ${family}: the recipe is wrong`);
    const actual = ourScan(dir, family);
    assert.equal(difference(expected, actual), undefined, `family ${family}`);
  }
  assert.deepEqual(fingerprint(dir), before, 'reading changed the directory');
}

describe('scan against ldb: stores of db_bench 7.8', { skip: noRocksdbTools }, () => {
  for (const recipe of BENCH_RECIPES) {
    it(recipe.key, () => {
      const dir = benchStore(recipe);
      const text = evidence(dir);
      for (const proof of recipe.proves) assert.match(text, proof, 'the store is not what the recipe says');
      compare(dir, recipe.families);
    });
  }
});

describe('scan against ldb: stores of ldb 7.8', { skip: noRocksdbTools }, () => {
  for (const recipe of LDB_RECIPES) {
    it(recipe.key, () => {
      compare(ldbStore(recipe), recipe.families);
    });
  }
});

describe('scan options against ldb', { skip: noRocksdbTools }, () => {
  const recipe = BENCH_RECIPES[0] as (typeof BENCH_RECIPES)[number];

  it('--limit, --reverse, --from and --to give the slices of the whole', () => {
    const dir = benchStore(recipe);
    const all = ldbScan(dir, 'default');
    assert.deepEqual(ourScan(dir, 'default', ['--limit', '17']), all.slice(0, 17));
    assert.equal(difference(all.toReversed(), ourScan(dir, 'default', ['--reverse'])), undefined);
    const key = (n: number): string => (all[n] as string).split(' : ')[0] as string;
    assert.equal(
      difference(all.slice(100, 900), ourScan(dir, 'default', ['--from', key(100), '--to', key(900)])),
      undefined,
    );
    assert.equal(
      difference(
        all.slice(100, 900).toReversed(),
        ourScan(dir, 'default', ['--from', key(100), '--to', key(900), '--reverse']),
      ),
      undefined,
    );
  });
});
