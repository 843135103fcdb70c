/**
 * The x-axis that scrubber and curves share: pure, no DOM.
 *
 * A *place* is the number of events applied, 0 … events. The axis counts places, or microseconds since the epoch.
 * Times that nobody tells are put in between their known neighbours by the number of events.
 */
import type { TimelineInfo } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { Window } from './state.ts';

/** Pixels to the left of the axis, for labels, and to the right of it. */
export const GUTTER = 72;
export const RIGHT = 14;

/** The narrowest window, in places: what one sees of a long history by zooming in as far as it goes. */
const PLACES_MIN = 8;

/** Room before the first moment and behind the last event, so that they can be seen and hit; parts of the whole. */
const START_ROOM = 0.01;
const END_ROOM = 0.004;

/** Time of each place, growing; of length events + 1, or 0 if no event has one. */
export function placeTimes(timeline: Timeline): Float64Array {
  const { events, at } = timeline;
  const times = new Float64Array(events + 1);
  let last = -1;
  let high = Number.NEGATIVE_INFINITY;
  for (let e = 0; e < events; e++) {
    const time = at[e] as number;
    if (Number.isNaN(time)) continue;
    // A clock may have been set back.
    high = Math.max(high, time);
    const place = e + 1;
    if (last < 0) times.fill(high, 0, place);
    else {
      const from = times[last] as number;
      for (let p = last + 1; p < place; p++) times[p] = from + ((high - from) * (p - last)) / (place - last);
    }
    times[place] = high;
    last = place;
  }
  if (last < 0) return new Float64Array(0);
  times.fill(high, last + 1);
  return times;
}

/** Whether real time says more than edits would: it is known of half of the events, and it passes. */
export function hasTimes(info: TimelineInfo | undefined, times: Float64Array): boolean {
  if (info === undefined || info.timedEvents * 2 < info.events || times.length < 3) return false;
  return (times[times.length - 1] as number) > (times[1] as number);
}

export class TimeScale {
  readonly axis: 'event' | 'time';
  /** Values at the ends of the whole axis. */
  readonly first: number;
  readonly last: number;
  readonly #times: Float64Array;
  readonly #events: number;

  constructor(axis: 'event' | 'time', events: number, times: Float64Array) {
    this.axis = axis === 'time' && times.length > 1 ? 'time' : 'event';
    this.#events = events;
    this.#times = times;
    if (this.axis === 'event') {
      this.first = 0;
      this.last = Math.max(1, events) + Math.max(0.25, events * END_ROOM);
    } else {
      const start = times[1] as number;
      const end = times[times.length - 1] as number;
      const span = Math.max(1, end - start);
      this.last = end + span * END_ROOM;
      // Room for the place before the first event.
      this.first = start - span * START_ROOM;
    }
  }

  value(place: number): number {
    if (this.axis === 'event') return place;
    return place <= 0 ? this.first : (this.#times[Math.min(place, this.#events)] as number);
  }

  /** The place nearest to `value`. */
  place(value: number): number {
    if (this.axis === 'event') return Math.max(0, Math.min(this.#events, Math.round(value)));
    const before = this.lastAt(value);
    if (before >= this.#events) return this.#events;
    return value - this.value(before) <= this.value(before + 1) - value ? before : before + 1;
  }

  /** The last place at or before `value`. */
  lastAt(value: number): number {
    if (this.axis === 'event') return Math.max(0, Math.min(this.#events, Math.floor(value)));
    let low = 0;
    let high = this.#events + 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.value(middle) <= value) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Where the moment `micros` stands on the axis; undefined where no time is known. */
  valueOfTime(micros: number): number | undefined {
    if (this.#times.length < 2) return undefined;
    if (this.axis === 'time') return Math.max(this.first, Math.min(this.last, micros));
    let low = 0;
    let high = this.#events + 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) <= micros) low = middle;
      else high = middle;
    }
    const from = this.#times[low] as number;
    const to = low < this.#events ? (this.#times[low + 1] as number) : from;
    return to > from ? low + Math.max(0, Math.min(1, (micros - from) / (to - from))) : low;
  }

  /** Values at the ends of `window`. */
  range(window: Window): { readonly from: number; readonly to: number } {
    const span = this.last - this.first;
    return { from: this.first + window.from * span, to: this.first + window.to * span };
  }

  /** The least width of a window, as a fraction. */
  get narrowest(): number {
    return Math.min(1, PLACES_MIN / Math.max(1, this.#events));
  }
}

/** `window` made `factor` times as wide around fraction `about` of the whole axis. */
export function zoomed(window: Window, factor: number, about: number, narrowest: number): Window {
  const width = Math.max(narrowest, Math.min(1, (window.to - window.from) * factor));
  const share = window.to > window.from ? (about - window.from) / (window.to - window.from) : 0.5;
  return panned({ from: about - share * width, to: about - share * width + width }, 0);
}

/** `window` moved by a fraction of the whole axis, and kept on it. */
export function panned(window: Window, by: number): Window {
  const width = Math.min(1, window.to - window.from);
  const from = Math.max(0, Math.min(1 - width, window.from + by));
  return { from, to: from + width };
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Round numbers in [from, to], at most about `count` of them. */
export function numberTicks(from: number, to: number, count: number): number[] {
  const raw = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-9)));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? 10 * power);
  const ticks: number[] = [];
  for (let v = Math.ceil(from / step) * step; v <= to; v += step) ticks.push(v);
  return ticks;
}

const SECOND = 1_000_000;
const STEPS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((s) => s * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((m) => m * 60 * SECOND),
  ...[1, 2, 3, 6, 12].map((h) => h * 3600 * SECOND),
  ...[1, 2, 7, 14, 30, 60, 120, 365].map((d) => d * 86_400 * SECOND),
];

/** Round moments in [from, to] microseconds, in UTC. */
export function timeTicks(from: number, to: number, count: number): Tick[] {
  const raw = (to - from) / Math.max(1, count);
  const step = STEPS.find((s) => s >= raw) ?? (STEPS[STEPS.length - 1] as number);
  const ticks: Tick[] = [];
  const many = (to - from) / step > 1000 ? (to - from) / 1000 : step;
  for (let v = Math.ceil(from / step) * step; v <= to; v += many) {
    const iso = new Date(v / 1000).toISOString();
    const label =
      step >= 86_400 * SECOND
        ? iso.slice(0, 10)
        : step >= 60 * SECOND
          ? iso.slice(11, 16)
          : step >= SECOND
            ? iso.slice(11, 19)
            : iso.slice(11, 23);
    ticks.push({ value: v, label });
  }
  return ticks;
}
