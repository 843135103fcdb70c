/** Snappy, raw format, written: see `snappy.ts` for its elements. */
import { writeVarint } from '../base/varint.ts';
import type { Func, Local } from '../base/wasm.ts';
import { emitLiterals, LzEncoder, type LzFormat, lzEncoder } from './lzEncoder.ts';
import type { OutputBuffer } from './outputBuffer.ts';

const format: LzFormat = {
  lastLiterals: 0,
  emit(f, output, anchor, literals, offset, length) {
    f.if(literals, () => literalElement(f, output, anchor, literals));
    // Copies take up to 64 bytes; a rest shorter than 4 has no short form, so a long one leaves more.
    f.while(length.ge(68), () => {
      longCopy(f, output, offset, 64);
      f.set(length, length.sub(64));
    });
    f.if(length.gt(64), () => {
      longCopy(f, output, offset, 60);
      f.set(length, length.sub(60));
    });
    f.if(
      length.lt(12).and(offset.lt(2048)),
      () => {
        f.store8(output, length.sub(4).shl(2).or(1).or(offset.shr(8).shl(5)));
        f.store8(output, offset, 1);
        f.set(output, output.add(2));
      },
      () => {
        f.store8(output, length.sub(1).shl(2).or(2));
        f.store16(output, offset, 1);
        f.set(output, output.add(3));
      },
    );
  },
  finish(f, output, anchor, literals) {
    f.if(literals, () => literalElement(f, output, anchor, literals));
  },
  bound: (length) => 32 + length + Math.ceil(length / 6),
};

const encoder = new LzEncoder(format);

/** As `lzEncoder`, of Snappy: the stream behind the length. */
export function snappyEncoder(tableAt: number): Func {
  return lzEncoder(format, tableAt);
}

/** The longest stream that `length` bytes can become, without the length before it. */
export const snappyBound = format.bound;

function longCopy(f: Func, output: Local, offset: Local, length: number): void {
  f.store8(output, ((length - 1) << 2) | 2);
  f.store16(output, offset, 1);
  f.set(output, output.add(3));
}

/** Up to 60 bytes the tag says how many; above, one to four bytes behind it do. */
function literalElement(f: Func, output: Local, anchor: Local, literals: Local): void {
  const n = f.let(literals.sub(1));
  f.if(
    n.lt(60),
    () => {
      f.store8(output, n.shl(2));
      f.set(output, output.add(1));
    },
    () => {
      f.store(output, n, 1);
      const bytes = f.let(n.gt(0xff).add(n.gt(0xffff)).add(n.gt(0xff_ffff)));
      f.store8(output, bytes.add(60).shl(2));
      f.set(output, output.add(bytes).add(2));
    },
  );
  emitLiterals(f, output, anchor, literals);
}

/**
 * Compresses input[start, end) to output.bytes[0, …), length prefix included; returns the stored length,
 * or 0 if it would be longer than `maxBytes`.
 */
export function compressSnappy(
  input: Uint8Array,
  start: number,
  end: number,
  output: OutputBuffer,
  maxBytes: number,
): number {
  output.reserve(16);
  const prefix = writeVarint(output.bytes, 0, end - start);
  const stream = encoder.encode(input, start, end, output, prefix, maxBytes - prefix);
  if (stream === 0 && end > start) return 0;
  writeVarint(output.bytes, 0, end - start);
  return prefix + stream;
}
