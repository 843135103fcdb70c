/**
 * Keys that look like a table's own and are not in it, to ask its filter for.
 *
 * 1. While the table is read, some of its keys are kept: each with the same chance (reservoir sampling).
 * 2. A candidate is one of them with some bytes changed: to what another key has at that place, or to
 *    anything; or the beginning of one key with the end of another; or a key with a byte more. So
 *    candidates share prefixes, lengths and alphabet with the keys, which is what real reads for absent
 *    keys do, and what would show a weak hash.
 *    Tables of few or of dense keys leave little room for that; then candidates end in random bytes.
 * 3. A candidate counts if it lies between the table's first and last key, and if the one data block
 *    that could hold it was read and does not. Candidates are taken in batches in key order, so that
 *    a block is read once a batch.
 * 4. For a filter that holds prefixes, candidates are made of prefixes, and one counts only if no key of the table
 *    has its prefix: the filter is right to let others through.
 *
 * The random numbers have a fixed seed: the same table gives the same answer.
 */
import { seeded } from '../../base/entropy.ts';
import { xxph3, xxph3Result } from '../../base/xxph3.ts';
import type { PrefixExtractor } from '../../formats/block/filter/prefixExtractor.ts';
import type { TableFilter } from '../../formats/block/filter/tableFilter.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';
import { BlockWalk } from './blockWalk.ts';

const SAMPLE_KEYS = 2048;
/** Longer keys are not sampled, which bounds the memory. */
const KEY_BYTES_MAX = 2048;
export const PROBES_WANTED = 20_000;
const BATCH = 512;
/** Candidates that turn out to be in the table, or outside of it, are replaced, up to this many in all. */
const CANDIDATES_MAX = 4 * PROBES_WANTED;
/** Below this share of new absent keys in a batch, the next candidates differ more from the keys. */
const YIELD_MIN = 0.4;
const TAIL_BYTES_MAX = 4;
/** Look-ups between two looks at whether anybody still waits. */
const SLICE_LOOKUPS = 64;
const SEED = 0x5eed1e55;

export class KeySample {
  readonly #keys: Uint8Array[] = [];
  readonly #random = seeded(SEED);
  #seen = 0;

  /** Offers the key b[start, +length). */
  add(b: Uint8Array, start: number, length: number): void {
    if (length > KEY_BYTES_MAX) return;
    this.#seen++;
    if (this.#keys.length < SAMPLE_KEYS) {
      this.#keys.push(b.slice(start, start + length));
      return;
    }
    const at = this.#random() % this.#seen;
    if (at < SAMPLE_KEYS) this.#keys[at] = b.slice(start, start + length);
  }

  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }
}

/** A key made of `keys` (at least one), by the rules above. */
export function lookalike(keys: readonly Uint8Array[], random: () => number): Uint8Array {
  const key = keys[random() % keys.length] as Uint8Array;
  const other = keys[random() % keys.length] as Uint8Array;
  const how = random() % 10;
  if (how === 9 || key.length === 0) {
    const longer = new Uint8Array(key.length + 1);
    longer.set(key);
    longer[key.length] = other.length > 0 ? (other[random() % other.length] as number) : random() & 0xff;
    return longer;
  }
  const at = random() % key.length;
  if (how >= 6 && at < other.length) {
    const spliced = other.slice();
    spliced.set(key.subarray(0, at));
    return spliced;
  }
  const changed = key.slice();
  changed[at] = how < 4 && at < other.length ? (other[at] as number) : random() & 0xff;
  // Changes near the end keep the key inside of the table's range.
  const second = key.length - 1 - (random() % Math.min(4, key.length));
  const donor = keys[random() % keys.length] as Uint8Array;
  changed[second] = second < donor.length ? (donor[second] as number) : random() & 0xff;
  return changed;
}

/** One of `keys` with up to four random bytes at its end, in place of its own or behind them. */
export function withRandomTail(keys: readonly Uint8Array[], random: () => number): Uint8Array {
  const key = keys[random() % keys.length] as Uint8Array;
  const tail = 1 + (random() % TAIL_BYTES_MAX);
  const kept = Math.max(0, key.length - (random() % (tail + 1)));
  const made = new Uint8Array(kept + tail);
  made.set(key.subarray(0, kept));
  for (let i = kept; i < made.length; i++) made[i] = random() & 0xff;
  return made;
}

/** A number that tells keys apart well enough for what only saves asking one twice. */
function fingerprint(key: Uint8Array): number {
  xxph3(key, 0, key.length);
  return xxph3Result.lo + (xxph3Result.hi & 0x1f_ffff) * 2 ** 32;
}

export interface Probed {
  probes: number;
  falsePositives: number;
}

/** A job: asks the filter for absent keys between `first` and `last`, user keys without timestamps. */
export function* probeAbsent(
  table: TableReader,
  filter: TableFilter,
  sample: KeySample,
  first: Uint8Array,
  last: Uint8Array,
): Generator<void, Probed, void> {
  const { order, index } = table;
  const result: Probed = { probes: 0, falsePositives: 0 };
  const { prefix } = filter;
  const keys = prefix === undefined ? sample.keys : prefixesOf(sample.keys, prefix);
  if (keys.length === 0 || !order.known) return result;
  const random = seeded(SEED ^ 0x2545f491);
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  const walk = new BlockWalk(table, false);
  const prefixes = prefix === undefined ? undefined : new PrefixSearch(table, prefix);
  if (prefixes !== undefined && (order.reversed || order.prefixesAreRanges === false)) return result;
  const asked = new Set<number>();
  let make = lookalike;
  for (let made = 0; made < CANDIDATES_MAX && result.probes < PROBES_WANTED; made += BATCH) {
    const batch: Uint8Array[] = [];
    for (let i = 0; i < BATCH; i++) {
      const key = make(keys, random);
      if (compare(key, first) > 0 && compare(key, last) < 0) batch.push(key);
    }
    batch.sort(compare);
    yield;
    const before = result.probes;
    let loaded = -1;
    let readable = false;
    for (let i = 0; i < batch.length && result.probes < PROBES_WANTED; i++) {
      if (i % SLICE_LOOKUPS === SLICE_LOOKUPS - 1) yield;
      const key = batch[i] as Uint8Array;
      const id = fingerprint(key);
      if (asked.has(id)) continue;
      const sought = order.timestampSize === 0 ? key : newestOf(key, order.timestampSize);
      const b = index.find(sought, order);
      if (b >= index.count) continue;
      if (b !== loaded) {
        loaded = b;
        readable = true;
        try {
          walk.load(b);
        } catch {
          // Named when the table was read; what stood there is not known.
          readable = false;
        }
      }
      if (!readable || mayHold(walk, sought, table) || prefixes?.mayHold(key) === true) continue;
      asked.add(id);
      result.probes++;
      if (filter.mayContain(key, 0, key.length, index.offset(b))) result.falsePositives++;
    }
    if (result.probes - before < YIELD_MIN * BATCH) make = withRandomTail;
  }
  return result;
}

function mayHold(walk: BlockWalk, key: Uint8Array, table: TableReader): boolean {
  try {
    return walk.has(key, table.order);
  } catch {
    return true;
  }
}

/** Cut to what the filter holds of them, so that changes fall where they matter. */
function prefixesOf(keys: readonly Uint8Array[], extractor: PrefixExtractor): Uint8Array[] {
  return keys.flatMap((key) => {
    const length = extractor.prefixLength(key.length);
    return length < 0 ? [] : [key.subarray(0, length)];
  });
}

/** Whether a table has keys with the prefix of another; for orders in which those stand side by side. */
class PrefixSearch {
  readonly #table: TableReader;
  readonly #extractor: PrefixExtractor;
  readonly #walk: BlockWalk;
  #loaded = -1;

  constructor(table: TableReader, extractor: PrefixExtractor) {
    this.#table = table;
    this.#extractor = extractor;
    this.#walk = new BlockWalk(table, false);
  }

  /** True also where damage hides what stands there, and for keys that have no prefix. */
  mayHold(key: Uint8Array): boolean {
    const length = this.#extractor.prefixLength(key.length);
    if (length < 0) return true;
    const { index, order } = this.#table;
    const prefix = key.subarray(0, length);
    const sought = order.timestampSize === 0 ? prefix : newestOf(prefix, order.timestampSize);
    try {
      for (let b = index.find(sought, order); b < index.count; b++) {
        if (b !== this.#loaded) {
          this.#loaded = -1;
          this.#walk.load(b);
          this.#loaded = b;
        }
        // Behind all keys of its block, the first key that is not before the prefix begins the next one.
        const found = this.#walk.leadsTo(sought, prefix, order);
        if (found !== undefined) return found;
      }
    } catch {
      return true;
    }
    return false;
  }
}

/** The user key with the newest timestamp, which sorts before all of its versions. */
function newestOf(key: Uint8Array, timestampBytes: number): Uint8Array {
  const full = new Uint8Array(key.length + timestampBytes).fill(0xff);
  full.set(key);
  return full;
}
