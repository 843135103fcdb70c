/** Stores made by the real engines, kept beside the repository; where they are absent, tests skip by name. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));

/** Data directory of a store such as `rocksdb/01-leveled-zstd`, or undefined. */
export function corpusStore(name: string): string | undefined {
  const dir = `${ROOT}${name}/db`;
  return existsSync(dir) ? dir : undefined;
}

export function tablesOf(dir: string): string[] {
  return readdirSync(dir)
    .filter((f) => /\.(sst|ldb)$/.test(f))
    .map((f) => `${dir}/${f}`);
}
