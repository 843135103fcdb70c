/**
 * Forced compactions from the request to the report: planning beside the readers, in place, on a copy
 * (architecture.md, flow "Force a compaction"). Everything runs in slices with a turn after each, so that
 * whoever shares the thread goes on.
 */
import { type Clock, pause } from '../base/entropy.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type {
  CompactionPlan,
  CompactionPlans,
  CompactionReport,
  CompactionRequest,
  FamilyCompaction,
  Refusal,
} from '../model/compaction.ts';
import type { ManualTarget } from '../policy/manual.ts';
import type { Choice } from '../policy/policy.ts';
import { copyStore } from '../store/compaction/copyStore.ts';
import { type CompactionResult, compactionJob } from '../store/compaction/job.ts';
import { planJob } from '../store/compaction/plan.ts';
import { liveOutputs, runningCompaction } from '../store/compaction/running.ts';
import { forcedChoice, tablesOf } from '../store/compaction/select.ts';
import type { StoreReader } from '../store/reader.ts';
import type { FamilyVersion } from '../store/version.ts';
import type { StoreView } from '../store/view.ts';
import type { WriteEnvironment } from '../store/writeEnvironment.ts';
import { checkDisk, checkWritable, WriteRefused } from '../store/writeGate.ts';
import { StoreWriter } from '../store/writer.ts';
import { cancelled, Meter, NO_COUNTS, type Watch } from './progress.ts';

export type { Watch } from './progress.ts';

/** Part of the whole that copying a store counts for. */
const COPY_SHARE = 0.1;

const seconds = (clock: Clock): number => Math.floor(clock.now() / 1000);

// ── What is asked for ──────────────────────────────────────────────────────────────────────────

/** Throws INPUT for a request that names several things at once. */
function targetOf(request: CompactionRequest): ManualTarget {
  const { family, from, to, level, tables } = request;
  const ranged = from !== undefined || to !== undefined;
  const kinds = [ranged, level !== undefined, tables !== undefined].filter(Boolean).length;
  if (kinds > 1) throw new StoreError('INPUT', 'name a key range, a level or tables, not several of them');
  if (kinds > 0 && family === undefined) {
    throw new StoreError('INPUT', 'a key range, a level and tables are those of one column family: name it');
  }
  if (level !== undefined) return { kind: 'level', level };
  if (tables !== undefined) return { kind: 'tables', numbers: tables };
  if (!ranged) return { kind: 'store' };
  return { kind: 'range', ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function familiesOf(view: StoreView, request: CompactionRequest): readonly FamilyVersion[] {
  if (request.family !== undefined) return [view.family(request.family)];
  return [...view.version.families.values()];
}

const inputBytes = (choice: Choice): number => tablesOf(choice).reduce((sum, t) => sum + t.bytes, 0);

// ── The plan ───────────────────────────────────────────────────────────────────────────────────

/** What stands against writing to the store as it is now; null if nothing does. */
export function refusalOf(
  store: StoreReader,
  owner: { readonly pid: number } | undefined,
  env: WriteEnvironment | undefined,
  neededBytes: number,
): Refusal | null {
  const { fs, directory, dialect } = store.shared;
  const { snapshot, version } = store.view;
  const refusal = (thrown: unknown, copyable: boolean): Refusal => {
    const { code, message, path, mend } = toStoreError(thrown);
    return { code, message, path, mend, copyable };
  };
  try {
    checkWritable({ fs, directory, dialect, snapshot, version });
  } catch (thrown) {
    // A copy has the same files, and would be refused for the same reason.
    return refusal(thrown, false);
  }
  if (owner !== undefined) {
    const error = new StoreError('LOCKED', `process ${owner.pid} has the store open`, { mend: 'close it there first' });
    return refusal(error, true);
  }
  try {
    checkDisk(env?.freeBytes(directory), neededBytes, directory);
  } catch (thrown) {
    return refusal(thrown, true);
  }
  return null;
}

/** Counts what the request would do, without writing. Throws StoreError. */
export async function planCompaction(
  store: StoreReader,
  request: CompactionRequest,
  owner: { readonly pid: number } | undefined,
  env: WriteEnvironment | undefined,
  watch: Watch,
): Promise<CompactionPlans> {
  const target = targetOf(request);
  const { clock } = watch;
  const live = owner !== undefined;
  const chosen = familiesOf(store.view, request).map((family) => {
    const choice = forcedChoice(store.view, family, target, seconds(clock));
    return { id: family.state.id, bytes: inputBytes(choice) };
  });
  const needed = Math.max(0, ...chosen.map((c) => c.bytes));
  const refusal = refusalOf(store, owner, env, needed);
  const refused = refusal === null ? null : `${refusal.code}: ${refusal.message}`;
  const meter = new Meter(
    watch,
    chosen.reduce((sum, c) => sum + c.bytes, 0),
  );
  const plans: CompactionPlan[] = [];
  for (const { id, bytes } of chosen) {
    const view = store.stableView(id, live);
    try {
      const family = view.family(id);
      const job = planJob(view, family, forcedChoice(view, family, target, seconds(clock)), clock, refused);
      try {
        for (let step = job.next(); ; step = job.next()) {
          if (step.done === true) {
            plans.push(step.value);
            break;
          }
          const { readBytes, entries } = step.value;
          const counts = { readBytes, entries, writtenBytes: 0, bytesPerSecond: 0 };
          meter.tell('plan', family.state.name, bytes, Math.min(1, readBytes / Math.max(1, bytes)), counts);
          await clock.turn();
          cancelled(watch);
        }
      } finally {
        job.return(undefined as never);
      }
    } finally {
      view.release();
    }
    meter.finished(bytes);
  }
  const free = env?.freeBytes(store.shared.directory);
  return { plans, refusal, freeBytes: free ?? null };
}

// ── In place ───────────────────────────────────────────────────────────────────────────────────

/**
 * Compacts the store at `directory`, under its LOCK. Throws LOCKED with the owner's process id, WriteRefused
 * with the reason, CANCELLED, or what the work met; families that were done before stay compacted, the one at
 * work is then as it was.
 */
export async function compactInPlace(
  env: WriteEnvironment,
  directory: string,
  request: CompactionRequest,
  watch: Watch,
  base = 0,
): Promise<CompactionReport> {
  const target = targetOf(request);
  const writer = openWriter(env, directory, watch);
  try {
    const { view } = writer.reader;
    const { clock } = watch;
    const chosen = familiesOf(view, request).map((family) => {
      const choice = forcedChoice(view, family, target, seconds(clock));
      return { id: family.state.id, name: family.state.name, choice };
    });
    const meter = new Meter(
      watch,
      chosen.reduce((sum, c) => sum + inputBytes(c.choice), 0),
      base,
    );
    const families: FamilyCompaction[] = [];
    for (const { id, name, choice } of chosen) {
      cancelled(watch);
      const bytes = inputBytes(choice);
      const running = choice.kind === 'none' ? undefined : runningCompaction(id, choice);
      const merges = choice.kind === 'compact' && !choice.isTrivialMove;
      let written = 0;
      if (running !== undefined) meter.tell(merges ? 'merge' : 'commit', name, bytes, 0, NO_COUNTS, running([]));
      const job = compactionJob(writer, id, choice, {
        fs: env.fs,
        clock,
        freeBytes: (path) => env.freeBytes(path),
        isCancelled: () => watch.isCancelled(),
        threads: env.threads,
        bytesPerSecond: (request.bytesPerSecond ?? 0) > 0 ? request.bytesPerSecond : undefined,
      });
      try {
        for (let step = job.next(); ; step = job.next()) {
          if (step.done === true) {
            const { value } = step;
            families.push(report(name, value));
            written = value.writtenBytes;
            if (running === undefined) break;
            const counts = { ...NO_COUNTS, readBytes: value.readBytes, writtenBytes: written };
            const entries = value.summary.entriesRead;
            meter.tell('commit', name, bytes, 1, { ...counts, entries }, running(liveOutputs(value.outputs)));
            break;
          }
          const { phase, percent, outputs } = step.value;
          meter.tell(phase, name, bytes, percent / 100, step.value, running?.(outputs));
          await (step.value.pauseMs > 0 ? pause(step.value.pauseMs) : clock.turn());
        }
      } finally {
        // Ends the job where it stands, so that it removes what it wrote.
        job.return(undefined as never);
      }
      // The job itself was the last reader of its inputs.
      writer.removeObsolete();
      meter.finished(bytes, written);
    }
    return { directory, families };
  } finally {
    writer.close();
  }
}

/** What it does is told to `watch`. */
export function openWriter(env: WriteEnvironment, directory: string, watch: Watch): StoreWriter {
  try {
    return StoreWriter.open(env, directory, { onEvent: (event) => watch.event?.(event) });
  } catch (thrown) {
    throw thrown instanceof WriteRefused || !(thrown instanceof StoreError) ? thrown : thrown.at({ path: directory });
  }
}

export function report(family: string, result: CompactionResult): FamilyCompaction {
  const brief = (list: CompactionResult['inputs']): FamilyCompaction['inputs'] =>
    list.map(({ number, level, bytes }) => ({ number, level, bytes }));
  const { kind, why, readBytes, writtenBytes, summary } = result;
  return {
    family,
    kind,
    why,
    inputs: brief(result.inputs),
    outputs: brief(result.outputs),
    outputLevel: kind === 'none' ? null : result.outputLevel,
    readBytes,
    writtenBytes,
    summary,
  };
}

// ── On a copy ──────────────────────────────────────────────────────────────────────────────────

/**
 * Copies the store to `out`, a new or empty directory, and compacts the copy; the original is only read, be it
 * in use or not. Whatever goes wrong, nothing of the copy is left. Throws as `compactInPlace`.
 */
export async function compactCopy(
  env: WriteEnvironment,
  directory: string,
  out: string,
  request: CompactionRequest,
  watch: Watch,
): Promise<CompactionReport> {
  if (out === directory || out.startsWith(joinPath(directory, ''))) {
    throw new StoreError('INPUT', 'a copy cannot lie in the store itself', { path: out });
  }
  const { fs } = env;
  const existed = isThere(fs, out);
  let copied = false;
  let done = false;
  try {
    await copy(fs, directory, out, watch);
    copied = true;
    // What happens to the tree of the copy is nothing that happens to the open store's.
    const { event: _event, ...quiet } = watch;
    const result = await compactInPlace(env, out, request, quiet, COPY_SHARE);
    done = true;
    return result;
  } finally {
    if (!done) removeCopy(fs, out, copied, existed);
  }
}

async function copy(fs: FileSystem, from: string, to: string, watch: Watch): Promise<void> {
  const job = copyStore(fs, from, to);
  const began = watch.clock.elapsed();
  try {
    for (let step = job.next(); step.done !== true; step = job.next()) {
      const { files, filesTotal, bytes } = step.value;
      const elapsed = (watch.clock.elapsed() - began) / 1000;
      watch.progress({
        phase: 'copy',
        family: '',
        percent: (100 * COPY_SHARE * files) / Math.max(1, filesTotal),
        readBytes: bytes,
        writtenBytes: bytes,
        totalBytes: 0,
        entries: 0,
        bytesPerSecond: elapsed > 0.05 ? bytes / elapsed : 0,
        etaSeconds: null,
      });
      await watch.clock.turn();
      cancelled(watch);
    }
  } finally {
    job.return(undefined as never);
  }
}

function isThere(fs: FileSystem, directory: string): boolean {
  try {
    return fs.stat(directory).isDirectory;
  } catch {
    return false;
  }
}

/** Before the copy is whole, `copyStore` itself has removed what it made: what else is there is not ours. */
function removeCopy(fs: FileSystem, directory: string, copied: boolean, existed: boolean): void {
  try {
    if (copied) for (const name of fs.list(directory)) fs.remove(joinPath(directory, name));
    if (!existed) fs.remove(directory);
  } catch {
    // It was not made, or somebody else put something into it.
  }
}
