/** The results tab: rows of one query in a virtual grid, with a detail pane. */
import './results.css';
import { bytesText } from '../engine/model/rowText.ts';
import type { EntryRow, QueryParams, QueryState } from '../engine/protocol/engineApi.ts';
import type { BytesFormat, ToView, ViewInit } from '../engine/protocol/viewApi.ts';
import { isSavedView, saveParams } from '../engine/protocol/viewState.ts';
import { resultColumns } from './results/cells.ts';
import { ChunkCache } from './results/chunkCache.ts';
import { ConditionBar } from './results/conditionBar.ts';
import { type CopyFormat, rowsText, type WholeRow } from './results/copying.ts';
import { Detail, VALUE_BYTES_MAX } from './results/detail.ts';
import { callWhen, LensPicker } from './results/lens.ts';
import { rowSource } from './results/rowSource.ts';
import { isResultsUi, type ResultsUi, statusText } from './results/uiState.ts';
import { clipboardText, hexText, visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { DetailSplit } from './ui/detailSplit.ts';
import { actionButton, el, fill, icon, iconButton, setText, show } from './ui/dom.ts';
import { formatPicker } from './ui/formatPicker.ts';
import { Grid } from './ui/grid.ts';
import { type CallError, debounce, Host } from './ui/host.ts';
import { menu } from './ui/menu.ts';
import { NoticeBoard, ProblemList } from './ui/notices.ts';

type ResultsInit = Extract<ViewInit, { view: 'results' }>;

/** Bytes of a value that the grid asks for; the detail pane asks for the rest. */
const PREVIEW_BYTES = 256;
const DETAIL_MIN = 90;

registerToolkit();
const host = new Host();

let init: ResultsInit | undefined;
let state: QueryState | undefined;
let format: BytesFormat = 'text';
/** Pixels: height of the pane below, width of the pane at the side. */
let engineGone = false;
let restored: ResultsUi | undefined;
/** Of which query that was. */
let restoredQuery = '';
let pinned = false;

/** Rows of one copy, and long values that are fetched for it; more belong into a file. */
const COPIED_MAX = 10_000;
const FETCHED_MAX = 50;

const saveSoon = debounce(150, save);

const cache = new ChunkCache<EntryRow>({
  chunkRows: 200,
  chunksMax: 60,
  inFlightMax: 3,
  fetch: (from, count) => {
    const call = callWhen(lens.ready, () =>
      host.call('rows', {
        query: init?.state.query ?? 0,
        from,
        count,
        previewBytes: PREVIEW_BYTES,
        ...(lens.id === undefined ? {} : { lens: lens.id }),
      }),
    );
    return { result: call.result.then((page) => page.items), cancel: () => call.cancel() };
  },
  onRows: (from, count) => {
    grid.rowsArrived(from, count);
    if (grid.selected >= from && grid.selected < from + count) detail.show(cache.row(grid.selected), grid.selected);
  },
  onError: (_from, _count, reason) => {
    // One message for all that a lost engine leaves unanswered is enough.
    if (engineGone) return;
    grid.repaint();
    notices.set('rows', {
      kind: 'error',
      text: `Some rows could not be read: ${(reason as Error).message}`,
      action: { label: 'Try again', run: retryRows },
    });
  },
});

const grid = new Grid<EntryRow>({
  label: 'Entries',
  columns: resultColumns(
    () => format,
    () => init?.single === true,
    () => lens.look,
  ),
  source: rowSource(cache, () => engineGone),
  onSelect: (index) => detail.show(index < 0 ? undefined : cache.row(index), index),
  onOpen: (index) => {
    const row = cache.row(index);
    if (row !== undefined) openValue(row);
  },
  onCopy: () => void copyRange('text'),
  onChange: saveSoon,
  ranges: true,
  onSort: () => {
    host.do({ action: 'setReverse', reverse: init?.params.reverse !== true });
  },
});

const detail = new Detail({
  host,
  family: () => init?.params.family ?? 0,
  history: () => init?.params.key !== undefined,
  query: () => init?.state.query ?? 0,
  single: () => init?.single === true,
  table: () => (init?.params.block === undefined ? init?.params.table : undefined),
  openValue,
  copy: (row, what) => void copyPart(row, what),
  lens: () => lens,
  copyDecoded: (text, what) => {
    host.do({ action: 'copyText', text });
    setText(spoken, what === 'key' ? 'Decoded key copied' : 'Decoded value copied');
  },
  showValues: () => {
    lens.masked = false;
  },
  close: () => {
    split.place('off');
    grid.element.focus();
  },
});

const lens = new LensPicker({
  host,
  changed: () => {
    cache.clear();
    notices.set('rows', undefined);
    if (grid.selected >= 0) detail.show(undefined, -1);
    cache.total = state?.total ?? 0;
    grid.repaint();
  },
  unmasked: () => {
    grid.repaint();
    detail.lensChanged();
  },
});

const condition = new ConditionBar({
  host,
  family: () => init?.params.family ?? 0,
  leave: () => grid.element.focus(),
});

const formats = formatPicker('Format of keys and values', 'Bytes', format, (value) => {
  format = value;
  detail.format = value;
  grid.repaint();
  saveSoon();
});

const title = el('h1', { class: 'bar-title' });
const subtitle = el('div', { class: 'bar-subtitle' });
const progress = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Counting rows' });
const notices = new NoticeBoard();
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const empty = el('div', { class: 'empty' });
const split = new DetailSplit(detail.element, DETAIL_MIN, saveSoon);
const statusLine = el('div', { class: 'status-text' });
const stopButton = iconButton('stop', 'Stop here', () => void stop());
const copying = menu(
  iconButton('copy', 'Copy…', () => {}),
  'Copy',
  () => {
    const [first, last] = grid.range;
    const what = last > first ? 'rows' : 'row';
    const disabled = first < 0;
    return [
      { label: `Selected ${what} as text`, hint: 'Ctrl+C', disabled, run: () => void copyRange('text') },
      { label: `Selected ${what} as JSON lines`, disabled, run: () => void copyRange('jsonl') },
      { label: `Selected ${what} as CSV`, disabled, run: () => void copyRange('csv') },
    ];
  },
);
const pinButton = iconButton('pin', 'Pin: the next query leaves this tab alone', () => setPinned(!pinned));
const exportButton = iconButton('save', 'Export…', () => host.do({ action: 'exportResults' }));
const bookmarkButton = iconButton('bookmark', 'Bookmark this query…', () => host.do({ action: 'bookmarkQuery' }));

/** Speaks only what matters: the end of the count, a loss, a copy. */
const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });

function build(): void {
  split.element.prepend(grid.element);
  document.body.append(
    el(
      'main',
      { class: 'results' },
      el(
        'header',
        { class: 'bar' },
        el('div', { class: 'bar-words' }, title, subtitle),
        lens.element,
        formats.element,
        el(
          'div',
          { class: 'bar-buttons' },
          ...split.buttons,
          copying.element,
          pinButton,
          exportButton,
          bookmarkButton,
          iconButton('refresh', 'Run again', () => host.do({ action: 'rerun' })),
        ),
      ),
      progress,
      condition.element,
      notices.element,
      problems.element,
      empty,
      split.element,
      el('footer', { class: 'status' }, statusLine, stopButton),
      spoken,
    ),
  );
  show(progress, false);
  show(empty, false);
}

/** Ends the count or the search where it is. */
async function stop(): Promise<void> {
  if (init === undefined) return;
  try {
    onState(await host.call('stopQuery', { query: init.state.query }).result);
    grid.element.focus();
  } catch {
    // The query is over already, or the engine is gone and the tab says so.
  }
}

function setPinned(next: boolean, tell = true): void {
  pinned = next;
  pinButton.setAttribute('aria-pressed', String(pinned));
  if (tell) {
    host.do({ action: 'pin', pinned });
    save();
  }
}

function onInit(next: ResultsInit): void {
  init = next;
  engineGone = false;
  document.body.classList.remove('engine-gone');
  notices.clear();
  cache.clear();
  lens.start(next.params.family, next.lens);
  setText(title, visibleString(next.title));
  // A single file says all of its name in the title; its folder is what is missing there.
  const place = next.single === true ? next.storePath : `${next.storeName} · ${next.familyName}`;
  setText(subtitle, visibleString(place));
  subtitle.title = visibleString(next.storePath);
  show(bookmarkButton, next.params.table === undefined);
  show(exportButton, next.single !== true && next.params.table === undefined && next.params.key === undefined);
  condition.set(next.params.where ?? '');
  setPinned(next.pinned === true, false);
  document.title = visibleString(next.title);
  detail.tableChanged();
  const reversible = canReverse(next);
  grid.sorts = reversible ? ['key'] : [];
  grid.showSort(reversible ? 'key' : '', next.params.reverse === true);
  if (restored !== undefined && restoredQuery === JSON.stringify(saveParams(next.params))) {
    grid.state = restored.grid;
    restored = undefined;
  } else {
    restored = undefined;
    grid.select(-1, false);
    grid.scrollToTop();
  }
  onState(next.state);
  focusGrid();
}

/** Gives the keyboard to the grid where the tab has it already; it is never taken from another place. */
function focusGrid(): void {
  if (document.hasFocus() && document.activeElement === document.body) grid.element.focus({ preventScroll: true });
}

function onState(next: QueryState): void {
  if (init === undefined || next.query !== init.state.query) return;
  const wasComplete = state?.query === next.query && state.complete;
  state = next;
  cache.total = next.total;
  grid.setRows(next.total);
  problems.set(next.problems);
  show(progress, !next.complete);
  show(stopButton, !next.complete);
  const words = statusText(next);
  setText(statusLine, words);
  if (next.complete && !wasComplete) setText(spoken, words);
  const nothing = next.complete && next.total === 0;
  if (nothing && empty.hidden) {
    fill(
      empty,
      icon('search'),
      el('p', { class: 'empty-title' }, 'No entries here'),
      el(
        'p',
        {},
        next.problems.length > 0
          ? 'Nothing could be read; the problems are above.'
          : init.params.where !== undefined
            ? 'The condition holds for no entry of this range. Change it above, or clear it.'
            : narrowed(init.params)
              ? 'Nothing in this family matches. Widen the range or the prefix.'
              : 'This family holds no entries that can be seen.',
      ),
      el(
        'div',
        { class: 'empty-actions' },
        actionButton('Scan…', 'primary', () => host.do({ action: 'scan', family: init?.params.family ?? 0 })),
        actionButton('Run again', 'secondary', () => host.do({ action: 'rerun' })),
      ),
    );
  }
  show(empty, nothing);
  show(split.element, !nothing);
}

/** Whether a query leaves out a part of its family. */
function narrowed(p: QueryParams): boolean {
  return [p.from, p.to, p.prefix, p.key, p.table, p.at].some((limit) => limit !== undefined);
}

function retryRows(): void {
  notices.set('rows', undefined);
  cache.retry();
  grid.repaint();
}

function openValue(row: EntryRow): void {
  host.do({ action: 'openValue', family: init?.params.family ?? 0, key: row.key, seq: row.seq });
}

async function wholeValue(row: EntryRow): Promise<Uint8Array | null> {
  if (row.value === null || row.value.length >= row.valueSize) return row.value;
  try {
    return await host.call('value', {
      family: init?.params.family ?? 0,
      key: row.key,
      seq: row.seq,
      maxBytes: VALUE_BYTES_MAX * 16,
    }).result;
  } catch (thrown) {
    notices.set('copy', {
      kind: 'warning',
      text: `The whole value could not be copied: ${(thrown as CallError).message}`,
    });
    return row.value;
  }
}

async function copyPart(row: EntryRow, what: 'key' | 'value'): Promise<void> {
  const bytes = what === 'key' ? row.key : await wholeValue(row);
  host.do({ action: 'copyText', text: clipboardText(bytes ?? new Uint8Array(), format) });
  setText(spoken, what === 'key' ? 'Key copied' : 'Value copied');
}

/** Bytes as one line, for rows that stand below each other. */
function lineText(bytes: Uint8Array): string {
  return format === 'hex' ? hexText(bytes) : bytesText(bytes);
}

/** The selected rows, as far as they are here: those far from the screen are asked for first. */
async function copyRange(as: CopyFormat): Promise<void> {
  const [first, last] = grid.range;
  if (first < 0 || init === undefined) return;
  if (last - first >= COPIED_MAX) {
    notices.set('copy', { kind: 'warning', text: 'These are too many rows to copy; export them to a file.' });
    return;
  }
  try {
    const rows = await rowsBetween(first, last);
    if (rows.filter((row) => (row.value?.length ?? 0) < row.valueSize).length > FETCHED_MAX) {
      notices.set('copy', { kind: 'warning', text: 'Many of these values are long; export the rows to a file.' });
      return;
    }
    const whole: WholeRow[] = [];
    for (const row of rows) whole.push({ row, value: await wholeValue(row) });
    host.do({
      action: 'copyText',
      text: rowsText(whole, as, whole.length === 1 ? (bytes) => clipboardText(bytes, format) : lineText),
    });
    setText(spoken, rows.length === 1 ? 'Row copied' : `${rows.length} rows copied`);
  } catch (thrown) {
    notices.set('copy', { kind: 'warning', text: `Not copied: ${(thrown as Error).message}` });
  }
}

async function rowsBetween(first: number, last: number): Promise<readonly EntryRow[]> {
  const here: EntryRow[] = [];
  for (let i = first; i <= last; i++) {
    const row = cache.row(i);
    if (row === undefined) break;
    here.push(row);
  }
  if (here.length === last - first + 1) return here;
  const query = init?.state.query ?? 0;
  const p = { query, from: first, count: last - first + 1, previewBytes: PREVIEW_BYTES };
  return (await host.call('rows', p).result).items;
}

/** Visible entries of a family whose order is known can be read from either end. */
function canReverse({ params, single }: ResultsInit): boolean {
  return params.allVersions !== true && params.table === undefined && params.key === undefined && single !== true;
}

function save(): void {
  if (init === undefined) return;
  const ui: ResultsUi = { grid: grid.state, format, detail: split.at, sizes: split.sizes };
  host.state = {
    view: 'results',
    storePath: init.storePath,
    storeName: init.storeName,
    familyName: init.familyName,
    title: init.title,
    params: saveParams(init.params),
    pinned,
    ui,
  };
}

function restore(): void {
  const saved = host.state;
  if (!isSavedView(saved) || saved.view !== 'results' || !isResultsUi(saved.ui)) return;
  restored = saved.ui;
  restoredQuery = JSON.stringify(saved.params);
  format = saved.ui.format;
  formats.value = format;
  detail.format = format;
  split.place(saved.ui.detail, saved.ui.sizes);
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  if (message.t === 'init') {
    if (message.init.view === 'results') onInit(message.init);
  } else if (message.t === 'marked') detail.marked = message.name;
  else if (message.t === 'lens') lens.chosen(message.family, message.lens);
  else if (message.t === 'queryProgress') onState(message.state);
  else if (message.t === 'storeChanged') {
    notices.set('changed', {
      kind: 'info',
      text: 'The store has changed since this query ran.',
      action: { label: 'Run again', run: () => host.do({ action: 'rerun' }) },
    });
  } else if (message.t === 'engine') {
    notices.set(
      'engine',
      message.alive
        ? undefined
        : {
            kind: 'error',
            text: message.message,
            action: { label: 'Run again', run: () => host.do({ action: 'rerun' }) },
          },
    );
    if (engineGone && message.alive) cache.retry();
    engineGone = !message.alive;
    document.body.classList.toggle('engine-gone', engineGone);
    if (engineGone) show(progress, false);
  }
}

document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'f') return;
  event.preventDefault();
  condition.focus();
});

build();
window.addEventListener('focus', focusGrid);
restore();
split.place(split.at);
host.start(onMessage);
