/** Records of evidence as rows of the grid: what the results show of an entry, and what became of it and where it is. */
import type { EntryRow, EvidenceRow, EvidenceStatus } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { resultColumns } from '../results/cells.ts';
import type { LensLook } from '../results/lens.ts';
import { count } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { el } from '../ui/dom.ts';
import type { GridColumn } from '../ui/grid.ts';

export interface RecordRow extends EntryRow {
  readonly status: EvidenceStatus;
  readonly family: string;
  readonly file: string;
  readonly offset: number;
}

export const STATUS_HINTS: Readonly<Record<EvidenceStatus, string>> = {
  live: 'A reader sees it now, or needs it to make up what it sees',
  shadowed: 'A newer version of the key hides it',
  deleted: 'A deletion hides it',
  tombstone: 'A deletion in a file that counts',
  orphan: 'It stands in a file, or in a part of a log, that the store does not count any more',
};

const DELETIONS: ReadonlySet<string> = new Set(['delete', 'single-delete', 'range-delete']);

export function recordRow(row: EvidenceRow): RecordRow {
  const { key, until, seq, type, value, valueBytes, status, family, file, offset, shown } = row;
  const isDeletion = DELETIONS.has(type);
  return {
    key,
    value: isDeletion ? null : value,
    valueSize: isDeletion ? 0 : valueBytes,
    seq,
    type,
    level: 0,
    table: null,
    ...(until === undefined ? {} : { until }),
    ...(shown === undefined ? {} : { shown }),
    status,
    family,
    file,
    offset,
  };
}

export function statusBadge(status: EvidenceStatus): HTMLElement {
  return el('span', { class: `became became-${status}`, title: STATUS_HINTS[status] }, status);
}

/** What leads to the byte. `place`: with the offset. */
export function fileLink(row: RecordRow, open: (row: RecordRow) => void, place: boolean): HTMLElement {
  const name = visibleString(row.file.slice(Math.max(row.file.lastIndexOf('/'), row.file.lastIndexOf('\\')) + 1));
  const title = `Show the bytes: ${visibleString(row.file)}, offset ${count(row.offset)}`;
  const link = el(
    'button',
    { class: 'link mono', type: 'button', tabindex: place ? 0 : -1, title },
    place ? `${visibleString(row.file)} @ ${count(row.offset)}` : name,
  );
  link.addEventListener('click', (event) => {
    event.stopPropagation();
    open(row);
  });
  return link;
}

export interface RecordLook {
  readonly format: () => BytesFormat;
  readonly lens: () => LensLook;
  readonly families: boolean;
  openPlace(row: RecordRow): void;
}

export function recordColumns(look: RecordLook): readonly GridColumn<RecordRow>[] {
  const plain = resultColumns(look.format, () => true, look.lens);
  /** Two columns more than results have: the others are narrower to begin with. */
  const take = (id: string, width?: number): GridColumn<RecordRow>[] =>
    plain.filter((c) => c.id === id).map((c) => ({ ...c, width: width ?? c.width }));
  const family: GridColumn<RecordRow> = {
    id: 'family',
    title: 'Family',
    hint: 'Column family',
    width: 90,
    min: 40,
    render: (cell, row) => {
      cell.textContent = visibleString(row.family);
    },
  };
  return [
    ...take('row', 66),
    {
      id: 'status',
      title: 'Status',
      hint: 'What became of the record',
      width: 92,
      min: 40,
      render: (cell, row) => cell.appendChild(statusBadge(row.status)),
    },
    ...(look.families ? [family] : []),
    ...take('key', 200),
    ...take('value', 150),
    ...take('size', 62),
    ...take('seq'),
    ...take('type', 96),
    {
      id: 'file',
      title: 'File',
      hint: 'File that holds it; leads to the byte',
      width: 98,
      min: 50,
      render: (cell, row) => cell.appendChild(fileLink(row, look.openPlace, false)),
    },
    {
      id: 'offset',
      title: 'Offset',
      hint: 'Byte offset of the block or of the log record that holds it',
      width: 76,
      min: 40,
      align: 'right',
      render: (cell, row) => {
        cell.textContent = count(row.offset);
      },
    },
  ];
}
