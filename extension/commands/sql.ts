/** "Query with SQL…": ready-made and recent queries, and the statements of `.lsm.sql` documents. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { SqlRange, SqlRequest, SqlState } from '../../engine/protocol/sqlView.ts';
import type { QueryText } from '../history/queries.ts';
import { COMMANDS, SQL_LANGUAGE } from '../ids.ts';
import { SqlPanels } from '../panels/sqlPanel.ts';
import type { Services } from '../services.ts';
import { SqlLanguage } from '../sql/language.ts';
import { SqlNames } from '../sql/names.ts';
import { rangeOf, type Statement, statementAt, statementsIn, storeChange } from '../sql/statements.ts';
import { pathFor, storePath } from '../sql/storePath.ts';
import { templateOf } from '../sql/template.ts';
import type { Store } from '../store.ts';
import { argsOf, isNode, storeFor } from './pickers.ts';
import { registrar } from './registrar.ts';

const t = vscode.l10n.t;

/** Queries of the history that are offered again. */
const RECENT_MAX = 8;
/** What "Write a query…" begins with. */
const FIRST_QUERY = 'SELECT level, count(*) AS tables, sum(bytes) AS bytes\nFROM tables\nGROUP BY level ORDER BY level';

/** What the command can be given besides a store. */
interface SqlArgs {
  readonly title?: string;
  readonly query?: string;
  readonly range?: SqlRange;
  /** Shown where it was written, or in a new document; not run. */
  readonly request?: SqlRequest;
}

type Asked = { readonly [K in 'title' | 'range']?: SqlArgs[K] | undefined } & {
  readonly query: string;
  readonly run: boolean;
};

export class SqlCommands implements vscode.Disposable {
  readonly #services: Services;
  readonly #names: SqlNames;
  readonly #language: SqlLanguage;
  readonly panels: SqlPanels;
  readonly #disposables: vscode.Disposable[] = [];

  constructor(services: Services) {
    this.#services = services;
    this.#names = new SqlNames(services);
    this.panels = new SqlPanels(services);
    this.#language = new SqlLanguage(services.stores, this.#names, this.panels);
    const on = registrar(services.log, this.#disposables);
    on(COMMANDS.querySql, t('Query with SQL'), (arg) => this.#query(arg));
    on(COMMANDS.runSql, t('Run SQL'), (uri, offset) => this.#runAt(uri, offset));
    on(COMMANDS.chooseSqlStore, t('Choose Store'), (uri) => this.#choose(uri));
    this.#disposables.push(this.panels, this.#language);
  }

  dispose(): void {
    for (const d of this.#disposables) d.dispose();
  }

  /** Resolves to how the query ended; undefined where none was run. */
  async #query(arg: unknown): Promise<SqlState | undefined> {
    const given: SqlArgs = isNode(arg) || typeof arg !== 'object' || arg === null ? {} : (arg as SqlArgs);
    if (given.request !== undefined) {
      await this.#show(given.request);
      return undefined;
    }
    const store = await storeFor(this.#services.stores, argsOf(arg));
    if (store === undefined) return undefined;
    this.#services.stores.setActive(store);
    const { title, query, range } = given;
    const asked = query === undefined ? await this.#ask(store) : { title, query, range, run: true };
    if (asked === undefined) return undefined;
    const document = await this.#open(store, asked);
    return asked.run ? this.#run(document, 0) : undefined;
  }

  async #ask(store: Store): Promise<Asked | undefined> {
    const { examples } = await this.#names.get();
    const write: Asked = { title: t('Query of {0}', store.name), query: FIRST_QUERY, run: false };
    const recent = this.#services.queries.history.shown
      .flatMap(({ query, title }) => (isSql(query) && query.store === store.path ? [{ query, title }] : []))
      .slice(0, RECENT_MAX);
    const separator = (label: string): vscode.QuickPickItem & { asked?: Asked } => ({
      label,
      kind: vscode.QuickPickItemKind.Separator,
    });
    const items: (vscode.QuickPickItem & { asked?: Asked })[] = [
      { label: `$(edit) ${t('Write a query…')}`, asked: write, alwaysShow: true },
      separator(t('Ready-made')),
      ...examples.map(({ title, sql }) => ({
        label: `$(play) ${title}`,
        description: firstTables(sql),
        asked: { title, query: sql, run: true },
      })),
      ...(recent.length === 0 ? [] : [separator(t('Recent'))]),
      ...recent.map(({ query, title }) => ({
        label: `$(history) ${title}`,
        asked: { query: query.sql, range: query.range, run: true },
      })),
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: t('Query {0} with SQL', store.name),
      placeHolder: t('Choose a query to run it, or write one'),
      matchOnDescription: true,
    });
    return picked?.asked;
  }

  /** A new document with the query, or the open one that holds it for this store. */
  async #open(store: Store, { title, query, range }: Asked): Promise<vscode.TextDocument> {
    const same = vscode.workspace.textDocuments.find((document) => {
      if (document.languageId !== SQL_LANGUAGE || document.isClosed) return false;
      const [only, more] = statementsIn(document.getText());
      if (only === undefined || more !== undefined || only.text !== query) return false;
      const wanted = JSON.stringify(range ?? {});
      return (
        storePath(document.uri, only.directives) === store.path &&
        JSON.stringify(rangeOf(only.directives).range) === wanted
      );
    });
    const { tables } = await this.#names.get();
    const names = tables.map((table) => table.name);
    const content = (): string => templateOf({ store: store.path, title, query, range, tables: names }, t);
    const document = same ?? (await vscode.workspace.openTextDocument({ language: SQL_LANGUAGE, content: content() }));
    // Not among the results.
    const viewColumn = vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.One;
    const editor = await vscode.window.showTextDocument(document, { preview: false, viewColumn });
    const [statement] = statementsIn(document.getText());
    if (statement !== undefined) {
      const end = document.positionAt(statement.to);
      editor.selection = new vscode.Selection(end, end);
      editor.revealRange(new vscode.Range(document.positionAt(statement.from), end));
    }
    return document;
  }

  async #show(request: SqlRequest): Promise<void> {
    const uri = vscode.Uri.parse(request.document);
    const open = vscode.workspace.textDocuments.find((d) => d.uri.toString() === request.document);
    const document = open ?? (uri.scheme === 'file' ? await vscode.workspace.openTextDocument(uri) : undefined);
    const statement = statementsIn(document?.getText() ?? '').find((s) => s.text === request.query);
    if (document === undefined || statement === undefined) {
      const { stores } = this.#services;
      const store = stores.byPath(request.store) ?? stores.choose(request.store);
      await this.#open(store, { title: request.title, query: request.query, range: request.range, run: false });
      return;
    }
    const editor = await vscode.window.showTextDocument(document, {
      preview: false,
      viewColumn: columnOf(document) ?? vscode.ViewColumn.One,
    });
    const at = document.positionAt(statement.from);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, document.positionAt(statement.to)));
  }

  /** Runs a statement of a document: of the active editor, at its cursor, where nothing is told. */
  async #runAt(uri: unknown, offset: unknown): Promise<SqlState | undefined> {
    const editor = vscode.window.activeTextEditor;
    const document = await documentOf(uri);
    if (document === undefined) return undefined;
    const cursor = editor?.document === document ? document.offsetAt(editor.selection.active) : 0;
    return this.#run(document, typeof offset === 'number' ? offset : cursor);
  }

  async #run(document: vscode.TextDocument, offset: number): Promise<SqlState | undefined> {
    const statement = statementAt(statementsIn(document.getText()), offset);
    if (statement === undefined) {
      void vscode.window.showInformationMessage(t('There is no statement to run.'));
      return undefined;
    }
    const { range, bad } = rangeOf(statement.directives);
    if (bad !== undefined) {
      this.#language.refuse(document, bad, t('Type a whole number.'));
      return undefined;
    }
    const store = await this.#storeOf(document, statement);
    if (store === undefined) return undefined;
    this.#services.stores.setActive(store);
    return this.panels.run(store, {
      store: store.path,
      document: document.uri.toString(),
      title: statement.title ?? path.basename(document.uri.path),
      query: statement.text,
      range,
    });
  }

  /** The one that is named, listed now if it was not; else the active one, or the one a person picks. */
  async #storeOf(document: vscode.TextDocument, statement: Statement): Promise<Store | undefined> {
    const { stores } = this.#services;
    const named = storePath(document.uri, statement.directives);
    if (named !== undefined) return stores.byPath(named) ?? stores.choose(named);
    return stores.active ?? storeFor(stores, {});
  }

  /** Has the document name a store. */
  async #choose(uri: unknown): Promise<string | undefined> {
    const document = await documentOf(uri);
    if (document === undefined) return undefined;
    const store = await pickStore(this.#services);
    if (store === undefined) return undefined;
    const { from, to, text } = storeChange(document.getText(), pathFor(document.uri, store.path));
    const edit = new vscode.WorkspaceEdit();
    const range = new vscode.Range(document.positionAt(from), document.positionAt(to));
    edit.replace(document.uri, range, text);
    await vscode.workspace.applyEdit(edit);
    return store.path;
  }
}

/** Where a document is open already. */
function columnOf(document: vscode.TextDocument): vscode.ViewColumn | undefined {
  const uri = document.uri.toString();
  return vscode.window.tabGroups.all.find((group) =>
    group.tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri),
  )?.viewColumn;
}

function isSql(query: QueryText): query is Extract<QueryText, { kind: 'sql' }> {
  return query.kind === 'sql';
}

/** Tables that a ready-made query reads. */
function firstTables(sql: string): string {
  return [...new Set([...sql.matchAll(/\b(?:FROM|JOIN) ([a-z_]{2,})/g)].map((m) => m[1]))].join(', ');
}

async function documentOf(uri: unknown): Promise<vscode.TextDocument | undefined> {
  if (uri instanceof vscode.Uri) return vscode.workspace.openTextDocument(uri);
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === SQL_LANGUAGE ? document : undefined;
}

/** One of those that are listed, or a folder that is looked for. */
async function pickStore({ stores }: Services): Promise<Store | undefined> {
  const items = stores.list.map((store) => ({
    label: `$(database) ${store.name}`,
    description: store.path,
    store: store as Store | undefined,
  }));
  items.push({ label: `$(folder-opened) ${t('Open Store…')}`, description: '', store: undefined });
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Store'),
    placeHolder: t('Choose the store that this document asks'),
    matchOnDescription: true,
  });
  if (picked === undefined || picked.store !== undefined) return picked?.store;
  const before = new Set(stores.list);
  await vscode.commands.executeCommand(COMMANDS.openStore);
  return stores.list.find((store) => !before.has(store));
}
