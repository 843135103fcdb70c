/**
 * The life of a tree as its MANIFEST tells it: every version edit that adds or removes tables is an event.
 *
 * The MANIFEST says what changed, not what it was. The kind is concluded from the shape of the edit, and the
 * info logs, where they are still there, confirm it and say when and why:
 *  - tables only added: a flush, which always moves the family's log number on; without that, an ingestion;
 *  - tables only removed: a drop (or a compaction of which nothing was left, if the log says so);
 *  - the same tables removed and added, on other levels: a move;
 *  - anything else removed and added: a compaction.
 *
 * A store begins a new MANIFEST now and then, with the tables that are live at that moment. Those have no
 * history, so that edit is an event of unknown kind.
 *
 * Held in memory: the live tables (their sizes are asked for when they go), and what the logs say.
 */
import { isoMicros } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import { LogReader } from '../formats/leveldb/logReader.ts';
import type { EditDecoder } from '../formats/leveldb/manifest.ts';
import type { NewFile, VersionEdit } from '../formats/leveldb/versionEdit.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { EventKind, PlacedTable, TableId, TreeEvent } from '../model/events.ts';
import { type Cause, type Causes, readCauses } from './historyLog.ts';
import type { StoreReader } from './reader.ts';

/** The JSON of one line of `lsm history` (cli.md). */
export interface HistoryEvent {
  readonly seq: number;
  readonly kind: EventKind;
  /** False where an info log of the engine's confirms the kind. */
  readonly inferred: boolean;
  /** ISO 8601 in UTC; null where nothing tells. */
  readonly at: string | null;
  readonly family: string;
  readonly removed: readonly { readonly number: number; readonly level: number; readonly bytes: number }[];
  readonly added: readonly { readonly number: number; readonly level: number; readonly bytes: number }[];
  readonly why: string | null;
}

/** Why of the edit with which a MANIFEST begins. */
export const HISTORY_STARTS = 'history starts here';

interface Family {
  readonly name: string;
  readonly live: Map<number, NewFile>;
}

/** Events of the store's current MANIFEST, oldest first. Throws StoreError if it cannot be opened or read. */
export function* storeHistory(reader: StoreReader): Generator<HistoryEvent, void> {
  for (const e of storeEvents(reader)) yield historyEvent(e);
}

/** As `storeHistory`, as events that `applyEvent` takes. */
export function* storeEvents(reader: StoreReader): Generator<TreeEvent, void> {
  const { fs, directory, dialect } = reader.shared;
  const { manifest, names } = reader.view.snapshot;
  // A single table is a store without a MANIFEST.
  if (manifest.file === '') return;
  const causes = readCauses(fs, directory, names, dialect.id);
  yield* manifestEvents(fs, directory, manifest.file, dialect.decodeEdit, causes);
}

export function historyEvent(e: TreeEvent): HistoryEvent {
  const plain = ({ number, level, bytes }: TableId) => ({ number, level, bytes });
  return {
    seq: e.seq,
    kind: e.kind,
    inferred: e.inferred,
    at: e.at === undefined ? null : isoMicros(e.at),
    family: e.familyName,
    removed: e.removed.map(plain),
    added: e.added.map(plain),
    why: e.why ?? null,
  };
}

/** Events of one MANIFEST; ends without a word at damage, which opening the store has named. */
export function* manifestEvents(
  fs: FileSystem,
  directory: string,
  file: string,
  decode: EditDecoder,
  causes: Causes,
): Generator<TreeEvent, void> {
  const families = new Map<number, Family>([[0, { name: 'default', live: new Map() }]]);
  const starts = new SnapshotEdits();
  let seq = 1;
  for (const edit of appliedEdits(fs, directory, file, decode)) {
    const start = starts.isStart(edit);
    if (edit.familyAdded !== undefined) families.set(edit.family, { name: edit.familyAdded, live: new Map() });
    const family = families.get(edit.family);
    if (family === undefined) continue;
    const removed = remove(family, edit);
    if (edit.familyDropped === true) families.delete(edit.family);
    for (const f of edit.newFiles) family.live.set(f.number, f);
    if (removed.length === 0 && edit.newFiles.length === 0) continue;
    yield {
      seq: seq++,
      source: 'manifest',
      family: edit.family,
      familyName: family.name,
      removed,
      added: edit.newFiles.map(placed),
      ...explain(edit, removed, start, causes),
    };
  }
}

/** Takes what the edit deletes out of the live tables. */
function remove(family: Family, edit: VersionEdit): TableId[] {
  const gone = edit.familyDropped === true ? [...family.live.values()] : edit.deletedFiles;
  const removed: TableId[] = [];
  for (const { number, level } of gone) {
    removed.push({ number, level, bytes: family.live.get(number)?.bytes ?? 0 });
    family.live.delete(number);
  }
  return removed;
}

function placed(f: NewFile): PlacedTable {
  return {
    number: f.number,
    level: f.level,
    bytes: f.bytes,
    smallest: f.smallest,
    largest: f.largest,
    ...(f.smallestSeq === undefined ? {} : { smallestSeq: f.smallestSeq }),
    ...(f.largestSeq === undefined ? {} : { largestSeq: f.largestSeq }),
  };
}

/**
 * Tells the edits with which a MANIFEST begins. RocksDB writes two for each family, one with the comparator
 * and no log number (a family created later has one), then one with the tables; LevelDB writes both in one.
 */
class SnapshotEdits {
  #announced = -1;

  isStart(edit: VersionEdit): boolean {
    const announced = this.#announced === edit.family;
    this.#announced = edit.comparator !== undefined && edit.logNumber === undefined ? edit.family : -1;
    return announced || (edit.comparator !== undefined && edit.newFiles.length > 0);
  }
}

/** Kinds that a log may give to an edit of this shape; any other is about another store's file of that number. */
const CONFIRMING: Readonly<Partial<Record<EventKind, readonly EventKind[]>>> = {
  flush: ['flush', 'ingest'],
  ingest: ['ingest', 'flush'],
  compaction: ['compaction'],
  move: ['move'],
  drop: ['drop', 'compaction'],
};

type Explanation = Pick<TreeEvent, 'kind' | 'inferred' | 'at' | 'why'>;

function explain(edit: VersionEdit, removed: readonly TableId[], start: boolean, causes: Causes): Explanation {
  if (start) return { kind: 'unknown', inferred: true, why: HISTORY_STARTS };
  if (edit.familyDropped === true) return { kind: 'drop', inferred: false, why: 'column family dropped' };
  const kind = kindOf(edit, removed);
  const cause = causeOf(kind, edit, removed, causes);
  // A log that knows the table but not the job still knows the time.
  const confirmed = cause !== undefined && (CONFIRMING[kind] ?? []).includes(cause.kind);
  const at = (confirmed || cause?.kind === 'unknown' ? cause.at : undefined) ?? createdAt(kind, edit);
  return {
    kind: confirmed ? cause.kind : kind,
    inferred: !confirmed,
    ...(at === undefined ? {} : { at }),
    ...(confirmed && cause.why !== undefined ? { why: cause.why } : {}),
  };
}

function kindOf(edit: VersionEdit, removed: readonly TableId[]): EventKind {
  if (edit.newFiles.length === 0) return 'drop';
  if (removed.length === 0) return edit.logNumber === undefined ? 'ingest' : 'flush';
  const levels = new Map(removed.map((t) => [t.number, t.level]));
  const same = edit.newFiles.length === removed.length && edit.newFiles.every((f) => levels.has(f.number));
  if (!same) return 'compaction';
  // The same table in the same place: something that is known about it was written anew.
  return edit.newFiles.some((f) => levels.get(f.number) !== f.level) ? 'move' : 'unknown';
}

function causeOf(kind: EventKind, edit: VersionEdit, removed: readonly TableId[], causes: Causes): Cause | undefined {
  if (kind === 'unknown') return undefined;
  if (kind === 'move') return first(edit.newFiles, (f) => causes.moved.get(`${f.number}@${f.level}`));
  if (kind === 'drop') return first(removed, (t) => causes.consumed.get(t.number));
  // An edit that only moves part of its tables on tells by those that are new.
  return first(edit.newFiles, (f) =>
    removed.some((t) => t.number === f.number) ? undefined : causes.created.get(f.number),
  );
}

function first<T>(items: readonly T[], find: (item: T) => Cause | undefined): Cause | undefined {
  for (const item of items) {
    const cause = find(item);
    if (cause !== undefined) return cause;
  }
  return undefined;
}

/** Microseconds of the newest table's creation, to the second; moves keep the age of their tables. */
function createdAt(kind: EventKind, edit: VersionEdit): number | undefined {
  if (kind === 'move' || kind === 'unknown') return undefined;
  let seconds = 0;
  for (const f of edit.newFiles) seconds = Math.max(seconds, f.createdAt ?? 0);
  // Above this no calendar has a date.
  return seconds > 0 && seconds < 1e11 ? seconds * 1e6 : undefined;
}

/** Edits in the order in which they take effect: those of an atomic group only once the group is whole. */
function* appliedEdits(
  fs: FileSystem,
  directory: string,
  file: string,
  decode: EditDecoder,
): Generator<VersionEdit, void> {
  const handle = fs.open(joinPath(directory, file), 'read');
  try {
    const log = new LogReader(handle, { path: file });
    let group: VersionEdit[] = [];
    while (log.next()) {
      let edit: VersionEdit;
      try {
        edit = decode(log.record);
      } catch (thrown) {
        if (thrown instanceof StoreError) return;
        throw thrown;
      }
      group.push(edit);
      if (edit.remainingInGroup === undefined) {
        if (group.length > 1) return;
      } else if (edit.remainingInGroup > 0) continue;
      yield* group;
      group = [];
    }
  } finally {
    handle.close();
  }
}
