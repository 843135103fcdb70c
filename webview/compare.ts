/** The comparison tab: what differs between two stores, key by key and table by table. */
import './compare.css';
import type { DiffRow, DiffTable } from '../engine/protocol/engineApi.ts';
import type { ToView, ViewInit } from '../engine/protocol/viewApi.ts';
import { keyColumns, TABLE_COLUMNS } from './compare/columns.ts';
import { Differences, type Shown } from './compare/differences.ts';
import { count, plural } from './text/numbers.ts';
import { hexText, strictText, visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { actionButton, el, fill, icon, iconButton, setText, show } from './ui/dom.ts';
import { Grid } from './ui/grid.ts';
import { type CallError, Host } from './ui/host.ts';
import { type Notice, noticeElement, ProblemList } from './ui/notices.ts';
import { segmented } from './ui/segmented.ts';

type CompareInit = Extract<ViewInit, { view: 'compare' }>;

/** So many rows before the end of what is there, more is asked for. */
const AHEAD_ROWS = 50;

registerToolkit();
const host = new Host();

let init: CompareInit | undefined;
let fault: Notice | undefined;
let keysCompared = 0;
let what: 'keys' | 'tables' = 'keys';

const differences = new Differences({
  fetch: (after) => {
    keysCompared = 0;
    return host.call('diff', { path: init?.otherPath ?? '', ...(after === undefined ? {} : { after }) });
  },
  onChange: paint,
  onError: (reason) => {
    fault = {
      kind: 'error',
      text: (reason as CallError).message,
      action: { label: 'Compare again', run: () => host.do({ action: 'rerun' }) },
    };
  },
});

const keys = new Grid<DiffRow>({
  label: 'Keys that differ',
  columns: keyColumns(() => [init?.storeName ?? '', init?.otherName ?? '']),
  source: {
    row: (i) => differences.rows[i],
    need: (_first, last) => {
      if (fault === undefined && last + AHEAD_ROWS >= differences.rows.length && differences.report !== undefined)
        differences.more();
    },
  },
  onSelect: () => {},
  onOpen: (i) => {
    const row = differences.rows[i];
    if (row !== undefined)
      host.do({
        action: 'openDifference',
        family: row.family,
        key: row.key,
        kind: row.kind,
        ...(row.shown === undefined ? {} : { shown: row.shown }),
      });
  },
  onCopy: (i) => {
    const row = differences.rows[i];
    if (row !== undefined) host.do({ action: 'copyText', text: strictText(row.key) ?? hexText(row.key) });
  },
});

const tables = new Grid<DiffTable>({
  label: 'Tables that differ',
  columns: TABLE_COLUMNS,
  source: { row: (i) => differences.report?.tables[i], need: () => {} },
  onSelect: () => {},
  onOpen: (i) => {
    const table = differences.report?.tables[i];
    if (table !== undefined && table.kind !== 'added') host.do({ action: 'revealTable', table: table.number });
  },
});

const choices = segmented<Shown>(
  'Keys on show',
  [
    { value: 'all', label: 'All' },
    { value: 'added', label: 'Added', title: 'Only in the second store' },
    { value: 'removed', label: 'Removed', title: 'Only in the first store' },
    { value: 'changed', label: 'Changed', title: 'In both, with different values' },
  ],
  'all',
  (shown) => {
    differences.shown = shown;
    keys.select(-1, false);
    keys.scrollToTop();
  },
);
const pages = segmented<'keys' | 'tables'>(
  'Differences of',
  [
    { value: 'keys', label: 'Keys' },
    { value: 'tables', label: 'Tables', title: 'Tables that are in one of the stores only, or at another level' },
  ],
  what,
  (value) => {
    what = value;
    paint();
  },
);

const title = el('h1', { class: 'bar-title' });
const subtitle = el('div', { class: 'bar-subtitle' });
const progress = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Comparing' });
const notices = el('div', { class: 'notices' });
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const empty = el('div', { class: 'empty' });
const statusLine = el('div', { class: 'status-text', role: 'status' });
const stopButton = iconButton('stop', 'Stop here', () => differences.stop());
const moreButton = actionButton('Go on', 'secondary', () => differences.more());
const textButton = iconButton('text', 'Compare as text: one line a key', () => host.do({ action: 'compareAsText' }));

function build(): void {
  document.body.append(
    el(
      'main',
      { class: 'results compare' },
      el(
        'header',
        { class: 'bar' },
        el('div', { class: 'bar-words' }, title, subtitle),
        pages.element,
        choices.element,
        el(
          'div',
          { class: 'bar-buttons' },
          textButton,
          iconButton('refresh', 'Compare again', () => host.do({ action: 'rerun' })),
        ),
      ),
      progress,
      notices,
      problems.element,
      empty,
      el('div', { class: 'split' }, keys.element, tables.element),
      el('footer', { class: 'status' }, statusLine, stopButton, moreButton),
    ),
  );
  paint();
}

function paint(): void {
  const { report, running, complete } = differences;
  const ofKeys = what === 'keys';
  keys.setRows(differences.rows.length);
  tables.setRows(report?.tables.length ?? 0);
  keys.repaint();
  tables.repaint();
  show(progress, running);
  show(stopButton, running);
  show(moreButton, init !== undefined && fault === undefined && !running && !complete);
  const nothing = report !== undefined && !running && (ofKeys ? differences.rows.length : report.tables.length) === 0;
  if (nothing) paintEmpty(complete, ofKeys);
  show(empty, nothing);
  show(keys.element, ofKeys && !nothing);
  show(tables.element, !ofKeys && !nothing);
  show(choices.element, ofKeys);
  textButton.disabled = differences.report === undefined;
  problems.set(report?.problems ?? []);
  fill(notices, ...notes().map(noticeElement));
  const tablesWords = report === undefined ? '' : `${plural(report.tables.length, 'table')} differ`;
  const going = running ? `${count(keysCompared)} keys compared…` : '';
  setText(statusLine, [differences.words(), tablesWords, going].filter((w) => w !== '').join(' · '));
}

function paintEmpty(complete: boolean, ofKeys: boolean): void {
  const filtered = ofKeys && differences.shown !== 'all';
  const words = !ofKeys
    ? 'The same tables at the same levels'
    : filtered
      ? `No key is ${differences.shown}${complete ? '' : ' so far'}`
      : complete
        ? 'The stores hold the same keys and values'
        : 'No difference so far';
  fill(empty, icon('check'), el('p', { class: 'empty-title' }, words));
}

function notes(): Notice[] {
  const all: Notice[] = fault === undefined ? [] : [fault];
  const { report } = differences;
  const named = (names: readonly string[]): string => names.map(visibleString).join(', ');
  const second = init?.otherName ?? '';
  if (report !== undefined && report.familiesAdded.length > 0)
    all.push({ kind: 'info', text: `Column families only in ${second}: ${named(report.familiesAdded)}` });
  if (report !== undefined && report.familiesRemoved.length > 0)
    all.push({
      kind: 'info',
      text: `Column families only in ${init?.storeName ?? ''}: ${named(report.familiesRemoved)}`,
    });
  if (report?.lost === true)
    all.push({ kind: 'warning', text: 'Something could not be read: keys may wrongly stand as added or removed.' });
  return all;
}

function onInit(next: CompareInit): void {
  init = next;
  fault = undefined;
  const names = `${next.storeName} ↔ ${next.otherName}`;
  setText(title, visibleString(names));
  const places = `${next.storePath} ↔ ${next.otherPath}`;
  setText(subtitle, visibleString(places));
  subtitle.title = visibleString(places);
  document.title = visibleString(names);
  host.state = {
    view: 'compare',
    storePath: next.storePath,
    storeName: next.storeName,
    otherPath: next.otherPath,
    ui: null,
  };
  differences.restart();
  focusGrid();
}

function focusGrid(): void {
  if (document.hasFocus() && document.activeElement === document.body) keys.element.focus({ preventScroll: true });
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  if (message.t === 'init') {
    if (message.init.view === 'compare') onInit(message.init);
  } else if (message.t === 'diffProgress') {
    keysCompared = message.keys;
    paint();
  } else if (message.t === 'storeChanged') {
    fault = {
      kind: 'info',
      text: 'The store has changed since it was compared.',
      action: { label: 'Compare again', run: () => host.do({ action: 'rerun' }) },
    };
    paint();
  } else if (message.t === 'engine') {
    if (message.alive) return;
    fault = {
      kind: 'error',
      text: message.message,
      action: { label: 'Compare again', run: () => host.do({ action: 'rerun' }) },
    };
    paint();
  }
}

build();
window.addEventListener('focus', focusGrid);
host.start(onMessage);
