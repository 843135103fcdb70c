/** What the columns of a file mean: a short form whose first line shows the preview. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { IMPORT_ENCODINGS, type ImportEncoding, WHOLE_ROW } from '../../engine/model/import.ts';
import type { FamilySummary, ImportSniff, ImportSource } from '../../engine/protocol/engineApi.ts';
import { pickFamily } from '../commands/pickers.ts';
import type { Store } from '../store.ts';
import { columnWords } from './importWords.ts';

const t = vscode.l10n.t;

/** What is asked of a person, besides the file. */
export interface ImportDraft {
  source: ImportSource;
  readonly sniff: ImportSniff;
  readonly skipBad: boolean;
}

type Item = vscode.QuickPickItem & { readonly id: string };

/** Enter on the first line goes on. False: the person gave up. */
export async function askColumns(store: Store, draft: ImportDraft): Promise<boolean> {
  const families = store.summary?.families ?? [];
  const name = path.basename(draft.source.file);
  for (;;) {
    const { source } = draft;
    const items: Item[] = [
      { id: 'run', label: `$(preview) ${t('Preview')}`, detail: t('Reads the whole file; writes nothing') },
      { id: '', label: t('Columns'), kind: vscode.QuickPickItemKind.Separator },
      { id: 'key', label: `$(key) ${t('Key')}`, description: columnWords(source.key, 'key', t) },
      { id: 'value', label: `$(symbol-field) ${t('Value')}`, description: valueWords(source) },
      {
        id: 'type',
        label: `$(trash) ${t('Deletions')}`,
        description: source.type === undefined ? usualDeletions(source) : t('where “{0}” says so', source.type),
      },
    ];
    if (source.format === 'csv') {
      const description = source.header === false ? t('is a row') : t('names the columns');
      items.push({ id: 'header', label: `$(list-flat) ${t('First line')}`, description });
    }
    if (families.length > 1) {
      items.push({
        id: 'family',
        label: `$(symbol-namespace) ${t('Column family')}`,
        description: families.find((f) => f.id === source.family)?.name ?? t('as each row says'),
      });
    }
    const picked = await vscode.window.showQuickPick(items, {
      title: t('Import {0} into {1}', name, store.name),
      placeHolder: t('Enter shows the preview; choose a line to change it'),
    });
    if (picked === undefined) return false;
    if (picked.id === 'run') return true;
    await change(store, draft, picked.id, families);
  }
}

function valueWords({ key, value }: ImportSource): string {
  return columnWords(value ?? (key === undefined ? undefined : WHOLE_ROW), 'value', t);
}

function usualDeletions({ key, value, nullDeletes }: ImportSource): string {
  if (nullDeletes === true) return t('where the value is null');
  return key === undefined && value === undefined ? t('as exported') : t('none');
}

async function change(
  store: Store,
  draft: ImportDraft,
  what: string,
  families: readonly FamilySummary[],
): Promise<void> {
  const { source } = draft;
  switch (what) {
    case 'key':
    case 'value': {
      const spec = await askColumn(draft, what);
      if (spec !== undefined) draft.source = { ...source, [what]: spec };
      break;
    }
    case 'type':
      draft.source = { ...source, ...(await askDeletions(draft)) };
      break;
    case 'header': {
      // Columns have other names then.
      const header = source.header === false;
      const { file, format, delimiter } = source;
      const again = await store.call('importSniff', { file, format, delimiter, header });
      Object.assign(draft, { sniff: again, source: { ...again.source, family: source.family } });
      break;
    }
    case 'family': {
      const family = await pickFamily(store, families);
      if (family !== undefined) draft.source = { ...source, family: family.id };
      break;
    }
  }
}

function columnItems({ columns, samples }: ImportSniff): Item[] {
  return columns.map((name, i) => ({
    id: name,
    label: name,
    description: (samples[i] ?? []).filter((s) => s !== '').join(' · '),
  }));
}

async function askColumn({ sniff }: ImportDraft, what: 'key' | 'value'): Promise<string | undefined> {
  const columns = columnItems(sniff);
  const whole: Item = { id: WHOLE_ROW, label: `$(json) ${t('Whole row')}`, description: t('as JSON') };
  const typed: Item = {
    id: 'typed key',
    label: `$(symbol-operator) ${t('Typed key…')}`,
    description: '"user:" + u32be({id})',
  };
  const rest: Item = { id: '', label: '', kind: vscode.QuickPickItemKind.Separator };
  const other = what === 'key' ? typed : whole;
  const picked = await vscode.window.showQuickPick([...columns, rest, other], {
    title: what === 'key' ? t('Which column is the key?') : t('Which column is the value?'),
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  if (picked === whole) return WHOLE_ROW;
  if (picked === typed) return askTemplate(sniff);
  return askEncoding(picked.id);
}

async function askTemplate({ columns }: ImportSniff): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title: t('Typed key'),
    prompt: t('A key as it is typed, with {COLUMN} in it. Columns: {0}', columns.join(', ')),
    value: columns[0] === undefined ? '' : `"" + {${columns[0]}}`,
    ignoreFocusOut: true,
    validateInput: (input) => {
      const names = [...input.matchAll(/\{([^{}]+)\}/g)].map((m) => m[1] as string);
      if (names.length === 0) return t('Name a column in braces.');
      const unknown = names.find((n) => !columns.includes(n) && !columns.includes(n.split('.')[0] as string));
      return unknown === undefined ? undefined : t('There is no column “{0}”.', unknown);
    },
  });
  return typed === undefined || typed === '' ? undefined : typed;
}

async function askEncoding(column: string): Promise<string | undefined> {
  const words: Readonly<Record<ImportEncoding, string>> = {
    text: t('as it is, in UTF-8'),
    hex: t('bytes, two digits each'),
    base64: t('bytes'),
    typed: t('a key as it is typed: u32be(42), 0xCAFE'),
    escaped: t('as exports print bytes in CSV'),
    json: t('JSON, as it is written'),
  };
  const items = IMPORT_ENCODINGS.map((id) => ({ id, label: id, description: words[id] }));
  const picked = await vscode.window.showQuickPick(items, { title: t('What is the text of “{0}”?', column) });
  if (picked === undefined) return undefined;
  return picked.id === 'text' ? column : `${column}:${picked.id}`;
}

async function askDeletions({ sniff }: ImportDraft): Promise<Partial<ImportSource>> {
  const none: Item = { id: '', label: t('No deletions') };
  const nulls: Item = { id: '', label: t('Where the value is null or missing') };
  const list = [none, ...(sniff.source.format === 'jsonl' ? [nulls] : []), ...columnItems(sniff)];
  const picked = await vscode.window.showQuickPick(list, { title: t('Which column says put or delete?') });
  if (picked === undefined) return {};
  if (picked === none || picked === nulls) return { type: undefined, nullDeletes: picked === nulls };
  return { type: picked.id, nullDeletes: false };
}
