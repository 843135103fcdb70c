/**
 * The host's end of a webview tab that shows one store: relays its engine calls, tells it what
 * changed, does what only the host can do. The webview pulls; a hidden one loses nothing, because
 * it asks for its `init` again when it is shown.
 */
import * as vscode from 'vscode';
import type { EngineNotice, Method, Params, Result } from '../../engine/protocol/engineApi.ts';
import { type Call, describeProblem, errorToData, toStoreError } from '../../engine/protocol/rpc.ts';
import {
  type FromView,
  isPageMethod,
  type PageMethod,
  type ToView,
  VIEW_METHODS,
  type ViewAction,
  type ViewInit,
  type ViewMethod,
  type ViewParams,
  type ViewResult,
} from '../../engine/protocol/viewApi.ts';
import type { EngineState } from '../engineClient.ts';
import { onLensChosen } from '../lenses.ts';
import { showError } from '../messages.ts';
import type { Services } from '../services.ts';
import { settings } from '../settings.ts';
import type { Store } from '../store.ts';
import { perform } from './actions.ts';
import { pack } from './pack.ts';
import { shell, type ViewName, webviewRoot } from './shell.ts';

/** Only for views that say so. */
const OWN_METHODS: readonly Method[] = ['openQuery', 'closeQuery', 'diff'];

export type SqlAction = Extract<ViewAction, { readonly action: 'cancelSql' | 'showSql' | 'sortSql' | 'saveSql' }>;

/** Bytes of each value of a page that is read through a lens. */
const LENS_BYTES = 2_048;

export abstract class StoreView implements vscode.Disposable {
  protected readonly services: Services;
  readonly store: Store;
  readonly panel: vscode.WebviewPanel;
  readonly #view: ViewName;
  readonly #calls = new Map<number, Call<unknown>>();
  /** Calls cancelled before the engine was up to take them. */
  readonly #cancelled = new Set<number>();
  readonly #subscriptions: vscode.Disposable[] = [];
  #generation = -1;
  #disposed = false;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, view: ViewName) {
    this.services = services;
    this.store = store;
    this.panel = panel;
    this.#view = view;
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((message) => void this.#receive(message as FromView)),
      panel.onDidDispose(() => this.dispose()),
      panel.onDidChangeViewState(() => {
        if (panel.active) services.stores.setActive(store);
      }),
      onLensChosen(({ store: of, family, lens }) => {
        if (of === store) this.post({ t: 'lens', family, lens });
      }),
      store.onNotice((notice) => this.onNotice(notice)),
      store.onChanged(() => this.storeChanged()),
      store.onEngineState((state) => this.engineState(state)),
    );
  }

  /** Loads the page; subclasses call it when they are whole. */
  protected load(): void {
    const { webview } = this.panel;
    const extension = this.services.context.extensionUri;
    webview.options = { enableScripts: true, localResourceRoots: [webviewRoot(extension)] };
    webview.html = shell(webview, extension, this.#view);
  }

  /** What the tab shows now; asked whenever the page is (re)loaded. */
  protected abstract init(): Promise<ViewInit>;

  /** The tab was asked to do its work over. */
  protected abstract rerun(): Promise<void>;

  /** Keeps the query that the tab shows, where it shows one. */
  protected async bookmarkQuery(): Promise<void> {}

  /** Does what was asked of SQL results. */
  protected async performSql(_what: SqlAction): Promise<void> {}

  /** The worker died, and what it held for this tab with it. */
  protected engineLost(): void {}

  protected onNotice(_notice: EngineNotice): void {}

  /** The page has loaded, and knows nothing of what an earlier one asked for. */
  protected pageLoaded(): void {}

  /** Starts a call of the page. Views that let it do more than read what is there say so by overriding this. */
  protected start<M extends Method>(method: M, params: Params<M>, of?: 'track'): Promise<Call<Result<M>>> {
    if (of !== undefined) throw new Error('this view shows one store');
    if (OWN_METHODS.includes(method)) throw new Error(`${method} is not for this view`);
    return this.store.start(method, params);
  }

  /** Answers a call of the page that is no call of the engine. */
  protected async answer<M extends PageMethod>(method: M, _params: ViewParams<M>): Promise<ViewResult<M>> {
    throw new Error(`${method} is not for this view`);
  }

  protected get disposed(): boolean {
    return this.#disposed;
  }

  protected post(message: ToView): void {
    if (!this.#disposed) void this.panel.webview.postMessage(pack(message));
  }

  /** Sends `init`, or why there is none. */
  protected async sendInit(): Promise<void> {
    try {
      const init = await this.init();
      this.#generation = this.store.summary?.generation ?? -1;
      this.post({ t: 'init', init });
      this.post({ t: 'engine', alive: true, message: '' });
    } catch (thrown) {
      const error = toStoreError(thrown);
      this.services.log.error(`${this.store.path}: ${describeProblem(error)}`);
      this.post({ t: 'engine', alive: false, message: describeProblem(error) });
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const call of this.#calls.values()) call.cancel();
    this.#calls.clear();
    for (const s of this.#subscriptions) s.dispose();
  }

  protected engineState(state: EngineState): void {
    this.#calls.clear();
    this.post({ t: 'engine', alive: state.alive, message: state.message });
    if (!state.alive) this.engineLost();
  }

  protected storeChanged(): void {
    const { summary } = this.store;
    if (this.store.state === 'closed') {
      this.post({ t: 'engine', alive: false, message: vscode.l10n.t('The store was closed.') });
    } else if (summary !== undefined && summary.generation !== this.#generation) {
      this.#generation = summary.generation;
      this.post({ t: 'storeChanged', summary: { ...summary, problems: this.store.problems } });
    }
  }

  async #receive(message: FromView): Promise<void> {
    switch (message.t) {
      case 'ready':
        this.pageLoaded();
        return this.sendInit();
      case 'call':
        return this.#call(message.id, message.method, message.params, message.of);
      case 'cancel':
        if (this.#calls.has(message.id)) this.#calls.get(message.id)?.cancel();
        else this.#cancelled.add(message.id);
        return;
      case 'do':
        try {
          await this.perform(message.what);
        } catch (thrown) {
          showError(this.services.log, this.store.name, thrown);
        }
    }
  }

  async #call(id: number, method: ViewMethod, params: unknown, of: 'track' | undefined): Promise<void> {
    try {
      if (isPageMethod(method)) {
        this.post({ t: 'ok', id, result: await this.answer(method, params as ViewParams<typeof method>) });
        return;
      }
      if (!(VIEW_METHODS as readonly string[]).includes(method)) throw new Error(`${method} is not for webviews`);
      const call = await this.start(method, asked(method, params), of);
      this.#calls.set(id, call);
      if (this.#cancelled.delete(id)) call.cancel();
      this.post({ t: 'ok', id, result: await call.result });
    } catch (thrown) {
      this.post({ t: 'error', id, error: errorToData(thrown) });
    } finally {
      this.#calls.delete(id);
      this.#cancelled.delete(id);
    }
  }

  /** Does what a person asked for in the page. */
  protected async perform(what: ViewAction): Promise<void> {
    switch (what.action) {
      case 'rerun':
        this.store.retry();
        return this.rerun();
      case 'refresh':
        this.store.retry();
        await this.store.refresh();
        return this.sendInit();
      case 'bookmarkQuery':
        return this.bookmarkQuery();
      case 'setCondition':
      case 'pin':
      case 'exportResults':
      case 'openDifference':
      case 'compareAsText':
        // Of one kind of view only, which does them itself.
        return;
      case 'cancelSql':
      case 'showSql':
      case 'sortSql':
      case 'saveSql':
        return this.performSql(what);
      case 'filterEvidence':
      case 'stopEvidence':
        // Of the evidence view only, which does them by itself.
        return;
      default:
        return perform(this.services, this.store, what);
    }
  }
}

/** A page of rows shows as much of each value as the setting says; a single row as much as it asks for. */
function asked<M extends Method>(method: M, params: unknown): Params<M> {
  if (method !== 'rows' && method !== 'evidenceRows') return params as Params<M>;
  const rows = params as Params<'rows' | 'evidenceRows'>;
  if (rows.count <= 1) return params as Params<M>;
  // A lens reads whole values only.
  const previewBytes = Math.max(settings.previewBytes(), rows.lens === undefined ? 0 : LENS_BYTES);
  return { ...rows, previewBytes } as Params<M>;
}
