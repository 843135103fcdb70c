/** The tab of the entries: all of the table, or of one block, in file order, page by page. */
import type { EntryRow, QueryState } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { resultColumns } from '../results/cells.ts';
import { ChunkCache } from '../results/chunkCache.ts';
import { Detail } from '../results/detail.ts';
import { callWhen, LensPicker } from '../results/lens.ts';
import { rowSource } from '../results/rowSource.ts';
import { count, plural } from '../text/numbers.ts';
import { clipboardText } from '../text/visible.ts';
import { el, iconButton, setText, show } from '../ui/dom.ts';
import { Grid } from '../ui/grid.ts';
import type { CallError, Host, ViewCall } from '../ui/host.ts';
import { segmented } from '../ui/segmented.ts';
import { splitter } from '../ui/splitter.ts';
import type { GridUi } from './uiState.ts';

/** Bytes of a value that the grid asks for; the detail pane asks for the rest. */
const PREVIEW_BYTES = 256;
/** Milliseconds between two looks at a query that is still being counted. */
const POLL_MILLIS = 250;
const DETAIL_MIN = 90;

export interface EntryActions {
  readonly host: Host;
  readonly table: () => { readonly family: number; readonly number: number };
  failed(message: string): void;
  changed(): void;
  said(words: string): void;
}

export class EntriesTab {
  readonly element = el('div', { class: 'panel' });
  readonly grid: Grid<EntryRow>;
  readonly lens: LensPicker;
  readonly #a: EntryActions;
  readonly #detail: Detail;
  readonly #cache: ChunkCache<EntryRow>;
  readonly #formats;
  readonly #split = el('div', { class: 'split' });
  readonly #words = el('span', { class: 'dim', role: 'status' });
  readonly #chip = el('span', { class: 'chip' });
  readonly #chipText = el('span');
  readonly #divider;
  #block: number | null = null;
  #detailHeight = 200;
  #opening: ViewCall<QueryState> | undefined;
  #state: QueryState | undefined;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #restored: GridUi | undefined;

  constructor(actions: EntryActions) {
    this.#a = actions;
    const { host } = actions;
    this.lens = new LensPicker({
      host,
      changed: () => {
        this.#cache.clear();
        this.#detail.show(undefined, -1);
        this.#cache.total = this.#state?.total ?? 0;
        this.grid.repaint();
      },
      unmasked: () => {
        this.grid.repaint();
        this.#detail.lensChanged();
      },
    });
    this.#cache = new ChunkCache<EntryRow>({
      chunkRows: 200,
      chunksMax: 60,
      inFlightMax: 3,
      fetch: (from, n) => {
        const call = callWhen(this.lens.ready, () => {
          const lens = this.lens.id === undefined ? {} : { lens: this.lens.id };
          return host.call('rows', {
            query: this.#state?.query ?? 0,
            from,
            count: n,
            previewBytes: PREVIEW_BYTES,
            ...lens,
          });
        });
        return { result: call.result.then((page) => page.items), cancel: () => call.cancel() };
      },
      onRows: (from, n) => {
        this.grid.rowsArrived(from, n);
        const at = this.grid.selected;
        if (at >= from && at < from + n) this.#detail.show(this.#cache.row(at), at);
      },
      onError: (_from, _n, reason) => {
        this.grid.repaint();
        actions.failed(`Some entries could not be read: ${(reason as Error).message}`);
      },
    });
    this.#formats = segmented<BytesFormat>(
      'Format of keys and values',
      [
        { value: 'text', label: 'Text', title: 'UTF-8 text with escapes; what is mostly not text in hex' },
        { value: 'hex', label: 'Hex', title: 'Bytes in hexadecimal' },
        { value: 'json', label: 'JSON', title: 'Values that are JSON laid out, the rest as text' },
      ],
      'text',
      (value) => {
        this.#detail.format = value;
        this.grid.repaint();
        actions.changed();
      },
    );
    // Level and table are the same for all rows here.
    const columns = resultColumns(
      () => this.#formats.value,
      () => true,
      () => this.lens.look,
    )
      .filter((c) => c.id !== 'level' && c.id !== 'table')
      .map((c) => (c.id === 'type' ? { ...c, width: 122 } : c.id === 'size' ? { ...c, width: 92 } : c));
    this.grid = new Grid<EntryRow>({
      label: 'Entries of the table',
      columns,
      source: rowSource(this.#cache),
      onSelect: (i) => this.#selected(i),
      onOpen: (i) => this.#openValue(this.#cache.row(i)),
      onCopy: (i) => {
        const row = this.#cache.row(i);
        if (row !== undefined) this.#copy(row, 'key');
      },
      onChange: () => actions.changed(),
    });
    this.#detail = new Detail({
      host,
      family: () => actions.table().family,
      query: () => this.#state?.query ?? 0,
      single: () => true,
      table: () => undefined,
      openValue: (row) => this.#openValue(row),
      copy: (row, what) => this.#copy(row, what),
      lens: () => this.lens,
      copyDecoded: (text, what) => {
        host.do({ action: 'copyText', text });
        actions.said(what === 'key' ? 'Decoded key copied' : 'Decoded value copied');
      },
      showValues: () => {
        this.lens.masked = false;
      },
      close: () => {
        this.#showDetail(false);
        this.grid.element.focus();
      },
    });
    this.#divider = splitter({
      label: 'Size of the detail pane',
      min: DETAIL_MIN,
      max: () => this.#split.clientHeight - 120,
      sideways: () => false,
      get: () => this.#detailHeight,
      set: (height) => {
        this.detailHeight = height;
        actions.changed();
      },
    });
    const all = iconButton('close', 'Show the entries of all blocks', () => {
      this.block = null;
      this.grid.element.focus();
    });
    this.#chip.append(this.#chipText, all);
    this.#split.append(this.grid.element, this.#divider.element, this.#detail.element);
    this.element.append(
      el(
        'div',
        { class: 'tools' },
        this.#chip,
        this.#words,
        el('span', { class: 'spring' }),
        this.lens.element,
        this.#formats.element,
      ),
      this.#split,
    );
    this.detailHeight = this.#detailHeight;
    this.#showDetail(false);
    this.#paintChip();
  }

  get format(): BytesFormat {
    return this.#formats.value;
  }

  set format(format: BytesFormat) {
    this.#formats.value = format;
    this.#detail.format = format;
    this.grid.repaint();
  }

  get detailHeight(): number {
    return this.#detailHeight;
  }

  set detailHeight(height: number) {
    this.#detailHeight = height;
    this.#split.style.setProperty('--detail', `${height}px`);
  }

  get block(): number | null {
    return this.#block;
  }

  /** Narrows to one data block; null for all. */
  set block(block: number | null) {
    if (block === this.#block) return;
    this.#block = block;
    this.#paintChip();
    this.open(undefined);
    this.#a.changed();
  }

  /** Takes what a reload left; the next `open` makes use of it. */
  restore(block: number | null, grid: GridUi): void {
    this.#block = block;
    this.#restored = grid;
    this.#paintChip();
  }

  /** Whether a query is open or on its way. */
  get isOpen(): boolean {
    return this.#opening !== undefined || this.#state !== undefined;
  }

  /** Starts a query; `grid` says where to stand in it. */
  open(grid: GridUi | undefined = this.#restored): void {
    this.#restored = undefined;
    this.close();
    if (grid !== undefined) this.grid.state = grid;
    else {
      this.grid.select(-1, false);
      this.grid.scrollToTop();
    }
    const { family, number } = this.#a.table();
    const call = this.#a.host.call('openQuery', {
      family,
      table: number,
      ...(this.#block === null ? {} : { block: this.#block }),
    });
    this.#opening = call;
    setText(this.#words, 'Opening…');
    call.result.then(
      (state) => {
        // One that nobody waits for any more must not stay open in the engine.
        if (this.#opening !== call) void this.#a.host.call('closeQuery', { query: state.query }).result.catch(() => {});
        else {
          this.#opening = undefined;
          this.#state = state;
          this.#follow(state);
        }
      },
      (reason: CallError) => {
        if (this.#opening !== call) return;
        this.#opening = undefined;
        setText(this.#words, '');
        this.#a.failed(`The entries could not be opened: ${reason.message}`);
      },
    );
  }

  /** Ends the query here and in the engine. */
  close(): void {
    clearTimeout(this.#poll);
    this.#opening = undefined;
    if (this.#state !== undefined) {
      void this.#a.host.call('closeQuery', { query: this.#state.query }).result.catch(() => {});
    }
    this.#state = undefined;
    this.#cache.clear();
    this.#cache.total = 0;
    this.grid.setRows(0);
    this.#detail.show(undefined, -1);
  }

  /** The engine is gone, and all of its queries with it. */
  lost(): void {
    clearTimeout(this.#poll);
    this.#opening = undefined;
    this.#state = undefined;
  }

  /** The state of a query, as the host says it unasked. */
  progressed(state: QueryState): void {
    if (state.query === this.#state?.query) this.#follow(state);
  }

  #follow(state: QueryState): void {
    this.#state = state;
    this.#cache.total = state.total;
    this.grid.setRows(state.total);
    const lost = state.problems.length > 0 ? `, ${plural(state.problems.length, 'problem')}` : '';
    const words = state.complete
      ? plural(state.total, 'entry', 'entries')
      : `${plural(state.total, 'entry', 'entries')} so far, counting…`;
    setText(this.#words, `${words}${lost}`);
    clearTimeout(this.#poll);
    if (state.complete) return;
    this.#poll = setTimeout(() => {
      this.#a.host.call('queryState', { query: state.query }).result.then(
        (next) => this.progressed(next),
        (reason: CallError) => {
          if (state.query === this.#state?.query) this.#a.failed(`The entries could not be counted: ${reason.message}`);
        },
      );
    }, POLL_MILLIS);
  }

  /** The pane comes with the first row that is selected, and stays until somebody closes it. */
  #selected(i: number): void {
    this.#detail.show(i < 0 ? undefined : this.#cache.row(i), i);
    if (i < 0 || !this.#detail.element.hidden) return;
    this.#showDetail(true);
    // The rows have less room now.
    requestAnimationFrame(() => requestAnimationFrame(() => this.grid.select(this.grid.selected)));
  }

  #showDetail(visible: boolean): void {
    show(this.#detail.element, visible);
    show(this.#divider.element, visible);
    if (visible) this.#divider.refresh();
  }

  #paintChip(): void {
    show(this.#chip, this.#block !== null);
    setText(this.#chipText, this.#block === null ? '' : `Block ${count(this.#block)}`);
  }

  #openValue(row: EntryRow | undefined): void {
    if (row === undefined || row.value === null) return;
    this.#a.host.do({ action: 'openValue', family: this.#a.table().family, key: row.key, seq: row.seq });
  }

  #copy(row: EntryRow, what: 'key' | 'value'): void {
    const bytes = what === 'key' ? row.key : (row.value ?? new Uint8Array());
    this.#a.host.do({ action: 'copyText', text: clipboardText(bytes, this.#formats.value) });
    const cut = what === 'value' && bytes.length < row.valueSize;
    this.#a.said(what === 'key' ? 'Key copied' : cut ? `First ${count(bytes.length)} bytes copied` : 'Value copied');
  }
}
