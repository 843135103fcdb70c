/** DuckDB, the other end of an export: installed for the tests on first use. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { duckdb } from '../../scripts/setup.mjs';

export type DuckRow = readonly unknown[];
export type DuckQuery = (sql: string) => Promise<DuckRow[]>;

interface DuckApi {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRows(): DuckRow[] }> }>;
    }>;
  };
}

let opened: Promise<DuckQuery | string> | undefined;

/** Runs SQL in memory; or, where DuckDB cannot be had, why not. */
export function openDuckDb(): Promise<DuckQuery | string> {
  opened ??= (async () => {
    try {
      const folder = await duckdb();
      const api = createRequire(join(folder, 'package.json'))(folder) as DuckApi;
      const connection = await (await api.DuckDBInstance.create(':memory:')).connect();
      return async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
    } catch (thrown) {
      return `DuckDB is not here: ${thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : thrown}`;
    }
  })();
  return opened;
}
