/**
 * "Flush": what stands in the log of a store only becomes tables, and then what the store's own policy wants is
 * compacted, with progress that can be cancelled. The engine does all of it, in its own thread.
 */
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../engine/model/display.ts';
import type { FlushReport } from '../../engine/protocol/engineApi.ts';
import { describeProblem } from '../../engine/protocol/rpc.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { mayWrite } from '../trust.ts';
import * as words from '../words.ts';
import { argsOf, isNode, storeFor } from './pickers.ts';
import { watched } from './watched.ts';

const t = vscode.l10n.t;

/** For code that runs the command: false flushes without asking. */
function asks(arg: unknown): boolean {
  return isNode(arg) || (arg as { readonly ask?: unknown } | undefined)?.ask !== false;
}

/** Resolves to what was done; undefined where a person gave up or there was nothing to do. */
export async function flush(services: Services, arg: unknown): Promise<FlushReport | undefined> {
  if (!mayWrite()) return undefined;
  const store = await storeFor(services.stores, argsOf(arg));
  if (store === undefined) return undefined;
  await store.open();
  services.stores.setActive(store);
  await store.refresh();
  const held = inLog(store);
  if (held.entries === 0) {
    void vscode.window.showInformationMessage(t('Nothing to flush: all of {0} is in tables.', store.name));
    return undefined;
  }
  if (asks(arg) && !(await confirmed(store, held))) return undefined;
  const title = t('Flushing {0}', store.name);
  const report = await watched(services, store, title, () => store.startWriting('flush', {}));
  services.log.info(`${title}: ${reportWords(report)}`);
  services.tree.refresh(store);
  tell(services, store, report);
  return report;
}

interface Held {
  readonly entries: number;
  readonly bytes: number;
}

function inLog(store: Store): Held {
  const memtables = (store.summary?.families ?? []).map((f) => f.memtable);
  return {
    entries: memtables.reduce((n, m) => n + m.entries, 0),
    bytes: memtables.reduce((n, m) => n + m.bytes, 0),
  };
}

async function confirmed(store: Store, { entries, bytes }: Held): Promise<boolean> {
  const flushIt = t('Flush');
  const detail = [
    t('What stands in the write-ahead log becomes tables: {0}, {1}.', words.entries(entries), formatBytes(bytes)),
    t('Then what the compaction policy of the store wants is compacted.'),
    t('The LOCK of the store is held meanwhile.'),
  ].join('\n');
  const choice = await vscode.window.showInformationMessage(
    t('Flush {0}?', store.name),
    { modal: true, detail },
    flushIt,
  );
  return choice === flushIt && mayWrite();
}

/** One line: "1,200 entries in 2 tables · 3 compactions". */
function reportWords({ tables, compactions, settled }: FlushReport): string {
  const entries = tables.reduce((n, table) => n + table.entries, 0);
  const parts = [t('{0} in {1}', words.entries(entries), words.tables(tables.length))];
  if (compactions.length === 1) parts.push(t('1 compaction followed'));
  else if (compactions.length > 1) parts.push(t('{0} compactions followed', formatCount(compactions.length)));
  if (!settled) parts.push(t('the rest was cancelled'));
  return parts.join(' · ');
}

function tell(services: Services, store: Store, report: FlushReport): void {
  void vscode.window.showInformationMessage(t('Flushed {0}: {1}', store.name, reportWords(report)));
  for (const problem of report.problems) services.log.warn(`${store.name}: ${describeProblem(problem)}`);
  const [problem] = report.problems;
  if (problem !== undefined) {
    const why = describeProblem(problem).slice(problem.code.length + 2);
    void vscode.window.showWarningMessage(t('The flush holds, but {0}', why));
  }
}
