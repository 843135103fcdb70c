/**
 * Range deletions on their way through a compaction: cut into fragments, thinned to what some reader
 * still needs, and dealt out to the output tables (rocksdb-leveldb.md §4, "Range tombstones").
 *
 * 1. In a fragment, of all tombstones in one stripe only the newest says anything.
 * 2. The compaction itself drops the entries that a tombstone covers. In the oldest stripe the tombstone
 *    has nothing left to do then, unless a table below shares keys with it.
 * 3. Neighbours with the same sequences become one again.
 */
import type { TableBuilder } from '../../formats/block/tableBuilder.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { RangeTombstones } from '../../iter/rangeTombstones.ts';
import type { Below } from './below.ts';
import type { Stripes } from './stripes.ts';

interface Kept {
  readonly begin: Uint8Array;
  end: Uint8Array;
  /** Newest first. */
  readonly sequences: readonly number[];
}

export class TombstoneOutput {
  /** In key order, without overlap. */
  readonly kept: readonly Kept[];
  /** Tombstones to be written, not yet cut to the outputs. */
  readonly count: number;
  readonly #order: KeyOrder;
  /** Fragments that end before the outputs that are still to come. */
  #at = 0;

  constructor(input: RangeTombstones | undefined, order: KeyOrder, stripes: Stripes, below: Below) {
    this.#order = order;
    const kept: Kept[] = [];
    for (const { begin, end, covering } of input?.fragments ?? []) {
      let last = -1;
      let sequences: number[] = [];
      for (const { sequence } of covering) {
        const stripe = stripes.of(sequence);
        if (stripe !== last) sequences.push(sequence);
        last = stripe;
      }
      const oldest = sequences.at(-1);
      if (oldest !== undefined && oldest <= stripes.oldest && !below.overlaps(begin, end)) {
        sequences = sequences.slice(0, -1);
      }
      if (sequences.length === 0) continue;
      const before = kept.at(-1);
      if (before !== undefined && this.#compare(before.end, begin) === 0 && same(before.sequences, sequences)) {
        before.end = end;
      } else kept.push({ begin, end, sequences });
    }
    this.kept = kept;
    this.count = kept.reduce((n, t) => n + t.sequences.length, 0);
  }

  /** Whether [from, to) holds a tombstone; undefined bounds are open. `from` never goes back. */
  anyIn(from: Uint8Array | undefined, to: Uint8Array | undefined): boolean {
    this.#advance(from);
    const first = this.kept[this.#at];
    return first !== undefined && (to === undefined || this.#compare(first.begin, to) < 0);
  }

  /**
   * Adds what lies in [from, to), cut to it, to a table that holds the points of that range. The cut end
   * is exclusive, as is the end of every tombstone, so the next table may begin with the same key.
   */
  addTo(
    builder: Pick<TableBuilder, 'addRangeTombstone'>,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): void {
    this.#advance(from);
    for (let i = this.#at; i < this.kept.length; i++) {
      const t = this.kept[i] as Kept;
      if (to !== undefined && this.#compare(t.begin, to) >= 0) return;
      const begin = from !== undefined && this.#compare(t.begin, from) < 0 ? from : t.begin;
      const end = to !== undefined && this.#compare(t.end, to) > 0 ? to : t.end;
      for (const sequence of t.sequences) builder.addRangeTombstone(begin, end, sequence);
    }
  }

  #advance(from: Uint8Array | undefined): void {
    if (from === undefined) return;
    while (this.#at < this.kept.length && this.#compare((this.kept[this.#at] as Kept).end, from) <= 0) this.#at++;
  }

  #compare(a: Uint8Array, b: Uint8Array): number {
    return this.#order.compareUser(a, 0, a.length, b, 0, b.length);
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
