/**
 * A condition as a function over entries. What an entry says only in part is read only when it is asked for: the value
 * is decoded at most once, and only where a test needs it.
 *
 * A comparison with what is not there, or is of another kind than what it is compared with, is false; so is `!=`.
 */
import { hex, text } from '../../base/bytes.ts';
import type { EntryFilter, EntryView } from '../../model/entryView.ts';
import type { EntryTypeName } from '../../model/tree.ts';
import { compareFields, type Field, type FieldValue, fieldLiteral, type KeySchema } from '../keySchema.ts';
import { HOLDS, keyTest, numberTest, orderOf, rawTest, sameDocument, type Test, textMatch } from './comparisons.ts';
import { type Document, Row, type ValueReader } from './row.ts';
import { type Column, type Comparison, type Expression, type Operand, parseWhere, whereFault } from './syntax.ts';

export interface WhereContext {
  /** Of the family's keys; the first that fits a key counts. */
  readonly schemas: readonly KeySchema[];
  /** Decodes a value; `exact` where whole numbers beyond 2^53 matter. Never throws. Asked for when first needed. */
  decoder(): ValueReader | undefined;
  readonly types: readonly EntryTypeName[];
  typeName(type: number): EntryTypeName;
}

export interface Where {
  readonly filter: EntryFilter;
  /** False: values need not be fetched. */
  readonly usesValue: boolean;
}

/** Throws INPUT with the position of what is wrong. */
export function compileWhere(source: string, context: WhereContext): Where {
  const tree = parseWhere(source);
  const compiler = new Compiler(context, hasLargeNumber(tree));
  const test = compiler.compile(tree);
  const { row } = compiler;
  return {
    usesValue: compiler.usesValue,
    filter: (entry) => {
      row.entry = entry;
      row.decoded = false;
      return test(row);
    },
  };
}

function hasLargeNumber(e: Expression): boolean {
  if (e.kind === 'not') return hasLargeNumber(e.of);
  if (e.kind === 'there') return false;
  if (e.kind !== 'compare') return hasLargeNumber(e.left) || hasLargeNumber(e.right);
  const large = (o: Operand): boolean =>
    (o.kind === 'number' && typeof o.value === 'bigint') || (o.kind === 'bytes' && typeof o.number === 'bigint');
  // Two paths are compared with each other as exactly as they are written.
  return large(e.left) || large(e.right) || (e.left.kind === 'path' && e.right.kind === 'path');
}

class Compiler {
  readonly row: Row;
  usesValue = false;
  readonly #context: WhereContext;
  #reader: ValueReader | undefined;

  constructor(context: WhereContext, exact: boolean) {
    this.#context = context;
    this.row = new Row((b) => this.#reader?.read(b, exact));
  }

  compile(e: Expression): Test {
    switch (e.kind) {
      case 'and': {
        const [a, b] = [this.compile(e.left), this.compile(e.right)];
        return (row) => a(row) && b(row);
      }
      case 'or': {
        const [a, b] = [this.compile(e.left), this.compile(e.right)];
        return (row) => a(row) || b(row);
      }
      case 'not': {
        const of = this.compile(e.of);
        return (row) => !of(row);
      }
      case 'there':
        return this.#there(e.operand);
      case 'compare':
        return isLiteral(e.left) && !isLiteral(e.right)
          ? this.#compare(e.right, TURNED[e.compare], e.left)
          : this.#compare(e.left, e.compare, e.right);
    }
  }

  /** How the part of a value is read, by the shortest way that the value's format has. */
  #reads(path: readonly (string | number)[]): (row: Row) => Document | undefined {
    this.usesValue = true;
    this.#reader ??= this.#context.decoder();
    const part = this.#reader?.part?.(path);
    if (part === undefined) return (row) => row.at(path);
    return (row) => {
      const { entry } = row;
      if (!entry.hasValue || row.decoded || entry.columns !== undefined) return row.at(path);
      const found = part(entry.valueBuffer, entry.valueStart, entry.valueLength);
      return typeof found === 'symbol' ? row.at(path) : found;
    };
  }

  /** A bare operand: it is there, and neither false nor null. */
  #there(o: Operand): Test {
    if (o.kind === 'path') {
      const read = this.#reads(o.path);
      return (row) => {
        const v = read(row);
        return v !== undefined && v !== null && v !== false;
      };
    }
    if (o.kind === 'field') {
      const read = this.#field(o.name, o.at);
      return (row) => read(row.entry) !== undefined;
    }
    if (o.kind === 'value') return (row) => row.entry.hasValue || row.entry.columns !== undefined;
    if (o.kind === 'constant') {
      const is = o.value === true;
      return () => is;
    }
    throw whereFault('a comparison is missing behind this', o.at);
  }

  #compare(left: Operand, compare: Comparison, right: Operand): Test {
    if (compare === '~' && right.kind !== 'text' && right.kind !== 'pattern' && right.kind !== 'bytes') {
      throw whereFault('~ takes a text or a /pattern/', right.at);
    }
    if (compare !== '~' && right.kind === 'pattern') throw whereFault('a pattern is compared with ~', right.at);
    switch (left.kind) {
      case 'column':
        return this.#column(left.column, compare, right);
      case 'type':
        return this.#type(compare, right);
      case 'key':
        return keyTest(compare, right);
      case 'field':
        return this.#fieldTest(left, compare, right);
      case 'value':
        return this.#value(compare, right);
      case 'path':
        return this.#pathTest(left.path, compare, right);
      default:
        throw whereFault('one side of a comparison names a part of the entry, as key or value.id', left.at);
    }
  }

  #column(column: Column, compare: Comparison, right: Operand): Test {
    if (compare === '~') throw whereFault(`${column} is a number: ~ is for text`, right.at);
    const read = COLUMN_READERS[column];
    if (right.kind === 'column') {
      const other = COLUMN_READERS[right.column];
      const holds = HOLDS[compare];
      return (row) => holds(read(row.entry) - other(row.entry));
    }
    const n = right.kind === 'bytes' ? right.number : right.kind === 'number' ? right.value : undefined;
    if (n === undefined) throw whereFault(`${column} is compared with a number`, right.at);
    return numberTest(compare, (row) => read(row.entry), n);
  }

  #type(compare: Comparison, right: Operand): Test {
    const { types, typeName } = this.#context;
    if (right.kind !== 'text' || (compare !== '=' && compare !== '!=')) {
      throw whereFault(`type is compared by = or != with one of ${types.join(', ')}, in quotes`, right.at);
    }
    const wanted = types.find((t) => t === right.value);
    if (wanted === undefined) {
      throw whereFault(`there is no type “${right.value}”; there are ${types.join(', ')}`, right.at);
    }
    const equal = compare === '=';
    return (row) => (typeName(row.entry.type) === wanted) === equal;
  }

  #field(name: string, at: number): (entry: EntryView) => FieldValue | undefined {
    const readers = this.#context.schemas.flatMap((s) => s.reader(name) ?? []);
    const [first] = readers;
    if (first === undefined) {
      const names = [...new Set(this.#context.schemas.flatMap((s) => s.fields.map((f) => f.name)))];
      const known = names.length === 0 ? 'no schema is declared for these keys' : `the key has ${names.join(', ')}`;
      throw whereFault(`there is no key.${name}: ${known}`, at);
    }
    if (readers.length === 1) return (e) => first(e.keyBuffer, e.keyStart, e.keyLength);
    return (e) => {
      for (const read of readers) {
        const value = read(e.keyBuffer, e.keyStart, e.keyLength);
        if (value !== undefined) return value;
      }
      return undefined;
    };
  }

  #fieldTest(left: Extract<Operand, { kind: 'field' }>, compare: Comparison, right: Operand): Test {
    const read = this.#field(left.name, left.at);
    if (compare === '~') {
      const matches = textMatch(right);
      return (row) => {
        const v = read(row.entry);
        return v !== undefined && matches(v instanceof Uint8Array ? text(v) : String(v));
      };
    }
    const field = this.#context.schemas.map((s) => s.field(left.name)).find((f) => f !== undefined) as Field;
    const other = right.kind === 'field' ? this.#field(right.name, right.at) : undefined;
    const literal = other === undefined ? fieldOperand(field, right) : undefined;
    const numeric = typeof literal === 'number' || typeof literal === 'bigint';
    const holds = HOLDS[compare];
    return (row) => {
      const v = read(row.entry);
      const w = other === undefined ? literal : other(row.entry);
      if (v === undefined || w === undefined) return false;
      if (numeric && typeof v === 'string') return false;
      return holds(compareFields(v, w));
    };
  }

  #value(compare: Comparison, right: Operand): Test {
    if (right.kind === 'text' || right.kind === 'pattern' || right.kind === 'bytes') {
      this.usesValue = true;
      return rawTest(compare, right, (e) => e.hasValue, 'value');
    }
    return this.#pathTest([], compare, right);
  }

  #pathTest(path: readonly (string | number)[], compare: Comparison, right: Operand): Test {
    const read = this.#reads(path);
    if (compare === '~') {
      const matches = textMatch(right);
      const wanted = right.kind === 'text' ? right.value : undefined;
      return (row) => {
        const v = read(row);
        if (typeof v === 'string') return matches(v);
        if (typeof v === 'number' || typeof v === 'boolean') return matches(String(v));
        // A list contains its items.
        return Array.isArray(v) && wanted !== undefined && (v as readonly Document[]).includes(wanted);
      };
    }
    const holds = HOLDS[compare];
    if (right.kind === 'path' || right.kind === 'value') {
      const other = this.#reads(right.kind === 'path' ? right.path : []);
      return (row) => {
        const [v, w] = [read(row), other(row)];
        if (w === null || typeof w !== 'object') return holds(orderOf(v, w));
        return (compare === '=' || compare === '!=') && sameDocument(v, w) === (compare === '=');
      };
    }
    if (right.kind === 'number') return numberTest(compare, read, right.value);
    if (right.kind === 'text' || right.kind === 'constant') {
      const wanted = right.value;
      if (compare === '=') return (row) => read(row) === wanted;
      return (row) => holds(orderOf(read(row), wanted));
    }
    if (right.kind === 'bytes') {
      const { number } = right;
      const wanted = hex(right.bytes);
      const asNumber = number === undefined ? undefined : numberTest(compare, read, number);
      return (row) => {
        const v = read(row);
        if (v === null || typeof v !== 'object') return asNumber?.(row) === true;
        const bytes = Array.isArray(v) ? undefined : (v as { readonly [name: string]: Document })['hex'];
        return typeof bytes === 'string' && holds(bytes < wanted ? -1 : bytes > wanted ? 1 : 0);
      };
    }
    throw whereFault('a part of the value is compared with a number, text, bytes or another part of it', right.at);
  }
}

function isLiteral(o: Operand): boolean {
  return (
    o.kind === 'number' || o.kind === 'text' || o.kind === 'bytes' || o.kind === 'constant' || o.kind === 'pattern'
  );
}

/** The comparison with its sides changed over. */
const TURNED: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '~': '~',
};

const COLUMN_READERS: Readonly<Record<Column, (e: EntryView) => number>> = {
  size: (e) => e.valueLength,
  keysize: (e) => e.keyLength,
  seq: (e) => e.sequence,
  level: (e) => e.level,
  table: (e) => e.table,
};

function fieldOperand(field: Field, right: Operand): FieldValue {
  if (right.kind === 'number') return right.value;
  if (right.kind === 'bytes' && isNumeric(field)) {
    if (right.number !== undefined) return right.number;
    const instead = field.time === undefined ? '42' : "'2026-01-31T12:00Z'";
    throw whereFault(`key.${field.name} is read already: write ${instead} in place of a function`, right.at);
  }
  if (right.kind === 'bytes') return right.bytes;
  if (right.kind === 'text') {
    const value = fieldLiteral(field, right.value);
    if (value === undefined) throw whereFault(`“${right.value}” is no time like 2026-01-31T12:00:00Z`, right.at);
    if (isNumeric(field) && typeof value === 'string') {
      throw whereFault(`key.${field.name} is a number (${field.type})`, right.at);
    }
    return value;
  }
  throw whereFault(`key.${field.name} is compared with a number, a text, bytes or another field`, right.at);
}

function isNumeric(field: Field): boolean {
  return /^[uif]\d/.test(field.type);
}
