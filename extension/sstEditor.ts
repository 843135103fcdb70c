/** The read-only editor of a single `*.sst` or `*.ldb` file: the table's details, without its store. */
import * as vscode from 'vscode';
import { CUSTOM_EDITORS } from './ids.ts';
import { TableView } from './panels/tablePanel.ts';
import type { Services } from './services.ts';
import type { Store } from './store.ts';

interface TableDocument extends vscode.CustomDocument {
  readonly store: Store;
}

export function registerTableEditor(services: Services): vscode.Disposable {
  const provider: vscode.CustomReadonlyEditorProvider<TableDocument> = {
    openCustomDocument: (uri) => {
      if (uri.scheme !== 'file') {
        throw new Error(vscode.l10n.t('Only files on a disk can be opened, not {0}:.', uri.scheme));
      }
      const store = services.stores.openTable(uri.fsPath);
      return { uri, store, dispose: () => services.stores.closeTable(store) };
    },
    resolveCustomEditor: ({ store }, panel) => {
      new TableView(services, store, panel, undefined);
    },
  };
  return vscode.window.registerCustomEditorProvider(CUSTOM_EDITORS.table, provider, {
    supportsMultipleEditorsPerDocument: true,
  });
}
