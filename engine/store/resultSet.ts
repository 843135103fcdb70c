/**
 * The rows of a query, countable and readable at any position.
 *
 * One walk counts in slices and leaves a bookmark every so many rows; reading rows starts a second
 * walk at the bookmark before them. Memory is bounded however long the result is: when there are too
 * many bookmarks, every other one goes.
 *
 * With a condition only the entries for which it holds are rows, and all of the above counts those. Between two of them
 * may lie any number of others; so each row has a bookmark as long as there are not too many, and reading goes in
 * slices as counting does.
 */
import type { Clock } from '../base/entropy.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { DamageLog } from '../iter/damage.ts';
import type { EntryRow, Page, QueryParams, QueryState } from '../model/answers.ts';
import type { EntryFilter } from '../model/entryView.ts';
import type { StoreReader } from './reader.ts';
import type { StoreView } from './view.ts';
import { type Bookmark, openWalk, type Walk } from './walk.ts';

/** A slice of counting; short enough that a cancellation or another call is not felt. */
const SLICE_MS = 8;
const ROWS_PER_CHECK = 512;
const BOOKMARKS_MAX = 8192;
const FIRST_STRIDE = 256;
/** A condition may decode whole values: less of that before the clock is looked at. */
const TESTS_PER_CHECK = 32;
/** Entries beside the condition after which a bookmark further on is the shorter way. */
const MISSES_MAX = 512;

interface Place {
  readonly walk: Walk;
  /** The row that the walk stands on. */
  row: number;
}

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
  #stride: number;
  #counting: Walk | undefined;
  readonly #filter: EntryFilter | undefined;
  #total = 0;
  #scanned = 0;
  #bytes = 0;
  #millis = 0;
  #complete = false;
  #stopped = false;
  #closed = false;
  /** The walk that read the last page: the next page goes on from there. */
  #reading: Place | undefined;

  /** `filter`: what the condition in `params` means. */
  constructor(
    id: number,
    store: StoreReader,
    params: QueryParams,
    live: boolean,
    clock: Clock,
    filter: EntryFilter | undefined = undefined,
  ) {
    this.id = id;
    this.#filter = filter;
    this.#stride = filter === undefined ? FIRST_STRIDE : 1;
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
      ...(this.#filter === undefined ? {} : { scanned: this.#scanned }),
      ...(this.#stopped ? { stopped: true as const } : {}),
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
    const filter = this.#filter;
    const perCheck = filter === undefined ? ROWS_PER_CHECK : TESTS_PER_CHECK;
    do {
      for (let i = 0; i < perCheck; i++) {
        if (!walk.valid || this.#total >= this.#limit) {
          this.#finish();
          return false;
        }
        const { bytes } = walk;
        this.#scanned++;
        this.#bytes += bytes;
        // Decoding takes its time by the byte.
        if (filter !== undefined) i += bytes >>> 12;
        if (filter === undefined || filter(walk.entry)) {
          if (this.#total % this.#stride === 0) this.#mark(walk);
          this.#total++;
        }
        walk.next();
      }
    } while (this.#clock.elapsed() < until);
    return true;
  }

  /** Rows [from, from + count), as many of them as have been counted. */
  rows(from: number, count: number, previewBytes: number): Page<EntryRow> {
    const job = this.read(from, count, previewBytes);
    for (let step = job.next(); ; step = job.next()) if (step.done === true) return step.value;
  }

  /** As `rows`, a slice at a time. Throws INPUT once the query is closed. */
  *read(from: number, count: number, previewBytes: number): Generator<void, Page<EntryRow>, void> {
    this.#open();
    const end = Math.min(from + count, this.#total);
    const items: EntryRow[] = [];
    // Taken away while it is used: another page may be asked for between two slices.
    let place = this.#reading;
    this.#reading = undefined;
    let done = false;
    try {
      for (let row = from; row < end; row++) {
        // What it is given is its own to close.
        place = yield* this.#to(place, row);
        if (!place.walk.valid) break;
        items.push(place.walk.row(previewBytes));
      }
      done = true;
    } finally {
      if (done && !this.#closed && this.#reading === undefined) this.#reading = place;
      else if (done) place?.walk.close();
    }
    return { items, offset: from, total: this.#total, complete: this.#complete };
  }

  #open(): void {
    if (this.#closed) throw new StoreError('INPUT', `query ${this.id} is closed`);
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

  /** Ends the count where it is: the rows so far are all there are. */
  stop(): void {
    if (this.#complete || this.#closed) return;
    this.#stopped = true;
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

  /** Moves on to a row from where the last page ended, or from the bookmark before it. */
  *#to(last: Place | undefined, row: number): Generator<void, Place, void> {
    let until = this.#clock.elapsed() + SLICE_MS;
    let place = last;
    const near = Math.max(this.#stride, FIRST_STRIDE);
    if (place !== undefined && !(place.row <= row && (row - place.row < near || !place.walk.seekable))) {
      place.walk.close();
      place = undefined;
    }
    place ??= this.#atBookmark(row);
    let misses = 0;
    let steps = 0;
    const { walk } = place;
    // A walk that starts at a bookmark stands on its row; one from the beginning may stand before the first.
    let onRow = place.row >= 0;
    let arrived = false;
    try {
      while (place.row < row && walk.valid) {
        if (onRow) walk.next();
        onRow = true;
        while (walk.valid && this.#filter?.(walk.entry) === false) {
          walk.next();
          if (++misses > MISSES_MAX && walk.seekable && this.#bookmarkRow(row) > place.row) {
            return yield* this.#to(undefined, row);
          }
          if (++steps % TESTS_PER_CHECK === 0 && this.#clock.elapsed() > until) {
            yield;
            this.#open();
            until = this.#clock.elapsed() + SLICE_MS;
          }
        }
        place.row++;
      }
      arrived = true;
    } finally {
      if (!arrived) walk.close();
    }
    return place;
  }

  /** The row of the last bookmark that is not behind `row`. */
  #bookmarkRow(row: number): number {
    return Math.floor(row / this.#stride) * this.#stride;
  }

  #atBookmark(row: number): Place {
    const walk = openWalk(this.#view, this.params, this.#damage);
    const at = this.#bookmarkRow(row);
    const bookmark = this.#bookmarks[at / this.#stride];
    // Without a condition the first row is where the walk starts anyway.
    if (walk.seekable && bookmark !== undefined && (at > 0 || this.#filter !== undefined)) {
      walk.start(bookmark);
      return { walk, row: at };
    }
    walk.start();
    return { walk, row: this.#filter === undefined ? 0 : -1 };
  }
}
