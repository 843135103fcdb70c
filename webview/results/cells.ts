/** How one row of a query is drawn in the grid. */
import type { EntryRow } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { layoutJson } from '../text/json.ts';
import { count, levelName, plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine, appendTextLine } from '../ui/bytesView.ts';
import { el, icon } from '../ui/dom.ts';
import type { GridColumn } from '../ui/grid.ts';
import { placeOf } from '../ui/notices.ts';
import { type LensLook, NO_LENS } from './lens.ts';
import { MASK } from './lensSections.ts';

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

/** Marks bytes that the lens could not read. */
function rawMark(lens: LensLook): HTMLElement {
  return el(
    'span',
    { class: 'raw-mark', title: `Not read by the lens “${lens.title ?? ''}”: the bytes as they are` },
    'raw',
  );
}

function renderKey(cell: HTMLElement, row: EntryRow, format: BytesFormat, lens: LensLook): void {
  if (row.problem !== undefined) {
    const p = row.problem;
    const place = placeOf(p);
    const tip = `${p.code}: ${visibleString(p.message)}${place === '' ? '' : ` (${place})`}${p.mend === undefined ? '' : `\n${visibleString(p.mend)}`}`;
    cell.appendChild(
      el('span', { class: 'row-problem', role: 'img', title: tip, 'aria-label': `Problem: ${tip}` }, icon('warning')),
    );
  }
  if (lens.title !== undefined && row.shown?.key !== undefined) {
    appendTextLine(cell, row.shown.key);
    return;
  }
  if (lens.readsKeys) cell.appendChild(rawMark(lens));
  if (row.key.length === 0) cell.appendChild(dim('empty key'));
  else appendLine(cell, row.key, format, true);
}

/** Whether there is anything to show, or to hide. */
export function hasContent(row: EntryRow): boolean {
  return row.valueSize > 0 && (row.value !== null || row.columns !== undefined || row.operands !== undefined);
}

function renderValue(cell: HTMLElement, row: EntryRow, format: BytesFormat, lens: LensLook): void {
  if (lens.masked && hasContent(row)) {
    cell.appendChild(el('span', { class: 'mask', title: 'Hidden: it may hold secrets', 'aria-label': 'hidden' }, MASK));
    return;
  }
  const decoded = lens.title === undefined ? undefined : row.shown?.value;
  if (decoded !== undefined) {
    if (decoded.text === '') cell.appendChild(dim('empty'));
    else
      appendTextLine(
        cell,
        (decoded.text.includes('\n') || format === 'json' ? layoutJson(decoded.text, 0) : undefined) ?? decoded.text,
      );
    return;
  }
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
  if (row.value.length === 0 && row.valueSize === 0) {
    cell.appendChild(dim('empty'));
    return;
  }
  if (lens.title !== undefined) cell.appendChild(rawMark(lens));
  appendLine(cell, row.value, format, row.value.length >= row.valueSize);
}

function text(cell: HTMLElement, value: string): void {
  cell.textContent = value;
}

/** `single`: the rows are those of one table file, whose level nobody knows. */
export function resultColumns(
  format: () => BytesFormat,
  single: () => boolean,
  lens: () => LensLook = () => NO_LENS,
): readonly GridColumn<EntryRow>[] {
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
      render: (cell, row) => renderKey(cell, row, format(), lens()),
    },
    {
      id: 'value',
      title: 'Value',
      width: 180,
      min: 60,
      flex: true,
      share: 3,
      mono: true,
      render: (cell, row) => renderValue(cell, row, format(), lens()),
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
