/** Two values side by side: one is marked where it is met, and the next is compared with it in the diff editor. */
import * as vscode from 'vscode';
import { displayKey, formatCount } from '../engine/model/display.ts';
import type { Documents, ReadValue } from './documents.ts';

const t = vscode.l10n.t;

export interface MarkedValue {
  readonly value: ReadValue;
  /** Key and sequence number. */
  readonly name: string;
}

export class ComparedValues implements vscode.Disposable {
  readonly #documents: Documents;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onChanged = this.#changed.event;
  #marked: MarkedValue | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  get marked(): MarkedValue | undefined {
    return this.#marked;
  }

  mark(value: ReadValue): void {
    this.#marked = { value, name: nameOf(value) };
    this.#changed.fire();
  }

  /** Opens the difference between the marked value and this one; the mark is gone then. */
  async compare(value: ReadValue): Promise<void> {
    const marked = this.#marked;
    if (marked === undefined) {
      this.mark(value);
      return;
    }
    const left = await this.#documents.readUri(marked.value);
    const right = await this.#documents.readUri(value);
    this.#marked = undefined;
    this.#changed.fire();
    const title = t('{0} ↔ {1}', marked.name, nameOf(value));
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function nameOf({ key, seq }: ReadValue): string {
  return seq === undefined ? displayKey(key, 40) : t('{0} at {1}', displayKey(key, 40), formatCount(seq));
}
