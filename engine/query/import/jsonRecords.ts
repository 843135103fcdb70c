/** JSON lines: one object a line; blank lines are no rows. */
import { strictText } from '../../base/bytes.ts';
import type { ByteInput } from './byteInput.ts';
import { bytesOfJson, type Cell } from './cells.ts';
import { jsonMember } from './jsonMembers.ts';
import { LineReader, RECORD_BYTES_MAX } from './lineReader.ts';
import type { Records } from './records.ts';

export class JsonRecords implements Records {
  fault: Records['fault'];
  readonly #lines: LineReader;
  #text = '';
  #parsed: Record<string, unknown> = {};

  constructor(input: ByteInput) {
    this.#lines = new LineReader(input);
  }

  get line(): number {
    return this.#lines.line;
  }

  /** Names of the row's members. */
  get names(): readonly string[] {
    return Object.keys(this.#parsed);
  }

  next(): boolean {
    while (this.#lines.next()) {
      this.fault = this.#read();
      if (this.fault !== undefined || this.#text !== '') return true;
    }
    return false;
  }

  cell(name: string): Cell {
    const value = this.#find(name);
    if (typeof value === 'string' || value === null || value === undefined) return value;
    if (typeof value === 'boolean') return String(value);
    // Numbers and objects are taken as they are written.
    return bytesOfJson(value) ?? this.json(name);
  }

  json(name: string): string | undefined {
    if (Object.hasOwn(this.#parsed, name)) return jsonMember(this.#text, name);
    let raw: string | undefined = this.#text;
    for (const step of name.split('.')) raw = raw === undefined ? undefined : jsonMember(raw, step);
    return raw;
  }

  whole(): string {
    return this.#text;
  }

  /** A member, or with dots in `name` one of a nested object. */
  #find(name: string): unknown {
    const own = member(this.#parsed, name);
    if (own !== undefined || !name.includes('.')) return own;
    let inner: unknown = this.#parsed;
    for (const step of name.split('.')) inner = member(inner, step);
    return inner;
  }

  #read(): Records['fault'] {
    this.#text = '';
    if (this.#lines.tooLong) return { message: `the line is longer than ${RECORD_BYTES_MAX >> 20} MB` };
    const text = strictText(this.#lines.bytes)?.trim();
    if (text === undefined) return { message: 'the line is not UTF-8' };
    if (text === '') return undefined;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (thrown) {
      return { message: `the line is not JSON${placeIn(thrown)}` };
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      const mend = Array.isArray(parsed)
        ? 'one object a line is wanted, not a list of them'
        : 'one object a line is wanted';
      return { message: 'the line is not an object', mend };
    }
    this.#parsed = parsed as Record<string, unknown>;
    this.#text = text;
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** Where in the line the parser stopped, if it tells. */
function placeIn(thrown: unknown): string {
  const found = /at position (\d+)/.exec(thrown instanceof Error ? thrown.message : '');
  return found === null ? '' : `: character ${Number(found[1]) + 1} is not expected there`;
}
