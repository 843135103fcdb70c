/**
 * Compactions that a tree's own policy asks for, one after the other, until it asks for no more: what an
 * engine does in the background, done at once.
 */
import { policyFor } from '../../policy/registry.ts';
import { type CompactionHost, compactionJob, type JobOptions } from './job.ts';
import { policyContext } from './select.ts';

/** Compactions after which a policy that never comes to rest is left alone. */
const ROUNDS_MAX = 10_000;

/** A job; its result is how many compactions there were. Throws as `compactionJob`. */
export function* settleJob(host: CompactionHost, options: JobOptions): Generator<void, number, void> {
  let done = 0;
  for (let again = true; again && done < ROUNDS_MAX; ) {
    again = false;
    for (const id of host.reader.view.version.families.keys()) {
      const { view } = host.reader;
      const family = view.family(id);
      const style = view.snapshot.options.family(family.state.name)['compaction_style'] ?? 'leveled';
      const policy = policyFor(style, view.shared.dialect.id);
      const now = Math.floor(options.clock.now() / 1000);
      const choice = policy.choose(family.view, policyContext(view, family, now));
      if (choice.kind === 'none') continue;
      const job = compactionJob(host, id, choice, options);
      try {
        for (let step = job.next(); step.done !== true; step = job.next()) yield;
      } finally {
        job.return(undefined as never);
      }
      host.removeObsolete();
      done++;
      again = true;
    }
  }
  return done;
}
