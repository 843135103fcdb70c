/** The read-only editor of a single `*.sst` or `*.ldb` file: every entry of the table, without its store. */
import * as vscode from 'vscode';
import { StoreError } from '../engine/protocol/rpc.ts';
import { CUSTOM_EDITORS } from './ids.ts';
import { ResultsView } from './panels/resultsPanel.ts';
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
    resolveCustomEditor: async (document, panel) => {
      const { store } = document;
      const summary = await store.open();
      const family = summary.families[0];
      const page = await store.call('tables', { family: family?.id ?? 0, level: -1, offset: 0, limit: 1 });
      const table = page.items[0];
      if (table === undefined) {
        throw new StoreError('UNSUPPORTED', vscode.l10n.t('There is no table in this file.'), { path: store.path });
      }
      const title = vscode.l10n.t('All entries of {0}', store.name);
      new ResultsView(services, store, panel, { family: table.family, table: table.number }, title);
    },
  };
  return vscode.window.registerCustomEditorProvider(CUSTOM_EDITORS.table, provider, {
    supportsMultipleEditorsPerDocument: true,
  });
}
