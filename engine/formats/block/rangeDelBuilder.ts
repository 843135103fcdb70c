/**
 * Range tombstones of a table being written (rocksdb-leveldb.md §4, "Range tombstones"): a block with
 * restart interval 1 of {begin ‖ tag} → end, and what they do to the table's boundary keys.
 */
import { writeU32 } from '../../base/bytes.ts';
import { ValueType } from '../../iter/cursor.ts';
import type { KeyOrder } from '../../iter/order.ts';
import { BlockBuilder } from './blockBuilder.ts';

interface Tombstone {
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
  readonly sequence: number;
}

const NONE = new Uint8Array(0);

function internal(key: Uint8Array, tagLow: number, tagHigh: number): Uint8Array {
  const b = new Uint8Array(key.length + 8);
  b.set(key);
  writeU32(b, key.length, tagLow);
  writeU32(b, key.length + 4, tagHigh);
  return b;
}

function beginKey(t: Tombstone): Uint8Array {
  const high = Math.floor(t.sequence / 0x100_0000);
  return internal(t.begin, (((t.sequence - high * 0x100_0000) << 8) | ValueType.rangeDeletion) >>> 0, high);
}

/** The end as a boundary: the largest sequence number says that the key itself is not covered. */
function endKey(t: Tombstone): Uint8Array {
  return internal(t.end, 0xffff_ff00 | ValueType.rangeDeletion, 0xffff_ffff);
}

export class RangeTombstoneList {
  bytes = 0;
  smallestSeq = Number.POSITIVE_INFINITY;
  largestSeq = -1;
  readonly #order: KeyOrder;
  #list: Tombstone[] = [];

  constructor(order: KeyOrder) {
    this.#order = order;
  }

  get count(): number {
    return this.#list.length;
  }

  get keyBytes(): number {
    return this.#list.reduce((sum, t) => sum + t.begin.length + 8, 0);
  }

  get valueBytes(): number {
    return this.#list.reduce((sum, t) => sum + t.end.length, 0);
  }

  /** Empty ranges are left out. */
  add(begin: Uint8Array, end: Uint8Array, sequence: number): void {
    if (this.#order.compare(begin, 0, begin.length, end, 0, end.length) >= 0) return;
    this.#list.push({ begin: begin.slice(), end: end.slice(), sequence });
    this.bytes += begin.length + end.length + 16;
    this.smallestSeq = Math.min(this.smallestSeq, sequence);
    this.largestSeq = Math.max(this.largestSeq, sequence);
  }

  /** Begin ascending, then newest first; of two with the same begin and sequence the longer one stays. */
  sort(): void {
    const { compare } = this.#order;
    const byKey = (a: Uint8Array, b: Uint8Array): number => compare(a, 0, a.length, b, 0, b.length);
    this.#list.sort((a, b) => byKey(a.begin, b.begin) || b.sequence - a.sequence || byKey(b.end, a.end));
    this.#list = this.#list.filter((t, i) => {
      const before = this.#list[i - 1];
      return before === undefined || before.sequence !== t.sequence || byKey(before.begin, t.begin) !== 0;
    });
  }

  build(): BlockBuilder {
    const block = new BlockBuilder(1);
    for (const t of this.#list) block.add(0, beginKey(t), t.end);
    return block;
  }

  /** The table's boundary keys: those of its points, widened by the tombstones. Call `sort` before. */
  bounds(
    firstPoint: Uint8Array | undefined,
    lastPoint: Uint8Array | undefined,
  ): { smallest: Uint8Array; largest: Uint8Array } {
    let smallest = firstPoint;
    let largest = lastPoint;
    const first = this.#list[0];
    if (first !== undefined) {
      const key = beginKey(first);
      if (smallest === undefined || this.#compare(key, smallest) < 0) smallest = key;
    }
    for (const t of this.#list) {
      const key = endKey(t);
      if (largest === undefined || this.#compare(key, largest) > 0) largest = key;
    }
    return { smallest: smallest ?? NONE, largest: largest ?? NONE };
  }

  /** Order of internal keys. */
  #compare(a: Uint8Array, b: Uint8Array): number {
    const order = this.#order.compare(a, 0, a.length - 8, b, 0, b.length - 8);
    if (order !== 0) return order;
    for (let i = 7; i >= 0; i--) {
      const d = (b[b.length - 8 + i] as number) - (a[a.length - 8 + i] as number);
      if (d !== 0) return d;
    }
    return 0;
  }
}
