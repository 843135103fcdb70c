/**
 * What the Snappy and LZ4 decoders share: the WebAssembly statements that copy literals and matches.
 *
 * Memory of a decoder: [dictionary or nothing][output][slop][input][slop]. Copies move whole words and
 * may write up to `SLOP` bytes past what they should; the next copy, or nobody, overwrites those. The
 * decoders check every length against what is left before they call one of these.
 */
import { assemble, Func, type Local, type Value, WasmMemory } from '../base/wasm.ts';

export const SLOP = 64;
/** From here on a call of memory.copy is quicker than a loop. */
const LONG = 256;

/** Moves `length` bytes from `from` to `to`, which do not overlap, in words of 16; advances neither. */
export function copyLiteral(f: Func, to: Local, from: Local, length: Local): void {
  f.store(to, from.load128());
  f.if(length.gt(16), () => {
    f.if(
      length.gt(LONG),
      () => f.copy(to, from, length),
      () => {
        const at = f.let(16);
        f.doWhile(() => {
          f.store(to.add(at), from.add(at).load128());
          f.set(at, at.add(16));
        }, at.lt(length));
      },
    );
  });
}

/**
 * Writes `length` bytes at `to` that repeat those `offset` bytes before it, and advances `to`. The
 * ranges may overlap: then the last `offset` bytes are a pattern.
 */
export function copyMatch(f: Func, to: Local, offset: Local, length: Local): void {
  const from = f.let(to.sub(offset));
  const end = f.let(to.add(length));
  f.if(
    offset.ge(16),
    () => {
      f.doWhile(() => {
        f.store(to, from.load128());
        f.set(from, from.add(16));
        f.set(to, to.add(16));
      }, to.lt(end));
    },
    () => {
      // A word's first `distance` bytes are right even if it overlaps; that doubles the distance.
      f.while(to.sub(from).lt(8), () => {
        f.store(to, from.load64());
        f.set(to, to.add(to.sub(from)));
      });
      f.while(to.lt(end), () => {
        f.store(to, from.load64());
        f.set(from, from.add(8));
        f.set(to, to.add(8));
      });
    },
  );
  f.set(to, end);
}

/** decode(base, output, outputEnd, input, inputEnd): 1 if the input is sound and fills the output exactly. */
export type DecodeBody = (
  f: Func,
  base: Local,
  output: Local,
  outputEnd: Local,
  input: Local,
  inputEnd: Local,
  check: (condition: Value) => void,
) => void;

/** decode(base, output, outputEnd, input, inputEnd): see `DecodeBody`. */
export function lzDecoder(body: DecodeBody): Func {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const [base, output, outputEnd, input, inputEnd] = f.parameters as [Local, Local, Local, Local, Local];
  body(f, base, output, outputEnd, input, inputEnd, (condition) =>
    f.if(
      condition,
      () => {},
      () => f.return(0),
    ),
  );
  f.return(output.eq(outputEnd));
  return f;
}

type Decode = (base: number, output: number, outputEnd: number, input: number, inputEnd: number) => number;

/** A decoder and the memory that it works in; assembled when it is first used. */
export class LzMachine {
  readonly #body: DecodeBody;
  #memory: WasmMemory | undefined;
  #decode: Decode = () => 0;

  constructor(body: DecodeBody) {
    this.#body = body;
  }

  #assemble(): WasmMemory {
    const { memory, call } = assemble({ decode: lzDecoder(this.#body) }, 1 << 18);
    this.#decode = call['decode'] as Decode;
    this.#memory = new WasmMemory(memory);
    return this.#memory;
  }

  /**
   * Decodes input[start, end) to exactly `length` bytes at into[0]; false if the stream is malformed.
   * Matches may reach back into `dictionary`. `into` has room for `length` bytes.
   */
  decode(
    input: Uint8Array,
    start: number,
    end: number,
    into: Uint8Array,
    length: number,
    dictionary: Uint8Array | undefined,
  ): boolean {
    const outputAt = dictionary === undefined ? 0 : dictionary.length;
    const inputAt = outputAt + length + SLOP;
    const inputEnd = inputAt + (end - start);
    const memory = this.#memory ?? this.#assemble();
    memory.reserve(inputEnd + SLOP);
    const { bytes } = memory;
    if (dictionary !== undefined) bytes.set(dictionary, 0);
    bytes.set(input.subarray(start, end), inputAt);
    if (this.#decode(0, outputAt, outputAt + length, inputAt, inputEnd) === 0) return false;
    into.set(bytes.subarray(outputAt, outputAt + length), 0);
    return true;
  }
}
