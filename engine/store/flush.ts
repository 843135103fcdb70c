/**
 * Turns a memtable into a table of level 0, and its large values into blob files where the family's
 * options say so (rocksdb-leveldb.md §9, §14).
 *
 * LevelDB writes every entry; RocksDB leaves out what no reader can see any more: a version that a
 * newer one of the same memtable hides, with no live snapshot between the two. Single deletions stay in
 * any case, because they count versions, and a merge hides nothing.
 */
import { StoreError } from '../base/errors.ts';
import { TableBuilder, type TableBuilderOptions, type TableSummary } from '../formats/block/tableBuilder.ts';
import { blobFileName, tableFileName } from '../formats/leveldb/names.ts';
import type { BlobFileAddition } from '../formats/leveldb/versionEdit.ts';
import { BlobWriter } from '../formats/rocksdb/blobWriter.ts';
import { type FileHandle, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { type Cursor, ValueType } from '../iter/cursor.ts';
import type { MemtableReader } from './memtable.ts';
import type { BlobStyle } from './tableStyle.ts';

export interface FlushJob {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly family: number;
  readonly memtable: MemtableReader;
  readonly extension: 'sst' | 'ldb';
  readonly table: number;
  readonly builder: TableBuilderOptions;
  readonly blobs: BlobStyle | undefined;
  /** RocksDB: hidden versions are left out. */
  readonly dropsHidden: boolean;
  /** Live snapshots, ascending. */
  readonly snapshots: readonly number[];
  /** A number for a new blob file; the caller keeps it from being removed. */
  allocate(): number;
}

export interface Flushed {
  readonly number: number;
  readonly summary: TableSummary;
  readonly blobAdditions: readonly BlobFileAddition[];
}

const NO_BYTES = new Uint8Array(0);

/** Bytes behind the value of an entry with a preferred sequence number (§4, type 0x18). */
const PREFERRED_BYTES = 8;

/** Writes and syncs the files, but not the directory. Files of a failed flush are removed as far as possible. */
export function flushMemtable(job: FlushJob): Flushed {
  const made: string[] = [];
  const open = (name: string): FileHandle => {
    const path = joinPath(job.directory, name);
    const file = job.fs.open(path, 'create');
    made.push(path);
    return file;
  };
  try {
    return writeTable(job, open);
  } catch (thrown) {
    for (const path of made) {
      try {
        job.fs.remove(path);
      } catch {
        // The next opening takes it away.
      }
    }
    throw thrown;
  }
}

function writeTable(job: FlushJob, open: (name: string) => FileHandle): Flushed {
  const file = open(tableFileName(job.table, job.extension));
  const blobs = job.blobs === undefined ? undefined : new BlobOutput(job, job.blobs, open);
  try {
    const builder = new TableBuilder(file, job.builder);
    const cursor = job.memtable.cursor();
    const hidden = job.dropsHidden ? new HiddenVersions(job.snapshots) : undefined;
    for (cursor.first(); cursor.valid; cursor.next()) {
      if (hidden?.hides(cursor) === true) continue;
      addEntry(builder, cursor, blobs);
    }
    cursor.close();
    for (const t of job.memtable.rangeTombstones) builder.addRangeTombstone(t.begin, t.end, t.seq);
    const summary = builder.finish();
    if (summary.entries === 0) throw new StoreError('INPUT', 'a memtable without entries cannot be flushed');
    const blobAdditions = blobs?.finish() ?? [];
    file.sync();
    return { number: job.table, summary, blobAdditions };
  } finally {
    file.close();
    blobs?.close();
  }
}

function addEntry(builder: TableBuilder, c: Cursor, blobs: BlobOutput | undefined): void {
  const { keyBuffer, keyStart, keyLength, sequence, valueBuffer, valueStart } = c;
  let { type, valueLength } = c;
  if (type === ValueType.valuePreferredSeqno && valueLength >= PREFERRED_BYTES) {
    // In a log the eight bytes are the time of writing, in a table a sequence number; a plain value says the same.
    type = ValueType.value;
    valueLength -= PREFERRED_BYTES;
  }
  if (blobs !== undefined && type === ValueType.value && valueLength >= blobs.minBytes) {
    const index = blobs.add(keyBuffer, keyStart, keyLength, valueBuffer, valueStart, valueLength);
    builder.stage(keyBuffer, keyStart, keyLength, sequence, ValueType.blobIndex, index, 0, index.length);
    return;
  }
  builder.stage(keyBuffer, keyStart, keyLength, sequence, type, valueBuffer, valueStart, valueLength);
}

/** Which versions of a key no reader can reach, told in the order of a walk. */
class HiddenVersions {
  readonly #snapshots: readonly number[];
  #key: Uint8Array = NO_BYTES;
  #keyStart = 0;
  #keyLength = -1;
  /** The newest version of the key that hides what is older; -1 if there is none yet. */
  #hiding = -1;

  constructor(snapshots: readonly number[]) {
    this.#snapshots = snapshots;
  }

  hides(c: Cursor): boolean {
    if (!this.#isSameKey(c)) {
      this.#key = c.keyBuffer;
      this.#keyStart = c.keyStart;
      this.#keyLength = c.keyLength;
      this.#hiding = -1;
    } else if (this.#hiding >= 0 && c.type !== ValueType.singleDeletion && !this.#seen(c.sequence, this.#hiding)) {
      return true;
    }
    switch (c.type) {
      case ValueType.value:
      case ValueType.deletion:
      case ValueType.blobIndex:
      case ValueType.wideColumnEntity:
        this.#hiding = c.sequence;
        break;
      default:
        // What a merge or single deletion leaves of older versions is not for a flush to say.
        this.#hiding = -1;
    }
    return false;
  }

  #isSameKey(c: Cursor): boolean {
    const n = c.keyLength;
    if (n !== this.#keyLength) return false;
    const a = this.#key;
    const b = c.keyBuffer;
    for (let i = 0; i < n; i++) if (a[this.#keyStart + i] !== b[c.keyStart + i]) return false;
    return true;
  }

  /** A live snapshot sees the older version, but not the newer one. */
  #seen(older: number, newer: number): boolean {
    const list = this.#snapshots;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list[middle] as number) < older) low = middle + 1;
      else high = middle;
    }
    return low < list.length && (list[low] as number) < newer;
  }
}

/** Blob files of one flush, cut at the size that the options give. */
class BlobOutput {
  readonly minBytes: number;
  readonly #job: FlushJob;
  readonly #style: BlobStyle;
  readonly #create: (name: string) => FileHandle;
  readonly #done: BlobFileAddition[] = [];
  #file: FileHandle | undefined;
  #writer: BlobWriter | undefined;

  constructor(job: FlushJob, style: BlobStyle, create: (name: string) => FileHandle) {
    this.minBytes = style.minBytes;
    this.#job = job;
    this.#style = style;
    this.#create = create;
  }

  add(
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): Uint8Array {
    if (this.#writer !== undefined && this.#writer.size >= this.#style.fileBytes) this.#end();
    if (this.#writer === undefined) {
      const number = this.#job.allocate();
      this.#file = this.#create(blobFileName(number));
      const { compression } = this.#style;
      this.#writer = new BlobWriter(this.#file, { number, family: this.#job.family, compression });
    }
    return this.#writer.add(key, keyStart, keyLength, value, valueStart, valueLength);
  }

  finish(): readonly BlobFileAddition[] {
    this.#end();
    return this.#done;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#writer = undefined;
  }

  #end(): void {
    if (this.#writer === undefined || this.#file === undefined) return;
    const { number, count, bytes } = this.#writer.finish();
    this.#file.sync();
    this.#done.push({ number, count, bytes, checksumMethod: '', checksum: NO_BYTES });
    this.close();
  }
}
