/** The blob files of a store, opened as they are asked for; a bounded number stays open. */
import { corrupt, StoreError, unsupported } from '../../base/errors.ts';
import { type FileHandle, type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { blobFileName } from '../leveldb/names.ts';
import { BlobFile, decodeBlobIndex } from './blob.ts';

const OPEN_FILES_MAX = 64;
/** Where the older, stacked BlobDB keeps its blob files, unless it is told another name. */
export const STACKED_DIRECTORY = 'blob_dir';
const BESIDE: ReadonlyMap<string, string> = new Map();

export class BlobFiles {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #places: ReadonlyMap<string, string>;
  /** Least recently used first. */
  readonly #open = new Map<number, BlobFile>();

  /** `places`: where files lie that are not in the directory, as seen from there, by name. */
  constructor(fs: FileSystem, directory: string, places = BESIDE) {
    this.#fs = fs;
    this.#directory = directory;
    this.#places = places;
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

  #openFile(plain: string): BlobFile {
    const name = this.#places.get(plain) ?? plain;
    const found = this.#openAt(name) ?? this.#openAt(`${STACKED_DIRECTORY}/${plain}`);
    if (found === undefined) throw corrupt('blob file is missing', { path: name });
    return found;
  }

  /** Undefined where there is no such file. */
  #openAt(name: string): BlobFile | undefined {
    let handle: FileHandle;
    try {
      handle = this.#fs.open(joinPath(this.#directory, name), 'read');
    } catch (thrown) {
      if (thrown instanceof StoreError && thrown.code === 'NOT_FOUND') return undefined;
      throw thrown;
    }
    try {
      return new BlobFile(handle, name);
    } catch (thrown) {
      handle.close();
      throw thrown;
    }
  }
}
