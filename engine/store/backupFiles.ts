/**
 * A backup inside of a directory of RocksDB's BackupEngine, opened where it lies (rocksdb-leveldb.md §1).
 *
 * `private/N` holds CURRENT, MANIFEST, OPTIONS and the logs of backup N. Its tables and blob files are shared with
 * other backups: `shared/000010.sst` or `shared_checksum/000010_<id>_<bytes>.sst`, as the text file `meta/N` says.
 */
import { strictText } from '../base/bytes.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { baseName, dirName, type FileSystem, joinPath } from '../fs/fileSystem.ts';

/** Some hundred bytes for each file; larger ones are something else. */
const META_BYTES_MAX = 64 << 20;
const SHARED = /^(?:shared|shared_checksum)\/(\d{1,20})(?:_[\w-]+)?\.(sst|blob)\b/;

/** Where the tables and blob files of a backup lie, by their names in a store; undefined for what is no backup. */
export function backupFiles(fs: FileSystem, directory: string): ReadonlyMap<string, string> | undefined {
  const plain = directory.replace(/\/+$/, '');
  const number = baseName(plain);
  const above = dirName(plain);
  if (baseName(above) !== 'private' || !/^\d+$/.test(number)) return undefined;
  const top = dirName(above);
  const meta = readText(fs, joinPath(joinPath(top, 'meta'), number));
  if (meta === undefined) return undefined;
  const places = new Map<string, string>();
  for (const line of meta.split('\n')) {
    const found = SHARED.exec(line);
    if (found === null) continue;
    const [path, digits, extension] = found;
    const name = `${digits}.${extension}`;
    // Relative names stay what they are when the whole directory is moved.
    if (parseFileName(name).number !== null) places.set(name, `../../${path}`);
  }
  return places;
}

function readText(fs: FileSystem, path: string): string | undefined {
  try {
    const file = fs.open(path, 'read');
    try {
      const size = file.size();
      if (size > META_BYTES_MAX) return undefined;
      const bytes = new Uint8Array(size);
      return strictText(bytes.subarray(0, file.readAt(bytes, 0)));
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}
