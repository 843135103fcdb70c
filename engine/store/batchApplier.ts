/**
 * Applies the operations of write batches to the memtables of a store under replay: family filter,
 * user timestamps and two-phase commits (rocksdb-leveldb.md §1, §3, §10).
 */
import { hex } from '../base/bytes.ts';
import { corrupt, type Problem } from '../base/errors.ts';
import { walFileName } from '../formats/leveldb/names.ts';
import type { BatchVisitor, PrepareKind } from '../formats/leveldb/writeBatch.ts';
import { ValueType } from '../iter/cursor.ts';
import { Memtable, type MemtableBudget } from './memtable.ts';
import type { ReplayFamily } from './walReplay.ts';
import type { WalValues } from './walValues.ts';

/** A prepared transaction that is neither committed nor rolled back. */
export interface PendingTransaction {
  readonly xid: Uint8Array;
  /** The log that holds its prepared section. */
  readonly logNumber: number;
  readonly operations: number;
}

interface Operation {
  readonly family: number;
  readonly type: number;
  readonly keyStart: number;
  readonly keyLength: number;
  readonly valueStart: number;
  readonly valueLength: number;
}

/** A prepared section: its operations, as ranges of a copy of the record that it stood in. */
interface Prepared {
  readonly xid: Uint8Array;
  readonly logNumber: number;
  readonly recordOffset: number;
  readonly regular: boolean;
  readonly record: Uint8Array;
  readonly operations: readonly Operation[];
  readonly timestampSizes: ReadonlyMap<number, number>;
}

interface Target {
  readonly family: ReplayFamily;
  readonly memtable: Memtable;
  /** Bytes of user timestamp that keys of the current log carry. */
  recorded: number;
  /** Counts at the beginning of the batch, to undo it. */
  entriesBefore: number;
  tombstonesBefore: number;
}

const NO_SIZES: ReadonlyMap<number, number> = new Map();

export class BatchApplier implements BatchVisitor {
  readonly memtables = new Map<number, Memtable>();
  readonly problems: Problem[] = [];

  readonly #targets = new Map<number, Target>();
  readonly #prepared = new Map<string, Prepared>();
  #logNumber = 0;
  #record: Uint8Array = new Uint8Array(0);
  #recordOffset = 0;
  #regular = true;
  #sizes: ReadonlyMap<number, number> = NO_SIZES;
  /** Operations of the prepared section that is being read. */
  #section: Operation[] | undefined;
  #lastFamily = -1;
  #lastTarget: Target | undefined;
  #warned = false;

  constructor(families: readonly ReplayFamily[], budget: MemtableBudget, values: WalValues) {
    for (const family of families) {
      const memtable = new Memtable(budget, values);
      this.memtables.set(family.id, memtable);
      this.#targets.set(family.id, { family, memtable, recorded: 0, entriesBefore: 0, tombstonesBefore: 0 });
    }
  }

  /** `timestampSizes` is the log reader's live map. */
  beginLog(number: number, timestampSizes: ReadonlyMap<number, number>): void {
    this.#logNumber = number;
    this.#sizes = timestampSizes;
    this.#lastFamily = -1;
    for (const t of this.#targets.values()) t.memtable.logNumber = number;
  }

  /** `regular`: see `LogReader`. */
  beginBatch(record: Uint8Array, recordOffset: number, regular: boolean): void {
    this.#record = record;
    this.#regular = regular;
    this.#recordOffset = recordOffset;
    this.#section = undefined;
    for (const t of this.#targets.values()) {
      t.entriesBefore = t.memtable.count;
      t.tombstonesBefore = t.memtable.rangeTombstones.length;
      t.memtable.recordOffset = recordOffset;
      t.memtable.canRefer = regular;
    }
  }

  undoBatch(): void {
    for (const t of this.#targets.values()) t.memtable.truncate(t.entriesBefore, t.tombstonesBefore);
  }

  pending(): PendingTransaction[] {
    return [...this.#prepared.values()].map((p) => ({
      xid: p.xid,
      logNumber: p.logNumber,
      operations: p.operations.length,
    }));
  }

  entry(
    family: number,
    type: number,
    sequence: number,
    buffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    if (this.#section !== undefined) {
      this.#section.push({ family, type, keyStart, keyLength, valueStart, valueLength });
      return;
    }
    const target = this.#targetOf(family);
    if (target === undefined) return;
    this.#add(target, type, sequence, buffer, keyStart, keyLength, valueStart, valueLength, this.#sizes, undefined);
  }

  deleteRange(
    family: number,
    sequence: number,
    buffer: Uint8Array,
    beginStart: number,
    beginLength: number,
    endStart: number,
    endLength: number,
  ): number {
    const o: Operation = {
      family,
      type: ValueType.rangeDeletion,
      keyStart: beginStart,
      keyLength: beginLength,
      valueStart: endStart,
      valueLength: endLength,
    };
    if (this.#section !== undefined) {
      this.#section.push(o);
      return 1;
    }
    const target = this.#targetOf(family);
    return target === undefined ? 1 : this.#addRange(target, o, sequence, buffer, this.#sizes, undefined);
  }

  beginPrepare(kind: PrepareKind): void {
    this.#section = [];
    if (kind === 'write-committed' || this.#warned) return;
    this.#warned = true;
    this.problems.push({
      code: 'UNSUPPORTED',
      path: walFileName(this.#logNumber),
      offset: this.#recordOffset,
      message: `transactions of the policy ${kind}: sequence numbers in the log are guesses, and tables may show data that was never committed`,
    });
  }

  endPrepare(xid: Uint8Array): void {
    const section = this.#section ?? [];
    this.#section = undefined;
    const id = xid.slice();
    this.#prepared.set(hex(id), {
      xid: id,
      logNumber: this.#logNumber,
      recordOffset: this.#recordOffset,
      regular: this.#regular,
      record: this.#record.slice(),
      operations: section,
      timestampSizes: new Map(this.#sizes),
    });
  }

  commit(xid: Uint8Array, sequence: number, timestamp: Uint8Array | undefined): number {
    const name = hex(xid);
    const prepared = this.#prepared.get(name);
    // Its section lies in a log that is gone: the data are in tables.
    if (prepared === undefined) return 0;
    this.#prepared.delete(name);
    const { record, operations, timestampSizes } = prepared;
    let next = sequence;
    for (const o of operations) {
      const target = this.#targetOf(o.family);
      if (target !== undefined && o.type === ValueType.rangeDeletion) {
        next += this.#addRange(target, o, next, record, timestampSizes, timestamp);
        continue;
      }
      if (target !== undefined) this.#addPrepared(target, o, next, prepared, timestamp);
      next++;
    }
    return next - sequence;
  }

  rollback(xid: Uint8Array): void {
    this.#prepared.delete(hex(xid));
  }

  /** The family's memtable, unless this log is older than its tables or the family is unknown. */
  #targetOf(family: number): Target | undefined {
    if (family === this.#lastFamily) return this.#lastTarget;
    const target = this.#targets.get(family);
    this.#lastFamily = family;
    this.#lastTarget = target === undefined || this.#logNumber < target.family.logNumber ? undefined : target;
    return this.#lastTarget;
  }

  #addPrepared(
    target: Target,
    o: Operation,
    sequence: number,
    from: Prepared,
    timestamp: Uint8Array | undefined,
  ): void {
    const { memtable } = target;
    memtable.logNumber = from.logNumber;
    memtable.recordOffset = from.recordOffset;
    memtable.canRefer = from.regular;
    const { record, timestampSizes } = from;
    this.#add(
      target,
      o.type,
      sequence,
      record,
      o.keyStart,
      o.keyLength,
      o.valueStart,
      o.valueLength,
      timestampSizes,
      timestamp,
    );
    memtable.logNumber = this.#logNumber;
    memtable.recordOffset = this.#recordOffset;
    memtable.canRefer = this.#regular;
  }

  /** Returns the sequence numbers taken: an empty range takes none and leaves no tombstone. */
  #addRange(
    target: Target,
    o: Operation,
    sequence: number,
    buffer: Uint8Array,
    sizes: ReadonlyMap<number, number>,
    timestamp: Uint8Array | undefined,
  ): number {
    const begin = this.#key(target, buffer, o.keyStart, o.keyLength, sizes, timestamp);
    const end = this.#key(target, buffer, o.valueStart, o.valueLength, sizes, timestamp);
    const { compare } = target.family.order;
    if (compare(begin, 0, begin.length, end, 0, end.length) >= 0) return 0;
    target.memtable.addRangeTombstone(begin, end, sequence);
    return 1;
  }

  #add(
    target: Target,
    type: number,
    sequence: number,
    buffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
    sizes: ReadonlyMap<number, number>,
    timestamp: Uint8Array | undefined,
  ): void {
    const size = target.family.order.timestampSize;
    if (size === 0 && sizes.size === 0) {
      target.memtable.add(type, sequence, buffer, keyStart, keyLength, buffer, valueStart, valueLength);
      return;
    }
    const key = this.#key(target, buffer, keyStart, keyLength, sizes, timestamp);
    // In a log both deletions have one tag; in memtables and tables they do not.
    const kept = size > 0 && type === ValueType.deletion ? ValueType.deletionWithTimestamp : type;
    target.memtable.add(kept, sequence, key, 0, key.length, buffer, valueStart, valueLength);
  }

  /**
   * A copy of the key with as many bytes of user timestamp as the family's comparator expects: a
   * family may have gained or lost its timestamps since the log was written, and a transaction gets
   * its timestamp when it commits.
   */
  #key(
    target: Target,
    buffer: Uint8Array,
    start: number,
    length: number,
    sizes: ReadonlyMap<number, number>,
    timestamp: Uint8Array | undefined,
  ): Uint8Array {
    const { id, order, timestampsPersisted } = target.family;
    const expected = order.timestampSize;
    // Logs of engines before 8.1 do not state sizes: their keys are as the comparator has them.
    const recorded = sizes.get(id) ?? (timestampsPersisted === false ? 0 : expected);
    if (recorded > length) throw corrupt(`key of ${length} bytes is shorter than its user timestamp`);
    const bare = recorded === expected ? length : length - recorded;
    const total = recorded === expected ? length : bare + expected;
    const key = new Uint8Array(total);
    key.set(buffer.subarray(start, start + bare));
    if (timestamp !== undefined && timestamp.length === expected) key.set(timestamp, total - expected);
    return key;
  }
}
