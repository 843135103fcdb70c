/** "Show Evidence…" and "Export Evidence…": every record of every file, also where the directory does not open as a store. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { EvidenceExportReport, EvidenceFormat, EvidenceOpened } from '../../engine/protocol/engineApi.ts';
import { describeProblem } from '../../engine/protocol/rpc.ts';
import { withLooseEngine } from '../looseEngine.ts';
import { isCancelled } from '../messages.ts';
import type { EvidencePanels } from '../panels/evidencePanel.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { mayWrite } from '../trust.ts';
import { notified } from './notified.ts';
import { askNewDirectory, freeName } from './paths.ts';
import { argsOf, isNode, storeFor } from './pickers.ts';
import { percentOf } from './verifyWords.ts';

const t = vscode.l10n.t;

export interface EvidenceParts extends Services {
  readonly evidence: EvidencePanels;
}

/** Resolves to what is shown; undefined where a person gave up. A directory that is not listed yet is listed. */
export async function showEvidence(parts: EvidenceParts, arg: unknown): Promise<EvidenceOpened | undefined> {
  const { stores } = parts;
  const args = argsOf(arg);
  const isNew = typeof args.store === 'string' && stores.byPath(args.store) === undefined;
  const store = isNew ? stores.choose(args.store as string) : await storeFor(stores, args, 'any');
  if (store === undefined) return undefined;
  stores.setActive(store);
  const view = parts.evidence.show(store);
  try {
    return await view.gathered();
  } catch (thrown) {
    if (isCancelled(thrown)) return undefined;
    // What holds neither tables nor logs shows nothing.
    view.panel.dispose();
    if (isNew) stores.close(store);
    throw thrown;
  }
}

/** For code that runs the command: the target and the format, without asking. */
function told(arg: unknown): { readonly out?: string; readonly format?: EvidenceFormat } {
  if (typeof arg !== 'object' || arg === null || isNode(arg)) return {};
  const { out, format } = arg as { readonly out?: unknown; readonly format?: unknown };
  return {
    ...(typeof out === 'string' ? { out } : {}),
    ...(format === 'jsonl' || format === 'csv' ? { format } : {}),
  };
}

/** Resolves to what was written; undefined where a person gave up or cancelled. */
export async function exportEvidence(services: Services, arg: unknown): Promise<EvidenceExportReport | undefined> {
  if (!mayWrite()) return undefined;
  const args = argsOf(arg);
  const store = typeof args.store === 'string' ? undefined : await storeFor(services.stores, args, 'any');
  const from = typeof args.store === 'string' ? path.resolve(args.store) : store?.path;
  if (from === undefined) return undefined;
  const name = path.basename(from);
  const given = told(arg);
  const format = given.format ?? (given.out === undefined ? await askFormat(name) : 'jsonl');
  if (format === undefined) return undefined;
  const to =
    given.out ??
    (await askNewDirectory(
      t('Export the evidence of {0}', name),
      t(
        'The directory for the records and the SHA-256 of their sources: new, or empty. The store itself is only read.',
      ),
      await freeName(path.join(path.dirname(from), `${name}-evidence`)),
    ));
  if (to === undefined || !mayWrite()) return undefined;
  let report: EvidenceExportReport;
  try {
    report = await notified(t('Exporting the evidence of {0}', name), (tell, onCancel) =>
      withLooseEngine(services.workerFile, services.log, async (engine) => {
        engine.onNotice((notice) => {
          if (notice.kind !== 'evidenceExportProgress') return;
          const { hashedBytes, recordBytes, totalBytes, rows } = notice.progress;
          // Hashing is half of it; records are larger in memory than in files, and how much is not known.
          const share =
            percentOf(hashedBytes, totalBytes) / 2 + percentOf(Math.min(recordBytes, totalBytes), totalBytes) / 2;
          const words =
            rows === 0 ? t('{0} hashed', formatBytes(hashedBytes)) : t('{0} records written', formatCount(rows));
          tell(Math.min(99, share), words);
        });
        const call = engine.start('exportEvidence', { path: from, to, format });
        onCancel(() => call.cancel());
        return call.result;
      }),
    );
  } catch (thrown) {
    if (!isCancelled(thrown)) throw thrown;
    void vscode.window.showInformationMessage(t('The export was cancelled; nothing of it is left.'));
    return undefined;
  }
  tellExported(services, name, report, store);
  return report;
}

async function askFormat(name: string): Promise<EvidenceFormat | undefined> {
  const picked = await vscode.window.showQuickPick(
    [
      { label: t('JSON lines'), description: t('a record on each line, as `lsm evidence` prints it'), format: 'jsonl' },
      { label: 'CSV', description: t('for spreadsheets'), format: 'csv' },
    ] satisfies (vscode.QuickPickItem & { format: EvidenceFormat })[],
    { title: t('Export the evidence of {0}', name), placeHolder: t('Which format?') },
  );
  return picked?.format as EvidenceFormat | undefined;
}

function tellExported(services: Services, name: string, report: EvidenceExportReport, store: Store | undefined): void {
  const folder = path.basename(report.directory);
  const message = t(
    'Wrote {0} records of {1} into {2}, with the SHA-256 of {3} files.',
    formatCount(report.rows),
    name,
    folder,
    formatCount(report.sources),
  );
  services.log.info(`${store?.path ?? name} → ${report.directory}: ${message}`);
  for (const problem of report.problems) services.log.warn(`${name}: ${describeProblem(problem)}`);
  const open = t('Open');
  const warnings = [
    ...(report.changed.length === 0 ? [] : [t('{0} changed while they were read.', report.changed.join(', '))]),
    ...(report.problems.length === 0
      ? []
      : [t('Not everything could be read: {0}', describeProblem(report.problems[0] as (typeof report.problems)[0]))]),
  ];
  const show = warnings.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void show([message, ...warnings].join(' '), open).then((choice) => {
    const [file] = report.files;
    if (choice !== open || file === undefined) return;
    void vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path.join(report.directory, file.name)));
  });
}
