/** "Compare with Store…": what differs between a store and another one, which need not be open. */
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { VIEWS } from '../ids.ts';
import { withProgress } from '../messages.ts';
import type { Comparisons } from '../panels/comparePanel.ts';
import type { Services } from '../services.ts';
import { Store } from '../store.ts';
import { expand } from './paths.ts';
import { argsOf, type CommandArgs, storeFor } from './pickers.ts';

const t = vscode.l10n.t;

export interface CompareParts extends Services {
  readonly comparisons: Comparisons;
}

interface CompareArgs extends CommandArgs {
  /** The second store, or its directory. */
  readonly with?: Store | string | undefined;
}

/** Resolves to the directories that are compared; undefined where the person gave up. */
export async function compareStores(parts: CompareParts, arg: unknown): Promise<readonly string[] | undefined> {
  const args: CompareArgs = argsOf(arg);
  const store = await storeFor(parts.stores, args);
  if (store === undefined) return undefined;
  if (store.kind === 'table') {
    throw new StoreError('INPUT', t('One table file cannot be compared: compare the directory of its store.'), {
      path: store.path,
    });
  }
  const named = args.with instanceof Store ? args.with.path : args.with;
  const other = named === undefined ? await askOther(parts, store) : path.resolve(expand(named));
  if (other === undefined) return undefined;
  await withProgress(VIEWS.stores, t('Opening {0}', store.name), (token) => store.open(token));
  parts.stores.setActive(store);
  parts.comparisons.show(store, other);
  return [store.path, other];
}

async function askOther({ stores }: CompareParts, store: Store): Promise<string | undefined> {
  const title = t('Compare {0} with', store.name);
  const others = stores.list.filter((s) => s !== store && s.kind === 'directory');
  const items = others.map((s) => ({ label: `$(database) ${s.name}`, description: s.path, id: s.path }));
  const picked = await vscode.window.showQuickPick(
    [
      ...items,
      { label: `$(folder-opened) ${t('Folder…')}`, description: t('of a store that is not listed'), id: 'folder' },
      { label: `$(edit) ${t('Path…')}`, description: t('typed'), id: 'path' },
    ],
    { title, placeHolder: t('What is only there counts as added'), matchOnDescription: true },
  );
  if (picked?.id === 'folder') return askFolder(title);
  if (picked?.id === 'path') return askPath(title, store);
  return picked?.id;
}

async function askFolder(title: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: t('Compare'),
    title,
  });
  return picked?.[0]?.fsPath;
}

async function askPath(title: string, store: Store): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: t('The data directory of the other store'),
    value: path.dirname(store.path) + path.sep,
    ignoreFocusOut: true,
    validateInput: async (input) => {
      const current = await stat(path.join(expand(input), 'CURRENT')).catch(() => undefined);
      return current === undefined ? t('There is no CURRENT file in it: it is not a store.') : undefined;
    },
  });
  return typed === undefined || typed.trim() === '' ? undefined : path.resolve(expand(typed));
}
