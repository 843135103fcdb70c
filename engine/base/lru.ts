/**
 * A cache with a budget: least recently used entries leave when the sum of costs exceeds it.
 *
 * Recency is the insertion order of a `Map`, so a hit costs one delete and one set.
 */
export type LruKey = number | string;

interface Entry<V> {
  value: V;
  cost: number;
}

export class Lru<K extends LruKey, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #onEvict: ((value: V, key: K) => void) | undefined;
  #budget: number;
  #cost = 0;
  #newest: K | undefined;

  /** `budget` in the unit of the costs (bytes, files); `onEvict` is told of every entry that leaves. */
  constructor(budget: number, onEvict?: (value: V, key: K) => void) {
    this.#budget = budget;
    this.#onEvict = onEvict;
  }

  /** Sum of the costs held. */
  get cost(): number {
    return this.#cost;
  }

  get size(): number {
    return this.#entries.size;
  }

  get budget(): number {
    return this.#budget;
  }

  /** Shrinks at once where the new budget is smaller. */
  setBudget(budget: number): void {
    this.#budget = budget;
    this.#shrink();
  }

  /** The value, which becomes the most recently used. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (key !== this.#newest) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#newest = key;
    }
    return entry.value;
  }

  /** The value without touching its recency. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /**
   * Puts a value in, evicting what it replaces and what no longer fits. One that alone exceeds the
   * budget is refused (false) and not evicted: it stays the caller's.
   */
  set(key: K, value: V, cost: number): boolean {
    this.delete(key);
    if (cost > this.#budget) return false;
    this.#entries.set(key, { value, cost });
    this.#newest = key;
    this.#cost += cost;
    this.#shrink();
    return true;
  }

  /** Takes an entry out (with the eviction call); whether it was there. */
  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    if (key === this.#newest) this.#newest = undefined;
    this.#cost -= entry.cost;
    this.#onEvict?.(entry.value, key);
    return true;
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#cost <= this.#budget) return;
      this.delete(key);
    }
  }
}
