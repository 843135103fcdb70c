/** Damage in open stores, in the Problems panel. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../engine/model/tree.ts';
import type { Store } from './store.ts';
import type { Stores } from './stores.ts';

const FILES_MAX = 500;

export function registerDiagnostics(stores: Stores): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('lsm');
  const byStore = new Map<Store, vscode.Uri[]>();
  const show = (store: Store): void => {
    for (const uri of byStore.get(store) ?? []) collection.delete(uri);
    byStore.delete(store);
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const problem of store.problems) {
      const file = problem.path === '' ? 'CURRENT' : problem.path;
      const list = byFile.get(file) ?? [];
      list.push(diagnostic(problem));
      byFile.set(file, list);
    }
    const uris: vscode.Uri[] = [];
    for (const [file, list] of [...byFile].slice(0, FILES_MAX)) {
      const uri = vscode.Uri.file(path.isAbsolute(file) ? file : path.join(store.path, file));
      uris.push(uri);
      collection.set(uri, list);
    }
    if (uris.length > 0) byStore.set(store, uris);
  };
  return vscode.Disposable.from(
    collection,
    stores.onStoreChanged(show),
    stores.onListChanged(() => {
      const listed = new Set(stores.list);
      for (const store of [...byStore.keys()]) if (!listed.has(store)) show(store);
    }),
  );
}

function diagnostic(problem: Problem): vscode.Diagnostic {
  const at = problem.offset === undefined ? '' : ` ${vscode.l10n.t('(offset {0})', problem.offset)}`;
  const mend = problem.mend === undefined ? '' : `; ${problem.mend}`;
  const severity = problem.code === 'UNSUPPORTED' ? vscode.DiagnosticSeverity.Warning : vscode.DiagnosticSeverity.Error;
  const result = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), `${problem.message}${at}${mend}`, severity);
  result.source = 'LSM';
  result.code = problem.code;
  return result;
}
