/**
 * What the Snappy and LZ4 compressors share: a search for repetitions with one hash table, in
 * WebAssembly, and the memory that it works in.
 *
 * 1. Four bytes at a time are hashed to a slot that holds where such bytes were seen last.
 * 2. If they stand there and not too far back, the match is extended to both sides and written, with
 *    the bytes since the last match as literals before it.
 * 3. Without a match the search steps on by one byte, and by one more after every 32 bytes without
 *    any, so that incompressible input costs little.
 *
 * Slots hold the position plus an epoch. Each call moves the epoch past everything that older calls
 * left, by more than the longest offset: stale slots then look like matches too far back, and the table
 * need not be cleared.
 *
 * Memory: [table][input][slop][output][slop]. Reads and copies may touch up to `SLOP` bytes too many.
 */
import { assemble, Func, type Local, WasmMemory } from '../base/wasm.ts';
import { copyLiteral, SLOP } from './lzMachine.ts';
import type { OutputBuffer } from './outputBuffer.ts';

const TABLE_BITS_MIN = 8;
const TABLE_BITS_MAX = 14;
export const LZ_TABLE_BYTES = 4 << TABLE_BITS_MAX;
/** Offsets have 16 bits in both formats (Snappy has a longer form, which no writer uses). */
const OFFSET_MAX = 65_535;
const EPOCH_MAX = 0x7000_0000;
/** Bytes at the end of the input where no match may start; LZ4 demands it. */
const START_MARGIN = 12;
/** Epochs must fit 32 bits beside the position. */
const INPUT_MAX = 0x3fff_0000;

/** What a format adds to the search: how a piece of the stream is written; `output` is advanced. */
export interface LzFormat {
  /** Bytes at the end of the input that must be literals. */
  readonly lastLiterals: number;
  /** Writes `literals` bytes from `anchor`, then a match of `length` (at least 4) bytes `offset` back. */
  emit(f: Func, output: Local, anchor: Local, literals: Local, offset: Local, length: Local): void;
  /** Writes the last `literals` bytes. */
  finish(f: Func, output: Local, anchor: Local, literals: Local): void;
  /** The longest stream that `length` bytes can become. */
  bound(length: number): number;
}

/** Writes `literals` bytes from `anchor` and moves `output` behind them. */
export function emitLiterals(f: Func, output: Local, anchor: Local, literals: Local): void {
  copyLiteral(f, output, anchor, literals);
  f.set(output, output.add(literals));
}

/**
 * encode(input, end, output, limit, shift, epoch): position behind the output, or 0 as soon as it is
 * clear that it would pass `limit`. The table stands at `tableAt` of the module's memory; `LzTable` tells
 * shift and epoch.
 */
export function lzEncoder(format: LzFormat, tableAt = 0): Func {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const [input, end, output, limit, shift, epoch] = f.parameters as [Local, Local, Local, Local, Local, Local];
  const at = f.let(input.add(1));
  const anchor = f.let(input);
  const word = f.local('i32');
  const slot = f.local('i32');
  const offset = f.local('i32');
  const length = f.local('i32');
  const literals = f.local('i32');
  const from = f.local('i32');
  const to = f.local('i32');
  const difference = f.local('i64');
  const inRange = f.local('i32');
  const zero = f.let(0);
  const hash = (w: Local) => w.mul(0x9e3779b1).shr(shift).shl(2);

  f.if(end.sub(input).gt(START_MARGIN), () => {
    const lastStart = f.let(end.sub(START_MARGIN));
    const matchEnd = f.let(end.sub(format.lastLiterals));
    f.set(word, input.load32());
    f.store(f.let(hash(word)), input.add(epoch), tableAt);
    f.while(at.le(lastStart), () => {
      f.set(word, at.load32());
      f.set(slot, hash(word));
      f.set(offset, at.add(epoch).sub(slot.load32(tableAt)));
      f.store(slot, at.add(epoch), tableAt);
      // An offset out of range becomes 0: no branch that depends on the data but the one on the result.
      f.set(inRange, offset.sub(1).lt(OFFSET_MAX));
      f.set(from, at.sub(offset.and(zero.sub(inRange))));
      f.if(
        from.load32().eq(word).and(inRange),
        () => {
          f.set(length, 4);
          // Backwards into the literals; `from` stays inside of the input.
          f.while(
            at
              .gt(anchor)
              .and(from.gt(input))
              .and(at.sub(1).load8().eq(from.sub(1).load8())),
            () => {
              f.set(at, at.sub(1));
              f.set(from, from.sub(1));
              f.set(length, length.add(1));
            },
          );
          f.set(from, from.add(length));
          f.set(to, at.add(length));
          f.set(difference, 0n);
          // Eight bytes at a time; the lowest bit that differs ends the match.
          f.while(difference.eq(0n).and(to.lt(matchEnd)), () => {
            f.set(difference, to.load64().xor(from.load64()));
            f.if(
              difference.eq(0n),
              () => {
                f.set(to, to.add(8));
                f.set(from, from.add(8));
              },
              () => f.set(to, to.add(difference.ctz().low32().shr(3))),
            );
          });
          f.if(to.gt(matchEnd), () => f.set(to, matchEnd));
          f.set(length, to.sub(at));
          f.set(literals, at.sub(anchor));
          // The dearest match of either format takes one byte per 20 of it, and a few more.
          f.if(output.add(literals).gt(limit), () => f.return(0));
          format.emit(f, output, anchor, literals, offset, length);
          f.set(at, to);
          f.set(anchor, to);
          f.set(word, to.sub(2).load32());
          f.store(f.let(hash(word)), to.sub(2).add(epoch), tableAt);
        },
        () => f.set(at, at.add(1).add(at.sub(anchor).shr(5))),
      );
    });
  });
  f.set(literals, end.sub(anchor));
  f.if(output.add(literals).gt(limit), () => f.return(0));
  format.finish(f, output, anchor, literals);
  f.if(output.gt(limit), () => f.return(0));
  f.return(output);
  return f;
}

/** The epochs of one table; the bytes of the table are all 0 at first, and whenever `next` says so. */
export class LzTable {
  #epoch = OFFSET_MAX + 1;

  /** 32 minus the bits of a slot's number, for `length` bytes of input: a table that is as small as the input. */
  static shift(length: number): number {
    return 32 - Math.min(TABLE_BITS_MAX, Math.max(TABLE_BITS_MIN, 31 - Math.clz32(length)));
  }

  /** The epoch for the next input; `clear` zeroes the table. */
  next(length: number, clear: () => void): number {
    if (this.#epoch > EPOCH_MAX) {
      clear();
      this.#epoch = OFFSET_MAX + 1;
    }
    const epoch = this.#epoch;
    this.#epoch += length + OFFSET_MAX + 1;
    return epoch;
  }
}

type Encode = (input: number, end: number, output: number, limit: number, shift: number, epoch: number) => number;

/** A compressor and the memory that it works in; assembled when it is first used. */
export class LzEncoder {
  readonly #format: LzFormat;
  #memory: WasmMemory | undefined;
  #encode: Encode = () => 0;
  readonly #table = new LzTable();

  constructor(format: LzFormat) {
    this.#format = format;
  }

  #assemble(): WasmMemory {
    const { memory, call } = assemble({ encode: lzEncoder(this.#format) }, 1 << 18);
    this.#encode = call['encode'] as Encode;
    this.#memory = new WasmMemory(memory);
    return this.#memory;
  }

  /**
   * Compresses input[start, end) to output.bytes[outputAt, …), whose earlier bytes are kept only if
   * they were written through `prefix`, and returns the stream's length; 0 if it would be longer than
   * `maxBytes`, or if the input is larger than the memory of a module can hold.
   */
  encode(
    input: Uint8Array,
    start: number,
    end: number,
    output: OutputBuffer,
    outputAt: number,
    maxBytes: number,
  ): number {
    const length = end - start;
    if (length > INPUT_MAX || maxBytes < 1) return 0;
    const inputAt = LZ_TABLE_BYTES;
    const streamAt = inputAt + length + SLOP;
    const bound = this.#format.bound(length);
    const memory = this.#memory ?? this.#assemble();
    memory.reserve(streamAt + bound + SLOP);
    const { bytes } = memory;
    const epoch = this.#table.next(length, () => bytes.fill(0, 0, LZ_TABLE_BYTES));
    bytes.set(start === 0 && end === input.length ? input : input.subarray(start, end), inputAt);
    const limit = streamAt + Math.min(bound, maxBytes);
    const streamEnd = this.#encode(inputAt, inputAt + length, streamAt, limit, LzTable.shift(length), epoch);
    if (streamEnd === 0) return 0;
    output.reserve(outputAt + (streamEnd - streamAt));
    output.bytes.set(bytes.subarray(streamAt, streamEnd), outputAt);
    return streamEnd - streamAt;
  }
}
