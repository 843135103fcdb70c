/**
 * The Stores view: stores, column families, levels, tables, blocks, entries. Levels and blocks page
 * themselves; a refresh keeps what was expanded, selected and loaded.
 */
import * as vscode from 'vscode';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { VIEWS } from '../ids.ts';
import { isCancelled } from '../messages.ts';
import type { Store } from '../store.ts';
import type { Stores } from '../stores.ts';
import { childrenOf, errorNode, locateTable, PAGE, problemsNodes } from './children.ts';
import { treeItem } from './items.ts';
import type { MoreNode, Node, StoreNode } from './nodes.ts';
import { storeNode } from './nodes.ts';

const FIND_MAX = 10_000;

export class StoresTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly view: vscode.TreeView<Node>;
  readonly #stores: Stores;
  readonly #changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #roots = new Map<Store, StoreNode>();
  /** Node id → how many children it shows; absent: one page. */
  readonly #loaded = new Map<string, number>();
  /** The latest node handed out under an id: what VS Code knows it by. */
  readonly #known = new Map<string, Node>();

  constructor(stores: Stores) {
    this.#stores = stores;
    this.view = vscode.window.createTreeView(VIEWS.stores, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
    this.#subscriptions.push(
      this.view,
      stores.onListChanged(() => this.#changed.fire(undefined)),
      stores.onStoreChanged((store) => this.#storeChanged(store)),
      this.view.onDidChangeSelection((e) => {
        const store = e.selection[0]?.store;
        if (store !== undefined && store.state === 'open') stores.setActive(store);
      }),
    );
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node);
  }

  getParent(node: Node): Node | undefined {
    return node.parent;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const nodes = node === undefined ? this.#rootNodes() : await this.#childrenOf(node);
    for (const n of nodes) this.#known.set(n.id, n);
    return nodes;
  }

  loadMore(node: MoreNode): void {
    const { parent } = node;
    if (parent === undefined) return;
    this.#loaded.set(parent.id, node.loaded + PAGE);
    this.#changed.fire(this.#known.get(parent.id) ?? parent);
  }

  /** Asks for everything under a store again. */
  refresh(store?: Store): void {
    this.#changed.fire(store === undefined ? undefined : this.#roots.get(store));
  }

  async revealStore(store: Store): Promise<void> {
    const node = this.#rootNodes().find((n) => n.store === store);
    if (node !== undefined) await this.view.reveal(node, { select: true, focus: true, expand: true });
  }

  /**
   * Selects a table, loading as much of its level as that takes. Rejects if it is not live, and where the tree
   * would have to list more than `most` tables of its level.
   */
  async revealTable(
    store: Store,
    table: number,
    { focus = true, most = FIND_MAX }: { readonly focus?: boolean; readonly most?: number } = {},
  ): Promise<void> {
    const listed = this.#stores.listed(store);
    const root = this.#rootNodes().find((n) => n.store === listed);
    if (root === undefined) {
      throw new StoreError('NOT_FOUND', vscode.l10n.t('The store of table {0} is not listed.', table), {
        path: store.path,
        mend: vscode.l10n.t('open its directory as a store'),
      });
    }
    await root.store.open();
    const { row, index } = await locateTable(root.store, table, vscode.l10n.t);
    if (index >= most) {
      throw new StoreError(
        'INPUT',
        vscode.l10n.t('Table {0} is too far down in its level for the tree to list it.', table),
      );
    }
    const find = async (parent: Node, id: string): Promise<Node> => {
      const children = await this.getChildren(parent);
      const child = children.find((n) => n.id === id);
      if (child === undefined) throw new Error(`${id} is not in the tree`);
      return child;
    };
    const familyNode = await find(root, `${root.id}/f${row.family}`);
    const levelNode = await find(familyNode, `${familyNode.id}/l${row.level}`);
    const wanted = Math.ceil((index + 1) / PAGE) * PAGE;
    if (wanted > (this.#loaded.get(levelNode.id) ?? PAGE)) {
      this.#loaded.set(levelNode.id, wanted);
      this.#changed.fire(undefined);
    }
    const tableNode = await find(levelNode, `${levelNode.id}/t${table}`);
    await this.view.reveal(tableNode, { select: true, focus, expand: false });
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#changed.dispose();
  }

  #rootNodes(): StoreNode[] {
    const nodes = this.#stores.list.map((store) => {
      const chosen = this.#stores.isChosen(store);
      const old = this.#roots.get(store);
      const fresh = storeNode(store, chosen);
      return old !== undefined && old.id === fresh.id && old.chosen === chosen ? old : fresh;
    });
    this.#roots.clear();
    for (const n of nodes) this.#roots.set(n.store, n);
    return nodes;
  }

  async #childrenOf(node: Node): Promise<Node[]> {
    const { store } = node;
    // One try for each time that a person asks: a store that failed waits for "Refresh".
    if (node.kind === 'store' && store.state === 'failed' && store.error !== undefined) {
      return [errorNode(node, store.error), ...problemsNodes(node)];
    }
    try {
      return await childrenOf(node, this.#loaded.get(node.id) ?? PAGE, vscode.l10n.t);
    } catch (thrown) {
      if (isCancelled(thrown) && store.state === 'closed') return [];
      return [errorNode(node, thrown)];
    }
  }

  #storeChanged(store: Store): void {
    if (store.state === 'opening') return;
    const root = this.#roots.get(store);
    if (store.state === 'closed') this.#forget(store);
    // A closed store gets a new id (see `Store.epoch`), which only a refresh of the roots tells.
    if (root === undefined || store.state === 'closed') this.#changed.fire(undefined);
    else this.#changed.fire(root);
  }

  #forget(store: Store): void {
    const prefix = `${store.path}#`;
    for (const id of this.#loaded.keys()) if (id.startsWith(prefix)) this.#loaded.delete(id);
    for (const id of this.#known.keys()) if (id.startsWith(prefix)) this.#known.delete(id);
  }
}
