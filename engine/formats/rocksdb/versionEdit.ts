/**
 * Version edits with RocksDB's tags (rocksdb-leveldb.md §5). Reads LevelDB's edits too.
 *
 * Tags with bit 8192 may be ignored and hold one length-prefixed string, except for 8194 to 8197,
 * which have no length and are read in full. Any other unknown tag is CORRUPT.
 */
import { EMPTY, text, utf8 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { boundOf } from '../leveldb/internalKey.ts';
import {
  decodeCommonField,
  decodeEdit,
  type FieldDecoder,
  type NewFile,
  readLevel,
  type VersionEdit,
} from '../leveldb/versionEdit.ts';

const Tag = {
  minLogNumberToKeep: 10,
  newFile2: 100,
  newFile3: 102,
  newFile4: 103,
  family: 200,
  familyAdd: 201,
  familyDrop: 202,
  maxFamily: 203,
  inAtomicGroup: 300,
  blobAddition: 400,
  blobGarbage: 401,
  databaseId: 8193,
  oldBlobAddition: 8194,
  oldBlobGarbage: 8195,
  oldWalAddition: 8196,
  oldWalDeletion: 8197,
  fullHistoryTimestampLow: 8198,
  walAddition: 8199,
  walDeletion: 8200,
  timestampsPersisted: 8201,
  lastManifestBytes: 8203,
} as const;

const IGNORABLE = 8192;
/** Customs of a new file with this bit must be understood. */
const CUSTOM_MANDATORY = 64;
const UNKNOWN_NAME = utf8('Unknown');

/** The name that stands in every file without a checksum; decoding it each time would cost more than the rest. */
function isUnknown(r: Reader): boolean {
  if (r.remaining !== UNKNOWN_NAME.length) return false;
  for (let i = 0; i < UNKNOWN_NAME.length; i++) if (r.buffer[r.position + i] !== UNKNOWN_NAME[i]) return false;
  return true;
}

function readCustom(tag: number, r: Reader, file: NewFile): void {
  switch (tag) {
    case 2:
      if (r.remaining !== 1) throw corrupt('bad need-compaction mark');
      file.markedForCompaction = r.u8() === 1;
      return;
    case 3:
      file.minLogNumber = r.u64();
      return;
    case 4:
      file.oldestBlobFile = r.varint64();
      return;
    case 5:
      file.oldestAncestorTime = r.varint64Lossy();
      return;
    case 6:
      file.createdAt = r.varint64Lossy();
      return;
    case 7:
      file.checksum = r.remaining === 0 ? EMPTY : r.bytes(r.remaining).slice();
      return;
    case 8:
      file.checksumFunction = isUnknown(r) ? 'Unknown' : text(r.bytes(r.remaining));
      return;
    case 9:
      file.temperature = r.u8();
      return;
    case 10:
      file.minTimestamp = r.bytes(r.remaining).slice();
      return;
    case 11:
      file.maxTimestamp = r.bytes(r.remaining).slice();
      return;
    case 12:
      if (r.remaining !== 16) throw corrupt('unique id is not 16 bytes');
      file.uniqueId = r.bytes(16).slice();
      return;
    case 13:
      file.epoch = r.varint64Lossy();
      return;
    case 14:
      file.compensatedRangeDeletionBytes = r.varint64Lossy();
      return;
    case 15:
      file.tailBytes = r.varint64();
      return;
    case 16:
      file.timestampsPersisted = r.u8() === 1;
      return;
    case 17:
      file.openMetadata = r.bytes(r.remaining).slice();
      return;
    case 65: {
      const pathId = r.u8();
      if (pathId > 3) throw corrupt(`path id ${pathId} is out of range`);
      (file as { pathId: number }).pathId = pathId;
      return;
    }
    default:
      if ((tag & CUSTOM_MANDATORY) !== 0) throw corrupt(`unknown field ${tag} of a new file`);
      file.unknownTags = [...(file.unknownTags ?? []), tag];
  }
}

function readNewFile(r: Reader, tag: number): NewFile {
  const level = readLevel(r);
  const number = r.varint64();
  const pathId = tag === Tag.newFile3 ? r.varint32() : 0;
  const bytes = r.varint64();
  const smallest = boundOf(r.string());
  const largest = boundOf(r.string());
  const smallestSeq = r.varint64Lossy();
  const largestSeq = r.varint64Lossy();
  const file: NewFile = { level, number, pathId, bytes, smallest, largest, smallestSeq, largestSeq };
  if (tag === Tag.newFile4) {
    for (;;) {
      const custom = r.varint32();
      if (custom === 1) break;
      const length = r.varint32();
      const start = r.position;
      r.skip(length);
      readCustom(custom, new Reader(r.buffer, start, start + length), file);
    }
  }
  return file;
}

/** Blob and WAL bodies end with pairs of tag and string, up to an end tag, none of them in use. */
function skipCustoms(r: Reader, end: number): void {
  for (;;) {
    const tag = r.varint32();
    if (tag === end) return;
    if ((tag & CUSTOM_MANDATORY) !== 0) throw corrupt(`unknown field ${tag} of a blob file`);
    r.string();
  }
}

function readWalAddition(r: Reader, edit: VersionEdit): void {
  const number = r.varint64();
  let syncedBytes: number | undefined;
  for (;;) {
    const tag = r.varint32();
    if (tag === 1) break;
    if (tag !== 2) throw corrupt(`unknown field ${tag} of a WAL`);
    syncedBytes = r.varint64Lossy();
  }
  edit.walAdditions.push(syncedBytes === undefined ? { number } : { number, syncedBytes });
}

export const decodeRocksField: FieldDecoder = (tag, r, edit) => {
  switch (tag) {
    case Tag.minLogNumberToKeep:
      edit.minLogNumberToKeep = r.varint64();
      return true;
    case Tag.newFile2:
    case Tag.newFile3:
    case Tag.newFile4:
      edit.newFiles.push(readNewFile(r, tag));
      return true;
    case Tag.family:
      edit.family = r.varint32();
      return true;
    case Tag.familyAdd:
      edit.familyAdded = text(r.string());
      return true;
    case Tag.familyDrop:
      edit.familyDropped = true;
      return true;
    case Tag.maxFamily:
      edit.maxFamily = r.varint32();
      return true;
    case Tag.inAtomicGroup:
      edit.remainingInGroup = r.varint32();
      return true;
    case Tag.blobAddition:
    case Tag.oldBlobAddition: {
      const number = r.varint64();
      const count = r.varint64();
      const bytes = r.varint64();
      const checksumMethod = text(r.string());
      const checksum = r.string().slice();
      skipCustoms(r, 0);
      edit.blobAdditions.push({ number, count, bytes, checksumMethod, checksum });
      return true;
    }
    case Tag.blobGarbage:
    case Tag.oldBlobGarbage: {
      const number = r.varint64();
      const count = r.varint64();
      const bytes = r.varint64();
      skipCustoms(r, 0);
      edit.blobGarbage.push({ number, count, bytes });
      return true;
    }
    case Tag.databaseId:
      edit.databaseId = text(r.string());
      return true;
    case Tag.oldWalAddition:
      readWalAddition(r, edit);
      return true;
    case Tag.walAddition:
      readWalAddition(new Reader(r.string()), edit);
      return true;
    case Tag.oldWalDeletion:
      edit.walsDeletedBelow = r.varint64();
      return true;
    case Tag.walDeletion:
      edit.walsDeletedBelow = new Reader(r.string()).varint64();
      return true;
    case Tag.fullHistoryTimestampLow:
      edit.fullHistoryTimestampLow = r.string().slice();
      return true;
    case Tag.timestampsPersisted: {
      const flag = r.string();
      if (flag.length !== 1) throw corrupt('bad flag of persisted user timestamps');
      edit.timestampsPersisted = flag[0] === 1;
      return true;
    }
    case Tag.lastManifestBytes:
      edit.lastManifestBytes = new Reader(r.string()).varint64();
      return true;
    default:
      if ((tag & IGNORABLE) === 0) return false;
      r.string();
      edit.ignoredTags.push(tag);
      return true;
  }
};

/** A version edit as RocksDB writes it; everything in it is a copy. Throws CORRUPT without a place. */
export function decodeRocksDbEdit(record: Uint8Array): VersionEdit {
  return decodeEdit(record, [decodeCommonField, decodeRocksField]);
}
