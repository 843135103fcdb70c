/** The engine in a worker thread: wires the file system, the clock and the port to the service. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from './base/entropy.ts';
import { nodeFs } from './fs/nodeFs.ts';
import { readOnlyFs } from './fs/readOnlyFs.ts';
import type { EngineNotice, Params } from './protocol/engineApi.ts';
import { serve } from './protocol/rpc.ts';
import { Service } from './service.ts';
import { lockOwner } from './store/lock.ts';
import { systemWriteEnvironment } from './store/writeEnvironment.ts';

const port = parentPort;
if (port !== null) {
  let notify: (notice: EngineNotice) => void = () => {};
  const service = new Service({
    fs: readOnlyFs(nodeFs),
    write: systemWriteEnvironment,
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
