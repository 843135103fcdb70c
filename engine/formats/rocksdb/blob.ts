/**
 * Blob files: values that RocksDB keeps outside of its tables (rocksdb-leveldb.md §9).
 *
 * Header of 30 bytes, records of {32-byte header, key, value}, and a footer of 32 bytes that is
 * missing where the file was not closed. A blob index, which stands in a table in the value's place,
 * names the file, the offset of the value (not of its record) and the value's stored size.
 */
import { readU32, readU64 } from '../../base/bytes.ts';
import { crc32c, unmask } from '../../base/crc32c.ts';
import { corrupt, StoreError, toStoreError, unsupported } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { decompress, NO_COMPRESSION, OutputBuffer } from '../../codec/registry.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';

/** First four bytes of a blob file, and of its footer. */
export const BLOB_MAGIC = 0x00248f37;
const VERSION = 1;
const HEADER_BYTES = 30;
const FOOTER_BYTES = 32;
const RECORD_HEADER_BYTES = 32;
const FLAG_HAS_TTL = 1;
/** Framing of compressed values: that of tables from format version 2 on. */
const FRAMING = 2;
/** Larger values are not read or unpacked, although RocksDB would take up to 4 GiB. */
const STORED_BYTES_MAX = 1024 * 1024 * 1024;
const UNPACKED_BYTES_MAX = STORED_BYTES_MAX;
/** Bytes read at once by the walk over records. */
const CHUNK_BYTES = 256 * 1024;

/** What stands in a table in place of a value that was moved out. */
export type BlobIndex =
  | { readonly kind: 'inlined'; readonly value: Uint8Array; readonly expiration: number }
  | {
      readonly kind: 'blob';
      /** Number of the blob file; 0 means the table's own file. */
      readonly file: number;
      /** Offset of the value in the file. */
      readonly offset: number;
      /** Stored bytes of the value. */
      readonly size: number;
      readonly compression: number;
      /** Epoch seconds; undefined for a blob without a time to live. */
      readonly expiration?: number;
    };

/** Decodes the value of an entry of type blob index; an inlined value is a view. Throws CORRUPT. */
export function decodeBlobIndex(value: Uint8Array): BlobIndex {
  const r = new Reader(value);
  const kind = r.u8();
  if (kind > 2) throw corrupt(`blob index of unknown kind ${kind}`);
  const expiration = kind === 1 ? undefined : r.varint64Lossy();
  if (kind === 0) return { kind: 'inlined', expiration: expiration ?? 0, value: r.bytes(r.remaining) };
  const file = r.varint64();
  const offset = r.varint64();
  const size = r.varint64();
  const compression = r.u8();
  if (r.remaining > 0) throw corrupt(`${r.remaining} bytes behind a blob index`);
  return { kind: 'blob', file, offset, size, compression, ...(expiration === undefined ? {} : { expiration }) };
}

/** One record of a blob file, for those who list it. */
export interface BlobRecord {
  /** Offset of the record's header. */
  readonly offset: number;
  /** The key, or its first bytes where it is longer than 64 KiB. */
  readonly key: Uint8Array;
  readonly keySize: number;
  readonly valueOffset: number;
  /** Stored bytes. */
  readonly valueSize: number;
  readonly expiration: number;
  /** The checksum over key and value is right. */
  readonly intact: boolean;
}

export interface BlobFooter {
  readonly count: number;
  readonly expirationLow: number;
  readonly expirationHigh: number;
}

export class BlobFile {
  readonly path: string;
  readonly family: number;
  readonly compression: number;
  readonly hasTtl: boolean;
  readonly size: number;
  /** Undefined where the file was not closed by its writer, or the footer is damaged. */
  readonly footer: BlobFooter | undefined;
  readonly #file: FileHandle;
  readonly #output = new OutputBuffer();
  #buffer = new Uint8Array(4096);

  /** Reads header and footer. Throws CORRUPT or UNSUPPORTED, naming file and offset. */
  constructor(file: FileHandle, path: string = baseName(file.path)) {
    this.#file = file;
    this.path = path;
    this.size = file.size();
    if (this.size < HEADER_BYTES)
      throw corrupt(`blob file of ${this.size} bytes is shorter than its header`, { path, offset: 0 });
    const header = this.#read(0, HEADER_BYTES);
    const magic = readU32(header, 0);
    if (magic !== BLOB_MAGIC) throw corrupt('no blob file: its first bytes are wrong', { path, offset: 0 });
    const version = readU32(header, 4);
    if (version !== VERSION) throw unsupported(`blob file of version ${version}`, { path, offset: 4 });
    this.family = readU32(header, 8);
    this.hasTtl = ((header[12] as number) & FLAG_HAS_TTL) !== 0;
    this.compression = header[13] as number;
    this.footer = this.#readFooter();
  }

  /**
   * The value that `index` refers to, checked against its record and decompressed; a copy. `key` is
   * the user key of the entry. Throws CORRUPT with the file and the record's offset.
   */
  get(index: BlobIndex & { kind: 'blob' }, key: Uint8Array): Uint8Array {
    const { path } = this;
    const recordOffset = index.offset - key.length - RECORD_HEADER_BYTES;
    if (recordOffset < HEADER_BYTES || index.offset + index.size > this.size) {
      throw corrupt(`blob of ${index.size} bytes at ${index.offset} does not lie in the file of ${this.size} bytes`, {
        path,
        offset: index.offset,
      });
    }
    const place = { path, offset: recordOffset };
    if (index.size > STORED_BYTES_MAX) throw unsupported(`blob of ${index.size} bytes is too large to be read`, place);
    if (index.compression !== this.compression) {
      throw corrupt(`blob index says compression ${index.compression}, the file says ${this.compression}`, place);
    }
    const bodyLength = key.length + index.size;
    const b = this.#read(recordOffset, RECORD_HEADER_BYTES + bodyLength);
    checkRecordHeader(b, path, recordOffset);
    if (readU64(b, 0) !== key.length || readU64(b, 8) !== index.size) {
      throw corrupt('blob record has other lengths than the entry that refers to it', place);
    }
    const stored = unmask(readU32(b, 28));
    const computed = crc32c(b, RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + bodyLength);
    if (stored !== computed) throw corrupt('checksum mismatch in a blob record', place);
    for (let i = 0; i < key.length; i++) {
      if (b[RECORD_HEADER_BYTES + i] !== key[i]) throw corrupt('blob record belongs to another key', place);
    }
    const start = RECORD_HEADER_BYTES + key.length;
    const end = start + index.size;
    if (index.compression === NO_COMPRESSION) return b.slice(start, end);
    try {
      const length = decompress(
        'rocksdb',
        FRAMING,
        index.compression,
        b,
        start,
        end,
        this.#output,
        undefined,
        UNPACKED_BYTES_MAX,
      );
      return this.#output.bytes.slice(0, length);
    } catch (thrown) {
      throw toStoreError(withoutOffset(thrown), { path, offset: index.offset });
    }
  }

  /**
   * The file's records in order, with their checksums verified; large values are read in pieces. Ends
   * with a thrown CORRUPT where a record's header is damaged: `findRecord` tells where to go on.
   */
  *records(from = HEADER_BYTES): Generator<BlobRecord, void> {
    const { path } = this;
    const end = this.#recordsEnd;
    let offset = from;
    while (offset < end) {
      if (end - offset < RECORD_HEADER_BYTES) throw corrupt('the file ends inside a record header', { path, offset });
      const header = this.#read(offset, RECORD_HEADER_BYTES);
      checkRecordHeader(header, path, offset);
      const keySize = readU64(header, 0);
      const valueSize = readU64(header, 8);
      const expiration = readU64(header, 16);
      const stored = unmask(readU32(header, 28));
      const bodyAt = offset + RECORD_HEADER_BYTES;
      if (keySize + valueSize > end - bodyAt) throw corrupt('the file ends inside a record', { path, offset });
      let key: Uint8Array = new Uint8Array(0);
      let crc = 0;
      for (let at = bodyAt, left = keySize + valueSize; left > 0; ) {
        const n = Math.min(left, CHUNK_BYTES);
        const piece = this.#read(at, n);
        if (at === bodyAt) key = piece.slice(0, Math.min(keySize, n, 65536));
        crc = crc32c(piece, 0, n, crc);
        at += n;
        left -= n;
      }
      yield {
        offset,
        key,
        keySize,
        valueOffset: bodyAt + keySize,
        valueSize,
        expiration,
        intact: crc === stored,
      };
      offset = bodyAt + keySize + valueSize;
    }
  }

  /** Offset of the first sound record header at or behind `from`; undefined if there is none. */
  findRecord(from: number): number | undefined {
    const end = this.#recordsEnd;
    for (let at = from; at + RECORD_HEADER_BYTES <= end; ) {
      const n = Math.min(CHUNK_BYTES, end - at);
      const b = this.#read(at, n);
      for (let i = 0; i + RECORD_HEADER_BYTES <= n; i++) {
        // Lengths below 4 GiB leave these bytes zero, which spares most checksums.
        if (readU32(b, i + 4) !== 0 || readU32(b, i + 12) !== 0) continue;
        if (unmask(readU32(b, i + 24)) === crc32c(b, i, i + 24)) return at + i;
      }
      at += Math.max(1, n - RECORD_HEADER_BYTES + 1);
    }
    return undefined;
  }

  get #recordsEnd(): number {
    return this.footer === undefined ? this.size : this.size - FOOTER_BYTES;
  }

  close(): void {
    this.#file.close();
  }

  #readFooter(): BlobFooter | undefined {
    if (this.size < HEADER_BYTES + FOOTER_BYTES) return undefined;
    const b = this.#read(this.size - FOOTER_BYTES, FOOTER_BYTES);
    if (readU32(b, 0) !== BLOB_MAGIC || unmask(readU32(b, 28)) !== crc32c(b, 0, 28)) return undefined;
    return { count: readU64(b, 4), expirationLow: readU64(b, 12), expirationHigh: readU64(b, 20) };
  }

  /** [at, at + length) in a buffer that the next read overwrites. Lengths were checked against the size. */
  #read(at: number, length: number): Uint8Array {
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const into = this.#buffer.subarray(0, length);
    const n = this.#file.readAt(into, at);
    if (n < length)
      throw corrupt(`the file ends at ${at + n}, inside of what is being read`, { path: this.path, offset: at });
    return into;
  }
}

function checkRecordHeader(b: Uint8Array, path: string, offset: number): void {
  if (unmask(readU32(b, 24)) !== crc32c(b, 0, 24)) {
    throw corrupt('checksum mismatch in the header of a blob record', { path, offset });
  }
}

/** A codec's offset counts in the block, which says nothing about the file. */
function withoutOffset(thrown: unknown): unknown {
  return thrown instanceof StoreError && thrown.path === undefined
    ? new StoreError(thrown.code, thrown.message, { mend: thrown.mend })
    : thrown;
}
