/** Asking for what a command misses: a store, a column family, a key. Escape means undefined. */
import * as vscode from 'vscode';
import { displayKey, formatBytes } from '../../engine/model/display.ts';
import type { FamilySummary, KeySchemaInfo, TableRow } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { type ParsedKey, parseKey } from '../keyInput.ts';
import { sentence } from '../messages.ts';
import { Store } from '../store.ts';
import type { Stores } from '../stores.ts';
import { engineName } from '../trees/items.ts';
import { familyOf, type Node, tableOf } from '../trees/nodes.ts';
import * as words from '../words.ts';

const t = vscode.l10n.t;

/** Tables that the list to choose from holds; whoever has more selects them in the tree. */
const TABLES_MAX = 2_000;

/** What a command can be given: a tree node, a path, a folder, or named parts. */
export interface CommandArgs {
  readonly store?: Store | string | undefined;
  /** Id or name. */
  readonly family?: number | string | undefined;
  /** Bytes, or text in the syntax of keyInput.ts. */
  readonly key?: Uint8Array | string | undefined;
  readonly seq?: number | undefined;
  readonly prefix?: Uint8Array | string | undefined;
  readonly from?: Uint8Array | string | undefined;
  readonly to?: Uint8Array | string | undefined;
  readonly reverse?: boolean | undefined;
  readonly allVersions?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly at?: number | undefined;
  readonly table?: number | undefined;
  /** A condition (docs/queries.md). */
  readonly where?: string | undefined;
}

export function isNode(arg: unknown): arg is Node {
  return typeof arg === 'object' && arg !== null && 'kind' in arg && 'id' in arg && 'store' in arg;
}

/** A command's argument as named parts, whatever it came as. */
export function argsOf(arg: unknown): CommandArgs {
  if (typeof arg === 'string') return { store: arg };
  if (arg instanceof vscode.Uri) return { store: arg.fsPath };
  if (arg instanceof Store) return { store: arg };
  if (isNode(arg)) {
    const node = arg;
    return {
      store: node.store,
      family: familyOf(node)?.id ?? tableOf(node)?.family,
      ...(node.kind === 'entry' ? { key: node.entry.key, seq: node.entry.seq } : {}),
    };
  }
  return typeof arg === 'object' && arg !== null ? (arg as CommandArgs) : {};
}

/** The store a command is about: the one named, the only one, or the one a person picks. */
export async function storeFor(
  stores: Stores,
  args: CommandArgs,
  which: 'open' | 'any' = 'open',
): Promise<Store | undefined> {
  if (args.store instanceof Store) return args.store;
  if (typeof args.store === 'string') {
    const known = stores.byPath(args.store);
    if (known !== undefined) return known;
    throw new StoreError('INPUT', t('No such store is open.'), { path: args.store });
  }
  const list = which === 'open' && stores.openOnes.length > 0 ? stores.openOnes : stores.list;
  if (list.length <= 1) return list[0];
  const items = list.map((store) => ({
    label: store.name,
    description: store.path,
    detail: store.summary === undefined ? t('not open') : storeDetail(store),
    iconPath: new vscode.ThemeIcon('database'),
    store,
  }));
  // The one last touched comes first, so that Enter takes it.
  items.sort((a, b) => Number(b.store === stores.active) - Number(a.store === stores.active));
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Store'),
    placeHolder: t('Choose a store'),
    matchOnDescription: true,
  });
  return picked?.store;
}

function storeDetail(store: Store): string {
  const families = store.summary?.families ?? [];
  const tables = families.reduce((n, f) => n + f.tables, 0);
  const bytes = families.reduce((n, f) => n + f.bytes, 0);
  return [engineName(store.summary?.engine ?? ''), words.tables(tables), formatBytes(bytes)].join(' · ');
}

/** The column family a command is about; asks where there are several and none is named. */
export async function familyFor(store: Store, args: CommandArgs): Promise<FamilySummary | undefined> {
  const { families } = await store.open();
  if (args.family !== undefined) {
    const named = families.find((f) => f.id === args.family || f.name === args.family);
    if (named === undefined) {
      throw new StoreError('INPUT', t('There is no column family “{0}”.', String(args.family)), { path: store.path });
    }
    return named;
  }
  if (families.length <= 1) return families[0];
  return pickFamily(store, families);
}

export async function pickFamily(store: Store, families: readonly FamilySummary[]): Promise<FamilySummary | undefined> {
  const picked = await vscode.window.showQuickPick(
    families.map((family) => ({
      label: family.name,
      description: `${words.tables(family.tables)} · ${formatBytes(family.bytes)}`,
      detail: family.comparator,
      iconPath: new vscode.ThemeIcon('symbol-namespace'),
      family,
    })),
    { title: t('Column family of {0}', store.name), placeHolder: t('Choose a column family') },
  );
  return picked?.family;
}

/** Tables of a family: one, or as many as a person likes where `many`. Empty: the person gave up. */
export async function pickTables(
  store: Store,
  family: FamilySummary,
  title: string,
  many: boolean,
): Promise<readonly TableRow[]> {
  const page = store.call('tables', { family: family.id, level: -1, offset: 0, limit: TABLES_MAX });
  const items = page.then(({ items: tables }) =>
    tables.map((table) => ({
      label: table.file,
      description: `L${table.level} · ${formatBytes(table.bytes)}`,
      detail: `${displayKey(table.smallest, 40)} … ${displayKey(table.largest, 40)}`,
      table,
    })),
  );
  const options = { title, matchOnDescription: true };
  if (!many) {
    const picked = await vscode.window.showQuickPick(items, { ...options, placeHolder: t('Choose a table') });
    return picked === undefined ? [] : [picked.table];
  }
  const picked = await vscode.window.showQuickPick(items, {
    ...options,
    placeHolder: t('Choose tables'),
    canPickMany: true,
  });
  return (picked ?? []).map((item) => item.table);
}

export interface AskKey {
  /** What stands in the box at first. */
  readonly value?: string | undefined;
  /** An empty input is an empty key and means "no bound". */
  readonly optional?: boolean | undefined;
  /** Where the key belongs: the fields of its declared schemas can be typed too. */
  readonly of?: { readonly store: Store; readonly family: FamilySummary } | undefined;
  /** The first fields alone will do: they stand for the beginning of a key. */
  readonly prefix?: boolean | undefined;
}

/** A key typed by a person. */
export async function askKey(title: string, prompt: string, ask: AskKey = {}): Promise<Uint8Array | undefined> {
  const { value = '', optional = false, of } = ask;
  const schemas = of === undefined ? [] : await schemasOf(of.store, of.family.id);
  const read = (input: string): ParsedKey | Promise<ParsedKey> =>
    of !== undefined && schemas.some((s) => beginsWithField(input, s))
      ? readFields(of.store, of.family.id, input, ask.prefix === true)
      : parseKey(input, t);
  const [schema] = schemas;
  const fields = schema === undefined ? '' : `${schema.fields.map((f) => `${f.name}=…`).join(' ')}, `;
  const typed = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    placeHolder: fields + t("text, 0xHEX, or 'text with \\xNN escapes'"),
    ignoreFocusOut: true,
    validateInput: async (input) => {
      if (optional && input === '') return undefined;
      const parsed = await read(input);
      if (!parsed.ok)
        return input === ''
          ? { message: parsed.message, severity: vscode.InputBoxValidationSeverity.Info }
          : parsed.message;
      // Say what hex, escapes and fields stand for, so that a slip shows before anything runs.
      return /^(0x|['"])/i.test(input) || schemas.some((s) => beginsWithField(input, s))
        ? {
            message: t('{0} bytes: {1}', parsed.bytes.length, displayKey(parsed.bytes, 60)),
            severity: vscode.InputBoxValidationSeverity.Info,
          }
        : undefined;
    },
  });
  if (typed === undefined) return undefined;
  if (typed === '') return optional ? new Uint8Array(0) : undefined;
  const parsed = await read(typed);
  return parsed.ok ? parsed.bytes : undefined;
}

/** A store that cannot tell has none. */
async function schemasOf(store: Store, family: number): Promise<readonly KeySchemaInfo[]> {
  return store.call('keySchemas', { family }).then(
    ({ schemas }) => schemas,
    () => [],
  );
}

function beginsWithField(input: string, schema: KeySchemaInfo): boolean {
  const name = /^\s*([^\s=]+)\s*=/.exec(input)?.[1];
  return name !== undefined && schema.fields.some((f) => f.name === name);
}

async function readFields(store: Store, family: number, text: string, prefix: boolean): Promise<ParsedKey> {
  try {
    const { key, complete } = await store.call('keyOfFields', { family, text });
    if (complete || prefix) return { ok: true, bytes: key };
    return { ok: false, message: t('Fields are missing: a whole key has all of them.') };
  } catch (thrown) {
    return { ok: false, message: sentence(thrown) };
  }
}

/** A key given to a command by code: bytes, or text in the syntax that people type. */
export function keyFrom(value: Uint8Array | string | undefined): Uint8Array | undefined {
  if (value === undefined || value instanceof Uint8Array) return value;
  const parsed = parseKey(value, t);
  if (!parsed.ok) throw new StoreError('INPUT', parsed.message);
  return parsed.bytes;
}
