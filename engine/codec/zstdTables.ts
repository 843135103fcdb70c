/** Decoding tables of ZSTD: reading their descriptions and laying them out for the kernels (RFC 8878 §4.1, §4.2.1). */
import { HUFFMAN_LOG_MAX, zstdMachine } from './zstdKernel.ts';

/** Thrown while a frame is decoded; never leaves the codec. */
export class MalformedFrame extends Error {}

export function malformed(what: string): MalformedFrame {
  return new MalformedFrame(what);
}

/** One of the three codes of a sequence: its predefined table and what its symbols stand for. */
export interface SequenceCode {
  readonly logMax: number;
  readonly bases: readonly number[];
  readonly extraBits: readonly number[];
  readonly defaultLog: number;
  readonly defaultCounts: readonly number[];
}

/** Base values that grow by 2^extra bits, after `plain` symbols that stand for themselves. */
function code(
  plain: number,
  firstBase: number,
  extra: readonly number[],
  logMax: number,
  defaultLog: number,
  defaultCounts: readonly number[],
): SequenceCode {
  const bases = Array.from({ length: plain }, (_, i) => firstBase + i);
  let base = firstBase + plain;
  for (const bits of extra) {
    bases.push(base);
    base += 2 ** bits;
  }
  return { logMax, bases, extraBits: [...new Array(plain).fill(0), ...extra], defaultLog, defaultCounts };
}

/** `n` times `x`. */
const times = (n: number, x: number): number[] => new Array(n).fill(x);

export const LITERAL_LENGTHS: SequenceCode = code(
  16,
  0,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  9,
  6,
  [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, ...times(5, 1), ...times(4, -1)],
);
export const MATCH_LENGTHS: SequenceCode = code(
  32,
  3,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  9,
  6,
  [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)],
);
export const OFFSETS: SequenceCode = {
  logMax: 8,
  bases: Array.from({ length: 32 }, (_, i) => 2 ** i),
  extraBits: Array.from({ length: 32 }, (_, i) => i),
  defaultLog: 5,
  defaultCounts: [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)],
};

const SYMBOLS_MAX = 256;
const counts = new Int16Array(SYMBOLS_MAX);
const next = new Uint16Array(SYMBOLS_MAX);
const symbols = new Uint8Array(1 << 9);
const weights = new Uint8Array(SYMBOLS_MAX);

let words: Uint32Array = new Uint32Array(0);
let halves: Uint16Array = new Uint16Array(0);

/** Views of the kernels' memory, made anew where it has grown. */
function refreshViews(): void {
  const { buffer } = zstdMachine().memory.bytes;
  if (words.buffer === buffer) return;
  words = new Uint32Array(buffer);
  halves = new Uint16Array(buffer);
}

const highBit = (x: number): number => 31 - Math.clz32(x);

/** A description's normalised counts, in `counts`: how many symbols, the table's log, where it ends. */
interface Distribution {
  symbols: number;
  log: number;
  end: number;
}
const distribution: Distribution = { symbols: 0, log: 0, end: 0 };

/** Reads an FSE table description at b[start, end) into `distribution`. */
function readDistribution(b: Uint8Array, start: number, end: number, logMax: number, symbolsMax: number): void {
  const last = (end - start) * 8;
  let at = 0;
  /** Up to 16 bits; beyond the end they are zero, and the position tells. */
  const peek = (n: number): number => {
    const from = start + (at >>> 3);
    const word =
      (from < end ? (b[from] as number) : 0) |
      (from + 1 < end ? (b[from + 1] as number) << 8 : 0) |
      (from + 2 < end ? (b[from + 2] as number) << 16 : 0);
    return (word >>> (at & 7)) & ((1 << n) - 1);
  };
  const log = peek(4) + 5;
  at = 4;
  if (log > logMax) throw malformed('table is too large');
  let remaining = 1 << log;
  let symbol = 0;
  while (remaining > 0) {
    if (symbol >= symbolsMax || at > last) throw malformed('table description runs over');
    const bits = highBit(remaining + 1) + 1;
    const low = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 2 - remaining;
    let value = peek(bits);
    if ((value & low) < threshold) {
      value &= low;
      at += bits - 1;
    } else {
      if (value > low) value -= threshold;
      at += bits;
    }
    const count = value - 1;
    remaining -= count < 0 ? 1 : count;
    counts[symbol++] = count;
    if (count !== 0) continue;
    for (let repeat = 3; repeat === 3; ) {
      repeat = peek(2);
      at += 2;
      if (symbol + repeat > symbolsMax || at > last) throw malformed('table description runs over');
      counts.fill(0, symbol, symbol + repeat);
      symbol += repeat;
    }
  }
  if (remaining < 0 || at > last) throw malformed('table description does not add up');
  distribution.symbols = symbol;
  distribution.log = log;
  distribution.end = start + ((at + 7) >>> 3);
}

/** Spreads the symbols of `counts` over `symbols` and prepares `next`. */
function spread(symbolCount: number, log: number): void {
  const size = 1 << log;
  let high = size;
  for (let s = 0; s < symbolCount; s++) {
    const count = counts[s] as number;
    if (count === -1) symbols[--high] = s;
    next[s] = count === -1 ? 1 : count;
  }
  const step = (size >>> 1) + (size >>> 3) + 3;
  let at = 0;
  for (let s = 0; s < symbolCount; s++) {
    for (let i = counts[s] as number; i > 0; i--) {
      symbols[at] = s;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  if (at !== 0) throw malformed('table does not fill up');
}

/** Lays a sequence table out at byte address `to`. */
function buildSequenceTable(to: number, which: SequenceCode, symbolCount: number, log: number): void {
  refreshViews();
  spread(symbolCount, log);
  const size = 1 << log;
  for (let i = 0, at = to >>> 2; i < size; i++, at += 2) {
    const s = symbols[i] as number;
    const state = next[s] as number;
    next[s] = state + 1;
    const bits = log - highBit(state);
    words[at] = ((state << bits) - size) | (bits << 16) | ((which.extraBits[s] as number) << 24);
    words[at + 1] = which.bases[s] as number;
  }
}

/** Reads a table description at b[start, end) and lays it out at `to`; returns its log, the end in `tableEnd`. */
export function readSequenceTable(b: Uint8Array, start: number, end: number, which: SequenceCode, to: number): number {
  readDistribution(b, start, end, which.logMax, which.bases.length);
  tableEnd = distribution.end;
  buildSequenceTable(to, which, distribution.symbols, distribution.log);
  return distribution.log;
}

/** Where the description read last ends. */
export let tableEnd = 0;

export function predefinedTable(which: SequenceCode, to: number): void {
  counts.set(which.defaultCounts);
  buildSequenceTable(to, which, which.defaultCounts.length, which.defaultLog);
}

/** A table of log 0: every sequence has the one symbol. */
export function singleSymbolTable(which: SequenceCode, symbol: number, to: number): void {
  if (symbol >= which.bases.length) throw malformed('symbol is out of range');
  refreshViews();
  words[to >>> 2] = (which.extraBits[symbol] as number) << 24;
  words[(to >>> 2) + 1] = which.bases[symbol] as number;
}

/** Reads a Huffman description at b[start, end), lays its table out at `to`; returns its log, the end in `tableEnd`. */
export function readHuffmanTable(b: Uint8Array, start: number, end: number, to: number): number {
  if (start >= end) throw malformed('Huffman table is missing');
  const header = b[start] as number;
  let count: number;
  if (header < 128) {
    tableEnd = start + 1 + header;
    if (tableEnd > end) throw malformed('Huffman table runs over');
    count = readPackedWeights(b, start + 1, tableEnd);
  } else {
    count = header - 127;
    tableEnd = start + 1 + ((count + 1) >>> 1);
    if (tableEnd > end) throw malformed('Huffman table runs over');
    for (let i = 0; i < count; i++) {
      const pair = b[start + 1 + (i >>> 1)] as number;
      weights[i] = (i & 1) === 0 ? pair >>> 4 : pair & 15;
    }
  }
  return buildHuffmanTable(count, to);
}

/** Weights that are FSE-coded by two states in turn; returns how many. */
function readPackedWeights(b: Uint8Array, start: number, end: number): number {
  readDistribution(b, start, end, 6, 16);
  const { log, end: streamAt } = distribution;
  spread(distribution.symbols, log);
  const size = 1 << log;
  const last = end > streamAt ? (b[end - 1] as number) : 0;
  if (last === 0) throw malformed('Huffman weights are missing');
  let bits = (end - streamAt - 1) * 8 + highBit(last);
  const read = (n: number): number => {
    bits -= n;
    if (bits < 0) throw malformed('Huffman weights run over');
    const from = streamAt + (bits >>> 3);
    const word = (b[from] as number) | ((from + 1 < end ? (b[from + 1] as number) : 0) << 8);
    return (word >>> (bits & 7)) & ((1 << n) - 1);
  };
  for (let i = 0; i < size; i++) {
    const s = symbols[i] as number;
    const state = next[s] as number;
    next[s] = state + 1;
    weightBits[i] = log - highBit(state);
    weightBase[i] = (state << (log - highBit(state))) - size;
  }
  let state = read(log);
  let other = read(log);
  let count = 0;
  // The two states alternate; when one finds no more bits, the other's symbol is the last.
  for (;;) {
    if (count >= SYMBOLS_MAX - 2) throw malformed('too many Huffman weights');
    weights[count++] = symbols[state] as number;
    const n = weightBits[state] as number;
    if (n > bits) break;
    const moved = (weightBase[state] as number) + read(n);
    state = other;
    other = moved;
  }
  weights[count++] = symbols[other] as number;
  return count;
}

const weightBits = new Uint8Array(64);
const weightBase = new Uint8Array(64);
const rankStart = new Uint16Array(HUFFMAN_LOG_MAX + 2);

/** Lays out the table of `weights[0, count)` and the last weight, which the others imply. */
function buildHuffmanTable(count: number, to: number): number {
  rankStart.fill(0);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const w = weights[i] as number;
    if (w > HUFFMAN_LOG_MAX) throw malformed('Huffman code is too long');
    if (w > 0) sum += 1 << (w - 1);
    rankStart[w] = (rankStart[w] as number) + 1;
  }
  if (sum === 0) throw malformed('Huffman table is empty');
  const log = highBit(sum) + 1;
  const rest = (1 << log) - sum;
  if (log > HUFFMAN_LOG_MAX || (rest & (rest - 1)) !== 0) throw malformed('Huffman weights do not add up');
  const lastWeight = highBit(rest) + 1;
  weights[count] = lastWeight;
  rankStart[lastWeight] = (rankStart[lastWeight] as number) + 1;
  // Long codes, which have small weights, come first.
  for (let w = 1, at = 0; w <= log; w++) {
    const n = rankStart[w] as number;
    rankStart[w] = at;
    at += n << (w - 1);
  }
  refreshViews();
  const base = to >>> 1;
  for (let s = 0; s <= count; s++) {
    const w = weights[s] as number;
    if (w === 0) continue;
    const from = rankStart[w] as number;
    const until = from + (1 << (w - 1));
    rankStart[w] = until;
    const entry = s | ((log + 1 - w) << 8);
    // Most runs are short, and a call of fill costs as much as eight stores.
    if (w > 4) halves.fill(entry, base + from, base + until);
    else for (let i = base + from; i < base + until; i++) halves[i] = entry;
  }
  return log;
}
