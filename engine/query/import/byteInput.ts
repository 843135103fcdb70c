/** A file's bytes one after the other, through one buffer. A byte order mark of UTF-8 is skipped. */
import { StoreError } from '../../base/errors.ts';

/** Fills `into` from its beginning with the bytes that come next; 0 at the end. */
export type ReadBytes = (into: Uint8Array) => number;

const BUFFER_BYTES = 256 << 10;

export class ByteInput {
  readonly #read: ReadBytes;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #at = 0;
  #end = 0;
  /** Bytes before the buffer. */
  #before = 0;

  /** Throws INPUT where the bytes are UTF-16. */
  constructor(read: ReadBytes) {
    this.#read = read;
    this.#fill();
    const [a, b, c] = this.#buffer;
    if (this.#end >= 2 && ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))) {
      throw new StoreError('INPUT', 'the file is UTF-16', { mend: 'save it as UTF-8' });
    }
    if (this.#end >= 3 && a === 0xef && b === 0xbb && c === 0xbf) this.#at = 3;
  }

  /** Bytes that were taken. */
  get offset(): number {
    return this.#before + this.#at;
  }

  /** The next byte; -1 at the end. */
  take(): number {
    if (this.#at === this.#end && !this.#fill()) return -1;
    return this.#buffer[this.#at++] as number;
  }

  /** The next byte, which stays the next one; -1 at the end. */
  peek(): number {
    if (this.#at === this.#end && !this.#fill()) return -1;
    return this.#buffer[this.#at] as number;
  }

  /** Takes bytes up to, but without, the next `stop`, at most as many as the buffer holds; a view until the next move. */
  run(stop: number): Uint8Array {
    if (this.#at === this.#end && !this.#fill()) return this.#buffer.subarray(0, 0);
    const found = this.#buffer.subarray(0, this.#end).indexOf(stop, this.#at);
    const from = this.#at;
    this.#at = found < 0 ? this.#end : found;
    return this.#buffer.subarray(from, this.#at);
  }

  #fill(): boolean {
    this.#before += this.#end;
    this.#at = 0;
    this.#end = this.#read(this.#buffer);
    return this.#end > 0;
  }
}

/** Bytes that are gathered; grows up to a limit. */
export class ByteGather {
  bytes = new Uint8Array(4096);
  length = 0;

  push(byte: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + 1);
    this.bytes[this.length++] = byte;
  }

  append(run: Uint8Array): void {
    if (this.length + run.length > this.bytes.length) this.#grow(this.length + run.length);
    this.bytes.set(run, this.length);
    this.length += run.length;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }
}
