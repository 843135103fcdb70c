/** The tab of SQL results: the rows of one query in a virtual grid, with a pane for a whole value. */
import './sql.css';
import type { SqlColumn } from '../engine/protocol/engineApi.ts';
import type { SqlCell, SqlRequest, SqlState } from '../engine/protocol/sqlView.ts';
import type { BytesFormat, ToView, ViewInit } from '../engine/protocol/viewApi.ts';
import { isSavedView } from '../engine/protocol/viewState.ts';
import { sqlColumns } from './sql/cells.ts';
import { type CopyFormat, cellText, type PlacedRow, rowsText } from './sql/copy.ts';
import { EmptyPane, visibleLines } from './sql/emptyPane.ts';
import { type Link, linkOf } from './sql/links.ts';
import { LoadedRows, type Row } from './sql/loadedRows.ts';
import { emptyText, isSqlUi, statusText } from './sql/uiState.ts';
import { ValuePane } from './sql/valuePane.ts';
import { visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { actionButton, el, fill, iconButton, setText, show } from './ui/dom.ts';
import { formatPicker } from './ui/formatPicker.ts';
import { Grid } from './ui/grid.ts';
import { type CallError, debounce, Host, type ViewCall } from './ui/host.ts';
import { menu } from './ui/menu.ts';
import { NoticeBoard, ProblemList } from './ui/notices.ts';
import { splitter } from './ui/splitter.ts';

type SqlInit = Extract<ViewInit, { view: 'sql' }>;
type Done = Extract<SqlState, { phase: 'done' }>;
interface Sort {
  readonly column: number;
  readonly down: boolean;
}

/** Rows that are asked for at a time. */
const PAGE_ROWS = 1_000;
/** Where all of them are wanted. */
const ALL_ROWS = 5_000;
/** More are asked for when so many are left below those on screen. */
const AHEAD_ROWS = 400;
const PANE_MIN = 160;
/** Rows that go to the clipboard. */
const COPIED_MAX = 100_000;

registerToolkit();
const host = new Host();
const rows = new LoadedRows();

let init: SqlInit | undefined;
let request: SqlRequest | undefined;
let state: SqlState = { phase: 'idle' };
/** The run that the grid shows the rows of. */
let done: Done | undefined;
let grid: Grid<Row> | undefined;
let gridColumns = '';
let sort: Sort | undefined;
let format: BytesFormat = 'text';
let paneShown = false;
/** Pixels. */
let paneSize = 340;
let loading: ViewCall<unknown> | undefined;
/** All rows were asked for. */
let loadsAll = false;
let engineGone = false;

const saveSoon = debounce(150, save);

const pane = new ValuePane(() => {
  showPane(false);
  grid?.element.focus();
});

const formats = formatPicker('Format of texts and BLOBs', 'BLOBs', format, (value) => {
  format = value;
  pane.format = value;
  grid?.repaint();
  saveSoon();
});

const title = el('h1', { class: 'bar-title' });
const subtitle = el('div', { class: 'bar-subtitle' });
const progress = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Running the query' });
const notices = new NoticeBoard();
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const empty = new EmptyPane(host);
const split = el('div', { class: 'split' });
const gridPlace = el('div', { class: 'split' });
const statusLine = el('div', { class: 'status-text' });
const allButton = el('button', { class: 'link', type: 'button' }, 'Load all rows');
const page = el('main', { class: 'results sql' });
const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
const cancelButton = actionButton('Cancel', 'secondary', () => host.do({ action: 'cancelSql' }));
const paneButton = iconButton('panelRight', 'Value at the side', () => showPane(!paneShown));
const runButton = iconButton('refresh', 'Run again', () => host.do({ action: 'rerun' }));
const divider = splitter({
  label: 'Size of the value',
  min: PANE_MIN,
  max: () => split.clientWidth - 240,
  sideways: () => true,
  get: () => paneSize,
  set: (size) => {
    paneSize = size;
    split.style.setProperty('--detail', `${size}px`);
    saveSoon();
  },
});

function build(): void {
  const copyButton = iconButton('copy', 'Copy…', () => {});
  const copying = menu(copyButton, 'Copy', () => {
    const [first, last] = grid?.range ?? [-1, -1];
    const many = last > first;
    const disabled = first < 0;
    const what = many ? 'rows' : 'row';
    return [
      { label: 'Cell', ...(many ? {} : { hint: 'Ctrl+C' }), disabled, run: () => void copyCell() },
      {
        label: `Selected ${what} as text`,
        ...(many ? { hint: 'Ctrl+C' } : {}),
        disabled,
        run: () => copyRange('text'),
      },
      { label: `Selected ${what} as JSON lines`, disabled, run: () => copyRange('jsonl') },
      { label: `Selected ${what} as CSV`, disabled, run: () => copyRange('csv') },
    ];
  });
  const saveButton = iconButton('save', 'Save all rows…', () => {});
  const saving = menu(saveButton, 'Save', () => [
    {
      label: 'All rows as CSV…',
      disabled: done === undefined,
      run: () => host.do({ action: 'saveSql', format: 'csv' }),
    },
    {
      label: 'All rows as JSON lines…',
      disabled: done === undefined,
      run: () => host.do({ action: 'saveSql', format: 'jsonl' }),
    },
  ]);
  allButton.addEventListener('click', () => {
    loadsAll = true;
    load();
  });
  split.append(gridPlace, divider.element, pane.element);
  split.dataset['detail'] = 'right';
  const buttons = [
    copying.element,
    saving.element,
    paneButton,
    iconButton('edit', 'Go to the query', () => host.do({ action: 'showSql' })),
    iconButton('bookmark', 'Bookmark this query…', () => host.do({ action: 'bookmarkQuery' })),
    runButton,
  ];
  page.append(
    el(
      'header',
      { class: 'bar' },
      el('div', { class: 'bar-words' }, title, subtitle),
      cancelButton,
      formats.element,
      el('div', { class: 'bar-buttons' }, ...buttons),
    ),
    progress,
    notices.element,
    problems.element,
    empty.element,
    split,
    el('footer', { class: 'status' }, statusLine, allButton),
    spoken,
  );
  document.body.append(page);
  paint();
}

function showPane(shown: boolean): void {
  paneShown = shown;
  show(divider.element, shown);
  show(pane.element, shown);
  paneButton.setAttribute('aria-pressed', String(shown));
  split.style.setProperty('--detail', `${paneSize}px`);
  if (shown) divider.refresh();
  showValue();
  saveSoon();
}

/** The current cell, in the pane. */
function showValue(): void {
  const at = currentCell();
  if (!paneShown || at === undefined || done === undefined) {
    pane.show(undefined);
    return;
  }
  const { column, place, cell } = at;
  const name = done.columns[column]?.name ?? '';
  pane.show({ column: name, row: place + 1, cell, fetch: () => fetchCell(rows.position(place), column) });
}

function currentCell(): { column: number; place: number; row: Row; cell: SqlCell } | undefined {
  const place = grid?.selected ?? -1;
  const row = place < 0 ? undefined : rows.at(place);
  const column = grid?.column ?? 0;
  return row === undefined ? undefined : { column, place, row, cell: row[column] ?? null };
}

function fetchCell(row: number, column: number): Promise<SqlCell> {
  return host.call('sqlCell', { run: done?.run ?? 0, row, column }).result;
}

function follow(link: Link): void {
  if (link.to === 'table') host.do({ action: 'openTable', table: link.table });
  else host.do({ action: 'getKey', family: link.family, key: link.key });
}

/** A grid for these columns; the one that is there, where it has them already. */
function makeGrid(columns: readonly SqlColumn[]): Grid<Row> {
  const id = JSON.stringify(columns);
  if (grid !== undefined && gridColumns === id) return grid;
  const sample = Array.from({ length: Math.min(100, rows.count) }, (_, i) => rows.at(i) ?? []);
  const made = new Grid<Row>({
    label: 'Rows of the query',
    columns: sqlColumns(columns, sample, { format: () => format, follow }),
    source: { row: (i) => rows.at(i), need: (_first, last) => needRows(last) },
    cells: true,
    onSelect: () => showValue(),
    onOpen: (place) => {
      const row = rows.at(place);
      const link = row === undefined ? undefined : linkOf(columns, row, made.column);
      if (link !== undefined) follow(link);
      else showPane(!paneShown);
    },
    onCopy: () => {
      const [first, last] = made.range;
      if (last > first) copyRange('text');
      else void copyCell();
    },
    onSort: (column) => sortBy(Number(column)),
    onChange: saveSoon,
  });
  grid = made;
  gridColumns = id;
  fill(gridPlace, made.element);
  return made;
}

/** Up, down, and back to the order of the query: here where all rows are, else in the engine. */
function sortBy(column: number): void {
  if (done === undefined) return;
  const next: Sort | undefined =
    sort?.column !== column ? { column, down: false } : sort.down ? undefined : { column, down: true };
  if (done.sort === null && (next === undefined || rows.sorts(column))) {
    sort = next;
    if (next === undefined) rows.unsort();
    else rows.sort(next.column, next.down);
    paintSort();
    grid?.repaint();
    showValue();
    setText(spoken, next === undefined ? 'In the order of the query' : 'Sorted');
  } else host.do({ action: 'sortSql', sort: next ?? null });
}

function paintSort(): void {
  grid?.showSort(sort === undefined ? '' : String(sort.column), sort?.down === true);
}

function needRows(last: number): void {
  if (last + AHEAD_ROWS >= rows.count) load();
}

/** Asks for the rows that follow, unless there are none or they are on their way. */
function load(): void {
  const run = done?.run;
  if (run === undefined || loading !== undefined || rows.complete || rows.full || engineGone) return;
  const call = host.call('sqlPage', { run, offset: rows.count, count: loadsAll ? ALL_ROWS : PAGE_ROWS });
  loading = call;
  call.result.then(
    (answer) => {
      if (loading !== call) return;
      loading = undefined;
      const before = rows.count;
      rows.append(answer);
      notices.set('rows', undefined);
      shown(before);
      if (loadsAll) load();
    },
    (reason: CallError) => {
      if (loading !== call) return;
      loading = undefined;
      loadsAll = false;
      notices.set('rows', {
        kind: 'error',
        text: `Rows could not be read: ${reason.message}`,
        action: { label: 'Run again', run: () => host.do({ action: 'rerun' }) },
      });
      paint();
    },
  );
}

/** Rows have come, from `before` on. */
function shown(before: number): void {
  if (done === undefined) return;
  const made = makeGrid(done.columns);
  if (before === 0) {
    sort = done.sort ?? undefined;
    made.select(-1, false);
    made.scrollToTop();
    made.repaint();
    paintSort();
  }
  made.setRows(rows.count);
  made.rowsArrived(before, rows.count - before);
  if (before === 0 && rows.count > 0) focusGrid();
  paint();
  if (rows.complete) setText(spoken, statusLine.textContent ?? '');
}

/** Gives the keyboard to the grid where the tab has it already; it is never taken from another place. */
function focusGrid(): void {
  if (document.hasFocus() && document.activeElement === document.body) grid?.element.focus({ preventScroll: true });
}

function onState(next: SqlState): void {
  state = next;
  if (next.phase === 'done' && next.run !== done?.run) {
    loading?.cancel();
    loading = undefined;
    loadsAll = false;
    done = next;
    rows.clear();
    notices.replace(new Map(next.notes.map((text, i) => [`note${i}`, { kind: 'info', text }])));
    load();
  }
  paint();
}

function paint(): void {
  const running = state.phase === 'running';
  show(progress, running || (state.phase === 'done' && loading !== undefined && rows.count === 0));
  show(cancelButton, running);
  runButton.disabled = running;
  page.classList.toggle('stale', state.phase !== 'done');
  page.setAttribute('aria-busy', String(running));
  problems.set(state.phase === 'done' ? state.problems : []);
  const isDone = state.phase === 'done' && done !== undefined;
  setText(statusLine, statusText(state, rows));
  show(allButton, isDone && rows.count > 0 && !rows.complete && !rows.full && !loadsAll);
  const nothing = isDone && rows.complete && rows.count === 0;
  const words = nothing ? 'No rows' : emptyText(state, done !== undefined);
  empty.paint(words, state, request?.query ?? '');
  show(split, words === undefined);
}

async function copyCell(): Promise<void> {
  const at = currentCell();
  if (at === undefined) return;
  await copied(
    'Cell copied',
    cellText(at.cell, () => fetchCell(rows.position(at.place), at.column)),
  );
}

function copyRange(as: CopyFormat): void {
  const [first, last] = grid?.range ?? [-1, -1];
  if (first < 0 || done === undefined) return;
  if (last - first >= COPIED_MAX) {
    notices.set('copy', { kind: 'warning', text: 'These are too many rows to copy; save them to a file.' });
    return;
  }
  const picked: PlacedRow[] = [];
  for (let place = first; place <= last; place++) {
    const row = rows.at(place);
    if (row !== undefined) picked.push({ row, position: rows.position(place) });
  }
  void copied(picked.length === 1 ? 'Row copied' : 'Rows copied', rowsText(done.columns, picked, as, fetchCell));
}

async function copied(words: string, text: Promise<string>): Promise<void> {
  try {
    host.do({ action: 'copyText', text: await text });
    notices.set('copy', undefined);
    setText(spoken, words);
  } catch (thrown) {
    notices.set('copy', { kind: 'warning', text: `Not copied: ${(thrown as Error).message}` });
  }
}

function onRequest(next: SqlRequest): void {
  request = next;
  setText(title, visibleString(next.title));
  const line = next.query.replace(/\s+/g, ' ').trim();
  fill(subtitle, visibleString(init?.storeName ?? ''), ' · ', el('span', { class: 'sql-query' }, visibleString(line)));
  subtitle.title = visibleLines(next.query);
  document.title = visibleString(next.title);
  saveSoon();
}

function onInit(next: SqlInit): void {
  init = next;
  engineGone = false;
  onRequest(next.request);
  onState(next.state);
}

function save(): void {
  if (init === undefined || request === undefined) return;
  host.state = {
    view: 'sql',
    storePath: request.store,
    storeName: init.storeName,
    request,
    ui: { format, detail: paneShown, size: paneSize },
  };
}

function restore(): void {
  const saved = host.state;
  if (!isSavedView(saved) || saved.view !== 'sql' || !isSqlUi(saved.ui)) return;
  format = saved.ui.format;
  formats.value = format;
  pane.format = format;
  paneSize = saved.ui.size;
  paneShown = saved.ui.detail;
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  if (message.t === 'init') {
    if (message.init.view === 'sql') onInit(message.init);
  } else if (message.t === 'sqlState') {
    onRequest(message.request);
    onState(message.state);
  } else if (message.t === 'storeChanged') {
    if (done !== undefined && state.phase === 'done') {
      notices.set('changed', {
        kind: 'info',
        text: 'The store has changed since this query ran.',
        action: { label: 'Run again', run: () => host.do({ action: 'rerun' }) },
      });
    }
  } else if (message.t === 'engine') {
    engineGone = !message.alive;
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
  }
}

build();
window.addEventListener('focus', focusGrid);
restore();
showPane(paneShown);
host.start(onMessage);
