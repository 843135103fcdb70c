/**
 * Version edits written with RocksDB's tags (rocksdb-leveldb.md §5): new files always as tag 103, whose
 * customs hold only what is known. Customs and tags that were read but not understood, all of them
 * marked as safe to ignore, are not written again.
 */
import { utf8, writeU64 } from '../../base/bytes.ts';
import { FieldWriter, writeCommonFields, writeNumber } from '../leveldb/editEncoder.ts';
import type { NewFile, VersionEdit } from '../leveldb/versionEdit.ts';

const Tag = {
  minLogNumberToKeep: 10,
  newFile4: 103,
  family: 200,
  familyAdd: 201,
  familyDrop: 202,
  maxFamily: 203,
  inAtomicGroup: 300,
  blobAddition: 400,
  blobGarbage: 401,
  databaseId: 8193,
  fullHistoryTimestampLow: 8198,
  walAddition: 8199,
  walDeletion: 8200,
  timestampsPersisted: 8201,
  lastManifestBytes: 8203,
} as const;

const CUSTOM_END = 1;

function writeNewFile(w: FieldWriter, f: NewFile): void {
  w.varint(Tag.newFile4);
  w.varint(f.level);
  w.varint(f.number);
  w.varint(f.bytes);
  w.bound(f.smallest);
  w.bound(f.largest);
  w.varint(f.smallestSeq ?? 0);
  w.varint(f.largestSeq ?? 0);
  const custom = (tag: number, value: Uint8Array | undefined): void => {
    if (value === undefined) return;
    w.varint(tag);
    w.string(value);
  };
  if (f.markedForCompaction !== undefined) custom(2, Uint8Array.of(f.markedForCompaction ? 1 : 0));
  custom(3, f.minLogNumber === undefined ? undefined : fixed64(f.minLogNumber));
  custom(4, varintBytes(f.oldestBlobFile));
  // The engines always write these two; 0 is unknown.
  custom(5, varintBytes(f.oldestAncestorTime ?? 0));
  custom(6, varintBytes(f.createdAt ?? 0));
  custom(7, f.checksum);
  if (f.checksumFunction !== undefined) custom(8, utf8(f.checksumFunction));
  if (f.temperature !== undefined) custom(9, Uint8Array.of(f.temperature));
  custom(10, f.minTimestamp);
  custom(11, f.maxTimestamp);
  custom(12, f.uniqueId);
  custom(13, varintBytes(f.epoch));
  custom(14, varintBytes(f.compensatedRangeDeletionBytes));
  custom(15, varintBytes(f.tailBytes));
  if (f.timestampsPersisted !== undefined) custom(16, Uint8Array.of(f.timestampsPersisted ? 1 : 0));
  custom(17, f.openMetadata);
  if (f.pathId !== 0) custom(65, Uint8Array.of(f.pathId));
  w.varint(CUSTOM_END);
}

function varintBytes(value: number | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const w = new FieldWriter();
  w.varint(value);
  return w.view();
}

function fixed64(value: number): Uint8Array {
  const b = new Uint8Array(8);
  writeU64(b, 0, value);
  return b;
}

function writeWals(w: FieldWriter, edit: VersionEdit): void {
  for (const { number, syncedBytes } of edit.walAdditions) {
    const body = new FieldWriter();
    body.varint(number);
    if (syncedBytes !== undefined) {
      body.varint(2);
      body.varint(syncedBytes);
    }
    body.varint(1);
    w.varint(Tag.walAddition);
    w.string(body.view());
  }
  const below = varintBytes(edit.walsDeletedBelow);
  if (below !== undefined) {
    w.varint(Tag.walDeletion);
    w.string(below);
  }
}

/** A version edit for a RocksDB MANIFEST, in the order in which the engine writes its fields. */
export function encodeRocksDbEdit(edit: VersionEdit): Uint8Array {
  const w = new FieldWriter();
  if (edit.databaseId !== undefined) {
    w.varint(Tag.databaseId);
    w.string(edit.databaseId);
  }
  writeCommonFields(w, edit);
  writeNumber(w, Tag.maxFamily, edit.maxFamily);
  writeNumber(w, Tag.minLogNumberToKeep, edit.minLogNumberToKeep);
  for (const f of edit.newFiles) writeNewFile(w, f);
  for (const b of edit.blobAdditions) {
    w.varint(Tag.blobAddition);
    w.varint(b.number);
    w.varint(b.count);
    w.varint(b.bytes);
    w.string(b.checksumMethod);
    w.string(b.checksum);
    w.varint(0);
  }
  for (const b of edit.blobGarbage) {
    w.varint(Tag.blobGarbage);
    w.varint(b.number);
    w.varint(b.count);
    w.varint(b.bytes);
    w.varint(0);
  }
  writeWals(w, edit);
  if (edit.family !== 0) writeNumber(w, Tag.family, edit.family);
  if (edit.familyAdded !== undefined) {
    w.varint(Tag.familyAdd);
    w.string(edit.familyAdded);
  }
  if (edit.familyDropped === true) w.varint(Tag.familyDrop);
  writeNumber(w, Tag.inAtomicGroup, edit.remainingInGroup);
  if (edit.fullHistoryTimestampLow !== undefined) {
    w.varint(Tag.fullHistoryTimestampLow);
    w.string(edit.fullHistoryTimestampLow);
  }
  if (edit.timestampsPersisted !== undefined) {
    w.varint(Tag.timestampsPersisted);
    w.string(Uint8Array.of(edit.timestampsPersisted ? 1 : 0));
  }
  const manifest = varintBytes(edit.lastManifestBytes);
  if (manifest !== undefined) {
    w.varint(Tag.lastManifestBytes);
    w.string(manifest);
  }
  return w.view().slice();
}
