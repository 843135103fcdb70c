/**
 * The data blocks along the file as a strip: the height of a bar is a block's raw size, its filled part what
 * is stored of it. The grid below holds the same numbers, and is where the keyboard goes.
 */
import type { TableProfile } from '../../engine/protocol/engineApi.ts';
import { count, size } from '../text/numbers.ts';
import { el, setText } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import { onTheme, prepare, theme } from '../visualizer/theme.ts';
import { axisTop, type StripColumn, stripColumns } from './stripModel.ts';
import { blockText } from './words.ts';

const HEIGHT = 92;
const TOP = 14;
const AXIS_WIDTH = 58;
/** Bars are no wider, so that a table of one block is not one wall. */
const BAR_MAX = 28;
/** From this width on bars are set apart. */
const GAP_FROM = 4;

export class BlockStrip {
  readonly element = el('div', { class: 'strip' });
  readonly #canvas = el('canvas', { class: 'strip-canvas', 'aria-hidden': 'true' });
  readonly #tip = el('div', { class: 'strip-tip' });
  readonly #onPick: (block: number) => void;
  readonly #onOpen: (block: number) => void;
  readonly #paintSoon = perFrame(() => this.#paint());
  #profile: TableProfile | undefined;
  #columns: StripColumn[] = [];
  #barWidth = 1;
  #selected = -1;
  #hover = -1;

  constructor(onPick: (block: number) => void, onOpen: (block: number) => void) {
    this.#onPick = onPick;
    this.#onOpen = onOpen;
    this.element.append(this.#canvas, this.#tip);
    this.element.addEventListener('pointermove', (event) => this.#hoverAt(event));
    this.element.addEventListener('pointerleave', () => {
      this.#hover = -1;
      this.#describe();
      this.#paintSoon();
    });
    this.element.addEventListener('click', (event) => {
      const block = this.#blockAt(event);
      if (block >= 0) this.#onPick(block);
    });
    this.element.addEventListener('dblclick', (event) => {
      const block = this.#blockAt(event);
      if (block >= 0) this.#onOpen(block);
    });
    new ResizeObserver(this.#paintSoon).observe(this.element);
    onTheme(this.#paintSoon);
    this.#describe();
  }

  set profile(profile: TableProfile | undefined) {
    this.#profile = profile;
    this.#describe();
    this.#paintSoon();
  }

  set selected(block: number) {
    this.#selected = block;
    this.#describe();
    this.#paintSoon();
  }

  #describe(): void {
    const p = this.#profile;
    const shown = this.#hover >= 0 ? this.#hover : this.#selected;
    const n = p?.blocks.offset.length ?? 0;
    if (p === undefined) setText(this.#tip, 'The sizes of the blocks appear once the table is measured.');
    else if (shown < 0 || shown >= n)
      setText(this.#tip, 'A bar is a data block: its height the raw size, the filled part what is stored.');
    else setText(this.#tip, `Block ${count(shown)} at ${count(p.blocks.offset[shown] ?? 0)}: ${blockText(p, shown)}`);
  }

  #columnAt(event: MouseEvent): number {
    const x = event.clientX - this.#canvas.getBoundingClientRect().left - AXIS_WIDTH;
    const at = Math.floor(x / this.#barWidth);
    return x >= 0 && at < this.#columns.length ? at : -1;
  }

  /** The block under the pointer; of several in one column the one at its place. */
  #blockAt(event: MouseEvent): number {
    const at = this.#columnAt(event);
    const column = this.#columns[at];
    if (column === undefined) return -1;
    const x = event.clientX - this.#canvas.getBoundingClientRect().left - AXIS_WIDTH;
    const share = x / this.#barWidth - at;
    return Math.min(column.last, column.first + Math.floor(share * (column.last - column.first + 1)));
  }

  #hoverAt(event: PointerEvent): void {
    const block = this.#blockAt(event);
    if (block === this.#hover) return;
    this.#hover = block;
    this.#describe();
    this.#paintSoon();
  }

  #paint(): void {
    const width = this.element.clientWidth;
    if (width < AXIS_WIDTH + 20) return;
    const c = prepare(this.#canvas, width, HEIGHT);
    const t = theme();
    if (c === null || this.#profile === undefined) return;
    const room = width - AXIS_WIDTH - 8;
    this.#columns = stripColumns(this.#profile.blocks, room);
    const n = this.#columns.length;
    if (n === 0) return;
    const bar = Math.min(BAR_MAX, room / n);
    this.#barWidth = bar;
    const top = axisTop(Math.max(...this.#columns.map((column) => column.rawBytes)));
    const base = HEIGHT - 2;
    const scale = (base - TOP) / top;
    c.font = `11px ${t.font}`;
    c.textBaseline = 'middle';
    c.textAlign = 'right';
    c.lineWidth = 1;
    for (const share of [1, 0.5, 0]) {
      const y = Math.round(base - top * share * scale) + 0.5;
      c.strokeStyle = t.line;
      c.globalAlpha = share === 0 ? 1 : 0.5;
      c.beginPath();
      c.moveTo(AXIS_WIDTH, y);
      c.lineTo(width - 8, y);
      c.stroke();
      c.globalAlpha = 1;
      c.fillStyle = t.muted;
      if (share > 0) c.fillText(size(top * share), AXIS_WIDTH - 6, y);
    }
    const gap = bar >= GAP_FROM ? 1 : 0;
    const stored = t.color('charts-blue', t.text);
    const damaged = t.color('charts-red', t.text);
    this.#columns.forEach((column, i) => {
      const x = AXIS_WIDTH + i * bar;
      const w = Math.max(0.5, bar - gap);
      const raw = column.rawBytes * scale;
      c.fillStyle = column.damaged ? damaged : stored;
      c.globalAlpha = t.highContrast ? 0.35 : 0.3;
      c.fillRect(x, base - raw, w, raw);
      c.globalAlpha = t.highContrast ? 1 : 0.85;
      c.fillRect(x, base - column.bytes * scale, w, column.bytes * scale);
      c.globalAlpha = 1;
      if (column.damaged) c.fillRect(x, TOP - 10, Math.max(2, w), 5);
    });
    this.#mark(c, this.#hover, t.muted, base);
    this.#mark(c, this.#selected, t.focus, base);
  }

  /** A frame around a block's bar. */
  #mark(c: CanvasRenderingContext2D, block: number, colour: string, base: number): void {
    if (block < 0) return;
    const at = this.#columns.findIndex((column) => block >= column.first && block <= column.last);
    if (at < 0) return;
    const x = AXIS_WIDTH + at * this.#barWidth;
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    const w = Math.max(3, this.#barWidth);
    c.strokeRect(x - 1, TOP - 4, w + 1, base - TOP + 5);
  }
}
