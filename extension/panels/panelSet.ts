/** Webview panels of one type that are open, one for each thing they show. */
import * as vscode from 'vscode';
import type { StoreView } from './storeView.ts';

export class PanelSet<V extends StoreView> {
  readonly #type: string;
  readonly #icon: string;
  readonly #views = new Map<string, V>();

  /** `icon` is one of VS Code's product icons. */
  constructor(type: string, icon: string) {
    this.#type = type;
    this.#icon = icon;
  }

  get all(): readonly V[] {
    return [...this.#views.values()];
  }

  get(key: string): V | undefined {
    return this.#views.get(key);
  }

  /** The view of `key`, brought to the front: the one that is open, or a new one that `make` fills. */
  show(key: string, title: string, make: (panel: vscode.WebviewPanel) => V): V {
    const open = this.#views.get(key);
    if (open !== undefined) {
      open.panel.reveal();
      return open;
    }
    const panel = vscode.window.createWebviewPanel(this.#type, title, vscode.ViewColumn.Active, {
      enableScripts: true,
    });
    return this.keep(key, make(panel));
  }

  /** Keeps a view whose panel is there already, as after a window reload. */
  keep(key: string, view: V): V {
    const { panel } = view;
    panel.iconPath = new vscode.ThemeIcon(this.#icon);
    this.#views.set(key, view);
    panel.onDidDispose(() => {
      if (this.#views.get(key) === view) this.#views.delete(key);
    });
    return view;
  }
}
