/**
 * A store's files as code: outline and folding of our documents, and for OPTIONS what each option means, with a
 * hint where it is not the default. Of files on a disk only OPTIONS files beside a CURRENT are spoken about.
 */
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { OPTIONS_LANGUAGE, SCHEME } from './ids.ts';
import {
  defaultOf,
  helpFor,
  isSameValue,
  type OptionAt,
  optionsIn,
  readable,
  sectionIn,
  type Version,
  versionIn,
} from './optionsText.ts';
import { type OutlineItem, outlineOf } from './outline.ts';
import { escapeMarkdown } from './plainText.ts';

const t = vscode.l10n.t;

const OURS: vscode.DocumentFilter = { scheme: SCHEME };
/** As RocksDB names them; looked for on the disk only. */
const FILES: vscode.DocumentFilter = { scheme: 'file', language: OPTIONS_LANGUAGE };
/** Values longer than this are not worth a hint at their end. */
const HINT_CHARS = 60;

const KINDS: Readonly<Record<OutlineItem['kind'], vscode.SymbolKind>> = {
  section: vscode.SymbolKind.Namespace,
  record: vscode.SymbolKind.Event,
  block: vscode.SymbolKind.Array,
  job: vscode.SymbolKind.Method,
  event: vscode.SymbolKind.Event,
  damage: vscode.SymbolKind.Null,
};

export function registerStoreCode(): vscode.Disposable {
  const provider = new StoreCode();
  const selector = [OURS, FILES];
  return vscode.Disposable.from(
    vscode.languages.registerDocumentSymbolProvider(selector, provider, { label: 'LSM' }),
    vscode.languages.registerFoldingRangeProvider(selector, provider),
    vscode.languages.registerHoverProvider(selector, provider),
    vscode.languages.registerInlayHintsProvider([{ ...OURS, language: OPTIONS_LANGUAGE }, FILES], provider),
  );
}

class StoreCode
  implements vscode.DocumentSymbolProvider, vscode.FoldingRangeProvider, vscode.HoverProvider, vscode.InlayHintsProvider
{
  async provideDocumentSymbols(document: vscode.TextDocument): Promise<vscode.DocumentSymbol[]> {
    if (!(await isOurs(document))) return [];
    return outlineOf(linesOf(document)).map((item) => symbol(document, item));
  }

  async provideFoldingRanges(document: vscode.TextDocument): Promise<vscode.FoldingRange[]> {
    if (!(await isOurs(document))) return [];
    return outlineOf(linesOf(document)).flatMap(({ kind, from, to }) =>
      // Jobs of an info log run side by side, so they have no stretch of their own.
      kind === 'job' || to <= from ? [] : [new vscode.FoldingRange(from, to)],
    );
  }

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
    const options = optionsIn(document.lineAt(position.line).text);
    const at = [...options].reverse().find((o) => position.character >= o.nameFrom && position.character <= o.valueTo);
    if (at === undefined || !(await isOurs(document))) return undefined;
    const section = sectionOf(document, position.line);
    const text = hoverText(at, section, versionIn(linesOf(document)));
    if (text === undefined) return undefined;
    const range = new vscode.Range(position.line, at.nameFrom, position.line, at.valueTo);
    return new vscode.Hover(text, range);
  }

  async provideInlayHints(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.InlayHint[]> {
    if (!(await isOurs(document))) return [];
    const version = versionIn(linesOf(document));
    const hints: vscode.InlayHint[] = [];
    let section = sectionOf(document, range.start.line);
    for (let i = range.start.line; i <= Math.min(range.end.line, document.lineCount - 1); i++) {
      const { text } = document.lineAt(i);
      section = sectionIn(text)?.kind ?? section;
      const [option] = optionsIn(text);
      const words = option === undefined ? undefined : hintText(option, section, version);
      if (option === undefined || words === undefined || option.value.length > HINT_CHARS) continue;
      const hint = new vscode.InlayHint(new vscode.Position(i, option.valueTo), words);
      hint.paddingLeft = true;
      hints.push(hint);
    }
    return hints;
  }
}

/** One of our documents, or an OPTIONS file in the directory of a store. */
async function isOurs(document: vscode.TextDocument): Promise<boolean> {
  const { scheme, fsPath } = document.uri;
  if (scheme === SCHEME) return true;
  if (scheme !== 'file' || !/^OPTIONS-\d{6,}$/.test(path.basename(fsPath))) return false;
  return stat(path.join(path.dirname(fsPath), 'CURRENT')).then(
    (s) => s.isFile(),
    () => false,
  );
}

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}

/** The kind of the section that a line stands in. */
function sectionOf(document: vscode.TextDocument, line: number): string {
  for (let i = Math.min(line, document.lineCount - 1); i >= 0; i--) {
    const section = sectionIn(document.lineAt(i).text);
    if (section !== undefined) return section.kind;
  }
  return '';
}

function symbol(document: vscode.TextDocument, item: OutlineItem): vscode.DocumentSymbol {
  const last = Math.min(item.to, document.lineCount - 1);
  const first = document.lineAt(Math.min(item.from, last));
  const whole = new vscode.Range(first.range.start, document.lineAt(last).range.end);
  const result = new vscode.DocumentSymbol(item.name, item.detail, KINDS[item.kind], whole, first.range);
  result.children = item.children.map((child) => symbol(document, child));
  return result;
}

/** Undefined for what nothing is known of. */
function hoverText(option: OptionAt, section: string, version: Version | undefined): vscode.MarkdownString | undefined {
  const help = helpFor(option, section);
  if (help === undefined) return undefined;
  const standard = defaultOf(help, version);
  const rows = [t('Value: {0}', spelled(option.value, help.unit))];
  if (standard !== undefined) {
    const same = isSameValue(standard, option.value);
    rows.push(same ? t('This is the default.') : t('Default: {0}', spelled(standard, help.unit)));
  }
  const shown = rows.map((row) => escapeMarkdown(row)).join('  \n');
  return new vscode.MarkdownString(`**${escapeMarkdown(option.path)}**\n\n${escapeMarkdown(help.text)}\n\n${shown}`);
}

/** `64.0 MB` beside a number of bytes, and the default where the value is another. */
function hintText(option: OptionAt, section: string, version: Version | undefined): string | undefined {
  const help = helpFor(option, section);
  if (help === undefined) return undefined;
  const parts: string[] = [];
  const value = readable(option.value, help.unit);
  if (value !== undefined) parts.push(value);
  const standard = defaultOf(help, version);
  if (standard !== undefined && !isSameValue(standard, option.value)) {
    parts.push(t('default {0}', readable(standard, help.unit) ?? standard));
  }
  return parts.length === 0 ? undefined : parts.join(' · ');
}

function spelled(value: string, unit: Parameters<typeof readable>[1]): string {
  const words = readable(value, unit);
  return words === undefined ? value : `${value} (${words})`;
}
