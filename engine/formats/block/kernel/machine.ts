/**
 * The memory and the functions of the kernels that check, decompress, merge, digest, build and compress data blocks. Compiled once, at
 * first use; each machine has a memory of its own, in which everything that works together stands: blocks
 * read, the batch, the block that is being built.
 */
import { crcKernel, crcTables } from '../../../base/crc32c.ts';
import { writeVarint } from '../../../base/varint.ts';
import { compile, type Program, WasmMemory } from '../../../base/wasm.ts';
import { LZ_TABLE_BYTES, LzTable } from '../../../codec/lzEncoder.ts';
import { snappyDecoder } from '../../../codec/snappy.ts';
import { snappyBound, snappyEncoder } from '../../../codec/snappyCompress.ts';
import type { WriteBuffer } from '../fileWriter.ts';
import { buildKernel } from './buildKernel.ts';
import { digestKernels } from './digestKernel.ts';
import { BATCH_AT, CRC_AT, FREE_AT, LZ_AT, Record, SINGLE_AT, SLOP } from './layout.ts';
import { advanceKernel, mergeKernel, settleKernel, stepKernel } from './mergeKernel.ts';

const FIRST_BYTES = 1 << 18;
/** Records and bytes that are staged at the most. */
const STAGE_MAX = 256;
const STAGE_BYTES = 32 << 10;

let program: Program | undefined;

function compiled(): Program {
  program ??= compile(
    {
      merge: mergeKernel(),
      step: stepKernel(),
      settle: settleKernel(),
      advance: advanceKernel(),
      build: buildKernel(),
      ...digestKernels(),
      crc: crcKernel(CRC_AT),
      snappyDecode: snappyDecoder(),
      snappyEncode: snappyEncoder(LZ_AT),
    },
    FIRST_BYTES,
  );
  return program;
}

type Kernel = (a?: number, b?: number, c?: number, d?: number, e?: number, f?: number) => number;

export class BlockMachine {
  readonly merge: Kernel;
  readonly step: Kernel;
  readonly settle: Kernel;
  readonly advance: Kernel;
  readonly build: Kernel;
  readonly digestBatch: Kernel;
  readonly digestBegin: Kernel;
  readonly digestBytes: Kernel;
  readonly digestNumber: Kernel;
  readonly digestEnd: Kernel;
  readonly #crc: Kernel;
  readonly #snappyDecode: Kernel;
  readonly #snappyEncode: Kernel;
  readonly #lzTable = new LzTable();
  /** The memory as 32-bit numbers. */
  words: Int32Array;
  readonly #memory: WasmMemory;
  /** Where free memory begins. */
  #free = FREE_AT;
  /** Records that `stage` gathered. */
  staged = 0;
  stageAt = 0;
  #stageRoom = 0;
  #stageUsed = 0;
  #writeBuffer: MachineBuffer | undefined;
  /** Room for one entry from outside, and how much of it there is. */
  #single = 0;
  #singleBytes = 0;

  constructor() {
    const { memory, call } = compiled().instantiate();
    this.#memory = new WasmMemory(memory);
    this.words = new Int32Array(this.bytes.buffer);
    this.merge = call['merge'] as Kernel;
    this.step = call['step'] as Kernel;
    this.settle = call['settle'] as Kernel;
    this.advance = call['advance'] as Kernel;
    this.build = call['build'] as Kernel;
    this.digestBatch = call['digestBatch'] as Kernel;
    this.digestBegin = call['digestBegin'] as Kernel;
    this.digestBytes = call['digestBytes'] as Kernel;
    this.digestNumber = call['digestNumber'] as Kernel;
    this.digestEnd = call['digestEnd'] as Kernel;
    this.#crc = call['crc'] as Kernel;
    this.#snappyDecode = call['snappyDecode'] as Kernel;
    this.#snappyEncode = call['snappyEncode'] as Kernel;
    this.bytes.set(crcTables, CRC_AT);
  }

  /** The memory; another array after `allocate`. */
  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  /** The address of `n` bytes that nobody else has, with slop behind them. They are never given back. */
  allocate(n: number): number {
    const at = this.#free;
    this.#free = at + Math.ceil((n + SLOP) / 16) * 16;
    this.#memory.reserve(this.#free);
    if (this.words.buffer !== this.bytes.buffer) this.words = new Int32Array(this.bytes.buffer);
    return at;
  }

  /** Memory in which the table that is being built gathers; one at a time. */
  writeBuffer(bytes: number): WriteBuffer {
    if (this.#writeBuffer === undefined || this.#writeBuffer.length < bytes) {
      this.#writeBuffer = new MachineBuffer(this, bytes);
    }
    return this.#writeBuffer;
  }

  /** CRC-32C of memory[start, end), unsigned. */
  crc32c(start: number, end: number): number {
    return ~this.#crc(start, end, -1) >>> 0;
  }

  /** Decodes the Snappy stream memory[start, end), without its length, to exactly `length` bytes at `into`; false if it is malformed. */
  snappyDecode(start: number, end: number, into: number, length: number): boolean {
    return this.#snappyDecode(into, into, into + length, start, end) !== 0;
  }

  /**
   * Compresses memory[start, start + length) with Snappy, length included, to `into`, where there is room for
   * `snappyRoom(length)` bytes; returns the stored length, or 0 if it would be longer than `maxBytes`.
   */
  snappyEncode(start: number, length: number, into: number, maxBytes: number): number {
    const stream = writeVarint(this.bytes, into, length);
    const limit = stream + Math.min(snappyBound(length), maxBytes - (stream - into));
    const epoch = this.#lzTable.next(length, () => this.bytes.fill(0, LZ_AT, LZ_AT + LZ_TABLE_BYTES));
    const end = this.#snappyEncode(start, start + length, stream, limit, LzTable.shift(length), epoch);
    return end === 0 ? 0 : end - into;
  }

  /** The number at `address`, which is a multiple of 4. */
  word(address: number): number {
    return this.words[address >>> 2] as number;
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** The address that is kept at `address`. */
  pointer(address: number): number {
    return this.word(address) >>> 0;
  }

  /** The 64-bit number at `address`; above 2^53 the lowest bits are lost. */
  wide(address: number): number {
    return (this.word(address) >>> 0) + (this.word(address + 4) >>> 0) * 0x1_0000_0000;
  }

  /** The sequence number of the tag at `address`. */
  sequence(address: number): number {
    return (this.word(address) >>> 8) + (this.word(address + 4) >>> 0) * 0x100_0000;
  }

  /** Copies bytes from outside to where the kernels reach them; returns their address, good until the next call. */
  place(from: Uint8Array, start: number, length: number): number {
    const before = this.bytes;
    const at = this.#room(length);
    const { bytes } = this;
    copyIn(bytes, at, from === before ? bytes : from, start, length);
    return at;
  }

  /** Makes the single record of an entry from outside, and returns its address. */
  single(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    tagLow: number,
    tagHigh: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): number {
    const before = this.bytes;
    const room = this.#room(keyLength + valueLength);
    // Making room may move the memory, and what is copied may stand in it.
    const { bytes } = this;
    copyIn(bytes, room, key === before ? bytes : key, keyStart, keyLength);
    copyIn(bytes, room + keyLength, value === before ? bytes : value, valueStart, valueLength);
    this.setWord(SINGLE_AT + Record.key, room);
    this.setWord(SINGLE_AT + Record.keyLength, keyLength);
    this.setWord(SINGLE_AT + Record.tag, tagLow);
    this.setWord(SINGLE_AT + Record.tag + 4, tagHigh);
    this.setWord(SINGLE_AT + Record.value, room + keyLength);
    this.setWord(SINGLE_AT + Record.valueLength, valueLength);
    return SINGLE_AT;
  }

  /**
   * As `single`, but the records gather, from `stageAt` on, until they are dropped; false where there is no room for
   * this one beside them.
   */
  stage(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    tagLow: number,
    tagHigh: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): boolean {
    if (this.stageAt === 0) {
      this.stageAt = this.allocate(STAGE_MAX * Record.bytes);
      this.#stageRoom = this.allocate(STAGE_BYTES);
    }
    const used = this.#stageUsed;
    if (this.staged === STAGE_MAX || used + keyLength + valueLength > STAGE_BYTES) return false;
    const { bytes, words } = this;
    const at = this.#stageRoom + used;
    copyIn(bytes, at, key, keyStart, keyLength);
    copyIn(bytes, at + keyLength, value, valueStart, valueLength);
    const record = (this.stageAt + this.staged * Record.bytes) >>> 2;
    words[record + Record.key / 4] = at;
    words[record + Record.keyLength / 4] = keyLength;
    words[record + Record.tag / 4] = tagLow;
    words[record + Record.tag / 4 + 1] = tagHigh;
    words[record + Record.value / 4] = at + keyLength;
    words[record + Record.valueLength / 4] = valueLength;
    this.#stageUsed = used + keyLength + valueLength;
    this.staged++;
    return true;
  }

  dropStaged(): void {
    this.staged = 0;
    this.#stageUsed = 0;
  }

  /** The user key of record `i` of the batch, a copy. */
  keyOf(i: number): Uint8Array {
    const record = BATCH_AT + i * Record.bytes;
    const at = this.pointer(record + Record.key);
    return this.bytes.slice(at, at + this.word(record + Record.keyLength));
  }

  #room(n: number): number {
    if (n > this.#singleBytes) {
      this.#singleBytes = Math.max(512, 2 * n);
      this.#single = this.allocate(this.#singleBytes);
    }
    return this.#single;
  }
}

/** Memory of a machine in which the bytes of a file gather. */
export class MachineBuffer implements WriteBuffer {
  readonly #machine: BlockMachine;
  start: number;
  length: number;

  constructor(machine: BlockMachine, length: number) {
    this.#machine = machine;
    this.length = length;
    this.start = machine.allocate(length);
  }

  get bytes(): Uint8Array {
    return this.#machine.bytes;
  }

  grow(n: number): void {
    this.length = n + (n >>> 2);
    this.start = this.#machine.allocate(this.length);
  }
}

/** What `snappyEncode` may need for `length` bytes. */
export function snappyRoom(length: number): number {
  return snappyBound(length) + 8 + SLOP;
}

/** From here on `set`, which makes a view, is quicker than a loop. */
const COPIED_SINGLY = 48;

function copyIn(into: Uint8Array, at: number, from: Uint8Array, start: number, length: number): void {
  if (length > COPIED_SINGLY) into.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) into[at + i] = from[start + i] as number;
}
