/** What the visualiser remembers over a reload, and what of it can be believed: pure, no DOM. */

import { hex } from '../../engine/model/display.ts';
import type { TrackId } from '../../engine/protocol/viewApi.ts';
import { COLOUR_MODES, INITIAL, type VisualizerState, type Window } from './state.ts';

/** In the order in which they stand below each other. */
export const CURVES = [
  'bytes',
  'tables',
  'readAmp',
  'writeAmp',
  'spaceAmp',
  'scores',
  'pending',
  'tombstones',
] as const;
export type CurveId = (typeof CURVES)[number];

/** How the page is divided up. */
export interface PageLayout {
  readonly side: 'off' | 'details' | 'explain';
  /** Pixels. */
  readonly sideWidth: number;
  readonly curvesOpen: boolean;
  readonly curvesHeight: number;
  readonly curves: readonly CurveId[];
}

export const LAYOUT: PageLayout = {
  side: 'off',
  sideWidth: 300,
  curvesOpen: true,
  curvesHeight: 210,
  curves: ['bytes', 'readAmp', 'writeAmp', 'spaceAmp'],
};

const SAVED = [
  'family',
  'at',
  'follow',
  'axis',
  'colour',
  'window',
  'timeWindow',
  'timeAxis',
  'speed',
  'mapAs',
  'curvesAs',
] as const satisfies readonly (keyof VisualizerState)[];

/** Tables that stay picked over a reload. */
const PICKED_MAX = 100;

/** What was picked and searched for, in terms that outlive positions and lives. */
export interface SavedPicks {
  /** File numbers, as they are picked. */
  readonly tables: readonly number[];
  /** The key that was searched for, in hex; '' for none. */
  readonly search: string;
  /** The second history. */
  readonly track?: TrackId;
}

export interface SavedUi {
  readonly state: Pick<VisualizerState, (typeof SAVED)[number]>;
  readonly layout: PageLayout;
  readonly picks: SavedPicks;
}

export interface Restored {
  readonly state: VisualizerState;
  readonly layout: PageLayout;
  readonly picks: SavedPicks;
}

/** `tables` are the file numbers of `state.selected`. */
export function toSaved(
  state: VisualizerState,
  layout: PageLayout,
  tables: readonly number[],
  track?: TrackId,
): SavedUi {
  return {
    state: Object.fromEntries(SAVED.map((name) => [name, state[name]])) as SavedUi['state'],
    layout,
    picks: {
      tables: tables.slice(0, PICKED_MAX),
      search: state.search === undefined ? '' : hex(state.search.key),
      ...(track === undefined ? {} : { track }),
    },
  };
}

const isNumber = (v: unknown, min: number, max: number): v is number => typeof v === 'number' && v >= min && v <= max;
const isWindow = (v: unknown): v is Window => {
  if (typeof v !== 'object' || v === null) return false;
  const w = v as Partial<Window>;
  return isNumber(w.from, 0, 1) && isNumber(w.to, 0, 1) && w.to > w.from;
};

const isTrack = (v: unknown): v is TrackId => {
  if (typeof v !== 'object' || v === null) return false;
  const { path, family } = v as Partial<TrackId>;
  return typeof path === 'string' && path !== '' && typeof family === 'string';
};

const CHECKS: Readonly<Record<(typeof SAVED)[number], (v: unknown) => boolean>> = {
  family: (v) => isNumber(v, 0, 2 ** 32),
  at: (v) => isNumber(v, 0, 2 ** 32) && Number.isInteger(v),
  follow: (v) => typeof v === 'boolean',
  axis: (v) => v === 'keys' || v === 'bytes',
  colour: (v) => (COLOUR_MODES as readonly unknown[]).includes(v),
  window: isWindow,
  timeWindow: isWindow,
  timeAxis: (v) => v === 'event' || v === 'time',
  speed: (v) => isNumber(v, 0.1, 100_000),
  mapAs: (v) => v === 'map' || v === 'table',
  curvesAs: (v) => v === 'curves' || v === 'table',
};

/** What `ui` says, with the initial value for each part that is missing or makes no sense; undefined if it is nothing of ours. */
export function fromSaved(ui: unknown): Restored | undefined {
  if (typeof ui !== 'object' || ui === null) return undefined;
  const { state, layout, picks } = ui as Record<'state' | 'layout' | 'picks', Record<string, unknown> | undefined>;
  if (typeof state !== 'object' || state === null || !CHECKS.family(state['family'])) return undefined;
  const good = SAVED.filter((name) => CHECKS[name](state[name])).map((name) => [name, state[name]]);
  return { state: { ...INITIAL, ...Object.fromEntries(good) }, layout: layoutOf(layout), picks: picksOf(picks) };
}

function picksOf(saved: Record<string, unknown> | undefined | null): SavedPicks {
  const { tables, search, track } = saved ?? {};
  const numbers = Array.isArray(tables) ? tables.filter((n) => Number.isSafeInteger(n)).slice(0, PICKED_MAX) : [];
  const isHex = typeof search === 'string' && search.length % 2 === 0 && /^[0-9a-f]*$/.test(search);
  return { tables: numbers as number[], search: isHex ? search : '', ...(isTrack(track) ? { track } : {}) };
}

function layoutOf(saved: Record<string, unknown> | undefined | null): PageLayout {
  if (typeof saved !== 'object' || saved === null) return LAYOUT;
  const { side, sideWidth, curvesOpen, curvesHeight, curves } = saved;
  return {
    side: side === 'details' || side === 'explain' ? side : 'off',
    sideWidth: isNumber(sideWidth, 100, 4000) ? sideWidth : LAYOUT.sideWidth,
    curvesOpen: typeof curvesOpen === 'boolean' ? curvesOpen : LAYOUT.curvesOpen,
    curvesHeight: isNumber(curvesHeight, 40, 4000) ? curvesHeight : LAYOUT.curvesHeight,
    curves: Array.isArray(curves) ? CURVES.filter((c) => curves.includes(c)) : LAYOUT.curves,
  };
}
