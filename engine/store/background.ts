/**
 * What an engine does in the background of a store that is open for writing: after each flush, and once at
 * open, the policy that the store's OPTIONS name is asked what to compact, and that is done in slices.
 *
 * 1. `step` does one slice, for whoever has an event loop to share; `settle` goes on until no policy wants
 *    anything. One compaction is under way at a time, over all column families.
 * 2. Writes wait as in the engines (db/db_impl.cc `MakeRoomForWrite` of LevelDB, db/column_family.cc of
 *    RocksDB), only that waiting means doing the work: from the slowdown trigger on every write first does
 *    one slice, at the stop trigger as many as bring L0 below it.
 * 3. A compaction that fails leaves the store as it was. It is told once, and tried again after some
 *    flushes, each time more of them. Where writes cannot go on without it, they are refused for its reason.
 * 4. Compact pointers are kept in the MANIFEST with the edit that they belong to; after a failure the next
 *    attempt begins behind the tables that failed, as LevelDB's does.
 */
import type { Clock } from '../base/entropy.ts';
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { RunningJob } from '../model/compaction.ts';
import type { Bound } from '../model/tree.ts';
import type { Choice, PolicyContext } from '../policy/policy.ts';
import { autoChoice, looksIntoTables, type StallLimits, stallCount, stallLimits } from './compaction/auto.ts';
import { type CompactionResult, compactionJob, type JobOptions, type Progress } from './compaction/job.ts';
import { liveOutputs, runningCompaction } from './compaction/running.ts';
import { KnownTables } from './compaction/tableFacts.ts';
import type { StoreView } from './view.ts';
import type { WriteEnvironment } from './writeEnvironment.ts';
import type { StoreWriter } from './writer.ts';

export interface MaintenanceOptions {
  /** Told of every compaction that failed, once until one of the family succeeds. */
  readonly onProblem?: ((problem: Problem) => void) | undefined;
  /** Told when a compaction begins, then without counts, and at each of its slices. */
  readonly onProgress?: ((job: RunningJob, progress?: Progress) => void) | undefined;
  /** Told of every compaction that was done. */
  readonly onDone?: ((result: CompactionResult, job: RunningJob) => void) | undefined;
  /** Instead of what the store's OPTIONS say; LevelDB has no such file. */
  readonly policy?: Partial<PolicyContext['options']> | undefined;
}

interface Job {
  readonly family: number;
  readonly steps: Generator<Progress, CompactionResult, void>;
  readonly running: ReturnType<typeof runningCompaction>;
}

/** A family whose compaction failed. */
interface Setback {
  readonly problem: Problem;
  readonly failures: number;
  /** Flushes to wait before the next attempt. */
  wait: number;
}

/** A family at the stop trigger, or one at the slowdown trigger. */
interface Full {
  readonly family: number;
  readonly stopped: boolean;
}

/** Flushes between attempts at the most. */
const WAIT_MAX = 64;
/** Compactions between two flushes after which a policy that never comes to rest is left alone. */
const ROUNDS_MAX = 10_000;

export class Maintenance {
  /** Compactions done since the beginning. */
  done = 0;
  /** Slices done since the beginning. */
  slices = 0;
  /** Writes that had to wait for work: a slice each, or until L0 was below the stop trigger. */
  readonly stalls = { slowed: 0, stopped: 0 };

  readonly #writer: StoreWriter;
  readonly #clock: Clock;
  readonly #job: JobOptions;
  readonly #options: MaintenanceOptions;
  /** Families whose tree changed since their policy wanted nothing. */
  readonly #due: Set<number>;
  readonly #setbacks = new Map<number, Setback>();
  /** By family: compact pointers ahead of the MANIFEST's, after a failure. */
  readonly #pointers = new Map<number, Map<number, Bound>>();
  readonly #tables = new KnownTables();
  readonly #limits = new Map<number, StallLimits>();
  readonly #unsubscribe: () => void;
  #current: Job | undefined;
  #rounds = 0;
  /** A step is under way: what changes the tree now is its own doing. */
  #stepping = false;
  #seen: StoreView | undefined;
  #full: Full | undefined;
  #closed = false;

  /** From here on the writer's writes wait where they must. Only one may be attached to a writer. */
  constructor(writer: StoreWriter, env: WriteEnvironment, options: MaintenanceOptions = {}) {
    this.#writer = writer;
    this.#clock = env.clock;
    this.#options = options;
    this.#job = { fs: env.fs, clock: env.clock, freeBytes: (directory) => env.freeBytes(directory) };
    this.#due = new Set(writer.reader.view.version.families.keys());
    this.#unsubscribe = writer.on(({ kind, family }) => {
      this.#due.add(family);
      if (kind !== 'flush') {
        // Somebody else compacted tables that may be inputs of ours.
        if (!this.#stepping && this.#current?.family === family) this.#drop();
        return;
      }
      this.#rounds = 0;
      const setback = this.#setbacks.get(family);
      if (setback !== undefined && setback.wait > 0) setback.wait--;
    });
    if (writer.beforeWrite !== undefined) throw new StoreError('INPUT', 'the store has its maintenance already');
    writer.beforeWrite = () => this.#makeRoom();
  }

  /** Whether a step may find something to do. */
  get pending(): boolean {
    if (this.#closed || this.#writer.failed !== undefined) return false;
    if (this.#current !== undefined) return true;
    for (const id of this.#due) if ((this.#setbacks.get(id)?.wait ?? 0) === 0) return true;
    return false;
  }

  /** What stands in the way of a family's compactions; empty while nothing does. */
  get problems(): readonly Problem[] {
    return [...this.#setbacks.values()].map((s) => s.problem);
  }

  /** One slice of work. False if there is nothing to do until the next flush. Never throws. */
  step(): boolean {
    if (this.#closed) return false;
    // What failed there stands in `failed`; nothing of the store may be touched any more.
    if (this.#writer.failed !== undefined) {
      this.#drop();
      return false;
    }
    if (this.#current === undefined && this.#gather()) return true;
    const job = this.#current ?? this.#begin();
    if (job === undefined) return false;
    this.slices++;
    this.#stepping = true;
    try {
      const step = job.steps.next();
      if (step.done === true) this.#finished(job, step.value);
      else {
        const { value } = step;
        tell(() => this.#options.onProgress?.(job.running(value.outputs), value));
      }
    } catch (thrown) {
      this.#current = undefined;
      this.#failedAt(job.family, toStoreError(thrown));
    } finally {
      this.#stepping = false;
    }
    return this.pending;
  }

  /** Works until no policy wants anything. What failed is left for later flushes. Never throws. */
  settle(): void {
    while (this.step());
  }

  /** As `settle`, with a turn after each slice. Resolves to false if it was asked to stop before the end. */
  async settled(isStopped: () => boolean = () => false): Promise<boolean> {
    while (!isStopped()) {
      if (!this.step()) return true;
      await this.#clock.turn();
    }
    return false;
  }

  /** Works, with a turn after each slice, until a write would not have to wait; or until it is asked to stop. */
  async roomMade(isStopped: () => boolean): Promise<void> {
    while (!this.#closed && this.#fullest()?.stopped === true && !isStopped() && this.step()) await this.#clock.turn();
  }

  /** Gives up the compaction under way; the store is as it was before, and it may begin again later. */
  cancel(): void {
    const family = this.#current?.family;
    this.#drop();
    if (family !== undefined) this.#due.add(family);
  }

  /** Gives up what is under way and leaves the writer alone. To be called before the writer is closed; may be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.beforeWrite = undefined;
    this.#unsubscribe();
    this.#drop();
  }

  #drop(): void {
    const job = this.#current;
    this.#current = undefined;
    try {
      // Ends the job where it stands, so that it removes what it wrote.
      job?.steps.return(undefined as never);
    } catch {
      // Nothing refers to its outputs: the next opening takes them away.
    }
  }

  /** Reads what the policies want to know of tables; false if they know it. */
  #gather(): boolean {
    const { view } = this.#writer.reader;
    for (const id of this.#due) {
      const family = view.version.families.get(id);
      if (family === undefined || !looksIntoTables(view, family)) continue;
      if (this.#tables.gather(view, family)) return true;
    }
    return false;
  }

  // ── Choosing ────────────────────────────────────────────────────────────────────────────────────

  #begin(): Job | undefined {
    for (const id of this.#due) {
      if ((this.#setbacks.get(id)?.wait ?? 0) > 0) continue;
      const choice = this.#choose(id);
      if (choice === undefined || choice.kind === 'none' || this.#rounds >= ROUNDS_MAX) {
        this.#due.delete(id);
        continue;
      }
      this.#rounds++;
      const next = choice.kind === 'compact' ? choice.compactPointer : undefined;
      if (next !== undefined) this.#pointersOf(id).set(next.level, next.key);
      // The next family comes first after this one.
      this.#due.delete(id);
      this.#due.add(id);
      const running = runningCompaction(id, choice);
      this.#current = { family: id, steps: compactionJob(this.#writer, id, choice, this.#job), running };
      tell(() => this.#options.onProgress?.(running([])));
      return this.#current;
    }
    return undefined;
  }

  #choose(id: number): Choice | undefined {
    const { view } = this.#writer.reader;
    const family = view.version.families.get(id);
    if (family === undefined) return undefined;
    const now = Math.floor(this.#clock.now() / 1000);
    return autoChoice(view, family, {
      now,
      policy: this.#options.policy,
      compactPointers: this.#pointersOf(id),
      tables: this.#tables,
    });
  }

  /** The MANIFEST's at first, then those of every choice, whether it came into force or not. */
  #pointersOf(id: number): Map<number, Bound> {
    let pointers = this.#pointers.get(id);
    if (pointers === undefined) {
      pointers = new Map(this.#writer.reader.view.family(id).state.compactPointers);
      this.#pointers.set(id, pointers);
    }
    return pointers;
  }

  #finished({ family, running }: Job, result: CompactionResult): void {
    this.#current = undefined;
    this.done++;
    this.#setbacks.delete(family);
    this.#due.add(family);
    tell(() => this.#options.onDone?.(result, running(liveOutputs(result.outputs))));
  }

  #failedAt(family: number, error: StoreError): void {
    const before = this.#setbacks.get(family);
    const failures = (before?.failures ?? 0) + 1;
    const problem = { ...error.toProblem(), message: `a compaction in the background failed: ${error.message}` };
    this.#setbacks.set(family, {
      problem: before?.problem ?? problem,
      failures,
      wait: Math.min(WAIT_MAX, 2 ** (failures - 1)),
    });
    this.#due.add(family);
    if (before === undefined) tell(() => this.#options.onProblem?.(problem));
  }

  // ── Waiting ─────────────────────────────────────────────────────────────────────────────────────

  /** Before each write. Throws if L0 is at the stop trigger and its compaction failed. */
  #makeRoom(): void {
    if (this.#closed) return;
    const full = this.#fullest();
    if (full === undefined) return;
    if (!full.stopped) {
      if (this.pending) this.stalls.slowed++;
      this.step();
      return;
    }
    this.stalls.stopped++;
    // A write that cannot go on is worth another attempt: a full disk may have room again.
    for (const setback of this.#setbacks.values()) setback.wait = 0;
    for (let again = true; again && this.#fullest()?.stopped === true; ) again = this.step();
    const still = this.#fullest();
    if (still?.stopped !== true) return;
    const setback = this.#setbacks.get(still.family);
    // Whatever the policy does not want now, waiting would not bring.
    if (setback === undefined) return;
    const { code, path, mend, message } = setback.problem;
    throw new StoreError(code, `level 0 is full and nothing more is written: ${message}`, { path, mend });
  }

  #fullest(): Full | undefined {
    const { view } = this.#writer.reader;
    if (view !== this.#seen) {
      this.#seen = view;
      this.#full = this.#fullestOf(view);
    }
    return this.#full;
  }

  #fullestOf(view: StoreView): Full | undefined {
    let slowed: Full | undefined;
    for (const [id, family] of view.version.families) {
      let limits = this.#limits.get(id);
      if (limits === undefined) {
        limits = stallLimits(view, family, this.#options.policy);
        this.#limits.set(id, limits);
      }
      const count = stallCount(family, limits);
      if (count >= limits.stop) return { family: id, stopped: true };
      if (count >= limits.slowdown) slowed ??= { family: id, stopped: false };
    }
    return slowed;
  }
}

/** What a listener makes of it does not change what was done. */
function tell(listener: () => void): void {
  try {
    listener();
  } catch {
    // See above.
  }
}
