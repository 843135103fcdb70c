/** Threads for a compaction: each is this same program, started with a range to merge in place of a command. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../base/entropy.ts';
import { nodeFs } from '../fs/nodeFs.ts';
import { type SpawnRange, serveRange, type ThreadJob, type ThreadMessage } from '../store/compaction/threads.ts';

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

/** True if this thread was started for a range, which is done by then. */
export function servedRange(): boolean {
  if (isMainThread || parentPort === null) return false;
  const port = parentPort;
  const { range } = workerData as { range?: ThreadJob };
  if (range === undefined) return false;
  serveRange(range, nodeFs, systemClock, (m) => port.postMessage(m));
  return true;
}
