/**
 * ZSTD frames, with or without a dictionary (raw content or trained: the library tells them apart by
 * the dictionary's magic number).
 */
import { readU32 } from '../base/bytes.ts';
import { corrupt } from '../base/errors.ts';
import { Reader } from '../base/varint.ts';
import { runLibrary } from './library.ts';
import { nodeDecompressZstd } from './nodeZstd.ts';
import type { OutputBuffer } from './outputBuffer.ts';
import { decodeFrame } from './zstdDecoder.ts';

/** Above this Node's decoder is as quick, and ours would keep memory of that size for good. */
const OWN_MAX_BYTES = 8 << 20;
const FRAME_MAGIC = 0xfd2fb528;
const MAX_BLOCK_BYTES = 128 * 1024;
/** The shortest block: a header of three bytes and one byte to repeat. */
const MIN_BLOCK_BYTES = 4;

/** Whether a ZSTD frame starts at `start`. */
export function isZstdFrame(input: Uint8Array, start: number, end: number): boolean {
  return end - start >= 4 && readU32(input, start) === FRAME_MAGIC;
}

/** What a frame's header states. */
interface FrameHeader {
  /** Where the first block starts. */
  readonly end: number;
  /** Bytes of content, where stated. */
  readonly contentBytes: number | undefined;
  readonly dictionaryId: number;
  readonly hasChecksum: boolean;
}

function readHeader(input: Uint8Array, start: number, end: number): FrameHeader {
  if (!isZstdFrame(input, start, end)) throw corrupt('ZSTD frame has no magic number');
  const reader = new Reader(input, start + 4, end);
  const descriptor = reader.u8();
  if ((descriptor & 8) !== 0) throw corrupt('ZSTD frame header has a reserved bit set');
  const single = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  if (!single) reader.u8();
  const idFlag = descriptor & 3;
  const dictionaryId = idFlag === 0 ? 0 : idFlag === 1 ? reader.u8() : idFlag === 2 ? reader.u16() : reader.u32();
  const sizeFlag = descriptor >>> 6;
  let contentBytes: number | undefined;
  if (sizeFlag === 0) contentBytes = single ? reader.u8() : undefined;
  else contentBytes = sizeFlag === 1 ? reader.u16() + 256 : sizeFlag === 2 ? reader.u32() : reader.u64();
  return { end: reader.position, contentBytes, dictionaryId, hasChecksum };
}

/** Bytes that a frame of `bytes` can hold at most. */
function capacity(bytes: number): number {
  return Math.ceil(bytes / MIN_BLOCK_BYTES) * MAX_BLOCK_BYTES;
}

/**
 * Decodes one frame to output.bytes[0, …); returns the raw length. `length` is what the block's prefix
 * claims, or undefined where the framing has none and the frame's own header must say.
 */
export function decompressZstd(
  input: Uint8Array,
  start: number,
  end: number,
  length: number | undefined,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
  maxBytes: number,
): number {
  const header = readHeader(input, start, end);
  const stated = header.contentBytes;
  const claimed = length ?? stated;
  const limit = Math.min(maxBytes, capacity(end - start));
  if (claimed !== undefined && claimed > limit) {
    throw corrupt(`ZSTD block of ${end - start} bytes claims ${claimed} bytes of content`);
  }
  if (length !== undefined && stated !== undefined && length !== stated) {
    throw corrupt(`ZSTD frame holds ${stated} bytes, its block's prefix says ${length}`);
  }
  if (claimed !== undefined && claimed <= OWN_MAX_BYTES) {
    const { end: headerEnd, dictionaryId, hasChecksum } = header;
    if (decodeFrame(input, headerEnd, end, dictionaryId, hasChecksum, claimed, output, dictionary)) return claimed;
  }
  return runLibrary('ZSTD', claimed, limit, output, (maxOutputLength) =>
    nodeDecompressZstd(input.subarray(start, end), {
      maxOutputLength,
      ...(dictionary === undefined ? {} : { dictionary }),
    }),
  );
}
