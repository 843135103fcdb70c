/**
 * An engine beside those of the stores: for what needs no open store, or is about a directory that does not open
 * as one. It ends with `dispose`.
 */
import type { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { EngineNotice, Method, Params, Result } from '../engine/protocol/engineApi.ts';
import { type Call, RpcClient, StoreError } from '../engine/protocol/rpc.ts';
import { portOf, startWorker } from './engineClient.ts';

export class LooseEngine implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #rpc: RpcClient;
  readonly #notice = new vscode.EventEmitter<EngineNotice>();
  readonly onNotice = this.#notice.event;

  constructor(workerFile: string, log: vscode.LogOutputChannel) {
    this.#worker = startWorker(workerFile, log);
    this.#rpc = new RpcClient(portOf(this.#worker), (notice) => {
      if (notice.kind === 'log') log[notice.level](notice.message);
      else this.#notice.fire(notice);
    });
    this.#worker.on('error', (error) => this.#rpc.fail(new StoreError('IO', error.message)));
    this.#worker.on('exit', () => this.#rpc.fail(new StoreError('IO', vscode.l10n.t('The engine has stopped.'))));
  }

  start<M extends Method>(method: M, params: Params<M>): Call<Result<M>> {
    return this.#rpc.call(method, params);
  }

  dispose(): void {
    void this.#worker.terminate();
    this.#notice.dispose();
  }
}

/** Runs `work` with an engine of its own. */
export async function withLooseEngine<T>(
  workerFile: string,
  log: vscode.LogOutputChannel,
  work: (engine: LooseEngine) => Promise<T>,
): Promise<T> {
  const engine = new LooseEngine(workerFile, log);
  try {
    return await work(engine);
  } finally {
    engine.dispose();
  }
}
