/**
 * The work of a compaction over one range of user keys: merge, filter, write. What it takes and gives is
 * plain data, so that several can run beside each other in threads of their own (subcompactions); it
 * decides nothing about the tree and commits nothing. The proof of the range is part of it.
 */
import type { Clock } from '../../base/entropy.ts';
import { BlockMerge } from '../../formats/block/kernel/blockMerge.ts';
import { BATCH_AT, Record } from '../../formats/block/kernel/layout.ts';
import { BlockMachine } from '../../formats/block/kernel/machine.ts';
import { RunCursor, type TableSource } from '../../formats/block/runCursor.ts';
import type { TableBuilder } from '../../formats/block/tableBuilder.ts';
import { boundOf } from '../../formats/leveldb/internalKey.ts';
import type { BlobFileGarbage } from '../../formats/leveldb/versionEdit.ts';
import { decodeBlobIndex } from '../../formats/rocksdb/blob.ts';
import { baseName, type FileSystem } from '../../fs/fileSystem.ts';
import { type Cursor, MAX_SEQUENCE } from '../../iter/cursor.ts';
import { MergingCursor } from '../../iter/merging.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { type RangeTombstone, RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { TableInfo } from '../../model/tree.ts';
import { Below, type RunLookup } from './below.ts';
import { BlobGarbage, entityReferences } from './blobGarbage.ts';
import { Grandparents } from './grandparents.ts';
import { type EntrySink, MergeFilter } from './mergeFilter.ts';
import {
  finishedOutput,
  LIVE_OUTPUTS_MAX,
  type LiveOutput,
  type OutputPlace,
  Outputs,
  type OutputTable,
} from './outputs.ts';
import { type Digest, DigestWalk, equalDigests, StateDigest } from './proof.ts';
import { type MergeCounts, type MergeRules, NoDamage, proofFailure, sureMerge } from './rules.ts';
import { Stripes } from './stripes.ts';
import { TombstoneOutput } from './tombstoneOutput.ts';

/** What to merge. Plain data. */
export interface RangeJobInput {
  readonly family: number;
  readonly outputLevel: number;
  /** Sorted runs: each table of L0 by itself, the tables of a deeper level in key order. */
  readonly runs: readonly (readonly TableInfo[])[];
  /** User keys from `from` on and before `to`; undefined is open. */
  readonly from?: Uint8Array | undefined;
  readonly to?: Uint8Array | undefined;
  readonly maxOutputBytes: number;
  readonly grandparents: readonly TableInfo[];
  readonly maxGrandparentBytes: number;
  /** Tables under the outputs that are no inputs. */
  readonly below: readonly TableInfo[];
  /** Something may come to lie below at any time. */
  readonly ingestsBelow: boolean;
  readonly snapshots: readonly number[];
  readonly zeroSequences: boolean;
  /** As OPTIONS or a table property name it. */
  readonly mergeOperator: string | null;
  readonly hasBlobs: boolean;
}

/** What the job needs of the world around it. */
export interface RangeJobWorld {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly order: KeyOrder;
  readonly source: TableSource;
  /** Range deletions of a table, cut to its bounds. Throws StoreError. */
  tombstones(info: TableInfo): readonly RangeTombstone[];
  place(): OutputPlace;
  /** An output that `source` may have opened is removed. */
  forget(info: TableInfo): void;
}

export interface RangeProgress {
  readonly phase: 'merge' | 'proof';
  /** Bytes of blocks read. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly entries: number;
  /** Of `writtenBytes`, read back. */
  readonly provenBytes: number;
  /** What was written so far; see `Outputs.live`. */
  readonly outputs: readonly LiveOutput[];
}

export const NO_PROGRESS: RangeProgress = {
  phase: 'merge',
  readBytes: 0,
  writtenBytes: 0,
  entries: 0,
  provenBytes: 0,
  outputs: [],
};

export interface RangeJobResult {
  readonly tables: readonly OutputTable[];
  readonly counts: MergeCounts;
  /** Of what the inputs and, since it was proven, the outputs say; see proof.ts. */
  readonly digest: Digest;
  /** Range deletions of the inputs. */
  readonly rangeTombstones: number;
  readonly garbage: readonly BlobFileGarbage[];
  readonly readBytes: number;
}

/** How far a range is that is done. */
export function doneProgress({ tables, counts, readBytes }: RangeJobResult): RangeProgress {
  const writtenBytes = tables.reduce((sum, t) => sum + t.summary.bytes, 0);
  const outputs = tables.slice(-LIVE_OUTPUTS_MAX).map((t) => finishedOutput(t.number, t.summary));
  return { phase: 'proof', readBytes, writtenBytes, entries: counts.entries, provenBytes: writtenBytes, outputs };
}

/** Longest time between two yields, in milliseconds. */
export const SLICE_MS = 8;
/** Entries between two looks at the clock. */
const STEP_ENTRIES = 128;

/** Rules of a job, and the cursors over its inputs. */
export class RangeInputs {
  readonly rules: MergeRules;
  readonly cursor: Cursor;
  readonly tombstoneCount: number;
  readonly #runs: readonly RunCursor[];
  readonly #blocks: BlockMerge | undefined;

  /** With a machine the runs are merged by its kernels, where those can judge what they merge. */
  constructor(
    input: RangeJobInput,
    world: Pick<RangeJobWorld, 'order' | 'source' | 'tombstones'>,
    machine?: BlockMachine,
  ) {
    const { order, source } = world;
    const list: RangeTombstone[] = [];
    for (const run of input.runs) for (const t of run) for (const r of world.tombstones(t)) list.push(r);
    this.tombstoneCount = list.length;
    const tombstones = list.length === 0 ? undefined : new RangeTombstones(list, order);
    const below = new Below(input.below, order, input.ingestsBelow, lookupIn(source, order));
    const merge = sureMerge(input.mergeOperator);
    const stripes = new Stripes(input.snapshots);
    this.rules = { order, stripes, tombstones, below, zeroSequences: input.zeroSequences, merge };
    const damage = new NoDamage();
    if (machine !== undefined && order.bytewise && order.timestampSize === 0 && stripes.single && list.length === 0) {
      this.#runs = [];
      this.#blocks = new BlockMerge(machine, source, input.runs, order, damage);
      this.cursor = this.#blocks;
      return;
    }
    this.#runs = input.runs.map((run) => new RunCursor(source, run, run[0]?.level ?? 0, order, damage));
    const [only] = this.#runs;
    this.cursor = this.#runs.length === 1 && only !== undefined ? only : new MergingCursor(this.#runs, order.compare);
  }

  start(from: Uint8Array | undefined): void {
    if (from === undefined) this.cursor.first();
    else this.cursor.seek(from, MAX_SEQUENCE);
  }

  get readBytes(): number {
    let bytes = this.#blocks?.readBytes ?? 0;
    for (const run of this.#runs) bytes += run.bytesRead;
    return bytes;
  }

  close(): void {
    this.#blocks?.close();
    for (const run of this.#runs) run.close();
  }
}

/** Looks a key up in a run below; cursors are made and closed for each, since this is rare. */
export function lookupIn(source: TableSource, order: KeyOrder): RunLookup {
  return (run, key) => {
    const cursor = new RunCursor(source, run, run[0]?.level ?? 0, order, new NoDamage());
    try {
      cursor.seek(key, MAX_SEQUENCE);
      return (
        cursor.valid && order.compare(cursor.keyBuffer, cursor.keyStart, cursor.keyLength, key, 0, key.length) === 0
      );
    } finally {
      cursor.close();
    }
  };
}

/** Yields in slices. If it is ended early or fails, everything that it wrote is removed. */
export function* rangeJob(input: RangeJobInput, world: RangeJobWorld): Generator<RangeProgress, RangeJobResult, void> {
  const machine = new BlockMachine();
  // Values that are dropped have to be looked at one by one where some of them stand in blob files.
  const inputs = new RangeInputs(input, world, input.hasBlobs ? undefined : machine);
  const { rules } = inputs;
  const tombstones = new TombstoneOutput(rules.tombstones, world.order, rules.stripes, rules.below);
  const limits = {
    maxBytes: input.maxOutputBytes,
    grandparents: new Grandparents(input.grandparents, input.maxGrandparentBytes, world.order),
  };
  const outputs = new Outputs(
    world.fs,
    () => world.place(),
    limits,
    tombstones,
    { from: input.from, to: input.to },
    input.hasBlobs ? noteEntityBlobs : undefined,
    machine,
  );
  const garbage = input.hasBlobs ? new BlobGarbage() : undefined;
  const digest = new StateDigest(rules, machine);
  const filter = new MergeFilter(inputs.cursor, rules, outputs, {
    witness: digest,
    dropped: garbage?.drop,
    end: input.to,
  });
  let done = false;
  try {
    inputs.start(input.from);
    const { clock } = world;
    for (let until = clock.elapsed() + SLICE_MS; filter.step(STEP_ENTRIES); ) {
      if (clock.elapsed() < until) continue;
      yield {
        phase: 'merge',
        readBytes: inputs.readBytes,
        writtenBytes: outputs.bytes,
        entries: filter.counts.entries,
        provenBytes: 0,
        outputs: outputs.live(),
      };
      until = clock.elapsed() + SLICE_MS;
    }
    const tables = outputs.finish();
    const { counts } = filter;
    inputs.close();
    const written = { writtenBytes: outputs.bytes, outputs: outputs.live() };
    const before = { readBytes: inputs.readBytes, ...written, entries: counts.entries };
    yield* proveRange(input, world, machine, tables, counts, digest.digest, before);
    done = true;
    return {
      tables,
      counts,
      digest: digest.digest,
      rangeTombstones: inputs.tombstoneCount,
      garbage: garbage?.list ?? [],
      readBytes: inputs.readBytes,
    };
  } finally {
    inputs.close();
    if (!done) outputs.abort();
  }
}

/** Throws CORRUPT unless the tables, read back from their files, say what went into the merge. */
function* proveRange(
  input: RangeJobInput,
  world: RangeJobWorld,
  machine: BlockMachine,
  tables: readonly OutputTable[],
  counts: MergeCounts,
  expected: Digest,
  merged: Omit<RangeProgress, 'phase' | 'provenBytes'>,
): Generator<RangeProgress, void, void> {
  if (counts.written + counts.hidden + counts.tombstones !== counts.entries) {
    throw proofFailure(`${counts.entries} entries went in, ${counts.written} came out`);
  }
  const points = tables.reduce((n, t) => n + t.summary.entries - t.summary.rangeDeletions, 0);
  if (points !== counts.written) throw proofFailure(`${counts.written} entries were written, ${points} are there`);
  const infos = tables.map((t) => readBack(t, input.family, input.outputLevel));
  const again = { ...input, runs: runsOf(infos, world.order) };
  const written = new RangeInputs(again, world, machine);
  const { rules } = written;
  const digest = new StateDigest(rules, machine);
  const walk = new DigestWalk(written.cursor, digest, rules.stripes, rules.tombstones);
  const { clock } = world;
  try {
    written.start(undefined);
    for (let until = clock.elapsed() + SLICE_MS; walk.step(STEP_ENTRIES); ) {
      if (clock.elapsed() < until) continue;
      yield { phase: 'proof', ...merged, provenBytes: written.readBytes };
      until = clock.elapsed() + SLICE_MS;
    }
    if (!equalDigests(digest.digest, expected)) {
      throw proofFailure('the outputs do not show the same entries as the inputs');
    }
  } catch (thrown) {
    for (const info of infos) world.forget(info);
    throw thrown;
  } finally {
    written.close();
  }
}

/** An output as a table to be read. */
function readBack({ number, path, summary }: OutputTable, family: number, level: number): TableInfo {
  return {
    family,
    level,
    number,
    file: baseName(path),
    bytes: summary.bytes,
    smallest: boundOf(summary.smallest),
    largest: boundOf(summary.largest),
    smallestSeq: summary.smallestSeq,
    largestSeq: summary.largestSeq,
  };
}

/** Sorted runs: each table of L0 by itself, the tables of a deeper level in key order. */
export function runsOf(tables: readonly TableInfo[], order: KeyOrder): TableInfo[][] {
  const runs: TableInfo[][] = [];
  const levels = new Map<number, TableInfo[]>();
  for (const t of tables) {
    const level = levels.get(t.level);
    if (t.level === 0) runs.push([t]);
    else if (level !== undefined) level.push(t);
    else {
      const first = [t];
      levels.set(t.level, first);
      runs.push(first);
    }
  }
  for (const level of levels.values()) {
    level.sort((a, b) =>
      order.compareUser(a.smallest.key, 0, a.smallest.key.length, b.smallest.key, 0, b.smallest.key.length),
    );
  }
  return runs;
}

function noteEntityBlobs(value: Uint8Array, start: number, length: number, builder: TableBuilder): void {
  for (const reference of entityReferences(value.subarray(start, start + length))) {
    const index = decodeBlobIndex(reference);
    if (index.kind === 'blob') builder.noteBlobFile(index.file);
  }
}

/** What a dry run counts. */
export interface RangeCount {
  readonly counts: MergeCounts;
  /** Range deletions of the inputs, and those that would be written before they are cut to tables. */
  readonly rangeTombstones: number;
  readonly rangeTombstonesKept: number;
  /** Bytes of keys and values in, and of those that would be written. */
  readonly rawBytes: number;
  readonly rawBytesOut: number;
}

class CountingSink implements EntrySink {
  bytes = 0;

  add(
    _new: boolean,
    _key: Uint8Array,
    _start: number,
    keyLength: number,
    _s: number,
    _t: number,
    _v: Uint8Array,
    _vs: number,
    length: number,
  ): void {
    this.bytes += keyLength + length;
  }

  addBatch(machine: BlockMachine, count: number): void {
    for (let r = BATCH_AT; r < BATCH_AT + count * Record.bytes; r += Record.bytes) {
      this.bytes += machine.word(r + Record.keyLength) + machine.word(r + Record.valueLength);
    }
  }
}

/** Merges as `rangeJob` does and writes nothing. */
export function* countRange(
  input: RangeJobInput,
  world: Pick<RangeJobWorld, 'order' | 'source' | 'tombstones' | 'clock'>,
): Generator<RangeProgress, RangeCount, void> {
  const inputs = new RangeInputs(input, world, input.hasBlobs ? undefined : new BlockMachine());
  const { rules } = inputs;
  const tombstones = new TombstoneOutput(rules.tombstones, world.order, rules.stripes, rules.below);
  const sink = new CountingSink();
  const filter = new MergeFilter(inputs.cursor, rules, sink, { end: input.to });
  try {
    inputs.start(input.from);
    const { clock } = world;
    for (let until = clock.elapsed() + SLICE_MS; filter.step(STEP_ENTRIES); ) {
      if (clock.elapsed() < until) continue;
      yield {
        phase: 'merge',
        readBytes: inputs.readBytes,
        writtenBytes: 0,
        entries: filter.counts.entries,
        provenBytes: 0,
        outputs: [],
      };
      until = clock.elapsed() + SLICE_MS;
    }
    return {
      counts: filter.counts,
      rangeTombstones: inputs.tombstoneCount,
      rangeTombstonesKept: tombstones.count,
      rawBytes: filter.bytes,
      rawBytesOut: sink.bytes,
    };
  } finally {
    inputs.close();
  }
}
