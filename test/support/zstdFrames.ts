/** Bytes of a ZSTD frame's header, magic number included (RFC 8878 §3.1.1.1). */
export function frameHeaderBytes(frame: Uint8Array): number {
  const descriptor = frame[4]!;
  const single = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  return 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + sizeBytes;
}
