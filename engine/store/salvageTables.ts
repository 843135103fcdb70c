/**
 * With a damaged MANIFEST the last known tree may be long past. Every table in the directory that it
 * does not name is then shown too, as part of L0: entries carry their sequence numbers, so the newest
 * version of a key wins wherever it stands. What had been compacted away but not yet removed may
 * reappear; the problem says so.
 */
import { type Problem, toStoreError } from '../base/errors.ts';
import { RunCursor } from '../formats/block/runCursor.ts';
import { TableReader } from '../formats/block/tableReader.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import type { FamilyState } from '../formats/leveldb/manifest.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { keyOf } from '../iter/cursor.ts';
import { DamageLog } from '../iter/damage.ts';
import { BYTEWISE, type KeyOrder, keyOrder } from '../iter/order.ts';
import type { RangeTombstone } from '../iter/rangeTombstones.ts';
import type { Bound, TableInfo } from '../model/tree.ts';
import type { Snapshot } from './snapshot.ts';
import { tableTombstones } from './tableTombstones.ts';
import { buildView, type FamilyVersion, type Version } from './version.ts';

export function salvageTables(
  fs: FileSystem,
  directory: string,
  dialect: Dialect,
  snapshot: Snapshot,
  version: Version,
): Version {
  const problems: Problem[] = [...version.problems];
  const tables = new Map(version.tables);
  const found = new Map<number, TableInfo[]>();
  /** Families of the MANIFEST, and those that only a table tells of. */
  const known = new Map(version.families);
  for (const name of snapshot.names) {
    const { kind, number } = parseFileName(name);
    if (kind !== 'table' || number === null || tables.has(number)) continue;
    try {
      const family = familyOf(fs, directory, dialect, name, known);
      const info = describeTable(fs, directory, dialect, name, number, family.state.id, family.order);
      if (info === undefined) continue;
      tables.set(number, info);
      const list = found.get(info.family);
      if (list === undefined) found.set(info.family, [info]);
      else list.push(info);
      problems.push({
        code: 'CORRUPT',
        path: name,
        message: 'table is on disk but in none of the version edits that could be read: it is shown in level 0',
      });
    } catch (thrown) {
      problems.push(toStoreError(thrown, { path: name }).toProblem());
    }
  }
  const families = new Map<number, FamilyVersion>();
  for (const [id, f] of known) {
    const view = buildView(id, [...f.tables, ...(found.get(id) ?? [])], f.order, f.view.blobFiles);
    families.set(id, { ...f, view, tables: view.levels.flatMap((l) => l.tables) });
  }
  return { families, tables, broken: version.broken, problems };
}

/**
 * Walks a table that no MANIFEST describes for its bounds and sequence numbers, and places it in
 * level 0 of `family`. undefined if it holds no entry. Throws StoreError if it cannot be opened.
 */
export function describeTable(
  fs: FileSystem,
  directory: string,
  dialect: Dialect,
  name: string,
  number: number,
  family: number,
  order: KeyOrder,
): TableInfo | undefined {
  const file = fs.open(joinPath(directory, name), 'read');
  try {
    const table = new TableReader(file, { dialect: dialect.block, order });
    const nothing: Bound = { key: new Uint8Array(0), seq: 0, type: 'unknown' };
    const blank = { family, level: 0, number, file: name, bytes: table.size, smallest: nothing, largest: nothing };
    const cursor = new RunCursor({ acquire: () => table, release: () => {} }, [blank], 0, order, new DamageLog());
    const bound = (): Bound => ({
      key: keyOf(cursor).slice(0, cursor.keyLength - order.timestampSize),
      seq: cursor.sequence,
      type: typeName(cursor.type),
    });
    let smallestSeq = Number.POSITIVE_INFINITY;
    let largestSeq = -1;
    let smallest: Bound | undefined;
    for (cursor.first(); cursor.valid; cursor.next()) {
      smallest ??= bound();
      smallestSeq = Math.min(smallestSeq, cursor.sequence);
      largestSeq = Math.max(largestSeq, cursor.sequence);
    }
    cursor.last();
    let largest: Bound | undefined = cursor.valid ? bound() : undefined;
    const before = (a: Uint8Array, b: Uint8Array): boolean => order.compareUser(a, 0, a.length, b, 0, b.length) < 0;
    for (const t of rangeDeletions(table, blank, dialect)) {
      smallestSeq = Math.min(smallestSeq, t.sequence);
      largestSeq = Math.max(largestSeq, t.sequence);
      const { sequence: seq } = t;
      if (smallest === undefined || before(t.begin, smallest.key))
        smallest = { key: t.begin, seq, type: 'range-delete' };
      if (largest === undefined || before(largest.key, t.end)) largest = { key: t.end, seq, type: 'range-delete' };
    }
    if (smallest === undefined || largest === undefined) return undefined;
    return { ...blank, smallest, largest, smallestSeq, largestSeq };
  } finally {
    file.close();
  }
}

/** Damage to them is reported by whoever reads the table. */
function rangeDeletions(table: TableReader, info: TableInfo, dialect: Dialect): readonly RangeTombstone[] {
  try {
    return dialect.hasRangeDeletions ? tableTombstones(table, info, true) : [];
  } catch {
    return [];
  }
}

/** The family that a table says it belongs to, added to `known` if it is new; the default one where it does not say. */
function familyOf(
  fs: FileSystem,
  directory: string,
  dialect: Dialect,
  name: string,
  known: Map<number, FamilyVersion>,
): FamilyVersion {
  const file = fs.open(joinPath(directory, name), 'read');
  try {
    const { properties } = new TableReader(file, { dialect: dialect.block, order: BYTEWISE });
    const stated = properties.number('rocksdb.column.family.id') ?? 0;
    const id = stated < 0xffff_ffff ? stated : 0;
    const family = known.get(id);
    if (family !== undefined) return family;
    const comparator = properties.text('rocksdb.comparator') ?? BYTEWISE.name;
    const state: FamilyState = {
      id,
      name: properties.text('rocksdb.column.family.name') || `family ${id}`,
      comparator,
      logNumber: 0,
      tables: new Map(),
      blobFiles: new Map(),
      timestampsPersisted: true,
      fullHistoryTimestampLow: undefined,
    };
    const order = keyOrder(comparator);
    const made: FamilyVersion = { state, order, view: buildView(id, [], order, []), tables: [] };
    known.set(id, made);
    return made;
  } finally {
    file.close();
  }
}
