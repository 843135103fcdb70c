/**
 * The scrubber: where in its history the tree stands, on a canvas that shows what happened when.
 *
 * Marks and bands are painted once for what is on screen; handle and pointer are on a second canvas above them, so
 * that dragging costs the same whatever the number of events. Events of one kind share a lane; where several fall
 * into a pixel, they show as one, the stronger the more there are.
 */
import { EVENT_KINDS, FLAG_START } from '../../engine/model/timeline/columns.ts';
import { count } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el, fill } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { density, LANES, stallBands } from './density.ts';
import { placeOf, seek } from './seek.ts';
import { onTheme, prepare, theme } from './theme.ts';
import type { TimeAxis } from './time.ts';
import { GUTTER, numberTicks, panned, RIGHT, timeTicks, zoomed } from './timeScale.ts';
import { captionAt, stallText, timeText } from './words.ts';

const TOP = 9;
const LANE = 8;
const LANE_GAP = 2;
const BOTTOM = TOP + LANES.length * (LANE + LANE_GAP);
const LABELS = 15;
/** The bar that shows which part of the history is on screen. */
const BAR = 4;
export const SCRUBBER_HEIGHT = BOTTOM + LABELS + BAR + 2;
/** Pixels between two labels of the axis. */
const TICK_EVERY = 90;
const WHEEL_ZOOM = 1.0016;

export class ScrubberPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #time: TimeAxis;
  readonly #base = el('canvas', { class: 'layer', 'aria-hidden': 'true' });
  readonly #over = el('canvas', { class: 'layer', 'aria-hidden': 'true' });
  readonly #tip = el('div', { class: 'tip', 'aria-hidden': 'true' });
  readonly #paintSoon = perFrame(() => this.#paint());
  readonly #markSoon = perFrame(() => this.#mark());
  #width = 0;
  #pointerX = -1;

  constructor(context: Context, time: TimeAxis) {
    this.#context = context;
    this.#time = time;
    this.#tip.hidden = true;
    this.element = el(
      'div',
      {
        class: 'scrubber',
        role: 'slider',
        tabindex: 0,
        'aria-label': 'Place in the history',
        'aria-orientation': 'horizontal',
        'aria-valuemin': 0,
        'aria-valuemax': 0,
        'aria-valuenow': 0,
        'aria-valuetext': '',
      },
      this.#base,
      this.#over,
      this.#tip,
    );
    this.element.style.height = `${SCRUBBER_HEIGHT}px`;
    context.state.on((changed) => {
      if (changed.has('timeWindow') || changed.has('timeAxis')) this.#paintSoon();
      if (changed.has('at')) this.#markSoon();
      if (changed.has('at') && !changed.has('timeWindow')) this.#reveal();
    });
    context.onData(this.#paintSoon);
    time.onHover(this.#markSoon);
    onTheme(this.#paintSoon);
    new ResizeObserver(() => {
      this.#width = this.element.clientWidth;
      time.fit(this.#width);
      this.#paintSoon();
    }).observe(this.element);
    this.#listen();
  }

  /** Keeps the place on screen while the window shows a part of the history only. */
  #reveal(): void {
    const { state, timeline } = this.#context;
    const { timeWindow } = state.now;
    if (timeline.events === 0 || (timeWindow.from <= 0 && timeWindow.to >= 1)) return;
    const { scale } = this.#time;
    const at = (scale.value(placeOf(this.#context)) - scale.first) / (scale.last - scale.first || 1);
    if (at >= timeWindow.from && at <= timeWindow.to) return;
    const width = timeWindow.to - timeWindow.from;
    const by = at < timeWindow.from ? at - timeWindow.from - width * 0.1 : at - timeWindow.to + width * 0.1;
    state.set({ timeWindow: panned(timeWindow, by) });
  }

  #listen(): void {
    const { element } = this;
    const { state } = this.#context;
    const inside = (event: MouseEvent): { x: number; y: number } => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    element.addEventListener('pointerdown', (start) => {
      if (start.button > 1) return;
      start.preventDefault();
      element.focus();
      const from = inside(start);
      const bar = from.y > SCRUBBER_HEIGHT - BAR - 4;
      const pans = start.shiftKey || start.button === 1 || bar;
      const before = state.now.timeWindow;
      const wide = before.to - before.from;
      element.setPointerCapture(start.pointerId);
      const move = (event: PointerEvent): void => {
        const { x } = inside(event);
        if (pans) {
          // The bar moves with the pointer; the axis moves against it.
          const by = ((x - from.x) / this.#time.width) * (bar ? 1 : -wide);
          state.set({ timeWindow: panned(before, by) });
        } else seek(this.#context, this.#time.place(x));
      };
      if (!pans) {
        state.set({ playing: false });
        seek(this.#context, this.#time.place(from.x));
      }
      const end = (): void => {
        element.removeEventListener('pointermove', move);
        element.removeEventListener('pointerup', end);
        element.removeEventListener('pointercancel', end);
      };
      element.addEventListener('pointermove', move);
      element.addEventListener('pointerup', end);
      element.addEventListener('pointercancel', end);
    });
    element.addEventListener('pointermove', (event) => {
      this.#pointerX = inside(event).x;
      this.#time.hover = this.#time.place(this.#pointerX);
    });
    element.addEventListener('pointerleave', () => {
      this.#pointerX = -1;
      this.#time.hover = -1;
    });
    element.addEventListener('dblclick', () => state.set({ timeWindow: { from: 0, to: 1 } }));
    element.addEventListener('wheel', (event) => this.wheel(event, inside(event).x), { passive: false });
    element.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const { timeline } = this.#context;
      const page = Math.max(10, Math.round(timeline.events / 20));
      const at = placeOf(this.#context);
      if (event.key === 'ArrowUp') seek(this.#context, at + 1);
      else if (event.key === 'ArrowDown') seek(this.#context, at - 1);
      else if (event.key === 'PageUp') seek(this.#context, at + page);
      else if (event.key === 'PageDown') seek(this.#context, at - page);
      else if (event.key === '+' || event.key === '=') this.#zoom(0.5, this.#time.xOfPlace(at));
      else if (event.key === '-') this.#zoom(2, this.#time.xOfPlace(at));
      else if (event.key === '0') state.set({ timeWindow: { from: 0, to: 1 } });
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Zooms, or pans sideways; the curves hand their wheel on to this. */
  wheel(event: WheelEvent, x: number): void {
    event.preventDefault();
    const { state } = this.#context;
    const unit = event.deltaMode === 1 ? 22 : event.deltaMode === 2 ? 300 : 1;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
    if (sideways !== 0) {
      const { timeWindow } = state.now;
      const by = ((sideways * unit) / this.#time.width) * (timeWindow.to - timeWindow.from);
      state.set({ timeWindow: panned(timeWindow, by) });
    } else this.#zoom(WHEEL_ZOOM ** (event.deltaY * unit), x);
  }

  #zoom(factor: number, x: number): void {
    const { state } = this.#context;
    const about = Math.max(0, Math.min(1, this.#time.fraction(x)));
    state.set({ timeWindow: zoomed(state.now.timeWindow, factor, about, this.#time.scale.narrowest) });
  }

  #paint(): void {
    const context = this.#width > 0 ? prepare(this.#base, this.#width, SCRUBBER_HEIGHT) : null;
    if (context === null) return;
    const colors = theme();
    const { timeline, state } = this.#context;
    const { width } = this.#time;
    const { from, to } = this.#time.range;
    context.font = `10px ${colors.font}`;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    LANES.forEach((name, lane) => {
      const y = TOP + lane * (LANE + LANE_GAP);
      context.fillStyle = colors.muted;
      context.fillText(name, GUTTER - 8, y + LANE / 2 + 0.5);
      context.fillStyle = colors.color('tree-tableOddRowsBackground', colors.hover);
      context.fillRect(GUTTER, y, width, LANE);
    });
    context.save();
    context.beginPath();
    context.rect(GUTTER - 1, 0, width + 2, SCRUBBER_HEIGHT);
    context.clip();
    this.#paintStalls(context, from, to);
    const { runs, spacing } = density(timeline, this.#time.scale, from, to, Math.floor(width));
    const wide = spacing >= 6 ? 3 : spacing >= 3 ? 2 : 1;
    for (const run of runs) {
      context.fillStyle = colors.kind(EVENT_KINDS[run.kind] ?? 'unknown');
      context.globalAlpha = colors.highContrast || spacing > 1 ? 1 : 0.3 + 0.7 * run.weight;
      const y = TOP + run.lane * (LANE + LANE_GAP);
      if (run.to - run.from === 1) context.fillRect(GUTTER + run.from - (wide - 1) / 2, y, wide, LANE);
      else context.fillRect(GUTTER + run.from, y, run.to - run.from, LANE);
    }
    context.globalAlpha = 1;
    if (timeline.events > 0 && ((timeline.flags[0] as number) & FLAG_START) !== 0) this.#paintStart(context);
    context.restore();
    if (timeline.events > 0) this.#paintLabels(context, from, to);
    const { timeWindow } = state.now;
    if (timeWindow.from > 0 || timeWindow.to < 1) {
      const y = SCRUBBER_HEIGHT - BAR;
      context.fillStyle = colors.color('scrollbarSlider-background', colors.hover);
      context.fillRect(GUTTER, y, width, BAR);
      context.fillStyle = colors.color('scrollbarSlider-activeBackground', colors.text);
      const wideBar = Math.max(6, (timeWindow.to - timeWindow.from) * width);
      context.fillRect(GUTTER + Math.min(timeWindow.from * width, width - wideBar), y, wideBar, BAR);
    }
    this.#mark();
  }

  #paintStalls(context: CanvasRenderingContext2D, from: number, to: number): void {
    const colors = theme();
    const { scale, width } = this.#time;
    const stalls = this.#context.info?.stalls ?? [];
    if (stalls.length === 0) return;
    for (const band of stallBands(stalls, scale, from, to, Math.floor(width))) {
      context.fillStyle = colors.color(band.kind === 'stop' ? 'charts-red' : 'charts-yellow');
      context.globalAlpha = 0.08 + 0.2 * band.share;
      context.fillRect(GUTTER + band.from, 0, band.to - band.from, BOTTOM);
      context.globalAlpha = 0.4 + 0.6 * band.share;
      context.fillRect(GUTTER + band.from, 0, band.to - band.from, 2);
    }
    context.globalAlpha = 1;
  }

  #paintStart(context: CanvasRenderingContext2D): void {
    const colors = theme();
    const x = Math.round(this.#time.xOfPlace(1));
    context.strokeStyle = colors.muted;
    context.setLineDash([2, 2]);
    context.beginPath();
    context.moveTo(x + 0.5, 2);
    context.lineTo(x + 0.5, BOTTOM);
    context.stroke();
    context.setLineDash([]);
  }

  #paintLabels(context: CanvasRenderingContext2D, from: number, to: number): void {
    const colors = theme();
    const { scale, width } = this.#time;
    const ticks =
      scale.axis === 'time'
        ? timeTicks(from, to, width / TICK_EVERY)
        : numberTicks(from, to, width / TICK_EVERY).map((value) => ({ value, label: count(value) }));
    context.fillStyle = colors.muted;
    context.textAlign = 'right';
    const y = BOTTOM + LABELS / 2 + 1;
    context.fillText(scale.axis === 'time' ? 'UTC' : 'edit', GUTTER - 8, y);
    for (const { value, label } of ticks) {
      const x = this.#time.x(value);
      const half = context.measureText(label).width / 2;
      if (x + half > GUTTER + width + RIGHT) continue;
      context.textAlign = 'center';
      context.fillRect(Math.round(x), BOTTOM, 1, 3);
      context.fillText(label, Math.max(GUTTER + half - 4, x), y);
    }
  }

  #mark(): void {
    const context = this.#width > 0 ? prepare(this.#over, this.#width, SCRUBBER_HEIGHT) : null;
    if (context === null) return;
    const { timeline } = this.#context;
    const at = placeOf(this.#context);
    const { element } = this;
    if (element.getAttribute('aria-valuenow') !== String(at) || element.getAttribute('aria-valuetext') === '') {
      element.setAttribute('aria-valuenow', String(at));
      const text = `edit ${count(at)} of ${count(timeline.events)}: ${captionAt(timeline, at)}`;
      element.setAttribute('aria-valuetext', visibleString(text));
    }
    element.setAttribute('aria-valuemax', String(timeline.events));
    if (timeline.events === 0) {
      this.#tip.hidden = true;
      return;
    }
    const colors = theme();
    const { hover } = this.#time;
    const line = (place: number, color: string, wide: number): number => {
      const x = Math.round(this.#time.xOfPlace(place));
      context.fillStyle = color;
      context.fillRect(x - (wide >> 1), 2, wide, BOTTOM - 2);
      return x;
    };
    if (hover >= 0) line(hover, colors.muted, 1);
    const x = this.#time.xOfPlace(at);
    if (x >= GUTTER - 1 && x <= GUTTER + this.#time.width + 1) {
      const color = colors.color('charts-foreground', colors.text);
      const cx = line(at, color, 2);
      context.beginPath();
      context.moveTo(cx - 5, 0);
      context.lineTo(cx + 5, 0);
      context.lineTo(cx + 5, 4);
      context.lineTo(cx, 9);
      context.lineTo(cx - 5, 4);
      context.closePath();
      context.fill();
    }
    this.#showTip();
  }

  #showTip(): void {
    const { hover, times } = this.#time;
    const { timeline } = this.#context;
    const shown = this.#pointerX >= 0 && hover >= 0;
    this.#tip.hidden = !shown;
    if (!shown) return;
    const event = hover - 1;
    const known = event >= 0 && !Number.isNaN(timeline.at[event] as number);
    const time = times.length > 0 ? timeText(times[hover] as number) : '';
    const stall = known ? visibleString(stallText(this.#context.info, timeline.at[event] as number)) : '';
    fill(
      this.#tip,
      el('div', { class: 'tip-title' }, visibleString(captionAt(timeline, hover))),
      el(
        'div',
        { class: 'dim' },
        `edit ${count(hover)}${time === '' ? '' : known ? `, ${time} UTC` : `, about ${time.slice(0, 19)} UTC, put in between its neighbours`}`,
      ),
      stall === '' ? null : el('div', {}, stall),
    );
    const wide = this.#tip.offsetWidth;
    const left = this.#time.xOfPlace(hover) - wide / 2;
    this.#tip.style.left = `${Math.round(Math.max(4, Math.min(this.#width - wide - 4, left)))}px`;
  }
}
