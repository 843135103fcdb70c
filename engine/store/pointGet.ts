/**
 * Get: asks memtable, L0 tables newest first, then one table a level, and stops at the first version
 * that decides. Filters keep most tables from being read.
 */
import { EMPTY } from '../base/bytes.ts';
import { StoreError } from '../base/errors.ts';
import { PointReader } from '../formats/block/pointReader.ts';
import type { TableReader } from '../formats/block/tableReader.ts';
import { type Cursor, MAX_SEQUENCE, ValueType } from '../iter/cursor.ts';
import type { DamageLog } from '../iter/damage.ts';
import { sameBytes } from '../iter/range.ts';
import { isDeletion, type Resolved } from '../iter/resolve.ts';
import type { LevelView, TableInfo } from '../model/tree.ts';
import type { TraceSink } from './trace.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';
import { type Entry, firstCandidate, mayHold, WholeGet } from './wholeGet.ts';

/** Longer values get a buffer of their own. */
const SHARED_VALUE_MAX = 512;
const CHUNK_BYTES = 16 << 10;

/** The table does not hold the key. */
const ABSENT = Symbol();
/** The quick way met something that needs the whole way: a merge, a range deletion, damage. */
const UNDECIDED = Symbol();

export class PointGet {
  readonly #store: StoreView;
  readonly #family: FamilyVersion;
  readonly #point: PointReader;
  readonly #whole: WholeGet;
  /** Over the entries that are still in the logs; undefined where there are none. */
  readonly #logged: Cursor | undefined;
  /**
   * A plain put or deletion decides at once: no timestamps, no range deletions in the logs, levels in order,
   * and nobody who wants to know the way.
   */
  readonly #plain: boolean;
  /** Short values share chunks, because a buffer of its own costs more than the whole look-up. */
  #chunk: Uint8Array = EMPTY;
  #chunkUsed = 0;

  /** With a `trace` every key goes the whole way, which tells of itself; one sink serves one `get`. */
  constructor(store: StoreView, familyId: number, damage: DamageLog, trace?: TraceSink) {
    this.#store = store;
    this.#family = store.family(familyId);
    const { order, state } = this.#family;
    this.#point = new PointReader(store.shared.blocks, order);
    this.#point.trace = trace;
    this.#whole = new WholeGet(store, this.#family, damage, this.#point, trace);
    const memtable = store.snapshot.replay.memtables.get(state.id);
    this.#logged = memtable !== undefined && memtable.count > 0 ? memtable.cursor() : undefined;
    this.#plain =
      trace === undefined &&
      order.known &&
      order.timestampSize === 0 &&
      (memtable === undefined || memtable.rangeTombstones.length === 0) &&
      // Then tables that were found on disk stand in level 0, in no order that could be relied on.
      !store.snapshot.manifest.damaged;
  }

  /** What a reader sees of `key` (without timestamp) as of sequence `at`; undefined if nothing. */
  get(key: Uint8Array, at: number = MAX_SEQUENCE): Resolved | undefined {
    if (this.#plain) {
      const quick = this.#quick(key, at);
      if (quick !== UNDECIDED) return quick;
    }
    return this.#whole.get(key, at);
  }

  /**
   * The same answer for what most keys are, a put or a deletion, without generators and lists. Whatever
   * is more than that, or fails, is left to the whole way, which starts over.
   */
  #quick(key: Uint8Array, at: number): Resolved | undefined | typeof UNDECIDED {
    const logged = this.#logged;
    if (logged !== undefined) {
      logged.seek(key, at);
      if (logged.valid && sameBytes(logged.keyBuffer, logged.keyStart, logged.keyLength, key, key.length)) {
        return this.#decide(logged, at, -1, 0);
      }
    }
    const { order, view } = this.#family;
    const { levels } = view;
    const { overlapLevels } = this.#store.shared.dialect;
    for (let l = 0; l < levels.length; l++) {
      const { level, tables } = levels[l] as LevelView;
      const overlaps = level < overlapLevels;
      for (let i = overlaps ? 0 : firstCandidate(order, tables, key); i < tables.length; i++) {
        const info = tables[i] as TableInfo;
        if (!mayHold(order, info, key)) {
          if (overlaps) continue;
          break;
        }
        const found = this.#quickInTable(info, key, at);
        if (found !== ABSENT) return found;
      }
    }
    return undefined;
  }

  #quickInTable(info: TableInfo, key: Uint8Array, at: number): Resolved | undefined | typeof UNDECIDED | typeof ABSENT {
    const store = this.#store;
    let table: TableReader | undefined;
    try {
      table = store.acquire(info);
      if (store.tombstonesOf(info, table).length > 0) return UNDECIDED;
      const point = this.#point;
      if (!point.seekTable(info.number, table, this.#family.order, key, at)) return ABSENT;
      return point.isKey(key, key.length) ? this.#decide(point, at, info.level, info.number) : ABSENT;
    } catch (thrown) {
      // Damage is named on the whole way; what is no StoreError is a bug and must not get lost.
      if (thrown instanceof StoreError) return UNDECIDED;
      throw thrown;
    } finally {
      if (table !== undefined) store.releaseTable(info, table);
    }
  }

  /** What the newest version says, if it says it alone. */
  #decide(c: Entry, at: number, level: number, table: number): Resolved | undefined | typeof UNDECIDED {
    const { type, sequence } = c;
    if (sequence > at) return UNDECIDED;
    if (type !== ValueType.value) return isDeletion(type) ? undefined : UNDECIDED;
    const value = this.#copy(c.valueBuffer, c.valueStart, c.valueLength);
    return { type, sequence, level, table, timestamp: undefined, value, columns: undefined };
  }

  #copy(b: Uint8Array, start: number, length: number): Uint8Array {
    if (length > SHARED_VALUE_MAX) return b.slice(start, start + length);
    if (length > this.#chunk.length - this.#chunkUsed) {
      // Small at first: most callers ask once.
      this.#chunk = new Uint8Array(Math.max(length, Math.min(this.#chunk.length * 2, CHUNK_BYTES)));
      this.#chunkUsed = 0;
    }
    const chunk = this.#chunk;
    const at = this.#chunkUsed;
    for (let i = 0; i < length; i++) chunk[at + i] = b[start + i] as number;
    this.#chunkUsed = at + length;
    return new Uint8Array(chunk.buffer, at, length);
  }
}
