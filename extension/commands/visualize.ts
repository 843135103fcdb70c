/** "Show Compaction Visualizer", "Explain Get…" and "Show Table Details". */
import * as vscode from 'vscode';
import { displayKey } from '../../engine/model/display.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { VisualizerRequest } from '../../engine/protocol/viewApi.ts';
import { VIEWS } from '../ids.ts';
import { withProgress } from '../messages.ts';
import type { TablePanels } from '../panels/tablePanel.ts';
import type { Visualizers } from '../panels/visualizerPanel.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { findTable } from '../trees/children.ts';
import { tableOf } from '../trees/nodes.ts';
import { argsOf, askKey, type CommandArgs, familyFor, isNode, keyFrom, pickTables, storeFor } from './pickers.ts';

const t = vscode.l10n.t;

export interface VisualizeParts extends Services {
  readonly visualizers: Visualizers;
  readonly tables: TablePanels;
}

/** Resolves to what the page was asked; undefined where nothing was, or where the person gave up. */
export async function showVisualizer(parts: VisualizeParts, arg: unknown): Promise<VisualizerRequest | undefined> {
  const args = argsOf(arg);
  const store = await directoryFor(parts, args);
  if (store === undefined) return undefined;
  const node = isNode(arg) ? arg : undefined;
  const table = node === undefined ? args.table : tableOf(node)?.number;
  // A store that is named shows the family that its page was left with.
  const family = args.family === undefined ? undefined : await familyFor(store, args);
  const request: VisualizerRequest | undefined =
    family === undefined
      ? undefined
      : table === undefined
        ? { ask: 'family', family: family.id }
        : { ask: 'select', family: family.id, tables: [table] };
  parts.visualizers.show(store, request);
  return request;
}

/** Resolves to what is explained; undefined where the person gave up. */
export async function explain(parts: VisualizeParts, arg: unknown): Promise<VisualizerRequest | undefined> {
  const args = argsOf(arg);
  const store = await directoryFor(parts, args);
  if (store === undefined) return undefined;
  const family = await familyFor(store, args);
  if (family === undefined) return undefined;
  const title = t('Explain a get from {0}', family.name);
  const key =
    keyFrom(args.key) ?? (await askKey(title, t('Key to look up in {0}', store.name), { of: { store, family } }));
  if (key === undefined) return undefined;
  parts.queries.ranPoint('explain', store, family.name, key, args.at, null);
  parts.log.debug(`Explains ${displayKey(key, 80)} of ${family.name}.`);
  const request: VisualizerRequest = {
    ask: 'explain',
    family: family.id,
    key,
    ...(args.at === undefined ? {} : { at: args.at }),
  };
  parts.visualizers.show(store, request);
  return request;
}

/** Resolves to the table's number; undefined where the person gave up. */
export async function showTable(parts: VisualizeParts, arg: unknown): Promise<number | undefined> {
  const args = argsOf(arg);
  const store = await directoryFor(parts, args);
  if (store === undefined) return undefined;
  let number = isNode(arg) ? tableOf(arg)?.number : args.table;
  if (number === undefined) {
    const family = await familyFor(store, args);
    if (family === undefined) return undefined;
    const [picked] = await pickTables(store, family, t('Table of {0}', family.name), false);
    number = picked?.number;
  } else {
    // A tab that has nothing to show would be worse than a sentence.
    await findTable(store, number, t);
  }
  if (number === undefined) return undefined;
  parts.tables.show(store, number);
  return number;
}

/** The store that is meant, opened. A table file stands for the directory that it lies in, where that is listed. */
async function directoryFor(parts: VisualizeParts, args: CommandArgs): Promise<Store | undefined> {
  const { stores } = parts;
  const named = await storeFor(stores, args);
  if (named === undefined) return undefined;
  const store = stores.listed(named);
  if (store === undefined) {
    throw new StoreError('INPUT', t('The store of this table is not open.'), {
      path: named.path,
      mend: t('open the directory of its store'),
    });
  }
  await withProgress(VIEWS.stores, t('Opening {0}', store.name), (token) => store.open(token));
  stores.setActive(store);
  return store;
}
