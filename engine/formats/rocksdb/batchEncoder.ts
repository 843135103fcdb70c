/** RocksDB's write batches (rocksdb-leveldb.md §3): the default family's operations have tags without its id. */
import type { BatchBuilder } from '../leveldb/batchBuilder.ts';
import { BatchBuffer } from '../leveldb/batchBuilder.ts';

/** Tags of an operation: of the default family, and with a family's id. */
const PUT = [0x01, 0x05] as const;
const DELETE = [0x00, 0x04] as const;
const MERGE = [0x02, 0x06] as const;
const SINGLE_DELETE = [0x07, 0x08] as const;
const DELETE_RANGE = [0x0f, 0x0e] as const;
const PUT_ENTITY = [0x16, 0x17] as const;
const LOG_DATA = 0x03;

export class RocksDbBatch extends BatchBuffer implements BatchBuilder {
  put(family: number, key: Uint8Array, value: Uint8Array): void {
    this.#add(PUT, family, key, value);
  }

  delete(family: number, key: Uint8Array): void {
    this.#add(DELETE, family, key, undefined);
  }

  singleDelete(family: number, key: Uint8Array): void {
    this.#add(SINGLE_DELETE, family, key, undefined);
  }

  merge(family: number, key: Uint8Array, operand: Uint8Array): void {
    this.#add(MERGE, family, key, operand);
  }

  deleteRange(family: number, begin: Uint8Array, end: Uint8Array): void {
    this.#add(DELETE_RANGE, family, begin, end);
  }

  /** `columns` is an encoded entity (§10). */
  putEntity(family: number, key: Uint8Array, columns: Uint8Array): void {
    this.#add(PUT_ENTITY, family, key, columns);
  }

  /** Data for readers of the WAL; it never reaches a table. */
  logData(data: Uint8Array): void {
    this.annotation(LOG_DATA, data);
  }

  #add(tags: readonly [number, number], family: number, key: Uint8Array, value: Uint8Array | undefined): void {
    if (family === 0) this.operation(tags[0], -1, key, value);
    else this.operation(tags[1], family, key, value);
  }
}
