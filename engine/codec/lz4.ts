/**
 * LZ4 blocks: sequences of a token (literal length << 4 | match length - 4, 15 = more bytes follow),
 * literals, a two-byte offset and the match; the last sequence has literals only.
 */
import { corrupt } from '../base/errors.ts';
import type { Func, Local, Value } from '../base/wasm.ts';
import { copyLiteral, copyMatch, LzMachine } from './lzMachine.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** A length byte adds at most 255 bytes; the rest of a sequence brings less per byte. */
const MAX_EXPANSION = 255;
/** Offsets have 16 bits, so no more of a dictionary can be reached. */
const WINDOW = 65_535;

/** Adds the length bytes that follow a length of 15. */
function readLength(
  f: Func,
  length: Local,
  room: Value,
  input: Local,
  inputEnd: Local,
  check: (c: Value) => void,
): void {
  f.if(length.eq(15), () => {
    const byte = f.local('i32');
    f.doWhile(() => {
      check(input.lt(inputEnd));
      f.set(byte, input.load8());
      f.set(input, input.add(1));
      f.set(length, length.add(byte));
      // Here, not only after the loop: the sum must not run over.
      check(length.le(room));
    }, byte.eq(255));
  });
}

const machine = new LzMachine((f, base, output, outputEnd, input, inputEnd, check) => {
  const token = f.local('i32');
  const length = f.local('i32');
  const offset = f.local('i32');
  f.while(input.lt(inputEnd), () => {
    f.set(token, input.load8());
    f.set(input, input.add(1));
    f.set(length, token.shr(4));
    readLength(f, length, outputEnd.sub(output), input, inputEnd, check);
    check(length.le(inputEnd.sub(input)));
    check(length.le(outputEnd.sub(output)));
    copyLiteral(f, output, input, length);
    f.set(input, input.add(length));
    f.set(output, output.add(length));
    f.if(input.lt(inputEnd), () => {
      f.set(offset, input.load16());
      f.set(input, input.add(2));
      check(input.le(inputEnd));
      f.set(length, token.and(15));
      readLength(f, length, outputEnd.sub(output), input, inputEnd, check);
      f.set(length, length.add(4));
      check(length.le(outputEnd.sub(output)));
      check(offset.sub(1).lt(output.sub(base)));
      copyMatch(f, output, offset, length);
    });
  });
});

/** Decodes input[start, end) to `length` bytes at output.bytes[0]. */
export function decompressLz4(
  input: Uint8Array,
  start: number,
  end: number,
  length: number,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
  maxBytes: number,
): number {
  if (length > maxBytes || length > (end - start) * MAX_EXPANSION) {
    throw corrupt(`LZ4 block of ${end - start} bytes claims ${length} bytes of content`);
  }
  output.reserve(length);
  if (!machine.decode(input, start, end, output.bytes, length, dictionary?.subarray(-WINDOW))) {
    throw corrupt('LZ4 block is malformed');
  }
  return length;
}
