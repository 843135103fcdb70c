/** What is to be marked on the map, from the state of the view. Pure but for the positions of keys, which are asked for. */
import type { CompactionProgress, RunningJob } from '../../engine/protocol/engineApi.ts';
import { stopsOf } from './mapExplain.ts';
import { type KeyPlaces, outputBoxes } from './mapJob.ts';
import { tablesHolding } from './mapModel.ts';
import type { Marks } from './mapOverlay.ts';
import type { Scene } from './mapPaint.ts';
import type { VisualizerState } from './state.ts';

/** Marks of `state` on `scene`; `pointed` is what the pointer and the clock add. */
export function marksOf(
  scene: Scene,
  state: VisualizerState,
  places: KeyPlaces,
  pointed: Pick<Marks, 'hover' | 'overlaps' | 'cursor' | 'march'>,
): Marks {
  const { layout, tree } = scene;
  const { search, explain, progress, family } = state;
  // The middle of the key's own place; there is none on the axis of bytes.
  const fractionOf = (position: number): number | undefined =>
    layout.axis === 'keys' && !Number.isNaN(position)
      ? (layout.fractionOf(position) + layout.fractionAfter(position)) / 2
      : undefined;
  return {
    ...pointed,
    cursor: layout.axis === 'keys' ? pointed.cursor : undefined,
    selected: state.selected,
    search:
      search === undefined
        ? undefined
        : { at: fractionOf(search.position), lives: tablesHolding(tree, search.position) },
    explain:
      explain === undefined || explain.family !== family
        ? undefined
        : { at: fractionOf(places.position(explain.key)), stops: stopsOf(tree, explain) },
    job: progress?.job?.family === family ? running(scene, progress, progress.job, places) : undefined,
  };
}

function running(scene: Scene, progress: CompactionProgress, job: RunningJob, places: KeyPlaces): Marks['job'] {
  const { layout, tree } = scene;
  const numbers = new Set(job.inputs.map((input) => input.number));
  const inputs: number[] = [];
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (const level of new Set(job.inputs.map((input) => input.level))) {
    for (const life of tree.lives(level)) {
      if (!numbers.has(tree.timeline.number[life] as number)) continue;
      inputs.push(life);
      left = Math.min(left, layout.left[life] as number);
      right = Math.max(right, layout.right[life] as number);
    }
  }
  const room = left < right ? { left, right } : { left: 0, right: 1 };
  const done = progress.readBytes / Math.max(1, progress.totalBytes);
  const outputs = outputBoxes(job, layout, room, done, (key) => places.position(key));
  return { job, percent: progress.percent, inputs, outputs };
}
