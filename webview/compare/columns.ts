/** How differences between two stores are drawn: keys in one grid, tables in the other. */
import type { DiffRow, DiffSide, DiffTable } from '../../engine/protocol/engineApi.ts';
import { count, levelName, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine, appendTextLine } from '../ui/bytesView.ts';
import { el } from '../ui/dom.ts';
import type { GridColumn } from '../ui/grid.ts';

const HINTS: Readonly<Record<DiffRow['kind'] | DiffTable['kind'], string>> = {
  added: 'Only in the second store',
  removed: 'Only in the first store',
  changed: 'In both stores, with different values',
  moved: 'In both stores, at different levels',
};

function kindBadge(kind: keyof typeof HINTS): HTMLElement {
  return el('span', { class: `change change-${kind}`, title: HINTS[kind] }, kind);
}

function text(cell: HTMLElement, value: string): void {
  cell.textContent = value;
}

function place(side: DiffSide | undefined): string {
  if (side === undefined) return '';
  return side.table === null ? levelName(side.level) : `${levelName(side.level)} / ${side.table}`;
}

const CHANGE = { id: 'kind', title: 'Change', width: 92, min: 60 } as const;

/** `names`: of the two stores. */
export function keyColumns(names: () => readonly [string, string]): readonly GridColumn<DiffRow>[] {
  const side = (which: 'before' | 'after'): readonly GridColumn<DiffRow>[] => {
    const hint = (what: string): string => `${what} in ${visibleString(names()[which === 'before' ? 0 : 1])}`;
    const title = which === 'before' ? '1st' : '2nd';
    const column = { min: 44, align: 'right' } as const;
    return [
      {
        ...column,
        id: `size-${which}`,
        title: `Size ${title}`,
        hint: hint('Bytes of the value'),
        width: 86,
        render: (cell, row) => text(cell, row[which] === undefined ? '' : count(row[which].valueSize)),
      },
      {
        ...column,
        id: `seq-${which}`,
        title: `Seq ${title}`,
        hint: hint('Sequence number'),
        width: 86,
        render: (cell, row) => text(cell, row[which] === undefined ? '' : count(row[which].seq)),
      },
      {
        ...column,
        id: `place-${which}`,
        title: `Table ${title}`,
        hint: hint('Level and table'),
        width: 92,
        render: (cell, row) => text(cell, place(row[which])),
      },
    ];
  };
  return [
    { ...CHANGE, render: (cell, row) => cell.appendChild(kindBadge(row.kind)) },
    {
      id: 'key',
      title: 'Key',
      width: 300,
      min: 80,
      flex: true,
      mono: true,
      render: (cell, row) =>
        row.shown === undefined ? appendLine(cell, row.key, 'text', true) : appendTextLine(cell, row.shown),
    },
    { id: 'family', title: 'Family', width: 90, min: 50, render: (cell, row) => text(cell, visibleString(row.family)) },
    ...side('before'),
    ...side('after'),
  ];
}

export const TABLE_COLUMNS: readonly GridColumn<DiffTable>[] = [
  { ...CHANGE, render: (cell, row) => cell.appendChild(kindBadge(row.kind)) },
  {
    id: 'number',
    title: 'Table',
    width: 80,
    min: 50,
    align: 'right',
    render: (cell, row) => text(cell, String(row.number)),
  },
  { id: 'family', title: 'Family', width: 90, min: 50, render: (cell, row) => text(cell, visibleString(row.family)) },
  {
    id: 'level',
    title: 'Level',
    hint: 'In the first, in the second store',
    width: 90,
    min: 50,
    render: (cell, row) =>
      text(cell, [row.before, row.after].map((l) => (l === undefined ? '–' : levelName(l))).join(' → ')),
  },
  {
    id: 'bytes',
    title: 'Size',
    width: 80,
    min: 50,
    align: 'right',
    render: (cell, row) => text(cell, size(row.bytes)),
  },
  {
    id: 'smallest',
    title: 'Smallest key',
    width: 220,
    min: 60,
    flex: true,
    mono: true,
    render: (cell, row) => appendLine(cell, row.smallest, 'text', true),
  },
  {
    id: 'largest',
    title: 'Largest key',
    width: 220,
    min: 60,
    flex: true,
    mono: true,
    render: (cell, row) => appendLine(cell, row.largest, 'text', true),
  },
];
