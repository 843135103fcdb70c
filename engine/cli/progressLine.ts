/** One line on the terminal that is written over; nothing where stderr is none. */
import { systemClock } from '../base/entropy.ts';

/** Milliseconds between two lines. */
const INTERVAL_MS = 100;

export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  /** `words` are made only where they are shown; what comes too soon after the line before is not. */
  show(words: () => string): void {
    const now = systemClock.elapsed();
    if (!this.#isTerminal || now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    this.#shown = true;
    process.stderr.write(`\r\u001b[K${words()}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
