/** Long work that a person asked for, in a notification with a percentage that can cancel it. */
import * as vscode from 'vscode';

const t = vscode.l10n.t;

/** `percent` of all, 0 to 100. What has been shown does not go back. */
export type Report = (percent: number, message: string) => void;

/**
 * Runs `work`; cancelling calls what it hands to `onCancel`, and the work ends when the engine has cleaned up,
 * not before.
 */
export async function notified<T>(
  title: string,
  work: (report: Report, onCancel: (cancel: () => void) => void, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const subscriptions: vscode.Disposable[] = [];
    let shown = 0;
    const report: Report = (percent, message) => {
      if (token.isCancellationRequested) return;
      progress.report({ message: `${percent.toFixed(0)}% · ${message}`, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    };
    const onCancel = (cancel: () => void): void => {
      if (token.isCancellationRequested) cancel();
      subscriptions.push(
        token.onCancellationRequested(() => {
          cancel();
          progress.report({ message: t('cancelling…') });
        }),
      );
    };
    try {
      return await work(report, onCancel, token);
    } finally {
      for (const s of subscriptions) s.dispose();
    }
  });
}
