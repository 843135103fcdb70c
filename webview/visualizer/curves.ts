/**
 * Curves below the map, one over the other, on the time axis of the scrubber.
 *
 * Each is a plot of its own (uPlot). What goes into it is brought down to the pixels first, so that a history of
 * 100,000 events costs what one of 2,000 does. The lines of the place on show and of the pointer lie above all
 * plots as elements that move, so that passing through a history draws no plot anew.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Curves } from '../../engine/model/timeline/curves.ts';
import { count } from '../text/numbers.ts';
import { el, fill, icon, setText } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { menu } from '../ui/menu.ts';
import { levelTone } from './colours.ts';
import type { Context, Pane } from './context.ts';
import { CURVE_WORDS, type Curve, curveOf, curvesOf, isKnown, valueText } from './curveData.ts';
import { type Columns, columnsOf, doubled, extremes, highest, means, placesIn, yMarks } from './decimate.ts';
import { palette } from './mapPalette.ts';
import { CURVES, type CurveId } from './saved.ts';
import type { ScrubberPane } from './scrubber.ts';
import { placeOf, seek } from './seek.ts';
import { onTheme, theme } from './theme.ts';
import type { TimeAxis } from './time.ts';
import { GUTTER, RIGHT } from './timeScale.ts';
import { css, mix, parseColour } from './tones.ts';

const PLOT_HEIGHT = 76;
/** Milliseconds between two drawings while events come in. */
const PULLING_EVERY = 400;

export interface CurveChoice {
  readonly shown: readonly CurveId[];
  show(next: readonly CurveId[]): void;
}

interface Plot {
  readonly id: CurveId;
  readonly element: HTMLElement;
  readonly values: HTMLElement;
  readonly box: HTMLElement;
  curve: Curve | undefined;
  known: boolean;
  /** Each series and those below it summed up, for a stack; the values themselves otherwise. */
  tops: readonly Float64Array[];
  plot: uPlot | undefined;
  marks: readonly number[];
}

const colourOf = (level: number): string =>
  level < 0 ? theme().color('charts-blue') : css(levelTone(palette().tones, level));

/** `colour` mixed into the background, so that lines over it stay apart. */
function faint(colour: string, share = 0.4): string {
  const { tones } = palette();
  const rgb = parseColour(colour);
  return rgb === undefined ? colour : css(mix(tones.background, rgb, share));
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
  #plots: Plot[] = [];
  #curves: Curves | undefined;
  #drawn = Number.NEGATIVE_INFINITY;
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
    this.#plots = shown.map((id) => old.get(id) ?? this.#newPlot(id));
    for (const [id, p] of old) if (!shown.includes(id)) p.plot?.destroy();
    if (shown.length === 0) fill(this.#list, el('p', { class: 'muted side-hint' }, 'No curve is chosen.'));
    else fill(this.#list, ...this.#plots.map((p) => p.element));
    this.#drawSoon();
  }

  #newPlot(id: CurveId): Plot {
    const values = el('span', { class: 'curve-values' });
    const box = el('div', { class: 'curve-box', 'aria-hidden': 'true' });
    const head = el(
      'div',
      { class: 'curve-head' },
      el('h3', { title: CURVE_WORDS[id].hint }, CURVE_WORDS[id].title),
      values,
    );
    const element = el('section', { class: 'curve', 'aria-label': CURVE_WORDS[id].title }, head, box);
    return { id, element, values, box, curve: undefined, known: false, tops: [], plot: undefined, marks: [0, 1] };
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
    const all = curvesOf(this.#context);
    const stale = all !== this.#curves || all?.places !== this.#places;
    this.#curves = all;
    this.#places = all?.places ?? 0;
    for (const p of this.#plots) {
      if (all === undefined) p.curve = undefined;
      else if (stale || p.curve === undefined) {
        p.curve = curveOf(all, p.id);
        p.known = isKnown(p.curve);
        p.tops = topsOf(p.curve);
      }
    }
  }

  #draw(): void {
    const { timeline, state, info } = this.#context;
    const wide = this.element.clientWidth;
    if (wide === 0 || state.now.curvesAs !== 'curves') return;
    // While a long history comes in, its parts are worth a look now and then, not each.
    const pulling = timeline.events < (info?.events ?? 0);
    if (pulling && performance.now() - this.#drawn < PULLING_EVERY) return;
    this.#drawn = performance.now();
    this.#reckon();
    const { scale } = this.#time;
    const { from, to } = this.#time.range;
    const { events } = timeline;
    const [first, last] = placesIn(scale, from, to, events);
    const columns = last - first > 2 * this.#time.width ? Math.floor(this.#time.width) : 0;
    const dense = columns > 0 ? columnsOf(scale, from, to, columns, events) : undefined;
    const x = dense === undefined ? new Float64Array(last - first + 1) : doubled(dense.x);
    if (dense === undefined) for (let p = first; p <= last; p++) x[p - first] = scale.value(p);
    for (const p of this.#plots) this.#drawPlot(p, wide, { x, dense, first, last });
    this.#mark();
  }

  #drawPlot(
    p: Plot,
    wide: number,
    on: {
      readonly x: Float64Array;
      readonly dense: Columns | undefined;
      readonly first: number;
      readonly last: number;
    },
  ): void {
    const { curve } = p;
    p.box.hidden = !p.known;
    if (curve === undefined || !p.known) return;
    if (p.plot === undefined || p.plot.series.length !== 1 + p.tops.length * (curve.stacked ? 1 : 2)) {
      p.plot?.destroy();
      p.plot = this.#newUplot(p, curve, wide);
    }
    const { plot } = p;
    let most = 0;
    for (const top of p.tops) most = Math.max(most, highest(top, on.first, on.last));
    p.marks = yMarks(most, curve.unit === 'bytes');
    if (plot.width !== wide) plot.setSize({ width: wide, height: PLOT_HEIGHT });
    const whole = (v: Float64Array): Float64Array => v.subarray(on.first, on.last + 1);
    const { dense } = on;
    const ys = p.tops.map((v) => (dense === undefined ? whole(v) : means(v, dense)));
    const bands = curve.stacked ? [] : p.tops.map((v) => (dense === undefined ? whole(v) : extremes(v, dense)));
    plot.setData([on.x, ...bands, ...ys] as unknown as uPlot.AlignedData, true);
  }

  #newUplot(p: Plot, curve: Curve, wide: number): uPlot {
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const linear = uPlot.paths.linear?.();
    // With a point for each place, a value holds until the next one. With several places a pixel, the mean is a
    // line, and what lies between the least and the largest a band behind it.
    const line: uPlot.Series.PathBuilder = (u, i, from, to) =>
      ((this.#isDense(u.data[0]) ? linear : stepped) as uPlot.Series.PathBuilder)(u, i, from, to);
    const band: uPlot.Series.PathBuilder = (u, i, from, to) =>
      this.#isDense(u.data[0]) ? (linear as uPlot.Series.PathBuilder)(u, i, from, to) : null;
    const one = curve.series.length === 1;
    const options: uPlot.Options = {
      width: wide,
      height: PLOT_HEIGHT,
      padding: [6, RIGHT, 6, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: {
          time: false,
          range: () => {
            const { from, to } = this.#time.range;
            return [from, to];
          },
        },
        y: { range: () => [0, p.marks[p.marks.length - 1] ?? 1] },
      },
      axes: [
        { show: false },
        {
          size: GUTTER,
          gap: 7,
          font: `10px ${theme().font}`,
          stroke: () => theme().muted,
          grid: { stroke: () => theme().color('tree-tableColumnsBorder', theme().line), width: 1 },
          ticks: { show: false },
          splits: () => [...p.marks],
          values: (_u, marks) => marks.map((v) => axisText(curve, v)),
        },
      ],
      series: [
        {},
        ...(curve.stacked
          ? []
          : curve.series.map((s) => ({
              paths: band,
              points: { show: false },
              width: 1,
              stroke: () => faint(colourOf(s.level)),
            }))),
        ...curve.series.map((s) => ({
          paths: line,
          points: { show: false },
          width: curve.stacked ? 0 : 1.5,
          stroke: () => colourOf(s.level),
          ...(curve.stacked
            ? { fill: () => colourOf(s.level) }
            : one
              ? { fill: () => faint(colourOf(s.level), 0.18) }
              : {}),
        })),
      ],
    };
    fill(p.box);
    return new uPlot(options, [[], ...options.series.slice(1).map(() => [])] as unknown as uPlot.AlignedData, p.box);
  }

  #isDense(x: ArrayLike<number>): boolean {
    return x.length > 1 && x[0] === x[1] && x.length === 2 * Math.floor(this.#time.width);
  }

  #mark(): void {
    if (this.#context.state.now.curvesAs !== 'curves' || this.element.clientWidth === 0) return;
    const { hover, width } = this.#time;
    const at = placeOf(this.#context);
    const line = (element: HTMLElement, place: number): void => {
      const x = place < 0 ? -1 : this.#time.xOfPlace(place);
      const seen = x >= GUTTER - 1 && x <= GUTTER + width + 1;
      element.hidden = !seen;
      if (seen) element.style.transform = `translateX(${Math.round(x)}px)`;
    };
    line(this.#now, at);
    line(this.#hover, hover);
    const place = hover >= 0 ? hover : at;
    for (const p of this.#plots) this.#say(p, place);
  }

  #say(p: Plot, place: number): void {
    const { curve } = p;
    if (curve === undefined || !p.known) {
      setText(p.values, 'Nothing tells of this here.');
      return;
    }
    const { series } = curve;
    if (p.values.childElementCount !== series.length || p.values.firstElementChild === null) {
      fill(
        p.values,
        ...series.map((s) =>
          el(
            'span',
            { class: 'curve-value' },
            series.length > 1 ? el('span', { class: 'curve-swatch', 'aria-hidden': 'true' }) : null,
            s.label === '' ? null : el('span', { class: 'dim' }, s.label),
            el('span', {}),
          ),
        ),
      );
    }
    series.forEach((s, i) => {
      const cell = p.values.children[i] as HTMLElement;
      const swatch = cell.querySelector<HTMLElement>('.curve-swatch');
      if (swatch !== null) swatch.style.backgroundColor = colourOf(s.level);
      setText(cell.lastElementChild as HTMLElement, valueText(curve.unit, s.values[place] as number));
    });
  }
}

function axisText(curve: Curve, value: number): string {
  if (curve.unit === 'count' || curve.unit === 'bytes') return value === 0 ? '0' : valueText(curve.unit, value);
  return value >= 10 ? count(value) : String(Math.round(value * 100) / 100);
}

function topsOf(curve: Curve | undefined): readonly Float64Array[] {
  if (curve === undefined) return [];
  if (!curve.stacked) return curve.series.map((s) => s.values);
  const tops: Float64Array[] = [];
  let below: Float64Array | undefined;
  for (const { values } of [...curve.series].reverse()) {
    const top: Float64Array = values.slice();
    if (below !== undefined) for (let i = 0; i < top.length; i++) top[i] = (top[i] as number) + (below[i] as number);
    tops.unshift(top);
    below = top;
  }
  return tops;
}
