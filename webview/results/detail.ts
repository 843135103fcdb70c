/** The pane with all of the selected row: key, value, and what the engine knows about the entry. */
import type { EntryRow, TableDetails } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { count, levelName, plural, size } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { bytesBlock, NOT_JSON } from '../ui/bytesView.ts';
import { type Child, el, fill, iconButton } from '../ui/dom.ts';
import type { CallError, Host, ViewCall } from '../ui/host.ts';
import { noticeElement, placeOf } from '../ui/notices.ts';
import { hasContent, typeBadge } from './cells.ts';
import type { LensLook } from './lens.ts';
import { decodedBlock, maskedBlock } from './lensSections.ts';
import { tableFacts } from './tableFacts.ts';

/** A value up to this many bytes is shown whole; of a longer one, as much. */
export const VALUE_BYTES_MAX = 256 * 1024;

export interface DetailActions {
  readonly host: Host;
  readonly family: () => number;
  /** The tab shows the versions of one key. */
  readonly history?: () => boolean;
  readonly query: () => number;
  /** The tab shows one file without its store: no level, nothing to reveal in the tree. */
  readonly single: () => boolean;
  /** The table that the tab shows all of, if it shows one. */
  readonly table: () => number | undefined;
  openValue(row: EntryRow): void;
  copy(row: EntryRow, what: 'key' | 'value'): void;
  /** The lens that rows are read through. */
  readonly lens: () => { readonly id: string | undefined; readonly look: LensLook };
  /** Copies a text as a lens reads it. */
  copyDecoded(text: string, what: 'key' | 'value'): void;
  showValues(): void;
  close(): void;
  /** Of rows that are no entries of the store as it is read: how to get one with all of its value. */
  whole?(row: EntryRow, index: number): ViewCall<EntryRow | undefined>;
  /** What is said of them beside their type and sequence number. */
  facts?(row: EntryRow): readonly Child[];
  /** What is shown while no row is selected. */
  idle?(): readonly HTMLElement[];
}

export class Detail {
  readonly element = el('section', { class: 'detail', 'aria-label': 'Selected entry' });
  readonly #a: DetailActions;
  readonly #body = el('div', { class: 'detail-body', tabindex: 0, role: 'region', 'aria-label': 'Key and value' });
  readonly #head = el('div', { class: 'detail-head' });
  #call: ViewCall<unknown> | undefined;
  #row: EntryRow | undefined;
  #index = -1;
  #value: Uint8Array | undefined;
  /** Of a value that was cut in the row: as the lens reads all of it. */
  #shown: EntryRow['shown'];
  #error: string | undefined;
  #format: BytesFormat = 'text';
  #marked: string | null = null;
  #tableCall: ViewCall<TableDetails> | undefined;
  #table: TableDetails | undefined;

  constructor(actions: DetailActions) {
    this.#a = actions;
    this.element.append(this.#head, this.#body);
    this.#paint();
  }

  /** The value that waits to be compared with another, in words. */
  set marked(name: string | null) {
    this.#marked = name;
    this.#paint();
  }

  set format(format: BytesFormat) {
    this.#format = format;
    this.#paint();
  }

  /** Another lens, or values are shown or hidden from now on. */
  lensChanged(): void {
    this.#paint();
  }

  show(row: EntryRow | undefined, index: number): void {
    if (row === this.#row && index === this.#index) return;
    this.#call?.cancel();
    this.#call = undefined;
    this.#row = row;
    this.#index = index;
    this.#error = undefined;
    this.#value = row?.value ?? undefined;
    this.#shown = row?.shown;
    this.#body.scrollTop = 0;
    this.#paint();
    if (row?.value !== null && row !== undefined && row.value.length < row.valueSize) this.#fetch(row, index);
  }

  /** The tab shows another query: pulls what there is to say while no row is selected. */
  tableChanged(): void {
    this.#tableCall?.cancel();
    this.#tableCall = undefined;
    this.#table = undefined;
    const table = this.#a.table();
    if (table !== undefined) {
      const call = this.#a.host.call('tableDetails', { table });
      this.#tableCall = call;
      call.result.then(
        (details) => {
          if (this.#tableCall !== call) return;
          this.#table = details;
          if (this.#row === undefined) this.#paint();
        },
        // The entries themselves say what is wrong with a table that cannot be opened.
        () => {},
      );
    }
    if (this.#row === undefined) this.#paint();
  }

  /** Pulls what the grid's preview cut off. */
  #fetch(row: EntryRow, index: number): void {
    const { host } = this.#a;
    const { id } = this.#a.lens();
    const call: ViewCall<Uint8Array | EntryRow | undefined> =
      this.#a.whole?.(row, index) ??
      (row.valueSize <= VALUE_BYTES_MAX && id === undefined
        ? host.call('value', { family: this.#a.family(), key: row.key, seq: row.seq, maxBytes: VALUE_BYTES_MAX })
        : this.#longPreview(index, id));
    this.#call = call;
    call.result.then(
      (answer) => {
        if (this.#call !== call) return;
        if (answer instanceof Uint8Array) this.#value = answer;
        else if (answer !== undefined) {
          this.#value = answer.value ?? this.#value;
          this.#shown = answer.shown;
        }
        this.#paint();
      },
      (reason: CallError) => {
        if (this.#call !== call) return;
        this.#error = reason.message;
        this.#paint();
      },
    );
  }

  #longPreview(index: number, lens: string | undefined): ViewCall<EntryRow | undefined> {
    const call = this.#a.host.call('rows', {
      query: this.#a.query(),
      from: index,
      count: 1,
      previewBytes: VALUE_BYTES_MAX,
      ...(lens === undefined ? {} : { lens }),
    });
    return { result: call.result.then((page) => page.items[0]), cancel: () => call.cancel() };
  }

  #paint(): void {
    const row = this.#row;
    if (row === undefined) {
      fill(
        this.#head,
        el('div', { class: 'detail-facts muted' }, 'Select a row to see its key and value'),
        this.#closeButton(),
      );
      fill(this.#body, ...(this.#a.idle?.() ?? (this.#table === undefined ? [] : tableFacts(this.#table))));
      return;
    }
    const a = this.#a;
    fill(
      this.#head,
      el(
        'div',
        { class: 'detail-facts' },
        el('span', { class: 'detail-row' }, `Row ${count(this.#index + 1)}`),
        typeBadge(row.type),
        fact('sequence', count(row.seq)),
        ...(a.facts?.(row) ?? [this.#place(row)]),
      ),
      row.value === null || a.facts !== undefined
        ? null
        : iconButton('open', 'Open value in an editor (Enter)', () => a.openValue(row)),
      row.value === null || a.single() ? null : this.#compareButton(row),
      ...this.#placeButtons(row),
      ...this.#writeButtons(row),
      this.#closeButton(),
    );
    fill(this.#body, ...this.#sections(row));
  }

  /** Other things are to be said while no row is selected. */
  idleChanged(): void {
    if (this.#row === undefined) this.#paint();
  }

  #place(row: EntryRow): HTMLElement {
    const a = this.#a;
    if (row.table === null) return fact('in', levelName(row.level));
    return a.single() ? fact('in table', String(row.table)) : this.#tableLink(row.level, row.table);
  }

  #tableLink(level: number, table: number): HTMLElement {
    const link = el(
      'button',
      { class: 'link', type: 'button', title: 'Show this table in the tree' },
      `table ${table}`,
    );
    link.addEventListener('click', () => this.#a.host.do({ action: 'revealTable', table }));
    return el('span', { class: 'fact' }, el('span', { class: 'dim' }, 'in '), levelName(level), ' ', link);
  }

  #compareButton({ key, seq }: EntryRow): HTMLElement {
    const { host, family } = this.#a;
    const label =
      this.#marked === null ? 'Select value for compare' : `Compare value with ${visibleString(this.#marked)}`;
    const action = this.#marked === null ? 'markValue' : 'compareValue';
    const button = iconButton('compare', label, () => host.do({ action, family: family(), key, seq }));
    button.setAttribute('aria-pressed', String(this.#marked !== null));
    return button;
  }

  /** Where the entry stands, and where its key was before. */
  #placeButtons({ key, seq, table, type }: EntryRow): (HTMLElement | null)[] {
    const { host, family, history, single } = this.#a;
    if (single()) return [];
    return [
      table === null || type === 'range-delete'
        ? null
        : iconButton('block', 'Open its data block', () => host.do({ action: 'openEntryBlock', table, key, seq })),
      history?.() === true
        ? null
        : iconButton('history', 'History of this key', () => host.do({ action: 'keyHistory', family: family(), key })),
    ];
  }

  /** What changes a store needs its directory. */
  #writeButtons({ key, value }: EntryRow): (HTMLElement | null)[] {
    const { host, family, single } = this.#a;
    if (single()) return [];
    return [
      value === null
        ? null
        : iconButton('edit', 'Edit value…', () => host.do({ action: 'editValue', family: family(), key })),
      iconButton('trash', 'Delete key…', () => host.do({ action: 'deleteKey', family: family(), key })),
      iconButton('bookmark', 'Bookmark this key…', () => host.do({ action: 'bookmarkKey', family: family(), key })),
    ];
  }

  #closeButton(): HTMLElement {
    return iconButton('close', 'Hide the detail pane', () => this.#a.close());
  }

  #sections(row: EntryRow): HTMLElement[] {
    const sections: HTMLElement[] = [];
    if (row.problem !== undefined) {
      const p = row.problem;
      const place = placeOf(p);
      const text = `${p.code}: ${p.message}${place === '' ? '' : ` (${place})`}`;
      sections.push(noticeElement({ kind: 'warning', text, ...(p.mend === undefined ? {} : { detail: p.mend }) }));
    }
    const { look } = this.#a.lens();
    const masked = look.masked && hasContent(row);
    sections.push(...this.#read(row, look, masked));
    const isKeyRead = this.#shown?.key !== undefined || !look.readsKeys;
    sections.push(this.#bytes('Key', row.key, row.key.length, look, isKeyRead));
    if (row.until !== undefined)
      sections.push(this.#section('Deletes up to (exclusive)', row.until, true, row.until.length));
    if (row.timestamp !== undefined)
      sections.push(this.#section('User timestamp', row.timestamp, true, row.timestamp.length));
    if (masked) {
      const hidden = maskedBlock(() => this.#a.showValues());
      sections.push(section('Value', [plural(row.valueSize, 'byte')], hidden));
    } else if (row.columns !== undefined) sections.push(this.#columns(row.columns));
    else if (row.operands !== undefined) sections.push(...this.#operands(row.operands, row.base));
    else if (row.value !== null) {
      const isRead = this.#shown?.value !== undefined || row.valueSize === 0;
      sections.push(this.#bytes('Value', this.#value ?? row.value, row.valueSize, look, isRead));
    }
    return sections;
  }

  /** Key and value as the lens reads them, as far as it does. */
  #read(row: EntryRow, { title }: LensLook, masked: boolean): HTMLElement[] {
    if (title === undefined) return [];
    const { key, value } = this.#shown ?? {};
    const sections: HTMLElement[] = [];
    if (key !== undefined) sections.push(this.#decoded('Key', title, { text: key, language: 'text' }, 'key'));
    if (value !== undefined && row.value !== null && !masked)
      sections.push(this.#decoded('Value', title, value, 'value'));
    return sections;
  }

  /** Key or value as they are stored. */
  #bytes(name: 'Key' | 'Value', bytes: Uint8Array, size: number, { title }: LensLook, isRead: boolean): HTMLElement {
    const whole = bytes.length >= size;
    const heading = title === undefined || (name === 'Key' && this.#shown?.key === undefined) ? name : `${name} bytes`;
    const note =
      title === undefined || isRead ? '' : whole ? `not read by ${visibleString(title)}` : 'too long for a lens';
    return this.#section(heading, bytes, whole, size, name === 'Key' ? 'key' : 'value', note);
  }

  #decoded(
    name: string,
    title: string,
    decoded: Parameters<typeof decodedBlock>[0],
    part: 'key' | 'value',
  ): HTMLElement {
    const copy = iconButton('copy', `Copy decoded ${part}`, () => this.#a.copyDecoded(decoded.text, part));
    return section(name, [visibleString(title)], decodedBlock(decoded), copy);
  }

  #section(
    title: string,
    bytes: Uint8Array,
    whole: boolean,
    bytesAll: number,
    part?: 'key' | 'value',
    note = '',
  ): HTMLElement {
    const row = this.#row;
    const block = bytesBlock(bytes, this.#format, whole);
    const shown = whole
      ? ''
      : this.#error === undefined
        ? `first ${size(bytes.length)} shown`
        : `first ${size(bytes.length)} shown: ${this.#error}`;
    const copy =
      part === undefined || row === undefined
        ? null
        : iconButton('copy', `Copy ${part}`, () => this.#a.copy(row, part));
    return section(
      title,
      [plural(bytesAll, 'byte'), note, shown, part === 'key' && block.note === NOT_JSON ? '' : block.note],
      block.element,
      copy,
    );
  }

  #columns(columns: NonNullable<EntryRow['columns']>): HTMLElement {
    const rows = columns.map((column) => {
      const name =
        column.name.length === 0
          ? el('span', { class: 'dim' }, '(default column)')
          : bytesBlock(column.name, this.#format, true).element;
      return el(
        'tr',
        {},
        el('th', { scope: 'row' }, name),
        el('td', {}, bytesBlock(column.value, this.#format, true).element),
      );
    });
    const head = el(
      'thead',
      {},
      el('tr', {}, el('th', { scope: 'col' }, 'Column'), el('th', { scope: 'col' }, 'Value')),
    );
    return section(
      'Columns',
      [plural(columns.length, 'column')],
      el('table', { class: 'entity' }, head, el('tbody', {}, ...rows)),
    );
  }

  #operands(operands: readonly Uint8Array[], base: Uint8Array | undefined): HTMLElement[] {
    const list = el(
      'ol',
      { class: 'operands' },
      ...operands.map((o) => el('li', {}, bytesBlock(o, this.#format, true).element)),
    );
    const sections = [section('Merge operands', [`${plural(operands.length, 'operand')}, oldest first`], list)];
    if (base !== undefined) sections.unshift(this.#section('Base value', base, true, base.length));
    return sections;
  }
}

export function fact(name: string, value: string): HTMLElement {
  return el('span', { class: 'fact' }, el('span', { class: 'dim' }, `${name} `), value);
}

export function section(title: string, notes: readonly string[], content: Child, tool: Child = null): HTMLElement {
  const note = notes.filter((n) => n !== '').join(', ');
  return el(
    'div',
    { class: 'detail-section' },
    el('div', { class: 'detail-title' }, el('h2', {}, title), el('span', { class: 'note' }, note), tool),
    content,
  );
}
