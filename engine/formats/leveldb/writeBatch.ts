/**
 * Write batches: the records of a WAL (rocksdb-leveldb.md §3).
 *
 * Header of 12 bytes: f64 sequence of the first operation, f32 number of operations; then the
 * operations, each a tag and its fields. Operations take consecutive sequence numbers. A visitor gets
 * every operation as ranges of the record's buffer; nothing is allocated per operation.
 *
 * This file holds the visitor shared by both engines and LevelDB's two operations;
 * `formats/rocksdb/writeBatch.ts` reads RocksDB's.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { ValueType } from '../../iter/cursor.ts';
import { isExpiring } from '../block/blockCursor.ts';
import { skipVarint64 } from './versionEdit.ts';

export const BATCH_HEADER = 12;

/** What a prepared section of a two-phase commit says about its writer. */
export type PrepareKind = 'write-committed' | 'write-prepared' | 'write-unprepared';

export interface BatchVisitor {
  /**
   * A write of one key: `type` is one of `ValueType`; deletions have an empty value. In a prepared
   * section `sequence` has no meaning.
   */
  entry(
    family: number,
    type: number,
    sequence: number,
    buffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void;
  /**
   * [begin, end) of a family is deleted. Returns how many sequence numbers that takes: RocksDB gives
   * none to an empty range.
   */
  deleteRange(
    family: number,
    sequence: number,
    buffer: Uint8Array,
    beginStart: number,
    beginLength: number,
    endStart: number,
    endLength: number,
  ): number;
  /** A blob that the application put into the WAL only. */
  logData?(data: Uint8Array): void;
  noop?(): void;
  beginPrepare?(kind: PrepareKind): void;
  endPrepare?(xid: Uint8Array): void;
  /**
   * Makes the prepared section `xid` visible from `sequence` on; returns how many sequence numbers
   * its operations take.
   */
  commit?(xid: Uint8Array, sequence: number, timestamp: Uint8Array | undefined): number;
  rollback?(xid: Uint8Array): void;
}

/** What `readBatch` hands back: numbers only, one object per reader, overwritten by the next batch. */
export class BatchSummary {
  /** Sequence of the first operation. */
  sequence = 0;
  /** The first sequence number behind the batch. */
  nextSequence = 0;
  /** Operations in it. */
  count = 0;
}

/** The header's first sequence number; CORRUPT if the record is too short to have one. */
export function batchSequence(record: Uint8Array): number {
  if (record.length < BATCH_HEADER) throw corrupt(`write batch of ${record.length} bytes is shorter than its header`);
  const high = readU32(record, 4);
  if (high >= 0x100_0000) throw corrupt('sequence number of the write batch is out of range');
  return readU32(record, 0) + high * 0x1_0000_0000;
}

/** Reads a batch of LevelDB, or of Basho's (`timed`). Throws CORRUPT without a place: the caller knows the record's. */
export function readLevelDbBatch(
  record: Uint8Array,
  visitor: BatchVisitor,
  summary: BatchSummary,
  timed = false,
): void {
  const first = batchSequence(record);
  const declared = readU32(record, 8);
  const r = new Reader(record, BATCH_HEADER);
  let count = 0;
  while (r.remaining > 0) {
    const tag = r.u8();
    // Basho's LevelDB has two more, of puts with a time between key and value.
    const expiring = timed && isExpiring(tag);
    if (tag !== ValueType.value && tag !== ValueType.deletion && !expiring) {
      throw corrupt(`unknown tag ${tag} in a write batch`);
    }
    const keyLength = r.varint32();
    const keyStart = skip(r, keyLength);
    if (expiring) skipVarint64(r);
    const valueLength = tag === ValueType.deletion ? 0 : r.varint32();
    const valueStart = skip(r, valueLength);
    visitor.entry(
      0,
      expiring ? ValueType.value : tag,
      first + count,
      record,
      keyStart,
      keyLength,
      valueStart,
      valueLength,
    );
    count++;
  }
  if (count !== declared) throw corrupt(`write batch holds ${count} operations, its header says ${declared}`);
  summary.sequence = first;
  summary.nextSequence = first + count;
  summary.count = count;
}

/** Moves `r` over `n` bytes and returns where they start. */
export function skip(r: Reader, n: number): number {
  const at = r.position;
  if (n > r.end - at) throw corrupt(`field of ${n} bytes runs past the end of the write batch (${r.end - at} left)`);
  r.position = at + n;
  return at;
}
