/**
 * A virtual grid: only the rows on screen exist in the page, whatever their number.
 *
 * 1. The grid element scrolls natively over a sizer; header and row window are sticky inside it, so
 *    nothing on screen moves by itself and no blank area is ever shown between two frames.
 * 2. `ScrollModel` turns the scrollbar's place into an exact pixel position (see there for long lists).
 * 3. Rows that leave the window are given to those that enter; the order in the page stays that of
 *    the list, for screen readers.
 * 4. Focus stays on the grid, and `aria-activedescendant` names the selected row: a row that
 *    scrolls away cannot take the focus with it. Header cells have one tab stop among them.
 */
import { type ColumnShape, columnTemplate, resizeColumn } from './columns.ts';
import { el } from './dom.ts';
import { perFrame } from './host.ts';
import { ScrollModel } from './scrollModel.ts';

export const ROW_HEIGHT = 22;
export const HEADER_HEIGHT = 24;

/** A jump of more rows than this is a drag of the scrollbar: rows are asked for when it rests. */
const JUMP_ROWS = 600;
const JUMP_REST_MILLIS = 50;
/** Rows may stand this far from the layer's origin before it is moved. */
const REBASE_ROWS = 50_000;

const HEADER_HINT = {
  plain: 'Drag the edge, or Shift+Left and Shift+Right, to resize; double-click the edge, or Enter, to fit',
  sorting:
    'Click, or Enter, to sort; drag the edge, or Shift+Left and Shift+Right, to resize; double-click the edge to fit',
} as const;

export interface GridColumn<Row> extends ColumnShape {
  readonly title: string;
  readonly align?: 'right';
  readonly mono?: boolean;
  readonly muted?: boolean;
  readonly hint?: string;
  /** Fills an empty cell. `index` counts from 0. */
  render(cell: HTMLElement, row: Row, index: number): void;
  /** What can be said of the row before it is there. */
  readonly ahead?: (index: number) => string;
}

export interface GridSource<Row> {
  /** The row, or undefined while it is not there. */
  row(index: number): Row | undefined;
  /** Rows [first, last] are on screen. */
  need(first: number, last: number): void;
  /** Why the row will not come. */
  failure?(index: number): string | undefined;
}

export interface GridOptions<Row> {
  readonly label: string;
  readonly columns: readonly GridColumn<Row>[];
  readonly source: GridSource<Row>;
  onSelect(index: number): void;
  onOpen?(index: number): void;
  onCopy?(index: number): void;
  /** Scroll position, widths or selection changed. */
  onChange?(): void;
  /** A header was clicked, or Enter pressed on it: rows are to stand in the order of that column. */
  onSort?(id: string): void;
}

export interface GridState {
  /** First row, with a fraction. */
  readonly row: number;
  readonly left: number;
  readonly selected: number;
  /** By column id; null for a column that takes what is left. */
  readonly widths: Readonly<Record<string, number | null>>;
}

interface RowSlot<Row> {
  readonly element: HTMLElement;
  readonly cells: readonly HTMLElement[];
  index: number;
  shown: Row | string | undefined;
  version: number;
}

let grids = 0;

export class Grid<Row> {
  readonly element: HTMLElement;
  readonly #o: GridOptions<Row>;
  readonly #model = new ScrollModel(ROW_HEIGHT);
  readonly #content: HTMLElement;
  readonly #layer: HTMLElement;
  readonly #window: HTMLElement;
  readonly #header: HTMLElement;
  readonly #widths: (number | null)[];
  readonly #id = `grid${grids++}`;
  #slots: RowSlot<Row>[] = [];
  #free: RowSlot<Row>[] = [];
  #base = 0;
  #selected = -1;
  /** A row was to be revealed while the grid had no height. */
  #unseen = false;
  #version = 1;
  #lastNeeded = 0;
  /** The scrollbar moved since rows were last asked for. */
  #dragged = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #restore: { row: number; left: number } | undefined;
  readonly #renderSoon = perFrame(() => this.#render());

  constructor(options: GridOptions<Row>) {
    this.#o = options;
    this.#widths = options.columns.map((c) => (c.flex === true ? null : c.width));
    this.#header = this.#buildHeader();
    this.#layer = el('div', { class: 'grid-layer', role: 'rowgroup' });
    this.#window = el('div', { class: 'grid-window' }, this.#layer);
    this.#content = el(
      'div',
      { class: 'grid-content' },
      el('div', { class: 'grid-head', role: 'rowgroup' }, this.#header),
      this.#window,
    );
    this.element = el(
      'div',
      {
        class: 'grid',
        role: 'grid',
        tabindex: 0,
        'aria-label': options.label,
        'aria-rowcount': 1,
        'aria-colcount': options.columns.length,
      },
      this.#content,
    );
    this.#applyWidths();
    this.#listen();
  }

  get rows(): number {
    return this.#model.rows;
  }

  get selected(): number {
    return this.#selected;
  }

  get state(): GridState {
    const widths: Record<string, number | null> = {};
    this.#o.columns.forEach((c, i) => {
      widths[c.id] = this.#widths[i] ?? null;
    });
    return { row: this.#model.top / ROW_HEIGHT, left: this.element.scrollLeft, selected: this.#selected, widths };
  }

  /** Takes widths at once, and scroll position and selection as soon as there are rows for them. */
  set state(state: GridState) {
    this.#o.columns.forEach((c, i) => {
      const width = state.widths[c.id];
      if (width !== undefined) this.#widths[i] = width === null ? null : Math.max(c.min, width);
    });
    this.#applyWidths();
    this.#restore = { row: state.row, left: state.left };
    this.#selected = state.selected;
    this.#place();
  }

  /** Sets how many rows there are; those shown stay where they are. */
  setRows(rows: number): void {
    this.#model.resize(rows, this.#model.viewport);
    this.element.setAttribute('aria-rowcount', String(rows + 1));
    this.#place();
  }

  /** Rows [from, from+count) have changed or arrived. */
  rowsArrived(from: number, count: number): void {
    for (const slot of this.#slots) if (slot.index >= from && slot.index < from + count) this.#fill(slot);
  }

  /** Says in the header by which column the rows are sorted. */
  showSort(id: string, down: boolean): void {
    this.#o.columns.forEach((column, i) => {
      const cell = this.#header.children[i] as HTMLElement;
      if (column.id === id) cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    });
  }

  /** Fills all rows anew, because they are to be shown in another way. */
  repaint(): void {
    this.#version++;
    this.#renderSoon();
  }

  scrollToTop(): void {
    this.#restore = undefined;
    this.#model.moveTo(0);
    this.#place();
  }

  select(index: number, reveal = true): void {
    const clamped = Math.min(this.rows - 1, Math.max(-1, index));
    this.#restore = undefined;
    const changed = clamped !== this.#selected;
    this.#selected = clamped;
    this.#unseen = reveal && this.#model.viewport === 0;
    if (reveal && clamped >= 0) this.#model.reveal(clamped);
    this.#place();
    // At once, not in the next frame: a screen reader asks for the active row right after the key.
    this.#render();
    if (changed) {
      this.#o.onSelect(clamped);
      this.#o.onChange?.();
    }
  }

  #buildHeader(): HTMLElement {
    const cells = this.#o.columns.map((column, i) => {
      const handle = el('div', { class: 'grid-handle', 'aria-hidden': 'true' });
      handle.addEventListener('pointerdown', (event) => this.#drag(event, handle, i));
      handle.addEventListener('dblclick', () => this.#fit(i));
      const cell = el(
        'div',
        {
          class: `grid-cell head${column.align === 'right' ? ' right' : ''}`,
          role: 'columnheader',
          tabindex: i === 0 ? 0 : -1,
          'aria-colindex': i + 1,
          title: `${column.hint ?? column.title}\n${HEADER_HINT[this.#o.onSort === undefined ? 'plain' : 'sorting']}`,
        },
        el('span', { class: 'head-text' }, column.title),
        handle,
      );
      cell.addEventListener('keydown', (event) => this.#headerKey(event, i));
      if (this.#o.onSort !== undefined) {
        cell.classList.add('sorts');
        cell.addEventListener('click', (event) => {
          if (event.target !== handle) this.#o.onSort?.(column.id);
        });
      }
      return cell;
    });
    return el('div', { class: 'grid-row grid-header', role: 'row', 'aria-rowindex': 1 }, ...cells);
  }

  #listen(): void {
    const grid = this.element;
    grid.addEventListener('scroll', () => {
      if (this.#model.scrolledTo(grid.scrollTop)) {
        this.#restore = undefined;
        this.#dragged = true;
        this.#render();
      }
      this.#o.onChange?.();
    });
    grid.addEventListener(
      'wheel',
      (event) => {
        if (!this.#model.scaled || event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
          return;
        event.preventDefault();
        const unit = event.deltaMode === 1 ? ROW_HEIGHT : event.deltaMode === 2 ? this.#model.viewport : 1;
        this.#restore = undefined;
        this.#model.moveBy(event.deltaY * unit);
        this.#placeScrollbar();
        this.#renderSoon();
        this.#o.onChange?.();
      },
      { passive: false },
    );
    grid.addEventListener('keydown', (event) => {
      if (event.target === grid) this.#key(event);
    });
    this.#layer.addEventListener('mousedown', (event) => {
      const index = this.#indexAt(event);
      if (index >= 0 && event.button === 0) this.select(index, false);
    });
    this.#layer.addEventListener('dblclick', (event) => {
      const index = this.#indexAt(event);
      if (index >= 0) this.#o.onOpen?.(index);
    });
    new ResizeObserver(() => {
      this.#model.resize(this.#model.rows, Math.max(0, grid.clientHeight - HEADER_HEIGHT));
      if (this.#unseen && this.#model.viewport > 0) {
        this.#unseen = false;
        if (this.#selected >= 0) this.#model.reveal(this.#selected);
      }
      this.#place();
    }).observe(grid);
  }

  #indexAt(event: Event): number {
    const row = (event.target as Element).closest('.grid-row');
    return this.#slots.find((slot) => slot.element === row)?.index ?? -1;
  }

  #key(event: KeyboardEvent): void {
    const { rows } = this;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c') {
      if (this.#selected < 0 || (window.getSelection()?.isCollapsed ?? true) === false) return;
      event.preventDefault();
      this.#o.onCopy?.(this.#selected);
      return;
    }
    if (event.altKey || event.metaKey || rows === 0) return;
    const at = this.#selected;
    const page = this.#model.pageRows;
    let to: number;
    if (event.key === 'ArrowDown') to = at < 0 ? this.#model.firstRow : at + 1;
    else if (event.key === 'ArrowUp') to = at < 0 ? this.#model.firstRow : Math.max(0, at - 1);
    else if (event.key === 'PageDown') to = Math.max(0, at) + page;
    else if (event.key === 'PageUp') to = Math.max(0, at - page);
    else if (event.key === 'Home') to = 0;
    else if (event.key === 'End') to = rows - 1;
    else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      this.#o.onOpen?.(at);
      return;
    } else if (event.key === ' ') {
      event.preventDefault();
      return;
    } else return;
    event.preventDefault();
    this.select(Math.min(rows - 1, to));
  }

  #headerKey(event: KeyboardEvent, i: number): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (event.key === 'Enter' && this.#o.onSort !== undefined)
      this.#o.onSort((this.#o.columns[i] as GridColumn<Row>).id);
    else if (event.key === 'Enter') this.#fit(i);
    else if (step !== 0 && event.shiftKey) this.#setWidth(i, this.#widthNow(i) + step * 16);
    else if (step !== 0 || event.key === 'Home' || event.key === 'End') {
      const cells = [...this.#header.children] as HTMLElement[];
      const to = event.key === 'Home' ? 0 : event.key === 'End' ? cells.length - 1 : i + step;
      const target = cells[to];
      if (target === undefined) return;
      for (const cell of cells) cell.tabIndex = cell === target ? 0 : -1;
      target.focus();
    } else return;
    event.preventDefault();
  }

  #widthNow(i: number): number {
    return this.#widths[i] ?? (this.#header.children[i] as HTMLElement).getBoundingClientRect().width;
  }

  #setWidth(i: number, width: number | null): void {
    this.#widths[i] = width === null ? null : resizeColumn(this.#o.columns[i] as GridColumn<Row>, width);
    this.#applyWidths();
    this.#o.onChange?.();
  }

  /** As wide as the widest text of the rows on screen; a flexible column takes again what is left. */
  #fit(i: number): void {
    const column = this.#o.columns[i] as GridColumn<Row>;
    if (column.flex === true && this.#widths[i] !== null) {
      this.#setWidth(i, null);
      return;
    }
    let widest = 0;
    const cells = [this.#header.children[i] as HTMLElement, ...this.#slots.map((s) => s.cells[i] as HTMLElement)];
    const range = document.createRange();
    for (const cell of cells) {
      range.selectNodeContents(cell);
      widest = Math.max(widest, range.getBoundingClientRect().width);
    }
    this.#setWidth(i, Math.min(900, Math.ceil(widest) + 18));
  }

  #drag(start: PointerEvent, handle: HTMLElement, i: number): void {
    if (start.button !== 0) return;
    start.preventDefault();
    const width = this.#widthNow(i);
    handle.setPointerCapture(start.pointerId);
    handle.classList.add('active');
    const move = (event: PointerEvent): void => this.#setWidth(i, width + event.clientX - start.clientX);
    const end = (): void => {
      handle.classList.remove('active');
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', end);
      handle.removeEventListener('pointercancel', end);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', end);
    handle.addEventListener('pointercancel', end);
  }

  #applyWidths(): void {
    const { template, minimum } = columnTemplate(this.#o.columns, this.#widths);
    this.element.style.setProperty('--columns', template);
    this.#content.style.minWidth = `${minimum}px`;
  }

  /** Brings page and scrollbar to where the model stands. */
  #place(): void {
    const model = this.#model;
    if (this.#restore !== undefined && model.viewport > 0 && model.rows > 0) {
      model.moveTo(this.#restore.row * ROW_HEIGHT);
      if (this.element.scrollLeft !== this.#restore.left) this.element.scrollLeft = this.#restore.left;
      if (model.firstRow >= Math.floor(this.#restore.row)) this.#restore = undefined;
    }
    this.#window.style.height = `${model.viewport}px`;
    this.#content.style.height = `${HEADER_HEIGHT + model.viewport + model.physicalRange}px`;
    this.#placeScrollbar();
    this.#renderSoon();
  }

  #placeScrollbar(): void {
    const physical = this.#model.physicalTop;
    this.#model.placed(physical);
    this.element.scrollTop = physical;
  }

  #render(): void {
    const model = this.#model;
    const first = model.firstRow;
    const last = model.lastRow;
    if (Math.abs(first - this.#base) > REBASE_ROWS) {
      this.#base = first;
      for (const slot of this.#slots) this.#free.push(slot);
      this.#slots = [];
    }
    this.#recycle(first, last);
    for (const slot of this.#slots) this.#fill(slot);
    this.#layer.style.transform = `translateY(${this.#base * ROW_HEIGHT - model.top}px)`;
    this.element.classList.toggle('has-selection', this.#selected >= 0);
    const active = this.#selected >= first && this.#selected <= last;
    if (active) this.element.setAttribute('aria-activedescendant', `${this.#id}r${this.#selected}`);
    else this.element.removeAttribute('aria-activedescendant');
    if (last >= first) this.#need(first, last);
  }

  #recycle(first: number, last: number): void {
    const kept: RowSlot<Row>[] = [];
    for (const slot of this.#slots) {
      if (slot.index >= first && slot.index <= last) kept.push(slot);
      else this.#free.push(slot);
    }
    const slots: RowSlot<Row>[] = [];
    const keptFirst = kept[0]?.index ?? Number.POSITIVE_INFINITY;
    const keptNode = kept[0]?.element ?? null;
    for (let index = first; index <= last; index++) {
      const old = kept[index - keptFirst];
      if (old !== undefined) {
        slots.push(old);
        continue;
      }
      const slot = this.#free.pop() ?? this.#newSlot();
      this.#assign(slot, index);
      this.#layer.insertBefore(slot.element, index < keptFirst ? keptNode : null);
      slots.push(slot);
    }
    for (const slot of this.#free) slot.element.remove();
    this.#slots = slots;
  }

  #newSlot(): RowSlot<Row> {
    const cells = this.#o.columns.map((column, i) =>
      el('div', {
        class: `grid-cell${column.align === 'right' ? ' right' : ''}${column.mono === true ? ' mono' : ''}${column.muted === true ? ' dim' : ''}`,
        role: 'gridcell',
        'aria-colindex': i + 1,
      }),
    );
    return {
      element: el('div', { class: 'grid-row', role: 'row' }, ...cells),
      cells,
      index: -1,
      shown: undefined,
      version: 0,
    };
  }

  #assign(slot: RowSlot<Row>, index: number): void {
    slot.index = index;
    slot.version = 0;
    slot.element.id = `${this.#id}r${index}`;
    slot.element.setAttribute('aria-rowindex', String(index + 2));
    slot.element.style.transform = `translateY(${(index - this.#base) * ROW_HEIGHT}px)`;
    slot.element.classList.toggle('odd', index % 2 === 1);
  }

  #fill(slot: RowSlot<Row>): void {
    const { index, element } = slot;
    const selected = index === this.#selected;
    if (element.classList.contains('selected') !== selected || !element.hasAttribute('aria-selected')) {
      element.classList.toggle('selected', selected);
      element.setAttribute('aria-selected', String(selected));
    }
    const row = this.#o.source.row(index);
    const shown = row ?? this.#o.source.failure?.(index);
    if (slot.version === this.#version && slot.shown === shown) return;
    slot.version = this.#version;
    slot.shown = shown;
    element.classList.toggle('pending', shown === undefined);
    element.classList.toggle('failed', row === undefined && shown !== undefined);
    this.#o.columns.forEach((column, i) => {
      const cell = slot.cells[i] as HTMLElement;
      cell.replaceChildren();
      if (row !== undefined) column.render(cell, row, index);
      else if (column.ahead !== undefined) cell.textContent = column.ahead(index);
      else if (i === 1 && typeof shown === 'string') cell.textContent = shown;
    });
  }

  #need(first: number, last: number): void {
    clearTimeout(this.#rest);
    const jump = this.#dragged && Math.abs(first - this.#lastNeeded) > JUMP_ROWS;
    this.#dragged = false;
    const ask = (): void => {
      this.#lastNeeded = first;
      this.#o.source.need(first, last);
    };
    if (jump) this.#rest = setTimeout(ask, JUMP_REST_MILLIS);
    else ask();
  }
}
