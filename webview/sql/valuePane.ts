/** The pane with all of the current value. */
import { contentOf, isCut, isSpelled, type SqlCell } from '../../engine/protocol/sqlView.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { plural } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { bytesBlock } from '../ui/bytesView.ts';
import { el, fill, iconButton } from '../ui/dom.ts';
import { noticeElement } from '../ui/notices.ts';

export interface ShownValue {
  readonly column: string;
  /** Counts from 1. */
  readonly row: number;
  readonly cell: SqlCell;
  /** All of a value of which `cell` is the beginning. */
  fetch(): Promise<SqlCell>;
}

const utf8 = new TextEncoder();

export class ValuePane {
  readonly element = el('section', { class: 'detail', 'aria-label': 'Value' });
  readonly #head = el('div', { class: 'detail-head' });
  readonly #body = el('div', { class: 'detail-body', tabindex: 0, role: 'region', 'aria-label': 'Value in full' });
  readonly #close: () => void;
  #shown: ShownValue | undefined;
  #cell: SqlCell = null;
  #error: string | undefined;
  #format: BytesFormat = 'text';

  constructor(close: () => void) {
    this.#close = close;
    this.element.append(this.#head, this.#body);
    this.#paint();
  }

  set format(format: BytesFormat) {
    this.#format = format;
    this.#paint();
  }

  show(value: ShownValue | undefined): void {
    this.#shown = value;
    this.#cell = value?.cell ?? null;
    this.#error = undefined;
    this.#body.scrollTop = 0;
    this.#paint();
    if (value === undefined || value.cell === null || !isCut(value.cell)) return;
    value.fetch().then(
      (cell) => {
        if (this.#shown !== value) return;
        this.#cell = cell;
        this.#paint();
      },
      (reason: Error) => {
        if (this.#shown !== value) return;
        this.#error = reason.message;
        this.#paint();
      },
    );
  }

  #paint(): void {
    const shown = this.#shown;
    const close = iconButton('close', 'Hide the value', () => this.#close());
    if (shown === undefined) {
      fill(this.#head, el('div', { class: 'detail-facts muted' }, 'Select a cell to see all of its value'), close);
      fill(this.#body);
      return;
    }
    const facts = el(
      'div',
      { class: 'detail-facts' },
      el('span', { class: 'detail-row' }, visibleString(shown.column)),
      el('span', { class: 'dim' }, `row ${shown.row}`),
      el('span', { class: 'dim' }, kindOf(this.#cell)),
    );
    fill(this.#head, facts, close);
    const error = this.#error === undefined ? null : noticeElement({ kind: 'error', text: this.#error });
    fill(this.#body, error, blockOf(this.#cell, this.#format));
  }
}

function kindOf(cell: SqlCell): string {
  if (cell === null) return 'NULL';
  if (isSpelled(cell) || typeof cell === 'number') return 'number';
  const { value } = contentOf(cell);
  const size = isCut(cell) ? cell.size : (value as string | Uint8Array).length;
  return value instanceof Uint8Array ? `BLOB, ${plural(size, 'byte')}` : `text, ${plural(size, 'character')}`;
}

function blockOf(cell: SqlCell, format: BytesFormat): HTMLElement {
  if (cell === null) return el('div', { class: 'bytes empty-bytes' }, 'NULL');
  if (isSpelled(cell) || typeof cell === 'number') {
    return el('pre', { class: 'bytes text' }, isSpelled(cell) ? cell.spelled : String(cell));
  }
  const { value, whole } = contentOf(cell);
  const bytes = value instanceof Uint8Array ? value : utf8.encode(String(value));
  return bytesBlock(bytes, format, whole).element;
}
