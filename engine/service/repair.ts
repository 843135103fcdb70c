/** Salvaging a store, in slices with a turn after each. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { RepairProgress, RepairReport } from '../model/repair.ts';
import { repairStore } from '../store/repair/repair.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';

/** Milliseconds between two progress notices. */
const NOTICE_MS = 100;

export interface RepairWatch {
  readonly clock: Clock;
  progress(progress: RepairProgress): void;
  isCancelled(): boolean;
}

/** Throws CANCELLED, and what `repairStore` throws; then nothing of `out` is left. */
export async function repair(
  env: WriteEnvironment,
  path: string,
  out: string,
  watch: RepairWatch,
): Promise<RepairReport> {
  const { clock } = watch;
  const job = repairStore(env, path, out);
  let noticed = Number.NEGATIVE_INFINITY;
  try {
    for (let step = job.next(); ; step = job.next()) {
      if (step.done === true) return step.value;
      if (clock.elapsed() - noticed > NOTICE_MS) {
        noticed = clock.elapsed();
        watch.progress(step.value);
      }
      await clock.turn();
      if (watch.isCancelled()) throw new StoreError('CANCELLED', 'the repair was cancelled');
    }
  } finally {
    // Ends the job where it stands, so that it removes what it wrote.
    job.return(undefined as never);
  }
}
