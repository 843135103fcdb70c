/** Stores without a MANIFEST that can be used: what their tables and logs tell by themselves. */
import { type StoreError, toStoreError } from '../base/errors.ts';
import { leveldbDialect } from '../formats/leveldb/dialect.ts';
import { emptyManifest } from '../formats/leveldb/manifest.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { rocksdbDialect } from '../formats/rocksdb/dialect.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import { openStore } from './open.ts';
import { StoreReader } from './reader.ts';
import { salvageTables } from './salvageTables.ts';
import type { Snapshot } from './snapshot.ts';
import { buildVersion, directorySizes } from './version.ts';
import { NO_REPLAY } from './walReplay.ts';

/** What was opened, and why it did not open as a store, where it did not. */
export interface OpenedAnyhow {
  readonly store: StoreReader;
  readonly failure?: StoreError;
}

/** Opens a store or, where that is damaged or has lost its MANIFEST, its tables. Throws what opening threw for the rest. */
export function openAnyhow(fs: FileSystem, directory: string): OpenedAnyhow {
  try {
    return { store: openStore(fs, directory) };
  } catch (thrown) {
    const failure = toStoreError(thrown, { path: directory });
    if (failure.code !== 'CORRUPT' && failure.code !== 'NOT_FOUND') throw failure;
    let names: string[];
    try {
      names = fs.list(directory);
    } catch {
      throw failure;
    }
    const kinds = names.map((name) => parseFileName(name).kind);
    if (!kinds.includes('table') && !kinds.includes('wal')) throw failure;
    return { store: openByTables(fs, directory, names), failure };
  }
}

/** As a store whose MANIFEST says nothing: its tables are then found as those of a damaged one are. */
export function openByTables(fs: FileSystem, directory: string, names: readonly string[]): StoreReader {
  const rocks = names.some(
    (n) => n.startsWith('OPTIONS-') || n === 'IDENTITY' || n.endsWith('.blob') || n.endsWith('.sst'),
  );
  const dialect = rocks ? rocksdbDialect : leveldbDialect;
  return new StoreReader(fs, directory, dialect, {
    fingerprint: () => '',
    read: () => {
      const manifest = { ...emptyManifest(''), damaged: true };
      const snapshot: Snapshot = {
        manifest,
        replay: NO_REPLAY,
        options: dialect.loadOptions(fs, directory, names),
        names,
        problems: [],
        fingerprint: '',
      };
      const version = buildVersion(manifest, dialect, directorySizes(fs, directory));
      return { snapshot, version: salvageTables(fs, directory, dialect, snapshot, version) };
    },
  });
}
