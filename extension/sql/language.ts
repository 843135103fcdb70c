/** `.lsm.sql` documents as code: lenses that run a statement, completion, hovers, and what the engine says is wrong. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { SqlTableSchema } from '../../engine/protocol/engineApi.ts';
import { COMMANDS, SQL_LANGUAGE } from '../ids.ts';
import type { SqlEnd, SqlPanels } from '../panels/sqlPanel.ts';
import { escapeMarkdown } from '../plainText.ts';
import type { Stores } from '../stores.ts';
import { type Meaning, meaningsAt, type Suggestion, suggestionsAt } from './complete.ts';
import type { SqlNames } from './names.ts';
import {
  DIRECTIVES,
  type Directive,
  directiveOfError,
  placeOfError,
  type Statement,
  statementAt,
  statementsIn,
} from './statements.ts';
import { storePath } from './storePath.ts';

const t = vscode.l10n.t;

const KINDS: Readonly<Record<Suggestion['kind'], vscode.CompletionItemKind>> = {
  table: vscode.CompletionItemKind.Struct,
  column: vscode.CompletionItemKind.Field,
  alias: vscode.CompletionItemKind.Variable,
  function: vscode.CompletionItemKind.Function,
  keyword: vscode.CompletionItemKind.Keyword,
};

export class SqlLanguage
  implements vscode.CodeLensProvider, vscode.CompletionItemProvider, vscode.HoverProvider, vscode.Disposable
{
  readonly #stores: Stores;
  readonly #names: SqlNames;
  readonly #problems = vscode.languages.createDiagnosticCollection('lsm-sql');
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;
  readonly #subscriptions: vscode.Disposable[];

  constructor(stores: Stores, names: SqlNames, panels: SqlPanels) {
    this.#stores = stores;
    this.#names = names;
    const selector: vscode.DocumentSelector = { language: SQL_LANGUAGE };
    const forget = ({ uri }: vscode.TextDocument): void => this.#problems.delete(uri);
    const relens = (): void => this.#lensesChanged.fire();
    this.#subscriptions = [
      this.#problems,
      vscode.languages.registerCodeLensProvider(selector, this),
      vscode.languages.registerCompletionItemProvider(selector, this, '.', ' '),
      vscode.languages.registerHoverProvider(selector, this),
      vscode.workspace.onDidChangeTextDocument((e) => {
        if (e.contentChanges.length > 0) forget(e.document);
      }),
      vscode.workspace.onDidCloseTextDocument(forget),
      panels.onEnded((end) => this.#told(end)),
      stores.onListChanged(relens),
      stores.onStoreChanged(relens),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    return statementsIn(document.getText()).flatMap((statement) => {
      const range = rangeIn(document, statement.from, statement.from);
      const name = this.#storeName(document, statement);
      const title = name === undefined ? t('Run on…') : t('Run on {0}', name);
      const args = [document.uri, statement.from];
      return [
        new vscode.CodeLens(range, { title: `$(play) ${title}`, command: COMMANDS.runSql, arguments: args }),
        new vscode.CodeLens(range, {
          title: t('Choose store…'),
          command: COMMANDS.chooseSqlStore,
          arguments: [document.uri],
        }),
      ];
    });
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    _token: vscode.CancellationToken,
    { triggerCharacter }: vscode.CompletionContext,
  ): Promise<vscode.CompletionItem[]> {
    const before = document.lineAt(position).text.slice(0, position.character);
    if (/^\s*--\s*\w*$/.test(before)) return triggerCharacter === undefined ? directiveItems() : [];
    // A blank opens the list where nothing but a table can follow.
    if (triggerCharacter === ' ' && !/\b(from|join)\s$/i.test(before)) return [];
    const { tables } = await this.#names.get();
    const { text, offset } = around(document, position);
    return suggestionsAt(tables, text, offset).map(completionItem);
  }

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
    const { tables } = await this.#names.get();
    const { text, offset } = around(document, position);
    const meanings = meaningsAt(tables, text, offset);
    return meanings.length === 0 ? undefined : new vscode.Hover(meanings.map(hoverText));
  }

  /** Marks a directive that means nothing. */
  refuse(document: vscode.TextDocument, { from, to }: Directive, message: string): void {
    this.#problems.set(document.uri, [problem(rangeIn(document, from, to), message)]);
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#lensesChanged.dispose();
  }

  #storeName(document: vscode.TextDocument, statement: Statement): string | undefined {
    const named = storePath(document.uri, statement.directives);
    if (named !== undefined) return this.#stores.byPath(named)?.name ?? path.basename(named);
    return (this.#stores.active ?? (this.#stores.list.length === 1 ? this.#stores.list[0] : undefined))?.name;
  }

  /** What was typed wrong stands at its statement; anything else is told by the results alone. */
  #told({ request, state }: SqlEnd): void {
    const document = vscode.workspace.textDocuments.find((d) => d.uri.toString() === request.document);
    if (document === undefined) return;
    const statement = statementsIn(document.getText()).find((s) => s.text === request.query);
    if (state.phase !== 'failed' || state.code !== 'INPUT' || statement === undefined) {
      this.#problems.delete(document.uri);
      return;
    }
    const { from, to } = placeIn(statement, state.message);
    const range = rangeIn(document, from, to);
    this.#problems.set(document.uri, [problem(range, state.message.replace(/^SQL: /, ''))]);
  }
}

/** The directive or the name that a message is about, else the statement. */
function placeIn(statement: Statement, message: string): { readonly from: number; readonly to: number } {
  const { text, from, to, directives } = statement;
  const told = directiveOfError(directives, message);
  if (told !== undefined) return told;
  const place = placeOfError(text, message);
  return place === undefined ? { from, to } : { from: from + place.from, to: from + place.to };
}

function problem(range: vscode.Range, message: string): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
  diagnostic.source = 'LSM SQL';
  return diagnostic;
}

function rangeIn(document: vscode.TextDocument, from: number, to: number): vscode.Range {
  return new vscode.Range(document.positionAt(from), document.positionAt(to));
}

/** The statement at a position and the offset in it; behind the last statement, what follows it. */
function around(document: vscode.TextDocument, position: vscode.Position): { text: string; offset: number } {
  const text = document.getText();
  const at = document.offsetAt(position);
  const statement = statementAt(statementsIn(text), at);
  if (statement === undefined || statement.from > at) return { text: text.slice(0, at), offset: at };
  // Behind its semicolon a statement is over; without one, what is being typed belongs to it.
  const ended = text[statement.end - 1] === ';' && at >= statement.end;
  const from = ended ? statement.end : statement.from;
  const to = ended ? at : Math.max(statement.end, at);
  return { text: text.slice(from, to), offset: at - from };
}

function completionItem({ kind, label, detail, doc, rank }: Suggestion, index: number): vscode.CompletionItem {
  const item = new vscode.CompletionItem(detail === '' ? label : { label, description: detail }, KINDS[kind]);
  item.sortText = `${rank}${String(index).padStart(4, '0')}`;
  if (doc !== '') item.documentation = doc;
  if (kind === 'function') {
    const name = label.slice(0, label.indexOf('('));
    item.filterText = name;
    item.insertText = /^\w+\((\*|)\)$/.test(label)
      ? label
      : new vscode.SnippetString(label.replace(/\((\w+)/, '($${1:$1}'));
  }
  return item;
}

function directiveItems(): vscode.CompletionItem[] {
  const docs: Readonly<Record<(typeof DIRECTIVES)[number], string>> = {
    store: t('The store to ask, as a path; relative to this document.'),
    family: t('Tables entries and versions hold this column family only.'),
    prefix: t('Only keys that begin with this are read into entries and versions.'),
    from: t('The first key of entries and versions.'),
    to: t('The end of the keys of entries and versions, exclusive.'),
    limit: t('Rows that entries and versions hold at most.'),
  };
  return DIRECTIVES.map((name) => {
    const item = new vscode.CompletionItem(`${name}:`, vscode.CompletionItemKind.Property);
    item.insertText = `${name}: `;
    item.documentation = docs[name];
    return item;
  });
}

function hoverText({ table, column }: Meaning): vscode.MarkdownString {
  if (column === undefined) return tableText(table);
  const head = `**${escapeMarkdown(`${table.name}.${column.name}`)}** \`${column.type}\``;
  return new vscode.MarkdownString(`${head}\n\n${escapeMarkdown(column.doc)}`);
}

function tableText(table: SqlTableSchema): vscode.MarkdownString {
  const columns = table.columns.map((c) => `- \`${c.name}\` ${c.type}: ${escapeMarkdown(c.doc)}`);
  return new vscode.MarkdownString(
    [`**${escapeMarkdown(table.name)}**`, escapeMarkdown(table.doc), columns.join('\n')].join('\n\n'),
  );
}
