/** What a page asks for that only the host can do, and that is the same whichever page asks. */
import * as vscode from 'vscode';
import type { ViewAction } from '../../engine/protocol/viewApi.ts';
import { COMMANDS } from '../ids.ts';
import { rememberLens } from '../lenses.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { saveFile } from './saveFile.ts';

/** Actions that a view does by itself. */
type OwnAction =
  | 'rerun'
  | 'refresh'
  | 'bookmarkQuery'
  | 'setCondition'
  | 'pin'
  | 'exportResults'
  | 'cancelSql'
  | 'showSql'
  | 'sortSql'
  | 'saveSql'
  | 'filterEvidence'
  | 'stopEvidence'
  | 'openDifference'
  | 'compareAsText';

export async function perform(
  services: Services,
  store: Store,
  what: Exclude<ViewAction, { readonly action: OwnAction }>,
): Promise<void> {
  const { documents, tree } = services;
  const run = (command: string, args: object): Thenable<void> =>
    vscode.commands.executeCommand(command, { store, ...args });
  switch (what.action) {
    case 'editValue':
      return run(COMMANDS.editValue, { family: what.family, key: what.key });
    case 'deleteKey':
      return run(COMMANDS.delete, { family: what.family, key: what.key });
    case 'bookmarkKey':
      return run(COMMANDS.addBookmark, { family: what.family, key: what.key });
    case 'openValue':
      return documents.openValue(store, what.family, what.key, what.seq);
    case 'copyText':
      return vscode.env.clipboard.writeText(what.text);
    case 'chooseLens':
      return rememberLens(services.context.workspaceState, store, what.family, what.lens);
    case 'askFormat':
      return run(COMMANDS.chooseFormat, { family: what.family });
    case 'revealTable':
      return tree.revealTable(store, what.table);
    case 'openProblem':
      return documents.openPlace(store, what.path, what.offset ?? undefined);
    case 'openRecord':
      return documents.openRecord(store, what, what.inBlock);
    case 'exportEvidence':
      return run(COMMANDS.exportEvidence, {});
    case 'openTable':
      return run(COMMANDS.showTable, { table: what.table });
    case 'keyHistory':
      return run(COMMANDS.keyHistory, { family: what.family, key: what.key });
    case 'openEntryBlock': {
      const { table, key, seq } = what;
      const block = await store.call('blockOf', { table, key, seq });
      return documents.openBlockAt(store, table, block.offset, key);
    }
    case 'markValue':
      return services.compared.mark({ store, family: what.family, key: what.key, seq: what.seq });
    case 'compareValue':
      return services.compared.compare({ store, family: what.family, key: what.key, seq: what.seq });
    case 'openBlock':
      return documents.openBlockAt(store, what.table, what.offset, what.key);
    case 'scan':
      return run(COMMANDS.scan, {
        family: what.family,
        ...(what.prefix === undefined ? {} : { prefix: what.prefix }),
      });
    case 'get':
      return run(COMMANDS.get, { family: what.family });
    case 'getKey':
      return run(COMMANDS.get, { ...(what.family === null ? {} : { family: what.family }), key: what.key });
    case 'explain':
      return run(COMMANDS.explain, { family: what.family });
    case 'showVisualizer':
      return run(COMMANDS.showVisualizer, { family: what.family });
    case 'compact':
      return run(COMMANDS.compact, {
        family: what.family,
        ...(what.tables.length === 0 ? {} : { tables: what.tables }),
      });
    case 'cancelCompaction':
      store.cancelWriting();
      return;
    case 'saveFile':
      await saveFile(store, what.suggested, what.bytes);
      return;
    case 'selectedTables':
      // Only the visualiser's selection is that of the tree.
      return;
  }
}
