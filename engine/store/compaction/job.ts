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
import { RunCursor } from '../../formats/block/runCursor.ts';
import type { TableBuilderOptions, TableSummary } from '../../formats/block/tableBuilder.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';
import type { Dialect } from '../../formats/leveldb/dialect.ts';
import { tableFileName } from '../../formats/leveldb/names.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../../formats/leveldb/versionEdit.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { MergingCursor } from '../../iter/merging.ts';
import { RangeTombstones } from '../../iter/rangeTombstones.ts';
import { checkLevels } from '../../model/check.ts';
import type { EventKind, IoCost } from '../../model/events.ts';
import type { TableInfo, TreeView } from '../../model/tree.ts';
import type { Choice, CompactChoice, DropChoice } from '../../policy/policy.ts';
import type { StoreReader } from '../reader.ts';
import { tableTombstones } from '../tableTombstones.ts';
import { buildView, type FamilyVersion, placeTable } from '../version.ts';
import type { StoreView } from '../view.ts';
import { checkDisk } from '../writeGate.ts';
import { Below } from './below.ts';
import { jobInput, runsOf } from './inputs.ts';
import type { OutputTable } from './outputs.ts';
import { DigestWalk, equalDigests, StateDigest, sameCoverage } from './proof.ts';
import { lookupIn, type RangeJobResult, type RangeJobWorld, rangeJob, SLICE_MS } from './rangeJob.ts';
import { NoDamage, proofFailure, sureMerge } from './rules.ts';
import { Stripes } from './stripes.ts';
import { type CompactionSummary, shapeOf } from './summary.ts';

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
  logAndApply(
    edit: VersionEdit,
    story?: { readonly kind: EventKind; readonly why?: string; readonly io?: IoCost },
  ): void;
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
}

export type Phase = 'merge' | 'proof' | 'commit';

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
}

export interface CompactionResult {
  readonly kind: 'none' | 'compact' | 'move' | 'drop';
  /** Why nothing was done, or the policy's reason. */
  readonly why: string;
  readonly family: number;
  readonly inputs: readonly TableInfo[];
  readonly outputs: readonly TableInfo[];
  readonly outputLevel: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly summary: CompactionSummary;
}

/** Share of the time that merging takes; the rest is the proof. */
const MERGE_SHARE = 0.85;
/** Keys between two looks at the clock while outputs are read back. */
const PROOF_KEYS = 512;

/** Throws StoreError; CANCELLED if it was asked to stop. The store is then as it was. */
export function* compactionJob(
  host: CompactionHost,
  family: number,
  choice: Choice,
  options: JobOptions,
): Generator<Progress, CompactionResult, void> {
  const view = host.reader.view.retain();
  try {
    const before = view.family(family);
    if (choice.kind === 'none') return result('none', choice.why, before, before, [], [], -1, 0, 0);
    if (choice.kind === 'drop') return drop(host, before, choice);
    if (choice.isTrivialMove) return move(host, before, choice);
    return yield* new Compaction(host, view, before, choice, options).run();
  } finally {
    view.release();
  }
}

function drop(host: CompactionHost, family: FamilyVersion, choice: DropChoice): CompactionResult {
  const edit: VersionEdit = { ...emptyEdit(), family: family.state.id };
  for (const t of choice.tables) edit.deletedFiles.push({ level: choice.level, number: t.number });
  host.logAndApply(edit, { kind: 'drop', why: choice.reason.code });
  host.removeObsolete();
  const now = host.reader.view.family(family.state.id);
  return result('drop', choice.reason.text, family, now, choice.tables, [], choice.level, 0, 0);
}

/** Tables change their level by an edit alone. */
function move(host: CompactionHost, family: FamilyVersion, choice: CompactChoice): CompactionResult {
  const edit: VersionEdit = { ...emptyEdit(), family: family.state.id };
  const inputs = choice.inputs.flatMap((i) => i.tables);
  const moved: TableInfo[] = [];
  for (const t of inputs) {
    const file = family.state.tables.get(t.number);
    if (file === undefined) throw new StoreError('INPUT', `table ${t.number} is not live any more`);
    edit.deletedFiles.push({ level: t.level, number: t.number });
    edit.newFiles.push({ ...file, level: choice.outputLevel });
    moved.push({ ...t, level: choice.outputLevel });
  }
  checkTree(family, host.reader.view, inputs, moved);
  pointer(edit, choice);
  host.logAndApply(edit, { kind: 'move', why: choice.reason.code });
  const now = host.reader.view.family(family.state.id);
  return result('move', choice.reason.text, family, now, inputs, moved, choice.outputLevel, 0, 0);
}

function pointer(edit: VersionEdit, choice: CompactChoice): void {
  if (choice.compactPointer !== undefined) edit.compactCursors.push(choice.compactPointer);
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
      yield* this.#prove(merged, infos);
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
      if (committed) this.#host.removeObsolete();
    }
  }

  *#merge(): Generator<Progress, RangeJobResult, void> {
    const input = jobInput(this.#view, this.#family, this.#choice, this.#host.snapshots());
    const job = rangeJob(input, this.#world());
    try {
      for (;;) {
        const step = job.next();
        if (step.done === true) return step.value;
        this.#cancelled();
        const { readBytes, writtenBytes, entries } = step.value;
        yield this.#progress('merge', readBytes, writtenBytes, entries, (MERGE_SHARE * readBytes) / this.#totalBytes);
      }
    } finally {
      // Ends the job where it stands, so that it removes what it wrote.
      job.return(undefined as never);
    }
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
        const number = host.allocateFileNumber();
        host.pendingOutputs.add(number);
        this.#numbers.push(number);
        const path = joinPath(host.directory, tableFileName(number, host.dialect.tableExtension));
        return { number, path, options: host.builderOptions(this.#family, this.#choice.outputLevel, number) };
      },
    };
  }

  readonly #source = {
    acquire: (info: TableInfo): TableReader => this.#view.acquire(info),
    release: (info: TableInfo, table: TableReader): void => this.#view.releaseTable(info, table),
  };

  #tombstones(info: TableInfo): readonly RangeTombstones['list'][number][] {
    if (!this.#host.dialect.hasRangeDeletions) return [];
    const table = this.#view.acquire(info);
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

  *#prove(merged: RangeJobResult, outputs: readonly TableInfo[]): Generator<Progress, void, void> {
    const { order } = this.#family;
    const input = jobInput(this.#view, this.#family, this.#choice, this.#host.snapshots());
    const { counts } = merged;
    if (counts.written + counts.hidden + counts.tombstones !== counts.entries) {
      throw proofFailure(`${counts.entries} entries went in, ${counts.written} came out`);
    }
    const points = merged.tables.reduce((n, t) => n + t.summary.entries - t.summary.rangeDeletions, 0);
    if (points !== counts.written) throw proofFailure(`${counts.written} entries were written, ${points} are there`);
    const stripes = new Stripes(input.snapshots);
    const below = new Below(input.below, order, input.ingestsBelow, lookupIn(this.#source, order));
    const tombstonesOf = (tables: readonly TableInfo[]): RangeTombstones | undefined => {
      const list = tables.flatMap((t) => this.#tombstones(t));
      return list.length === 0 ? undefined : new RangeTombstones(list, order);
    };
    try {
      const tombstones = tombstonesOf(outputs);
      if (!sameCoverage(tombstonesOf(this.#inputs), tombstones, outputs, order, stripes, below)) {
        throw proofFailure('the outputs do not delete the same ranges as the inputs');
      }
      const digest = new StateDigest({ stripes, tombstones, below, merge: sureMerge(input.mergeOperator) });
      yield* this.#digest(outputs, digest, stripes, tombstones, counts.entries);
      if (!equalDigests(digest.digest, merged.digest)) {
        throw proofFailure('the outputs do not show the same entries as the inputs');
      }
    } catch (thrown) {
      // Whatever is read anew under these numbers must not find the tables that go now.
      for (const info of outputs) this.#view.shared.tables.forget(info);
      throw thrown;
    }
  }

  *#digest(
    outputs: readonly TableInfo[],
    digest: StateDigest,
    stripes: Stripes,
    tombstones: RangeTombstones | undefined,
    entries: number,
  ): Generator<Progress, void, void> {
    const { clock } = this.#options;
    const { order } = this.#family;
    const damage = new NoDamage();
    // In L0 each table is a run, and outputs that came from several ranges do not overlap anyway.
    const runs = runsOf(outputs, order).map(
      (run) => new RunCursor(this.#source, run, run[0]?.level ?? 0, order, damage),
    );
    const total = Math.max(
      1,
      outputs.reduce((sum, t) => sum + t.bytes, 0),
    );
    const cursor = new MergingCursor(runs, order.compare);
    try {
      cursor.first();
      const walk = new DigestWalk(cursor, digest, stripes, tombstones);
      for (let until = clock.elapsed() + SLICE_MS; walk.step(PROOF_KEYS); ) {
        if (clock.elapsed() < until) continue;
        this.#cancelled();
        const read = runs.reduce((sum, r) => sum + r.bytesRead, 0);
        const share = MERGE_SHARE + ((1 - MERGE_SHARE) * read) / total;
        yield this.#progress('proof', this.#totalBytes, total, entries, share);
        until = clock.elapsed() + SLICE_MS;
      }
    } finally {
      cursor.close();
    }
  }

  #commit(merged: RangeJobResult, files: readonly NewFile[]): void {
    const edit: VersionEdit = { ...emptyEdit(), family: this.#family.state.id };
    for (const t of this.#inputs) edit.deletedFiles.push({ level: t.level, number: t.number });
    edit.newFiles.push(...files);
    const known = this.#family.state.blobFiles;
    for (const g of merged.garbage) if (known.has(g.number)) edit.blobGarbage.push(g);
    pointer(edit, this.#choice);
    const io = { readBytes: this.#totalBytes, writtenBytes: files.reduce((sum, f) => sum + f.bytes, 0) };
    this.#host.logAndApply(edit, { kind: 'compaction', why: this.#choice.reason.code, io });
  }

  #discard(tables: readonly OutputTable[]): void {
    for (const t of tables) {
      try {
        this.#options.fs.remove(t.path);
      } catch {
        // An obsolete file is in nobody's way, and goes when the store is opened next.
      }
    }
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
      seconds: (this.#options.clock.elapsed() - this.#started) / 1000,
    };
    return { ...plain, summary };
  }

  #cancelled(): void {
    if (this.#options.isCancelled?.() === true) throw new StoreError('CANCELLED', 'the compaction was cancelled');
  }

  #progress(phase: Phase, readBytes: number, writtenBytes: number, entries: number, share: number): Progress {
    const elapsed = (this.#options.clock.elapsed() - this.#started) / 1000;
    const part = Math.min(share, 0.999);
    const rate = this.#options.bytesPerSecond;
    const due = rate === undefined || rate <= 0 ? 0 : (readBytes + writtenBytes) / rate - elapsed;
    return {
      phase,
      readBytes,
      writtenBytes,
      totalBytes: this.#totalBytes,
      entries,
      percent: 100 * part,
      bytesPerSecond: elapsed > 0.05 ? readBytes / elapsed : 0,
      etaSeconds: elapsed > 0.3 && part > 0.01 ? (elapsed * (1 - part)) / part : undefined,
      pauseMs: Math.max(0, 1000 * due),
    };
  }
}

/** Range deletions that are gone: fragments may be more than what they were cut from. */
export function droppedRanges(merged: Pick<RangeJobResult, 'tables' | 'rangeTombstones'>): number {
  const kept = merged.tables.reduce((n, t) => n + t.summary.rangeDeletions, 0);
  return Math.max(0, merged.rangeTombstones - kept);
}

/** Throws if the tree with `outputs` in place of `inputs` breaks a rule that it kept before. */
function checkTree(
  family: FamilyVersion,
  view: StoreView,
  inputs: readonly TableInfo[],
  outputs: readonly TableInfo[],
): void {
  const gone = new Set(inputs.map((t) => t.number));
  const { order, view: tree } = family;
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  const findings = (t: TreeView): string[] =>
    checkLevels(t, compare, { lastSequence: view.lastSequence }).map((f) => f.message);
  for (const t of inputs) {
    if (family.state.tables.get(t.number) === undefined) {
      throw new StoreError('INPUT', `table ${t.number} is not live any more`, { path: t.file });
    }
  }
  const known = new Set(findings(tree));
  const tables = [...family.tables.filter((t) => !gone.has(t.number)), ...outputs];
  const broken = findings(buildView(family.state.id, tables, order, tree.blobFiles)).find((m) => !known.has(m));
  if (broken !== undefined) throw proofFailure(`the tree would be wrong: ${broken}`);
}

function result(
  kind: CompactionResult['kind'],
  why: string,
  before: FamilyVersion,
  now: FamilyVersion,
  inputs: readonly TableInfo[],
  outputs: readonly TableInfo[],
  outputLevel: number,
  readBytes: number,
  writtenBytes: number,
): CompactionResult {
  const summary: CompactionSummary = {
    before: shapeOf(before.view),
    after: shapeOf(now.view),
    entriesRead: 0,
    hiddenEntries: 0,
    droppedTombstones: 0,
    seconds: 0,
  };
  return { kind, why, family: before.state.id, inputs, outputs, outputLevel, readBytes, writtenBytes, summary };
}
