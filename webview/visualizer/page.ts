/** The page: its parts, where they stand, and what binds them together. */
import type { ToView } from '../../engine/protocol/viewApi.ts';
import { count } from '../text/numbers.ts';
import { visibleString } from '../text/visible.ts';
import { actionButton, el, fill, icon, iconButton, setText, show } from '../ui/dom.ts';
import { debounce, type Host, perFrame } from '../ui/host.ts';
import { noticeElement } from '../ui/notices.ts';
import { segmented } from '../ui/segmented.ts';
import { splitter } from '../ui/splitter.ts';
import { CaptionPane } from './caption.ts';
import { MODE_NAMES } from './colours.ts';
import { CurvesPane } from './curves.ts';
import { Data } from './data.ts';
import { DetailsPane } from './details.ts';
import { EditTablesPane } from './editTables.ts';
import { EventsPane } from './events.ts';
import { exportMenu } from './export.ts';
import { LadderPane } from './ladder.ts';
import { MapPane } from './mapPane.ts';
import { PlayerPane } from './player.ts';
import { JobPane } from './running.ts';
import { type CurveId, LAYOUT, type PageLayout, toSaved } from './saved.ts';
import { ScrubberPane } from './scrubber.ts';
import { SearchPane } from './search.ts';
import { ShortcutsPane } from './shortcuts.ts';
import { COLOUR_MODES, type ColourMode, INITIAL, ViewState, type VisualizerState } from './state.ts';
import { TablesPane } from './tables.ts';
import { TimeAxis } from './time.ts';

const SAVE_AFTER = 200;
/** From this width on there is room for the side pane beside the map. */
const SIDE_FROM = 1000;
const SIDE_MIN = 220;
const CURVES_MIN = 60;
/** Pixels of the map and of what stands around it that dragging a splitter leaves. */
const MAP_MIN = 120;

interface Restored {
  readonly state: VisualizerState;
  readonly layout: PageLayout;
}

/** Builds the page into the document; gives what takes the host's messages. */
export function buildPage(
  host: Host,
  restored: Restored | undefined,
): (message: Exclude<ToView, { t: 'ok' } | { t: 'error' }>) => void {
  const spoken = el('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  const state = new ViewState(restored?.state ?? INITIAL);
  const data = new Data(host, state, restored !== undefined, (text) => setText(spoken, text));
  const roomy = window.innerWidth >= SIDE_FROM;
  let layout = restored?.layout ?? { ...LAYOUT, side: roomy ? 'details' : 'off' };

  const time = new TimeAxis(data);
  const map = new MapPane(data);
  const caption = new CaptionPane(data);
  const player = new PlayerPane(data);
  const scrubber = new ScrubberPane(data, time);
  const curves = new CurvesPane(data, time, scrubber, {
    get shown() {
      return layout.curves;
    },
    show: (next: readonly CurveId[]) => place({ curves: next }),
  });
  const events = new EventsPane(data, time, () => layout.curves);
  const tables = new TablesPane(data);
  const details = new DetailsPane(data);
  const editTables = new EditTablesPane(data);
  const ladder = new LadderPane(data);
  const search = new SearchPane(data);
  const job = new JobPane(data);
  const shortcuts = new ShortcutsPane();

  const save = debounce(SAVE_AFTER, () => {
    const { summary } = data;
    if (summary === undefined) return;
    const ui = toSaved(state.now, layout);
    host.state = { view: 'visualizer', storePath: summary.path, storeName: data.storeName, ui };
  });

  // The header.
  const title = el('span', { class: 'store-name' });
  const familyPick = el('select', { class: 'select', 'aria-label': 'Column family' });
  familyPick.addEventListener('change', () => data.showFamily(Number(familyPick.value)));
  const axes = segmented<'keys' | 'bytes'>(
    'Horizontal axis',
    [
      { value: 'keys', label: 'Keys', title: 'Aligned by key: tables above each other overlap' },
      { value: 'bytes', label: 'Bytes', title: 'Area is bytes' },
    ],
    state.now.axis,
    (axis) => state.set({ axis, window: { from: 0, to: 1 } }),
  );
  const colour = el('select', { class: 'select', 'aria-label': 'Colour by', title: 'Colour by' });
  for (const mode of COLOUR_MODES) colour.append(new Option(MODE_NAMES[mode], mode));
  colour.addEventListener('change', () => state.set({ colour: colour.value as ColourMode }));
  const mapAs = segmented<'map' | 'table'>(
    'Tables as',
    [
      { value: 'map', label: 'Map' },
      { value: 'table', label: 'List' },
    ],
    state.now.mapAs,
    (value) => state.set({ mapAs: value }),
  );
  const explain = actionButton('Explain Get…', 'secondary', () => {
    const { search: found, family } = state.now;
    if (found === undefined) host.do({ action: 'explain', family });
    else data.ask({ ask: 'explain', family, key: found.key });
  });
  explain.title = 'How a get goes through the tree, step by step: of the key searched for, or of one you type';
  const exporting = exportMenu(data, {
    map,
    storeName: () => data.storeName,
    curves: () => layout.curves,
    fail: (message) => data.complain(message),
  });
  const sideButton = iconButton('panelRight', 'Details and ladder at the side', () =>
    place({ side: layout.side === 'off' ? (state.now.explain === undefined ? 'details' : 'explain') : 'off' }),
  );
  const help = iconButton('question', 'Keys (?)', () => shortcuts.toggle());
  const header = el(
    'header',
    { class: 'vis-head' },
    el('div', { class: 'vis-title' }, title, familyPick),
    search.element,
    el(
      'div',
      { class: 'vis-tools' },
      axes.element,
      colour,
      mapAs.element,
      explain,
      exporting.element,
      sideButton,
      help,
    ),
  );

  // Between map and curves.
  const timeAxis = segmented<'event' | 'time'>(
    'Time axis',
    [
      { value: 'event', label: 'Edits', title: 'One step an edit' },
      { value: 'time', label: 'Time', title: 'Real time, as the logs and the files tell it' },
    ],
    state.now.timeAxis,
    (value) => state.set({ timeAxis: value, timeWindow: { from: 0, to: 1 } }),
  );
  const curvesAs = segmented<'curves' | 'table'>(
    'History as',
    [
      { value: 'curves', label: 'Curves' },
      { value: 'table', label: 'List' },
    ],
    state.now.curvesAs,
    (value) => state.set({ curvesAs: value }),
  );
  const fold = iconButton('down', 'Fold the curves', () => place({ curvesOpen: !layout.curvesOpen }));
  const main = el('div', { class: 'vis-main' });
  const transport = el('div', { class: 'vis-transport' });
  const below = el('div', { class: 'vis-below' }, curves.element, events.element);
  const split = splitter({
    label: 'Height of the curves',
    min: CURVES_MIN,
    max: () => main.clientHeight - MAP_MIN - transport.offsetHeight - scrubber.element.offsetHeight,
    sideways: () => false,
    get: () => layout.curvesHeight,
    set: (curvesHeight) => place({ curvesHeight, curvesOpen: true }),
  });
  transport.append(
    player.element,
    el('span', { class: 'spring' }),
    timeAxis.element,
    curvesAs.element,
    curves.chooser,
    fold,
  );
  const mapBox = el('div', { class: 'vis-map' }, map.element, tables.element);
  main.append(mapBox, split.element, transport, scrubber.element, below);

  // The side.
  const tablesSide = el('div', { class: 'details' }, details.element, editTables.element);
  const sides = segmented<'details' | 'explain'>(
    'Side pane',
    [
      { value: 'details', label: 'Tables' },
      { value: 'explain', label: 'Explain' },
    ],
    'details',
    (side) => place({ side }),
  );
  const side = el(
    'aside',
    { class: 'vis-side', 'aria-label': 'Details' },
    el(
      'div',
      { class: 'side-head' },
      sides.element,
      el('span', { class: 'spring' }),
      iconButton('close', 'Close the side pane', () => {
        place({ side: 'off' });
        sideButton.focus();
      }),
    ),
    el('div', { class: 'side-body' }, tablesSide, ladder.element),
  );
  const sideSplit = splitter({
    label: 'Width of the side pane',
    min: SIDE_MIN,
    max: () => Math.max(SIDE_MIN, document.body.clientWidth - 320),
    sideways: () => true,
    get: () => layout.sideWidth,
    set: (sideWidth) => place({ sideWidth }),
  });

  const notices = el('div', { class: 'notices' });
  const pulling = el('div', { class: 'pulling' });
  const asking = el('div', { class: 'progress', 'aria-hidden': 'true' });
  const emptyNote = el('div', { class: 'empty' });
  const body = el('div', { class: 'vis-body' }, main, sideSplit.element, side);
  const page = el(
    'main',
    { class: 'vis' },
    header,
    asking,
    pulling,
    notices,
    job.element,
    caption.element,
    emptyNote,
    body,
    shortcuts.element,
    spoken,
  );
  document.body.append(page);

  function place(patch: Partial<PageLayout>): void {
    layout = { ...layout, ...patch };
    arrange();
    save();
  }

  function arrange(): void {
    const { mapAs: as, curvesAs: asCurves } = state.now;
    show(map.element, as === 'map');
    show(tables.element, as === 'table');
    show(colour, as === 'map');
    show(axes.element, as === 'map');
    show(below, layout.curvesOpen);
    show(curves.element, asCurves === 'curves');
    show(events.element, asCurves === 'table');
    show(curves.chooser, layout.curvesOpen);
    show(curvesAs.element, layout.curvesOpen);
    below.style.height = `${layout.curvesHeight}px`;
    fold.title = layout.curvesOpen ? 'Fold the curves' : 'Show the curves';
    fold.setAttribute('aria-label', fold.title);
    fold.setAttribute('aria-expanded', String(layout.curvesOpen));
    fill(fold, icon(layout.curvesOpen ? 'down' : 'up'));
    const open = layout.side !== 'off';
    show(side, open);
    show(sideSplit.element, open);
    side.style.width = `${layout.sideWidth}px`;
    sideButton.setAttribute('aria-pressed', String(open));
    if (open) sides.value = layout.side === 'explain' ? 'explain' : 'details';
    show(tablesSide, layout.side === 'details');
    show(ladder.element, layout.side === 'explain');
    split.refresh();
    sideSplit.refresh();
    curves.refresh();
    events.refresh();
    editTables.refresh();
  }

  const paint = perFrame(() => {
    const { summary, timeline, info, status } = data;
    setText(title, visibleString(data.storeName));
    document.title = visibleString(data.storeName);
    const families = summary?.families ?? [];
    show(familyPick, families.length > 1);
    const wanted = families.map((f) => `${f.id} ${f.name}`).join('\n');
    if (familyPick.dataset['families'] !== wanted) {
      familyPick.dataset['families'] = wanted;
      familyPick.replaceChildren(...families.map((f) => new Option(visibleString(f.name), String(f.id))));
    }
    familyPick.value = String(state.now.family);
    show(timeAxis.element, time.timed);
    timeAxis.value = time.scale.axis;
    const none = info !== undefined && status.pulling === undefined && timeline.events === 0 && info.events === 0;
    show(emptyNote, none);
    show(body, !none);
    show(caption.element, !none && (timeline.events > 0 || (info === undefined && status.error === undefined)));
    show(asking, info === undefined && status.error === undefined);
    if (none && emptyNote.childElementCount === 0) {
      fill(
        emptyNote,
        icon('chart'),
        el('div', { class: 'empty-title' }, 'No history yet'),
        el(
          'div',
          {},
          'The MANIFEST of this family has no edit that brings or takes a table. Flush, and it shows here.',
        ),
      );
    }
  });

  const paintStatus = (): void => {
    const { pulling: now, error, complaint, lost } = data.status;
    show(pulling, now !== undefined);
    if (now !== undefined) {
      const share = now.done / Math.max(1, now.total);
      if (pulling.childElementCount === 0) fill(pulling, el('div', { class: 'pulling-bar' }));
      (pulling.firstElementChild as HTMLElement).style.transform = `scaleX(${share})`;
      pulling.title = `${count(now.done)} of ${count(now.total)} edits read`;
    }
    const action = { label: 'Try again', run: () => data.retry() };
    const dismiss = { label: 'Dismiss', run: () => data.complain(undefined) };
    fill(
      notices,
      error === undefined ? null : noticeElement({ kind: 'error', text: error, action }),
      complaint === undefined ? null : noticeElement({ kind: 'warning', text: complaint, action: dismiss }),
    );
    page.classList.toggle('engine-gone', lost);
    paint();
  };

  data.onData(paint);
  data.onStatus(paintStatus);
  state.on((changed) => {
    if (changed.has('axis')) axes.value = state.now.axis;
    if (changed.has('colour')) colour.value = state.now.colour;
    if (changed.has('mapAs') || changed.has('curvesAs')) {
      mapAs.value = state.now.mapAs;
      curvesAs.value = state.now.curvesAs;
      arrange();
    }
    if (changed.has('timeAxis') || changed.has('family')) paint();
    if (changed.has('explain') && state.now.explain !== undefined) place({ side: 'explain' });
    if (!changed.has('hover') || changed.size > 1) save();
  });

  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest('input:not([type=checkbox]), textarea, select, [contenteditable=true]') !== null) return;
    if (event.key === '?') shortcuts.toggle();
    else if (event.key === '/' && !event.ctrlKey && !event.metaKey) search.focus();
    else if (event.key === 'Escape' && shortcuts.open) shortcuts.toggle();
    else {
      const keeps = '[role=radiogroup], [role=grid], [role=menu], [role=separator], [role=application], [role=tree]';
      const taken =
        target.closest(keeps) !== null && (event.key.startsWith('Arrow') || /^(Home|End| )$/.test(event.key));
      const pressed = event.key === ' ' && target.closest('button, vscode-button, a, summary') !== null;
      if (taken || pressed || !player.key(event)) return;
    }
    event.preventDefault();
  });

  colour.value = state.now.colour;
  arrange();
  paintStatus();
  return (message) => data.receive(message);
}
