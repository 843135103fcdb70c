/** "Show Key History…": every version and tombstone of one key that is still there, with its level and table. */
import * as vscode from 'vscode';
import type { QueryParams } from '../../engine/protocol/engineApi.ts';
import { valueAt } from '../documentAddress.ts';
import { showResults } from '../panels/resultsPanel.ts';
import type { Services } from '../services.ts';
import { argsOf, askKey, type CommandArgs, familyFor, keyFrom, storeFor } from './pickers.ts';

const t = vscode.l10n.t;

/** Resolves to the query that was shown; undefined where the person gave up. */
export async function keyHistory(services: Services, arg: unknown): Promise<QueryParams | undefined> {
  const uri = arg instanceof vscode.Uri ? arg : vscode.window.activeTextEditor?.document.uri;
  const shown = (arg === undefined || arg instanceof vscode.Uri) && uri !== undefined ? valueAt(uri) : undefined;
  const args: CommandArgs = shown ?? argsOf(arg);
  const store = await storeFor(services.stores, args);
  if (store === undefined) return undefined;
  services.stores.setActive(store);
  const family = await familyFor(store, args);
  if (family === undefined) return undefined;
  const title = t('History of a key in {0}', family.name);
  const key = keyFrom(args.key) ?? (await askKey(title, t('Key whose versions are shown'), { of: { store, family } }));
  if (key === undefined) return undefined;
  const params: QueryParams = { family: family.id, key, allVersions: true };
  showResults(services, store, params);
  return params;
}
