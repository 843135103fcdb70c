/** The overview tab of a store: levels, counts, options, problems, a map. One tab a store. */
import * as vscode from 'vscode';
import type { ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { PANELS } from '../ids.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { PanelSet } from './panelSet.ts';
import { StoreView } from './storeView.ts';

class OverviewView extends StoreView {
  constructor(services: Services, store: Store, panel: vscode.WebviewPanel) {
    super(services, store, panel, 'overview');
    const found = store.onFound(() => {
      if (panel.visible) void this.sendInit();
    });
    panel.onDidDispose(() => found.dispose());
    this.load();
  }

  protected override async init(): Promise<ViewInit> {
    const summary = await this.store.open();
    return { view: 'overview', storeName: this.store.name, summary: { ...summary, problems: this.store.problems } };
  }

  protected override async rerun(): Promise<void> {
    await this.sendInit();
  }

  protected override engineLost(): void {
    if (this.panel.visible) void this.sendInit();
  }
}

export class Overviews implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #services: Services;
  readonly #open = new PanelSet<OverviewView>(PANELS.overview, 'database');
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.overview, this);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isSavedView(state) || state.view !== 'overview') {
      panel.dispose();
      return;
    }
    const { stores } = this.#services;
    const store = stores.byPath(state.storePath) ?? stores.choose(state.storePath);
    this.#open.keep(store.path, new OverviewView(this.#services, store, panel));
  }

  show(store: Store): vscode.WebviewPanel {
    return this.#open.show(store.path, store.name, (panel) => new OverviewView(this.#services, store, panel)).panel;
  }

  /** A closed store's overview has nothing to show any more. */
  close(store: Store): void {
    this.#open.get(store.path)?.panel.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
  }
}
