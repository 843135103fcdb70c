/**
 * The proof of a compaction: what every reader sees in the inputs, it sees in the outputs.
 *
 * 1. While the inputs are merged, each user key's state at the tip and at every live snapshot goes into a
 *    digest: the value, the operands that wait for one, or that the key is deleted. "Deleted" and "not
 *    there" differ only where a table below may hold the key.
 * 2. The outputs are read back from their files, checksums and all, and digested in the same way.
 * 3. Range deletions, which speak of keys that neither holds, are compared by what they cover.
 *
 * A compaction changes nothing else of the tree, so equal states of inputs and outputs mean equal answers
 * to every read. The digest is a sum of 64-bit hashes: parts of it can be computed in any order.
 */
import { BlockMerge } from '../../formats/block/kernel/blockMerge.ts';
import { StateKind } from '../../formats/block/kernel/digestKernel.ts';
import { BATCH_AT, Record, Status, Digest as Sums } from '../../formats/block/kernel/layout.ts';
import { BlockMachine } from '../../formats/block/kernel/machine.ts';
import { type Cursor, ValueType } from '../../iter/cursor.ts';
import { MergingCursor } from '../../iter/merging.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { Below } from './below.ts';
import type { KeyWitness } from './mergeFilter.ts';
import { isTombstone, type MergeRules } from './rules.ts';
import type { Stripes } from './stripes.ts';
import { Versions } from './versions.ts';

/** Numbers below 2^32, so that it crosses to another thread as it is. */
export interface Digest {
  readonly states: number;
  readonly low: number;
  readonly high: number;
}

export const NO_STATES: Digest = { states: 0, low: 0, high: 0 };

export function sumDigests(a: Digest, b: Digest): Digest {
  return { states: a.states + b.states, low: (a.low + b.low) >>> 0, high: (a.high + b.high) >>> 0 };
}

export function equalDigests(a: Digest, b: Digest): boolean {
  return a.states === b.states && a.low === b.low && a.high === b.high;
}

/** How the operands of a merge end. */
const Base = { open: 1, closed: 2, value: 3 } as const;

export class StateDigest implements KeyWitness {
  readonly #stripes: Stripes;
  readonly #tombstones: RangeTombstones | undefined;
  readonly #below: Below;
  readonly #merge: MergeRules['merge'];
  #states = 0;
  #low = 0;
  #high = 0;
  readonly #machine: BlockMachine;

  /** `machine` does the hashing; batches must be its own. */
  constructor(
    rules: Pick<MergeRules, 'stripes' | 'tombstones' | 'below' | 'merge'>,
    machine: BlockMachine = new BlockMachine(),
  ) {
    this.#machine = machine;
    this.#stripes = rules.stripes;
    this.#tombstones = rules.tombstones;
    this.#below = rules.below;
    this.#merge = rules.merge;
  }

  get digest(): Digest {
    return { states: this.#states, low: this.#low, high: this.#high };
  }

  put(key: Uint8Array, keyStart: number, keyLength: number, value: Uint8Array, start: number, length: number): void {
    this.#begin(key, keyStart, keyLength, 0, StateKind.value);
    this.#number(ValueType.value);
    this.#absorb(value, start, length);
    this.#end();
  }

  batch(count: number): void {
    const machine = this.#machine;
    this.#clearSums();
    machine.digestBatch(BATCH_AT, BATCH_AT + count * Record.bytes);
    this.#takeSums();
    this.#states += count;
  }

  versions(v: Versions): void {
    const { limits } = this.#stripes;
    for (let i = 0; i < limits.length; i++) this.#state(v, limits[i] as number, limits.length - 1 - i);
  }

  /** The key as of `limit`, which is the reader with number `reader`, 0 being the tip. */
  #state(v: Versions, limit: number, reader: number): void {
    const covering = this.#tombstones?.covering(v.key, 0, v.keyLength, limit) ?? -1;
    const operands: number[] = [];
    /** Type of the version that ends the search; -1 a range deletion, -2 none. */
    let end = covering >= 0 ? -1 : -2;
    let base = -1;
    for (let i = 0; i < v.count; i++) {
      const sequence = v.sequences[i] as number;
      if (sequence > limit) continue;
      if (covering > sequence) break;
      const type = v.types[i] as number;
      if (type === ValueType.merge) {
        operands.push(i);
        continue;
      }
      end = type;
      base = i;
      break;
    }
    if (operands.length === 0) {
      // What a range deletion hides is compared by its range.
      if (end < 0) return;
      if (isTombstone(end)) {
        if (!this.#matters(v, end)) return;
        this.#begin(v.key, 0, v.keyLength, reader, StateKind.deleted);
      } else {
        this.#begin(v.key, 0, v.keyLength, reader, StateKind.value);
        this.#number(end);
        this.#absorb(v.bytes, v.starts[base] as number, v.lengths[base] as number);
      }
      this.#end();
      return;
    }
    this.#operands(v, operands, end, base, reader);
  }

  #operands(v: Versions, operands: readonly number[], end: number, base: number, reader: number): void {
    const deleted = end === -1 || (end >= 0 && isTombstone(end));
    const key = v.key.slice(0, v.keyLength);
    const closed = deleted || (end === -2 && !this.#below.holds(key));
    if (this.#merge !== undefined && (closed || end === ValueType.value)) {
      const values = operands.map((i) => v.value(i)).reverse();
      const result = this.#merge(closed ? undefined : v.value(base), values, key);
      if (result !== undefined) {
        this.#begin(v.key, 0, v.keyLength, reader, StateKind.value);
        this.#number(ValueType.value);
        this.#absorb(result, 0, result.length);
        this.#end();
        return;
      }
    }
    this.#begin(v.key, 0, v.keyLength, reader, StateKind.operands);
    for (const i of operands) this.#absorb(v.bytes, v.starts[i] as number, v.lengths[i] as number);
    // Without anything below it makes no difference whether a deletion ends the operands.
    this.#number(closed || (deleted && !this.#below.holds(key)) ? Base.closed : base >= 0 ? Base.value : Base.open);
    if (base >= 0 && !deleted) {
      this.#number(end);
      this.#absorb(v.bytes, v.starts[base] as number, v.lengths[base] as number);
    }
    this.#end();
  }

  /** Whether a deletion of the key can still be told from nothing. */
  #matters(v: Versions, type: number): boolean {
    if (!this.#below.mayHold(v.key, 0, v.keyLength)) return false;
    return type !== ValueType.singleDeletion || this.#below.holds(v.key.slice(0, v.keyLength));
  }

  #begin(key: Uint8Array, start: number, length: number, reader: number, kind: number): void {
    this.#machine.digestBegin(reader, kind);
    this.#absorb(key, start, length);
  }

  #number(n: number): void {
    this.#machine.digestNumber(n);
  }

  #absorb(b: Uint8Array, start: number, length: number): void {
    const machine = this.#machine;
    machine.digestBytes(machine.place(b, start, length), length);
  }

  #end(): void {
    this.#clearSums();
    this.#machine.digestEnd();
    this.#takeSums();
    this.#states++;
  }

  #clearSums(): void {
    this.#machine.setWord(Sums.low, 0);
    this.#machine.setWord(Sums.high, 0);
  }

  #takeSums(): void {
    this.#low = (this.#low + this.#machine.word(Sums.low)) >>> 0;
    this.#high = (this.#high + this.#machine.word(Sums.high)) >>> 0;
  }
}

/** Walks over all versions of `cursor`, which is at its beginning, and tells the digest of them, slice by slice. */
export class DigestWalk {
  readonly #cursor: Cursor;
  readonly #merging: MergingCursor | undefined;
  readonly #blocks: BlockMerge | undefined;
  readonly #digest: StateDigest;
  readonly #plain: boolean;
  readonly #tombstones: RangeTombstones | undefined;
  readonly #versions = new Versions();

  constructor(cursor: Cursor, digest: StateDigest, stripes: Stripes, tombstones: RangeTombstones | undefined) {
    this.#cursor = cursor;
    this.#merging = cursor instanceof MergingCursor ? cursor : undefined;
    this.#blocks = cursor instanceof BlockMerge ? cursor : undefined;
    this.#digest = digest;
    this.#plain = stripes.single;
    this.#tombstones = tombstones;
  }

  /** False at the end. */
  step(keys: number): boolean {
    return this.#blocks === undefined ? this.#walk(keys) : this.#batches(this.#blocks);
  }

  /** A batch, and the key behind it if that has to be judged. */
  #batches(blocks: BlockMerge): boolean {
    const status = blocks.fill();
    if (blocks.count > 0) this.#digest.batch(blocks.count);
    blocks.settle();
    if (status === Status.end) return false;
    if (status === Status.other || status === Status.otherUnderPut) {
      const v = this.#versions;
      v.setKey(blocks.keyBuffer, blocks.keyStart, blocks.keyLength);
      v.clear();
      for (; blocks.valid && v.isKey(blocks.keyBuffer, blocks.keyStart, blocks.keyLength); blocks.next()) {
        if (status === Status.other) v.add(blocks);
      }
      if (status === Status.other) this.#digest.versions(v);
      blocks.forgetGroup();
    }
    return true;
  }

  #walk(keys: number): boolean {
    const v = this.#versions;
    for (let n = 0; n < keys; n++) {
      const c = this.#current();
      if (c === undefined) return false;
      v.setKey(c.keyBuffer, c.keyStart, c.keyLength);
      v.clear();
      const isPut =
        this.#plain &&
        c.type === ValueType.value &&
        (this.#tombstones === undefined ||
          this.#tombstones.covering(c.keyBuffer, c.keyStart, c.keyLength, Number.MAX_VALUE) <= c.sequence);
      if (isPut) {
        this.#digest.put(c.keyBuffer, c.keyStart, c.keyLength, c.valueBuffer, c.valueStart, c.valueLength);
      }
      for (let o: Cursor | undefined = c; o !== undefined; o = this.#current()) {
        if (!v.isKey(o.keyBuffer, o.keyStart, o.keyLength)) break;
        if (!isPut) v.add(o);
        this.#cursor.next();
      }
      if (!isPut) this.#digest.versions(v);
    }
    return true;
  }

  #current(): Cursor | undefined {
    if (this.#merging !== undefined) return this.#merging.current;
    return this.#cursor.valid ? this.#cursor : undefined;
  }
}

/**
 * Whether the range deletions of the outputs cover what those of the inputs cover, wherever something
 * below could be uncovered. `tables`: the outputs, whose ends may cut a tombstone in two.
 */
export function sameCoverage(
  input: RangeTombstones | undefined,
  output: RangeTombstones | undefined,
  tables: readonly TableInfo[],
  order: KeyOrder,
  stripes: Stripes,
  below: Below,
): boolean {
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  const agree = (key: Uint8Array): boolean =>
    stripes.limits.every(
      (limit) =>
        (input?.covering(key, 0, key.length, limit) ?? -1) === (output?.covering(key, 0, key.length, limit) ?? -1),
    );
  // Between two of these keys nothing changes on either side.
  const ends = tables.flatMap((t) => [t.smallest.key, t.largest.key]).sort(compare);
  let at = 0;
  for (const { begin, end } of input?.fragments ?? []) {
    while (at < ends.length && compare(ends[at] as Uint8Array, begin) <= 0) at++;
    if (!below.overlaps(begin, end)) continue;
    if (!agree(begin)) return false;
    for (let i = at; i < ends.length && compare(ends[i] as Uint8Array, end) < 0; i++) {
      if (!agree(ends[i] as Uint8Array)) return false;
    }
  }
  // The outputs may not delete what the inputs did not.
  return (output?.fragments ?? []).every(({ begin }) =>
    stripes.limits.every((limit) => {
      const now = output?.covering(begin, 0, begin.length, limit) ?? -1;
      return now < 0 || now === (input?.covering(begin, 0, begin.length, limit) ?? -1);
    }),
  );
}
