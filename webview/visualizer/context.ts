/** What every pane of the visualiser is given. */

import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { FamilySummary, StoreSummary, TimelineInfo } from '../../engine/protocol/engineApi.ts';
import type { Host } from '../ui/host.ts';
import type { ViewState } from './state.ts';
import type { Track } from './track.ts';

/** Boundary keys by position, as far as they were asked for. */
export interface Keys {
  /** The last boundary key at or before `position`; undefined while it is on its way. Asking fetches it. */
  at(position: number): Uint8Array | undefined;
  /** Called when keys have arrived. */
  on(listener: () => void): () => void;
}

export interface Context {
  readonly host: Host;
  readonly state: ViewState;
  readonly keys: Keys;
  /** The history of the family on show; another object when the family or the epoch changes. */
  readonly timeline: Timeline;
  readonly info: TimelineInfo | undefined;
  readonly summary: StoreSummary | undefined;
  readonly family: FamilySummary | undefined;
  /** The history beside it. */
  readonly track: Track | undefined;
  /** Called when the timeline has grown or is another one, and when the summary is another one. */
  onData(listener: () => void): () => void;
  /** Says something to screen readers. */
  speak(text: string): void;
}

/** A part of the page. It listens for what it shows by itself. */
export interface Pane {
  readonly element: HTMLElement;
}
