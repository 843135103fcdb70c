/**
 * Curves below the map, one over the other, on the time axis of the scrubber.
 *
 * What goes into a plot is brought down to the pixels first, so that a history of 100,000 events costs what one of
 * 2,000 does. The lines of the place on show and of the pointer lie above all plots as elements that move, so that
 * passing through a history draws no plot anew.
 */
import type { Curves } from '../../engine/model/timeline/curves.ts';
import { el, fill, icon } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { menu } from '../ui/menu.ts';
import type { Context, Pane } from './context.ts';
import { CURVE_WORDS, curveOf, curvesOf } from './curveData.ts';
import { columnsOf, placesIn } from './decimate.ts';
import { stallBands } from './density.ts';
import { CurvePlot } from './plot.ts';
import { CURVES, type CurveId } from './saved.ts';
import type { ScrubberPane } from './scrubber.ts';
import { placeOf, seek } from './seek.ts';
import { onTheme } from './theme.ts';
import type { TimeAxis } from './time.ts';
import { GUTTER } from './timeScale.ts';
import type { Track } from './track.ts';

/** Milliseconds between two drawings while events come in. */
const PULLING_EVERY = 400;

export interface CurveChoice {
  readonly shown: readonly CurveId[];
  show(next: readonly CurveId[]): void;
}

export class CurvesPane implements Pane {
  readonly element: HTMLElement;
  readonly chooser: HTMLElement;
  readonly #context: Context;
  readonly #time: TimeAxis;
  readonly #choice: CurveChoice;
  // It scrolls, so it can be reached by keyboard.
  readonly #list = el('div', { class: 'curve-list', role: 'group', 'aria-label': 'Curves', tabindex: 0 });
  readonly #now = el('div', { class: 'curve-line now' });
  readonly #hover = el('div', { class: 'curve-line' });
  readonly #drawSoon = perFrame(() => this.#draw());
  readonly #markSoon = perFrame(() => this.#mark());
  #plots: CurvePlot[] = [];
  #curves: Curves | undefined;
  #track: Track | undefined;
  #tracked: number | undefined;
  /** When curves were last drawn while events came in; -1 while none do. */
  #pulled = -1;
  /** Places that the plots were reckoned for. */
  #places = 0;

  constructor(context: Context, time: TimeAxis, scrubber: ScrubberPane, choice: CurveChoice) {
    this.#context = context;
    this.#time = time;
    this.#choice = choice;
    const button = el(
      'button',
      { class: 'icon-button', type: 'button', title: 'Choose curves', 'aria-label': 'Choose curves' },
      icon('chart'),
    );
    this.chooser = menu(button, 'Curves', () =>
      CURVES.map((id) => ({
        label: CURVE_WORDS[id].title,
        checked: choice.shown.includes(id),
        run: () =>
          choice.show(CURVES.filter((c) => (c === id ? !choice.shown.includes(id) : choice.shown.includes(c)))),
      })),
    ).element;
    this.element = el('div', { class: 'curves' }, this.#list, this.#hover, this.#now);
    context.state.on((changed) => {
      if (changed.has('timeWindow') || changed.has('timeAxis') || changed.has('curvesAs')) this.#drawSoon();
      if (changed.has('at')) this.#markSoon();
    });
    context.onData(this.#drawSoon);
    time.onHover(this.#markSoon);
    onTheme(this.#drawSoon);
    new ResizeObserver(this.#drawSoon).observe(this.element);
    this.#listen(scrubber);
  }

  /** Shows the curves that are chosen now. */
  refresh(): void {
    const { shown } = this.#choice;
    if (shown.length === this.#plots.length && shown.every((id, i) => this.#plots[i]?.id === id)) {
      this.#drawSoon();
      return;
    }
    const old = new Map(this.#plots.map((p) => [p.id, p]));
    this.#plots = shown.map((id) => old.get(id) ?? new CurvePlot(id));
    for (const [id, p] of old) if (!shown.includes(id)) p.destroy();
    if (shown.length === 0) fill(this.#list, el('p', { class: 'muted side-hint' }, 'No curve is chosen.'));
    else fill(this.#list, ...this.#plots.map((p) => p.element));
    this.#drawSoon();
  }

  #listen(scrubber: ScrubberPane): void {
    const { element } = this;
    const x = (event: MouseEvent): number => event.clientX - element.getBoundingClientRect().left;
    element.addEventListener('pointermove', (event) => {
      const at = x(event);
      const inside = at >= GUTTER - 4 && at <= GUTTER + this.#time.width + 4;
      this.#time.hover = inside ? this.#time.place(at) : -1;
      if (inside && (event.buttons & 1) !== 0 && element.hasPointerCapture(event.pointerId)) {
        seek(this.#context, this.#time.place(at));
      }
    });
    element.addEventListener('pointerleave', () => {
      this.#time.hover = -1;
    });
    element.addEventListener('pointerdown', (event) => {
      const at = x(event);
      if (event.button !== 0 || at < GUTTER - 4 || at > GUTTER + this.#time.width) return;
      element.setPointerCapture(event.pointerId);
      this.#context.state.set({ playing: false });
      seek(this.#context, this.#time.place(at));
    });
    element.addEventListener(
      'wheel',
      (event) => {
        const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
        const scrolls = this.#list.scrollHeight > this.#list.clientHeight + 1;
        if (scrolls && !event.ctrlKey && !sideways) return;
        scrubber.wheel(event, x(event));
      },
      { passive: false },
    );
  }

  /** Reckons curves anew where the history has grown, or is told otherwise. */
  #reckon(): void {
    const all = this.#context.timeline.events === 0 ? undefined : curvesOf(this.#context);
    const { track } = this.#context;
    const stale =
      all !== this.#curves || all?.places !== this.#places || track !== this.#track || track?.version !== this.#tracked;
    this.#curves = all;
    this.#track = track;
    this.#tracked = track?.version;
    this.#places = all?.places ?? 0;
    for (const p of this.#plots) {
      if (all === undefined) p.set(undefined);
      else if (stale || !p.hasCurve) p.set(curveOf(all, p.id, track));
    }
  }

  #draw(): void {
    const { timeline, state, info } = this.#context;
    const wide = this.element.clientWidth;
    if (wide === 0 || state.now.curvesAs !== 'curves') return;
    // While a long history comes in, the map goes first, and its parts are worth a curve now and then, not each.
    const pulling = timeline.events < (info?.events ?? 0);
    const now = performance.now();
    if (pulling && this.#pulled < 0) this.#pulled = now;
    if (pulling && now - this.#pulled < PULLING_EVERY) return;
    this.#pulled = pulling ? now : -1;
    this.#reckon();
    const { scale } = this.#time;
    const { from, to } = this.#time.range;
    const { events } = timeline;
    const [first, last] = placesIn(scale, from, to, events);
    const width = Math.floor(this.#time.width);
    const columns = last - first > 2 * width ? columnsOf(scale, from, to, width, events) : undefined;
    const stalls = stallBands(info?.stalls ?? [], scale, from, to, width);
    const stretch = { from, to, first, last, columns, stalls, value: (place: number) => scale.value(place) };
    for (const p of this.#plots) p.draw(stretch, wide);
    this.#mark();
  }

  #mark(): void {
    if (this.#context.state.now.curvesAs !== 'curves' || this.element.clientWidth === 0) return;
    const { timeline } = this.#context;
    const { hover, width } = this.#time;
    const at = placeOf(this.#context);
    const line = (element: HTMLElement, place: number): void => {
      const x = place < 0 || timeline.events === 0 ? -1 : this.#time.xOfPlace(place);
      const seen = x >= GUTTER - 1 && x <= GUTTER + width + 1;
      element.hidden = !seen;
      if (seen) element.style.transform = `translateX(${Math.round(x)}px)`;
    };
    line(this.#now, at);
    line(this.#hover, hover);
    const place = hover >= 0 ? hover : at;
    for (const p of this.#plots) p.say(place);
  }
}
