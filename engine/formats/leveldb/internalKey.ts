/**
 * Internal keys: `user_key ‖ f64((sequence << 8) | type)` (rocksdb-leveldb.md §4).
 *
 * Order: user key ascending by the family's comparator, then the packed number descending, so that
 * the newest version of a key comes first. Shared by LevelDB and RocksDB.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { ValueType } from '../../iter/cursor.ts';
import type { KeyCompare } from '../../iter/order.ts';
import type { Bound, EntryTypeName } from '../../model/tree.ts';
import { EXPIRY_BYTES, isExpiring } from '../block/blockCursor.ts';

/** Bytes behind the user key. */
export const INTERNAL_FOOTER = 8;

/** Sequence number of the internal key that ends at `end`; the largest, 2^56 - 1, rounds up to 2^56. */
export function sequenceAt(b: Uint8Array, end: number): number {
  return (readU32(b, end - 8) >>> 8) + readU32(b, end - 4) * 0x100_0000;
}

/** Value type of the internal key that ends at `end`. */
export function typeAt(b: Uint8Array, end: number): number {
  return b[end - 8] as number;
}

/** Writes the 8 bytes behind a user key. `sequence` is at most 2^53 or exactly 2^56 (the largest). */
export function writeFooter(b: Uint8Array, at: number, sequence: number, type: number): void {
  const whole = sequence >= 2 ** 56;
  const high = whole ? 0xffff_ffff : Math.floor(sequence / 0x100_0000);
  const low = whole ? 0xff_ffff : sequence % 0x100_0000;
  b[at] = type;
  b[at + 1] = low;
  b[at + 2] = low >>> 8;
  b[at + 3] = low >>> 16;
  b[at + 4] = high;
  b[at + 5] = high >>> 8;
  b[at + 6] = high >>> 16;
  b[at + 7] = high >>> 24;
}

/** Allocates the internal key of a user key. */
export function internalKey(userKey: Uint8Array, sequence: number, type: number): Uint8Array {
  const b = new Uint8Array(userKey.length + INTERNAL_FOOTER);
  b.set(userKey);
  writeFooter(b, userKey.length, sequence, type);
  return b;
}

const NAMES: Readonly<Record<number, EntryTypeName>> = {
  [ValueType.deletion]: 'delete',
  [ValueType.value]: 'put',
  [ValueType.merge]: 'merge',
  [ValueType.singleDeletion]: 'single-delete',
  [ValueType.rangeDeletion]: 'range-delete',
  [ValueType.blobIndex]: 'blob',
  [ValueType.deletionWithTimestamp]: 'delete',
  [ValueType.wideColumnEntity]: 'entity',
  [ValueType.valuePreferredSeqno]: 'put',
};

/** Of several numbers with one name the first, which is the smallest. */
const CODES = new Map(
  Object.entries(NAMES)
    .reverse()
    .map(([code, name]) => [name, Number(code)]),
);

export function typeName(type: number): EntryTypeName {
  return NAMES[type] ?? 'unknown';
}

/** The usual number of a type; undefined for `unknown`. */
export function typeCode(name: EntryTypeName): number | undefined {
  return CODES.get(name);
}

/** A boundary key of a version edit, copied out of `ikey`. */
export function boundOf(ikey: Uint8Array): Bound {
  const n = ikey.length;
  if (n < INTERNAL_FOOTER) throw corrupt(`internal key of ${n} bytes is shorter than its footer`);
  const code = typeAt(ikey, n);
  const type = typeName(code);
  const bound = { key: ikey.slice(0, n - INTERNAL_FOOTER), seq: sequenceAt(ikey, n), type };
  return typeCode(type) === code ? bound : { ...bound, code };
}

/** As `boundOf`, of a key that may carry an expiry: see formats/block/blockCursor.ts. */
export function expiringBoundOf(ikey: Uint8Array): Bound {
  const n = ikey.length;
  if (n < INTERNAL_FOOTER + EXPIRY_BYTES || !isExpiring(typeAt(ikey, n))) return boundOf(ikey);
  return { key: ikey.slice(0, n - INTERNAL_FOOTER - EXPIRY_BYTES), seq: sequenceAt(ikey, n), type: 'put' };
}

/** Order of two internal keys given as ranges, each with its footer. */
export function compareInternal(
  compare: KeyCompare,
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const order = compare(a, aStart, aLength - INTERNAL_FOOTER, b, bStart, bLength - INTERNAL_FOOTER);
  if (order !== 0) return order;
  const aEnd = aStart + aLength;
  const bEnd = bStart + bLength;
  const high = readU32(b, bEnd - 4) - readU32(a, aEnd - 4);
  return high !== 0 ? high : readU32(b, bEnd - 8) - readU32(a, aEnd - 8);
}
