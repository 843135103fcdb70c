/**
 * What a store's tables say of themselves and RocksDB's policies look at beyond the MANIFEST: entries and
 * deletions, from the properties of each table (rocksdb-leveldb.md §6), read once and kept by number.
 *
 * The average value is that of RocksDB db/version_set.cc `GetAverageValueSize`, over the tables that live now;
 * RocksDB also counts those that lived since it opened the store.
 */
import type { TableInfo } from '../../model/tree.ts';
import type { PolicyContext, TableFacts } from '../../policy/policy.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';

interface Counts extends Required<Pick<TableFacts, 'entries' | 'deletions' | 'rangeDeletions'>> {
  readonly rawKeyBytes: number;
  readonly rawValueBytes: number;
}

/** Tables read in one slice: opening one takes a tenth of a millisecond, or some where the disk has to be asked. */
const SLICE_TABLES = 16;
/** Numbers kept beyond those that live. */
const STALE_MAX = 1024;

export class KnownTables {
  /** null: the table cannot be read, or does not say. */
  readonly #byNumber = new Map<number, Counts | null>();

  /** Reads some of the family's tables that are not known yet; false if there are none. */
  gather(view: StoreView, family: FamilyVersion): boolean {
    if (view.shared.dialect.id !== 'rocksdb') return false;
    let read = 0;
    for (const info of family.tables) {
      if (this.#byNumber.has(info.number)) continue;
      this.#byNumber.set(info.number, countsOf(view, info));
      if (++read >= SLICE_TABLES) break;
    }
    if (this.#byNumber.size > view.version.tables.size + STALE_MAX) {
      for (const number of this.#byNumber.keys()) if (!view.version.tables.has(number)) this.#byNumber.delete(number);
    }
    return read > 0;
  }

  /** Of the tables that are known. */
  context(family: FamilyVersion): Pick<PolicyContext, 'facts' | 'averageValueBytes'> {
    return { facts: (table) => this.#facts(family, table), averageValueBytes: this.#averageValueBytes(family) };
  }

  #facts({ state }: FamilyVersion, { number }: TableInfo): TableFacts {
    const file = state.tables.get(number);
    const born = file?.oldestAncestorTime ?? 0;
    const covered = file?.compensatedRangeDeletionBytes;
    const counts = this.#byNumber.get(number);
    return {
      ...(born > 0 ? { oldestAncestorAt: born } : {}),
      ...(covered === undefined ? {} : { rangeDeletedBytes: covered }),
      ...(counts ?? {}),
    };
  }

  #averageValueBytes(family: FamilyVersion): number {
    let values = 0;
    let keyBytes = 0;
    let valueBytes = 0;
    let fileBytes = 0;
    for (const { number, bytes } of family.tables) {
      const counts = this.#byNumber.get(number);
      if (counts === null || counts === undefined) continue;
      values += counts.entries - counts.deletions;
      keyBytes += counts.rawKeyBytes;
      valueBytes += counts.rawValueBytes;
      fileBytes += bytes;
    }
    if (values <= 0 || keyBytes + valueBytes === 0) return 0;
    return Math.floor((Math.floor(valueBytes / values) * fileBytes) / (keyBytes + valueBytes));
  }
}

function countsOf(view: StoreView, info: TableInfo): Counts | null {
  try {
    const table = view.acquire(info);
    try {
      const p = table.properties;
      const entries = p.number('rocksdb.num.entries');
      if (entries === undefined) return null;
      return {
        entries,
        deletions: p.number('rocksdb.deleted.keys') ?? 0,
        rangeDeletions: p.number('rocksdb.num.range-deletions') ?? 0,
        rawKeyBytes: p.number('rocksdb.raw.key.size') ?? 0,
        rawValueBytes: p.number('rocksdb.raw.value.size') ?? 0,
      };
    } finally {
      view.releaseTable(info, table);
    }
  } catch {
    // A damaged table is found out by whoever compacts it; its size is all that counts here.
    return null;
  }
}
