/**
 * The map of a tree on a canvas. What does not move is painted once; hover and selection are painted
 * on a second canvas above it, so that a tree of 20,000 tables costs nothing while the mouse moves.
 */

import { displayKey } from '../../engine/model/display.ts';
import type { TableRow } from '../../engine/protocol/engineApi.ts';
import { levelName, plural, size } from '../text/numbers.ts';
import { el, fill, setText } from '../ui/dom.ts';
import { perFrame } from '../ui/host.ts';
import {
  type Axis,
  type Direction,
  layoutMap,
  type MapLayout,
  neighbour,
  overlapping,
  placeRows,
  type RowPlaces,
  spans,
  tableAt,
} from './layout.ts';

const GUTTER = 40;
const ROW = 20;
const SUBROW = 9;
const GAP = 5;
const PAD = 4;

const KEYS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

export interface MapActions {
  /** Selected by mouse or keyboard. */
  onSelect(table: TableRow): void;
  /** Clicked, or Enter pressed. */
  onOpen(table: TableRow): void;
}

interface Palette {
  readonly fill: string;
  readonly damaged: string;
  readonly text: string;
  readonly track: string;
  readonly strong: string;
  readonly overlap: string;
  readonly font: string;
  /** How much of the fill colour shows; all of it in high contrast. */
  readonly alpha: number;
}

function palette(): Palette {
  const style = getComputedStyle(document.body);
  const value = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const text = value('--vscode-foreground', style.color);
  return {
    fill: value('--vscode-charts-blue', text),
    damaged: value('--vscode-charts-red', text),
    text: value('--vscode-descriptionForeground', text),
    track: value('--vscode-tree-tableOddRowsBackground', value('--vscode-list-hoverBackground', 'transparent')),
    strong: text,
    overlap: value('--vscode-charts-yellow', text),
    font: `11px ${style.fontFamily}`,
    alpha: document.body.classList.contains('vscode-high-contrast') ? 1 : 0.8,
  };
}

/** What a table is, in one line: for the tooltip's heading and for screen readers. */
export function describeTable(table: TableRow): string {
  const bounds = `from ${displayKey(table.smallest, 40)} to ${displayKey(table.largest, 40)}`;
  return `Table ${table.number}, ${levelName(table.level)}, ${size(table.bytes)}, ${bounds}${table.problem === null ? '' : `, problem: ${table.problem}`}`;
}

export class MapView {
  readonly element: HTMLElement;
  readonly #actions: MapActions;
  readonly #base = el('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  readonly #over = el('canvas', { class: 'map-canvas over', 'aria-hidden': 'true' });
  readonly #tip = el('div', { class: 'map-tip', 'aria-hidden': 'true' });
  readonly #spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  #tables: readonly TableRow[] = [];
  #layout: MapLayout | undefined;
  #places: RowPlaces | undefined;
  #width = 0;
  #hover = -1;
  #selected = -1;
  readonly #paintSoon = perFrame(() => this.#paint());
  readonly #markSoon = perFrame(() => this.#mark());

  constructor(actions: MapActions) {
    this.#actions = actions;
    this.element = el(
      'div',
      {
        class: 'map',
        role: 'application',
        'aria-roledescription': 'map of tables',
        'aria-label': 'Map of the tree. Arrow keys move between tables, Enter shows the table in the tree.',
        tabindex: 0,
      },
      this.#base,
      this.#over,
      this.#tip,
      this.#spoken,
    );
    this.#tip.hidden = true;
    this.#listen();
  }

  set(tables: readonly TableRow[], axis: Axis, reverse: boolean): void {
    const selected = this.#tables[this.#selected]?.number;
    this.#tables = tables;
    this.#hover = -1;
    this.#tip.hidden = true;
    this.#selected = selected === undefined ? -1 : tables.findIndex((t) => t.number === selected);
    this.#layout = layoutMap(tables, axis, reverse);
    this.#places = placeRows(this.#layout, ROW, SUBROW, GAP);
    this.element.style.height = `${Math.max(24, this.#places.total + 2 * PAD)}px`;
    this.#paintSoon();
  }

  select(table: number): void {
    this.#selected = this.#tables.findIndex((t) => t.number === table);
    this.#markSoon();
  }

  #listen(): void {
    const { element } = this;
    new ResizeObserver(() => {
      this.#width = element.clientWidth;
      this.#paintSoon();
    }).observe(element);
    // A theme changes the variables on the root element and the classes of the body.
    const themes = new MutationObserver(() => this.#paintSoon());
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
    themes.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
    element.addEventListener('pointermove', (event) => this.#point(event));
    element.addEventListener('pointerleave', () => this.#setHover(-1));
    element.addEventListener('click', (event) => {
      this.#point(event);
      const table = this.#tables[this.#hover];
      if (table === undefined) return;
      this.#pick(this.#hover);
      this.#actions.onOpen(table);
    });
    element.addEventListener('keydown', (event) => this.#key(event));
    element.addEventListener('focus', () => this.#markSoon());
    element.addEventListener('blur', () => this.#setHover(-1));
  }

  #key(event: KeyboardEvent): void {
    const layout = this.#layout;
    if (layout === undefined || this.#tables.length === 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const table = this.#tables[this.#selected];
    if (event.key === 'Enter' && table !== undefined) this.#actions.onOpen(table);
    else if (event.key === 'Escape') this.#setHover(-1);
    else {
      const direction = KEYS[event.key];
      if (direction === undefined) return;
      const next = this.#selected < 0 ? (layout.rows[0]?.tables[0] ?? 0) : neighbour(layout, this.#selected, direction);
      this.#pick(next);
      this.#setHover(next);
    }
    event.preventDefault();
  }

  #pick(index: number): void {
    const table = this.#tables[index];
    if (table === undefined) return;
    this.#selected = index;
    setText(this.#spoken, describeTable(table));
    this.#actions.onSelect(table);
    this.#markSoon();
  }

  #point(event: PointerEvent | MouseEvent): void {
    const { left, top } = this.element.getBoundingClientRect();
    this.#setHover(this.#hit(event.clientX - left, event.clientY - top));
  }

  #hit(x: number, y: number): number {
    const layout = this.#layout;
    const places = this.#places;
    if (layout === undefined || places === undefined) return -1;
    const row = layout.rows.findIndex((_, i) => {
      const at = (places.top[i] as number) + PAD;
      return y >= at && y < at + (places.height[i] as number) + 1;
    });
    const width = this.#mapWidth();
    return row < 0 ? -1 : tableAt(layout, row, (x - GUTTER) / width, 3 / width);
  }

  #mapWidth(): number {
    return Math.max(1, this.#width - GUTTER - PAD);
  }

  #setHover(index: number): void {
    if (index === this.#hover) return;
    this.#hover = index;
    this.#markSoon();
  }

  #prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
    const scale = window.devicePixelRatio || 1;
    const height = this.element.clientHeight;
    const w = Math.round(this.#width * scale);
    const h = Math.round(height * scale);
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${this.#width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext('2d');
    context?.setTransform(scale, 0, 0, scale, 0, 0);
    context?.clearRect(0, 0, this.#width, height);
    return context;
  }

  #paint(): void {
    const layout = this.#layout;
    const places = this.#places;
    if (layout === undefined || places === undefined || this.#width === 0) return;
    const context = this.#prepare(this.#base);
    if (context === null) return;
    const colors = palette();
    const width = this.#mapWidth();
    context.font = colors.font;
    context.textBaseline = 'middle';
    layout.rows.forEach((row, i) => {
      const y = (places.top[i] as number) + PAD;
      const height = places.height[i] as number;
      if (layout.rows[i - 1]?.level !== row.level) {
        context.fillStyle = colors.text;
        context.fillText(levelName(row.level), 8, y + (row.level === 0 ? Math.max(height, SUBROW) : height) / 2 + 0.5);
      }
      context.fillStyle = colors.track;
      context.fillRect(GUTTER, y, width, height);
      context.fillStyle = colors.fill;
      context.globalAlpha = colors.alpha;
      const boxes = spans(layout, row, width);
      for (let b = 0; b < boxes.length; b += 2) {
        const from = boxes[b] as number;
        context.fillRect(GUTTER + from, y, (boxes[b + 1] as number) - from, height);
      }
      context.globalAlpha = 1;
    });
    context.fillStyle = colors.damaged;
    this.#tables.forEach((table, i) => {
      if (table.problem !== null) this.#box(context, i, 0, 'fill');
    });
    this.#mark();
  }

  #box(context: CanvasRenderingContext2D, table: number, grow: number, how: 'fill' | 'stroke'): void {
    const layout = this.#layout;
    const places = this.#places;
    if (layout === undefined || places === undefined) return;
    const width = this.#mapWidth();
    const row = layout.rowOf[table] as number;
    const from = Math.round((layout.left[table] as number) * width);
    const to = Math.max(from + 2, Math.round((layout.right[table] as number) * width) - 1);
    const y = (places.top[row] as number) + PAD;
    const height = places.height[row] as number;
    if (how === 'fill') context.fillRect(GUTTER + from, y, to - from, height);
    else context.strokeRect(GUTTER + from - grow, y - grow, to - from + 2 * grow, height + 2 * grow);
  }

  #mark(): void {
    const layout = this.#layout;
    const context = this.#prepare(this.#over);
    if (context === null || layout === undefined) return;
    const colors = palette();
    const focus = this.#hover >= 0 ? this.#hover : this.#selected;
    if (focus >= 0) {
      context.fillStyle = colors.overlap;
      for (const other of overlapping(layout, focus)) this.#box(context, other, 0, 'fill');
    }
    context.strokeStyle = colors.strong;
    if (this.#selected >= 0) {
      context.lineWidth = 2;
      this.#box(context, this.#selected, 1, 'stroke');
    }
    if (this.#hover >= 0 && this.#hover !== this.#selected) {
      context.lineWidth = 1;
      this.#box(context, this.#hover, 0.5, 'stroke');
    }
    this.#showTip();
  }

  #showTip(): void {
    const table = this.#tables[this.#hover];
    const layout = this.#layout;
    const places = this.#places;
    this.#tip.hidden = table === undefined;
    if (table === undefined || layout === undefined || places === undefined) return;
    const line = (name: string, text: string): HTMLElement =>
      el('div', { class: 'tip-line' }, el('span', { class: 'dim' }, name), el('span', { class: 'mono' }, text));
    const overlaps = overlapping(layout, this.#hover);
    const shared = overlaps.reduce((sum, i) => sum + (this.#tables[i]?.bytes ?? 0), 0);
    fill(
      this.#tip,
      el(
        'div',
        { class: 'tip-title' },
        `Table ${table.number}`,
        el('span', { class: 'dim' }, `${levelName(table.level)}, ${size(table.bytes)}`),
      ),
      line('from', displayKey(table.smallest, 60)),
      line('to', displayKey(table.largest, 60)),
      overlaps.length === 0
        ? null
        : el('div', { class: 'dim' }, `overlaps ${plural(overlaps.length, 'table')}, ${size(shared)}`),
      table.problem === null ? null : el('div', { class: 'tip-problem' }, table.problem),
    );
    const row = layout.rowOf[this.#hover] as number;
    const middle =
      GUTTER + (((layout.left[this.#hover] as number) + (layout.right[this.#hover] as number)) / 2) * this.#mapWidth();
    const tipWidth = this.#tip.offsetWidth;
    this.#tip.style.left = `${Math.round(Math.max(4, Math.min(this.#width - tipWidth - 4, middle - tipWidth / 2)))}px`;
    this.#tip.style.top = `${Math.round((places.top[row] as number) + (places.height[row] as number) + PAD + 6)}px`;
  }
}
