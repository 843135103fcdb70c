/**
 * The order of Chromium's IndexedDB keys, comparator `idb_cmp1` (other-engines.md §1; Chromium
 * content/browser/indexed_db/indexed_db_leveldb_coding.cc `Compare`).
 *
 * A key is a prefix that names database, object store and index, and then what that kind of key holds: numbers
 * compare as numbers, strings by UTF-16 units, arrays element by element. Keys that do not parse are ordered by
 * their bytes, so that whatever a damaged or hostile store holds has some order and nothing is thrown.
 */
import { compareRanges } from '../base/bytes.ts';

/** Ids of the index that stand for other things than indexes. */
const FIRST_INDEX = 30;

const GlobalType = { simpleEnd: 7, scopes: 50, freeList: 100, databaseName: 201 } as const;
const DatabaseType = {
  simpleEnd: 6,
  storeMeta: 50,
  indexMeta: 100,
  storeFreeList: 150,
  indexFreeList: 151,
  storeNames: 200,
  indexNames: 201,
} as const;

const KeyType = { null: 0, string: 1, date: 2, number: 3, array: 4, min: 5, binary: 6 } as const;
/** Rank of each key type, the greatest key first: arrays, binary, strings, dates, numbers. */
const RANK: readonly number[] = [0, 3, 4, 5, 1, 7, 2];
/** Deeper arrays are taken for damage. */
const DEPTH_MAX = 100;

/** Does not parse. */
const BAD = Number.NaN;

/** One side of a comparison: a place in its bytes. Two of them serve all comparisons, which never nest. */
class Side {
  b: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  database = 0;
  store = 0;
  index = 0;

  set(b: Uint8Array, start: number, length: number): void {
    this.b = b;
    this.at = start;
    this.end = start + length;
  }

  /** The three ids; false if they are cut short. */
  prefix(): boolean {
    if (this.at >= this.end) return false;
    const first = this.b[this.at++] as number;
    this.database = this.little((first >> 5) + 1);
    this.store = this.little(((first >> 2) & 7) + 1);
    this.index = this.little((first & 3) + 1);
    return !Number.isNaN(this.database + this.store + this.index);
  }

  byte(): number {
    return this.at < this.end ? (this.b[this.at++] as number) : BAD;
  }

  little(bytes: number): number {
    if (this.at + bytes > this.end) return BAD;
    let n = 0;
    for (let i = bytes - 1; i >= 0; i--) n = n * 256 + (this.b[this.at + i] as number);
    this.at += bytes;
    return n;
  }

  varint(): number {
    let n = 0;
    for (let scale = 1; this.at < this.end && scale <= 2 ** 63; scale *= 128) {
      const byte = this.b[this.at++] as number;
      n += (byte & 0x7f) * scale;
      if (byte < 0x80) return n;
    }
    return BAD;
  }

  get left(): number {
    return this.end - this.at;
  }
}

const left = new Side();
const right = new Side();
const numbers = new DataView(new ArrayBuffer(8));

function double(s: Side): number {
  if (s.left < 8) {
    s.at = s.end + 1;
    return 0;
  }
  for (let i = 0; i < 8; i++) numbers.setUint8(i, s.b[s.at + i] as number);
  s.at += 8;
  return numbers.getFloat64(0, true);
}

/** Strings of UTF-16BE units, or bytes: `unit` bytes each, their count first. */
function compareCounted(unit: number): number {
  const a = left.varint() * unit;
  const b = right.varint() * unit;
  if (!(a <= left.left && b <= right.left)) return BAD;
  const order = compareRanges(left.b, left.at, a, right.b, right.at, b);
  left.at += a;
  right.at += b;
  return order;
}

function compareVarints(): number {
  return left.varint() - right.varint();
}

function compareUserKeys(depth: number): number {
  const a = left.byte();
  const b = right.byte();
  const order = (RANK[b] ?? BAD) - (RANK[a] ?? BAD);
  if (order !== 0) return order;
  switch (a) {
    case KeyType.null:
    case KeyType.min:
      return 0;
    case KeyType.array: {
      const n = left.varint();
      const m = right.varint();
      if (depth >= DEPTH_MAX || !(n <= left.left && m <= right.left)) return BAD;
      for (let i = 0; i < n && i < m; i++) {
        const element = compareUserKeys(depth + 1);
        if (element !== 0) return element;
      }
      return n - m;
    }
    case KeyType.string:
      return compareCounted(2);
    case KeyType.binary:
      return compareCounted(1);
    default: {
      const x = double(left);
      const y = double(right);
      if (left.left < 0 || right.left < 0) return BAD;
      return x < y ? -1 : x > y ? 1 : 0;
    }
  }
}

function compareGlobal(): number {
  const type = left.byte();
  const order = type - right.byte();
  if (order !== 0 || type < GlobalType.simpleEnd) return order;
  if (type === GlobalType.scopes) return compareRanges(left.b, left.at, left.left, right.b, right.at, right.left);
  if (type === GlobalType.freeList) return compareVarints();
  if (type === GlobalType.databaseName) return compareCounted(2) || compareCounted(2);
  return BAD;
}

function compareDatabase(): number {
  const type = left.byte();
  const order = type - right.byte();
  if (order !== 0 || type < DatabaseType.simpleEnd) return order;
  switch (type) {
    case DatabaseType.storeMeta:
      return compareVarints() || left.byte() - right.byte();
    case DatabaseType.indexMeta:
      return compareVarints() || compareVarints() || left.byte() - right.byte();
    case DatabaseType.storeFreeList:
      return compareVarints();
    case DatabaseType.indexFreeList:
      return compareVarints() || compareVarints();
    case DatabaseType.storeNames:
      return compareCounted(2);
    case DatabaseType.indexNames:
      return compareVarints() || compareCounted(2);
    default:
      return BAD;
  }
}

/** Index key, then primary key, then sequence number; the last two may be missing. */
function compareIndexEntry(): number {
  const order = compareUserKeys(0);
  if (order !== 0) return order;
  const a = left.left > 0 ? left.varint() : -1;
  const b = right.left > 0 ? right.varint() : -1;
  if (Number.isNaN(a) || Number.isNaN(b)) return 0;
  if (left.left === 0 || right.left === 0) return left.left - right.left;
  return compareUserKeys(0) || a - b;
}

function compareParsed(): number {
  if (!left.prefix() || !right.prefix()) return BAD;
  const order = left.database - right.database || left.store - right.store || left.index - right.index;
  if (order !== 0) return order;
  if (left.database === 0) return left.store === 0 && left.index === 0 ? compareGlobal() : BAD;
  if (left.store === 0) return left.index === 0 ? compareDatabase() : BAD;
  if (left.left === 0 || right.left === 0) return left.left - right.left;
  return left.index >= FIRST_INDEX ? compareIndexEntry() : compareUserKeys(0);
}

export function compareIdbKeys(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  left.set(a, aStart, aLength);
  right.set(b, bStart, bLength);
  const order = compareParsed();
  return Number.isNaN(order) ? compareRanges(a, aStart, aLength, b, bStart, bLength) : order;
}
