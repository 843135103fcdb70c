/**
 * The records of a store's files as rows that can be counted, picked by what became of them, and read at any position.
 *
 * One walk counts all records in slices, and every so many leaves a place with the counts up to it. Those tell for any
 * choice of statuses how many rows lie before each place, so that another choice needs no other walk. Memory stays the
 * same however many records there are: when there are too many places, every other one goes.
 */
import type { Clock } from '../../base/entropy.ts';
import { StoreError, toStoreError } from '../../base/errors.ts';
import type { Page } from '../../model/answers.ts';
import {
  EVIDENCE_STATUSES,
  type EvidenceCounts,
  type EvidenceRow,
  type EvidenceScope,
  type EvidenceState,
  type EvidenceStatus,
} from '../../model/evidence.ts';
import type { Evidence } from './evidence.ts';
import type { EvidencePlace, EvidenceWalk } from './evidenceWalk.ts';

/** A slice of counting; short enough that a cancellation or another call is not felt. */
const SLICE_MS = 8;
const ROWS_PER_CHECK = 256;
const PLACES_MAX = 8192;
const FIRST_STRIDE = 256;

type Counts = Record<EvidenceStatus, number>;

interface Place {
  readonly at: EvidencePlace;
  /** Of the records before it. */
  readonly before: EvidenceCounts;
}

/** A walk that has come to row `row` of those with one of `statuses`. */
interface Reading {
  readonly walk: EvidenceWalk;
  readonly statuses: readonly EvidenceStatus[];
  row: number;
  /** It stands on that row, and not somewhere before the next one. */
  isOn: boolean;
}

const none = (): Counts => ({ live: 0, shadowed: 0, deleted: 0, tombstone: 0, orphan: 0 });

export class EvidenceSet {
  readonly id: number;
  readonly #evidence: Evidence;
  readonly #scope: EvidenceScope;
  readonly #clock: Clock;
  readonly #started: number;
  readonly #counts: Counts = none();
  #places: Place[] = [];
  #stride = FIRST_STRIDE;
  #sincePlace = Number.POSITIVE_INFINITY;
  #counting: EvidenceWalk | undefined;
  #total = 0;
  #bytes = 0;
  #millis = 0;
  #stopped = false;
  #closed = false;
  #failure: StoreError | undefined;
  #reading: Reading | undefined;

  /** Throws INPUT for a scope that makes no sense. */
  constructor(id: number, evidence: Evidence, scope: EvidenceScope, clock: Clock) {
    this.id = id;
    this.#evidence = evidence;
    this.#scope = scope;
    this.#clock = clock;
    this.#started = clock.elapsed();
    this.#counting = evidence.walk(scope);
    this.#counting.start();
  }

  get evidence(): Evidence {
    return this.#evidence;
  }

  state(): EvidenceState {
    const complete = this.#counting === undefined;
    const { problems } = this.#evidence;
    return {
      evidence: this.id,
      total: this.#total,
      byStatus: { ...this.#counts },
      complete,
      stopped: this.#stopped,
      bytes: this.#bytes,
      millis: complete ? this.#millis : this.#clock.elapsed() - this.#started,
      problems: this.#failure === undefined ? problems : [this.#failure.toProblem(), ...problems],
    };
  }

  /** Counts for one slice. False when there is no more to count. */
  step(): boolean {
    const walk = this.#counting;
    if (walk === undefined || this.#closed) return false;
    const until = this.#clock.elapsed() + SLICE_MS;
    try {
      do {
        for (let i = 0; i < ROWS_PER_CHECK; i++) {
          if (!walk.valid) {
            this.#finish();
            return false;
          }
          if (this.#sincePlace >= this.#stride && walk.isPlace) this.#mark(walk);
          this.#sincePlace++;
          this.#total++;
          this.#counts[walk.status]++;
          this.#bytes += walk.bytes;
          walk.next();
        }
      } while (this.#clock.elapsed() < until);
    } catch (thrown) {
      // What has been counted stays readable.
      this.#failure = toStoreError(thrown);
      this.#finish();
      return false;
    }
    return true;
  }

  /** Ends counting where it is. */
  stop(): void {
    if (this.#counting === undefined) return;
    this.#stopped = true;
    this.#finish();
  }

  /** Rows with one of `statuses`, as many of them as have been counted. */
  count(statuses: readonly EvidenceStatus[]): number {
    return countOf(this.#counts, statuses);
  }

  get complete(): boolean {
    return this.#counting === undefined;
  }

  /** Rows [from, from + count) of those with one of `statuses`, a slice at a time. Throws INPUT once it is closed. */
  *read(
    from: number,
    count: number,
    statuses: readonly EvidenceStatus[],
    valueBytes: number,
  ): Generator<void, Page<EvidenceRow>, void> {
    this.#open();
    const chosen = statuses.length === 0 ? EVIDENCE_STATUSES : statuses;
    const total = this.count(chosen);
    const end = Math.min(from + count, total);
    const items: EvidenceRow[] = [];
    if (from < end) {
      const reading = this.#readingAt(from, chosen);
      let isWhole = false;
      try {
        for (let row = from; row < end; row++) {
          yield* this.#to(reading, row);
          if (!reading.walk.valid) break;
          items.push(reading.walk.row(valueBytes));
        }
        isWhole = true;
      } finally {
        if (isWhole && !this.#closed && this.#reading === undefined) this.#reading = reading;
        else reading.walk.close();
      }
    }
    return { items, offset: from, total, complete: this.complete };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#counting?.close();
    this.#reading?.walk.close();
    this.#reading = undefined;
  }

  #open(): void {
    if (this.#closed) throw new StoreError('INPUT', `evidence ${this.id} is closed`, { mend: 'gather it again' });
  }

  #finish(): void {
    this.#millis = this.#clock.elapsed() - this.#started;
    this.#counting?.close();
    this.#counting = undefined;
  }

  #mark(walk: EvidenceWalk): void {
    if (this.#places.length >= PLACES_MAX) {
      this.#places = this.#places.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
      if (this.#sincePlace < this.#stride) return;
    }
    this.#places.push({ at: walk.place(), before: { ...this.#counts } });
    this.#sincePlace = 0;
  }

  /** A walk from which row `row` is not far: the one that read last, or one from the last place before the row. */
  #readingAt(row: number, statuses: readonly EvidenceStatus[]): Reading {
    const last = this.#reading;
    // Taken away while it is used: another page may be asked for between two slices.
    this.#reading = undefined;
    const place = this.#placeBefore(row, statuses);
    const start = place === undefined ? 0 : countOf(place.before, statuses);
    if (last !== undefined) {
      const same = last.statuses.length === statuses.length && last.statuses.every((s, i) => s === statuses[i]);
      if (same && last.row <= row && last.row >= start) return last;
      last.walk.close();
    }
    const walk = this.#evidence.walk(this.#scope);
    walk.start(place?.at);
    return { walk, statuses, row: start - 1, isOn: false };
  }

  *#to(reading: Reading, row: number): Generator<void, void, void> {
    const { walk, statuses } = reading;
    let until = this.#clock.elapsed() + SLICE_MS;
    let steps = 0;
    while (reading.row < row && walk.valid) {
      if (reading.isOn) walk.next();
      reading.isOn = true;
      while (walk.valid && !statuses.includes(walk.status)) {
        walk.next();
        if (++steps % ROWS_PER_CHECK === 0 && this.#clock.elapsed() > until) {
          yield;
          this.#open();
          until = this.#clock.elapsed() + SLICE_MS;
        }
      }
      reading.row++;
    }
  }

  /** The last place with no more than `row` rows before it. Without an order walks start from the beginning only. */
  #placeBefore(row: number, statuses: readonly EvidenceStatus[]): Place | undefined {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (countOf((this.#places[middle] as Place).before, statuses) <= row) low = middle + 1;
      else high = middle;
    }
    return this.#places[low - 1];
  }
}

function countOf(counts: EvidenceCounts, statuses: readonly EvidenceStatus[]): number {
  return (statuses.length === 0 ? EVIDENCE_STATUSES : statuses).reduce((n, s) => n + counts[s], 0);
}
