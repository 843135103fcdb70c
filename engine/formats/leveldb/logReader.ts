/**
 * Reader of the log format that carries WALs and MANIFESTs of LevelDB and RocksDB
 * (rocksdb-leveldb.md §2).
 *
 * A log is a row of 32 KiB blocks. A fragment never crosses a block, so one block at a time is all
 * that has to be in memory; a record cut into fragments is put together in a buffer that is never
 * larger than the bytes read from the file.
 *
 * How a log may end, and what each ending means:
 *  - `eof`: a record ended exactly where the file does, or only zeros (preallocation) follow.
 *  - `torn`: the file ends inside a record: the writer died, or is still writing. No damage.
 *  - `recycled`: what follows was written into the same file in an earlier life. RocksDB stops
 *    there too; since such a leftover starts in mid-record, any bad header may be its beginning.
 *  - `corrupt`: a bad checksum, length, type or order of fragments, named in `problem`. `resync`
 *    goes on behind the damage for those who want what is left.
 */
import { EMPTY, readU16, readU32 } from '../../base/bytes.ts';
import { crc32c, unmask } from '../../base/crc32c.ts';
import type { Problem } from '../../base/errors.ts';
import { StoreError } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { zstdFrame } from '../../codec/zstdFrame.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';

export const LOG_BLOCK = 32768;
const HEADER = 7;
const RECYCLABLE_HEADER = 11;
/** Blocks fetched with one read. */
const WINDOW = 4 * LOG_BLOCK;
/** A compressed record may not unpack to more than this: no write batch in use comes near it. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024;
/** A record may not be longer than this, whatever the file's size. */
const RECORD_BYTES_MAX = 1024 * 1024 * 1024;
/** Bytes that `resync` may checksum per block in search of a fragment, against hostile patterns. */
const SEARCH_BUDGET = 4 * 1024 * 1024;

/** Fragment types. Those from 5 to 8, 11 and 131 have the recyclable header. */
export const LogType = {
  zero: 0,
  full: 1,
  first: 2,
  middle: 3,
  last: 4,
  recyclableFull: 5,
  recyclableLast: 8,
  setCompression: 9,
  timestampSizes: 10,
  recyclableTimestampSizes: 11,
  predecessor: 130,
  recyclablePredecessor: 131,
} as const;

const ZSTD = 7;

export interface LogReaderOptions {
  /** The file's number: tells leftovers of a recycled log from its own records. */
  readonly logNumber?: number | undefined;
  /** Path for problems; the handle's base name if absent. */
  readonly path?: string | undefined;
}

export type LogEnd = 'eof' | 'torn' | 'recycled' | 'corrupt';

/** What a WAL says about the one before it (types 130 and 131). */
export interface PredecessorWal {
  readonly logNumber: number;
  readonly bytes: number;
  readonly lastSequence: number;
}

function isRecyclable(type: number): boolean {
  return (
    (type >= LogType.recyclableFull && type <= LogType.recyclableLast) ||
    type === LogType.recyclableTimestampSizes ||
    type === LogType.recyclablePredecessor
  );
}

export class LogReader {
  /** The current logical record, decompressed; valid until the next move. */
  record: Uint8Array = EMPTY;
  /** File offset of the header of the record's first fragment. */
  recordOffset = 0;
  /** File offset just behind the last record that was read whole. */
  endOffset = 0;
  /** All fragments of the record but the last reach the end of their block, as every known writer has it. */
  regular = true;
  /** Why `next` returned false; undefined while there is more. */
  ended: LogEnd | undefined;
  /** The first damage met. A torn tail is none. */
  problem: Problem | undefined;
  /** Family id → bytes of user timestamp in the keys of the batches that follow (types 10, 11). */
  readonly timestampSizes = new Map<number, number>();
  predecessor: PredecessorWal | undefined;
  /** The log holds records with the recyclable header. */
  recyclable = false;
  compressed = false;

  readonly #file: FileHandle;
  readonly #path: string;
  readonly #logNumber: number | undefined;
  #size: number;
  #position = 0;
  #window: Uint8Array;
  #windowStart = 0;
  #windowLength = 0;
  #assembly: Uint8Array = EMPTY;
  #assembled = 0;
  #inFragments = false;
  /** After damage: fragments without a beginning are passed over without a word. */
  #skipping = false;
  /** Where a run of zeros up to here began; -1 outside of one. */
  #zerosFrom = -1;
  /** Where `resync` may go on. */
  #damageAt = 0;
  #damageNext = 0;
  /** The damaged fragment's own bounds can be trusted: its checksum was right. */
  #damageKnown = false;

  // The fragment that #fragment() found.
  #type = 0;
  #payloadStart = 0;
  #payloadLength = 0;
  #fragmentAt = 0;

  constructor(file: FileHandle, options: LogReaderOptions = {}) {
    this.#file = file;
    this.#path = options.path ?? baseName(file.path);
    this.#logNumber = options.logNumber;
    this.#size = file.size();
    this.#window = new Uint8Array(Math.max(LOG_BLOCK, Math.min(WINDOW, Math.ceil(this.#size / LOG_BLOCK) * LOG_BLOCK)));
  }

  /** Bytes of the file that this reader goes by; a file that grows later does not change it. */
  get size(): number {
    return this.#size;
  }

  /** To the next logical record. False at the end: see `ended`. Throws only what the file system throws. */
  next(): boolean {
    if (this.ended !== undefined) return false;
    for (;;) {
      if (!this.#fragment()) {
        if (this.#inFragments && this.ended === 'eof') this.ended = 'torn';
        return false;
      }
      const type = this.#type;
      switch (type) {
        case LogType.full:
        case LogType.recyclableFull: {
          // Old writers could leave an empty FIRST at the end of a block before a FULL or FIRST.
          if (this.#inFragments && this.#assembled > 0)
            return this.#bad('record has no last fragment', this.#fragmentAt, this.#fragmentAt);
          this.#inFragments = false;
          this.regular = true;
          this.recordOffset = this.#fragmentAt;
          if (!this.#deliver(this.#window, this.#payloadStart, this.#payloadLength)) return false;
          return true;
        }
        case LogType.first:
        case LogType.recyclableFull + 1: {
          if (this.#inFragments && this.#assembled > 0)
            return this.#bad('record has no last fragment', this.#fragmentAt, this.#fragmentAt);
          this.#inFragments = true;
          this.#skipping = false;
          this.#assembled = 0;
          this.regular = this.#position % LOG_BLOCK === 0;
          this.recordOffset = this.#fragmentAt;
          if (!this.#append()) return false;
          break;
        }
        case LogType.middle:
        case LogType.recyclableFull + 2:
          if (this.#inFragments) {
            if (this.#position % LOG_BLOCK !== 0) this.regular = false;
            if (!this.#append()) return false;
          } else if (!this.#skipping) return this.#bad('middle fragment without a first one');
          break;
        case LogType.last:
        case LogType.recyclableLast:
          if (this.#inFragments) {
            if (!this.#append()) return false;
            this.#inFragments = false;
            return this.#deliver(this.#assembly, 0, this.#assembled);
          }
          if (!this.#skipping) return this.#bad('last fragment without a first one');
          break;
        default:
          if (!this.#control(type)) return false;
      }
    }
  }

  /**
   * Goes on behind the damage that ended the log; false if it did not end by damage. `nearest` looks
   * for the next intact fragment, byte by byte inside the block; `block` does as the engines do when
   * they are told to skip: the rest of a block whose checksum or length is wrong is dropped.
   */
  resync(how: 'nearest' | 'block' = 'nearest'): boolean {
    if (this.ended !== 'corrupt') return false;
    this.ended = undefined;
    this.#inFragments = false;
    this.#assembled = 0;
    this.#skipping = true;
    this.#zerosFrom = -1;
    this.#position = how === 'block' || this.#damageKnown ? this.#damageNext : this.#search(this.#damageAt + 1);
    return true;
  }

  /** Reads on at `offset`, which must be the `recordOffset` of a record seen before. */
  seek(offset: number): void {
    this.ended = undefined;
    this.#position = offset;
    this.#inFragments = false;
    this.#assembled = 0;
    this.#skipping = false;
    this.#zerosFrom = -1;
  }

  /**
   * Reads on in a file that has grown since it ended by `eof` or `torn`, from behind the last whole
   * record. False if there is nothing new.
   */
  resume(): boolean {
    if (this.ended !== 'eof' && this.ended !== 'torn') return false;
    const size = this.#file.size();
    if (size <= this.endOffset || (size === this.#size && this.#zerosFrom < 0)) return false;
    this.#size = size;
    const window = Math.min(WINDOW, Math.ceil(size / LOG_BLOCK) * LOG_BLOCK);
    if (this.#window.length < window) this.#window = new Uint8Array(window);
    this.#windowLength = 0;
    this.#position = this.endOffset;
    this.#inFragments = false;
    this.#assembled = 0;
    this.#zerosFrom = -1;
    this.ended = undefined;
    return true;
  }

  /** Finds the next fragment with a valid checksum; false sets `ended`. */
  #fragment(): boolean {
    for (;;) {
      const at = this.#position;
      const blockEnd = at - (at % LOG_BLOCK) + LOG_BLOCK;
      if (blockEnd - at < HEADER) {
        this.#position = blockEnd;
        continue;
      }
      if (at >= this.#size) return this.#end('eof');
      this.#load(at, Math.min(blockEnd, this.#size));
      const fileEnd = Math.min(blockEnd, this.#size);
      const left = fileEnd - at;
      const w = this.#window;
      const o = at - this.#windowStart;
      if (left < HEADER) return this.#end(this.#allZero(o, left) ? 'eof' : 'torn');
      const length = readU16(w, o + 4);
      const type = w[o + 6] as number;
      if (type === LogType.zero && length === 0) {
        if (this.#inFragments && !this.#restIsZero(at)) return this.#bad('zeros inside a record', at, blockEnd);
        if (this.#zerosFrom < 0) this.#zerosFrom = at;
        this.#position = blockEnd;
        continue;
      }
      const recyclable = isRecyclable(type);
      const header = recyclable ? RECYCLABLE_HEADER : HEADER;
      if (left < header)
        return blockEnd <= this.#size ? this.#doubtful('header cut by its block', at) : this.#end('torn');
      if (recyclable) {
        if (!this.#ownNumber(o)) return this.#end('recycled');
      }
      if (header + length > left) {
        // In the last, partial block the writer may have died in mid-record; but then nothing follows.
        if (this.#size < blockEnd) {
          if (this.recyclable) return this.#doubtful('bad length', at);
          if (this.#search(at + 1) >= this.#size) return this.#end('torn');
          return this.#doubtful(`record of ${length} bytes runs past the end of the file, and whole ones follow`, at);
        }
        return this.#doubtful(`record of ${length} bytes runs past its block`, at);
      }
      const stored = unmask(readU32(w, o));
      const computed = crc32c(w, o + 6, o + header + length);
      if (stored !== computed) {
        return this.#doubtful(`checksum mismatch: stored ${hex32(stored)}, computed ${hex32(computed)}`, at);
      }
      if (recyclable) this.recyclable = true;
      this.#type = type;
      this.#fragmentAt = at;
      this.#payloadStart = o + header;
      this.#payloadLength = length;
      this.#position = at + header + length;
      this.#zerosFrom = -1;
      return true;
    }
  }

  /** A header that is wrong: damage, unless the file was recycled and nothing of ours follows. */
  #doubtful(message: string, at: number): boolean {
    const next = at - (at % LOG_BLOCK) + LOG_BLOCK;
    if (this.recyclable && this.#logNumber !== undefined && this.#search(at + 1) >= this.#size) {
      return this.#end('recycled');
    }
    this.#bad(message, at, next);
    this.#damageKnown = false;
    return false;
  }

  /** Records that steer the reader, and those that may be ignored. */
  #control(type: number): boolean {
    const base = this.#payloadStart;
    const end = base + this.#payloadLength;
    const known =
      type === LogType.setCompression ||
      type === LogType.timestampSizes ||
      type === LogType.recyclableTimestampSizes ||
      type === LogType.predecessor ||
      type === LogType.recyclablePredecessor;
    if (!known) {
      if ((type & 0x80) !== 0) return true;
      return this.#bad(`unknown record type ${type}`, this.#fragmentAt, this.#position);
    }
    if (this.#inFragments && this.#assembled > 0) return this.#bad('control record inside another record');
    const r = new Reader(this.#window, base, end);
    if (type === LogType.setCompression) {
      if (r.remaining !== 4) return this.#bad('bad compression record');
      const id = r.u32();
      if (id !== ZSTD)
        return this.#bad(`log compression ${id} is not known`, this.#fragmentAt, this.#position, 'UNSUPPORTED');
      this.compressed = true;
    } else if (type === LogType.timestampSizes || type === LogType.recyclableTimestampSizes) {
      if (r.remaining % 6 !== 0) return this.#bad('bad record of user timestamp sizes');
      while (r.remaining > 0) this.timestampSizes.set(r.u32(), r.u16());
    } else {
      if (r.remaining < 24) return this.#bad('bad record about the preceding WAL');
      this.predecessor = { logNumber: r.u64(), bytes: r.u64(), lastSequence: r.u64() };
    }
    this.endOffset = this.#position;
    return true;
  }

  #deliver(buffer: Uint8Array, start: number, length: number): boolean {
    this.#skipping = false;
    if (!this.compressed || length === 0) {
      this.record = buffer.subarray(start, start + length);
    } else {
      try {
        this.record = zstdFrame(buffer, start, start + length, UNPACKED_BYTES_MAX);
      } catch (thrown) {
        if (!(thrown instanceof StoreError)) throw thrown;
        return this.#bad(
          thrown.message,
          this.recordOffset,
          this.#position,
          thrown.code === 'UNSUPPORTED' ? 'UNSUPPORTED' : 'CORRUPT',
        );
      }
    }
    this.endOffset = this.#position;
    return true;
  }

  #append(): boolean {
    const needed = this.#assembled + this.#payloadLength;
    if (needed > RECORD_BYTES_MAX) {
      return this.#bad('record is too large to be read', this.recordOffset, this.#position, 'UNSUPPORTED');
    }
    if (needed > this.#assembly.length) {
      const grown = new Uint8Array(Math.min(Math.max(needed * 2, 2 * LOG_BLOCK), Math.max(needed, this.#size)));
      grown.set(this.#assembly.subarray(0, this.#assembled));
      this.#assembly = grown;
    }
    this.#assembly.set(
      this.#window.subarray(this.#payloadStart, this.#payloadStart + this.#payloadLength),
      this.#assembled,
    );
    this.#assembled = needed;
    return true;
  }

  /** Makes sure that [at, end), which lies in one block, is in the window. */
  #load(at: number, end: number): void {
    if (at >= this.#windowStart && end <= this.#windowStart + this.#windowLength) return;
    this.#windowStart = at - (at % LOG_BLOCK);
    const wanted = Math.min(this.#window.length, this.#size - this.#windowStart);
    const into = wanted === this.#window.length ? this.#window : this.#window.subarray(0, wanted);
    this.#windowLength = this.#file.readAt(into, this.#windowStart);
    // The file has become shorter under us.
    if (this.#windowLength < wanted) this.#size = this.#windowStart + this.#windowLength;
    if (this.#size < end) this.#window.fill(0, this.#windowLength);
  }

  #allZero(from: number, length: number): boolean {
    for (let i = from; i < from + length; i++) if (this.#window[i] !== 0) return false;
    return true;
  }

  /** Whether the file holds nothing but zeros from `at` on. */
  #restIsZero(at: number): boolean {
    for (let p = at; p < this.#size; ) {
      const end = Math.min(p - (p % LOG_BLOCK) + LOG_BLOCK, this.#size);
      this.#load(p, end);
      const zero = this.#allZero(p - this.#windowStart, Math.min(end, this.#size) - p);
      if (!zero) return false;
      p = end;
    }
    return true;
  }

  /** Whether an intact data fragment of this log begins at `at`, in the window and before `end`. */
  #fragmentBegins(at: number, end: number): number {
    if (at + HEADER > end) return 0;
    const o = at - this.#windowStart;
    const type = this.#window[o + 6] as number;
    if (type < LogType.full || type > LogType.recyclableLast) return 0;
    const recyclable = type >= LogType.recyclableFull;
    if (this.recyclable && !recyclable) return 0;
    const header = recyclable ? RECYCLABLE_HEADER : HEADER;
    const total = header + readU16(this.#window, o + 4);
    if (at + total > end) return 0;
    if (recyclable && !this.#ownNumber(o)) return 0;
    return unmask(readU32(this.#window, o)) === crc32c(this.#window, o + 6, o + total) ? total : -total;
  }

  #ownNumber(o: number): boolean {
    return this.#logNumber === undefined || readU32(this.#window, o + 7) === this.#logNumber % 0x1_0000_0000;
  }

  /** Offset of the first intact data fragment at or behind `from`, or the size of the file. */
  #search(from: number): number {
    let at = from;
    while (at < this.#size) {
      const blockEnd = at - (at % LOG_BLOCK) + LOG_BLOCK;
      const end = Math.min(blockEnd, this.#size);
      this.#load(at, end);
      let budget = SEARCH_BUDGET;
      for (; at + HEADER <= end && budget > 0; at++) {
        const found = this.#fragmentBegins(at, end);
        if (found > 0) return at;
        budget += found;
      }
      at = blockEnd;
    }
    return this.#size;
  }

  #end(how: LogEnd): boolean {
    this.ended = how;
    return false;
  }

  #bad(
    message: string,
    at = this.#fragmentAt,
    next = this.#position,
    code: 'CORRUPT' | 'UNSUPPORTED' = 'CORRUPT',
  ): boolean {
    this.#damageAt = at;
    this.#damageNext = next;
    this.#damageKnown = true;
    this.problem ??= { code, path: this.#path, offset: at, message };
    this.ended = 'corrupt';
    return false;
  }
}

/**
 * File offset of the byte at `offset` of an uncompressed, regular record whose first fragment's header
 * stands at `recordOffset`. The bytes from there to the end of the block are consecutive.
 */
export function physicalOffset(recordOffset: number, offset: number, recyclable: boolean): number {
  const header = recyclable ? RECYCLABLE_HEADER : HEADER;
  const first = recordOffset + header;
  const blockEnd = recordOffset - (recordOffset % LOG_BLOCK) + LOG_BLOCK;
  if (offset < blockEnd - first) return first + offset;
  const rest = offset - (blockEnd - first);
  const payload = LOG_BLOCK - header;
  return blockEnd + Math.floor(rest / payload) * LOG_BLOCK + header + (rest % payload);
}

function hex32(n: number): string {
  return n.toString(16).padStart(8, '0');
}
