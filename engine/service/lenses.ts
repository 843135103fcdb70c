/** Which lenses fit a family, and rows read through one. */
import { StoreError } from '../base/errors.ts';
import type { LensMatch } from '../decode/lens.ts';
import { detectLenses } from '../decode/registry.ts';
import { baseName, dirName } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { EntryRow, LensInfo } from '../model/answers.ts';
import type { StoreReader } from '../store/reader.ts';
import { visibleRow } from '../store/rows.ts';

/** Entries from the beginning, and from places all over the family. */
const FIRST_ENTRIES = 24;
const PLACES = 24;
const ENTRIES_A_PLACE = 3;
const VALUE_BYTES = 256;

type Sample = { readonly key: Uint8Array; readonly value: Uint8Array }[];

export class Lenses {
  readonly #found = new Map<string, readonly LensMatch[]>();

  /** Lenses that fit, the surest first; looked for once for each state of the store. */
  of(store: StoreReader, family: number): readonly LensMatch[] {
    const { view } = store;
    const id = `${view.snapshot.fingerprint}/${family}`;
    let found = this.#found.get(id);
    if (found === undefined) {
      const { state } = view.family(family);
      const { directory, dialect } = store.shared;
      found = detectLenses({
        engine: dialect.id,
        comparator: state.comparator,
        family: state.name,
        folder: baseName(directory),
        parent: baseName(dirName(directory)),
        files: view.snapshot.names,
        options: view.snapshot.options.family(state.name),
        sample: sample(store, family),
      });
      this.#found.clear();
      this.#found.set(id, found);
    }
    return found;
  }

  infos(store: StoreReader, family: number): readonly LensInfo[] {
    return this.of(store, family).map(({ lens, confidence, why }) => ({
      id: lens.id,
      title: lens.title,
      confidence,
      why,
    }));
  }

  /** Throws INPUT for a lens that does not fit the family. */
  through(store: StoreReader, family: number, id: string): (row: EntryRow) => EntryRow {
    const match = this.of(store, family).find((m) => m.lens.id === id);
    if (match === undefined)
      throw new StoreError('INPUT', `the lens ${JSON.stringify(id)} does not fit this column family`);
    const { lens } = match;
    return (row) => {
      const key = lens.key(row.key);
      const cut = row.value !== null && row.value.length < row.valueSize;
      const value = row.value === null || cut ? undefined : lens.value(row.key, row.value);
      return { ...row, shown: { ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) } };
    };
  }

  clear(): void {
    this.#found.clear();
  }
}

/** What cannot be read has nothing to say. */
function sample(store: StoreReader, id: number): Sample {
  const entries: Sample = [];
  const { view } = store;
  const family = view.family(id);
  const take = (from: Uint8Array | undefined, count: number): void => {
    const walk = view.scan(id, from === undefined ? {} : { from }, new DamageLog());
    try {
      walk.first();
      for (let n = 0; n < count && walk.valid; n++, walk.next()) {
        const { key, value } = visibleRow(walk, VALUE_BYTES);
        if (value !== null) entries.push({ key, value });
      }
    } finally {
      walk.close();
    }
  };
  try {
    take(undefined, FIRST_ENTRIES);
    if (!family.order.known) return entries;
    const step = Math.max(1, Math.floor(family.tables.length / PLACES));
    for (let i = 0; i < family.tables.length && entries.length < FIRST_ENTRIES + PLACES * ENTRIES_A_PLACE; i += step) {
      const table = family.tables[i];
      if (table !== undefined) take(table.smallest.key, ENTRIES_A_PLACE);
    }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
  }
  return entries;
}
