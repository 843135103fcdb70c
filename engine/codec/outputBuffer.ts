import { StoreError } from '../base/errors.ts';

/** Where decompressed blocks go: one buffer, used again for every block. */
export class OutputBuffer {
  bytes: Uint8Array;

  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `n` bytes; what was there is lost if the buffer has to grow. */
  reserve(n: number): void {
    if (n <= this.bytes.length) return;
    try {
      this.bytes = new Uint8Array(Math.max(n, Math.min(2 * this.bytes.length, 1 << 20)));
    } catch {
      throw new StoreError('IO', `not enough memory for a block of ${n} bytes`);
    }
  }
}
