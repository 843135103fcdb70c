/**
 * Records of CSV as RFC 4180 has them: fields between delimiters, `"` around a field that holds a delimiter, a line end
 * or `""` for a quote. Lines end in LF or CRLF; blank lines are no records. A quote inside a field that does not begin
 * with one stands for itself.
 */
import { strictText } from '../../base/bytes.ts';
import { StoreError } from '../../base/errors.ts';
import { ByteGather, type ByteInput } from './byteInput.ts';
import { RECORD_BYTES_MAX } from './lineReader.ts';

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
/** Fields of one record, at most. */
const FIELDS_MAX = 65_536;

export class CsvReader {
  /** Where the record begins, counted from 1. */
  line = 0;
  /** Fields of the record. */
  count = 0;
  /** What is wrong with the record; `field` counts from 0. */
  fault: { readonly field: number; readonly message: string } | undefined;
  readonly #input: ByteInput;
  readonly #delimiter: number;
  readonly #gather = new ByteGather();
  /** Ends of the fields in the gathered bytes. */
  readonly #ends: number[] = [];
  /** Number of the line that comes next. */
  #nextLine = 1;

  constructor(input: ByteInput, delimiter = ',') {
    this.#input = input;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** Text of a field; undefined where it is not UTF-8. */
  field(i: number): string | undefined {
    const end = this.#ends[i] as number;
    return strictText(this.#gather.bytes.subarray(i === 0 ? 0 : (this.#ends[i - 1] as number), end));
  }

  /** False at the end. Throws INPUT where a quote is not closed: what follows it cannot be told apart. */
  next(): boolean {
    do {
      if (this.#input.peek() < 0) return false;
      this.#record();
      // A line with nothing in it.
    } while (this.count === 1 && this.#ends[0] === 0 && !this.#quoted);
    return true;
  }

  #quoted = false;

  #record(): void {
    const input = this.#input;
    const gather = this.#gather;
    gather.length = 0;
    this.#ends.length = 0;
    this.fault = undefined;
    this.#quoted = false;
    this.line = this.#nextLine;
    for (;;) {
      if (input.peek() === QUOTE) {
        this.#quoted = true;
        this.#quotedField();
      }
      const byte = this.#plain();
      this.#ends.push(gather.length);
      if (this.#ends.length > FIELDS_MAX) {
        throw new StoreError('INPUT', `line ${this.line}: more than ${FIELDS_MAX} fields in a record`);
      }
      if (byte !== this.#delimiter) break;
    }
    this.#nextLine++;
    this.count = this.#ends.length;
  }

  /** Takes a field, or what follows a closing quote, and the byte that ends it, which is answered; -1 at the end. */
  #plain(): number {
    const gather = this.#gather;
    const input = this.#input;
    const from = gather.length;
    const quoted = this.#closed;
    this.#closed = false;
    for (;;) {
      const byte = input.take();
      if (byte === this.#delimiter || byte === LF || byte < 0) {
        if (quoted && gather.length > from) {
          this.fault ??= { field: this.#ends.length, message: 'there is text after the closing quote' };
        }
        return byte;
      }
      if (byte === CR && (input.peek() === LF || input.peek() < 0)) continue;
      gather.push(byte);
      this.#bounded();
    }
  }

  #closed = false;

  #quotedField(): void {
    const input = this.#input;
    const gather = this.#gather;
    const opened = this.#nextLine;
    input.take();
    for (;;) {
      const byte = input.take();
      if (byte < 0) {
        throw new StoreError('INPUT', `line ${opened}: the quote that is opened here is never closed`, {
          mend: 'close it, or double it if it belongs to the text',
        });
      }
      if (byte === QUOTE) {
        if (input.peek() !== QUOTE) break;
        input.take();
      }
      if (byte === LF) this.#nextLine++;
      gather.push(byte);
      this.#bounded();
    }
    this.#closed = true;
  }

  #bounded(): void {
    if (this.#gather.length <= RECORD_BYTES_MAX) return;
    throw new StoreError('INPUT', `line ${this.line}: the record is longer than ${RECORD_BYTES_MAX >> 20} MB`, {
      mend: 'a quote may not be closed, or the file may be no CSV',
    });
  }
}
