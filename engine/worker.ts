/**
 * The engine in a worker thread: wires the file system, the clock and the port to the service. The same
 * program, started with a range, merges that range of a compaction beside the thread that started it.
 */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from './base/entropy.ts';
import { nodeFs } from './fs/nodeFs.ts';
import { readOnlyFs } from './fs/readOnlyFs.ts';
import type { EngineNotice, Params } from './protocol/engineApi.ts';
import { serve } from './protocol/rpc.ts';
import { type Environment, Service } from './service.ts';
import { type SpawnRange, serveRange, type ThreadJob, type ThreadMessage } from './store/compaction/threads.ts';
import { lockOwner } from './store/lock.ts';
import type { VerifyTask } from './store/verify/tasks.ts';
import { type SpawnVerify, serveVerify, type VerifyMessage } from './store/verify/verify.ts';
import { systemWriteEnvironment, type WriteEnvironment } from './store/writeEnvironment.ts';

/** What a thread of the engine is started with. */
interface StartData {
  /** This program's own file; without it compactions stay in this thread. */
  readonly file?: string;
  /** Threads of a compaction, instead of as many as leave a processor to the editor. */
  readonly threads?: number;
  readonly range?: ThreadJob;
  /** It is to check files that it is sent. */
  readonly verify?: boolean;
}

/** Beyond this more threads only wait for the disk. */
const THREADS_MAX = 4;

function writeEnvironment({ file, threads }: StartData): WriteEnvironment {
  const count = threads ?? Math.min(THREADS_MAX, availableParallelism() - 1);
  if (file === undefined || count < 2) return systemWriteEnvironment;
  const spawn: SpawnRange = (job, message, failed) => {
    const worker = new Worker(file, { name: 'lsm-range', execArgv: [], workerData: { range: job } });
    worker.on('message', (m: ThreadMessage) => message(m));
    worker.on('error', (e) => failed(e instanceof Error ? e.message : String(e)));
    worker.on('exit', (code) => failed(`exit code ${code}`));
    return {
      stop: () => {
        void worker.terminate();
      },
    };
  };
  return { ...systemWriteEnvironment, threads: { count, spawn } };
}

function verifyThreads({ file, threads }: StartData): Pick<Environment, 'verifyThreads'> {
  const count = threads ?? Math.min(THREADS_MAX, availableParallelism() - 1);
  if (file === undefined || count < 2) return {};
  const spawn: SpawnVerify = (message, failed) => {
    const worker = new Worker(file, { name: 'lsm-verify', execArgv: [], workerData: { verify: true } });
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
  return { verifyThreads: { count, spawn } };
}

const port = parentPort;
if (port !== null) {
  const data = ((workerData as StartData | null) ?? {}) as StartData;
  if (data.range !== undefined) {
    serveRange(data.range, nodeFs, systemClock, (m) => port.postMessage(m));
  } else if (data.verify === true) {
    const check = serveVerify(readOnlyFs(nodeFs), (m) => port.postMessage(m));
    port.on('message', (task: VerifyTask) => check(task));
  } else {
    let notify: (notice: EngineNotice) => void = () => {};
    const service = new Service({
      fs: readOnlyFs(nodeFs),
      write: writeEnvironment(data),
      ...verifyThreads(data),
      clock: systemClock,
      lockOwner,
      notify: (notice) => notify(notice),
    });
    notify = serve(
      {
        post: (message) => port.postMessage(message),
        onMessage: (listener) => {
          port.on('message', listener);
        },
      },
      (method, params, token) => service.call(method, params as Params<typeof method>, token),
    );
  }
}
