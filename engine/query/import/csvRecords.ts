import { StoreError } from '../../base/errors.ts';
import type { ImportSource } from '../../model/import.ts';
import type { ByteInput } from './byteInput.ts';
import { type Cell, CellFault, checkJson } from './cells.ts';
import { CsvReader } from './csvReader.ts';
import type { Records } from './records.ts';

/** CSV, whose first line names the columns unless the source says otherwise. */
export class CsvRecords implements Records {
  readonly names: readonly string[];
  readonly #reader: CsvReader;
  readonly #places = new Map<string, number>();
  /** The first record is a row, and stands in the reader already. */
  #ready = false;
  #ended = false;

  /** Throws INPUT for a header that names a column twice. */
  constructor(input: ByteInput, source: ImportSource) {
    this.#reader = new CsvReader(input, source.delimiter);
    const reader = this.#reader;
    if (!reader.next()) {
      this.names = [];
      this.#ended = true;
      return;
    }
    const header = source.header !== false;
    this.#ready = !header;
    const names: string[] = [];
    for (let i = 0; i < reader.count; i++) {
      const name = header ? reader.field(i) : String(i + 1);
      if (name === undefined || this.#places.has(name)) {
        const why = name === undefined ? 'is not UTF-8' : `names ${JSON.stringify(name)} twice`;
        throw new StoreError('INPUT', `the first line of the CSV ${why}`, {
          path: source.file,
          mend: 'mend it, or say that the first line is a row already',
        });
      }
      names.push(name);
      this.#places.set(name, i);
    }
    this.names = names;
  }

  get line(): number {
    return this.#reader.line;
  }

  get fault(): Records['fault'] {
    const { fault, count } = this.#reader;
    if (fault !== undefined) return { column: this.names[fault.field], message: fault.message };
    if (count === this.names.length) return undefined;
    return { message: `it has ${count} fields, and there are ${this.names.length} columns` };
  }

  next(): boolean {
    if (this.#ready) {
      this.#ready = false;
      return true;
    }
    this.#ended ||= !this.#reader.next();
    return !this.#ended;
  }

  cell(name: string): Cell {
    const at = this.#places.get(name);
    if (at === undefined) return undefined;
    const text = this.#reader.field(at);
    if (text === undefined) throw new CellFault('it is not UTF-8');
    return text;
  }

  json(name: string): string | undefined {
    const text = this.cell(name);
    return typeof text === 'string' ? checkJson(text) : undefined;
  }

  whole(): string {
    return JSON.stringify(Object.fromEntries(this.names.map((name) => [name, this.cell(name)])));
  }
}
