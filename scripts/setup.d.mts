/** Path of the Chromium that is installed here, or undefined. */
export function chromium(): string | undefined;
export function rocksdbTools(): boolean;
export function node24(): Promise<string>;
/** Folder of the package `@duckdb/node-api`, installed if it is not there yet. Throws where npm fails. */
export function duckdb(): Promise<string>;
