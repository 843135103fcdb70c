/** Moving through a history: the one way in which panes change the place on show. */
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import type { ViewState } from './state.ts';

export interface Seekable {
  readonly state: ViewState;
  readonly timeline: Timeline;
}

/** Shows the tree after the first `at` events. At the end it stays there as events come. */
export function seek(on: Seekable, at: number): void {
  const { events } = on.timeline;
  const to = Math.max(0, Math.min(events, Math.round(at)));
  on.state.set({ at: to, follow: to === events });
}

/** The place on show; what a restored state says may be beyond the end while events are on their way. */
export function placeOf(on: Seekable): number {
  return Math.min(on.state.now.at, on.timeline.events);
}

/** Next event after (`way` 1) or before (-1) `event` that is of its kind; -1 if there is none. */
export function sameKind(timeline: Timeline, event: number, way: 1 | -1): number {
  const kind = timeline.kind[event];
  for (let e = event + way; e >= 0 && e < timeline.events; e += way) if (timeline.kind[e] === kind) return e;
  return -1;
}
