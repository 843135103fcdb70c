/** How errors and progress reach a person: one line, in place, never a storm of pop-ups. */
import * as vscode from 'vscode';
import { describeProblem, type StoreError, toStoreError } from '../engine/protocol/rpc.ts';
import { COMMANDS } from './ids.ts';

/** Progress that lasts longer than this moves from the view to a notification that can be cancelled. */
const LONG_MILLIS = 1_500;

export function isCancelled(thrown: unknown): boolean {
  return toStoreError(thrown).code === 'CANCELLED' || thrown instanceof vscode.CancellationError;
}

/** `CODE: what is wrong (file, offset); mend` without the code where a person reads it in a sentence. */
export function sentence(thrown: unknown): string {
  const error = toStoreError(thrown);
  return describeProblem(error).slice(error.code.length + 2);
}

/** Shows an error of a command, once, and logs it. A cancelled command says nothing. */
export function showError(log: vscode.LogOutputChannel, what: string, thrown: unknown): void {
  if (isCancelled(thrown)) return;
  const error: StoreError = toStoreError(thrown);
  log.error(`${what}: ${describeProblem(error)}${error.stack === undefined ? '' : `\n${error.stack}`}`);
  const showLog = vscode.l10n.t('Show Log');
  void vscode.window.showErrorMessage(`${what}: ${sentence(error)}`, showLog).then((choice) => {
    if (choice === showLog) void vscode.commands.executeCommand(COMMANDS.showLog);
  });
}

/**
 * Runs `work` with progress in the Stores view; when it lasts, with a notification that can cancel it.
 */
export async function withProgress<T>(
  view: string,
  title: string,
  work: (token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const source = new vscode.CancellationTokenSource();
  const running = work(source.token);
  const quiet = running.then(
    () => {},
    () => {},
  );
  void vscode.window.withProgress({ location: { viewId: view } }, () => quiet);
  const timer = setTimeout(() => {
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (_progress, token) => {
        token.onCancellationRequested(() => source.cancel());
        return quiet;
      },
    );
  }, LONG_MILLIS);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
    source.dispose();
  }
}
