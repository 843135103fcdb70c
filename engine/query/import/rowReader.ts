/**
 * Rows of a file as operations on a store. A row that cannot be one says why, and the next one is read. Nothing is
 * kept of the rows before but the last key.
 *
 * Without a key and a value that are named, rows are those of `lsm export` and `lsm scan`: `key`, `value`, `type`,
 * `family`. Of a file with all versions of its keys only the newest one can be taken, which comes first.
 */
import { EMPTY, equalBytes, utf8 } from '../../base/bytes.ts';
import { StoreError } from '../../base/errors.ts';
import { type BadRow, type ImportSource, WHOLE_ROW } from '../../model/import.ts';
import type { ByteInput } from './byteInput.ts';
import { bytesOf, type Cell, CellFault, type ColumnSpec, KeyTemplate, parseColumn } from './cells.ts';
import { CsvRecords } from './csvRecords.ts';
import { JsonRecords } from './jsonRecords.ts';
import type { Records } from './records.ts';

export interface ImportOp {
  readonly kind: 'put' | 'delete';
  readonly family: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Ids of families by name. */
export type FamilyIds = ReadonlyMap<string, number>;

const DEFAULT_FAMILY = 'default';

interface RowFault {
  readonly column?: string | undefined;
  readonly message: string;
  readonly mend?: string | undefined;
}

export class RowReader {
  /** Rows so far. */
  row = 0;
  /** What the row does; undefined where it is bad. */
  op: ImportOp | undefined;
  bad: BadRow | undefined;
  readonly #source: ImportSource;
  readonly #records: Records;
  readonly #families: FamilyIds;
  readonly #template: KeyTemplate | undefined;
  readonly #key: ColumnSpec;
  readonly #value: ColumnSpec | undefined;
  readonly #type: string | undefined;
  /** Rows as exports have them. */
  readonly #exported: boolean;
  /** Key, family and sequence number of the row before. */
  #before: { readonly key: Uint8Array; readonly family: number; readonly seq: number } | undefined;

  /** Throws INPUT where a column that is named is not there. */
  constructor(input: ByteInput, source: ImportSource, families: FamilyIds) {
    this.#source = source;
    this.#families = families;
    const csv = source.format === 'csv' ? new CsvRecords(input, source) : undefined;
    this.#records = csv ?? new JsonRecords(input);
    const names = csv?.names ?? [];
    this.#exported = source.key === undefined && source.value === undefined;
    const printed = this.#exported && names.includes('seq') && names.includes('type') ? 'escaped' : 'text';
    const keySpec = source.key ?? 'key';
    this.#template = names.includes(keySpec) ? undefined : KeyTemplate.of(keySpec);
    this.#key = source.key === undefined ? { name: 'key', as: printed } : parseColumn(keySpec, names);
    const valueSpec = source.value ?? (this.#exported ? 'value' : WHOLE_ROW);
    this.#value =
      valueSpec === WHOLE_ROW
        ? undefined
        : source.value === undefined
          ? { name: 'value', as: printed }
          : parseColumn(valueSpec, names);
    this.#type = source.type ?? (this.#exported && (csv === undefined || names.includes('type')) ? 'type' : undefined);
    if (csv === undefined) return;
    const wanted = [...(this.#template?.names ?? [this.#key.name]), this.#value?.name, source.type];
    for (const name of wanted) {
      if (name === undefined || names.includes(name)) continue;
      throw new StoreError('INPUT', `there is no column ${JSON.stringify(name)}`, {
        path: source.file,
        mend: `the columns are ${names.map((n) => JSON.stringify(n)).join(', ')}`,
      });
    }
  }

  /** Where the row begins. */
  get line(): number {
    return this.#records.line;
  }

  /** Goes to the next row; false at the end. Throws INPUT where what follows cannot be told apart. */
  next(): boolean {
    this.op = this.bad = undefined;
    if (!this.#records.next()) return false;
    this.row++;
    const found = this.#read();
    if ('kind' in found) this.op = found;
    else this.bad = { row: this.row, line: this.#records.line, ...found };
    return true;
  }

  #read(): ImportOp | RowFault {
    const { fault } = this.#records;
    if (fault !== undefined) return fault;
    let column: string | undefined;
    const cell = (name: string): Cell => {
      column = name;
      return this.#records.cell(name);
    };
    try {
      const family = this.#family(cell);
      if (typeof family !== 'number') return family;
      const kind = this.#kind(cell);
      if (typeof kind !== 'string') return kind;
      const key = this.#keyBytes(cell);
      const seq = this.#exported ? Number(cellText(cell('seq')) ?? Number.NaN) : Number.NaN;
      const before = this.#before;
      this.#before = { key, family, seq };
      if (before?.family === family && seq < before.seq && equalBytes(before.key, key)) {
        const mend = 'export the store, or scan it without --all-versions';
        return { message: 'this is an older version of the key before it', mend };
      }
      if (kind === 'delete') return { kind, family, key, value: EMPTY };
      const value = this.#valueBytes(cell);
      if (value === null) return { kind: 'delete', family, key, value: EMPTY };
      return { kind, family, key, value };
    } catch (thrown) {
      if (!(thrown instanceof CellFault)) throw thrown;
      return { column, message: thrown.message };
    }
  }

  #family(cell: (name: string) => Cell): number | RowFault {
    const { family } = this.#source;
    if (family !== undefined) return family;
    const name = (this.#exported ? cellText(cell('family')) : undefined) ?? DEFAULT_FAMILY;
    const id = this.#families.get(name);
    if (id !== undefined) return id;
    return {
      column: 'family',
      message: `the store has no column family ${JSON.stringify(name)}`,
      mend: 'name one that takes all rows',
    };
  }

  #kind(cell: (name: string) => Cell): 'put' | 'delete' | RowFault {
    if (this.#exported) {
      // What a scan says beside the value.
      for (const [name, message] of UNUSABLE) if (cell(name) !== undefined) return { column: name, message };
    }
    if (this.#type === undefined) return 'put';
    const said = cellText(cell(this.#type));
    switch (said?.toLowerCase()) {
      case undefined:
      case '':
      case 'put':
        return 'put';
      case 'delete':
      case 'single-delete':
        return 'delete';
      default:
        break;
    }
    if (this.#exported && (said === 'blob' || (said === 'merge' && !this.#isPrintedRow(cell)))) return 'put';
    if (this.#exported && (said === 'entity' || said === 'merge')) {
      const what = said === 'entity' ? 'an entity of wide columns' : 'a merge that nobody resolved';
      return { column: this.#type, message: `${what} has no single value that could be written` };
    }
    return { column: this.#type, message: `${JSON.stringify(said)} is neither put nor delete` };
  }

  /** A value of CSV that exports and scans print in place of one: operands. */
  #isPrintedRow(cell: (name: string) => Cell): boolean {
    const value = cell('value');
    return (
      this.#source.format === 'csv' && typeof value === 'string' && /^(?:\{"key":.*"operands":|\(merge )/.test(value)
    );
  }

  #keyBytes(cell: (name: string) => Cell): Uint8Array {
    const template = this.#template;
    if (template === undefined) return this.#bytes(this.#cell(cell, this.#key), this.#key);
    const cells = template.names.map((name) => {
      const found = cell(name);
      if (typeof found !== 'string') throw new CellFault(found instanceof Uint8Array ? 'it is no text' : ABSENT);
      return found;
    });
    return template.bytes(cells);
  }

  /** Null: the row deletes its key. */
  #valueBytes(cell: (name: string) => Cell): Uint8Array | null {
    const spec = this.#value;
    if (spec === undefined) return utf8(this.#records.whole());
    const found = this.#cell(cell, spec);
    if ((found === null || found === undefined) && this.#source.nullDeletes === true) return null;
    return this.#bytes(found, spec);
  }

  #cell(cell: (name: string) => Cell, { name, as }: ColumnSpec): Cell {
    const found = cell(name);
    return as !== 'json' || found === null || found === undefined ? found : this.#records.json(name);
  }

  #bytes(cell: Cell, { as }: ColumnSpec): Uint8Array {
    if (cell instanceof Uint8Array) return cell;
    if (cell === undefined) throw new CellFault(ABSENT);
    if (cell === null) throw new CellFault('it is null');
    return bytesOf(cell, as);
  }
}

const ABSENT = 'it is not there';

/** Members of a scanned entry that say it has no value to take over, and why. */
const UNUSABLE: readonly (readonly [string, string])[] = [
  ['problem', 'the entry could not be read when it was exported'],
  ['operands', 'a merge that nobody resolved has no single value that could be written'],
  ['columns', 'an entity of wide columns has no single value that could be written'],
  ['until', 'a deletion of a range is not imported'],
  ['timestamp', 'the key carries a user timestamp'],
];

function cellText(cell: Cell): string | undefined {
  return typeof cell === 'string' ? cell : undefined;
}
