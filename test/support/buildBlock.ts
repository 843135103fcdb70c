/** Data and index blocks written by hand (rocksdb-leveldb.md §6), to try readers on layouts of every kind. */
import { concat, writeU32, writeU64 } from '../../engine/base/bytes.ts';
import { varintLength, writeVarint } from '../../engine/base/varint.ts';

export interface BlockEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface BlockLayout {
  /** Entries between two restart points. */
  readonly interval: number;
  /** Keys and values in sections of their own. */
  readonly separated?: boolean;
  /** Buckets of a hash index; their content is never looked at by walks. */
  readonly hashBuckets?: number;
  /** Values without their length, as delta-encoded index entries have them. */
  readonly valueless?: boolean;
}

export function varint(n: number): Uint8Array {
  const b = new Uint8Array(varintLength(n));
  writeVarint(b, 0, n);
  return b;
}

export function fixed32(n: number): Uint8Array {
  const b = new Uint8Array(4);
  writeU32(b, 0, n >>> 0);
  return b;
}

/** User key, then type and sequence number. */
export function internalKey(user: Uint8Array, sequence: number, type: number): Uint8Array {
  // Not as one number: a large sequence number leaves no room for the type in a double.
  const tag = new Uint8Array(9);
  tag[0] = type;
  writeU64(tag, 1, sequence);
  return concat([user, tag.subarray(0, 8)]);
}

export function buildBlock(entries: readonly BlockEntry[], layout: BlockLayout): Uint8Array {
  const keys: Uint8Array[] = [];
  const values: Uint8Array[] = [];
  const restarts: number[] = [];
  let at = 0;
  let valueAt = 0;
  let last: Uint8Array = new Uint8Array(0);
  for (const [i, { key, value }] of entries.entries()) {
    const restart = i % layout.interval === 0;
    let shared = 0;
    if (restart) restarts.push(at);
    else while (shared < last.length && shared < key.length && last[shared] === key[shared]) shared++;
    const parts = [varint(shared), varint(key.length - shared)];
    if (layout.valueless !== true) parts.push(varint(value.length));
    if (layout.separated === true && restart) parts.push(varint(valueAt));
    parts.push(key.subarray(shared));
    if (layout.separated !== true) parts.push(value);
    else values.push(value);
    const bytes = concat(parts);
    keys.push(bytes);
    at += bytes.length;
    valueAt += value.length;
    last = key;
  }
  if (restarts.length === 0) restarts.push(0);
  const buckets = layout.hashBuckets;
  const flags = (layout.separated === true ? 0x1000_0000 : 0) | (buckets === undefined ? 0 : 0x8000_0000);
  return concat([
    ...keys,
    ...values,
    ...restarts.map(fixed32),
    ...(buckets === undefined ? [] : [new Uint8Array(buckets).fill(0xff), Uint8Array.of(buckets & 0xff, buckets >> 8)]),
    ...(layout.separated === true ? [fixed32(at)] : []),
    fixed32(restarts.length | flags),
  ]);
}
