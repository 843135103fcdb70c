/**
 * Follows the owner of each open store: when files in its directory change, the store is refreshed.
 *
 * A busy owner writes its WAL thousands of times a second, and every write is an event. So the
 * watch is one-shot: the first event closes it, the refresh runs a little later, and then it is armed
 * again. A slow poll of a few file sizes stands beside it for file systems that tell nothing (network
 * mounts), and catches what changed between two watches.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { SETTINGS } from './ids.ts';
import type { Store } from './store.ts';
import type { Stores } from './stores.ts';

/** From the first event to the refresh. */
const SETTLE_MILLIS = 400;
/** Between two looks at the file sizes, and while somebody watches how the store changes. */
const POLL_MILLIS = 3_000;
const WATCHED_POLL_MILLIS = 800;
/** A refresh that took T is followed by at least this many T of rest. */
const REST_FACTOR = 4;
const WATCHED_REST_FACTOR = 1;

export class Watchers implements vscode.Disposable {
  readonly #stores: Stores;
  readonly #isWatched: (store: Store) => boolean;
  readonly #log: vscode.LogOutputChannel;
  readonly #watched = new Map<Store, StoreWatcher>();
  readonly #subscriptions: vscode.Disposable[] = [];

  constructor(stores: Stores, isWatched: (store: Store) => boolean, log: vscode.LogOutputChannel) {
    this.#stores = stores;
    this.#isWatched = isWatched;
    this.#log = log;
    this.#subscriptions.push(
      stores.onListChanged(() => this.#update()),
      stores.onStoreChanged(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration(`${SETTINGS.section}.${SETTINGS.refreshAuto}`)) this.#update();
      }),
    );
    this.#update();
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    for (const w of this.#watched.values()) w.dispose();
    this.#watched.clear();
  }

  #update(): void {
    const auto = vscode.workspace.getConfiguration(SETTINGS.section).get<boolean>(SETTINGS.refreshAuto, true);
    const wanted = new Set(auto ? this.#stores.openOnes : []);
    for (const [store, watcher] of this.#watched) {
      if (wanted.has(store)) continue;
      watcher.dispose();
      this.#watched.delete(store);
    }
    for (const store of wanted) {
      if (!this.#watched.has(store)) this.#watched.set(store, new StoreWatcher(store, this.#isWatched, this.#log));
    }
  }
}

class StoreWatcher implements vscode.Disposable {
  readonly #store: Store;
  readonly #isWatched: (store: Store) => boolean;
  readonly #log: vscode.LogOutputChannel;
  #watch: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #print = '';
  #disposed = false;

  constructor(store: Store, isWatched: (store: Store) => boolean, log: vscode.LogOutputChannel) {
    this.#store = store;
    this.#isWatched = isWatched;
    this.#log = log;
    void this.#begin();
  }

  dispose(): void {
    this.#disposed = true;
    this.#watch?.close();
    this.#watch = undefined;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  async #begin(): Promise<void> {
    this.#print = await fingerprint(this.#store.path);
    this.#arm();
  }

  /** `millis` until the next look, should nothing be heard before. */
  #arm(millis = this.#poll): void {
    if (this.#disposed) return;
    try {
      this.#watch = watch(this.#store.path, { persistent: false }, (_event, name) => {
        // Opening a store touches LOCK and appends to LOG; neither says that data changed.
        if (name === 'LOCK' || name?.startsWith('LOG') === true) return;
        this.#disarm();
        this.#schedule(SETTLE_MILLIS);
      });
      this.#watch.on('error', () => this.#disarm());
    } catch (thrown) {
      this.#log.debug(`No watch on ${this.#store.path}, polling: ${String(thrown)}`);
    }
    this.#schedule(millis);
  }

  get #poll(): number {
    return this.#isWatched(this.#store) ? WATCHED_POLL_MILLIS : POLL_MILLIS;
  }

  #disarm(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #schedule(millis: number): void {
    if (this.#disposed) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), millis);
  }

  async #look(): Promise<void> {
    const print = await fingerprint(this.#store.path);
    if (this.#disposed) return;
    if (print === this.#print) {
      if (this.#watch === undefined) this.#arm();
      else this.#schedule(this.#poll);
      return;
    }
    this.#disarm();
    this.#print = print;
    const began = performance.now();
    try {
      if (this.#store.state === 'open') await this.#store.refresh();
    } catch (thrown) {
      this.#log.warn(
        `Refresh of ${this.#store.path} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      );
    }
    if (this.#disposed) return;
    const factor = this.#isWatched(this.#store) ? WATCHED_REST_FACTOR : REST_FACTOR;
    const rest = (performance.now() - began) * factor;
    // What was written during the refresh had no watch to tell of it: look once more before the next poll.
    if (rest > SETTLE_MILLIS) {
      this.#timer = setTimeout(() => this.#arm(SETTLE_MILLIS), Math.min(rest, 30_000));
    } else {
      this.#arm(SETTLE_MILLIS);
    }
  }
}

/** Names, sizes and times of the files that say what a store holds: CURRENT, MANIFEST and the WALs. */
async function fingerprint(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => []);
  const isTelling = (n: string): boolean => n === 'CURRENT' || n.startsWith('MANIFEST-') || /^\d+\.log$/.test(n);
  // MANIFEST and CURRENT first, then the newest WALs, so that many WALs cut off none of these.
  const telling = names.filter(isTelling).sort().reverse();
  const parts = await Promise.all(
    telling.slice(0, 64).map(async (name) => {
      const s = await stat(path.join(directory, name)).catch(() => undefined);
      return s === undefined ? name : `${name}:${s.size}:${s.mtimeMs}`;
    }),
  );
  return parts.join('|');
}
