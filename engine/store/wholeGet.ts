/**
 * The whole way of a get: memtable, L0 tables newest first, then one table a level (two where a user key
 * spans them), each asked only when the versions of those before it did not decide. It serves whatever
 * the quick way of pointGet.ts leaves, and tells a `TraceSink` of every step.
 */
import { type StoreError, toStoreError } from '../base/errors.ts';
import type { PointReader } from '../formats/block/pointReader.ts';
import { blockError, type TableReader } from '../formats/block/tableReader.ts';
import { type Cursor, MAX_SEQUENCE } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import type { KeyOrder } from '../iter/order.ts';
import { sameBytes, seekKey } from '../iter/range.ts';
import { compareTimestamps, type RangeTombstone } from '../iter/rangeTombstones.ts';
import { type Covering, type ResolveContext, type Resolved, resolveVersions, type Version } from '../iter/resolve.ts';
import type { TableInfo } from '../model/tree.ts';
import { SKIPPED_NAMED_MAX, type TraceSink } from './trace.ts';
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

/** Whether the bounds of `t` hold the user key. */
export function mayHold(order: KeyOrder, t: TableInfo, key: Uint8Array): boolean {
  const compare = order.compareUser;
  return (
    compare(key, 0, key.length, t.smallest.key, 0, t.smallest.key.length) >= 0 &&
    compare(key, 0, key.length, t.largest.key, 0, t.largest.key.length) <= 0
  );
}

/** The first table of a sorted level that does not end before the user key. */
export function firstCandidate(order: KeyOrder, tables: readonly TableInfo[], key: Uint8Array): number {
  const compare = order.compareUser;
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

export class WholeGet {
  readonly #store: StoreView;
  readonly #family: FamilyVersion;
  readonly #damage: DamageLog;
  readonly #point: PointReader;
  /** Told of every step; undefined where nobody asks. */
  readonly #trace: TraceSink | undefined;

  constructor(
    store: StoreView,
    family: FamilyVersion,
    damage: DamageLog,
    point: PointReader,
    trace: TraceSink | undefined,
  ) {
    this.#store = store;
    this.#family = family;
    this.#damage = damage;
    this.#point = point;
    this.#trace = trace;
  }

  get(key: Uint8Array, at: number): Resolved | undefined {
    const { order } = this.#family;
    if (!order.known) return this.#search(key, at);
    const met = new MetTombstones(order);
    const context = { ...this.#store.context(this.#family, { at }, undefined), tombstones: met };
    const versions = this.#versions(key, at, met);
    if (!this.#store.snapshot.manifest.damaged) return this.#resolve(key, versions, context);
    // Tables that were found on disk stand in level 0 in no order that could be relied on.
    return this.#resolve(key, [...versions].sort(newestFirst), context);
  }

  #resolve(key: Uint8Array, versions: Iterable<Version>, context: ResolveContext): Resolved | undefined {
    const trace = this.#trace;
    if (trace === undefined) return resolveVersions(key, versions, context);
    const watched = { ...context, tombstones: trace.watching(context.tombstones) };
    const resolved = resolveVersions(key, trace.considering(versions), watched);
    trace.answered();
    return resolved;
  }

  /** Versions of the key, newest first, each source asked only when it is its turn. */
  *#versions(key: Uint8Array, at: number, met: MetTombstones): Generator<Version, void, void> {
    const { order, view } = this.#family;
    const target = seekKey(key, order, 'newest');
    yield* this.#inMemtable(key, target, at, met);
    for (const { level, tables } of view.levels) {
      if (level < this.#store.shared.dialect.overlapLevels) {
        for (const t of tables) {
          if (mayHold(order, t, key)) yield* this.#inTable(t, key, target, at, met);
          else if (this.#trace !== undefined) this.#trace.outOfRange(level, 1, [t]);
        }
        continue;
      }
      const first = firstCandidate(order, tables, key);
      if (this.#trace !== undefined) this.#traceSkipped(this.#trace, level, tables, first, key);
      for (let i = first; i < tables.length; i++) {
        const t = tables[i] as TableInfo;
        if (!mayHold(order, t, key)) break;
        yield* this.#inTable(t, key, target, at, met);
      }
    }
  }

  *#inMemtable(key: Uint8Array, target: Uint8Array, at: number, met: MetTombstones): Generator<Version, void, void> {
    const { order, state } = this.#family;
    const trace = this.#trace;
    const tombstones = this.#store.memtableTombstones(this.#family);
    met.add(tombstones);
    if (trace !== undefined) {
      trace.memtable();
      trace.tombstones(tombstones);
    }
    const memtable = this.#store.snapshot.replay.memtables.get(state.id);
    if (memtable === undefined || memtable.count === 0) return;
    const c = memtable.cursor();
    const ts = order.timestampSize;
    let found = 0;
    for (c.seek(target, at); c.valid; c.next()) {
      if (!sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) break;
      const version = versionOf(c, ts, -1, 0);
      if (trace !== undefined) trace.version(version);
      found++;
      yield version;
    }
    if (trace === undefined || found > 0 || at >= MAX_SEQUENCE) return;
    trace.answered();
    c.seek(target, MAX_SEQUENCE);
    if (c.valid && sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) trace.newerOnly();
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
    const trace = this.#trace;
    let table: TableReader | undefined;
    try {
      if (trace !== undefined) trace.table(info);
      table = store.acquire(info);
      if (trace !== undefined) trace.opened(table);
      this.#meetTombstones(info, table, met);
      const point = this.#point;
      let found = 0;
      let more = point.seekTable(info.number, table, order, target, at);
      while (more && point.isKey(key, key.length)) {
        const version = versionOf(point, order.timestampSize, info.level, info.number);
        if (trace !== undefined) trace.version(version);
        found++;
        yield version;
        more = point.advance();
      }
      if (trace !== undefined && found === 0) this.#traceNewer(trace, info, table, key, target, at);
    } catch (thrown) {
      if (thrown instanceof VanishedError) throw thrown;
      const at = table === undefined ? undefined : this.#point.blockOffset;
      const e = at === undefined ? toStoreError(thrown, { path: info.file }) : blockError(thrown, info.file, at);
      this.#damaged(e, info, true);
    } finally {
      if (table !== undefined) store.releaseTable(info, table);
    }
  }

  /** Where they are damaged the entries are still worth having, as a scan has them. */
  #meetTombstones(info: TableInfo, table: TableReader, met: MetTombstones): void {
    try {
      const tombstones = this.#store.tombstonesOf(info, table);
      if (tombstones.length > 0) met.add(tombstones);
      if (this.#trace !== undefined) this.#trace.tombstones(tombstones);
    } catch (thrown) {
      this.#damaged(toStoreError(thrown, { path: info.file }), info, false);
    }
  }

  #damaged(e: StoreError, info: TableInfo, whole: boolean): void {
    const problem = e.toProblem();
    this.#damage.report(problem, info.smallest.key, info.largest.key);
    if (this.#trace !== undefined) this.#trace.damaged(problem, whole);
  }

  #traceSkipped(trace: TraceSink, level: number, tables: readonly TableInfo[], first: number, key: Uint8Array): void {
    const { order } = this.#family;
    let end = first;
    while (end < tables.length && mayHold(order, tables[end] as TableInfo, key)) end++;
    const named = tables.slice(0, Math.min(first, SKIPPED_NAMED_MAX));
    if (named.length < SKIPPED_NAMED_MAX) named.push(...tables.slice(end, end + SKIPPED_NAMED_MAX - named.length));
    trace.outOfRange(level, tables.length - (end - first), named);
  }

  /** Whether no version was found only because those of the table are newer than `at`: no fault of its filter. */
  #traceNewer(
    trace: TraceSink,
    info: TableInfo,
    table: TableReader,
    key: Uint8Array,
    target: Uint8Array,
    at: number,
  ): void {
    trace.answered();
    if (at >= MAX_SEQUENCE || (info.largestSeq ?? MAX_SEQUENCE) <= at) return;
    const point = this.#point;
    point.trace = undefined;
    try {
      const { order } = this.#family;
      if (point.seekTable(info.number, table, order, target, MAX_SEQUENCE) && point.isKey(key, key.length)) {
        trace.newerOnly();
      }
    } catch {
      // The get itself did not need what is damaged.
    } finally {
      point.trace = trace;
    }
  }

  /** Without a known order every entry is compared, and the newest equal one wins. */
  #search(key: Uint8Array, at: number): Resolved | undefined {
    const versions: Version[] = [];
    const trace = this.#trace;
    const c = this.#store.versions(this.#family.state.id, {}, this.#damage);
    try {
      for (c.first(); c.valid; c.next()) {
        if (trace !== undefined) trace.walking(c.table);
        if (!sameBytes(c.keyBuffer, c.keyStart, c.keyLength, key, key.length)) continue;
        const version = versionOf(c, 0, c.level, c.table);
        if (trace !== undefined) trace.version(version);
        versions.push(version);
      }
    } finally {
      c.close();
    }
    versions.sort((a, b) => b.sequence - a.sequence);
    return this.#resolve(key, versions, this.#store.context(this.#family, { at }, undefined));
  }
}

function newestFirst(a: Version, b: Version): number {
  const { timestamp } = a;
  const byTime = timestamp === undefined || b.timestamp === undefined ? 0 : compareTimestamps(b.timestamp, timestamp);
  return byTime !== 0 ? byTime : b.sequence - a.sequence;
}

/** What a version is copied from. */
export type Entry = Pick<
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
