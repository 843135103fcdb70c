/** The files of an export: one writer per format, and the directory that appears only when all of it is there. */
import { utf8 } from '../base/bytes.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { OutputBuffer } from '../codec/outputBuffer.ts';
import { compressSnappy } from '../codec/snappyCompress.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import { dirName, type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import { bytesJson, csvBytes, csvField, ENTRY_CSV_COLUMNS, entryCsv, entryJson, valueJson } from '../model/rowText.ts';
import type { ExportFormat } from '../protocol/engineApi.ts';
import { type Compress, EntryParquet, type RowColumn, RowParquet, type RowValue, type Sink } from '../query/parquet.ts';
import { visibleRow } from '../store/rows.ts';

/** Bytes from which on a file is followed by another one. */
const PART_BYTES = 1 << 30;
/** Bytes that are gathered before they are written. */
const BUFFER_BYTES = 1 << 20;

const WHOLE = Number.MAX_SAFE_INTEGER;

/** Snappy of our own, for the library and for the columns. */
export function snappy(): Compress {
  const output = new OutputBuffer();
  return (bytes, length) => {
    const n = compressSnappy(bytes, 0, length, output, WHOLE);
    if (n === 0) throw new StoreError('UNSUPPORTED', `a page of ${length} bytes is too large to be compressed`);
    return output.bytes.subarray(0, n);
  };
}

/** A file that is written in large pieces. */
export class FileSink implements Sink {
  bytes = 0;
  readonly #file: FileHandle;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;

  constructor(fs: FileSystem, path: string) {
    this.#file = fs.open(path, 'create');
  }

  append(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.#used + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#file.append(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  finish(): void {
    this.#flush();
    this.#file.sync();
    this.#file.close();
  }

  /** Closes what will not be finished. */
  abandon(): void {
    this.#file.close();
  }

  #flush(): void {
    if (this.#used > 0) this.#file.append(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** What goes into one file. */
interface FileWriter {
  readonly rows: number;
  finish(): void;
}

export interface EntryWriter extends FileWriter {
  add(e: VisibleEntries, family: string): void;
}

export interface RowWriter extends FileWriter {
  add(row: readonly RowValue[]): void;
}

/** Columns of an entity, or operands that nobody joins, as the JSON of a scan has them; undefined for a plain value. */
function partsOf(e: VisibleEntries): Uint8Array | undefined {
  if (e.columns === undefined && e.operands === undefined) return undefined;
  return utf8(JSON.stringify(valueJson(visibleRow(e, WHOLE))));
}

class ParquetEntries implements EntryWriter {
  readonly #file: EntryParquet;

  constructor(sink: Sink, partitioned: boolean, compress: Compress) {
    this.#file = new EntryParquet(sink, { family: !partitioned, level: !partitioned }, compress);
  }

  get rows(): number {
    return this.#file.rows;
  }
  add(e: VisibleEntries, family: string): void {
    this.#file.add(e, typeName(e.type), family, partsOf(e));
  }
  finish(): void {
    this.#file.finish();
  }
}

class JsonEntries implements EntryWriter {
  rows = 0;
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(e: VisibleEntries, family: string): void {
    this.rows++;
    this.#sink.append(utf8(`${JSON.stringify({ family, ...entryJson(visibleRow(e, WHOLE), false) })}\n`));
  }
  finish(): void {}
}

class CsvEntries implements EntryWriter {
  rows = 0;
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
    sink.append(utf8(`${ENTRY_CSV_COLUMNS},family\n`));
  }

  add(e: VisibleEntries, family: string): void {
    this.rows++;
    const row = visibleRow(e, WHOLE);
    this.#sink.append(utf8(`${entryCsv(row)},${csvField(family)}\n`));
  }
  finish(): void {}
}

class TextRows implements RowWriter {
  rows = 0;
  readonly #sink: Sink;
  readonly #columns: readonly RowColumn[];
  readonly #csv: boolean;

  constructor(sink: Sink, columns: readonly RowColumn[], csv: boolean) {
    this.#sink = sink;
    this.#columns = columns;
    this.#csv = csv;
    if (csv) sink.append(utf8(`${columns.map((c) => c.name).join(',')}\n`));
  }

  add(row: readonly RowValue[]): void {
    this.rows++;
    this.#sink.append(utf8(`${this.#csv ? row.map(csvValue).join(',') : this.#json(row)}\n`));
  }
  finish(): void {}

  #json(row: readonly RowValue[]): string {
    return JSON.stringify(Object.fromEntries(this.#columns.map(({ name }, i) => [name, jsonValue(row[i] ?? null)])));
  }
}

function csvValue(v: RowValue): string {
  if (v === null) return '';
  return csvField(v instanceof Uint8Array ? csvBytes(v) : String(v));
}

function jsonValue(v: RowValue): unknown {
  if (v instanceof Uint8Array) return bytesJson(v);
  return typeof v === 'bigint' ? String(v) : v;
}

export function entryWriter(format: ExportFormat, sink: Sink, partitioned: boolean, compress: Compress): EntryWriter {
  if (format === 'parquet') return new ParquetEntries(sink, partitioned, compress);
  return format === 'csv' ? new CsvEntries(sink) : new JsonEntries(sink);
}

export function rowWriter(
  format: ExportFormat,
  sink: Sink,
  columns: readonly RowColumn[],
  compress: Compress,
): RowWriter {
  return format === 'parquet' ? new RowParquet(sink, columns, compress) : new TextRows(sink, columns, format === 'csv');
}

export interface WrittenFile {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

/** The parts of one folder, one after the other. */
export class PartFiles<W extends FileWriter> {
  readonly #directory: ExportDirectory;
  readonly #folder: string;
  readonly #make: (sink: Sink) => W;
  #part = 0;
  #current: { readonly writer: W; readonly sink: FileSink; readonly name: string } | undefined;

  /** `folder` relative to the export's directory, '' for that itself. */
  constructor(directory: ExportDirectory, folder: string, make: (sink: Sink) => W) {
    this.#directory = directory;
    this.#folder = folder;
    this.#make = make;
  }

  /** Bytes written to files that are not finished yet. */
  get openBytes(): number {
    return this.#current?.sink.bytes ?? 0;
  }

  /** The writer to add the next row to. */
  get writer(): W {
    if (this.#current !== undefined && this.#current.sink.bytes >= PART_BYTES) this.finish();
    this.#current ??= this.#open();
    return this.#current.writer;
  }

  finish(): void {
    const current = this.#current;
    if (current === undefined) return;
    current.writer.finish();
    current.sink.finish();
    this.#current = undefined;
    this.#directory.written(current.name, current.writer.rows, current.sink.bytes);
  }

  abandon(): void {
    this.#current?.sink.abandon();
    this.#current = undefined;
  }

  #open(): { writer: W; sink: FileSink; name: string } {
    const file = `part-${String(this.#part++).padStart(4, '0')}.${this.#directory.extension}`;
    const name = this.#folder === '' ? file : `${this.#folder}/${file}`;
    const sink = this.#directory.create(name);
    return { sink, name, writer: this.#make(sink) };
  }
}

/** Written beside its place under a name of its own, and renamed when it is whole. */
export class ExportDirectory {
  readonly extension: ExportFormat;
  readonly files: WrittenFile[] = [];
  bytes = 0;
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #partial: string;
  /** Every directory made, outermost first. */
  readonly #made: string[] = [];
  readonly #names: string[] = [];

  /** Throws INPUT where `path` is something already, or a part of the store. */
  constructor(fs: FileSystem, path: string, store: string, format: ExportFormat) {
    const clean = path.replace(/(?<=[^/\\])[/\\]+$/, '');
    if (clean === store || clean.startsWith(joinPath(store, ''))) {
      throw new StoreError('INPUT', 'an export cannot lie in the store', { path });
    }
    this.extension = format;
    this.#fs = fs;
    this.#path = clean;
    this.#partial = `${clean}.partial`;
    if ((this.#list(clean)?.length ?? 0) > 0) {
      throw new StoreError('INPUT', 'the directory is not empty: an export goes into a new one', { path: clean });
    }
    if (this.#list(this.#partial) !== undefined) {
      throw new StoreError('INPUT', 'an export to this place is under way, or was broken off', {
        path: this.#partial,
        mend: 'remove that directory if no export runs',
      });
    }
    fs.mkdir(this.#partial);
    this.#made.push(this.#partial);
  }

  /** Where the files are until all of them are whole. */
  get partial(): string {
    return this.#partial;
  }

  create(name: string): FileSink {
    let folder = this.#partial;
    for (const part of name.split('/').slice(0, -1)) {
      folder = joinPath(folder, part);
      if (this.#made.includes(folder)) continue;
      this.#fs.mkdir(folder);
      this.#made.push(folder);
    }
    this.#names.push(name);
    return new FileSink(this.#fs, joinPath(this.#partial, name));
  }

  written(name: string, rows: number, bytes: number): void {
    this.files.push({ name, rows, bytes });
    this.bytes += bytes;
  }

  /** All files are finished: puts the directory in its place. */
  publish(): void {
    const fs = this.#fs;
    for (const directory of this.#made) fs.syncDir(directory);
    // There may be an empty directory; only an empty one can be removed.
    if (this.#list(this.#path) !== undefined) fs.remove(this.#path);
    fs.rename(this.#partial, this.#path);
    fs.syncDir(dirName(this.#path));
  }

  /** Removes what was written; the error that leads here says more than one on the way. */
  discard(): void {
    for (const name of this.#names) this.#remove(joinPath(this.#partial, name));
    for (const directory of this.#made.toReversed()) this.#remove(directory);
  }

  #remove(path: string): void {
    try {
      this.#fs.remove(path);
    } catch {
      // It was not made, or something else stands in it.
    }
  }

  /** Names in a directory; undefined where there is none. */
  #list(path: string): string[] | undefined {
    try {
      return this.#fs.list(path);
    } catch (thrown) {
      const e = toStoreError(thrown);
      if (e.code === 'NOT_FOUND') return undefined;
      throw e;
    }
  }
}
