/** What the codecs that come with Node have in common: limits on the output and their errors. */
import { corrupt, StoreError } from '../base/errors.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/**
 * Calls `decode` with the largest output it may make and puts the result at output.bytes[0]; returns
 * its length, which must be `claimed` where the framing claims one. Whatever the library throws
 * (malformed data, an output beyond the limit) is CORRUPT.
 */
export function runLibrary(
  codec: string,
  claimed: number | undefined,
  maxBytes: number,
  output: OutputBuffer,
  decode: (maxOutputLength: number) => Uint8Array,
): number {
  let raw: Uint8Array;
  try {
    // The library takes no limit below 1.
    raw = decode(Math.max(1, claimed ?? maxBytes));
  } catch (e) {
    if (e instanceof StoreError) throw e;
    throw corrupt(`${codec} block is malformed: ${e instanceof Error ? e.message : String(e)}`);
  }
  if (claimed !== undefined && raw.length !== claimed) {
    throw corrupt(`${codec} block holds ${raw.length} bytes and claims ${claimed}`);
  }
  output.reserve(raw.length);
  output.bytes.set(raw, 0);
  return raw.length;
}
