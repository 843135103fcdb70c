/**
 * A copy of a store that can be opened and written to, be the original in use or not.
 *
 * Tables and blob files never change once they are written, so they are linked; CURRENT, MANIFEST, logs
 * and OPTIONS are copied. LOCK is never opened: closing it would drop the lock of an owner in this process.
 */
import { equalBytes } from '../../base/bytes.ts';
import { StoreError } from '../../base/errors.ts';
import { parseFileName } from '../../formats/leveldb/names.ts';
import { type CloneProgress, type CloneResult, type CloneWay, cloneFiles, removeAll } from '../../fs/clone.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';

/** Tries while the owner removes files under the copy. */
const TRIES_MAX = 20;
const CURRENT_READ = 64;

function wayOf(name: string): CloneWay {
  switch (parseFileName(name).kind) {
    case 'table':
    case 'blob':
      return 'link';
    case 'current':
    case 'manifest':
    case 'wal':
    case 'options':
    case 'identity':
      return 'copy';
    default:
      return 'skip';
  }
}

/** The MANIFEST first: whatever it names was there when it was read, or is missed and the copy begins anew. */
const ORDER = ['current', 'manifest', 'options', 'identity', 'wal', 'table', 'blob'];

/** A job. `to` must be new or empty. Throws StoreError; nothing of the copy is left then. */
export function* copyStore(fs: FileSystem, from: string, to: string): Generator<CloneProgress, CloneResult, void> {
  const rank = (name: string): number => ORDER.indexOf(parseFileName(name).kind);
  for (let attempt = 1; ; attempt++) {
    const names = fs.list(from).filter((name) => wayOf(name) !== 'skip' && isFile(fs, joinPath(from, name)));
    names.sort((a, b) => rank(a) - rank(b));
    const current = readCurrentBytes(fs, from);
    let made = false;
    let kept = false;
    try {
      const result = yield* cloneFiles(fs, from, to, names, wayOf);
      made = true;
      const now = new Set(fs.list(from));
      const moved = names.some((name) => !now.has(name)) || !equalBytes(current, readCurrentBytes(fs, from));
      if (!moved || attempt >= TRIES_MAX) {
        kept = true;
        return result;
      }
    } catch (thrown) {
      const gone = thrown instanceof StoreError && thrown.code === 'NOT_FOUND';
      if (!gone || attempt >= TRIES_MAX) throw thrown;
    } finally {
      if (made && !kept)
        removeAll(
          fs,
          names.map((name) => joinPath(to, name)),
        );
    }
  }
}

function isFile(fs: FileSystem, path: string): boolean {
  try {
    return fs.stat(path).isFile;
  } catch {
    return false;
  }
}

function readCurrentBytes(fs: FileSystem, directory: string): Uint8Array {
  const file = fs.open(joinPath(directory, 'CURRENT'), 'read');
  try {
    const buffer = new Uint8Array(CURRENT_READ);
    return buffer.slice(0, file.readAt(buffer, 0));
  } finally {
    file.close();
  }
}
