/** How far long work of the writing kind is: several families as one whole, told at a rate that a person can follow. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { CompactionPhase, CompactionProgress, RunningJob } from '../model/compaction.ts';
import type { TreeEvent } from '../model/events.ts';

/** What long work tells and asks. */
export interface Watch {
  readonly clock: Clock;
  progress(progress: CompactionProgress): void;
  /** Told of every change of the store's tree as it comes into force. */
  event?(event: TreeEvent): void;
  /** Asked at every slice; true ends the work with CANCELLED. */
  isCancelled(): boolean;
}

export function cancelled(watch: Watch): void {
  if (watch.isCancelled()) throw new StoreError('CANCELLED', 'the compaction was cancelled');
}

/** Before that much of the work and that many seconds an estimate of the end says nothing. */
const ETA_SHARE = 0.01;
const ETA_SECONDS = 0.3;

type Counts = Pick<CompactionProgress, 'readBytes' | 'writtenBytes' | 'entries' | 'bytesPerSecond'>;

export const NO_COUNTS: Counts = { readBytes: 0, writtenBytes: 0, entries: 0, bytesPerSecond: 0 };

/** Progress over several families as one, in shares of bytes; `base` of the whole is done before. */
export class Meter {
  readonly #watch: Watch;
  readonly #began: number;
  readonly #total: number;
  readonly #base: number;
  #done = 0;
  #written = 0;
  #percent = 0;

  constructor(watch: Watch, total: number, base = 0) {
    this.#watch = watch;
    this.#began = watch.clock.elapsed();
    this.#total = Math.max(1, total);
    this.#base = base;
  }

  /** `share`: how much of the `bytes` of the family at work is done. */
  tell(phase: CompactionPhase, family: string, bytes: number, share: number, counts: Counts, job?: RunningJob): void {
    const part = Math.min(1, (this.#done + bytes * share) / this.#total);
    const elapsed = (this.#watch.clock.elapsed() - this.#began) / 1000;
    this.#percent = Math.max(this.#percent, 100 * (this.#base + (1 - this.#base) * part));
    this.#watch.progress({
      phase,
      family,
      percent: this.#percent,
      readBytes: this.#done + counts.readBytes,
      writtenBytes: this.#written + counts.writtenBytes,
      entries: counts.entries,
      bytesPerSecond: counts.bytesPerSecond,
      totalBytes: this.#total,
      etaSeconds: elapsed > ETA_SECONDS && part > ETA_SHARE ? (elapsed * (1 - part)) / part : null,
      ...(job === undefined ? {} : { job }),
    });
  }

  finished(bytes: number, written = 0): void {
    this.#done += bytes;
    this.#written += written;
  }
}

/**
 * Hands on the first of what it is told, then what is newest, once an interval at the most, and in the end what
 * it has kept back.
 */
export class Rated<T> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #send: (value: T) => void;
  #sentAt = Number.NEGATIVE_INFINITY;
  #kept: { readonly value: T } | undefined;

  constructor(clock: Clock, intervalMs: number, send: (value: T) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#send = send;
  }

  tell(value: T): void {
    const now = this.#clock.elapsed();
    if (now - this.#sentAt < this.#intervalMs) {
      this.#kept = { value };
      return;
    }
    this.#kept = undefined;
    this.#sentAt = now;
    this.#send(value);
  }

  end(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) this.#send(kept.value);
  }
}
