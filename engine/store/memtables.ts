/** The memtables of an open store, one a column family, and how a batch gets into them. */
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { BatchSummary, type BatchVisitor, readLevelDbBatch } from '../formats/leveldb/writeBatch.ts';
import { readRocksDbBatch } from '../formats/rocksdb/writeBatch.ts';
import type { MemtableReader } from './memtable.ts';
import { adopt } from './recovery.ts';
import type { SkipList } from './skipList.ts';

/** Batches from this length on are kept whole by the memtables. */
const KEPT_BYTES_MIN = 4096;

export class Memtables {
  readonly byFamily = new Map<number, SkipList>();
  readonly #dialect: Dialect['id'];
  readonly #begins: (family: number) => void;
  readonly #summary = new BatchSummary();
  /** A copy of the batch that goes in, which they keep. */
  #kept: Uint8Array | undefined;

  /** `begins` is told of every family whose empty memtable is about to get an entry. */
  constructor(dialect: Dialect['id'], begins: (family: number) => void) {
    this.#dialect = dialect;
    this.#begins = begins;
  }

  get bytes(): number {
    let bytes = 0;
    for (const m of this.byFamily.values()) bytes += m.bytes;
    return bytes;
  }

  /** Families with something to flush. */
  filled(): number[] {
    return [...this.byFamily].filter(([, m]) => !m.empty).map(([id]) => id);
  }

  /** Throws for a family that is not there. */
  of(family: number): SkipList {
    return this.byFamily.get(family) as SkipList;
  }

  /** Puts in what a replay of the logs found; returns the families that had something there. */
  takeOver(replayed: ReadonlyMap<number, MemtableReader>): number[] {
    for (const [id, from] of replayed) {
      const into = this.byFamily.get(id);
      if (into !== undefined) adopt(from, into);
    }
    return this.filled();
  }

  /** Puts in the operations of a sealed batch; returns the sequence number after its last. */
  add(sealed: Uint8Array): number {
    // A large batch is copied once as a whole, a small one entry by entry.
    this.#kept = sealed.length >= KEPT_BYTES_MIN ? sealed.slice() : undefined;
    const record = this.#kept ?? sealed;
    if (this.#dialect === 'leveldb') readLevelDbBatch(record, this.#visitor, this.#summary);
    else readRocksDbBatch(record, this.#visitor, this.#summary);
    this.#kept = undefined;
    return this.#summary.nextSequence;
  }

  readonly #visitor: BatchVisitor = {
    entry: (family, type, sequence, buffer, keyStart, keyLength, valueStart, valueLength) => {
      const memtable = this.#memtableFor(family);
      if (this.#kept === undefined) {
        memtable?.add(type, sequence, buffer, keyStart, keyLength, buffer, valueStart, valueLength);
      } else memtable?.addFrom(this.#kept, type, sequence, keyStart, keyLength, valueStart, valueLength);
    },
    deleteRange: (family, sequence, buffer, beginStart, beginLength, endStart, endLength) => {
      const begin = buffer.slice(beginStart, beginStart + beginLength);
      const end = buffer.slice(endStart, endStart + endLength);
      this.#memtableFor(family)?.addRangeTombstone(begin, end, sequence);
      return 1;
    },
  };

  #memtableFor(family: number): SkipList | undefined {
    const memtable = this.byFamily.get(family);
    if (memtable?.empty === true) this.#begins(family);
    return memtable;
  }
}
