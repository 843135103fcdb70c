/**
 * A file system in memory, for tests and for trying things out on a copy, with a model of what a crash
 * leaves behind.
 *
 * Durability follows POSIX at its strictest:
 * - Bytes of a file are durable up to what it held at its last `sync`. A file that was created anew over
 *   an old one keeps its old bytes until then.
 * - Directory entries (create, rename, link, remove, mkdir) are durable once `syncDir` was called for their
 *   directory; syncing a file does not sync the entry that names it. A rename within a directory happens
 *   whole or not at all.
 * - `crash` goes back to what is durable. A real disk may have kept more: `Survivors` says how many of the
 *   bytes behind the last sync, and how many of the waiting directory changes, in order, survived too.
 *
 * `before` is called ahead of every change; it may throw (a full disk, a failing one), or note where it is,
 * so that a test can crash a run at each of its steps. `fork` copies a state, to try several ends of it.
 */
import { type Code, StoreError } from '../base/errors.ts';
import type { FileHandle, FileStat, FileSystem, OpenMode } from './fileSystem.ts';

export type MemOperation = 'create' | 'append' | 'sync' | 'rename' | 'remove' | 'link' | 'mkdir' | 'syncDir';

/** What of the unsynced state outlives a crash; without it, nothing does. */
export interface Survivors {
  /**
   * Bytes of a file to keep: from `synced` (none more) to `written` (all). For a file that was created anew
   * over an old one `synced` is 0, and 0 keeps the old one.
   */
  bytes?(path: string, synced: number, written: number): number;
  /** Directory changes to keep, from the oldest: 0 to `waiting`. */
  changes?(waiting: number): number;
}

interface Content {
  /** Only the first `size` bytes count; those never change in place. */
  bytes: Uint8Array;
  size: number;
}

interface MemFile {
  readonly kind: 'file';
  readonly inode: number;
  now: Content;
  durable: Content;
  /** `now` was begun anew, and has nothing in common with `durable`. */
  replaced: boolean;
  modified: number;
}

interface MemDirectory {
  readonly kind: 'directory';
  readonly inode: number;
  now: Map<string, MemNode>;
  durable: Map<string, MemNode>;
  modified: number;
}

type MemNode = MemFile | MemDirectory;

/** One name of one directory set to a node, or taken away. */
interface Edit {
  readonly directory: MemDirectory;
  readonly name: string;
  readonly node: MemNode | undefined;
}

/** The edits of one call, which happen together. */
type Change = readonly Edit[];

const NO_BYTES = new Uint8Array(0);

function failure(code: Code, message: string, path: string): StoreError {
  return new StoreError(code, message, { path });
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

export class MemFs implements FileSystem {
  /** Called before each change with what it is about to do; throws to make it fail. */
  before: ((operation: MemOperation, path: string) => void) | undefined;
  #root: MemDirectory;
  #waiting: Change[] = [];
  #nextInode: number;
  #ticks: number;
  /** Handles opened before a crash are of no use behind it. */
  #boots = 0;

  constructor() {
    this.#nextInode = 2;
    this.#ticks = 0;
    this.#root = { kind: 'directory', inode: 1, now: new Map(), durable: new Map(), modified: 0 };
  }

  list(directory: string): string[] {
    return [...this.#directory(directory).now.keys()].sort();
  }

  stat(path: string): FileStat {
    const node = this.#node(path);
    return {
      size: node.kind === 'file' ? node.now.size : 0,
      modified: node.modified,
      isDirectory: node.kind === 'directory',
      isFile: node.kind === 'file',
      device: 1,
      inode: node.inode,
    };
  }

  open(path: string, mode: OpenMode): FileHandle {
    if (mode !== 'create') {
      const node = this.#node(path);
      if (node.kind === 'directory') throw failure('INPUT', 'is a directory, not a file', path);
      return this.#handle(path, node, mode === 'append');
    }
    const { directory, name } = this.#place(path);
    const known = directory.now.get(name);
    if (known?.kind === 'directory') throw failure('INPUT', 'is a directory, not a file', path);
    this.before?.('create', path);
    const empty: Content = { bytes: NO_BYTES, size: 0 };
    if (known !== undefined) {
      known.now = empty;
      known.replaced = true;
      known.modified = ++this.#ticks;
      return this.#handle(path, known, true);
    }
    const made: MemFile = {
      kind: 'file',
      inode: this.#nextInode++,
      now: empty,
      durable: empty,
      replaced: false,
      modified: ++this.#ticks,
    };
    this.#apply([{ directory, name, node: made }]);
    return this.#handle(path, made, true);
  }

  rename(from: string, to: string): void {
    const node = this.#node(from);
    const source = this.#place(from);
    const target = this.#place(to);
    const replaced = target.directory.now.get(target.name);
    if (replaced === node) return;
    if (replaced !== undefined && replaced.kind !== node.kind) throw failure('INPUT', 'is of another kind', to);
    if (replaced?.kind === 'directory' && replaced.now.size > 0) throw failure('IO', 'directory is not empty', to);
    if (node.kind === 'directory' && holds(node, target.directory)) throw failure('INPUT', 'lies in itself', to);
    this.before?.('rename', from);
    this.#apply([
      { ...source, node: undefined },
      { ...target, node },
    ]);
  }

  /** Removes a file or an empty directory. */
  remove(path: string): void {
    const node = this.#node(path);
    if (node.kind === 'directory' && node.now.size > 0) throw failure('IO', 'directory is not empty', path);
    this.before?.('remove', path);
    this.#apply([{ ...this.#place(path), node: undefined }]);
  }

  link(from: string, to: string): void {
    const node = this.#node(from);
    if (node.kind === 'directory') throw failure('INPUT', 'is a directory, not a file', from);
    const target = this.#place(to);
    if (target.directory.now.has(target.name)) throw failure('IO', 'file exists', to);
    this.before?.('link', to);
    this.#apply([{ ...target, node }]);
  }

  /** With its parents, where they are missing. */
  mkdir(path: string): void {
    let at = this.#root;
    for (const name of partsOf(path)) {
      const next = at.now.get(name);
      if (next?.kind === 'file') throw failure('INPUT', 'not a directory', path);
      if (next !== undefined) {
        at = next;
        continue;
      }
      this.before?.('mkdir', path);
      const made: MemDirectory = {
        kind: 'directory',
        inode: this.#nextInode++,
        now: new Map(),
        durable: new Map(),
        modified: ++this.#ticks,
      };
      this.#apply([{ directory: at, name, node: made }]);
      at = made;
    }
  }

  syncDir(directory: string): void {
    const node = this.#directory(directory);
    this.before?.('syncDir', directory);
    // A change that spans two directories takes with it what was changed before it in the other one.
    const touched = new Set([node]);
    const durable: Change[] = [];
    for (const change of this.#waiting.toReversed()) {
      if (!change.some((e) => touched.has(e.directory))) continue;
      for (const e of change) touched.add(e.directory);
      durable.unshift(change);
    }
    for (const change of durable) persist(change);
    this.#waiting = this.#waiting.filter((change) => !durable.includes(change));
  }

  rewriteTail(path: string, _from: number): void {
    const node = this.#node(path);
    if (node.kind === 'directory') throw failure('INPUT', 'is a directory, not a file', path);
    this.before?.('sync', path);
    node.durable = node.now;
    node.replaced = false;
  }

  /** Puts a whole file where it is durable at once, with its directories. */
  put(path: string, bytes: Uint8Array): void {
    const parts = partsOf(path);
    this.mkdir(parts.slice(0, -1).join('/'));
    const file = this.open(path, 'create');
    file.append(bytes);
    file.sync();
    file.close();
    for (let i = 0; i < parts.length; i++) this.syncDir(parts.slice(0, i).join('/'));
  }

  /** The whole content of a file. */
  read(path: string): Uint8Array {
    const node = this.#node(path);
    if (node.kind === 'directory') throw failure('INPUT', 'is a directory, not a file', path);
    return node.now.bytes.slice(0, node.now.size);
  }

  /** The machine stops: what was not synced is gone, but for what `survivors` keeps. Handles become useless. */
  crash(survivors: Survivors = {}): void {
    const kept = survivors.changes?.(this.#waiting.length) ?? 0;
    for (const change of this.#waiting.slice(0, kept)) persist(change);
    this.#waiting = [];
    this.#boots++;
    const restore = (node: MemNode, path: string): void => {
      if (node.kind === 'directory') {
        node.now = new Map(node.durable);
        for (const [name, child] of node.now) restore(child, `${path}/${name}`);
        return;
      }
      const { now, durable } = node;
      const synced = node.replaced ? 0 : durable.size;
      const size = survivors.bytes?.(path, synced, now.size) ?? synced;
      const bytes = size > synced ? now.bytes.slice(0, Math.min(size, now.size)) : durable.bytes.slice(0, durable.size);
      node.replaced = false;
      node.now = { bytes, size: bytes.length };
      node.durable = node.now;
    };
    restore(this.#root, '');
  }

  /** A copy that shares nothing with this one; `before` and open handles are not copied. */
  fork(): MemFs {
    const copy = new MemFs();
    const copies = new Map<MemNode, MemNode>();
    const content = (c: Content): Content => ({ bytes: c.bytes.slice(0, c.size), size: c.size });
    const twin = <N extends MemNode>(node: N): N => {
      const known = copies.get(node);
      if (known !== undefined) return known as N;
      const { inode, modified } = node;
      if (node.kind === 'file') {
        const made: MemFile = { ...node, now: content(node.now), durable: content(node.durable) };
        copies.set(node, made);
        return made as N;
      }
      const made: MemDirectory = { kind: 'directory', inode, modified, now: new Map(), durable: new Map() };
      copies.set(node, made);
      for (const [name, child] of node.now) made.now.set(name, twin(child));
      for (const [name, child] of node.durable) made.durable.set(name, twin(child));
      return made as N;
    };
    copy.#root = twin(this.#root);
    copy.#waiting = this.#waiting.map((change) =>
      change.map(({ directory, name, node }) => ({
        directory: twin(directory),
        name,
        node: node === undefined ? undefined : twin(node),
      })),
    );
    copy.#nextInode = this.#nextInode;
    copy.#ticks = this.#ticks;
    return copy;
  }

  #handle(path: string, file: MemFile, writable: boolean): FileHandle {
    const boot = this.#boots;
    let open = true;
    const check = (): void => {
      if (!open) throw failure('IO', 'the file is closed', path);
      if (boot !== this.#boots) throw failure('IO', 'the file was opened before the crash', path);
    };
    const checkWritable = (operation: MemOperation): void => {
      check();
      if (!writable) throw failure('IO', 'the file is open for reading only', path);
      this.before?.(operation, path);
    };
    return {
      path,
      readAt: (into, at) => {
        check();
        const n = Math.max(0, Math.min(into.length, file.now.size - at));
        into.set(file.now.bytes.subarray(at, at + n));
        return n;
      },
      append: (bytes) => {
        checkWritable('append');
        append(file, bytes);
        file.modified = ++this.#ticks;
      },
      sync: () => {
        checkWritable('sync');
        file.durable = file.now;
        file.replaced = false;
      },
      size: () => {
        check();
        return file.now.size;
      },
      close: () => {
        open = false;
      },
    };
  }

  #apply(change: Change): void {
    for (const { directory, name, node } of change) {
      if (node === undefined) directory.now.delete(name);
      else directory.now.set(name, node);
      directory.modified = ++this.#ticks;
    }
    this.#waiting.push(change);
  }

  #find(path: string): MemNode | undefined {
    let at: MemNode = this.#root;
    for (const name of partsOf(path)) {
      if (at.kind === 'file') throw failure('INPUT', 'not a directory', path);
      const next = at.now.get(name);
      if (next === undefined) return undefined;
      at = next;
    }
    return at;
  }

  #node(path: string): MemNode {
    const node = this.#find(path);
    if (node === undefined) throw failure('NOT_FOUND', 'no such file or directory', path);
    return node;
  }

  #directory(path: string): MemDirectory {
    const node = this.#node(path);
    if (node.kind === 'file') throw failure('INPUT', 'not a directory', path);
    return node;
  }

  #place(path: string): { directory: MemDirectory; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw failure('INPUT', 'is a directory, not a file', path);
    return { directory: this.#directory(parts.join('/')), name };
  }
}

function persist(change: Change): void {
  for (const { directory, name, node } of change) {
    if (node === undefined) directory.durable.delete(name);
    else directory.durable.set(name, node);
  }
}

function holds(outer: MemDirectory, inner: MemDirectory): boolean {
  if (outer === inner) return true;
  return [...outer.now.values()].some((child) => child.kind === 'directory' && holds(child, inner));
}

/** Bytes up to `size` are shared with the durable content; they are never written again. */
function append(file: MemFile, added: Uint8Array): void {
  const { bytes, size } = file.now;
  let room = bytes;
  if (size + added.length > bytes.length) {
    room = new Uint8Array(Math.max(64, bytes.length * 2, size + added.length));
    room.set(bytes.subarray(0, size));
  }
  room.set(added, size);
  file.now = { bytes: room, size: size + added.length };
}
