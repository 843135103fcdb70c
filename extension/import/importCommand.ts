/**
 * "Import…": a file, what its columns mean, a preview that writes nothing, and then the import itself. The engine
 * does all of it; what was previewed is checked once more, as a whole, before the first row is written.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatCount } from '../../engine/model/display.ts';
import { IMPORT_BATCH, WHOLE_ROW } from '../../engine/model/import.ts';
import type { ImportPreview, ImportReport, ImportSource } from '../../engine/protocol/engineApi.ts';
import { describeProblem, StoreError } from '../../engine/protocol/rpc.ts';
import { notified } from '../commands/notified.ts';
import { argsOf, isNode, storeFor } from '../commands/pickers.ts';
import { registrar } from '../commands/registrar.ts';
import { isShort } from '../commands/watched.ts';
import type { Writes } from '../edit/writes.ts';
import { COMMANDS, PRIVATE_COMMANDS, SCHEME } from '../ids.ts';
import { isCancelled } from '../messages.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { mayWrite } from '../trust.ts';
import { askColumns, type ImportDraft } from './importForm.ts';
import {
  badLine,
  columnWords,
  countsWords,
  importPercent,
  previewText,
  progressWords,
  reportWords,
  rowCount,
} from './importWords.ts';

const t = vscode.l10n.t;

/** Rows up to which an import is one batch, which can be undone. */
const ONE_BATCH = 10_000;
/** Previews whose documents can still go on. */
const PREVIEWS_MAX = 20;

interface ImportParts extends Services {
  readonly writes: Writes;
}

/** For code that runs the command. */
interface ImportArgs extends Partial<Omit<ImportSource, 'family'>> {
  readonly skipBad?: boolean | undefined;
  /** False imports without asking. */
  readonly ask?: boolean | undefined;
}

interface Previewed {
  readonly store: Store;
  readonly draft: ImportDraft;
  readonly preview: ImportPreview;
}

export function registerImport(parts: ImportParts): vscode.Disposable {
  const previews = new Map<string, Previewed>();
  const lenses = new vscode.EventEmitter<void>();
  const remember = (uri: vscode.Uri, previewed: Previewed): void => {
    previews.set(uri.toString(), previewed);
    for (const oldest of previews.keys()) {
      if (previews.size <= PREVIEWS_MAX) break;
      previews.delete(oldest);
    }
    lenses.fire();
  };
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: lenses.event,
    provideCodeLenses: ({ uri }) => {
      const previewed = previews.get(uri.toString());
      if (previewed === undefined) return [];
      const top = new vscode.Range(0, 0, 0, 0);
      const run = (title: string, command: string): vscode.CodeLens =>
        new vscode.CodeLens(top, { title, command, arguments: [uri] });
      const { importRows, changeImport } = PRIVATE_COMMANDS;
      const go = previewed.preview.refused === null && writable(previewed) > 0;
      const offer = run(t('Import {0}…', rowCount(writable(previewed), t)), importRows);
      return [...(go ? [offer] : []), run(t('Change…'), changeImport)];
    },
  };
  const of = (uri: unknown): Previewed => {
    const found = uri instanceof vscode.Uri ? previews.get(uri.toString()) : undefined;
    if (found === undefined) throw new StoreError('INPUT', t('This preview is over: import the file again.'));
    return found;
  };
  const disposables: vscode.Disposable[] = [lenses];
  const on = registrar(parts.log, disposables);
  const show = async (store: Store, draft: ImportDraft): Promise<ImportPreview | undefined> => {
    if (!(await askColumns(store, draft))) return undefined;
    const preview = await previewed(parts, store, draft);
    if (preview === undefined) return undefined;
    const uri = await openPreview(parts, store, draft, preview);
    remember(uri, { store, draft: { ...draft }, preview });
    offer(preview, draft, uri);
    return preview;
  };
  on(COMMANDS.import, t('Import'), (arg) => importCommand(parts, arg, show));
  on(PRIVATE_COMMANDS.importRows, t('Import'), async (uri) => {
    const found = of(uri);
    if (!mayWrite() || !(await confirmed(found))) return undefined;
    const report = await importRows(
      parts,
      found.store,
      { ...found.draft, skipBad: found.preview.bad > 0 },
      found.preview,
    );
    // What was written can be offered no more.
    if (report !== undefined && report.applied > 0) {
      previews.delete(String(uri));
      lenses.fire();
    }
    return report;
  });
  on(PRIVATE_COMMANDS.changeImport, t('Import'), (uri) => {
    const { store, draft } = of(uri);
    return show(store, { ...draft });
  });
  disposables.push(vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, provider));
  return vscode.Disposable.from(...disposables);
}

/** Rows that would be written. */
function writable({ preview }: Pick<Previewed, 'preview'>): number {
  return preview.rows - preview.bad;
}

async function importCommand(
  parts: ImportParts,
  arg: unknown,
  show: (store: Store, draft: ImportDraft) => Promise<ImportPreview | undefined>,
): Promise<ImportPreview | ImportReport | undefined> {
  if (!mayWrite()) return undefined;
  const args = argsOf(arg);
  const store = await storeFor(parts.stores, args);
  if (store === undefined) return undefined;
  if (store.kind === 'table') {
    throw new StoreError('INPUT', t('One table file is not written to: open the directory of its store.'));
  }
  await store.open();
  parts.stores.setActive(store);
  const wanted: ImportArgs = isNode(arg) || typeof arg !== 'object' || arg === null ? {} : (arg as ImportArgs);
  const file = wanted.file ?? (await askFile(store));
  if (file === undefined) return undefined;
  const { format, delimiter, header } = wanted;
  const sniff = await store.call('importSniff', { file, format, delimiter, header });
  const family = isNode(arg) || args.family !== undefined ? familyId(store, args.family) : undefined;
  const { key, value, type, nullDeletes } = wanted;
  const named = key === undefined && value === undefined ? {} : { key, value };
  const source: ImportSource = { ...sniff.source, ...named, type, nullDeletes, family };
  const draft: ImportDraft = { source, sniff, skipBad: wanted.skipBad === true };
  return wanted.ask === false ? importRows(parts, store, draft, undefined) : show(store, draft);
}

function familyId(store: Store, named: number | string | undefined): number | undefined {
  const families = store.summary?.families ?? [];
  // The only family there is need not be said.
  if (named === undefined || families.length <= 1) return undefined;
  const found = families.find((f) => f.id === named || f.name === named);
  if (found === undefined) throw new StoreError('INPUT', t('There is no column family “{0}”.', String(named)));
  return found.id;
}

async function askFile(store: Store): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const picked = await vscode.window.showOpenDialog({
    title: t('File to import into {0}', store.name),
    openLabel: t('Import'),
    filters: { [t('JSON lines and CSV')]: ['jsonl', 'ndjson', 'csv', 'tsv', 'json', 'txt'], [t('All files')]: ['*'] },
    ...(folder === undefined ? {} : { defaultUri: folder }),
  });
  const uri = picked?.[0];
  if (uri === undefined) return undefined;
  if (uri.scheme !== 'file') throw new StoreError('INPUT', t('Only files beside the engine can be imported.'));
  return uri.fsPath;
}

async function previewed(
  parts: ImportParts,
  store: Store,
  { source }: ImportDraft,
): Promise<ImportPreview | undefined> {
  const title = t('Checking {0}', path.basename(source.file));
  try {
    return await told(parts, store, title, () => store.start('importPreview', source), 100 / 30);
  } catch (thrown) {
    if (isCancelled(thrown)) return undefined;
    throw thrown;
  }
}

/** Runs a call with progress that can be cancelled; `scale`: percents of a call that only checks. */
async function told<T>(
  { stores }: ImportParts,
  store: Store,
  title: string,
  start: () => Promise<{ readonly result: Promise<T>; cancel(): void }>,
  scale = 1,
): Promise<T> {
  stores.setActive(store);
  const call = await start();
  if (await isShort(call.result)) return call.result;
  return notified(title, async (tell, onCancel) => {
    onCancel(() => call.cancel());
    const listening = store.onNotice((notice) => {
      if (notice.kind === 'compactionProgress') tell(99, t('compacting'));
      if (notice.kind !== 'importProgress') return;
      tell(Math.min(99, scale * importPercent(notice.progress)), progressWords(notice.progress, t));
    });
    try {
      return await call.result;
    } finally {
      listening.dispose();
    }
  });
}

async function openPreview(
  { documents }: ImportParts,
  store: Store,
  { source }: ImportDraft,
  preview: ImportPreview,
): Promise<vscode.Uri> {
  const name = path.basename(source.file);
  const text = previewText(
    {
      file: source.file,
      store: store.name,
      path: store.path,
      key: columnWords(source.key, 'key', t),
      value: columnWords(source.value ?? (source.key === undefined ? undefined : WHOLE_ROW), 'value', t),
      family: (id) => store.family(id)?.name ?? String(id),
    },
    preview,
    t,
  );
  return documents.openReport(store.path, store.name, t('Import of {0}', name), text);
}

/** Says what the preview shows, and how to go on. */
function offer(preview: ImportPreview, { source }: ImportDraft, uri: vscode.Uri): void {
  const name = path.basename(source.file);
  const rows = writable({ preview });
  const go = t('Import {0}…', rowCount(rows, t));
  const alter = t('Change…');
  const message = `${name}: ${rowCount(preview.rows, t)} · ${countsWords(preview, t)}`;
  const able = preview.refused === null && rows > 0;
  const say = preview.bad > 0 || !able ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void say(message, ...(able ? [go] : []), alter).then((choice) => {
    if (choice === go) void vscode.commands.executeCommand(PRIVATE_COMMANDS.importRows, uri);
    if (choice === alter) void vscode.commands.executeCommand(PRIVATE_COMMANDS.changeImport, uri);
  });
}

/** Says what changes, and in which store. */
async function confirmed({ store, draft, preview }: Previewed): Promise<boolean> {
  const rows = rowCount(writable({ preview }), t);
  const lines = [countsWords({ ...preview, bad: 0 }, t)];
  if (preview.bad > 0)
    lines.push(t('{0} are left out: the preview lists them.', t('{0} bad rows', formatCount(preview.bad))));
  lines.push('', t('The store will be changed: {0}', store.path));
  lines.push(
    preview.rows <= ONE_BATCH
      ? t('Its LOCK is held meanwhile. The rows are one batch, whole or not at all, unless they are very large.')
      : t(
          'Its LOCK is held meanwhile. Rows are written in batches of {0}; cancelled, the first ones hold.',
          formatCount(IMPORT_BATCH),
        ),
  );
  const button = t('Import {0}', rows);
  const title = t('Import {0} of {1} into {2}?', rows, path.basename(draft.source.file), store.name);
  const choice = await vscode.window.showWarningMessage(title, { modal: true, detail: lines.join('\n') }, button);
  return choice === button && mayWrite();
}

async function importRows(
  parts: ImportParts,
  store: Store,
  { source, skipBad }: ImportDraft,
  preview: ImportPreview | undefined,
): Promise<ImportReport | undefined> {
  const name = path.basename(source.file);
  const batch = preview === undefined || preview.rows <= ONE_BATCH ? ONE_BATCH : IMPORT_BATCH;
  let report: ImportReport;
  try {
    const title = t('Importing {0} into {1}', name, store.name);
    report = await told(parts, store, title, () => store.startWriting('import', { ...source, skipBad, batch }));
  } catch (thrown) {
    if (!isCancelled(thrown)) throw thrown;
    void vscode.window.showInformationMessage(t('The import was cancelled; nothing was written.'));
    return undefined;
  }
  parts.log.info(`${source.file} → ${store.path}: ${report.outcome}, ${reportWords(report, t)}`);
  for (const problem of report.problems) parts.log.warn(`${store.name}: ${describeProblem(problem)}`);
  parts.tree.refresh(store);
  tell(parts, store, name, report);
  return report;
}

function tell({ writes }: ImportParts, store: Store, name: string, report: ImportReport): void {
  const words = reportWords(report, t);
  switch (report.outcome) {
    case 'done':
      writes.wrote(store, t('Imported {0} into {1}: {2}', name, store.name, words), report.undo);
      return;
    case 'bad': {
      const [first] = report.badRows;
      const why = first === undefined ? '' : badLine(first, t);
      const message = t('Nothing of {0} was imported: {1} bad rows. {2}', name, formatCount(report.bad), why);
      void vscode.window.showErrorMessage(message);
      return;
    }
    case 'cancelled':
      writes.wrote(store, t('The import of {0} was cancelled. What was written holds: {1}', name, words), report.undo);
      return;
    case 'failed': {
      const { failure } = report;
      const why = failure === undefined ? '' : describeProblem(failure).slice(failure.code.length + 2);
      const message = t('The import of {0} failed: {1}. What was written holds: {2}', name, why, words);
      void vscode.window.showErrorMessage(message);
    }
  }
}
