/**
 * The engine in a worker thread: wires the file system, the clock and the port to the service. The same
 * program, started as a helper, works beside the thread that started it.
 */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, type WorkerOptions, workerData } from 'node:worker_threads';
import { systemClock } from './base/entropy.ts';
import { nodeFs } from './fs/nodeFs.ts';
import { readOnlyFs } from './fs/readOnlyFs.ts';
import type { EngineNotice, Params } from './protocol/engineApi.ts';
import { CancelBoard, serve } from './protocol/rpc.ts';
import { type Environment, Service } from './service.ts';
import { lockOwner } from './store/lock.ts';
import { systemWriteEnvironment, type WriteEnvironment } from './store/writeEnvironment.ts';
import { type HelperData, serveHelper, spawnRangeWith, spawnVerifyWith, THREADS_MAX } from './threads.ts';

/** What a thread of the engine is started with. */
interface StartData extends HelperData {
  /** This program's own file; without it compactions stay in this thread. */
  readonly file?: string;
  /** Of a `CancelBoard`. */
  readonly cancels?: SharedArrayBuffer;
  /** Threads of a compaction, instead of as many as leave a processor to the editor. */
  readonly threads?: number;
}

const threadCount = ({ threads }: StartData): number => threads ?? Math.min(THREADS_MAX, availableParallelism() - 1);

function writeEnvironment(data: StartData): WriteEnvironment {
  const { file } = data;
  const count = threadCount(data);
  if (file === undefined || count < 2) return systemWriteEnvironment;
  const spawn = spawnRangeWith((range) => new Worker(file, helper('lsm-range', { range })));
  return { ...systemWriteEnvironment, threads: { count, spawn } };
}

function verifyThreads(data: StartData): Pick<Environment, 'verifyThreads'> {
  const { file } = data;
  const count = threadCount(data);
  if (file === undefined || count < 2) return {};
  const spawn = spawnVerifyWith(() => new Worker(file, helper('lsm-verify', { verify: true })));
  return { verifyThreads: { count, spawn } };
}

function helper(name: string, workerData: HelperData): WorkerOptions {
  return { name, execArgv: [], workerData };
}

const port = parentPort;
if (port !== null) {
  const data = ((workerData as StartData | null) ?? {}) as StartData;
  if (!serveHelper(data, port)) {
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
      data.cancels === undefined ? undefined : new CancelBoard(data.cancels),
    );
  }
}
