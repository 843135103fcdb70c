/** Records of a store's logs by family, with the places where they stand, in internal order. */
import { EMPTY } from '../../base/bytes.ts';
import { type Problem, toStoreError } from '../../base/errors.ts';
import type { BlockDialect } from '../../formats/block/blockCursor.ts';
import { LogReader } from '../../formats/leveldb/logReader.ts';
import { BatchSummary, type BatchVisitor, readLevelDbBatch } from '../../formats/leveldb/writeBatch.ts';
import { readRocksDbBatch } from '../../formats/rocksdb/writeBatch.ts';
import type { FileSystem } from '../../fs/fileSystem.ts';
import { type Cursor, ValueType } from '../../iter/cursor.ts';
import type { KeyOrder } from '../../iter/order.ts';

export interface LogRecord {
  readonly file: string;
  readonly offset: number;
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly type: number;
  readonly value: Uint8Array;
  readonly valueBytes: number;
  /** The log counts for the family. */
  readonly counts: boolean;
}

/** Records of all logs held at once, at the most: above that the logs are named as too long. */
const RECORDS_MAX = 4_000_000;
/** Bytes of keys and values of all logs held at once; of values after that only a beginning is. */
const HELD_BYTES_MAX = 512 << 20;
const BEGINNING_BYTES = 64;
/** Records read between two looks of whoever drives the job. */
const RECORDS_A_STEP = 2_000;

/** A job: by family id. Operations of prepared transactions are left out: nobody knows their sequence numbers. */
export function* logRecords(
  fs: FileSystem,
  logs: readonly { readonly path: string; readonly file: string; readonly number: number }[],
  dialect: BlockDialect,
  counts: (family: number, log: number) => boolean,
  valueBytes: number,
  problems: Problem[],
): Generator<void, Map<number, LogRecord[]>, void> {
  const families = new Map<number, LogRecord[]>();
  let total = 0;
  let held = 0;
  let cut = false;
  for (const { path, file, number } of logs) {
    let offset = 0;
    let prepared = false;
    const add = (family: number, sequence: number, type: number, key: Uint8Array, value: Uint8Array): void => {
      if (prepared || total >= RECORDS_MAX) return;
      total++;
      const list = families.get(family) ?? [];
      families.set(family, list);
      const room = held < HELD_BYTES_MAX ? valueBytes : Math.min(valueBytes, BEGINNING_BYTES);
      cut ||= room < Math.min(valueBytes, value.length);
      const kept = value.slice(0, room);
      held += key.length + kept.length;
      list.push({
        file,
        offset,
        key: key.slice(),
        sequence,
        type,
        value: kept,
        valueBytes: value.length,
        counts: counts(family, number),
      });
    };
    const visitor: BatchVisitor = {
      entry: (family, type, sequence, b, keyStart, keyLength, valueStart, length) =>
        add(
          family,
          sequence,
          type,
          b.subarray(keyStart, keyStart + keyLength),
          b.subarray(valueStart, valueStart + length),
        ),
      deleteRange: (family, sequence, b, begin, beginLength, end, endLength) => {
        const until = b.subarray(end, end + endLength);
        add(family, sequence, ValueType.rangeDeletion, b.subarray(begin, begin + beginLength), until);
        return 1;
      },
      beginPrepare: () => {
        prepared = true;
      },
      endPrepare: () => {
        prepared = false;
      },
    };
    try {
      const handle = fs.open(path, 'read');
      try {
        const log = new LogReader(handle, { path: file, logNumber: number });
        const summary = new BatchSummary();
        let records = 0;
        do {
          while (log.next()) {
            if (++records % RECORDS_A_STEP === 0) yield;
            offset = log.recordOffset;
            prepared = false;
            try {
              if (dialect !== 'rocksdb') readLevelDbBatch(log.record, visitor, summary, dialect === 'eleveldb');
              else readRocksDbBatch(log.record, visitor, summary);
            } catch (thrown) {
              problems.push(toStoreError(thrown, { path: file, offset }).toProblem());
            }
          }
          if (log.problem !== undefined) problems.push(log.problem);
          log.problem = undefined;
        } while (log.resync());
      } finally {
        handle.close();
      }
    } catch (thrown) {
      problems.push(toStoreError(thrown, { path: file }).toProblem());
    }
  }
  if (total >= RECORDS_MAX) {
    problems.push({
      code: 'UNSUPPORTED',
      path: '',
      message: `the logs hold more than ${RECORDS_MAX} records: the rest is left out`,
    });
  }
  if (cut) {
    const message = `the logs hold more than ${HELD_BYTES_MAX} bytes: of the values after that only a beginning is shown`;
    problems.push({ code: 'UNSUPPORTED', path: '', message });
  }
  return families;
}

/** Records in internal order: by key, the newest of a key first. */
export function sortRecords(records: readonly LogRecord[], order: KeyOrder): LogRecord[] {
  return [...records].sort(
    (a, b) =>
      order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence || b.type - a.type,
  );
}

/** Point records in internal order; walks forward. */
export class RecordCursor implements Cursor {
  readonly level = -1;
  readonly table = 0;
  readonly keyStart = 0;
  readonly valueStart = 0;
  readonly #records: readonly LogRecord[];
  readonly #order: KeyOrder;
  #at = 0;

  /** `records` in the order that `sortRecords` gives them. */
  constructor(records: readonly LogRecord[], order: KeyOrder) {
    this.#records = records;
    this.#order = order;
  }

  get record(): LogRecord | undefined {
    return this.#records[this.#at];
  }
  get valid(): boolean {
    return this.#at < this.#records.length;
  }
  get keyBuffer(): Uint8Array {
    return this.record?.key ?? EMPTY;
  }
  get keyLength(): number {
    return this.record?.key.length ?? 0;
  }
  get sequence(): number {
    return this.record?.sequence ?? 0;
  }
  get type(): number {
    return this.record?.type ?? 0;
  }
  get valueBuffer(): Uint8Array {
    return this.record?.value ?? EMPTY;
  }
  get valueLength(): number {
    return this.record?.valueBytes ?? 0;
  }

  first(): void {
    this.#at = 0;
  }

  next(): void {
    this.#at++;
  }

  last(): void {
    this.#at = this.#records.length - 1;
  }

  prev(): void {
    this.#at--;
  }

  seek(key: Uint8Array, sequence: number): void {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const r = this.#records[middle] as LogRecord;
      const d = this.#order.compare(r.key, 0, r.key.length, key, 0, key.length);
      if (d < 0 || (d === 0 && r.sequence > sequence)) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
  }

  close(): void {
    this.#at = this.#records.length;
  }
}
