/** What a compaction is about: from the tree's selection, from named arguments, or from quick picks. */
import * as vscode from 'vscode';
import { displayKey, formatBytes } from '../../engine/model/display.ts';
import type { CompactionRequest, FamilySummary, TableRow } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { shownLevels } from '../trees/children.ts';
import type { Node, TableNode } from '../trees/nodes.ts';
import * as words from '../words.ts';
import {
  argsOf,
  askKey,
  type CommandArgs,
  familyFor,
  isNode,
  keyFrom,
  pickFamily,
  pickTables,
  storeFor,
} from './pickers.ts';

const t = vscode.l10n.t;

export interface Target {
  readonly store: Store;
  readonly request: CompactionRequest;
  /** In words: "level 0 of readings". */
  readonly what: string;
}

/** Named arguments of the compaction commands, beside those of all commands. */
export interface CompactArgs extends CommandArgs {
  readonly level?: number | undefined;
  readonly tables?: readonly number[] | undefined;
  /** All tables of the family, or of the store where no family is named. */
  readonly all?: boolean | undefined;
}

/** Undefined: the person gave up. Throws StoreError for a selection that cannot be compacted together. */
export async function compactTarget(services: Services, arg: unknown, selection: unknown): Promise<Target | undefined> {
  const nodes = Array.isArray(selection) && selection.length > 1 ? selection.filter(isNode) : [];
  if (nodes.length > 1) return ofNodes(nodes);
  const args: CompactArgs = argsOf(arg);
  const store = await storeFor(services.stores, args);
  if (store === undefined) return undefined;
  await store.open();
  services.stores.setActive(store);
  if (isNode(arg)) {
    if (arg.kind === 'table') return ofTables(store, [arg.table]);
    if (arg.kind === 'level') return ofLevel(store, arg.family, arg.level.level);
    if (arg.kind === 'family') return askPart(store, arg.family);
    return ask(services, store);
  }
  return fromArgs(store, args) ?? ask(services, store);
}

function ofNodes(nodes: readonly Node[]): Target {
  const tables = nodes.filter((n): n is TableNode => n.kind === 'table');
  const [first] = tables;
  const together = first !== undefined && tables.length === nodes.length && tables.every((n) => isBeside(n, first));
  if (!together) {
    throw new StoreError('INPUT', t('Select tables of one column family, or one level, family or store.'));
  }
  return ofTables(
    first.store,
    tables.map((n) => n.table),
  );
}

const isBeside = (a: TableNode, b: TableNode): boolean => a.store === b.store && a.table.family === b.table.family;

function ofTables(store: Store, tables: readonly Pick<TableRow, 'family' | 'number'>[]): Target {
  const family = tables[0]?.family ?? 0;
  const numbers = tables.map((table) => table.number);
  const name = store.family(family)?.name ?? String(family);
  const what =
    numbers.length === 1
      ? t('table {0} of {1}', numbers[0] ?? 0, name)
      : t('{0} of {1}', words.tables(numbers.length), name);
  return { store, request: { family, tables: numbers }, what };
}

function ofLevel(store: Store, family: FamilySummary, level: number): Target {
  return { store, request: { family: family.id, level }, what: t('level {0} of {1}', level, family.name) };
}

function ofFamily(store: Store, family: FamilySummary): Target {
  const only = store.summary?.families.length === 1;
  const what = only ? t('all of {0}', store.name) : t('column family {0}', family.name);
  return { store, request: { family: family.id }, what };
}

function ofStore(store: Store): Target {
  return { store, request: {}, what: t('all of {0}', store.name) };
}

function ofRange(
  store: Store,
  family: FamilySummary,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): Target {
  const first = from === undefined ? t('first') : displayKey(from, 30);
  const last = to === undefined ? t('last') : displayKey(to, 30);
  const what = t('keys {0} … {1} of {2}', first, last, family.name);
  return { store, request: { family: family.id, from, to }, what };
}

function fromArgs(store: Store, args: CompactArgs): Promise<Target | undefined> | undefined {
  const { level, tables, from, to, all } = args;
  if (all === true && args.family === undefined) return Promise.resolve(ofStore(store));
  const told = all === true || [level, tables, from, to].some((x) => x !== undefined);
  if (!told) return undefined;
  return familyFor(store, args).then((family) => {
    if (family === undefined) return undefined;
    if (level !== undefined) return ofLevel(store, family, level);
    if (tables !== undefined) {
      return ofTables(
        store,
        tables.map((number) => ({ family: family.id, number })),
      );
    }
    return all === true ? ofFamily(store, family) : ofRange(store, family, keyFrom(from), keyFrom(to));
  });
}

// ── Asking ─────────────────────────────────────────────────────────────────────────────────────

async function ask(services: Services, store: Store): Promise<Target | undefined> {
  const families = store.summary?.families ?? [];
  const [only] = families;
  const picked = services.tree.view.selection.filter((n): n is TableNode => n.kind === 'table' && n.store === store);
  const selected = picked.filter((n) => n.table.family === picked[0]?.table.family);
  if (families.length === 1 && only !== undefined && selected.length === 0) return askPart(store, only);
  const tables = families.reduce((n, f) => n + f.tables, 0);
  const bytes = families.reduce((n, f) => n + f.bytes, 0);
  const items = [
    ...(selected.length === 0
      ? []
      : [
          {
            id: 'selected',
            label: `$(list-selection) ${t('Selected tables')}`,
            description: selected.map((n) => n.table.number).join(', '),
          },
        ]),
    {
      id: 'store',
      label: `$(database) ${t('Whole store')}`,
      description: `${words.tables(tables)} · ${formatBytes(bytes)}`,
    },
    {
      id: 'family',
      label: `$(symbol-namespace) ${t('Part of a column family…')}`,
      description: t('all of it, a level, a key range or tables'),
    },
  ];
  const choice = await vscode.window.showQuickPick(items, {
    title: t('Compact {0}', store.name),
    placeHolder: t('What is to be compacted?'),
  });
  if (choice?.id === 'store') return ofStore(store);
  if (choice?.id === 'selected') {
    return ofTables(
      store,
      selected.map((n) => n.table),
    );
  }
  if (choice === undefined) return undefined;
  const family = families.length === 1 ? only : await pickFamily(store, families);
  return family === undefined ? undefined : askPart(store, family);
}

async function askPart(store: Store, family: FamilySummary): Promise<Target | undefined> {
  const title = t('Compact {0}', family.name);
  const items = [
    {
      id: 'all',
      label: `$(layers) ${t('All tables')}`,
      description: `${words.tables(family.tables)} · ${formatBytes(family.bytes)}`,
    },
    { id: 'level', label: `$(list-ordered) ${t('A level…')}`, description: t('into the next one') },
    ...(family.ordered
      ? [{ id: 'range', label: `$(arrow-both) ${t('A key range…')}`, description: t('the tables that overlap it') }]
      : []),
    { id: 'tables', label: `$(table) ${t('Tables…')}`, description: t('chosen from a list') },
  ];
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: t('What is to be compacted?') });
  switch (picked?.id) {
    case 'all':
      return ofFamily(store, family);
    case 'level':
      return askLevel(store, family, title);
    case 'range':
      return askRange(store, family, title);
    case 'tables':
      return askTables(store, family, title);
    default:
      return undefined;
  }
}

async function askLevel(store: Store, family: FamilySummary, title: string): Promise<Target | undefined> {
  const items = shownLevels(family)
    .filter((level) => level.tables > 0)
    .map((level) => ({
      label: `L${level.level}`,
      description: `${words.tables(level.tables)} · ${formatBytes(level.bytes)}`,
      level: level.level,
    }));
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: t('Choose a level') });
  return picked === undefined ? undefined : ofLevel(store, family, picked.level);
}

async function askRange(store: Store, family: FamilySummary, title: string): Promise<Target | undefined> {
  const from = await askKey(title, t('From this key on; empty for the first'), { optional: true });
  if (from === undefined) return undefined;
  const to = await askKey(title, t('Up to this key; empty for the last'), { optional: true });
  if (to === undefined) return undefined;
  if (from.length === 0 && to.length === 0) return ofFamily(store, family);
  return ofRange(store, family, from.length === 0 ? undefined : from, to.length === 0 ? undefined : to);
}

async function askTables(store: Store, family: FamilySummary, title: string): Promise<Target | undefined> {
  const picked = await pickTables(store, family, title, true);
  return picked.length === 0 ? undefined : ofTables(store, picked);
}
