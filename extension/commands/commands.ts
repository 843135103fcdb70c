/** Every command: each asks for what it misses, shows one error at most, and returns what it did. */

import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { displayKey, formatCount, hex } from '../../engine/model/display.ts';
import type { GetResult } from '../../engine/protocol/engineApi.ts';
import { describeProblem, toStoreError } from '../../engine/protocol/rpc.ts';
import { VALUE_BYTES_MAX } from '../documents.ts';
import { COMMANDS, ITEM_COMMANDS, PRIVATE_COMMANDS, VIEWS } from '../ids.ts';
import { sentence, withProgress } from '../messages.ts';
import type { Overviews } from '../panels/overviewPanel.ts';
import { showResults } from '../panels/resultsPanel.ts';
import type { SqlPanels } from '../panels/sqlPanel.ts';
import { settings } from '../settings.ts';
import type { Store } from '../store.ts';
import { familyOf, type MoreNode, type Node, tableOf } from '../trees/nodes.ts';
import { valueText } from '../valueText.ts';
import { compact, planCompaction } from './compact.ts';
import { type CompareParts, compareStores } from './compare.ts';
import { type EvidenceParts, exportEvidence, showEvidence } from './evidence.ts';
import { exportStore } from './export.ts';
import { flush } from './flush.ts';
import { chooseFormat } from './format.ts';
import { keyHistory } from './keyHistory.ts';
import { expand } from './paths.ts';
import { argsOf, askKey, familyFor, isNode, keyFrom, storeFor } from './pickers.ts';
import { registrar } from './registrar.ts';
import { repair } from './repair.ts';
import { createSample } from './samples.ts';
import { scan } from './scan.ts';
import { isDamagedStore, verify } from './verify.ts';
import { explain, showTable, showVisualizer, type VisualizeParts } from './visualize.ts';

const t = vscode.l10n.t;

export interface CommandParts extends VisualizeParts, CompareParts, EvidenceParts {
  readonly overviews: Overviews;
  readonly sql: SqlPanels;
  /** Looks for store directories in the workspace folders again. */
  readonly discover: () => Promise<void>;
}

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const { stores, tree, documents, log } = parts;
  const disposables: vscode.Disposable[] = [];
  const on = registrar(log, disposables);

  on(COMMANDS.openStore, t('Open Store'), async (arg) => {
    const given = argsOf(arg).store;
    if (given !== undefined) return openAt(parts, typeof given === 'string' ? given : given.path);
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const picked = await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: t('Open Store'),
      title: t('Open the data directory of a RocksDB or LevelDB store'),
      ...(folder === undefined ? {} : { defaultUri: folder }),
    });
    const uri = picked?.[0];
    return uri === undefined ? undefined : openAt(parts, uri.fsPath);
  });

  on(COMMANDS.openStoreAtPath, t('Open Store'), async (arg) => {
    const given = argsOf(arg).store;
    if (given !== undefined) return openAt(parts, typeof given === 'string' ? given : given.path);
    const typed = await vscode.window.showInputBox({
      title: t('Open Store at Path'),
      prompt: t('The data directory of a RocksDB or LevelDB store'),
      placeHolder: '/var/lib/app/db',
      ignoreFocusOut: true,
      validateInput: checkDirectory,
    });
    return typed === undefined || typed === '' ? undefined : openAt(parts, expand(typed));
  });

  on(ITEM_COMMANDS.openFolderAsStore, t('Open Store'), async (arg) => {
    const given = argsOf(arg).store;
    if (typeof given !== 'string') return undefined;
    const isFile = await stat(given).then(
      (s) => s.isFile(),
      () => false,
    );
    return openAt(parts, isFile ? path.dirname(given) : given);
  });

  on(COMMANDS.closeStore, t('Close Store'), async (arg) => {
    const store = await storeFor(stores, argsOf(arg));
    if (store === undefined) return;
    const { overviews, visualizers, tables, comparisons, sql, evidence } = parts;
    for (const panels of [overviews, visualizers, tables, comparisons, sql, evidence]) panels.close(store);
    stores.close(store);
  });

  on(COMMANDS.refresh, t('Refresh'), async (arg) => {
    const given = argsOf(arg);
    const list =
      given.store === undefined
        ? stores.list.filter((s) => s.state === 'open' || s.state === 'failed')
        : [await storeFor(stores, given, 'any')];
    if (given.store === undefined) await parts.discover();
    for (const store of list) {
      if (store === undefined) continue;
      store.retry();
      store.forgetFound();
      await withProgress(VIEWS.stores, t('Refreshing {0}', store.name), (token) => store.refresh(token));
      tree.refresh(store);
    }
  });

  on(COMMANDS.get, t('Get'), (arg) => get(parts, arg));
  on(COMMANDS.scan, t('Scan'), (arg) => scan(parts, argsOf(arg)));
  on(COMMANDS.export, t('Export'), (arg) => exportStore(parts, arg));
  on(COMMANDS.compare, t('Compare'), (arg) => compareStores(parts, arg));
  on(COMMANDS.chooseFormat, t('Choose Value Format'), (arg) => chooseFormat(parts, arg));
  on(COMMANDS.keyHistory, t('Key History'), (arg) => keyHistory(parts, arg));

  on(ITEM_COMMANDS.scanTable, t('Show Entries'), (arg) => {
    if (!isNode(arg)) return;
    const table = tableOf(arg);
    if (table === undefined) return;
    const block = arg.kind === 'block' ? { block: arg.block.index } : {};
    showResults(parts, arg.store, { family: table.family, table: table.number, ...block });
  });

  on(COMMANDS.showOverview, t('Store Overview'), async (arg) => {
    const store = await storeFor(stores, argsOf(arg));
    if (store === undefined) return;
    await withProgress(VIEWS.stores, t('Opening {0}', store.name), (token) => store.open(token));
    stores.setActive(store);
    parts.overviews.show(store);
  });

  on(COMMANDS.showVisualizer, t('Compaction Visualizer'), (arg) => showVisualizer(parts, arg));
  on(COMMANDS.explain, t('Explain'), (arg) => explain(parts, arg));
  on(COMMANDS.showTable, t('Table Details'), (arg) => showTable(parts, arg));

  on(COMMANDS.planCompaction, t('Plan Compaction'), (arg, second) => planCompaction(parts, arg, second));
  on(COMMANDS.compact, t('Compact'), (arg, second) => compact(parts, arg, second));
  on(COMMANDS.flush, t('Flush'), (arg) => flush(parts, arg));
  on(COMMANDS.verify, t('Verify Checksums'), (arg) => verify(parts, arg));
  on(COMMANDS.repair, t('Repair'), (arg) => repair(parts, arg));
  on(COMMANDS.showEvidence, t('Show Evidence'), (arg) => showEvidence(parts, arg));
  on(COMMANDS.exportEvidence, t('Export Evidence'), (arg) => exportEvidence(parts, arg));
  on(COMMANDS.createSample, t('Create Sample Store'), async (arg) => {
    const directory = await createSample(parts, arg);
    if (directory !== undefined) await openAt(parts, directory);
    return directory;
  });

  on(COMMANDS.copyKey, t('Copy Key'), async (arg) => {
    const node = isNode(arg) ? arg : tree.view.selection[0];
    if (node?.kind !== 'entry') return;
    await copy(displayKey(node.entry.key, 1_000_000), t('Key copied.'));
  });

  on(COMMANDS.copyValue, t('Copy Value'), async (arg) => {
    const selected = tree.view.selection[0];
    const args = argsOf(arg ?? (selected?.kind === 'entry' ? selected : undefined));
    const store = await storeFor(stores, args);
    if (store === undefined) return;
    const family = await familyFor(store, args);
    if (family === undefined) return;
    const key =
      keyFrom(args.key) ?? (await askKey(t('Copy Value'), t('Key in {0}', family.name), { of: { store, family } }));
    if (key === undefined) return;
    const value = await withProgress(VIEWS.stores, t('Reading the value of {0}', displayKey(key, 40)), (token) =>
      store.call('value', { family: family.id, key, seq: args.seq, maxBytes: VALUE_BYTES_MAX }, token),
    );
    const text = valueText(value).kind === 'hex' ? `0x${hex(value)}` : new TextDecoder().decode(value);
    await copy(text, t('Value copied.'));
  });

  on(COMMANDS.copyPath, t('Copy Path'), async (arg) => {
    const node = isNode(arg) ? arg : undefined;
    const store = node?.store ?? (await storeFor(stores, argsOf(arg), 'any'));
    if (store === undefined) return;
    await copy(node === undefined ? store.path : pathOfNode(node), t('Path copied.'));
  });

  on(COMMANDS.showLog, t('Show Log'), () => log.show());

  on(ITEM_COMMANDS.openValue, t('Open Value'), async (arg) => {
    if (!isNode(arg) || arg.kind !== 'entry') return;
    await documents.openValue(arg.store, arg.family, arg.entry.key, arg.entry.seq);
  });

  on(ITEM_COMMANDS.openDump, t('Open Dump'), async (arg) => {
    if (arg instanceof vscode.Uri) {
      // From the title of our table editor, whose store is the file itself.
      const store = stores.byPath(arg.fsPath);
      if (store !== undefined) await documents.openDump(store, arg.fsPath);
      return;
    }
    if (!isNode(arg)) return;
    if (arg.kind === 'file') await documents.openDump(arg.store, arg.file);
    else if (arg.kind === 'memtable') {
      // The newest log holds the newest writes; the others are listed under "Write-ahead log".
      const log = arg.store.summary?.wal.at(-1);
      if (log !== undefined) await documents.openDump(arg.store, log.file);
    } else if (arg.kind === 'table') await documents.openDump(arg.store, arg.table.file);
    else if (arg.kind === 'block') {
      await documents.openBlock(arg.store, arg.table.family, arg.table.number, arg.block.index);
    }
  });

  on(ITEM_COMMANDS.openOptions, t('Open OPTIONS'), async (arg) => {
    if (isNode(arg) && arg.kind === 'file') await documents.openOptions(arg.store, arg.file);
  });

  on(PRIVATE_COMMANDS.loadMore, t('Load More'), (arg) => tree.loadMore(arg as MoreNode));

  on(PRIVATE_COMMANDS.openProblem, t('Open'), async (arg) => {
    if (!isNode(arg) || arg.kind !== 'problem') return;
    await documents.openPlace(arg.store, arg.problem.path, arg.problem.offset);
  });

  on(PRIVATE_COMMANDS.revealTable, t('Show Table'), async (storePath, table) => {
    const store = stores.byPath(String(storePath));
    if (store !== undefined && typeof table === 'number') await tree.revealTable(store, table);
  });

  return vscode.Disposable.from(...disposables);
}

/** Lists, opens, shows. Resolves to the summary; the tree shows the error where it cannot be opened. */
async function openAt(parts: CommandParts, directory: string): Promise<unknown> {
  const listed = parts.stores.byPath(directory);
  const chosenBefore = listed !== undefined && parts.stores.isChosen(listed);
  const store = parts.stores.choose(directory);
  store.retry();
  try {
    const summary = await withProgress(VIEWS.stores, t('Opening {0}', store.name), (token) => store.open(token));
    await reveal(parts, store);
    if (settings.overviewOnOpen()) parts.overviews.show(store);
    return summary;
  } catch (thrown) {
    // A directory that is no store does not enter the list; one that is damaged does, for what can be done about it.
    if (!(await isDamagedStore(store.path, thrown))) {
      if (!chosenBefore) parts.stores.close(store);
      throw thrown;
    }
    parts.log.error(`${t('Open Store')}: ${describeProblem(toStoreError(thrown))}`);
    offerHelp(store, thrown);
    return undefined;
  }
}

/** Says why a damaged store does not open, and what can be done. */
function offerHelp(store: Store, thrown: unknown): void {
  const check = t('Verify Checksums');
  const mend = t('Repair to New Folder…');
  const message = t('{0} cannot be opened: {1}', store.name, sentence(thrown));
  void vscode.window.showErrorMessage(message, check, mend).then((choice) => {
    if (choice === check) void vscode.commands.executeCommand(COMMANDS.verify, store);
    if (choice === mend) void vscode.commands.executeCommand(COMMANDS.repair, store);
  });
}

async function reveal(parts: CommandParts, store: Store): Promise<void> {
  await vscode.commands.executeCommand(`${VIEWS.stores}.focus`);
  await parts.tree.revealStore(store).then(undefined, (thrown: unknown) => {
    parts.log.debug(`Not revealed: ${String(thrown)}`);
  });
}

async function get(parts: CommandParts, arg: unknown): Promise<GetResult | undefined> {
  const { stores, documents } = parts;
  const args = argsOf(arg);
  const store = await storeFor(stores, args);
  if (store === undefined) return undefined;
  stores.setActive(store);
  const family = await familyFor(store, args);
  if (family === undefined) return undefined;
  const named = isNode(arg) ? undefined : keyFrom(args.key);
  const title = t('Get from {0}', family.name);
  const key = named ?? (await askKey(title, t('Key to look up in {0}', store.name), { of: { store, family } }));
  if (key === undefined) return undefined;
  const result = await withProgress(VIEWS.stores, t('Reading {0}', displayKey(key, 40)), (token) =>
    store.call('get', { family: family.id, key, at: args.at }, token),
  );
  parts.queries.ranPoint('get', store, family.name, key, args.at, result.entry === undefined ? 0 : 1);
  for (const problem of result.problems) parts.log.warn(`get ${displayKey(key)}: ${describeProblem(problem)}`);
  if (result.problems[0] !== undefined) {
    const check = t('Verify Checksums');
    const message = t(
      'Damage was met on the way, so the answer may be wrong: {0}',
      describeProblem(result.problems[0]),
    );
    void vscode.window.showWarningMessage(message, check).then((choice) => {
      if (choice === check) void vscode.commands.executeCommand(COMMANDS.verify, store);
    });
  }
  if (result.entry !== undefined) {
    await documents.openValue(store, family.id, key, result.entry.seq);
    return result;
  }
  const near = t('Scan From Here');
  const message = t('{0} is not in {1}, as of sequence {2}.', displayKey(key, 80), family.name, formatCount(result.at));
  void vscode.window.showInformationMessage(message, ...(family.ordered ? [near] : [])).then((choice) => {
    if (choice === near) void scan(parts, { store, family: family.id, from: key });
  });
  return result;
}

function pathOfNode(node: Node): string {
  const { store } = node;
  const file =
    node.kind === 'file' ? node.file : node.kind === 'problem' ? node.problem.path : (tableOf(node)?.file ?? '');
  if (file === '' || (familyOf(node) === undefined && node.kind === 'store')) return store.path;
  return path.isAbsolute(file) ? file : path.join(store.path, file);
}

async function copy(text: string, said: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`$(check) ${said}`, 2_500);
}

async function checkDirectory(typed: string): Promise<string | vscode.InputBoxValidationMessage | undefined> {
  if (typed.trim() === '') return undefined;
  const directory = expand(typed);
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) return t('There is nothing at {0}.', directory);
  if (!found.isDirectory()) return t('{0} is a file; a store is a directory.', directory);
  const current = await stat(path.join(directory, 'CURRENT')).catch(() => undefined);
  if (current !== undefined) return undefined;
  return {
    message: t('There is no CURRENT file in it: it may not be a store.'),
    severity: vscode.InputBoxValidationSeverity.Warning,
  };
}
