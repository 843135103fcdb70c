/** What programs compress their own values with, unpacked whole: no framing of a store around it. */
import { gunzipSync } from 'node:zlib';
import { decompressDeflate } from './deflate.ts';
import { runLibrary } from './library.ts';
import { OutputBuffer } from './outputBuffer.ts';
import { decompressSnappy } from './snappy.ts';
import { decompressZstd } from './zstd.ts';

export type ValueCompression = 'gzip' | 'zlib' | 'zstd' | 'snappy';

/** Bytes of their own, at most `maxBytes`. Throws StoreError for what is malformed or larger. */
export function unpackValue(how: ValueCompression, b: Uint8Array, maxBytes: number): Uint8Array {
  const output = new OutputBuffer();
  const length = unpack(how, b, maxBytes, output);
  return output.bytes.slice(0, length);
}

function unpack(how: ValueCompression, b: Uint8Array, maxBytes: number, output: OutputBuffer): number {
  switch (how) {
    case 'gzip':
      return runLibrary('gzip', undefined, maxBytes, output, (maxOutputLength) => gunzipSync(b, { maxOutputLength }));
    case 'zlib':
      return decompressDeflate(b, 0, b.length, 'zlib', undefined, output, undefined, maxBytes);
    case 'zstd':
      return decompressZstd(b, 0, b.length, undefined, output, undefined, maxBytes);
    case 'snappy':
      return decompressSnappy(b, 0, b.length, output, maxBytes);
  }
}
