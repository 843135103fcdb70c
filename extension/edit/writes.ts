/**
 * Writes that a person asked for: each is shown before it is made, goes to the store as one batch, and the last one
 * can be taken back while nothing else was written.
 */
import * as vscode from 'vscode';
import { displayKey, formatBytes, formatCount } from '../../engine/model/display.ts';
import { undoOf } from '../../engine/model/write.ts';
import type { WriteOp, WriteReport, WriteRequest } from '../../engine/protocol/engineApi.ts';
import { describeProblem, StoreError, toStoreError } from '../../engine/protocol/rpc.ts';
import { COMMANDS, CONTEXT } from '../ids.ts';
import type { Store } from '../store.ts';
import type { Stores } from '../stores.ts';
import type { StoresTree } from '../trees/storesTree.ts';
import { mayWrite } from '../trust.ts';

const t = vscode.l10n.t;

/** Operations that a confirmation lists. */
const LISTED_MAX = 10;
const KEY_CHARS = 80;

interface LastWrite {
  readonly path: string;
  /** What was done, in words. */
  readonly what: string;
  /** Undefined where it cannot be taken back. */
  readonly undo: WriteRequest | undefined;
}

export interface WriteParts {
  readonly stores: Stores;
  readonly tree: StoresTree;
  readonly log: vscode.LogOutputChannel;
}

export class Writes {
  readonly #parts: WriteParts;
  #last: LastWrite | undefined;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /** The store that was written to last in this window, if that can be taken back. */
  get last(): { readonly path: string; readonly what: string } | undefined {
    return this.#last;
  }

  /**
   * Asks, unless `ask` is false, and writes. Resolves to undefined where the person thought better of it. Rejects
   * with LOCKED, and the owner's process id, while another process has the store.
   */
  async write(
    store: Store,
    ops: readonly WriteOp[],
    what: string,
    { ask = true, button }: { readonly ask?: boolean; readonly button: string },
  ): Promise<WriteReport | undefined> {
    if (!mayWrite()) return undefined;
    if (ask && !(await confirmed(store, ops, what, button))) return undefined;
    const request: WriteRequest = { ops, sync: true };
    const report = await this.#send(store, request, what);
    this.#setLast({ path: store.path, what, undo: undoOf(request, report) });
    this.#tell(what, report, true);
    return report;
  }

  /** Puts back what the last write changed. */
  async undo({ ask = true }: { readonly ask?: boolean } = {}): Promise<WriteReport | undefined> {
    if (!mayWrite()) return undefined;
    const last = this.#last;
    if (last === undefined) {
      void vscode.window.showInformationMessage(t('Nothing was written from this window yet.'));
      return undefined;
    }
    const store = this.#parts.stores.byPath(last.path);
    if (store === undefined) throw new StoreError('INPUT', t('The store is not open.'), { path: last.path });
    const { undo } = last;
    if (undo === undefined) {
      throw new StoreError('INPUT', t('What stood there before could not be kept, so the last write stays.'));
    }
    const undoIt = t('Undo');
    const what = t('Undo of: {0}', last.what);
    if (ask && !(await confirmed(store, undo.ops, what, undoIt))) return undefined;
    try {
      const report = await this.#send(store, undo, what);
      this.#setLast(undefined);
      this.#tell(what, report, false);
      return report;
    } catch (thrown) {
      // Once something else was written it never comes back to what it was.
      if (toStoreError(thrown).code === 'INPUT') this.#setLast(undefined);
      throw thrown;
    }
  }

  /** Another command has written: says so in words, and keeps what takes it back. */
  wrote(store: Store, words: string, undo: WriteRequest | undefined): void {
    this.#setLast({ path: store.path, what: words, undo });
    this.#say(words, undo !== undefined);
  }

  async #send(store: Store, request: WriteRequest, what: string): Promise<WriteReport> {
    const { stores, tree, log } = this.#parts;
    stores.setActive(store);
    const call = await store.startWriting('write', request);
    const report = await call.result;
    log.info(`${store.path}: ${what}; sequence ${report.sequence}`);
    for (const problem of report.problems) log.warn(`${store.name}: ${describeProblem(problem)}`);
    tree.refresh(store);
    return report;
  }

  #setLast(last: LastWrite | undefined): void {
    this.#last = last;
    void vscode.commands.executeCommand('setContext', CONTEXT.canUndoWrite, last?.undo !== undefined);
  }

  #tell(what: string, report: WriteReport, canUndo: boolean): void {
    const undoable = canUndo && this.#last?.undo !== undefined;
    this.#say(t('{0} · sequence {1}', what, formatCount(report.sequence)), undoable);
  }

  #say(message: string, undoable: boolean): void {
    const undoIt = t('Undo');
    void vscode.window.showInformationMessage(message, ...(undoable ? [undoIt] : [])).then((choice) => {
      if (choice === undoIt) void vscode.commands.executeCommand(COMMANDS.undoWrite);
    });
  }
}

/** Says what changes, and in which store. */
async function confirmed(store: Store, ops: readonly WriteOp[], what: string, button: string): Promise<boolean> {
  const lines = ops.slice(0, LISTED_MAX).map((op) => opLine(store, op));
  if (ops.length > lines.length) lines.push(t('… and {0} more', formatCount(ops.length - lines.length)));
  const detail = [
    ...lines,
    '',
    t('The store will be changed: {0}', store.path),
    t('Its LOCK is held meanwhile. The write is one batch, whole or not at all.'),
  ].join('\n');
  const choice = await vscode.window.showWarningMessage(`${what}?`, { modal: true, detail }, button);
  return choice === button && mayWrite();
}

function opLine(store: Store, { kind, family, key, value, expect }: WriteOp): string {
  const familyName = store.family(family)?.name ?? String(family);
  const shown = displayKey(key, KEY_CHARS);
  if (kind === 'delete') return t('delete {0} from {1}', shown, familyName);
  const size = formatBytes(value?.length ?? 0);
  if (expect === undefined || expect === null) return t('put {0} into {1}, value of {2}', shown, familyName, size);
  return t('put {0} into {1}, value of {2} in place of {3}', shown, familyName, size, formatBytes(expect.length));
}
