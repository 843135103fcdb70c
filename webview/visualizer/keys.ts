/** Boundary keys by position: asked for in batches, once a frame, and kept while they are in use. Pure but for its clock. */
import type { Keys } from './context.ts';

/** Keys kept; those that were looked at longest ago go first. */
const KEPT = 20_000;
/** Positions in one call: what the engine takes. */
const BATCH = 4096;

export interface KeyFetch {
  fetch(positions: readonly number[]): Promise<readonly Uint8Array[]>;
  /** Runs `action` soon, once. */
  soon(action: () => void): void;
}

export class KeyCache implements Keys {
  readonly #o: KeyFetch;
  readonly #keys = new Map<number, Uint8Array>();
  readonly #asked = new Set<number>();
  /** Could not be had; not asked for on every frame, but again after `retry`. */
  readonly #failed = new Set<number>();
  readonly #listeners = new Set<() => void>();
  #wanted = new Set<number>();
  #round = 0;

  constructor(options: KeyFetch) {
    this.#o = options;
  }

  at(position: number): Uint8Array | undefined {
    const key = this.#keys.get(position);
    if (key !== undefined) {
      this.#keys.delete(position);
      this.#keys.set(position, key);
      return key;
    }
    if (this.#asked.has(position) || this.#wanted.has(position) || this.#failed.has(position)) return undefined;
    if (!Number.isFinite(position)) return undefined;
    this.#wanted.add(position);
    if (this.#wanted.size === 1) this.#o.soon(() => this.#ask());
    return undefined;
  }

  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all keys, and answers that are still to come: positions mean something else now. */
  clear(): void {
    this.#round++;
    this.#keys.clear();
    this.#asked.clear();
    this.#failed.clear();
    this.#wanted = new Set();
  }

  /** Keys that could not be had may be asked for again. */
  retry(): void {
    if (this.#failed.size === 0) return;
    this.#failed.clear();
    for (const listener of this.#listeners) listener();
  }

  #ask(): void {
    const all = [...this.#wanted];
    this.#wanted = new Set();
    for (let i = 0; i < all.length; i += BATCH) void this.#fetch(all.slice(i, i + BATCH));
  }

  async #fetch(positions: readonly number[]): Promise<void> {
    const round = this.#round;
    for (const p of positions) this.#asked.add(p);
    let keys: readonly Uint8Array[];
    try {
      keys = await this.#o.fetch(positions);
    } catch {
      if (round !== this.#round) return;
      for (const p of positions) {
        this.#asked.delete(p);
        this.#failed.add(p);
      }
      return;
    }
    if (round !== this.#round) return;
    positions.forEach((p, i) => {
      const key = keys[i];
      this.#asked.delete(p);
      if (key === undefined) return;
      this.#keys.set(p, key);
    });
    for (const p of this.#keys.keys()) {
      if (this.#keys.size <= KEPT) break;
      this.#keys.delete(p);
    }
    for (const listener of this.#listeners) listener();
  }
}
