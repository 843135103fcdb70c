/** The way of a get over the map: the tables that it asked, numbered in its order. Pure. */
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import type { ReadPath } from '../../engine/protocol/engineApi.ts';
import { explainMarks, VERDICT_TONES, type VerdictTone } from './ladderModel.ts';

/** A numbered stop of a get on its way down. */
export interface Stop {
  readonly life: number;
  readonly order: number;
  readonly tone: VerdictTone;
}

/** Stops of `path` in its order, as far as their tables are live on `tree`. */
export function stopsOf(tree: TreeAt, path: ReadPath): Stop[] {
  const { number } = tree.timeline;
  const marks = explainMarks(path);
  const stops: Stop[] = [];
  for (const level of new Set([...marks.values()].map((mark) => mark.level))) {
    for (const life of tree.lives(level)) {
      const mark = marks.get(number[life] as number);
      if (mark?.level === level) stops.push({ life, order: mark.order, tone: VERDICT_TONES[mark.verdict] });
    }
  }
  return stops.sort((a, b) => a.order - b.order);
}
