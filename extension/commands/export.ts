/** "Export…": what a store holds as files for other tools, in a directory that is new or empty. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type {
  ExportFormat,
  ExportParams,
  ExportReport,
  ExportWhat,
  FamilySummary,
  QueryParams,
} from '../../engine/protocol/engineApi.ts';
import { describeProblem } from '../../engine/protocol/rpc.ts';
import { isCancelled } from '../messages.ts';
import { revealCommand } from '../panels/saveFile.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import * as words from '../words.ts';
import { counting } from './notified.ts';
import { askNewDirectory, freeName } from './paths.ts';
import { argsOf, type CommandArgs, familyFor, keyFrom, storeFor } from './pickers.ts';
import { askRange, rangeWords } from './scan.ts';
import { askWhere, checkWhere } from './where.ts';

const t = vscode.l10n.t;

interface ExportArgs extends CommandArgs {
  readonly format?: ExportFormat | undefined;
  readonly what?: ExportWhat | undefined;
  readonly partition?: boolean | undefined;
  /** The directory to make; where it is named nothing is asked. */
  readonly out?: string | undefined;
  /** The query of a results tab, in place of a range. */
  readonly query?: QueryParams | undefined;
}

interface Draft {
  format: ExportFormat;
  what: ExportWhat;
  /** Undefined: all of them. */
  family: FamilySummary | undefined;
  partition: boolean;
  from: Uint8Array | undefined;
  to: Uint8Array | undefined;
  prefix: Uint8Array | undefined;
  where: string | undefined;
  out: string;
}

/** Resolves to what was written; undefined where a person gave up or cancelled. */
export async function exportStore(services: Services, arg: unknown): Promise<ExportReport | undefined> {
  const args: ExportArgs = argsOf(arg);
  const store = await storeFor(services.stores, args);
  if (store === undefined) return undefined;
  services.stores.setActive(store);
  const draft = await draftOf(store, args);
  if (draft === undefined) return undefined;
  if (args.out === undefined && !(await askForm(store, draft, args.query))) return undefined;
  if (draft.where !== undefined && draft.family !== undefined) await checkWhere(store, draft.family.id, draft.where);
  let report: ExportReport;
  try {
    report = await run(store, paramsOf(draft));
  } catch (thrown) {
    if (!isCancelled(thrown)) throw thrown;
    void vscode.window.showInformationMessage(t('The export was cancelled; nothing of it is left.'));
    return undefined;
  }
  tell(services, store, report);
  return report;
}

async function draftOf(store: Store, args: ExportArgs): Promise<Draft | undefined> {
  const { families } = await store.open();
  const { query } = args;
  const named = args.family ?? query?.family;
  const one = named !== undefined || families.length === 1;
  const family = one ? await familyFor(store, { family: named }) : undefined;
  return {
    format: args.format ?? 'parquet',
    what: args.what ?? 'entries',
    family,
    partition: args.partition ?? false,
    from: keyFrom(args.from) ?? query?.from,
    to: keyFrom(args.to) ?? query?.to,
    prefix: keyFrom(args.prefix) ?? query?.prefix,
    where: args.where ?? query?.where,
    out: args.out ?? (await freeName(path.join(path.dirname(store.path), `${store.name}-export`))),
  };
}

function paramsOf(d: Draft): ExportParams {
  const { format, what, out: to } = d;
  const family = d.family?.id;
  if (what !== 'entries') return { to, format, what, family };
  return {
    ...{ to, format, what, family, partition: d.partition },
    ...{ from: d.from, until: d.to, prefix: d.prefix, where: d.where },
  };
}

/** Enter on the first line runs. False: the person gave up. */
async function askForm(store: Store, draft: Draft, query: QueryParams | undefined): Promise<boolean> {
  const title = t('Export {0}', store.name);
  for (;;) {
    const picked = await vscode.window.showQuickPick(formItems(store, draft, query), {
      title,
      placeHolder: t('Enter exports; choose a line to change it'),
    });
    const { family } = draft;
    switch (picked?.id) {
      case undefined:
        return false;
      case 'run':
        return true;
      case 'format':
        draft.format = (await choose(title, formats(), draft.format)) ?? draft.format;
        break;
      case 'what':
        draft.what = (await choose(title, contents(), draft.what)) ?? draft.what;
        break;
      case 'partition':
        draft.partition = !draft.partition;
        break;
      case 'range':
        if (family !== undefined) await askRange(store, Object.assign(draft, { family }), title);
        break;
      case 'where': {
        if (family === undefined) break;
        const where = await askWhere(store, family, draft.where ?? '');
        if (where !== undefined) draft.where = where === '' ? undefined : where;
        break;
      }
      case 'family': {
        const chosen = await chooseFamily(store);
        if (chosen === undefined) break;
        draft.family = chosen.family;
        // Ranges and conditions belong to a family's keys.
        draft.from = draft.to = draft.prefix = draft.where = undefined;
        break;
      }
      case 'out':
        draft.out =
          (await askNewDirectory(title, t('The directory for the files: new, or empty.'), draft.out)) ?? draft.out;
        break;
    }
  }
}

type FormItem = vscode.QuickPickItem & { readonly id: string };

function formItems(store: Store, d: Draft, query: QueryParams | undefined): FormItem[] {
  const entries = d.what === 'entries';
  const all = t('all column families');
  const summary = [label(formats(), d.format), label(contents(), d.what), d.family?.name ?? all].join(' · ');
  const items: FormItem[] = [
    { id: 'run', label: `$(play) ${t('Export')}`, detail: `${summary} → ${d.out}` },
    { id: '', label: leftOut(query) ?? t('Options'), kind: vscode.QuickPickItemKind.Separator },
    { id: 'format', label: `$(file) ${t('Format')}`, description: label(formats(), d.format) },
    { id: 'what', label: `$(list-tree) ${t('Content')}`, description: label(contents(), d.what) },
  ];
  if ((store.summary?.families.length ?? 0) > 1) {
    const description = d.family?.name ?? all;
    items.push({ id: 'family', label: `$(symbol-namespace) ${t('Column family')}`, description });
  }
  if (entries && d.family !== undefined) {
    const description = rangeWords({ ...d, family: d.family });
    items.push(
      { id: 'range', label: `$(filter) ${t('Keys')}`, description },
      { id: 'where', label: `$(search) ${t('Condition')}`, description: d.where ?? t('none') },
    );
  }
  if (entries) {
    const description = d.partition ? 'family=NAME/level=N' : t('none: one folder');
    items.push({ id: 'partition', label: `$(type-hierarchy) ${t('Partition')}`, description });
  }
  items.push({ id: 'out', label: `$(folder) ${t('Folder')}`, description: d.out });
  return items;
}

/** What of a results tab an export cannot hold. */
function leftOut(query: QueryParams | undefined): string | undefined {
  if (query === undefined) return undefined;
  const parts = [
    query.allVersions === true ? t('older versions') : '',
    query.at !== undefined ? t('as of sequence {0}', formatCount(query.at)) : '',
    query.limit !== undefined ? t('at most {0}', formatCount(query.limit)) : '',
  ].filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  return t('Exports hold all that is visible now; left out: {0}', parts.join(', '));
}

interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly description: string;
}

const formats = (): Choice<ExportFormat>[] => [
  { value: 'parquet', label: 'Parquet', description: t('for DuckDB, Spark, pandas') },
  { value: 'jsonl', label: 'JSON Lines', description: t('one object a line') },
  { value: 'csv', label: 'CSV', description: t('one row a line') },
];

const contents = (): Choice<ExportWhat>[] => [
  { value: 'entries', label: t('Entries'), description: t('visible keys and values') },
  { value: 'tables', label: t('Tables'), description: t('live tables with their sizes and counts') },
  { value: 'events', label: t('Events'), description: t('flushes and compactions of the history') },
];

function label<T>(choices: readonly Choice<T>[], value: T): string {
  return choices.find((c) => c.value === value)?.label ?? '';
}

async function choose<T>(title: string, choices: readonly Choice<T>[], now: T): Promise<T | undefined> {
  // The one that holds comes first, so that Enter keeps it.
  const items = [...choices].sort((a, b) => Number(b.value === now) - Number(a.value === now));
  return (await vscode.window.showQuickPick(items, { title }))?.value;
}

async function chooseFamily(store: Store): Promise<{ readonly family: FamilySummary | undefined } | undefined> {
  const families = store.summary?.families ?? [];
  const items = families.map((family) => ({ label: family.name, family: family as FamilySummary | undefined }));
  const all = { label: t('All column families'), family: undefined };
  return vscode.window.showQuickPick([all, ...items], { title: t('Export {0}', store.name) });
}

function run(store: Store, params: ExportParams): Promise<ExportReport> {
  return counting(t('Exporting {0}', store.name), async (report, onCancel) => {
    const listening = store.onNotice((notice) => {
      if (notice.kind !== 'exportProgress') return;
      const { rows, readBytes, writtenBytes } = notice.progress;
      report(t('{0}, {1} read, {2} written', words.rows(rows), formatBytes(readBytes), formatBytes(writtenBytes)));
    });
    try {
      const call = await store.start('export', params);
      onCancel(() => call.cancel());
      return await call.result;
    } finally {
      listening.dispose();
    }
  });
}

function tell(services: Services, store: Store, report: ExportReport): void {
  const { directory, files, rows, problems, lost } = report;
  for (const problem of problems) services.log.warn(`${store.name}: ${describeProblem(problem)}`);
  const bytes = files.reduce((n, f) => n + f.bytes, 0);
  const what = t('{0} in {1}, {2}', words.rows(rows), words.files(files.length), formatBytes(bytes));
  services.log.info(`${store.path} → ${directory}: ${what}`);
  const uri = vscode.Uri.file(directory);
  const reveal = t('Reveal');
  const open = t('Open Folder');
  const command = revealCommand(uri);
  const message = lost
    ? t('Exported {0} to {1}: {2}. Not all of it could be read; the log says what.', store.name, directory, what)
    : t('Exported {0} to {1}: {2}.', store.name, directory, what);
  const show = lost ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void show(message, ...(command === undefined ? [] : [reveal]), open).then((choice) => {
    if (choice === reveal && command !== undefined) void vscode.commands.executeCommand(command, uri);
    if (choice === open) void vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  });
}
