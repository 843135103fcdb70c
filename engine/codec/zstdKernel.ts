/**
 * The two inner loops of ZSTD (RFC 8878), as WebAssembly: Huffman-coded literals, and sequences, each
 * of them a run of literals and a match.
 *
 * Both read bit streams backwards: from the highest set bit of the last byte, which only marks the end,
 * down to bit 0 of the first. A position is a count of unread bits, so a field of n bits is those below
 * it: (load64(start + (p >> 3)) >> (p & 7)) & mask with p = position - n, and needs no other state.
 */
import { assemble, constant, Func, type Local, type Value, WasmMemory } from '../base/wasm.ts';
import { copyLiteral, copyMatch, SLOP } from './lzMachine.ts';

/**
 * Memory: the three repeated offsets; decoding tables of Huffman (u16: symbol, bits << 8) and of the
 * three sequence codes (u64: next state u16, bits u8, extra bits u8, base value u32), with slots for the
 * dictionary's and the block's own tables and for the predefined ones; literals; then the caller's data.
 */
export const REPEATS_AT = 0;
export const TABLES_AT = 64;
export const HUFFMAN_LOG_MAX = 11;
export const HUFFMAN_BYTES = 2 << HUFFMAN_LOG_MAX;
export const SEQUENCE_LOG_MAX = 9;
export const SEQUENCE_BYTES = 8 << SEQUENCE_LOG_MAX;
export const BLOCK_MAX = 128 * 1024;
export const LITERALS_AT = TABLES_AT + 2 * HUFFMAN_BYTES + 9 * SEQUENCE_BYTES;
export const DATA_AT = LITERALS_AT + BLOCK_MAX + SLOP;

type Check = (condition: Value) => void;

/** The position at which the stream [start, end) begins; refuses an empty one and one without its mark. */
function openStream(f: Func, start: Value, end: Value, check: Check): Local {
  check(start.lt(end));
  const last = f.let(end.sub(1).load8());
  check(last);
  return f.let(end.sub(start).shl(3).sub(last.clz().sub(23)));
}

/** Symbols that fit into one word whatever their codes: 5 × 11 bits of at least 56. */
const BATCH = 5;
const WORD_BITS = 56;

/**
 * huffman(table, log, output, outputEnd, in0, … inN): decodes N streams [in_i, in_i+1), which fill equal
 * parts of the output, the last one what remains. 1 if every stream is used up exactly.
 */
function huffman(streams: number): Func {
  const f = new Func(new Array(5 + streams).fill('i32'), 'i32');
  const [table, log, output, outputEnd, ...inputs] = f.parameters as [Local, Local, Local, Local, ...Local[]];
  const check: Check = (condition) =>
    f.if(
      condition,
      () => {},
      () => f.return(0),
    );
  const part = f.let(
    outputEnd
      .sub(output)
      .add(streams - 1)
      .div(streams),
  );
  check(part.mul(streams - 1).le(outputEnd.sub(output)));
  const lanes = Array.from({ length: streams }, (_, i) => {
    const start = inputs[i] as Local;
    return {
      start,
      bits: openStream(f, start, inputs[i + 1] as Local, check),
      at: f.let(output.add(part.mul(i))),
      end: i === streams - 1 ? outputEnd : f.let(output.add(part.mul(i + 1))),
      word: f.local('i64'),
      entry: f.local('i32'),
    };
  });
  const topShift = f.let(constant(64).sub(log).toI64());
  let roomy: Value = constant(1);
  for (const l of lanes) roomy = roomy.and(l.bits.ge(WORD_BITS)).and(l.end.sub(l.at).ge(BATCH));
  f.while(roomy, () => {
    for (const l of lanes) {
      // The next bits at the top of the word; at least 56 of them.
      const from = f.let(l.bits.sub(WORD_BITS));
      const word = l.start.add(from.shr(3)).load64();
      f.set(l.word, word.shl(constant(8).sub(from.and(7)).toI64()));
    }
    for (let i = 0; i < BATCH; i++) {
      for (const l of lanes) {
        f.set(l.entry, table.add(l.word.shr(topShift).low32().shl(1)).load16());
        f.store8(l.at, l.entry, i);
        f.set(l.entry, l.entry.shr(8));
        f.set(l.word, l.word.shl(l.entry.toI64()));
        f.set(l.bits, l.bits.sub(l.entry));
      }
    }
    for (const l of lanes) f.set(l.at, l.at.add(BATCH));
  });
  for (const l of lanes) {
    f.while(l.at.lt(l.end), () => {
      const index = f.local('i32');
      f.if(
        l.bits.ge(log),
        () => {
          const from = f.let(l.bits.sub(log));
          f.set(index, l.start.add(from.shr(3)).load32().shr(from.and(7)));
          f.set(index, index.and(constant(1).shl(log).sub(1)));
        },
        // Below the first byte the stream goes on with zeros.
        () => f.set(index, l.start.load32().and(constant(1).shl(l.bits).sub(1)).shl(log.sub(l.bits))),
      );
      f.set(l.entry, table.add(index.shl(1)).load16());
      f.store8(l.at, l.entry);
      f.set(l.entry, l.entry.shr(8));
      check(l.entry.le(l.bits));
      f.set(l.bits, l.bits.sub(l.entry));
      f.set(l.at, l.at.add(1));
    });
    check(l.bits.eq(0));
  }
  f.return(1);
  return f;
}

/**
 * sequences(count, literals, literalsEnd, input, inputEnd, output, outputEnd, lowest, tables and logs of
 * literal lengths, offsets, match lengths): executes `count` sequences, then copies the rest of the
 * literals. Matches reach back to `lowest`. Returns where the output ends, or 0 if anything is wrong.
 */
function sequences(): Func {
  const f = new Func(new Array(14).fill('i32'), 'i32');
  const [count, literals, literalsEnd, input, inputEnd, output, outputEnd, lowest, ...codes] = f.parameters as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    ...Local[],
  ];
  const check: Check = (condition) =>
    f.if(
      condition,
      () => {},
      () => f.return(0),
    );
  const repeats = [0, 4, 8].map((at) => f.let(constant(REPEATS_AT + at).load32()));
  const [first, second, third] = repeats as [Local, Local, Local];
  f.if(count, () => {
    const bits = openStream(f, input, inputEnd, check);
    /** The `n` bits below the position, which moves down; the caller has checked that they are there. */
    const read = (n: Value): Value => {
      f.set(bits, bits.sub(n));
      const word = input.add(bits.shr(3)).load64().shr(bits.and(7).toI64()).low32();
      // n may be 31 at most, so the mask does not run over.
      return word.and(constant(1).shl(n).sub(1));
    };
    const field = (n: Value): Local => f.let(read(f.let(n)));
    // A state is the address of its table entry.
    const [literalTable, literalLog, offsetTable, offsetLog, matchTable, matchLog] = codes as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    check(literalLog.add(offsetLog).add(matchLog).le(bits));
    const literalState = f.let(literalTable.add(field(literalLog).shl(3)));
    const offsetState = f.let(offsetTable.add(field(offsetLog).shl(3)));
    const matchState = f.let(matchTable.add(field(matchLog).shl(3)));
    const offset = f.local('i32');
    const literalLength = f.local('i32');
    const matchLength = f.local('i32');
    const stateBits = f.local('i32');
    f.doWhile(() => {
      const states = [literalState, matchState, offsetState] as const;
      const offsetBits = f.let(offsetState.load8(3));
      const matchBits = f.let(matchState.load8(3));
      const literalBits = f.let(literalState.load8(3));
      f.set(stateBits, literalState.load8(2).add(matchState.load8(2)).add(offsetState.load8(2)));
      // After the last sequence no further states are stored.
      f.if(count.eq(1), () => f.set(stateBits, 0));
      check(offsetBits.add(matchBits).add(literalBits).add(stateBits).le(bits));
      f.set(offset, offsetState.load32(4).add(field(offsetBits)));
      f.set(matchLength, matchState.load32(4).add(field(matchBits)));
      f.set(literalLength, literalState.load32(4).add(field(literalBits)));
      f.if(count.ne(1), () => {
        for (const [state, table] of [
          [states[0], literalTable],
          [states[1], matchTable],
          [states[2], offsetTable],
        ] as const) {
          const next = f.let(state.load16());
          f.set(state, table.add(next.add(field(state.load8(2))).shl(3)));
        }
      });

      f.if(
        offset.gt(3),
        () => {
          f.set(offset, offset.sub(3));
          f.set(third, second);
          f.set(second, first);
          f.set(first, offset);
        },
        () => {
          // Without literals the choice is shifted by one: the last offset would only prolong its match.
          const choice = f.let(offset.sub(1).add(literalLength.eq(0)));
          f.if(choice, () => {
            f.set(offset, first.sub(1));
            f.if(choice.eq(1), () => f.set(offset, second));
            f.if(choice.eq(2), () => f.set(offset, third));
            f.if(choice.ne(1), () => f.set(third, second));
            f.set(second, first);
            f.set(first, offset);
          });
          f.set(offset, first);
        },
      );

      check(literalLength.le(literalsEnd.sub(literals)));
      check(literalLength.le(outputEnd.sub(output)));
      copyLiteral(f, output, literals, literalLength);
      f.set(literals, literals.add(literalLength));
      f.set(output, output.add(literalLength));
      check(matchLength.le(outputEnd.sub(output)));
      // Offset 0 wraps to the largest number.
      check(offset.sub(1).lt(output.sub(lowest)));
      copyMatch(f, output, offset, matchLength);
      f.set(count, count.sub(1));
    }, count);
    check(bits.eq(0));
    for (const [i, repeat] of repeats.entries()) f.store(constant(REPEATS_AT + 4 * i), repeat);
  });
  const rest = f.let(literalsEnd.sub(literals));
  check(rest.le(outputEnd.sub(output)));
  copyLiteral(f, output, literals, rest);
  f.return(output.add(rest));
  return f;
}

type Kernel = (...args: number[]) => number;

/** The assembled kernels and their memory. */
export interface ZstdMachine {
  readonly memory: WasmMemory;
  readonly huffman1: Kernel;
  readonly huffman4: Kernel;
  readonly sequences: Kernel;
}

let machine: ZstdMachine | undefined;

/** The kernels, assembled when they are first used. */
export function zstdMachine(): ZstdMachine {
  if (machine !== undefined) return machine;
  const functions = { huffman1: huffman(1), huffman4: huffman(4), sequences: sequences() };
  const { memory, call } = assemble(functions, DATA_AT);
  machine = {
    memory: new WasmMemory(memory),
    huffman1: call['huffman1'] as Kernel,
    huffman4: call['huffman4'] as Kernel,
    sequences: call['sequences'] as Kernel,
  };
  return machine;
}
