/**
 * Where the kernels of a `BlockMachine` keep what they know: fixed addresses in its memory, all fields
 * 32 bits unless they say otherwise. What grows stands behind `FREE_AT` and is found by address.
 */

import { LZ_TABLE_BYTES } from '../../../codec/lzEncoder.ts';

/** Reads and copies of whole words may touch this many bytes behind what they should. */
export const SLOP = 64;

/** State of the merge (mergeKernel.ts). */
export const Merge = {
  /** Array of cursor addresses, a binary heap, and how many of them are on something. */
  heap: 1024,
  heapSize: 1028,
  /** Records of the batch. */
  count: 1032,
  countMax: 1036,
  /** Memory for the keys of a batch. */
  arena: 1040,
  arenaEnd: 1044,
  /** The user key handed out last, -1 as its length for none. */
  group: 1048,
  groupLength: 1052,
  /** User key at which to stop, -1 as its length for none. */
  fence: 1056,
  fenceLength: 1060,
  /** 1: sequences become 0. */
  zero: 1064,
  /** Counted in the last call: versions and deletions under a newer put, sequences that became 0. */
  hidden: 1068,
  tombstones: 1072,
  zeroed: 1076,
  /** 64 bits: bytes of keys and values passed in the last call. */
  bytes: 1080,
} as const;

/** A cursor over one run, relative to its address. */
export const Cursor = {
  /** The entry behind the current one, and the end of the block's entries. */
  next: 0,
  limit: 4,
  /** Blocks that follow: addresses of pairs {start, end of entries}. */
  blocks: 8,
  blocksEnd: 12,
  /** The current internal key, with room for `capacity` bytes. */
  key: 16,
  capacity: 20,
  internalLength: 24,
  /** Of the user key. */
  keyLength: 28,
  /** 64 bits: sequence << 8 | type. */
  tag: 32,
  value: 40,
  valueLength: 44,
  level: 48,
  /** Position of the run, for JavaScript. */
  index: 52,
  bytes: 64,
} as const;

/** An entry of a batch, relative to its address. */
export const Record = {
  key: 0,
  keyLength: 4,
  /** 64 bits. */
  tag: 8,
  value: 16,
  valueLength: 20,
  bytes: 32,
} as const;

/** State of the open data block (buildKernel.ts). */
export const Build = {
  block: 2048,
  length: 2052,
  capacity: 2056,
  entries: 2060,
  /** Entries since the last restart point, and from one to the next. */
  counter: 2064,
  interval: 2068,
  restarts: 2072,
  restartCount: 2076,
  restartsCapacity: 2080,
  /** The last user key, -1 as its length before the first. */
  last: 2084,
  lastLength: 2088,
  lastCapacity: 2092,
  /** 64 bits. */
  lastTag: 2096,
  blockSize: 2104,
  /** Length of the block from which on a further user key is not taken. */
  cutAt: 2108,
  /** 1: keys must ascend bytewise; 0: their order was checked. */
  bytewise: 2112,
  /** LevelDB's hashes of the keys; a capacity of 0 for none. */
  hashes: 2116,
  hashCount: 2120,
  hashCapacity: 2124,
  /** Why the kernel stopped. */
  status: 2128,
  /** 64 bits each. */
  smallestTag: 2136,
  largestTag: 2144,
  keyBytes: 2152,
  valueBytes: 2160,
} as const;

/** State of the digest (digestKernel.ts); 64 bits each. */
export const Digest = {
  x: 3072,
  y: 3080,
  /** Sums of the low and the high halves, of which only the low 32 bits count. */
  low: 3088,
  high: 3092,
} as const;

/** Records of a batch. */
export const BATCH_MAX = 512;
export const BATCH_AT = 4096;
/** The one record of what is handed over by itself. */
export const SINGLE_AT = BATCH_AT + BATCH_MAX * Record.bytes;
/** Tables of the checksum and of the compressor. */
export const CRC_AT = 24 << 10;
export const LZ_AT = 40 << 10;
export const FREE_AT = LZ_AT + LZ_TABLE_BYTES;

/** Why `merge` or `step` came back. */
export const Status = {
  done: 0,
  /** The batch is full. */
  full: 1,
  /** The top of the heap has no block left in memory. */
  empty: 2,
  /** All runs are at their ends. */
  end: 3,
  /** The top is a version that has to be looked at: no plain put. */
  other: 4,
  /** The same under a put of the same key that was handed out. */
  otherUnderPut: 5,
  /** The top stands at or behind the fence. */
  fence: 6,
  /** The next entry of the top is malformed. */
  corrupt: 7,
  /** The next key of the top needs more room. */
  longKey: 8,
} as const;

/** Why `build` came back. */
export const Built = {
  done: 0,
  blockFull: 1,
  cut: 2,
  misplaced: 3,
  growBlock: 4,
  growKey: 5,
  growRestarts: 6,
  growHashes: 7,
} as const;
