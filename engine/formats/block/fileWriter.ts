/**
 * Bytes on their way to a new file: they gather in one buffer and go out in few large appends.
 *
 * `reserve` hands out room that the caller fills in place, so that a block is copied once. After a
 * failed append nobody knows what the file holds; the writer then refuses everything.
 */
import { StoreError } from '../../base/errors.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';

const BUFFER_BYTES = 256 << 10;

/** Memory in which bytes gather: bytes[start, start + length). */
export interface WriteBuffer {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
  /** Makes `length` at least `n`; what stands there may be lost. */
  grow(n: number): void;
}

class OwnBuffer implements WriteBuffer {
  bytes: Uint8Array;
  readonly start = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
  }

  get length(): number {
    return this.bytes.length;
  }

  grow(n: number): void {
    this.bytes = new Uint8Array(n);
  }
}

export class FileWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #buffer: WriteBuffer;
  #at = 0;
  #flushed = 0;
  #failed = false;

  /** `file` is new and holds `start` bytes, and stays the caller's. Throws INPUT if it holds something else. */
  constructor(file: FileHandle, buffer: number | WriteBuffer = BUFFER_BYTES, start = 0) {
    if (file.size() !== start) throw new StoreError('INPUT', 'a file to be written must be new', { path: file.path });
    this.#file = file;
    this.#flushed = start;
    this.path = file.path;
    this.#buffer = typeof buffer === 'number' ? new OwnBuffer(buffer) : buffer;
  }

  /** Valid between `reserve` and the next `reserve` or `flush`. */
  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  /** Bytes written so far: where the next ones will stand in the file. */
  get offset(): number {
    return this.#flushed + this.#at;
  }

  /** Makes room for `n` bytes and returns their place in `bytes`; `commit` takes them over. */
  reserve(n: number): number {
    const buffer = this.#buffer;
    if (this.#at + n > buffer.length) {
      this.flush();
      if (n > buffer.length) buffer.grow(n);
    }
    return buffer.start + this.#at;
  }

  commit(n: number): void {
    this.#at += n;
  }

  append(b: Uint8Array, start: number, end: number): void {
    const n = end - start;
    const at = this.reserve(n);
    this.bytes.set(start === 0 && end === b.length ? b : b.subarray(start, end), at);
    this.#at += n;
  }

  /** Hands everything to the file system; durable only after `sync`. */
  flush(): void {
    if (this.#failed) throw new StoreError('IO', 'an earlier write failed', { path: this.path });
    if (this.#at === 0) return;
    this.#failed = true;
    const { bytes, start } = this.#buffer;
    this.#file.append(bytes.subarray(start, start + this.#at));
    this.#failed = false;
    this.#flushed += this.#at;
    this.#at = 0;
  }

  sync(): void {
    this.flush();
    this.#failed = true;
    this.#file.sync();
    this.#failed = false;
  }
}
