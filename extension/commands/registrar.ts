/** How commands are registered: an error reaches the person once, under the command's name. */
import * as vscode from 'vscode';
import { showError } from '../messages.ts';

export type On = (id: string, what: string, run: (arg: unknown, second?: unknown) => unknown) => void;

/** What `on` registers is put into `disposables`. A command that failed resolves to undefined. */
export function registrar(log: vscode.LogOutputChannel, disposables: vscode.Disposable[]): On {
  return (id, what, run) => {
    disposables.push(
      vscode.commands.registerCommand(id, async (arg: unknown, second?: unknown) => {
        try {
          return await run(arg, second);
        } catch (thrown) {
          showError(log, what, thrown);
          return undefined;
        }
      }),
    );
  };
}
