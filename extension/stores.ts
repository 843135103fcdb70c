/**
 * The stores that are listed: opened by a person (remembered for the workspace) or found in the
 * workspace folders.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { STATE } from './ids.ts';
import { type Engines, Store } from './store.ts';

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

  /**
   * Those outside of the workspace first, in the order of opening; then those of the workspace by path,
   * opened or not, so that opening one moves nothing.
   */
  get list(): readonly Store[] {
    const outside = [...this.#chosen].filter((p) => !this.#found.has(p));
    const found = [...this.#found].sort();
    return [...outside, ...found].flatMap((p) => this.#byPath.get(p) ?? []);
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

  /** The listed store whose tree holds what `store` shows: itself, or the directory of a table file. */
  listed(store: Store): Store | undefined {
    const directory = store.kind === 'table' ? path.dirname(store.path) : store.path;
    return this.#byPath.get(directory);
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
