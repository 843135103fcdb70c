/**
 * Merges sorted cursors into one: a binary heap ordered by (user key, sequence descending, type
 * descending). Walks in one direction until it is positioned again.
 */
import { EMPTY } from '../base/bytes.ts';
import type { Cursor } from './cursor.ts';
import type { KeyCompare } from './order.ts';

export class MergingCursor implements Cursor {
  readonly #children: readonly Cursor[];
  readonly #heap: Cursor[] = [];
  readonly #compare: KeyCompare;
  /** 1 forward, -1 backward. */
  #direction = 1;
  #top: Cursor | undefined;
  /** The child that comes next: as long as the top stays before it, the heap is in order. */
  #second: Cursor | undefined;

  constructor(children: readonly Cursor[], compare: KeyCompare) {
    this.#children = children;
    this.#compare = compare;
  }

  get valid(): boolean {
    return this.#top !== undefined;
  }
  get keyBuffer(): Uint8Array {
    return this.#top?.keyBuffer ?? EMPTY;
  }
  get keyStart(): number {
    return this.#top?.keyStart ?? 0;
  }
  get keyLength(): number {
    return this.#top?.keyLength ?? 0;
  }
  get sequence(): number {
    return this.#top?.sequence ?? 0;
  }
  get type(): number {
    return this.#top?.type ?? 0;
  }
  get valueBuffer(): Uint8Array {
    return this.#top?.valueBuffer ?? EMPTY;
  }
  get valueStart(): number {
    return this.#top?.valueStart ?? 0;
  }
  get valueLength(): number {
    return this.#top?.valueLength ?? 0;
  }
  get level(): number {
    return this.#top?.level ?? 0;
  }
  get table(): number {
    return this.#top?.table ?? 0;
  }

  /** The child that holds the current entry; hot loops read its fields directly. */
  get current(): Cursor | undefined {
    return this.#top;
  }

  first(): void {
    this.#direction = 1;
    for (const c of this.#children) c.first();
    this.#build();
  }

  last(): void {
    this.#direction = -1;
    for (const c of this.#children) c.last();
    this.#build();
  }

  seek(key: Uint8Array, sequence: number): void {
    this.#direction = 1;
    for (const c of this.#children) c.seek(key, sequence);
    this.#build();
  }

  /** To the last entry before (key, sequence), walking backward from there. */
  seekBefore(key: Uint8Array, sequence: number): void {
    this.#direction = -1;
    for (const c of this.#children) {
      c.seek(key, sequence);
      if (c.valid) c.prev();
      else c.last();
    }
    this.#build();
  }

  /** Only after `first` or `seek`. */
  next(): void {
    this.#step(1);
  }

  /** Only after `last` or `seekBefore`. */
  prev(): void {
    this.#step(-1);
  }

  close(): void {
    this.#top = undefined;
    this.#second = undefined;
    for (const c of this.#children) c.close();
  }

  #step(direction: 1 | -1): void {
    const top = this.#top;
    if (top === undefined || direction !== this.#direction) return;
    if (direction > 0) top.next();
    else top.prev();
    if (top.valid) {
      const second = this.#second;
      if (second === undefined || this.#before(top, second)) return;
      this.#sink(0);
      this.#settle();
      return;
    }
    const heap = this.#heap;
    const moved = heap.pop();
    if (moved !== undefined && moved !== top) {
      heap[0] = moved;
      this.#sink(0);
    }
    this.#settle();
  }

  #build(): void {
    const heap = this.#heap;
    heap.length = 0;
    for (const c of this.#children) if (c.valid) heap.push(c);
    for (let i = (heap.length >>> 1) - 1; i >= 0; i--) this.#sink(i);
    this.#settle();
  }

  #settle(): void {
    const heap = this.#heap;
    this.#top = heap[0];
    const left = heap[1];
    const right = heap[2];
    this.#second = left !== undefined && right !== undefined && this.#before(right, left) ? right : left;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const n = heap.length;
    const item = heap[from] as Cursor;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && this.#before(heap[child + 1] as Cursor, heap[child] as Cursor)) child++;
      const c = heap[child] as Cursor;
      if (!this.#before(c, item)) break;
      heap[i] = c;
      i = child;
    }
    heap[i] = item;
  }

  #before(a: Cursor, b: Cursor): boolean {
    const byKey = this.#compare(a.keyBuffer, a.keyStart, a.keyLength, b.keyBuffer, b.keyStart, b.keyLength);
    if (byKey !== 0) return this.#direction > 0 ? byKey < 0 : byKey > 0;
    if (a.sequence !== b.sequence) {
      return this.#direction > 0 ? a.sequence > b.sequence : a.sequence < b.sequence;
    }
    // Equal sequences happen in damaged or salvaged stores only: the newer place comes first.
    const aFirst = a.type !== b.type ? a.type > b.type : a.level !== b.level ? a.level < b.level : a.table > b.table;
    return this.#direction > 0 ? aFirst : !aFirst;
  }
}
