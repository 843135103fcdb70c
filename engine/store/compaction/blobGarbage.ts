/**
 * Which blob files lose references in a compaction, and how many bytes of each nobody refers to any more
 * (RocksDB db/blob/blob_garbage_meter.cc; rocksdb-leveldb.md §5 tag 401, §9).
 */
import { EMPTY } from '../../base/bytes.ts';
import type { BlobFileGarbage } from '../../formats/leveldb/versionEdit.ts';
import { decodeBlobIndex } from '../../formats/rocksdb/blob.ts';
import { decodeColumns } from '../../formats/rocksdb/wideColumns.ts';
import { ValueType } from '../../iter/cursor.ts';

/** Of each record, beside key and value. */
const RECORD_HEADER_BYTES = 32;

export class BlobGarbage {
  readonly #files = new Map<number, { count: number; bytes: number }>();

  /** A version is dropped; only references count. Throws CORRUPT for one that cannot be read. */
  readonly drop = (type: number, keyLength: number, value: Uint8Array, start: number, length: number): void => {
    if (type === ValueType.blobIndex) this.#reference(value.subarray(start, start + length), keyLength);
    else if (type === ValueType.wideColumnEntity) {
      for (const index of entityReferences(value.subarray(start, start + length))) this.#reference(index, keyLength);
    }
  };

  /** By file number. */
  get list(): BlobFileGarbage[] {
    return [...this.#files].sort(([a], [b]) => a - b).map(([number, g]) => ({ number, ...g }));
  }

  #reference(value: Uint8Array, keyLength: number): void {
    const index = decodeBlobIndex(value);
    if (index.kind !== 'blob' || index.file === 0) return;
    const known = this.#files.get(index.file) ?? { count: 0, bytes: 0 };
    known.count++;
    known.bytes += RECORD_HEADER_BYTES + keyLength + index.size;
    this.#files.set(index.file, known);
  }
}

/** The blob indexes among the columns of an entity. */
export function entityReferences(value: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  decodeColumns(value, (index) => {
    found.push(index.slice());
    return EMPTY;
  });
  return found;
}
