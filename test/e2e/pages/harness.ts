/**
 * Stands in for VS Code around a webview page: theme variables, `acquireVsCodeApi`, and a host that
 * answers the page's calls from made-up data. It runs in the page, before the page's own bundle.
 */
import type { QueryState, TableRow } from '../../../engine/protocol/engineApi.ts';
import type { FromView, ToView, ViewInit } from '../../../engine/protocol/viewApi.ts';
import { bigValue, DAMAGE, makeRow, makeSummary, makeTables } from './data.ts';
import { evidenceHarness } from './evidenceData.ts';
import { type FrameTimes, watchFrames } from './frames.ts';
import { LENS_ROWS, type LensScenario, lensesOf, lensRow } from './lensData.ts';
import { sqlHarness } from './sqlData.ts';
import { measureSlowly, tableHarness } from './tableData.ts';
import { THEMES, type ThemeId } from './themes.ts';
import { answerTimeline, type TimelineHarness, timelineHarness } from './timelines.ts';

const query = new URLSearchParams(location.search);
const view = query.get('view') ?? 'results';
const scenario = query.get('scenario') ?? '';
/** Rows of an application whose lens is known. */
const lensed: LensScenario | undefined = scenario === 'lens' || scenario === 'secret' ? scenario : undefined;
const chosen = query.get('chosen');
const ROWS = lensed === undefined ? Number(query.get('rows') ?? 1_000_000) : LENS_ROWS;
/** Milliseconds until an answer leaves the host. */
const LATENCY = Number(query.get('latency') ?? 2);

const sent: FromView[] = [];
const cancelled = new Set<number>();

function post(message: ToView): void {
  window.postMessage(message, '*');
}

function setTheme(id: ThemeId): void {
  const theme = THEMES[id];
  const style = document.documentElement.style;
  for (const name of [...style]) style.removeProperty(name);
  for (const [name, value] of Object.entries(theme.colors)) style.setProperty(`--vscode-${name}`, value);
  document.body.className = theme.body;
  document.body.dataset['vscodeThemeKind'] = theme.body.split(' ')[0] ?? '';
}

function queryState(total: number, complete: boolean): QueryState {
  const problems = scenario === 'damaged' ? DAMAGE : [];
  return {
    query: 1,
    total,
    complete,
    bytes: total * 120,
    millis: complete ? 812 : Math.round(total / 1300),
    problems,
    at: 7_002_918,
  };
}

const summary = makeSummary(scenario === 'small' || scenario === 'huge' || scenario === 'empty' ? scenario : 'store');

const timeline = view === 'visualizer' ? timelineHarness(scenario, summary, post) : undefined;
const table = view === 'table' ? tableHarness(scenario, summary) : undefined;
const sql = view === 'sql' ? sqlHarness(scenario, Number(query.get('rows') ?? 50), post) : undefined;
const evidence = view === 'evidence' ? evidenceHarness(scenario, post) : undefined;

function initFor(): ViewInit {
  if (table !== undefined) return table.init;
  if (sql !== undefined) return sql.init;
  if (evidence !== undefined) return evidence.init();
  if (view === 'overview') return { view: 'overview', storeName: 'rocksdb', summary };
  if (timeline !== undefined) return { view: 'visualizer', storeName: 'rocksdb', summary: timeline.summary };
  const counting = scenario === 'counting';
  return {
    view: 'results',
    storeName: 'rocksdb',
    storePath: summary.path,
    familyName: 'default',
    title: scenario === 'empty' ? 'Scan of default, prefix "nothing:"' : 'Scan of default',
    params: scenario === 'versions' ? { family: 0, allVersions: true } : { family: 0 },
    state: queryState(counting ? 180_000 : scenario === 'empty' ? 0 : ROWS, !counting),
    lens: { auto: !query.has('nolens'), ...(chosen === null ? {} : { chosen: chosen === 'none' ? null : chosen }) },
  };
}

const tables = new Map<number, TableRow[]>();

function tablesOf(family: number): TableRow[] {
  const known = tables.get(family) ?? makeTables(summary, family);
  tables.set(family, known);
  return known;
}

function answer(message: Extract<FromView, { t: 'call' }>): unknown {
  const p = message.params as Record<string, number>;
  const ofTable = (table ?? sql)?.answer(message.method, message.params);
  if (ofTable !== undefined) return ofTable.result;
  if (evidence !== undefined) return evidence.answer(message.method, message.params);
  if (message.method === 'rows') {
    if (scenario === 'failing' && (p['from'] as number) >= 400)
      throw new Error('read of 000118.sst failed: Input/output error');
    const from = p['from'] as number;
    const count = Math.max(0, Math.min(p['count'] as number, ROWS - from));
    return {
      items: Array.from({ length: count }, (_, i) =>
        lensed === undefined
          ? makeRow(from + i)
          : lensRow(lensed, from + i, (message.params as { lens?: string }).lens),
      ),
      offset: from,
      total: ROWS,
      complete: true,
    };
  }
  if (message.method === 'value') return bigValue();
  if (message.method === 'lenses') {
    const { format } = message.params as { format?: string };
    const found = lensed === undefined ? [] : lensesOf(lensed);
    if (format?.startsWith('value:') !== true || found.some((l) => l.id === format)) return found;
    return [...found, { id: format, kind: 'values', title: format.slice(6), confidence: 0, why: 'chosen' }];
  }
  if (message.method === 'tables') {
    const all = tablesOf(p['family'] as number);
    const offset = p['offset'] as number;
    return { items: all.slice(offset, offset + (p['limit'] as number)), offset, total: all.length, complete: true };
  }
  if (timeline !== undefined) {
    const result = answerTimeline(timeline, message.method, message.params, message.of);
    if (result !== undefined) return result;
  }
  if (message.method === 'summary') return summary;
  throw new Error(`the page called ${message.method}`);
}

function receive(message: FromView): void {
  sent.push(message);
  if (message.t === 'do') sql?.acted(message.what);
  if (message.t === 'do') evidence?.act(message.what);
  if (message.t === 'do' && message.what.action === 'askFormat') {
    post({ t: 'lens', family: message.what.family, lens: 'value:cql:int' });
  }
  if (message.t === 'do' && message.what.action === 'chooseTrack') timeline?.track(true);
  else if (message.t === 'do' && message.what.action === 'restoreTrack') timeline?.track(message.what.track !== null);
  else if (message.t === 'cancel') cancelled.add(message.id);
  else if (message.t === 'ready') {
    if (query.has('hold')) return;
    post({ t: 'init', init: initFor() });
    if (scenario === 'dead') post({ t: 'engine', alive: false, message: 'The engine stopped: out of memory.' });
  } else if (table !== undefined && message.t === 'call' && message.method === 'tableProfile') {
    measureSlowly(table, message, post, () => cancelled.delete(message.id));
  } else if (message.t === 'call') {
    setTimeout(() => {
      if (cancelled.delete(message.id)) return;
      try {
        post({ t: 'ok', id: message.id, result: answer(message) });
      } catch (thrown) {
        post({ t: 'error', id: message.id, error: { code: 'IO', message: (thrown as Error).message } });
      }
    }, LATENCY);
  }
}

const frames = watchFrames(timeline?.histories.get(0)?.shown ?? 0);
const STATE = `state:${view}`;

declare global {
  interface Window {
    harness: {
      readonly sent: FromView[];
      post(message: ToView): void;
      setTheme(id: ThemeId): void;
      /** The store as it is after one more edit. */
      storeChanged(): void;
      progress(total: number, complete: boolean): void;
      actions(): string[];
      calls(method: string): number;
      state(): unknown;
      /** Of view=table: queries that were opened and not closed. */
      openQueries(): number[];
      /** Of view=visualizer. */
      readonly timeline: TimelineHarness | undefined;
      readonly frames: FrameTimes;
      /** Sends the `init` that was held back (`hold` in the address). */
      begin(): void;
    };
    acquireVsCodeApi(): unknown;
    pwned?: number;
  }
}

window.acquireVsCodeApi = () => ({
  postMessage: (message: FromView) => receive(structuredClone(message)),
  getState: () => JSON.parse(sessionStorage.getItem(STATE) ?? 'null') ?? undefined,
  setState: (state: unknown) => sessionStorage.setItem(STATE, JSON.stringify(state)),
});

window.harness = {
  sent,
  post,
  setTheme,
  storeChanged: () => post({ t: 'storeChanged', summary: { ...summary, edits: summary.edits + 1, generation: 2 } }),
  progress: (total, complete) => post({ t: 'queryProgress', state: queryState(total, complete) }),
  actions: () => sent.flatMap((m) => (m.t === 'do' ? [m.what.action] : [])),
  calls: (method) => sent.filter((m) => m.t === 'call' && m.method === method).length,
  state: () => JSON.parse(sessionStorage.getItem(STATE) ?? 'null'),
  openQueries: () => [...(table?.openQueries ?? [])],
  timeline,
  frames,
  begin: () => {
    frames.begin();
    post({ t: 'init', init: initFor() });
  },
};

setTheme((query.get('theme') ?? 'dark') as ThemeId);
