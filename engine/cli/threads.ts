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

export const spawnRange: SpawnRange = (job, message, failed) => {
  const worker = new Worker(process.argv[1] as string, { workerData: { range: job }, argv: [] });
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
  const { range, verify } = workerData as { range?: ThreadJob; verify?: boolean };
  if (range !== undefined) serveRange(range, nodeFs, systemClock, (m) => port.postMessage(m));
  else if (verify === true) {
    const check = serveVerify(readOnlyFs(nodeFs), (m) => port.postMessage(m));
    port.on('message', (task: VerifyTask) => check(task));
  } else return false;
  return true;
}
