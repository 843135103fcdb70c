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
import { type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../iter/order.ts';
import type { EventKind, PlacedTable, TableId, TreeEvent } from '../model/events.ts';
import type { EventFacts } from '../model/timeline/builder.ts';
import { type Cause, type Causes, readCauses } from './historyLog.ts';
import type { StoreReader } from './reader.ts';
import { withoutTimestamp } from './version.ts';

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
  /** Tables by number. */
  readonly live: Map<number, TableId>;
  order: KeyOrder;
}

/** What one edit did to a family's tables, before anybody has said why. */
export interface TreeChange {
  /** Position in the stream, from 1. */
  readonly seq: number;
  readonly family: number;
  readonly familyName: string;
  readonly order: KeyOrder;
  readonly removed: readonly TableId[];
  readonly added: readonly PlacedTable[];
  /** As the shape of the edit has it. */
  readonly kind: EventKind;
  /** Of what a MANIFEST begins with, and of a family that is dropped, all is known. */
  readonly what: 'start' | 'dropped' | 'edit';
}

/** An event and what its job cost, where a log tells. */
export interface ExplainedEvent extends TreeEvent {
  readonly facts?: EventFacts;
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
  const handle = fs.open(joinPath(directory, file), 'read');
  try {
    for (const changes of new ManifestChanges(decode).read(handle, file)) {
      for (const change of changes) yield explained(change, causes);
    }
  } finally {
    handle.close();
  }
}

/** Goes through a MANIFEST, and later on through what has been added to it. */
export class ManifestChanges {
  /** Behind the last edit that took effect. */
  offset = 0;
  readonly #decode: EditDecoder;
  readonly #families = new Map<number, Family>([[0, { name: 'default', live: new Map(), order: BYTEWISE }]]);
  readonly #starts = new SnapshotEdits();
  #seq = 1;

  constructor(decode: EditDecoder) {
    this.#decode = decode;
  }

  /**
   * The changes from `offset` on, by edits that take effect together; a row may be empty. Ends where the file
   * does, inside of an atomic group that is not whole yet, or at damage.
   */
  *read(handle: FileHandle, path: string): Generator<readonly TreeChange[], void> {
    const log = new LogReader(handle, { path });
    if (this.offset > 0) log.seek(this.offset);
    let group: VersionEdit[] = [];
    while (log.next()) {
      let edit: VersionEdit;
      try {
        edit = this.#decode(log.record);
      } catch (thrown) {
        if (thrown instanceof StoreError) return;
        throw thrown;
      }
      group.push(edit);
      if (edit.remainingInGroup === undefined) {
        if (group.length > 1) return;
      } else if (edit.remainingInGroup > 0) continue;
      const changes: TreeChange[] = [];
      for (const one of group) {
        const change = this.#apply(one);
        if (change !== undefined) changes.push(change);
      }
      this.offset = log.endOffset;
      yield changes;
      group = [];
    }
  }

  #apply(edit: VersionEdit): TreeChange | undefined {
    const start = this.#starts.isStart(edit);
    if (edit.familyAdded !== undefined) {
      this.#families.set(edit.family, { name: edit.familyAdded, live: new Map(), order: BYTEWISE });
    }
    const family = this.#families.get(edit.family);
    if (family === undefined) return undefined;
    if (edit.comparator !== undefined) family.order = keyOrder(edit.comparator);
    const removed = remove(family, edit);
    if (edit.familyDropped === true) this.#families.delete(edit.family);
    // Not the files themselves: those are large, and gone at once if nobody keeps them.
    for (const { number, level, bytes } of edit.newFiles) family.live.set(number, { number, level, bytes });
    if (removed.length === 0 && edit.newFiles.length === 0) return undefined;
    const what = start ? 'start' : edit.familyDropped === true ? 'dropped' : 'edit';
    return {
      seq: this.#seq++,
      family: edit.family,
      familyName: family.name,
      order: family.order,
      removed,
      added: edit.newFiles.map((f) => placed(f, family.order)),
      kind: what === 'start' ? 'unknown' : what === 'dropped' ? 'drop' : kindOf(edit, removed),
      what,
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

function placed(f: NewFile, order: KeyOrder): PlacedTable {
  const { number, level, bytes, smallestSeq, largestSeq } = f;
  const smallest = withoutTimestamp(f.smallest, f, order);
  const largest = withoutTimestamp(f.largest, f, order);
  const createdAt = madeAt(f);
  // One shape for nearly all of them: there may be a million.
  if (smallestSeq !== undefined && largestSeq !== undefined && createdAt !== undefined) {
    return { number, level, bytes, smallest, largest, smallestSeq, largestSeq, createdAt };
  }
  return {
    number,
    level,
    bytes,
    smallest,
    largest,
    ...(smallestSeq === undefined ? {} : { smallestSeq }),
    ...(largestSeq === undefined ? {} : { largestSeq }),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

/** Epoch microseconds, to the second; above 1e11 seconds no calendar has a date. */
function madeAt(f: NewFile): number | undefined {
  const seconds = f.createdAt ?? 0;
  return seconds > 0 && seconds < 1e11 ? seconds * 1e6 : undefined;
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

/** The change as an event, with what `causes` tell of it by now. */
export function explained(change: TreeChange, causes: Causes): ExplainedEvent {
  const { seq, family, familyName, removed, added, kind, what } = change;
  const event = { seq, source: 'manifest' as const, family, familyName, removed, added, kind };
  if (what === 'start') return { ...event, inferred: true, why: HISTORY_STARTS };
  if (what === 'dropped') return { ...event, inferred: false, why: 'column family dropped' };
  const cause = causeOf(change, causes);
  // A log that knows the table but not the job still knows the time.
  const confirmed = cause !== undefined && (CONFIRMING[kind] ?? []).includes(cause.kind);
  const at = (confirmed || cause?.kind === 'unknown' ? cause.at : undefined) ?? createdAt(kind, added);
  if (!confirmed) return { ...event, inferred: true, ...(at === undefined ? {} : { at }) };
  return {
    ...event,
    kind: cause.kind,
    inferred: false,
    ...(cause.live === true ? { source: 'live' } : {}),
    ...(at === undefined ? {} : { at }),
    ...(cause.why === undefined ? {} : { why: cause.why }),
    ...(cause.facts === undefined ? {} : { facts: cause.facts }),
  };
}

function kindOf(edit: VersionEdit, removed: readonly TableId[]): EventKind {
  if (edit.newFiles.length === 0) return 'drop';
  if (removed.length === 0) return edit.logNumber === undefined ? 'ingest' : 'flush';
  if (edit.newFiles.length !== removed.length) return 'compaction';
  const levels = new Map(removed.map((t) => [t.number, t.level]));
  if (!edit.newFiles.every((f) => levels.has(f.number))) return 'compaction';
  // The same table in the same place: something that is known about it was written anew.
  return edit.newFiles.some((f) => levels.get(f.number) !== f.level) ? 'move' : 'unknown';
}

function causeOf({ kind, added, removed }: TreeChange, causes: Causes): Cause | undefined {
  if (kind === 'unknown') return undefined;
  if (kind === 'move') return first(added, (t) => causes.moved(t.number, t.level));
  if (kind === 'drop') return first(removed, (t) => causes.consumed(t.number));
  // An edit that only moves part of its tables on tells by those that are new.
  return first(added, (t) => (removed.some((r) => r.number === t.number) ? undefined : causes.created(t.number)));
}

function first<T>(items: readonly T[], find: (item: T) => Cause | undefined): Cause | undefined {
  for (const item of items) {
    const cause = find(item);
    if (cause !== undefined) return cause;
  }
  return undefined;
}

/** Microseconds of the newest table's creation, to the second; moves keep the age of their tables. */
function createdAt(kind: EventKind, added: readonly PlacedTable[]): number | undefined {
  if (kind === 'move' || kind === 'unknown') return undefined;
  let at = 0;
  for (const t of added) at = Math.max(at, t.createdAt ?? 0);
  return at > 0 ? at : undefined;
}
