/**
 * Writer of the log format that carries WALs and MANIFESTs (rocksdb-leveldb.md §2): blocks of 32 KiB,
 * records cut into fragments at their ends, each with checksum, length and type.
 *
 * A log is begun in a new file, or goes on in one that was read to its end and ends with a whole record:
 * what a crash left may end in a torn one, and readers drop whatever stands behind that (§14, "Safe
 * writing"). Records gather in memory until
 * `flush` hands them to the system, or `sync` makes them durable; a batch of records costs one write.
 */
import { writeU32 } from '../../base/bytes.ts';
import { crc32c, mask } from '../../base/crc32c.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { FileWriter } from '../block/fileWriter.ts';
import { LOG_BLOCK, LogType } from './logReader.ts';

const HEADER = 7;
const BUFFER_BYTES = 2 * LOG_BLOCK;

export class LogWriter {
  readonly #writer: FileWriter;

  /**
   * `file` is new and empty, and stays the caller's to close; or a log of `start` bytes that was read to its
   * end and ends with a whole record. Throws INPUT if it is of another length.
   */
  constructor(file: FileHandle, start = 0) {
    this.#writer = new FileWriter(file, BUFFER_BYTES, start);
  }

  /** Bytes of the log, those not yet flushed included. */
  get size(): number {
    return this.#writer.offset;
  }

  /** Adds one record: bytes[start, end). It may be empty. */
  append(record: Uint8Array, start = 0, end: number = record.length): void {
    const writer = this.#writer;
    let at = start;
    let first = true;
    for (;;) {
      const left = LOG_BLOCK - (writer.offset % LOG_BLOCK);
      if (left < HEADER) {
        // No header fits any more: the block's rest is zeros.
        const pad = writer.reserve(left);
        writer.bytes.fill(0, pad, pad + left);
        writer.commit(left);
        continue;
      }
      const n = Math.min(end - at, left - HEADER);
      const isLast = at + n === end;
      this.#fragment(
        isLast ? (first ? LogType.full : LogType.last) : first ? LogType.first : LogType.middle,
        record,
        at,
        n,
      );
      at += n;
      first = false;
      if (isLast) return;
    }
  }

  /** Hands all records to the system: they outlive this process, but not the machine's. */
  flush(): void {
    this.#writer.flush();
  }

  /** Makes all records durable. After a failure the log takes no more. */
  sync(): void {
    this.#writer.sync();
  }

  #fragment(type: number, record: Uint8Array, start: number, length: number): void {
    const writer = this.#writer;
    const at = writer.reserve(HEADER + length);
    const b = writer.bytes;
    b[at + 4] = length;
    b[at + 5] = length >>> 8;
    b[at + 6] = type;
    b.set(record.subarray(start, start + length), at + HEADER);
    writeU32(b, at, mask(crc32c(b, at + 6, at + HEADER + length)));
    writer.commit(HEADER + length);
  }
}
