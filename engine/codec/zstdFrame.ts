/** One whole Zstandard frame, as a compressed WAL holds per record (rocksdb-leveldb.md §2). */
import { zstdDecompressSync } from 'node:zlib';
import { corrupt } from '../base/errors.ts';

/** Unpacks buffer[start, end); CORRUPT if it is no frame or would unpack to more than `maxBytes`. */
export function zstdFrame(buffer: Uint8Array, start: number, end: number, maxBytes: number): Uint8Array {
  try {
    return zstdDecompressSync(buffer.subarray(start, end), { maxOutputLength: maxBytes });
  } catch (thrown) {
    throw corrupt(`Zstandard frame cannot be unpacked: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
