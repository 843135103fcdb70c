/**
 * Ranges of one compaction in threads beside each other (subcompactions).
 *
 * A thread gets its range as plain data with file numbers of its own, opens the inputs by itself, and
 * sends back what it wrote. It touches nothing but those new files: the tree, the MANIFEST and the LOCK
 * belong to the thread that holds the store. How a thread is made is for the environment to know.
 */
import type { Clock } from '../../base/entropy.ts';
import { type Problem, StoreError, toStoreError } from '../../base/errors.ts';
import type { TableBuilderOptions } from '../../formats/block/tableBuilder.ts';
import { TableReader } from '../../formats/block/tableReader.ts';
import { tableFileName } from '../../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { keyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';
import { tableTombstones } from '../tableTombstones.ts';
import type { OutputPlace } from './outputs.ts';
import {
  doneProgress,
  NO_PROGRESS,
  type RangeJobInput,
  type RangeJobResult,
  type RangeJobWorld,
  type RangeProgress,
  rangeJob,
} from './rangeJob.ts';
import { checkComplete } from './rules.ts';

/** What a thread is given. Plain data but for the shared memory. */
export interface ThreadJob {
  readonly directory: string;
  readonly comparator: string;
  readonly extension: 'sst' | 'ldb';
  readonly input: RangeJobInput;
  readonly builder: Omit<TableBuilderOptions, 'order'>;
  /** For the outputs, in this order. */
  readonly numbers: readonly number[];
  /** Two words: [0] is set to make it stop, [1] by the thread when it has ended and cleaned up. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

export type ThreadMessage =
  | { readonly kind: 'progress'; readonly progress: RangeProgress }
  | { readonly kind: 'done'; readonly result: RangeJobResult }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Starts a thread; `failed` is for one that ends without a word. */
export type SpawnRange = (
  job: ThreadJob,
  message: (m: ThreadMessage) => void,
  failed: (reason: string) => void,
) => { stop(): void };

const STOP = 0;
const ENDED = 1;
/** How long a cancelled thread is waited for: it looks up every few milliseconds. */
const STOP_MS = 3000;

/** Inside of the thread: does the job and tells of it. */
export function serveRange(job: ThreadJob, fs: FileSystem, clock: Clock, send: (m: ThreadMessage) => void): void {
  const { control } = job;
  const world = new ThreadWorld(job, fs, clock);
  const steps = rangeJob(job.input, world);
  let told = clock.elapsed();
  try {
    for (;;) {
      if (Atomics.load(control, STOP) !== 0) return;
      const step = steps.next();
      if (step.done === true) {
        send({ kind: 'done', result: step.value });
        return;
      }
      if (clock.elapsed() - told < 50) continue;
      told = clock.elapsed();
      send({ kind: 'progress', progress: step.value });
    }
  } catch (thrown) {
    send({ kind: 'failed', problem: toStoreError(thrown).toProblem() });
  } finally {
    steps.return(undefined as never);
    world.close();
    Atomics.store(control, ENDED, 1);
    Atomics.notify(control, ENDED);
  }
}

class ThreadWorld implements RangeJobWorld {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly order: RangeJobWorld['order'];
  readonly #job: ThreadJob;
  readonly #open = new Map<number, TableReader>();
  #used = 0;

  constructor(job: ThreadJob, fs: FileSystem, clock: Clock) {
    this.fs = fs;
    this.clock = clock;
    this.order = keyOrder(job.comparator);
    this.#job = job;
  }

  readonly source = {
    acquire: (info: TableInfo): TableReader => this.#table(info),
    // A range goes through its tables once; they stay open until it ends.
    release: (): void => {},
  };

  tombstones(info: TableInfo): ReturnType<RangeJobWorld['tombstones']> {
    return this.#job.builder.dialect === 'leveldb' ? [] : tableTombstones(this.#table(info), info);
  }

  place(): OutputPlace {
    const { numbers, directory, extension, builder } = this.#job;
    const number = numbers[this.#used++];
    if (number === undefined) throw new StoreError('IO', 'a thread of the compaction ran out of file numbers');
    const identity = builder.identity === undefined ? {} : { identity: { ...builder.identity, fileNumber: number } };
    // Any number ties the checksums to the file, as long as no other file has it.
    const base = builder.contextBase ?? 0;
    const contextBase = base === 0 ? 0 : (base + Math.imul(number, 0x9e3779b1)) >>> 0 || 1;
    const options = { ...builder, ...identity, contextBase, order: this.order };
    return { number, path: joinPath(directory, tableFileName(number, extension)), options };
  }

  forget(info: TableInfo): void {
    this.#open.get(info.number)?.close();
    this.#open.delete(info.number);
  }

  close(): void {
    for (const table of this.#open.values()) table.close();
    this.#open.clear();
  }

  #table(info: TableInfo): TableReader {
    const known = this.#open.get(info.number);
    if (known !== undefined) return known;
    const file = this.fs.open(joinPath(this.#job.directory, info.file), 'read');
    try {
      const table = new TableReader(file, {
        dialect: this.#job.builder.dialect,
        order: this.order,
        expectedBytes: this.#job.builder.dialect === 'rocksdb' ? info.bytes : undefined,
        largestSeq: info.largestSeq,
      });
      checkComplete(table, info.file);
      this.#open.set(info.number, table);
      return table;
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }
}

/** A range under way in a thread, seen from the thread that holds the store. */
export class RangeThread {
  readonly numbers: readonly number[];
  progress: RangeProgress = NO_PROGRESS;
  result: RangeJobResult | undefined;
  error: StoreError | undefined;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #thread: { stop(): void };

  constructor(job: Omit<ThreadJob, 'control'>, spawn: SpawnRange) {
    this.#control = new Int32Array(new SharedArrayBuffer(8));
    this.numbers = job.numbers;
    this.#thread = spawn(
      { ...job, control: this.#control },
      (m) => {
        if (m.kind === 'progress') this.progress = m.progress;
        else if (m.kind === 'done') {
          this.result = m.result;
          this.progress = doneProgress(m.result);
        } else this.error = new StoreError(m.problem.code, m.problem.message, m.problem);
      },
      (reason) => {
        if (this.result !== undefined || this.error !== undefined) return;
        this.error = new StoreError('IO', `a thread of the compaction ended: ${reason}`);
      },
    );
  }

  /** Waits until the thread has removed what it wrote, or cannot be expected to. */
  cancel(): void {
    Atomics.store(this.#control, STOP, 1);
    if (this.error === undefined && this.result === undefined) Atomics.wait(this.#control, ENDED, 0, STOP_MS);
    this.#thread.stop();
  }
}
