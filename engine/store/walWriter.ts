/**
 * The write-ahead log of a store that is open for writing (rocksdb-leveldb.md §2, §14): a new file a
 * session, to which whole records are appended.
 *
 * `flush` hands what was appended to the system, so that it outlives the process; `sync` makes it
 * outlive the machine, the first time with the file's name in the directory.
 */
import { LogWriter } from '../formats/leveldb/logWriter.ts';
import { walFileName } from '../formats/leveldb/names.ts';
import { type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';

export class WalWriter {
  readonly number: number;
  /** Batches appended. */
  records = 0;
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #file: FileHandle;
  readonly #log: LogWriter;
  #named = false;
  #syncedBytes = 0;

  /** Creates the file. Throws StoreError. */
  constructor(fs: FileSystem, directory: string, number: number) {
    this.number = number;
    this.#fs = fs;
    this.#directory = directory;
    this.#file = fs.open(joinPath(directory, walFileName(number)), 'create');
    this.#log = new LogWriter(this.#file);
  }

  get size(): number {
    return this.#log.size;
  }

  append(record: Uint8Array): void {
    this.#log.append(record);
    this.records++;
  }

  flush(): void {
    this.#log.flush();
  }

  /** Everything appended is durable afterwards. */
  sync(): void {
    if (this.#named && this.#syncedBytes === this.#log.size) return;
    this.#log.sync();
    if (!this.#named) this.#fs.syncDir(this.#directory);
    this.#named = true;
    this.#syncedBytes = this.#log.size;
  }

  close(): void {
    this.#file.close();
  }
}
