/** Filters of prefixes in a get that tells of its way, and in the profile of a table. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromHex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import type { ReadStep } from '../../engine/model/readPath.ts';
import { explainGet } from '../../engine/store/explain.ts';
import { openStore } from '../../engine/store/open.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { tableProfile } from '../../engine/store/tableProfile.ts';
import { HAS_DB_BENCH } from '../support/dbBench.ts';
import { HAS_LDB, ldbScan, withRocks } from '../support/rocksMatrix.ts';

const skip = HAS_DB_BENCH && HAS_LDB ? false : 'db_bench and ldb are not installed';

/** Few of the prefixes that there could be. */
const FIXED = [
  '--prefix_size=8',
  '--keys_per_prefix=10',
  '--bloom_bits=10',
  '--num=10000000',
  '--writes=3000',
  '--whole_key_filtering=0',
];

async function withStore(
  args: readonly string[],
  use: (store: StoreReader, keys: Uint8Array[]) => void,
): Promise<void> {
  await withRocks(args, undefined, (dir) => {
    const keys = ldbScan(dir).map((line) => fromHex(line.slice(2, line.indexOf(' '))) as Uint8Array);
    const store = openStore(readOnlyFs(nodeFs), dir);
    try {
      use(store, keys);
    } finally {
      store.close();
    }
  });
}

const tableStep = (store: StoreReader, key: Uint8Array): ReadStep => {
  const steps = explainGet(store, 0, key, undefined, systemClock).steps.filter((s) => s.kind === 'table');
  assert.equal(steps.length, 1);
  return steps[0] as ReadStep;
};

/** A key in the table's range: `key` with one byte changed at `at`. */
function changed(key: Uint8Array, at: number): Uint8Array {
  const other = key.slice();
  other[at] = (other[at] as number) ^ 0x15;
  return other;
}

describe('filters of prefixes', { skip }, () => {
  for (const [layout, more] of [
    ['full', []],
    ['partitioned', ['--partition_index_and_filters=1', '--metadata_block_size=256', '--block_size=512']],
  ] as const) {
    it(`${layout}: explain says that prefixes are asked for, and what that came to`, async () => {
      await withStore([...FIXED, ...more], (store, keys) => {
        const key = keys[Math.floor(keys.length / 2)] as Uint8Array;
        const found = tableStep(store, key);
        assert.equal(found.outcome, 'found');
        assert.equal(found.filter?.kind, layout);
        assert.match(
          found.filter?.scheme ?? '',
          /^FastLocalBloom, 6 probes, prefix filter \(rocksdb\.FixedPrefix\.8\)$/,
        );
        assert.equal(found.filter?.verdict, 'maybe');
        // Same prefix, other key: the filter cannot know.
        const sibling = tableStep(store, changed(key, 15));
        assert.equal(sibling.outcome, 'absent');
        assert.equal(sibling.filter?.falsePositive, true);
        // Other prefixes: nearly all are denied.
        let denied = 0;
        for (let i = 0; i < 200; i++) {
          const near = keys[100 + i] as Uint8Array;
          if (tableStep(store, changed(near, 7)).outcome === 'filtered') denied++;
        }
        assert.ok(denied > 180, `${denied} of 200 denied`);
        // Too short for a prefix: not asked, and never denied.
        const short = tableStep(store, key.slice(0, 7));
        assert.equal(short.filter, null);
        assert.match(short.why, /too short/);
      });
    });
  }

  it('a table with both is asked for whole keys', async () => {
    await withStore(FIXED.slice(0, -1), (store, keys) => {
      const key = keys[50] as Uint8Array;
      assert.match(tableStep(store, key).filter?.scheme ?? '', /^FastLocalBloom, 6 probes$/);
      let denied = 0;
      for (let i = 0; i < 200; i++)
        if (tableStep(store, changed(keys[i] as Uint8Array, 15)).outcome === 'filtered') denied++;
      assert.ok(denied > 150, `${denied} of 200 denied`);
    });
  });

  it('the profile measures them by prefixes that are not there', async () => {
    await withStore(FIXED, (store) => {
      const [info] = [...store.view.version.tables.values()];
      assert.ok(info !== undefined);
      const job = tableProfile(store.view, info);
      let step = job.next();
      while (step.done !== true) step = job.next();
      const filter = step.value.filter;
      assert.ok(filter !== null);
      assert.match(filter.name, /prefix filter/);
      assert.equal(filter.falseNegatives, 0);
      assert.ok(filter.probes > 1000, `${filter.probes} probes`);
      const rate = filter.falsePositives / filter.probes;
      const expected = filter.expectedRate as number;
      assert.ok(rate < 2 * expected + 0.01, `measured ${rate}, by theory ${expected}`);
    });
  });
});
