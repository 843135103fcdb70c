/**
 * What a reader sees of a merged walk over all versions: one entry a user key, as of a sequence
 * number, without what is deleted, with merges, blobs and entities resolved.
 *
 * A plain put, the common case, passes through without an allocation; everything else is gathered
 * into `Version`s and decided by `resolveVersions`.
 */
import { EMPTY } from '../base/bytes.ts';
import type { Problem } from '../base/errors.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from './cursor.ts';
import { MergingCursor } from './merging.ts';
import type { KeyOrder } from './order.ts';
import { type Bounds, sameBytes, seekKey } from './range.ts';
import {
  type Column,
  isDeletion,
  type ResolveContext,
  type Resolved,
  resolveVersions,
  type Version,
} from './resolve.ts';

export interface VisibleEntries {
  readonly valid: boolean;
  /** User key without its timestamp. Bytes are valid until the next move. */
  readonly keyBuffer: Uint8Array;
  readonly keyStart: number;
  readonly keyLength: number;
  readonly sequence: number;
  readonly type: number;
  /** False where there is no single value: unresolved merges, unreadable blobs. */
  readonly hasValue: boolean;
  readonly valueBuffer: Uint8Array;
  readonly valueStart: number;
  readonly valueLength: number;
  readonly level: number;
  readonly table: number;
  readonly timestamp: Uint8Array | undefined;
  readonly columns: readonly Column[] | undefined;
  readonly operands: readonly Uint8Array[] | undefined;
  readonly base: Uint8Array | undefined;
  readonly problem: Problem | undefined;
  first(): void;
  next(): void;
  close(): void;
}

abstract class VisibleBase implements VisibleEntries {
  valid = false;
  keyBuffer: Uint8Array = EMPTY;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  type = 0;
  hasValue = true;
  valueBuffer: Uint8Array = EMPTY;
  valueStart = 0;
  valueLength = 0;
  level = 0;
  table = 0;
  timestamp: Uint8Array | undefined;
  columns: readonly Column[] | undefined;
  operands: readonly Uint8Array[] | undefined;
  base: Uint8Array | undefined;
  problem: Problem | undefined;

  protected readonly source: Cursor;
  protected readonly merge: MergingCursor | undefined;
  protected readonly order: KeyOrder;
  protected readonly bounds: Bounds;
  protected readonly context: ResolveContext;

  constructor(source: Cursor, order: KeyOrder, bounds: Bounds, context: ResolveContext) {
    this.source = source;
    this.merge = source instanceof MergingCursor ? source : undefined;
    this.order = order;
    this.bounds = bounds;
    this.context = context;
  }

  abstract first(): void;
  abstract next(): void;

  close(): void {
    this.valid = false;
    this.source.close();
  }

  /** The cursor that really holds the current entry. */
  protected current(): Cursor | undefined {
    if (this.merge !== undefined) return this.merge.current;
    return this.source.valid ? this.source : undefined;
  }

  /** Its user timestamp is later than the one that is read as of. Timestamps are little-endian. */
  protected isLater(c: Cursor): boolean {
    const limit = this.context.atTimestamp;
    if (limit === undefined) return false;
    const start = c.keyStart + c.keyLength - limit.length;
    for (let i = limit.length - 1; i >= 0; i--) {
      const difference = (c.keyBuffer[start + i] as number) - (limit[i] as number);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  protected versionOf(c: Cursor): Version {
    const ts = this.order.timestampSize;
    const keyEnd = c.keyStart + c.keyLength;
    return {
      type: c.type,
      sequence: c.sequence,
      value: c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength),
      level: c.level,
      table: c.table,
      timestamp: ts === 0 ? undefined : c.keyBuffer.slice(keyEnd - ts, keyEnd),
    };
  }

  /** Shows a resolved entry under a key with memory of its own. */
  protected show(key: Uint8Array, length: number, r: Resolved): void {
    this.keyBuffer = key;
    this.keyStart = 0;
    this.keyLength = length;
    this.sequence = r.sequence;
    this.type = r.type;
    this.level = r.level;
    this.table = r.table;
    this.timestamp = r.timestamp;
    const value = r.value ?? EMPTY;
    this.hasValue = r.value !== undefined;
    this.valueBuffer = value;
    this.valueStart = 0;
    this.valueLength = value.length;
    this.columns = r.columns;
    this.operands = r.operands;
    this.base = r.base;
    this.problem = r.problem;
    this.valid = true;
  }
}

/** Keys ascending in the family's order. */
export class VisibleCursor extends VisibleBase {
  /** The last user key that was decided; its older versions are passed over. */
  #last: Uint8Array = new Uint8Array(256);
  #lastLength = -1;
  /** The source still stands on the entry that is shown. */
  #onShown = false;

  first(): void {
    this.#lastLength = -1;
    this.#onShown = false;
    const { lower } = this.bounds;
    if (lower === undefined) this.source.first();
    else this.source.seek(seekKey(lower, this.order, 'newest'), MAX_SEQUENCE);
    this.#find();
  }

  next(): void {
    if (!this.valid) return;
    if (this.#onShown) {
      this.#onShown = false;
      this.#remember(this.keyBuffer, this.keyStart, this.keyLength);
      this.source.next();
    }
    this.#find();
  }

  #find(): void {
    const { source, context, bounds } = this;
    const { tombstones, at } = context;
    const ts = this.order.timestampSize;
    const hasUpper = bounds.upper !== undefined;
    let c = this.current();
    while (c !== undefined) {
      const length = c.keyLength - ts;
      if (
        c.sequence > at ||
        (ts > 0 && this.isLater(c)) ||
        (this.#lastLength >= 0 && sameBytes(c.keyBuffer, c.keyStart, length, this.#last, this.#lastLength)) ||
        (bounds.lowerExclusive && bounds.isBefore(c))
      ) {
        source.next();
        c = this.current();
        continue;
      }
      if (hasUpper && bounds.isPast(c)) break;
      if (c.type !== ValueType.value || (tombstones !== undefined && ts > 0)) {
        // Older versions of the key, where any are left, fall to the test above.
        if (this.#slow(c, length)) return;
        c = this.current();
        continue;
      }
      if (tombstones !== undefined && tombstones.covering(c.keyBuffer, c.keyStart, length, at) > c.sequence) {
        this.#remember(c.keyBuffer, c.keyStart, length);
        source.next();
        c = this.current();
        continue;
      }
      this.keyBuffer = c.keyBuffer;
      this.keyStart = c.keyStart;
      this.keyLength = length;
      this.sequence = c.sequence;
      this.type = ValueType.value;
      this.hasValue = true;
      this.valueBuffer = c.valueBuffer;
      this.valueStart = c.valueStart;
      this.valueLength = c.valueLength;
      this.level = c.level;
      this.table = c.table;
      if (ts > 0) this.timestamp = c.keyBuffer.slice(c.keyStart + length, c.keyStart + length + ts);
      if (this.columns !== undefined || this.operands !== undefined || this.problem !== undefined) this.#clearExtras();
      this.#onShown = true;
      this.valid = true;
      return;
    }
    this.valid = false;
  }

  /**
   * An entry that needs more than a look: a deletion, a merge, blob or entity. Leaves the source on the
   * last entry that it looked at, which may be of the next key already. True if an entry is shown.
   */
  #slow(c: Cursor, length: number): boolean {
    this.#remember(c.keyBuffer, c.keyStart, length);
    if (isDeletion(c.type)) return false;
    const key = this.#last.slice(0, this.#lastLength);
    const resolved = resolveVersions(key, this.#versions(key), this.context);
    if (resolved === undefined) return false;
    this.show(key, key.length, resolved);
    return true;
  }

  /** Versions of `key` from the source, which moves only when another one is asked for. */
  *#versions(key: Uint8Array): Generator<Version, void, void> {
    const ts = this.order.timestampSize;
    for (let c = this.current(); c !== undefined; c = this.current()) {
      if (!sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) return;
      yield this.versionOf(c);
      this.source.next();
    }
  }

  #remember(b: Uint8Array, start: number, length: number): void {
    if (length > this.#last.length) this.#last = new Uint8Array(length * 2);
    const last = this.#last;
    for (let i = 0; i < length; i++) last[i] = b[start + i] as number;
    this.#lastLength = length;
  }

  #clearExtras(): void {
    this.columns = undefined;
    this.operands = undefined;
    this.base = undefined;
    this.problem = undefined;
  }
}

/** Keys descending. Needs a `MergingCursor`; gathers each key's versions before it can decide. */
export class ReverseVisibleCursor extends VisibleBase {
  first(): void {
    const { merge, bounds } = this;
    if (merge === undefined) return;
    const { upper } = bounds;
    if (upper === undefined) merge.last();
    else if (bounds.upperInclusive) merge.seekBefore(seekKey(upper, this.order, 'oldest'), -1);
    else merge.seekBefore(seekKey(upper, this.order, 'newest'), MAX_SEQUENCE);
    this.next();
  }

  next(): void {
    const ts = this.order.timestampSize;
    const source = this.source;
    for (let c = this.current(); c !== undefined; c = this.current()) {
      if (this.bounds.isBefore(c)) break;
      const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength - ts);
      const versions: Version[] = [];
      while (c !== undefined && sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) {
        if (c.sequence <= this.context.at && !this.isLater(c)) versions.push(this.versionOf(c));
        source.prev();
        c = this.current();
      }
      versions.reverse();
      const resolved = resolveVersions(key, versions, this.context);
      if (resolved !== undefined) {
        this.show(key, key.length, resolved);
        return;
      }
    }
    this.valid = false;
  }
}
