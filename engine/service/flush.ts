/**
 * A flush from the request to the report: log and memtables become tables, and then the store's own policy is
 * asked what to compact, as its engine does in the background. In slices, with a turn after each.
 */
import type { Problem } from '../base/errors.ts';
import type { FamilyCompaction, FlushReport, RunningJob } from '../model/compaction.ts';
import type { TreeEvent } from '../model/events.ts';
import { Maintenance } from '../store/background.ts';
import type { CompactionResult, Progress } from '../store/compaction/job.ts';
import { LIVE_OUTPUTS_MAX, type LiveOutput } from '../store/compaction/outputs.ts';
import { liveOutputs, runningFlush } from '../store/compaction/running.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import type { StoreWriter } from '../store/writer.ts';
import { openWriter, report } from './compaction.ts';
import { cancelled, Meter, NO_COUNTS, type Watch } from './progress.ts';

/** Throws LOCKED with the owner's process id, WriteRefused with the reason, CANCELLED before anything was done. */
export async function flushStore(env: WriteEnvironment, directory: string, watch: Watch): Promise<FlushReport> {
  cancelled(watch);
  const flushed: TreeEvent[] = [];
  const meter = new Meter(watch, 0);
  // A log that cannot be taken over as it is becomes tables in the opening itself.
  const event = (e: TreeEvent): void => {
    if (e.kind === 'flush') {
      flushed.push(e);
      tellFlush(meter, e);
    }
    watch.event?.(e);
  };
  const writer = openWriter(env, directory, { ...watch, event });
  try {
    const { view } = writer.reader;
    const filled = [...view.snapshot.replay.memtables].find(([, m]) => m.count + m.rangeTombstones.length > 0);
    if (filled !== undefined) {
      const [id] = filled;
      meter.tell('merge', view.family(id).state.name, 0, 0, NO_COUNTS, runningFlush(id, 'Manual Flush', []));
    }
    writer.flush();
    const tables = flushed.flatMap((e) =>
      e.added.map(({ number, level, bytes }) => {
        return { number, level, bytes, family: e.familyName, entries: e.recordsOut ?? 0 };
      }),
    );
    return { tables, ...(await settle(env, writer, watch)) };
  } finally {
    writer.close();
  }
}

function tellFlush(meter: Meter, e: TreeEvent): void {
  const outputs: LiveOutput[] = [];
  for (const t of e.added.slice(-LIVE_OUTPUTS_MAX)) {
    const { smallest, largest } = t;
    if (smallest !== undefined && largest !== undefined) outputs.push(...liveOutputs([{ ...t, smallest, largest }]));
  }
  const counts = { ...NO_COUNTS, writtenBytes: e.io?.writtenBytes ?? 0, entries: e.recordsIn ?? 0 };
  meter.tell('commit', e.familyName, 0, 0, counts, runningFlush(e.family, e.why ?? '', outputs));
}

/** What the policy wants is done, until it wants no more or somebody asks to stop. */
export async function settle(
  env: WriteEnvironment,
  writer: StoreWriter,
  watch: Watch,
): Promise<Omit<FlushReport, 'tables'>> {
  const compactions: FamilyCompaction[] = [];
  const problems: Problem[] = [];
  const nameOf = (family: number): string => writer.reader.view.family(family).state.name;
  // Each compaction counts for itself.
  let meter = new Meter(watch, 1);
  let bytes = 1;
  const onProgress = (job: RunningJob, progress?: Progress): void => {
    const phase = progress?.phase ?? 'merge';
    if (progress === undefined) {
      bytes = job.inputs.reduce((sum, t) => sum + t.bytes, 0);
      meter = new Meter(watch, bytes);
    }
    meter.tell(phase, nameOf(job.family), bytes, (progress?.percent ?? 0) / 100, progress ?? NO_COUNTS, job);
  };
  const onDone = (result: CompactionResult, job: RunningJob): void => {
    const { readBytes, writtenBytes, summary } = result;
    const counts = { ...NO_COUNTS, readBytes, writtenBytes, entries: summary.entriesRead };
    compactions.push(report(nameOf(result.family), result));
    meter.tell('commit', nameOf(result.family), bytes, 1, counts, job);
  };
  const maintenance = new Maintenance(writer, env, { onProgress, onDone, onProblem: (p) => void problems.push(p) });
  try {
    const settled = await maintenance.settled(() => watch.isCancelled());
    return { compactions, problems, settled };
  } finally {
    maintenance.close();
  }
}
