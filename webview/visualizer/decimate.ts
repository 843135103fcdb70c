/** Curves of many places brought down to the pixels that there are: pure, no DOM. */
import type { TimeScale } from './timeScale.ts';

/** Which places fall into which pixel column of what is on screen. */
export interface Columns {
  /** Places [from[c], from[c + 1]) stand in column c; of length columns + 1. */
  readonly from: Uint32Array;
  /** Value on the axis of the middle of each column. */
  readonly x: Float64Array;
}

/** Places on screen, with the one before and the one behind them so that lines reach the edges. */
export function placesIn(scale: TimeScale, from: number, to: number, events: number): readonly [number, number] {
  return [Math.max(0, scale.lastAt(from)), Math.min(events, scale.lastAt(to) + 1)];
}

export function columnsOf(scale: TimeScale, from: number, to: number, width: number, events: number): Columns {
  const [first, last] = placesIn(scale, from, to, events);
  const starts = new Uint32Array(width + 1).fill(last + 1);
  const x = new Float64Array(width);
  const step = (to - from) / width || 1;
  for (let c = 0; c < width; c++) x[c] = from + (c + 0.5) * step;
  let column = 0;
  starts[0] = first;
  for (let place = first; place <= last; place++) {
    const at = Math.max(0, Math.min(width - 1, Math.floor((scale.value(place) - from) / step)));
    while (column < at) starts[++column] = place;
  }
  return { from: starts, x };
}

/** Two points a column: the least and the largest value in it; columns without a place keep the value before. */
export function extremes(values: Float64Array, columns: Columns): Float64Array {
  const n = columns.x.length;
  const out = new Float64Array(2 * n);
  let held = values[Math.max(0, (columns.from[0] as number) - 1)] ?? 0;
  for (let c = 0; c < n; c++) {
    const from = columns.from[c] as number;
    const to = Math.min(values.length, columns.from[c + 1] as number);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      const v = values[i] as number;
      if (v < low) low = v;
      if (v > high) high = v;
    }
    if (low > high) {
      low = held;
      high = held;
    } else held = values[to - 1] as number;
    out[2 * c] = low;
    out[2 * c + 1] = high;
  }
  return out;
}

/** The mean of the places in each column, twice, so that it goes with `extremes`; columns without a place keep the value before. */
export function means(values: Float64Array, columns: Columns): Float64Array {
  const n = columns.x.length;
  const out = new Float64Array(2 * n);
  let held = values[Math.max(0, (columns.from[0] as number) - 1)] ?? 0;
  for (let c = 0; c < n; c++) {
    const from = columns.from[c] as number;
    const to = Math.min(values.length, columns.from[c + 1] as number);
    let sum = 0;
    let known = 0;
    for (let i = from; i < to; i++) {
      const v = values[i] as number;
      if (Number.isNaN(v)) continue;
      sum += v;
      known++;
    }
    const mean = known > 0 ? sum / known : to > from ? Number.NaN : held;
    if (to > from) held = values[to - 1] as number;
    out[2 * c] = mean;
    out[2 * c + 1] = mean;
  }
  return out;
}

/** The x-axis that goes with `extremes`. */
export function doubled(x: Float64Array): Float64Array {
  const out = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) {
    out[2 * i] = x[i] as number;
    out[2 * i + 1] = x[i] as number;
  }
  return out;
}

/** The largest of `values` at places [first, last]; 0 if all are less or unknown. */
export function highest(values: Float64Array, first: number, last: number): number {
  let most = 0;
  for (let i = first; i <= last && i < values.length; i++) if ((values[i] as number) > most) most = values[i] as number;
  return most;
}

const TOPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10, 20];

/** Round marks of a y-axis from 0 to `max`, the top one at or above it. Bytes have binary units; counts are whole. */
export function yMarks(max: number, of: 'bytes' | 'count' | 'ratio'): readonly number[] {
  if (!(max > 0)) return [0, 1];
  const unit = of === 'bytes' ? 1024 ** Math.max(0, Math.floor(Math.log2(max) / 10)) : 1;
  const inUnit = max / unit;
  const power = 10 ** Math.floor(Math.log10(inUnit));
  const fits = (top: number): boolean => top >= inUnit * (1 - 1e-9) && (of !== 'count' || Number.isInteger(top / 2));
  const top = (TOPS.map((m) => m * power).find(fits) ?? 20 * power) * unit;
  return [0, top / 2, top];
}
