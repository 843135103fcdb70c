/** Progress of long work on a store that writes: in the status bar, and in a notification that can cancel. */
import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { progressWords } from './compactWords.ts';

const t = vscode.l10n.t;

export interface Running<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

/** Work that is done sooner shows no notification: it would only flash. */
const SHORT_MILLIS = 400;

/**
 * Shows progress in the status bar and, when it lasts, in a notification that can cancel. A cancelled job ends
 * when the engine has cleaned up, not before.
 */
export async function watched<T>(
  services: Services,
  store: Store,
  title: string,
  start: () => Promise<Running<T>>,
): Promise<T> {
  services.stores.setActive(store);
  const item = vscode.window.createStatusBarItem('lsm.compaction', vscode.StatusBarAlignment.Left, -1);
  item.name = t('LSM Compaction');
  item.text = `$(sync~spin) ${title}`;
  item.tooltip = store.path;
  item.show();
  try {
    const call = await start();
    if (await isShort(call.result)) return await call.result;
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    return await vscode.window.withProgress(options, async (progress, token) => {
      let shown = 0;
      const subscriptions = [
        token.onCancellationRequested(() => {
          call.cancel();
          progress.report({ message: t('cancelling…') });
        }),
        store.onNotice((notice) => {
          if (notice.kind !== 'compactionProgress' || token.isCancellationRequested) return;
          const message = progressWords(notice.progress);
          progress.report({ message, increment: Math.max(0, notice.progress.percent - shown) });
          shown = Math.max(shown, notice.progress.percent);
          item.text = `$(sync~spin) ${title}: ${message}`;
        }),
      ];
      try {
        return await call.result;
      } finally {
        for (const s of subscriptions) s.dispose();
      }
    });
  } finally {
    item.dispose();
  }
}

/** Whether it ends so soon that a notification would only flash. */
export async function isShort(result: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), SHORT_MILLIS);
  });
  const early = result.then(
    () => true,
    () => true,
  );
  return Promise.race([early, late]).finally(() => clearTimeout(timer));
}
