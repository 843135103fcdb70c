/**
 * "Plan Compaction…" and "Compact…": what, then the plan, then in place or on a copy, with progress that can
 * be cancelled, then what it changed. The engine does all of it, in its own thread.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CompactionPlans, CompactionReport, Params } from '../../engine/protocol/engineApi.ts';
import { type StoreError, toStoreError } from '../../engine/protocol/rpc.ts';
import { COMMANDS } from '../ids.ts';
import { sentence } from '../messages.ts';
import type { Services } from '../services.ts';
import { settings } from '../settings.ts';
import { mayWrite } from '../trust.ts';
import { compactTarget, type Target } from './compactTarget.ts';
import { isEmptyPlan, planLines, planText, reportText, reportWords, whyNothing } from './compactWords.ts';
import { askNewDirectory, freeName } from './paths.ts';
import { watched } from './watched.ts';

const t = vscode.l10n.t;

/** For code that runs the command: how, without asking. */
interface Way {
  readonly mode?: 'inPlace' | 'copy' | undefined;
  /** Directory of the copy. */
  readonly out?: string | undefined;
  /** False: a plan is answered, not shown. */
  readonly ask?: boolean | undefined;
}

function wayOf(arg: unknown): Way {
  return typeof arg === 'object' && arg !== null && !('kind' in arg) ? (arg as Way) : {};
}

/** Shows the plan; planning alone needs no trust, since nothing is written. */
export async function planCompaction(
  services: Services,
  arg: unknown,
  selection: unknown,
): Promise<CompactionPlans | undefined> {
  const target = await compactTarget(services, arg, selection);
  if (target === undefined) return undefined;
  const plans = await plan(services, target);
  if (wayOf(arg).ask !== false) await decide(services, target, plans);
  return plans;
}

/** Resolves to what was done; undefined where a person gave up or was told why not. */
export async function compact(
  services: Services,
  arg: unknown,
  selection: unknown,
): Promise<CompactionReport | undefined> {
  if (!mayWrite()) return undefined;
  const target = await compactTarget(services, arg, selection);
  if (target === undefined) return undefined;
  const way = wayOf(arg);
  if (way.mode === 'inPlace') return run(services, target, { mode: 'inPlace' });
  if (way.mode === 'copy' && way.out !== undefined) return run(services, target, { mode: 'copy', out: way.out });
  return decide(services, target, await plan(services, target));
}

function plan(services: Services, target: Target): Promise<CompactionPlans> {
  const title = t('Planning: {0}', target.what);
  return watched(services, target.store, title, () => target.store.start('compactPlan', target.request));
}

/** Shows a plan with what can be done with it. */
async function decide(
  services: Services,
  target: Target,
  plans: CompactionPlans,
): Promise<CompactionReport | undefined> {
  if (isEmptyPlan(plans)) {
    void vscode.window.showInformationMessage(t('Nothing to compact: {0}', whyNothing(plans)));
    return undefined;
  }
  const inPlace = t('Compact in Place');
  const copy = t('Compact a Copy…');
  const details = t('Show Details');
  const { refusal } = plans;
  const buttons = [
    ...(refusal === null ? [inPlace] : []),
    ...(refusal === null || refusal.copyable ? [copy] : []),
    details,
  ];
  const detail = planLines(plans).join('\n');
  const choice = await vscode.window.showInformationMessage(
    t('Compact {0}?', target.what),
    { modal: true, detail },
    ...buttons,
  );
  if (choice === details) {
    await services.documents.openPlan(target.store, target.what, planText(target.what, plans), 'plan');
    return undefined;
  }
  if (choice === undefined || !mayWrite()) return undefined;
  return choice === copy ? runCopy(services, target) : run(services, target, { mode: 'inPlace' });
}

async function runCopy(services: Services, target: Target): Promise<CompactionReport | undefined> {
  const out = await askNewDirectory(
    t('Compact a copy of {0}', target.store.name),
    t('The directory for the copy: new, or empty'),
    await freeName(path.join(path.dirname(target.store.path), `${target.store.name}-compacted`)),
  );
  return out === undefined ? undefined : run(services, target, { mode: 'copy', out });
}

async function run(
  services: Services,
  target: Target,
  way: { readonly mode: 'inPlace' } | { readonly mode: 'copy'; readonly out: string },
): Promise<CompactionReport | undefined> {
  const { store, request, what } = target;
  const bytesPerSecond = settings.compactionBytesPerSecond();
  const params: Params<'compact'> = { ...request, ...way, bytesPerSecond };
  const title = way.mode === 'copy' ? t('Compacting a copy of {0}: {1}', store.name, what) : t('Compacting {0}', what);
  let report: CompactionReport;
  try {
    report = await watched(services, store, title, () => store.startWriting('compact', params));
  } catch (thrown) {
    const error = toStoreError(thrown);
    if (error.code === 'CANCELLED') {
      const left =
        way.mode === 'copy'
          ? t('The compaction was cancelled; nothing of the copy is left.')
          : request.family !== undefined
            ? t('The compaction was cancelled; the store is as it was.')
            : t('The compaction was cancelled; column families that were done before stay compacted.');
      void vscode.window.showInformationMessage(left);
      return undefined;
    }
    if (error.code !== 'LOCKED' || way.mode === 'copy') throw thrown;
    offerCopy(services, target, error);
    return undefined;
  }
  services.log.info(`${title}: ${report.families.map((f) => `${f.family}: ${f.why}`).join('; ')}`);
  services.tree.refresh(store);
  tell(services, report, target, way.mode === 'copy');
  return report;
}

function offerCopy(services: Services, target: Target, error: StoreError): void {
  const copy = t('Compact a Copy…');
  services.log.warn(`${target.what}: ${error.message}`);
  void vscode.window.showWarningMessage(t('Not compacted: {0}', sentence(error)), copy).then((choice) => {
    if (choice === copy) void runCopy(services, target);
  });
}

function tell(services: Services, report: CompactionReport, { store, what }: Target, isCopy: boolean): void {
  const words = reportWords(report);
  const details = t('Show Details');
  const open = t('Open the Copy');
  const message = isCopy ? t('Compacted {0} in a copy: {1}', what, words) : t('Compacted {0}: {1}', what, words);
  void vscode.window.showInformationMessage(message, ...(isCopy ? [open] : []), details).then((choice) => {
    if (choice === open) void vscode.commands.executeCommand(COMMANDS.openStoreAtPath, report.directory);
    if (choice === details) void services.documents.openPlan(store, what, reportText(what, report), 'result');
  });
}
