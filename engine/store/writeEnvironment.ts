/** What writing to a store needs of the world outside; handed in, so that tests can make it fail. */
import { type Clock, randomId, systemClock } from '../base/entropy.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import { freeBytes, nodeFs } from '../fs/nodeFs.ts';
import type { SpawnRange } from './compaction/threads.ts';
import { acquireLock } from './lock.ts';

export interface LockHandle {
  readonly path: string;
  /** May be called twice. */
  release(): void;
}

export interface WriteEnvironment {
  /** Must allow writing. */
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** Takes the lock on a file, creating it if it is absent. Throws LOCKED with the owner's process id. */
  lock(path: string): LockHandle;
  /** Bytes that may still be written to the file system of a directory; undefined if unknown. */
  freeBytes(directory: string): number | undefined;
  /** A random UUID. */
  id(): string;
  /** Threads that one compaction may use, the caller's among them, and how the others are made; absent: one. */
  readonly threads?: { readonly count: number; readonly spawn: SpawnRange };
}

/** The real file system, with real locks. */
export const systemWriteEnvironment: WriteEnvironment = {
  fs: nodeFs,
  clock: systemClock,
  lock: acquireLock,
  freeBytes,
  id: randomId,
};
