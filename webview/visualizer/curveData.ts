/** The curves by what they show: their series, units and words. Pure, no DOM. */
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, size } from '../text/numbers.ts';
import type { CurveId } from './saved.ts';

export interface Series {
  readonly label: string;
  /** Level whose colour it has; -1 for a curve of the whole tree. */
  readonly level: number;
  /** By place: of length events + 1. */
  readonly values: Float64Array;
}

export interface Curve {
  readonly id: CurveId;
  readonly title: string;
  /** What it says and how it is reckoned. */
  readonly hint: string;
  readonly unit: 'bytes' | 'count' | 'ratio';
  /** Series stand on each other, the first one on top. */
  readonly stacked: boolean;
  readonly series: readonly Series[];
}

export function valueText(unit: Curve['unit'], value: number): string {
  if (Number.isNaN(value)) return '–';
  if (unit === 'bytes') return size(Math.round(value));
  if (unit === 'count') return count(value);
  return value >= 100 ? count(value) : value.toFixed(2);
}

export const CURVE_TITLES: Readonly<Record<CurveId, string>> = {
  bytes: 'Bytes per level',
  tables: 'Tables per level',
  writeAmp: 'Write amplification',
  readAmp: 'Read amplification',
  spaceAmp: 'Space amplification',
  scores: 'Compaction scores',
  pending: 'Pending compaction bytes',
  tombstones: 'Tombstones',
};

export function curveOf(timeline: Timeline, id: CurveId): Curve | undefined {
  if (id !== 'bytes' && id !== 'tables') return undefined;
  let levels = 0;
  for (let life = 0; life < timeline.lives; life++) levels = Math.max(levels, 1 + (timeline.level[life] as number));
  const values = Array.from({ length: levels }, () => new Float64Array(timeline.events + 1));
  const weigh = (life: number): number => (id === 'bytes' ? (timeline.bytes[life] as number) : 1);
  const now = new Float64Array(levels);
  for (let e = 0; e < timeline.events; e++) {
    for (let k = timeline.removedStart[e] as number; k < (timeline.removedStart[e + 1] as number); k++) {
      const life = timeline.removed[k] as number;
      now[timeline.level[life] as number] = (now[timeline.level[life] as number] as number) - weigh(life);
    }
    for (let life = timeline.addedStart[e] as number; life < (timeline.addedStart[e + 1] as number); life++) {
      now[timeline.level[life] as number] = (now[timeline.level[life] as number] as number) + weigh(life);
    }
    for (let level = 0; level < levels; level++) (values[level] as Float64Array)[e + 1] = now[level] as number;
  }
  return {
    id,
    title: CURVE_TITLES[id],
    hint: id === 'bytes' ? 'Sizes of the live tables' : 'Live tables',
    unit: id === 'bytes' ? 'bytes' : 'count',
    stacked: true,
    series: values.map((v, level) => ({ label: levelName(level), level, values: v })),
  };
}
