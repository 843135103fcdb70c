/**
 * Key schemas: how a program builds its keys, as one line.
 *
 *     schema  = part { part }
 *     part    = quoted text | 0xHEX | name ":" type [ "(" option { "," option } ")" ]
 *     types   = u8 … u64, i8 … i64, f32, f64 with be (the default) or le; uuid; text; bytes
 *     options = a length in bytes (text and bytes) | desc | flip | hex (bytes)
 *             | unix-s | unix-ms | unix-us | unix-ns (integers that are times)
 *
 * `"sensor:" id:u32be "/" time:u64be(desc, unix-ms)` is an example. `text` and `bytes` without a length run up to the
 * next quoted part, or to the end of the key; so nothing of unknown length may follow them directly.
 */
import { compareBytes, concat, fromHex, hex, strictText, utf8 } from '../base/bytes.ts';
import { formatTime, parseTime, type TimeUnit } from '../model/calendar.ts';
import { parseQuotedText } from '../model/keySyntax.ts';
import {
  decodeScalar,
  encodeFloat,
  encodeInteger,
  encodeUuid,
  type Scalar,
  type ScalarOptions,
  type ScalarValue,
  scalarOf,
} from '../model/scalars.ts';

/** Bytes are kept as bytes; text that is no UTF-8 is bytes as well. */
export type FieldValue = ScalarValue | Uint8Array;

export interface Field {
  readonly name: string;
  /** The type with its options, as in the schema. */
  readonly type: string;
  /** Bytes that it takes, or undefined where that differs from key to key. */
  readonly length: number | undefined;
  readonly time: TimeUnit | undefined;
}

export interface FieldOf extends Field {
  readonly value: FieldValue;
}

export type SchemaParse =
  | { readonly ok: true; readonly schema: KeySchema }
  | { readonly ok: false; readonly message: string; readonly at: number };

type Part = LiteralPart | ScalarPart | RunPart;
interface LiteralPart {
  readonly kind: 'literal';
  readonly bytes: Uint8Array;
}
interface ScalarPart extends Field {
  readonly kind: 'scalar';
  readonly scalar: Scalar;
  readonly options: ScalarOptions;
  readonly length: number;
}
interface RunPart extends Field {
  readonly kind: 'text' | 'bytes';
}

const SOURCE_MAX = 4096;
const PARTS_MAX = 64;
const LENGTH_MAX = 64 << 10;

class SchemaFault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export function parseKeySchema(source: string): SchemaParse {
  try {
    return { ok: true, schema: new KeySchema(source, parts(source)) };
  } catch (thrown) {
    if (!(thrown instanceof SchemaFault)) throw thrown;
    return { ok: false, message: `${thrown.message} (position ${thrown.at + 1})`, at: thrown.at };
  }
}

function parts(source: string): Part[] {
  if (source.length > SOURCE_MAX) throw new SchemaFault('the schema is too long', SOURCE_MAX);
  const all: Part[] = [];
  const names = new Set<string>();
  let at = 0;
  for (;;) {
    while (/\s/.test(source[at] ?? '')) at++;
    if (at >= source.length) break;
    if (all.length >= PARTS_MAX) throw new SchemaFault(`a schema has at most ${PARTS_MAX} parts`, at);
    const [part, end] = partAt(source, at);
    const before = all.at(-1);
    if (before !== undefined && open(before) && part.kind !== 'literal') {
      throw new SchemaFault('after text or bytes without a length only quoted text can follow', at);
    }
    if (part.kind !== 'literal') {
      if (names.has(part.name)) throw new SchemaFault(`the field “${part.name}” is there twice`, at);
      names.add(part.name);
    }
    all.push(part);
    at = end;
  }
  if (names.size === 0) throw new SchemaFault('a schema needs a field, as id:u32be', at);
  return all;
}

function open(part: Part): boolean {
  return (part.kind === 'text' || part.kind === 'bytes') && part.length === undefined;
}

function partAt(source: string, at: number): [Part, number] {
  const c = source[at];
  if (c === '"' || c === "'") {
    const quoted = parseQuotedText(source, at);
    if (!quoted.ok) throw new SchemaFault(quoted.message.replace(/ \(position \d+\)$/, ''), quoted.at);
    if (quoted.bytes.length === 0) throw new SchemaFault('quoted text in a schema is not empty', at);
    return [{ kind: 'literal', bytes: quoted.bytes }, quoted.end];
  }
  const rest = source.slice(at);
  const literal = /^0x([0-9a-fA-F]+)(?=\s|$)/.exec(rest);
  if (literal !== null) {
    const bytes = fromHex(literal[1] as string);
    if (bytes === undefined) throw new SchemaFault('hex needs two digits a byte', at);
    return [{ kind: 'literal', bytes }, at + literal[0].length];
  }
  const field = /^([A-Za-z_]\w*)\s*:\s*([A-Za-z]\w*)(?:\s*\(([^)]*)\))?/.exec(rest);
  if (field === null) throw new SchemaFault('a quoted text or a field like id:u32be is expected here', at);
  const [whole, name = '', type = '', options] = field;
  return [fieldPart(name, type, options, at + whole.indexOf(':') + 1), at + whole.length];
}

function fieldPart(name: string, type: string, given: string | undefined, at: number): Part {
  const scalar = scalarOf(type);
  const isRun = type === 'text' || type === 'bytes';
  if (scalar === undefined && !isRun) {
    throw new SchemaFault(
      `there is no type “${type}”; there are u8 to u64, i8 to i64, f32, f64, uuid, text, bytes`,
      at,
    );
  }
  let [flip, desc] = [false, false];
  let time: TimeUnit | undefined;
  let length = scalar?.bytes;
  const words = given === undefined ? [] : given.split(',').map((w) => w.trim());
  for (const word of words) {
    const unit = /^unix-(s|ms|us|ns)$/.exec(word)?.[1] as TimeUnit | undefined;
    const whole = scalar?.kind === 'unsigned' || scalar?.kind === 'signed';
    if (word === 'desc' && scalar !== undefined) desc = true;
    else if (word === 'flip' && scalar !== undefined && scalar.kind !== 'uuid') flip = true;
    else if (unit !== undefined && whole) time = unit;
    else if (isRun && /^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= LENGTH_MAX) length = Number(word);
    else if (!(word === 'hex' && type === 'bytes')) throw new SchemaFault(`${type} has no option “${word}”`, at);
  }
  const shown = words.length === 0 ? type : `${type}(${words.join(', ')})`;
  if (scalar !== undefined) {
    const { bytes } = scalar;
    return { kind: 'scalar', name, type: shown, time, scalar, options: { flip, desc }, length: bytes };
  }
  return { kind: type === 'text' ? 'text' : 'bytes', name, type: shown, time, length };
}

export class KeySchema {
  readonly source: string;
  readonly fields: readonly Field[];
  readonly #parts: readonly Part[];
  /** Where each part starts in the key that was looked at last, and one more: its end. */
  readonly #starts: Int32Array;

  constructor(source: string, all: readonly Part[]) {
    this.source = source;
    this.#parts = all;
    this.#starts = new Int32Array(all.length + 1);
    this.fields = all.filter((p) => p.kind !== 'literal');
  }

  /** The bytes with which every key begins; empty where the first part is a field. */
  get prefix(): Uint8Array {
    const [first] = this.#parts;
    return first?.kind === 'literal' ? first.bytes : new Uint8Array(0);
  }

  /** Whether b[start, start + length) is built like this. Allocates nothing. */
  matches(b: Uint8Array, start: number, length: number): boolean {
    const end = start + length;
    let at = start;
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i] as Part;
      this.#starts[i] = at;
      if (part.kind === 'literal') {
        if (!standsAt(b, at, end, part.bytes)) return false;
        at += part.bytes.length;
      } else if (part.length !== undefined) {
        at += part.length;
        if (at > end) return false;
      } else {
        at = this.#runEnd(b, at, end, i);
        if (at < 0) return false;
      }
    }
    this.#starts[this.#parts.length] = at;
    return at === end;
  }

  /** The fields of a key, or undefined for a key of another build. */
  decode(key: Uint8Array): FieldOf[] | undefined {
    if (!this.matches(key, 0, key.length)) return undefined;
    return this.#parts.flatMap((part, i) =>
      part.kind === 'literal'
        ? []
        : [
            {
              name: part.name,
              type: part.type,
              length: part.length,
              time: part.time,
              value: this.#value(part, i, key),
            },
          ],
    );
  }

  /** Reads one field of keys as they come by; undefined for a name that is not there. */
  reader(name: string): ((b: Uint8Array, start: number, length: number) => FieldValue | undefined) | undefined {
    const i = this.#parts.findIndex((p) => p.kind !== 'literal' && p.name === name);
    const part = this.#parts[i];
    if (part === undefined || part.kind === 'literal') return undefined;
    return (b, start, length) => (this.matches(b, start, length) ? this.#value(part, i, b) : undefined);
  }

  field(name: string): Field | undefined {
    return this.fields.find((f) => f.name === name);
  }

  /**
   * The key of these fields, each given as it is shown or as a value. The first fields alone make a prefix of keys:
   * `complete` is false then. Throws nothing: `message` names what is wrong.
   */
  encode(
    values: Readonly<Record<string, FieldValue>>,
  ): { readonly ok: true; readonly bytes: Uint8Array; readonly complete: boolean } | { ok: false; message: string } {
    const extra = Object.keys(values).find((name) => this.field(name) === undefined);
    if (extra !== undefined) {
      const names = this.fields.map((f) => f.name).join(', ');
      return { ok: false, message: `the schema has no field “${extra}”; it has ${names}` };
    }
    const out: Uint8Array[] = [];
    let missing: string | undefined;
    for (const part of this.#parts) {
      if (part.kind === 'literal') {
        if (missing === undefined) out.push(part.bytes);
        continue;
      }
      if (!Object.hasOwn(values, part.name)) {
        missing ??= part.name;
        continue;
      }
      if (missing !== undefined)
        return { ok: false, message: `“${part.name}” is given, but not “${missing}” before it` };
      const bytes = encodeField(part, values[part.name] as FieldValue);
      if (typeof bytes === 'string') return { ok: false, message: bytes };
      out.push(bytes);
    }
    return { ok: true, bytes: concat(out), complete: missing === undefined };
  }

  /** `id=7 time=2026-01-01T00:00:00.000Z`, or undefined for a key of another build. Reads back with `parse`. */
  format(key: Uint8Array): string | undefined {
    const fields = this.decode(key);
    return fields?.map((f) => `${f.name}=${fieldText(f)}`).join(' ');
  }

  /** `id=7 time=2026-01-01`, with blanks or commas between; text with blanks in it stands in quotes. */
  parse(input: string): ReturnType<KeySchema['encode']> {
    const values: Record<string, FieldValue> = Object.create(null) as Record<string, FieldValue>;
    let at = 0;
    for (;;) {
      while (/[\s,]/.test(input[at] ?? '')) at++;
      if (at >= input.length) return this.encode(values);
      const name = /^([A-Za-z_]\w*)\s*=\s*/.exec(input.slice(at));
      if (name === null)
        return { ok: false, message: `a field like ${this.fields[0]?.name}=… is expected (position ${at + 1})` };
      at += name[0].length;
      if (input[at] === '"' || input[at] === "'") {
        const quoted = parseQuotedText(input, at);
        if (!quoted.ok) return quoted;
        values[name[1] as string] = strictText(quoted.bytes) ?? quoted.bytes;
        at = quoted.end;
      } else {
        const word = /^[^\s,]*/.exec(input.slice(at))?.[0] ?? '';
        values[name[1] as string] = word;
        at += word.length;
      }
    }
  }

  #value(part: ScalarPart | RunPart, i: number, b: Uint8Array): FieldValue {
    const from = this.#starts[i] as number;
    if (part.kind === 'scalar') return decodeScalar(part.scalar, b, from, part.options);
    const own = b.slice(from, this.#starts[i + 1] as number);
    return part.kind === 'text' ? (strictText(own) ?? own) : own;
  }

  /** End of a run: where the next quoted part starts; the last run of a schema gives back what stands behind it. */
  #runEnd(b: Uint8Array, at: number, end: number, i: number): number {
    const next = this.#parts[i + 1];
    if (next === undefined) return end;
    if (next.kind !== 'literal') return -1;
    // If nothing but the quoted part follows, it ends the key, however often it stands in the run.
    if (i + 2 === this.#parts.length) return end - next.bytes.length >= at ? end - next.bytes.length : -1;
    for (let p = at; p + next.bytes.length <= end; p++) if (standsAt(b, p, end, next.bytes)) return p;
    return -1;
  }
}

function standsAt(b: Uint8Array, at: number, end: number, what: Uint8Array): boolean {
  if (at + what.length > end) return false;
  for (let i = 0; i < what.length; i++) if (b[at + i] !== what[i]) return false;
  return true;
}

/** Bytes of a field's value, or what is wrong with it. */
function encodeField(part: ScalarPart | RunPart, value: FieldValue): Uint8Array | string {
  if (part.kind !== 'scalar') {
    const bytes = value instanceof Uint8Array ? value : runBytes(part, String(value));
    if (bytes === undefined) return `“${value}” is no row of two-digit hex bytes for “${part.name}”`;
    if (part.length !== undefined && bytes.length !== part.length) {
      return `“${part.name}” takes ${part.length} bytes, not ${bytes.length}`;
    }
    return bytes;
  }
  if (value instanceof Uint8Array) {
    return value.length === part.length ? value : `“${part.name}” takes ${part.length} bytes, not ${value.length}`;
  }
  const { scalar, options, name } = part;
  if (scalar.kind === 'uuid') {
    const bytes = encodeUuid(String(value));
    if (bytes !== undefined && options.desc === true) for (let i = 0; i < 16; i++) bytes[i] = ~(bytes[i] as number);
    return bytes ?? `“${value}” is no UUID for “${name}”`;
  }
  if (scalar.kind === 'float') {
    const n = Number(value);
    return Number.isNaN(n) && value !== 'NaN'
      ? `“${value}” is no number for “${name}”`
      : encodeFloat(scalar, n, options);
  }
  const count = fieldCount(part, value);
  if (count === undefined) return `“${value}” is no ${part.time === undefined ? 'whole number' : 'time'} for “${name}”`;
  return encodeInteger(scalar, count, options) ?? `${value} does not fit into “${name}” (${part.type})`;
}

function runBytes(part: RunPart, value: string): Uint8Array | undefined {
  return part.kind === 'text' ? utf8(value) : fromHex(value.replace(/^0x/i, ''));
}

/** The whole number that a field keeps for what was typed: a count, or a time where the field is one. */
function fieldCount(field: Field, value: ScalarValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  const typed = String(value).replaceAll('_', '');
  if (/^-?\d{1,40}$/.test(typed)) return BigInt(typed);
  return field.time === undefined ? undefined : parseTime(typed, field.time);
}

/** What a comparison with the field takes for the text `value`: numbers and times become the field's own count. */
export function fieldLiteral(field: Field, value: string): ScalarValue | undefined {
  if (field.time === undefined) return value;
  const count = parseTime(value, field.time);
  if (count === undefined) return undefined;
  return count > -(2n ** 53n) && count < 2n ** 53n ? Number(count) : count;
}

/** One field as it is shown: times in ISO 8601, text in quotes where it would not read back, bytes in hex. */
export function fieldText(field: FieldOf): string {
  const { value, time } = field;
  if (value instanceof Uint8Array) return `0x${hex(value)}`;
  if (typeof value !== 'string') {
    return (time === undefined ? undefined : formatTime(BigInt(value as number), time)) ?? String(value);
  }
  return /^[^\s,"'\\]+$/.test(value) ? value : JSON.stringify(value);
}

/** Order of two values of one field: numbers by size, text and bytes by their bytes. */
export function compareFields(a: FieldValue, b: FieldValue): number {
  if (typeof a !== 'string' && !(a instanceof Uint8Array) && typeof b !== 'string' && !(b instanceof Uint8Array)) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const bytes = (v: FieldValue): Uint8Array => (v instanceof Uint8Array ? v : utf8(String(v)));
  return compareBytes(bytes(a), bytes(b));
}
