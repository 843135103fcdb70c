/** A write batch for one store: what the store cannot take is refused when it is added. */
import { StoreError } from '../base/errors.ts';
import { type BatchBuilder, LevelDbBatch } from '../formats/leveldb/batchBuilder.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { RocksDbBatch } from '../formats/rocksdb/batchEncoder.ts';
import type { KeyOrder } from '../iter/order.ts';

/** The order of a family's keys; undefined if the store has no such family. */
export type OrderOf = (family: number) => KeyOrder | undefined;

/** Why a family takes no new values from us, though it takes deletions; undefined if it takes them. */
export type RefusesValues = (family: number) => string | undefined;

export class WriteBatch implements BatchBuilder {
  readonly #inner: LevelDbBatch | RocksDbBatch;
  readonly #orderOf: OrderOf;
  readonly #refusesValues: RefusesValues;
  #lastFamily = -1;
  /** The family that was found to take values last. */
  #lastValued = -1;

  constructor(dialect: Dialect['id'], orderOf: OrderOf, refusesValues: RefusesValues = () => undefined) {
    this.#refusesValues = refusesValues;
    this.#inner = dialect === 'leveldb' ? new LevelDbBatch() : new RocksDbBatch();
    this.#orderOf = orderOf;
  }

  get count(): number {
    return this.#inner.count;
  }

  get bytes(): number {
    return this.#inner.bytes;
  }

  put(family: number, key: Uint8Array, value: Uint8Array): void {
    this.#check(family);
    this.#checkValue(family);
    this.#inner.put(family, key, value);
  }

  delete(family: number, key: Uint8Array): void {
    this.#check(family);
    this.#inner.delete(family, key);
  }

  singleDelete(family: number, key: Uint8Array): void {
    this.#check(family);
    this.#inner.singleDelete(family, key);
  }

  merge(family: number, key: Uint8Array, operand: Uint8Array): void {
    this.#check(family);
    this.#checkValue(family);
    this.#inner.merge(family, key, operand);
  }

  /** Deletes [begin, end). Throws INPUT for a range that is empty. */
  deleteRange(family: number, begin: Uint8Array, end: Uint8Array): void {
    this.#check(family);
    const order = this.#orderOf(family);
    if (order !== undefined && order.compareUser(begin, 0, begin.length, end, 0, end.length) >= 0) {
      throw new StoreError('INPUT', 'the range to delete is empty: its end does not come after its beginning');
    }
    this.#inner.deleteRange(family, begin, end);
  }

  seal(sequence: number): Uint8Array {
    return this.#inner.seal(sequence);
  }

  appendSealed(record: Uint8Array): void {
    this.#inner.appendSealed(record);
  }

  clear(): void {
    this.#inner.clear();
  }

  #checkValue(family: number): void {
    if (family === this.#lastValued) return;
    const why = this.#refusesValues(family);
    if (why !== undefined) throw new StoreError('UNSUPPORTED', `no value is written: ${why}`);
    this.#lastValued = family;
  }

  #check(family: number): void {
    if (family === this.#lastFamily) return;
    if (this.#orderOf(family) === undefined) {
      throw new StoreError('INPUT', `there is no column family with id ${family}`);
    }
    this.#lastFamily = family;
  }
}
