/** A cursor over entries in memory, in internal order: what walks are tried on. */
import { EMPTY } from '../../engine/base/bytes.ts';
import type { Cursor } from '../../engine/iter/cursor.ts';
import type { KeyOrder } from '../../engine/iter/order.ts';

export interface Entry {
  /** User key, with its timestamp where the order has one. */
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly type: number;
  readonly value: Uint8Array;
}

export function inOrder(order: KeyOrder): (a: Entry, b: Entry) => number {
  return (a, b) => order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence;
}

export class ArrayCursor implements Cursor {
  readonly level: number;
  readonly table: number;
  closed = false;
  readonly #entries: readonly Entry[];
  readonly #order: KeyOrder;
  #at = -1;

  constructor(entries: readonly Entry[], order: KeyOrder, level = 1, table = 1) {
    this.#entries = [...entries].sort(inOrder(order));
    this.#order = order;
    this.level = level;
    this.table = table;
  }

  get #entry(): Entry | undefined {
    return this.#entries[this.#at];
  }
  get valid(): boolean {
    return this.#entry !== undefined;
  }
  get keyBuffer(): Uint8Array {
    return this.#entry?.key ?? EMPTY;
  }
  readonly keyStart = 0;
  get keyLength(): number {
    return this.keyBuffer.length;
  }
  get sequence(): number {
    return this.#entry?.sequence ?? 0;
  }
  get type(): number {
    return this.#entry?.type ?? 0;
  }
  get valueBuffer(): Uint8Array {
    return this.#entry?.value ?? EMPTY;
  }
  readonly valueStart = 0;
  get valueLength(): number {
    return this.valueBuffer.length;
  }
  first(): void {
    this.#at = 0;
  }
  last(): void {
    this.#at = this.#entries.length - 1;
  }
  next(): void {
    this.#at = this.valid ? this.#at + 1 : -1;
  }
  prev(): void {
    this.#at--;
  }
  seek(key: Uint8Array, sequence: number): void {
    this.#at = this.#entries.findIndex((e) => {
      const c = this.#order.compare(e.key, 0, e.key.length, key, 0, key.length);
      return c > 0 || (c === 0 && e.sequence <= sequence);
    });
  }
  close(): void {
    this.closed = true;
  }
}
