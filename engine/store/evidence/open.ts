/** Opening for evidence: a store, what is left of one, or a single table. */
import { StoreError } from '../../base/errors.ts';
import { parseFileName } from '../../formats/leveldb/names.ts';
import { baseName, type FileSystem } from '../../fs/fileSystem.ts';
import { openTableFile } from '../open.ts';
import { type OpenedAnyhow, openAnyhow } from '../openByTables.ts';

/** Throws StoreError where there is neither a store nor a table. */
export function openForEvidence(fs: FileSystem, path: string): OpenedAnyhow {
  if (fs.stat(path).isDirectory) return openAnyhow(fs, path);
  if (parseFileName(baseName(path)).kind === 'wal') {
    throw new StoreError('INPUT', 'is a log: evidence is gathered of the directory that holds it', { path });
  }
  return { store: openTableFile(fs, path) };
}
