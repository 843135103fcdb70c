/** How the values of a result are drawn, and the columns of its grid. */
import type { SqlColumn } from '../../engine/protocol/engineApi.ts';
import { contentOf, isSpelled, type SqlCell } from '../../engine/protocol/sqlView.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { layoutJson } from '../text/json.ts';
import { count } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { appendLine, appendTextLine } from '../ui/bytesView.ts';
import { el } from '../ui/dom.ts';
import type { GridColumn } from '../ui/grid.ts';
import { type Link, linkOf } from './links.ts';
import type { Row } from './loadedRows.ts';

/** Rows that widths are told from. */
const SAMPLE_ROWS = 100;
/** Pixels of a character, about: in a number, in a text, in a heading. */
const CHAR = { number: 8, text: 8.4, title: 7.2 } as const;
/** Texts wider than `shared` share what is left between them. */
const WIDTH = { min: 64, number: 190, shared: 170, text: 620 } as const;

/** Names of files and column families are no amounts. */
const PLAIN_NUMBERS = /(^|_)(id|number|version|block)$/;

export interface CellLooks {
  format(): BytesFormat;
  follow(link: Link): void;
}

export function sqlColumns(
  columns: readonly SqlColumn[],
  sample: readonly Row[],
  looks: CellLooks,
): readonly GridColumn<Row>[] {
  const rows = sample.slice(0, SAMPLE_ROWS);
  return columns.map((column, i) => {
    const values = rows.map((row) => row[i] ?? null).filter((cell) => cell !== null);
    const isNumber = values.length > 0 && values.every((cell) => typeof cell === 'number' || isSpelled(cell));
    const plain = PLAIN_NUMBERS.test(column.name);
    const chars = Math.max(0, ...values.map((cell) => charsOf(cell)));
    const title = visibleString(column.name);
    const wanted = Math.ceil(
      Math.max(chars * (isNumber ? CHAR.number : CHAR.text), title.length * CHAR.title + 14) + 18,
    );
    const flex = !isNumber && wanted > WIDTH.shared;
    const width = Math.min(isNumber ? WIDTH.number : WIDTH.shared, Math.max(WIDTH.min, wanted));
    return {
      id: String(i),
      title,
      hint: column.from === undefined ? title : `${title}: ${column.from.table}.${column.from.column}`,
      width,
      min: 40,
      ...(flex ? { flex, share: Math.min(WIDTH.text, wanted) / WIDTH.shared } : {}),
      ...(isNumber ? { align: 'right' as const } : { mono: true }),
      render: (cell, row) => renderCell(cell, row[i] ?? null, plain, linkOf(columns, row, i), looks),
    };
  });
}

function charsOf(cell: Exclude<SqlCell, null>): number {
  if (isSpelled(cell)) return cell.spelled.length;
  const { value } = contentOf(cell);
  if (typeof value === 'number') return count(value).length;
  return value === null ? 4 : Math.min(80, value.length);
}

/** A number as it is shown: with commas where it is an amount. */
export function numberText(value: number, plain: boolean): string {
  return plain || !Number.isInteger(value) ? String(value) : value < 0 ? `-${count(-value)}` : count(value);
}

function renderCell(
  cell: HTMLElement,
  value: SqlCell,
  plain: boolean,
  link: Link | undefined,
  { format, follow }: CellLooks,
): void {
  if (value === null) {
    cell.appendChild(el('span', { class: 'dim' }, 'NULL'));
    return;
  }
  let parent: HTMLElement = cell;
  if (link !== undefined) {
    const title = link.to === 'table' ? 'Show the details of this table (Enter)' : 'Get this key (Enter)';
    const button = el('button', { class: 'link', type: 'button', tabindex: -1, title });
    button.addEventListener('click', () => follow(link));
    cell.appendChild(button);
    parent = button;
  }
  appendValue(parent, value, plain, format());
}

function appendValue(parent: HTMLElement, value: Exclude<SqlCell, null>, plain: boolean, format: BytesFormat): void {
  if (isSpelled(value)) {
    parent.append(value.spelled);
    return;
  }
  const { value: shown, whole } = contentOf(value);
  if (shown instanceof Uint8Array) {
    if (shown.length === 0) parent.appendChild(el('span', { class: 'dim' }, 'empty'));
    else appendLine(parent, shown, format, whole);
  } else if (typeof shown === 'string') {
    if (shown === '') parent.appendChild(el('span', { class: 'dim' }, 'empty'));
    else appendTextLine(parent, (format === 'json' && whole ? layoutJson(shown, 0) : undefined) ?? shown);
    if (!whole) parent.append('…');
  } else if (shown !== null) parent.append(numberText(shown, plain));
}
