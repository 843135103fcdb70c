/**
 * A second history beside the one on show: another store, another family, or what a simulator makes of the same
 * load. Its curves stand where it had taken in as many bytes as the history on show: flushed and ingested bytes
 * are what two trees have in common, whatever their edits and their clocks.
 */
import { Curves } from '../../engine/model/timeline/curves.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { TimelineInfo } from '../../engine/protocol/engineApi.ts';
import type { TrackId, TrackInit } from '../../engine/protocol/viewApi.ts';
import type { CurveId } from './saved.ts';

/** What the curves of a track are laid beside. */
type Shown = Pick<Curves, 'places' | 'arrivedBytes'>;

/** Entry n: the last place of `track` with no more bytes taken in than `shown` had at place n; -1 where it ends before. */
export function placesAlike(shown: Shown, track: Shown): Int32Array {
  const alike = new Int32Array(shown.places);
  const last = track.places - 1;
  let at = 0;
  for (let n = 0; n < shown.places; n++) {
    const arrived = shown.arrivedBytes[n] as number;
    while (at < last && (track.arrivedBytes[at + 1] as number) <= arrived) at++;
    alike[n] = at === last && (track.arrivedBytes[last] as number) < arrived ? -1 : at;
  }
  return alike;
}

/** One column for the whole tree: levels summed up, or the highest of them. */
function whole(curves: Curves, id: CurveId): (place: number) => number {
  const sum = (columns: readonly Float64Array[]) => (place: number) =>
    columns.reduce((total, c) => total + (c[place] as number), 0);
  const one = (column: Float64Array) => (place: number) => column[place] as number;
  switch (id) {
    case 'bytes':
      return sum(curves.bytes);
    case 'tables':
      return sum(curves.tables);
    case 'scores':
      return (place) => curves.scores.reduce((most, c) => highest(most, c[place] as number), Number.NaN);
    case 'writeAmp':
      return one(curves.writeAmplification);
    case 'readAmp':
      return one(curves.sortedRuns);
    case 'spaceAmp':
      return one(curves.spaceAmplification);
    case 'pending':
      return one(curves.pendingBytes);
    default:
      return one(curves.tombstones);
  }
}

const highest = (a: number, b: number): number => (Number.isNaN(a) || b > a ? b : a);

export class Track {
  readonly id: TrackId;
  readonly label: string;
  readonly info: TimelineInfo;
  readonly timeline: Timeline;
  readonly curves: Curves;
  /** Another one for each state of the history that was pulled. */
  readonly version: number;
  #alike: { readonly shown: Curves; readonly places: number; readonly map: Int32Array } | undefined;
  readonly #values = new Map<CurveId, Float64Array>();

  constructor(init: TrackInit, info: TimelineInfo, timeline: Timeline, version: number) {
    this.id = { path: init.path, family: init.family };
    this.label = init.label;
    this.info = info;
    this.timeline = timeline;
    this.version = version;
    const family = init.summary.families.find((f) => f.id === info.family);
    this.curves = new Curves(timeline, {
      engine: init.summary.engine,
      compaction: family?.compaction ?? '',
      options: family?.options ?? {},
    });
    this.curves.grow();
  }

  /** By place of the history on show; NaN beyond this one's end. The same array until `shown` grows. */
  values(shown: Curves, id: CurveId): Float64Array {
    if (this.#alike?.shown !== shown || this.#alike.places !== shown.places) {
      this.#alike = { shown, places: shown.places, map: placesAlike(shown, this.curves) };
      this.#values.clear();
    }
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const { map } = this.#alike;
    const at = whole(this.curves, id);
    const values = Float64Array.from(map, (place) => (place < 0 ? Number.NaN : at(place)));
    this.#values.set(id, values);
    return values;
  }
}

/** Stalls of a history: how many, and their time in microseconds. */
export function stallsOf(info: TimelineInfo | undefined): { readonly count: number; readonly micros: number } {
  const stalls = info?.stalls ?? [];
  return { count: stalls.length, micros: stalls.reduce((sum, s) => sum + (s.to - s.from), 0) };
}
