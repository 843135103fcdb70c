/**
 * Get: asks memtable, L0 tables newest first, then one table a level, and stops at the first version
 * that decides. Filters keep most tables from being read.
 */
import { EMPTY } from '../base/bytes.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { PointReader } from '../formats/block/pointReader.ts';
import { blockError, type TableReader } from '../formats/block/tableReader.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import type { KeyOrder } from '../iter/order.ts';
import { sameBytes, seekKey } from '../iter/range.ts';
import { compareTimestamps, type RangeTombstone } from '../iter/rangeTombstones.ts';
import { type Covering, isDeletion, type Resolved, resolveVersions, type Version } from '../iter/resolve.ts';
import type { LevelView, TableInfo } from '../model/tree.ts';
import { VanishedError } from './vanished.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';

/** Range deletions met on the way down; few, so a list serves. */
class MetTombstones implements Covering {
  readonly #met: RangeTombstone[] = [];
  readonly #order: KeyOrder;

  constructor(order: KeyOrder) {
    this.#order = order;
  }

  add(list: readonly RangeTombstone[]): void {
    for (const t of list) this.#met.push(t);
  }

  covering(b: Uint8Array, start: number, length: number, at: number, timestamp?: Uint8Array): number {
    const compare = this.#order.compareUser;
    let newest = -1;
    for (const t of this.#met) {
      if (t.sequence > at || t.sequence <= newest) continue;
      if (compare(b, start, length, t.begin, 0, t.begin.length) < 0) continue;
      if (compare(b, start, length, t.end, 0, t.end.length) >= 0) continue;
      if (timestamp !== undefined && t.timestamp !== undefined && compareTimestamps(t.timestamp, timestamp) < 0)
        continue;
      newest = t.sequence;
    }
    return newest;
  }
}

/** Longer values get a buffer of their own. */
const SHARED_VALUE_MAX = 512;
const CHUNK_BYTES = 16 << 10;

/** The table does not hold the key. */
const ABSENT = Symbol();
/** The quick way met something that needs the whole way: a merge, a range deletion, damage. */
const UNDECIDED = Symbol();

export class PointGet {
  readonly #store: StoreView;
  readonly #family: FamilyVersion;
  readonly #damage: DamageLog;
  readonly #point: PointReader;
  /** Over the entries that are still in the logs; undefined where there are none. */
  readonly #logged: Cursor | undefined;
  /** A plain put or deletion decides at once: no timestamps, no range deletions in the logs, levels in order. */
  readonly #plain: boolean;
  /** Short values share chunks, because a buffer of its own costs more than the whole look-up. */
  #chunk: Uint8Array = EMPTY;
  #chunkUsed = 0;

  constructor(store: StoreView, familyId: number, damage: DamageLog) {
    this.#store = store;
    this.#family = store.family(familyId);
    this.#damage = damage;
    const { order, state } = this.#family;
    this.#point = new PointReader(store.shared.blocks, order);
    const memtable = store.snapshot.replay.memtables.get(state.id);
    this.#logged = memtable !== undefined && memtable.count > 0 ? memtable.cursor() : undefined;
    this.#plain =
      order.timestampSize === 0 &&
      (memtable === undefined || memtable.rangeTombstones.length === 0) &&
      // Then tables that were found on disk stand in level 0, in no order that could be relied on.
      !store.snapshot.manifest.damaged;
  }

  /** What a reader sees of `key` (without timestamp) as of sequence `at`; undefined if nothing. */
  get(key: Uint8Array, at: number = MAX_SEQUENCE): Resolved | undefined {
    const { order } = this.#family;
    if (!order.known) return this.#search(key, at);
    if (this.#plain) {
      const quick = this.#quick(key, at);
      if (quick !== UNDECIDED) return quick;
    }
    const met = new MetTombstones(order);
    const context = { ...this.#store.context(this.#family, { at }, undefined), tombstones: met };
    const versions = this.#versions(key, at, met);
    if (!this.#store.snapshot.manifest.damaged) return resolveVersions(key, versions, context);
    // Tables that were found on disk stand in level 0 in no order that could be relied on.
    return resolveVersions(key, [...versions].sort(newestFirst), context);
  }

  /**
   * The same answer for what most keys are, a put or a deletion, without generators and lists. Whatever
   * is more than that, or fails, is left to the whole way, which starts over.
   */
  #quick(key: Uint8Array, at: number): Resolved | undefined | typeof UNDECIDED {
    const logged = this.#logged;
    if (logged !== undefined) {
      logged.seek(key, at);
      if (logged.valid && sameBytes(logged.keyBuffer, logged.keyStart, logged.keyLength, key, key.length)) {
        return this.#decide(logged, at, -1, 0);
      }
    }
    const { levels } = this.#family.view;
    for (let l = 0; l < levels.length; l++) {
      const { level, tables } = levels[l] as LevelView;
      for (let i = level === 0 ? 0 : this.#firstCandidate(tables, key); i < tables.length; i++) {
        const info = tables[i] as TableInfo;
        if (!this.#mayHold(info, key)) {
          if (level === 0) continue;
          break;
        }
        const found = this.#quickInTable(info, key, at);
        if (found !== ABSENT) return found;
      }
    }
    return undefined;
  }

  #quickInTable(info: TableInfo, key: Uint8Array, at: number): Resolved | undefined | typeof UNDECIDED | typeof ABSENT {
    const store = this.#store;
    let table: TableReader | undefined;
    try {
      table = store.acquire(info);
      if (store.tombstonesOf(info, table).length > 0) return UNDECIDED;
      const point = this.#point;
      if (!point.seekTable(info.number, table, this.#family.order, key, at)) return ABSENT;
      return point.isKey(key, key.length) ? this.#decide(point, at, info.level, info.number) : ABSENT;
    } catch (thrown) {
      // Damage is named on the whole way; what is no StoreError is a bug and must not get lost.
      if (thrown instanceof StoreError) return UNDECIDED;
      throw thrown;
    } finally {
      if (table !== undefined) store.releaseTable(info, table);
    }
  }

  /** What the newest version says, if it says it alone. */
  #decide(c: Entry, at: number, level: number, table: number): Resolved | undefined | typeof UNDECIDED {
    const { type, sequence } = c;
    if (sequence > at) return UNDECIDED;
    if (type !== ValueType.value) return isDeletion(type) ? undefined : UNDECIDED;
    const value = this.#copy(c.valueBuffer, c.valueStart, c.valueLength);
    return { type, sequence, level, table, timestamp: undefined, value, columns: undefined };
  }

  #copy(b: Uint8Array, start: number, length: number): Uint8Array {
    if (length > SHARED_VALUE_MAX) return b.slice(start, start + length);
    if (length > this.#chunk.length - this.#chunkUsed) {
      // Small at first: most callers ask once.
      this.#chunk = new Uint8Array(Math.max(length, Math.min(this.#chunk.length * 2, CHUNK_BYTES)));
      this.#chunkUsed = 0;
    }
    const chunk = this.#chunk;
    const at = this.#chunkUsed;
    for (let i = 0; i < length; i++) chunk[at + i] = b[start + i] as number;
    this.#chunkUsed = at + length;
    return new Uint8Array(chunk.buffer, at, length);
  }

  /** Versions of the key, newest first, each source asked only when it is its turn. */
  *#versions(key: Uint8Array, at: number, met: MetTombstones): Generator<Version, void, void> {
    const { order, view, state } = this.#family;
    const target = seekKey(key, order, 'newest');
    met.add(this.#store.memtableTombstones(this.#family));
    const memtable = this.#store.snapshot.replay.memtables.get(state.id);
    if (memtable !== undefined && memtable.count > 0) {
      const c = memtable.cursor();
      const ts = order.timestampSize;
      for (c.seek(target, at); c.valid; c.next()) {
        if (!sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) break;
        yield versionOf(c, ts, -1, 0);
      }
    }
    for (const { level, tables } of view.levels) {
      if (level === 0) {
        for (const t of tables) if (this.#mayHold(t, key)) yield* this.#inTable(t, key, target, at, met);
        continue;
      }
      for (let i = this.#firstCandidate(tables, key); i < tables.length; i++) {
        const t = tables[i] as TableInfo;
        if (!this.#mayHold(t, key)) break;
        yield* this.#inTable(t, key, target, at, met);
      }
    }
  }

  *#inTable(
    info: TableInfo,
    key: Uint8Array,
    target: Uint8Array,
    at: number,
    met: MetTombstones,
  ): Generator<Version, void, void> {
    const { order } = this.#family;
    const store = this.#store;
    let table: TableReader | undefined;
    try {
      table = store.acquire(info);
      this.#meetTombstones(info, table, met);
      const point = this.#point;
      let more = point.seekTable(info.number, table, order, target, at);
      while (more && point.isKey(key, key.length)) {
        yield versionOf(point, order.timestampSize, info.level, info.number);
        more = point.advance();
      }
    } catch (thrown) {
      if (thrown instanceof VanishedError) throw thrown;
      const at = table === undefined ? undefined : this.#point.blockOffset;
      const e = at === undefined ? toStoreError(thrown, { path: info.file }) : blockError(thrown, info.file, at);
      this.#damage.report(e.toProblem(), info.smallest.key, info.largest.key);
    } finally {
      if (table !== undefined) store.releaseTable(info, table);
    }
  }

  /** Where they are damaged the entries are still worth having, as a scan has them. */
  #meetTombstones(info: TableInfo, table: TableReader, met: MetTombstones): void {
    try {
      const tombstones = this.#store.tombstonesOf(info, table);
      if (tombstones.length > 0) met.add(tombstones);
    } catch (thrown) {
      const e = toStoreError(thrown, { path: info.file });
      this.#damage.report(e.toProblem(), info.smallest.key, info.largest.key);
    }
  }

  #mayHold(t: TableInfo, key: Uint8Array): boolean {
    const compare = this.#family.order.compareUser;
    return (
      compare(key, 0, key.length, t.smallest.key, 0, t.smallest.key.length) >= 0 &&
      compare(key, 0, key.length, t.largest.key, 0, t.largest.key.length) <= 0
    );
  }

  #firstCandidate(tables: readonly TableInfo[], key: Uint8Array): number {
    const compare = this.#family.order.compareUser;
    let low = 0;
    let high = tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { largest } = tables[middle] as TableInfo;
      if (compare(largest.key, 0, largest.key.length, key, 0, key.length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Without a known order every entry is compared, and the newest equal one wins. */
  #search(key: Uint8Array, at: number): Resolved | undefined {
    const versions: Version[] = [];
    const c = this.#store.versions(this.#family.state.id, {}, this.#damage);
    try {
      for (c.first(); c.valid; c.next()) {
        if (sameBytes(c.keyBuffer, c.keyStart, c.keyLength, key, key.length)) {
          versions.push(versionOf(c, 0, c.level, c.table));
        }
      }
    } finally {
      c.close();
    }
    versions.sort((a, b) => b.sequence - a.sequence);
    return resolveVersions(key, versions, this.#store.context(this.#family, { at }, undefined));
  }
}

function newestFirst(a: Version, b: Version): number {
  const { timestamp } = a;
  const byTime = timestamp === undefined || b.timestamp === undefined ? 0 : compareTimestamps(b.timestamp, timestamp);
  return byTime !== 0 ? byTime : b.sequence - a.sequence;
}

type Entry = Pick<
  Cursor,
  'type' | 'sequence' | 'keyBuffer' | 'keyStart' | 'keyLength' | 'valueBuffer' | 'valueStart' | 'valueLength'
>;

function versionOf(c: Entry, ts: number, level: number, table: number): Version {
  const keyEnd = c.keyStart + c.keyLength;
  return {
    type: c.type,
    sequence: c.sequence,
    value: c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength),
    level,
    table,
    timestamp: ts === 0 ? undefined : c.keyBuffer.slice(keyEnd - ts, keyEnd),
  };
}
