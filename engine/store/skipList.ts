/**
 * The memtable of a store that is open for writing: a skip list in arenas.
 *
 * 1. Keys and values stand one after the other in chunks of 1 MiB; an entry larger than that has a
 *    chunk of its own. Entries are numbered in the order of their arrival, and typed arrays hold what
 *    is known of each, so that an entry is no object and the garbage collector sees a handful of them.
 * 2. A tower of links per entry stands in one Int32Array; entry 0 is the head. Heights come from a
 *    generator with a fixed seed, a quarter of the entries reaching each next level.
 * 3. Most comparisons never look at a key: the six bytes behind the prefix that all keys share are held
 *    as one number per entry, for bytewise orders. A key that shortens the shared prefix makes them be
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
const DIGEST_BYTES = 6;
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
  valueLengths = new Uint32Array(FIRST_ENTRIES);
  sequences = new Float64Array(FIRST_ENTRIES);
  types = new Uint8Array(FIRST_ENTRIES);
  /** Where the tower of an entry starts in `links`. */
  towers = new Uint32Array(FIRST_ENTRIES);
  links = new Int32Array(FIRST_ENTRIES * 2 + HEIGHT_MAX);

  #digests = new Float64Array(FIRST_ENTRIES);
  /** Bytes that all keys share; entry 1 stands for them. */
  #shared = 0;
  #chunk: Uint8Array = NO_BYTES;
  #chunkUsed = 0;
  #chunkBytes = 0;
  #linksUsed = HEIGHT_MAX;
  #height = 1;
  #random = 0x9e3779b9;
  /** The last entry of each level; the head where there is none. */
  readonly #tails = new Int32Array(HEIGHT_MAX);
  readonly #before = new Int32Array(HEIGHT_MAX);

  constructor(order: KeyOrder) {
    this.order = order;
  }

  /** Bytes of memory that it holds. */
  get memory(): number {
    return this.#chunkBytes + this.types.length * 37 + this.links.length * 4;
  }

  /** Entries and range deletions. */
  get empty(): boolean {
    return this.count === 0 && this.rangeTombstones.length === 0;
  }

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
    const node = this.count + 1;
    if (node === this.types.length) this.#grow();
    const size = keyLength + valueLength;
    if (size > this.#chunk.length - this.#chunkUsed) this.#newChunk(size);
    const chunk = this.#chunk;
    const at = this.#chunkUsed;
    copy(key, keyStart, keyLength, chunk, at);
    copy(value, valueStart, valueLength, chunk, at + keyLength);
    this.#chunkUsed = at + size;
    this.chunkOf[node] = this.chunks.length - 1;
    this.keyAt[node] = at;
    this.keyLengths[node] = keyLength;
    this.valueLengths[node] = valueLength;
    this.sequences[node] = sequence;
    this.types[node] = type;
    if (this.order.bytewise) this.#digest(node, chunk, at, keyLength);
    this.#link(node);
    this.count = node;
    this.bytes += size;
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

  /** The entry behind `node`; 0 if there is none. Node 0 is before the first. */
  after(node: number): number {
    return this.links[this.towers[node] as number] as number;
  }

  /** The last entry before (key, sequence), 0 if there is none. */
  before(key: Uint8Array, start: number, length: number, sequence: number): number {
    const { links, towers } = this;
    let at = HEAD;
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = links[(towers[at] as number) + level] as number;
        if (next === NONE || this.#compareTo(next, key, start, length, sequence) >= 0) break;
        at = next;
      }
    }
    return at;
  }

  /** The last entry; 0 if there is none. */
  get last(): number {
    return this.#tails[0] as number;
  }

  #note(sequence: number): void {
    if (sequence > this.largestSequence) this.largestSequence = sequence;
    if (this.smallestSequence === 0 || sequence < this.smallestSequence) this.smallestSequence = sequence;
  }

  /** Order of entry `node` and (key, sequence): newer versions come first. */
  #compareTo(node: number, key: Uint8Array, start: number, length: number, sequence: number): number {
    const chunk = this.chunks[this.chunkOf[node] as number] as Uint8Array;
    const d = this.order.compare(
      chunk,
      this.keyAt[node] as number,
      this.keyLengths[node] as number,
      key,
      start,
      length,
    );
    return d !== 0 ? d : sequence - (this.sequences[node] as number);
  }

  #compareNodes(a: number, b: number): number {
    const d = (this.#digests[a] as number) - (this.#digests[b] as number);
    if (d !== 0) return d;
    return this.#compareTo(
      a,
      this.chunks[this.chunkOf[b] as number] as Uint8Array,
      this.keyAt[b] as number,
      this.keyLengths[b] as number,
      this.sequences[b] as number,
    );
  }

  #link(node: number): void {
    const height = this.#newHeight();
    const tower = this.#linksUsed;
    if (tower + height > this.links.length) this.links = grown(this.links, new Int32Array(this.links.length * 2));
    this.#linksUsed = tower + height;
    this.towers[node] = tower;
    const { links, towers } = this;
    const tails = this.#tails;
    const tail = tails[0] as number;
    if (tail === HEAD || this.#compareNodes(tail, node) < 0) {
      for (let level = 0; level < height; level++) {
        links[(towers[tails[level] as number] as number) + level] = node;
        tails[level] = node;
      }
      if (height > this.#height) this.#height = height;
      return;
    }
    const before = this.#before;
    let at = HEAD;
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = links[(towers[at] as number) + level] as number;
        if (next === NONE || this.#compareNodes(next, node) >= 0) break;
        at = next;
      }
      before[level] = at;
    }
    for (let level = this.#height; level < height; level++) before[level] = HEAD;
    if (height > this.#height) this.#height = height;
    for (let level = 0; level < height; level++) {
      const link = (towers[before[level] as number] as number) + level;
      const next = links[link] as number;
      links[tower + level] = next;
      links[link] = node;
      if (next === NONE) tails[level] = node;
    }
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

  #digest(node: number, chunk: Uint8Array, at: number, length: number): void {
    if (node === 1) {
      this.#shared = length;
    } else {
      const first = this.chunks[this.chunkOf[1] as number] as Uint8Array;
      const firstAt = this.keyAt[1] as number;
      let shared = 0;
      const most = Math.min(this.#shared, length);
      while (shared < most && chunk[at + shared] === first[firstAt + shared]) shared++;
      if (shared < this.#shared) {
        this.#shared = shared;
        for (let i = 1; i < node; i++) {
          const c = this.chunks[this.chunkOf[i] as number] as Uint8Array;
          this.#digests[i] = digestOf(c, this.keyAt[i] as number, this.keyLengths[i] as number, shared);
        }
      }
    }
    this.#digests[node] = digestOf(chunk, at, length, this.#shared);
  }

  #newChunk(size: number): void {
    const regular = this.chunks.length === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
    this.#chunk = new Uint8Array(Math.max(regular, size));
    this.#chunkUsed = 0;
    this.#chunkBytes += this.#chunk.length;
    this.chunks.push(this.#chunk);
  }

  #grow(): void {
    const n = this.types.length * 2;
    this.chunkOf = grown(this.chunkOf, new Uint32Array(n));
    this.keyAt = grown(this.keyAt, new Uint32Array(n));
    this.keyLengths = grown(this.keyLengths, new Uint32Array(n));
    this.valueLengths = grown(this.valueLengths, new Uint32Array(n));
    this.sequences = grown(this.sequences, new Float64Array(n));
    this.types = grown(this.types, new Uint8Array(n));
    this.towers = grown(this.towers, new Uint32Array(n));
    this.#digests = grown(this.#digests, new Float64Array(n));
  }
}

/** Six bytes of a key behind the first `skip`, big-endian and padded with zeros. */
function digestOf(chunk: Uint8Array, at: number, length: number, skip: number): number {
  const start = at + skip;
  const n = Math.min(DIGEST_BYTES, length - skip);
  let high = 0;
  let low = 0;
  for (let k = 0; k < 3; k++) high = (high << 8) | (k < n ? (chunk[start + k] as number) : 0);
  for (let k = 3; k < DIGEST_BYTES; k++) low = (low << 8) | (k < n ? (chunk[start + k] as number) : 0);
  return high * 0x100_0000 + low;
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

  get valueStart(): number {
    return this.keyStart + this.keyLength;
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
    this.keyBuffer = list.chunks[list.chunkOf[node] as number] as Uint8Array;
    this.keyStart = list.keyAt[node] as number;
    this.keyLength = list.keyLengths[node] as number;
    this.sequence = list.sequences[node] as number;
    this.type = list.types[node] as number;
    this.valueLength = list.valueLengths[node] as number;
  }
}
