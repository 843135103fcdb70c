/**
 * Sorts a memtable's index: user key by the family's order, then sequence number descending.
 *
 * A bottom-up merge sort over entry numbers, which is stable and needs one spare array. For bytewise
 * orders the six bytes of each key behind the prefix that all keys share are held as one number, so
 * that most comparisons never look at a key.
 */
import { compareRanges } from '../base/bytes.ts';
import type { KeyOrder } from '../iter/order.ts';

export interface Unsorted {
  readonly count: number;
  readonly chunks: readonly Uint8Array[];
  /** Per entry: its chunk, the key's start in it, the key's length, the sequence number. */
  readonly chunkOf: Uint32Array;
  readonly keyAt: Uint32Array;
  readonly keyLengths: Uint32Array;
  readonly sequences: Float64Array;
}

const RUN = 8;
const DIGEST_BYTES = 6;

type CompareEntries = (i: number, j: number) => number;

/** Entry numbers in order. */
export function sortEntries(entries: Unsorted, order: KeyOrder): Uint32Array {
  const n = entries.count;
  let from: Uint32Array = new Uint32Array(n);
  for (let i = 0; i < n; i++) from[i] = i;
  const compare = comparator(entries, order);
  if (isSorted(from, compare)) return from;
  for (let start = 0; start < n; start += RUN) insertionSort(from, start, Math.min(start + RUN, n), compare);
  let into: Uint32Array = new Uint32Array(n);
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      mergeRuns(from, into, start, Math.min(start + width, n), Math.min(start + 2 * width, n), compare);
    }
    const swap = from;
    from = into;
    into = swap;
  }
  return from;
}

function comparator(e: Unsorted, order: KeyOrder): CompareEntries {
  const { chunks, chunkOf, keyAt, keyLengths, sequences } = e;
  const compareKeys = order.compare;
  const exact: CompareEntries = (i, j) => {
    const d = compareKeys(
      chunks[chunkOf[i] as number] as Uint8Array,
      keyAt[i] as number,
      keyLengths[i] as number,
      chunks[chunkOf[j] as number] as Uint8Array,
      keyAt[j] as number,
      keyLengths[j] as number,
    );
    return d !== 0 ? d : (sequences[j] as number) - (sequences[i] as number);
  };
  if (!order.bytewise) return exact;
  const digests = keyDigests(e);
  return (i, j) => {
    const d = (digests[i] as number) - (digests[j] as number);
    return d !== 0 ? d : exact(i, j);
  };
}

/** Bytes of each key behind the common prefix, big-endian and padded with zeros, as one number. */
function keyDigests(e: Unsorted): Float64Array {
  const skip = commonPrefix(e);
  const digests = new Float64Array(e.count);
  for (let i = 0; i < e.count; i++) {
    const chunk = e.chunks[e.chunkOf[i] as number] as Uint8Array;
    const start = (e.keyAt[i] as number) + skip;
    const length = (e.keyLengths[i] as number) - skip;
    let digest = 0;
    for (let k = 0; k < DIGEST_BYTES; k++) digest = digest * 256 + (k < length ? (chunk[start + k] as number) : 0);
    digests[i] = digest;
  }
  return digests;
}

function commonPrefix(e: Unsorted): number {
  if (e.count === 0) return 0;
  const first = e.chunks[e.chunkOf[0] as number] as Uint8Array;
  const firstAt = e.keyAt[0] as number;
  let shared = e.keyLengths[0] as number;
  for (let i = 1; i < e.count && shared > 0; i++) {
    const chunk = e.chunks[e.chunkOf[i] as number] as Uint8Array;
    const at = e.keyAt[i] as number;
    const n = Math.min(shared, e.keyLengths[i] as number);
    if (n === shared && compareRanges(first, firstAt, n, chunk, at, n) === 0) continue;
    let k = 0;
    while (k < n && first[firstAt + k] === chunk[at + k]) k++;
    shared = k;
  }
  return shared;
}

function isSorted(a: Uint32Array, compare: CompareEntries): boolean {
  for (let i = 1; i < a.length; i++) if (compare(a[i - 1] as number, a[i] as number) > 0) return false;
  return true;
}

function insertionSort(a: Uint32Array, start: number, end: number, compare: CompareEntries): void {
  for (let i = start + 1; i < end; i++) {
    const entry = a[i] as number;
    let j = i;
    while (j > start && compare(a[j - 1] as number, entry) > 0) {
      a[j] = a[j - 1] as number;
      j--;
    }
    a[j] = entry;
  }
}

/** Merges from[start, middle) and from[middle, end) into `into`. */
function mergeRuns(
  from: Uint32Array,
  into: Uint32Array,
  start: number,
  middle: number,
  end: number,
  compare: CompareEntries,
): void {
  let left = start;
  let right = middle;
  for (let out = start; out < end; out++) {
    const takeLeft = left < middle && (right >= end || compare(from[left] as number, from[right] as number) <= 0);
    into[out] = from[takeLeft ? left++ : right++] as number;
  }
}
