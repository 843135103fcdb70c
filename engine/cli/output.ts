/** Standard output as one growing buffer that is written when full; a closed pipe ends the program quietly. */
import { writeSync } from 'node:fs';

const FLUSH_BYTES = 128 << 10;
const HEX_UPPER = new Uint16Array(256);
const DIGITS = '0123456789ABCDEF';
for (let i = 0; i < 256; i++) {
  HEX_UPPER[i] = DIGITS.charCodeAt(i >>> 4) | (DIGITS.charCodeAt(i & 15) << 8);
}

const encoder = new TextEncoder();
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The reader of our output is gone: there is nobody left to write for. */
export class ClosedPipe extends Error {}

export class Output {
  #buffer = new Uint8Array(FLUSH_BYTES + 65_536);
  #used = 0;
  readonly #fd: number;

  constructor(fd = 1) {
    this.#fd = fd;
  }

  /** Makes room for `n` more bytes. */
  #room(n: number): void {
    if (this.#used + n <= this.#buffer.length) return;
    this.flush();
    if (n > this.#buffer.length) this.#buffer = new Uint8Array(n);
  }

  text(s: string): void {
    this.#room(s.length * 3);
    this.#used += encoder.encodeInto(s, this.#buffer.subarray(this.#used)).written;
    if (this.#used >= FLUSH_BYTES) this.flush();
  }

  bytes(b: Uint8Array, start: number, length: number): void {
    this.#room(length);
    this.#buffer.set(b.subarray(start, start + length), this.#used);
    this.#used += length;
    if (this.#used >= FLUSH_BYTES) this.flush();
  }

  /** `0xKEY : 0xVALUE` and a newline, in upper-case hex: the line of `ldb scan --hex`. */
  hexLine(k: Uint8Array, ks: number, kl: number, v: Uint8Array, vs: number, vl: number): void {
    this.#room((kl + vl) * 2 + 8);
    this.#hex(k, ks, kl);
    const b = this.#buffer;
    let u = this.#used;
    b[u++] = 0x20;
    b[u++] = 0x3a;
    b[u++] = 0x20;
    this.#used = u;
    this.#hex(v, vs, vl);
    this.newline();
  }

  /** `0x` and upper-case digits. */
  hex(b: Uint8Array, start: number, length: number): void {
    this.#room(length * 2 + 2);
    this.#hex(b, start, length);
  }

  newline(): void {
    this.#room(1);
    this.#buffer[this.#used++] = 0x0a;
    if (this.#used >= FLUSH_BYTES) this.flush();
  }

  flush(): void {
    const end = this.#used;
    this.#used = 0;
    for (let at = 0; at < end; ) {
      try {
        at += writeSync(this.#fd, this.#buffer, at, end - at);
      } catch (thrown) {
        const { code } = thrown as NodeJS.ErrnoException;
        if (code === 'EPIPE') throw new ClosedPipe();
        if (code !== 'EAGAIN') throw thrown;
        // The pipe is full and does not block: give its reader a moment.
        Atomics.wait(pause, 0, 0, 1);
      }
    }
  }

  #hex(b: Uint8Array, start: number, length: number): void {
    const out = this.#buffer;
    let u = this.#used;
    out[u++] = 0x30;
    out[u++] = 0x78;
    for (let i = start, end = start + length; i < end; i++) {
      const pair = HEX_UPPER[b[i] as number] as number;
      out[u++] = pair;
      out[u++] = pair >>> 8;
    }
    this.#used = u;
  }
}
