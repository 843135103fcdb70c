/**
 * Version edits written (rocksdb-leveldb.md §5): the fields that both engines share, and LevelDB's edits.
 * `formats/rocksdb/editEncoder.ts` adds RocksDB's.
 */
import { utf8 } from '../../base/bytes.ts';
import { StoreError, unsupported } from '../../base/errors.ts';
import { writeVarint } from '../../base/varint.ts';
import type { Bound } from '../../model/tree.ts';
import type { TableSummary } from '../block/tableBuilder.ts';
import { boundOf, internalKey, typeCode } from './internalKey.ts';
import { EditTag, type NewFile, type VersionEdit } from './versionEdit.ts';

/** LevelDB has levels 0 to 6. */
const LEVELDB_LEVELS = 7;

/** Bytes of a record, growing as fields are added. */
export class FieldWriter {
  #bytes: Uint8Array = new Uint8Array(512);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next field. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** A number read with its lowest bits lost, at or above 2^63, was the largest one: "unknown". */
  varint(value: number): void {
    this.#grow(10);
    if (value >= 2 ** 63) {
      this.#bytes.fill(0xff, this.#length, this.#length + 9);
      this.#bytes[this.#length + 9] = 1;
      this.#length += 10;
    } else this.#length = writeVarint(this.#bytes, this.#length, value);
  }

  raw(b: Uint8Array): void {
    this.#grow(b.length);
    this.#bytes.set(b, this.#length);
    this.#length += b.length;
  }

  string(b: Uint8Array | string): void {
    const bytes = typeof b === 'string' ? utf8(b) : b;
    this.varint(bytes.length);
    this.raw(bytes);
  }

  bound(b: Bound): void {
    this.string(boundBytes(b));
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + more);
    larger.set(this.view());
    this.#bytes = larger;
  }
}

/** The internal key of a boundary. */
export function boundBytes(b: Bound): Uint8Array {
  const type = b.code ?? typeCode(b.type);
  if (type === undefined) throw unsupported(`a boundary key of type ${b.type} cannot be written`);
  return internalKey(b.key, b.seq, type);
}

/** A table just written, as a version edit adds it. */
export function newFileOf(summary: TableSummary, level: number, number: number): NewFile {
  return {
    level,
    number,
    pathId: 0,
    bytes: summary.bytes,
    smallest: boundOf(summary.smallest),
    largest: boundOf(summary.largest),
    smallestSeq: summary.smallestSeq,
    largestSeq: summary.largestSeq,
    ...(summary.oldestBlobFile === undefined ? {} : { oldestBlobFile: summary.oldestBlobFile }),
  };
}

/** Writes what stands before the files: comparator, counters, cursors, deleted files. */
export function writeCommonFields(w: FieldWriter, edit: VersionEdit): void {
  if (edit.comparator !== undefined) {
    w.varint(EditTag.comparator);
    w.string(edit.comparator);
  }
  writeNumber(w, EditTag.logNumber, edit.logNumber);
  writeNumber(w, EditTag.prevLogNumber, edit.prevLogNumber);
  writeNumber(w, EditTag.nextFileNumber, edit.nextFileNumber);
  writeNumber(w, EditTag.lastSequence, edit.lastSequence);
  for (const { level, key } of edit.compactCursors) {
    w.varint(EditTag.compactCursor);
    w.varint(level);
    w.bound(key);
  }
  for (const { level, number } of edit.deletedFiles) {
    w.varint(EditTag.deletedFile);
    w.varint(level);
    w.varint(number);
  }
}

export function writeNumber(w: FieldWriter, tag: number, value: number | undefined): void {
  if (value === undefined) return;
  w.varint(tag);
  w.varint(value);
}

/** A version edit for a LevelDB MANIFEST. Throws INPUT for anything that LevelDB cannot read. */
export function encodeLevelDbEdit(edit: VersionEdit): Uint8Array {
  const foreign =
    edit.family !== 0 ||
    edit.familyAdded !== undefined ||
    edit.familyDropped === true ||
    edit.databaseId !== undefined ||
    edit.minLogNumberToKeep !== undefined ||
    edit.maxFamily !== undefined ||
    edit.remainingInGroup !== undefined ||
    edit.blobAdditions.length + edit.blobGarbage.length + edit.walAdditions.length > 0;
  if (foreign) throw new StoreError('INPUT', 'the version edit holds what LevelDB does not know');
  const w = new FieldWriter();
  writeCommonFields(w, edit);
  for (const f of edit.newFiles) {
    if (f.level >= LEVELDB_LEVELS) throw new StoreError('INPUT', `LevelDB has no level ${f.level}`);
    w.varint(EditTag.newFile);
    w.varint(f.level);
    w.varint(f.number);
    w.varint(f.bytes);
    w.bound(f.smallest);
    w.bound(f.largest);
  }
  return w.view().slice();
}
