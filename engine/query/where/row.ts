/** The entry at hand while a condition is asked of it, and its decoded value. */
import { text } from '../../base/bytes.ts';
import type { EntryView } from '../../model/entryView.ts';

/** A decoded value: JSON-like, whole numbers beyond 2^53 as text, bytes as `{ hex }`. */
export type Document = null | boolean | number | string | readonly Document[] | { readonly [name: string]: Document };

export interface ValueReader {
  read(b: Uint8Array, exact: boolean): Document | undefined;
  /**
   * For formats in which one part can be read without the rest: that part of the value at b[start, start + length),
   * as `read` and the path would give it, or UNDECIDED where `read` has to be asked.
   */
  part?(path: readonly (string | number)[]): PartReader;
}

export type PartReader = (b: Uint8Array, start: number, length: number) => Document | undefined | symbol;

const NOTHING = new Uint8Array(0);
const NO_ENTRY: EntryView = {
  keyBuffer: NOTHING,
  keyStart: 0,
  keyLength: 0,
  hasValue: false,
  valueBuffer: NOTHING,
  valueStart: 0,
  valueLength: 0,
  sequence: 0,
  type: 0,
  level: 0,
  table: 0,
};

/** Decodes the value at most once, and only when it is asked for. */
export class Row {
  entry: EntryView = NO_ENTRY;
  decoded = false;
  #document: Document | undefined;
  readonly #decode: (b: Uint8Array) => Document | undefined;

  constructor(decode: (b: Uint8Array) => Document | undefined) {
    this.#decode = decode;
  }

  get document(): Document | undefined {
    if (!this.decoded) {
      this.decoded = true;
      const { entry } = this;
      if (entry.columns !== undefined) this.#document = this.#columns(entry.columns);
      else if (!entry.hasValue) this.#document = undefined;
      else {
        const { valueBuffer, valueStart, valueLength } = entry;
        this.#document = this.#decode(valueBuffer.subarray(valueStart, valueStart + valueLength));
      }
    }
    return this.#document;
  }

  at(path: readonly (string | number)[]): Document | undefined {
    let found = this.document;
    for (let i = 0; i < path.length; i++) {
      const step = path[i] as string | number;
      if (found === undefined || found === null || typeof found !== 'object') return undefined;
      if (Array.isArray(found)) {
        found = (found as readonly Document[])[
          typeof step === 'number' ? step : /^\d+$/.test(step) ? Number(step) : -1
        ];
      } else {
        const fields = found as { readonly [name: string]: Document };
        found = Object.hasOwn(fields, step) ? fields[step] : undefined;
      }
    }
    return found;
  }

  #columns(columns: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[]): Document {
    const all = Object.create(null) as Record<string, Document>;
    for (const c of columns) all[text(c.name)] = this.#decode(c.value) ?? text(c.value);
    return all;
  }
}
