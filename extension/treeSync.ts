/**
 * One selection for the Stores tree and the visualiser of a store. What is picked in one is picked in the other a
 * moment later, and what came from the other is not sent back:
 *
 * - A page that was told of the tree's selection tells us which of those tables it has; that changes nothing.
 * - The tree can be made to select one table only, the last one picked in the page; its event is expected.
 *
 * The focus stays where it is, and a Stores view that is hidden is not brought up: it follows when it is shown.
 */
import type * as vscode from 'vscode';
import { describeProblem, toStoreError } from '../engine/protocol/rpc.ts';
import type { Visualizers } from './panels/visualizerPanel.ts';
import type { Store } from './store.ts';
import { type Node, tableOf } from './trees/nodes.ts';
import type { StoresTree } from './trees/storesTree.ts';

/** From the last change of a selection to the other side's. */
const SETTLE_MILLIS = 150;
/** For this long the other side's answer is an echo. */
const ECHO_MILLIS = 1_000;
/** Tables of one level that the tree is made to list for the sake of a selection. */
const TABLES_MAX = 2_000;

interface Selection {
  readonly store: Store;
  readonly family: number;
  /** The last one picked first. */
  readonly tables: readonly number[];
}

export class TreeSync implements vscode.Disposable {
  readonly #tree: StoresTree;
  readonly #visualizers: Visualizers;
  readonly #log: vscode.LogOutputChannel;
  readonly #subscriptions: vscode.Disposable[];
  readonly #toPage = new Delay();
  readonly #toTree = new Delay();
  /** What the page was told last, and when. */
  #told: { readonly selection: Selection; readonly at: number } | undefined;
  /** The selection that we have asked of the tree. */
  #expected: { readonly store: Store; readonly table: number; readonly until: number } | undefined;
  /** What the tree is to select when it is shown. */
  #waiting: Selection | undefined;

  constructor(tree: StoresTree, visualizers: Visualizers, log: vscode.LogOutputChannel) {
    this.#tree = tree;
    this.#visualizers = visualizers;
    this.#log = log;
    this.#subscriptions = [
      tree.view.onDidChangeSelection((e) => this.#treeSelected(e.selection)),
      visualizers.onSelected((selection) => this.#pageSelected(selection)),
      tree.view.onDidChangeVisibility((e) => {
        const selection = this.#waiting;
        this.#waiting = undefined;
        if (e.visible && selection !== undefined) void this.#select(selection);
      }),
    ];
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#toPage.cancel();
    this.#toTree.cancel();
  }

  #treeSelected(nodes: readonly Node[]): void {
    const selection = selectionOf(nodes);
    if (selection === undefined) return;
    const expected = this.#expected;
    this.#expected = undefined;
    if (
      expected !== undefined &&
      expected.until > performance.now() &&
      expected.store === selection.store &&
      selection.tables.length === 1 &&
      selection.tables[0] === expected.table
    ) {
      return;
    }
    this.#waiting = undefined;
    this.#toPage.run(() => {
      const view = this.#visualizers.of(selection.store);
      if (view === undefined) return;
      this.#told = { selection, at: performance.now() };
      view.select(selection.family, selection.tables);
    });
  }

  #pageSelected(selection: Selection): void {
    this.#waiting = undefined;
    if (selection.tables.length === 0) {
      this.#toTree.cancel();
      return;
    }
    this.#toTree.run(() => void this.#select(selection));
  }

  async #select(selection: Selection): Promise<void> {
    const { store, tables } = selection;
    const [table] = tables;
    if (table === undefined || this.#isEcho(selection)) return;
    if (isSame(selectionOf(this.#tree.view.selection), selection)) return;
    if (!this.#tree.view.visible) {
      this.#waiting = selection;
      return;
    }
    this.#expected = { store, table, until: performance.now() + ECHO_MILLIS };
    try {
      await this.#tree.revealTable(store, table, { focus: false, most: TABLES_MAX });
    } catch (thrown) {
      // A table of the past has no node, and one far down in a large level is not worth listing all before it.
      this.#expected = undefined;
      this.#log.debug(`Not selected in the tree: ${describeProblem(toStoreError(thrown))}`);
    }
  }

  /** The page answers what it was told: some of those tables, and no other. */
  #isEcho({ store, family, tables }: Selection): boolean {
    const told = this.#told;
    if (told === undefined || performance.now() - told.at > ECHO_MILLIS) return false;
    const { selection } = told;
    return (
      selection.store === store && selection.family === family && tables.every((n) => selection.tables.includes(n))
    );
  }
}

/** The tables that `nodes` are or lie in, as far as they are of the first one's family. */
function selectionOf(nodes: readonly Node[]): Selection | undefined {
  const [first] = nodes.filter((n) => tableOf(n) !== undefined);
  const family = first === undefined ? undefined : tableOf(first)?.family;
  if (first === undefined || family === undefined) return undefined;
  const tables = nodes.flatMap((n) => {
    const table = n.store === first.store ? tableOf(n) : undefined;
    return table?.family === family ? [table.number] : [];
  });
  return { store: first.store, family, tables: [...new Set(tables)] };
}

function isSame(a: Selection | undefined, b: Selection): boolean {
  if (a === undefined || a.store !== b.store || a.family !== b.family || a.tables.length !== b.tables.length)
    return false;
  return b.tables.every((n) => a.tables.includes(n));
}

/** Runs the last of what it was given when nothing more came for a while. */
class Delay {
  #timer: NodeJS.Timeout | undefined;

  run(action: () => void): void {
    this.cancel();
    this.#timer = setTimeout(action, SETTLE_MILLIS);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
