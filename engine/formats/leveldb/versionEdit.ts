/**
 * Version edits: the records of a MANIFEST (rocksdb-leveldb.md §5).
 *
 * One record is a row of {varint32 tag, body}. This file holds the shape shared by both engines and
 * the tags that LevelDB knows; `formats/rocksdb/versionEdit.ts` adds RocksDB's. A record is decoded
 * in full before anything of it is applied, because the family id may come last. Everything in the
 * result is a copy: the record's buffer may be reused.
 */
import { text } from '../../base/bytes.ts';
import { corrupt, StoreError } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import type { Bound } from '../../model/tree.ts';
import { boundOf, expiringBoundOf } from './internalKey.ts';

export interface DeletedFile {
  readonly level: number;
  readonly number: number;
}

export interface NewFile {
  readonly level: number;
  readonly number: number;
  /** Index into the store's `db_paths`; 0 is the store directory. */
  readonly pathId: number;
  readonly bytes: number;
  readonly smallest: Bound;
  readonly largest: Bound;
  /** Undefined where the MANIFEST does not say (LevelDB). */
  readonly smallestSeq?: number;
  readonly largestSeq?: number;
  // RocksDB's customs (tag 103); undefined where absent.
  markedForCompaction?: boolean;
  /** WAL number that this file makes obsolete; an old way to say it. */
  minLogNumber?: number;
  oldestBlobFile?: number;
  /** Epoch seconds; 0 is unknown. */
  oldestAncestorTime?: number;
  createdAt?: number;
  checksum?: Uint8Array;
  checksumFunction?: string;
  /** 0 unknown, 4 hot, 8 warm, 10 cool, 12 cold, 16 ice. */
  temperature?: number;
  minTimestamp?: Uint8Array;
  maxTimestamp?: Uint8Array;
  uniqueId?: Uint8Array;
  /** Order of L0 tables, newest is largest. */
  epoch?: number;
  compensatedRangeDeletionBytes?: number;
  tailBytes?: number;
  /** False: the keys in the file lack their user timestamps. */
  timestampsPersisted?: boolean;
  openMetadata?: Uint8Array;
  /** Custom tags that may be ignored and are not known here. */
  unknownTags?: number[];
}

export interface BlobFileAddition {
  readonly number: number;
  readonly count: number;
  /** Bytes of all records, without the file's header and footer. */
  readonly bytes: number;
  readonly checksumMethod: string;
  readonly checksum: Uint8Array;
}

export interface BlobFileGarbage {
  readonly number: number;
  readonly count: number;
  readonly bytes: number;
}

export interface WalAddition {
  readonly number: number;
  /** Bytes known to be on disk when the WAL was closed; undefined while it is open. */
  readonly syncedBytes?: number;
}

export interface VersionEdit {
  /** Column family that the edit is about. */
  family: number;
  comparator?: string;
  logNumber?: number;
  prevLogNumber?: number;
  nextFileNumber?: number;
  lastSequence?: number;
  minLogNumberToKeep?: number;
  maxFamily?: number;
  databaseId?: string;
  /** Name of the column family that this edit creates under the id `family`. */
  familyAdded?: string;
  familyDropped?: boolean;
  readonly newFiles: NewFile[];
  readonly deletedFiles: DeletedFile[];
  readonly compactCursors: { readonly level: number; readonly key: Bound }[];
  readonly blobAdditions: BlobFileAddition[];
  readonly blobGarbage: BlobFileGarbage[];
  readonly walAdditions: WalAddition[];
  /** WALs with smaller numbers are gone. */
  walsDeletedBelow?: number;
  /** Edits of the same atomic group that follow; undefined outside of a group. */
  remainingInGroup?: number;
  fullHistoryTimestampLow?: Uint8Array;
  /** False: tables hold keys without their user timestamps. */
  timestampsPersisted?: boolean;
  lastManifestBytes?: number;
  /** Tags that may be ignored and are not known here. */
  readonly ignoredTags: number[];
}

/** Reads the body of one tag into the edit; false if the tag is not its own. */
export type FieldDecoder = (tag: number, r: Reader, edit: VersionEdit) => boolean;

export function emptyEdit(): VersionEdit {
  return {
    family: 0,
    newFiles: [],
    deletedFiles: [],
    compactCursors: [],
    blobAdditions: [],
    blobGarbage: [],
    walAdditions: [],
    ignoredTags: [],
  };
}

/** Tags of LevelDB, which RocksDB kept. */
export const EditTag = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactCursor: 5,
  deletedFile: 6,
  newFile: 7,
  prevLogNumber: 9,
} as const;

/** Deepest level that a MANIFEST may name; LevelDB has 7 levels, RocksDB as many as its options say. */
const LEVEL_MAX = 1024;

export function readLevel(r: Reader): number {
  const level = r.varint32();
  if (level > LEVEL_MAX) throw corrupt(`level ${level} is out of range`);
  return level;
}

export const decodeCommonField: FieldDecoder = (tag, r, edit) => {
  switch (tag) {
    case EditTag.comparator:
      edit.comparator = text(r.string());
      return true;
    case EditTag.logNumber:
      edit.logNumber = r.varint64();
      return true;
    case EditTag.nextFileNumber:
      edit.nextFileNumber = r.varint64();
      return true;
    case EditTag.lastSequence:
      edit.lastSequence = r.varint64();
      return true;
    case EditTag.prevLogNumber:
      edit.prevLogNumber = r.varint64();
      return true;
    case EditTag.compactCursor: {
      const level = readLevel(r);
      edit.compactCursors.push({ level, key: boundOf(r.string()) });
      return true;
    }
    case EditTag.deletedFile: {
      const level = readLevel(r);
      edit.deletedFiles.push({ level, number: r.varint64() });
      return true;
    }
    case EditTag.newFile: {
      const level = readLevel(r);
      const number = r.varint64();
      const bytes = r.varint64();
      const smallest = boundOf(r.string());
      edit.newFiles.push({ level, number, pathId: 0, bytes, smallest, largest: boundOf(r.string()) });
      return true;
    }
    default:
      return false;
  }
};

/**
 * Decodes one record with the given field decoders, tried in turn. Throws CORRUPT, without a place:
 * the caller knows the record's file and offset.
 */
export function decodeEdit(record: Uint8Array, decoders: readonly FieldDecoder[]): VersionEdit {
  const edit = emptyEdit();
  const r = new Reader(record);
  let tag = 0;
  try {
    while (r.remaining > 0) {
      tag = r.varint32();
      if (!decoders.some((decode) => decode(tag, r, edit))) throw corrupt('unknown tag');
    }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    throw new StoreError(
      thrown.code,
      `version edit, tag ${tag}, byte ${r.position} of ${record.length}: ${thrown.message}`,
    );
  }
  return edit;
}

/** A new file of Basho's LevelDB, with the times at which what it holds was written and will be over. */
const NEW_FILE_WITH_EXPIRY = 11;

/** The fields with keys in them, which carry an expiry in Basho's LevelDB. */
export const decodeKeyField: FieldDecoder = (tag, r, edit) => {
  if (tag === EditTag.compactCursor) {
    const level = readLevel(r);
    edit.compactCursors.push({ level, key: expiringBoundOf(r.string()) });
    return true;
  }
  if (tag !== EditTag.newFile && tag !== NEW_FILE_WITH_EXPIRY) return false;
  const level = readLevel(r);
  const number = r.varint64();
  const bytes = r.varint64();
  const smallest = expiringBoundOf(r.string());
  edit.newFiles.push({ level, number, pathId: 0, bytes, smallest, largest: expiringBoundOf(r.string()) });
  // Earliest and latest writing, latest expiry: where there is none, the largest number, which is past 2^53.
  if (tag === NEW_FILE_WITH_EXPIRY) for (let i = 0; i < 3; i++) skipVarint64(r);
  return true;
};

/** Over a number that may be past 2^53. */
export function skipVarint64(r: Reader): void {
  for (let bytes = 1; r.u8() >= 0x80; bytes++) if (bytes >= 10) throw corrupt('varint is longer than 64 bits');
}

/** A version edit as LevelDB writes it. */
export function decodeLevelDbEdit(record: Uint8Array): VersionEdit {
  return decodeEdit(record, [decodeCommonField]);
}

/** A version edit as Basho's LevelDB writes it. */
export function decodeElevelDbEdit(record: Uint8Array): VersionEdit {
  return decodeEdit(record, [decodeKeyField, decodeCommonField]);
}
