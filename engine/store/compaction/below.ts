/**
 * What lies under the outputs of a compaction: the tables in which an older version of a key may stand.
 * A tombstone is needed for as long as there is one.
 */
import type { KeyOrder } from '../../iter/order.ts';
import type { TableInfo } from '../../model/tree.ts';

/** One sorted run, with the place where the ascending questions have come to. */
interface Run {
  readonly tables: readonly TableInfo[];
  at: number;
}

/** Whether a version of the key really stands in a run; reads it. */
export type RunLookup = (run: readonly TableInfo[], key: Uint8Array) => boolean;

export class Below {
  readonly tables: readonly TableInfo[];
  /** The owner reserves the place below for data to come (`allow_ingest_behind`): nothing is ever the last version. */
  readonly always: boolean;
  readonly #order: KeyOrder;
  readonly #runs: Run[];
  readonly #lookup: RunLookup | undefined;

  /** `tables`: every table that is no input and lies below the outputs, of any level. */
  constructor(tables: readonly TableInfo[], order: KeyOrder, always = false, lookup?: RunLookup) {
    this.tables = tables;
    this.always = always;
    this.#order = order;
    this.#lookup = lookup;
    const levels = new Map<number, TableInfo[]>();
    const runs: TableInfo[][] = [];
    for (const t of tables) {
      const level = levels.get(t.level);
      if (t.level === 0) runs.push([t]);
      else if (level === undefined) levels.set(t.level, [t]);
      else level.push(t);
    }
    for (const level of levels.values()) {
      level.sort((a, b) => this.#compare(a.smallest.key, b.smallest.key));
      runs.push(level);
    }
    this.#runs = runs.map((run) => ({ tables: run, at: 0 }));
  }

  /** Nothing can stand below any key. */
  get empty(): boolean {
    return this.#runs.length === 0 && !this.always;
  }

  /** Whether a table below spans the user key b[start, +length). Keys must be asked for in ascending order. */
  mayHold(b: Uint8Array, start: number, length: number): boolean {
    if (this.always) return true;
    for (const run of this.#runs) if (this.#spans(run, b, start, length)) return true;
    return false;
  }

  /** Whether a version of the key does stand below; reads blocks. Keys ascending, together with `mayHold`. */
  holds(key: Uint8Array): boolean {
    if (this.always) return true;
    const lookup = this.#lookup;
    for (const run of this.#runs) {
      if (this.#spans(run, key, 0, key.length) && (lookup === undefined || lookup(run.tables, key))) return true;
    }
    return false;
  }

  /** Whether a table below shares a key with [begin, end). */
  overlaps(begin: Uint8Array, end: Uint8Array): boolean {
    if (this.always) return true;
    return this.#runs.some(({ tables }) => {
      let low = 0;
      let high = tables.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#compare((tables[middle] as TableInfo).largest.key, begin) < 0) low = middle + 1;
        else high = middle;
      }
      const t = tables[low];
      return t !== undefined && this.#compare(t.smallest.key, end) < 0;
    });
  }

  #spans(run: Run, b: Uint8Array, start: number, length: number): boolean {
    const { compare } = this.#order;
    const { tables } = run;
    let at = run.at;
    while (at < tables.length) {
      const { key } = (tables[at] as TableInfo).largest;
      if (compare(b, start, length, key, 0, key.length) <= 0) break;
      at++;
    }
    run.at = at;
    const t = tables[at];
    return t !== undefined && compare(b, start, length, t.smallest.key, 0, t.smallest.key.length) >= 0;
  }

  #compare(a: Uint8Array, b: Uint8Array): number {
    return this.#order.compareUser(a, 0, a.length, b, 0, b.length);
  }
}
