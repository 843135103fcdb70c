/** What a table under construction is told, and what it tells when it is finished. */
import type { CompressionName, Dialect } from '../../codec/registry.ts';
import type { KeyOrder } from '../../iter/order.ts';
import type { TableIdentity } from './tableProperties.ts';

export interface TableBuilderOptions {
  readonly dialect: Dialect;
  readonly order: KeyOrder;
  /** 0 for LevelDB; 2 to 7 for RocksDB. */
  readonly formatVersion: number;
  /** One of `ChecksumType`; LevelDB has CRC-32C only, and ignores this. */
  readonly checksum?: number;
  readonly compression?: CompressionName;
  /** On the codec's own scale; undefined for its default. */
  readonly compressionLevel?: number | undefined;
  /** Raw bytes after which a data block is closed; 4096 by default. */
  readonly blockSize?: number;
  /** Entries from one whole key to the next; 16 by default. */
  readonly restartInterval?: number;
  /** Of a Bloom filter over whole user keys; 0 or absent: none. */
  readonly filterBitsPerKey?: number;
  /** RocksDB only. */
  readonly identity?: TableIdentity;
  /**
   * From format_version 6 on: a 32-bit number, not 0 (engines refuse that), that ties the checksums to this
   * file; by default made from the session and the file number.
   */
  readonly contextBase?: number;
  readonly bufferBytes?: number;
}

/** What a MANIFEST and its writer want to know of a finished table. */
export interface TableSummary {
  /** Length of the file. */
  readonly bytes: number;
  /** Internal keys that bound the table, tombstones included; empty if it has no entries. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  readonly smallestSeq: number;
  readonly largestSeq: number;
  /** Point entries and range tombstones, as the engines count them. */
  readonly entries: number;
  readonly deletions: number;
  readonly rangeDeletions: number;
  readonly merges: number;
  readonly rawKeyBytes: number;
  readonly rawValueBytes: number;
  readonly dataBlocks: number;
  readonly filterBytes: number;
  readonly indexBytes: number;
  /** Smallest number of a blob file that an entry refers to. */
  readonly oldestBlobFile: number | undefined;
  /** Where the data blocks end; the MANIFEST's tail size is `bytes` minus this. */
  readonly tailStart: number;
}
