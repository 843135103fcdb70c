/** New stores from the built-in samples, in slices. */
import { StoreError } from '../base/errors.ts';
import { type Created, type CreateOptions, createStore } from '../store/create.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';

const SLICE_MS = 8;

/** Throws WriteRefused for a directory that is not empty, or StoreError; nothing that was made is left then. */
export async function createSample(
  env: WriteEnvironment,
  directory: string,
  options: CreateOptions,
  progress: (done: number, total: number) => void,
  isCancelled: () => boolean,
): Promise<Created> {
  const { clock } = env;
  const job = createStore(env, directory, options);
  try {
    let turn = clock.elapsed();
    for (let step = job.next(); ; step = job.next()) {
      if (step.done === true) return step.value;
      if (clock.elapsed() - turn < SLICE_MS) continue;
      progress(step.value.done, step.value.total);
      await clock.turn();
      if (isCancelled()) throw new StoreError('CANCELLED', 'the store was not created: cancelled');
      turn = clock.elapsed();
    }
  } finally {
    // Giving the job up removes what it made.
    job.return(undefined as never);
  }
}
