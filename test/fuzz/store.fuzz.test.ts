/**
 * A minute of mutants of real files through the whole service. `npm run fuzz -- --minutes N` hunts longer.
 *
 * LSM_FUZZ_SECONDS and LSM_FUZZ_SEED lengthen the hunt and move its start.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hunt } from './storeFuzz.ts';

const SECONDS = Number(process.env['LSM_FUZZ_SECONDS'] ?? 60);
const SEED = Number(process.env['LSM_FUZZ_SEED'] ?? 1);

describe('damaged bytes through the service', () => {
  it(`mutants of real files, seed ${SEED}, ${SECONDS} s`, async (t) => {
    const { mutants, largest, slowest, stores } = await hunt(SEED * 1_000_003, SECONDS);
    if (stores.length === 2) t.diagnostic('../shared/corpus is not there: only our own small stores were mutated');
    t.diagnostic(
      `${mutants} mutants of ${stores.length} stores, largest allocation ${largest} bytes, ` +
        `slowest call ${slowest.what} with ${Math.round(slowest.millis)} ms`,
    );
    assert.ok(mutants > 20, `only ${mutants} mutants in ${SECONDS} s`);
  });
});
