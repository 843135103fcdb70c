/**
 * Carries a policy's choice out, as one job in slices (architecture.md, flow "Force a compaction"):
 *
 * 1. The inputs are merged into new tables, each written and synced under a number of its own. Nothing
 *    refers to them yet: cancelled or killed here, the store is as it was.
 * 2. The proof: the outputs are read back and must say what the inputs say; the tree with them in it must
 *    keep its invariants. Otherwise the outputs are removed and nothing is committed.
 * 3. The directory is synced, and one version edit takes the inputs out and the outputs in.
 * 4. The inputs are removed.
 */
import type { Clock } from '../../base/entropy.ts';
import { StoreError } from '../../base/errors.ts';
import type { TableBuilderOptions, TableSummary } from '../../formats/block/tableBuilder.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';
import type { Dialect } from '../../formats/leveldb/dialect.ts';
import { tableFileName } from '../../formats/leveldb/names.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../../formats/leveldb/versionEdit.ts';
import { removeAll } from '../../fs/clone.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { Choice, CompactChoice } from '../../policy/policy.ts';
import type { EditStory } from '../liveEvents.ts';
import type { StoreReader } from '../reader.ts';
import { tableTombstones } from '../tableTombstones.ts';
import { type FamilyVersion, placeTable } from '../version.ts';
import type { StoreView } from '../view.ts';
import { checkDisk } from '../writeGate.ts';
import { Below } from './below.ts';
import { drop, move, pointer } from './editOnly.ts';
import { jobInput } from './inputs.ts';
import { droppedRanges, joinResults, sumProgress } from './join.ts';
import type { LiveOutput, OutputTable } from './outputs.ts';
import { sameCoverage } from './proof.ts';
import {
  doneProgress,
  NO_PROGRESS,
  type RangeJobInput,
  type RangeJobResult,
  type RangeJobWorld,
  type RangeProgress,
  rangeJob,
} from './rangeJob.ts';
import { type CompactionResult, result } from './result.ts';
import { checkComplete, proofFailure } from './rules.ts';
import { type KeySpan, splitRange } from './split.ts';
import { Stripes } from './stripes.ts';
import { RangeThread, type SpawnRange } from './threads.ts';
import { checkTree } from './treeCheck.ts';

/** What a compaction needs of the open store: `StoreWriter`, or a stand-in for it. */
export interface CompactionHost {
  readonly reader: StoreReader;
  readonly dialect: Dialect;
  readonly directory: string;
  readonly pendingOutputs: Set<number>;
  /** Set when not even the state on disk is known: no file may be removed then. */
  readonly failed: StoreError | undefined;
  snapshots(): readonly number[];
  allocateFileNumber(): number;
  builderOptions(family: FamilyVersion, level: number, number: number): TableBuilderOptions;
  newFile(
    summary: TableSummary,
    level: number,
    number: number,
    origin?: { readonly epoch?: number | undefined },
  ): NewFile;
  logAndApply(edit: VersionEdit, story?: EditStory): void;
  removeObsolete(): void;
}

export interface JobOptions {
  /** The store's own file system, writable. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** Asked at every slice; true ends the job with CANCELLED. */
  readonly isCancelled?: () => boolean;
  /** Bytes read and written a second that are not exceeded; whoever steps the job keeps its pauses. */
  readonly bytesPerSecond?: number | undefined;
  readonly freeBytes?: ((directory: string) => number | undefined) | undefined;
  /** Threads to use, this one among them, and how the others are made; by default there is only this one. */
  readonly threads?:
    | {
        readonly count: number;
        readonly spawn: SpawnRange;
        /** Bytes of inputs that make another thread worth it. */
        readonly bytesMin?: number;
      }
    | undefined;
}

export type { CompactionResult } from './result.ts';

export type Phase = RangeProgress['phase'];

export interface Progress {
  readonly phase: Phase;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** File sizes of the inputs. */
  readonly totalBytes: number;
  readonly entries: number;
  /** 0 to 100, the proof included. */
  readonly percent: number;
  /** Bytes read a second since the beginning; 0 while that says nothing. */
  readonly bytesPerSecond: number;
  /** Seconds left; undefined while nobody can tell. */
  readonly etaSeconds: number | undefined;
  /** How long to wait before the next step, so that the rate is kept; 0 for not at all. */
  readonly pauseMs: number;
  /** What was written so far, in key order; `LIVE_OUTPUTS_MAX` at the most. */
  readonly outputs: readonly LiveOutput[];
}

/** Share of the time that merging takes; the rest is the proof. */
const MERGE_SHARE = 0.85;
/** Bytes of inputs below which another thread costs more than it brings. */
const THREAD_BYTES_MIN = 8 << 20;
/** File numbers that one thread is given at the most. */
const NUMBERS_MAX = 20_000;
/** How long to leave the processor to the threads once our own range is done. */
const THREAD_WAIT_MS = 4;

/** Throws StoreError; CANCELLED if it was asked to stop. The store is then as it was. */
export function* compactionJob(
  host: CompactionHost,
  family: number,
  choice: Choice,
  options: JobOptions,
): Generator<Progress, CompactionResult, void> {
  const view = host.reader.view.retain();
  let changed = false;
  try {
    const before = view.family(family);
    if (choice.kind === 'none') return result('none', choice.why, before, before, [], [], -1, 0, 0);
    const done =
      choice.kind === 'drop'
        ? drop(host, before, choice)
        : choice.isTrivialMove
          ? move(host, before, choice)
          : yield* new Compaction(host, view, before, choice, options).run();
    changed = true;
    return done;
  } finally {
    // The inputs are needed for as long as somebody looks at the old tree, this job included.
    view.release();
    if (changed) host.removeObsolete();
  }
}

/** Throws for a table that cannot be read as a whole. */
function acquireWhole(view: StoreView, info: TableInfo): TableReader {
  const table = view.acquire(info);
  try {
    checkComplete(table, info.file);
    return table;
  } catch (thrown) {
    view.releaseTable(info, table);
    throw thrown;
  }
}

class Compaction {
  readonly #host: CompactionHost;
  readonly #view: StoreView;
  readonly #family: FamilyVersion;
  readonly #choice: CompactChoice;
  readonly #options: JobOptions;
  readonly #inputs: readonly TableInfo[];
  readonly #totalBytes: number;
  readonly #started: number;
  /** Those that live now: later ones see the newest versions of the inputs, as the tip does. */
  readonly #snapshots: readonly number[];
  readonly #numbers: number[] = [];

  constructor(
    host: CompactionHost,
    view: StoreView,
    family: FamilyVersion,
    choice: CompactChoice,
    options: JobOptions,
  ) {
    this.#host = host;
    this.#view = view;
    this.#family = family;
    this.#choice = choice;
    this.#options = options;
    this.#inputs = choice.inputs.flatMap((i) => i.tables);
    this.#totalBytes = this.#inputs.reduce((sum, t) => sum + t.bytes, 0);
    this.#started = options.clock.elapsed();
    this.#snapshots = [...host.snapshots()];
  }

  *run(): Generator<Progress, CompactionResult, void> {
    const { freeBytes } = this.#options;
    const { directory } = this.#host;
    if (freeBytes !== undefined) checkDisk(freeBytes(directory), this.#totalBytes, directory);
    let merged: RangeJobResult | undefined;
    let committed = false;
    try {
      merged = yield* this.#merge();
      const outputs = this.#place(merged.tables);
      const infos = outputs.map(({ info }) => info);
      this.#proveRanges(infos);
      checkTree(this.#host.reader.view.family(this.#family.state.id), this.#host.reader.view, this.#inputs, infos);
      this.#cancelled();
      if (outputs.length > 0) this.#options.fs.syncDir(directory);
      this.#commit(
        merged,
        outputs.map(({ file }) => file),
      );
      committed = true;
      return this.#result(merged, infos);
    } finally {
      if (!committed && this.#host.failed === undefined) this.#discard(merged?.tables ?? []);
      if (this.#host.failed === undefined) for (const n of this.#numbers) this.#host.pendingOutputs.delete(n);
    }
  }

  *#merge(): Generator<Progress, RangeJobResult, void> {
    const input = jobInput(this.#view, this.#family, this.#choice, this.#snapshots);
    const spans = this.#spans();
    const jobs = spans.map((span) => ({ ...input, ...span }));
    const local = rangeJob(jobs[0] as RangeJobInput, this.#world());
    const threads: RangeThread[] = [];
    let done = false;
    try {
      const { threads: means } = this.#options;
      if (means !== undefined) for (const job of jobs.slice(1)) threads.push(this.#thread(job, means.spawn));
      let own: RangeJobResult | undefined;
      let at: RangeProgress = NO_PROGRESS;
      for (;;) {
        if (own === undefined) {
          const step = local.next();
          if (step.done === true) {
            own = step.value;
            at = doneProgress(own);
          } else at = step.value;
        }
        for (const t of threads) if (t.error !== undefined) throw t.error;
        if (own !== undefined && threads.every((t) => t.result !== undefined)) {
          done = true;
          return joinResults([own, ...threads.map((t) => t.result as RangeJobResult)]);
        }
        this.#cancelled();
        yield this.#progress(
          sumProgress([at, ...threads.map((t) => t.progress)]),
          own === undefined ? 0 : THREAD_WAIT_MS,
        );
      }
    } finally {
      // Ends the jobs where they stand, so that they remove what they wrote.
      local.return(undefined as never);
      for (const t of threads) t.cancel();
      if (!done) this.#removeNumbers(threads.flatMap((t) => t.numbers));
    }
  }

  /** One range for each thread, if it is worth it. A run in L0 is one table, and so one range. */
  #spans(): readonly KeySpan[] {
    const { threads, bytesPerSecond } = this.#options;
    // A rate is kept by pauses between our own steps, which other threads would not see.
    const wanted = bytesPerSecond === undefined ? (threads?.count ?? 1) : 1;
    const parts = Math.min(wanted, Math.floor(this.#totalBytes / (threads?.bytesMin ?? THREAD_BYTES_MIN)));
    if (parts < 2 || this.#choice.outputLevel === 0) return [{ from: undefined, to: undefined }];
    return splitRange(this.#inputs, this.#source, this.#family.order, parts);
  }

  #thread(input: RangeJobInput, spawn: SpawnRange): RangeThread {
    const host = this.#host;
    const expected = Math.ceil(this.#totalBytes / input.maxOutputBytes) + input.grandparents.length;
    const numbers = Array.from({ length: Math.min(2 * expected + 16, NUMBERS_MAX) }, () => this.#number());
    const { order, ...builder } = host.builderOptions(this.#family, this.#choice.outputLevel, 0);
    const job = { directory: host.directory, comparator: order.name, extension: host.dialect.tableExtension };
    return new RangeThread({ ...job, input, builder, numbers }, spawn);
  }

  #number(): number {
    const number = this.#host.allocateFileNumber();
    this.#host.pendingOutputs.add(number);
    this.#numbers.push(number);
    return number;
  }

  #pathOf(number: number): string {
    return joinPath(this.#host.directory, tableFileName(number, this.#host.dialect.tableExtension));
  }

  /** A thread that was stopped has removed what it wrote, unless it was too far gone for that. */
  #removeNumbers(numbers: readonly number[]): void {
    removeAll(
      this.#options.fs,
      numbers.map((n) => this.#pathOf(n)),
    );
  }

  #world(): RangeJobWorld {
    const { fs, clock } = this.#options;
    const host = this.#host;
    return {
      fs,
      clock,
      order: this.#family.order,
      source: this.#source,
      tombstones: (info) => this.#tombstones(info),
      place: () => {
        const number = this.#number();
        return {
          number,
          path: this.#pathOf(number),
          options: host.builderOptions(this.#family, this.#choice.outputLevel, number),
        };
      },
      forget: (info) => this.#view.shared.tables.forget(info),
    };
  }

  readonly #source = {
    acquire: (info: TableInfo): TableReader => acquireWhole(this.#view, info),
    release: (info: TableInfo, table: TableReader): void => this.#view.releaseTable(info, table),
  };

  #tombstones(info: TableInfo): readonly RangeTombstones['list'][number][] {
    if (!this.#host.dialect.hasRangeDeletions) return [];
    const table = acquireWhole(this.#view, info);
    try {
      return tableTombstones(table, info);
    } finally {
      this.#view.releaseTable(info, table);
    }
  }

  /** What the MANIFEST and the tree will say of the outputs. */
  #place(tables: readonly OutputTable[]): { file: NewFile; info: TableInfo }[] {
    const host = this.#host;
    const epochs = this.#inputs.map((t) => t.epoch);
    const epoch = epochs.every((e): e is number => e !== undefined && e > 0) ? Math.min(...epochs) : undefined;
    return tables.map(({ number, summary }) => {
      const file = host.newFile(summary, this.#choice.outputLevel, number, { epoch });
      const name = tableFileName(number, host.dialect.tableExtension);
      return { file, info: placeTable(file, this.#family.state.id, name, this.#family.order) };
    });
  }

  /** Range deletions speak of keys that neither side holds: they are compared as a whole. */
  #proveRanges(outputs: readonly TableInfo[]): void {
    const { order } = this.#family;
    const input = jobInput(this.#view, this.#family, this.#choice, this.#snapshots);
    const tombstonesOf = (tables: readonly TableInfo[]): RangeTombstones | undefined => {
      const list = tables.flatMap((t) => this.#tombstones(t));
      return list.length === 0 ? undefined : new RangeTombstones(list, order);
    };
    const before = tombstonesOf(this.#inputs);
    const now = tombstonesOf(outputs);
    const below = new Below(input.below, order, input.ingestsBelow);
    if (sameCoverage(before, now, outputs, order, new Stripes(this.#snapshots), below)) return;
    throw proofFailure('the outputs do not delete the same ranges as the inputs');
  }

  #commit(merged: RangeJobResult, files: readonly NewFile[]): void {
    const edit: VersionEdit = { ...emptyEdit(), family: this.#family.state.id };
    for (const t of this.#inputs) edit.deletedFiles.push({ level: t.level, number: t.number });
    edit.newFiles.push(...files);
    const known = this.#family.state.blobFiles;
    for (const g of merged.garbage) if (known.has(g.number)) edit.blobGarbage.push(g);
    pointer(edit, this.#choice);
    const io = { readBytes: this.#totalBytes, writtenBytes: files.reduce((sum, f) => sum + f.bytes, 0) };
    this.#host.logAndApply(edit, {
      kind: 'compaction',
      why: this.#choice.reason.code,
      io,
      micros: Math.round((this.#options.clock.elapsed() - this.#started) * 1000),
      recordsIn: merged.counts.entries + merged.rangeTombstones,
      recordsOut: merged.tables.reduce((n, t) => n + t.summary.entries, 0),
    });
  }

  #discard(tables: readonly OutputTable[]): void {
    // Whatever is read anew under these numbers must not find the tables that go now.
    for (const { number } of tables) this.#view.shared.tables.forget({ number });
    removeAll(
      this.#options.fs,
      tables.map((t) => t.path),
    );
  }

  #result(merged: RangeJobResult, outputs: readonly TableInfo[]): CompactionResult {
    const now = this.#host.reader.view.family(this.#family.state.id);
    const written = outputs.reduce((sum, t) => sum + t.bytes, 0);
    const { reason, outputLevel } = this.#choice;
    const plain = result(
      'compact',
      reason.text,
      this.#family,
      now,
      this.#inputs,
      outputs,
      outputLevel,
      this.#totalBytes,
      written,
    );
    const { counts } = merged;
    const summary = {
      ...plain.summary,
      entriesRead: counts.entries + merged.rangeTombstones,
      hiddenEntries: counts.hidden,
      droppedTombstones: counts.tombstones + droppedRanges(merged),
      keptTombstones: merged.tables.reduce((n, t) => n + t.summary.deletions, 0),
      seconds: (this.#options.clock.elapsed() - this.#started) / 1000,
    };
    return { ...plain, summary };
  }

  #cancelled(): void {
    if (this.#options.isCancelled?.() === true) throw new StoreError('CANCELLED', 'the compaction was cancelled');
  }

  #progress({ phase, readBytes, writtenBytes, entries, provenBytes, outputs }: RangeProgress, wait: number): Progress {
    const merged = Math.min(1, readBytes / Math.max(1, this.#totalBytes));
    const proven = Math.min(1, provenBytes / Math.max(1, writtenBytes));
    const share = MERGE_SHARE * (phase === 'proof' ? 1 : merged) + (1 - MERGE_SHARE) * proven;
    const elapsed = (this.#options.clock.elapsed() - this.#started) / 1000;
    const part = Math.min(share, 0.999);
    const rate = this.#options.bytesPerSecond;
    const due = rate === undefined || rate <= 0 ? 0 : (readBytes + writtenBytes) / rate - elapsed;
    return {
      phase,
      // Ranges read the blocks on their borders each for itself.
      readBytes: Math.min(readBytes, this.#totalBytes),
      writtenBytes,
      totalBytes: this.#totalBytes,
      entries,
      percent: 100 * part,
      bytesPerSecond: elapsed > 0.05 ? readBytes / elapsed : 0,
      etaSeconds: elapsed > 0.3 && part > 0.01 ? (elapsed * (1 - part)) / part : undefined,
      pauseMs: Math.max(wait, 1000 * due),
      outputs,
    };
  }
}
