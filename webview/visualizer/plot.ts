/**
 * One curve: its name, its values at a place, and a plot of it. The only file that imports uPlot.
 *
 * With a point for each place, a value holds until the next one. With several places a pixel, their mean is a line,
 * and what lies between the least and the largest of them a band behind it; a stack shows the mean only.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count } from '../text/numbers.ts';
import { el, fill, setText } from '../ui/dom.ts';
import { levelTone } from './colours.ts';
import { CURVE_WORDS, type Curve, isKnown, TRACK_LEVEL, valueText } from './curveData.ts';
import { type Columns, doubled, extremes, highest, means, yMarks } from './decimate.ts';
import { type Band, broadBands } from './density.ts';
import { type Palette, palette } from './mapPalette.ts';
import type { CurveId } from './saved.ts';
import { theme } from './theme.ts';
import { GUTTER, RIGHT } from './timeScale.ts';
import { css, mix, parseColour } from './tones.ts';

const PLOT_HEIGHT = 76;
/** Pixels from which on stalls are a stretch behind the curve, and not only marks above it. */
const BROAD_STALL = 5;

/** What of the time axis is on screen. */
export interface Stretch {
  /** Values at its ends. */
  readonly from: number;
  readonly to: number;
  /** Places on screen, and one beyond each end. */
  readonly first: number;
  readonly last: number;
  /** Value of a place on the axis. */
  value(place: number): number;
  /** Where several places fall into a pixel. */
  readonly columns: Columns | undefined;
  /** Stalls, by pixels of the axis. */
  readonly stalls: readonly Band[];
}

const colourOf = (level: number): string => {
  if (level === TRACK_LEVEL) return theme().color('charts-purple');
  return level < 0 ? theme().color('charts-blue') : css(levelTone(palette().tones, level));
};

/** Those that have a band behind their line where several places fall into a pixel. */
const banded = (curve: Curve): readonly number[] =>
  curve.stacked ? [] : curve.series.flatMap((s, i) => (s.level === TRACK_LEVEL ? [] : [i]));

/** `colour` mixed into the background, so that lines over it stay apart. */
function faint(colour: string, share: number): string {
  const rgb = parseColour(colour);
  return rgb === undefined ? colour : css(mix(palette().tones.background, rgb, share));
}

export class CurvePlot {
  readonly id: CurveId;
  readonly element: HTMLElement;
  readonly #values = el('span', { class: 'curve-values' });
  readonly #box = el('div', { class: 'curve-box', 'aria-hidden': 'true' });
  #curve: Curve | undefined;
  /** Each series and those below it summed up, for a stack; the values themselves otherwise. */
  #tops: readonly Float64Array[] = [];
  #plot: uPlot | undefined;
  #stretch: Stretch | undefined;
  #marks: readonly number[] = [0, 1];
  /** Pixels of the axis. */
  #wide = 1;
  /** Labels that stand there. */
  #labelled = '';
  /** The theme that the swatches were coloured for. */
  #coloured: Palette | undefined;

  constructor(id: CurveId) {
    this.id = id;
    const { title, hint } = CURVE_WORDS[id];
    const head = el('div', { class: 'curve-head' }, el('h3', { title: hint }, title), this.#values);
    this.element = el('section', { class: 'curve', 'aria-label': title }, head, this.#box);
  }

  get hasCurve(): boolean {
    return this.#curve !== undefined;
  }

  /** Takes the values to show; undefined, or values that nobody knows, for none. */
  set(curve: Curve | undefined): void {
    this.#curve = curve !== undefined && isKnown(curve) ? curve : undefined;
    this.#tops = this.#curve === undefined ? [] : topsOf(this.#curve);
    const { length } = this.#tops;
    const bands = this.#curve === undefined ? 0 : banded(this.#curve).length;
    if (this.#plot !== undefined && this.#plot.series.length !== 1 + bands + length) {
      this.destroy();
    }
    this.#labels(curve === undefined ? '' : 'Nothing tells of this here.');
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  /** Draws what is on screen, `wide` pixels with gutter and margin. */
  draw(stretch: Stretch, wide: number): void {
    const curve = this.#curve;
    this.#box.hidden = curve === undefined;
    if (curve === undefined) return;
    this.#stretch = stretch;
    this.#wide = wide - GUTTER - RIGHT;
    const { columns, first, last } = stretch;
    let most = 0;
    for (const top of this.#tops) most = Math.max(most, highest(top, first, last));
    this.#marks = yMarks(most, curve.unit);
    // The last value holds until the end of the axis.
    const points = last - first + 2;
    const x = columns === undefined ? new Float64Array(points) : doubled(columns.x);
    if (columns === undefined) for (let p = first; p <= last; p++) x[p - first] = stretch.value(p);
    if (columns === undefined) x[points - 1] = Math.max(stretch.to, x[points - 2] as number);
    const whole = (v: Float64Array): Float64Array => {
      const shown = new Float64Array(points).fill(v[last] as number);
      shown.set(v.subarray(first, last + 1));
      return shown;
    };
    const lines = this.#tops.map((v) => (columns === undefined ? whole(v) : means(v, columns)));
    const bands = banded(curve).map((i) => {
      const v = this.#tops[i] as Float64Array;
      return columns === undefined ? whole(v) : extremes(v, columns);
    });
    this.#plot ??= this.#newPlot(curve, wide);
    if (this.#plot.width !== wide) this.#plot.setSize({ width: wide, height: PLOT_HEIGHT });
    this.#plot.setData([x, ...bands, ...lines] as unknown as uPlot.AlignedData, true);
  }

  /** Writes down the values at `place`. */
  say(place: number): void {
    const curve = this.#curve;
    if (curve === undefined) return;
    const now = palette();
    curve.series.forEach((series, i) => {
      const cell = this.#values.children[i];
      if (cell === undefined) return;
      if (this.#coloured !== now) {
        const swatch = cell.querySelector<HTMLElement>('.curve-swatch');
        if (swatch !== null && series.level !== TRACK_LEVEL) swatch.style.backgroundColor = colourOf(series.level);
      }
      const value = series.values[place] ?? Number.NaN;
      const beside = series.level === TRACK_LEVEL ? difference(value, this.#ownAt(place)) : '';
      setText(cell.lastElementChild as Element, valueText(curve.unit, value) + beside);
    });
    this.#coloured = now;
  }

  /** What the second history's value stands beside: the whole stack, the highest score, or the one curve. */
  #ownAt(place: number): number {
    const tops = this.#tops.filter((_, i) => this.#curve?.series[i]?.level !== TRACK_LEVEL);
    return tops.reduce((most, v) => {
      const value = v[place] ?? Number.NaN;
      return Number.isNaN(most) || value > most ? value : most;
    }, Number.NaN);
  }

  #labels(nothing: string): void {
    const series = this.#curve?.series ?? [];
    const labelled = series.map((s) => s.label).join('\n');
    if (series.length > 0 && this.#values.childElementCount === series.length && labelled === this.#labelled) return;
    this.#labelled = labelled;
    this.#coloured = undefined;
    if (series.length === 0) {
      setText(this.#values, nothing);
      return;
    }
    fill(
      this.#values,
      ...series.map((s) =>
        el(
          'span',
          { class: 'curve-value' },
          s.label === '' && series.length === 1
            ? null
            : el('span', {
                class: s.level === TRACK_LEVEL ? 'curve-swatch track' : 'curve-swatch',
                'aria-hidden': 'true',
              }),
          s.label === '' ? null : el('span', { class: 'dim' }, s.label),
          el('span', {}),
        ),
      ),
    );
  }

  /** Behind the curve: when writes were held up. */
  #paintStalls({ ctx, bbox }: uPlot): void {
    const scale = bbox.width / Math.max(1, this.#wide);
    const stalls = this.#stretch?.stalls ?? [];
    const broad = broadBands(stalls, BROAD_STALL);
    for (const [i, { from, to, kind, share }] of stalls.entries()) {
      const [x, width] = [bbox.left + from * scale, (to - from) * scale];
      ctx.fillStyle = theme().color(kind === 'stop' ? 'charts-red' : 'charts-yellow');
      // Many short ones would be a pattern of their own: the curve is what is to be read.
      if (broad[i] === true) {
        ctx.globalAlpha = 0.05 + 0.12 * share;
        ctx.fillRect(x, bbox.top, width, bbox.height);
      }
      ctx.globalAlpha = 0.35 + 0.65 * share;
      ctx.fillRect(x, bbox.top, width, 3 * scale);
    }
    ctx.globalAlpha = 1;
  }

  /** The value from which on something is to be done. */
  #paintMark(u: uPlot): void {
    const mark = CURVE_WORDS[this.id].mark;
    if (mark === undefined || (this.#marks.at(-1) ?? 0) < mark) return;
    const { ctx, bbox } = u;
    const y = Math.round(u.valToPos(mark, 'y', true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = theme().muted;
    ctx.lineWidth = 1;
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  #newPlot(curve: Curve, wide: number): uPlot {
    const linear = uPlot.paths.linear?.() as uPlot.Series.PathBuilder;
    const stepped = uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;
    const dense = (): boolean => this.#stretch?.columns !== undefined;
    const line: uPlot.Series.PathBuilder = (...args) => (dense() ? linear : stepped)(...args);
    const band: uPlot.Series.PathBuilder = (...args) => (dense() ? linear(...args) : null);
    const { stacked } = curve;
    const fillOf = (level: number): string => (stacked ? colourOf(level) : faint(colourOf(level), 0.18));
    const own = curve.series.filter((s) => s.level !== TRACK_LEVEL).length;
    const bands = banded(curve).map((i) => ({
      paths: band,
      points: { show: false },
      width: 1,
      stroke: () => faint(colourOf(curve.series[i]?.level ?? -1), 0.4),
    }));
    const lines = curve.series.map((s) => ({
      paths: line,
      points: { show: false },
      width: s.level === TRACK_LEVEL ? 2 : stacked ? 0 : 1.5,
      stroke: () => colourOf(s.level),
      ...(s.level === TRACK_LEVEL ? { dash: [5, 3] } : {}),
      ...(s.level !== TRACK_LEVEL && (stacked || own === 1) ? { fill: () => fillOf(s.level) } : {}),
    }));
    const options: uPlot.Options = {
      width: wide,
      height: PLOT_HEIGHT,
      padding: [6, RIGHT, 6, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [this.#stretch?.from ?? 0, this.#stretch?.to ?? 1] },
        y: { range: () => [0, this.#marks.at(-1) ?? 1] },
      },
      axes: [
        { show: false },
        {
          size: GUTTER,
          gap: 7,
          font: `10px ${theme().font}`,
          stroke: () => theme().muted,
          grid: { stroke: () => faint(theme().text, 0.12), width: 1 },
          ticks: { show: false },
          splits: () => [...this.#marks],
          values: (_u, marks) => marks.map((v) => axisText(curve, v)),
        },
      ],
      series: [{}, ...bands, ...lines],
      hooks: { drawClear: [(u) => this.#paintStalls(u)], draw: [(u) => this.#paintMark(u)] },
    };
    fill(this.#box);
    const nothing = [[], ...bands.map(() => []), ...lines.map(() => [])] as unknown as uPlot.AlignedData;
    return new uPlot(options, nothing, this.#box);
  }
}

function axisText(curve: Curve, value: number): string {
  if (curve.unit !== 'ratio') return value === 0 ? '0' : valueText(curve.unit, value);
  return value >= 10 ? count(value) : String(Math.round(value * 100) / 100);
}

/** ` (+12 %)` of what it is compared with; '' where that says nothing. */
function difference(value: number, own: number): string {
  if (!Number.isFinite(value) || !Number.isFinite(own) || own === 0) return '';
  const percent = Math.round((100 * (value - own)) / own);
  return ` (${percent > 0 ? '+' : percent < 0 ? '−' : '±'}${count(Math.abs(percent))} %)`;
}

function topsOf(curve: Curve): readonly Float64Array[] {
  if (!curve.stacked) return curve.series.map((s) => s.values);
  const tops: Float64Array[] = [];
  let below: Float64Array | undefined;
  for (const { values, level } of [...curve.series].reverse()) {
    if (level === TRACK_LEVEL) {
      tops.unshift(values);
      continue;
    }
    const top: Float64Array = values.slice();
    if (below !== undefined) for (let i = 0; i < top.length; i++) top[i] = (top[i] as number) + (below[i] as number);
    tops.unshift(top);
    below = top;
  }
  return tops;
}
