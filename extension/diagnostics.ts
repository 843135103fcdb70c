/**
 * Damage in stores, in the Problems panel. What has a place in a file stands in the file's dump, on the line of that
 * place, so that going there leads to the byte; the rest stands at the file itself. The lines are looked up in the
 * background, and again whenever a dump is opened.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../engine/model/tree.ts';
import type { Finding } from '../engine/protocol/engineApi.ts';
import { dumpUri } from './documentAddress.ts';
import type { Documents, Dumped } from './documents.ts';
import type { Store } from './store.ts';
import type { Stores } from './stores.ts';
import { lineAtOffset } from './valueText.ts';

const FILES_MAX = 500;
/** Files of one store whose dumps are made only to find lines in. */
const LOOKED_UP_MAX = 20;

interface Shown {
  readonly uri: vscode.Uri;
  /** Its dump is `uri`. */
  readonly file: string | undefined;
  readonly problems: readonly Problem[];
}

export class Diagnostics implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('lsm');
  readonly #documents: Documents;
  readonly #log: vscode.LogOutputChannel;
  readonly #byStore = new Map<Store, readonly Shown[]>();
  /** Document → byte offset → its line and how long that is. */
  readonly #lines = new Map<string, ReadonlyMap<number, vscode.Range>>();
  readonly #subscriptions: vscode.Disposable[];
  #looking: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(stores: Stores, documents: Documents, log: vscode.LogOutputChannel) {
    this.#documents = documents;
    this.#log = log;
    this.#subscriptions = [
      this.#collection,
      stores.onStoreChanged((store) => this.#show(store)),
      stores.onListChanged(() => {
        const listed = new Set(stores.list);
        for (const store of [...this.#byStore.keys()]) if (!listed.has(store)) this.#clear(store);
      }),
      documents.onDumped((dumped) => this.#dumped(dumped)),
    ];
  }

  dispose(): void {
    this.#disposed = true;
    for (const s of this.#subscriptions) s.dispose();
  }

  #clear(store: Store): void {
    for (const { uri } of this.#byStore.get(store) ?? []) {
      this.#collection.delete(uri);
      this.#lines.delete(uri.toString());
    }
    this.#byStore.delete(store);
  }

  #show(store: Store): void {
    const now = grouped(store);
    const before = this.#byStore.get(store) ?? [];
    if (isSame(before, now)) return;
    const kept = new Set(now.map((s) => s.uri.toString()));
    for (const { uri } of before) {
      if (kept.has(uri.toString())) continue;
      this.#collection.delete(uri);
      this.#lines.delete(uri.toString());
    }
    if (now.length === 0) this.#byStore.delete(store);
    else this.#byStore.set(store, now);
    for (const shown of now) this.#set(shown);
    this.#lookUp(store, now);
  }

  #set({ uri, problems }: Shown): void {
    const lines = this.#lines.get(uri.toString());
    this.#collection.set(
      uri,
      problems.map((p) => diagnostic(p, lines?.get(p.offset ?? -1) ?? new vscode.Range(0, 0, 0, 0))),
    );
  }

  /** One file after the other; each that is made comes back as `onDumped`. */
  #lookUp(store: Store, shown: readonly Shown[]): void {
    const files = shown.flatMap(({ uri, file, problems }) => {
      const known = this.#lines.get(uri.toString());
      const isKnown = problems.every((p) => known?.has(p.offset ?? -1) === true);
      return file === undefined || isKnown ? [] : [file];
    });
    for (const file of files.slice(0, LOOKED_UP_MAX)) {
      this.#looking = this.#looking.then(async () => {
        if (this.#disposed || !this.#byStore.has(store)) return;
        await this.#documents.lookInto(store, file).catch((thrown: unknown) => {
          this.#log.debug(`No lines for the problems of ${file}: ${String(thrown)}`);
        });
      });
    }
  }

  #dumped({ store, file, text }: Dumped): void {
    const shown = this.#byStore.get(store)?.find((s) => s.file === file);
    if (shown === undefined) return;
    const all = text.split('\n');
    const lines = new Map<number, vscode.Range>();
    for (const { offset } of shown.problems) {
      if (offset === undefined || lines.has(offset)) continue;
      const line = lineAtOffset(text, offset);
      const length = all[line]?.length ?? 0;
      lines.set(
        offset,
        new vscode.Range(line, Math.min(length, /^\s*/.exec(all[line] ?? '')?.[0].length ?? 0), line, length),
      );
    }
    this.#lines.set(shown.uri.toString(), lines);
    this.#set(shown);
  }
}

/** Problems by the document that shows them. */
function grouped(store: Store): Shown[] {
  const groups = new Map<string, { uri: vscode.Uri; file: string | undefined; problems: Problem[] }>();
  for (const problem of store.problems) {
    const file = problem.path === '' ? 'CURRENT' : problem.path;
    const inDump = problem.offset !== undefined && problem.path !== '' && problem.code !== 'NOT_FOUND';
    const onDisk = path.isAbsolute(file)
      ? file
      : path.join(store.kind === 'table' ? path.dirname(store.path) : store.path, file);
    const uri = inDump ? dumpUri(store, file) : vscode.Uri.file(onDisk);
    const id = uri.toString();
    const group = groups.get(id) ?? { uri, file: inDump ? file : undefined, problems: [] };
    group.problems.push(problem);
    groups.set(id, group);
    if (groups.size >= FILES_MAX) break;
  }
  return [...groups.values()];
}

function isSame(a: readonly Shown[], b: readonly Shown[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ uri, problems }, i) => {
      const other = b[i];
      return (
        other !== undefined &&
        other.uri.toString() === uri.toString() &&
        other.problems.length === problems.length &&
        problems.every((p, n) => p.message === other.problems[n]?.message && p.offset === other.problems[n]?.offset)
      );
    })
  );
}

function severityOf(problem: Problem): vscode.DiagnosticSeverity {
  const graveness = (problem as Partial<Finding>).severity;
  if (graveness === 'notice') return vscode.DiagnosticSeverity.Information;
  if (graveness === 'damage') return vscode.DiagnosticSeverity.Error;
  return problem.code === 'UNSUPPORTED' ? vscode.DiagnosticSeverity.Warning : vscode.DiagnosticSeverity.Error;
}

function diagnostic(problem: Problem, range: vscode.Range): vscode.Diagnostic {
  const at = problem.offset === undefined ? '' : ` ${vscode.l10n.t('(offset {0})', problem.offset)}`;
  const mend = problem.mend === undefined ? '' : `; ${problem.mend}`;
  const result = new vscode.Diagnostic(range, `${problem.message}${at}${mend}`, severityOf(problem));
  result.source = 'LSM';
  result.code = problem.code;
  return result;
}
