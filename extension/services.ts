/** What the extension's parts share, made once at activation. */
import type * as vscode from 'vscode';
import type { ComparedValues } from './comparedValues.ts';
import type { Documents } from './documents.ts';
import type { QueryLists } from './history/queryLists.ts';
import type { Stores } from './stores.ts';
import type { StoresTree } from './trees/storesTree.ts';

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** The bundle that an engine's thread runs. */
  readonly workerFile: string;
  readonly stores: Stores;
  readonly tree: StoresTree;
  readonly documents: Documents;
  readonly queries: QueryLists;
  readonly compared: ComparedValues;
}
