/**
 * A write-ahead log, batch by batch and operation by operation (rocksdb-leveldb.md §2, §3).
 *
 * The reader of batches calls back for every operation, and a line must be yielded for each. So a batch is
 * read in passes, each of which notes the next few ten thousand operations as numbers and gives way: what
 * is held does not grow with the batch, and what stands before damage is shown.
 */
import { hex, readU32 } from '../../base/bytes.ts';
import { typeName } from '../../formats/leveldb/internalKey.ts';
import type { LogReader } from '../../formats/leveldb/logReader.ts';
import {
  BATCH_HEADER,
  BatchSummary,
  type BatchVisitor,
  batchSequence,
  readLevelDbBatch,
} from '../../formats/leveldb/writeBatch.ts';
import { readRocksDbBatch } from '../../formats/rocksdb/writeBatch.ts';
import { ValueType } from '../../iter/cursor.ts';
import { type Lines, shownError, shownKey, withoutOffset } from './line.ts';
import { dumpLog, offsetInRecord } from './log.ts';
import { entryValue } from './value.ts';

/** Operations noted in one pass over a batch. */
const PASS = 16_384;
const FIELDS = 7;
/** Prepared transactions whose size is remembered until their commit. */
const PREPARED_MAX = 10_000;

/** `timed`: of Basho's LevelDB. */
export function* dumpWal(log: LogReader, lines: Lines, timed = false): Generator<string, void> {
  const pass = new Pass(timed);
  yield* dumpLog(log, lines, (n) => dumpBatch(log, lines, n, pass));
}

function* dumpBatch(log: LogReader, lines: Lines, n: number, pass: Pass): Generator<string, void> {
  const { record, recordOffset } = log;
  if (record.length < BATCH_HEADER) {
    yield lines.at(recordOffset, `CORRUPT: record of ${record.length} bytes is too short for a write batch`);
    return;
  }
  try {
    const sequence = batchSequence(record);
    yield lines.at(
      recordOffset,
      `batch ${n}: sequence ${sequence}, count ${readU32(record, 8)}, ${record.length} bytes`,
    );
  } catch (thrown) {
    yield lines.damage(withoutOffset(shownError(thrown)), recordOffset);
    return;
  }
  for (let from = 0; ; from += PASS) {
    pass.from = from;
    const e = pass.run(record);
    for (let i = 0; i < pass.noted; i++) yield pass.line(log, lines, i);
    if (e !== undefined) yield lines.at(offsetInRecord(log, pass.end), `${e.code}: ${e.message}`, 1);
    if (pass.complete) return;
  }
}

/** Thrown through the batch reader to end a pass; carries nothing. */
const FULL = Symbol('pass is full');

/** Passes over batches, one after the other: each notes the operations from number `from` on. */
class Pass implements BatchVisitor {
  from = 0;
  noted = 0;
  /** The pass saw the batch's end, or its damage. */
  complete = false;
  /** Where in the record the operation noted last ends. */
  end = 0;
  /** kind or type, family, sequence, start of the key, its length, start of the value, its length. */
  readonly #numbers = new Float64Array(PASS * FIELDS);
  readonly #starts = new Float64Array(PASS);
  /** Words of the operations that are none on a key, by position. */
  readonly #words = new Map<number, string>();
  /** Transaction → how many operations its prepared section holds. */
  readonly #prepared = new Map<string, number>();
  #seen = 0;
  #inPrepare = false;
  #preparedCount = 0;
  #record: Uint8Array = new Uint8Array(0);
  readonly #timed: boolean;

  constructor(timed: boolean) {
    this.#timed = timed;
  }

  run(record: Uint8Array) {
    this.#record = record;
    this.#seen = 0;
    this.noted = 0;
    this.#words.clear();
    this.#inPrepare = false;
    this.#preparedCount = 0;
    this.complete = false;
    this.end = BATCH_HEADER;
    try {
      if (this.#timed) readLevelDbBatch(record, this, new BatchSummary(), true);
      else readRocksDbBatch(record, this, new BatchSummary());
    } catch (thrown) {
      if (thrown === FULL) return undefined;
      this.complete = true;
      return withoutOffset(shownError(thrown));
    }
    this.complete = true;
    return undefined;
  }

  line(log: LogReader, lines: Lines, i: number): string {
    const offset = offsetInRecord(log, this.#starts[i] as number);
    const word = this.#words.get(i);
    if (word !== undefined) return lines.at(offset, word, 1);
    const f = i * FIELDS;
    const [type, family, sequence, keyStart, keyLength, valueStart, valueLength] = this.#numbers.subarray(
      f,
      f + FIELDS,
    );
    const b = this.#record;
    const key = b.subarray(keyStart, (keyStart as number) + (keyLength as number));
    const value = b.subarray(valueStart, (valueStart as number) + (valueLength as number));
    const seq = (sequence as number) < 0 ? 'prepared' : `seq ${sequence}`;
    const cf = family === 0 ? '' : `family ${family} `;
    return lines.at(
      offset,
      `${cf}${seq} ${typeName(type as number)} ${shownKey(key)}${entryValue(type as number, value)}`,
      1,
    );
  }

  entry(
    family: number,
    type: number,
    sequence: number,
    _buffer: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#note(type, family, sequence, keyStart, keyLength, valueStart, valueLength);
  }

  deleteRange(
    family: number,
    sequence: number,
    buffer: Uint8Array,
    beginStart: number,
    beginLength: number,
    endStart: number,
    endLength: number,
  ): number {
    this.#note(ValueType.rangeDeletion, family, sequence, beginStart, beginLength, endStart, endLength);
    // The family's order is not known here; where both ends are the same, any order calls the range empty.
    if (beginLength !== endLength) return 1;
    for (let i = 0; i < beginLength; i++) if (buffer[beginStart + i] !== buffer[endStart + i]) return 1;
    return 0;
  }

  logData(data: Uint8Array): void {
    this.#say(`log data, ${data.length} bytes: ${shownKey(data)}`, this.#endOf(data));
  }

  noop(): void {
    this.#say('no operation', this.end + 1);
  }

  beginPrepare(kind: string): void {
    this.#inPrepare = true;
    this.#preparedCount = 0;
    this.#say(`begin of a prepared section, ${kind}`, this.end + 1);
  }

  endPrepare(xid: Uint8Array): void {
    this.#inPrepare = false;
    if (this.#prepared.size < PREPARED_MAX) this.#prepared.set(hex(xid), this.#preparedCount);
    this.#say(`end of the prepared section of transaction ${shownKey(xid)}`, this.#endOf(xid));
  }

  commit(xid: Uint8Array, sequence: number, timestamp: Uint8Array | undefined): number {
    const at = timestamp === undefined ? '' : ` with timestamp 0x${hex(timestamp)}`;
    this.#say(`seq ${sequence} commit of transaction ${shownKey(xid)}${at}`, this.#endOf(xid));
    return this.#prepared.get(hex(xid)) ?? 0;
  }

  rollback(xid: Uint8Array): void {
    this.#say(`rollback of transaction ${shownKey(xid)}`, this.#endOf(xid));
  }

  #note(
    type: number,
    family: number,
    sequence: number,
    key: number,
    keyLength: number,
    value: number,
    valueLength: number,
  ): void {
    if (this.#inPrepare) this.#preparedCount++;
    const i = this.#next(value + valueLength);
    if (i < 0) return;
    const f = i * FIELDS;
    const n = this.#numbers;
    n[f] = type;
    n[f + 1] = family;
    n[f + 2] = this.#inPrepare ? -1 : sequence;
    n[f + 3] = key;
    n[f + 4] = keyLength;
    n[f + 5] = value;
    n[f + 6] = valueLength;
  }

  #say(words: string, end: number): void {
    const i = this.#next(end);
    if (i >= 0) this.#words.set(i, words);
  }

  /** Position for an operation that ends at `end` in the record; -1 where an earlier pass had it. */
  #next(end: number): number {
    if (this.noted === PASS) throw FULL;
    const start = this.end;
    this.end = end;
    if (this.#seen++ < this.from) return -1;
    this.#starts[this.noted] = start;
    return this.noted++;
  }

  /** End in the record of a length-prefixed field; an empty one is two bytes, tag and length. */
  #endOf(field: Uint8Array): number {
    return field.length === 0 ? this.end + 2 : field.byteOffset - this.#record.byteOffset + field.length;
  }
}
