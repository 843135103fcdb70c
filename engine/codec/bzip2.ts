/**
 * bzip2 streams: a few RocksDB stores have them, and Node has no decoder.
 *
 * A block is undone in the reverse of how it was made: Huffman codes (up to six tables, chosen anew
 * every 50 symbols), zero runs and move-to-front, the Burrows-Wheeler transform, and run lengths of
 * four or more equal bytes. Bits are read from the highest of each byte down.
 */
import { corrupt } from '../base/errors.ts';
import type { OutputBuffer } from './outputBuffer.ts';

const LEVEL_BYTES = 100_000;
const GROUP = 50;
const CODE_LENGTH_MAX = 20;
const SYMBOLS_MAX = 258;
const RUN_A = 0;
const RUN_B = 1;
/** The digits of pi open a block, those of its root close the stream; each in two halves of 24 bits. */
const BLOCK_MARK = [0x314159, 0x265359] as const;
const END_MARK = [0x177245, 0x385090] as const;
/** Four equal bytes and a count stand for at least four: a block's output may be this much shorter. */
const RUN_OVERHEAD = 5 / 4;
/** Or this much longer: five bytes for up to 4 + 255 equal ones. */
const RUN_EXPANSION = 52;
/** Marks, checksum, origin, maps and two tables take at least 172 bits. */
const BLOCK_BYTES_MIN = 20;

/** CRC-32 with the polynomial 0x04c11db7, highest bit first. */
const crcTable = Int32Array.from({ length: 256 }, (_, i) => {
  let c = i << 24;
  for (let bit = 0; bit < 8; bit++) c = (c << 1) ^ (c < 0 ? 0x04c11db7 : 0);
  return c;
});

function malformed(what: string): Error {
  return corrupt(`bzip2 block is malformed: ${what}`);
}

class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #word = 0;
  #count = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The next `n` bits, at most 24. */
  bits(n: number): number {
    while (this.#count < n) {
      if (this.#at >= this.#end) throw malformed('it ends early');
      this.#word = (this.#word << 8) | (this.#bytes[this.#at++] as number);
      this.#count += 8;
    }
    this.#count -= n;
    return (this.#word >>> this.#count) & ((1 << n) - 1);
  }

  /** Whether all but the padding of the last byte is read. */
  get done(): boolean {
    return this.#at === this.#end;
  }
}

/** A canonical Huffman code: per length the first code, the index of its symbol, and how many there are. */
class HuffmanCode {
  readonly #counts = new Uint16Array(CODE_LENGTH_MAX + 1);
  readonly #symbols = new Uint16Array(SYMBOLS_MAX);

  constructor(lengths: Uint8Array, symbols: number) {
    for (let i = 0; i < symbols; i++) {
      const n = lengths[i] as number;
      this.#counts[n] = (this.#counts[n] as number) + 1;
    }
    let at = 0;
    for (let n = 1; n <= CODE_LENGTH_MAX; n++) {
      for (let i = 0; i < symbols; i++) if (lengths[i] === n) this.#symbols[at++] = i;
    }
  }

  read(input: BitReader): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let n = 1; n <= CODE_LENGTH_MAX; n++) {
      code |= input.bits(1);
      const count = this.#counts[n] as number;
      if (code - first < count) return this.#symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw malformed('a code means nothing');
  }
}

/** Reads the tables of a block and which of them decodes each group. */
function readCodes(input: BitReader, symbols: number): { codes: HuffmanCode[]; selectors: Uint8Array } {
  const tables = input.bits(3);
  const groups = input.bits(15);
  if (tables < 2 || tables > 6 || groups < 1) throw malformed('no tables');
  const selectors = new Uint8Array(groups);
  const order = [0, 1, 2, 3, 4, 5];
  for (let i = 0; i < groups; i++) {
    let j = 0;
    while (input.bits(1) === 1) if (++j >= tables) throw malformed('no such table');
    const [chosen] = order.splice(j, 1) as [number];
    order.unshift(chosen);
    selectors[i] = chosen;
  }
  const codes: HuffmanCode[] = [];
  const lengths = new Uint8Array(SYMBOLS_MAX);
  for (let t = 0; t < tables; t++) {
    let length = input.bits(5);
    for (let i = 0; i < symbols; i++) {
      for (;;) {
        if (length < 1 || length > CODE_LENGTH_MAX) throw malformed('a code length is out of range');
        if (input.bits(1) === 0) break;
        length += input.bits(1) === 0 ? 1 : -1;
      }
      lengths[i] = length;
    }
    codes.push(new HuffmanCode(lengths, symbols));
  }
  return { codes, selectors };
}

/** Bytes that occur in the block, ascending: a map of 16 ranges, then one of 16 bytes for each in use. */
function readBytesInUse(input: BitReader): number[] {
  const ranges = input.bits(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >>> range)) === 0) continue;
    const map = input.bits(16);
    for (let i = 0; i < 16; i++) if ((map & (0x8000 >>> i)) !== 0) used.push(16 * range + i);
  }
  if (used.length === 0) throw malformed('no bytes in use');
  return used;
}

/** The block's transformed bytes, in the low bytes of `chain`; the bits above are for `untransform`. */
let chain = new Uint32Array(0);

/** Undoes Huffman coding, zero runs and move-to-front into `chain`; returns how many bytes there are. */
function readTransformed(input: BitReader, limit: number): number {
  const front = readBytesInUse(input);
  const end = front.length + 1;
  const { codes, selectors } = readCodes(input, end + 1);
  let count = 0;
  let run = 0;
  let runUnit = 1;
  for (let group = 0; ; group++) {
    const code = codes[selectors[group] ?? -1];
    if (code === undefined) throw malformed('groups run out');
    for (let i = 0; i < GROUP; i++) {
      const symbol = code.read(input);
      if (symbol === RUN_A || symbol === RUN_B) {
        // Digits 1 and 2 of a number to the base 2, lowest first.
        run += runUnit << symbol;
        runUnit *= 2;
        if (run > limit - count) throw malformed('it is too long');
        continue;
      }
      if (run > 0) {
        chain.fill(front[0] as number, count, count + run);
        count += run;
        run = 0;
      }
      runUnit = 1;
      if (symbol === end) return count;
      if (count >= limit) throw malformed('it is too long');
      const [byte] = front.splice(symbol - 1, 1) as [number];
      front.unshift(byte);
      chain[count++] = byte;
    }
  }
}

/** Threads `chain`: entry i gets, above its own byte, where the byte that follows it stands. */
function untransform(count: number): void {
  const starts = new Uint32Array(257);
  for (let i = 0; i < count; i++) {
    const above = ((chain[i] as number) & 0xff) + 1;
    starts[above] = (starts[above] as number) + 1;
  }
  for (let b = 1; b < 257; b++) starts[b] = (starts[b] as number) + (starts[b - 1] as number);
  for (let i = 0; i < count; i++) {
    const byte = (chain[i] as number) & 0xff;
    const at = starts[byte] as number;
    starts[byte] = at + 1;
    chain[at] = (chain[at] as number) | (i << 8);
  }
}

/** Follows the chain from `origin`, expands runs to into[at, …) and checks the CRC; returns where it ends. */
function writeBlock(count: number, origin: number, crc: number, into: Uint8Array, at: number, end: number): number {
  let position = (chain[origin] as number) >>> 8;
  let to = at;
  let equal = 0;
  let previous = -1;
  let sum = -1;
  for (let i = 0; i < count; i++) {
    const entry = chain[position] as number;
    const byte = entry & 0xff;
    position = entry >>> 8;
    const repeats = equal === 4 ? byte : 1;
    const value = equal === 4 ? previous : byte;
    if (repeats > end - to) throw malformed('it holds more than it claims');
    for (let k = 0; k < repeats; k++) {
      into[to++] = value;
      sum = (sum << 8) ^ (crcTable[(sum >>> 24) ^ value] as number);
    }
    if (equal === 4) {
      equal = 0;
      previous = -1;
    } else {
      equal = byte === previous ? equal + 1 : 1;
      previous = byte;
    }
  }
  if (~sum >>> 0 !== crc) throw malformed('its checksum is wrong');
  return to;
}

/** Decodes input[start, end) to exactly `length` bytes at output.bytes[0]; returns `length`. */
export function decompressBzip2(
  input: Uint8Array,
  start: number,
  end: number,
  length: number,
  output: OutputBuffer,
  maxBytes: number,
): number {
  const reader = new BitReader(input, start, end);
  const level = reader.bits(8) === 0x42 && reader.bits(16) === 0x5a68 ? reader.bits(8) - 0x30 : 0;
  if (level < 1 || level > 9) throw malformed('it has no header');
  const capacity = Math.ceil((end - start) / BLOCK_BYTES_MIN) * level * LEVEL_BYTES * RUN_EXPANSION;
  if (length > Math.min(maxBytes, capacity)) {
    throw corrupt(`bzip2 block of ${end - start} bytes claims ${length} bytes of content`);
  }
  if (chain.length < level * LEVEL_BYTES) chain = new Uint32Array(level * LEVEL_BYTES);
  output.reserve(length);
  let at = 0;
  for (;;) {
    const [high, low] = [reader.bits(24), reader.bits(24)];
    const crc = reader.bits(16) * 0x10000 + reader.bits(16);
    if (high === END_MARK[0] && low === END_MARK[1]) break;
    if (high !== BLOCK_MARK[0] || low !== BLOCK_MARK[1]) throw malformed('a block has no mark');
    if (reader.bits(1) !== 0) throw malformed('it is of a kind that is no longer made');
    const origin = reader.bits(24);
    const limit = Math.min(level * LEVEL_BYTES, Math.ceil((length - at) * RUN_OVERHEAD) + GROUP);
    const count = readTransformed(reader, limit);
    if (origin >= count) throw malformed('its origin is out of range');
    untransform(count);
    at = writeBlock(count, origin, crc, output.bytes, at, length);
  }
  if (at !== length || !reader.done) throw malformed(`it holds ${at} bytes and claims ${length}`);
  return length;
}
