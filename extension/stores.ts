/**
 * The stores that are listed: opened by a person (remembered for the workspace) or found in the
 * workspace folders. A listed store has no engine until something needs one.
 */
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
import { STATE } from './ids.ts';

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

/** The list itself. */
export class Stores implements vscode.Disposable {
  readonly #engines: Engines;
  readonly #memento: vscode.Memento;
  readonly #byPath = new Map<string, Store>();
  /** Paths a person opened, in order; the rest was found. */
  readonly #chosen: Set<string>;
  readonly #found = new Set<string>();
  /** Single table files, and how many editors show each. */
  readonly #tables = new Map<string, { readonly store: Store; count: number }>();
  readonly #listChanged = new vscode.EventEmitter<void>();
  readonly #storeChanged = new vscode.EventEmitter<Store>();
  /** Stores were added to or removed from the list, or another one is active. */
  readonly onListChanged = this.#listChanged.event;
  readonly onStoreChanged = this.#storeChanged.event;
  #active: Store | undefined;

  constructor(engines: Engines, memento: vscode.Memento) {
    this.#engines = engines;
    this.#memento = memento;
    this.#chosen = new Set(memento.get<string[]>(STATE.stores, []));
    for (const p of this.#chosen) this.#add(p);
  }

  /** Chosen ones first, in the order of opening; then found ones by path. */
  get list(): readonly Store[] {
    const chosen = [...this.#chosen];
    const found = [...this.#found].filter((p) => !this.#chosen.has(p)).sort();
    return [...chosen, ...found].flatMap((p) => this.#byPath.get(p) ?? []);
  }

  get openOnes(): readonly Store[] {
    return this.list.filter((s) => s.state === 'open');
  }

  /** The store that commands take when none is named: the last one touched that is open. */
  get active(): Store | undefined {
    if (this.#active?.state === 'open') return this.#active;
    return this.openOnes[0];
  }

  setActive(store: Store): void {
    if (this.#active === store) return;
    this.#active = store;
    this.#listChanged.fire();
  }

  isChosen(store: Store): boolean {
    return this.#chosen.has(store.path);
  }

  /** A listed store by its directory, or a table file that is open in an editor. */
  byPath(directory: string): Store | undefined {
    const p = normal(directory);
    return this.#byPath.get(p) ?? this.#tables.get(p)?.store;
  }

  /** The listed store at `directory`, listed now if it was not; not opened yet. */
  choose(directory: string): Store {
    const p = normal(directory);
    const store = this.#byPath.get(p) ?? this.#add(p);
    if (!this.#chosen.has(p)) {
      this.#chosen.add(p);
      this.#remember();
    }
    this.#active = store;
    this.#listChanged.fire();
    return store;
  }

  /** Ends the store's engine; a chosen one leaves the list, a found one stays, closed. */
  close(store: Store): void {
    if (this.#chosen.delete(store.path)) this.#remember();
    if (this.#active === store) this.#active = undefined;
    if (this.#found.has(store.path)) {
      store.close();
    } else {
      this.#byPath.delete(store.path);
      store.dispose();
    }
    this.#listChanged.fire();
  }

  /** Replaces what was found in the workspace folders. */
  setFound(directories: readonly string[]): void {
    const next = new Set(directories.map(normal));
    let changed = false;
    for (const p of this.#found) {
      if (next.has(p)) continue;
      this.#found.delete(p);
      changed = true;
      const store = this.#byPath.get(p);
      if (store !== undefined && !this.#chosen.has(p) && store.state === 'closed') {
        this.#byPath.delete(p);
        store.dispose();
      } else if (store !== undefined && store.state !== 'closed') {
        this.#chosen.add(p);
      }
    }
    for (const p of next) {
      if (this.#found.has(p)) continue;
      this.#found.add(p);
      changed = true;
      if (!this.#byPath.has(p)) this.#add(p);
    }
    if (changed) this.#listChanged.fire();
  }

  /** An engine for one table file; not listed. Whoever asks closes it with `closeTable`. */
  openTable(file: string): Store {
    const p = normal(file);
    const users = this.#tables.get(p) ?? { store: new Store({ path: p, kind: 'table' }, this.#engines), count: 0 };
    users.count++;
    this.#tables.set(p, users);
    return users.store;
  }

  closeTable(store: Store): void {
    const users = this.#tables.get(store.path);
    if (users === undefined || --users.count > 0) return;
    this.#tables.delete(store.path);
    store.dispose();
  }

  dispose(): void {
    for (const store of this.#byPath.values()) store.dispose();
    for (const { store } of this.#tables.values()) store.dispose();
    this.#byPath.clear();
    this.#tables.clear();
    this.#listChanged.dispose();
    this.#storeChanged.dispose();
  }

  #add(p: string): Store {
    const store = new Store({ path: p, kind: 'directory' }, this.#engines);
    store.onChanged(() => this.#storeChanged.fire(store));
    this.#byPath.set(p, store);
    return store;
  }

  #remember(): void {
    void this.#memento.update(STATE.stores, [...this.#chosen]);
  }
}

function normal(p: string): string {
  const resolved = path.resolve(p);
  return resolved.length > 1 && resolved.endsWith(path.sep) ? resolved.slice(0, -1) : resolved;
}
