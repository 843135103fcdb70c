/** DEFLATE: raw as RocksDB stores it, or with a zlib header as older LevelDB dialects do. */
import { inflateRawSync, inflateSync } from 'node:zlib';
import { corrupt } from '../base/errors.ts';
import { runLibrary } from './library.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** A match of 258 bytes takes at least two bits: one for its length, one for its distance. */
const MAX_EXPANSION = 1032;

/** Decodes input[start, end) to output.bytes[0, …); returns the raw length, `length` if that is given. */
export function decompressDeflate(
  input: Uint8Array,
  start: number,
  end: number,
  header: 'raw' | 'zlib',
  length: number | undefined,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
  maxBytes: number,
): number {
  const limit = Math.min(maxBytes, (end - start) * MAX_EXPANSION);
  if (length !== undefined && length > limit) {
    throw corrupt(`zlib block of ${end - start} bytes claims ${length} bytes of content`);
  }
  const inflate = header === 'raw' ? inflateRawSync : inflateSync;
  return runLibrary('zlib', length, limit, output, (maxOutputLength) =>
    inflate(input.subarray(start, end), { maxOutputLength, ...(dictionary === undefined ? {} : { dictionary }) }),
  );
}
