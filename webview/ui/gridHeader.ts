/** The header of a grid: titles, widths that are dragged, typed or fitted, and the column that rows are sorted by. */
import { type ColumnShape, columnTemplate, resizeColumn } from './columns.ts';
import { el } from './dom.ts';

export interface HeaderColumn extends ColumnShape {
  readonly title: string;
  readonly align?: 'right';
  readonly hint?: string;
}

export interface HeaderOptions {
  readonly columns: readonly HeaderColumn[];
  /** The cells of a column that are on screen. */
  cells(column: number): readonly HTMLElement[];
  /** Widths have changed, as a person wanted it. */
  onWidths(): void;
  onSort?: ((id: string) => void) | undefined;
}

const HINT = {
  plain: 'Drag the edge, or Shift+Left and Shift+Right, to resize; double-click the edge, or Enter, to fit',
  sorting:
    'Click, or Enter, to sort; drag the edge, or Shift+Left and Shift+Right, to resize; double-click the edge to fit',
} as const;

const FIT_MAX = 900;

export class GridHeader {
  readonly element: HTMLElement;
  readonly #o: HeaderOptions;
  readonly #widths: (number | null)[];
  /** Columns that sort; all of them if undefined. */
  #sorts: readonly string[] | undefined;

  constructor(options: HeaderOptions) {
    this.#o = options;
    this.#widths = options.columns.map((c) => (c.flex === true ? null : c.width));
    const cells = options.columns.map((column, i) => this.#cell(column, i));
    this.element = el('div', { class: 'grid-row grid-header', role: 'row', 'aria-rowindex': 1 }, ...cells);
  }

  /** By column id; null for a column that takes what is left. */
  get widths(): Readonly<Record<string, number | null>> {
    return Object.fromEntries(this.#o.columns.map((c, i) => [c.id, this.#widths[i] ?? null]));
  }

  set widths(widths: Readonly<Record<string, number | null>>) {
    this.#o.columns.forEach((c, i) => {
      const width = widths[c.id];
      if (width !== undefined) this.#widths[i] = width === null ? null : Math.max(c.min, width);
    });
  }

  get template(): ReturnType<typeof columnTemplate> {
    return columnTemplate(this.#o.columns, this.#widths);
  }

  showSort(id: string, down: boolean): void {
    this.#o.columns.forEach((column, i) => {
      const cell = this.element.children[i] as HTMLElement;
      if (column.id === id) cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    });
  }

  /** Only these columns sort from now on. */
  set sorts(ids: readonly string[]) {
    this.#sorts = ids;
    for (const [i, column] of this.#o.columns.entries()) {
      this.#showWhatItDoes(this.element.children[i] as HTMLElement, column);
    }
  }

  #showWhatItDoes(cell: HTMLElement, column: HeaderColumn): void {
    const sorts = this.#sortOf(column.id) !== undefined;
    cell.classList.toggle('sorts', sorts);
    cell.title = `${column.hint ?? column.title}\n${HINT[sorts ? 'sorting' : 'plain']}`;
  }

  #cell(column: HeaderColumn, i: number): HTMLElement {
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
      },
      el('span', { class: 'head-text' }, column.title),
      handle,
    );
    cell.addEventListener('keydown', (event) => this.#key(event, i));
    cell.addEventListener('click', (event) => {
      if (event.target !== handle) this.#sortOf(column.id)?.(column.id);
    });
    this.#showWhatItDoes(cell, column);
    return cell;
  }

  #sortOf(id: string): ((id: string) => void) | undefined {
    return this.#sorts === undefined || this.#sorts.includes(id) ? this.#o.onSort : undefined;
  }

  #key(event: KeyboardEvent, i: number): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const { id } = this.#o.columns[i] as HeaderColumn;
    const onSort = this.#sortOf(id);
    if (event.key === 'Enter' && onSort !== undefined) onSort(id);
    else if (event.key === 'Enter') this.#fit(i);
    else if (step !== 0 && event.shiftKey) this.#setWidth(i, this.#widthNow(i) + step * 16);
    else if (step !== 0 || event.key === 'Home' || event.key === 'End') {
      const cells = [...this.element.children] as HTMLElement[];
      const to = event.key === 'Home' ? 0 : event.key === 'End' ? cells.length - 1 : i + step;
      const target = cells[to];
      if (target === undefined) return;
      for (const cell of cells) cell.tabIndex = cell === target ? 0 : -1;
      target.focus();
    } else return;
    event.preventDefault();
  }

  #widthNow(i: number): number {
    return this.#widths[i] ?? (this.element.children[i] as HTMLElement).getBoundingClientRect().width;
  }

  #setWidth(i: number, width: number | null): void {
    this.#widths[i] = width === null ? null : resizeColumn(this.#o.columns[i] as HeaderColumn, width);
    this.#o.onWidths();
  }

  /** As wide as the widest text of the rows on screen; a flexible column takes again what is left. */
  #fit(i: number): void {
    const column = this.#o.columns[i] as HeaderColumn;
    if (column.flex === true && this.#widths[i] !== null) {
      this.#setWidth(i, null);
      return;
    }
    let widest = 0;
    const range = document.createRange();
    for (const cell of [this.element.children[i] as HTMLElement, ...this.#o.cells(i)]) {
      range.selectNodeContents(cell);
      widest = Math.max(widest, range.getBoundingClientRect().width);
    }
    this.#setWidth(i, Math.min(FIT_MAX, Math.ceil(widest) + 18));
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
}
