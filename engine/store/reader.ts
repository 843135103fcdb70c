/**
 * A store opened for reading: LevelDB and RocksDB directories, and single tables.
 *
 * It takes no lock and changes nothing. What it shows is one view; `refresh` moves on to what the
 * owner has written since, while walks over older views go on.
 */
import { equalBytes } from '../base/bytes.ts';
import { BlockCache } from '../formats/block/pointReader.ts';
import { TableCache } from '../formats/block/tableCache.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import type { Bound, TableInfo } from '../model/tree.ts';
import type { SnapshotSource } from './snapshot.ts';
import { VanishedError } from './vanished.ts';
import { type SharedTables, StoreView } from './view.ts';

const BLOCK_CACHE_BYTES = 32 << 20;
/** Looks at a store whose tables vanish as fast as they are read. */
const TRIES_MAX = 20;

export class StoreReader {
  readonly shared: SharedTables;
  /** Counts the refreshes that changed something. */
  generation = 0;
  readonly #source: SnapshotSource;
  #view: StoreView;

  /** Throws StoreError if there is nothing that could be shown. */
  constructor(fs: FileSystem, directory: string, dialect: Dialect, source: SnapshotSource) {
    const blocks = new BlockCache(BLOCK_CACHE_BYTES);
    this.shared = { fs, directory, dialect, blocks, tables: new TableCache(), tombstones: new Map() };
    this.#source = source;
    const { snapshot, version } = source.read();
    this.#view = new StoreView(this.shared, snapshot, version);
  }

  /** The newest moment known. */
  get view(): StoreView {
    return this.#view;
  }

  /** True if something changed. Throws if the store is gone. */
  refresh(): boolean {
    if (this.#source.fingerprint() === this.#view.snapshot.fingerprint) return false;
    const { snapshot, version } = this.#source.read();
    const old = this.#view;
    this.#view = new StoreView(this.shared, snapshot, version);
    for (const [number, info] of old.version.tables) {
      const now = version.tables.get(number);
      if (now !== undefined && isSameTable(info, now)) continue;
      this.shared.tables.forget(info);
      this.shared.tombstones.delete(number);
      // A store made anew at the same path numbers its files from the beginning again.
      if (now !== undefined) this.shared.blocks.clear();
    }
    old.release();
    this.generation++;
    return true;
  }

  /**
   * The current view with a family's tables held open: what it shows stays readable while the owner
   * goes on. To be released. `live` false saves the opening where nobody writes.
   */
  stableView(familyId: number, live: boolean): StoreView {
    for (let attempt = 1; ; attempt++) {
      const view = this.#view.retain();
      try {
        if (live) view.pin(familyId);
        return view;
      } catch (thrown) {
        view.release();
        if (!(thrown instanceof VanishedError) || attempt >= TRIES_MAX) throw thrown;
        this.refresh();
      }
    }
  }

  /** Runs `read` on the newest view; where a table vanishes under it, refreshes and runs it again. */
  retry<T>(read: (view: StoreView) => T): T {
    for (let attempt = 1; ; attempt++) {
      const view = this.#view.retain();
      try {
        return read(view);
      } catch (thrown) {
        if (!(thrown instanceof VanishedError) || attempt >= TRIES_MAX) throw thrown;
        this.refresh();
      } finally {
        view.release();
      }
    }
  }

  close(): void {
    this.shared.tables.close();
    this.shared.blocks.clear();
    this.#view.release();
  }
}

/** Whether one number still means one file; a table may move to another level. */
function isSameTable(a: TableInfo, b: TableInfo): boolean {
  return (
    a.bytes === b.bytes &&
    a.createdAt === b.createdAt &&
    a.smallestSeq === b.smallestSeq &&
    a.largestSeq === b.largestSeq &&
    isSameBound(a.smallest, b.smallest) &&
    isSameBound(a.largest, b.largest)
  );
}

function isSameBound(a: Bound, b: Bound): boolean {
  return a.seq === b.seq && equalBytes(a.key, b.key);
}
