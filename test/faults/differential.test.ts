/** Random operations against a sorted map and the real engines. LSM_SEED=n runs the seed n alone. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { noRocksdbTools } from '../fixtures/stores.ts';
import { differential, type Tally, withoutLdb } from './differential.ts';
import { FORMATS, type Format } from './stores.ts';

const SEEDS: Readonly<Record<Format, number>> = { leveldb: 6, rocksdb: 12 };
const one = process.env['LSM_SEED'];

if (noRocksdbTools !== false) withoutLdb();

/** What a run must have met in any case. */
const MUST: Readonly<Record<Format, readonly string[]>> = {
  leveldb: ['put', 'delete', 'snapshot', 'flush', 'compacted', 'cancelled', 'reopen', 'automatic compaction'],
  rocksdb: [
    'put',
    'delete',
    'singleDelete',
    'deleteRange',
    'merge',
    'snapshot',
    'flush',
    'compacted',
    'cancelled',
    'reopen',
  ],
};

describe('random operations', () => {
  for (const format of FORMATS) {
    it(`${format} against a sorted map`, async () => {
      const sum: Tally = {};
      const seeds = one === undefined ? Array.from({ length: SEEDS[format] }, (_, i) => i + 1) : [Number(one)];
      for (const seed of seeds) {
        const tally = await differential({ format, seed, actions: 200, engineEvery: 100 });
        for (const [what, n] of Object.entries(tally)) sum[what] = (sum[what] ?? 0) + n;
      }
      if (one !== undefined) return;
      for (const what of MUST[format]) assert.ok((sum[what] ?? 0) > 0, `no ${what} in ${JSON.stringify(sum)}`);
    });
  }
});
