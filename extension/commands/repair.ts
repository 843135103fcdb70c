/** "Repair to New Folder…": what can be saved of a store, into a directory that is new or empty. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { RepairReport } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { COMMANDS } from '../ids.ts';
import { withLooseEngine } from '../looseEngine.ts';
import { isCancelled } from '../messages.ts';
import type { Services } from '../services.ts';
import { mayWrite } from '../trust.ts';
import { notified } from './notified.ts';
import { askNewDirectory, freeName } from './paths.ts';
import { argsOf, isNode, storeFor } from './pickers.ts';
import { progressWords, repairText, repairWords } from './repairWords.ts';
import { percentOf } from './verifyWords.ts';

const t = vscode.l10n.t;

/** For code that runs the command: the target, without asking. */
function outOf(arg: unknown): string | undefined {
  if (typeof arg !== 'object' || arg === null || isNode(arg)) return undefined;
  const { out } = arg as { readonly out?: unknown };
  return typeof out === 'string' ? out : undefined;
}

/** Resolves to what was saved; undefined where a person gave up or cancelled. */
export async function repair(services: Services, arg: unknown): Promise<RepairReport | undefined> {
  if (!mayWrite()) return undefined;
  const from = await sourceOf(services, arg);
  if (from === undefined) return undefined;
  const name = path.basename(from);
  const out =
    outOf(arg) ??
    (await askNewDirectory(
      t('Repair {0} to a new folder', name),
      t('The directory for what can be saved: new, or empty. The store itself is only read.'),
      await freeName(path.join(path.dirname(from), `${name}-repaired`)),
    ));
  if (out === undefined || !mayWrite()) return undefined;
  let report: RepairReport;
  try {
    report = await notified(t('Repairing {0}', name), (tell, onCancel) =>
      withLooseEngine(services.workerFile, services.log, async (engine) => {
        engine.onNotice((notice) => {
          if (notice.kind !== 'repairProgress') return;
          const { progress } = notice;
          // What is written takes less room than what was read, and the store is opened once more at the end.
          tell(Math.min(99, percentOf(progress.writtenBytes, progress.totalBytes)), progressWords(progress, t));
        });
        const call = engine.start('repair', { path: from, out });
        onCancel(() => call.cancel());
        return call.result;
      }),
    );
  } catch (thrown) {
    if (!isCancelled(thrown)) throw thrown;
    void vscode.window.showInformationMessage(t('The repair was cancelled; nothing of it is left.'));
    return undefined;
  }
  const words = repairWords(report, t);
  services.log.info(`${from} → ${out}: ${words}`);
  await services.documents.openReport(from, name, t('Repair of {0}', name), repairText(name, from, report, t));
  const open = t('Open Repaired Store');
  const message = t('Repaired {0} into {1}: {2}.', name, path.basename(report.directory), words);
  const show = report.lost.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void show(message, open).then((choice) => {
    if (choice === open) void vscode.commands.executeCommand(COMMANDS.openStoreAtPath, report.directory);
  });
  return report;
}

/** The directory to repair: that of a listed store, or one that is named. */
async function sourceOf(services: Services, arg: unknown): Promise<string | undefined> {
  const args = argsOf(arg);
  if (typeof args.store === 'string') return path.resolve(args.store);
  const store = await storeFor(services.stores, args, 'any');
  if (store?.kind === 'table') {
    throw new StoreError('INPUT', t('One table file cannot be repaired: repair the directory of its store.'), {
      path: store.path,
    });
  }
  return store?.path;
}
