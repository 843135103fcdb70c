/** The blob files of a store, opened as they are asked for; a bounded number stays open. */
import { corrupt, StoreError, unsupported } from '../../base/errors.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { blobFileName } from '../leveldb/names.ts';
import { BlobFile, decodeBlobIndex } from './blob.ts';

const OPEN_FILES_MAX = 64;

export class BlobFiles {
  readonly #fs: FileSystem;
  readonly #directory: string;
  /** Least recently used first. */
  readonly #open = new Map<number, BlobFile>();

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
  }

  /** The value that the blob index `value` of `key` refers to; a copy. Throws StoreError. */
  get(value: Uint8Array, key: Uint8Array): Uint8Array {
    const index = decodeBlobIndex(value);
    if (index.kind === 'inlined') return index.value.slice();
    if (index.file === 0) throw unsupported('blob stored in the same file as its table');
    return this.file(index.file).get(index, key);
  }

  /** The open blob file; it belongs to this object. */
  file(number: number): BlobFile {
    const known = this.#open.get(number);
    if (known !== undefined) {
      this.#open.delete(number);
      this.#open.set(number, known);
      return known;
    }
    const name = blobFileName(number);
    const opened = this.#openFile(name);
    this.#open.set(number, opened);
    for (const [oldest, file] of this.#open) {
      if (this.#open.size <= OPEN_FILES_MAX) break;
      this.#open.delete(oldest);
      file.close();
    }
    return opened;
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  #openFile(name: string): BlobFile {
    try {
      const handle = this.#fs.open(joinPath(this.#directory, name), 'read');
      try {
        return new BlobFile(handle, name);
      } catch (thrown) {
        handle.close();
        throw thrown;
      }
    } catch (thrown) {
      if (thrown instanceof StoreError && thrown.code === 'NOT_FOUND') {
        throw corrupt('blob file is missing', { path: name });
      }
      throw thrown;
    }
  }
}
