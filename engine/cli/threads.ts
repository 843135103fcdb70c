/** Threads: each is this same program, started with a range to merge or with files to check in place of a command. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../base/entropy.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import { readOnlyFs } from '../fs/readOnlyFs.ts';
import { type SpawnRange, serveRange, type ThreadJob, type ThreadMessage } from '../store/compaction/threads.ts';
import type { VerifyTask } from '../store/verify/tasks.ts';
import { type SpawnVerify, serveVerify, type VerifyMessage } from '../store/verify/verify.ts';

/** Beyond this more threads only wait for the disk. */
const THREADS_MAX = 4;

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
  const worker = new Worker(process.argv[1] as string, { workerData: { waits: true }, argv: [] });
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
  if (worker === undefined) return new Worker(process.argv[1] as string, { workerData: { range: job }, argv: [] });
  worker.ref();
  worker.postMessage(job);
  return worker;
}

export const spawnRange: SpawnRange = (job, message, failed) => {
  const worker = rangeWorker(job);
  worker.on('message', (m: ThreadMessage) => message(m));
  worker.on('error', (e) => failed(e instanceof Error ? e.message : String(e)));
  worker.on('exit', (code) => failed(`exit code ${code}`));
  return {
    stop: () => {
      void worker.terminate();
    },
  };
};

export const spawnVerify: SpawnVerify = (message, failed) => {
  const worker = new Worker(process.argv[1] as string, { workerData: { verify: true }, argv: [] });
  let stopped = false;
  worker.on('message', (m: VerifyMessage) => message(m));
  worker.on('error', (e) => failed(e instanceof Error ? e.message : String(e)));
  worker.on('exit', (code) => {
    if (!stopped) failed(`exit code ${code}`);
  });
  return {
    check: (task) => worker.postMessage(task),
    stop: () => {
      stopped = true;
      void worker.terminate();
    },
  };
};

/** True if this thread was started for a range, which is done by then, or to check files, which goes on. */
export function servedThread(): boolean {
  if (isMainThread || parentPort === null) return false;
  const port = parentPort;
  const { range, verify, waits } = workerData as { range?: ThreadJob; verify?: boolean; waits?: boolean };
  const serve = (job: ThreadJob): void => serveRange(job, nodeFs, systemClock, (m) => port.postMessage(m));
  if (range !== undefined) serve(range);
  else if (waits === true) port.once('message', serve);
  else if (verify === true) {
    const check = serveVerify(readOnlyFs(nodeFs), (m) => port.postMessage(m));
    port.on('message', (task: VerifyTask) => check(task));
  } else return false;
  return true;
}
