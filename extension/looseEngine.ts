/**
 * An engine beside those of the stores: for what needs no open store, or is about a directory that does not open
 * as one. It ends with `dispose`.
 */
import type { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { EngineNotice, Method, Params, Result } from '../engine/protocol/engineApi.ts';
import { type Call, type RpcClient, StoreError } from '../engine/protocol/rpc.ts';
import { startEngine } from './engineClient.ts';

export class LooseEngine implements vscode.Disposable {
  readonly #worker: Worker;
  readonly #rpc: RpcClient;
  readonly #notice = new vscode.EventEmitter<EngineNotice>();
  readonly onNotice = this.#notice.event;
  readonly #end = new vscode.EventEmitter<string>();
  /** It stopped by itself, and why. */
  readonly onEnd = this.#end.event;

  constructor(workerFile: string, log: vscode.LogOutputChannel) {
    const { worker, rpc } = startEngine(workerFile, log, (notice) => this.#notice.fire(notice));
    this.#worker = worker;
    this.#rpc = rpc;
    const ended = (message: string): void => {
      this.#rpc.fail(new StoreError('IO', message));
      this.#end.fire(message);
    };
    this.#worker.on('error', (error) => ended(error.message));
    this.#worker.on('exit', () => ended(vscode.l10n.t('The engine has stopped.')));
  }

  start<M extends Method>(method: M, params: Params<M>): Call<Result<M>> {
    return this.#rpc.call(method, params);
  }

  dispose(): void {
    void this.#worker.terminate();
    this.#notice.dispose();
    this.#end.dispose();
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
