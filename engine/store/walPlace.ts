/**
 * Where a store's logs lie: beside its tables or, with RocksDB's `wal_dir`, in a directory of their own
 * (rocksdb-leveldb.md §1).
 *
 * Older versions of RocksDB state the store's own path there, which a moved or copied store still names. So the
 * directory counts only if the store itself has no logs, and only if it is no store of its own.
 */
import { StoreError } from '../base/errors.ts';
import type { StoreOptions } from '../formats/leveldb/dialect.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';

export interface WalPlace {
  readonly directory: string;
  /** Names in that directory. */
  readonly names: readonly string[];
}

const isLog = (name: string): boolean => parseFileName(name).kind === 'wal';

export function walPlace(fs: FileSystem, directory: string, names: readonly string[], options: StoreOptions): WalPlace {
  const own = { directory, names };
  const stated = options.db['wal_dir'] ?? '';
  if (stated === '' || names.some(isLog)) return own;
  try {
    const there = joinPath(directory, stated);
    const found = fs.list(there);
    return found.includes('CURRENT') || !found.some(isLog) ? own : { directory: there, names: found };
  } catch (thrown) {
    if (thrown instanceof StoreError) return own;
    throw thrown;
  }
}
