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

export class Below {
  readonly tables: readonly TableInfo[];
  readonly #order: KeyOrder;
  readonly #runs: Run[];

  /**
   * `tables`: every table that is no input and lies below the outputs, of any level. `always`: the owner
   * reserves the place below for data to come (`allow_ingest_behind`), so that nothing is ever the last version.
   */
  constructor(tables: readonly TableInfo[], order: KeyOrder, always = false) {
    this.tables = tables;
    this.#order = order;
    this.always = always;
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

  readonly always: boolean;

  /** Nothing can stand below any key. */
  get empty(): boolean {
    return this.#runs.length === 0 && !this.always;
  }

  /** To be called before questions begin at the smallest key again. */
  rewind(): void {
    for (const run of this.#runs) run.at = 0;
  }

  /** Whether a table below spans the user key b[start, +length). Keys must be asked for in ascending order. */
  mayHold(b: Uint8Array, start: number, length: number): boolean {
    if (this.always) return true;
    const { compare } = this.#order;
    for (const run of this.#runs) {
      const { tables } = run;
      let at = run.at;
      while (at < tables.length) {
        const { key } = (tables[at] as TableInfo).largest;
        if (compare(b, start, length, key, 0, key.length) <= 0) break;
        at++;
      }
      run.at = at;
      const t = tables[at];
      if (t !== undefined && compare(b, start, length, t.smallest.key, 0, t.smallest.key.length) >= 0) return true;
    }
    return false;
  }

  /** Whether a table below shares a key with [begin, end). */
  overlaps(begin: Uint8Array, end: Uint8Array): boolean {
    if (this.always) return true;
    return this.tables.some(
      (t) => this.#compare(t.largest.key, begin) >= 0 && this.#compare(t.smallest.key, end) < 0,
    );
  }

  #compare(a: Uint8Array, b: Uint8Array): number {
    return this.#order.compareUser(a, 0, a.length, b, 0, b.length);
  }
}
