/** The evidence tab: every record of every file of a directory, with what became of it and where it stands. */
import './evidence.css';
import type { EvidenceState } from '../engine/protocol/engineApi.ts';
import type { BytesFormat, ToView, ViewInit } from '../engine/protocol/viewApi.ts';
import { isSavedView } from '../engine/protocol/viewState.ts';
import { Filter } from './evidence/filter.ts';
import { fileLink, type RecordRow, recordColumns, recordRow, statusBadge } from './evidence/rows.ts';
import { sourcesTable } from './evidence/sources.ts';
import { type EvidenceUi, evidenceWords, isEvidenceUi, isInBlock, rowsOf } from './evidence/uiState.ts';
import { ChunkCache } from './results/chunkCache.ts';
import { Detail, fact, VALUE_BYTES_MAX } from './results/detail.ts';
import { callWhen, LensPicker } from './results/lens.ts';
import { rowSource } from './results/rowSource.ts';
import { clipboardText, hexText, visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { DetailSplit } from './ui/detailSplit.ts';
import { actionButton, el, fill, icon, iconButton, setText, show } from './ui/dom.ts';
import { formatPicker } from './ui/formatPicker.ts';
import { Grid } from './ui/grid.ts';
import { type CallError, debounce, Host, type ViewCall } from './ui/host.ts';
import { NoticeBoard, ProblemList } from './ui/notices.ts';

type EvidenceInit = Extract<ViewInit, { view: 'evidence' }>;

/** Bytes of a value that the grid asks for; the detail pane asks for the rest. */
const PREVIEW_BYTES = 256;
const COPY_BYTES_MAX = VALUE_BYTES_MAX * 16;
const DETAIL_MIN = 90;

registerToolkit();
const host = new Host();

let init: EvidenceInit | undefined;
let state: EvidenceState | undefined;
let format: BytesFormat = 'text';
let engineGone = false;
let restored: EvidenceUi | undefined;
let grid: Grid<RecordRow> | undefined;
/** Of the grid that is there. */
let hasFamilies = false;

const saveSoon = debounce(150, save);

function ask(from: number, count: number, previewBytes: number): ViewCall<readonly RecordRow[]> {
  const call = host.call('evidenceRows', {
    evidence: init?.opened.evidence ?? 0,
    statuses: filter.statuses,
    from,
    count,
    previewBytes,
    ...(lens.id === undefined ? {} : { lens: lens.id }),
  });
  return { result: call.result.then((page) => page.items.map(recordRow)), cancel: () => call.cancel() };
}

const cache = new ChunkCache<RecordRow>({
  chunkRows: 200,
  chunksMax: 60,
  inFlightMax: 3,
  fetch: (from, count) => callWhen(lens.ready, () => ask(from, count, PREVIEW_BYTES)),
  onRows: (from, count) => {
    grid?.rowsArrived(from, count);
    const at = grid?.selected ?? -1;
    if (at >= from && at < from + count) detail.show(cache.row(at), at);
  },
  onError: (_from, _count, reason) => {
    if (engineGone) return;
    grid?.repaint();
    notices.set('rows', {
      kind: 'error',
      text: `Some records could not be read: ${(reason as Error).message}`,
      action: {
        label: 'Try again',
        run: () => {
          notices.set('rows', undefined);
          cache.retry();
          grid?.repaint();
        },
      },
    });
  },
});

function makeGrid(families: boolean): Grid<RecordRow> {
  return new Grid<RecordRow>({
    label: 'Records',
    columns: recordColumns({ format: () => format, lens: () => lens.look, families, openPlace }),
    source: rowSource(cache, () => engineGone),
    onSelect: (index) => detail.show(index < 0 ? undefined : cache.row(index), index),
    onOpen: (index) => {
      const row = cache.row(index);
      if (row !== undefined) openPlace(row);
    },
    onCopy: (index) => {
      const row = cache.row(index);
      if (row !== undefined) void copyRow(row, index);
    },
    onChange: saveSoon,
  });
}

const detail = new Detail({
  host,
  family: () => 0,
  query: () => 0,
  single: () => true,
  table: () => undefined,
  openValue: () => {},
  copy: (row, what) => void copyPart(row as RecordRow, what),
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
    grid?.element.focus();
  },
  whole: (_row, index) => wholeRow(index, VALUE_BYTES_MAX),
  facts: (row) => {
    const record = row as RecordRow;
    return [
      statusBadge(record.status),
      hasFamilies ? fact('family', visibleString(record.family)) : null,
      el('span', { class: 'fact' }, el('span', { class: 'dim' }, 'in '), fileLink(record, openPlace, true)),
    ];
  },
  idle: () => (init === undefined ? [] : [sourcesTable(init.opened.files)]),
});

const lens = new LensPicker({
  host,
  fittingOnly: true,
  ask: () =>
    host.call('evidenceLenses', {
      evidence: init?.opened.evidence ?? 0,
      ...(init?.family === undefined ? {} : { family: init.family }),
    }),
  changed: startOver,
  unmasked: () => {
    grid?.repaint();
    detail.lensChanged();
  },
});

const filter = new Filter({
  statusesChanged: () => {
    startOver();
    saveSoon();
  },
  scopeChanged: (scope) => {
    show(progress, true);
    setText(statusLine, 'Gathering records…');
    host.do({ action: 'filterEvidence', ...scope });
  },
});

const formats = formatPicker('Format of keys and values', 'Bytes', format, (value) => {
  format = value;
  detail.format = value;
  grid?.repaint();
  saveSoon();
});

const title = el('h1', { class: 'bar-title' }, 'Evidence');
const subtitle = el('div', { class: 'bar-subtitle' });
const progress = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Counting records' });
const notices = new NoticeBoard();
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const empty = el('div', { class: 'empty' });
const split = new DetailSplit(detail.element, DETAIL_MIN, saveSoon);
const statusLine = el('div', { class: 'status-text' }, 'Gathering records…');
const stopButton = el('button', { class: 'link', type: 'button' }, 'Stop');
/** Speaks only what matters: the end of the count, a loss, a copy. */
const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });

function build(): void {
  stopButton.addEventListener('click', () => host.do({ action: 'stopEvidence' }));
  document.body.append(
    el(
      'main',
      { class: 'results evidence' },
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
          iconButton('save', 'Export evidence…', () => host.do({ action: 'exportEvidence' })),
          iconButton('refresh', 'Gather again', () => host.do({ action: 'rerun' })),
        ),
      ),
      filter.element,
      progress,
      notices.element,
      problems.element,
      empty,
      split.element,
      el('footer', { class: 'status evidence-status' }, statusLine, stopButton),
      spoken,
    ),
  );
  show(empty, false);
}

function onInit(next: EvidenceInit): void {
  init = next;
  state = undefined;
  engineGone = false;
  document.body.classList.remove('engine-gone');
  notices.clear();
  const { families } = next.opened;
  if (grid === undefined || hasFamilies !== families.length > 1) {
    hasFamilies = families.length > 1;
    grid?.element.remove();
    grid = makeGrid(hasFamilies);
    split.element.prepend(grid.element);
  }
  setText(subtitle, visibleString(next.storeName));
  subtitle.title = visibleString(next.storePath);
  document.title = `Evidence: ${visibleString(next.storeName)}`;
  filter.start(next, families);
  const family = families.find((f) => f.name === (next.family ?? families[0]?.name));
  cache.clear();
  lens.start(family?.id ?? 0, next.lens);
  if (restored !== undefined) {
    grid.state = restored.grid;
    restored = undefined;
  } else {
    grid.select(-1, false);
    grid.scrollToTop();
  }
  detail.show(undefined, -1);
  detail.idleChanged();
  onState(next.opened);
  focusGrid();
  saveSoon();
}

/** Gives the keyboard to the grid where the tab has it already; it is never taken from another place. */
function focusGrid(): void {
  if (document.hasFocus() && document.activeElement === document.body) grid?.element.focus({ preventScroll: true });
}

/** Asks for the rows anew: others are to be shown, or in another way. */
function startOver(): void {
  cache.clear();
  notices.set('rows', undefined);
  grid?.select(-1, false);
  grid?.scrollToTop();
  detail.show(undefined, -1);
  if (state !== undefined) paintState(state);
  grid?.repaint();
}

function onState(next: EvidenceState): void {
  if (next.evidence !== init?.opened.evidence) return;
  const wasComplete = state?.complete === true;
  state = next;
  paintState(next);
  if (next.complete && !wasComplete) setText(spoken, statusLine.textContent ?? '');
}

function paintState(s: EvidenceState): void {
  const shown = rowsOf(s, filter.statuses);
  cache.total = shown;
  grid?.setRows(shown);
  filter.counts(s.byStatus);
  problems.set(s.problems);
  show(progress, !s.complete);
  show(stopButton, !s.complete);
  setText(statusLine, evidenceWords(s, shown));
  const nothing = s.complete && shown === 0;
  if (nothing) {
    const narrowed = s.total > 0 || init?.prefix !== undefined || init?.family !== undefined;
    fill(
      empty,
      icon('search'),
      el('p', { class: 'empty-title' }, 'No records here'),
      el('p', {}, narrowed ? 'None is as it was asked for.' : 'The files of this directory hold no records.'),
      narrowed ? el('div', { class: 'empty-actions' }, actionButton('Show all records', 'primary', showAll)) : null,
    );
  }
  show(empty, nothing);
  show(split.element, !nothing);
}

function showAll(): void {
  filter.statuses = [];
  if (init?.prefix === undefined && init?.family === undefined) startOver();
  else host.do({ action: 'filterEvidence' });
}

function openPlace({ file, offset, key, seq, type }: RecordRow): void {
  host.do({ action: 'openRecord', file, offset, key, seq, inBlock: isInBlock(file, type) });
}

/** The row with more of its value. */
function wholeRow(index: number, bytes: number): ViewCall<RecordRow | undefined> {
  const call = ask(index, 1, bytes);
  return { result: call.result.then(([row]) => row), cancel: () => call.cancel() };
}

async function wholeValue(row: RecordRow, index: number): Promise<Uint8Array | null> {
  if (row.value === null || row.value.length >= row.valueSize) return row.value;
  try {
    const whole = await wholeRow(index, COPY_BYTES_MAX).result;
    return whole?.value ?? row.value;
  } catch (thrown) {
    notices.set('copy', {
      kind: 'warning',
      text: `The whole value could not be copied: ${(thrown as CallError).message}`,
    });
    return row.value;
  }
}

async function copyPart(row: RecordRow, what: 'key' | 'value'): Promise<void> {
  const bytes = what === 'key' ? row.key : await wholeValue(row, grid?.selected ?? -1);
  host.do({ action: 'copyText', text: clipboardText(bytes ?? new Uint8Array(), format) });
  setText(spoken, what === 'key' ? 'Key copied' : 'Value copied');
}

async function copyRow(row: RecordRow, index: number): Promise<void> {
  const value = await wholeValue(row, index);
  const parts = [row.status, clipboardText(row.key, format), value === null ? '' : clipboardText(value, format)];
  const text = [...parts, String(row.seq), row.type, row.file, String(row.offset)].join('\t');
  host.do({ action: 'copyText', text });
  setText(spoken, 'Row copied');
}

function save(): void {
  if (init === undefined || grid === undefined) return;
  const ui: EvidenceUi = { grid: grid.state, format, detail: split.at, sizes: split.sizes, statuses: filter.statuses };
  host.state = {
    view: 'evidence',
    storePath: init.storePath,
    storeName: init.storeName,
    ...(init.family === undefined ? {} : { family: init.family }),
    ...(init.prefix === undefined ? {} : { prefix: hexText(init.prefix) }),
    ui,
  };
}

function restore(): void {
  const saved = host.state;
  if (!isSavedView(saved) || saved.view !== 'evidence' || !isEvidenceUi(saved.ui)) return;
  restored = saved.ui;
  format = saved.ui.format;
  formats.value = format;
  detail.format = format;
  filter.statuses = saved.ui.statuses;
  split.place(saved.ui.detail, saved.ui.sizes);
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  const again = { label: 'Gather again', run: () => host.do({ action: 'rerun' }) };
  if (message.t === 'init') {
    if (message.init.view === 'evidence') onInit(message.init);
  } else if (message.t === 'evidenceProgress') onState(message.state);
  else if (message.t === 'storeChanged') {
    notices.set('changed', {
      kind: 'info',
      text: 'The store has changed since these records were gathered.',
      action: again,
    });
  } else if (message.t === 'engine') {
    notices.set('engine', message.alive ? undefined : { kind: 'error', text: message.message, action: again });
    if (engineGone && message.alive) cache.retry();
    engineGone = !message.alive;
    document.body.classList.toggle('engine-gone', engineGone);
    if (engineGone) {
      show(progress, false);
      show(stopButton, false);
      if (init === undefined) setText(statusLine, '');
    }
  }
}

build();
window.addEventListener('focus', focusGrid);
restore();
split.place(split.at);
host.start(onMessage);
