/**
 * Writes one blob file (rocksdb-leveldb.md §9): header, records, footer. Values are compressed one by
 * one with the file's codec, whether that makes them smaller or not, because the file names one codec
 * for all of them.
 */
import { writeU32, writeU64 } from '../../base/bytes.ts';
import { crc32c, mask } from '../../base/crc32c.ts';
import { varintLength, writeVarint } from '../../base/varint.ts';
import { compressAlways, compressionTypeByte } from '../../codec/compress.ts';
import { type CompressionName, OutputBuffer } from '../../codec/registry.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { FileWriter } from '../block/fileWriter.ts';
import { BLOB_MAGIC } from './blob.ts';

const VERSION = 1;
const HEADER_BYTES = 30;
const FOOTER_BYTES = 32;
const RECORD_HEADER_BYTES = 32;
/** Framing of compressed values: that of tables from format version 2 on. */
const FRAMING = 2;
const KIND_BLOB = 1;

export interface BlobWriterOptions {
  /** Number of the blob file: goes into the blob indexes. */
  readonly number: number;
  readonly family: number;
  readonly compression?: CompressionName;
  readonly compressionLevel?: number | undefined;
}

/** What the MANIFEST says of a blob file. */
export interface BlobFileSummary {
  readonly number: number;
  readonly count: number;
  /** Bytes of the records, without header and footer. */
  readonly bytes: number;
  /** Length of the file. */
  readonly fileBytes: number;
}

export class BlobWriter {
  readonly number: number;
  readonly #writer: FileWriter;
  readonly #compression: CompressionName;
  readonly #type: number;
  readonly #level: number | undefined;
  readonly #output = new OutputBuffer();
  /** The blob index of the value added last. */
  readonly #index = new Uint8Array(32);
  #count = 0;

  /** `file` is new and empty, and stays the caller's to sync and close. Throws UNSUPPORTED for a codec. */
  constructor(file: FileHandle, options: BlobWriterOptions) {
    this.number = options.number;
    this.#compression = options.compression ?? 'none';
    this.#type = compressionTypeByte('rocksdb', this.#compression);
    this.#level = options.compressionLevel;
    this.#writer = new FileWriter(file);
    const at = this.#writer.reserve(HEADER_BYTES);
    const b = this.#writer.bytes;
    b.fill(0, at, at + HEADER_BYTES);
    writeU32(b, at, BLOB_MAGIC);
    writeU32(b, at + 4, VERSION);
    writeU32(b, at + 8, options.family);
    b[at + 13] = this.#type;
    this.#writer.commit(HEADER_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  /** Length of the file so far. */
  get size(): number {
    return this.#writer.offset;
  }

  /**
   * Adds a value and returns its blob index, the value of a table entry of type blob index: a view that the
   * next call overwrites.
   */
  add(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): Uint8Array {
    if (this.#compression === 'none') return this.#record(key, keyStart, keyLength, value, valueStart, valueLength);
    const end = valueStart + valueLength;
    const n = compressAlways(FRAMING, this.#compression, value, valueStart, end, this.#output, this.#level);
    return this.#record(key, keyStart, keyLength, this.#output.bytes, 0, n);
  }

  /**
   * Adds a value as it is stored in another blob file of the same codec, as garbage collection moves it;
   * returns its blob index as `add` does.
   */
  addStored(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    stored: Uint8Array,
    storedStart: number,
    storedLength: number,
  ): Uint8Array {
    return this.#record(key, keyStart, keyLength, stored, storedStart, storedLength);
  }

  /** Writes the footer and hands all bytes to the file. */
  finish(): BlobFileSummary {
    const writer = this.#writer;
    const bytes = writer.offset - HEADER_BYTES;
    const at = writer.reserve(FOOTER_BYTES);
    const b = writer.bytes;
    b.fill(0, at, at + FOOTER_BYTES);
    writeU32(b, at, BLOB_MAGIC);
    writeU64(b, at + 4, this.#count);
    writeU32(b, at + 28, mask(crc32c(b, at, at + 28)));
    writer.commit(FOOTER_BYTES);
    writer.flush();
    return { number: this.number, count: this.#count, bytes, fileBytes: writer.offset };
  }

  #record(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): Uint8Array {
    const writer = this.#writer;
    const n = RECORD_HEADER_BYTES + keyLength + valueLength;
    const at = writer.reserve(n);
    const offset = writer.offset + RECORD_HEADER_BYTES + keyLength;
    const b = writer.bytes;
    const body = at + RECORD_HEADER_BYTES;
    b.set(key.subarray(keyStart, keyStart + keyLength), body);
    b.set(value.subarray(valueStart, valueStart + valueLength), body + keyLength);
    writeU64(b, at, keyLength);
    writeU64(b, at + 8, valueLength);
    writeU64(b, at + 16, 0);
    writeU32(b, at + 24, mask(crc32c(b, at, at + 24)));
    writeU32(b, at + 28, mask(crc32c(b, body, at + n)));
    writer.commit(n);
    this.#count++;
    const index = this.#index;
    index[0] = KIND_BLOB;
    let to = writeVarint(index, 1, this.number);
    to = writeVarint(index, to, offset);
    to = writeVarint(index, to, valueLength);
    index[to] = this.#type;
    return index.subarray(0, to + 1);
  }
}

/** Bytes that a value takes in a blob file, its record's header and key included: what garbage is counted in. */
export function blobRecordBytes(keyLength: number, storedLength: number): number {
  return RECORD_HEADER_BYTES + keyLength + storedLength;
}

/** Longest blob index that `BlobWriter` makes for offsets below 2^53. */
export const BLOB_INDEX_BYTES_MAX = 2 + 3 * varintLength(Number.MAX_SAFE_INTEGER);
