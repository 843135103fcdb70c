/** A flush or a compaction of ours under way, as whoever draws the tree is told of it. */
import type { RunningJob } from '../../model/compaction.ts';
import type { Choice, NoChoice } from '../../policy/policy.ts';
import { LIVE_KEY_BYTES, LIVE_OUTPUTS_MAX, type LiveOutput } from './outputs.ts';
import { tablesOf } from './select.ts';

/** Inputs that are told of at the most; more of them than that are not told apart. */
const LIVE_INPUTS_MAX = 4096;

/** Gives the job as it stands, for the outputs that it has so far; the inputs are listed once. */
export function runningCompaction(
  family: number,
  choice: Exclude<Choice, NoChoice>,
): (outputs: readonly LiveOutput[]) => RunningJob {
  const inputs = tablesOf(choice)
    .slice(0, LIVE_INPUTS_MAX)
    .map(({ number, level, bytes }) => ({ number, level, bytes }));
  const outputLevel = choice.kind === 'drop' ? choice.level : choice.outputLevel;
  const why = choice.reason.code;
  return (outputs) => ({ kind: 'compaction', family, why, inputs, outputLevel, outputs: placed(outputs, outputLevel) });
}

export function runningFlush(family: number, why: string, outputs: readonly LiveOutput[]): RunningJob {
  return { kind: 'flush', family, why, inputs: [], outputLevel: 0, outputs: placed(outputs, 0) };
}

/** Tables that are in their place by now. */
export function liveOutputs(
  tables: readonly {
    readonly number: number;
    readonly bytes: number;
    readonly smallest: { readonly key: Uint8Array };
    readonly largest: { readonly key: Uint8Array };
  }[],
): readonly LiveOutput[] {
  return tables.slice(-LIVE_OUTPUTS_MAX).map(({ number, bytes, smallest, largest }) => ({
    number,
    bytes,
    // A copy: a part of a larger buffer would be sent with all of it.
    smallest: smallest.key.slice(0, LIVE_KEY_BYTES),
    largest: largest.key.slice(0, LIVE_KEY_BYTES),
  }));
}

function placed(outputs: readonly LiveOutput[], level: number): RunningJob['outputs'] {
  return outputs.map((o) => ({ ...o, level }));
}
