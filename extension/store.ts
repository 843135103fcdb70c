/** One listed store. It has no engine until something needs one. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type {
  EngineNotice,
  FamilySummary,
  Method,
  Params,
  Result,
  StoreSummary,
} from '../engine/protocol/engineApi.ts';
import { StoreError, toStoreError } from '../engine/protocol/rpc.ts';
import { EngineClient, type EngineState, type EngineTarget } from './engineClient.ts';

export type StoreState = 'closed' | 'opening' | 'open' | 'failed';

export interface Engines {
  readonly workerFile: string;
  readonly log: vscode.LogOutputChannel;
}

/** One store directory, or one table file, and its engine. */
export class Store implements vscode.Disposable {
  readonly path: string;
  readonly kind: EngineTarget['kind'];
  readonly #engines: Engines;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #notice = new vscode.EventEmitter<EngineNotice>();
  readonly #engineState = new vscode.EventEmitter<EngineState>();
  /** State or summary are other than before. */
  readonly onChanged = this.#changed.event;
  readonly onNotice = this.#notice.event;
  readonly onEngineState = this.#engineState.event;
  #client: EngineClient | undefined;
  #state: StoreState = 'closed';
  #summary: StoreSummary | undefined;
  #error: StoreError | undefined;
  #epoch = 0;
  #disposed = false;

  constructor(target: EngineTarget, engines: Engines) {
    this.path = target.path;
    this.kind = target.kind;
    this.#engines = engines;
  }

  get name(): string {
    return path.basename(this.path) || this.path;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** The store as last seen; undefined before it was first opened and after it was closed. */
  get summary(): StoreSummary | undefined {
    return this.#summary;
  }

  /** Why it could not be opened. */
  get error(): StoreError | undefined {
    return this.#error;
  }

  /** Counts closings: what was expanded in an earlier life must not open the store again. */
  get epoch(): number {
    return this.#epoch;
  }

  get uri(): vscode.Uri {
    return vscode.Uri.file(this.path);
  }

  family(id: number): FamilySummary | undefined {
    return this.#summary?.families.find((f) => f.id === id);
  }

  async open(token?: vscode.CancellationToken): Promise<StoreSummary> {
    if (this.#disposed) {
      throw new StoreError('CANCELLED', vscode.l10n.t('The store was closed.'), {
        path: this.path,
        mend: vscode.l10n.t('open it again'),
      });
    }
    if (this.#summary !== undefined && this.#client?.alive === true) return this.#summary;
    const client = this.#client ?? this.#connect();
    if (this.#state !== 'open') this.#become('opening');
    try {
      const summary = await client.open(token);
      return this.#summary ?? summary;
    } catch (thrown) {
      throw this.#failed(client, thrown);
    }
  }

  async call<M extends Method>(method: M, params: Params<M>, token?: vscode.CancellationToken): Promise<Result<M>> {
    await this.open();
    return this.#engine().call(method, params, token);
  }

  async start<M extends Method>(method: M, params: Params<M>): Promise<ReturnType<EngineClient['start']>> {
    await this.open();
    return this.#engine().start(method, params);
  }

  /** Reads what the owner wrote since. True if that changed anything. */
  async refresh(token?: vscode.CancellationToken): Promise<boolean> {
    if (this.#state !== 'open') {
      this.#client?.reset();
      await this.open(token);
      return true;
    }
    const { changed, summary } = await this.call('refresh', {}, token);
    const different = changed || summary.locked !== this.#summary?.locked;
    this.#summary = summary;
    if (different) this.#changed.fire();
    return different;
  }

  /** Forgets earlier deaths of the engine. */
  retry(): void {
    this.#client?.reset();
  }

  /** Ends the engine as a crash would (tests). */
  async killEngine(): Promise<void> {
    await this.#client?.kill();
  }

  close(): void {
    this.#client?.dispose();
    this.#client = undefined;
    this.#summary = undefined;
    this.#error = undefined;
    this.#epoch++;
    this.#become('closed');
  }

  dispose(): void {
    this.close();
    this.#disposed = true;
    this.#changed.dispose();
    this.#notice.dispose();
    this.#engineState.dispose();
  }

  #engine(): EngineClient {
    if (this.#client === undefined) throw new StoreError('CANCELLED', vscode.l10n.t('The store was closed.'));
    return this.#client;
  }

  #connect(): EngineClient {
    const client = new EngineClient(this.#engines.workerFile, { path: this.path, kind: this.kind }, this.#engines.log);
    client.onOpened((summary) => {
      this.#summary = summary;
      this.#error = undefined;
      this.#become('open');
    });
    client.onNotice((notice) => this.#notice.fire(notice));
    client.onState((state) => this.#engineState.fire(state));
    this.#client = client;
    return client;
  }

  #failed(client: EngineClient, thrown: unknown): StoreError {
    const error = toStoreError(thrown, { path: this.path });
    if (this.#client !== client) return error;
    this.#summary = undefined;
    this.#error = error;
    this.#become('failed');
    return error;
  }

  #become(state: StoreState): void {
    this.#state = state;
    this.#changed.fire();
  }
}
