/** "Put…", "Delete…", "Edit Value" and "Undo Last Write". */
import * as vscode from 'vscode';
import { displayKey, formatBytes } from '../../engine/model/display.ts';
import type { FamilySummary, WriteOp, WriteReport } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { valueAt } from '../documentAddress.ts';
import type { EditFiles } from '../edit/editFiles.ts';
import type { Writes } from '../edit/writes.ts';
import { COMMANDS } from '../ids.ts';
import { parseKey } from '../keyInput.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import type { EntryNode } from '../trees/nodes.ts';
import { mayWrite } from '../trust.ts';
import { argsOf, askKey, type CommandArgs, familyFor, isNode, keyFrom, storeFor } from './pickers.ts';
import { registrar } from './registrar.ts';

const t = vscode.l10n.t;

export interface WriteParts extends Services {
  readonly writes: Writes;
  readonly edits: EditFiles;
}

/** For code that runs a command. */
interface WriteArgs extends CommandArgs {
  /** Bytes, or text in the syntax of keys; of a put. */
  readonly value?: Uint8Array | string | undefined;
  /** False writes without asking. */
  readonly ask?: boolean | undefined;
}

export function registerWriteCommands(parts: WriteParts): vscode.Disposable {
  const { log, writes } = parts;
  const disposables: vscode.Disposable[] = [];
  const on = registrar(log, disposables);
  on(COMMANDS.put, t('Put'), (arg) => put(parts, arg));
  on(COMMANDS.delete, t('Delete'), (arg, second) => remove(parts, arg, second));
  on(COMMANDS.undoWrite, t('Undo Last Write'), (arg) => writes.undo({ ask: wanted(arg).ask !== false }));
  on(COMMANDS.editValue, t('Edit Value'), (arg) => editValue(parts, arg));
  return vscode.Disposable.from(...disposables);
}

function wanted(arg: unknown): WriteArgs {
  return argsOf(arg) as WriteArgs;
}

interface Place {
  readonly store: Store;
  readonly family: FamilySummary;
}

/** The directory and the family that are meant; one table file is not written to. */
async function placeFor({ stores }: Services, args: CommandArgs): Promise<Place | undefined> {
  const store = await storeFor(stores, args);
  if (store === undefined) return undefined;
  if (store.kind === 'table') {
    throw new StoreError('INPUT', t('One table file is not written to: open the directory of its store.'));
  }
  const family = await familyFor(store, args);
  return family === undefined ? undefined : { store, family };
}

async function put(parts: WriteParts, arg: unknown): Promise<WriteReport | undefined> {
  if (!mayWrite()) return undefined;
  const args = wanted(arg);
  const place = await placeFor(parts, args);
  if (place === undefined) return undefined;
  const { store, family } = place;
  const title = t('Put into {0}', family.name);
  // An entry of the tree says which key is thought of, and not that it is this one.
  const near = isNode(arg) && arg.kind === 'entry' ? displayKey(arg.entry.key, 1_000) : undefined;
  const key =
    (near === undefined ? keyFrom(args.key) : undefined) ??
    (await askKey(title, t('Key to write in {0}', store.name), { value: near, of: { store, family } }));
  if (key === undefined) return undefined;
  const value = valueFrom(args.value) ?? (await askValue(title, key));
  if (value === undefined) return undefined;
  const ops: WriteOp[] = [{ kind: 'put', family: family.id, key, value }];
  const what = t('Put {0} into {1}', displayKey(key, 60), store.name);
  return parts.writes.write(store, ops, what, { ask: args.ask !== false, button: t('Put') });
}

function valueFrom(value: Uint8Array | string | undefined): Uint8Array | undefined {
  return value === '' ? new Uint8Array(0) : keyFrom(value);
}

async function askValue(title: string, key: Uint8Array): Promise<Uint8Array | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: t('Value of {0}; empty for an empty one', displayKey(key, 60)),
    placeHolder: t("text, 0xHEX, or 'text with \\xNN escapes'"),
    ignoreFocusOut: true,
    validateInput: (input) => {
      if (input === '') return undefined;
      const parsed = parseKey(input, t);
      if (!parsed.ok) return parsed.message;
      const message = t('{0} will be written', formatBytes(parsed.bytes.length));
      return { message, severity: vscode.InputBoxValidationSeverity.Info };
    },
  });
  return typed === undefined ? undefined : valueFrom(typed);
}

/** One key, or the entries that are selected in the tree, in one batch. */
async function remove(parts: WriteParts, arg: unknown, selection: unknown): Promise<WriteReport | undefined> {
  if (!mayWrite()) return undefined;
  const nodes = isNode(arg) ? selectedEntries(arg.store, Array.isArray(selection) ? selection : [arg]) : [];
  if (nodes.length > 1) {
    const [{ store }] = nodes as [EntryNode];
    const keys = new Map(nodes.map((n) => [`${n.family} ${displayKey(n.entry.key, 1e6)}`, n]));
    const ops: WriteOp[] = [...keys.values()].map(({ family, entry }) => ({ kind: 'delete', family, key: entry.key }));
    const what = t('Delete {0} keys from {1}', ops.length, store.name);
    return parts.writes.write(store, ops, what, { button: t('Delete') });
  }
  const args = wanted(arg);
  const place = await placeFor(parts, args);
  if (place === undefined) return undefined;
  const { store, family } = place;
  const title = t('Delete from {0}', family.name);
  const key =
    keyFrom(args.key) ?? (await askKey(title, t('Key to delete in {0}', store.name), { of: { store, family } }));
  if (key === undefined) return undefined;
  const { entry } = await store.call('get', { family: family.id, key });
  if (entry === undefined) {
    void vscode.window.showInformationMessage(t('{0} is not in {1}.', displayKey(key, 80), family.name));
    return undefined;
  }
  const ops: WriteOp[] = [{ kind: 'delete', family: family.id, key }];
  const what = t('Delete {0} from {1}', displayKey(key, 60), store.name);
  return parts.writes.write(store, ops, what, { ask: args.ask !== false, button: t('Delete') });
}

function selectedEntries(store: Store, nodes: readonly unknown[]): EntryNode[] {
  return nodes.filter((n): n is EntryNode => isNode(n) && n.kind === 'entry' && n.store === store);
}

/** The value of a tree entry, of the value document that is shown, or of a key that is asked for. */
async function editValue(parts: WriteParts, arg: unknown): Promise<vscode.Uri | undefined> {
  if (!mayWrite()) return undefined;
  const uri = arg instanceof vscode.Uri ? arg : vscode.window.activeTextEditor?.document.uri;
  const shown = arg === undefined || arg instanceof vscode.Uri ? uri && valueAt(uri) : undefined;
  const args: CommandArgs = shown ?? argsOf(arg);
  const place = await placeFor(parts, args);
  if (place === undefined) return undefined;
  const { store, family } = place;
  const title = t('Edit a value of {0}', family.name);
  const key =
    keyFrom(args.key) ??
    (await askKey(title, t('Key whose value to edit in {0}', store.name), { of: { store, family } }));
  if (key === undefined) return undefined;
  const editor = await parts.edits.open(store, family.id, key);
  return editor.document.uri;
}
