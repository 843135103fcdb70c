/** Long work that a person asked for, in a notification with a percentage that can cancel it. */
import * as vscode from 'vscode';

const t = vscode.l10n.t;

/** `percent` of all, 0 to 100. What has been shown does not go back. */
export type Report = (percent: number, message: string) => void;

type OnCancel = (cancel: () => void) => void;

/**
 * Runs `work`; cancelling calls what it hands to `onCancel`, and the work ends when the engine has cleaned up,
 * not before.
 */
export function notified<T>(
  title: string,
  work: (report: Report, onCancel: OnCancel, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  let shown = 0;
  return inNotification(title, (tell, onCancel, token) => {
    const report: Report = (percent, message) => {
      tell({ message: `${percent.toFixed(0)}% · ${message}`, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    };
    return work(report, onCancel, token);
  });
}

/** As `notified`, where nobody knows how much there is: the message counts. */
export function counting<T>(
  title: string,
  work: (report: (message: string) => void, onCancel: OnCancel) => Promise<T>,
): Promise<T> {
  return inNotification(title, (tell, onCancel) => work((message) => tell({ message }), onCancel));
}

type Tell = (progress: { readonly message: string; readonly increment?: number }) => void;

async function inNotification<T>(
  title: string,
  work: (tell: Tell, onCancel: OnCancel, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const subscriptions: vscode.Disposable[] = [];
    const tell: Tell = (told) => {
      if (!token.isCancellationRequested) progress.report(told);
    };
    const onCancel: OnCancel = (cancel) => {
      if (token.isCancellationRequested) cancel();
      subscriptions.push(
        token.onCancellationRequested(() => {
          cancel();
          progress.report({ message: t('cancelling…') });
        }),
      );
    };
    try {
      return await work(tell, onCancel, token);
    } finally {
      for (const s of subscriptions) s.dispose();
    }
  });
}
