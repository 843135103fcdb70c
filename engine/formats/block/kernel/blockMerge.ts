/**
 * Sorted runs merged by the kernel, block by block. Two ways to walk, which may take turns:
 *
 * - `fill` puts the newest versions of as many keys as it can, plain puts only, into the machine's batch;
 * - as a `Cursor` it goes over every version, for keys that have to be looked at.
 *
 * User keys must compare bytewise. A batch is good until the next `fill` or `next`.
 */
import type { Cursor } from '../../../iter/cursor.ts';
import { MAX_SEQUENCE } from '../../../iter/cursor.ts';
import type { DamageLog } from '../../../iter/damage.ts';
import type { KeyOrder } from '../../../iter/order.ts';
import type { TableInfo } from '../../../model/tree.ts';
import type { TableSource } from '../runCursor.ts';
import { BlockFeed } from './blockFeed.ts';
import { BATCH_MAX, Cursor as Field, Merge, Status } from './layout.ts';
import type { BlockMachine } from './machine.ts';

/** Memory for what is read from all files at once, shared out among the runs; decompressed it may be twice as much. */
const WINDOWS_BYTES = 4 << 20;
const WINDOW_MIN = 8 << 10;
const WINDOW_MAX = 64 << 10;
/** Blocks of a run in memory. */
const BLOCKS_MAX = 128;
const KEY_BYTES = 256;

export type FillStatus = (typeof Status)['full' | 'end' | 'other' | 'otherUnderPut' | 'fence' | 'done'];

export class BlockMerge implements Cursor {
  readonly machine: BlockMachine;
  readonly #runs: readonly Run[];
  readonly #order: KeyOrder;
  #arenaBytes = 0;

  constructor(
    machine: BlockMachine,
    source: TableSource,
    runs: readonly (readonly TableInfo[])[],
    order: KeyOrder,
    damage: DamageLog,
  ) {
    this.machine = machine;
    this.#order = order;
    const share = Math.floor(WINDOWS_BYTES / Math.max(1, runs.length));
    const window = Math.min(WINDOW_MAX, Math.max(WINDOW_MIN, share));
    this.#runs = runs.map(
      (tables, i) => new Run(machine, new BlockFeed(machine, source, tables, order, damage, window), i),
    );
    machine.setWord(Merge.heap, machine.allocate(4 * runs.length));
    machine.setWord(Merge.countMax, BATCH_MAX);
    machine.setWord(Merge.heapSize, 0);
    machine.setWord(Merge.fenceLength, -1);
    machine.setWord(Merge.groupLength, -1);
    this.#growArena(64 << 10);
  }

  /** Entries of the batch get sequence 0. */
  set zeroSequences(on: boolean) {
    this.machine.setWord(Merge.zero, on ? 1 : 0);
  }

  /** `fill` stops before a user key at or behind this one. Copied. */
  setFence(key: Uint8Array | undefined): void {
    const { machine } = this;
    machine.setWord(Merge.fenceLength, key === undefined ? -1 : key.length);
    if (key === undefined) return;
    const at = machine.allocate(key.length);
    machine.bytes.set(key, at);
    machine.setWord(Merge.fence, at);
  }

  /** Records in the batch. */
  get count(): number {
    return this.machine.word(Merge.count);
  }
  /** Of the last `fill`: versions and deletions under a newer put, sequences set to 0, bytes of keys and values. */
  get hidden(): number {
    return this.machine.word(Merge.hidden);
  }
  get tombstones(): number {
    return this.machine.word(Merge.tombstones);
  }
  get zeroed(): number {
    return this.machine.word(Merge.zeroed);
  }
  get passedBytes(): number {
    return this.machine.wide(Merge.bytes);
  }

  /**
   * Makes the next batch, which may be empty, and tells why it ends there: `full` and `done` to go on, `end`
   * at the end of all runs; otherwise the cursor stands on what JavaScript has to judge.
   */
  fill(): FillStatus {
    const { machine } = this;
    const status = machine.merge();
    if (status < Status.corrupt && status !== Status.empty) return status as FillStatus;
    this.#pending = status;
    return Status.done;
  }

  /** What `fill` ran out of; seen to before anything moves, because the batch stands in what it replaces. */
  #pending: number = Status.done;

  /** To be called when the batch has been used up. */
  settle(): void {
    const status = this.#pending;
    this.#pending = Status.done;
    if (status !== Status.done) this.#go(status);
  }

  /** The key that stands on top has been dealt with as a whole. */
  forgetGroup(): void {
    this.machine.setWord(Merge.groupLength, -1);
  }

  first(): void {
    this.#start(undefined);
  }

  seek(key: Uint8Array, sequence: number): void {
    if (sequence < MAX_SEQUENCE) throw new RangeError('a merge of blocks begins with all versions of a key');
    this.#start(key);
  }

  #start(key: Uint8Array | undefined): void {
    const { machine } = this;
    const heap = machine.pointer(Merge.heap);
    let size = 0;
    for (const run of this.#runs) {
      if (!run.start(key, this.#order)) continue;
      machine.setWord(heap + 4 * size++, run.address);
    }
    machine.setWord(Merge.heapSize, size);
    for (let i = (size >>> 1) - 1; i >= 0; i--) machine.settle(i);
    this.forgetGroup();
    this.#fitArena();
  }

  next(): void {
    this.settle();
    const status = this.machine.step();
    if (status !== Status.done && status !== Status.end) this.#go(status);
  }

  /** Gives the run on top what it lacks, and moves it on. */
  #go(first: number): void {
    const { machine } = this;
    for (let status = first; status !== Status.done && status !== Status.end; status = machine.step()) {
      const run = this.#top;
      if (status === Status.longKey) {
        run.growKey();
        this.#fitArena();
      } else if (status === Status.corrupt) run.damaged();
      else if (!run.refill()) {
        this.#pop();
        return;
      }
    }
  }

  #pop(): void {
    const { machine } = this;
    const heap = machine.pointer(Merge.heap);
    const size = machine.word(Merge.heapSize) - 1;
    machine.setWord(Merge.heapSize, size);
    if (size === 0) return;
    machine.setWord(heap, machine.word(heap + 4 * size));
    machine.settle(0);
  }

  get #top(): Run {
    const { machine } = this;
    return this.#runs[machine.word(this.#cursor + Field.index)] as Run;
  }

  get #cursor(): number {
    return this.machine.pointer(this.machine.pointer(Merge.heap));
  }

  /** The key handed out last and one more have room, however long they are. */
  #fitArena(): void {
    let longest = 0;
    for (const run of this.#runs) longest = Math.max(longest, this.machine.word(run.address + Field.capacity));
    if (2 * longest > this.#arenaBytes) this.#growArena(4 * longest);
  }

  #growArena(bytes: number): void {
    const { machine } = this;
    this.#arenaBytes = bytes;
    const at = machine.allocate(bytes);
    machine.setWord(Merge.arena, at);
    machine.setWord(Merge.arenaEnd, at + bytes);
  }

  get readBytes(): number {
    let bytes = 0;
    for (const run of this.#runs) bytes += run.feed.bytesRead;
    return bytes;
  }

  get valid(): boolean {
    return this.machine.word(Merge.heapSize) > 0;
  }
  get keyBuffer(): Uint8Array {
    return this.machine.bytes;
  }
  get keyStart(): number {
    return this.machine.pointer(this.#cursor + Field.key);
  }
  get keyLength(): number {
    return this.machine.word(this.#cursor + Field.keyLength);
  }
  get sequence(): number {
    return this.machine.sequence(this.#cursor + Field.tag);
  }
  get type(): number {
    return this.machine.word(this.#cursor + Field.tag) & 0xff;
  }
  get valueBuffer(): Uint8Array {
    return this.machine.bytes;
  }
  get valueStart(): number {
    return this.machine.pointer(this.#cursor + Field.value);
  }
  get valueLength(): number {
    return this.machine.word(this.#cursor + Field.valueLength);
  }
  get level(): number {
    return this.#top.feed.level;
  }
  get table(): number {
    return this.#top.feed.tableNumber;
  }

  last(): void {
    throw new RangeError('a merge of blocks goes forward only');
  }
  prev(): void {
    this.last();
  }

  close(): void {
    this.machine.setWord(Merge.heapSize, 0);
    for (const run of this.#runs) run.feed.close();
  }
}

/** One run: its feed, and the kernel's cursor over the blocks in memory. */
class Run {
  readonly feed: BlockFeed;
  /** Of the kernel's cursor. */
  readonly address: number;
  readonly #machine: BlockMachine;
  readonly #blocks: number;

  constructor(machine: BlockMachine, feed: BlockFeed, index: number) {
    this.#machine = machine;
    this.feed = feed;
    this.#blocks = machine.allocate(8 * BLOCKS_MAX);
    this.address = machine.allocate(Field.bytes);
    machine.setWord(this.address + Field.key, machine.allocate(KEY_BYTES));
    machine.setWord(this.address + Field.capacity, KEY_BYTES);
    machine.setWord(this.address + Field.level, feed.level);
    machine.setWord(this.address + Field.index, index);
  }

  /** To the first entry at or behind `key`; false if there is none. */
  start(key: Uint8Array | undefined, order: KeyOrder): boolean {
    const machine = this.#machine;
    const { address } = this;
    this.feed.start(key);
    machine.setWord(address + Field.next, 0);
    machine.setWord(address + Field.limit, 0);
    machine.setWord(address + Field.blocks, this.#blocks);
    machine.setWord(address + Field.blocksEnd, this.#blocks);
    for (;;) {
      const status = machine.advance(address);
      if (status === Status.done) {
        if (key === undefined) return true;
        const at = machine.pointer(address + Field.key);
        const length = machine.word(address + Field.keyLength);
        if (order.compare(machine.bytes, at, length, key, 0, key.length) >= 0) return true;
      } else if (status === Status.longKey) this.growKey();
      else if (status === Status.corrupt) this.damaged();
      else if (!this.refill()) return false;
    }
  }

  /** Takes the next blocks in place of those that are used up; false at the end. */
  refill(): boolean {
    const machine = this.#machine;
    const count = this.feed.fill(this.#blocks, BLOCKS_MAX);
    machine.setWord(this.address + Field.blocks, this.#blocks);
    machine.setWord(this.address + Field.blocksEnd, this.#blocks + 8 * count);
    return count > 0;
  }

  /** Gives keys twice the room. */
  growKey(): void {
    const machine = this.#machine;
    const { address } = this;
    const before = machine.pointer(address + Field.key);
    const used = machine.word(address + Field.internalLength);
    const capacity = 4 * machine.word(address + Field.capacity);
    const key = machine.allocate(capacity);
    machine.bytes.copyWithin(key, before, before + used);
    machine.setWord(address + Field.key, key);
    machine.setWord(address + Field.capacity, capacity);
  }

  /** The kernel has come upon a malformed entry. */
  damaged(): never {
    const machine = this.#machine;
    const key = machine.pointer(this.address + Field.key);
    this.feed.damagedBehind(machine.bytes.slice(key, key + machine.word(this.address + Field.keyLength)));
  }
}
