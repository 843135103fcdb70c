/**
 * Get: asks memtable, L0 tables newest first, then one table a level, and stops at the first version
 * that decides. Filters keep most tables from being read.
 */
import { toStoreError } from '../base/errors.ts';
import { PointReader } from '../formats/block/pointReader.ts';
import type { TableReader } from '../formats/block/tableReader.ts';
import { type Cursor, MAX_SEQUENCE } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import type { KeyOrder } from '../iter/order.ts';
import { sameBytes, seekKey } from '../iter/range.ts';
import { compareTimestamps, type RangeTombstone } from '../iter/rangeTombstones.ts';
import { type Covering, type Resolved, resolveVersions, type Version } from '../iter/resolve.ts';
import type { TableInfo } from '../model/tree.ts';
import type { StoreView } from './view.ts';
import { VanishedError } from './vanished.ts';
import type { FamilyVersion } from './version.ts';

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
      if (timestamp !== undefined && t.timestamp !== undefined && compareTimestamps(t.timestamp, timestamp) < 0) continue;
      newest = t.sequence;
    }
    return newest;
  }
}

export class PointGet {
  readonly #store: StoreView;
  readonly #family: FamilyVersion;
  readonly #damage: DamageLog;
  readonly #point: PointReader;

  constructor(store: StoreView, familyId: number, damage: DamageLog) {
    this.#store = store;
    this.#family = store.family(familyId);
    this.#damage = damage;
    this.#point = new PointReader(store.shared.blocks, this.#family.order);
  }

  /** What a reader sees of `key` (without timestamp) as of sequence `at`; undefined if nothing. */
  get(key: Uint8Array, at: number = MAX_SEQUENCE): Resolved | undefined {
    const { order } = this.#family;
    if (!order.known) return this.#search(key, at);
    const met = new MetTombstones(order);
    const context = { ...this.#store.context(this.#family, { at }, undefined), tombstones: met };
    return resolveVersions(key, this.#versions(key, at, met), context);
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
      const tombstones = store.tombstonesOf(info, table);
      if (tombstones.length > 0) met.add(tombstones);
      const point = this.#point;
      let more = point.seekTable(info.number, table, order, target, at);
      while (more && point.isKey(key, key.length)) {
        yield versionOf(point, order.timestampSize, info.level, info.number);
        more = point.advance();
      }
    } catch (thrown) {
      if (thrown instanceof VanishedError) throw thrown;
      const e = toStoreError(thrown, { path: info.file });
      this.#damage.report(e.toProblem(), info.smallest.key, info.largest.key);
    } finally {
      if (table !== undefined) store.releaseTable(info, table);
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
