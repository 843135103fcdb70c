/**
 * A decoder of ZSTD frames (RFC 8878) for blocks of a few kilobytes: Node's own sets up a context of
 * hundreds of kilobytes for each call, which costs several times what the decoding does.
 *
 * It declines (false) whatever it does not take for a sound frame of exactly the expected length;
 * `zstd.ts` then asks Node, whose verdict and message count.
 */
import { readU16, readU32 } from '../base/bytes.ts';
import { isTrap } from '../base/wasm.ts';
import { xxhash64Low } from '../base/xxhash.ts';
import { SLOP } from './lzMachine.ts';
import type { OutputBuffer } from './outputBuffer.ts';
import {
  BLOCK_MAX,
  DATA_AT,
  HUFFMAN_BYTES,
  LITERALS_AT,
  REPEATS_AT,
  SEQUENCE_BYTES,
  TABLES_AT,
  zstdMachine,
} from './zstdKernel.ts';
import {
  LITERAL_LENGTHS,
  MATCH_LENGTHS,
  MalformedFrame,
  malformed,
  OFFSETS,
  predefinedTable,
  readHuffmanTable,
  readSequenceTable,
  type SequenceCode,
  singleSymbolTable,
  tableEnd,
} from './zstdTables.ts';

const DICTIONARY_MAGIC = 0xec30a437;
const INITIAL_REPEATS = [1, 4, 8] as const;

/** A table that blocks may use: its address and log; log -1 where there is none to repeat. */
interface Table {
  at: number;
  log: number;
}

/** A sequence code with its current table and the slots for the others. */
class CodeTables implements Table {
  readonly code: SequenceCode;
  readonly predefined: number;
  readonly dictionarySlot: number;
  readonly blockSlot: number;
  dictionaryLog = -1;
  #laidOut = false;
  at = 0;
  log = -1;

  constructor(code: SequenceCode, slots: number) {
    this.code = code;
    this.predefined = slots;
    this.dictionarySlot = slots + SEQUENCE_BYTES;
    this.blockSlot = slots + 2 * SEQUENCE_BYTES;
  }

  use(at: number, log: number): void {
    this.at = at;
    this.log = log;
  }

  /** Chooses the table of a block by its mode; returns where the description at b[at] ends. */
  choose(mode: number, b: Uint8Array, at: number, end: number): number {
    if (mode === 0) {
      if (!this.#laidOut) predefinedTable(this.code, this.predefined);
      this.#laidOut = true;
      this.use(this.predefined, this.code.defaultLog);
      return at;
    }
    if (mode === 1) {
      if (at >= end) throw malformed('symbol is missing');
      singleSymbolTable(this.code, b[at] as number, this.blockSlot);
      this.use(this.blockSlot, 0);
      return at + 1;
    }
    if (mode === 2) {
      this.use(this.blockSlot, readSequenceTable(b, at, end, this.code, this.blockSlot));
      return tableEnd;
    }
    if (this.log < 0) throw malformed('there is no table to repeat');
    return at;
  }
}

const HUFFMAN_DICTIONARY_AT = TABLES_AT;
const HUFFMAN_BLOCK_AT = TABLES_AT + HUFFMAN_BYTES;
const SEQUENCES_AT = TABLES_AT + 2 * HUFFMAN_BYTES;
const literalLengths = new CodeTables(LITERAL_LENGTHS, SEQUENCES_AT);
const offsets = new CodeTables(OFFSETS, SEQUENCES_AT + 3 * SEQUENCE_BYTES);
const matchLengths = new CodeTables(MATCH_LENGTHS, SEQUENCES_AT + 6 * SEQUENCE_BYTES);
const huffman: Table = { at: 0, log: -1 };

/** The dictionary whose tables are in their slots and whose content stands at `DATA_AT`. */
let resident: Uint8Array | undefined;
let residentBytes = 0;
let residentId = 0;
let huffmanDictionaryLog = -1;
const residentRepeats: [number, number, number] = [...INITIAL_REPEATS];

/** Loads a dictionary: trained ones hold tables and offsets before their content (RFC 8878 §5). */
function loadDictionary(b: Uint8Array): void {
  resident = undefined;
  residentId = 0;
  huffmanDictionaryLog = -1;
  for (const t of [literalLengths, offsets, matchLengths]) t.dictionaryLog = -1;
  residentRepeats.splice(0, 3, ...INITIAL_REPEATS);
  let at = 0;
  if (b.length >= 8 && readU32(b, 0) === DICTIONARY_MAGIC) {
    residentId = readU32(b, 4);
    huffmanDictionaryLog = readHuffmanTable(b, 8, b.length, HUFFMAN_DICTIONARY_AT);
    at = tableEnd;
    for (const t of [offsets, matchLengths, literalLengths]) {
      t.dictionaryLog = readSequenceTable(b, at, b.length, t.code, t.dictionarySlot);
      at = tableEnd;
    }
    if (at + 12 > b.length) throw malformed('dictionary ends in its header');
    for (let i = 0; i < 3; i++) residentRepeats[i] = readU32(b, at + 4 * i);
    at += 12;
  }
  residentBytes = b.length - at;
  const { memory } = zstdMachine();
  memory.reserve(DATA_AT + residentBytes);
  memory.bytes.set(b.subarray(at), DATA_AT);
  resident = b;
}

/** The literals of a block: where they stand in the kernels' memory, and where the section ends in the input. */
const literals = { at: 0, end: 0, sectionEnd: 0 };

/** Reads the literals section at b[at, end); `delta` leads from the input to its copy in the memory. */
function readLiterals(b: Uint8Array, at: number, end: number, delta: number): void {
  if (at >= end) throw malformed('literals are missing');
  const first = b[at] as number;
  const type = first & 3;
  const format = (first >>> 2) & 3;
  if (type < 2) {
    const headerBytes = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3;
    if (at + headerBytes > end) throw malformed('literals end in their header');
    const second = (first | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16)) >>> 4;
    const length = headerBytes === 1 ? first >>> 3 : headerBytes === 2 ? second & 0xfff : second & 0xfffff;
    const from = at + headerBytes;
    const stored = type === 0 ? length : 1;
    if (length > BLOCK_MAX || from + stored > end) throw malformed('literals run over');
    literals.sectionEnd = from + stored;
    literals.at = type === 0 ? from + delta : LITERALS_AT;
    literals.end = literals.at + length;
    if (type === 1) zstdMachine().memory.bytes.fill(b[from] as number, LITERALS_AT, LITERALS_AT + length);
    return;
  }
  const headerBytes = format < 2 ? 3 : format + 2;
  if (at + headerBytes > end) throw malformed('literals end in their header');
  const sizeBits = format < 2 ? 10 : format === 2 ? 14 : 18;
  // Up to 40 bits: the sizes are taken out of two overlapping words.
  const length = (readU32(b, at) >>> 4) & ((1 << sizeBits) - 1);
  const stored =
    Math.floor((readU32(b, at) + (headerBytes === 5 ? (b[at + 4] as number) * 2 ** 32 : 0)) / 2 ** (4 + sizeBits)) &
    ((1 << sizeBits) - 1);
  const from = at + headerBytes;
  const until = from + stored;
  if (length > BLOCK_MAX || until > end) throw malformed('literals run over');
  let streams = from;
  if (type === 2) {
    huffman.log = readHuffmanTable(b, from, until, HUFFMAN_BLOCK_AT);
    huffman.at = HUFFMAN_BLOCK_AT;
    streams = tableEnd;
  } else if (huffman.log < 0) {
    throw malformed('there is no Huffman table to repeat');
  }
  const to = LITERALS_AT;
  const machine = zstdMachine();
  let sound: number;
  if (format === 0) {
    sound = machine.huffman1(huffman.at, huffman.log, to, to + length, streams + delta, until + delta);
  } else {
    if (streams + 6 > until) throw malformed('literals end in their jump table');
    const one = streams + 6;
    const two = one + readU16(b, streams);
    const three = two + readU16(b, streams + 2);
    const four = three + readU16(b, streams + 4);
    if (four > until) throw malformed('literals run over');
    const [i1, i2, i3, i4, i5] = [one + delta, two + delta, three + delta, four + delta, until + delta];
    sound = machine.huffman4(huffman.at, huffman.log, to, to + length, i1, i2, i3, i4, i5);
  }
  if (sound === 0) throw malformed('literals are malformed');
  literals.at = to;
  literals.end = to + length;
  literals.sectionEnd = until;
}

/** Decodes the compressed block b[at, end) to `output` in the memory; returns where its content ends. */
function readBlock(
  b: Uint8Array,
  start: number,
  end: number,
  delta: number,
  output: number,
  outputEnd: number,
  lowest: number,
): number {
  readLiterals(b, start, end, delta);
  let at = literals.sectionEnd;
  if (at >= end) throw malformed('sequences are missing');
  let count = b[at++] as number;
  if (count >= 128) {
    if (at + 2 > end) throw malformed('sequences are missing');
    if (count === 255) {
      count = readU16(b, at) + 0x7f00;
      at += 2;
    } else {
      count = ((count - 128) << 8) | (b[at++] as number);
    }
  }
  if (count > 0) {
    if (at >= end) throw malformed('sequences are missing');
    const modes = b[at++] as number;
    if ((modes & 3) !== 0) throw malformed('reserved mode');
    at = literalLengths.choose(modes >>> 6, b, at, end);
    at = offsets.choose((modes >>> 4) & 3, b, at, end);
    at = matchLengths.choose((modes >>> 2) & 3, b, at, end);
  } else if (at !== end) {
    throw malformed('bytes follow the literals');
  }
  const done = zstdMachine().sequences(
    count,
    literals.at,
    literals.end,
    at + delta,
    end + delta,
    output,
    outputEnd,
    lowest,
    literalLengths.at,
    literalLengths.log,
    offsets.at,
    offsets.log,
    matchLengths.at,
    matchLengths.log,
  );
  if (done === 0) throw malformed('sequences are malformed');
  return done;
}

function setRepeats(repeats: readonly [number, number, number]): void {
  const { bytes } = zstdMachine().memory;
  for (let i = 0; i < 3; i++) {
    const r = repeats[i] as number;
    for (let k = 0; k < 4; k++) bytes[REPEATS_AT + 4 * i + k] = r >>> (8 * k);
  }
}

/** Decodes the blocks of a frame whose header ends at `start`; whether they fill `length` bytes exactly. */
function readBlocks(
  b: Uint8Array,
  start: number,
  end: number,
  hasChecksum: boolean,
  length: number,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
): boolean {
  if (dictionary !== undefined && dictionary !== resident) loadDictionary(dictionary);
  const outputAt = DATA_AT + residentBytes;
  const outputEnd = outputAt + length;
  const lowest = dictionary === undefined ? outputAt : DATA_AT;
  const inputAt = outputEnd + SLOP;
  const { memory } = zstdMachine();
  memory.reserve(inputAt + (end - start) + SLOP);
  const { bytes } = memory;
  bytes.set(b.subarray(start, end), inputAt);
  const delta = inputAt - start;
  huffman.at = HUFFMAN_DICTIONARY_AT;
  huffman.log = dictionary === undefined ? -1 : huffmanDictionaryLog;
  for (const t of [literalLengths, offsets, matchLengths]) {
    t.use(t.dictionarySlot, dictionary === undefined ? -1 : t.dictionaryLog);
  }
  setRepeats(dictionary === undefined ? INITIAL_REPEATS : residentRepeats);

  let at = start;
  let to = outputAt;
  for (let last = false; !last; ) {
    if (at + 3 > end) return false;
    const header = (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16);
    at += 3;
    last = (header & 1) !== 0;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    const stored = type === 1 ? 1 : size;
    if (size > BLOCK_MAX || at + stored > end || type === 3) return false;
    if (type === 2) {
      to = readBlock(b, at, at + size, delta, to, outputEnd, lowest);
    } else {
      if (size > outputEnd - to) return false;
      if (type === 0) bytes.copyWithin(to, at + delta, at + delta + size);
      else bytes.fill(b[at] as number, to, to + size);
      to += size;
    }
    at += stored;
  }
  if (to !== outputEnd || at + (hasChecksum ? 4 : 0) !== end) return false;
  if (hasChecksum && xxhash64Low(bytes, outputAt, outputEnd) !== readU32(b, at)) return false;
  output.reserve(length);
  output.bytes.set(bytes.subarray(outputAt, outputEnd), 0);
  return true;
}

/**
 * Decodes the one frame b[start, end), whose header ends at `headerEnd` and names the dictionary
 * `dictionaryId` (0: any or none), to exactly `length` bytes at output.bytes[0]; false if it declines.
 */
export function decodeFrame(
  b: Uint8Array,
  headerEnd: number,
  end: number,
  dictionaryId: number,
  hasChecksum: boolean,
  length: number,
  output: OutputBuffer,
  dictionary: Uint8Array | undefined,
): boolean {
  try {
    if (!readBlocks(b, headerEnd, end, hasChecksum, length, output, dictionary)) return false;
    return dictionaryId === 0 || (dictionary !== undefined && dictionaryId === residentId);
  } catch (e) {
    if (e instanceof MalformedFrame || isTrap(e)) return false;
    throw e;
  }
}
