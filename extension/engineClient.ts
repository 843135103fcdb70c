/**
 * One engine: a worker thread that holds one open store, behind the typed RPC.
 *
 * The worker starts with the first call and dies with `dispose`. When it dies by itself, every
 * waiting call rejects, listeners are told, and the next call starts a new one and opens the store
 * again, at most `RESTARTS` times before a person has to ask for it (`reset`).
 */
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { EngineNotice, Method, Params, Result, StoreSummary } from '../engine/protocol/engineApi.ts';
import { type Call, CancelBoard, type Port, RpcClient, StoreError } from '../engine/protocol/rpc.ts';

/** Deaths in a row, without `STABLE_MILLIS` of life between them, after which nothing restarts by itself. */
const RESTARTS = 3;
const STABLE_MILLIS = 60_000;
/** Heap of the worker. Past it the worker dies alone, and the extension host lives on. */
const HEAP_MB = 2048;

export interface EngineTarget {
  readonly path: string;
  readonly kind: 'directory' | 'table';
}

export interface EngineState {
  readonly alive: boolean;
  readonly message: string;
}

interface Session {
  readonly worker: Worker;
  readonly rpc: RpcClient;
  readonly opened: Promise<StoreSummary>;
}

export class EngineClient implements vscode.Disposable {
  readonly #workerFile: string;
  readonly #target: EngineTarget;
  readonly #log: vscode.LogOutputChannel;
  readonly #notice = new vscode.EventEmitter<EngineNotice>();
  readonly #state = new vscode.EventEmitter<EngineState>();
  readonly #opened = new vscode.EventEmitter<StoreSummary>();
  readonly onNotice = this.#notice.event;
  /** The worker died, or is back. */
  readonly onState = this.#state.event;
  /** After each start of a worker: the store as it opened it. */
  readonly onOpened = this.#opened.event;
  #session: Session | undefined;
  #deaths = 0;
  #bornAt = 0;
  #diedBefore = false;
  #disposed = false;

  constructor(workerFile: string, target: EngineTarget, log: vscode.LogOutputChannel) {
    this.#workerFile = workerFile;
    this.#target = target;
    this.#log = log;
  }

  get alive(): boolean {
    return this.#session !== undefined;
  }

  /** Starts the worker if there is none; the summary is the one of the opening. */
  async open(token?: vscode.CancellationToken): Promise<StoreSummary> {
    const session = this.#start();
    // Nothing is shared yet, so the quickest way to cancel an opening is to end its worker.
    const watch = token?.onCancellationRequested(() => {
      this.#end(session, new StoreError('CANCELLED', vscode.l10n.t('Opening was cancelled.')));
    });
    return session.opened.finally(() => watch?.dispose());
  }

  /** Rejects with `StoreError`; a cancelled token rejects at once and tells the engine to stop. */
  async call<M extends Method>(method: M, params: Params<M>, token?: vscode.CancellationToken): Promise<Result<M>> {
    throwIfCancelled(token);
    const session = this.#start();
    await session.opened;
    throwIfCancelled(token);
    return settle(session.rpc.call(method, params), token);
  }

  /** A call that its caller cancels by hand (a webview's). */
  async start<M extends Method>(method: M, params: Params<M>): Promise<Call<Result<M>>> {
    const session = this.#start();
    await session.opened;
    return session.rpc.call(method, params);
  }

  /** Forgets earlier deaths: a person asked to try again. */
  reset(): void {
    this.#deaths = 0;
  }

  /** Ends the worker as a crash would. For tests of what happens then. */
  async kill(): Promise<void> {
    await this.#session?.worker.terminate();
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#session !== undefined)
      this.#end(this.#session, new StoreError('CANCELLED', vscode.l10n.t('The store was closed.')));
    this.#notice.dispose();
    this.#state.dispose();
    this.#opened.dispose();
  }

  #start(): Session {
    if (this.#session !== undefined) return this.#session;
    if (this.#disposed) throw new StoreError('CANCELLED', vscode.l10n.t('The store was closed.'));
    if (this.#deaths > RESTARTS) {
      throw new StoreError('IO', vscode.l10n.t('The engine stopped {0} times in a row.', this.#deaths), {
        path: this.#target.path,
        mend: vscode.l10n.t('run “LSM: Refresh” to try again, and “LSM: Show Log” to see why'),
      });
    }
    const { worker, rpc } = startEngine(this.#workerFile, this.#log, (notice) => this.#notice.fire(notice));
    this.#bornAt = performance.now();
    const method = this.#target.kind === 'table' ? 'openTable' : 'open';
    const opened = rpc.call(method, { path: this.#target.path }).result;
    const session: Session = { worker, rpc, opened };
    this.#session = session;
    worker.on('error', (error) => this.#died(session, error.message));
    worker.on('messageerror', (error) => this.#died(session, error.message));
    worker.on('exit', (code) => this.#died(session, vscode.l10n.t('it exited with code {0}', code)));
    opened.then(
      (summary) => {
        if (this.#session !== session) return;
        this.#opened.fire(summary);
        if (this.#diedBefore) {
          this.#diedBefore = false;
          this.#state.fire({ alive: true, message: vscode.l10n.t('The engine is back.') });
        }
      },
      // A store that cannot be opened needs no worker; the next call tries again.
      (error: StoreError) => this.#end(session, error),
    );
    return session;
  }

  #died(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#deaths = performance.now() - this.#bornAt > STABLE_MILLIS ? 1 : this.#deaths + 1;
    this.#diedBefore = true;
    const message = vscode.l10n.t('The engine of {0} stopped: {1}.', this.#target.path, reason);
    this.#log.error(message);
    session.rpc.fail(new StoreError('IO', message, { mend: vscode.l10n.t('it starts again with the next request') }));
    void session.worker.terminate();
    this.#state.fire({ alive: false, message });
  }

  #end(session: Session, reason: StoreError): void {
    if (this.#session === session) this.#session = undefined;
    session.rpc.fail(reason);
    void session.worker.terminate();
  }
}

/** A thread of the engine, without a store, and the calls to it. What it logs goes to `log`, the rest to `onNotice`. */
export function startEngine(
  workerFile: string,
  log: vscode.LogOutputChannel,
  onNotice: (notice: EngineNotice) => void,
): { readonly worker: Worker; readonly rpc: RpcClient } {
  const cancels = new CancelBoard();
  const worker = new Worker(workerFile, {
    name: 'lsm-engine',
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    workerData: { file: workerFile, cancels: cancels.memory },
  });
  const say = (chunk: unknown): void => log.warn(`worker: ${String(chunk).trimEnd()}`);
  worker.stdout.on('data', say);
  worker.stderr.on('data', say);
  const told = (notice: EngineNotice): void => {
    if (notice.kind === 'log') log[notice.level](notice.message);
    else onNotice(notice);
  };
  return { worker, rpc: new RpcClient(portOf(worker), told, cancels) };
}

function portOf(worker: Worker): Port {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer === undefined ? [] : [...transfer]),
    onMessage: (listener) => {
      worker.on('message', listener);
    },
  };
}

function cancelled(): StoreError {
  return new StoreError('CANCELLED', vscode.l10n.t('Cancelled.'));
}

function throwIfCancelled(token: vscode.CancellationToken | undefined): void {
  if (token?.isCancellationRequested === true) throw cancelled();
}

function settle<T>(call: Call<T>, token: vscode.CancellationToken | undefined): Promise<T> {
  if (token === undefined) return call.result;
  return new Promise<T>((resolve, reject) => {
    const watch = token.onCancellationRequested(() => {
      call.cancel();
      reject(cancelled());
    });
    call.result.then(resolve, reject).finally(() => watch.dispose());
  });
}
