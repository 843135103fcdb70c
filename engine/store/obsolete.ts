/** Which files of a directory its store needs no more (rocksdb-leveldb.md §1). */
import { parseFileName } from '../formats/leveldb/names.ts';

export interface Needed {
  /** Tables and blob files of the live version, of versions that somebody still reads, and being written. */
  readonly files: ReadonlySet<number>;
  /** WALs from this number on. */
  readonly oldestWal: number;
  /** LevelDB: one more; 0 for none. */
  readonly prevWal: number;
  /** Name of the MANIFEST in force. */
  readonly manifest: string;
}

/** Names to remove. Files that are not of the engine's are never among them. */
export function obsoleteFiles(names: readonly string[], needed: Needed): string[] {
  const inForce = parseFileName(needed.manifest).number ?? 0;
  return names.filter((name) => {
    const { kind, number } = parseFileName(name);
    if (number === null) return false;
    switch (kind) {
      case 'table':
      case 'blob':
        return !needed.files.has(number);
      case 'wal':
        return number < needed.oldestWal && number !== needed.prevWal;
      case 'manifest':
        // A newer one was begun and never taken into use.
        return number !== inForce;
      case 'temp':
        return true;
      default:
        return false;
    }
  });
}
