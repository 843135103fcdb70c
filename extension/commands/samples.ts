/** "Create Sample Store…": a workload and a directory; the store is made by an engine of its own. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Params, SampleInfo } from '../../engine/protocol/engineApi.ts';
import { withLooseEngine } from '../looseEngine.ts';
import type { Services } from '../services.ts';
import { engineName } from '../trees/items.ts';
import { mayWrite } from '../trust.ts';
import { askNewDirectory, freeName } from './paths.ts';

const t = vscode.l10n.t;

type Wanted = Params<'createSample'>;

/** Resolves to the new store's directory; undefined where the person gave up. */
export async function createSample(services: Services, arg: unknown): Promise<string | undefined> {
  if (!mayWrite()) return undefined;
  const told = typeof arg === 'object' && arg !== null ? (arg as Partial<Wanted>) : {};
  const workerFile = vscode.Uri.joinPath(services.context.extensionUri, 'dist', 'worker.js').fsPath;
  return withLooseEngine(workerFile, services.log, async (engine) => {
    const wanted = await complete(told, () => engine.start('samples', {}).result);
    if (wanted === undefined) return undefined;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: t('Creating {0}', path.basename(wanted.path)),
      cancellable: true,
    };
    await vscode.window.withProgress(options, async (progress, token) => {
      let shown = 0;
      engine.onNotice((notice) => {
        if (notice.kind !== 'sampleProgress') return;
        const percent = Math.min(100, (100 * notice.done) / Math.max(1, notice.total));
        progress.report({ message: `${percent.toFixed(0)}%`, increment: percent - shown });
        shown = percent;
      });
      const call = engine.start('createSample', wanted);
      const watch = token.onCancellationRequested(() => call.cancel());
      await call.result.finally(() => watch.dispose());
    });
    return wanted.path;
  });
}

async function complete(
  told: Partial<Wanted>,
  samples: () => Promise<readonly SampleInfo[]>,
): Promise<Wanted | undefined> {
  const { path: directory, format, sample } = told;
  if (directory !== undefined && format !== undefined && sample !== undefined)
    return { path: directory, format, sample };
  const items: Promise<readonly SampleItem[]> = samples().then(sampleItems);
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Create Sample Store'),
    placeHolder: t('Choose a format and a workload'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked?.wanted === undefined) return undefined;
  const folder = vscode.workspace.workspaceFolders?.find((f) => f.uri.scheme === 'file')?.uri.fsPath;
  const parent = folder ?? process.env['HOME'] ?? process.env['USERPROFILE'] ?? '/';
  const name = `${picked.wanted.sample}-${picked.wanted.format}`;
  const chosen = await askNewDirectory(
    t('Create Sample Store'),
    t('The directory of the new store: new, or empty'),
    await freeName(path.join(parent, name)),
  );
  return chosen === undefined ? undefined : { ...picked.wanted, path: chosen };
}

interface SampleItem extends vscode.QuickPickItem {
  readonly wanted?: Omit<Wanted, 'path'>;
}

function sampleItems(samples: readonly SampleInfo[]): SampleItem[] {
  return (['rocksdb', 'leveldb'] as const).flatMap((format) =>
    samples
      .filter((s) => s.formats.includes(format))
      .map((s) => ({
        label: `$(database) ${s.name}`,
        description: engineName(format),
        detail: s.summary,
        wanted: { format, sample: s.name },
      })),
  );
}
