/** What a table has to know of the blob indexes among its entries. */

/** The blob file that a blob index names (rocksdb-leveldb.md §9); 0 if it names none, or is no blob index. */
export function blobFileOf(b: Uint8Array, start: number, end: number): number {
  const kind = b[start] as number;
  if (end - start < 2 || kind < 1 || kind > 2) return 0;
  let at = start + 1;
  // The expiration comes first where there is one.
  if (kind === 2) while (at < end && (b[at++] as number) >= 128);
  let file = 0;
  let scale = 1;
  while (at < end) {
    const byte = b[at++] as number;
    file += (byte & 127) * scale;
    if (byte < 128) return file;
    scale *= 128;
  }
  return 0;
}
