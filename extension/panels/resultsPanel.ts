/** The results tab: rows of one query, in a grid that pages from the worker. */
import * as vscode from 'vscode';
import { displayKey, formatCount } from '../../engine/model/display.ts';
import type { EngineNotice, QueryParams, QueryState } from '../../engine/protocol/engineApi.ts';
import type { ViewAction, ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView, restoreParams } from '../../engine/protocol/viewState.ts';
import { scanQuery } from '../history/queries.ts';
import { COMMANDS, PANELS } from '../ids.ts';
import { lensChoice } from '../lenses.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { StoreView } from './storeView.ts';

const t = vscode.l10n.t;

/** Of a condition in a title. */
const CONDITION_CHARS = 80;

/** Tabs that are open, the one last used at the end. */
const open = new Set<ResultsView>();

class ResultsView extends StoreView {
  #params: QueryParams;
  #title: string;
  #pinned: boolean;
  #state: QueryState | undefined;
  #opening: Promise<QueryState> | undefined;
  readonly #marked: vscode.Disposable;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, shown: Shown) {
    super(services, store, panel, 'results');
    this.#params = shown.params;
    this.#title = shown.title;
    this.#pinned = shown.pinned;
    this.#dress();
    this.load();
    open.add(this);
    this.#marked = services.compared.onChanged(() => this.#sendMarked());
  }

  get sort(): string {
    return sortOf(this.#params);
  }

  /** Pinned here, or by VS Code's own pin on a tab of that name. */
  get pinned(): boolean {
    if (this.#pinned) return true;
    const ofThatName = vscode.window.tabGroups.all.flatMap((g) => g.tabs).filter((tab) => isTabOf(this.panel, tab));
    return ofThatName.some((tab) => tab.isPinned);
  }

  /** Shows another query in this tab. */
  async show(params: QueryParams): Promise<void> {
    this.#closeQuery();
    this.#params = params;
    this.#title = queryTitle(this.store.family(params.family)?.name ?? '', params);
    this.#dress();
    this.services.queries.ranScan(this.store, params, this.#title);
    open.delete(this);
    open.add(this);
    if (this.panel.visible) await this.sendInit();
    else this.panel.reveal();
  }

  protected override async perform(what: ViewAction): Promise<void> {
    switch (what.action) {
      case 'setCondition': {
        const { where: _, ...rest } = this.#params;
        return this.show(what.where === '' ? rest : { ...rest, where: what.where });
      }
      case 'setReverse': {
        const { reverse: _, ...rest } = this.#params;
        return this.show(what.reverse ? { ...rest, reverse: true } : rest);
      }
      case 'pin':
        this.#pinned = what.pinned;
        this.#dress();
        return;
      case 'exportResults':
        await vscode.commands.executeCommand(COMMANDS.export, { store: this.store, query: this.#params });
        return;
      default:
        return super.perform(what);
    }
  }

  #dress(): void {
    this.panel.title = tabTitle(this.store, this.#params);
    const { table } = this.#params;
    this.panel.iconPath = new vscode.ThemeIcon(this.#pinned ? 'pinned' : table === undefined ? 'search' : 'table');
  }

  #sendMarked(): void {
    this.post({ t: 'marked', name: this.services.compared.marked?.name ?? null });
  }

  protected override async init(): Promise<ViewInit> {
    await this.store.open();
    const state = await this.#current();
    return {
      view: 'results',
      storeName: this.store.name,
      storePath: this.store.path,
      familyName: this.store.family(this.#params.family)?.name ?? '',
      title: this.#title,
      params: this.#params,
      state,
      ...(this.store.kind === 'table' ? { single: true } : {}),
      lens: lensChoice(this.services.context.workspaceState, this.store, this.#params.family),
      pinned: this.#pinned,
    };
  }

  protected override pageLoaded(): void {
    this.#sendMarked();
  }

  protected override async rerun(): Promise<void> {
    this.#closeQuery();
    await this.sendInit();
  }

  protected override async bookmarkQuery(): Promise<void> {
    const family = this.store.family(this.#params.family)?.name ?? '';
    const query = scanQuery(this.store.path, family, this.#params);
    const stored = { query, title: this.#title, time: Date.now(), count: null };
    await vscode.commands.executeCommand(COMMANDS.addBookmark, { view: 'history', stored });
  }

  protected override engineLost(): void {
    this.#state = undefined;
    this.#opening = undefined;
    if (this.panel.visible) void this.sendInit();
  }

  protected override onNotice(notice: EngineNotice): void {
    if (notice.kind !== 'queryProgress' || notice.state.query !== this.#state?.query) return;
    this.#state = notice.state;
    this.services.queries.counted(this.store, this.#params, notice.state);
    this.post({ t: 'queryProgress', state: notice.state });
  }

  override dispose(): void {
    open.delete(this);
    this.#marked.dispose();
    this.#closeQuery();
    super.dispose();
  }

  /** The running query's state, or that of a new one. */
  async #current(): Promise<QueryState> {
    if (this.#state !== undefined) {
      try {
        this.#state = await this.store.call('queryState', { query: this.#state.query });
        return this.#state;
      } catch {
        this.#state = undefined;
      }
    }
    if (this.#opening !== undefined) return this.#opening;
    const params = this.#params;
    const opening = this.store.call('openQuery', params).then(
      async (state) => {
        if (this.#opening === opening) this.#opening = undefined;
        // Another query was asked for meanwhile.
        if (this.#params !== params) {
          this.#close(state.query);
          return this.#current();
        }
        this.#state = state;
        this.services.queries.counted(this.store, params, state);
        if (this.disposed) this.#closeQuery();
        return state;
      },
      (thrown: unknown) => {
        if (this.#opening === opening) this.#opening = undefined;
        throw thrown;
      },
    );
    this.#opening = opening;
    return opening;
  }

  #closeQuery(): void {
    const query = this.#state?.query;
    this.#state = undefined;
    this.#opening = undefined;
    if (query !== undefined) this.#close(query);
  }

  #close(query: number): void {
    if (this.store.state === 'open') this.store.call('closeQuery', { query }).catch(() => {});
  }
}

interface Shown {
  readonly params: QueryParams;
  readonly title: string;
  readonly pinned: boolean;
}

/** Shows a query: in the store's results tab that was used last and is not pinned, else in a new one. */
export function showResults(services: Services, store: Store, params: QueryParams): vscode.WebviewPanel {
  const reusable = [...open].filter((view) => view.store === store && view.sort === sortOf(params) && !view.pinned);
  const last = reusable.at(-1);
  if (last !== undefined) {
    void last.show(params);
    return last.panel;
  }
  const panel = vscode.window.createWebviewPanel(PANELS.results, tabTitle(store, params), vscode.ViewColumn.Active, {
    enableScripts: true,
    enableFindWidget: false,
  });
  const title = queryTitle(store.family(params.family)?.name ?? '', params);
  services.queries.ranScan(store, params, title);
  new ResultsView(services, store, panel, { params, title, pinned: false });
  return panel;
}

/** Brings results tabs back after the window was reloaded. */
export function registerResults(services: Services): vscode.Disposable {
  return vscode.window.registerWebviewPanelSerializer(PANELS.results, {
    deserializeWebviewPanel: async (panel, state: unknown) => {
      if (!isSavedView(state) || state.view !== 'results') {
        panel.dispose();
        return;
      }
      const store = services.stores.byPath(state.storePath) ?? services.stores.choose(state.storePath);
      const shown = { params: restoreParams(state.params), title: state.title, pinned: state.pinned === true };
      new ResultsView(services, store, panel, shown);
    },
  });
}

/** Entries of tables and the histories of keys do not take the place of a scan, nor of each other. */
function sortOf(params: QueryParams): string {
  return params.table !== undefined ? 'table' : params.key !== undefined ? 'key' : 'scan';
}

function isTabOf(panel: vscode.WebviewPanel, tab: vscode.Tab): boolean {
  return (
    tab.label === panel.title &&
    tab.input instanceof vscode.TabInputWebview &&
    tab.input.viewType.endsWith(PANELS.results)
  );
}

function tabTitle(store: Store, params: QueryParams): string {
  if (params.table !== undefined) return t('Table {0}', params.table);
  if (params.key !== undefined) return t('History {0}', displayKey(params.key, 20));
  const family = store.family(params.family)?.name ?? '';
  return params.prefix === undefined ? t('Scan {0}', family) : t('Scan {0}…', displayKey(params.prefix, 20));
}

/** A query in words: "Scan of default, prefix user:, newest first, at most 100". */
export function queryTitle(family: string, params: QueryParams): string {
  const parts: string[] = [];
  if (params.table !== undefined && params.block !== undefined) {
    parts.push(t('Block {0} of table {1}', formatCount(params.block), params.table));
  } else if (params.table !== undefined) {
    parts.push(t('All entries of table {0}', params.table));
  } else if (params.key !== undefined) {
    parts.push(t('History of {0} in {1}', displayKey(params.key, 60), family));
  } else {
    parts.push(t('Scan of {0}', family));
  }
  if (params.prefix !== undefined) parts.push(t('prefix {0}', displayKey(params.prefix, 60)));
  if (params.from !== undefined) parts.push(t('from {0}', displayKey(params.from, 60)));
  if (params.to !== undefined) parts.push(t('up to {0}', displayKey(params.to, 60)));
  if (params.where !== undefined) parts.push(t('where {0}', clip(params.where)));
  if (params.reverse === true) parts.push(t('in reverse'));
  if (params.allVersions === true && params.key === undefined) parts.push(t('all versions'));
  if (params.at !== undefined) parts.push(t('as of sequence {0}', formatCount(params.at)));
  if (params.limit !== undefined) parts.push(t('at most {0}', formatCount(params.limit)));
  return parts.join(', ');
}

function clip(where: string): string {
  return where.length <= CONDITION_CHARS ? where : `${where.slice(0, CONDITION_CHARS - 1)}…`;
}
