/**
 * Where the tables of the level below the outputs begin and end: an output that overlaps too many of them
 * would make its own next compaction too large (LevelDB db/version_set.cc `ShouldStopBefore`).
 */
import type { KeyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';

export class Grandparents {
  readonly #tables: readonly TableInfo[];
  readonly #bytesMax: number;
  readonly #order: KeyOrder;
  #at = 0;
  #overlapped = 0;
  #began = false;

  /** `tables` in key order; `bytesMax`: what one output may overlap. */
  constructor(tables: readonly TableInfo[], bytesMax: number, order: KeyOrder) {
    this.#tables = Number.isFinite(bytesMax) ? tables : [];
    this.#bytesMax = bytesMax;
    this.#order = order;
  }

  /** Up to this user key `cutBefore` need not be asked, once it has been about one of them; undefined: to the end. */
  get until(): Uint8Array | undefined {
    return this.#tables[this.#at]?.largest.key;
  }

  /** Whether an output should end before this key. Keys ascend; every key of the outputs is asked about. */
  cutBefore(b: Uint8Array, start: number, length: number): boolean {
    const tables = this.#tables;
    const { compare } = this.#order;
    while (this.#at < tables.length) {
      const t = tables[this.#at] as TableInfo;
      if (compare(b, start, length, t.largest.key, 0, t.largest.key.length) <= 0) break;
      if (this.#began) this.#overlapped += t.bytes;
      this.#at++;
    }
    this.#began = true;
    if (this.#overlapped <= this.#bytesMax) return false;
    this.#overlapped = 0;
    return true;
  }
}
