/** Blob indexes for tests (rocksdb-leveldb.md §9). */
import { writeVarint } from '../../engine/base/varint.ts';

export function encodeBlobIndexForTest(file: number, offset: number, size: number): Uint8Array {
  const b = new Uint8Array(32);
  b[0] = 1;
  const end = writeVarint(b, writeVarint(b, writeVarint(b, 1, file), offset), size);
  b[end] = 0;
  return b.slice(0, end + 1);
}
