/**
 * Snappy, raw format: a varint of the raw length, then elements that start with a tag byte whose two
 * low bits say literal (0) or copy with an offset of 11 bits, 2 bytes or 4 bytes (1, 2, 3).
 */
import { corrupt } from '../base/errors.ts';
import { Reader } from '../base/varint.ts';
import type { Func } from '../base/wasm.ts';
import { copyLiteral, copyMatch, type DecodeBody, LzMachine, lzDecoder } from './lzMachine.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** No element yields more bytes per byte than a copy with a two-byte offset: 64 from 3. */
const MAX_EXPANSION = 64 / 3;

const body: DecodeBody = (f, base, output, outputEnd, input, inputEnd, check) => {
  const tag = f.local('i32');
  const length = f.local('i32');
  const offset = f.local('i32');
  f.while(input.lt(inputEnd), () => {
    f.set(tag, input.load8());
    f.set(input, input.add(1));
    f.set(length, tag.shr(2).add(1));
    f.if(
      tag.and(3),
      () => {
        // Operands are read before the bounds check: what follows the input is slop, not foreign memory.
        f.if(
          tag.and(3).eq(1),
          () => {
            f.set(length, tag.shr(2).and(7).add(4));
            f.set(offset, tag.shr(5).shl(8).or(input.load8()));
            f.set(input, input.add(1));
          },
          () => {
            f.if(
              tag.and(3).eq(2),
              () => {
                f.set(offset, input.load16());
                f.set(input, input.add(2));
              },
              () => {
                f.set(offset, input.load32());
                f.set(input, input.add(4));
              },
            );
          },
        );
        check(input.le(inputEnd));
        check(length.le(outputEnd.sub(output)));
        // Offset 0 wraps to the largest number.
        check(offset.sub(1).lt(output.sub(base)));
        copyMatch(f, output, offset, length);
      },
      () => {
        f.if(length.gt(60), () => {
          const extra = f.let(length.sub(60));
          f.set(length, input.load32().and(f.let(-1).shr(f.let(32).sub(extra.shl(3)))));
          f.set(input, input.add(extra));
          check(input.le(inputEnd));
          check(length.lt(outputEnd.sub(output)));
          f.set(length, length.add(1));
        });
        check(length.le(inputEnd.sub(input)));
        check(length.le(outputEnd.sub(output)));
        copyLiteral(f, output, input, length);
        f.set(input, input.add(length));
        f.set(output, output.add(length));
      },
    );
  });
};

const machine = new LzMachine(body);

/** As `lzDecoder`, of Snappy: the stream behind the length. */
export function snappyDecoder(): Func {
  return lzDecoder(body);
}

/** Reads the length before a stream. Throws CORRUPT for one above `maxBytes`, or that no such stream could fill. */
export function snappyLength(reader: Reader, end: number, maxBytes: number): number {
  const length = reader.varint32();
  if (length > maxBytes || length > (end - reader.position) * MAX_EXPANSION) {
    throw corrupt(`Snappy block of ${end - reader.position} bytes claims ${length} bytes of content`);
  }
  return length;
}

/** Decodes input[start, end) to output.bytes[0, …); returns the raw length. */
export function decompressSnappy(
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  maxBytes: number,
): number {
  const reader = new Reader(input, start, end);
  const length = snappyLength(reader, end, maxBytes);
  output.reserve(length);
  if (!machine.decode(input, reader.position, end, output.bytes, length, undefined)) {
    throw corrupt('Snappy block is malformed');
  }
  return length;
}
