/**
 * Columns of a Parquet row group, built from bytes where they lie: no value becomes an object on its way, so that
 * gigabytes can be written at the speed of a scan. Page headers are the library's.
 *
 * Data pages are of version 2: their levels stand outside of what is compressed. So a page of keys and the page of
 * the same keys as text, which differ in nothing but levels, are compressed once.
 */

import type { ColumnMetaData, Encoding, SchemaElement, Statistics } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { compareRanges, writeU32, writeU64 } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import { isPrintable } from './printable.ts';

/** Compresses bytes[0, length) in Snappy's raw format; the result is valid until the next call. */
export type Compress = (bytes: Uint8Array, length: number) => Uint8Array;

/** Uncompressed bytes of values from which on a page is closed. */
const PAGE_BYTES = 1 << 20;
/** What the length fields of a page can hold. */
const VALUE_BYTES_MAX = 2 ** 31 - 2 ** 20;
/** Bytes of a bound in the file; the library cuts longer ones, and raises an upper one that it cuts. */
export const BOUND_BYTES = 64;
/** Bytes of a value that are looked at for the bounds: more than stay, so that a cut one is seen to be longer. */
const BOUND_LOOK = 4 * BOUND_BYTES;

/** A finished chunk: pages to be written one after the other. */
export interface Chunk {
  readonly parts: readonly Uint8Array[];
  /** Bytes of `parts`. */
  readonly bytes: number;
  /** Bytes of the dictionary page, which comes first; 0 without one. */
  readonly dictionaryBytes: number;
  readonly meta: Pick<ColumnMetaData, 'encodings' | 'num_values' | 'total_uncompressed_size' | 'statistics'>;
}

/** `length` flags of one bit, as Parquet's hybrid of runs and packed bits writes them. */
export function packFlags(flags: Uint8Array, length: number): Uint8Array {
  let ones = 0;
  for (let i = 0; i < length; i++) ones += flags[i] as number;
  if (ones === 0 || ones === length) return run(length, ones === 0 ? 0 : 1, 1);
  return packBits(length, 1, (i) => flags[i] as number);
}

/** One run of the same value. */
export function run(count: number, value: number, width: number): Uint8Array {
  const out: number[] = [];
  varint(out, count * 2);
  for (let bits = 0; bits < width; bits += 8) out.push((value >>> bits) & 0xff);
  return Uint8Array.from(out);
}

/** One run of values of `width` bits (up to 24), packed from the lowest bit on; padded to groups of eight. */
export function packBits(count: number, width: number, valueAt: (i: number) => number): Uint8Array {
  const groups = Math.ceil(count / 8);
  const head: number[] = [];
  varint(head, groups * 2 + 1);
  const out = new Uint8Array(head.length + groups * width);
  out.set(head);
  let at = head.length;
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    pending |= valueAt(i) << bits;
    bits += width;
    while (bits >= 8) {
      out[at++] = pending & 0xff;
      pending >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) out[at] = pending;
  return out;
}

function varint(out: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
}

/** What all columns of a row group do: pages, sizes, the chunk in the end. */
class PageList {
  readonly parts: Uint8Array[] = [];
  bytes = 0;
  rawBytes = 0;
  rows = 0;

  /** `compressed` is copied; `rawBytes` are the bytes that it stands for. */
  data(
    rows: number,
    nulls: number,
    levels: Uint8Array,
    encoding: Encoding,
    compressed: Uint8Array,
    rawBytes: number,
  ): void {
    const header = new ByteWriter(64);
    writePageHeader(header, {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: levels.length + rawBytes,
      compressed_page_size: levels.length + compressed.length,
      data_page_header_v2: {
        num_values: rows,
        num_nulls: nulls,
        num_rows: rows,
        encoding,
        definition_levels_byte_length: levels.length,
        repetition_levels_byte_length: 0,
        // A page of nulls has nothing to decompress.
        is_compressed: rawBytes > 0,
      },
    });
    this.rows += rows;
    this.#add(header, levels, compressed, rawBytes);
  }

  dictionary(values: number, compressed: Uint8Array, rawBytes: number): number {
    const header = new ByteWriter(64);
    writePageHeader(header, {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: rawBytes,
      compressed_page_size: compressed.length,
      dictionary_page_header: { num_values: values, encoding: 'PLAIN' },
    });
    this.#add(header, new Uint8Array(0), compressed, rawBytes);
    return this.bytes;
  }

  #add(header: ByteWriter, levels: Uint8Array, compressed: Uint8Array, rawBytes: number): void {
    const head = header.getBytes();
    const page = new Uint8Array(head.length + levels.length + compressed.length);
    page.set(head);
    page.set(levels, head.length);
    page.set(compressed, head.length + levels.length);
    this.parts.push(page);
    this.bytes += page.length;
    this.rawBytes += head.length + levels.length + rawBytes;
  }

  chunk(encodings: Encoding[], statistics: Statistics, dictionaryBytes = 0): Chunk {
    const { parts, bytes } = this;
    const meta = {
      encodings,
      num_values: BigInt(this.rows),
      total_uncompressed_size: BigInt(this.rawBytes),
      statistics,
    };
    return { parts, bytes, dictionaryBytes, meta };
  }
}

/** Smallest and largest of byte strings, by their first bytes. */
class Bounds {
  nulls = 0;
  #least: Uint8Array | undefined;
  #most: Uint8Array | undefined;
  /** Values that begin as `#most` may be longer than it. */
  #cut = false;

  add(b: Uint8Array, start: number, whole: number): void {
    const length = Math.min(whole, BOUND_LOOK);
    const least = this.#least;
    const most = this.#most;
    if (least === undefined || compareRanges(b, start, length, least, 0, least.length) < 0) {
      this.#least = b.slice(start, start + length);
    }
    if (most === undefined || compareRanges(b, start, length, most, 0, most.length) > 0) {
      this.#most = b.slice(start, start + length);
    }
    if (whole > BOUND_LOOK) this.#cut = true;
  }

  merge(other: Bounds): void {
    if (other.#least !== undefined) this.add(other.#least, 0, other.#least.length);
    if (other.#most !== undefined) this.add(other.#most, 0, other.#most.length);
    if (other.#cut) this.#cut = true;
  }

  statistics(): Statistics {
    const null_count = BigInt(this.nulls);
    const most = this.#most;
    if (most === undefined || this.#least === undefined) return { null_count };
    // The library shortens an upper bound by raising it, which bytes that are the highest anyway do not allow.
    if (this.#cut && most.subarray(0, BOUND_BYTES).every((byte) => byte >= 0x80)) return { null_count };
    return { null_count, min_value: this.#least, max_value: most };
  }
}

/** A byte string a row, and, as a second column, the same where it is printable text. */
export class BytesColumn {
  readonly nullable: boolean;
  readonly #compress: Compress;
  #page = new Uint8Array(PAGE_BYTES + 65_536);
  #used = 0;
  #rows = 0;
  #present = 0;
  #texts = 0;
  #isPresent = new Uint8Array(4096);
  #isText = new Uint8Array(4096);
  #pages = new PageList();
  #textPages = new PageList();
  #bounds = new Bounds();
  #textBounds = new Bounds();
  /** Where the values that are text are gathered when not all of a page are. */
  #gathered = new Uint8Array(0);

  constructor(nullable: boolean, compress: Compress) {
    this.nullable = nullable;
    this.#compress = compress;
  }

  /** Bytes that the row group holds in memory for this column. */
  get heldBytes(): number {
    return this.#pages.bytes + this.#textPages.bytes + this.#used;
  }

  /** Throws UNSUPPORTED for a value that no page can hold. */
  add(b: Uint8Array, start: number, length: number): void {
    if (length > VALUE_BYTES_MAX) throw tooLong(length);
    if (this.#used > 0 && this.#used + length > PAGE_BYTES) this.#endPage();
    const at = this.#used;
    const end = at + 4 + length;
    if (end > this.#page.length) this.#page = larger(this.#page, end);
    const page = this.#page;
    writeU32(page, at, length);
    if (length < 48) for (let i = 0; i < length; i++) page[at + 4 + i] = b[start + i] as number;
    else page.set(b.subarray(start, start + length), at + 4);
    this.#used = end;
    this.#present++;
    const text = isPrintable(b, start, length) ? 1 : 0;
    this.#texts += text;
    this.#row(1, text);
  }

  addNull(): void {
    this.#row(0, 0);
  }

  /** The chunks of the row group: of the bytes, and of the text. */
  finish(): readonly [Chunk, Chunk] {
    this.#endPage();
    const chunks = [
      this.#pages.chunk(['PLAIN'], this.#bounds.statistics()),
      this.#textPages.chunk(['PLAIN'], this.#textBounds.statistics()),
    ] as const;
    this.#pages = new PageList();
    this.#textPages = new PageList();
    this.#bounds = new Bounds();
    this.#textBounds = new Bounds();
    return chunks;
  }

  #row(present: number, text: number): void {
    const row = this.#rows++;
    if (row >= this.#isPresent.length) {
      this.#isPresent = larger(this.#isPresent, row * 2);
      this.#isText = larger(this.#isText, row * 2);
    }
    this.#isPresent[row] = present;
    this.#isText[row] = text;
  }

  #endPage(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    const texts = this.#gather();
    const compressed = this.#used === 0 ? new Uint8Array(0) : this.#compress(this.#page, this.#used);
    const levels = this.nullable ? packFlags(this.#isPresent, rows) : new Uint8Array(0);
    this.#pages.data(rows, rows - this.#present, levels, 'PLAIN', compressed, this.#used);
    const same = this.#texts === this.#present;
    const text = same ? compressed : texts === 0 ? new Uint8Array(0) : this.#compress(this.#gathered, texts);
    const textLevels = packFlags(this.#isText, rows);
    this.#textPages.data(rows, rows - this.#texts, textLevels, 'PLAIN', text, same ? this.#used : texts);
    this.#bounds.nulls += rows - this.#present;
    this.#textBounds.nulls += rows - this.#texts;
    this.#used = 0;
    this.#rows = 0;
    this.#present = 0;
    this.#texts = 0;
    // What one huge value has made of the buffers is given back.
    if (this.#page.length > 8 * PAGE_BYTES) this.#page = new Uint8Array(PAGE_BYTES + 65_536);
    if (this.#gathered.length > 8 * PAGE_BYTES) this.#gathered = new Uint8Array(0);
  }

  /** Takes the bounds, and gathers what is text where that is not everything: how many bytes. */
  #gather(): number {
    const page = this.#page;
    const apart = this.#texts > 0 && this.#texts < this.#present;
    if (apart && this.#gathered.length < this.#used) this.#gathered = new Uint8Array(this.#used);
    let gathered = 0;
    const bounds = new Bounds();
    for (let row = 0, at = 0; row < this.#rows; row++) {
      if (this.#isPresent[row] === 0) continue;
      const length =
        (page[at] as number) |
        ((page[at + 1] as number) << 8) |
        ((page[at + 2] as number) << 16) |
        ((page[at + 3] as number) << 24);
      const end = at + 4 + length;
      bounds.add(page, at + 4, length);
      if (apart && this.#isText[row] === 1) {
        this.#textBounds.add(page, at + 4, length);
        this.#gathered.set(page.subarray(at, end), gathered);
        gathered += end - at;
      }
      at = end;
    }
    this.#bounds.merge(bounds);
    if (this.#texts > 0 && !apart) this.#textBounds.merge(bounds);
    return gathered;
  }
}

/** A 64-bit number a row, never null. */
export class Int64Column {
  readonly #compress: Compress;
  #page = new Uint8Array(PAGE_BYTES);
  #rows = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;
  #pages = new PageList();

  constructor(compress: Compress) {
    this.#compress = compress;
  }

  /** A non-negative integer. */
  add(value: number): void {
    if (this.#rows * 8 === this.#page.length) this.#endPage();
    writeU64(this.#page, this.#rows++ * 8, value);
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  finish(): Chunk {
    this.#endPage();
    const statistics = { null_count: 0n, min_value: BigInt(this.#least), max_value: BigInt(this.#most) };
    const chunk = this.#pages.chunk(['PLAIN'], statistics);
    this.#pages = new PageList();
    this.#least = Number.POSITIVE_INFINITY;
    this.#most = Number.NEGATIVE_INFINITY;
    return chunk;
  }

  #endPage(): void {
    if (this.#rows === 0) return;
    const bytes = this.#rows * 8;
    this.#pages.data(this.#rows, 0, new Uint8Array(0), 'PLAIN', this.#compress(this.#page, bytes), bytes);
    this.#rows = 0;
  }
}

/** Few different values, written once each, and a number a row that says which. */
export class WordColumn<T extends string | number> {
  readonly #kind: 'INT32' | 'INT64' | 'text';
  readonly #nullable: boolean;
  readonly #compress: Compress;
  readonly #numbers = new Map<T, number>();
  #which = new Uint32Array(4096);
  #present = new Uint8Array(4096);
  #rows = 0;
  #values = 0;
  #last: T | undefined;
  #lastNumber = 0;

  constructor(kind: 'INT32' | 'INT64' | 'text', nullable: boolean, compress: Compress) {
    this.#kind = kind;
    this.#nullable = nullable;
    this.#compress = compress;
  }

  /** undefined is null. */
  add(value: T | undefined): void {
    const row = this.#rows++;
    if (row >= this.#present.length) {
      this.#present = larger(this.#present, row * 2);
      const which = new Uint32Array(row * 2);
      which.set(this.#which);
      this.#which = which;
    }
    if (value === undefined) {
      this.#present[row] = 0;
      return;
    }
    this.#present[row] = 1;
    if (value !== this.#last) {
      const number = this.#numbers.get(value) ?? this.#numbers.size;
      if (number === this.#numbers.size) this.#numbers.set(value, number);
      this.#last = value;
      this.#lastNumber = number;
    }
    this.#which[this.#values++] = this.#lastNumber;
  }

  finish(): Chunk {
    const pages = new PageList();
    const bounds = this.#statistics();
    const levels = this.#nullable ? packFlags(this.#present, this.#rows) : new Uint8Array(0);
    const nulls = this.#rows - this.#values;
    let dictionaryBytes = 0;
    if (this.#values === 0) {
      pages.data(this.#rows, nulls, levels, 'PLAIN', new Uint8Array(0), 0);
    } else {
      const dictionary = this.#plain();
      const stored = this.#compress(dictionary, dictionary.length);
      dictionaryBytes = pages.dictionary(this.#numbers.size, stored, dictionary.length);
      const indexes = this.#indexes();
      const compressed = this.#compress(indexes, indexes.length);
      pages.data(this.#rows, nulls, levels, 'RLE_DICTIONARY', compressed, indexes.length);
    }
    this.#numbers.clear();
    this.#rows = 0;
    this.#values = 0;
    this.#last = undefined;
    return pages.chunk(dictionaryBytes === 0 ? ['PLAIN'] : ['PLAIN', 'RLE_DICTIONARY'], bounds, dictionaryBytes);
  }

  /** A byte that says how many bits an index has, and the indexes. */
  #indexes(): Uint8Array {
    const different = this.#numbers.size;
    const width = Math.max(1, 32 - Math.clz32(different - 1));
    const packed =
      different === 1 ? run(this.#values, 0, width) : packBits(this.#values, width, (i) => this.#which[i] as number);
    const out = new Uint8Array(1 + packed.length);
    out[0] = width;
    out.set(packed, 1);
    return out;
  }

  #plain(): Uint8Array {
    const out = new ByteWriter();
    const encoder = new TextEncoder();
    for (const value of this.#numbers.keys()) {
      if (typeof value === 'string') {
        const bytes = encoder.encode(value);
        out.appendUint32(bytes.length);
        out.appendBytes(bytes);
      } else if (this.#kind === 'INT32') out.appendInt32(value);
      else out.appendInt64(BigInt(value));
    }
    return out.getBytes();
  }

  #statistics(): Statistics {
    const null_count = BigInt(this.#rows - this.#values);
    if (this.#kind === 'text') {
      const bounds = new Bounds();
      const encoder = new TextEncoder();
      for (const value of this.#numbers.keys()) {
        const bytes = encoder.encode(String(value));
        bounds.add(bytes, 0, bytes.length);
      }
      return { ...bounds.statistics(), null_count };
    }
    const values = [...this.#numbers.keys()].map(Number);
    if (values.length === 0) return { null_count };
    const least = values.reduce((a, b) => Math.min(a, b));
    const most = values.reduce((a, b) => Math.max(a, b));
    if (this.#kind === 'INT32') return { null_count, min_value: least, max_value: most };
    return { null_count, min_value: BigInt(least), max_value: BigInt(most) };
  }
}

export function bytesElement(name: string, nullable: boolean): SchemaElement {
  return { name, type: 'BYTE_ARRAY', repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' };
}

export function textElement(name: string, nullable: boolean): SchemaElement {
  return { ...bytesElement(name, nullable), converted_type: 'UTF8', logical_type: { type: 'STRING' } };
}

export function numberElement(name: string, type: 'INT32' | 'INT64', nullable: boolean): SchemaElement {
  return { name, type, repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' };
}

function tooLong(length: number): StoreError {
  return new StoreError('UNSUPPORTED', `a value of ${length} bytes is longer than a Parquet page can hold`);
}

function larger(b: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(least, b.length * 2));
  grown.set(b);
  return grown;
}
