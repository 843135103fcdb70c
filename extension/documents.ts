/**
 * Virtual documents `lsm:`: values, block listings and file dumps, so that the editor's own search,
 * folding and diff serve. A document's URI says all that is needed to make it again, so it survives a
 * window reload. Values carry a lens that says where they were found.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { displayKey, displayValue, formatBytes, formatCount, fromHex, hex } from '../engine/model/display.ts';
import type { EntryRow } from '../engine/protocol/engineApi.ts';
import { describeProblem } from '../engine/protocol/rpc.ts';
import { address, dumpUri, fileSafe, keyOf, languageOf, parse, type Reference } from './documentAddress.ts';
import { DUMP_LINES_MAX, dumpLines } from './dumpLines.ts';
import { COMMANDS, DUMP_LANGUAGE, OPTIONS_LANGUAGE, PRIVATE_COMMANDS, SCHEME, VIEWS } from './ids.ts';
import { sentence, withProgress } from './messages.ts';
import { optionsText } from './optionsText.ts';
import { readable } from './readable.ts';
import type { Engines, Store } from './store.ts';
import type { Stores } from './stores.ts';
import { findTable } from './trees/children.ts';
import { lineAtOffset, lineOfKey, lineOfOperation, type ValueText } from './valueText.ts';

const t = vscode.l10n.t;

/** Values above this are not opened: VS Code gives extensions no text past 50 MB. */
export const VALUE_BYTES_MAX = 16 * 1024 * 1024;
const BLOCK_PAGE = 1_000;
const BLOCK_VALUE_BYTES = 512;
/** Plans and reports that are kept for their documents. */
const PLANS_MAX = 50;
/** Documents whose lenses are remembered; far more than anyone has open. */
const FACTS_MAX = 1_000;

interface Made {
  readonly text: string;
  readonly entry?: EntryRow | undefined;
  readonly value?: ValueText | undefined;
  readonly bytes?: number | undefined;
  readonly language?: string | undefined;
}

/** The text of a dump, of which store and file. */
export interface Dumped {
  readonly store: Store;
  readonly file: string;
  readonly text: string;
}

/** A value of a store, or of the one at `path` that it was compared with. */
export interface ReadValue {
  readonly store: Store;
  readonly family: number;
  readonly key: Uint8Array;
  readonly seq?: number | undefined;
  readonly path?: string | undefined;
}

interface Facts {
  readonly entry: EntryRow;
  readonly bytes: number;
}

export class Documents implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, vscode.Disposable {
  readonly #stores: Stores;
  readonly #engines: Engines;
  /** Texts made by a command for a document that is about to ask for them. */
  readonly #ready = new Map<string, string>();
  /** Where the values in open documents were found, for their lenses. */
  readonly #facts = new Map<string, Facts>();
  readonly #plans = new Map<number, string>();
  #lastPlan = 0;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly #dumped = new vscode.EventEmitter<Dumped>();
  /** A file's dump was made for a document. */
  readonly onDumped = this.#dumped.event;
  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;
  readonly #subscriptions: vscode.Disposable[];

  constructor(stores: Stores, engines: Engines) {
    this.#stores = stores;
    this.#engines = engines;
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this),
      // One that is opened by its address, as from the Problems panel or after a reload, has no language yet.
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (document.uri.scheme !== SCHEME || document.languageId !== 'plaintext') return;
        const language = languageOf(document.uri);
        if (language !== undefined) void vscode.languages.setTextDocumentLanguage(document, language);
      }),
    ];
  }

  /** Opens a value: the visible one, or the version with sequence number `seq`. */
  async openValue(store: Store, family: number, key: Uint8Array, seq?: number): Promise<void> {
    const reference: Reference = {
      what: 'value',
      store: store.path,
      family,
      key: hex(key),
      ...(seq === undefined ? {} : { seq }),
    };
    const made = await withProgress(VIEWS.stores, t('Reading the value of {0}', displayKey(key, 40)), (token) =>
      this.#value(store, reference, token),
    );
    const name = `${fileSafe(displayKey(key, 60))}${made.value?.extension ?? '.txt'}`;
    const uri = address(reference, [store.name, store.family(family)?.name ?? String(family), name]);
    await this.#show(uri, made);
  }

  /** Opens a file of the store, record by record. */
  async openDump(store: Store, file: string, offset?: number): Promise<void> {
    const reference: Reference = { what: 'dump', store: store.path, file };
    const uri = dumpUri(store, file);
    const made = await withProgress(VIEWS.stores, t('Reading {0}', path.basename(file)), (token) =>
      this.#dump(store, reference, token),
    );
    const editor = await this.#show(uri, made);
    if (offset === undefined) return;
    const line = Math.min(lineAtOffset(made.text, offset), editor.document.lineCount - 1);
    goTo(editor, line);
  }

  /** Makes the dump of a file for those that hear of it through `onDumped`. */
  async lookInto(store: Store, file: string): Promise<void> {
    const source = new vscode.CancellationTokenSource();
    await this.#dump(store, { what: 'dump', store: store.path, file }, source.token);
  }

  /** Opens an OPTIONS file as it is. */
  async openOptions(store: Store, file: string): Promise<void> {
    const reference: Reference = { what: 'options', store: store.path, file };
    const uri = address(reference, [store.name, path.basename(file)]);
    const made = await withProgress(VIEWS.stores, t('Reading {0}', path.basename(file)), (token) =>
      this.#options(store, reference, token),
    );
    await this.#show(uri, made);
  }

  /** Opens a data block: its header, then each entry on a line. */
  async openBlock(store: Store, family: number, table: number, block: number): Promise<void> {
    const reference: Reference = { what: 'block', store: store.path, family, table, block };
    const uri = address(reference, [store.name, t('table {0}', table), t('block {0}.txt', block)]);
    const made = await withProgress(VIEWS.stores, t('Reading block {0}', formatCount(block)), (token) =>
      this.#block(store, reference, token),
    );
    await this.#show(uri, made);
  }

  /** Opens the data block that begins at byte `offset` of a live table, each field with its bytes; at `key`. */
  async openBlockAt(store: Store, table: number, offset: number, key?: Uint8Array): Promise<void> {
    const { file } = await findTable(store, table, t);
    const reference: Reference = { what: 'bytes', store: store.path, file, offset };
    const uri = address(reference, [store.name, `${path.basename(file)}@${offset}.dump`]);
    const title = t('Reading the block at {0} of {1}', formatCount(offset), path.basename(file));
    const made = await withProgress(VIEWS.stores, title, (token) => this.#bytes(store, reference, token));
    const editor = await this.#show(uri, made);
    const line = key === undefined ? -1 : lineOfKey(made.text, key);
    if (line >= 0 && line < editor.document.lineCount) goTo(editor, line);
  }

  /** Opens the place of one record: its entry in the block that begins at `offset`, or its operation in a log. */
  async openRecord(
    store: Store,
    record: { readonly file: string; readonly offset: number; readonly key: Uint8Array; readonly seq: number },
    inBlock: boolean,
  ): Promise<void> {
    const { file, offset, key, seq } = record;
    const reference: Reference = inBlock
      ? { what: 'bytes', store: store.path, file, offset }
      : { what: 'dump', store: store.path, file };
    const uri = inBlock
      ? address(reference, [store.name, `${path.basename(file)}@${offset}.dump`])
      : dumpUri(store, file);
    const title = t('Reading {0}', path.basename(file));
    const made = await withProgress(VIEWS.stores, title, (token) => this.#make(store, reference, token));
    const editor = await this.#show(uri, made);
    const found = inBlock ? lineOfKey(made.text, key, seq) : lineOfOperation(made.text, offset, seq);
    const line = found >= 0 ? found : inBlock ? 0 : lineAtOffset(made.text, offset);
    goTo(editor, Math.min(line, editor.document.lineCount - 1));
  }

  /** Opens the plan or the result of a compaction, which is told and not made again: the store goes on. */
  async openPlan(store: Store, what: string, text: string, kind: 'plan' | 'result'): Promise<void> {
    const number = this.#keep(text);
    const reference: Reference = { what: 'plan', store: store.path, number };
    const name = kind === 'plan' ? t('Plan {0}: {1}.txt', number, what) : t('Compaction {0}: {1}.txt', number, what);
    await this.#show(address(reference, [store.name, name]), { text });
  }

  /** Opens what was told of a directory that need not be a store. */
  async openReport(directory: string, storeName: string, name: string, text: string): Promise<vscode.Uri> {
    const reference: Reference = { what: 'plan', store: directory, number: this.#keep(text) };
    const editor = await this.#show(address(reference, [storeName, name]), { text });
    return editor.document.uri;
  }

  /** The document of a value as its lens reads it, its text ready. */
  async readUri(value: ReadValue): Promise<vscode.Uri> {
    const { store, family, key, seq, path: other } = value;
    const reference: Extract<Reference, { what: 'read' }> = {
      what: 'read',
      store: store.path,
      family,
      key: hex(key),
      ...(seq === undefined ? {} : { seq }),
      ...(other === undefined ? {} : { path: other }),
    };
    const made = await this.#read(store, reference);
    const owner = other === undefined ? store.name : path.basename(other);
    return this.#prepare(address(reference, [owner, `${fileSafe(displayKey(key, 60))}${made.value?.extension}`]), made);
  }

  /** The document of a text that is told and not made again. */
  textUri(directory: string, parts: readonly string[], text: string): vscode.Uri {
    const uri = address({ what: 'plan', store: directory, number: this.#keep(text) }, parts);
    return this.#prepare(uri, { text });
  }

  /** Goes where a problem is: the dump of its file at its offset, or the file's folder. */
  async openPlace(store: Store, file: string, offset: number | undefined): Promise<void> {
    if (file === '') {
      await vscode.commands.executeCommand(COMMANDS.showLog);
      return;
    }
    await this.openDump(store, file, offset);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const ready = this.#ready.get(uri.toString());
    if (ready !== undefined) {
      this.#ready.delete(uri.toString());
      return ready;
    }
    try {
      const reference = parse(uri);
      if (reference.what === 'plan') {
        const gone = t('This was made for an earlier window. Run its command again for a new one.');
        return this.#plans.get(reference.number) ?? gone;
      }
      const store = this.#stores.byPath(reference.store);
      if (store === undefined) {
        return t('The store {0} is not open. Open it, then open this again.', reference.store);
      }
      const made = await this.#make(store, reference, token);
      this.#remember(uri, made);
      return made.text;
    } catch (thrown) {
      return sentence(thrown);
    }
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const facts = this.#facts.get(document.uri.toString());
    if (facts === undefined) return [];
    const { entry, bytes } = facts;
    const reference = parse(document.uri);
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command = '', args: unknown[] = []): vscode.CodeLens =>
      new vscode.CodeLens(top, { title, command, arguments: args });
    const lenses = [lens(provenance(entry, bytes))];
    const { store } = reference;
    const open = this.#stores.byPath(store);
    const inTree = open !== undefined && this.#stores.listed(open) !== undefined;
    if (inTree && entry.table !== null && entry.level >= 0) {
      lenses.push(lens(t('Show table {0}', entry.table), PRIVATE_COMMANDS.revealTable, [store, entry.table]));
    }
    if (reference.what === 'value') {
      const { family, key, seq } = reference;
      lenses.push(lens(t('Copy value'), COMMANDS.copyValue, [{ store, family, key: fromHex(key), seq }]));
      if (inTree) {
        lenses.push(lens(t('Edit value'), COMMANDS.editValue, [{ store, family, key: fromHex(key) }]));
        lenses.push(lens(t('History'), COMMANDS.keyHistory, [{ store, family, key: fromHex(key) }]));
      }
    }
    return lenses;
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#changed.dispose();
    this.#dumped.dispose();
    this.#lensesChanged.dispose();
  }

  /** A document that is open already takes the new text: the store may have changed since. */
  #prepare(uri: vscode.Uri, made: Made): vscode.Uri {
    this.#ready.set(uri.toString(), made.text);
    this.#remember(uri, made);
    if (vscode.workspace.textDocuments.some((d) => d.uri.toString() === uri.toString())) this.#changed.fire(uri);
    return uri;
  }

  async #show(uri: vscode.Uri, made: Made): Promise<vscode.TextEditor> {
    this.#prepare(uri, made);
    const opened = await vscode.workspace.openTextDocument(uri);
    const plain = made.value === undefined || made.value.kind === 'hex';
    const language = made.language ?? (plain ? DUMP_LANGUAGE : opened.languageId);
    const document =
      language === opened.languageId ? opened : await vscode.languages.setTextDocumentLanguage(opened, language);
    return vscode.window.showTextDocument(document, { preview: true });
  }

  /** Keeps a text that is told and not made again; the number is its name. */
  #keep(text: string): number {
    const number = ++this.#lastPlan;
    this.#plans.set(number, text);
    for (const oldest of this.#plans.keys()) {
      if (this.#plans.size <= PLANS_MAX) break;
      this.#plans.delete(oldest);
    }
    return number;
  }

  #remember(uri: vscode.Uri, made: Made): void {
    if (made.entry === undefined || made.bytes === undefined) return;
    const key = uri.toString();
    this.#facts.delete(key);
    this.#facts.set(key, { entry: made.entry, bytes: made.bytes });
    for (const oldest of this.#facts.keys()) {
      if (this.#facts.size <= FACTS_MAX) break;
      this.#facts.delete(oldest);
    }
    this.#lensesChanged.fire();
  }

  #make(store: Store, reference: Exclude<Reference, { what: 'plan' }>, token: vscode.CancellationToken): Promise<Made> {
    switch (reference.what) {
      case 'value':
        return this.#value(store, reference, token);
      case 'read':
        return this.#read(store, reference, token);
      case 'dump':
        return this.#dump(store, reference, token);
      case 'options':
        return this.#options(store, reference, token);
      case 'block':
        return this.#block(store, reference, token);
      case 'bytes':
        return this.#bytes(store, reference, token);
    }
  }

  async #value(
    store: Store,
    reference: Extract<Reference, { what: 'value' }>,
    token: vscode.CancellationToken,
  ): Promise<Made> {
    const { family, seq } = reference;
    const key = keyOf(reference);
    const bytes = await store.call('value', { family, key, seq, maxBytes: VALUE_BYTES_MAX }, token);
    const found = await store.call('get', { family, key, at: seq }, token).catch(() => undefined);
    const entry = found?.entry;
    const value = await readable(store, family, key, bytes, token);
    return {
      text: value.text,
      value,
      bytes: bytes.length,
      entry: seq === undefined || entry?.seq === seq ? entry : undefined,
    };
  }

  async #read(
    store: Store,
    reference: Extract<Reference, { what: 'read' }>,
    token?: vscode.CancellationToken,
  ): Promise<Made> {
    const { family, seq, path: other } = reference;
    const key = keyOf(reference);
    const maxBytes = VALUE_BYTES_MAX;
    const value =
      other === undefined
        ? await store.call('value', { family, key, seq, maxBytes }, token)
        : await store.call('diffValue', { path: other, family: await nameOf(store, family), key, maxBytes }, token);
    const text = await readable(store, family, key, value, token);
    return { text: text.text, value: text };
  }

  async #dump(
    store: Store,
    reference: Extract<Reference, { what: 'dump' }>,
    token: vscode.CancellationToken,
  ): Promise<Made> {
    const { file } = reference;
    const { lines, isWhole } = await dumpLines(this.#engines, store, { file }, token);
    if (!isWhole) {
      const shown = formatCount(DUMP_LINES_MAX);
      lines.push(t('… the first {0} lines are shown; `lsm dump {1}` prints the rest.', shown, absolute(store, file)));
    }
    const text = lines.join('\n');
    this.#dumped.fire({ store, file, text });
    return { text };
  }

  async #options(
    store: Store,
    { file }: Extract<Reference, { what: 'options' }>,
    token: vscode.CancellationToken,
  ): Promise<Made> {
    const { lines } = await dumpLines(this.#engines, store, { file }, token);
    return { text: optionsText(lines), language: OPTIONS_LANGUAGE };
  }

  async #bytes(
    store: Store,
    { file, offset }: Extract<Reference, { what: 'bytes' }>,
    token: vscode.CancellationToken,
  ): Promise<Made> {
    const { lines, isWhole } = await dumpLines(this.#engines, store, { file, block: offset }, token);
    if (!isWhole) lines.push(t('… the first {0} lines are shown.', formatCount(DUMP_LINES_MAX)));
    return { text: lines.join('\n') };
  }

  async #block(
    store: Store,
    reference: Extract<Reference, { what: 'block' }>,
    token: vscode.CancellationToken,
  ): Promise<Made> {
    const { family, table, block } = reference;
    const details = await store.call('blockDetails', { table, block }, token);
    const lines = [
      t('Table {0}, data block {1}', table, formatCount(block)),
      t(
        'offset {0}, {1} bytes stored, {2} bytes raw, compression {3}, {4} entries, {5} restart points',
        formatCount(details.offset),
        formatCount(details.size),
        formatCount(details.rawSize),
        details.compression,
        formatCount(details.entries),
        formatCount(details.restarts),
      ),
      '',
    ];
    const state = await store.call('openQuery', { family, table, block }, token);
    try {
      for (const problem of state.problems) lines.push(describeProblem(problem));
      for (let from = 0; ; ) {
        const rows = { query: state.query, from, count: BLOCK_PAGE, previewBytes: BLOCK_VALUE_BYTES };
        const page = await store.call('rows', rows, token);
        for (const [i, entry] of page.items.entries()) lines.push(entryLine(from + i, entry));
        from += page.items.length;
        if (page.items.length === 0 || (page.complete && from >= page.total)) break;
      }
    } finally {
      store.call('closeQuery', { query: state.query }).catch(() => {});
    }
    return { text: lines.join('\n') };
  }
}

function entryLine(index: number, entry: EntryRow): string {
  const head = `${String(index).padStart(5)}  ${entry.type.padEnd(13)} ${String(entry.seq).padStart(12)}  ${displayKey(entry.key, 400)}`;
  if (entry.until !== undefined) return `${head} … ${displayKey(entry.until, 400)}`;
  if (entry.value === null) return head;
  const cut = entry.value.length < entry.valueSize ? ` (${formatBytes(entry.valueSize)})` : '';
  return `${head} = ${displayValue(entry.value, BLOCK_VALUE_BYTES)}${cut}`;
}

/** "put · sequence 1,234 · L2 · 1.2 KB" */
export function provenance(entry: EntryRow, bytes: number): string {
  const where = entry.level < 0 ? t('memtable (WAL)') : `L${entry.level}`;
  return `${entry.type} · ${t('sequence {0}', formatCount(entry.seq))} · ${where} · ${formatBytes(bytes)}`;
}

function absolute(store: Store, file: string): string {
  return path.isAbsolute(file) ? file : path.join(store.kind === 'table' ? path.dirname(store.path) : store.path, file);
}

/** Puts the cursor at the beginning of a line, in the middle of what is shown. */
function goTo(editor: vscode.TextEditor, line: number): void {
  const at = editor.document.lineAt(line).range;
  editor.selection = new vscode.Selection(at.start, at.start);
  editor.revealRange(at, vscode.TextEditorRevealType.InCenter);
}

async function nameOf(store: Store, family: number): Promise<string> {
  await store.open();
  return store.family(family)?.name ?? '';
}
