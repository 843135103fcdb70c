/** A key range as a person gives it, turned into bounds in the comparator's order. */
import { prefixEnd } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import type { Cursor } from './cursor.ts';
import type { KeyOrder } from './order.ts';

/** User keys without timestamps; `to` is exclusive; `prefix` narrows both; `key` is that one key, whatever the rest. */
export interface KeyRange {
  readonly from?: Uint8Array | undefined;
  readonly to?: Uint8Array | undefined;
  readonly prefix?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

export class Bounds {
  readonly order: KeyOrder;
  lower: Uint8Array | undefined;
  /** Keys equal to `lower` are outside. */
  lowerExclusive = false;
  upper: Uint8Array | undefined;
  upperInclusive = false;

  /** Throws INPUT for a prefix where prefixes are no ranges. */
  constructor(order: KeyOrder, range: KeyRange) {
    this.order = order;
    this.lower = range.from;
    this.upper = range.to;
    if (range.key !== undefined) {
      this.lower = this.upper = range.key;
      this.upperInclusive = true;
    } else if (range.prefix !== undefined && range.prefix.length > 0) this.#narrow(range.prefix);
  }

  /** In descending byte order the keys of a prefix run from its end (exclusive) down to itself. */
  #narrow(prefix: Uint8Array): void {
    if (this.order.prefixesAreRanges === false) {
      throw new StoreError('INPUT', `the order ${this.order.name} does not go by bytes: a prefix is no range of keys`, {
        mend: 'give the first and the last key of the range',
      });
    }
    const end = prefixEnd(prefix);
    const low = this.order.reversed ? end : prefix;
    const high = this.order.reversed ? prefix : end;
    if (low !== undefined && (this.lower === undefined || this.#compare(low, this.lower) >= 0)) {
      this.lower = low;
      this.lowerExclusive = this.order.reversed;
    }
    if (high !== undefined && (this.upper === undefined || this.#compare(high, this.upper) < 0)) {
      this.upper = high;
      this.upperInclusive = this.order.reversed;
    }
  }

  #compare(a: Uint8Array, b: Uint8Array): number {
    return this.order.compareUser(a, 0, a.length, b, 0, b.length);
  }

  /** Whether the user key of `c` stands behind the upper bound. */
  isPast(c: Cursor): boolean {
    const upper = this.upper;
    if (upper === undefined) return false;
    const d = this.order.compareUser(
      c.keyBuffer,
      c.keyStart,
      c.keyLength - this.order.timestampSize,
      upper,
      0,
      upper.length,
    );
    return this.upperInclusive ? d > 0 : d >= 0;
  }

  /** Whether the user key of `c` stands before the lower bound. */
  isBefore(c: Cursor): boolean {
    const lower = this.lower;
    if (lower === undefined) return false;
    const d = this.order.compareUser(
      c.keyBuffer,
      c.keyStart,
      c.keyLength - this.order.timestampSize,
      lower,
      0,
      lower.length,
    );
    return this.lowerExclusive ? d <= 0 : d < 0;
  }

  /** False if no key of [smallest, largest] can lie inside. Both without timestamps. */
  overlaps(smallest: Uint8Array, largest: Uint8Array): boolean {
    if (this.upper !== undefined) {
      const d = this.#compare(smallest, this.upper);
      if (this.upperInclusive ? d > 0 : d >= 0) return false;
    }
    return this.lower === undefined || this.#compare(largest, this.lower) >= 0;
  }
}

/** `key` followed by the timestamp that sorts first (newest) or last. */
export function seekKey(key: Uint8Array, order: KeyOrder, end: 'newest' | 'oldest'): Uint8Array {
  if (order.timestampSize === 0) return key;
  const out = new Uint8Array(key.length + order.timestampSize);
  out.set(key);
  out.fill(end === 'newest' ? 0xff : 0, key.length);
  return out;
}

export function sameBytes(a: Uint8Array, aStart: number, length: number, b: Uint8Array, bLength: number): boolean {
  if (length !== bLength) return false;
  // Neighbouring keys differ near their ends most often.
  for (let i = length - 1; i >= 0; i--) if (a[aStart + i] !== b[i]) return false;
  return true;
}
