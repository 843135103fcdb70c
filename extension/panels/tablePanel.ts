/** The details of one table: properties, filter, sizes, blocks, entries. One tab a table. */
import * as vscode from 'vscode';
import type { EngineNotice, Method, Params, QueryParams, Result, TableRow } from '../../engine/protocol/engineApi.ts';
import { type Call, StoreError } from '../../engine/protocol/rpc.ts';
import type { ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { PANELS } from '../ids.ts';
import { lensChoice } from '../lenses.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { findTable } from '../trees/children.ts';
import { PanelSet } from './panelSet.ts';
import { StoreView } from './storeView.ts';

const t = vscode.l10n.t;

export class TableView extends StoreView {
  /** Undefined: the only one of a table file. */
  readonly #number: number | undefined;
  /** As last seen. A table stays readable here for as long as the engine has it, and then the page says so. */
  #row: TableRow | undefined;
  /** Queries that the page has opened and not closed. */
  readonly #queries = new Set<number>();

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, number: number | undefined) {
    super(services, store, panel, 'table');
    this.#number = number;
    this.load();
  }

  protected override async init(): Promise<ViewInit> {
    const summary = await this.store.open();
    this.#row = await findTable(this.store, this.#number, t);
    return {
      view: 'table',
      storeName: this.store.name,
      storePath: this.store.path,
      summary: { ...summary, problems: this.store.problems },
      table: this.#row,
      lens: lensChoice(this.services.context.workspaceState, this.store, this.#row.family),
    };
  }

  protected override rerun(): Promise<void> {
    return this.sendInit();
  }

  protected override engineLost(): void {
    this.#queries.clear();
    if (this.panel.visible) void this.sendInit();
  }

  protected override pageLoaded(): void {
    this.#closeQueries();
  }

  protected override onNotice(notice: EngineNotice): void {
    if (notice.kind === 'queryProgress' && this.#queries.has(notice.state.query)) {
      this.post({ t: 'queryProgress', state: notice.state });
    } else if (notice.kind === 'profileProgress' && notice.table === this.#row?.number) {
      const { table, done, total } = notice;
      this.post({ t: 'profileProgress', table, done, total });
    }
  }

  /** The page may query its own table. */
  protected override async start<M extends Method>(method: M, params: Params<M>): Promise<Call<Result<M>>> {
    if (method === 'openQuery') {
      const row = this.#row;
      if (row === undefined) throw new StoreError('INPUT', t('The table is not open yet.'));
      const query: QueryParams = { ...(params as QueryParams), family: row.family, table: row.number };
      const call = await this.store.start('openQuery', query);
      call.result.then(
        ({ query: id }) => {
          this.#queries.add(id);
          if (this.disposed) this.#closeQueries();
        },
        () => {},
      );
      return call as Call<Result<M>>;
    }
    if (method === 'closeQuery') {
      const { query } = params as Params<'closeQuery'>;
      if (!this.#queries.delete(query)) throw new StoreError('INPUT', t('Query {0} is not of this page.', query));
      return this.store.start(method, params);
    }
    return super.start(method, params);
  }

  override dispose(): void {
    this.#closeQueries();
    super.dispose();
  }

  #closeQueries(): void {
    const queries = [...this.#queries];
    this.#queries.clear();
    if (this.store.state !== 'open') return;
    for (const query of queries) this.store.call('closeQuery', { query }).catch(() => {});
  }
}

export class TablePanels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<TableView>(PANELS.table, 'table');
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.table, this);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'table') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const store = stores.byPath(state.storePath) ?? stores.choose(state.storePath);
    this.#open.keep(key(store, state.table), new TableView(this.#services, store, panel, state.table));
  }

  show(store: Store, number: number): TableView {
    const title = t('Table {0} – {1}', number, store.name);
    return this.#open.show(key(store, number), title, (panel) => new TableView(this.#services, store, panel, number));
  }

  of(store: Store, number: number): TableView | undefined {
    return this.#open.get(key(store, number));
  }

  /** A closed store has nothing to show any more. */
  close(store: Store): void {
    for (const view of this.#open.all) if (view.store === store) view.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
  }
}

function key(store: Store, number: number): string {
  return `${store.path}#${number}`;
}
