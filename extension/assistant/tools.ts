/**
 * Language-model tools: assistants in the editor may look at the listed stores, read-only, after the person has
 * agreed. A store is named by its name or its directory; no other directory is read.
 */
import * as vscode from 'vscode';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { TOOLS } from '../ids.ts';
import { sentence } from '../messages.ts';
import type { Store } from '../store.ts';
import type { Stores } from '../stores.ts';
import { answer } from './answer.ts';
import { explain, get, type Input, info, type Reader, scan, sql, sqlSchema, tables, textOf } from './readers.ts';

const t = vscode.l10n.t;

/** Characters of a query or key that a confirmation shows. */
const SHOWN_CHARS = 500;

interface Spec {
  readonly read: Reader;
  /** What the confirmation says that is read. */
  readonly what: (input: Input) => string;
}

const SPECS: Readonly<Record<keyof typeof TOOLS, Spec>> = {
  info: { read: info, what: () => t('its levels, tables in numbers, and problems') },
  tables: { read: tables, what: () => t('the list of its tables, with the first and the last key of each') },
  get: { read: get, what: (input) => t('the value of the key {0}', shown(input['key'])) },
  scan: { read: scan, what: (input) => t('keys and values: {0}', range(input)) },
  explain: { read: explain, what: (input) => t('the way of a get for the key {0}', shown(input['key'])) },
  sql: {
    read: (store, input, token) =>
      textOf(input, 'query') === undefined ? sqlSchema(store, input, token) : sql(store, input, token),
    what: (input) =>
      textOf(input, 'query') === undefined
        ? t('the names of the SQL tables and columns')
        : t('the rows of this query: {0}', shown(input['query'])),
  },
};

export class AssistantTool implements vscode.LanguageModelTool<Input> {
  readonly #stores: Stores;
  readonly #spec: Spec;
  readonly #name: keyof typeof TOOLS;

  constructor(stores: Stores, name: keyof typeof TOOLS) {
    this.#stores = stores;
    this.#name = name;
    this.#spec = SPECS[name];
  }

  prepareInvocation({ input }: { readonly input: Input }): vscode.PreparedToolInvocation {
    const store = this.#listsStores(input) ? undefined : this.#find(input);
    if (store === undefined) {
      return {
        invocationMessage: t('Listing the LSM stores'),
        confirmationMessages: {
          title: t('List the LSM stores?'),
          message: t('The assistant gets the names and directories of the stores that are listed in the LSM view.'),
        },
      };
    }
    return {
      invocationMessage: t('Reading {0}', store.name),
      confirmationMessages: {
        title: t('Read from the store {0}?', store.name),
        message: t('The assistant gets {0}. The store at {1} is not changed.', this.#spec.what(input), store.path),
      },
    };
  }

  async invoke(
    { input }: { readonly input: Input },
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    try {
      const text = this.#listsStores(input) ? this.#list() : await this.#read(input, token);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    } catch (thrown) {
      // The message is for the model, which can put its question right.
      throw new Error(sentence(thrown));
    }
  }

  /** Without the name of a store, `lsm_info` says which there are. */
  #listsStores(input: Input): boolean {
    return this.#name === 'info' && textOf(input, 'store') === undefined && this.#stores.list.length !== 1;
  }

  #list(): string {
    const stores = this.#stores.list.map(({ name, path, state, summary }) => ({
      name,
      path,
      state,
      engine: summary?.engine ?? null,
    }));
    return answer({}, 'stores', stores);
  }

  #read(input: Input, token: vscode.CancellationToken): Promise<string> {
    const store = this.#find(input);
    if (store !== undefined) return this.#spec.read(store, input, token);
    const names = this.#stores.list.map((s) => s.path).join(', ');
    const named = textOf(input, 'store');
    const there = names === '' ? t('no store is listed in the LSM view') : t('the listed stores are {0}', names);
    throw new StoreError(
      'INPUT',
      named === undefined ? t('“store” is missing: {0}', there) : t('{0} is not one store: {1}', named, there),
    );
  }

  /** The listed store that is named; the only one, or the only open one, where none is. */
  #find(input: Input): Store | undefined {
    const named = textOf(input, 'store');
    const { list, openOnes } = this.#stores;
    if (named === undefined) return list.length === 1 ? list[0] : openOnes.length === 1 ? openOnes[0] : undefined;
    const exact = list.find((s) => s.path === named || s.path === named.replace(/[/\\]+$/, ''));
    if (exact !== undefined) return exact;
    const byName = list.filter((s) => s.name === named);
    return byName.length === 1 ? byName[0] : undefined;
  }
}

export function registerTools(stores: Stores): vscode.Disposable {
  const names = Object.keys(TOOLS) as (keyof typeof TOOLS)[];
  return vscode.Disposable.from(
    ...names.map((name) => vscode.lm.registerTool(TOOLS[name], new AssistantTool(stores, name))),
  );
}

function shown(value: unknown): string {
  const text = String(value ?? '').replace(/\s+/g, ' ');
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

function range(input: Input): string {
  const parts = ['prefix', 'from', 'to', 'where'].flatMap((name) =>
    textOf(input, name) === undefined ? [] : [`${name} ${shown(input[name])}`],
  );
  return parts.length === 0 ? t('from the first key on') : parts.join(', ');
}
