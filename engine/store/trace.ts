/**
 * What a get tells of its way, and the recorder that writes it down. A get without a sink pays for none
 * of this but a test for its absence in each table.
 */
import type { Clock } from '../base/entropy.ts';
import type { Problem } from '../base/errors.ts';
import type { TableFilter } from '../formats/block/filter/tableFilter.ts';
import type { LookupTrace } from '../formats/block/pointReader.ts';
import type { TableReader } from '../formats/block/tableReader.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { RangeTombstone } from '../iter/rangeTombstones.ts';
import type { Covering, Version } from '../iter/resolve.ts';
import type { BlockStep, FilterStep, IndexStep, SkippedTables } from '../model/readPath.ts';
import type { TableInfo } from '../model/tree.ts';
import { compressionOf, filterKeysOf, filterNoteOf, filterStep } from './traceFacts.ts';

export interface TraceSink extends LookupTrace {
  /** The search turns to what is in the logs. */
  memtable(): void;
  /** The search turns to a table. */
  table(info: TableInfo): void;
  opened(table: TableReader): void;
  /** Tables of a level whose bounds leave the key out: `count` of them, `first` in the level's order. */
  outOfRange(level: number, count: number, first: readonly TableInfo[]): void;
  /** All range deletions of the current place. */
  tombstones(list: readonly RangeTombstone[]): void;
  version(v: Version): void;
  /** The table holds the key, but only above the sequence number that was asked for. */
  newerOnly(): void;
  /** `whole`: nothing more is read of the current place. */
  damaged(problem: Problem, whole: boolean): void;
  /** The current place has answered; what follows is not part of the get. */
  answered(): void;
  /** An unknown comparator: every entry is looked at, and the current one stands in this table (0: the logs). */
  walking(table: number): void;
  /** The same versions; tells which of them the answer was made of. */
  considering(versions: Iterable<Version>): Iterable<Version>;
  /** The same range deletions; tells what they said of the version considered. */
  watching(tombstones: Covering | undefined): Covering | undefined;
}

/** How much a level's list of skipped tables holds. */
export const SKIPPED_NAMED_MAX = 8;

/** One place of the search, as it was met; explain.ts makes a `ReadStep` of it. */
export interface Recorded {
  /** Undefined for the memtable. */
  readonly info: TableInfo | undefined;
  filter: FilterStep | null;
  /** Why a filter that the table has was not asked. */
  filterNote: string;
  /** Keys in the filter, as far as the table says. */
  filterKeys: number | undefined;
  index: IndexStep | null;
  /** The key is behind the table's last data block. */
  behind: boolean;
  readonly blocks: BlockStep[];
  readonly versions: Version[];
  rangeDeletion: RangeTombstone | undefined;
  newerOnly: boolean;
  problem: Problem | undefined;
  damaged: boolean;
  micros: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Milliseconds as microseconds, to the nanosecond: clocks give more digits than they know. */
export function microsOf(millis: number): number {
  return Math.round(millis * 1e6) / 1000;
}

export class Recorder implements TraceSink {
  readonly steps: Recorded[] = [];
  readonly skipped: SkippedTables[] = [];
  /** Sequence number of the range deletion that hides a version, by version. */
  readonly hiddenBy = new Map<Version, number>();
  /** The version that the resolver looked at last; undefined if there was none. */
  last: Version | undefined;
  /** The resolver wanted older versions, and there are none. */
  exhausted = false;
  /** Every entry was compared, since the order of keys is not known. */
  walked = false;
  readonly #key: Uint8Array;
  readonly #at: number;
  readonly #order: KeyOrder;
  readonly #infos: ReadonlyMap<number, TableInfo>;
  readonly #clock: Clock;
  #since = 0;
  #ticking = false;

  /** `key` is without timestamp; `infos` are the live tables by number. */
  constructor(key: Uint8Array, at: number, order: KeyOrder, infos: ReadonlyMap<number, TableInfo>, clock: Clock) {
    this.#key = key;
    this.#at = at;
    this.#order = order;
    this.#infos = infos;
    this.#clock = clock;
  }

  get #step(): Recorded | undefined {
    return this.steps[this.steps.length - 1];
  }

  /** A place of which nothing is known yet. */
  blank(info: TableInfo | undefined): Recorded {
    return {
      info,
      filter: null,
      filterNote: '',
      filterKeys: undefined,
      index: null,
      behind: false,
      blocks: [],
      versions: [],
      rangeDeletion: undefined,
      newerOnly: false,
      problem: undefined,
      damaged: false,
      micros: 0,
    };
  }

  #begin(info: TableInfo | undefined): void {
    this.answered();
    this.steps.push(this.blank(info));
    this.#since = this.#clock.elapsed();
    this.#ticking = true;
  }

  memtable(): void {
    this.#begin(undefined);
  }

  table(info: TableInfo): void {
    this.#begin(info);
  }

  opened(table: TableReader): void {
    const step = this.#step;
    if (step === undefined) return;
    step.filterKeys = filterKeysOf(table);
    step.filterNote = filterNoteOf(table, this.#key.length);
  }

  outOfRange(level: number, count: number, first: readonly TableInfo[]): void {
    if (count === 0) return;
    const known = this.skipped[this.skipped.length - 1];
    const before = known?.level === level ? known : undefined;
    const numbers = [...(before?.numbers ?? []), ...first.map((t) => t.number)].slice(0, SKIPPED_NAMED_MAX);
    const entry = { level, tables: (before?.tables ?? 0) + count, numbers };
    if (before === undefined) this.skipped.push(entry);
    else this.skipped[this.skipped.length - 1] = entry;
  }

  tombstones(list: readonly RangeTombstone[]): void {
    const step = this.#step;
    if (step === undefined) return;
    const compare = this.#order.compareUser;
    const key = this.#key;
    for (const t of list) {
      if (t.sequence > this.#at || t.sequence <= (step.rangeDeletion?.sequence ?? -1)) continue;
      if (compare(key, 0, key.length, t.begin, 0, t.begin.length) < 0) continue;
      if (compare(key, 0, key.length, t.end, 0, t.end.length) >= 0) continue;
      step.rangeDeletion = t;
    }
  }

  indexed(table: TableReader, block: number): void {
    const step = this.#step;
    if (step === undefined) return;
    const blocks = table.index.count;
    step.behind = block >= blocks;
    if (step.behind) return;
    const separator = table.index.separator(block);
    const depth = table.indexType === 'two-level' ? 2 : 1;
    const shown = Math.max(0, separator.length - this.#order.timestampSize);
    step.index = { block, blocks, separator: separator.slice(0, shown), depth };
  }

  filtered(filter: TableFilter, mayContain: boolean): void {
    const step = this.#step;
    if (step !== undefined) step.filter = filterStep(filter, step.filterKeys, mayContain);
  }

  reading(table: TableReader, block: number, cached: boolean): void {
    const step = this.#step;
    if (step === undefined) return;
    const offset = table.index.offset(block);
    const bytes = table.index.size(block);
    step.blocks.push({ block, offset, bytes, rawBytes: 0, compression: compressionOf(table, offset + bytes), cached });
  }

  read(rawBytes: number): void {
    const block = this.#step?.blocks.at(-1) as Writable<BlockStep> | undefined;
    if (block !== undefined) block.rawBytes = rawBytes;
  }

  version(v: Version): void {
    this.#step?.versions.push(v);
  }

  newerOnly(): void {
    const step = this.#step;
    if (step !== undefined) step.newerOnly = true;
  }

  damaged(problem: Problem, whole: boolean): void {
    const step = this.#step;
    if (step === undefined) return;
    step.problem ??= problem;
    if (whole) step.damaged = true;
  }

  answered(): void {
    const step = this.#step;
    if (step !== undefined && this.#ticking) step.micros = microsOf(this.#clock.elapsed() - this.#since);
    this.#ticking = false;
  }

  walking(table: number): void {
    this.walked = true;
    const current = this.#step;
    const known = current === undefined ? -1 : (current.info?.number ?? 0);
    if (known !== table) this.#begin(this.#infos.get(table));
  }

  *considering(versions: Iterable<Version>): Generator<Version, void, void> {
    for (const v of versions) {
      this.last = v;
      yield v;
    }
    this.exhausted = true;
  }

  watching(tombstones: Covering | undefined): Covering | undefined {
    if (tombstones === undefined) return undefined;
    return {
      covering: (b, start, length, at, timestamp) => {
        const covered = tombstones.covering(b, start, length, at, timestamp);
        if (this.last !== undefined && covered > this.last.sequence) this.hiddenBy.set(this.last, covered);
        return covered;
      },
    };
  }
}
