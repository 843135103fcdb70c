/** What the visualiser shows, in one place: panes read it, change it, and are told what changed. No DOM. */
import type { CompactionProgress, ReadPath } from '../../engine/protocol/engineApi.ts';

/** Which way the x-axis of the map is laid out. */
export type Axis = 'keys' | 'bytes';

export const COLOUR_MODES = [
  'level',
  'age',
  'size',
  'tombstones',
  'compression',
  'sequence',
  'filter',
  'overlap',
  'prefix',
] as const;
export type ColourMode = (typeof COLOUR_MODES)[number];

/** Part of an axis that is on screen, as fractions of the whole. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface VisualizerState {
  /** Id of the column family. */
  readonly family: number;
  /** Events applied: 0 is before the first of them. */
  readonly at: number;
  /** New events move `at` along. */
  readonly follow: boolean;
  readonly axis: Axis;
  readonly colour: ColourMode;
  /** Of the map's x-axis. */
  readonly window: Window;
  /** Of the scrubber and the curves, which share it. */
  readonly timeWindow: Window;
  /** What their x-axis counts. */
  readonly timeAxis: 'event' | 'time';
  readonly playing: boolean;
  /** Events a second while playing. */
  readonly speed: number;
  /** Lives that are picked, the last one first in the details. */
  readonly selected: readonly number[];
  /** Life under the pointer or the keyboard's cursor in the map; -1 for none. */
  readonly hover: number;
  /** Position of the key that was searched for; undefined for none. `exact`: it is a boundary key. */
  readonly search: { readonly key: Uint8Array; readonly position: number; readonly exact: boolean } | undefined;
  readonly explain: ReadPath | undefined;
  /** A compaction of ours that runs now. */
  readonly progress: CompactionProgress | undefined;
  /** What stands in for the picture of the map, or of the curves. */
  readonly mapAs: 'map' | 'table';
  readonly curvesAs: 'curves' | 'table';
}

export type Changed = ReadonlySet<keyof VisualizerState>;

export const INITIAL: VisualizerState = {
  family: 0,
  at: 0,
  follow: true,
  axis: 'keys',
  colour: 'level',
  window: { from: 0, to: 1 },
  timeWindow: { from: 0, to: 1 },
  timeAxis: 'event',
  playing: false,
  speed: 10,
  selected: [],
  hover: -1,
  search: undefined,
  explain: undefined,
  progress: undefined,
  mapAs: 'map',
  curvesAs: 'curves',
};

export class ViewState {
  #now: VisualizerState;
  readonly #listeners = new Set<(changed: Changed) => void>();

  constructor(initial: VisualizerState = INITIAL) {
    this.#now = initial;
  }

  get now(): VisualizerState {
    return this.#now;
  }

  /** Tells listeners which members have other values than before; nobody is told where none has. */
  set(patch: Partial<VisualizerState>): void {
    const changed = new Set<keyof VisualizerState>();
    for (const name of Object.keys(patch) as (keyof VisualizerState)[]) {
      if (patch[name] !== this.#now[name]) changed.add(name);
    }
    if (changed.size === 0) return;
    this.#now = { ...this.#now, ...patch };
    for (const listener of this.#listeners) listener(changed);
  }

  on(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
