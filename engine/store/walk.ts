/**
 * The walks that a query can be: visible entries in either direction, all versions, or the entries of
 * one table or block. One shape for all, so that counting, paging and printing are written once.
 */
import { StoreError } from '../base/errors.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import { Bounds, sameBytes, seekKey } from '../iter/range.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import type { EntryRow, QueryParams } from '../model/answers.ts';
import type { EntryView } from '../model/entryView.ts';
import { versionRow, visibleRow } from './rows.ts';
import type { StoreView } from './view.ts';

/** A place in a walk that it can be taken up from again. */
export interface Bookmark {
  readonly key: Uint8Array;
  readonly sequence: number;
  /** Of entries with one key and sequence number (a put and a range deletion that were ingested together). */
  readonly type?: number;
  readonly table?: number;
}

export interface Walk {
  readonly valid: boolean;
  /** The entry that it stands on, valid until the next move. */
  readonly entry: EntryView;
  /** Bytes of the current entry's key and value. */
  readonly bytes: number;
  /** False where the walk can only be started from its beginning. */
  readonly seekable: boolean;
  start(from?: Bookmark): void;
  next(): void;
  bookmark(): Bookmark;
  row(previewBytes: number): EntryRow;
  close(): void;
}

export function openWalk(view: StoreView, params: QueryParams, damage: DamageLog): Walk {
  if (params.table !== undefined) return new TableWalk(view, params.table, params.block, damage);
  const known = view.family(params.family).order.known;
  if (params.atTimestamp !== undefined && (params.allVersions === true || !known)) {
    throw new StoreError('INPUT', 'all versions are told with their timestamps, not as of one');
  }
  if (params.allVersions === true || !known) return new VersionWalk(view, params, damage);
  return new VisibleWalk(view, params, damage);
}

/** A version as it is stored, as whoever picks among entries sees it. */
class StoredEntry implements EntryView {
  readonly #cursor: Cursor;
  readonly #timestampBytes: number;

  constructor(cursor: Cursor, timestampBytes: number) {
    this.#cursor = cursor;
    this.#timestampBytes = timestampBytes;
  }
  get keyBuffer(): Uint8Array {
    return this.#cursor.keyBuffer;
  }
  get keyStart(): number {
    return this.#cursor.keyStart;
  }
  get keyLength(): number {
    return this.#cursor.keyLength - this.#timestampBytes;
  }
  get hasValue(): boolean {
    const { type } = this.#cursor;
    return type === ValueType.value || type === ValueType.merge || type === ValueType.valuePreferredSeqno;
  }
  get valueBuffer(): Uint8Array {
    return this.#cursor.valueBuffer;
  }
  get valueStart(): number {
    return this.#cursor.valueStart;
  }
  get valueLength(): number {
    return this.#cursor.valueLength;
  }
  get sequence(): number {
    return this.#cursor.sequence;
  }
  get type(): number {
    return this.#cursor.type;
  }
  get level(): number {
    return this.#cursor.level;
  }
  get table(): number {
    return this.#cursor.table;
  }
}

class VisibleWalk implements Walk {
  readonly seekable = true;
  readonly #view: StoreView;
  readonly #params: QueryParams;
  readonly #damage: DamageLog;
  #entries: VisibleEntries;

  constructor(view: StoreView, params: QueryParams, damage: DamageLog) {
    this.#view = view;
    this.#params = params;
    this.#damage = damage;
    this.#entries = view.scan(params.family, params, damage);
  }

  get valid(): boolean {
    return this.#entries.valid;
  }
  get entry(): EntryView {
    return this.#entries;
  }
  get bytes(): number {
    return this.#entries.keyLength + this.#entries.valueLength;
  }

  start(from?: Bookmark): void {
    if (from !== undefined) {
      this.#entries.close();
      const { reverse, ...rest } = this.#params;
      // Going down, the bookmark is an upper bound, and the smallest key after it keeps it inside.
      const params = reverse === true ? { ...rest, reverse, to: this.#after(from.key) } : { ...rest, from: from.key };
      this.#entries = this.#view.scan(this.#params.family, params, this.#damage);
    }
    this.#entries.first();
    if (from !== undefined && this.#params.reverse === true) this.#skipTo(from.key);
  }

  next(): void {
    this.#entries.next();
  }

  bookmark(): Bookmark {
    const e = this.#entries;
    return { key: e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength), sequence: e.sequence };
  }

  row(previewBytes: number): EntryRow {
    const row = visibleRow(this.#entries, previewBytes);
    if (row.problem !== undefined) this.#damage.report(row.problem, row.key, row.key);
    return row;
  }

  close(): void {
    this.#entries.close();
  }

  /** A bound that lets `key` itself through and, bytewise, nothing behind it. */
  #after(key: Uint8Array): Uint8Array | undefined {
    const { order } = this.#view.family(this.#params.family);
    if (order.reversed) return this.#params.to;
    const after = new Uint8Array(key.length + 1);
    after.set(key);
    return after;
  }

  #skipTo(key: Uint8Array): void {
    const { order } = this.#view.family(this.#params.family);
    const e = this.#entries;
    while (e.valid && order.compareUser(e.keyBuffer, e.keyStart, e.keyLength, key, 0, key.length) > 0) e.next();
  }
}

class VersionWalk implements Walk {
  readonly seekable: boolean;
  readonly entry: EntryView;
  readonly #cursor: Cursor;
  readonly #view: StoreView;
  readonly #family: number;
  readonly #bounds: Bounds;
  readonly #at: number;

  constructor(view: StoreView, params: QueryParams, damage: DamageLog) {
    this.#view = view;
    this.#family = params.family;
    const { order } = view.family(params.family);
    this.seekable = order.known;
    this.#bounds = new Bounds(order, params);
    this.#at = params.at ?? MAX_SEQUENCE;
    this.#cursor = view.versions(params.family, params, damage);
    this.entry = new StoredEntry(this.#cursor, order.timestampSize);
  }

  get #done(): boolean {
    return this.seekable && this.#bounds.isPast(this.#cursor);
  }
  get valid(): boolean {
    return this.#cursor.valid && !this.#done;
  }
  get bytes(): number {
    return this.#cursor.keyLength + this.#cursor.valueLength;
  }

  start(from?: Bookmark): void {
    const c = this.#cursor;
    const { lower, order } = this.#bounds;
    if (from !== undefined && this.seekable) this.#seek(from);
    else if (lower !== undefined && this.seekable) c.seek(seekKey(lower, order, 'newest'), MAX_SEQUENCE);
    else c.first();
    this.#skip();
  }

  next(): void {
    this.#cursor.next();
    this.#skip();
  }

  bookmark(): Bookmark {
    const c = this.#cursor;
    const key = c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
    return { key, sequence: c.sequence, type: c.type, table: c.table };
  }

  row(previewBytes: number): EntryRow {
    return versionRow(this.#cursor, this.#view.family(this.#family).order, previewBytes);
  }

  close(): void {
    this.#cursor.close();
  }

  #seek({ key, sequence, type, table }: Bookmark): void {
    const c = this.#cursor;
    c.seek(key, sequence);
    while (
      c.valid &&
      c.sequence === sequence &&
      (c.type !== type || c.table !== table) &&
      sameBytes(c.keyBuffer, c.keyStart, c.keyLength, key, key.length)
    ) {
      c.next();
    }
  }

  #skip(): void {
    const c = this.#cursor;
    // Without a known order the bounds are no ends of the walk, but each key is still inside or not.
    const filtered = !this.seekable;
    while (c.valid && (c.sequence > this.#at || this.#bounds.isBefore(c) || (filtered && this.#bounds.isPast(c)))) {
      c.next();
    }
  }
}

class TableWalk implements Walk {
  readonly seekable: boolean;
  readonly entry: EntryView;
  readonly #cursor: ReturnType<StoreView['tableCursor']>;
  readonly #view: StoreView;
  readonly #family: number;
  readonly #block: number | undefined;

  constructor(view: StoreView, table: number, block: number | undefined, damage: DamageLog) {
    this.#view = view;
    this.#family = view.tableInfo(table).family;
    this.#block = block;
    this.seekable = view.family(this.#family).order.known && block === undefined;
    this.#cursor = view.tableCursor(table, damage);
    this.entry = new StoredEntry(this.#cursor, view.family(this.#family).order.timestampSize);
  }

  get valid(): boolean {
    return this.#cursor.valid && (this.#block === undefined || this.#cursor.blockIndex === this.#block);
  }
  get bytes(): number {
    return this.#cursor.keyLength + this.#cursor.valueLength;
  }

  start(from?: Bookmark): void {
    if (this.#block !== undefined) this.#cursor.onlyBlock(this.#block);
    else if (from !== undefined && this.seekable) this.#cursor.seek(from.key, from.sequence);
    else this.#cursor.first();
  }

  next(): void {
    this.#cursor.next();
  }

  bookmark(): Bookmark {
    const c = this.#cursor;
    return { key: c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength), sequence: c.sequence };
  }

  row(previewBytes: number): EntryRow {
    return versionRow(this.#cursor, this.#view.family(this.#family).order, previewBytes);
  }

  close(): void {
    this.#cursor.close();
  }
}
