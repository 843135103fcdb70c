/** Threads: each is this same program, started with a range to merge or with files to check in place of a command. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nodeFs } from '../fs/nodeFs.ts';
import type { ThreadJob } from '../store/compaction/threads.ts';
import { type HelperData, serveHelper, spawnRangeWith, spawnVerifyWith, THREADS_MAX } from '../threads.ts';

export function threadCount(): number {
  return Math.min(THREADS_MAX, availableParallelism());
}

/** A thread that loads the program while the store is opened, and waits for its range. */
let prepared: Worker | undefined;

/** Tables from which a compaction may be worth a second thread. */
const TABLES_MIN = 8;

/** To be called before a store is opened for a compaction: starting a thread takes as long as merging some megabytes. */
export function prepareThread(directory: string): void {
  if (threadCount() < 2 || prepared !== undefined) return;
  try {
    if (nodeFs.list(directory).filter((name) => /\.(ldb|sst)$/.test(name)).length < TABLES_MIN) return;
  } catch {
    // Opening the store will say what is wrong.
    return;
  }
  const worker = helper({ waits: true });
  prepared = worker;
  // The program may end without it; without the program it ends too.
  worker.unref();
  worker.once('error', () => {
    if (prepared === worker) prepared = undefined;
  });
}

function rangeWorker(job: ThreadJob): Worker {
  const worker = prepared;
  prepared = undefined;
  if (worker === undefined) return helper({ range: job });
  worker.ref();
  worker.postMessage(job);
  return worker;
}

function helper(workerData: HelperData): Worker {
  return new Worker(process.argv[1] as string, { workerData, argv: [] });
}

export const spawnRange = spawnRangeWith(rangeWorker);

export const spawnVerify = spawnVerifyWith(() => helper({ verify: true }));

/** True if this thread was started to help another, and does. */
export function servedThread(): boolean {
  return !isMainThread && parentPort !== null && serveHelper(workerData as HelperData, parentPort);
}
