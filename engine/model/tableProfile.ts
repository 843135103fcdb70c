/**
 * A table looked at in full: what its entries, blocks and filter are like. For the table's own editor.
 * Structured-cloneable. Sizes are bytes.
 */
import type { Problem } from '../base/errors.ts';
import type { TableStats } from './answers.ts';
import type { EntryTypeName } from './tree.ts';

/** Counts by size; bucket i holds sizes in [2^(i-1), 2^i), bucket 0 those of 0 bytes. */
export interface SizeHistogram {
  readonly counts: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly total: number;
}

/** The filter, measured. */
export interface FilterProfile {
  readonly name: string;
  /** `full`, `partitioned`, or LevelDB's `block-based`. */
  readonly kind: string;
  readonly bytes: number;
  /** Distinct keys that it was made of. */
  readonly keys: number;
  readonly bitsPerKey: number;
  /** Probes of the filter for one key, where the format states them. */
  readonly hashes: number | null;
  /** Absent keys that were asked, and how many of them it let through. */
  readonly probes: number;
  readonly falsePositives: number;
  /** What the theory says for that many bits a key; null where there is none for the kind. */
  readonly expectedRate: number | null;
  /** Keys of the table that it denied: any is damage. */
  readonly falseNegatives: number;
}

/** Blocks by what they are, and how much compression saved; `bytes` without trailers. */
export interface CompressionShare {
  readonly compression: string;
  readonly blocks: number;
  readonly bytes: number;
  readonly rawBytes: number;
}

export interface TableProfile {
  readonly stats: TableStats;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
  /** Entries that were looked at, range deletions among them; less than the table's where it is damaged. */
  readonly entries: number;
  readonly types: readonly { readonly type: EntryTypeName; readonly count: number }[];
  /** Entries of any kind of deletion, range deletions among them, over all entries. */
  readonly tombstoneShare: number;
  /** Distinct user keys; entries over keys is how many versions a key has. */
  readonly keys: number;
  /** Of the entries of data blocks: user keys with their timestamps, and values as they are stored (of a blob, its index). */
  readonly keySizes: SizeHistogram;
  readonly valueSizes: SizeHistogram;
  readonly filter: FilterProfile | null;
  readonly compression: readonly CompressionShare[];
  /** One entry a data block, in file order. */
  readonly blocks: {
    readonly offset: Float64Array;
    readonly bytes: Float64Array;
    readonly rawBytes: Float64Array;
    readonly entries: Uint32Array;
    /** Position in `compression`; 255 for a block that cannot be read. */
    readonly compression: Uint8Array;
  };
  /** Bytes of the file by part: data, index, filter, properties, range deletions, footer and the rest; block trailers count. */
  readonly parts: readonly { readonly part: string; readonly bytes: number }[];
  /** Oldest and newest sequence number that was met. */
  readonly smallestSeq: number;
  readonly largestSeq: number;
  readonly problems: readonly Problem[];
}
