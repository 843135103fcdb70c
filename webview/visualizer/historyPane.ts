/** What lies below the map: playback, the scrubber, and curves or the list of edits. */
import { el, fill, icon, iconButton, show } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { segmented } from '../ui/segmented.ts';
import { splitter } from '../ui/splitter.ts';
import type { Arrangement } from './arrangement.ts';
import type { Context } from './context.ts';
import { CurvesPane } from './curves.ts';
import { EventsPane } from './events.ts';
import { PlayerPane } from './player.ts';
import type { CurveId } from './saved.ts';
import { ScrubberPane } from './scrubber.ts';
import { TimeAxis } from './time.ts';
import { TrackChip } from './trackChip.ts';

const CURVES_MIN = 60;
/** Part of the height that the map keeps, whatever the curves want; as in visualizer.css. */
const MAP_SHARE = 0.34;

export class HistoryPane {
  /** From top to bottom: the line that sets the height, playback, scrubber, curves. */
  readonly elements: readonly HTMLElement[];
  readonly player: PlayerPane;
  readonly #context: Context;
  readonly #arrangement: Arrangement;
  readonly #time: TimeAxis;
  readonly #scrubber: ScrubberPane;
  readonly #curves: CurvesPane;
  readonly #events: EventsPane;
  readonly #track: TrackChip;
  readonly #timeAxis;
  readonly #curvesAs;
  readonly #fold: HTMLButtonElement;
  readonly #below: HTMLElement;
  readonly #transport = el('div', { class: 'vis-transport' });
  readonly #split;
  readonly #update = perFrame(() => this.#paintAxis());

  constructor(context: Context, arrangement: Arrangement) {
    const { state } = context;
    this.#context = context;
    this.#arrangement = arrangement;
    this.#time = new TimeAxis(context);
    this.player = new PlayerPane(context);
    this.#scrubber = new ScrubberPane(context, this.#time);
    this.#curves = new CurvesPane(context, this.#time, this.#scrubber, {
      get shown() {
        return arrangement.now.curves;
      },
      show: (curves: readonly CurveId[]) => arrangement.set({ curves }),
    });
    this.#track = new TrackChip(context);
    this.#events = new EventsPane(context, this.#time, () => arrangement.now.curves);
    this.#below = el('div', { class: 'vis-below' }, this.#curves.element, this.#events.element);
    this.#timeAxis = segmented<'event' | 'time'>(
      'Time axis',
      [
        { value: 'event', label: 'Edits', title: 'One step an edit' },
        { value: 'time', label: 'Time', title: 'Real time, as the logs and the files tell it' },
      ],
      state.now.timeAxis,
      (timeAxis) => state.set({ timeAxis, timeWindow: { from: 0, to: 1 } }),
    );
    this.#curvesAs = segmented<'curves' | 'table'>(
      'History as',
      [
        { value: 'curves', label: 'Curves' },
        { value: 'table', label: 'List' },
      ],
      state.now.curvesAs,
      (curvesAs) => state.set({ curvesAs }),
    );
    this.#fold = iconButton('down', '', () => arrangement.set({ curvesOpen: !arrangement.now.curvesOpen }));
    this.#transport.append(
      this.player.element,
      el('span', { class: 'spring' }),
      this.#timeAxis.element,
      this.#curvesAs.element,
      this.#track.element,
      this.#curves.chooser,
      this.#fold,
    );
    this.#split = splitter({
      label: 'Height of the curves',
      min: CURVES_MIN,
      max: () => this.#heightMax(),
      sideways: () => false,
      get: () => arrangement.now.curvesHeight,
      set: (curvesHeight) => arrangement.set({ curvesHeight, curvesOpen: true }),
    });
    this.elements = [this.#split.element, this.#transport, this.#scrubber.element, this.#below];
    arrangement.on(() => this.refresh());
    state.on((changed) => {
      if (changed.has('curvesAs')) this.refresh();
      if (changed.has('timeAxis') || changed.has('family')) this.#update();
    });
    context.onData(this.#update);
    this.#paintAxis();
  }

  refresh(): void {
    const { curvesOpen, curvesHeight } = this.#arrangement.now;
    const { curvesAs } = this.#context.state.now;
    this.#curvesAs.value = curvesAs;
    show(this.#below, curvesOpen);
    show(this.#curves.element, curvesAs === 'curves');
    show(this.#events.element, curvesAs === 'table');
    show(this.#curves.chooser, curvesOpen);
    show(this.#curvesAs.element, curvesOpen);
    this.#below.style.height = `${curvesHeight}px`;
    this.#fold.title = curvesOpen ? 'Fold the curves' : 'Show the curves';
    this.#fold.setAttribute('aria-label', this.#fold.title);
    this.#fold.setAttribute('aria-expanded', String(curvesOpen));
    fill(this.#fold, icon(curvesOpen ? 'down' : 'up'));
    this.#split.refresh();
    this.#curves.refresh();
    this.#events.refresh();
  }

  #paintAxis(): void {
    show(this.#timeAxis.element, this.#time.timed);
    this.#timeAxis.value = this.#time.scale.axis;
  }

  #heightMax(): number {
    const whole = this.#transport.parentElement?.clientHeight ?? 0;
    return whole * (1 - MAP_SHARE) - this.#transport.offsetHeight - this.#scrubber.element.offsetHeight;
  }
}
