/**
 * "Verify Checksums": every file of a store is read and checked, by the store's own engine, or, where the store
 * does not open, by one that goes through its files one by one. Findings go to the Problems panel.
 */
import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { EngineNotice, VerifyReport } from '../../engine/protocol/engineApi.ts';
import { type Call, toStoreError } from '../../engine/protocol/rpc.ts';
import { COMMANDS } from '../ids.ts';
import { withLooseEngine } from '../looseEngine.ts';
import { isCancelled } from '../messages.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { notified } from './notified.ts';
import { argsOf, storeFor } from './pickers.ts';
import { damagedPlaces, isDamage, percentOf, progressWords, verdict, verifyText } from './verifyWords.ts';

const t = vscode.l10n.t;

/** Resolves to what was found; undefined where a person gave up. */
export async function verify(services: Services, arg: unknown): Promise<VerifyReport | undefined> {
  const { stores, log } = services;
  const args = argsOf(arg);
  const known = typeof args.store === 'string' ? stores.byPath(args.store) : undefined;
  const isNew = typeof args.store === 'string' && known === undefined;
  const store = isNew ? stores.choose(args.store as string) : (known ?? (await storeFor(stores, args, 'any')));
  if (store === undefined) return undefined;
  stores.setActive(store);
  let report: VerifyReport;
  try {
    report = await notified(t('Verifying {0}', store.name), async (tell, onCancel, token) => {
      const follow = (notice: EngineNotice): void => {
        if (notice.kind !== 'verifyProgress') return;
        const { progress } = notice;
        tell(percentOf(progress.bytes, progress.totalBytes), progressWords(progress, t));
      };
      const run = (call: Call<VerifyReport>): Promise<VerifyReport> => {
        onCancel(() => call.cancel());
        return call.result;
      };
      if (await opens(store, token)) {
        const listening = store.onNotice(follow);
        return run(await store.start('verify', {})).finally(() => listening.dispose());
      }
      return withLooseEngine(services.workerFile, log, async (engine) => {
        engine.onNotice(follow);
        return run(engine.start('verify', { path: store.path }));
      });
    });
  } catch (thrown) {
    if (isNew && !(await isDamagedStore(store.path, thrown))) stores.close(store);
    throw thrown;
  }
  const summary = verdict(store.name, report, t);
  if (report.findings.some(isDamage)) log.warn(summary);
  else log.info(summary);
  store.setVerified(report.findings);
  services.tree.refresh(store);
  tell(services, store, report, summary);
  return report;
}

/** Whether there is an open store to check, rather than files. */
async function opens(store: Store, token: vscode.CancellationToken): Promise<boolean> {
  store.retry();
  try {
    await store.open(token);
    return true;
  } catch (thrown) {
    if (isCancelled(thrown)) throw thrown;
    return false;
  }
}

/** Whether a directory that does not open holds files of a store all the same. */
export async function isDamagedStore(directory: string, thrown: unknown): Promise<boolean> {
  const { code } = toStoreError(thrown);
  if (code !== 'CORRUPT' && code !== 'NOT_FOUND') return false;
  const names = await readdir(directory).catch(() => []);
  return names.some((n) => /^(CURRENT|MANIFEST-\d+|\d+\.(sst|ldb))$/.test(n));
}

function tell(services: Services, store: Store, report: VerifyReport, summary: string): void {
  const problems = t('Show Problems');
  const details = t('Show Details');
  const repairIt = t('Repair to New Folder…');
  const act = (choice: string | undefined): void => {
    if (choice === problems) void vscode.commands.executeCommand('workbench.actions.view.problems');
    else if (choice === details) void showVerification(services, store, report);
    else if (choice === repairIt) void vscode.commands.executeCommand(COMMANDS.repair, store);
  };
  if (damagedPlaces(report) > 0) {
    const repairable = store.kind === 'directory' ? [repairIt] : [];
    void vscode.window.showWarningMessage(summary, problems, details, ...repairable).then(act);
  } else {
    const more = report.findings.length > 0 ? [problems, details] : [details];
    void vscode.window.showInformationMessage(summary, ...more).then(act);
  }
}

/** Opens the report as a document. */
export async function showVerification(services: Services, store: Store, report: VerifyReport): Promise<void> {
  const text = verifyText(store.name, store.path, report, t);
  await services.documents.openReport(
    store.path,
    store.name,
    t('Verification of {0}', path.basename(store.path)),
    text,
  );
}
