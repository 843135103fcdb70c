/** Node's own ZSTD, which a runtime before 22.15 does not have. */
import { type ZstdOptions, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { unsupported } from '../base/errors.ts';

const MISSING = 'this runtime has no ZSTD of its own';
const MEND = { mend: 'use Node 22.15 or newer' };

export function nodeDecompressZstd(input: Uint8Array, options: ZstdOptions): Uint8Array {
  if (typeof zstdDecompressSync !== 'function') throw unsupported(`${MISSING}, which this frame needs`, MEND);
  return zstdDecompressSync(input, options);
}

export function nodeCompressZstd(input: Uint8Array, options: ZstdOptions): Uint8Array {
  if (typeof zstdCompressSync !== 'function') throw unsupported(MISSING, MEND);
  return zstdCompressSync(input, options);
}
