/**
 * The reliability tests for long: `npm run torture -- [--minutes N] [--rounds N] [--seed N] [--only NAME]`.
 *
 *   kill9          the command line killed at random moments, at least 200 rounds whatever the minutes
 *   faults         every operation failing, reads too, and crashes with many answers of the disk
 *   live           2,000 opens beside engines that write and compact
 *   differential   random operations against a sorted map and the real engines, until the minutes are over
 *
 * Ends with 1 and the seed if something is not as it must be.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { differential, type Tally, withoutLdb } from '../faults/differential.ts';
import { FORMATS } from '../faults/stores.ts';
import { noRocksdbTools } from '../fixtures/stores.ts';
import { kill9 } from './kill9.ts';

const ROUNDS_MIN = 200;
const PARTS = ['kill9', 'faults', 'live', 'differential'] as const;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    rounds: { type: 'string', default: String(ROUNDS_MIN) },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
  },
});

const minutes = Number(values.minutes);
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const { only } = values;
if (!(minutes > 0) || !(rounds > 0) || !Number.isSafeInteger(seed) || (only !== undefined && !isPart(only))) {
  console.error(`usage: npm run torture -- [--minutes N] [--rounds N] [--seed N] [--only ${PARTS.join('|')}]`);
  process.exit(2);
}

function isPart(name: string): boolean {
  return (PARTS as readonly string[]).includes(name);
}

const from = performance.now();
const end = from + minutes * 60_000;
const elapsed = (): string => `${((performance.now() - from) / 1000).toFixed(0)} s`;
const runs = (part: (typeof PARTS)[number]): boolean => only === undefined || only === part;

async function killing(): Promise<void> {
  for (const [i, format] of FORMATS.entries()) {
    const tally = await kill9({
      format,
      rounds: Math.ceil(rounds / FORMATS.length),
      seed: seed + i,
      engineEvery: 4,
      report: (line) => {
        if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${elapsed()} ${format} ${line}`);
      },
    });
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
    console.log(`kill9 ${format}: ${JSON.stringify(tally)} (${elapsed()})`);
  }
}

function faults(): void {
  const file = (name: string): string => resolve(import.meta.dirname, '../faults', name);
  const { status } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--test', file('everyOperation.test.ts'), file('crash.test.ts')],
    { stdio: 'inherit', env: { ...process.env, LSM_FAULTS: 'long', LSM_SEED: String(seed) } },
  );
  if (status !== 0) throw new Error(`the fault tests failed (LSM_FAULTS=long LSM_SEED=${seed})`);
  console.log(`faults: passed (${elapsed()})`);
}

function live(): void {
  const { status } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--test', resolve(import.meta.dirname, '../interop/liveOwner.test.ts')],
    { stdio: 'inherit', env: { ...process.env, LSM_LIVE_OPENS: '1000' } },
  );
  if (status !== 0) throw new Error('reading beside a running engine failed');
  console.log(`live: passed (${elapsed()})`);
}

async function differentials(): Promise<void> {
  if (noRocksdbTools !== false) withoutLdb();
  const sum: Tally = {};
  let count = 0;
  // Once at least, and then until the time is over.
  for (let next = seed; count === 0 || performance.now() < end; next++) {
    for (const format of FORMATS) {
      const tally = await differential({ format, seed: next, actions: 600, engineEvery: 150 });
      for (const [what, n] of Object.entries(tally)) sum[what] = (sum[what] ?? 0) + n;
    }
    count++;
  }
  console.log(`differential: ${count} seeds from ${seed} on: ${JSON.stringify(sum)} (${elapsed()})`);
}

try {
  console.log(`seed ${seed}`);
  if (runs('kill9')) await killing();
  if (runs('faults')) faults();
  if (runs('live')) live();
  if (runs('differential')) await differentials();
  console.log(`passed after ${elapsed()}`);
} catch (thrown) {
  console.error(thrown);
  process.exitCode = 1;
}
