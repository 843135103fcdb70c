/**
 * The editor of one table: what it is made of, how its blocks, sizes and filter are, and its entries.
 *
 * The measuring reads the whole file, so it starts by itself, shows how far it is, and can be ended; what
 * the properties state is there before. Numbers take places that are kept for them: nothing moves when they come.
 */
import './table.css';
import type { TableDetails, TableProfile } from '../engine/protocol/engineApi.ts';
import type { ToView, ViewInit } from '../engine/protocol/viewApi.ts';
import { isSavedView } from '../engine/protocol/viewState.ts';
import { BlocksTab } from './table/blocksTab.ts';
import { EntriesTab } from './table/entriesTab.ts';
import { Measuring } from './table/measuring.ts';
import { OverviewTab } from './table/overviewTab.ts';
import { PropertiesTab } from './table/propertiesTab.ts';
import { Tabs } from './table/tabs.ts';
import { isTableUi, type TabId } from './table/uiState.ts';
import { count, size } from './text/numbers.ts';
import { visibleString } from './text/visible.ts';
import { registerToolkit } from './toolkit.ts';
import { appendLine } from './ui/bytesView.ts';
import { el, fill, iconButton, setText } from './ui/dom.ts';
import { debounce, Host, type ViewCall } from './ui/host.ts';
import { NoticeBoard, ProblemList } from './ui/notices.ts';

type TableInit = Extract<ViewInit, { view: 'table' }>;

registerToolkit();
const host = new Host();

let init: TableInit | undefined;
let profile: TableProfile | undefined;
let details: TableDetails | undefined;
let detailsCall: ViewCall<TableDetails> | undefined;
let engineGone = false;

const saveSoon = debounce(150, save);

const overview = new OverviewTab(saveSoon);
const properties = new PropertiesTab(saveSoon);
const blocks = new BlocksTab({
  host,
  table: () => init?.table.number ?? 0,
  openBytes: (offset) => host.do({ action: 'openBlock', table: init?.table.number ?? 0, offset }),
  save: (csv) =>
    host.do({
      action: 'saveFile',
      suggested: `${(init?.table.file ?? 'table').replace(/^.*\//, '')}.blocks.csv`,
      bytes: new TextEncoder().encode(csv),
    }),
  showEntries: (block) => {
    entries.block = block;
    tabs.select('entries', false);
    entries.grid.element.focus();
  },
  failed: (text) => failed('blocks', text, () => blocks.retry()),
  changed: saveSoon,
});
const entries = new EntriesTab({
  host,
  table: () => ({ family: init?.table.family ?? 0, number: init?.table.number ?? 0 }),
  failed: (text) => failed('entries', text, () => entries.open()),
  changed: saveSoon,
  said: (words) => setText(spoken, words),
});

const tabs = new Tabs<TabId>(
  'Parts of the table',
  [
    { id: 'overview', label: 'Overview', panel: overview.element },
    { id: 'properties', label: 'Properties', panel: properties.element },
    { id: 'blocks', label: 'Blocks', panel: blocks.element },
    { id: 'entries', label: 'Entries', panel: entries.element },
  ],
  'overview',
  (tab) => {
    if (tab === 'entries') openEntries();
    saveSoon();
  },
);

const title = el('h1', { class: 'bar-title' });
const level = el('span', { class: 'badge' });
const subtitle = el('div', { class: 'bar-subtitle' });
const bounds = el('dl', { class: 'bounds' });
const notices = new NoticeBoard();
const problems = new ProblemList((p) => host.do({ action: 'openProblem', path: p.path, offset: p.offset ?? null }));
const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
const reveal = iconButton('list', 'Show in the tree', () =>
  host.do({ action: 'revealTable', table: init?.table.number ?? 0 }),
);
const measuring = new Measuring(host, {
  done: (result) => {
    profile = result;
    overview.show(rowOf(), details?.stats, profile);
    properties.set(profile.properties);
    blocks.profile = profile;
    paintTabs();
    paintProblems();
    setText(spoken, `Measured: ${count(profile.entries)} entries in ${count(profile.blocks.offset.length)} blocks`);
  },
  failed: (reason) => {
    if (engineGone) return;
    const place = reason.data.path === undefined ? '' : ` (${reason.data.path})`;
    failed('measure', `The table could not be measured: ${reason.message}${place}`, measure);
  },
});

function rowOf(): TableInit['table'] {
  if (init === undefined) throw new Error('no table is shown yet');
  return init.table;
}

function build(): void {
  document.body.append(
    el(
      'main',
      { class: 'table-page' },
      el(
        'header',
        { class: 'table-head' },
        el(
          'div',
          { class: 'bar' },
          el('div', { class: 'bar-words' }, title, level, subtitle),
          el('div', { class: 'bar-buttons' }, reveal, iconButton('refresh', 'Measure again', measure)),
        ),
        bounds,
      ),
      notices.element,
      problems.element,
      tabs.list,
      overview.element,
      properties.element,
      blocks.element,
      entries.element,
      measuring.element,
      spoken,
    ),
  );
  window.addEventListener('pagehide', () => entries.close());
}

function onInit(next: TableInit): void {
  const again = init?.table.number === next.table.number && init.storePath === next.storePath;
  init = next;
  if (engineGone) entries.lost();
  else entries.close();
  engineGone = false;
  document.body.classList.remove('engine-gone');
  notices.clear();
  paintHead(next);
  if (!again) {
    details = undefined;
    profile = undefined;
    restore();
  }
  overview.show(next.table, details?.stats, profile);
  paintProblems();
  start(next);
  // What is left here opens the tab again after a window reload, touched or not, and however soon it is hidden.
  save();
}

/** Asks for what is not there yet. */
function start(next: TableInit): void {
  blocks.reset(profile?.blocks.offset.length ?? 0);
  if (tabs.current === 'entries') openEntries();
  // LevelDB states nothing: its details would read the whole table, as the measuring does.
  if (next.summary.engine === 'rocksdb' && details === undefined) loadDetails(next.table.number);
  if (profile === undefined) measure();
}

function loadDetails(table: number): void {
  const call = host.call('tableDetails', { table });
  detailsCall = call;
  call.result.then(
    (answer) => {
      if (detailsCall !== call) return;
      details = answer;
      if (profile !== undefined) return;
      overview.show(rowOf(), details.stats, undefined);
      properties.set(details.properties);
      paintTabs();
      paintProblems();
    },
    // The measuring says what is wrong with a table that cannot be opened.
    () => {},
  );
}

function measure(): void {
  if (init === undefined) return;
  notices.set('measure', undefined);
  measuring.start(init.table.number);
}

function openEntries(): void {
  if (init === undefined || engineGone || entries.isOpen) return;
  entries.lens.start(init.table.family, init.lens);
  entries.open();
}

function paintHead({ table, summary, storeName, storePath }: TableInit): void {
  const single = summary.kind === 'table';
  const family = summary.families.find((f) => f.id === table.family)?.name ?? '';
  setText(title, visibleString(table.file.replace(/^.*\//, '')));
  setText(level, single ? 'one file' : `L${table.level}`);
  level.title = single ? 'Opened without its store: its level is not known' : `At level ${table.level}`;
  const parts = [single ? storePath : storeName, single ? '' : family, size(table.bytes)];
  if (table.createdAt !== null && table.createdAt > 0) {
    parts.push(`created ${new Date(table.createdAt * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`);
  }
  setText(subtitle, visibleString(parts.filter((p) => p !== '').join(' · ')));
  subtitle.title = visibleString(storePath);
  document.title = visibleString(`${table.file.replace(/^.*\//, '')} · ${storeName}`);
  reveal.hidden = single;
  const bound = (name: string, key: Uint8Array): HTMLElement => {
    const value = el('dd', { class: 'mono' });
    if (key.length === 0) value.appendChild(el('span', { class: 'dim' }, 'empty key'));
    else appendLine(value, key, 'text', true);
    return el('div', { class: 'bound' }, el('dt', {}, name), value);
  };
  fill(bounds, bound('from', table.smallest), bound('to', table.largest));
}

function paintTabs(): void {
  const listed = profile?.properties ?? details?.properties;
  tabs.setNote('properties', listed === undefined || listed.length === 0 ? '' : count(listed.length));
  const dataBlocks = profile?.blocks.offset.length ?? details?.stats.dataBlocks;
  tabs.setNote('blocks', dataBlocks === undefined ? '' : count(dataBlocks));
  // Range deletions stand in a block of their own, and not among the entries.
  const ranges = profile?.types.find((t) => t.type === 'range-delete')?.count ?? 0;
  tabs.setNote('entries', profile === undefined ? '' : count(profile.entries - ranges));
}

function paintProblems(): void {
  const found = profile?.problems ?? details?.problems ?? [];
  problems.set(found);
  // What the MANIFEST's side knows is said until the file itself has been asked.
  const known = init?.table.problem ?? null;
  notices.set('row', known === null || found.length > 0 ? undefined : { kind: 'warning', text: known });
}

function failed(id: string, text: string, again: () => void): void {
  if (engineGone) return;
  const run = (): void => {
    notices.set(id, undefined);
    again();
  };
  notices.set(id, { kind: 'error', text, action: { label: 'Try again', run } });
}

function save(): void {
  if (init === undefined) return;
  host.state = {
    view: 'table',
    storePath: init.storePath,
    storeName: init.storeName,
    table: init.table.number,
    ui: {
      tab: tabs.current,
      figures: overview.figures,
      format: entries.format,
      blocks: blocks.grid.state,
      entries: entries.grid.state,
      block: entries.block,
      detail: entries.detailHeight,
      search: properties.search,
    },
  };
}

function restore(): void {
  const saved = host.state;
  if (!isSavedView(saved) || saved.view !== 'table' || !isTableUi(saved.ui)) return;
  if (saved.table !== init?.table.number) return;
  const { ui } = saved;
  overview.figures = ui.figures;
  properties.search = ui.search;
  blocks.grid.state = ui.blocks;
  blocks.refreshSelection();
  entries.format = ui.format;
  entries.detailHeight = ui.detail;
  entries.restore(ui.block, ui.entries);
  tabs.select(ui.tab, false);
}

function onMessage(message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>): void {
  if (message.t === 'init') {
    if (message.init.view === 'table') onInit(message.init);
  } else if (message.t === 'profileProgress') measuring.progressed(message.table, message.done, message.total);
  else if (message.t === 'queryProgress') entries.progressed(message.state);
  else if (message.t === 'lens') entries.lens.chosen(message.family, message.lens);
  else if (message.t === 'engine') onEngine(message.alive, message.message);
}

function onEngine(alive: boolean, text: string): void {
  const was = engineGone;
  engineGone = !alive;
  document.body.classList.toggle('engine-gone', engineGone);
  notices.set('engine', alive ? undefined : { kind: 'error', text });
  if (!alive) {
    entries.lost();
    measuring.lost();
  } else if (was && init !== undefined) start(init);
}

build();
host.start(onMessage);
