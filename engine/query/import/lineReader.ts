/** The lines of a text, as bytes. */
import { ByteGather, type ByteInput } from './byteInput.ts';

/** Bytes of one line, or of one CSV record, at most. */
export const RECORD_BYTES_MAX = 64 << 20;

const NEWLINE = 0x0a;

export class LineReader {
  /** Number of the line, counted from 1. */
  line = 0;
  /** The line is longer than RECORD_BYTES_MAX, and its bytes are cut off. */
  tooLong = false;
  readonly #input: ByteInput;
  readonly #gather = new ByteGather();

  constructor(input: ByteInput) {
    this.#input = input;
  }

  /** Without its end; valid until the next move. */
  get bytes(): Uint8Array {
    const { bytes, length } = this.#gather;
    return bytes.subarray(0, length > 0 && bytes[length - 1] === 0x0d ? length - 1 : length);
  }

  /** False at the end of the text. */
  next(): boolean {
    const gather = this.#gather;
    gather.length = 0;
    this.tooLong = false;
    if (this.#input.peek() < 0) return false;
    this.line++;
    for (;;) {
      const run = this.#input.run(NEWLINE);
      if (gather.length + run.length > RECORD_BYTES_MAX) this.tooLong = true;
      else gather.append(run);
      const byte = this.#input.peek();
      if (byte < 0) return true;
      if (byte === NEWLINE) {
        this.#input.take();
        return true;
      }
    }
  }
}
