/**
 * Reads a whole table once, block by block, and measures it: what a table's properties state is not
 * believed here but counted, so that LevelDB's tables, which state nothing, tell as much.
 *
 * Memory is bounded by the number of blocks, not of entries. A damaged block is named among the
 * problems and left out; the reading goes on behind it.
 */
import { toStoreError } from '../base/errors.ts';
import type { TableFilter } from '../formats/block/filter/tableFilter.ts';
import { blockError, type TableReader } from '../formats/block/tableReader.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import { ValueType } from '../iter/cursor.ts';
import { DamageLog } from '../iter/damage.ts';
import { isDeletion } from '../iter/resolve.ts';
import type { CompressionShare, FilterProfile, TableProfile } from '../model/tableProfile.ts';
import type { EntryTypeName, TableInfo } from '../model/tree.ts';
import { KeySample, probeAbsent } from './profile/absentKeys.ts';
import { BlockWalk } from './profile/blockWalk.ts';
import { expectedRate } from './profile/filterTheory.ts';
import { fileParts } from './profile/parts.ts';
import { SizeTally } from './profile/sizes.ts';
import { describeTable, statedCounts } from './tableStats.ts';
import { tableTombstones } from './tableTombstones.ts';
import type { StoreView } from './view.ts';

type Progress = { readonly done: number; readonly total: number };

/** Work between two looks at whether anybody still waits, in entries; raw bytes count a 64th. Some 5 ms. */
const SLICE_WORK = 20_000;
const RAW_BYTES_PER_ENTRY = 64;
const UNREADABLE = 255;
const KEY_TAG_BYTES = 8;

/** A job: yields how many of how many data blocks are read. Throws StoreError if the table cannot be opened. */
export function* tableProfile(view: StoreView, info: TableInfo): Generator<Progress, TableProfile, void> {
  const table = view.acquire(info);
  try {
    const measure = new Measure(table);
    yield* measure.blocks();
    if (view.shared.dialect.hasRangeDeletions) measure.rangeDeletions(info);
    return yield* measure.result(view, info);
  } finally {
    view.releaseTable(info, table);
  }
}

class Measure {
  readonly #table: TableReader;
  readonly #filter: TableFilter | undefined;
  readonly #damage = new DamageLog();
  readonly #types = new Float64Array(256);
  readonly #keySizes = new SizeTally();
  readonly #valueSizes = new SizeTally();
  readonly #sample = new KeySample();
  readonly #blocks: {
    offset: Float64Array;
    bytes: Float64Array;
    rawBytes: Float64Array;
    entries: Uint32Array;
    compression: Uint8Array;
  };
  readonly #shares: { type: number; blocks: number; bytes: number; rawBytes: number }[] = [];
  /** The key of the entry before, without its timestamp, and its length; -1 before the first. */
  #last: Uint8Array = new Uint8Array(256);
  #lastLength = -1;
  #first: Uint8Array | undefined;
  #entries = 0;
  #keys = 0;
  #falseNegatives = 0;
  #rangeBytes = { keys: 0, values: 0 };
  #smallestSeq = Number.POSITIVE_INFINITY;
  #largestSeq = 0;

  constructor(table: TableReader) {
    this.#table = table;
    this.#filter = table.filter();
    const n = table.index.count;
    this.#blocks = {
      offset: new Float64Array(n),
      bytes: new Float64Array(n),
      rawBytes: new Float64Array(n),
      entries: new Uint32Array(n),
      compression: new Uint8Array(n).fill(UNREADABLE),
    };
  }

  *blocks(): Generator<Progress, void, void> {
    const { index, name } = this.#table;
    const walk = new BlockWalk(this.#table, true);
    let work = 0;
    for (let b = 0; b < index.count; b++) {
      const before = this.#entries;
      const offset = index.offset(b);
      const size = index.size(b);
      this.#blocks.offset[b] = offset;
      this.#blocks.bytes[b] = size;
      try {
        walk.load(b);
        this.#blocks.rawBytes[b] = walk.raw.length;
        this.#blocks.compression[b] = this.#share(walk.raw.compression, size, walk.raw.length);
        this.#entriesOf(walk, offset);
      } catch (thrown) {
        this.#damage.note(blockError(thrown, name, offset).toProblem());
      }
      const entries = this.#entries - before;
      this.#blocks.entries[b] = entries;
      work += entries + (this.#blocks.rawBytes[b] as number) / RAW_BYTES_PER_ENTRY + 1;
      if (work >= SLICE_WORK) {
        work = 0;
        yield { done: b + 1, total: index.count };
      }
    }
  }

  /** The loop over entries: allocates nothing but what is sampled. Throws CORRUPT. */
  #entriesOf(walk: BlockWalk, offset: number): void {
    const { padTimestamp, order } = this.#table;
    const ts = order.timestampSize;
    const filter = this.#filter;
    while (walk.step()) {
      this.#entries++;
      const { type, sequence } = walk;
      this.#types[type] = (this.#types[type] as number) + 1;
      this.#keySizes.add(walk.keyLength - padTimestamp);
      this.#valueSizes.add(walk.valueLength);
      if (sequence < this.#smallestSeq) this.#smallestSeq = sequence;
      if (sequence > this.#largestSeq) this.#largestSeq = sequence;
      const length = Math.max(0, walk.keyLength - ts);
      const key = walk.keyBuffer;
      if (this.#isLast(key, length)) continue;
      this.#keys++;
      this.#sample.add(key, 0, length);
      if (filter !== undefined && !filter.mayContain(key, 0, length, offset)) this.#falseNegatives++;
    }
  }

  /** Whether key[0, length) is the key of the entry before; it is from now on. */
  #isLast(key: Uint8Array, length: number): boolean {
    const last = this.#last;
    if (length === this.#lastLength) {
      // Neighbours differ at their ends.
      let i = length - 1;
      while (i >= 0 && key[i] === last[i]) i--;
      if (i < 0) return true;
    }
    if (length > last.length) this.#last = new Uint8Array(2 * length);
    const into = this.#last;
    for (let i = 0; i < length; i++) into[i] = key[i] as number;
    this.#lastLength = length;
    this.#first ??= key.slice(0, length);
    return false;
  }

  #share(type: number, bytes: number, rawBytes: number): number {
    let i = this.#shares.findIndex((s) => s.type === type);
    if (i < 0) i = this.#shares.push({ type, blocks: 0, bytes: 0, rawBytes: 0 }) - 1;
    const share = this.#shares[i];
    if (share !== undefined) {
      share.blocks++;
      share.bytes += bytes;
      share.rawBytes += rawBytes;
    }
    return i;
  }

  rangeDeletions(info: TableInfo): void {
    try {
      for (const t of tableTombstones(this.#table, info, true)) {
        const ts = t.timestamp?.length ?? 0;
        this.#entries++;
        this.#types[ValueType.rangeDeletion] = (this.#types[ValueType.rangeDeletion] as number) + 1;
        this.#rangeBytes.keys += t.begin.length + ts + KEY_TAG_BYTES;
        this.#rangeBytes.values += t.end.length + ts;
        this.#smallestSeq = Math.min(this.#smallestSeq, t.sequence);
        this.#largestSeq = Math.max(this.#largestSeq, t.sequence);
      }
    } catch (thrown) {
      this.#damage.note(toStoreError(thrown).toProblem());
    }
  }

  *result(view: StoreView, info: TableInfo): Generator<Progress, TableProfile, void> {
    const table = this.#table;
    const filter = yield* this.#filterProfile();
    const types = this.#typeCounts();
    const of = (wanted: EntryTypeName): number => types.find((t) => t.type === wanted)?.count ?? 0;
    const deletions = this.#deletions();
    const keySizes = this.#keySizes.histogram();
    const valueSizes = this.#valueSizes.histogram();
    const counted = {
      entries: this.#entries,
      deletions,
      merges: of('merge'),
      rawKeyBytes: keySizes.total + KEY_TAG_BYTES * (this.#entries - of('range-delete')) + this.#rangeBytes.keys,
      rawValueBytes: valueSizes.total + this.#rangeBytes.values,
    };
    for (const p of table.problems) this.#damage.note(p);
    return {
      stats: describeTable(view, info, table, statedCounts(table) ?? counted),
      properties: table.properties.listed(),
      entries: this.#entries,
      types,
      tombstoneShare: this.#entries === 0 ? 0 : deletions / this.#entries,
      keys: this.#keys,
      keySizes,
      valueSizes,
      filter,
      compression: this.#shares.map(
        (s): CompressionShare => ({
          compression: table.compressionName(s.type),
          blocks: s.blocks,
          bytes: s.bytes,
          rawBytes: s.rawBytes,
        }),
      ),
      blocks: this.#blocks,
      parts: fileParts(table),
      smallestSeq: this.#entries === 0 ? 0 : this.#smallestSeq,
      largestSeq: this.#largestSeq,
      problems: this.#damage.problems,
    };
  }

  #typeCounts(): { type: EntryTypeName; count: number }[] {
    const counts = new Map<EntryTypeName, number>();
    this.#types.forEach((count, type) => {
      if (count > 0) counts.set(typeName(type), (counts.get(typeName(type)) ?? 0) + count);
    });
    return [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count);
  }

  #deletions(): number {
    let n = 0;
    this.#types.forEach((count, type) => {
      if (isDeletion(type) || type === ValueType.rangeDeletion) n += count;
    });
    return n;
  }

  *#filterProfile(): Generator<Progress, FilterProfile | null, void> {
    const filter = this.#filter;
    if (filter === undefined) return null;
    const total = this.#table.index.count;
    const job = probeAbsent(
      this.#table,
      filter,
      this.#sample,
      this.#first ?? new Uint8Array(0),
      this.#last.subarray(0, Math.max(0, this.#lastLength)),
    );
    let step = job.next();
    for (; step.done !== true; step = job.next()) yield { done: total, total };
    // With prefixes in it, a filter holds more than the keys: where the table says how many, that is what filled it.
    const keys = this.#table.properties.number('rocksdb.num.filter_entries') || this.#keys;
    return {
      name: filter.kind,
      kind: filter.layout,
      bytes: filter.bytes,
      keys,
      bitsPerKey: keys === 0 ? 0 : (filter.bytes * 8) / keys,
      hashes: filter.shape.probes,
      probes: step.value.probes,
      falsePositives: step.value.falsePositives,
      expectedRate: expectedRate(filter.shape, keys),
      falseNegatives: this.#falseNegatives,
    };
  }
}
