/** `FileSystem` on Node's synchronous calls. */
import * as fs from 'node:fs';
import { type Code, StoreError } from '../base/errors.ts';
import type { FileHandle, FileStat, FileSystem, OpenMode } from './fileSystem.ts';

const CODES: Readonly<Record<string, { code: Code; text: string; mend?: string }>> = {
  ENOENT: { code: 'NOT_FOUND', text: 'no such file or directory' },
  EACCES: { code: 'IO', text: 'permission denied', mend: 'give your user read permission' },
  EPERM: { code: 'IO', text: 'operation not permitted', mend: 'give your user read permission' },
  ENOTDIR: { code: 'INPUT', text: 'not a directory', mend: 'name the directory that holds CURRENT' },
  EISDIR: { code: 'INPUT', text: 'is a directory, not a file' },
  EMFILE: { code: 'IO', text: 'too many open files', mend: 'raise the limit with ulimit -n' },
  ENOSPC: { code: 'IO', text: 'no space left on the device', mend: 'free some disk space' },
  ELOOP: { code: 'IO', text: 'too many levels of symbolic links' },
  ENAMETOOLONG: { code: 'INPUT', text: 'file name too long' },
};

function guard<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    const errno = (thrown as NodeJS.ErrnoException).code ?? '';
    const known = CODES[errno];
    if (known !== undefined) throw new StoreError(known.code, known.text, { path, mend: known.mend });
    throw new StoreError('IO', thrown instanceof Error ? thrown.message : String(thrown), { path });
  }
}

class NodeFile implements FileHandle {
  readonly path: string;
  #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  readAt(into: Uint8Array, at: number): number {
    try {
      let n = fs.readSync(this.#fd, into, 0, into.length, at);
      // A regular file gives less than asked only at its end; anything else is worth another try.
      while (n > 0 && n < into.length) {
        const more = fs.readSync(this.#fd, into, n, into.length - n, at + n);
        if (more === 0) break;
        n += more;
      }
      return n;
    } catch (thrown) {
      return guard(this.path, () => {
        throw thrown;
      });
    }
  }

  append(bytes: Uint8Array): void {
    guard(this.path, () => {
      for (let n = 0; n < bytes.length; ) n += fs.writeSync(this.#fd, bytes, n, bytes.length - n);
    });
  }

  sync(): void {
    guard(this.path, () => fs.fsyncSync(this.#fd));
  }

  size(): number {
    return guard(this.path, () => fs.fstatSync(this.#fd).size);
  }

  close(): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    guard(this.path, () => fs.closeSync(fd));
  }
}

const REWRITE_BYTES = 256 << 10;
const FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', create: 'w+', append: 'a+' };

export const nodeFs: FileSystem = {
  list: (directory) => guard(directory, () => fs.readdirSync(directory).sort()),
  stat: (path) =>
    guard(path, (): FileStat => {
      const s = fs.statSync(path);
      return {
        size: s.size,
        modified: s.mtimeMs,
        isDirectory: s.isDirectory(),
        isFile: s.isFile(),
        device: s.dev,
        inode: s.ino,
      };
    }),
  open: (path, mode) =>
    guard(path, () => {
      if (mode === 'read') {
        // Opening a pipe or device would hang; a store holds regular files only.
        const s = fs.statSync(path);
        if (!s.isFile()) {
          throw new StoreError('INPUT', s.isDirectory() ? 'is a directory, not a file' : 'not a regular file', {
            path,
          });
        }
      }
      return new NodeFile(path, fs.openSync(path, FLAGS[mode]));
    }),
  rename: (from, to) => guard(from, () => fs.renameSync(from, to)),
  remove: (path) =>
    guard(path, () => {
      try {
        fs.unlinkSync(path);
      } catch (thrown) {
        // Linux says EISDIR, macOS and Windows EPERM.
        if (!['EISDIR', 'EPERM'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
        if (!fs.lstatSync(path).isDirectory()) throw thrown;
        fs.rmdirSync(path);
      }
    }),
  link: (from, to) => guard(from, () => fs.linkSync(from, to)),
  mkdir: (path) =>
    guard(path, () => {
      fs.mkdirSync(path, { recursive: true });
    }),
  syncDir: (directory) =>
    guard(directory, () => {
      // Windows cannot open a directory; its renames are durable without it.
      if (process.platform === 'win32') return;
      const fd = fs.openSync(directory, 'r');
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    }),
  rewriteTail: (path, from) =>
    guard(path, () => {
      const fd = fs.openSync(path, 'r+');
      try {
        const end = fs.fstatSync(fd).size;
        const chunk = new Uint8Array(Math.min(REWRITE_BYTES, Math.max(0, end - from)));
        for (let at = from; at < end; ) {
          const n = fs.readSync(fd, chunk, 0, Math.min(chunk.length, end - at), at);
          if (n === 0) break;
          for (let done = 0; done < n; ) done += fs.writeSync(fd, chunk, done, n - done, at + done);
          at += n;
        }
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    }),
};

/** Bytes that an ordinary user may still write to the file system of a directory; undefined if unknown. */
export function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
