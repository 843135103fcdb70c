/**
 * Fetches values that a memtable left in its log.
 *
 * From a plain log they are read where they stand: their checksums were verified by the replay. A
 * compressed log has to be unpacked record by record, and a recycled one may have been overwritten
 * since, so there whole records are read again, checked, and kept in a small cache.
 */
import { corrupt, type StoreError } from '../base/errors.ts';
import { LOG_BLOCK, LogReader, physicalOffset } from '../formats/leveldb/logReader.ts';
import { walFileName } from '../formats/leveldb/names.ts';
import { type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { LogValues } from './memtable.ts';

interface OpenLog {
  readonly file: FileHandle;
  readonly reader: LogReader;
}

/** Bytes that the kept records may hold together; the last one is kept in any case. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

export class WalValues implements LogValues {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #logs = new Map<number, OpenLog>();
  /** Least recently used first. */
  readonly #records = new Map<string, Uint8Array>();
  #cachedBytes = 0;

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
  }

  read(logNumber: number, recordOffset: number, offset: number, length: number): Uint8Array {
    const log = this.#open(logNumber);
    if (!log.reader.compressed && !log.reader.recyclable)
      return this.#direct(log, logNumber, recordOffset, offset, length);
    const record = this.#record(log, logNumber, recordOffset);
    if (offset + length > record.length) throw this.#changed(logNumber, recordOffset);
    return record.slice(offset, offset + length);
  }

  close(): void {
    this.#records.clear();
    this.#cachedBytes = 0;
    for (const { file } of this.#logs.values()) file.close();
    this.#logs.clear();
  }

  /** Reads a value block by block. */
  #direct(log: OpenLog, logNumber: number, recordOffset: number, offset: number, length: number): Uint8Array {
    const value = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = physicalOffset(recordOffset, offset + done, false);
      const n = Math.min(length - done, LOG_BLOCK - (at % LOG_BLOCK));
      if (log.file.readAt(value.subarray(done, done + n), at) < n) throw this.#changed(logNumber, recordOffset);
      done += n;
    }
    return value;
  }

  #record(log: OpenLog, number: number, offset: number): Uint8Array {
    const name = `${number}@${offset}`;
    const hit = this.#records.get(name);
    if (hit !== undefined) {
      this.#records.delete(name);
      this.#records.set(name, hit);
      return hit;
    }
    const { reader } = log;
    reader.seek(offset);
    if (!reader.next() || reader.recordOffset !== offset) throw this.#changed(number, offset);
    const record = reader.record.slice();
    this.#records.set(name, record);
    this.#cachedBytes += record.length;
    for (const [oldest, bytes] of this.#records) {
      if (this.#cachedBytes <= RECORD_BYTES_MAX || this.#records.size === 1) break;
      this.#records.delete(oldest);
      this.#cachedBytes -= bytes.length;
    }
    return record;
  }

  #open(log: number): OpenLog {
    const known = this.#logs.get(log);
    if (known !== undefined) return known;
    const name = walFileName(log);
    const file = this.#fs.open(joinPath(this.#directory, name), 'read');
    try {
      const reader = new LogReader(file, { logNumber: log, path: name });
      // The first record says whether the log is compressed.
      reader.next();
      const opened = { file, reader };
      this.#logs.set(log, opened);
      return opened;
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  #changed(log: number, offset: number): StoreError {
    return corrupt('the log has changed since it was replayed', {
      path: walFileName(log),
      offset,
      mend: 'refresh the store',
    });
  }
}
