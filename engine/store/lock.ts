/**
 * A store's LOCK: who holds it, and taking it (architecture.md, decision 8).
 *
 * LevelDB and RocksDB lock the whole file with `fcntl(F_SETLK)`. Node offers no such call, but SQLite,
 * which is built into it, makes one: an exclusive transaction on the empty file locks a range of it that
 * conflicts with theirs, and writes nothing. What POSIX locks demand of everybody else in the process:
 * nobody may open LOCK while it is held, since closing any descriptor of the file drops the lock.
 *
 * The lock belongs to the process. Two writers of one process exclude each other by SQLite's own table,
 * which all threads share, and by `held`, which also tells the same thread in plain words.
 *
 * `lockOwner` only looks: `/proc/locks` tells on Linux, without opening the file. Elsewhere the answer
 * is unknown.
 */
import { readFileSync, statSync } from 'node:fs';
import { StoreError } from '../base/errors.ts';
import type { LockHandle } from './writeEnvironment.ts';

export interface LockOwner {
  readonly pid: number;
}

/** The process that holds an exclusive lock on `path`, if one does and the system tells. */
export function lockOwner(path: string): LockOwner | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const { dev, ino } = statSync(path);
    const major = ((dev >> 8) & 0xfff) | (Math.floor(dev / 0x1_0000_0000) & ~0xfff);
    const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      // `1: POSIX  ADVISORY  WRITE 4711 fe:01:131588 0 EOF`
      const fields = line.trim().split(/\s+/);
      const kind = fields.indexOf('WRITE');
      if (kind < 0 || !fields.includes('POSIX')) continue;
      const pid = Number(fields[kind + 1]);
      const [majorHex = '', minorHex = '', inode = ''] = (fields[kind + 2] ?? '').split(':');
      if (Number(inode) !== ino) continue;
      if (Number.parseInt(majorHex, 16) === major && Number.parseInt(minorHex, 16) === minor) return { pid };
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** Locks held by this thread: device and inode → path. */
const held = new Map<string, string>();

interface Database {
  exec(sql: string): void;
  close(): void;
}

interface SqliteModule {
  DatabaseSync: new (path: string, options?: { timeout?: number }) => Database;
}

const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;
const SQLITE_READONLY = 8;
const SQLITE_NOTADB = 26;

/**
 * Takes the lock, creating the file if it is absent; never waits. Throws LOCKED with the owner's process
 * id where the system tells it, UNSUPPORTED where the runtime cannot lock, IO where the file cannot be
 * opened for writing.
 */
export function acquireLock(path: string): LockHandle {
  const before = identityOf(path);
  if (before !== undefined && held.has(before)) throw lockedBy(path, process.pid);
  // A look first: a lock that is held is told without a descriptor of ours on the file.
  const owner = lockOwner(path);
  if (owner !== undefined) throw lockedBy(path, owner.pid);
  const sqlite = process.getBuiltinModule?.('node:sqlite') as unknown as SqliteModule | undefined;
  if (sqlite === undefined) {
    throw new StoreError('UNSUPPORTED', 'this runtime cannot lock a store: node:sqlite is missing', {
      path,
      mend: 'run it with Node 22.13 or newer',
    });
  }
  let database: Database | undefined;
  try {
    database = new sqlite.DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode=MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    closeQuietly(database);
    throw lockError(path, thrown);
  }
  const locked = database;
  const identity = identityOf(path) ?? path;
  held.set(identity, path);
  let released = false;
  return {
    path,
    release: () => {
      if (released) return;
      released = true;
      held.delete(identity);
      try {
        locked.exec('ROLLBACK');
      } finally {
        locked.close();
      }
    },
  };
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function closeQuietly(database: Database | undefined): void {
  try {
    database?.close();
  } catch {
    // The error that led here says more.
  }
}

function lockedBy(path: string, pid: number | undefined): StoreError {
  const who =
    pid === undefined || pid <= 0
      ? 'another process has it open'
      : pid === process.pid
        ? `this process (pid ${pid}) has it open for writing already`
        : `process ${pid} has it open`;
  return new StoreError('LOCKED', `the store is locked: ${who}`, { path, mend: 'close it there first' });
}

function lockError(path: string, thrown: unknown): StoreError {
  const code = (thrown as { errcode?: number }).errcode ?? 0;
  if ((code & 0xff) === SQLITE_BUSY) return lockedBy(path, lockOwner(path)?.pid);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if ((code & 0xff) === SQLITE_NOTADB) {
    return new StoreError('UNSUPPORTED', 'LOCK is not empty: it cannot be locked without changing it', { path });
  }
  if ((code & 0xff) === SQLITE_CANTOPEN || (code & 0xff) === SQLITE_READONLY) {
    return new StoreError('IO', `LOCK cannot be opened for writing: ${message}`, {
      path,
      mend: 'give your user write permission on the store',
    });
  }
  return new StoreError('IO', `LOCK cannot be locked: ${message}`, { path });
}
