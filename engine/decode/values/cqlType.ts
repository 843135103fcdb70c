/**
 * Types of Cassandra in words: as CQL writes them, `map<text, frozen<list<int>>>`, and as its own classes are named in
 * the metadata of tables, `org.apache.cassandra.db.marshal.MapType(UTF8Type,Int32Type)`. A user-defined type is written
 * with its fields, `udt<street: text, zip: int>`, and a key of several parts `composite<text, int>`.
 */
import { text as utf8Text } from '../../base/bytes.ts';
import { fromHex } from '../../model/display.ts';

export const SIMPLE_TYPES = [
  'ascii',
  'bigint',
  'blob',
  'boolean',
  'counter',
  'date',
  'decimal',
  'double',
  'duration',
  'empty',
  'float',
  'inet',
  'int',
  'smallint',
  'text',
  'time',
  'timestamp',
  'timeuuid',
  'tinyint',
  'uuid',
  'varint',
] as const;
export type SimpleType = (typeof SIMPLE_TYPES)[number];

export type CqlType =
  | { readonly kind: 'simple'; readonly name: SimpleType }
  | { readonly kind: 'list' | 'set'; readonly of: CqlType }
  | { readonly kind: 'map'; readonly key: CqlType; readonly value: CqlType }
  | { readonly kind: 'tuple' | 'composite'; readonly parts: readonly CqlType[] }
  | { readonly kind: 'udt'; readonly fields: readonly { readonly name: string; readonly type: CqlType }[] }
  | { readonly kind: 'vector'; readonly of: CqlType; readonly size: number };

/** Names that mean another one, and the classes of simple types. */
const SAME: Readonly<Record<string, SimpleType>> = {
  varchar: 'text',
  asciitype: 'ascii',
  longtype: 'bigint',
  bytestype: 'blob',
  booleantype: 'boolean',
  countercolumntype: 'counter',
  simpledatetype: 'date',
  decimaltype: 'decimal',
  doubletype: 'double',
  durationtype: 'duration',
  emptytype: 'empty',
  floattype: 'float',
  inetaddresstype: 'inet',
  int32type: 'int',
  shorttype: 'smallint',
  utf8type: 'text',
  timetype: 'time',
  timestamptype: 'timestamp',
  datetype: 'timestamp',
  timeuuidtype: 'timeuuid',
  bytetype: 'tinyint',
  uuidtype: 'uuid',
  lexicaluuidtype: 'uuid',
  integertype: 'varint',
};

/** Types that hold others. */
const COMPLEX: Readonly<Record<string, 'list' | 'set' | 'map' | 'tuple' | 'composite' | 'udt' | 'vector' | 'same'>> = {
  list: 'list',
  listtype: 'list',
  set: 'set',
  settype: 'set',
  map: 'map',
  maptype: 'map',
  tuple: 'tuple',
  tupletype: 'tuple',
  composite: 'composite',
  compositetype: 'composite',
  udt: 'udt',
  usertype: 'udt',
  vector: 'vector',
  vectortype: 'vector',
  frozen: 'same',
  frozentype: 'same',
  reversedtype: 'same',
};

const MARSHAL = 'org.apache.cassandra.db.marshal.';
const CHARS_MAX = 4096;
const DEPTH_MAX = 16;
const VECTOR_MAX = 8192;

class TypeFault extends Error {}

/** The type, or in words what is wrong with it. */
export function parseCqlType(text: string): CqlType | string {
  if (text.length > CHARS_MAX) return 'the type is too long';
  const parser = new TypeParser(text);
  try {
    const type = parser.type(0);
    parser.end();
    return type;
  } catch (thrown) {
    if (!(thrown instanceof TypeFault)) throw thrown;
    return thrown.message;
  }
}

class TypeParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  type(depth: number): CqlType {
    if (depth > DEPTH_MAX) throw new TypeFault(`types nest more than ${DEPTH_MAX} deep`);
    const from = this.#at;
    let name = this.#word(/[\w.]/);
    if (name.startsWith(MARSHAL)) name = name.slice(MARSHAL.length);
    const known = name.toLowerCase();
    const complex = Object.hasOwn(COMPLEX, known) ? COMPLEX[known] : undefined;
    if (complex === undefined) {
      const simple = SIMPLE_TYPES.find((t) => t === known) ?? (Object.hasOwn(SAME, known) ? SAME[known] : undefined);
      if (simple === undefined)
        throw this.#fault(name === '' ? 'a type is wanted' : `there is no type "${name}"`, from);
      return { kind: 'simple', name: simple };
    }
    const close = this.#opened(name);
    const made = known === 'usertype' ? this.#userType(depth) : this.#complex(complex, depth);
    if (!this.#took(close)) throw this.#fault(`"${close}" is wanted`, this.#at);
    return made;
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#fault(`"${this.#text[this.#at]}" is not expected`, this.#at);
  }

  #complex(kind: NonNullable<(typeof COMPLEX)[string]>, depth: number): CqlType {
    const next = (): CqlType => this.type(depth + 1);
    switch (kind) {
      case 'same':
        return next();
      case 'list':
      case 'set':
        return { kind, of: next() };
      case 'map': {
        const key = next();
        if (!this.#took(',')) throw this.#fault('a map has two types', this.#at);
        return { kind, key, value: next() };
      }
      case 'tuple':
      case 'composite':
        return { kind, parts: this.#several(next) };
      case 'udt':
        return { kind, fields: this.#several(() => this.#field(depth)) };
      case 'vector': {
        const of = next();
        const size = this.#took(',') ? Number(this.#word(/\d/)) : Number.NaN;
        if (!(size >= 1 && size <= VECTOR_MAX)) throw this.#fault(`a vector has 1 to ${VECTOR_MAX} items`, this.#at);
        return { kind, of, size };
      }
    }
  }

  #field(depth: number): { name: string; type: CqlType } {
    const name = this.#word(/[^:,<>()\s]/);
    if (name === '' || !this.#took(':')) throw this.#fault('a field is a name, a colon and a type', this.#at);
    return { name, type: this.type(depth + 1) };
  }

  /** `UserType(keyspace,hex of the name,hex of a field:type,…)` */
  #userType(depth: number): CqlType {
    this.#word(/[^,()]/);
    this.#took(',');
    this.#word(/[0-9a-f]/i);
    const fields = [];
    while (this.#took(',')) {
      const field = this.#field(depth);
      const name = fromHex(field.name);
      if (name === undefined) throw this.#fault(`"${field.name}" is no name in hex`, this.#at);
      fields.push({ ...field, name: utf8Text(name) });
    }
    return { kind: 'udt', fields };
  }

  #several<T>(one: () => T): T[] {
    const all = [one()];
    while (this.#took(',')) all.push(one());
    return all;
  }

  #opened(name: string): string {
    if (this.#took('<')) return '>';
    if (this.#took('(')) return ')';
    throw this.#fault(`${name} is not followed by the types it holds`, this.#at);
  }

  #took(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #word(of: RegExp): string {
    this.#blanks();
    const from = this.#at;
    while (this.#at < this.#text.length && of.test(this.#text[this.#at] as string)) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  #blanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #fault(message: string, at: number): TypeFault {
    return new TypeFault(`${message} (position ${at + 1} of the type)`);
  }
}
