/**
 * What is read of a directory at one moment: MANIFEST, logs and file list that belong together.
 *
 * A running owner changes them under us. A MANIFEST that is older than the logs beside it would lose
 * what was flushed between the two looks, so both are read again until nothing has moved meanwhile.
 */
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { Dialect, StoreOptions } from '../formats/leveldb/dialect.ts';
import { type ManifestState, readManifest } from '../formats/leveldb/manifest.ts';
import { CURRENT_BYTES_MAX, endsAsTable, manifestFromCurrent, parseFileName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath, nameInside } from '../fs/fileSystem.ts';
import { keyOrder } from '../iter/order.ts';
import { backupFiles } from './backupFiles.ts';
import { tierFiles } from './tierFiles.ts';
import type { Version } from './version.ts';
import { type WalPlace, walPlace } from './walPlace.ts';
import { type ReplayResult, replayWals } from './walReplay.ts';

export interface Snapshot {
  readonly manifest: ManifestState;
  readonly replay: ReplayResult;
  readonly options: StoreOptions;
  readonly names: readonly string[];
  /** Where the logs lie, if not beside the tables. */
  readonly walDirectory?: string;
  /** Where tables and blob files of a backup, or of Basho's LevelDB, lie, by name; not set where they lie in the directory. */
  readonly places?: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  /** Changes whenever the owner has written something that a refresh would show. */
  readonly fingerprint: string;
}

/** Where a reader gets its snapshots: a directory, or a single file. */
export interface SnapshotSource {
  /** Throws StoreError if there is nothing that could be shown. */
  read(): { readonly snapshot: Snapshot; readonly version: Version };
  /** As `Snapshot.fingerprint`, of now. */
  fingerprint(): string;
}

/** Tries before a store that changes all the time is shown as it was caught. */
const TRIES_MAX = 20;

export function readCurrent(fs: FileSystem, directory: string): string {
  const file = fs.open(joinPath(directory, 'CURRENT'), 'read');
  try {
    const buffer = new Uint8Array(CURRENT_BYTES_MAX + 1);
    return manifestFromCurrent(buffer.slice(0, file.readAt(buffer, 0)));
  } finally {
    file.close();
  }
}

/** The MANIFEST that CURRENT names or, where CURRENT is unusable, the newest one there is. */
function findManifest(fs: FileSystem, directory: string, names: readonly string[], problems: Problem[]): string {
  let failure: StoreError;
  try {
    const name = readCurrent(fs, directory);
    if (names.includes(name)) return name;
    failure = new StoreError('NOT_FOUND', `CURRENT names ${name}, which is not there`, { path: 'CURRENT', offset: 0 });
  } catch (thrown) {
    const e = toStoreError(thrown);
    failure = new StoreError(e.code, e.message, { path: 'CURRENT', offset: e.offset, mend: e.mend });
    if (failure.code === 'NOT_FOUND') failure = new StoreError('NOT_FOUND', 'CURRENT is missing', { path: 'CURRENT' });
  }
  const manifests = names
    .map((name) => ({ name, ...parseFileName(name) }))
    .filter((f) => f.kind === 'manifest')
    .sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
  const newest = manifests[0];
  if (newest === undefined) {
    throw new StoreError(failure.code, `${failure.message}, and there is no MANIFEST to go by`, {
      path: failure.path,
      offset: failure.offset,
      mend: 'restore CURRENT and MANIFEST from a backup, or look into each table by itself',
    });
  }
  problems.push({
    ...failure.toProblem(),
    message: `${failure.message}; ${newest.name}, the newest there is, is read instead`,
    mend: failure.mend ?? 'restore CURRENT from a backup, or write the name of the right MANIFEST into it',
  });
  return newest.name;
}

/** Sizes of what the owner appends to: equal fingerprints mean that nothing was written between. */
export function fingerprint(fs: FileSystem, directory: string, names: readonly string[] = fs.list(directory)): string {
  const parts: string[] = [];
  for (const name of names) {
    if (endsAsTable(name)) continue;
    const { kind } = parseFileName(name);
    if (kind !== 'wal' && kind !== 'manifest' && kind !== 'current' && kind !== 'options') continue;
    try {
      const s = fs.stat(joinPath(directory, name));
      parts.push(`${name}:${s.size}:${s.inode}${kind === 'current' ? `:${s.modified}` : ''}`);
    } catch {
      // Gone between the listing and the look: the name's absence is the difference.
    }
  }
  return parts.join('|');
}

/** What of the fingerprint must not move while MANIFEST and logs are read one after the other. */
function shape(fs: FileSystem, directory: string, manifest: string, names: readonly string[]): string {
  const wals = names.filter((n) => !endsAsTable(n) && parseFileName(n).kind === 'wal');
  let size = -1;
  try {
    size = fs.stat(joinPath(directory, manifest)).size;
  } catch {
    size = -1;
  }
  return `${manifest}:${size}:${wals.join(',')}`;
}

/** Throws NOT_FOUND or CORRUPT if there is nothing that could be shown. */
export function readSnapshot(fs: FileSystem, directory: string, dialect: Dialect): Snapshot {
  for (let attempt = 1; ; attempt++) {
    const problems: Problem[] = [];
    const names = fs.list(directory);
    const print = fingerprint(fs, directory, names);
    const current = findManifest(fs, directory, names, problems);
    const before = shape(fs, directory, current, names);
    let manifest: ManifestState;
    try {
      manifest = readManifest(fs, directory, current, dialect.decodeEdit);
    } catch (thrown) {
      // CURRENT moved on to another MANIFEST and this one was removed.
      const e = toStoreError(thrown, { path: current });
      if (e.code === 'NOT_FOUND' && attempt < TRIES_MAX) continue;
      throw new StoreError(e.code, e.message, {
        path: nameInside(directory, e.path ?? current),
        offset: e.offset,
        mend: e.mend ?? 'restore the MANIFEST from a backup',
      });
    }
    const options = dialect.loadOptions(fs, directory, names);
    const tiers = dialect.tiers ? tierFiles(fs, directory, names) : undefined;
    const places = dialect.id === 'rocksdb' ? backupFiles(fs, directory) : tiers?.places;
    // A backup has its logs with it; those that the options name are the original's.
    const wals = places === undefined ? walPlace(fs, directory, names, options) : { directory, names };
    const elsewhere = wals.directory === directory ? undefined : wals.directory;
    const logsPrint = elsewhere === undefined ? '' : `|${fingerprint(fs, elsewhere, wals.names)}`;
    const replay = elsewherePaths(replayLogs(fs, wals, dialect, manifest, options), elsewhere);
    const moved = shape(fs, directory, current, fs.list(directory)) !== before || replay.vanished.length > 0;
    if (!moved || attempt >= TRIES_MAX) {
      return {
        manifest,
        replay,
        options,
        names,
        ...(elsewhere === undefined ? {} : { walDirectory: elsewhere }),
        ...(places === undefined ? {} : { places }),
        problems: [
          ...problems,
          ...(tiers?.problems ?? []),
          ...manifest.problems,
          ...mended(directory, options.problems, 'restore the file from a backup; the entries are readable without it'),
          ...mended(
            directory,
            replay.problems,
            'restore the log from a backup; what stands in tables is readable without it',
          ),
        ],
        fingerprint: print + logsPrint,
      };
    }
    replay.close();
  }
}

/** Named as a file of the store, with something that a person can do about it. */
function mended(directory: string, problems: readonly Problem[], mend: string): Problem[] {
  return problems.map((p) => {
    const path = nameInside(directory, p.path);
    return { ...p, path, ...(p.mend !== undefined || p.code === 'UNSUPPORTED' ? {} : { mend }) };
  });
}

/** Logs in another directory go by their whole path. */
function elsewherePaths(replay: ReplayResult, directory: string | undefined): ReplayResult {
  if (directory === undefined) return replay;
  return {
    ...replay,
    files: replay.files.map((f) => ({ ...f, file: joinPath(directory, f.file) })),
    problems: replay.problems.map((p) => ({ ...p, path: joinPath(directory, p.path) })),
  };
}

function replayLogs(
  fs: FileSystem,
  { directory, names }: WalPlace,
  dialect: Dialect,
  manifest: ManifestState,
  options: StoreOptions,
): ReplayResult {
  const wals = names.flatMap((n) => {
    if (endsAsTable(n)) return [];
    const { kind, number } = parseFileName(n);
    return kind === 'wal' && number !== null ? [number] : [];
  });
  const mode = options.db['wal_recovery_mode'] ?? '';
  const modes: Readonly<Record<string, 0 | 1 | 2 | 3>> = {
    kTolerateCorruptedTailRecords: 0,
    kAbsoluteConsistency: 1,
    kPointInTimeRecovery: 2,
    kSkipAnyCorruptedRecords: 3,
  };
  return replayWals(fs, directory, wals, {
    engine: dialect.block,
    families: [...manifest.families.values()].map((f) => ({
      id: f.id,
      name: f.name,
      logNumber: f.logNumber,
      order: keyOrder(f.comparator),
      timestampsPersisted: f.timestampsPersisted,
      hasTables: f.tables.size > 0,
    })),
    lastSequence: manifest.lastSequence,
    minLogNumberToKeep: manifest.minLogNumberToKeep,
    prevLogNumber: manifest.prevLogNumber,
    allowTwoPhase: options.db['allow_2pc'] === 'true',
    recoveryMode: modes[mode],
  });
}
