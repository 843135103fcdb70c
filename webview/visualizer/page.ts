/** The page: its parts, where they stand, and what binds them together. */
import type { ToView } from '../../engine/protocol/viewApi.ts';
import { count } from '../text/numbers.ts';
import { el, fill, icon, setText, show } from '../ui/dom.ts';
import { debounce, type Host, perFrame } from '../ui/host.ts';
import { noticeElement } from '../ui/notices.ts';
import { Arrangement } from './arrangement.ts';
import { CaptionPane } from './caption.ts';
import { Data } from './data.ts';
import { HeaderPane } from './header.ts';
import { HistoryPane } from './historyPane.ts';
import { MapPane } from './mapPane.ts';
import { JobPane } from './running.ts';
import { LAYOUT, type Restored, toSaved } from './saved.ts';
import { SearchPane } from './search.ts';
import { ShortcutsPane } from './shortcuts.ts';
import { SidePane } from './side.ts';
import { INITIAL, ViewState } from './state.ts';
import { TablesPane } from './tables.ts';

const SAVE_AFTER = 200;
/** From this width on there is room for the side pane beside the map. */
const SIDE_FROM = 1000;

/** Takes what the host says unasked. */
export type Receiver = (message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>) => void;

/** Builds the page into the document. */
export function buildPage(host: Host, restored: Restored | undefined): Receiver {
  const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  const state = new ViewState(restored?.state ?? INITIAL);
  const data = new Data(host, state, restored?.picks, (text) => setText(spoken, text));
  const side = window.innerWidth >= SIDE_FROM ? 'details' : 'off';
  const arrangement = new Arrangement(restored?.layout ?? { ...LAYOUT, side });

  const map = new MapPane(data);
  const tables = new TablesPane(data);
  const search = new SearchPane(data);
  const shortcuts = new ShortcutsPane();
  const history = new HistoryPane(data, arrangement);
  const header = new HeaderPane(data, arrangement, { map, search, help: () => shortcuts.toggle() });
  const sidePane = new SidePane(data, arrangement, () => header.focusSide());
  const mapBox = el('div', { class: 'vis-map' }, map.element, tables.element);
  const body = el(
    'div',
    { class: 'vis-body' },
    el('div', { class: 'vis-main' }, mapBox, ...history.elements),
    sidePane.splitter,
    sidePane.element,
  );
  document.body.append(
    el(
      'main',
      { class: 'vis' },
      header.element,
      ...statusParts(data),
      new JobPane(data).element,
      new CaptionPane(data).element,
      emptyNote(data, body),
      body,
      shortcuts.element,
      spoken,
    ),
  );

  const showMap = (): void => {
    show(map.element, state.now.mapAs === 'map');
    show(tables.element, state.now.mapAs === 'table');
  };
  const save = debounce(SAVE_AFTER, () => {
    const { summary, timeline, storeName } = data;
    if (summary === undefined) return;
    const picked = state.now.selected.map((life) => timeline.number[life] as number);
    const ui = toSaved(state.now, arrangement.now, picked, data.track?.id);
    host.state = { view: 'visualizer', storePath: summary.path, storeName, ui };
  });
  arrangement.on(save);
  data.onData(save);
  state.on((changed) => {
    if (changed.has('mapAs')) showMap();
    if (!changed.has('hover') || changed.size > 1) save();
  });
  document.addEventListener('keydown', (event) => {
    if (!event.defaultPrevented && pressed(event, { history, search, shortcuts })) event.preventDefault();
  });
  showMap();
  history.refresh();
  sidePane.refresh();
  return (message) => data.receive(message);
}

/** How far the pull is, and what went wrong. */
function statusParts(data: Data): readonly HTMLElement[] {
  const asking = el('div', { class: 'progress', 'aria-hidden': 'true' });
  const bar = el('div', { class: 'pulling-bar' });
  const pulling = el('div', { class: 'pulling' }, bar);
  const notices = el('div', { class: 'notices' });
  let said = '';
  const paint = (): void => {
    const { pulling: now, error, complaint, lost } = data.status;
    show(asking, data.info === undefined && error === undefined);
    show(pulling, now !== undefined);
    if (now !== undefined) {
      bar.style.transform = `scaleX(${now.done / Math.max(1, now.total)})`;
      pulling.title = `${count(now.done)} of ${count(now.total)} edits read`;
    }
    pulling.parentElement?.classList.toggle('engine-gone', lost);
    // An alert that is put in anew is read out anew.
    const wanted = JSON.stringify([error, complaint]);
    if (wanted === said) return;
    said = wanted;
    const again = { label: 'Try again', run: () => data.retry() };
    const dismiss = { label: 'Dismiss', run: () => data.complain(undefined) };
    fill(
      notices,
      error === undefined ? null : noticeElement({ kind: 'error', text: error, action: again }),
      complaint === undefined ? null : noticeElement({ kind: 'warning', text: complaint, action: dismiss }),
    );
  };
  data.onStatus(paint);
  data.onData(paint);
  paint();
  return [asking, pulling, notices];
}

/** Stands in for the body while there is no history to show. */
function emptyNote(data: Data, body: HTMLElement): HTMLElement {
  const why = 'The MANIFEST of this family has no edit that brings or takes a table. Flush, and it shows here.';
  const note = el(
    'div',
    { class: 'empty' },
    icon('chart'),
    el('div', { class: 'empty-title' }, 'No history yet'),
    el('div', {}, why),
  );
  const paint = perFrame(() => {
    const none = data.info?.events === 0 && data.timeline.events === 0;
    show(note, none);
    show(body, !none);
  });
  note.hidden = true;
  data.onData(paint);
  return note;
}

/** Keys that mean the same anywhere on the page; true if this was one of them. */
function pressed(
  event: KeyboardEvent,
  parts: { readonly history: HistoryPane; readonly search: SearchPane; readonly shortcuts: ShortcutsPane },
): boolean {
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, [contenteditable=true]') !== null) return false;
  if (event.key === '?') {
    parts.shortcuts.toggle();
    return true;
  }
  if (event.key === 'Escape' && parts.shortcuts.open) {
    parts.shortcuts.toggle();
    return true;
  }
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) {
    parts.search.focus();
    return true;
  }
  // What moves within itself by arrows, and what a press of Space does something to, keeps these keys.
  const moves = '[role=radiogroup], [role=grid], [role=menu], [role=separator], [role=application], [role=tree]';
  const own = event.key.startsWith('Arrow') || /^(Home|End| )$/.test(event.key);
  if (own && target.closest(moves) !== null) return false;
  if (event.key === ' ' && target.closest('button, vscode-button, a, summary') !== null) return false;
  return parts.history.player.key(event);
}
