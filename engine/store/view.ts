/**
 * One moment of a store: a snapshot of its MANIFEST and logs, and the walks over it. It stays what it
 * is when the store moves on; pinned, it can be read even after its tables were removed.
 */
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import type { BlockCache } from '../formats/block/pointReader.ts';
import { RunCursor } from '../formats/block/runCursor.ts';
import type { TableCache } from '../formats/block/tableCache.ts';
import { TABLE_MEND, TableReader } from '../formats/block/tableReader.ts';
import type { ClosableResolver, Dialect } from '../formats/leveldb/dialect.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { ConcatCursor } from '../iter/concat.ts';
import { type Cursor, MAX_SEQUENCE } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import { MergingCursor } from '../iter/merging.ts';
import type { KeyOrder } from '../iter/order.ts';
import { Bounds, type KeyRange } from '../iter/range.ts';
import { compareTimestamps, type RangeTombstone, RangeTombstones, TombstoneCursor } from '../iter/rangeTombstones.ts';
import type { ResolveContext } from '../iter/resolve.ts';
import { ReverseVisibleCursor, VisibleCursor, type VisibleEntries } from '../iter/visible.ts';
import type { TableInfo } from '../model/tree.ts';
import type { Snapshot } from './snapshot.ts';
import { tableTombstones } from './tableTombstones.ts';
import { VanishedError } from './vanished.ts';
import type { FamilyVersion, Version } from './version.ts';

export interface ScanOptions extends KeyRange {
  readonly reverse?: boolean | undefined;
  /** Read as of this sequence number; everything if undefined. */
  readonly at?: number | undefined;
  /** Read as of this user timestamp, of as many bytes as the comparator's; everything if undefined. */
  readonly atTimestamp?: Uint8Array | undefined;
  /** False: values that stand in blob files are not fetched. */
  readonly values?: boolean | undefined;
}

const NO_TOMBSTONES: readonly RangeTombstone[] = [];
/** Tables that a view keeps open for as long as it is used. */
const PINNED_MAX = 2000;

/** What all views of one store share. */
export interface SharedTables {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly dialect: Dialect;
  readonly blocks: BlockCache;
  readonly tables: TableCache;
  /** Range deletions by table number. */
  readonly tombstones: Map<number, readonly RangeTombstone[]>;
}

export class StoreView {
  readonly shared: SharedTables;
  readonly snapshot: Snapshot;
  readonly version: Version;
  readonly #resolvers = new Map<number, ClosableResolver>();
  readonly #pinned = new Map<number, { info: TableInfo; table: TableReader }>();
  #users = 1;

  constructor(shared: SharedTables, snapshot: Snapshot, version: Version) {
    this.shared = shared;
    this.snapshot = snapshot;
    this.version = version;
  }

  /** Newest sequence number that the snapshot holds. */
  get lastSequence(): number {
    return Math.max(this.snapshot.manifest.lastSequence, this.snapshot.replay.lastSequence);
  }

  get problems(): readonly Problem[] {
    return [...this.snapshot.problems, ...this.version.problems];
  }

  /** Throws INPUT for an id that is not there. */
  family(id: number): FamilyVersion {
    const family = this.version.families.get(id);
    if (family === undefined) throw new StoreError('INPUT', `there is no column family with id ${id}`);
    return family;
  }

  /** Throws INPUT with the names that there are. */
  familyByName(name: string): FamilyVersion {
    for (const f of this.version.families.values()) if (f.state.name === name) return f;
    const names = [...this.version.families.values()].map((f) => f.state.name).join(', ');
    throw new StoreError('INPUT', `there is no column family "${name}"`, { mend: `it has: ${names}` });
  }

  tableInfo(number: number): TableInfo {
    const info = this.version.tables.get(number);
    if (info === undefined) throw new StoreError('INPUT', `there is no live table with number ${number}`);
    return info;
  }

  /** Somebody still reads it. */
  get inUse(): boolean {
    return this.#users > 0;
  }

  /** Another user of the view; each must `release` it. */
  retain(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    for (const { info, table } of this.#pinned.values()) this.shared.tables.release(info, table);
    this.#pinned.clear();
    this.snapshot.replay.close();
    for (const r of this.#resolvers.values()) r.close();
    this.#resolvers.clear();
  }

  /**
   * Opens the tables of a family and keeps them open, so that the view outlives their removal. Throws
   * VanishedError if one is gone already; tables that cannot be read are left to the walks.
   */
  pin(familyId: number): void {
    for (const info of this.family(familyId).tables) {
      if (this.#pinned.has(info.number) || this.version.broken.has(info.number)) continue;
      if (this.#pinned.size >= PINNED_MAX) return;
      try {
        this.#pinned.set(info.number, { info, table: this.acquire(info) });
      } catch (thrown) {
        if (thrown instanceof VanishedError) throw thrown;
      }
    }
  }

  /** The open table; to be given back with `release`. Throws StoreError. */
  acquire(info: TableInfo): TableReader {
    // After a refresh the shared tables have forgotten what only this view still shows.
    const pinned = this.#pinned.get(info.number);
    if (pinned !== undefined) return this.shared.tables.share(info, pinned.table);
    return this.shared.tables.acquire(info, () => this.#openTable(info));
  }

  releaseTable(info: TableInfo, table: TableReader): void {
    this.shared.tables.release(info, table);
  }

  /** Visible entries of a range, in the family's order (or the reverse of it). */
  scan(familyId: number, options: ScanOptions, damage: DamageLog): VisibleEntries {
    const family = this.family(familyId);
    const bounds = new Bounds(family.order, options);
    const children = this.#children(family, bounds, damage);
    const { atTimestamp } = options;
    checkTimestamp(family, atTimestamp);
    const tombstones = this.#scanTombstones(family, bounds, damage);
    const context = this.context(family, options, asOf(tombstones, atTimestamp, family.order));
    if (options.reverse === true) {
      return new ReverseVisibleCursor(new MergingCursor(children, family.order.compare), family.order, bounds, context);
    }
    const [only] = children;
    const source =
      children.length === 1 && only !== undefined ? only : new MergingCursor(children, family.order.compare);
    return new VisibleCursor(source, family.order, bounds, context);
  }

  /**
   * All versions of a range with their tombstones, in internal order; for an unknown comparator in
   * file order. Not positioned yet. The caller checks the bounds. Of a single key, the range deletions that cover it
   * stand among its versions.
   */
  versions(familyId: number, options: KeyRange, damage: DamageLog): Cursor {
    const family = this.family(familyId);
    if (!family.order.known) return new ConcatCursor(this.#children(family, new Bounds(family.order, {}), damage));
    const bounds = new Bounds(family.order, options);
    const children = this.#children(family, bounds, damage);
    const tombstones = this.#scanTombstones(family, bounds, damage);
    const { key } = options;
    if (tombstones !== undefined) {
      const list = key === undefined ? tombstones.list : tombstones.list.filter((t) => covers(t, key, family.order));
      const placed = key === undefined ? list : list.map((t) => ({ ...t, begin: key }));
      children.push(new TombstoneCursor(placed, family.order));
    }
    return new MergingCursor(children, family.order.compare);
  }

  /** Entries of one table in file order, whatever the comparator. */
  tableCursor(number: number, damage: DamageLog): RunCursor {
    const info = this.tableInfo(number);
    return new RunCursor(this.#source, [info], info.level, this.family(info.family).order, damage);
  }

  context(family: FamilyVersion, options: ScanOptions, tombstones: RangeTombstones | undefined): ResolveContext {
    return {
      resolver: this.resolver(family),
      tombstones,
      // In a store that is being written to, a walk sees what there was when it began.
      at: Math.min(options.at ?? this.snapshot.replay.visibleSequence ?? MAX_SEQUENCE, MAX_SEQUENCE),
      atTimestamp: options.atTimestamp,
      values: options.values ?? true,
    };
  }

  resolver(family: FamilyVersion): ClosableResolver {
    const { id, name } = family.state;
    let resolver = this.#resolvers.get(id);
    if (resolver === undefined) {
      const { fs, directory } = this.shared;
      const options = this.snapshot.options.family(name);
      const mergeOperatorProperty = (): string | undefined => this.#mergeOperatorProperty(family);
      const { places } = this.snapshot;
      resolver = this.shared.dialect.resolver({
        fs,
        directory,
        family: family.state,
        options,
        places,
        mergeOperatorProperty,
      });
      this.#resolvers.set(id, resolver);
    }
    return resolver;
  }

  /** Range deletions of an open table. Throws StoreError for damage. */
  tombstonesOf(info: TableInfo, table: TableReader): readonly RangeTombstone[] {
    if (!this.shared.dialect.hasRangeDeletions) return NO_TOMBSTONES;
    let list = this.shared.tombstones.get(info.number);
    if (list === undefined) {
      list = tableTombstones(table, info);
      this.shared.tombstones.set(info.number, list.length === 0 ? NO_TOMBSTONES : list);
    }
    return list;
  }

  /** Range deletions that are still in the logs. */
  memtableTombstones(family: FamilyVersion): RangeTombstone[] {
    const ts = family.order.timestampSize;
    const memtable = this.snapshot.replay.memtables.get(family.state.id);
    return (memtable?.rangeTombstones ?? []).map((t) => ({
      begin: t.begin.subarray(0, t.begin.length - ts),
      end: t.end.subarray(0, t.end.length - ts),
      sequence: t.seq,
      timestamp: ts === 0 ? undefined : t.begin.subarray(t.begin.length - ts),
      level: -1,
      table: 0,
    }));
  }

  #children(family: FamilyVersion, bounds: Bounds, damage: DamageLog): Cursor[] {
    const children: Cursor[] = [];
    const memtable = this.snapshot.replay.memtables.get(family.state.id);
    if (memtable !== undefined && memtable.count > 0) children.push(memtable.cursor());
    for (const { level, tables } of family.view.levels) {
      const inRange = tables.filter((t) => {
        if (family.order.known && !bounds.overlaps(t.smallest.key, t.largest.key)) return false;
        const problem = this.version.broken.get(t.number);
        if (problem !== undefined) damage.report(problem, t.smallest.key, t.largest.key);
        return problem === undefined;
      });
      if (inRange.length === 0) continue;
      if (level >= this.shared.dialect.overlapLevels)
        children.push(new RunCursor(this.#source, inRange, level, family.order, damage));
      else for (const t of inRange) children.push(new RunCursor(this.#source, [t], 0, family.order, damage));
    }
    return children;
  }

  #scanTombstones(family: FamilyVersion, bounds: Bounds, damage: DamageLog): RangeTombstones | undefined {
    if (!this.shared.dialect.hasRangeDeletions || !family.order.known) return undefined;
    const list = this.memtableTombstones(family);
    for (const info of family.tables) {
      if (this.version.broken.has(info.number) || !bounds.overlaps(info.smallest.key, info.largest.key)) continue;
      const known = this.shared.tombstones.get(info.number);
      if (known !== undefined) {
        for (const t of known) list.push(t);
        continue;
      }
      try {
        const table = this.acquire(info);
        try {
          for (const t of this.tombstonesOf(info, table)) list.push(t);
        } finally {
          this.releaseTable(info, table);
        }
      } catch (thrown) {
        if (thrown instanceof VanishedError) throw thrown;
        damage.report(toStoreError(thrown, { path: info.file }).toProblem(), info.smallest.key, info.largest.key);
      }
    }
    return list.length === 0 ? undefined : new RangeTombstones(list, family.order);
  }

  #mergeOperatorProperty(family: FamilyVersion): string | undefined {
    for (const info of family.tables) {
      try {
        const table = this.acquire(info);
        this.releaseTable(info, table);
        return table.properties.text('rocksdb.merge.operator');
      } catch {
        // The next table says the same.
      }
    }
    return undefined;
  }

  readonly #source = {
    acquire: (info: TableInfo): TableReader => this.acquire(info),
    release: (info: TableInfo, table: TableReader): void => this.releaseTable(info, table),
  };

  #openTable(info: TableInfo): TableReader {
    const problem = this.version.broken.get(info.number);
    if (problem !== undefined) throw new StoreError(problem.code, problem.message, problem);
    const family = this.family(info.family);
    let file: ReturnType<FileSystem['open']>;
    try {
      file = this.shared.fs.open(joinPath(this.shared.directory, info.file), 'read');
    } catch (thrown) {
      const e = toStoreError(thrown, { path: info.file });
      // It was there when the MANIFEST was read: its owner has compacted it away since.
      if (e.code === 'NOT_FOUND') throw new VanishedError(info.file);
      throw new StoreError(e.code, e.message, { path: info.file, offset: e.offset, mend: e.mend ?? TABLE_MEND });
    }
    try {
      return new TableReader(file, {
        dialect: this.shared.dialect.block,
        order: family.order,
        expectedBytes: this.shared.dialect.id === 'rocksdb' ? info.bytes : undefined,
        largestSeq: info.largestSeq,
        timestampsStripped: !family.state.timestampsPersisted,
      });
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }
}

function covers(t: RangeTombstone, key: Uint8Array, order: KeyOrder): boolean {
  const compare = (a: Uint8Array): number => order.compareUser(a, 0, a.length, key, 0, key.length);
  return compare(t.begin) <= 0 && compare(t.end) > 0;
}

/** Throws INPUT for a timestamp that the family cannot be read as of. */
function checkTimestamp({ order, state }: FamilyVersion, atTimestamp: Uint8Array | undefined): void {
  if (atTimestamp === undefined) return;
  if (order.timestampSize === 0) {
    throw new StoreError('INPUT', `column family "${state.name}" has no user timestamps (${state.comparator})`);
  }
  if (atTimestamp.length !== order.timestampSize) {
    const found = `${order.timestampSize} bytes, not ${atTimestamp.length}`;
    throw new StoreError('INPUT', `timestamps of column family "${state.name}" have ${found}`);
  }
}

/** Without the range deletions that are later. */
function asOf(
  tombstones: RangeTombstones | undefined,
  atTimestamp: Uint8Array | undefined,
  order: KeyOrder,
): RangeTombstones | undefined {
  if (tombstones === undefined || atTimestamp === undefined) return tombstones;
  const seen = tombstones.list.filter(
    (t) => t.timestamp === undefined || compareTimestamps(t.timestamp, atTimestamp) <= 0,
  );
  return seen.length === 0 ? undefined : new RangeTombstones(seen, order);
}
