/**
 * Write batches of RocksDB (rocksdb-leveldb.md §3): column families, all operations, and the markers
 * of two-phase commits.
 *
 * Operations between BeginPrepare and EndPrepare take no sequence number where they stand: they get
 * theirs when a later Commit names their transaction.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { ValueType } from '../../iter/cursor.ts';
import { BATCH_HEADER, type BatchSummary, type BatchVisitor, batchSequence, skip } from '../leveldb/writeBatch.ts';

const Tag = {
  delete: 0x00,
  put: 0x01,
  merge: 0x02,
  logData: 0x03,
  familyDelete: 0x04,
  familyPut: 0x05,
  familyMerge: 0x06,
  singleDelete: 0x07,
  familySingleDelete: 0x08,
  beginPrepare: 0x09,
  endPrepare: 0x0a,
  commit: 0x0b,
  rollback: 0x0c,
  noop: 0x0d,
  familyDeleteRange: 0x0e,
  deleteRange: 0x0f,
  familyBlobIndex: 0x10,
  blobIndex: 0x11,
  beginPersistedPrepare: 0x12,
  beginUnprepare: 0x13,
  commitWithTimestamp: 0x15,
  putEntity: 0x16,
  familyPutEntity: 0x17,
  timedPut: 0x18,
  familyTimedPut: 0x19,
} as const;

/** Tag of an operation with a key → the type of its entry, or -1. */
const ENTRY_TYPE = new Int8Array(256).fill(-1);
/** Tags that carry a family id. */
const HAS_FAMILY = new Uint8Array(256);
for (const [plain, family, type] of [
  [Tag.delete, Tag.familyDelete, ValueType.deletion],
  [Tag.put, Tag.familyPut, ValueType.value],
  [Tag.merge, Tag.familyMerge, ValueType.merge],
  [Tag.singleDelete, Tag.familySingleDelete, ValueType.singleDeletion],
  [Tag.deleteRange, Tag.familyDeleteRange, ValueType.rangeDeletion],
  [Tag.blobIndex, Tag.familyBlobIndex, ValueType.blobIndex],
  [Tag.putEntity, Tag.familyPutEntity, ValueType.wideColumnEntity],
  [Tag.timedPut, Tag.familyTimedPut, ValueType.valuePreferredSeqno],
] as const) {
  ENTRY_TYPE[plain] = type;
  ENTRY_TYPE[family] = type;
  HAS_FAMILY[family] = 1;
}

/** Reads a batch of RocksDB. Throws CORRUPT without a place: the caller knows the record's. */
export function readRocksDbBatch(record: Uint8Array, visitor: BatchVisitor, summary: BatchSummary): void {
  const first = batchSequence(record);
  const declared = readU32(record, 8);
  const r = new Reader(record, BATCH_HEADER);
  let count = 0;
  let sequence = first;
  let prepared = false;
  while (r.remaining > 0) {
    const tag = r.u8();
    const type = ENTRY_TYPE[tag] as number;
    if (type >= 0) {
      const family = HAS_FAMILY[tag] === 1 ? r.varint32() : 0;
      const keyLength = r.varint32();
      const keyStart = skip(r, keyLength);
      const hasValue = type !== ValueType.deletion && type !== ValueType.singleDeletion;
      const valueLength = hasValue ? r.varint32() : 0;
      const valueStart = skip(r, valueLength);
      let taken = 1;
      if (type === ValueType.rangeDeletion) {
        taken = visitor.deleteRange(family, sequence, record, keyStart, keyLength, valueStart, valueLength);
      } else {
        visitor.entry(family, type, sequence, record, keyStart, keyLength, valueStart, valueLength);
      }
      count++;
      if (!prepared) sequence += taken;
      continue;
    }
    switch (tag) {
      case Tag.logData: {
        const data = r.string();
        visitor.logData?.(data);
        break;
      }
      case Tag.noop:
        visitor.noop?.();
        break;
      case Tag.beginPrepare:
      case Tag.beginPersistedPrepare:
      case Tag.beginUnprepare:
        if (prepared) throw corrupt('prepared section inside another one');
        prepared = true;
        visitor.beginPrepare?.(
          tag === Tag.beginPrepare
            ? 'write-committed'
            : tag === Tag.beginPersistedPrepare
              ? 'write-prepared'
              : 'write-unprepared',
        );
        break;
      case Tag.endPrepare: {
        if (!prepared) throw corrupt('end of a prepared section that has no beginning');
        prepared = false;
        // Read in any case: an optional call does not evaluate its arguments for a visitor that has no use for them.
        const xid = r.string();
        visitor.endPrepare?.(xid);
        break;
      }
      case Tag.commit: {
        const xid = r.string();
        sequence += visitor.commit?.(xid, sequence, undefined) ?? 0;
        break;
      }
      case Tag.commitWithTimestamp: {
        const timestamp = r.string();
        const xid = r.string();
        sequence += visitor.commit?.(xid, sequence, timestamp) ?? 0;
        break;
      }
      case Tag.rollback: {
        const xid = r.string();
        visitor.rollback?.(xid);
        break;
      }
      default:
        throw corrupt(`unknown tag 0x${tag.toString(16).padStart(2, '0')} in a write batch`);
    }
  }
  if (prepared) throw corrupt('prepared section has no end');
  if (count !== declared) throw corrupt(`write batch holds ${count} operations, its header says ${declared}`);
  summary.sequence = first;
  summary.nextSequence = sequence;
  summary.count = count;
}
