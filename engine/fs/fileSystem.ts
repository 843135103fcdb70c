/**
 * The file system as the engine sees it: synchronous (architecture.md, decision 3), and throwing
 * nothing but `StoreError`.
 */

export interface FileStat {
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  /** Device and inode, to match locks and to see replaced files; 0 where unknown. */
  readonly device: number;
  readonly inode: number;
}

export interface FileHandle {
  readonly path: string;
  /** Reads up to `into.length` bytes at byte offset `at`; returns how many there were. */
  readAt(into: Uint8Array, at: number): number;
  /** Adds bytes at the end of the file. */
  append(bytes: Uint8Array): void;
  sync(): void;
  size(): number;
  close(): void;
}

/** `create` truncates an existing file; `append` needs it to exist. */
export type OpenMode = 'read' | 'create' | 'append';

export interface FileSystem {
  /** Names in a directory, sorted. */
  list(directory: string): string[];
  stat(path: string): FileStat;
  open(path: string, mode: OpenMode): FileHandle;
  rename(from: string, to: string): void;
  /** Removes a file or an empty directory. */
  remove(path: string): void;
  link(from: string, to: string): void;
  mkdir(path: string): void;
  syncDir(directory: string): void;
  /**
   * Writes the bytes of a file from byte offset `from` on once more, in their place, and syncs it. A sync alone does
   * not do for what another process left: once the system has told that process of a failed write, it takes the bytes
   * for written (docs/decisions/tails-are-written-again.md).
   */
  rewriteTail(path: string, from: number): void;
}

/** Joins with `/`, which every platform's file API takes. */
export function joinPath(directory: string, name: string): string {
  if (name.startsWith('/') || /^[A-Za-z]:[\\/]/.test(name)) return name;
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

export function baseName(path: string): string {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return cut < 0 ? path : path.slice(cut + 1);
}

export function dirName(path: string): string {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return cut < 0 ? '.' : cut === 0 ? '/' : path.slice(0, cut);
}

/** The path relative to `directory` where it lies directly in it, else as it is. */
export function nameInside(directory: string, path: string): string {
  return dirName(path) === directory || joinPath(directory, baseName(path)) === path ? baseName(path) : path;
}
