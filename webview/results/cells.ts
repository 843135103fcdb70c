/** How one row of a query is drawn in the grid. */
import type { EntryRow } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { count, levelName, plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine } from '../ui/bytesView.ts';
import { el, icon } from '../ui/dom.ts';
import type { GridColumn } from '../ui/grid.ts';
import { placeOf } from '../ui/notices.ts';

/** Columns of an entity and operands of a merge shown in a cell. */
const PARTS_MAX = 12;

export const TYPE_HINTS: Readonly<Record<EntryRow['type'], string>> = {
  put: 'A value',
  delete: 'A tombstone: hides older versions of this key',
  'single-delete': 'A tombstone for exactly one older put',
  'range-delete': 'A tombstone for a range of keys',
  merge: 'Merge operands that were not resolved to a value',
  blob: 'A value kept in a blob file',
  entity: 'A wide-column entity: named columns in place of one value',
  unknown: 'An entry type that is not known',
};

export function isTombstone(row: EntryRow): boolean {
  return row.type === 'delete' || row.type === 'single-delete' || row.type === 'range-delete';
}

export function typeBadge(type: EntryRow['type']): HTMLElement {
  return el('span', { class: `type type-${type}`, title: TYPE_HINTS[type] }, type);
}

function dim(text: string): HTMLElement {
  return el('span', { class: 'dim' }, text);
}

function renderKey(cell: HTMLElement, row: EntryRow, format: BytesFormat): void {
  if (row.problem !== undefined) {
    const p = row.problem;
    const place = placeOf(p);
    const tip = `${p.code}: ${visibleString(p.message)}${place === '' ? '' : ` (${place})`}${p.mend === undefined ? '' : `\n${visibleString(p.mend)}`}`;
    cell.appendChild(
      el('span', { class: 'row-problem', role: 'img', title: tip, 'aria-label': `Problem: ${tip}` }, icon('warning')),
    );
  }
  if (row.key.length === 0) cell.appendChild(dim('empty key'));
  else appendLine(cell, row.key, format, true);
}

function renderValue(cell: HTMLElement, row: EntryRow, format: BytesFormat): void {
  if (row.columns !== undefined) {
    row.columns.slice(0, PARTS_MAX).forEach((column, i) => {
      if (i > 0) cell.appendChild(dim(', '));
      const name = el('span', { class: 'column-name' });
      if (column.name.length === 0) name.appendChild(document.createTextNode('(default)'));
      else appendLine(name, column.name, format, true);
      cell.appendChild(name);
      cell.appendChild(dim(': '));
      appendLine(cell, column.value, format, true);
    });
    if (row.columns.length > PARTS_MAX) cell.appendChild(dim(', …'));
    return;
  }
  if (row.operands !== undefined) {
    const base = row.base === undefined ? '' : ' on a base value';
    cell.appendChild(dim(`${plural(row.operands.length, 'operand')}${base}: `));
    row.operands.slice(0, PARTS_MAX).forEach((operand, i) => {
      if (i > 0) cell.appendChild(dim(' · '));
      appendLine(cell, operand, format, true);
    });
    if (row.operands.length > PARTS_MAX) cell.appendChild(dim(' · …'));
    return;
  }
  if (row.until !== undefined) {
    cell.appendChild(dim('deletes up to '));
    appendLine(cell, row.until, format, true);
    return;
  }
  if (row.value === null) {
    cell.appendChild(dim(isTombstone(row) ? 'deleted' : row.problem === undefined ? 'no value' : 'cannot be read'));
    return;
  }
  if (row.value.length === 0 && row.valueSize === 0) cell.appendChild(dim('empty'));
  else appendLine(cell, row.value, format, row.value.length >= row.valueSize);
}

function text(cell: HTMLElement, value: string): void {
  cell.textContent = value;
}

/** `single`: the rows are those of one table file, whose level nobody knows. */
export function resultColumns(format: () => BytesFormat, single: () => boolean): readonly GridColumn<EntryRow>[] {
  return [
    {
      id: 'row',
      title: '#',
      hint: 'Row number',
      width: 90,
      min: 40,
      align: 'right',
      muted: true,
      ahead: (index) => count(index + 1),
      render: (cell, _row, index) => text(cell, count(index + 1)),
    },
    {
      id: 'key',
      title: 'Key',
      width: 240,
      min: 60,
      flex: true,
      // What tells keys apart is often at their end.
      share: 5,
      mono: true,
      render: (cell, row) => renderKey(cell, row, format()),
    },
    {
      id: 'value',
      title: 'Value',
      width: 180,
      min: 60,
      flex: true,
      share: 3,
      mono: true,
      render: (cell, row) => renderValue(cell, row, format()),
    },
    {
      id: 'size',
      title: 'Size',
      hint: 'Bytes of the value',
      width: 76,
      min: 40,
      align: 'right',
      render: (cell, row) => text(cell, isTombstone(row) ? '' : count(row.valueSize)),
    },
    {
      id: 'seq',
      title: 'Seq',
      hint: 'Sequence number of the write',
      width: 84,
      min: 40,
      align: 'right',
      render: (cell, row) => text(cell, count(row.seq)),
    },
    { id: 'type', title: 'Type', width: 108, min: 40, render: (cell, row) => cell.appendChild(typeBadge(row.type)) },
    {
      id: 'level',
      title: 'Level',
      hint: 'Level it was found at; WAL: not in any table yet',
      width: 54,
      min: 36,
      render: (cell, row) => text(cell, single() ? '–' : levelName(row.level)),
    },
    {
      id: 'table',
      title: 'Table',
      hint: 'File number of the table',
      width: 64,
      min: 40,
      align: 'right',
      render: (cell, row) => text(cell, row.table === null ? '–' : String(row.table)),
    },
  ];
}
