/**
 * The tables that a compaction writes. A table is cut between two user keys only, never between versions
 * of one; each is synced before the next begins, so that a commit waits for no more than the last.
 */
import type { BlockMachine } from '../../formats/block/kernel/machine.ts';
import { TableBuilder, type TableBuilderOptions, type TableSummary } from '../../formats/block/tableBuilder.ts';
import type { FileHandle, FileSystem } from '../../fs/fileSystem.ts';
import { ValueType } from '../../iter/cursor.ts';
import type { Grandparents } from './grandparents.ts';
import type { EntrySink } from './mergeFilter.ts';
import type { TombstoneOutput } from './tombstoneOutput.ts';

/** A place for the next table. */
export interface OutputPlace {
  readonly number: number;
  readonly path: string;
  readonly options: TableBuilderOptions;
}

export interface OutputTable {
  readonly number: number;
  readonly path: string;
  readonly summary: TableSummary;
}

/** An output as it grows: bytes of data blocks until it is finished, then of the file. */
export interface LiveOutput {
  readonly number: number;
  readonly bytes: number;
  /** User keys so far, cut at `LIVE_KEY_BYTES`. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/** Outputs that progress tells of at the most: the newest. */
export const LIVE_OUTPUTS_MAX = 64;
/** More of a key than any picture of it shows. */
export const LIVE_KEY_BYTES = 1024;

export interface OutputLimits {
  /** Size in bytes at which a table is cut. */
  readonly maxBytes: number;
  readonly grandparents: Grandparents;
}

/** A table is synced every so many bytes, so that no single step takes long. */
const SYNC_BYTES = 16 << 20;

export class Outputs implements EntrySink {
  readonly tables: OutputTable[] = [];
  /** Of the newest of `tables`. */
  #live: LiveOutput[] = [];
  readonly #fs: FileSystem;
  readonly #place: () => OutputPlace;
  readonly #limits: OutputLimits;
  readonly #tombstones: TombstoneOutput;
  readonly #blobFiles: ((value: Uint8Array, start: number, length: number, builder: TableBuilder) => void) | undefined;
  #open: { readonly place: OutputPlace; readonly file: FileHandle; readonly builder: TableBuilder } | undefined;
  #builder: TableBuilder | undefined;
  /** First user key that the open table, or the next, may hold; undefined: the smallest there is. */
  #from: Uint8Array | undefined;
  readonly #to: Uint8Array | undefined;
  readonly #machine: BlockMachine | undefined;
  #bytesDone = 0;
  /** Size of the open table at which it is synced next. */
  #syncAt = SYNC_BYTES;

  /**
   * `place` gives each table its number; `from` and `to` bound the range of the job. `entityBlobs` notes
   * the blob files that an entity refers to. `machine` is where tables are built, and where batches come from.
   */
  constructor(
    fs: FileSystem,
    place: () => OutputPlace,
    limits: OutputLimits,
    tombstones: TombstoneOutput,
    range: { readonly from?: Uint8Array | undefined; readonly to?: Uint8Array | undefined } = {},
    entityBlobs?: (value: Uint8Array, start: number, length: number, builder: TableBuilder) => void,
    machine?: BlockMachine,
  ) {
    this.#fs = fs;
    this.#place = place;
    this.#limits = limits;
    this.#tombstones = tombstones;
    this.#from = range.from;
    this.#to = range.to;
    this.#blobFiles = entityBlobs;
    this.#machine = machine;
  }

  /** Bytes written so far, about. */
  get bytes(): number {
    return this.#bytesDone + this.#openBytes;
  }

  /** Tables so far in key order, the newest `LIVE_OUTPUTS_MAX` of them; the one under way is the last. */
  live(): readonly LiveOutput[] {
    const open = this.#open;
    const span = this.#builder?.keySpan(LIVE_KEY_BYTES);
    if (open === undefined || span === undefined) return this.#live;
    return [...this.#live.slice(1 - LIVE_OUTPUTS_MAX), { number: open.place.number, bytes: this.#openBytes, ...span }];
  }

  get #openBytes(): number {
    return this.#builder?.dataBytes ?? 0;
  }

  add(
    newKey: boolean,
    keyBuffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    sequence: number,
    type: number,
    valueBuffer: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    let builder = this.#builder;
    if (newKey) {
      const far = this.#limits.grandparents.cutBefore(keyBuffer, keyStart, keyLength);
      if (builder !== undefined && (far || builder.dataBytes >= this.#limits.maxBytes)) {
        this.#finish(keyBuffer.slice(keyStart, keyStart + keyLength));
        builder = undefined;
      }
    }
    builder ??= this.#begin();
    if (builder.dataBytes >= this.#syncAt) this.#syncPart();
    builder.add(keyBuffer, keyStart, keyLength, sequence, type, valueBuffer, valueStart, valueLength);
    if (type === ValueType.wideColumnEntity) this.#blobFiles?.(valueBuffer, valueStart, valueLength, builder);
  }

  /** Up to this user key `addBatch` may take what comes; undefined: to the end. */
  get batchUntil(): Uint8Array | undefined {
    return this.#limits.grandparents.until;
  }

  /** Adds the batch of the machine: `count` puts, each with a user key of its own, up to `batchUntil`. */
  addBatch(machine: BlockMachine, count: number): void {
    const { grandparents, maxBytes } = this.#limits;
    if (count > 0 && grandparents.until !== undefined) {
      const key = machine.keyOf(0);
      // No more than one: behind the first key nothing changes before `batchUntil`.
      if (grandparents.cutBefore(key, 0, key.length) && this.#builder !== undefined) this.#finish(key);
    }
    for (let i = 0; i < count; ) {
      let builder = this.#builder;
      if (builder !== undefined && builder.dataBytes >= maxBytes) {
        this.#finish(machine.keyOf(i));
        builder = undefined;
      }
      builder ??= this.#begin();
      if (builder.dataBytes >= this.#syncAt) this.#syncPart();
      i = builder.addBatch(i, count, maxBytes);
    }
  }

  /** Ends the last table; range deletions without any points around them get one of their own. */
  finish(): readonly OutputTable[] {
    if (this.#builder === undefined && this.#tombstones.anyIn(this.#from, this.#to)) this.#begin();
    if (this.#builder !== undefined) this.#finish(this.#to);
    return this.tables;
  }

  /** Removes everything that was written. Never throws. */
  abort(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#builder = undefined;
    const paths = this.tables.map((t) => t.path);
    if (open !== undefined) {
      paths.push(open.place.path);
      quietly(() => open.file.close());
    }
    for (const path of paths) quietly(() => this.#fs.remove(path));
  }

  /** What is on the disk already does not have to be waited for at the end. */
  #syncPart(): void {
    this.#open?.file.sync();
    this.#syncAt += SYNC_BYTES;
  }

  #begin(): TableBuilder {
    this.#syncAt = SYNC_BYTES;
    const place = this.#place();
    const file = this.#fs.open(place.path, 'create');
    try {
      const builder = new TableBuilder(file, place.options, this.#machine);
      this.#open = { place, file, builder };
      this.#builder = builder;
      return builder;
    } catch (thrown) {
      quietly(() => file.close());
      quietly(() => this.#fs.remove(place.path));
      throw thrown;
    }
  }

  #finish(to: Uint8Array | undefined): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#tombstones.addTo(open.builder, this.#from, to);
    this.#from = to;
    const summary = open.builder.finish();
    this.#builder = undefined;
    open.file.sync();
    // The handle is closed before the table counts as done: what fails from here on still finds its path.
    this.#open = undefined;
    this.tables.push({ number: open.place.number, path: open.place.path, summary });
    open.file.close();
    this.#bytesDone += summary.bytes;
    this.#live = [...this.#live.slice(1 - LIVE_OUTPUTS_MAX), finishedOutput(open.place.number, summary)];
  }
}

/** A table that is done, as `Outputs.live` tells of it. */
export function finishedOutput(number: number, { bytes, smallest, largest }: TableSummary): LiveOutput {
  const userKey = (key: Uint8Array): Uint8Array => key.slice(0, Math.min(Math.max(0, key.length - 8), LIVE_KEY_BYTES));
  return { number, bytes, smallest: userKey(smallest), largest: userKey(largest) };
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // What cannot be removed is found as an obsolete file when the store is opened next.
  }
}
