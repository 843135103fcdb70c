/**
 * Threads beside the engine's own: one merges a range of a compaction and is done, one checks the files that it is
 * sent. Both run the program that started them, with a `HelperData` in place of its work.
 */
import type { MessagePort, Worker } from 'node:worker_threads';
import { systemClock } from './base/entropy.ts';
import { nodeFs } from './fs/nodeFs.ts';
import { readOnlyFs } from './fs/readOnlyFs.ts';
import { type SpawnRange, serveRange, type ThreadJob, type ThreadMessage } from './store/compaction/threads.ts';
import type { VerifyTask } from './store/verify/tasks.ts';
import { type SpawnVerify, serveVerify, type VerifyMessage } from './store/verify/verify.ts';

/** Beyond this more threads only wait for the disk. */
export const THREADS_MAX = 4;

/** What makes a thread a helper, as its `workerData`. */
export interface HelperData {
  readonly range?: ThreadJob;
  /** It merges the range that it is sent, so that the program is loaded before there is one. */
  readonly waits?: boolean;
  /** It checks the files that it is sent. */
  readonly verify?: boolean;
}

const worded = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** A `SpawnRange` over threads that `start` gives. */
export function spawnRangeWith(start: (job: ThreadJob) => Worker): SpawnRange {
  return (job, message, failed) => {
    const worker = start(job);
    worker.on('message', (m: ThreadMessage) => message(m));
    worker.on('error', (e) => failed(worded(e)));
    worker.on('exit', (code) => failed(`exit code ${code}`));
    return {
      stop: () => {
        void worker.terminate();
      },
    };
  };
}

/** A `SpawnVerify` over threads that `start` gives. */
export function spawnVerifyWith(start: () => Worker): SpawnVerify {
  return (message, failed) => {
    const worker = start();
    let stopped = false;
    worker.on('message', (m: VerifyMessage) => message(m));
    worker.on('error', (e) => failed(worded(e)));
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
}

/** Does a helper's work in this thread; false if it was not started as one. */
export function serveHelper({ range, waits, verify }: HelperData, port: MessagePort): boolean {
  const serve = (job: ThreadJob): void => serveRange(job, nodeFs, systemClock, (m) => port.postMessage(m));
  if (range !== undefined) serve(range);
  else if (waits === true) port.once('message', serve);
  else if (verify === true) {
    const check = serveVerify(readOnlyFs(nodeFs), (m) => port.postMessage(m));
    port.on('message', (task: VerifyTask) => check(task));
  } else return false;
  return true;
}
