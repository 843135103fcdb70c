/** "Choose Value Format…": how the values of a column family are read, whatever was found out of them. */
import * as vscode from 'vscode';
import { toStoreError } from '../../engine/protocol/rpc.ts';
import { chooseLens } from '../lenses.ts';
import { sentence } from '../messages.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { argsOf, type CommandArgs, familyFor, storeFor } from './pickers.ts';

const t = vscode.l10n.t;
/** So begin the ids of lenses that are formats of values. */
const VALUE = 'value:';
/** Milliseconds. */
const TOLD_MS = 5_000;

interface FormatArgs extends CommandArgs {
  /** As it is typed: `json`, `zstd+msgpack`; without it the person is asked. */
  readonly format?: string | undefined;
}

/** Resolves to the lens's id; undefined where the person gave up. Rejects with INPUT for a format that there is not. */
export async function chooseFormat(services: Services, arg: unknown): Promise<string | undefined> {
  const args: FormatArgs = argsOf(arg);
  const store = await storeFor(services.stores, args);
  const family = store === undefined ? undefined : await familyFor(store, args);
  if (store === undefined || family === undefined) return undefined;
  const lens = args.format === undefined ? await askFormat(store, family.id) : `${VALUE}${args.format}`;
  if (lens === undefined) return undefined;
  const [format] = await store.call('valueFormats', { format: lens });
  await chooseLens(services.context.workspaceState, { store, family: family.id, lens });
  const told = t('Values of {0} are read as {1}.', family.name, format?.title ?? lens);
  vscode.window.setStatusBarMessage(told, TOLD_MS);
  return lens;
}

interface FormatItem extends vscode.QuickPickItem {
  /** None: a person types it. */
  readonly lens?: string;
}

async function askFormat(store: Store, family: number): Promise<string | undefined> {
  const [fitting, all] = await Promise.all([store.call('lenses', { family }), store.call('valueFormats', {})]);
  const formats = fitting.filter((l) => l.kind === 'values');
  const separator = (label: string): FormatItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items: FormatItem[] = [
    ...(formats.length === 0 ? [] : [separator(t('Found in a sample of the values'))]),
    ...formats.map(({ id, title, why, confidence }) => ({
      label: title,
      description: t('{0} % sure', Math.round(confidence * 100)),
      detail: why,
      lens: id,
    })),
    separator(t('Others')),
    {
      label: t('Type it…'),
      description: 'zstd+json, cql:map<text,int>',
      detail: t('A format that is compressed in the values, or a type of CQL'),
    },
    ...all
      .filter(({ id }) => !formats.some((f) => f.id === id))
      .map(({ id, title }) => ({ label: title, description: id.slice(VALUE.length), lens: id })),
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Format of the values of {0}', store.family(family)?.name ?? ''),
    placeHolder: t('Choose how values are read'),
    matchOnDescription: true,
  });
  return picked === undefined || picked.lens !== undefined ? picked?.lens : typeFormat(store);
}

async function typeFormat(store: Store): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title: t('Format of the values'),
    prompt: t('As json, zstd+msgpack (also gzip, zlib, snappy), or cql: and a type'),
    placeHolder: 'cql:map<text,frozen<list<int>>>',
    validateInput: async (text) => {
      try {
        await store.call('valueFormats', { format: `${VALUE}${text.trim()}` });
        return undefined;
      } catch (thrown) {
        return sentence(toStoreError(thrown));
      }
    },
  });
  return typed === undefined ? undefined : `${VALUE}${typed.trim()}`;
}
