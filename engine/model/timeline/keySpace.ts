/**
 * The boundary keys of a family's history and their positions on one axis (columns.ts).
 *
 * Keys stand once each, one behind the other in one array of bytes; a key is spoken of by the number under
 * which it was added first. `rank` gives positions to those that have none yet: the first time whole numbers
 * from 0, later numbers in between or, beyond an end, the next whole ones. When neighbours come too close to be
 * told apart on a screen, or more keys stand in between than on whole numbers, all of them are ranked anew.
 */
import { grown } from './grow.ts';

/** Compares two user keys given as ranges. */
export type RangeCompare = (
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
) => number;

/** An order of user keys; which way it runs where it is that of plain bytes, so that sorting can look at words. */
export interface SpaceOrder {
  readonly compareUser: RangeCompare;
  readonly direction: 'ascending' | 'descending' | 'other';
}

/** Neighbours that are nearer than this are ranked anew. */
const STEP_MIN = 2 ** -16;
/** Fewer keys than this may stand in between, whatever the others. */
const BETWEEN_MIN = 256;
/** Comparisons between two looks at the clock. */
const SLICE = 4096;

export class KeySpace {
  /** Keys that were added. */
  count = 0;
  #bytes = new Uint8Array(0);
  /** Key i is bytes[starts[i], starts[i + 1]). */
  #starts = new Float64Array(64);
  /** Open addressing, two entries a slot: number of a key plus 1, 0 for none; and the hash of that key. */
  #slots = new Uint32Array(512);
  readonly #order: SpaceOrder;

  /** Numbers of the keys that have a position, in order; `#ranked` of them. */
  #sequence: Uint32Array = new Uint32Array(0);
  #ranked = 0;
  /** By number. */
  #positions = new Float64Array(0);
  /** Keys that stand in between, and those that stood when whole numbers were given. */
  #between = 0;
  #whole = 0;

  constructor(order: SpaceOrder) {
    this.#order = order;
  }

  /** Keys that have a position. */
  get ranked(): number {
    return this.#ranked;
  }

  /** 0 and -1 where there are none. */
  get first(): number {
    return this.#ranked === 0 ? 0 : this.#at(0);
  }

  get last(): number {
    return this.#ranked === 0 ? -1 : this.#at(this.#ranked - 1);
  }

  /** The number of the key that is the first `length` bytes of `key`; adds it where it is new. */
  add(key: Uint8Array, length: number = key.length): number {
    if (4 * (this.count + 1) > this.#slots.length) this.#rehash();
    const slots = this.#slots;
    const mask = slots.length - 1;
    const tag = hash(key, 0, length);
    let slot = (2 * tag) & mask;
    for (let found = slots[slot] as number; found !== 0; found = slots[slot] as number) {
      if (slots[slot + 1] === tag && this.#equals(found - 1, key, length)) return found - 1;
      slot = (slot + 2) & mask;
    }
    const number = this.count++;
    slots[slot] = this.count;
    slots[slot + 1] = tag;
    const start = this.#starts[number] as number;
    if (start + length > this.#bytes.length) this.#bytes = grown(this.#bytes, start + length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) bytes[start + i] = key[i] as number;
    if (number + 2 > this.#starts.length) this.#starts = grown(this.#starts, number + 2);
    this.#starts[number + 1] = start + length;
    return number;
  }

  /** Of a key that was ranked. */
  positionOf(number: number): number {
    return this.#positions[number] as number;
  }

  /** The key itself, a copy. */
  key(number: number): Uint8Array {
    return this.#bytes.slice(this.#starts[number], this.#starts[number + 1]);
  }

  /** Gives every key a position. Steps are short; returns whether positions that were given before are void. */
  *rank(): Generator<void, boolean> {
    const fresh = this.count - this.#ranked;
    if (fresh === 0) return false;
    const before = this.#ranked;
    const numbers = new Uint32Array(fresh);
    for (let i = 0; i < fresh; i++) numbers[i] = before + i;
    const added = yield* this.#sorted(numbers);
    this.#positions = grown(this.#positions, this.count);
    const merged = yield* this.#mergeIn(added);
    // Nothing was changed that is handed out until here, so that an abandoned job leaves all as it was.
    this.#sequence = merged;
    this.#ranked = this.count;
    if (before > 0 && this.#fit(before)) return false;
    for (let i = 0; i < this.#ranked; i++) this.#positions[merged[i] as number] = i;
    this.#between = 0;
    this.#whole = this.#ranked;
    return before > 0;
  }

  /** Index in the order of the last ranked key whose position is not behind `position`; -1 before the first. */
  lastAt(position: number): number {
    let low = 0;
    let high = this.#ranked;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The key at an index in the order, a copy. */
  keyAt(index: number): Uint8Array {
    return this.key(this.#sequence[index] as number);
  }

  /** Where a key stands: on a boundary key, or midway between two, or half a step beyond the ends. */
  place(key: Uint8Array): { readonly position: number; readonly exact: boolean } {
    let low = 0;
    let high = this.#ranked;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const number = this.#sequence[middle] as number;
      const order = this.#order.compareUser(
        this.#bytes,
        this.#startOf(number),
        this.#lengthOf(number),
        key,
        0,
        key.length,
      );
      if (order === 0) return { position: this.#at(middle), exact: true };
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (this.#ranked === 0) return { position: 0, exact: false };
    if (low === 0) return { position: this.first - 0.5, exact: false };
    if (low === this.#ranked) return { position: this.last + 0.5, exact: false };
    return { position: (this.#at(low - 1) + this.#at(low)) / 2, exact: false };
  }

  #at(index: number): number {
    return this.#positions[this.#sequence[index] as number] as number;
  }

  #startOf(number: number): number {
    return this.#starts[number] as number;
  }

  #lengthOf(number: number): number {
    return (this.#starts[number + 1] as number) - (this.#starts[number] as number);
  }

  #equals(number: number, key: Uint8Array, length: number): boolean {
    const start = this.#startOf(number);
    if (this.#lengthOf(number) !== length) return false;
    const bytes = this.#bytes;
    // Keys that share a slot mostly differ near their ends.
    for (let i = length - 1; i >= 0; i--) if (bytes[start + i] !== key[i]) return false;
    return true;
  }

  #rehash(): void {
    const old = this.#slots;
    const slots = new Uint32Array(4 * old.length);
    const mask = slots.length - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0) continue;
      const tag = old[i + 1] as number;
      let slot = (2 * tag) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = old[i] as number;
      slots[slot + 1] = tag;
    }
    this.#slots = slots;
  }

  #compareKeys(a: number, b: number): number {
    const bytes = this.#bytes;
    const aStart = this.#startOf(a);
    const bStart = this.#startOf(b);
    const order = this.#order.compareUser(bytes, aStart, this.#lengthOf(a), bytes, bStart, this.#lengthOf(b));
    // A comparator may call two byte strings equal; they still need an order.
    return order !== 0 ? order : a - b;
  }

  /**
   * Merge sort from the bottom up: an order that comes in runs, as boundaries do, costs little. Where the order is
   * that of bytes, the eight bytes behind what all keys begin with decide nearly always.
   */
  *#sorted(numbers: Uint32Array): Generator<void, Uint32Array> {
    const n = numbers.length;
    const words = yield* this.#words(numbers);
    const base = numbers[0] as number;
    const { high, low, sign } = words;
    const less = (a: number, b: number): boolean => {
      if (sign !== 0) {
        const i = a - base;
        const j = b - base;
        if (high[i] !== high[j]) return (high[i] as number) < (high[j] as number) === sign > 0;
        if (low[i] !== low[j]) return (low[i] as number) < (low[j] as number) === sign > 0;
      }
      return this.#compareKeys(a, b) < 0;
    };
    let from: Uint32Array = numbers;
    let to: Uint32Array = new Uint32Array(n);
    let left = SLICE;
    for (let width = 1; width < n; width *= 2) {
      for (let start = 0; start < n; start += 2 * width) {
        const middle = Math.min(start + width, n);
        const end = Math.min(start + 2 * width, n);
        let a = start;
        let b = middle;
        let at = start;
        if (middle === end || less(from[middle - 1] as number, from[middle] as number)) {
          to.set(from.subarray(start, end), start);
          at = end;
          left--;
        }
        for (; at < end; at++) {
          if (b >= end || (a < middle && less(from[a] as number, from[b] as number))) to[at] = from[a++] as number;
          else to[at] = from[b++] as number;
          if (--left <= 0) {
            yield;
            left = SLICE;
          }
        }
        if (left <= 0) {
          yield;
          left = SLICE;
        }
      }
      [from, to] = [to, from];
    }
    return from;
  }

  /** Of keys with consecutive numbers: eight bytes of each, as two numbers; sign 0 where bytes do not tell the order. */
  *#words(numbers: Uint32Array): Generator<void, { high: Uint32Array; low: Uint32Array; sign: number }> {
    const { direction } = this.#order;
    const n = direction === 'other' ? 0 : numbers.length;
    const high = new Uint32Array(n);
    const low = new Uint32Array(n);
    if (n === 0) return { high, low, sign: 0 };
    const bytes = this.#bytes;
    const first = this.#startOf(numbers[0] as number);
    let common = this.#lengthOf(numbers[0] as number);
    for (let i = 1; i < n && common > 0; i++) {
      const start = this.#startOf(numbers[i] as number);
      common = Math.min(common, this.#lengthOf(numbers[i] as number));
      let k = 0;
      while (k < common && bytes[start + k] === bytes[first + k]) k++;
      common = k;
      if (i % SLICE === 0) yield;
    }
    for (let i = 0; i < n; i++) {
      const number = numbers[i] as number;
      const start = this.#startOf(number) + common;
      const left = this.#lengthOf(number) - common;
      high[i] = wordAt(bytes, start, left);
      low[i] = wordAt(bytes, start + 4, left - 4);
      if (i % SLICE === 0) yield;
    }
    return { high, low, sign: direction === 'ascending' ? 1 : -1 };
  }

  *#mergeIn(added: Uint32Array): Generator<void, Uint32Array> {
    const old = this.#sequence.subarray(0, this.#ranked);
    if (old.length === 0) return added;
    const merged = new Uint32Array(old.length + added.length);
    let taken = 0;
    let left = SLICE;
    for (let j = 0; j < added.length; j++) {
      const number = added[j] as number;
      let low = taken;
      let high = old.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#compareKeys(old[middle] as number, number) < 0) low = middle + 1;
        else high = middle;
      }
      merged.set(old.subarray(taken, low), taken + j);
      merged[low + j] = number;
      taken = low;
      if (--left <= 0) {
        yield;
        left = SLICE;
      }
    }
    merged.set(old.subarray(taken), taken + added.length);
    return merged;
  }

  /** Positions for the keys numbered from `from` on, around those that have one; false if there is no room. */
  #fit(from: number): boolean {
    const sequence = this.#sequence;
    for (let i = 0; i < this.#ranked; ) {
      if ((sequence[i] as number) < from) {
        i++;
        continue;
      }
      let end = i;
      while (end < this.#ranked && (sequence[end] as number) >= from) end++;
      const run = end - i;
      if (end === this.#ranked) {
        const start = Math.floor(this.#at(i - 1));
        for (let k = 0; k < run; k++) this.#positions[sequence[i + k] as number] = start + 1 + k;
      } else if (i === 0) {
        const first = Math.ceil(this.#at(end));
        for (let k = 0; k < run; k++) this.#positions[sequence[k] as number] = first - run + k;
      } else {
        const low = this.#at(i - 1);
        const step = (this.#at(end) - low) / (run + 1);
        this.#between += run;
        if (step < STEP_MIN || this.#between > Math.max(BETWEEN_MIN, this.#whole)) return false;
        for (let k = 0; k < run; k++) this.#positions[sequence[i + k] as number] = low + step * (k + 1);
      }
      i = end;
    }
    return true;
  }
}

/** The first four of `left` bytes as one number, filled up with zeros: a shorter key is not behind a longer one. */
function wordAt(b: Uint8Array, at: number, left: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = word * 256 + (i < left ? (b[at + i] as number) : 0);
  return word;
}

/** FNV-1a, 32 bits. */
function hash(b: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < start + length; i++) h = Math.imul(h ^ (b[i] as number), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
