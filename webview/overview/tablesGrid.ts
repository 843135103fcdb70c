/** The tables of a family in rows: the alternative to the map. */
import type { TableRow } from '../../engine/protocol/engineApi.ts';
import { count, levelName, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine } from '../ui/bytesView.ts';
import { el, icon } from '../ui/dom.ts';
import { Grid } from '../ui/grid.ts';

export class TablesGrid {
  readonly grid: Grid<TableRow>;
  #tables: readonly TableRow[] = [];

  constructor(onSelect: (table: TableRow) => void, onOpen: (table: TableRow) => void) {
    const text = (value: string) => (cell: HTMLElement) => {
      cell.textContent = value;
    };
    this.grid = new Grid<TableRow>({
      label: 'Tables',
      source: { row: (i) => this.#tables[i], need: () => {} },
      columns: [
        {
          id: 'number',
          title: 'Table',
          width: 96,
          min: 50,
          align: 'right',
          render: (cell, t) => {
            if (t.problem !== null) {
              const tip = visibleString(t.problem);
              cell.appendChild(
                el(
                  'span',
                  { class: 'row-problem', role: 'img', title: tip, 'aria-label': `Problem: ${tip}` },
                  icon('warning'),
                ),
              );
            }
            cell.appendChild(document.createTextNode(String(t.number)));
          },
        },
        { id: 'level', title: 'Level', width: 60, min: 40, render: (cell, t) => text(levelName(t.level))(cell) },
        {
          id: 'bytes',
          title: 'Size',
          width: 84,
          min: 50,
          align: 'right',
          render: (cell, t) => text(size(t.bytes))(cell),
        },
        {
          id: 'smallest',
          title: 'Smallest key',
          width: 240,
          min: 60,
          mono: true,
          flex: true,
          render: (cell, t) => appendLine(cell, t.smallest, 'text', true),
        },
        {
          id: 'largest',
          title: 'Largest key',
          width: 240,
          min: 60,
          mono: true,
          flex: true,
          render: (cell, t) => appendLine(cell, t.largest, 'text', true),
        },
        {
          id: 'seq',
          title: 'Sequence numbers',
          width: 170,
          min: 60,
          align: 'right',
          render: (cell, t) => {
            if (t.smallestSeq === null || t.largestSeq === null) text('–')(cell);
            else text(`${count(t.smallestSeq)} – ${count(t.largestSeq)}`)(cell);
          },
        },
        {
          id: 'created',
          title: 'Created (UTC)',
          width: 150,
          min: 60,
          render: (cell, t) =>
            text(
              t.createdAt === null || t.createdAt === 0
                ? '–'
                : new Date(t.createdAt * 1000).toISOString().slice(0, 19).replace('T', ' '),
            )(cell),
        },
      ],
      onSelect: (i) => {
        const table = this.#tables[i];
        if (table !== undefined) onSelect(table);
      },
      onOpen: (i) => {
        const table = this.#tables[i];
        if (table !== undefined) onOpen(table);
      },
    });
  }

  set(tables: readonly TableRow[]): void {
    this.#tables = tables;
    this.grid.setRows(tables.length);
    this.grid.repaint();
  }

  select(number: number): void {
    const index = this.#tables.findIndex((t) => t.number === number);
    if (index >= 0 && index !== this.grid.selected) this.grid.select(index);
  }
}
