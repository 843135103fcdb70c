/**
 * Write batches, built in one buffer that is used again (rocksdb-leveldb.md §3). This file holds what both
 * engines share and LevelDB's batch; `formats/rocksdb/batchEncoder.ts` has RocksDB's.
 */
import { writeU32, writeU64 } from '../../base/bytes.ts';
import { StoreError, unsupported } from '../../base/errors.ts';
import { varintLength, writeVarint } from '../../base/varint.ts';
import { ValueType } from '../../iter/cursor.ts';
import { BATCH_HEADER } from './writeBatch.ts';

/** A record of a WAL may not be longer; see the log reader. */
const BATCH_BYTES_MAX = 1024 * 1024 * 1024;

/** Operations on a store that take effect together. `family` is a column family's id; LevelDB has 0 only. */
export interface BatchBuilder {
  /** Operations so far; each takes one sequence number. */
  readonly count: number;
  /** Bytes so far, the header included. */
  readonly bytes: number;
  put(family: number, key: Uint8Array, value: Uint8Array): void;
  delete(family: number, key: Uint8Array): void;
  singleDelete(family: number, key: Uint8Array): void;
  merge(family: number, key: Uint8Array, operand: Uint8Array): void;
  /** Deletes [begin, end). */
  deleteRange(family: number, begin: Uint8Array, end: Uint8Array): void;
  /** The record, its first operation at `sequence`; a view that is valid until the next change. */
  seal(sequence: number): Uint8Array;
  /** Adds the operations of a record that another builder of the same engine sealed. */
  appendSealed(record: Uint8Array): void;
  /** Empties the batch and keeps its memory. */
  clear(): void;
}

/** The buffer of a batch, and its header. */
export class BatchBuffer {
  count = 0;
  #buffer: Uint8Array = new Uint8Array(1024);
  #length = BATCH_HEADER;

  get bytes(): number {
    return this.#length;
  }

  clear(): void {
    this.count = 0;
    this.#length = BATCH_HEADER;
  }

  seal(sequence: number): Uint8Array {
    writeU64(this.#buffer, 0, sequence);
    writeU32(this.#buffer, 8, this.count);
    return this.#buffer.subarray(0, this.#length);
  }

  appendSealed(record: Uint8Array): void {
    this.#reserve(record.length);
    this.#buffer.set(record.subarray(BATCH_HEADER), this.#length);
    this.#length += record.length - BATCH_HEADER;
    const { buffer, byteOffset } = record;
    this.count += new DataView(buffer, byteOffset, BATCH_HEADER).getUint32(8, true);
  }

  /** One operation: its tag, a family's id unless it is -1, and one or two strings. */
  protected operation(tag: number, family: number, key: Uint8Array, value: Uint8Array | undefined): void {
    const valueBytes = value === undefined ? 0 : value.length + 5;
    this.#reserve(1 + 5 + 5 + key.length + valueBytes);
    const b = this.#buffer;
    let at = this.#length;
    b[at++] = tag;
    if (family >= 0) at = writeVarint(b, at, family);
    at = writeVarint(b, at, key.length);
    b.set(key, at);
    at += key.length;
    if (value !== undefined) {
      at = writeVarint(b, at, value.length);
      b.set(value, at);
      at += value.length;
    }
    this.#length = at;
    this.count++;
  }

  /** A blob for the WAL only; it takes no sequence number. */
  protected annotation(tag: number, data: Uint8Array): void {
    this.#reserve(1 + varintLength(data.length) + data.length);
    this.#buffer[this.#length] = tag;
    const at = writeVarint(this.#buffer, this.#length + 1, data.length);
    this.#buffer.set(data, at);
    this.#length = at + data.length;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#buffer.length) return;
    if (wanted > BATCH_BYTES_MAX) throw new StoreError('INPUT', `a write batch of ${wanted} bytes is too large`);
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** LevelDB's batch: puts and deletes. Anything else throws UNSUPPORTED and changes nothing. */
export class LevelDbBatch extends BatchBuffer implements BatchBuilder {
  put(family: number, key: Uint8Array, value: Uint8Array): void {
    onlyFamily(family);
    this.operation(ValueType.value, -1, key, value);
  }

  delete(family: number, key: Uint8Array): void {
    onlyFamily(family);
    this.operation(ValueType.deletion, -1, key, undefined);
  }

  singleDelete(): void {
    throw unsupported('LevelDB has no single deletes');
  }

  merge(): void {
    throw unsupported('LevelDB has no merges');
  }

  deleteRange(): void {
    throw unsupported('LevelDB has no range deletions');
  }
}

function onlyFamily(family: number): void {
  if (family !== 0) throw unsupported('LevelDB has no column families');
}
