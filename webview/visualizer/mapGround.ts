/** What the map shows at the place on show: tree, layout, colours, and the flow that led there. No DOM of its own. */
import { TreeAt } from '../../engine/model/timeline/timeline.ts';
import { Colours } from './colours.ts';
import type { Context } from './context.ts';
import { boxesOf, changesOf, FLOW_SPEED_MAX, type Flow } from './mapFlow.ts';
import { TreeLayout } from './mapLayout.ts';
import { levelFacts, singleStep } from './mapModel.ts';
import type { Scene } from './mapPaint.ts';
import { palette } from './mapPalette.ts';
import { RowPlaces } from './mapRows.ts';
import { placeOf } from './seek.ts';

export class MapGround {
  tree: TreeAt;
  readonly layout = new TreeLayout();
  readonly places = new RowPlaces();
  readonly colours = new Colours();
  /** Under way since the last step; undefined when what moved has come to rest. */
  flow: Flow | undefined;
  readonly #context: Context;
  #laidOutAt = -1;

  constructor(context: Context) {
    this.#context = context;
    this.tree = new TreeAt(context.timeline);
  }

  /** Moves to the place on show. `still`: nothing is to move from where it was to where it goes. */
  update(still: boolean): void {
    const { timeline, info, state, keys } = this.#context;
    const { axis, colour, playing, speed, progress, family } = state.now;
    const at = placeOf(this.#context);
    if (this.tree.timeline !== timeline) {
      this.tree = new TreeAt(timeline);
      this.#laidOutAt = -1;
    }
    const moves = !still && !(playing && speed > FLOW_SPEED_MAX) && this.layout.axis === axis;
    const step = moves && this.#laidOutAt >= 0 ? singleStep(this.#laidOutAt, at) : undefined;
    const changes = step === undefined ? undefined : changesOf(this.tree, step.event, step.back);
    // Where what goes stood: known only as long as the old layout is.
    const gone = changes === undefined ? [] : boxesOf(this, changes.gone);
    if (this.#laidOutAt !== at) this.flow = undefined;
    this.tree.seek(at);
    const job = progress?.job;
    this.layout.update(this.tree, axis, info, job?.family === family ? [job.outputLevel] : []);
    if (changes !== undefined) this.flow = { gone, came: changes.came, started: performance.now() };
    this.#laidOutAt = at;
    this.colours.setMode(colour);
    this.colours.update(this.tree, (position) => keys.at(position));
  }

  /** The picture of it, `width` pixels wide and at least `available` high. */
  scene(width: number, available: number, gutter: number): Scene {
    const { summary, family, state } = this.#context;
    const { tree, layout, places, colours } = this;
    const theme = palette();
    colours.setTones(theme.tones);
    places.update(layout, available);
    return {
      tree,
      layout,
      places,
      colours,
      palette: theme,
      facts: levelFacts(tree, layout.levels, summary, family),
      window: state.now.window,
      width,
      height: Math.max(available, places.total),
      gutter,
    };
  }
}
