/**
 * Appends version edits to a store's MANIFEST so that each is there whole or not at all
 * (rocksdb-leveldb.md §5, §14).
 *
 * 1. The MANIFEST is read to its end first. If its last record ends where the file does, edits are
 *    appended to it and synced: nothing that stands in it is touched, not even tags that are not known.
 * 2. Behind a torn tail nothing may be appended. A new MANIFEST then takes the old records as they are,
 *    byte for byte, and the new edit, is synced, and CURRENT is made to name it: a temporary file,
 *    synced, renamed over CURRENT, and the directory synced.
 * 3. An append that failed may still have reached the disk. A new MANIFEST without the edit settles
 *    it; if that fails too, nobody knows what the store holds until it is opened again: `uncertain`.
 */
import { utf8 } from '../base/bytes.ts';
import { StoreError, toStoreError } from '../base/errors.ts';
import { LogReader } from '../formats/leveldb/logReader.ts';
import { LogWriter } from '../formats/leveldb/logWriter.ts';
import type { EditDecoder } from '../formats/leveldb/manifest.ts';
import { manifestFileName, tempFileName } from '../formats/leveldb/names.ts';
import { type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { readCurrent } from './snapshot.ts';

/** Makes the records of an edit; called once, after all file numbers were given out. */
export type Records = () => readonly Uint8Array[];

/** More than any edit takes: what stands before was synced by the edit that came after it. */
const TAIL_BYTES = 1 << 20;

interface Scan {
  readonly clean: boolean;
  /** The file's length, and where its last whole record ends. */
  readonly size: number;
  readonly end: number;
  /** A WAL was ever named in it. */
  readonly tracksWals: boolean;
}

function scanManifest(fs: FileSystem, directory: string, name: string, decode: EditDecoder): Scan {
  const file = fs.open(joinPath(directory, name), 'read');
  try {
    const log = new LogReader(file, { path: name });
    let tracksWals = false;
    let openGroup = false;
    while (log.next()) {
      const edit = decode(log.record);
      tracksWals ||= edit.walAdditions.length > 0;
      openGroup = (edit.remainingInGroup ?? 0) > 0;
    }
    if (log.ended === 'corrupt') throw new StoreError('CORRUPT', 'the MANIFEST is damaged', { path: name });
    // Zeros behind the last record are preallocation that was not given back.
    const clean = log.ended === 'eof' && log.endOffset === log.size && !openGroup;
    return { clean, size: log.size, end: log.endOffset, tracksWals };
  } finally {
    file.close();
  }
}

/** Makes CURRENT name a MANIFEST, durably. */
export function setCurrent(fs: FileSystem, directory: string, number: number): void {
  const temporary = joinPath(directory, tempFileName(number));
  const file = fs.open(temporary, 'create');
  try {
    file.append(utf8(`${manifestFileName(number)}\n`));
    file.sync();
  } finally {
    file.close();
  }
  fs.rename(temporary, joinPath(directory, 'CURRENT'));
  fs.syncDir(directory);
}

export class ManifestWriter {
  /** Name of the file that CURRENT names. */
  file: string;
  /** RocksDB: WALs are named in it, and have to be taken out when they are removed. */
  readonly tracksWals: boolean;
  /** Nobody knows whether the edit that failed last is in force. */
  uncertain = false;
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #decode: EditDecoder;
  #clean: boolean;
  #size: number;
  #handle: FileHandle | undefined;
  #log: LogWriter | undefined;

  /** Throws CORRUPT if the MANIFEST cannot be read to its end. */
  constructor(fs: FileSystem, directory: string, file: string, decode: EditDecoder) {
    this.#fs = fs;
    this.#directory = directory;
    this.#decode = decode;
    this.file = file;
    const scan = scanManifest(fs, directory, file, decode);
    this.tracksWals = scan.tracksWals;
    this.#clean = scan.clean;
    this.#size = scan.size;
  }

  /**
   * Makes an edit durable. `allocate` gives a file number should a new MANIFEST be needed; `counters` is
   * a record that holds nothing but the next file number. After a throw the edit is not in force, unless
   * `uncertain` says so.
   */
  commit(records: Records, allocate: () => number, counters: () => Uint8Array): void {
    if (this.uncertain) throw new StoreError('IO', 'an earlier change of the MANIFEST failed', { path: this.file });
    if (!this.#clean) {
      this.#replace(allocate(), records);
      return;
    }
    try {
      const log = this.#open();
      for (const record of records()) log.append(record);
      log.sync();
      this.#size = log.size;
    } catch (thrown) {
      const failure = toStoreError(thrown, { path: this.file });
      this.#close();
      this.#settle(allocate, counters);
      throw failure;
    }
  }

  /**
   * Makes durable what was read of it: a process that died between writing and syncing an edit leaves one that
   * everybody sees, and that a crash can still take back. Nothing may be removed on its word before.
   */
  confirm(): void {
    this.#fs.rewriteTail(joinPath(this.#directory, this.file), Math.max(0, this.#size - TAIL_BYTES));
    this.#fs.syncDir(this.#directory);
  }

  close(): void {
    this.#close();
  }

  #open(): LogWriter {
    if (this.#log === undefined) {
      this.#handle = this.#fs.open(joinPath(this.#directory, this.file), 'append');
      this.#log = new LogWriter(this.#handle, this.#size);
    }
    return this.#log;
  }

  #close(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#log = undefined;
    try {
      handle?.close();
    } catch {
      // Everything that matters was synced before.
    }
  }

  /** After a failed append: a MANIFEST that is known not to hold the edit. */
  #settle(allocate: () => number, counters: () => Uint8Array): void {
    try {
      this.#replace(allocate(), () => [counters()]);
    } catch {
      this.uncertain = true;
    }
  }

  /** A new MANIFEST: the old records up to `#size`, and more. */
  #replace(number: number, records: Records): void {
    const name = manifestFileName(number);
    const before = this.file;
    let swapping = false;
    try {
      const size = this.#copyTo(name, records);
      swapping = true;
      setCurrent(this.#fs, this.#directory, number);
      this.file = name;
      this.#size = size;
      this.#clean = true;
    } catch (thrown) {
      const failure = toStoreError(thrown, { path: name });
      if (!swapping || this.#stillNames(before)) {
        this.#removeQuietly(name);
        throw failure;
      }
      // CURRENT names the new file, and only its durability is in doubt.
      try {
        this.#fs.syncDir(this.#directory);
        this.file = name;
        this.#size = this.#fs.stat(joinPath(this.#directory, name)).size;
        this.#clean = true;
      } catch {
        this.uncertain = true;
        throw failure;
      }
    }
  }

  #copyTo(name: string, records: Records): number {
    this.#close();
    const from = this.#fs.open(joinPath(this.#directory, this.file), 'read');
    try {
      const into = this.#fs.open(joinPath(this.#directory, name), 'create');
      try {
        const log = new LogWriter(into);
        const reader = new LogReader(from, { path: this.file });
        let group: Uint8Array[] = [];
        // What a failed append may have left stands behind `#size`.
        while (reader.next() && reader.endOffset <= this.#size) {
          const left = this.#decode(reader.record).remainingInGroup ?? 0;
          group.push(reader.record.slice());
          if (left > 0) continue;
          for (const record of group) log.append(record);
          group = [];
        }
        for (const record of records()) log.append(record);
        log.sync();
        this.#fs.syncDir(this.#directory);
        return log.size;
      } finally {
        into.close();
      }
    } finally {
      from.close();
    }
  }

  #stillNames(name: string): boolean {
    try {
      return readCurrent(this.#fs, this.#directory) === name;
    } catch {
      return false;
    }
  }

  #removeQuietly(name: string): void {
    try {
      this.#fs.remove(joinPath(this.#directory, name));
    } catch {
      // The next opening takes it away.
    }
  }
}
