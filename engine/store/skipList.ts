/**
 * The memtable of a store that is open for writing: a skip list in arenas.
 *
 * 1. Keys and values stand one after the other in chunks of 1 MiB; an entry larger than that has a
 *    chunk of its own, and a large write batch is taken over as one, so that its entries are not copied
 *    one by one. Entries are numbered in the order of their arrival, and typed arrays hold what
 *    is known of each, so that an entry is no object and the garbage collector sees a handful of them.
 * 2. A node per entry stands in one Int32Array: two words of its key, the entry's number, and a link per
 *    level. Links are places in that array; 0 is the head, and the end. Heights come from a generator
 *    with a fixed seed, a quarter of the entries reaching each next level.
 * 3. Most comparisons never look at a key, nor outside of the node: the six bytes behind the prefix that
 *    all keys share are its two words, for bytewise orders. A key that shortens the shared prefix makes them be
 *    computed anew, which happens at most as often as a key has bytes.
 * 4. A key above all others, the most common case, is linked at the end without a search.
 *
 * Links only ever grow, so a cursor stays where it is while entries are added around it.
 */
import { type Cursor, ValueType } from '../iter/cursor.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { MemtableReader, RangeTombstone } from './memtable.ts';

const HEIGHT_MAX = 12;
const CHUNK_BYTES = 1 << 20;
const FIRST_CHUNK_BYTES = 16 << 10;
/** Key bytes in each of a node's two words. */
const WORD_BYTES = 3;
/** Where in a node the entry's number and the links stand. */
const ENTRY = 2;
const LINKS = 3;
const HEAD = 0;
const NONE = 0;
const FIRST_ENTRIES = 64;
const NO_BYTES = new Uint8Array(0);

export class SkipList implements MemtableReader {
  readonly order: KeyOrder;
  readonly rangeTombstones: RangeTombstone[] = [];
  /** Bytes of keys and values, as they were written. */
  bytes = 0;
  /** Smallest and largest sequence number among entries and range deletions; 0 if there are none. */
  smallestSequence = 0;
  largestSequence = 0;

  /** Entries, the head not among them. */
  count = 0;
  readonly chunks: Uint8Array[] = [];
  chunkOf = new Uint32Array(FIRST_ENTRIES);
  keyAt = new Uint32Array(FIRST_ENTRIES);
  keyLengths = new Uint32Array(FIRST_ENTRIES);
  valueAt = new Uint32Array(FIRST_ENTRIES);
  valueLengths = new Uint32Array(FIRST_ENTRIES);
  sequences = new Float64Array(FIRST_ENTRIES);
  types = new Uint8Array(FIRST_ENTRIES);
  nodes = new Int32Array(FIRST_ENTRIES * (LINKS + 2) + HEIGHT_MAX);

  /** Bytes that all keys share; entry 1 stands for them. */
  #shared = 0;
  #chunk: Uint8Array = NO_BYTES;
  #chunkIndex = -1;
  #chunkUsed = 0;
  #chunkBytes = 0;
  /** The write batch taken over last, and its place among the chunks. */
  #taken: Uint8Array = NO_BYTES;
  #takenIndex = -1;
  #nodesUsed = LINKS + HEIGHT_MAX;
  #height = 1;
  #random = 0x9e3779b9;
  /** The last node of each level; the head where there is none. */
  readonly #tails = new Int32Array(HEIGHT_MAX);
  readonly #before = new Int32Array(HEIGHT_MAX);

  constructor(order: KeyOrder) {
    this.order = order;
  }

  /** Bytes of memory that it holds. */
  get memory(): number {
    return this.#chunkBytes + this.types.length * 33 + this.nodes.length * 4;
  }

  /** Entries and range deletions. */
  get empty(): boolean {
    return this.count === 0 && this.rangeTombstones.length === 0;
  }

  /**
   * Adds an entry that stands in `record`, which is kept as it is: its bytes must not change any more.
   */
  addFrom(
    record: Uint8Array,
    type: number,
    sequence: number,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    if (record !== this.#taken) {
      this.#taken = record;
      this.#takenIndex = this.chunks.length;
      this.chunks.push(record);
      this.#chunkBytes += record.length;
    }
    this.#insert(type, sequence, record, this.#takenIndex, keyStart, keyLength, valueStart, valueLength);
  }

  /** Adds an entry, copying it. */
  add(
    type: number,
    sequence: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    const size = keyLength + valueLength;
    // An empty key without a value needs no room, but a chunk to be in.
    if (size > this.#chunk.length - this.#chunkUsed || this.#chunkIndex < 0) this.#newChunk(size);
    const chunk = this.#chunk;
    const at = this.#chunkUsed;
    copy(key, keyStart, keyLength, chunk, at);
    copy(value, valueStart, valueLength, chunk, at + keyLength);
    this.#chunkUsed = at + size;
    this.#insert(type, sequence, chunk, this.#chunkIndex, at, keyLength, at + keyLength, valueLength);
  }

  #insert(
    type: number,
    sequence: number,
    chunk: Uint8Array,
    chunkIndex: number,
    keyAt: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
  ): void {
    const entry = this.count + 1;
    if (entry === this.types.length) this.#grow();
    this.chunkOf[entry] = chunkIndex;
    this.keyAt[entry] = keyAt;
    this.keyLengths[entry] = keyLength;
    this.valueAt[entry] = valueAt;
    this.valueLengths[entry] = valueLength;
    this.sequences[entry] = sequence;
    this.types[entry] = type;
    if (this.order.bytewise) this.#share(entry, chunk, keyAt, keyLength);
    this.#link(entry, chunk, keyAt, keyLength);
    this.count = entry;
    this.bytes += keyLength + valueLength;
    this.#note(sequence);
  }

  /** User keys in [begin, end) with a sequence number below `sequence` are deleted. Both are kept, not copied. */
  addRangeTombstone(begin: Uint8Array, end: Uint8Array, sequence: number): void {
    this.rangeTombstones.push({ begin, end, seq: sequence });
    this.bytes += begin.length + end.length;
    this.#note(sequence);
  }

  cursor(): Cursor {
    return new SkipListCursor(this);
  }

  /** The node behind `node`; 0 if there is none. Node 0 is before the first. */
  after(node: number): number {
    return this.nodes[node + LINKS] as number;
  }

  /** The number of a node's entry in the arrays above. */
  entryOf(node: number): number {
    return this.nodes[node + ENTRY] as number;
  }

  /** The last node before (key, sequence), 0 if there is none. */
  before(key: Uint8Array, start: number, length: number, sequence: number): number {
    const { nodes } = this;
    let at = HEAD;
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = nodes[at + LINKS + level] as number;
        if (next === NONE || this.#compareTo(next, key, start, length, sequence) >= 0) break;
        at = next;
      }
    }
    return at;
  }

  /** The last node; 0 if there is none. */
  get last(): number {
    return this.#tails[0] as number;
  }

  #note(sequence: number): void {
    if (sequence > this.largestSequence) this.largestSequence = sequence;
    if (this.smallestSequence === 0 || sequence < this.smallestSequence) this.smallestSequence = sequence;
  }

  /** Order of a node's entry and (key, sequence): newer versions come first. */
  #compareTo(node: number, key: Uint8Array, start: number, length: number, sequence: number): number {
    const entry = this.nodes[node + ENTRY] as number;
    const chunk = this.chunks[this.chunkOf[entry] as number] as Uint8Array;
    const at = this.keyAt[entry] as number;
    const d = this.order.compare(chunk, at, this.keyLengths[entry] as number, key, start, length);
    return d !== 0 ? d : sequence - (this.sequences[entry] as number);
  }

  #link(entry: number, key: Uint8Array, start: number, length: number): void {
    const height = this.#newHeight();
    const node = this.#nodesUsed;
    this.#nodesUsed = node + LINKS + height;
    if (this.#nodesUsed > this.nodes.length) this.nodes = grown(this.nodes, new Int32Array(this.nodes.length * 2));
    const { nodes } = this;
    const tails = this.#tails;
    const sequence = this.sequences[entry] as number;
    let high = 0;
    let low = 0;
    if (this.order.bytewise) {
      high = keyWord(key, start, length, this.#shared);
      low = keyWord(key, start, length, this.#shared + WORD_BYTES);
    }
    nodes[node] = high;
    nodes[node + 1] = low;
    nodes[node + ENTRY] = entry;
    const tail = tails[0] as number;
    if (tail === HEAD || this.#precedes(tail, high, low, key, start, length, sequence)) {
      for (let level = 0; level < height; level++) {
        nodes[(tails[level] as number) + LINKS + level] = node;
        tails[level] = node;
      }
      if (height > this.#height) this.#height = height;
      return;
    }
    const before = this.#before;
    let at = HEAD;
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = nodes[at + LINKS + level] as number;
        if (next === NONE || !this.#precedes(next, high, low, key, start, length, sequence)) break;
        at = next;
      }
      before[level] = at;
    }
    for (let level = this.#height; level < height; level++) before[level] = HEAD;
    if (height > this.#height) this.#height = height;
    for (let level = 0; level < height; level++) {
      const link = (before[level] as number) + LINKS + level;
      const next = nodes[link] as number;
      nodes[node + LINKS + level] = next;
      nodes[link] = node;
      if (next === NONE) tails[level] = node;
    }
  }

  /** A node's entry comes before the key with these two words. */
  #precedes(
    node: number,
    high: number,
    low: number,
    key: Uint8Array,
    start: number,
    length: number,
    sequence: number,
  ): boolean {
    const h = this.nodes[node] as number;
    if (h !== high) return h < high;
    const l = this.nodes[node + 1] as number;
    if (l !== low) return l < low;
    return this.#compareTo(node, key, start, length, sequence) < 0;
  }

  #newHeight(): number {
    let r = this.#random;
    r ^= r << 13;
    r ^= r >>> 17;
    r ^= r << 5;
    this.#random = r;
    let height = 1;
    for (let bits = r >>> 8; (bits & 3) === 0 && height < HEIGHT_MAX; bits >>>= 2) height++;
    return height;
  }

  /** Shortens the prefix that all keys share to what they share with a new one. */
  #share(entry: number, chunk: Uint8Array, at: number, length: number): void {
    if (entry === 1) {
      this.#shared = length;
      return;
    }
    const first = this.chunks[this.chunkOf[1] as number] as Uint8Array;
    const firstAt = this.keyAt[1] as number;
    let shared = 0;
    const most = Math.min(this.#shared, length);
    while (shared < most && chunk[at + shared] === first[firstAt + shared]) shared++;
    if (shared === this.#shared) return;
    this.#shared = shared;
    const { nodes } = this;
    for (let node = this.after(HEAD); node !== NONE; node = this.after(node)) {
      const i = nodes[node + ENTRY] as number;
      const c = this.chunks[this.chunkOf[i] as number] as Uint8Array;
      const keyAt = this.keyAt[i] as number;
      const keyLength = this.keyLengths[i] as number;
      nodes[node] = keyWord(c, keyAt, keyLength, shared);
      nodes[node + 1] = keyWord(c, keyAt, keyLength, shared + WORD_BYTES);
    }
  }

  #newChunk(size: number): void {
    const regular = this.#chunkIndex < 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
    this.#chunk = new Uint8Array(Math.max(regular, size));
    this.#chunkUsed = 0;
    this.#chunkBytes += this.#chunk.length;
    this.#chunkIndex = this.chunks.length;
    this.chunks.push(this.#chunk);
  }

  #grow(): void {
    const n = this.types.length * 2;
    this.chunkOf = grown(this.chunkOf, new Uint32Array(n));
    this.keyAt = grown(this.keyAt, new Uint32Array(n));
    this.keyLengths = grown(this.keyLengths, new Uint32Array(n));
    this.valueAt = grown(this.valueAt, new Uint32Array(n));
    this.valueLengths = grown(this.valueLengths, new Uint32Array(n));
    this.sequences = grown(this.sequences, new Float64Array(n));
    this.types = grown(this.types, new Uint8Array(n));
  }
}

/** Three bytes of a key behind the first `skip`, big-endian and padded with zeros. */
function keyWord(chunk: Uint8Array, at: number, length: number, skip: number): number {
  const start = at + skip;
  const n = length - skip;
  if (n >= WORD_BYTES) {
    return ((chunk[start] as number) << 16) | ((chunk[start + 1] as number) << 8) | (chunk[start + 2] as number);
  }
  if (n <= 0) return 0;
  return ((chunk[start] as number) << 16) | (n === 1 ? 0 : (chunk[start + 1] as number) << 8);
}

function grown<T extends Float64Array | Uint32Array | Uint8Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Short runs are copied by hand: a typed array's own copy costs more than they do. */
function copy(from: Uint8Array, start: number, length: number, into: Uint8Array, at: number): void {
  if (length > 48) {
    into.set(from.subarray(start, start + length), at);
    return;
  }
  for (let i = 0; i < length; i++) into[at + i] = from[start + i] as number;
}

class SkipListCursor implements Cursor {
  valid = false;
  keyBuffer: Uint8Array = NO_BYTES;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  type: number = ValueType.value;
  valueStart = 0;
  valueLength = 0;
  readonly level = -1;
  readonly table = 0;
  readonly #list: SkipList;
  #node = HEAD;

  constructor(list: SkipList) {
    this.#list = list;
  }

  get valueBuffer(): Uint8Array {
    return this.keyBuffer;
  }

  first(): void {
    this.#to(this.#list.after(HEAD));
  }

  last(): void {
    this.#to(this.#list.last);
  }

  next(): void {
    this.#to(this.#node === HEAD ? HEAD : this.#list.after(this.#node));
  }

  prev(): void {
    if (this.#node === HEAD) return;
    this.#to(this.#list.before(this.keyBuffer, this.keyStart, this.keyLength, this.sequence));
  }

  seek(key: Uint8Array, sequence: number): void {
    this.#to(this.#list.after(this.#list.before(key, 0, key.length, sequence)));
  }

  close(): void {
    this.#to(HEAD);
  }

  #to(node: number): void {
    this.#node = node;
    this.valid = node !== HEAD;
    if (node === HEAD) return;
    const list = this.#list;
    const entry = list.entryOf(node);
    this.keyBuffer = list.chunks[list.chunkOf[entry] as number] as Uint8Array;
    this.keyStart = list.keyAt[entry] as number;
    this.keyLength = list.keyLengths[entry] as number;
    this.sequence = list.sequences[entry] as number;
    this.type = list.types[entry] as number;
    this.valueStart = list.valueAt[entry] as number;
    this.valueLength = list.valueLengths[entry] as number;
  }
}
