/** The results of a query in SQL: one tab a document, filled and paged by the engine. */
import * as vscode from 'vscode';
import { sortedQuery } from '../../engine/model/sqlSort.ts';
import type { EngineNotice, Params, SqlPage } from '../../engine/protocol/engineApi.ts';
import { type Call, describeProblem, StoreError, toStoreError } from '../../engine/protocol/rpc.ts';
import type { SqlRequest, SqlSort, SqlState } from '../../engine/protocol/sqlView.ts';
import { toCell } from '../../engine/protocol/sqlView.ts';
import type { PageMethod, ViewInit, ViewParams, ViewResult } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { sqlQuery } from '../history/queries.ts';
import { COMMANDS, PANELS } from '../ids.ts';
import { sentence } from '../messages.ts';
import type { Services } from '../services.ts';
import { paramsOf } from '../sql/request.ts';
import type { Store } from '../store.ts';
import { PanelSet } from './panelSet.ts';
import { saveRows } from './sqlSave.ts';
import { type SqlAction, StoreView } from './storeView.ts';

const t = vscode.l10n.t;

/** Characters or bytes of a value in a row. */
const CELL_MAX = 1_024;
/** Of a value that is shown by itself. */
const VALUE_MAX = 256 * 1_024;

/** Of all tabs. */
let runs = 0;

interface Run {
  /** Among those of all tabs. */
  readonly id: number;
  readonly number: number;
  cancelled: boolean;
  call?: Call<SqlPage>;
}

/** A run has ended, however it did. */
export interface SqlEnd {
  readonly request: SqlRequest;
  readonly state: SqlState;
}

export class SqlView extends StoreView {
  #request: SqlRequest;
  #state: SqlState = { phase: 'idle' };
  #run: Run = { id: 0, number: 0, cancelled: false };
  /** The first rows, as they came with the answer. */
  #page: SqlPage | undefined;
  readonly #ended = new vscode.EventEmitter<SqlEnd>();
  readonly onEnded = this.#ended.event;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, request: SqlRequest) {
    super(services, store, panel, 'sql');
    this.#request = request;
    this.load();
  }

  get request(): SqlRequest {
    return this.#request;
  }

  get state(): SqlState {
    return this.#state;
  }

  /** Ends what runs, and runs `request`; resolves to how it ended. */
  async run(request: SqlRequest, sort: SqlSort | null = null): Promise<SqlState> {
    // Sorted as the rows of the last run are, whose columns are known.
    const query = sort === null ? request.query : sortedQuery(request.query, this.#page?.columns ?? [], sort);
    this.cancel();
    this.#closeResult();
    this.#request = request;
    const run: Run = { id: ++runs, number: this.#run.number + 1, cancelled: false };
    this.#run = run;
    this.#set({ phase: 'running' });
    this.services.queries.ranSql(request);
    const state = await this.#answered(run, query, sort);
    if (this.#run !== run || run.cancelled) return this.#state;
    this.#set(state);
    this.#ended.fire({ request, state });
    return state;
  }

  /** Ends the run, at once for whoever waits. The engine ends it too, as soon as it looks up from its work. */
  cancel(): void {
    const run = this.#run;
    if (this.#state.phase !== 'running') return;
    run.cancelled = true;
    run.call?.cancel();
    const state: SqlState = {
      phase: 'failed',
      code: 'CANCELLED',
      message: t('The query was cancelled.'),
      cancelled: true,
    };
    this.#set(state);
    this.#ended.fire({ request: this.#request, state });
  }

  override dispose(): void {
    // The panel is gone: there is nobody to tell.
    this.#run.cancelled = true;
    this.#run.call?.cancel();
    this.#closeResult();
    super.dispose();
    this.#ended.dispose();
  }

  protected override async init(): Promise<ViewInit> {
    return { view: 'sql', storeName: this.store.name, request: this.#request, state: this.#state };
  }

  protected override async rerun(): Promise<void> {
    await this.run(this.#request);
  }

  protected override async bookmarkQuery(): Promise<void> {
    const { title } = this.#request;
    const stored = { query: sqlQuery(this.#request), title, time: Date.now(), count: null };
    await vscode.commands.executeCommand(COMMANDS.addBookmark, { view: 'history', stored });
  }

  protected override onNotice(notice: EngineNotice): void {
    if (notice.kind !== 'sqlProgress' || this.#state.phase !== 'running') return;
    const { table, rows, run } = notice.progress;
    if (run === this.#run.id) this.#set({ phase: 'running', table, rows });
  }

  protected override async performSql(what: SqlAction): Promise<void> {
    switch (what.action) {
      case 'cancelSql':
        return this.cancel();
      case 'sortSql':
        await this.run(this.#request, what.sort);
        return;
      case 'saveSql': {
        const page = this.#page;
        if (page === undefined) return;
        await saveRows(this.store, page, what.format, this.#request.title);
        return;
      }
      case 'showSql':
        await vscode.commands.executeCommand(COMMANDS.querySql, { request: this.#request });
    }
  }

  protected override async answer<M extends PageMethod>(method: M, params: ViewParams<M>): Promise<ViewResult<M>> {
    if (method === 'sqlPage') return (await this.#rows(params as ViewParams<'sqlPage'>)) as ViewResult<M>;
    const { run, row, column } = params as ViewParams<'sqlCell'>;
    const { rows } = await this.#pageAt(run, row, 1);
    return toCell(rows[0]?.[column] ?? null, VALUE_MAX) as ViewResult<M>;
  }

  async #rows({ run, offset, count }: ViewParams<'sqlPage'>): Promise<ViewResult<'sqlPage'>> {
    const page = await this.#pageAt(run, offset, count);
    return {
      offset,
      rows: page.rows.map((row) => row.map((value) => toCell(value, CELL_MAX))),
      complete: page.complete,
    };
  }

  /** From the first rows where they reach, else from the engine. */
  async #pageAt(run: number, offset: number, count: number): Promise<Pick<SqlPage, 'rows' | 'complete'>> {
    const first = this.#page;
    if (first === undefined || run !== this.#run.number) {
      throw new StoreError('INPUT', t('These rows are of an earlier run.'), { mend: t('run the query again') });
    }
    const { rows, complete, cursor } = first;
    if (offset < rows.length || complete) {
      const part = rows.slice(offset, offset + count);
      return { rows: part, complete: complete && offset + part.length >= rows.length };
    }
    return this.store.call('sqlRows', { cursor, offset, count });
  }

  async #answered(run: Run, query: string | undefined, sort: SqlSort | null): Promise<SqlState> {
    try {
      if (query === undefined) throw new StoreError('INPUT', t('These rows cannot be sorted.'));
      const params: Params<'sql'> = { ...(await paramsOf(this.store, this.#request)), query, run: run.id };
      if (run.cancelled) throw new StoreError('CANCELLED', '');
      const call = await this.store.start('sql', params);
      run.call = call;
      if (run.cancelled) call.cancel();
      const page = await call.result;
      if (run.cancelled || this.disposed) {
        this.store.call('sqlClose', { cursor: page.cursor }).catch(() => {});
        return this.#state;
      }
      this.#page = page;
      if (page.complete) this.services.queries.countedSql(this.#request, page.rows.length);
      const { columns, notes, problems, fillMillis, queryMillis } = page;
      return { phase: 'done', run: run.number, columns, notes, problems, fillMillis, queryMillis, sort };
    } catch (thrown) {
      const error = toStoreError(thrown);
      if (!run.cancelled) this.services.log.warn(`${this.store.path}: ${describeProblem(error)}`);
      return { phase: 'failed', code: error.code, message: sentence(error), cancelled: false };
    }
  }

  #closeResult(): void {
    const cursor = this.#page?.cursor;
    this.#page = undefined;
    if (cursor !== undefined && this.store.state === 'open') this.store.call('sqlClose', { cursor }).catch(() => {});
  }

  #set(state: SqlState): void {
    this.#state = state;
    this.post({ t: 'sqlState', state, request: this.#request });
  }
}

export class SqlPanels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<SqlView>(PANELS.sql, 'output');
  readonly #serializer: vscode.Disposable;
  readonly #ended = new vscode.EventEmitter<SqlEnd>();
  readonly onEnded = this.#ended.event;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.sql, this);
  }

  /** A query that may have taken long runs again when it is asked to. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'sql') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const { request } = state;
    const store = stores.byPath(request.store) ?? stores.choose(request.store);
    this.#open.keep(request.document, this.#view(store, panel, request));
  }

  of(document: vscode.Uri): SqlView | undefined {
    return this.#open.get(document.toString());
  }

  /** Runs a query and shows its rows, in the tab of its document. */
  async run(store: Store, request: SqlRequest): Promise<SqlState> {
    const open = this.#open.get(request.document);
    const title = t('SQL: {0}', request.title);
    if (open !== undefined && open.store === store) {
      open.panel.title = title;
      if (!open.panel.visible) open.panel.reveal(undefined, true);
      return open.run(request);
    }
    const column = open?.panel.viewColumn ?? (await this.#column());
    open?.panel.dispose();
    const panel = vscode.window.createWebviewPanel(
      PANELS.sql,
      title,
      { viewColumn: column, preserveFocus: true },
      { enableScripts: true },
    );
    return this.#open.keep(request.document, this.#view(store, panel, request)).run(request);
  }

  /** A closed store has no rows any more. */
  close(store: Store): void {
    for (const view of this.#open.all) if (view.store === store) view.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#ended.dispose();
  }

  /** Where results stand already, else a group beside that of the query, else below it, with all of the width. */
  async #column(): Promise<vscode.ViewColumn> {
    const other = this.#open.all.find((view) => view.panel.viewColumn !== undefined)?.panel.viewColumn;
    const { all, activeTabGroup } = vscode.window.tabGroups;
    const beside = all.find((group) => group.viewColumn !== activeTabGroup.viewColumn)?.viewColumn;
    if (other !== undefined || beside !== undefined) return other ?? beside ?? vscode.ViewColumn.Beside;
    const vertical = 1;
    const groups = [{ size: 0.4 }, { size: 0.6 }];
    await vscode.commands.executeCommand('vscode.setEditorLayout', { orientation: vertical, groups });
    return vscode.ViewColumn.Two;
  }

  #view(store: Store, panel: vscode.WebviewPanel, request: SqlRequest): SqlView {
    const view = new SqlView(this.#services, store, panel, request);
    view.onEnded((end) => this.#ended.fire(end));
    return view;
  }
}
