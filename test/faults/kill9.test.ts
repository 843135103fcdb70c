/** Ten rounds of what `npm run torture` does for long: the command line killed at random moments. */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { kill9 } from '../torture/kill9.ts';
import { FORMATS } from './stores.ts';

const built = existsSync(resolve(import.meta.dirname, '../../dist/lsm.js'));
const SEED = Number(process.env['LSM_SEED'] ?? 1);

describe('kill -9 of the command line', { skip: built ? false : 'dist/lsm.js is missing: run npm run build' }, () => {
  for (const format of FORMATS) {
    it(`${format}: five rounds`, async () => {
      const tally = await kill9({ format, rounds: 5, seed: SEED, engineEvery: 2 });
      assert.equal(tally.rounds, 5);
      assert.ok(tally.killedWrites + tally.killedCompactions > 0, `nothing was killed: ${JSON.stringify(tally)}`);
    });
  }
});
