/** SHA-256 of what is read in pieces, and of text. */
import { createHash } from 'node:crypto';

const CHUNK_BYTES = 1 << 20;

/** A job: yields the bytes of each piece; ends with the digest as lower-case hex. */
export function* hashing(file: { readAt(into: Uint8Array, at: number): number }): Generator<number, string, void> {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const n = file.readAt(chunk, at);
    if (n === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, n));
    at += n;
    yield n;
  }
}

export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
