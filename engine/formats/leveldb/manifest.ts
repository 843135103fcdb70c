/**
 * A MANIFEST replayed: version edits applied one after the other until the file ends or is damaged
 * (rocksdb-leveldb.md §5).
 */
import { type Problem, StoreError, toStoreError } from '../../base/errors.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import type { Bound } from '../../model/tree.ts';
import { LogReader } from './logReader.ts';
import type { NewFile, VersionEdit } from './versionEdit.ts';

export interface BlobFileState {
  readonly number: number;
  readonly count: number;
  readonly bytes: number;
  garbageCount: number;
  garbageBytes: number;
}

export interface FamilyState {
  readonly id: number;
  readonly name: string;
  comparator: string;
  /** WALs below this number hold nothing of the family that is not in its tables. */
  logNumber: number;
  /** Live tables by file number. */
  readonly tables: Map<number, NewFile>;
  readonly blobFiles: Map<number, BlobFileState>;
  timestampsPersisted: boolean;
  fullHistoryTimestampLow: Uint8Array | undefined;
  /** By level: where its next compaction begins; absent while no edit told any. */
  compactPointers?: Map<number, Bound>;
}

export interface ManifestState {
  readonly file: string;
  readonly families: Map<number, FamilyState>;
  /** Edits applied. */
  edits: number;
  lastSequence: number;
  nextFileNumber: number;
  prevLogNumber: number;
  minLogNumberToKeep: number;
  databaseId: string | undefined;
  /** Bytes of the file that were read, and where reading stopped being possible. */
  bytes: number;
  readonly problems: Problem[];
  /** Damaged before its end: the state is older than the store. */
  damaged: boolean;
}

export type EditDecoder = (record: Uint8Array) => VersionEdit;

/** Told of every edit that is applied, in order, with the offset of its record. */
export type EditListener = (edit: VersionEdit, offset: number, state: ManifestState) => void;

const DEFAULT_COMPARATOR = 'leveldb.BytewiseComparator';

function newFamily(id: number, name: string): FamilyState {
  return {
    id,
    name,
    comparator: DEFAULT_COMPARATOR,
    logNumber: 0,
    tables: new Map(),
    blobFiles: new Map(),
    timestampsPersisted: true,
    fullHistoryTimestampLow: undefined,
  };
}

/** What holds before the first edit: one column family without tables. */
export function emptyManifest(file: string): ManifestState {
  return {
    file,
    families: new Map([[0, newFamily(0, 'default')]]),
    edits: 0,
    lastSequence: 0,
    nextFileNumber: 0,
    prevLogNumber: 0,
    minLogNumberToKeep: 0,
    databaseId: undefined,
    bytes: 0,
    problems: [],
    damaged: false,
  };
}

/** Throws only if the file cannot be opened; damage inside is in `problems`. */
export function readManifest(
  fs: FileSystem,
  directory: string,
  file: string,
  decode: EditDecoder,
  listener?: EditListener,
): ManifestState {
  const handle = fs.open(joinPath(directory, file), 'read');
  try {
    const state = emptyManifest(file);
    const log = new LogReader(handle, { path: file });
    replay(log, state, decode, listener);
    state.bytes = log.size;
    return state;
  } finally {
    handle.close();
  }
}

function replay(log: LogReader, state: ManifestState, decode: EditDecoder, listener: EditListener | undefined): void {
  /** Edits of an atomic group take effect together or, if the file ends within it, not at all. */
  let group: { edit: VersionEdit; offset: number }[] = [];
  while (log.next()) {
    let edit: VersionEdit;
    try {
      edit = decode(log.record);
    } catch (thrown) {
      damaged(state, toStoreError(thrown), log.recordOffset);
      return;
    }
    const offset = log.recordOffset;
    if (edit.remainingInGroup !== undefined) {
      group.push({ edit, offset });
      if (edit.remainingInGroup > 0) continue;
    } else if (group.length > 0) {
      damaged(state, new StoreError('CORRUPT', 'an edit stands inside of an atomic group'), offset);
      return;
    } else {
      group.push({ edit, offset });
    }
    for (const one of group) {
      applyEdit(state, one.edit);
      listener?.(one.edit, one.offset, state);
    }
    group = [];
  }
  if (log.ended === 'corrupt') {
    state.damaged = true;
    if (log.problem !== undefined) {
      state.problems.push({
        ...log.problem,
        message: `${log.problem.message}; the ${state.edits} edits before it are used`,
        mend: 'tables on disk that the edits do not account for are shown too',
      });
    }
  }
}

function damaged(state: ManifestState, e: StoreError, offset: number): void {
  state.damaged = true;
  state.problems.push({
    code: e.code,
    path: state.file,
    offset,
    message: `version edit ${state.edits}: ${e.message}; the edits before it are used`,
    mend: 'tables on disk that the edits do not account for are shown too',
  });
}

/** Applies one edit; maps of the state and its families change in place. */
export function applyEdit(state: ManifestState, edit: VersionEdit): void {
  state.edits++;
  if (edit.familyAdded !== undefined) state.families.set(edit.family, newFamily(edit.family, edit.familyAdded));
  if (edit.familyDropped === true) state.families.delete(edit.family);
  if (edit.nextFileNumber !== undefined) state.nextFileNumber = Math.max(state.nextFileNumber, edit.nextFileNumber);
  if (edit.lastSequence !== undefined) state.lastSequence = Math.max(state.lastSequence, edit.lastSequence);
  if (edit.prevLogNumber !== undefined) state.prevLogNumber = edit.prevLogNumber;
  if (edit.databaseId !== undefined) state.databaseId = edit.databaseId;
  if (edit.minLogNumberToKeep !== undefined) {
    state.minLogNumberToKeep = Math.max(state.minLogNumberToKeep, edit.minLogNumberToKeep);
  }
  // Edits of a family that was dropped before are no damage: they were written side by side.
  const family = state.families.get(edit.family);
  if (family === undefined) return;
  if (edit.comparator !== undefined) family.comparator = edit.comparator;
  if (edit.timestampsPersisted !== undefined) family.timestampsPersisted = edit.timestampsPersisted;
  if (edit.fullHistoryTimestampLow !== undefined) family.fullHistoryTimestampLow = edit.fullHistoryTimestampLow;
  if (edit.logNumber !== undefined) family.logNumber = Math.max(family.logNumber, edit.logNumber);
  for (const { level, key } of edit.compactCursors) {
    family.compactPointers ??= new Map();
    family.compactPointers.set(level, key);
  }
  for (const gone of edit.deletedFiles) family.tables.delete(gone.number);
  for (const file of edit.newFiles) family.tables.set(file.number, file);
  for (const blob of edit.blobAdditions) {
    family.blobFiles.set(blob.number, {
      number: blob.number,
      count: blob.count,
      bytes: blob.bytes,
      garbageCount: 0,
      garbageBytes: 0,
    });
  }
  for (const garbage of edit.blobGarbage) {
    const blob = family.blobFiles.get(garbage.number);
    if (blob === undefined) continue;
    blob.garbageCount += garbage.count;
    blob.garbageBytes += garbage.bytes;
    if (blob.garbageCount >= blob.count) family.blobFiles.delete(garbage.number);
  }
}
