import { EVENT_KINDS } from '../../engine/model/timeline/columns.ts';
import type { Timeline } from '../../engine/model/timeline/timeline.ts';

export function caption(timeline: Timeline, event: number): string {
  const added = (timeline.addedStart[event + 1] as number) - (timeline.addedStart[event] as number);
  const removed = (timeline.removedStart[event + 1] as number) - (timeline.removedStart[event] as number);
  return `${EVENT_KINDS[timeline.kind[event] as number]}: ${removed} tables out, ${added} in`;
}
