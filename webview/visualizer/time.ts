/** The time axis as scrubber and curves share it: its scale, kept for the data on show, and its pixels. */
import type { Context } from './context.ts';
import { GUTTER, hasTimes, placeTimes, RIGHT, TimeScale } from './timeScale.ts';

export class TimeAxis {
  readonly #context: Context;
  #scale: TimeScale | undefined;
  #times: Float64Array | undefined;
  /** Pixels of the axis itself. */
  width = 1;
  /** Place under the pointer, on scrubber or curves; -1 for none. */
  #hover = -1;
  readonly #listeners = new Set<() => void>();

  constructor(context: Context) {
    this.#context = context;
    context.onData(() => {
      this.#times = undefined;
      this.#scale = undefined;
    });
    context.state.on((changed) => {
      if (changed.has('timeAxis')) this.#scale = undefined;
    });
  }

  get times(): Float64Array {
    this.#times ??= placeTimes(this.#context.timeline);
    return this.#times;
  }

  /** Whether the axis can count time. */
  get timed(): boolean {
    return hasTimes(this.#context.info, this.times);
  }

  get scale(): TimeScale {
    const { state, timeline } = this.#context;
    const axis = state.now.timeAxis === 'time' && this.timed ? 'time' : 'event';
    this.#scale ??= new TimeScale(axis, timeline.events, this.times);
    return this.#scale;
  }

  get hover(): number {
    return this.#hover;
  }

  set hover(place: number) {
    if (place === this.#hover) return;
    this.#hover = place;
    for (const listener of this.#listeners) listener();
  }

  onHover(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Values at the ends of what is on screen. */
  get range(): { readonly from: number; readonly to: number } {
    return this.scale.range(this.#context.state.now.timeWindow);
  }

  /** Takes the width of an element that holds gutter, axis and right margin. */
  fit(elementWidth: number): void {
    this.width = Math.max(1, elementWidth - GUTTER - RIGHT);
  }

  /** Pixels from the left edge of such an element. */
  x(value: number): number {
    const { from, to } = this.range;
    return GUTTER + ((value - from) / (to - from || 1)) * this.width;
  }

  xOfPlace(place: number): number {
    return this.x(this.scale.value(place));
  }

  /** Fraction of the whole axis at pixel `x`. */
  fraction(x: number): number {
    const { timeWindow } = this.#context.state.now;
    return timeWindow.from + ((x - GUTTER) / this.width) * (timeWindow.to - timeWindow.from);
  }

  place(x: number): number {
    const { first, last } = this.scale;
    return this.scale.place(first + Math.max(0, Math.min(1, this.fraction(x))) * (last - first));
  }
}
