/** One whole Zstandard frame, as a compressed WAL holds per record (rocksdb-leveldb.md §2). */
import { OutputBuffer } from './outputBuffer.ts';
import { decompressZstd } from './zstd.ts';

/** Unpacks buffer[start, end); CORRUPT if it is no frame or would unpack to more than `maxBytes`. */
export function zstdFrame(buffer: Uint8Array, start: number, end: number, maxBytes: number): Uint8Array {
  const output = new OutputBuffer();
  const length = decompressZstd(buffer, start, end, undefined, output, undefined, maxBytes);
  return output.bytes.subarray(0, length);
}
