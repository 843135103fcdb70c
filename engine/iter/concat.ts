/** Cursors one after the other, in no common order: for comparators that are not known. Forward only. */
import { EMPTY } from '../base/bytes.ts';
import type { Cursor } from './cursor.ts';

export class ConcatCursor implements Cursor {
  readonly #children: readonly Cursor[];
  #at = -1;

  constructor(children: readonly Cursor[]) {
    this.#children = children;
  }

  get #current(): Cursor | undefined {
    const c = this.#children[this.#at];
    return c?.valid === true ? c : undefined;
  }
  get valid(): boolean {
    return this.#current !== undefined;
  }
  get keyBuffer(): Uint8Array {
    return this.#current?.keyBuffer ?? EMPTY;
  }
  get keyStart(): number {
    return this.#current?.keyStart ?? 0;
  }
  get keyLength(): number {
    return this.#current?.keyLength ?? 0;
  }
  get sequence(): number {
    return this.#current?.sequence ?? 0;
  }
  get type(): number {
    return this.#current?.type ?? 0;
  }
  get valueBuffer(): Uint8Array {
    return this.#current?.valueBuffer ?? EMPTY;
  }
  get valueStart(): number {
    return this.#current?.valueStart ?? 0;
  }
  get valueLength(): number {
    return this.#current?.valueLength ?? 0;
  }
  get level(): number {
    return this.#current?.level ?? 0;
  }
  get table(): number {
    return this.#current?.table ?? 0;
  }

  first(): void {
    this.#at = -1;
    this.#advance();
  }

  next(): void {
    const c = this.#current;
    if (c === undefined) return;
    c.next();
    if (!c.valid) this.#advance();
  }

  /** There is no order to seek in: the walk starts at the beginning. */
  seek(): void {
    this.first();
  }

  last(): void {
    this.#at = this.#children.length;
  }

  prev(): void {
    this.#at = this.#children.length;
  }

  close(): void {
    this.#at = this.#children.length;
    for (const c of this.#children) c.close();
  }

  #advance(): void {
    for (this.#at++; this.#at < this.#children.length; this.#at++) {
      const c = this.#children[this.#at] as Cursor;
      c.first();
      if (c.valid) return;
    }
  }
}
