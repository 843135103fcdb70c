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
import { el } from './dom.ts';
import { GridHeader, type HeaderColumn } from './gridHeader.ts';
import { perFrame } from './host.ts';
import { ScrollModel } from './scrollModel.ts';

export const ROW_HEIGHT = 22;
export const HEADER_HEIGHT = 24;

/** A jump of more rows than this is a drag of the scrollbar: rows are asked for when it rests. */
const JUMP_ROWS = 600;
const JUMP_REST_MILLIS = 50;
/** Rows may stand this far from the layer's origin before it is moved. */
const REBASE_ROWS = 50_000;

export interface GridColumn<Row> extends HeaderColumn {
  readonly mono?: boolean;
  readonly muted?: boolean;
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
  /** Shift selects a range of rows. */
  readonly ranges?: boolean;
  /** One cell of the selected row is the current one, and Shift selects a range of rows. */
  readonly cells?: boolean;
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
  readonly #header: GridHeader;
  readonly #id = `grid${grids++}`;
  #slots: RowSlot<Row>[] = [];
  #free: RowSlot<Row>[] = [];
  #base = 0;
  #selected = -1;
  readonly #ranges: boolean;
  /** The other end of a range of selected rows. */
  #anchor = -1;
  #column = 0;
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
    this.#header = new GridHeader({
      columns: options.columns,
      cells: (i) => this.#slots.map((slot) => slot.cells[i] as HTMLElement),
      onWidths: () => {
        this.#applyWidths();
        options.onChange?.();
      },
      onSort: options.onSort === undefined ? undefined : (id) => options.onSort?.(id),
    });
    this.#layer = el('div', { class: 'grid-layer', role: 'rowgroup' });
    this.#window = el('div', { class: 'grid-window' }, this.#layer);
    this.#content = el(
      'div',
      { class: 'grid-content' },
      el('div', { class: 'grid-head', role: 'rowgroup' }, this.#header.element),
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
    this.#ranges = options.cells === true || options.ranges === true;
    if (this.#ranges) this.element.setAttribute('aria-multiselectable', 'true');
    this.#applyWidths();
    this.#listen();
  }

  get rows(): number {
    return this.#model.rows;
  }

  get selected(): number {
    return this.#selected;
  }

  /** Index of the current cell's column. */
  get column(): number {
    return this.#column;
  }

  /** First and last of the selected rows; both -1 where none is. */
  get range(): readonly [first: number, last: number] {
    const anchor = this.#anchor < 0 ? this.#selected : Math.min(this.#anchor, this.rows - 1);
    return [Math.min(anchor, this.#selected), Math.max(anchor, this.#selected)];
  }

  get state(): GridState {
    const { widths } = this.#header;
    return { row: this.#model.top / ROW_HEIGHT, left: this.element.scrollLeft, selected: this.#selected, widths };
  }

  /** Takes widths at once, and scroll position and selection as soon as there are rows for them. */
  set state(state: GridState) {
    this.#header.widths = state.widths;
    this.#applyWidths();
    this.#restore = { row: state.row, left: state.left };
    this.#selected = this.#anchor = state.selected;
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

  /** Of the columns, only these sort from now on. */
  set sorts(ids: readonly string[]) {
    this.#header.sorts = ids;
  }

  /** Says in the header by which column the rows are sorted. */
  showSort(id: string, down: boolean): void {
    this.#header.showSort(id, down);
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

  /** `extend`: up to this row, from where the selection began. */
  select(index: number, reveal = true, extend = false): void {
    const clamped = Math.min(this.rows - 1, Math.max(-1, index));
    this.#restore = undefined;
    const changed = clamped !== this.#selected;
    if (!extend || !this.#ranges) this.#anchor = clamped;
    else if (this.#anchor < 0) this.#anchor = Math.max(0, this.#selected);
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

  /** Makes another cell of the selected row the current one. */
  selectColumn(column: number): void {
    const to = Math.min(this.#o.columns.length - 1, Math.max(0, column));
    if (to === this.#column) return;
    this.#column = to;
    const head = this.#header.element.children[to] as HTMLElement;
    const { scrollLeft, clientWidth } = this.element;
    const end = head.offsetLeft + head.offsetWidth;
    if (head.offsetLeft < scrollLeft) this.element.scrollLeft = head.offsetLeft;
    else if (end > scrollLeft + clientWidth) this.element.scrollLeft = Math.min(head.offsetLeft, end - clientWidth);
    this.#render();
    if (this.#selected >= 0) this.#o.onSelect(this.#selected);
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
      if (index < 0 || event.button !== 0) return;
      if (this.#o.cells === true) {
        const cell = (event.target as Element).closest('.grid-cell');
        const at = cell === null ? -1 : [...(cell.parentElement?.children ?? [])].indexOf(cell);
        if (at >= 0) this.selectColumn(at);
      }
      if (this.#ranges && event.shiftKey) {
        // Not a selection of text.
        event.preventDefault();
        grid.focus({ preventScroll: true });
      }
      this.select(index, false, event.shiftKey);
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
    if (this.#ranges && this.rows > 0 && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
      event.preventDefault();
      this.#anchor = 0;
      this.select(this.rows - 1, false, true);
      return;
    }
    if (this.#o.cells === true && this.#cellKey(event)) return;
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
    this.select(Math.min(rows - 1, to), true, event.shiftKey);
  }

  #cellKey(event: KeyboardEvent): boolean {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (this.rows === 0 || event.altKey || step === 0) return false;
    event.preventDefault();
    if (this.#selected < 0) this.select(this.#model.firstRow);
    this.selectColumn(this.#column + step);
    return true;
  }

  #applyWidths(): void {
    const { template, minimum } = this.#header.template;
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
    const cell = this.#o.cells === true ? `c${this.#column}` : '';
    if (active) this.element.setAttribute('aria-activedescendant', `${this.#id}r${this.#selected}${cell}`);
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
    if (this.#o.cells === true) for (const [i, cell] of slot.cells.entries()) cell.id = `${slot.element.id}c${i}`;
    slot.element.setAttribute('aria-rowindex', String(index + 2));
    slot.element.style.transform = `translateY(${(index - this.#base) * ROW_HEIGHT}px)`;
    slot.element.classList.toggle('odd', index % 2 === 1);
  }

  #fill(slot: RowSlot<Row>): void {
    const { index, element } = slot;
    const [first, last] = this.range;
    const selected = index >= first && index <= last && first >= 0;
    if (this.#o.cells === true) {
      for (const [i, cell] of slot.cells.entries())
        cell.classList.toggle('current', index === this.#selected && i === this.#column);
    }
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
