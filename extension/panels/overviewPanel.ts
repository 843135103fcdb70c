/** The overview tab of a store: levels, counts, options, problems, a map. One tab a store. */
import * as vscode from 'vscode';
import type { ViewInit } from '../../engine/protocol/viewApi.ts';
import { isSavedView } from '../../engine/protocol/viewState.ts';
import { PANELS } from '../ids.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
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

export class Overviews implements vscode.Disposable {
  readonly #services: Services;
  readonly #panels = new Map<string, vscode.WebviewPanel>();
  readonly #serializer: vscode.Disposable;

  constructor(services: Services) {
    this.#services = services;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(PANELS.overview, {
      deserializeWebviewPanel: async (panel, state: unknown) => {
        if (!isSavedView(state) || state.view !== 'overview') {
          panel.dispose();
          return;
        }
        const { stores } = services;
        this.#attach(stores.byPath(state.storePath) ?? stores.choose(state.storePath), panel);
      },
    });
  }

  show(store: Store): vscode.WebviewPanel {
    const open = this.#panels.get(store.path);
    if (open !== undefined) {
      open.reveal();
      return open;
    }
    const panel = vscode.window.createWebviewPanel(PANELS.overview, store.name, vscode.ViewColumn.Active, {
      enableScripts: true,
    });
    this.#attach(store, panel);
    return panel;
  }

  /** A closed store's overview has nothing to show any more. */
  close(store: Store): void {
    this.#panels.get(store.path)?.dispose();
  }

  dispose(): void {
    this.#serializer.dispose();
  }

  #attach(store: Store, panel: vscode.WebviewPanel): void {
    panel.iconPath = new vscode.ThemeIcon('database');
    this.#panels.set(store.path, panel);
    panel.onDidDispose(() => {
      if (this.#panels.get(store.path) === panel) this.#panels.delete(store.path);
    });
    new OverviewView(this.#services, store, panel);
  }
}
