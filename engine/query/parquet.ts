/**
 * Parquet files: entries, by columns of our own that take bytes where they lie, and small tables of rows, by the
 * library alone. The library writes every header and the metadata of both.
 */
import type { ColumnChunk, RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js';
import {
  BOUND_BYTES,
  BytesColumn,
  bytesElement,
  type Chunk,
  type Compress,
  Int64Column,
  numberElement,
  textElement,
  WordColumn,
} from './parquetColumns.ts';

export type { Compress } from './parquetColumns.ts';

/**
 * Rows, and bytes of keys and values, of a row group at most; an entry that is larger makes one of its own. As bytes
 * and as text they stand in it twice: it stays below 64 MB.
 */
const GROUP_ROWS = 100_000;
const GROUP_BYTES = 30 << 20;
const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);
/** Readers trust the statistics of a writer whose name they can take apart. */
const CREATED_BY = 'lsm-inspector version 1.0.0 (build 1)';

/** Where a file's bytes go, in order. */
export interface Sink {
  append(bytes: Uint8Array): void;
}

/** An entry as a cursor shows it. Bytes are copied. */
export interface ParquetEntry {
  readonly keyBuffer: Uint8Array;
  readonly keyStart: number;
  readonly keyLength: number;
  readonly hasValue: boolean;
  readonly valueBuffer: Uint8Array;
  readonly valueStart: number;
  readonly valueLength: number;
  readonly sequence: number;
  readonly level: number;
  /** 0: none. */
  readonly table: number;
}

/** Columns that are in the names of folders already are left out of the file. */
export interface EntryColumns {
  readonly family: boolean;
  readonly level: boolean;
}

/** A file of entries; memory is bounded by one row group. */
export class EntryParquet {
  rows = 0;
  /** Bytes handed to the sink. */
  bytes = 0;
  readonly #sink: Sink;
  readonly #schema: SchemaElement[];
  readonly #groups: RowGroup[] = [];
  readonly #key: BytesColumn;
  readonly #value: BytesColumn;
  readonly #seq: Int64Column;
  readonly #type: WordColumn<string>;
  readonly #table: WordColumn<number>;
  /** Text only; as bytes it is not written. */
  readonly #parts: BytesColumn;
  readonly #family: WordColumn<string> | undefined;
  readonly #level: WordColumn<number> | undefined;
  #groupRows = 0;
  #groupBytes = 0;

  constructor(sink: Sink, columns: EntryColumns, compress: Compress) {
    this.#sink = sink;
    this.#key = new BytesColumn(false, compress);
    this.#value = new BytesColumn(true, compress);
    this.#seq = new Int64Column(compress);
    this.#type = new WordColumn('text', false, compress);
    this.#table = new WordColumn('INT64', true, compress);
    this.#parts = new BytesColumn(true, compress);
    if (columns.family) this.#family = new WordColumn('text', false, compress);
    if (columns.level) this.#level = new WordColumn('INT32', false, compress);
    const elements = [
      bytesElement('key', false),
      textElement('key_text', true),
      bytesElement('value', true),
      textElement('value_text', true),
      numberElement('seq', 'INT64', false),
      textElement('type', false),
      numberElement('table', 'INT64', true),
      textElement('parts', true),
      ...(columns.family ? [textElement('family', false)] : []),
      ...(columns.level ? [numberElement('level', 'INT32', false)] : []),
    ];
    this.#schema = [{ name: 'entries', num_children: elements.length }, ...elements];
    this.#write(MAGIC);
  }

  /**
   * `parts`: UTF-8 of JSON that says what an entry without a single value is. Throws UNSUPPORTED for a value that the
   * format cannot hold.
   */
  add(e: ParquetEntry, type: string, family: string, parts?: Uint8Array): void {
    const bytes = e.keyLength + e.valueLength + (parts?.length ?? 0);
    if (this.#groupRows >= GROUP_ROWS || this.#groupBytes + bytes > GROUP_BYTES) this.#endGroup();
    this.#key.add(e.keyBuffer, e.keyStart, e.keyLength);
    if (e.hasValue) this.#value.add(e.valueBuffer, e.valueStart, e.valueLength);
    else this.#value.addNull();
    this.#seq.add(e.sequence);
    this.#type.add(type);
    this.#table.add(e.table === 0 ? undefined : e.table);
    if (parts === undefined) this.#parts.addNull();
    else this.#parts.add(parts, 0, parts.length);
    this.#family?.add(family);
    this.#level?.add(e.level);
    this.rows++;
    this.#groupRows++;
    this.#groupBytes += bytes;
  }

  finish(): void {
    this.#endGroup();
    const footer = new ByteWriter();
    const metadata = {
      version: 2,
      created_by: CREATED_BY,
      schema: this.#schema,
      num_rows: BigInt(this.rows),
      row_groups: this.#groups,
      metadata_length: 0,
    };
    writeMetadata(footer, metadata, BOUND_BYTES);
    this.#write(footer.getBytes());
    this.#write(MAGIC);
  }

  #endGroup(): void {
    if (this.#groupRows === 0) return;
    const [key, keyText] = this.#key.finish();
    const [value, valueText] = this.#value.finish();
    const [, parts] = this.#parts.finish();
    const chunks = [
      key,
      keyText,
      value,
      valueText,
      this.#seq.finish(),
      this.#type.finish(),
      this.#table.finish(),
      parts,
    ];
    if (this.#family !== undefined) chunks.push(this.#family.finish());
    if (this.#level !== undefined) chunks.push(this.#level.finish());
    const columns = chunks.map((chunk, i) => this.#column(chunk, this.#schema[i + 1] as SchemaElement));
    this.#groups.push({
      columns,
      total_byte_size: columns.reduce((n, c) => n + (c.meta_data?.total_uncompressed_size ?? 0n), 0n),
      num_rows: BigInt(this.#groupRows),
      total_compressed_size: columns.reduce((n, c) => n + (c.meta_data?.total_compressed_size ?? 0n), 0n),
    });
    this.#groupRows = 0;
    this.#groupBytes = 0;
  }

  #column({ parts, bytes, dictionaryBytes, meta }: Chunk, { name, type }: SchemaElement): ColumnChunk {
    const at = this.bytes;
    for (const part of parts) this.#write(part);
    return {
      file_offset: BigInt(at),
      meta_data: {
        ...meta,
        type: type ?? 'BYTE_ARRAY',
        path_in_schema: [name],
        codec: 'SNAPPY',
        total_compressed_size: BigInt(bytes),
        data_page_offset: BigInt(at + dictionaryBytes),
        ...(dictionaryBytes === 0 ? {} : { dictionary_page_offset: BigInt(at) }),
      },
    };
  }

  #write(bytes: Uint8Array): void {
    this.#sink.append(bytes);
    this.bytes += bytes.length;
  }
}

export interface RowColumn {
  readonly name: string;
  readonly type: 'INT64' | 'DOUBLE' | 'text' | 'bytes' | 'BOOLEAN';
}

export type RowValue = number | bigint | string | boolean | Uint8Array | null;

const ROWS_BUFFERED = 4096;

/** A file of rows of any columns, all of them nullable; for what is small beside a store. */
export class RowParquet {
  rows = 0;
  readonly #writer = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #columns: readonly RowColumn[];
  readonly #sink: Sink;
  #buffered: RowValue[][];

  constructor(sink: Sink, columns: readonly RowColumn[], compress: Compress) {
    this.#sink = sink;
    this.#columns = columns;
    this.#buffered = columns.map(() => []);
    this.#parquet = new ParquetWriter({
      writer: this.#writer,
      schema: [{ name: 'rows', num_children: columns.length }, ...columns.map(element)],
      // The library keeps the result until it has written it, at once.
      compressors: { SNAPPY: (input) => compress(input, input.length) },
      createdBy: CREATED_BY,
    });
  }

  get bytes(): number {
    return this.#writer.offset;
  }

  add(row: readonly RowValue[]): void {
    this.rows++;
    for (let i = 0; i < this.#columns.length; i++) {
      const value = row[i] ?? null;
      const wide = this.#columns[i]?.type === 'INT64' && typeof value === 'number';
      this.#buffered[i]?.push(wide ? BigInt(value) : value);
    }
    if ((this.#buffered[0]?.length ?? 0) >= ROWS_BUFFERED) this.#flush();
  }

  finish(): void {
    this.#flush();
    void this.#parquet.finish();
    this.#drain();
  }

  #flush(): void {
    const length = this.#buffered[0]?.length ?? 0;
    if (length === 0) return;
    const columnData = this.#columns.map(({ name }, i) => ({ name, data: this.#buffered[i] ?? [] }));
    void this.#parquet.write({ columnData, rowGroupSize: length });
    this.#buffered = this.#columns.map(() => []);
    this.#drain();
  }

  #drain(): void {
    this.#sink.append(this.#writer.getBytes());
    this.#writer.index = 0;
  }
}

function element({ name, type }: RowColumn): SchemaElement {
  if (type === 'text') return textElement(name, true);
  if (type === 'bytes') return bytesElement(name, true);
  return { name, type, repetition_type: 'OPTIONAL' };
}
