/** Events by pixel column and lane: pure, no DOM. What is painted is bounded by the width, not by the events. */
import type { Stall } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { TimeScale } from './timeScale.ts';

/** Lane of each kind, by its index in EVENT_KINDS. */
export const LANE_OF: readonly number[] = [2, 0, 1, 1, 0, 2];
export const LANES = ['flush', 'compact', 'other'] as const;
const KINDS = LANE_OF.length;

/** A run of neighbouring columns of a lane that look the same. */
export interface Run {
  readonly lane: number;
  /** Index in EVENT_KINDS of the kind that is met most. */
  readonly kind: number;
  readonly from: number;
  readonly to: number;
  /** 0 … 1: how many events stand in a column, by the logarithm. */
  readonly weight: number;
}

export interface Density {
  readonly runs: readonly Run[];
  /** Pixels between two events where they are spread evenly. */
  readonly spacing: number;
}

/** Steps of weight, so that neighbours join. */
const STEPS = 6;

export function density(timeline: Timeline, scale: TimeScale, from: number, to: number, width: number): Density {
  const first = Math.max(0, scale.lastAt(from) - 1);
  const last = Math.min(timeline.events, scale.lastAt(to) + 1);
  const counts = new Uint32Array(width * KINDS);
  const perValue = width / (to - from || 1);
  for (let e = first; e < last; e++) {
    const x = Math.floor((scale.value(e + 1) - from) * perValue);
    if (x < 0 || x >= width) continue;
    const i = x * KINDS + (timeline.kind[e] as number);
    counts[i] = (counts[i] as number) + 1;
  }
  let most = 1;
  const lanes = LANES.length;
  const sums = new Uint32Array(width * lanes);
  const tops = new Uint8Array(width * lanes);
  for (let x = 0; x < width; x++) {
    for (let k = 0; k < KINDS; k++) {
      const n = counts[x * KINDS + k] as number;
      if (n === 0) continue;
      const i = x * lanes + (LANE_OF[k] as number);
      if ((sums[i] as number) === 0 || n > (counts[x * KINDS + (tops[i] as number)] as number)) tops[i] = k;
      sums[i] = (sums[i] as number) + n;
      most = Math.max(most, sums[i] as number);
    }
  }
  const runs: Run[] = [];
  const log = Math.log2(1 + most);
  for (let lane = 0; lane < lanes; lane++) {
    let start = -1;
    let kind = -1;
    let step = -1;
    for (let x = 0; x <= width; x++) {
      const i = x * lanes + lane;
      const n = x < width ? (sums[i] as number) : 0;
      const k = n > 0 ? (tops[i] as number) : -1;
      const s = n > 0 ? Math.ceil((Math.log2(1 + n) / log) * STEPS) : -1;
      if (k === kind && s === step) continue;
      if (kind >= 0) runs.push({ lane, kind, from: start, to: x, weight: step / STEPS });
      start = x;
      kind = k;
      step = s;
    }
  }
  return { runs, spacing: width / Math.max(1, last - first) };
}

export interface Band {
  readonly from: number;
  readonly to: number;
  readonly kind: Stall['kind'];
  /** 0 … 1: part of these columns in which writes were held up. */
  readonly share: number;
}

/** Of each band, whether it is part of an unbroken stretch of at least so many pixels. */
export function broadBands(bands: readonly Band[], pixels: number): boolean[] {
  const broad: boolean[] = [];
  for (let i = 0; i < bands.length; ) {
    let end = i;
    while (bands[end + 1]?.from === bands[end]?.to && end + 1 < bands.length) end++;
    const wide = (bands[end] as Band).to - (bands[i] as Band).from >= pixels;
    for (; i <= end; i++) broad.push(wide);
  }
  return broad;
}

/** Stalls by pixel column; those that are narrower than a pixel share it. Stops are told before slowdowns. */
export function stallBands(
  stalls: readonly Stall[],
  scale: TimeScale,
  from: number,
  to: number,
  width: number,
): readonly Band[] {
  const perValue = width / (to - from || 1);
  const shares = new Float64Array(width);
  const stops = new Uint8Array(width);
  for (const stall of stalls) {
    const a = scale.valueOfTime(stall.from);
    const b = scale.valueOfTime(stall.to);
    if (a === undefined || b === undefined || b < from || a > to) continue;
    const left = Math.max(0, (a - from) * perValue);
    const right = Math.min(width, Math.max(left + 0.25, (b - from) * perValue));
    for (let x = Math.floor(left); x < right && x < width; x++) {
      shares[x] = Math.min(1, (shares[x] as number) + Math.min(x + 1, right) - Math.max(x, left));
      if (stall.kind === 'stop') stops[x] = 1;
    }
  }
  const bands: Band[] = [];
  let start = -1;
  let step = 0;
  let stop = 0;
  for (let x = 0; x <= width; x++) {
    const share = x < width ? Math.ceil((shares[x] as number) * STEPS) : 0;
    const kind = share > 0 ? (stops[x] as number) : 0;
    if (share === step && kind === stop) continue;
    if (step > 0) bands.push({ from: start, to: x, kind: stop === 1 ? 'stop' : 'slowdown', share: step / STEPS });
    start = x;
    step = share;
    stop = kind;
  }
  return bands;
}
