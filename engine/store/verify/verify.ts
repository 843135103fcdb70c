/**
 * Checks a store: every file by a job of its own, here in slices or side by side in threads, and then what only
 * all of them together show.
 */
import { type Clock, pause } from '../../base/entropy.ts';
import { StoreError } from '../../base/errors.ts';
import type { FileSystem } from '../../fs/fileSystem.ts';
import type { FileVerdict, Finding, VerifyProgress, VerifyReport } from '../../model/verify.ts';
import type { VerifyPlan } from './plan.ts';
import { type VerifyTask, verifyFile } from './tasks.ts';

/** Starts a thread that checks one file after the other. */
export type SpawnVerify = (message: (m: VerifyMessage) => void, failed: (reason: string) => void) => VerifyThread;

export interface VerifyThread {
  check(task: VerifyTask): void;
  stop(): void;
}

export type VerifyMessage =
  | { readonly kind: 'checked'; readonly bytes: number }
  | { readonly kind: 'verdict'; readonly verdict: FileVerdict };

export interface VerifyWorld {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly threads?: { readonly count: number; readonly spawn: SpawnVerify } | undefined;
  progress(progress: VerifyProgress): void;
  isCancelled(): boolean;
}

/** Below this much a thread's start takes longer than the work. */
const THREADS_FROM_BYTES = 32 << 20;
const SLICE_MS = 8;
const LOOK_MS = 20;
const FINDINGS_MAX = 20_000;

/** Throws CANCELLED. */
export async function verifyFiles(plan: VerifyPlan, world: VerifyWorld): Promise<VerifyReport> {
  const started = world.clock.elapsed();
  const { threads } = world;
  const run = new Run(plan, world);
  if (threads !== undefined && threads.count > 1 && plan.totalBytes >= THREADS_FROM_BYTES) await run.inThreads(threads);
  else await run.here();
  return report(plan, run.verdicts, world.clock.elapsed() - started);
}

class Run {
  readonly verdicts: FileVerdict[] = [];
  readonly #plan: VerifyPlan;
  readonly #world: VerifyWorld;
  #bytes = 0;
  #findings = 0;

  constructor(plan: VerifyPlan, world: VerifyWorld) {
    this.#plan = plan;
    this.#world = world;
  }

  async here(): Promise<void> {
    const { fs, clock } = this.#world;
    let turned = clock.elapsed();
    for (const task of this.#plan.tasks) {
      const job = verifyFile(fs, task);
      for (let step = job.next(); ; step = job.next()) {
        if (step.done === true) {
          this.#done(step.value);
          break;
        }
        this.#checked(step.value);
        if (clock.elapsed() - turned < SLICE_MS) continue;
        await clock.turn();
        turned = clock.elapsed();
        this.#stopIfCancelled();
      }
    }
  }

  async inThreads(threads: { readonly count: number; readonly spawn: SpawnVerify }): Promise<void> {
    const { tasks } = this.#plan;
    let next = 0;
    let failure: string | undefined;
    const started: VerifyThread[] = [];
    const give = (thread: VerifyThread): void => {
      const task = tasks[next++];
      if (task !== undefined) thread.check(task);
    };
    try {
      for (let i = 0; i < Math.min(threads.count, tasks.length); i++) {
        const thread: VerifyThread = threads.spawn(
          (m) => {
            if (m.kind === 'checked') {
              this.#checked(m.bytes);
              return;
            }
            this.#done(m.verdict);
            give(thread);
          },
          (reason) => {
            failure ??= reason;
          },
        );
        started.push(thread);
        give(thread);
      }
      while (this.verdicts.length < tasks.length) {
        if (failure !== undefined) throw new StoreError('IO', `a checking thread ended: ${failure}`);
        this.#stopIfCancelled();
        await pause(LOOK_MS);
      }
    } finally {
      for (const thread of started) thread.stop();
    }
  }

  #checked(bytes: number): void {
    this.#bytes += bytes;
    this.#tell();
  }

  #done(verdict: FileVerdict): void {
    this.verdicts.push(verdict);
    this.#findings += verdict.findings.length + verdict.more;
    this.#tell();
  }

  #tell(): void {
    this.#world.progress({
      bytes: Math.min(this.#bytes, this.#plan.totalBytes),
      totalBytes: this.#plan.totalBytes,
      files: this.verdicts.length,
      totalFiles: this.#plan.tasks.length,
      findings: this.#findings + this.#plan.findings.length,
    });
  }

  #stopIfCancelled(): void {
    if (this.#world.isCancelled()) throw new StoreError('CANCELLED', 'the check was cancelled');
  }
}

function report(plan: VerifyPlan, verdicts: readonly FileVerdict[], millis: number): VerifyReport {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  let more = 0;
  const add = (f: Finding): void => {
    const id = `${f.path}:${f.offset ?? ''}:${f.message}`;
    if (seen.has(id)) return;
    if (findings.length >= FINDINGS_MAX) {
      more++;
      return;
    }
    seen.add(id);
    findings.push(f);
  };
  for (const f of plan.findings) add(f);
  /** What is not covered, and in which files. */
  const unchecked = new Map<string, string[]>();
  for (const v of verdicts) {
    for (const f of v.findings) add(f);
    more += v.more;
    for (const what of v.unchecked) unchecked.set(what, [...(unchecked.get(what) ?? []), v.file]);
  }
  findings.sort(
    (a, b) =>
      (a.severity === b.severity ? 0 : a.severity === 'damage' ? -1 : 1) ||
      (a.path < b.path ? -1 : a.path > b.path ? 1 : (a.offset ?? -1) - (b.offset ?? -1)),
  );
  const sum = (of: (v: FileVerdict) => number): number => verdicts.reduce((n, v) => n + of(v), 0);
  return {
    files: verdicts.length + plan.files,
    bytes: sum((v) => v.bytes) + plan.bytes,
    tables: verdicts.filter((v) => v.kind === 'table').length,
    units: sum((v) => v.units),
    entries: sum((v) => (v.kind === 'table' ? v.entries : 0)),
    findings,
    more,
    unchecked: [
      ...plan.unchecked,
      ...[...unchecked].map(([what, files]) => `${files.length === 1 ? files[0] : `${files.length} files`}: ${what}`),
    ],
    millis,
  };
}

/** Inside of a thread: checks what it is given, one file after the other. */
export function serveVerify(fs: FileSystem, send: (m: VerifyMessage) => void): (task: VerifyTask) => void {
  return (task) => {
    const job = verifyFile(fs, task);
    for (let step = job.next(); ; step = job.next()) {
      if (step.done === true) {
        send({ kind: 'verdict', verdict: step.value });
        return;
      }
      if (step.value > 0) send({ kind: 'checked', bytes: step.value });
    }
  };
}
