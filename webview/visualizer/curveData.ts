/** The curves by what they show: their series, units and words. Pure, no DOM. */
import { Curves } from '../../engine/model/timeline/curves.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, size } from '../text/numbers.ts';
import type { Context } from './context.ts';
import type { CurveId } from './saved.ts';
import type { Track } from './track.ts';

export interface Series {
  /** '' where there is one only. */
  readonly label: string;
  /** Level whose colour it has; -1 for a curve of the whole tree, -2 for that of the second history. */
  readonly level: number;
  /** By place: of length events + 1. NaN where nobody knows. */
  readonly values: Float64Array;
}

export interface Curve {
  readonly id: CurveId;
  readonly unit: 'bytes' | 'count' | 'ratio';
  /** Series stand on each other, the first one on top; that of a second history stands by itself. */
  readonly stacked: boolean;
  readonly series: readonly Series[];
}

interface CurveWords {
  readonly title: string;
  /** What it is reckoned from. */
  readonly hint: string;
  /** A value that is worth a line across. */
  readonly mark?: number;
}

export const CURVE_WORDS: Readonly<Record<CurveId, CurveWords>> = {
  bytes: { title: 'Bytes per level', hint: 'Sizes of the live tables' },
  tables: { title: 'Tables per level', hint: 'Live tables' },
  writeAmp: {
    title: 'Write amplification',
    hint: 'Bytes written to tables, by bytes that were flushed or ingested, from the beginning of this history',
  },
  readAmp: {
    title: 'Read amplification',
    hint: 'Sorted runs that a get may have to ask: each L0 table, and each deeper level that holds any',
  },
  spaceAmp: { title: 'Space amplification', hint: 'Bytes of all tables, by bytes of the deepest level that holds any' },
  scores: { title: 'Compaction scores', hint: 'From 1 on the engine would compact the level', mark: 1 },
  pending: {
    title: 'Pending compaction bytes',
    hint: 'What would have to be compacted until every level is under its target, as the engine estimates it',
  },
  tombstones: { title: 'Tombstones', hint: 'Deletions in the live tables of which they are known' },
};

export function valueText(unit: Curve['unit'], value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'bytes') return size(Math.round(value));
  if (unit === 'count') return count(value);
  return value >= 100 ? count(value) : value.toFixed(2);
}

interface Reckoned {
  readonly curves: Curves;
  readonly revision: number;
  readonly options: unknown;
}

const reckoned = new WeakMap<Timeline, Reckoned>();

/** Curves of the history on show, reckoned as far as it goes; undefined without a summary of its family. */
export function curvesOf(context: Pick<Context, 'timeline' | 'info' | 'summary' | 'family'>): Curves | undefined {
  const { timeline, info, summary, family } = context;
  if (summary === undefined || family === undefined) return undefined;
  const revision = info?.revision ?? 0;
  const options = JSON.stringify(family.options);
  let known = reckoned.get(timeline);
  if (known === undefined || known.revision !== revision || known.options !== options) {
    const shape = { engine: summary.engine, compaction: family.compaction, options: family.options };
    known = { curves: new Curves(timeline, shape), revision, options };
    reckoned.set(timeline, known);
  }
  known.curves.grow();
  return known.curves;
}

/** Level of the series that shows a second history. */
export const TRACK_LEVEL = -2;

/** A curve of the history on show, with that of a second one, as one series, where there is one. */
export function curveOf(curves: Curves, id: CurveId, track?: Track): Curve {
  const own = ownCurve(curves, id);
  const values = track?.values(curves, id);
  if (track === undefined || values === undefined) return own;
  return { ...own, series: [...own.series, { label: track.label, level: TRACK_LEVEL, values }] };
}

function ownCurve(curves: Curves, id: CurveId): Curve {
  const { places } = curves;
  const levels = (columns: readonly Float64Array[], unit: Curve['unit'], stacked: boolean): Curve => ({
    id,
    unit,
    stacked,
    series: columns.map((values, level) => ({ label: levelName(level), level, values: values.subarray(0, places) })),
  });
  const one = (values: Float64Array, unit: Curve['unit']): Curve => ({
    id,
    unit,
    stacked: false,
    series: [{ label: '', level: -1, values: values.subarray(0, places) }],
  });
  switch (id) {
    case 'bytes':
      return levels(curves.bytes, 'bytes', true);
    case 'tables':
      return levels(curves.tables, 'count', true);
    case 'scores':
      return levels(curves.scores, 'ratio', false);
    case 'writeAmp':
      return one(curves.writeAmplification, 'ratio');
    case 'readAmp':
      return one(curves.sortedRuns, 'count');
    case 'spaceAmp':
      return one(curves.spaceAmplification, 'ratio');
    case 'pending':
      return one(curves.pendingBytes, 'bytes');
    default:
      return one(curves.tombstones, 'count');
  }
}

/** Whether anybody knows anything of it. */
export function isKnown(curve: Curve): boolean {
  return curve.series.some((s) => s.values.some((v) => !Number.isNaN(v)));
}
