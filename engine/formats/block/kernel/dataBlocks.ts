/** The data blocks of a table under construction, one after the other, in the memory of a `BlockMachine`. */
import { writeU32 } from '../../../base/bytes.ts';
import { StoreError } from '../../../base/errors.ts';
import { ENTRY_ROOM } from './buildKernel.ts';
import { Build, Built, Record } from './layout.ts';
import type { BlockMachine } from './machine.ts';

/** Lengths in blocks are 32-bit; keys and values far below keep every sum in range. */
export const ENTRY_BYTES_MAX = 0x3fff_ffff;
const NO_CUT = 0xffff_ffff;

export interface DataBlockOptions {
  readonly blockSize: number;
  /** Entries from one whole key to the next. */
  readonly restartInterval: number;
  /** Keys must ascend bytewise; otherwise their order was checked before. */
  readonly bytewise: boolean;
  /** LevelDB's hashes of the keys of each block are gathered. */
  readonly hashes: boolean;
}

export class DataBlocks {
  readonly machine: BlockMachine;

  /** Takes over the machine's only builder, which may have served another table before. */
  constructor(machine: BlockMachine, options: DataBlockOptions) {
    this.machine = machine;
    const set = (at: number, value: number): void => machine.setWord(at, value);
    if (machine.word(Build.capacity) === 0) {
      this.#growBlock(8192);
      this.#growKey(256);
      this.#growRestarts(64);
    }
    set(Build.blockSize, Math.min(options.blockSize, 0x7fff_ffff));
    set(Build.interval, Math.min(options.restartInterval, 0x7fff_ffff));
    set(Build.bytewise, options.bytewise ? 1 : 0);
    set(Build.lastLength, -1);
    set(Build.hashCount, 0);
    if (!options.hashes) set(Build.hashCapacity, 0);
    else if (machine.word(Build.hashCapacity) === 0) this.#growHashes(1024);
    set(Build.smallestTag, -1);
    set(Build.smallestTag + 4, -1);
    for (const at of [Build.largestTag, Build.keyBytes, Build.valueBytes]) {
      set(at, 0);
      set(at + 4, 0);
    }
    set(Build.restartCount, 0);
    this.clear();
  }

  /** Bytes of entries in the open block. */
  get length(): number {
    return this.machine.word(Build.length);
  }

  get entries(): number {
    return this.machine.word(Build.entries);
  }

  /** What `finish` would give now, in bytes. */
  get size(): number {
    return this.length + 4 * Math.max(1, this.machine.word(Build.restartCount)) + 4;
  }

  /** The last user key, in the machine's memory; a length of -1 before the first. */
  get lastAt(): number {
    return this.machine.pointer(Build.last);
  }
  get lastLength(): number {
    return this.machine.word(Build.lastLength);
  }
  /** Halves of its sequence << 8 | type. */
  get lastTagLow(): number {
    return this.machine.word(Build.lastTag) >>> 0;
  }
  get lastTagHigh(): number {
    return this.machine.word(Build.lastTag + 4) >>> 0;
  }

  get keyBytes(): number {
    return this.machine.wide(Build.keyBytes);
  }
  get valueBytes(): number {
    return this.machine.wide(Build.valueBytes);
  }
  /** Of all entries so far; without meaning while there are none. */
  get smallestSequence(): number {
    return this.machine.sequence(Build.smallestTag);
  }
  get largestSequence(): number {
    return this.machine.sequence(Build.largestTag);
  }

  /** Hashes of the keys since they were taken last; good until the next entry. */
  takeHashes(): Uint32Array {
    const { machine } = this;
    const at = machine.pointer(Build.hashes);
    const count = machine.word(Build.hashCount);
    machine.setWord(Build.hashCount, 0);
    return new Uint32Array(machine.bytes.buffer, at, count);
  }

  /**
   * Takes records from `record` on, up to the one that fills the block, and not a further user key once the
   * block has `cutAt` bytes. Returns the address of the first record that was not taken, and leaves the
   * reason in `status`. Throws INPUT for an entry out of order, or one too large.
   */
  take(record: number, end: number, cutAt: number = NO_CUT): number {
    const { machine } = this;
    machine.setWord(Build.cutAt, Math.min(cutAt, NO_CUT));
    let at = record;
    for (;;) {
      at = machine.build(at, end);
      const status = machine.word(Build.status);
      if (status <= Built.cut) return at;
      this.#settle(status, at);
    }
  }

  /** Whether the block is full, and has to be finished before anything else comes. */
  get isFull(): boolean {
    return this.machine.word(Build.status) === Built.blockFull;
  }

  /** Writes the restart points behind the entries; the block is then machine.bytes[`start`, + result). */
  finish(): number {
    const { machine } = this;
    if (machine.word(Build.restartCount) === 0) {
      machine.setWord(machine.pointer(Build.restarts), 0);
      machine.setWord(Build.restartCount, 1);
    }
    const count = machine.word(Build.restartCount);
    const { length } = this;
    if (length + 4 * count + 4 > machine.word(Build.capacity)) this.#growBlock(length + 4 * count + 4);
    const { bytes } = machine;
    const restarts = machine.pointer(Build.restarts);
    let at = this.start + length;
    for (let i = 0; i < count; i++, at += 4) writeU32(bytes, at, machine.word(restarts + 4 * i));
    writeU32(bytes, at, count);
    return length + 4 * count + 4;
  }

  /** Where the block stands. */
  get start(): number {
    return this.machine.pointer(Build.block);
  }

  /** Begins the next block. */
  clear(): void {
    const { machine } = this;
    for (const at of [Build.length, Build.entries, Build.counter, Build.restartCount, Build.status]) {
      machine.setWord(at, 0);
    }
  }

  #settle(status: number, record: number): void {
    const { machine } = this;
    switch (status) {
      case Built.growBlock: {
        const bytes = machine.word(record + Record.keyLength) + machine.word(record + Record.valueLength);
        if (bytes > ENTRY_BYTES_MAX)
          throw new StoreError('INPUT', `an entry of ${bytes} bytes does not fit into a table`);
        this.#growBlock(this.length + bytes + ENTRY_ROOM);
        return;
      }
      case Built.growKey:
        this.#growKey(machine.word(record + Record.keyLength));
        return;
      case Built.growRestarts:
        this.#growRestarts(2 * machine.word(Build.restartsCapacity));
        return;
      case Built.growHashes:
        this.#growHashes(2 * machine.word(Build.hashCapacity));
        return;
      default:
        throw new StoreError('INPUT', 'entries are out of order');
    }
  }

  #growBlock(least: number): void {
    this.#move(Build.block, Build.capacity, Math.max(least, 2 * this.machine.word(Build.capacity)), 1, this.length);
  }

  #growKey(least: number): void {
    this.#move(Build.last, Build.lastCapacity, 2 * least, 1, Math.max(0, this.lastLength));
  }

  #growRestarts(count: number): void {
    this.#move(Build.restarts, Build.restartsCapacity, count, 4, this.machine.word(Build.restartCount));
  }

  #growHashes(count: number): void {
    this.#move(Build.hashes, Build.hashCapacity, count, 4, this.machine.word(Build.hashCount));
  }

  /** Gives an array of `used` elements a larger place. */
  #move(addressAt: number, capacityAt: number, capacity: number, width: number, used: number): void {
    const { machine } = this;
    const from = machine.pointer(addressAt);
    const to = machine.allocate(capacity * width);
    machine.bytes.copyWithin(to, from, from + used * width);
    machine.setWord(addressAt, to);
    machine.setWord(capacityAt, capacity);
  }
}
