/** The compaction visualiser of a store: one tab a store. The page pulls the history; we tell it what happens. */
import * as vscode from 'vscode';
import type { CompactionProgress, EngineNotice, Method, Params, Result } from '../../engine/protocol/engineApi.ts';
import { type Call, StoreError } from '../../engine/protocol/rpc.ts';
import type { ViewAction, ViewInit, VisualizerRequest } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { PANELS } from '../ids.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { PanelSet } from './panelSet.ts';
import { StoreView } from './storeView.ts';
import { chooseTrack, restoredTrack, type TrackChoice, trackOf } from './visualizerTrack.ts';

const t = vscode.l10n.t;

type Selected = (store: Store, family: number, tables: readonly number[]) => void;

export class VisualizerView extends StoreView {
  readonly #onSelected: Selected;
  /** What waits for a page to be there. */
  #request: VisualizerRequest | undefined;
  /** The page is there and has had its `init`. A hidden one is gone: it loads anew when it is shown. */
  #listening = false;
  #progress: CompactionProgress | undefined;
  #track: TrackChoice | undefined;
  readonly #watches: vscode.Disposable;

  constructor(services: Services, store: Store, panel: vscode.WebviewPanel, onSelected: Selected) {
    super(services, store, panel, 'visualizer');
    this.#onSelected = onSelected;
    this.#watches = vscode.Disposable.from(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#listening = false;
      }),
      services.stores.onStoreChanged((changed) => {
        if (changed === this.#track?.store) this.#sendTrack();
      }),
      store.onWritingEnded(() => {
        if (this.#progress === undefined) return;
        this.#progress = undefined;
        this.post({ t: 'compactionProgress', progress: null });
      }),
    );
    this.load();
  }

  /** Asks the page now, or when it is there. A later request takes the place of one that waits. */
  request(request: VisualizerRequest): void {
    if (this.#listening) this.post({ t: 'request', request });
    else this.#request = request;
  }

  /** As `request`, and gives way to one that waits: a selection is less than what a person came for. */
  select(family: number, tables: readonly number[]): void {
    const request: VisualizerRequest = { ask: 'select', family, tables };
    if (this.#listening || this.#request === undefined || this.#request.ask === 'select') this.request(request);
  }

  protected override async init(): Promise<ViewInit> {
    const summary = await this.store.open();
    const request = this.#request;
    this.#request = undefined;
    return {
      view: 'visualizer',
      storeName: this.store.name,
      summary: { ...summary, problems: this.store.problems },
      ...(request === undefined ? {} : { request }),
    };
  }

  protected override pageLoaded(): void {
    this.#listening = false;
  }

  protected override async sendInit(): Promise<void> {
    await super.sendInit();
    if (this.disposed || !this.panel.visible || this.store.state !== 'open') return;
    this.#listening = true;
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) this.post({ t: 'request', request });
    if (this.#progress !== undefined) this.post({ t: 'compactionProgress', progress: this.#progress });
    if (this.#track !== undefined) this.#sendTrack();
  }

  protected override start<M extends Method>(method: M, params: Params<M>, of?: 'track'): Promise<Call<Result<M>>> {
    if (of === undefined) return super.start(method, params);
    if (method !== 'timeline' && method !== 'timelineChunk') throw new Error(`${method} is not for a second history`);
    if (this.#track === undefined) throw new Error('there is no second history');
    return this.#track.store.start(method, params);
  }

  #sendTrack(): void {
    const track = this.#track === undefined ? undefined : trackOf(this.#track);
    if (track === undefined) this.#track = undefined;
    this.post({ t: 'track', track: track ?? null });
  }

  protected override rerun(): Promise<void> {
    return this.sendInit();
  }

  protected override engineLost(): void {
    this.#listening = false;
    if (this.panel.visible) void this.sendInit();
  }

  protected override onNotice(notice: EngineNotice): void {
    const { writing } = this.store;
    // A plan is no compaction, and one that has ended has nothing to say.
    if (notice.kind !== 'compactionProgress' || writing === undefined) return;
    // The tables of a copy are not those on show.
    this.#progress = writing === 'copy' ? { ...notice.progress, job: undefined } : notice.progress;
    this.post({ t: 'compactionProgress', progress: this.#progress });
  }

  protected override async perform(what: ViewAction): Promise<void> {
    switch (what.action) {
      case 'selectedTables':
        this.#onSelected(this.store, what.family, what.tables);
        break;
      case 'chooseTrack': {
        const chosen = await chooseTrack(this.services, this.store);
        if (chosen === undefined) return;
        this.#track = chosen;
        this.#sendTrack();
        break;
      }
      case 'restoreTrack':
        this.#track = what.track === null ? undefined : await restoredTrack(this.services, what.track);
        this.#sendTrack();
        break;
      default:
        await super.perform(what);
    }
  }

  override dispose(): void {
    this.#watches.dispose();
    super.dispose();
  }
}

export class Visualizers implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<VisualizerView>(PANELS.visualizer, 'graph');
  readonly #selected = new vscode.EventEmitter<{ store: Store; family: number; tables: readonly number[] }>();
  /** Tables were picked in a page. */
  readonly onSelected = this.#selected.event;
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.visualizer, this);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'visualizer') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const store = stores.byPath(state.storePath) ?? stores.choose(state.storePath);
    this.#open.keep(store.path, this.#make(store, panel));
  }

  /** Throws INPUT for a table file: it has no history. */
  show(store: Store, request?: VisualizerRequest): VisualizerView {
    if (store.kind === 'table') {
      throw new StoreError('INPUT', t('One table file has no history to show.'), {
        path: store.path,
        mend: t('open the directory of its store'),
      });
    }
    const view = this.#open.show(store.path, t('{0}: Compaction', store.name), (panel) => this.#make(store, panel));
    if (request !== undefined) view.request(request);
    return view;
  }

  of(store: Store): VisualizerView | undefined {
    return this.#open.get(store.path);
  }

  /** Somebody looks at how the store's tree changes. */
  isWatched(store: Store): boolean {
    return this.of(store)?.panel.visible === true;
  }

  /** A closed store has nothing to show any more. */
  close(store: Store): void {
    this.of(store)?.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#selected.dispose();
  }

  #make(store: Store, panel: vscode.WebviewPanel): VisualizerView {
    return new VisualizerView(this.#services, store, panel, (from, family, tables) =>
      this.#selected.fire({ store: from, family, tables }),
    );
  }
}
