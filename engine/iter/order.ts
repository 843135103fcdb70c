/** The order of user keys in a family: what the comparator named in the MANIFEST means. */
import { compareRanges } from '../base/bytes.ts';
import { compareIdbKeys } from './idbOrder.ts';

/** Compares two user keys given as ranges; a user timestamp is part of the key. */
export type KeyCompare = (
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
) => number;

export interface KeyOrder {
  readonly name: string;
  /** False: keys can only be walked in file order. */
  readonly known: boolean;
  readonly compare: KeyCompare;
  /** As `compare`, for keys without their timestamps. */
  readonly compareUser: KeyCompare;
  /** True where `compare` is plain lexicographic order of bytes. */
  readonly bytewise: boolean;
  /** True where keys run from the largest byte string to the smallest. */
  readonly reversed: boolean;
  /** Bytes of user timestamp at the end of each key. */
  readonly timestampSize: number;
  /** False where keys that begin with the same bytes do not stand side by side. */
  readonly prefixesAreRanges?: false;
}

const reverse: KeyCompare = (a, as, al, b, bs, bl) => compareRanges(b, bs, bl, a, as, al);

/**
 * Keys ascend; timestamps (little-endian, 8 bytes) descend, so that the newest version comes first
 * (rocksdb-leveldb.md §10).
 */
function withU64Timestamp(inner: KeyCompare): KeyCompare {
  return (a, as, al, b, bs, bl) => {
    const order = inner(a, as, al - 8, b, bs, bl - 8);
    if (order !== 0 || al < 8 || bl < 8) return order;
    for (let i = 7; i >= 0; i--) {
      const d = (b[bs + bl - 8 + i] as number) - (a[as + al - 8 + i] as number);
      if (d !== 0) return d;
    }
    return 0;
  };
}

export const BYTEWISE: KeyOrder = {
  name: 'leveldb.BytewiseComparator',
  known: true,
  compare: compareRanges,
  compareUser: compareRanges,
  bytewise: true,
  reversed: false,
  timestampSize: 0,
};

const KNOWN: readonly KeyOrder[] = [
  BYTEWISE,
  {
    name: 'rocksdb.ReverseBytewiseComparator',
    known: true,
    compare: reverse,
    compareUser: reverse,
    bytewise: false,
    reversed: true,
    timestampSize: 0,
  },
  {
    name: 'idb_cmp1',
    known: true,
    compare: compareIdbKeys,
    compareUser: compareIdbKeys,
    bytewise: false,
    reversed: false,
    timestampSize: 0,
    prefixesAreRanges: false,
  },
  {
    name: 'leveldb.BytewiseComparator.u64ts',
    known: true,
    compare: withU64Timestamp(compareRanges),
    compareUser: compareRanges,
    bytewise: false,
    reversed: false,
    timestampSize: 8,
  },
  {
    name: 'rocksdb.ReverseBytewiseComparator.u64ts',
    known: true,
    compare: withU64Timestamp(reverse),
    compareUser: reverse,
    bytewise: false,
    reversed: true,
    timestampSize: 8,
  },
];

/** The order that `name` stands for; an unknown one compares bytewise and says that it is a guess. */
export function keyOrder(name: string): KeyOrder {
  return KNOWN.find((o) => o.name === name) ?? { ...BYTEWISE, name, known: false };
}
