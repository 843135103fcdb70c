/** What a writer finds when it opens a store, and what its reader shows from then on. */
import type { Dialect } from '../formats/leveldb/dialect.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import type { LiveLogs } from './liveLogs.ts';
import type { Memtables } from './memtables.ts';
import { readSnapshot, type Snapshot, type SnapshotSource } from './snapshot.ts';
import { buildVersion, directorySizes, type Version } from './version.ts';
import type { ReplayResult } from './walReplay.ts';
import { checkWritable } from './writeGate.ts';

export interface OpenState {
  readonly snapshot: Snapshot;
  readonly version: Version;
  readonly names: readonly string[];
}

/** Reads a store and holds it against the gate; its logs are left open. Throws WriteRefused or StoreError. */
export function readForWriting(fs: FileSystem, directory: string, dialect: Dialect): OpenState {
  const snapshot = readSnapshot(fs, directory, dialect);
  try {
    const version = buildVersion(snapshot.manifest, dialect, directorySizes(fs, directory));
    checkWritable({ fs, directory, dialect, snapshot, version });
    return { snapshot, version, names: snapshot.names };
  } catch (thrown) {
    snapshot.replay.close();
    throw thrown;
  }
}

/** What its memtables and logs are now, as a replay of the logs would tell; it follows the writer. */
export function liveReplay(memtables: Memtables, logs: LiveLogs, lastSequence: () => number): ReplayResult {
  return {
    memtables: new Map(memtables.byFamily),
    get lastSequence() {
      return lastSequence();
    },
    get visibleSequence() {
      return lastSequence();
    },
    get files() {
      return logs.info();
    },
    problems: [],
    pending: [],
    vanished: [],
    close: () => {},
  };
}

/** The state that the writer says is in force, for its reader. */
export class WriterSource implements SnapshotSource {
  current: { readonly snapshot: Snapshot; readonly version: Version };

  constructor(snapshot: Snapshot, version: Version) {
    this.current = { snapshot, version };
  }

  read(): { readonly snapshot: Snapshot; readonly version: Version } {
    return this.current;
  }

  fingerprint(): string {
    return this.current.snapshot.fingerprint;
  }
}
