/**
 * A file system that fails on purpose, around another one: what happens to a store on a disk that is full,
 * dying or lying can be tried out at each of its operations.
 *
 * Every call is an operation, reads too, numbered from 1. `rule` is asked before each and says whether it
 * fails, and how. The error is a `StoreError` as the real file system throws it.
 */
import { StoreError } from '../base/errors.ts';
import type { FileHandle, FileStat, FileSystem, OpenMode } from './fileSystem.ts';

export type OperationKind =
  | 'list'
  | 'stat'
  | 'open'
  | 'create'
  | 'read'
  | 'size'
  | 'append'
  | 'sync'
  | 'close'
  | 'rename'
  | 'remove'
  | 'link'
  | 'mkdir'
  | 'syncDir';

/** Operations that leave the disk as it is. */
export const READING: ReadonlySet<OperationKind> = new Set(['list', 'stat', 'open', 'read', 'size', 'close']);

export interface FsOperation {
  /** From 1, in the order of the calls. */
  readonly number: number;
  readonly kind: OperationKind;
  /** For a rename or link the name that was there before. */
  readonly path: string;
}

/** How an operation fails. */
export interface Fault {
  /** An append writes this many bytes before it fails, at most all; none by default. */
  readonly written?: number | undefined;
  /** The operation takes effect, and all the same reports a failure. */
  readonly happens?: boolean | undefined;
  /**
   * A sync that failed is not told again: if there was anything to sync, it is lost, and later syncs of the same
   * file say that all is well and do nothing, as Linux does once it has reported a failed write-back.
   */
  readonly forgets?: boolean | undefined;
  /** An input/output error by default. */
  readonly full?: boolean | undefined;
}

/** Undefined lets the operation pass. */
export type FaultRule = (operation: FsOperation) => Fault | undefined;

/** Operation number `n` fails; with `stays`, all from there on. `matches` counts only some of them. */
export function failNth(
  n: number,
  fault: Fault = {},
  { stays = false, matches }: { stays?: boolean; matches?: (operation: FsOperation) => boolean } = {},
): FaultRule {
  let count = 0;
  return (operation) => {
    if (matches !== undefined && !matches(operation)) return undefined;
    count++;
    return count === n || (stays && count > n) ? fault : undefined;
  };
}

export class FaultFs implements FileSystem {
  /** Undefined: nothing fails. */
  rule: FaultRule | undefined;
  /** Operations so far. */
  operations = 0;
  /** Those that failed, in order. */
  readonly failures: FsOperation[] = [];
  readonly #inner: FileSystem;
  /** Files with bytes that were not synced yet. */
  readonly #dirty = new Set<string>();
  /** Files whose syncs do nothing any more. */
  readonly #lying = new Set<string>();

  constructor(inner: FileSystem, rule?: FaultRule) {
    this.#inner = inner;
    this.rule = rule;
  }

  list(directory: string): string[] {
    return this.#run('list', directory, () => this.#inner.list(directory));
  }

  stat(path: string): FileStat {
    return this.#run('stat', path, () => this.#inner.stat(path));
  }

  open(path: string, mode: OpenMode): FileHandle {
    const kind = mode === 'create' ? 'create' : 'open';
    const file = this.#run(
      kind,
      path,
      () => this.#inner.open(path, mode),
      // Nobody gets to hold what was opened then.
      (opened) => opened.close(),
    );
    if (mode === 'create') {
      this.#lying.delete(path);
      this.#dirty.add(path);
    }
    return this.#handle(file);
  }

  rename(from: string, to: string): void {
    this.#run('rename', from, () => {
      this.#inner.rename(from, to);
      for (const marks of [this.#lying, this.#dirty]) {
        if (marks.delete(from)) marks.add(to);
        else marks.delete(to);
      }
    });
  }

  remove(path: string): void {
    this.#run('remove', path, () => {
      this.#inner.remove(path);
      this.#lying.delete(path);
    });
  }

  link(from: string, to: string): void {
    this.#run('link', from, () => this.#inner.link(from, to));
  }

  mkdir(path: string): void {
    this.#run('mkdir', path, () => this.#inner.mkdir(path));
  }

  syncDir(directory: string): void {
    this.#run('syncDir', directory, () => this.#inner.syncDir(directory));
  }

  rewriteTail(path: string, from: number): void {
    const fault = this.#next('sync', path);
    if (fault === undefined || fault.happens === true) {
      // The bytes are there to be written again, whatever became of them before.
      this.#inner.rewriteTail(path, from);
      this.#lying.delete(path);
      this.#dirty.delete(path);
    }
    if (fault?.forgets === true) this.#lying.add(path);
    if (fault !== undefined) throw failure(path, fault);
  }

  #handle(file: FileHandle): FileHandle {
    const { path } = file;
    return {
      path,
      readAt: (into, at) => this.#run('read', path, () => file.readAt(into, at)),
      append: (bytes) => {
        this.#dirty.add(path);
        const fault = this.#next('append', path);
        if (fault === undefined) return file.append(bytes);
        const written = fault.happens === true ? bytes.length : Math.min(fault.written ?? 0, bytes.length);
        if (written > 0) file.append(bytes.subarray(0, written));
        throw failure(path, fault);
      },
      sync: () => {
        const fault = this.#next('sync', path);
        if (fault === undefined) {
          if (!this.#lying.has(path)) file.sync();
          this.#dirty.delete(path);
          return;
        }
        if (fault.forgets === true && this.#dirty.has(path)) this.#lying.add(path);
        else if (fault.happens === true) file.sync();
        throw failure(path, fault);
      },
      size: () => this.#run('size', path, () => file.size()),
      close: () => {
        // A descriptor is gone even where closing it fails.
        const fault = this.#next('close', path);
        file.close();
        if (fault !== undefined) throw failure(path, fault);
      },
    };
  }

  #run<T>(kind: OperationKind, path: string, run: () => T, undo?: (result: T) => void): T {
    const fault = this.#next(kind, path);
    if (fault === undefined) return run();
    if (fault.happens === true) {
      const result = run();
      undo?.(result);
    }
    throw failure(path, fault);
  }

  #next(kind: OperationKind, path: string): Fault | undefined {
    const operation = { number: ++this.operations, kind, path };
    const fault = this.rule?.(operation);
    if (fault !== undefined) this.failures.push(operation);
    return fault;
  }
}

function failure(path: string, { full }: Fault): StoreError {
  if (full === true) return new StoreError('IO', 'no space left on the device', { path, mend: 'free some disk space' });
  return new StoreError('IO', 'EIO: i/o error', { path });
}
