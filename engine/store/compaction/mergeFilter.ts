/**
 * The heart of a compaction: from a merged walk over all versions to the versions that some reader still
 * needs (RocksDB db/compaction/compaction_iterator.cc, LevelDB db/db_impl.cc `DoCompactionWork`).
 *
 * For each user key, newest version first:
 * 1. A version that a range deletion of the same stripe covers is dropped.
 * 2. A version with a newer one that decides the same stripe is dropped: no reader comes to it.
 * 3. Merge operands stay, with the version under them. Only where the operator is known beyond doubt and
 *    the base is certain do they become one value.
 * 4. Deletions at the old end of what is left are dropped if no table below can hold the key.
 * 5. A single deletion takes one put with it. Under a newer put it still has that work to do, so it is
 *    kept until its put has been met.
 *
 * The common case, a put without older versions, passes from the input's buffer to the sink without
 * being copied. Only keys with something to judge are gathered in `Versions`.
 */
import { compareBytes } from '../../base/bytes.ts';
import { BlockMerge } from '../../formats/block/kernel/blockMerge.ts';
import { Status } from '../../formats/block/kernel/layout.ts';
import type { BlockMachine } from '../../formats/block/kernel/machine.ts';
import { type Cursor, ValueType } from '../../iter/cursor.ts';
import { MergingCursor } from '../../iter/merging.ts';
import { isTombstone, isWhole, MergeCounts, type MergeRules } from './rules.ts';
import { Versions } from './versions.ts';

export interface EntrySink {
  /** `newKey` is false for a further version of the key before; bytes are valid during the call only. */
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
  ): void;
  /** Puts with a user key of their own each, in the batch of `machine`; without this nothing comes in batches. */
  addBatch?(machine: BlockMachine, count: number): void;
  /** The last user key that `addBatch` may be given; undefined: any. */
  readonly batchUntil?: Uint8Array | undefined;
}

/** Told of every user key with all its versions, before anything is dropped: what a proof counts. */
export interface KeyWitness {
  /** A key with one version that a reader would see, which is a plain put. No snapshot is alive. */
  put(
    keyBuffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBuffer: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void;
  /** As `put`, for `count` keys in the batch of the machine. */
  batch?(count: number): void;
  versions(versions: Versions): void;
}

/** Told of every value that is dropped and may stand in a blob file. */
export type DropListener = (type: number, keyLength: number, value: Uint8Array, start: number, length: number) => void;

/** Who decided a stripe. */
const By = { nothing: 0, value: 1, tombstone: 2, single: 3, innerSingle: 4 } as const;

const KEEP = 1;
const DROP = 0;

export class MergeFilter {
  readonly counts = new MergeCounts();
  readonly #input: Cursor;
  readonly #merging: MergingCursor | undefined;
  readonly #blocks: BlockMerge | undefined;
  /** What the fence of `#blocks` was made for. */
  #until: Uint8Array | undefined;
  readonly #rules: MergeRules;
  readonly #sink: EntrySink;
  readonly #witness: KeyWitness | undefined;
  readonly #dropped: DropListener | undefined;
  readonly #end: Uint8Array | undefined;
  readonly #versions = new Versions();
  readonly #keep: number[] = [];
  /** What a merge made of the operands that begin at a version. */
  readonly #results = new Map<number, Uint8Array>();
  /** Bytes of keys and values passed, for slices and progress. */
  bytes = 0;

  /** `input` is positioned; user keys at or behind `end` are left alone. */
  constructor(
    input: Cursor,
    rules: MergeRules,
    sink: EntrySink,
    more: {
      readonly witness?: KeyWitness | undefined;
      readonly dropped?: DropListener | undefined;
      readonly end?: Uint8Array | undefined;
    } = {},
  ) {
    this.#input = input;
    this.#merging = input instanceof MergingCursor ? input : undefined;
    this.#rules = rules;
    this.#sink = sink;
    this.#witness = more.witness;
    this.#dropped = more.dropped;
    this.#end = more.end;
    this.#blocks = input instanceof BlockMerge && sink.addBatch !== undefined ? input : undefined;
    if (this.#blocks !== undefined) this.#begin(this.#blocks);
  }

  /** Goes through about `entries` entries; false at the end. */
  step(entries: number): boolean {
    if (this.#blocks !== undefined) return this.#batch(this.#blocks);
    const until = this.counts.entries + entries;
    for (let c = this.#current(); c !== undefined; c = this.#current()) {
      if (this.counts.entries >= until) return true;
      if (this.#isBehindEnd(c)) return false;
      this.#key(c);
    }
    return false;
  }

  #begin(blocks: BlockMerge): void {
    blocks.zeroSequences = this.#rules.zeroSequences;
    this.#until = this.#sink.batchUntil;
    this.#setFence(blocks);
  }

  /** At the end of the range, or behind the last key that the sink takes in batches. */
  #setFence(blocks: BlockMerge): void {
    const end = this.#end;
    const until = this.#until;
    if (until === undefined) {
      blocks.setFence(end);
      return;
    }
    const behind = new Uint8Array(until.length + 1);
    behind.set(until);
    blocks.setFence(end !== undefined && compareBytes(end, behind) < 0 ? end : behind);
  }

  /** One batch of plain puts, and the key behind it if that has to be judged. */
  #batch(blocks: BlockMerge): boolean {
    const status = blocks.fill();
    const { count, hidden, tombstones } = blocks;
    const { counts } = this;
    counts.entries += count + hidden + tombstones;
    counts.written += count;
    counts.hidden += hidden;
    counts.tombstones += tombstones;
    counts.zeroed += blocks.zeroed;
    this.bytes += blocks.passedBytes;
    if (count > 0) {
      this.#witness?.batch?.(count);
      this.#sink.addBatch?.(blocks.machine, count);
    }
    blocks.settle();
    if (status === Status.end) return false;
    if (status === Status.otherUnderPut) {
      const v = this.#versions;
      v.setKey(blocks.keyBuffer, blocks.keyStart, blocks.keyLength);
      v.clear();
      this.#gather();
      this.#decide(By.value);
      this.#emit(false);
    } else if (status === Status.other || status === Status.fence) {
      if (status === Status.fence && this.#isBehindEnd(blocks)) return false;
      this.#key(blocks);
      const { batchUntil } = this.#sink;
      if (batchUntil !== this.#until) {
        this.#until = batchUntil;
        this.#setFence(blocks);
      }
    } else return true;
    blocks.forgetGroup();
    return true;
  }

  #isBehindEnd(c: Cursor): boolean {
    const end = this.#end;
    return (
      end !== undefined && this.#rules.order.compare(c.keyBuffer, c.keyStart, c.keyLength, end, 0, end.length) >= 0
    );
  }

  #current(): Cursor | undefined {
    if (this.#merging !== undefined) return this.#merging.current;
    return this.#input.valid ? this.#input : undefined;
  }

  #key(c: Cursor): void {
    const { tombstones, stripes, zeroSequences } = this.#rules;
    const v = this.#versions;
    v.setKey(c.keyBuffer, c.keyStart, c.keyLength);
    v.clear();
    if (
      // What stands in the memory of a machine may move before it is written.
      this.#blocks !== undefined ||
      c.type !== ValueType.value ||
      !stripes.single ||
      (tombstones !== undefined &&
        tombstones.covering(c.keyBuffer, c.keyStart, c.keyLength, Number.MAX_VALUE) > c.sequence)
    ) {
      this.#gather();
      this.#witness?.versions(v);
      this.#decide(By.nothing);
      this.#emit(true);
      return;
    }
    this.counts.entries++;
    this.counts.written++;
    this.bytes += c.keyLength + c.valueLength;
    this.#witness?.put(c.keyBuffer, c.keyStart, c.keyLength, c.valueBuffer, c.valueStart, c.valueLength);
    if (zeroSequences && c.sequence > 0) this.counts.zeroed++;
    this.#sink.add(
      true,
      c.keyBuffer,
      c.keyStart,
      c.keyLength,
      zeroSequences ? 0 : c.sequence,
      ValueType.value,
      c.valueBuffer,
      c.valueStart,
      c.valueLength,
    );
    const input = this.#input;
    input.next();
    for (let o = this.#current(); o !== undefined; o = this.#current()) {
      if (!v.isKey(o.keyBuffer, o.keyStart, o.keyLength)) return;
      if (o.type === ValueType.singleDeletion) {
        this.#gather();
        this.#decide(By.value);
        this.#emit(false);
        return;
      }
      if (o.type !== ValueType.value && o.type !== ValueType.merge && o.type !== ValueType.deletion) isWhole(o.type);
      this.counts.entries++;
      if (o.type === ValueType.deletion) this.counts.tombstones++;
      else this.counts.hidden++;
      this.bytes += o.keyLength + o.valueLength;
      if (this.#dropped !== undefined) this.#dropped(o.type, o.keyLength, o.valueBuffer, o.valueStart, o.valueLength);
      input.next();
    }
  }

  /** Copies what is left of the current key's versions. */
  #gather(): void {
    const v = this.#versions;
    for (let c = this.#current(); c !== undefined; c = this.#current()) {
      if (!v.isKey(c.keyBuffer, c.keyStart, c.keyLength)) return;
      v.add(c);
      this.counts.entries++;
      this.bytes += c.keyLength + c.valueLength;
      this.#input.next();
    }
  }

  /** Marks in `#keep` what stays. `by`: what the newest version, already handed on, decided of the newest stripe. */
  #decide(by: number): void {
    const { stripes, tombstones } = this.#rules;
    const v = this.#versions;
    const keep = this.#keep;
    this.#results.clear();
    let decidedBy = by;
    let decided = by === By.nothing ? -1 : (stripes.limits.at(-1) as number);
    /** The single deletion that looks for its put, and what it has met. */
    let single = -1;
    let puts = 0;
    let others = 0;
    const settle = (): void => {
      // One put and nothing else: both have done their work. Under a newer value nobody can tell the difference.
      if (single >= 0 && decidedBy === By.innerSingle && puts === 1 && others === 0) {
        keep[single] = DROP;
      }
      single = -1;
      puts = 0;
      others = 0;
    };
    for (let i = 0; i < v.count; i++) {
      const type = v.types[i] as number;
      const whole = isWhole(type);
      const limit = stripes.of(v.sequences[i] as number);
      if (limit !== decided) settle();
      keep[i] = DROP;
      if (tombstones !== undefined && tombstones.covering(v.key, 0, v.keyLength, limit) > (v.sequences[i] as number)) {
        continue;
      }
      if (limit === decided) {
        if (type === ValueType.singleDeletion && (decidedBy === By.value || decidedBy === By.innerSingle)) {
          settle();
          keep[i] = KEEP;
          decidedBy = By.innerSingle;
          single = i;
          continue;
        }
        if (whole) puts++;
        else others++;
        continue;
      }
      if (type === ValueType.merge) {
        const next = this.#operands(i, limit);
        if (next.resolved) {
          keep[i] = KEEP;
          for (let k = i + 1; k < next.end; k++) keep[k] = DROP;
          decided = limit;
          decidedBy = By.value;
        } else for (let k = i; k < next.end; k++) keep[k] = KEEP;
        i = next.end - 1;
        continue;
      }
      keep[i] = KEEP;
      decided = limit;
      decidedBy = whole ? By.value : type === ValueType.singleDeletion ? By.single : By.tombstone;
      single = i;
    }
    settle();
    this.#trim();
  }

  /**
   * The operands from version `i` on that stand in one stripe, `end` exclusive. If they and the base under
   * them make one value for sure, it is in `#results`; a base in the same stripe is left to be shadowed.
   */
  #operands(i: number, limit: number): { end: number; resolved: boolean } {
    const { stripes, tombstones, merge, below } = this.#rules;
    const v = this.#versions;
    let end = i + 1;
    const isCovered = (k: number): boolean =>
      tombstones !== undefined && tombstones.covering(v.key, 0, v.keyLength, limit) > (v.sequences[k] as number);
    while (
      end < v.count &&
      v.types[end] === ValueType.merge &&
      stripes.of(v.sequences[end] as number) === limit &&
      !isCovered(end)
    ) {
      end++;
    }
    if (merge === undefined) return { end, resolved: false };
    let base: Uint8Array | undefined;
    if (end < v.count) {
      if (stripes.of(v.sequences[end] as number) !== limit) return { end, resolved: false };
      if (!isCovered(end)) {
        if (v.types[end] === ValueType.value) base = v.value(end);
        else if (v.types[end] !== ValueType.deletion) return { end, resolved: false };
      }
    } else if (tombstones === undefined || tombstones.covering(v.key, 0, v.keyLength, limit) < 0) {
      // A range deletion of the inputs hides whatever lies below; without one it must be known that nothing does.
      if (below.mayHold(v.key, 0, v.keyLength)) return { end, resolved: false };
    }
    const operands: Uint8Array[] = [];
    for (let k = end - 1; k >= i; k--) operands.push(v.value(k));
    const result = merge(base, operands, v.key.slice(0, v.keyLength));
    if (result === undefined) return { end, resolved: false };
    this.#results.set(i, result);
    return { end, resolved: true };
  }

  /** Drops the deletions at the old end if nothing can be left for them to delete. */
  #trim(): void {
    const { below } = this.#rules;
    const v = this.#versions;
    for (let i = v.count - 1; i >= 0; i--) {
      if (this.#keep[i] === DROP) continue;
      const type = v.types[i] as number;
      if (!isTombstone(type)) return;
      if (below.mayHold(v.key, 0, v.keyLength)) {
        // A single deletion that met its put most often leaves nothing: that is worth a look.
        if (type !== ValueType.singleDeletion || below.holds(v.key.slice(0, v.keyLength))) return;
      }
      this.#keep[i] = DROP;
    }
  }

  #emit(first: boolean): void {
    const v = this.#versions;
    const { zeroSequences, stripes } = this.#rules;
    let newKey = first;
    for (let i = 0; i < v.count; i++) {
      const start = v.starts[i] as number;
      const length = v.lengths[i] as number;
      let type = v.types[i] as number;
      const result = this.#results.get(i);
      if (this.#keep[i] === DROP) {
        if (isTombstone(type)) this.counts.tombstones++;
        else this.counts.hidden++;
        this.#dropped?.(type, v.keyLength, v.bytes, start, length);
        continue;
      }
      if (result !== undefined) type = ValueType.value;
      let sequence = v.sequences[i] as number;
      if (zeroSequences && sequence > 0 && sequence <= stripes.oldest && canBeZeroed(type)) {
        sequence = 0;
        this.counts.zeroed++;
      }
      this.counts.written++;
      if (result !== undefined) {
        this.#sink.add(newKey, v.key, 0, v.keyLength, sequence, type, result, 0, result.length);
      } else this.#sink.add(newKey, v.key, 0, v.keyLength, sequence, type, v.bytes, start, length);
      newKey = false;
    }
  }
}

/** Operands keep their order by their sequences; a preferred sequence belongs to the one that it stands with. */
function canBeZeroed(type: number): boolean {
  return type === ValueType.value || type === ValueType.blobIndex || type === ValueType.wideColumnEntity;
}
