/** The overview tab of a store: what it is, the shape of each family, a map of its tables, and what is wrong. */
import './overview.css';
import type { FamilySummary, StoreSummary, TableRow } from '../engine/protocol/engineApi.ts';
import type { ToView } from '../engine/protocol/viewApi.ts';
import { isSavedView } from '../engine/protocol/viewState.ts';
import type { Axis } from './map/layout.ts';
import { MapView } from './map/mapView.ts';
import { levelsTable } from './overview/levels.ts';
import { isReverse } from './overview/metrics.ts';
import { blobTable, familyTable, numbers, optionList, section, storeFacts, walTable } from './overview/sections.ts';
import { TablesGrid } from './overview/tablesGrid.ts';
import { isOverviewUi } from './overview/uiState.ts';
import { plural } from './text/numbers.ts';
import { visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { actionButton, el, fill, iconButton, setText, show } from './ui/dom.ts';
import { debounce, Host } from './ui/host.ts';
import { noticeElement, ProblemList } from './ui/notices.ts';
import { segmented } from './ui/segmented.ts';

/** Tables in one pull. */
const PAGE = 2000;

registerToolkit();
const host = new Host();

let summary: StoreSummary | undefined;
let storeName = '';
/** The family shown; undefined until one is chosen by a person or by its size. */
let familyId: number | undefined;
let axis: Axis = 'keys';
let mode: 'map' | 'table' = 'map';
let scroll = 0;
let tables: readonly TableRow[] = [];
/** Increases with each load, so that pages of an older one are dropped. */
let loading = 0;
/** The engine went and is not back. */
let lost = false;

const save = debounce(150, saveNow);

function saveNow(): void {
  if (summary === undefined) return;
  host.state = {
    view: 'overview',
    storePath: summary.path,
    storeName,
    ui: { family: familyId ?? 0, axis, mode, scroll: document.documentElement.scrollTop },
  };
}

const title = el('h1');
const path = el('div', { class: 'path mono' });
const facts = el('div');
const notices = el('div', { class: 'notices' });
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const families = el('div');
const shape = el('div');
const below = el('div');
const mapNote = el('p', { class: 'muted map-note' });

const open = (table: TableRow): void => host.do({ action: 'revealTable', table: table.number });
const map = new MapView({ onSelect: (table) => grid.select(table.number), onOpen: open });
const grid = new TablesGrid((table) => map.select(table.number), open);

const axes = segmented<Axis>(
  'Horizontal axis',
  [
    { value: 'keys', label: 'Keys', title: 'Aligned by key: tables above each other overlap' },
    { value: 'bytes', label: 'Bytes', title: 'Area is bytes' },
  ],
  axis,
  (value) => {
    axis = value;
    paintTables();
    save();
  },
);
const modes = segmented<'map' | 'table'>(
  'Tables as',
  [
    { value: 'map', label: 'Map' },
    { value: 'table', label: 'List' },
  ],
  mode,
  (value) => {
    mode = value;
    paintTables();
    save();
  },
);
const mapSection = section(
  'Tree',
  [axes.element, modes.element],
  map.element,
  el('div', { class: 'tables-grid' }, grid.grid.element),
  mapNote,
);

function build(): void {
  document.body.append(
    el(
      'main',
      { class: 'overview' },
      el(
        'header',
        { class: 'store-head' },
        el('div', { class: 'store-words' }, title, path, facts),
        el(
          'div',
          { class: 'store-actions' },
          actionButton('Get Key…', 'primary', () => host.do({ action: 'get', family: familyId ?? 0 })),
          actionButton('Scan…', 'secondary', () => host.do({ action: 'scan', family: familyId ?? 0 })),
          actionButton('Compaction Visualizer', 'secondary', () =>
            host.do({ action: 'showVisualizer', family: familyId ?? 0 }),
          ),
          iconButton('refresh', 'Refresh', () => host.do({ action: 'refresh' })),
        ),
      ),
      notices,
      problems.element,
      families,
      shape,
      mapSection,
      below,
    ),
  );
  window.addEventListener('scroll', save, { passive: true });
}

function shownFamily(): FamilySummary | undefined {
  return summary?.families.find((f) => f.id === familyId) ?? summary?.families[0];
}

function paint(): void {
  const s = summary;
  const family = shownFamily();
  if (s === undefined) return;
  setText(title, visibleString(storeName));
  setText(path, visibleString(s.path));
  document.title = visibleString(storeName);
  fill(facts, storeFacts(s));
  problems.set(s.problems);
  const many = s.families.length > 1;
  fill(
    families,
    many
      ? section(
          plural(s.families.length, 'column family', 'column families'),
          [],
          familyTable(s, family?.id ?? -1, pickFamily),
        )
      : null,
  );
  show(mapSection, family !== undefined);
  if (family === undefined) {
    fill(shape, el('p', { class: 'muted section' }, 'No column family could be read.'));
    fill(below);
    return;
  }
  const heading = many || family.name !== 'default' ? `Levels of ${visibleString(family.name)}` : 'Levels';
  const limit = family.ordered
    ? null
    : noticeElement({
        kind: 'warning',
        text: `The comparator ${family.comparator} is not known, so this family can be browsed in file order only.`,
      });
  fill(shape, section(heading, [], limit, numbers(family), levelsTable(family)));
  fill(
    below,
    el(
      'div',
      { class: 'columns' },
      section('Options', [], optionList(family)),
      el(
        'div',
        {},
        section('Write-ahead log', [], walTable(s)),
        family.blobFiles.length === 0 ? null : section('Blob files', [], blobTable(family)),
      ),
    ),
  );
}

function pickFamily(id: number): void {
  familyId = id;
  paint();
  document.querySelector<HTMLElement>('.current .link')?.focus();
  void loadTables();
  save();
}

/** Pulls the family's tables page by page and shows what has come. */
async function loadTables(): Promise<void> {
  const family = shownFamily();
  const mine = ++loading;
  if (family === undefined) return;
  const loaded: TableRow[] = [];
  try {
    for (;;) {
      const page = await host.call('tables', { family: family.id, level: -1, offset: loaded.length, limit: PAGE })
        .result;
      if (mine !== loading) return;
      loaded.push(...page.items);
      if (loaded.length >= page.total || page.items.length === 0) break;
    }
    tables = loaded;
    fill(notices);
    paintTables();
    if (scroll > 0) document.documentElement.scrollTop = scroll;
    scroll = 0;
  } catch (thrown) {
    if (mine !== loading) return;
    const text = `The tables could not be listed: ${(thrown as Error).message}`;
    fill(notices, noticeElement({ kind: 'error', text, action: { label: 'Try again', run: () => void loadTables() } }));
  }
}

function paintTables(): void {
  const family = shownFamily();
  show(axes.element, mode === 'map');
  show(map.element, mode === 'map' && tables.length > 0);
  const gridBox = grid.grid.element.parentElement as HTMLElement;
  show(gridBox, mode === 'table' && tables.length > 0);
  gridBox.style.height = `${Math.min(480, 24 + 2 + tables.length * 22)}px`;
  if (family === undefined) return;
  map.set(tables, axis, isReverse(family.comparator));
  grid.set(tables);
  setText(mapNote, noteText());
}

function noteText(): string {
  if (tables.length === 0) return 'No tables yet.';
  if (mode === 'table') return 'Enter, or a double click, shows a table in the tree.';
  const meaning =
    axis === 'keys'
      ? 'Left to right is key order, so tables above each other overlap; L0 is spread over sublevels, newest on top.'
      : 'Width is bytes, on one scale for all levels.';
  return `One box is one table. ${meaning} Click, or arrow keys and Enter, to show a table in the tree.`;
}

function setSummary(next: StoreSummary): void {
  summary = next;
  if (!next.families.some((f) => f.id === familyId)) {
    // The one with the most in it is what a person came for; "default" is often empty.
    const weight = (f: FamilySummary): number => f.bytes + f.blobBytes + f.memtable.bytes;
    familyId = next.families.reduce<FamilySummary | undefined>(
      (most, f) => (most === undefined || weight(f) > weight(most) ? f : most),
      undefined,
    )?.id;
  }
  paint();
  void loadTables();
  // What is left here opens the tab again after a window reload, touched or not, and however soon it is hidden.
  saveNow();
}

function restore(): void {
  const saved = host.state;
  if (!isSavedView(saved) || saved.view !== 'overview' || !isOverviewUi(saved.ui)) return;
  familyId = saved.ui.family;
  axis = saved.ui.axis;
  mode = saved.ui.mode;
  scroll = saved.ui.scroll;
  axes.value = axis;
  modes.value = mode;
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  if (message.t === 'init' && message.init.view === 'overview') {
    storeName = message.init.storeName;
    lost = false;
    fill(notices);
    setSummary(message.init.summary);
  } else if (message.t === 'storeChanged') setSummary(message.summary);
  else if (message.t === 'engine') {
    if (message.alive) {
      if (lost && summary !== undefined) void loadTables();
      if (lost) fill(notices);
      lost = false;
    } else {
      lost = true;
      loading++;
      const action = { label: 'Try again', run: () => host.do({ action: 'refresh' }) };
      fill(notices, noticeElement({ kind: 'error', text: message.message, action }));
    }
  }
}

build();
restore();
paintTables();
host.start(onMessage);
