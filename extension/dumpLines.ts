/** The dump of a file, a page at a time: by its store's engine, or beside it where the store does not open. */
import * as vscode from 'vscode';
import type { Params, Result } from '../engine/protocol/engineApi.ts';
import { StoreError } from '../engine/protocol/rpc.ts';
import { withLooseEngine } from './looseEngine.ts';
import { isCancelled } from './messages.ts';
import type { Engines, Store } from './store.ts';

/** Lines of a dump that a document holds, and how many are asked for at a time. */
export const DUMP_LINES_MAX = 20_000;
const DUMP_PAGE = 2_000;

export interface DumpText {
  readonly lines: string[];
  readonly isWhole: boolean;
}

type Ask = (p: Params<'dump'>) => Promise<Result<'dump'>>;

/** At most `DUMP_LINES_MAX` lines. Rejects with `StoreError`. */
export async function dumpLines(
  engines: Engines,
  store: Store,
  what: { readonly file: string; readonly block?: number },
  token: vscode.CancellationToken,
): Promise<DumpText> {
  if (store.kind === 'directory' && !(await opens(store))) {
    return withLooseEngine(engines.workerFile, engines.log, (engine) =>
      allLines(what, token, (p) => engine.start('dump', { ...p, path: store.path }).result),
    );
  }
  return allLines(what, token, (p) => store.call('dump', p, token));
}

async function allLines(
  what: { readonly file: string; readonly block?: number },
  token: vscode.CancellationToken,
  ask: Ask,
): Promise<DumpText> {
  const lines: string[] = [];
  while (lines.length < DUMP_LINES_MAX) {
    if (token.isCancellationRequested) throw new StoreError('CANCELLED', vscode.l10n.t('Cancelled.'));
    const page = await ask({ ...what, offset: lines.length, limit: DUMP_PAGE });
    for (const line of page.items) lines.push(line);
    if (page.items.length === 0 || (page.complete && lines.length >= page.total)) return { lines, isWhole: true };
  }
  return { lines, isWhole: false };
}

/** Tried once: a store that is known to fail is not opened again for each of its files. */
async function opens(store: Store): Promise<boolean> {
  if (store.state === 'failed') return false;
  try {
    await store.open();
    return true;
  } catch (thrown) {
    if (isCancelled(thrown)) throw thrown;
    return false;
  }
}
