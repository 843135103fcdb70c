/**
 * How a tree changes: one kind of event, whoever tells of it (a MANIFEST, a live compaction, a simulation),
 * and one function that applies it (architecture.md, decision 4).
 *
 * Trees are values: `applyEvent` gives a new one that shares with the old whatever did not change.
 */
import type { Bound } from './tree.ts';

export type EventSource = 'manifest' | 'live' | 'simulated';

export type EventKind = 'flush' | 'compaction' | 'move' | 'ingest' | 'drop' | 'unknown';

/** A table in its place. Numbers are unique in a store. */
export interface TableId {
  readonly number: number;
  readonly level: number;
  /** File size. */
  readonly bytes: number;
}

/** A table that an event brings; bounds where the source knows them. */
export interface PlacedTable extends TableId {
  readonly smallest?: Bound;
  readonly largest?: Bound;
  readonly smallestSeq?: number;
  readonly largestSeq?: number;
  /** Epoch microseconds at which the file was made. */
  readonly createdAt?: number;
}

/** What an event cost. */
export interface IoCost {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export interface TreeEvent {
  /** Position in its stream, from 1. */
  readonly seq: number;
  readonly source: EventSource;
  /** The kind was concluded from what changed, and no log of the engine's confirmed it. */
  readonly inferred: boolean;
  /** Microseconds since the epoch; undefined where nothing tells. */
  readonly at?: number;
  readonly kind: EventKind;
  /** Id and name of the column family; one event is about one family. */
  readonly family: number;
  readonly familyName: string;
  readonly removed: readonly TableId[];
  readonly added: readonly PlacedTable[];
  /** The engine's own reason, or a short phrase. */
  readonly why?: string;
  readonly io?: IoCost;
  /** How long the work took, in microseconds. */
  readonly micros?: number;
  /** Entries that went in, and those that were written; range deletions among them. */
  readonly recordsIn?: number;
  readonly recordsOut?: number;
}

/** Tables of one level by number. */
export type LevelTables = ReadonlyMap<number, PlacedTable>;

/** Levels that hold tables. */
export type FamilyTables = ReadonlyMap<number, LevelTables>;

/** Families that hold tables, by id. */
export type Tree = ReadonlyMap<number, FamilyTables>;

export const EMPTY_TREE: Tree = new Map();

/**
 * The tree after `event`. Tables that are removed but not there are passed over, since a stream may begin
 * in the middle of a history; levels and families without tables are not kept.
 */
export function applyEvent(tree: Tree, event: TreeEvent): Tree {
  if (event.removed.length === 0 && event.added.length === 0) return tree;
  const before: FamilyTables = tree.get(event.family) ?? new Map();
  const levels = new Map(before);
  /** Levels that were copied for this event. */
  const own = new Map<number, Map<number, PlacedTable>>();
  const level = (n: number): Map<number, PlacedTable> => {
    let tables = own.get(n);
    if (tables === undefined) {
      tables = new Map(before.get(n));
      own.set(n, tables);
      levels.set(n, tables);
    }
    return tables;
  };
  for (const t of event.removed) level(t.level).delete(t.number);
  for (const t of event.added) level(t.level).set(t.number, t);
  for (const [n, tables] of own) if (tables.size === 0) levels.delete(n);
  const next = new Map(tree);
  if (levels.size === 0) next.delete(event.family);
  else next.set(event.family, levels);
  return next;
}

/** The tree after all events, in their order. */
export function reduceEvents(events: Iterable<TreeEvent>, start: Tree = EMPTY_TREE): Tree {
  let tree = start;
  for (const event of events) tree = applyEvent(tree, event);
  return tree;
}
