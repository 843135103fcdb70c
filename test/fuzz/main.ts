/**
 * `npm run fuzz -- [--minutes N] [--seed N] [--only SEED]`: hunts for bytes that do harm, a slice of a minute at a
 * time, and ends with 1 at the first that does, naming the seed that makes it again with `--only`.
 */
import { main, Sentence, say } from '../../scripts/lib.mjs';
import { hunt } from './storeFuzz.ts';

const USAGE = 'usage: npm run fuzz -- [--minutes N] [--seed N] [--only SEED]';
/** Mutants of one slice have seeds from here to the next. */
const STRIDE = 1_000_003;
const SLICE_SECONDS = 60;

function readOptions(argv: readonly string[]): { minutes: number; seed: number; only: number | undefined } {
  const options = { minutes: 5, seed: Date.now() % 1_000_000, only: undefined as number | undefined };
  for (let i = 0; i < argv.length; i += 2) {
    const value = Number(argv[i + 1]);
    if (!Number.isFinite(value) || value < 0) throw new Sentence(USAGE);
    if (argv[i] === '--minutes') options.minutes = value;
    else if (argv[i] === '--seed') options.seed = value;
    else if (argv[i] === '--only') options.only = value;
    else throw new Sentence(USAGE);
  }
  return options;
}

await main(async () => {
  const { minutes, seed, only } = readOptions(process.argv.slice(2));
  if (only !== undefined) {
    await hunt(only, Number.POSITIVE_INFINITY, true);
    say(`mutant ${only} does no harm`);
    return;
  }
  let mutants = 0;
  let largest = 0;
  let slowest = { what: '', millis: 0 };
  for (let left = minutes * 60, slice = 0; left > 0; left -= SLICE_SECONDS, slice++) {
    const found = await hunt((seed + slice) * STRIDE, Math.min(left, SLICE_SECONDS));
    mutants += found.mutants;
    largest = Math.max(largest, found.largest);
    if (found.slowest.millis > slowest.millis) slowest = found.slowest;
    say(
      `${mutants} mutants, largest allocation ${largest} bytes, slowest ${slowest.what} ${Math.round(slowest.millis)} ms`,
    );
  }
  say(`${mutants} mutants from seed ${seed} on did no harm`);
});
