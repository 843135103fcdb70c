/** Differences between two stores in the diff editor: the two values of one key, or one line a key. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { displayKey, displayValue, formatBytes, formatCount } from '../engine/model/display.ts';
import type { DiffKind, DiffReport, DiffRow, DiffSide } from '../engine/protocol/engineApi.ts';
import { StoreError, toStoreError } from '../engine/protocol/rpc.ts';
import type { Documents } from './documents.ts';
import { isCancelled, sentence } from './messages.ts';
import { readable } from './readable.ts';
import type { Store } from './store.ts';

const t = vscode.l10n.t;

/** More keys than these are read in the grid. */
const TEXT_ROWS_MAX = 2_000;
/** Values above this stand as their size. */
const LINE_VALUE_BYTES = 64 * 1024;
const LINE_CHARS = 4_000;

interface Difference {
  /** By name. */
  readonly family: string;
  readonly key: Uint8Array;
  readonly kind: DiffKind;
  /** The key as its lens reads it. */
  readonly shown?: string;
}

/** The values of one key, side by side; a side that lacks it is empty. */
export async function openDifference(documents: Documents, store: Store, other: string, d: Difference): Promise<void> {
  const { key, kind } = d;
  const family = familyId(store, d.family);
  const absent = (place: string): vscode.Uri =>
    documents.textUri(store.path, [path.basename(place), t('{0} (not there)', displayKey(key, 60))], '');
  const before = kind === 'added' ? absent(store.path) : await documents.readUri({ store, family, key });
  const after = kind === 'removed' ? absent(other) : await documents.readUri({ store, family, key, path: other });
  const title = t('{0}: {1} ↔ {2}', d.shown ?? displayKey(key, 40), store.name, path.basename(other));
  await vscode.commands.executeCommand('vscode.diff', before, after, title, { preview: true });
}

/** All differences that have come so far, a line for each key. */
export async function openAsText(
  documents: Documents,
  store: Store,
  other: string,
  reports: readonly DiffReport[],
): Promise<void> {
  const rows = reports.flatMap((r) => r.rows);
  if (rows.length > TEXT_ROWS_MAX) {
    throw new StoreError('INPUT', t('{0} keys are too many to compare as text.', formatCount(rows.length)), {
      mend: t('the grid opens each of them by Enter; `lsm diff` writes them all'),
    });
  }
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: t('Reading the values that differ'),
    cancellable: true,
  };
  await vscode.window.withProgress(options, async (progress, token) => {
    const before: string[] = [];
    const after: string[] = [];
    for (const [i, row] of rows.entries()) {
      if (token.isCancellationRequested) return;
      if (i % 50 === 0) progress.report({ message: t('{0} of {1}', formatCount(i), formatCount(rows.length)) });
      if (row.before !== undefined) before.push(await line(store, undefined, row, row.before));
      if (row.after !== undefined) after.push(await line(store, other, row, row.after));
    }
    const more = reports.at(-1)?.next === undefined ? '' : t('… there are more keys that differ');
    const uri = (place: string, lines: readonly string[]): vscode.Uri =>
      documents.textUri(store.path, [`${path.basename(place)}.txt`], [...lines, more].filter(Boolean).join('\n'));
    const title = t('{0} ↔ {1}', store.name, path.basename(other));
    const [left, right] = [uri(store.path, before), uri(other, after)];
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  });
}

async function line(store: Store, other: string | undefined, row: DiffRow, side: DiffSide): Promise<string> {
  const { family, key } = row;
  const several = (store.summary?.families.length ?? 0) > 1;
  const head = `${several ? `${family}: ` : ''}${row.shown ?? displayKey(key, 400)}`;
  if (side.valueSize > LINE_VALUE_BYTES) return `${head} = (${formatBytes(side.valueSize)})`;
  try {
    const asked = { key, maxBytes: LINE_VALUE_BYTES };
    const id = familyId(store, family);
    const value =
      other === undefined
        ? await store.call('value', { family: id, ...asked })
        : await store.call('diffValue', { path: other, family, ...asked });
    const { kind, text } = await readable(store, id, key, value);
    return `${head} = ${kind === 'hex' ? displayValue(value, LINE_CHARS) : oneLine(kind === 'json', text)}`;
  } catch (thrown) {
    if (isCancelled(thrown) || toStoreError(thrown).code === 'IO') throw thrown;
    // An entity, or a merge that is not resolved, has no single value.
    return `${head} (${side.type}: ${sentence(thrown)})`;
  }
}

function oneLine(json: boolean, text: string): string {
  if (json) {
    const compact = text.replace(/\n\s*/g, ' ');
    return compact.length > LINE_CHARS ? `${compact.slice(0, LINE_CHARS)}…` : compact;
  }
  return displayValue(new TextEncoder().encode(text), LINE_CHARS);
}

function familyId(store: Store, name: string): number {
  const family = store.summary?.families.find((f) => f.name === name);
  if (family === undefined)
    throw new StoreError('INPUT', t('There is no column family “{0}”.', name), { path: store.path });
  return family.id;
}
