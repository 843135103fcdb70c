/**
 * The rows of a query, countable and readable at any position.
 *
 * One walk counts in slices and leaves a bookmark every so many rows; reading rows starts a second
 * walk at the bookmark before them. Memory is bounded however long the result is: when there are too
 * many bookmarks, every other one goes.
 */
import type { Clock } from '../base/entropy.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { DamageLog } from '../iter/damage.ts';
import type { EntryRow, Page, QueryParams, QueryState } from '../model/answers.ts';
import type { StoreReader } from './reader.ts';
import type { StoreView } from './view.ts';
import { type Bookmark, openWalk, type Walk } from './walk.ts';

/** A slice of counting; short enough that a cancellation or another call is not felt. */
const SLICE_MS = 8;
const ROWS_PER_CHECK = 512;
const BOOKMARKS_MAX = 8192;
const FIRST_STRIDE = 256;

export class ResultSet {
  readonly id: number;
  readonly params: QueryParams;
  readonly #view: StoreView;
  readonly #clock: Clock;
  readonly #damage = new DamageLog();
  readonly #at: number;
  readonly #started: number;
  readonly #limit: number;
  #bookmarks: Bookmark[] = [];
  #stride = FIRST_STRIDE;
  #counting: Walk | undefined;
  #total = 0;
  #bytes = 0;
  #millis = 0;
  #complete = false;
  #closed = false;
  /** The walk that read the last page, and the row it stands on: the next page goes on from there. */
  #reading: { walk: Walk; row: number } | undefined;

  constructor(id: number, store: StoreReader, params: QueryParams, live: boolean, clock: Clock) {
    this.id = id;
    const family = params.table === undefined ? params.family : store.view.tableInfo(params.table).family;
    this.#view = store.stableView(family, live);
    this.#at = Math.min(params.at ?? Number.POSITIVE_INFINITY, this.#view.lastSequence);
    this.params = { ...params, family, at: params.table === undefined ? this.#at : undefined };
    this.#clock = clock;
    this.#started = clock.elapsed();
    this.#limit = params.limit ?? Number.POSITIVE_INFINITY;
    try {
      this.#counting = openWalk(this.#view, this.params, this.#damage);
      this.#counting.start();
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  state(): QueryState {
    return {
      query: this.id,
      total: this.#total,
      complete: this.#complete,
      bytes: this.#bytes,
      millis: this.#complete ? this.#millis : this.#clock.elapsed() - this.#started,
      problems: [...this.#damage.problems],
      at: this.#at,
    };
  }

  /** Counts for one slice. False when there is no more to count. */
  step(): boolean {
    const walk = this.#counting;
    if (walk === undefined || this.#complete || this.#closed) return false;
    const until = this.#clock.elapsed() + SLICE_MS;
    do {
      for (let i = 0; i < ROWS_PER_CHECK; i++) {
        if (!walk.valid || this.#total >= this.#limit) {
          this.#finish();
          return false;
        }
        if (this.#total % this.#stride === 0) this.#mark(walk);
        this.#total++;
        this.#bytes += walk.bytes;
        walk.next();
      }
    } while (this.#clock.elapsed() < until);
    return true;
  }

  /** Rows [from, from + count), as many of them as have been counted. */
  rows(from: number, count: number, previewBytes: number): Page<EntryRow> {
    if (this.#closed) throw new StoreError('INPUT', `query ${this.id} is closed`);
    const end = Math.min(from + count, this.#total);
    const items: EntryRow[] = [];
    if (from < end) {
      const walk = this.#position(from);
      for (let i = from; i < end && walk.valid; i++) {
        items.push(walk.row(previewBytes));
        walk.next();
      }
      this.#reading = { walk, row: from + items.length };
    }
    return { items, offset: from, total: this.#total, complete: this.#complete };
  }

  /** Whether the rows before `end` have been counted, or there are no more. */
  has(end: number): boolean {
    return this.#complete || this.#closed || this.#total >= end;
  }

  /** Counting met something that no walk should throw: the rows so far stay readable. */
  fail(thrown: unknown): void {
    this.#damage.report(toStoreError(thrown).toProblem());
    this.#finish();
  }

  /** Tables of the store are about to go: opens those that the rows come from. */
  hold(): void {
    if (this.#closed) return;
    try {
      this.#view.pin(this.params.family);
    } catch {
      // What is gone or damaged already, the rows say themselves.
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#counting?.close();
    this.#reading?.walk.close();
    this.#view.release();
  }

  #finish(): void {
    this.#complete = true;
    this.#millis = this.#clock.elapsed() - this.#started;
    this.#counting?.close();
    this.#counting = undefined;
  }

  #mark(walk: Walk): void {
    if (this.#bookmarks.length >= BOOKMARKS_MAX) {
      this.#bookmarks = this.#bookmarks.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
      if (this.#total % this.#stride !== 0) return;
    }
    this.#bookmarks.push(walk.bookmark());
  }

  #position(row: number): Walk {
    const last = this.#reading;
    const mark = Math.floor(row / this.#stride);
    const bookmark = this.#bookmarks[mark];
    if (last !== undefined && last.row <= row && (row - last.row < this.#stride || !last.walk.seekable)) {
      for (let i = last.row; i < row && last.walk.valid; i++) last.walk.next();
      return last.walk;
    }
    last?.walk.close();
    const walk = openWalk(this.#view, this.params, this.#damage);
    const from = walk.seekable && bookmark !== undefined ? mark * this.#stride : 0;
    walk.start(from > 0 ? bookmark : undefined);
    for (let i = from; i < row && walk.valid; i++) walk.next();
    return walk;
  }
}
