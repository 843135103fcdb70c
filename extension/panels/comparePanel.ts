/** The comparison tab of two stores. What the engine has answered is kept, so that a tab that was covered asks for nothing twice. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { hex } from '../../engine/model/display.ts';
import type { DiffParams, DiffReport, EngineNotice, Method, Params, Result } from '../../engine/protocol/engineApi.ts';
import { type Call, StoreError } from '../../engine/protocol/rpc.ts';
import type { ViewAction, ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { openAsText, openDifference } from '../differences.ts';
import { PANELS } from '../ids.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { PanelSet } from './panelSet.ts';
import { StoreView } from './storeView.ts';

const t = vscode.l10n.t;

/** Differences that one answer holds. */
const PAGE_ROWS = 1_000;

export class CompareView extends StoreView {
  readonly other: string;
  /** By the place that they begin behind, in order. */
  readonly #answers = new Map<string, Call<DiffReport>>();
  /** Those that have come, in order. */
  #reports: DiffReport[] = [];

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, other: string) {
    super(services, store, panel, 'compare');
    this.other = other;
    this.load();
  }

  protected override async init(): Promise<ViewInit> {
    await this.store.open();
    return {
      view: 'compare',
      storeName: this.store.name,
      storePath: this.store.path,
      otherName: path.basename(this.other) || this.other,
      otherPath: this.other,
    };
  }

  protected override rerun(): Promise<void> {
    this.#forget();
    return this.sendInit();
  }

  protected override engineLost(): void {
    this.#forget();
  }

  protected override onNotice(notice: EngineNotice): void {
    if (notice.kind === 'diffProgress' && this.#answers.size > this.#reports.length)
      this.post({ t: 'diffProgress', keys: notice.keys });
  }

  /** The page may compare, and only with the store that this tab is about. */
  protected override async start<M extends Method>(
    method: M,
    params: Params<M>,
    of?: 'track',
  ): Promise<Call<Result<M>>> {
    if (method !== 'diff') return super.start(method, params, of);
    return (await this.#diff((params as DiffParams).after)) as Call<Result<M>>;
  }

  protected override async perform(what: ViewAction): Promise<void> {
    switch (what.action) {
      case 'openDifference':
        return openDifference(this.services.documents, this.store, this.other, what);
      case 'compareAsText':
        return openAsText(this.services.documents, this.store, this.other, this.#reports);
      default:
        return super.perform(what);
    }
  }

  override dispose(): void {
    this.#forget();
    super.dispose();
  }

  async #diff(after: DiffParams['after']): Promise<Call<DiffReport>> {
    const id = after === undefined ? '' : `${after.family}\0${hex(after.key)}`;
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const started = await this.store.start('diff', { path: this.other, limit: PAGE_ROWS, after });
    const call: Call<DiffReport> = {
      result: started.result,
      cancel: () => {
        started.cancel();
        if (this.#answers.get(id) === call) this.#answers.delete(id);
      },
    };
    this.#answers.set(id, call);
    started.result.then(
      (report) => {
        if (this.#answers.get(id) === call) this.#reports.push(report);
      },
      () => {
        if (this.#answers.get(id) === call) this.#answers.delete(id);
      },
    );
    return call;
  }

  #forget(): void {
    const calls = [...this.#answers.values()];
    this.#answers.clear();
    this.#reports = [];
    for (const call of calls) call.cancel();
  }
}

export class Comparisons implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<CompareView>(PANELS.compare, 'diff');
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.compare, this);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'compare') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const store = stores.byPath(state.storePath) ?? stores.choose(state.storePath);
    this.#open.keep(key(store, state.otherPath), new CompareView(this.#services, store, panel, state.otherPath));
  }

  show(store: Store, other: string): CompareView {
    if (path.resolve(store.path) === path.resolve(other)) {
      throw new StoreError('INPUT', t('A store is the same as itself: choose another one.'), { path: other });
    }
    const title = t('{0} ↔ {1}', store.name, path.basename(other));
    return this.#open.show(key(store, other), title, (panel) => new CompareView(this.#services, store, panel, other));
  }

  /** A closed store has nothing to compare any more. */
  close(store: Store): void {
    for (const view of this.#open.all) if (view.store === store) view.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
  }
}

function key(store: Store, other: string): string {
  return `${store.path}\0${other}`;
}
