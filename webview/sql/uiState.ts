/** What the page of SQL results remembers, and its words: pure, no DOM. */
import type { SqlState } from '../../engine/protocol/sqlView.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { count, duration, plural } from '../text/numbers.ts';

export interface SqlUi {
  readonly format: BytesFormat;
  readonly detail: boolean;
  /** Pixels: width of the pane of a value. */
  readonly size: number;
}

/** Whether `ui` is whole: it comes from a file that another version may have written. */
export function isSqlUi(ui: unknown): ui is SqlUi {
  if (typeof ui !== 'object' || ui === null) return false;
  const u = ui as Partial<SqlUi>;
  return (
    ['text', 'hex', 'json'].includes(u.format as string) &&
    typeof u.detail === 'boolean' &&
    typeof u.size === 'number' &&
    Number.isFinite(u.size)
  );
}

/** `12 rows, complete, 340 ms: reading 320 ms, SQL 20 ms`. */
function doneText(state: Extract<SqlState, { readonly phase: 'done' }>, loaded: Loaded): string {
  const { fillMillis, queryMillis } = state;
  const { count: rows, complete, full } = loaded;
  const known = complete
    ? `${plural(rows, 'row')}, complete`
    : full
      ? `the first ${plural(rows, 'row')}; save them to a file for all`
      : `${plural(rows, 'row')} so far`;
  return `${known}, ${duration(fillMillis + queryMillis)}: reading ${duration(fillMillis)}, SQL ${duration(queryMillis)}`;
}

/** What a run is at. */
function runningText({ table, rows }: Extract<SqlState, { readonly phase: 'running' }>): string {
  return table === undefined ? 'Running…' : `Reading ${table}: ${count(rows ?? 0)} rows`;
}

interface Loaded {
  readonly count: number;
  readonly complete: boolean;
  readonly full: boolean;
}

/** The status line. */
export function statusText(state: SqlState, loaded: Loaded): string {
  if (state.phase === 'running') return runningText(state);
  if (state.phase === 'done') return doneText(state, loaded);
  return state.phase === 'failed' ? (state.cancelled ? 'Cancelled' : 'Failed') : 'Not run';
}

/** Why there are no rows to show; undefined where there may be. `before`: those of an earlier run are here. */
export function emptyText(state: SqlState, before: boolean): string | undefined {
  if (state.phase === 'idle') return 'This query has not run in this window';
  if (state.phase === 'failed') return state.cancelled ? 'The query was cancelled' : 'The query failed';
  return state.phase === 'running' && !before ? runningText(state) : undefined;
}
