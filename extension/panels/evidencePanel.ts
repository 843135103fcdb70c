/**
 * Every record of every file of one directory, and what became of it. The tab has an engine of its own: it shows stores
 * that do not open, and counting through a large one holds up nobody else.
 */
import * as vscode from 'vscode';
import { fromHex } from '../../engine/model/display.ts';
import type { EvidenceOpened, Method, Params, Result } from '../../engine/protocol/engineApi.ts';
import { type Call, StoreError } from '../../engine/protocol/rpc.ts';
import type { ViewAction, ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { PANELS } from '../ids.ts';
import { lensChoice } from '../lenses.ts';
import { LooseEngine } from '../looseEngine.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { PanelSet } from './panelSet.ts';
import { StoreView } from './storeView.ts';

const t = vscode.l10n.t;

export interface Scope {
  readonly family?: string;
  readonly prefix?: Uint8Array;
}

export class EvidenceView extends StoreView {
  #engine: LooseEngine | undefined;
  #scope: Scope;
  #opening: Call<EvidenceOpened> | undefined;
  #pending: Promise<EvidenceOpened> | undefined;
  #opened: EvidenceOpened | undefined;
  /** Files are to be read anew. */
  #fresh = false;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, scope: Scope) {
    super(services, store, panel, 'evidence');
    this.#scope = scope;
    this.load();
  }

  /** The records it shows, once they are gathered. Rejects with what keeps it from showing any. */
  gathered(): Promise<EvidenceOpened> {
    if (this.#opened !== undefined) return Promise.resolve(this.#opened);
    this.#pending ??= this.#open();
    return this.#pending;
  }

  /** Narrows what is shown. */
  async narrow(scope: Scope): Promise<void> {
    this.#scope = scope;
    this.#closeSet();
    await this.sendInit();
  }

  protected override async init(): Promise<ViewInit> {
    // A page that is loaded again goes on with what an earlier one showed.
    const opened = await this.gathered();
    const state = await this.#started().start('evidenceState', { evidence: opened.evidence }).result;
    const { family, prefix } = this.#scope;
    const id = opened.families.find((f) => f.name === (family ?? opened.families[0]?.name))?.id ?? 0;
    return {
      view: 'evidence',
      storeName: this.store.name,
      storePath: this.store.path,
      ...(family === undefined ? {} : { family }),
      ...(prefix === undefined ? {} : { prefix }),
      opened: { ...opened, ...state },
      lens: lensChoice(this.services.context.workspaceState, this.store, id),
    };
  }

  protected override async rerun(): Promise<void> {
    this.#fresh = true;
    this.#closeSet();
    await this.sendInit();
  }

  protected override async perform(what: ViewAction): Promise<void> {
    if (what.action === 'filterEvidence') {
      const { family, prefix } = what;
      await this.narrow({ ...(family === undefined ? {} : { family }), ...(prefix === undefined ? {} : { prefix }) });
    } else if (what.action === 'stopEvidence') {
      this.#opening?.cancel();
      if (this.#opened !== undefined) {
        await this.#started().start('stopEvidence', { evidence: this.#opened.evidence }).result;
      }
    } else await super.perform(what);
  }

  /** The page reads its own records, from the engine of this tab. */
  protected override async start<M extends Method>(method: M, params: Params<M>): Promise<Call<Result<M>>> {
    if (method !== 'evidenceRows' && method !== 'evidenceLenses') throw new Error(`${method} is not for this view`);
    const { evidence } = params as Params<'evidenceRows'>;
    if (evidence !== this.#opened?.evidence) throw new StoreError('INPUT', t('These records are not shown any more.'));
    return this.#started().start(method, params);
  }

  // The store's own engine has no part in this.
  protected override engineState(): void {}

  protected override storeChanged(): void {
    if (this.store.state === 'open' && this.#opened !== undefined) super.storeChanged();
  }

  override dispose(): void {
    this.#engine?.dispose();
    this.#engine = undefined;
    super.dispose();
  }

  #started(): LooseEngine {
    if (this.#engine !== undefined) return this.#engine;
    const engine = new LooseEngine(this.services.workerFile, this.services.log);
    engine.onNotice((notice) => {
      if (notice.kind !== 'evidenceProgress' || notice.state.evidence !== this.#opened?.evidence) return;
      this.post({ t: 'evidenceProgress', state: notice.state });
    });
    engine.onEnd((message) => {
      if (this.#engine !== engine || this.disposed) return;
      this.#engine = undefined;
      this.#opened = undefined;
      this.post({ t: 'engine', alive: false, message });
    });
    this.#engine = engine;
    return engine;
  }

  async #open(): Promise<EvidenceOpened> {
    const fresh = this.#fresh;
    this.#fresh = false;
    const { path } = this.store;
    const call = this.#started().start('openEvidence', { path, fresh, ...this.#scope });
    this.#opening = call;
    try {
      const opened = await call.result;
      if (this.#opening === call) this.#opened = opened;
      return opened;
    } finally {
      if (this.#opening === call) {
        this.#opening = undefined;
        this.#pending = undefined;
      }
    }
  }

  #closeSet(): void {
    const evidence = this.#opened?.evidence;
    this.#opened = undefined;
    this.#opening?.cancel();
    this.#opening = undefined;
    this.#pending = undefined;
    if (evidence !== undefined) this.#engine?.start('closeEvidence', { evidence }).result.catch(() => {});
  }
}

export class EvidencePanels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<EvidenceView>(PANELS.evidence, 'inspect');
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.evidence, this);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'evidence') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const store = stores.byPath(state.storePath) ?? stores.choose(state.storePath);
    const prefix = state.prefix === undefined ? undefined : fromHex(state.prefix);
    const scope = {
      ...(state.family === undefined ? {} : { family: state.family }),
      ...(prefix === undefined ? {} : { prefix }),
    };
    this.#open.keep(store.path, new EvidenceView(this.#services, store, panel, scope));
  }

  show(store: Store): EvidenceView {
    const title = t('{0}: Evidence', store.name);
    return this.#open.show(store.path, title, (panel) => new EvidenceView(this.#services, store, panel, {}));
  }

  of(store: Store): EvidenceView | undefined {
    return this.#open.get(store.path);
  }

  /** A closed store has nothing to show any more. */
  close(store: Store): void {
    this.of(store)?.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
  }
}
