/** A view of a file system through which nothing can be changed: what every viewer gets. */
import { StoreError } from '../base/errors.ts';
import type { FileSystem } from './fileSystem.ts';

export function readOnlyFs(inner: FileSystem): FileSystem {
  const refuse = (path: string): never => {
    throw new StoreError('READ_ONLY', 'the store is open for reading only', { path });
  };
  return {
    list: (directory) => inner.list(directory),
    stat: (path) => inner.stat(path),
    open: (path, mode) => (mode === 'read' ? inner.open(path, mode) : refuse(path)),
    rename: refuse,
    remove: refuse,
    link: refuse,
    mkdir: refuse,
    syncDir: refuse,
    rewriteTail: refuse,
  };
}
