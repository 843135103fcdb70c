/** Comparing the open store with another one, a bounded answer at a time. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import { DamageLog } from '../iter/damage.ts';
import type { DiffParams, DiffReport, DiffRow } from '../protocol/engineApi.ts';
import type { CancelToken } from '../protocol/rpc.ts';
import { familyDifferences, StoreDiff, tableDifferences } from '../store/diff.ts';
import { openStore } from '../store/open.ts';
import type { StoreReader } from '../store/reader.ts';
import { visibleValue } from '../store/values.ts';

/** Differences that one answer holds at most. */
export const DIFF_ROWS_MAX = 10_000;
/** Milliseconds of work between two turns. */
const SLICE_MS = 8;

export interface DiffWorld {
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** Somebody writes to the open store. */
  readonly live: boolean;
  /** Whether somebody writes to the store at that path. */
  liveAt(path: string): boolean;
  progress(keys: number): void;
}

/** Keeps the second store of the last comparison open, for its next page and its values. */
export class Diffs {
  #other: { readonly path: string; readonly store: StoreReader } | undefined;

  async compare(store: StoreReader, p: DiffParams, world: DiffWorld, token: CancelToken): Promise<DiffReport> {
    const rows: DiffRow[] = [];
    const limit = Math.max(1, Math.min(p.limit ?? DIFF_ROWS_MAX, DIFF_ROWS_MAX));
    const counts = { added: 0, removed: 0, changed: 0 };
    let next: DiffReport['next'];
    const job = this.walk(store, p, world);
    const damage = job.damage;
    try {
      let turned = world.clock.elapsed();
      for (const row of job.rows()) {
        if (row !== undefined) {
          if (rows.length >= limit) {
            const last = rows[rows.length - 1] as DiffRow;
            next = { family: last.family, key: last.key };
            break;
          }
          rows.push(row);
          counts[row.kind]++;
        }
        if (world.clock.elapsed() - turned < SLICE_MS) continue;
        world.progress(job.same + rows.length);
        await world.clock.turn();
        if (token.cancelled) throw cancelled();
        turned = world.clock.elapsed();
      }
      if (token.cancelled) throw cancelled();
      const { added, removed } = job.families;
      return {
        rows,
        counts: { ...counts, same: job.same },
        next,
        tables: job.tables,
        familiesAdded: added,
        familiesRemoved: removed,
        problems: damage.problems,
        lost: damage.lost,
      };
    } finally {
      job.close();
    }
  }

  /** The comparison itself, for callers in the same thread that take it as it comes. To be closed. */
  walk(store: StoreReader, p: DiffParams, world: Pick<DiffWorld, 'fs' | 'live' | 'liveAt'>): DiffWalk {
    const other = this.#open(world.fs, p.path);
    return new DiffWalk(store, other, p, world.live, world.liveAt(p.path));
  }

  value(fs: FileSystem, path: string, family: string, key: Uint8Array, maxBytes: number): Uint8Array {
    return this.#open(fs, path).retry((view) => visibleValue(view, view.familyByName(family).state.id, key, maxBytes));
  }

  close(): void {
    this.#other?.store.close();
    this.#other = undefined;
  }

  #open(fs: FileSystem, path: string): StoreReader {
    if (this.#other?.path === path) {
      this.#other.store.refresh();
      return this.#other.store;
    }
    this.close();
    const store = openStore(fs, path);
    this.#other = { path, store };
    return store;
  }
}

function cancelled(): StoreError {
  return new StoreError('CANCELLED', 'the comparison was cancelled');
}

/** One comparison over views that stay what they are. */
export class DiffWalk {
  readonly damage = new DamageLog();
  readonly #diff: StoreDiff;
  readonly #close: () => void;
  readonly tables: DiffReport['tables'];
  readonly families: { readonly added: readonly string[]; readonly removed: readonly string[] };

  constructor(first: StoreReader, second: StoreReader, p: DiffParams, firstLive: boolean, secondLive: boolean) {
    const before = first.view.retain();
    const after = second.view.retain();
    this.#close = () => {
      before.release();
      after.release();
    };
    try {
      for (const [view, live] of [
        [before, firstLive],
        [after, secondLive],
      ] as const) {
        if (live) for (const id of view.version.families.keys()) view.pin(id);
      }
      this.tables = tableDifferences(before, after, p.family);
      this.families = familyDifferences(before, after);
      this.#diff = new StoreDiff(before, after, p, this.damage);
    } catch (thrown) {
      this.#close();
      throw thrown;
    }
  }

  /** Keys that were the same so far. */
  get same(): number {
    return this.#diff.same;
  }

  rows(): Generator<DiffRow | undefined, void, void> {
    return this.#diff.rows();
  }

  close(): void {
    this.#close();
  }
}
