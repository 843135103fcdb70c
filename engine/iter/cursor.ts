/**
 * The cursor that carries the engine: an ordered walk over internal entries (user key ascending by
 * the family's comparator, then sequence number descending).
 *
 * Nothing is allocated per entry: key and value are ranges of buffers that belong to the cursor and
 * are valid only until its next move.
 */

/** Largest sequence number, 2^56 - 1; as a double it rounds up to 2^56, which keeps comparisons true. */
export const MAX_SEQUENCE = 2 ** 56;

/** Internal value types as they stand in tables (rocksdb-leveldb.md §4). */
export const ValueType = {
  deletion: 0x00,
  value: 0x01,
  merge: 0x02,
  singleDeletion: 0x07,
  rangeDeletion: 0x0f,
  blobIndex: 0x11,
  deletionWithTimestamp: 0x14,
  wideColumnEntity: 0x16,
  valuePreferredSeqno: 0x18,
} as const;

export interface Cursor {
  readonly valid: boolean;
  /** User key (with the user timestamp, where the comparator has one): keyBuffer[keyStart, +keyLength). */
  readonly keyBuffer: Uint8Array;
  readonly keyStart: number;
  readonly keyLength: number;
  readonly sequence: number;
  /** One of `ValueType`. */
  readonly type: number;
  readonly valueBuffer: Uint8Array;
  readonly valueStart: number;
  readonly valueLength: number;
  /** Where the entry stands: -1 is the WAL. */
  readonly level: number;
  /** File number; 0 for the WAL. */
  readonly table: number;
  first(): void;
  last(): void;
  /** To the first entry at or after (key, sequence); MAX_SEQUENCE finds the newest version of the key. */
  seek(key: Uint8Array, sequence: number): void;
  next(): void;
  prev(): void;
  close(): void;
}

export function keyOf(c: Cursor): Uint8Array {
  return c.keyBuffer.slice(c.keyStart, c.keyStart + c.keyLength);
}

export function entryValue(c: Cursor): Uint8Array {
  return c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength);
}
