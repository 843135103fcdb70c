/**
 * Values as files `lsm-edit:` that the editor can save. Saving shows the difference, asks, and writes one batch that is
 * refused if the key has another value by now. A URI says which value it is, so an open one survives a reload.
 */
import * as vscode from 'vscode';
import { displayKey, formatBytes, fromHex, hex } from '../../engine/model/display.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import { EDIT_SCHEME } from '../ids.ts';
import { sentence } from '../messages.ts';
import type { Store } from '../store.ts';
import type { Stores } from '../stores.ts';
import { EDIT_BYTES_MAX, type EditForm, editText, FORM_EXTENSION, formOf, parseEdited } from './editText.ts';
import type { Writes } from './writes.ts';

const t = vscode.l10n.t;

/** What stands in a URI's query, as JSON. The key is lower-case hex. */
interface Reference {
  readonly store: string;
  readonly family: number;
  readonly key: string;
  /** Fixed when it is opened: a value that changes its kind keeps its name. */
  readonly form: EditForm;
  /** The value as it was opened, to compare with; read only. */
  readonly base?: true;
}

interface Held {
  /** The value as the store has it. */
  readonly bytes: Uint8Array;
  readonly form: EditForm;
  readonly mtime: number;
}

export class EditFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #stores: Stores;
  readonly #writes: Writes;
  readonly #held = new Map<string, Held>();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  /** Documents that are being saved without a person's asking. */
  readonly #automatic = new Set<string>();
  /** Newest sequence number of each store when its documents were last made anew. */
  readonly #sequences = new Map<string, number>();
  #clock = Date.now();

  constructor(stores: Stores, writes: Writes) {
    this.#stores = stores;
    this.#writes = writes;
    this.#subscriptions = [
      vscode.workspace.registerFileSystemProvider(EDIT_SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
        if (document.uri.scheme !== EDIT_SCHEME) return;
        const id = document.uri.toString();
        if (reason === vscode.TextDocumentSaveReason.Manual) this.#automatic.delete(id);
        else this.#automatic.add(id);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        // Its other side may still be open, and dirty.
        if (isEdit(uri) && parse(uri).base !== true) this.#held.delete(keyOf(uri));
      }),
      stores.onStoreChanged((store) => this.#storeChanged(store)),
    ];
  }

  /** Opens the value that a reader sees now. */
  async open(store: Store, family: number, key: Uint8Array): Promise<vscode.TextEditor> {
    const bytes = await readValue(store, family, key);
    const form = formOf(bytes);
    const reference: Reference = { store: store.path, family, key: hex(key), form };
    const familyName = store.family(family)?.name ?? String(family);
    const name = `${displayKey(key, 60)}${FORM_EXTENSION[form]}`;
    const uri = address(reference, [store.name, familyName, name]);
    const opened = vscode.workspace.textDocuments.find((d) => d.uri.toString() === uri.toString());
    // What a person has begun to change is compared with what it was then. A new document is not said to have
    // changed: the editor would load it a second time, under the first key strokes.
    if (opened === undefined) this.#hold(uri, bytes, form);
    else if (!opened.isDirty && !this.#holds(uri, bytes)) this.#changedTo(uri, bytes, form);
    const document = await vscode.workspace.openTextDocument(uri);
    return vscode.window.showTextDocument(document, { preview: false });
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { bytes, form, mtime } = await this.#get(uri);
    const size = new TextEncoder().encode(editText(bytes, form, t)).length;
    const file = { type: vscode.FileType.File, ctime: 0, mtime, size };
    return parse(uri).base === true ? { ...file, permissions: vscode.FilePermission.Readonly } : file;
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const { bytes, form } = await this.#get(uri);
    return new TextEncoder().encode(editText(bytes, form, t));
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const reference = parse(uri);
    if (reference.base === true) throw vscode.FileSystemError.NoPermissions(uri);
    if (this.#automatic.delete(uri.toString())) {
      throw vscode.FileSystemError.Unavailable(t('A store is not written to automatically: save by hand.'));
    }
    const held = await this.#get(uri);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    } catch {
      throw vscode.FileSystemError.Unavailable(t('The text is not in UTF-8: save it with that encoding.'));
    }
    const edited = parseEdited(text, held.form, t);
    if (!edited.ok) {
      const { line, column, message } = edited;
      const why = line === undefined ? message : t('line {0}, column {1}: {2}', line, column ?? 1, message);
      throw vscode.FileSystemError.Unavailable(t('Not written: {0}', why));
    }
    if (Buffer.compare(edited.bytes, held.bytes) === 0) {
      this.#changedTo(uri, held.bytes, held.form);
      return;
    }
    const store = this.#store(reference);
    const key = keyBytes(reference);
    await this.#compare(uri, reference, store, key);
    const { family } = reference;
    try {
      const what = t('Write {0} of {1}', displayKey(key, 60), store.name);
      const report = await this.#writes.write(
        store,
        [{ kind: 'put', family, key, value: edited.bytes, expect: held.bytes }],
        what,
        { button: t('Write') },
      );
      if (report === undefined) throw new StoreError('CANCELLED', t('The store is as it was.'));
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(t('Not written: {0}', sentence(thrown)));
    }
    this.#changedTo(uri, edited.bytes, held.form);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#changed.dispose();
  }

  async #compare(uri: vscode.Uri, reference: Reference, store: Store, key: Uint8Array): Promise<void> {
    const left = baseOf(uri, reference);
    this.#fire([left]);
    const title = t('{0} of {1}: in the store ↔ to be written', displayKey(key, 40), store.name);
    await vscode.commands.executeCommand('vscode.diff', left, uri, title, { preview: true });
  }

  /** The value of a URI, or of the one that it is compared with; read from the store where it is not held. */
  async #get(uri: vscode.Uri): Promise<Held> {
    const held = this.#held.get(keyOf(uri));
    if (held !== undefined) return held;
    const reference = parse(uri);
    const store = this.#store(reference);
    try {
      const bytes = await readValue(store, reference.family, keyBytes(reference));
      return this.#hold(uri, bytes, formOf(bytes));
    } catch (thrown) {
      throw vscode.FileSystemError.FileNotFound(sentence(thrown));
    }
  }

  #hold(uri: vscode.Uri, bytes: Uint8Array, form: EditForm): Held {
    this.#clock = Math.max(this.#clock + 1, Date.now());
    const held = { bytes, form, mtime: this.#clock };
    this.#held.set(keyOf(uri), held);
    return held;
  }

  #changedTo(uri: vscode.Uri, bytes: Uint8Array, form: EditForm): void {
    this.#hold(uri, bytes, form);
    this.#fire([uri, baseOf(uri, parse(uri))]);
  }

  #fire(uris: readonly vscode.Uri[]): void {
    this.#changed.fire(uris.map((uri) => ({ type: vscode.FileChangeType.Changed, uri })));
  }

  /** Documents that nobody has begun to change follow the store. */
  #storeChanged(store: Store): void {
    const sequence = store.summary?.lastSequence;
    if (sequence === undefined || this.#sequences.get(store.path) === sequence) return;
    this.#sequences.set(store.path, sequence);
    for (const { uri, isDirty } of vscode.workspace.textDocuments) {
      if (!isEdit(uri) || isDirty) continue;
      const reference = parse(uri);
      if (reference.store === store.path && reference.base !== true) void this.#follow(uri, reference, store);
    }
  }

  /** The editor hears of a value only if it is another one than the document shows. */
  async #follow(uri: vscode.Uri, reference: Reference, store: Store): Promise<void> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await readValue(store, reference.family, keyBytes(reference));
    } catch {
      // Gone, or not to be read: the editor says which when it loads the document.
    }
    if (bytes !== undefined && this.#holds(uri, bytes)) return;
    // While it was read a person may have begun to change it.
    if (vscode.workspace.textDocuments.some((d) => d.isDirty && d.uri.toString() === uri.toString())) return;
    if (bytes !== undefined) this.#changedTo(uri, bytes, formOf(bytes));
    else {
      this.#held.delete(keyOf(uri));
      this.#fire([uri, baseOf(uri, reference)]);
    }
  }

  #holds(uri: vscode.Uri, bytes: Uint8Array): boolean {
    const held = this.#held.get(keyOf(uri));
    return held !== undefined && Buffer.compare(held.bytes, bytes) === 0;
  }

  #store({ store }: Reference): Store {
    const found = this.#stores.byPath(store);
    if (found !== undefined) return found;
    throw vscode.FileSystemError.Unavailable(t('The store {0} is not open. Open it, then open this again.', store));
  }
}

const isEdit = (uri: vscode.Uri): boolean => uri.scheme === EDIT_SCHEME;

async function readValue(store: Store, family: number, key: Uint8Array): Promise<Uint8Array> {
  const { entry } = await store.call('get', { family, key });
  if (entry === undefined) throw new StoreError('NOT_FOUND', t('{0} is not in the store.', displayKey(key, 60)));
  if (entry.columns !== undefined) throw new StoreError('INPUT', t('A value of wide columns cannot be edited as one.'));
  if (entry.valueSize > EDIT_BYTES_MAX) {
    const [has, may] = [formatBytes(entry.valueSize), formatBytes(EDIT_BYTES_MAX)];
    throw new StoreError('INPUT', t('The value has {0}; up to {1} are edited here.', has, may));
  }
  return store.call('value', { family, key, maxBytes: EDIT_BYTES_MAX });
}

function address(reference: Reference, parts: readonly string[]): vscode.Uri {
  const segments = parts.map((part) => {
    const safe = part.replace(/[/\\]/g, '∕').replace(/\p{C}/gu, '');
    return safe === '' || safe === '.' || safe === '..' ? '_' : safe;
  });
  return vscode.Uri.from({ scheme: EDIT_SCHEME, path: `/${segments.join('/')}`, query: JSON.stringify(reference) });
}

function baseOf(uri: vscode.Uri, reference: Reference): vscode.Uri {
  return uri.with({ query: JSON.stringify({ ...reference, base: true }) });
}

/** What a value and the one that it is compared with have in common. */
function keyOf(uri: vscode.Uri): string {
  const { store, family, key, form } = parse(uri);
  return JSON.stringify([store, family, key, form]);
}

function parse(uri: vscode.Uri): Reference {
  try {
    const r = JSON.parse(uri.query) as Partial<Reference>;
    const whole = typeof r.store === 'string' && typeof r.family === 'number' && typeof r.key === 'string';
    if (whole && (r.form === 'json' || r.form === 'text' || r.form === 'hex')) return r as Reference;
  } catch {
    // It is told below.
  }
  throw vscode.FileSystemError.FileNotFound(uri);
}

function keyBytes({ key }: Reference): Uint8Array {
  const bytes = fromHex(key);
  if (bytes === undefined) throw vscode.FileSystemError.FileNotFound(key);
  return bytes;
}
