/** Counts a table as its writer did, to be held against its properties (rocksdb-leveldb.md §6, "Properties block"). */
import { ValueType } from '../../iter/cursor.ts';

/** Bytes behind each user key. */
const TAG_BYTES = 8;

export class TableCounter {
  blocks = 0;
  /** Point entries. */
  entries = 0;
  /** Distinct user keys, timestamps included. */
  keys = 0;
  deletions = 0;
  merges = 0;
  rangeDeletions = 0;
  keyBytes = 0;
  valueBytes = 0;
  /** Where the last data block ends. */
  dataEnd = 0;
  lowestSequence = Number.POSITIVE_INFINITY;
  highestSequence = -1;
  /** The first key of the table. */
  first: Uint8Array | undefined;

  count(type: number, keyLength: number, valueLength: number, sequence: number): void {
    this.entries++;
    this.keyBytes += keyLength + TAG_BYTES;
    this.valueBytes += valueLength;
    if (sequence < this.lowestSequence) this.lowestSequence = sequence;
    if (sequence > this.highestSequence) this.highestSequence = sequence;
    if (type === ValueType.value) return;
    if (type === ValueType.deletion || type === ValueType.singleDeletion || type === ValueType.deletionWithTimestamp) {
      this.deletions++;
    } else if (type === ValueType.merge) this.merges++;
  }

  countRange(keyLength: number, valueLength: number, sequence: number): void {
    this.rangeDeletions++;
    this.keyBytes += keyLength + TAG_BYTES;
    this.valueBytes += valueLength;
    if (sequence < this.lowestSequence) this.lowestSequence = sequence;
    if (sequence > this.highestSequence) this.highestSequence = sequence;
  }

  /** What RocksDB's properties should say. Range deletions count as entries and as deletions. */
  properties(): readonly { readonly name: string; readonly counted: number }[] {
    return [
      { name: 'rocksdb.num.entries', counted: this.entries + this.rangeDeletions },
      { name: 'rocksdb.deleted.keys', counted: this.deletions + this.rangeDeletions },
      { name: 'rocksdb.merge.operands', counted: this.merges },
      { name: 'rocksdb.num.range-deletions', counted: this.rangeDeletions },
      { name: 'rocksdb.raw.key.size', counted: this.keyBytes },
      { name: 'rocksdb.raw.value.size', counted: this.valueBytes },
      { name: 'rocksdb.num.data.blocks', counted: this.blocks },
      { name: 'rocksdb.data.size', counted: this.dataEnd },
    ];
  }
}
