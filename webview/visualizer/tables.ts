/** The tables that are live at the place on show, in rows: the alternative to the map. */
import type { Timeline } from '../../engine/model/timeline/timeline.ts';
import { count, levelName, plural, size } from '../text/numbers.ts';
import { appendLine } from '../ui/bytesView.ts';
import { el, setText } from '../ui/dom.ts';
import { Grid, type GridColumn } from '../ui/grid.ts';
import { perFrame } from '../ui/host.ts';
import type { Context, Pane } from './context.ts';
import { livesIn, treeOnShow } from './tree.ts';
import { timeText } from './words.ts';

/** What a column sorts by, as a number of each life; `place` is the order of the tree. */
export const TABLE_FIGURES: Readonly<Record<string, (t: Timeline, life: number) => number>> = {
  number: (t, life) => t.number[life] as number,
  level: (t, life) => t.level[life] as number,
  bytes: (t, life) => t.bytes[life] as number,
  smallest: (t, life) => t.smallest[life] as number,
  largest: (t, life) => t.largest[life] as number,
  entries: (t, life) => t.entries[life] as number,
  deletions: (t, life) => t.deletions[life] as number,
  ratio: (t, life) => (t.rawBytes[life] as number) / Math.max(1, t.bytes[life] as number),
  filter: (t, life) => ((t.filterBytes[life] as number) * 8) / Math.max(1, t.entries[life] as number),
  seq: (t, life) => t.largestSeq[life] as number,
  created: (t, life) => t.createdAt[life] as number,
  born: (t, life) => t.born[life] as number,
};

/** `lives` by `figure`; what nobody tells comes last either way. Equal ones keep their order. */
export function sortLives(t: Timeline, lives: Uint32Array, id: string, down: boolean): Uint32Array {
  const figure = TABLE_FIGURES[id];
  if (figure === undefined) return lives;
  const values = Float64Array.from(lives, (life) => figure(t, life));
  const order = Uint32Array.from(lives, (_, i) => i);
  const sign = down ? -1 : 1;
  order.sort((a, b) => {
    const x = values[a] as number;
    const y = values[b] as number;
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return sign * (x - y) || a - b;
  });
  return order.map((i) => lives[i] as number);
}

export class TablesPane implements Pane {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #grid: Grid<number>;
  readonly #total = el('div', { class: 'list-note' });
  readonly #tree;
  readonly #update = perFrame(() => this.#fill());
  #lives: Uint32Array = new Uint32Array(0);
  #timeline: Timeline | undefined;
  /** '' is the order of the tree. */
  #sort = '';
  #down = false;

  constructor(context: Context) {
    this.#context = context;
    this.#tree = treeOnShow(context);
    this.#grid = new Grid<number>({
      label: 'Live tables',
      columns: columns(context),
      source: { row: (i) => this.#lives[i], need: () => {} },
      onSelect: (i) => {
        const life = this.#lives[i];
        if (life === undefined || context.state.now.selected[0] === life) return;
        context.state.set({ selected: [life] });
        const tables = [context.timeline.number[life] as number];
        context.host.do({ action: 'selectedTables', family: context.state.now.family, tables });
      },
      onOpen: (i) => {
        const life = this.#lives[i];
        if (life !== undefined) {
          context.host.do({ action: 'openTable', table: context.timeline.number[life] as number });
        }
      },
      onSort: (id) => this.#sortBy(id),
    });
    this.element = el('div', { class: 'list' }, this.#grid.element, this.#total);
    context.state.on((changed) => {
      if (changed.has('at') || changed.has('selected') || changed.has('mapAs')) this.#update();
    });
    context.onData(this.#update);
    context.keys.on(() => {
      if (this.#shown) this.#grid.repaint();
    });
  }

  get #shown(): boolean {
    return this.#context.state.now.mapAs === 'table';
  }

  /** Up, down, and back to the order of the tree. */
  #sortBy(id: string): void {
    if (this.#sort !== id) {
      this.#sort = id;
      this.#down = id !== 'level' && id !== 'smallest' && id !== 'largest' && id !== 'number';
    } else if (this.#down === (id !== 'level' && id !== 'smallest' && id !== 'largest' && id !== 'number')) {
      this.#down = !this.#down;
    } else this.#sort = '';
    this.#grid.showSort(this.#sort, this.#down);
    this.#fill();
    this.#grid.repaint();
  }

  #fill(): void {
    if (!this.#shown) return;
    const { timeline, state } = this.#context;
    const tree = this.#tree();
    const lives = livesIn(tree);
    let bytes = 0;
    for (const life of lives) bytes += timeline.bytes[life] as number;
    this.#lives = this.#sort === '' ? lives : sortLives(timeline, lives, this.#sort, this.#down);
    if (this.#timeline !== timeline) this.#grid.repaint();
    this.#timeline = timeline;
    this.#grid.setRows(this.#lives.length);
    const selected = state.now.selected[0];
    const at = selected === undefined ? -1 : this.#lives.indexOf(selected);
    if (at !== this.#grid.selected) this.#grid.select(at);
    setText(this.#total, `${plural(lives.length, 'live table')}, ${size(bytes)}`);
  }
}

function columns(context: Context): GridColumn<number>[] {
  const text = (cell: HTMLElement, value: string): void => {
    cell.textContent = value;
  };
  const figure = (value: number, words: (n: number) => string): string => (Number.isNaN(value) ? '–' : words(value));
  const key = (of: 'smallest' | 'largest') => (cell: HTMLElement, life: number) => {
    const bytes = context.keys.at(context.timeline[of][life] as number);
    if (bytes === undefined) text(cell, '…');
    else appendLine(cell, bytes, 'text', true);
  };
  const column = (
    id: string,
    title: string,
    width: number,
    render: (cell: HTMLElement, life: number) => void,
    more: Partial<GridColumn<number>> = {},
  ): GridColumn<number> => ({ id, title, width, min: 44, ...more, render });
  const right = { align: 'right' } as const;
  const of = (id: string, life: number): number => TABLE_FIGURES[id]?.(context.timeline, life) ?? Number.NaN;
  return [
    column('number', 'Table', 76, (cell, life) => text(cell, String(of('number', life))), right),
    column('level', 'Level', 56, (cell, life) => text(cell, levelName(of('level', life)))),
    column('bytes', 'Size', 80, (cell, life) => text(cell, size(of('bytes', life))), right),
    column('smallest', 'Smallest key', 170, key('smallest'), { mono: true, flex: true }),
    column('largest', 'Largest key', 170, key('largest'), { mono: true, flex: true }),
    column('entries', 'Entries', 90, (cell, life) => text(cell, figure(of('entries', life), count)), right),
    column('deletions', 'Deletions', 84, (cell, life) => text(cell, figure(of('deletions', life), count)), right),
    column(
      'ratio',
      'Ratio',
      60,
      (cell, life) =>
        text(
          cell,
          figure(of('ratio', life), (n) => `${n.toFixed(2)}×`),
        ),
      {
        ...right,
        hint: 'Bytes of keys and values before compression, by bytes of the file',
      },
    ),
    column(
      'filter',
      'Bits/key',
      68,
      (cell, life) =>
        text(
          cell,
          figure(of('filter', life), (n) => n.toFixed(1)),
        ),
      {
        ...right,
        hint: 'Bits of the filter for each entry',
      },
    ),
    column('seq', 'Newest sequence', 120, (cell, life) => text(cell, figure(of('seq', life), count)), right),
    column('created', 'Created (UTC)', 142, (cell, life) =>
      text(
        cell,
        figure(of('created', life), (n) => (n === 0 ? '–' : timeText(n).slice(0, 19))),
      ),
    ),
    column('born', 'Since edit', 80, (cell, life) => text(cell, count(of('born', life) + 1)), right),
  ];
}
