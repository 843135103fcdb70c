/**
 * The write-ahead logs that an open store depends on: which there are, which of them are durable, and from
 * which on a memtable still needs them.
 */
import { walFileName } from '../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { LiveWal } from './recovery.ts';
import type { ReplayResult } from './walReplay.ts';
import { WalWriter } from './walWriter.ts';

export class LiveLogs {
  /** The number that the next log will have, or that the open one has. */
  number: number;
  readonly #fs: FileSystem;
  readonly #directory: string;
  /** Logs of earlier sessions and of this one, ascending; the open one is not among them. */
  #done: LiveWal[];
  #open: WalWriter | undefined;
  /** Logs of earlier sessions that were not synced by us yet. */
  #unsynced: number[] = [];
  /** Per family: the log that holds the oldest entry of its memtable. */
  readonly #oldestOf = new Map<number, number>();

  /** `found`: the logs of earlier sessions, ascending; `number`: of the first log of this one. */
  constructor(fs: FileSystem, directory: string, number: number, found: readonly LiveWal[]) {
    this.#fs = fs;
    this.#directory = directory;
    this.number = number;
    this.#done = found.map((f) => ({ number: f.number, bytes: f.bytes, records: f.records }));
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#done.reduce((sum, w) => sum + w.bytes, this.#open?.size ?? 0);
  }

  /** The oldest log that a memtable still depends on, or the one to be written next. */
  get oldest(): number {
    return Math.min(this.number, ...this.#oldestOf.values());
  }

  /** As `oldest`, with only those families whose memtables stay; Infinity if no log is needed. */
  oldestFor(stays: (family: number) => boolean): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#oldestOf].filter(([id]) => stays(id)).map(([, n]) => n));
  }

  /** The logs found stay in use, for memtables of these families. */
  adopt(families: Iterable<number>): void {
    const [first] = this.#done;
    if (first !== undefined) for (const id of families) this.#oldestOf.set(id, first.number);
    this.#unsynced = this.#done.map((w) => w.number);
  }

  /** Nothing depends on the logs found any more. */
  forgetFound(): void {
    this.#done = [];
  }

  /** A family's memtable gets its first entry. */
  begin(family: number): void {
    this.#oldestOf.set(family, this.number);
  }

  /** A family's entries are in tables. */
  end(family: number): void {
    this.#oldestOf.delete(family);
  }

  /** The log that is written to; made if there is none yet. */
  current(): WalWriter {
    this.#open ??= new WalWriter(this.#fs, this.#directory, this.number);
    return this.#open;
  }

  /** A write is durable only with everything before it, which may stand in older logs. */
  sync(): void {
    for (const number of this.#unsynced) this.#fs.rewriteTail(joinPath(this.#directory, walFileName(number)), 0);
    this.#unsynced = [];
    this.#open?.sync();
  }

  /** What is written from here on goes to a log of this number. */
  rotate(number: number): void {
    const old = this.#open;
    if (old !== undefined) {
      this.#done.push({ number: old.number, bytes: old.size, records: old.records });
      this.#open = undefined;
      try {
        old.close();
      } catch {
        // What counts of it was synced.
      }
    }
    this.number = number;
  }

  /** Names of the logs that nobody needs any more; from here on they are not among the live ones. */
  takeRetired(): readonly string[] {
    const { oldest } = this;
    const retired = this.#done.filter((w) => w.number < oldest);
    this.#done = this.#done.filter((w) => w.number >= oldest);
    this.#unsynced = this.#unsynced.filter((n) => n >= oldest);
    return retired.map((w) => walFileName(w.number));
  }

  /** As a replay of them would tell. */
  info(): ReplayResult['files'] {
    const open = this.#open;
    const all =
      open === undefined
        ? this.#done
        : [...this.#done, { number: open.number, bytes: open.size, records: open.records }];
    return all.map((w) => ({
      file: walFileName(w.number),
      number: w.number,
      bytes: w.bytes,
      records: w.records,
      ended: 'eof' as const,
      usedBytes: w.bytes,
      applied: true,
      compressed: false,
      recycled: false,
    }));
  }

  close(): void {
    this.#open?.close();
  }
}
