/**
 * Activation: wires the parts together and returns. No file is read, no worker started, nothing
 * parsed here; the first look at a store starts its engine.
 */
import * as vscode from 'vscode';
import { registerTools } from './assistant/tools.ts';
import { registerCommands } from './commands/commands.ts';
import { registerHistoryCommands } from './commands/historyCommands.ts';
import { SqlCommands } from './commands/sql.ts';
import { registerWriteCommands } from './commands/write.ts';
import { ComparedValues } from './comparedValues.ts';
import { Diagnostics } from './diagnostics.ts';
import { findStores } from './discover.ts';
import { valueAt } from './documentAddress.ts';
import { Documents } from './documents.ts';
import { EditFiles } from './edit/editFiles.ts';
import { Writes } from './edit/writes.ts';
import { QueryLists } from './history/queryLists.ts';
import { registerQueryViews } from './history/queryTree.ts';
import { CONTEXT, SETTINGS } from './ids.ts';
import { registerImport } from './import/importCommand.ts';
import { findLenses } from './lenses.ts';
import { Comparisons } from './panels/comparePanel.ts';
import { EvidencePanels } from './panels/evidencePanel.ts';
import { Overviews } from './panels/overviewPanel.ts';
import { registerResults } from './panels/resultsPanel.ts';
import type { SqlPanels } from './panels/sqlPanel.ts';
import { TablePanels } from './panels/tablePanel.ts';
import { Visualizers } from './panels/visualizerPanel.ts';
import type { Services } from './services.ts';
import { settings } from './settings.ts';
import { registerTableEditor } from './sstEditor.ts';
import { registerStatusBar } from './statusBar.ts';
import { registerStoreCode } from './storeCode.ts';
import { Stores } from './stores.ts';
import { TreeSync } from './treeSync.ts';
import { StoresTree } from './trees/storesTree.ts';
import { Watchers } from './watcher.ts';

/** What `activate` exports, for tests inside the extension host. */
export interface Exports {
  readonly stores: Stores;
  readonly tree: StoresTree;
  readonly visualizers: Visualizers;
  readonly tables: TablePanels;
  readonly sql: SqlPanels;
  readonly services: Services;
  readonly evidence: EvidencePanels;
  readonly queries: QueryLists;
  readonly writes: Writes;
  readonly edits: EditFiles;
  readonly activationMillis: number;
}

export function activate(context: vscode.ExtensionContext): Exports {
  const began = performance.now();
  const log = vscode.window.createOutputChannel('LSM Inspector', { log: true });
  const workerFile = vscode.Uri.joinPath(context.extensionUri, 'dist', 'worker.js').fsPath;
  const stores = new Stores({ workerFile, log }, context.workspaceState);
  const tree = new StoresTree(stores);
  const documents = new Documents(stores, { workerFile, log });
  const queries = new QueryLists(context.workspaceState);
  const compared = new ComparedValues(documents);
  const services: Services = { context, log, workerFile, stores, tree, documents, queries, compared };
  const writes = new Writes({ stores, tree, log });
  const edits = new EditFiles(stores, writes);
  const overviews = new Overviews(services);
  const visualizers = new Visualizers(services);
  const tables = new TablePanels(services);
  const sql = new SqlCommands(services);
  const evidence = new EvidencePanels(services);
  const comparisons = new Comparisons(services);
  const discover = async (): Promise<void> => {
    const roots = (vscode.workspace.workspaceFolders ?? [])
      .filter((f) => f.uri.scheme === 'file')
      .map((f) => f.uri.fsPath);
    const depth = settings.discoverDepth();
    stores.setFound(depth < 0 ? [] : await findStores(roots, depth));
  };
  context.subscriptions.push(
    log,
    stores,
    tree,
    documents,
    overviews,
    visualizers,
    tables,
    comparisons,
    evidence,
    new TreeSync(tree, visualizers, log),
    sql,
    registerCommands({ ...services, overviews, visualizers, tables, comparisons, evidence, sql: sql.panels, discover }),
    registerWriteCommands({ ...services, writes, edits }),
    registerImport({ ...services, writes }),
    registerHistoryCommands(services),
    registerQueryViews(queries),
    registerTools(stores),
    edits,
    queries,
    compared,
    registerResults(services),
    registerTableEditor(services),
    registerStatusBar(stores),
    new Diagnostics(stores, documents, log),
    findLenses(stores, log),
    registerStoreCode(),
    new Watchers(stores, (store) => visualizers.isWatched(store), log),
    keepContext(stores, tree),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void discover()),
    vscode.workspace.onDidChangeConfiguration((e) => {
      if (e.affectsConfiguration(`${SETTINGS.section}.${SETTINGS.discoverDepth}`)) void discover();
    }),
  );
  void discover();
  const activationMillis = performance.now() - began;
  log.info(`Activated in ${activationMillis.toFixed(1)} ms.`);
  return {
    stores,
    tree,
    visualizers,
    tables,
    evidence,
    sql: sql.panels,
    services,
    queries,
    writes,
    edits,
    activationMillis,
  };
}

/** Keeps the keys of `when` clauses true to the state. */
function keepContext(stores: Stores, tree: StoresTree): vscode.Disposable {
  const set = (key: string, value: unknown): void => void vscode.commands.executeCommand('setContext', key, value);
  const update = (): void => {
    set(CONTEXT.hasStore, stores.list.length > 0);
    set(CONTEXT.hasOpenStore, stores.openOnes.length > 0);
  };
  const showsValue = (editor: vscode.TextEditor | undefined): void => {
    set(CONTEXT.valueDocument, editor !== undefined && valueAt(editor.document.uri) !== undefined);
  };
  update();
  showsValue(vscode.window.activeTextEditor);
  return vscode.Disposable.from(
    stores.onListChanged(update),
    stores.onStoreChanged(update),
    vscode.window.onDidChangeActiveTextEditor(showsValue),
    tree.view.onDidChangeSelection((e) => {
      set(CONTEXT.selectionHasKey, e.selection[0]?.kind === 'entry');
    }),
  );
}
