/**
 * Range deletions of one family, cut into fragments that do not overlap, so that "what covers this
 * key" is one binary search (rocksdb-leveldb.md §4, "Range tombstones").
 */
import { compareBytes, EMPTY } from '../base/bytes.ts';
import type { Cursor } from './cursor.ts';
import { ValueType } from './cursor.ts';
import type { KeyOrder } from './order.ts';
import type { Covering } from './resolve.ts';

export interface RangeTombstone {
  /** User keys without timestamps; `end` is exclusive. */
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
  readonly sequence: number;
  /** User timestamp, where the comparator has one. */
  readonly timestamp?: Uint8Array | undefined;
  readonly level: number;
  readonly table: number;
}

/** A stretch of user keys over which the set of tombstones is constant. */
export interface Fragment {
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
  /** Tombstones that cover the fragment, newest first. */
  readonly covering: readonly RangeTombstone[];
}

/** Little-endian comparison of timestamps. */
export function compareTimestamps(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a.toReversed(), b.toReversed());
}

export class RangeTombstones implements Covering {
  readonly list: readonly RangeTombstone[];
  readonly #fragments: readonly Fragment[];
  readonly #order: KeyOrder;
  #hint = 0;

  constructor(tombstones: readonly RangeTombstone[], order: KeyOrder) {
    const byUser = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
    this.#order = order;
    this.list = tombstones.filter((t) => byUser(t.begin, t.end) < 0);
    this.#fragments = fragment(this.list, byUser);
  }

  get empty(): boolean {
    return this.#fragments.length === 0;
  }

  /** In key order, without overlap. */
  get fragments(): readonly Fragment[] {
    return this.#fragments;
  }

  /**
   * Sequence number of the newest tombstone, not newer than `at`, that covers the user key b[start,
   * +length) (given without timestamp); -1 if there is none. With timestamps, only tombstones at or
   * above the entry's `timestamp` count.
   */
  covering(b: Uint8Array, start: number, length: number, at: number, timestamp?: Uint8Array): number {
    const f = this.#find(b, start, length);
    if (f === undefined) return -1;
    for (const t of f.covering) {
      if (t.sequence > at) continue;
      if (timestamp !== undefined && t.timestamp !== undefined && compareTimestamps(t.timestamp, timestamp) < 0)
        continue;
      return t.sequence;
    }
    return -1;
  }

  #find(b: Uint8Array, start: number, length: number): Fragment | undefined {
    const fragments = this.#fragments;
    const compare = this.#order.compareUser;
    // A scan asks in order: most often the answer is the last fragment or the gap behind it.
    const hinted = fragments[this.#hint];
    if (hinted !== undefined && compare(b, start, length, hinted.begin, 0, hinted.begin.length) >= 0) {
      if (compare(b, start, length, hinted.end, 0, hinted.end.length) < 0) return hinted;
      const after = fragments[this.#hint + 1];
      if (after === undefined || compare(b, start, length, after.begin, 0, after.begin.length) < 0) return undefined;
    }
    let low = 0;
    let high = fragments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const f = fragments[middle] as Fragment;
      if (compare(b, start, length, f.end, 0, f.end.length) >= 0) low = middle + 1;
      else high = middle;
    }
    const f = fragments[low];
    if (f === undefined) return undefined;
    this.#hint = low;
    return compare(b, start, length, f.begin, 0, f.begin.length) >= 0 ? f : undefined;
  }
}

/** Sweeps over all begins and ends; between two neighbours the set of covering tombstones is constant. */
function fragment(
  tombstones: readonly RangeTombstone[],
  compare: (a: Uint8Array, b: Uint8Array) => number,
): Fragment[] {
  const starts = [...tombstones].sort((a, b) => compare(a.begin, b.begin));
  const borders = tombstones.flatMap((t) => [t.begin, t.end]).sort(compare);
  const fragments: Fragment[] = [];
  let active: RangeTombstone[] = [];
  let next = 0;
  for (let i = 0; i + 1 < borders.length; i++) {
    const begin = borders[i] as Uint8Array;
    const end = borders[i + 1] as Uint8Array;
    if (compare(begin, end) === 0) continue;
    while (next < starts.length && compare((starts[next] as RangeTombstone).begin, begin) <= 0) {
      active.push(starts[next++] as RangeTombstone);
    }
    active = active.filter((t) => compare(t.end, begin) > 0);
    if (active.length > 0) {
      fragments.push({ begin, end, covering: [...active].sort((a, b) => b.sequence - a.sequence) });
    }
  }
  return fragments;
}

/** The tombstones themselves as entries, for walks over all versions: key is the begin, value the end. */
export class TombstoneCursor implements Cursor {
  keyBuffer: Uint8Array = EMPTY;
  readonly keyStart = 0;
  keyLength = 0;
  sequence = 0;
  readonly type = ValueType.rangeDeletion;
  valueBuffer: Uint8Array = EMPTY;
  readonly valueStart = 0;
  valueLength = 0;
  level = 0;
  table = 0;
  valid = false;
  readonly #sorted: readonly { key: Uint8Array; t: RangeTombstone }[];
  readonly #order: KeyOrder;
  #at = -1;

  constructor(list: readonly RangeTombstone[], order: KeyOrder) {
    this.#order = order;
    this.#sorted = list
      .map((t) => ({ key: withTimestamp(t, order.timestampSize), t }))
      .sort((a, b) => order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.t.sequence - a.t.sequence);
  }

  first(): void {
    this.#go(0);
  }
  last(): void {
    this.#go(this.#sorted.length - 1);
  }
  next(): void {
    this.#go(this.#at + 1);
  }
  prev(): void {
    this.#go(this.#at - 1);
  }
  seek(key: Uint8Array, sequence: number): void {
    const i = this.#sorted.findIndex((e) => {
      const c = this.#order.compare(e.key, 0, e.key.length, key, 0, key.length);
      return c > 0 || (c === 0 && e.t.sequence <= sequence);
    });
    this.#go(i < 0 ? this.#sorted.length : i);
  }
  close(): void {
    this.valid = false;
  }

  #go(i: number): void {
    this.#at = i;
    const e = this.#sorted[i];
    this.valid = e !== undefined;
    if (e === undefined) return;
    this.keyBuffer = e.key;
    this.keyLength = e.key.length;
    this.valueBuffer = e.t.end;
    this.valueLength = e.t.end.length;
    this.sequence = e.t.sequence;
    this.level = e.t.level;
    this.table = e.t.table;
  }
}

function withTimestamp(t: RangeTombstone, size: number): Uint8Array {
  if (size === 0) return t.begin;
  const key = new Uint8Array(t.begin.length + size);
  key.set(t.begin);
  if (t.timestamp !== undefined) key.set(t.timestamp, t.begin.length);
  return key;
}
