/**
 * A memtable rebuilt from write-ahead logs: what the owner holds in memory beside its tables.
 *
 * Keys and values stand one after the other in chunks (an arena); the index is a handful of typed
 * arrays, so an entry costs about 30 bytes beside its own. Entries are added in log order and sorted
 * once, by `seal`; a cursor then walks the sorted index.
 *
 * Memory is bounded by `MemtableBudget`: once the arenas of a store hold that much, the values of
 * later entries stay in the log. In their place the arena keeps 16 bytes: f32 log number, f64 offset
 * of the log record, f32 offset in the record; a `LogValues` fetches the value again when it is asked
 * for. Keys always stay in memory.
 */
import { readU32, readU64, writeU32, writeU64 } from '../base/bytes.ts';
import { type Cursor, ValueType } from '../iter/cursor.ts';
import type { KeyOrder } from '../iter/order.ts';
import { sortEntries } from './memtableSort.ts';

/** Something that holds a family's newest entries; a writable one can take this one's place. */
export interface MemtableReader {
  /** Entries, range deletions not among them. */
  readonly count: number;
  /** Bytes of keys and values, as they were written. */
  readonly bytes: number;
  readonly rangeTombstones: readonly RangeTombstone[];
  /** A new cursor over the sorted entries; its `level` is -1, its `table` 0. */
  cursor(): Cursor;
}

/** User keys in [begin, end) with a sequence number below `seq` are deleted. */
export interface RangeTombstone {
  readonly begin: Uint8Array;
  readonly end: Uint8Array;
  readonly seq: number;
}

/** Fetches values that were left in a log. The result is a copy. */
export interface LogValues {
  read(logNumber: number, recordOffset: number, offset: number, length: number): Uint8Array;
}

/** Bytes that the arenas of one store may hold before values are left in the log. */
export interface MemtableBudget {
  readonly bytesMax: number;
  used: number;
}

/** With the index, keys and the sort this keeps a process below 200 MB for logs of a million entries. */
export const MEMTABLE_BYTES_MAX = 48 * 1024 * 1024;

const CHUNK_BYTES = 1024 * 1024;
const FIRST_CHUNK_BYTES = 16 * 1024;
const REFERENCE_BYTES = 16;
/** Shorter values are not worth a reference. */
const REFERENCED_VALUE_MIN = 64;
/** Mark in the type array: the value is a reference. */
const REFERENCED = 0x80;
const NO_CHUNK = new Uint8Array(0);

export class Memtable implements MemtableReader {
  readonly rangeTombstones: RangeTombstone[] = [];
  count = 0;
  bytes = 0;
  /** Where the next entries' values stand, should they be left in the log. */
  logNumber = 0;
  recordOffset = 0;
  /** False: they cannot be found there again, and have to be kept. */
  canRefer = true;

  readonly #budget: MemtableBudget;
  readonly #values: LogValues | undefined;
  readonly #chunks: Uint8Array[] = [];
  #chunk: Uint8Array = NO_CHUNK;
  #chunkUsed = 0;
  #sequences = new Float64Array(64);
  #types = new Uint8Array(64);
  #chunkOf = new Uint32Array(64);
  #keyAt = new Uint32Array(64);
  #keyLengths = new Uint32Array(64);
  #valueLengths = new Uint32Array(64);
  #sorted: Uint32Array = new Uint32Array(0);
  #order: KeyOrder | undefined;

  /** Without `values`, every value is kept whatever the budget says. */
  constructor(budget: MemtableBudget = { bytesMax: MEMTABLE_BYTES_MAX, used: 0 }, values?: LogValues) {
    this.#budget = budget;
    this.#values = values;
  }

  add(
    type: number,
    sequence: number,
    keyBuffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBuffer: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    const i = this.count;
    if (i === this.#types.length) this.#grow();
    const byReference =
      valueLength > REFERENCED_VALUE_MIN &&
      this.canRefer &&
      this.#values !== undefined &&
      this.#budget.used > this.#budget.bytesMax;
    const size = keyLength + (byReference ? REFERENCE_BYTES : valueLength);
    // An empty key without a value needs no room, but a chunk to be in.
    if (size > this.#chunk.length - this.#chunkUsed || this.#chunks.length === 0) this.#newChunk(size);
    const chunk = this.#chunk;
    const at = this.#chunkUsed;
    copy(keyBuffer, keyStart, keyLength, chunk, at);
    if (byReference) {
      writeU32(chunk, at + keyLength, this.logNumber);
      writeU64(chunk, at + keyLength + 4, this.recordOffset);
      writeU32(chunk, at + keyLength + 12, valueStart);
    } else {
      copy(valueBuffer, valueStart, valueLength, chunk, at + keyLength);
    }
    this.#chunkUsed = at + size;
    this.#sequences[i] = sequence;
    this.#types[i] = byReference ? type | REFERENCED : type;
    this.#chunkOf[i] = this.#chunks.length - 1;
    this.#keyAt[i] = at;
    this.#keyLengths[i] = keyLength;
    this.#valueLengths[i] = valueLength;
    this.count = i + 1;
    this.bytes += keyLength + valueLength;
    this.#order = undefined;
  }

  addRangeTombstone(begin: Uint8Array, end: Uint8Array, seq: number): void {
    this.rangeTombstones.push({ begin, end, seq });
    this.bytes += begin.length + end.length;
  }

  /** Takes back what was added after there were `count` entries and `tombstones` range deletions. */
  truncate(count: number, tombstones: number): void {
    for (let i = count; i < this.count; i++) {
      this.bytes -= (this.#keyLengths[i] as number) + (this.#valueLengths[i] as number);
    }
    for (const t of this.rangeTombstones.splice(tombstones)) this.bytes -= t.begin.length + t.end.length;
    this.count = Math.min(this.count, count);
    this.#order = undefined;
  }

  /** Sorts what was added; has to be called again after further additions. */
  seal(order: KeyOrder): void {
    this.#sorted = sortEntries(
      {
        count: this.count,
        chunks: this.#chunks,
        chunkOf: this.#chunkOf,
        keyAt: this.#keyAt,
        keyLengths: this.#keyLengths,
        sequences: this.#sequences,
      },
      order,
    );
    this.#order = order;
  }

  cursor(): Cursor {
    if (this.#order === undefined) throw new Error('the memtable is not sealed');
    return new MemtableCursor(
      {
        order: this.#order,
        sorted: this.#sorted,
        chunks: this.#chunks,
        chunkOf: this.#chunkOf,
        keyAt: this.#keyAt,
        keyLengths: this.#keyLengths,
        valueLengths: this.#valueLengths,
        sequences: this.#sequences,
        types: this.#types,
      },
      this.#values,
    );
  }

  #newChunk(size: number): void {
    const regular = this.#chunks.length === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
    this.#chunk = new Uint8Array(Math.max(regular, size));
    this.#chunkUsed = 0;
    this.#chunks.push(this.#chunk);
    this.#budget.used += this.#chunk.length;
  }

  #grow(): void {
    const n = this.#types.length * 2;
    this.#sequences = grown(this.#sequences, new Float64Array(n));
    this.#types = grown(this.#types, new Uint8Array(n));
    this.#chunkOf = grown(this.#chunkOf, new Uint32Array(n));
    this.#keyAt = grown(this.#keyAt, new Uint32Array(n));
    this.#keyLengths = grown(this.#keyLengths, new Uint32Array(n));
    this.#valueLengths = grown(this.#valueLengths, new Uint32Array(n));
  }
}

function grown<T extends Float64Array | Uint32Array | Uint8Array>(from: T, into: T): T {
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

interface SealedIndex {
  readonly order: KeyOrder;
  readonly sorted: Uint32Array;
  readonly chunks: readonly Uint8Array[];
  readonly chunkOf: Uint32Array;
  readonly keyAt: Uint32Array;
  readonly keyLengths: Uint32Array;
  readonly valueLengths: Uint32Array;
  readonly sequences: Float64Array;
  readonly types: Uint8Array;
}

class MemtableCursor implements Cursor {
  valid = false;
  keyBuffer: Uint8Array = NO_CHUNK;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  type: number = ValueType.value;
  valueLength = 0;
  readonly level = -1;
  readonly table = 0;

  readonly #index: SealedIndex;
  readonly #values: LogValues | undefined;
  #position = -1;
  #byReference = false;
  /** A value fetched from the log for the current entry. */
  #fetched: Uint8Array | undefined;

  constructor(index: SealedIndex, values: LogValues | undefined) {
    this.#index = index;
    this.#values = values;
  }

  /** Throws if the value was left in a log that has vanished since. */
  get valueBuffer(): Uint8Array {
    return this.#byReference ? this.#fetch() : this.keyBuffer;
  }

  get valueStart(): number {
    return this.#byReference ? 0 : this.keyStart + this.keyLength;
  }

  first(): void {
    this.#to(0);
  }

  last(): void {
    this.#to(this.#index.sorted.length - 1);
  }

  next(): void {
    this.#to(this.#position + 1);
  }

  prev(): void {
    this.#to(this.#position - 1);
  }

  seek(key: Uint8Array, sequence: number): void {
    const { sorted, order, chunks, chunkOf, keyAt, keyLengths, sequences } = this.#index;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const i = sorted[middle] as number;
      const chunk = chunks[chunkOf[i] as number] as Uint8Array;
      const d = order.compare(chunk, keyAt[i] as number, keyLengths[i] as number, key, 0, key.length);
      if (d < 0 || (d === 0 && (sequences[i] as number) > sequence)) low = middle + 1;
      else high = middle;
    }
    this.#to(low);
  }

  close(): void {
    this.#to(-1);
  }

  #to(position: number): void {
    const index = this.#index;
    this.#fetched = undefined;
    if (position < 0 || position >= index.sorted.length) {
      this.#position = -1;
      this.valid = false;
      this.#byReference = false;
      return;
    }
    this.#position = position;
    this.valid = true;
    const i = index.sorted[position] as number;
    const type = index.types[i] as number;
    this.keyBuffer = index.chunks[index.chunkOf[i] as number] as Uint8Array;
    this.keyStart = index.keyAt[i] as number;
    this.keyLength = index.keyLengths[i] as number;
    this.sequence = index.sequences[i] as number;
    this.type = type & ~REFERENCED;
    this.#byReference = type >= REFERENCED;
    this.valueLength = index.valueLengths[i] as number;
  }

  #fetch(): Uint8Array {
    if (this.#fetched === undefined) {
      const at = this.keyStart + this.keyLength;
      const b = this.keyBuffer;
      const values = this.#values as LogValues;
      this.#fetched = values.read(readU32(b, at), readU64(b, at + 4), readU32(b, at + 12), this.valueLength);
    }
    return this.#fetched;
  }
}
