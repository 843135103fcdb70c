/** "Scan…": a range kind first, its bounds next, then a short form whose first line runs the scan. */
import * as vscode from 'vscode';
import { displayKey, formatCount } from '../../engine/model/display.ts';
import type { FamilySummary, QueryParams } from '../../engine/protocol/engineApi.ts';
import { parseCount } from '../keyInput.ts';
import { queryTitle, showResults } from '../panels/resultsPanel.ts';
import type { Services } from '../services.ts';
import { settings } from '../settings.ts';
import type { Store } from '../store.ts';
import { askKey, type CommandArgs, familyFor, keyFrom, pickFamily, storeFor } from './pickers.ts';
import { askWhere, checkWhere } from './where.ts';

const t = vscode.l10n.t;

/** Runs a scan that is told in full, or asks; resolves to the query that was shown. */
export async function scan(services: Services, args: CommandArgs): Promise<QueryParams | undefined> {
  const store = await storeFor(services.stores, args);
  if (store === undefined) return undefined;
  services.stores.setActive(store);
  const told =
    args.table !== undefined ||
    args.prefix !== undefined ||
    args.from !== undefined ||
    args.to !== undefined ||
    args.limit !== undefined ||
    args.allVersions !== undefined ||
    args.reverse !== undefined ||
    args.at !== undefined ||
    args.where !== undefined;
  const family = await familyFor(store, args);
  if (family === undefined) return undefined;
  const params = told ? fromArgs(family, args) : await ask(store, family);
  if (params === undefined) return undefined;
  if (params.where !== undefined) await checkWhere(store, family.id, params.where);
  showResults(services, store, params);
  return params;
}

function fromArgs(family: FamilySummary, args: CommandArgs): QueryParams {
  const limit = args.limit ?? settings.defaultLimit();
  return {
    family: family.id,
    from: keyFrom(args.from),
    to: keyFrom(args.to),
    prefix: keyFrom(args.prefix),
    reverse: args.reverse,
    allVersions: args.allVersions,
    at: args.at,
    table: args.table,
    where: args.where,
    limit: limit > 0 && args.table === undefined ? limit : undefined,
  };
}

/** Which keys of which family; what commands have in common. */
export interface RangeDraft {
  readonly family: FamilySummary;
  from: Uint8Array | undefined;
  to: Uint8Array | undefined;
  prefix: Uint8Array | undefined;
}

interface Draft extends RangeDraft {
  family: FamilySummary;
  reverse: boolean;
  allVersions: boolean;
  limit: number | undefined;
  at: number | undefined;
  where: string | undefined;
}

async function ask(store: Store, family: FamilySummary): Promise<QueryParams | undefined> {
  const limit = settings.defaultLimit();
  const draft: Draft = {
    family,
    from: undefined,
    to: undefined,
    prefix: undefined,
    reverse: false,
    allVersions: false,
    limit: limit > 0 ? limit : undefined,
    at: undefined,
    where: undefined,
  };
  if (!(await askRange(store, draft, t('Scan {0}', draft.family.name)))) return undefined;
  return (await askOptions(store, draft)) ? toParams(draft) : undefined;
}

function toParams(d: Draft): QueryParams {
  return {
    family: d.family.id,
    from: d.from,
    to: d.to,
    prefix: d.prefix,
    reverse: d.reverse || undefined,
    allVersions: d.allVersions || undefined,
    limit: d.limit,
    at: d.at,
    where: d.where,
  };
}

/** Which keys. False: the person gave up. */
export async function askRange(store: Store, draft: RangeDraft, title: string): Promise<boolean> {
  const of = { store, family: draft.family };
  const bound = { of, optional: true, prefix: true };
  if (!draft.family.ordered) {
    // Bounds mean nothing where the order of keys is unknown.
    draft.from = draft.to = draft.prefix = undefined;
    return true;
  }
  const picked = await vscode.window.showQuickPick(
    [
      { label: `$(list-ordered) ${t('Whole family')}`, description: t('every live key'), kind: 'all' },
      { label: `$(filter) ${t('Prefix…')}`, description: t('keys that begin with…'), kind: 'prefix' },
      { label: `$(arrow-both) ${t('Range…')}`, description: t('from a key up to another'), kind: 'range' },
    ].map((item) => ({ ...item, id: item.kind, kind: vscode.QuickPickItemKind.Default })),
    { title, placeHolder: t('Which keys?') },
  );
  if (picked === undefined) return false;
  if (picked.id === 'prefix') {
    const prefix = await askKey(title, t('Keys that begin with'), {
      value: shown(draft.prefix),
      of,
      prefix: true,
    });
    if (prefix === undefined) return false;
    draft.prefix = prefix;
    draft.from = draft.to = undefined;
  } else if (picked.id === 'range') {
    const from = await askKey(title, t('From this key on; empty for the first'), {
      ...bound,
      value: shown(draft.from),
    });
    if (from === undefined) return false;
    const to = await askKey(title, t('Up to but not including this key; empty for the last'), {
      ...bound,
      value: shown(draft.to),
    });
    if (to === undefined) return false;
    draft.from = from.length === 0 ? undefined : from;
    draft.to = to.length === 0 ? undefined : to;
    draft.prefix = undefined;
  } else {
    draft.from = draft.to = draft.prefix = undefined;
  }
  return true;
}

/** How. Enter on the first line runs. False: the person gave up. */
async function askOptions(store: Store, draft: Draft): Promise<boolean> {
  for (;;) {
    const items: (vscode.QuickPickItem & { id: string })[] = [
      { id: 'run', label: `$(play) ${t('Run scan')}`, detail: queryTitle(draft.family.name, toParams(draft)) },
      { id: '', label: t('Options'), kind: vscode.QuickPickItemKind.Separator },
      { id: 'range', label: `$(filter) ${t('Keys')}`, description: rangeWords(draft) },
      { id: 'where', label: `$(search) ${t('Condition')}`, description: draft.where ?? t('none') },
      {
        id: 'reverse',
        label: `$(arrow-swap) ${t('Direction')}`,
        description: draft.reverse ? t('last key first') : t('first key first'),
      },
      {
        id: 'versions',
        label: `$(versions) ${t('Versions')}`,
        description: draft.allVersions ? t('all, with tombstones') : t('newest visible'),
      },
      {
        id: 'limit',
        label: `$(list-selection) ${t('Limit')}`,
        description: draft.limit === undefined ? t('none') : t('{0} rows', formatCount(draft.limit)),
      },
      {
        id: 'at',
        label: `$(history) ${t('As of')}`,
        description: draft.at === undefined ? t('now') : t('sequence {0}', formatCount(draft.at)),
      },
    ];
    if ((store.summary?.families.length ?? 0) > 1) {
      items.push({ id: 'family', label: `$(symbol-namespace) ${t('Column family')}`, description: draft.family.name });
    }
    const picked = await vscode.window.showQuickPick(items, {
      title: t('Scan {0}', draft.family.name),
      placeHolder: t('Enter runs the scan; choose a line to change it'),
    });
    switch (picked?.id) {
      case undefined:
        return false;
      case 'run':
        return true;
      case 'range':
        await askRange(store, draft, t('Scan {0}', draft.family.name));
        break;
      case 'where': {
        const where = await askWhere(store, draft.family, draft.where ?? '');
        if (where !== undefined) draft.where = where === '' ? undefined : where;
        break;
      }
      case 'reverse':
        draft.reverse = !draft.reverse;
        break;
      case 'versions':
        draft.allVersions = !draft.allVersions;
        break;
      case 'limit': {
        const limit = await askCount(t('Stop after this many rows; empty for no limit'), 1, draft.limit);
        if (limit !== 'escape') draft.limit = limit;
        break;
      }
      case 'at': {
        const prompt = t(
          'Read as of this sequence number (up to {0}); empty for now',
          formatCount(store.summary?.lastSequence ?? 0),
        );
        const at = await askCount(prompt, 0, draft.at);
        if (at !== 'escape') draft.at = at;
        break;
      }
      case 'family':
        draft.family = (await pickFamily(store, store.summary?.families ?? [])) ?? draft.family;
        break;
    }
  }
}

async function askCount(
  prompt: string,
  min: number,
  value: number | undefined,
): Promise<number | undefined | 'escape'> {
  const typed = await vscode.window.showInputBox({
    prompt,
    value: value === undefined ? '' : String(value),
    ignoreFocusOut: true,
    validateInput: (input) => {
      const parsed = parseCount(input, min, t);
      return 'message' in parsed ? parsed.message : undefined;
    },
  });
  if (typed === undefined) return 'escape';
  const parsed = parseCount(typed, min, t);
  return 'value' in parsed ? parsed.value : 'escape';
}

function shown(key: Uint8Array | undefined): string {
  return key === undefined ? '' : displayKey(key, 1_000);
}

export function rangeWords(d: RangeDraft): string {
  if (!d.family.ordered) return t('all, in file order: the comparator is unknown');
  if (d.prefix !== undefined) return t('prefix {0}', displayKey(d.prefix, 40));
  if (d.from === undefined && d.to === undefined) return t('all');
  const from = d.from === undefined ? t('first') : displayKey(d.from, 30);
  const to = d.to === undefined ? t('last') : displayKey(d.to, 30);
  return `${from} … ${to}`;
}
