/** The results tab: rows of one query, in a grid that pages from the worker. */
import * as vscode from 'vscode';
import { displayKey, formatCount } from '../../engine/model/display.ts';
import type { EngineNotice, QueryParams, QueryState } from '../../engine/protocol/engineApi.ts';
import type { ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView, restoreParams } from '../../engine/protocol/viewState.ts';
import { scanQuery } from '../history/queries.ts';
import { COMMANDS, PANELS } from '../ids.ts';
import { lensChoice } from '../lenses.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { StoreView } from './storeView.ts';

const t = vscode.l10n.t;

class ResultsView extends StoreView {
  readonly #params: QueryParams;
  readonly #title: string;
  #state: QueryState | undefined;
  #opening: Promise<QueryState> | undefined;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, params: QueryParams, title: string) {
    super(services, store, panel, 'results');
    this.#params = params;
    this.#title = title;
    this.load();
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
    };
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
    this.#opening ??= this.store.call('openQuery', this.#params).then(
      (state) => {
        this.#state = state;
        this.#opening = undefined;
        this.services.queries.counted(this.store, this.#params, state);
        if (this.disposed) this.#closeQuery();
        return state;
      },
      (thrown: unknown) => {
        this.#opening = undefined;
        throw thrown;
      },
    );
    return this.#opening;
  }

  #closeQuery(): void {
    const query = this.#state?.query;
    this.#state = undefined;
    if (query !== undefined && this.store.state === 'open') this.store.call('closeQuery', { query }).catch(() => {});
  }
}

/** Opens a results tab for a query. */
export function showResults(services: Services, store: Store, params: QueryParams): vscode.WebviewPanel {
  const panel = vscode.window.createWebviewPanel(PANELS.results, tabTitle(store, params), vscode.ViewColumn.Active, {
    enableScripts: true,
    enableFindWidget: false,
  });
  services.queries.ranScan(store, params, queryTitle(store.family(params.family)?.name ?? '', params));
  attach(services, store, panel, params);
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
      attach(services, store, panel, restoreParams(state.params), state.title);
    },
  });
}

function attach(
  services: Services,
  store: Store,
  panel: vscode.WebviewPanel,
  params: QueryParams,
  title = queryTitle(store.family(params.family)?.name ?? '', params),
): void {
  panel.iconPath = new vscode.ThemeIcon(params.table === undefined ? 'search' : 'table');
  new ResultsView(services, store, panel, params, title);
}

function tabTitle(store: Store, params: QueryParams): string {
  if (params.table !== undefined) return t('Table {0}', params.table);
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
  } else {
    parts.push(t('Scan of {0}', family));
  }
  if (params.prefix !== undefined) parts.push(t('prefix {0}', displayKey(params.prefix, 60)));
  if (params.from !== undefined) parts.push(t('from {0}', displayKey(params.from, 60)));
  if (params.to !== undefined) parts.push(t('up to {0}', displayKey(params.to, 60)));
  if (params.reverse === true) parts.push(t('in reverse'));
  if (params.allVersions === true) parts.push(t('all versions'));
  if (params.at !== undefined) parts.push(t('as of sequence {0}', formatCount(params.at)));
  if (params.limit !== undefined) parts.push(t('at most {0}', formatCount(params.limit)));
  return parts.join(', ');
}
