/**
 * Open tables, shared by all cursors and gets of a store and bounded in number and memory. A table
 * that a cursor stands in is never closed under it.
 */
import type { TableInfo } from '../../model/tree.ts';
import type { TableReader } from './tableReader.ts';

interface Entry {
  readonly table: TableReader;
  users: number;
  evicted: boolean;
  /** What `#memory` counts for it; a table grows when its filter is read. */
  memory: number;
}

/** Open files at once; well below the usual limit of 1,024 descriptors. */
const OPEN_MAX = 400;
/** Bytes of indexes and filters held at once. */
const MEMORY_MAX = 48 << 20;

export class TableCache {
  readonly #open = new Map<number, Entry>();
  #memory = 0;

  /** The open table, opened by `load` if it is not yet; must be given back with `release`. */
  acquire({ number }: TableInfo, load: () => TableReader): TableReader {
    let entry = this.#open.get(number);
    if (entry === undefined) {
      const table = load();
      // In use from the start: making room must not close the table that it is made for.
      entry = { table, users: 1, evicted: false, memory: table.memory };
      this.#memory += entry.memory;
      this.#open.set(number, entry);
      this.#shrink();
      return table;
    }
    if (this.#open.size > OPEN_MAX / 2) {
      // Recency only matters when eviction is near.
      this.#open.delete(number);
      this.#open.set(number, entry);
    }
    entry.users++;
    return entry.table;
  }

  /** One user more of a table that somebody holds, be it forgotten by now. */
  share({ number }: TableInfo, table: TableReader): TableReader {
    const known = this.#open.get(number);
    const entry = known?.table === table ? known : this.#orphans.get(table);
    if (entry !== undefined) entry.users++;
    return table;
  }

  release({ number }: TableInfo, table: TableReader): void {
    const entry = this.#open.get(number);
    if (entry?.table === table) {
      entry.users--;
      this.#memory += table.memory - entry.memory;
      entry.memory = table.memory;
      return;
    }
    const gone = this.#orphans.get(table);
    if (gone !== undefined && --gone.users === 0) {
      this.#orphans.delete(table);
      table.close();
    }
  }

  /** Forgets a table that is no longer live; it closes when its last user is done. */
  forget({ number }: Pick<TableInfo, 'number'>): void {
    const entry = this.#open.get(number);
    if (entry !== undefined) this.#evict(number, entry);
  }

  close(): void {
    for (const [number, entry] of this.#open) this.#evict(number, entry);
  }

  /** Evicted tables that still have users. */
  readonly #orphans = new Map<TableReader, Entry>();

  #shrink(): void {
    for (const [number, entry] of this.#open) {
      if (this.#open.size <= OPEN_MAX && this.#memory <= MEMORY_MAX) return;
      if (entry.users === 0 && this.#open.size > 1) this.#evict(number, entry);
    }
  }

  #evict(number: number, entry: Entry): void {
    this.#open.delete(number);
    this.#memory -= entry.memory;
    entry.evicted = true;
    if (entry.users === 0) entry.table.close();
    else this.#orphans.set(entry.table, entry);
  }
}
