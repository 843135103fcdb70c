/** A directory for a store that is about to be made, and its end if that fails. */
import { StoreError, toStoreError } from '../base/errors.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';

/**
 * Makes the directory unless it is there, and empty: then true. `refused` is thrown with why where it holds
 * something.
 */
export function prepareDirectory(fs: FileSystem, directory: string, refused: () => StoreError): boolean {
  try {
    if (fs.list(directory).length > 0) throw refused();
    return true;
  } catch (thrown) {
    const e = toStoreError(thrown);
    if (e.code !== 'NOT_FOUND') throw e;
  }
  fs.mkdir(directory);
  return false;
}

/** Removes what was made, and the directory too unless it `existed` before. Throws nothing that a file system may throw. */
export function removeMade(fs: FileSystem, directory: string, existed: boolean): void {
  try {
    for (const name of fs.list(directory)) fs.remove(joinPath(directory, name));
    if (!existed) fs.remove(directory);
  } catch (thrown) {
    // Without CURRENT what is left is no store, or an incomplete one that nothing else counts on.
    if (!(thrown instanceof StoreError)) throw thrown;
  }
}
