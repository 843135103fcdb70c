/** The files of a store that is open for writing: their sizes, and how those that nobody needs go away. */
import { blobFileName, parseFileName, tableFileName } from '../formats/leveldb/names.ts';
import type { VersionEdit } from '../formats/leveldb/versionEdit.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { obsoleteFiles } from './obsolete.ts';
import type { Version } from './version.ts';
import type { StoreView } from './view.ts';

export class StoreFiles {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #extension: 'sst' | 'ldb';
  readonly #options: () => Readonly<Record<string, string>>;
  /** Of tables and blob files, by name. */
  readonly #sizes = new Map<string, number>();

  /** `options`: those of the whole store. */
  constructor(
    fs: FileSystem,
    directory: string,
    extension: 'sst' | 'ldb',
    options: () => Readonly<Record<string, string>>,
  ) {
    this.#fs = fs;
    this.#directory = directory;
    this.#extension = extension;
    this.#options = options;
  }

  size(name: string): number | undefined {
    return this.#sizes.get(name);
  }

  /** Files of a version as it was found. */
  noteVersion(version: Version): void {
    for (const t of version.tables.values()) this.#sizes.set(t.file, t.bytes);
    for (const f of version.families.values()) for (const b of f.view.blobFiles) this.#sizes.set(b.file, b.bytes);
  }

  /** Files that an edit brings. */
  noteEdit(edit: VersionEdit): void {
    for (const f of edit.newFiles) this.#sizes.set(tableFileName(f.number, this.#extension), f.bytes);
    for (const b of edit.blobAdditions) this.#sizes.set(blobFileName(b.number), b.bytes);
  }

  /** Removes what none of these views, and nobody who writes, needs. */
  removeObsolete(
    views: readonly StoreView[],
    pending: ReadonlySet<number>,
    logs: { readonly oldestWal: number; readonly prevWal: number },
    manifest: string,
  ): void {
    const files = new Set(pending);
    for (const view of views) {
      for (const f of view.version.families.values()) {
        for (const number of f.state.tables.keys()) files.add(number);
        for (const number of f.state.blobFiles.keys()) files.add(number);
        // A table may name a blob file that counts as garbage already.
        for (const t of f.tables) if (t.oldestBlobFile !== undefined) files.add(t.oldestBlobFile);
      }
    }
    for (const name of obsoleteFiles(this.#fs.list(this.#directory), { files, ...logs, manifest })) this.remove(name);
  }

  /** Removes the files of a number that never came into force. */
  discard(number: number): void {
    try {
      for (const name of this.#fs.list(this.#directory)) {
        const parsed = parseFileName(name);
        if (parsed.number === number && (parsed.kind === 'table' || parsed.kind === 'blob')) this.remove(name);
      }
    } catch {
      // The next opening takes them away.
    }
  }

  /** A file that cannot be removed now is in nobody's way: the next opening tries again. */
  remove(name: string): void {
    try {
      const path = joinPath(this.#directory, name);
      if (name.endsWith('.log') && this.#archivesLogs()) {
        const archive = joinPath(this.#directory, 'archive');
        this.#fs.mkdir(archive);
        this.#fs.rename(path, joinPath(archive, name));
      } else this.#fs.remove(path);
      this.#sizes.delete(name);
    } catch {
      // See above.
    }
  }

  /** RocksDB may be told to keep retired logs for a time, in a directory of their own. */
  #archivesLogs(): boolean {
    const { WAL_ttl_seconds: ttl = 0, WAL_size_limit_MB: limit = 0 } = this.#options();
    return Number(ttl) > 0 || Number(limit) > 0;
  }
}
