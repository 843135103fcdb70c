/**
 * Blocks that the merge kernel cannot walk by itself, written anew in the plain layout: those with their
 * values in a section of their own, and those of ingested tables, whose sequence number stands elsewhere.
 */
import { writeU32 } from '../../../base/bytes.ts';
import { writeVarint } from '../../../base/varint.ts';
import { BlockCursor, type BlockDialect } from '../blockCursor.ts';

const HEADER_MAX = 15;
const TAG_BYTES = 8;

export class PlainBlock extends BlockCursor {
  /** Entries only, without restart points: bytes[0, length). */
  bytes: Uint8Array = new Uint8Array(8192);
  length = 0;

  /** Throws CORRUPT. `globalSequence`: what stands for 0, -1 for nothing. */
  rewrite(buffer: Uint8Array, start: number, length: number, dialect: BlockDialect, globalSequence: number): void {
    this.globalSequence = globalSequence;
    this.loadBlock(buffer, start, length, dialect);
    this.length = 0;
    for (let more = this.nextInBlock(); more; more = this.nextInBlock()) this.#add();
  }

  #add(): void {
    const { keyBuffer, keyStart, keyLength, valueBuffer, valueStart, valueLength } = this;
    const wanted = this.length + HEADER_MAX + keyLength + TAG_BYTES + valueLength;
    if (wanted > this.bytes.length) {
      const larger = new Uint8Array(2 * wanted);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    const b = this.bytes;
    let at = writeVarint(b, this.length, 0);
    at = writeVarint(b, at, keyLength + TAG_BYTES);
    at = writeVarint(b, at, valueLength);
    b.set(keyBuffer.subarray(keyStart, keyStart + keyLength), at);
    at += keyLength;
    const high = Math.floor(this.sequence / 0x100_0000);
    writeU32(b, at, (((this.sequence - high * 0x100_0000) << 8) | this.type) >>> 0);
    writeU32(b, at + 4, high);
    at += TAG_BYTES;
    b.set(valueBuffer.subarray(valueStart, valueStart + valueLength), at);
    this.length = at + valueLength;
  }
}
