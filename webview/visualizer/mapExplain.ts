/** The way of a get over the map: the tables that it asked, numbered in its order. Pure. */
import type { TreeAt } from '../../engine/model/timeline/timeline.ts';
import type { ReadPath, StepOutcome } from '../../engine/protocol/engineApi.ts';
import type { Marks, Stop } from './mapOverlay.ts';
import type { VisualizerState } from './state.ts';

const TONES: Readonly<Record<StepOutcome, Stop['tone']>> = {
  'out-of-range': 'muted',
  passed: 'muted',
  filtered: 'accent',
  absent: 'warning',
  found: 'good',
  deleted: 'bad',
  operand: 'good',
  damaged: 'bad',
};

/** Stops of `path` on `tree`. `search` is where the key stands, if it is the one that was searched for. */
export function explainOn(
  tree: TreeAt,
  path: ReadPath,
  search: VisualizerState['search'],
  fractionOf: (position: number) => number | undefined,
): Marks['explain'] {
  const t = tree.timeline;
  const stops: Stop[] = [];
  path.steps.forEach((step, i) => {
    if (step.table === null || step.level < 0) return;
    for (const life of tree.lives(step.level)) {
      if (t.number[life] === step.table) stops.push({ life, label: String(i + 1), tone: TONES[step.outcome] });
    }
  });
  const same =
    search !== undefined &&
    search.key.length === path.key.length &&
    search.key.every((byte, i) => byte === path.key[i]);
  return { at: same ? fractionOf(search.position) : undefined, stops };
}
