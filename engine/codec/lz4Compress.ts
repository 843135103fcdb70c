/** LZ4 blocks, written: see `lz4.ts` for their sequences. */
import type { Func, Local } from '../base/wasm.ts';
import { emitLiterals, LzEncoder } from './lzEncoder.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** The bytes behind a length of 15 in the token: 255 each, and a rest. */
function lengthBytes(f: Func, output: Local, length: Local): void {
  f.if(length.ge(15), () => {
    const left = f.let(length.sub(15));
    f.while(left.ge(255), () => {
      f.store8(output, 255);
      f.set(output, output.add(1));
      f.set(left, left.sub(255));
    });
    f.store8(output, left);
    f.set(output, output.add(1));
  });
}

/** The token's half for a length: the length itself, or 15. */
function nibble(f: Func, length: Local): Local {
  const n = f.let(length);
  f.if(n.gt(15), () => f.set(n, 15));
  return n;
}

const encoder = new LzEncoder({
  lastLiterals: 5,
  emit(f, output, anchor, literals, offset, length) {
    f.set(length, length.sub(4));
    f.store8(output, nibble(f, literals).shl(4).or(nibble(f, length)));
    f.set(output, output.add(1));
    lengthBytes(f, output, literals);
    f.if(literals, () => emitLiterals(f, output, anchor, literals));
    f.store16(output, offset);
    f.set(output, output.add(2));
    lengthBytes(f, output, length);
  },
  finish(f, output, anchor, literals) {
    f.store8(output, nibble(f, literals).shl(4));
    f.set(output, output.add(1));
    lengthBytes(f, output, literals);
    f.if(literals, () => emitLiterals(f, output, anchor, literals));
  },
  bound: (length) => 16 + length + Math.ceil(length / 255),
});

/**
 * Compresses input[start, end) to output.bytes[outputAt, …) and returns the block's length, or 0 if it
 * would be longer than `maxBytes`. What stood before `outputAt` may be lost.
 */
export function compressLz4(
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  outputAt: number,
  maxBytes: number,
): number {
  return encoder.encode(input, start, end, output, outputAt, maxBytes);
}
