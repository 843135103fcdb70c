/** The rows of a query in another order, as a query. Pure. */
import type { SqlColumn } from './sql.ts';

export interface SqlSort {
  readonly column: number;
  readonly down: boolean;
}

/** `query` with its rows in another order; undefined where SQLite cannot do that. */
export function sortedQuery(query: string, columns: readonly SqlColumn[], sort: SqlSort): string | undefined {
  if (/^\s*explain\b/i.test(query) || columns[sort.column] === undefined) return undefined;
  const names = columns.map((_, i) => `lsm_c${i}`);
  // No asterisk: it would have the engine read every column of the tables.
  const list = columns.map((c, i) => `lsm_c${i} AS "${c.name.replaceAll('"', '""')}"`);
  const order = `${sort.column + 1}${sort.down ? ' DESC' : ''}`;
  return `WITH lsm_rows(${names.join(', ')}) AS (\n${query}\n) SELECT ${list.join(', ')} FROM lsm_rows ORDER BY ${order}`;
}
