/**
 * Copies a directory file by file. Immutable files are linked where the file system can, so that a copy of
 * a large store costs neither time nor space; everything else is copied byte for byte.
 */
import { StoreError } from '../base/errors.ts';
import { type FileSystem, joinPath } from './fileSystem.ts';

/** `link` is for files that neither side ever changes in place. */
export type CloneWay = 'link' | 'copy' | 'skip';

export interface CloneProgress {
  readonly files: number;
  readonly filesTotal: number;
  /** Copied, not linked. */
  readonly bytes: number;
}

export interface CloneResult {
  readonly linked: number;
  readonly copied: number;
  readonly bytes: number;
}

const CHUNK_BYTES = 1 << 20;

/**
 * A job. Files are taken in the order of `names`. The target is made if it is not there; it has to be
 * empty. What was made is removed again if the job fails or is ended. Throws INPUT or IO.
 */
export function* cloneFiles(
  fs: FileSystem,
  from: string,
  to: string,
  names: readonly string[],
  way: (name: string) => CloneWay,
): Generator<CloneProgress, CloneResult, void> {
  makeEmpty(fs, to);
  const made: string[] = [];
  let linked = 0;
  let bytes = 0;
  let done = false;
  const wanted = names.filter((name) => way(name) !== 'skip');
  try {
    for (const name of wanted) {
      const source = joinPath(from, name);
      const target = joinPath(to, name);
      if (way(name) === 'link' && tryLink(fs, source, target)) {
        linked++;
        made.push(target);
      } else {
        made.push(target);
        for (const n of copyFile(fs, source, target)) {
          bytes += n;
          yield { files: made.length - 1, filesTotal: wanted.length, bytes };
        }
      }
      yield { files: made.length, filesTotal: wanted.length, bytes };
    }
    fs.syncDir(to);
    done = true;
    return { linked, copied: made.length - linked, bytes };
  } finally {
    if (!done) removeAll(fs, made);
  }
}

/** Removes files; those that are not there or cannot be removed are passed over. */
export function removeAll(fs: FileSystem, paths: readonly string[]): void {
  for (const path of paths) {
    try {
      fs.remove(path);
    } catch {
      // It was not made yet, or is for its owner to remove.
    }
  }
}

function makeEmpty(fs: FileSystem, directory: string): void {
  let names: readonly string[] = [];
  try {
    names = fs.list(directory);
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code !== 'NOT_FOUND') throw thrown;
    fs.mkdir(directory);
  }
  if (names.length > 0) {
    throw new StoreError('INPUT', 'the directory for the copy is not empty', {
      path: directory,
      mend: 'name a new or empty directory',
    });
  }
}

/** False where the two lie on different file systems, or links are not known there. */
function tryLink(fs: FileSystem, source: string, target: string): boolean {
  try {
    fs.link(source, target);
    return true;
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.code === 'NOT_FOUND') throw thrown;
    return false;
  }
}

/** Yields the bytes of each piece. A file that grows meanwhile is copied up to where it ended at first. */
function* copyFile(fs: FileSystem, source: string, target: string): Generator<number, void, void> {
  const input = fs.open(source, 'read');
  try {
    const output = fs.open(target, 'create');
    try {
      const size = input.size();
      const buffer = new Uint8Array(Math.min(size, CHUNK_BYTES));
      for (let at = 0; at < size; ) {
        const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
        const n = input.readAt(piece, at);
        if (n === 0) break;
        output.append(piece.subarray(0, n));
        at += n;
        yield n;
      }
      output.sync();
    } finally {
      output.close();
    }
  } finally {
    input.close();
  }
}
