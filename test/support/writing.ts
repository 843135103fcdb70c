/**
 * Tables and whole stores put together with the format writers, from a random history of operations, for
 * the tests that let the real engines judge them.
 */
import { writeFileSync } from 'node:fs';
import { compareBytes, utf8 } from '../../engine/base/bytes.ts';
import type { CompressionName, Dialect } from '../../engine/codec/registry.ts';
import { TableBuilder, type TableBuilderOptions, type TableSummary } from '../../engine/formats/block/tableBuilder.ts';
import { type BatchBuilder, LevelDbBatch } from '../../engine/formats/leveldb/batchBuilder.ts';
import { encodeLevelDbEdit, newFileOf } from '../../engine/formats/leveldb/editEncoder.ts';
import { LogWriter } from '../../engine/formats/leveldb/logWriter.ts';
import { emptyEdit, type NewFile, type VersionEdit } from '../../engine/formats/leveldb/versionEdit.ts';
import { RocksDbBatch } from '../../engine/formats/rocksdb/batchEncoder.ts';
import { BlobWriter } from '../../engine/formats/rocksdb/blobWriter.ts';
import { encodeRocksDbEdit } from '../../engine/formats/rocksdb/editEncoder.ts';
import { sessionIdOf, uniqueIdOf } from '../../engine/formats/rocksdb/uniqueId.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { BYTEWISE } from '../../engine/iter/order.ts';
import { mixedBytes, random, randomBytes } from './random.ts';

export interface Operation {
  readonly kind: 'put' | 'delete' | 'deleteRange';
  readonly key: Uint8Array;
  /** Value, or the exclusive end of a range. */
  readonly value: Uint8Array;
}

export interface TestEntry {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly type: number;
  readonly value: Uint8Array;
}

const NONE = new Uint8Array(0);

/** A key: with a long common prefix, of random bytes, of few different bytes, or the extension of another one. */
export function someKey(next: () => number, keys: readonly Uint8Array[]): Uint8Array {
  const kind = next();
  const n = Math.floor(next() * 5000);
  if (kind < 0.5) return utf8(`users/region-${n % 7}/account/${String(n).padStart(6, '0')}`);
  if (kind < 0.7) return Uint8Array.from({ length: 1 + Math.floor(next() * 20) }, () => next() * 256);
  if (kind < 0.8) return Uint8Array.from({ length: 1 + Math.floor(next() * 6) }, () => (next() < 0.5 ? 0xff : 0));
  const other = keys[Math.floor(next() * keys.length)];
  return other === undefined ? utf8(`k${n}`) : Uint8Array.from([...other, Math.floor(next() * 256)]);
}

/** A value: empty, short, of some hundred bytes or, one in `oneLarge`, of a megabyte. */
export function someValue(next: () => number, oneLarge = 2000): Uint8Array {
  const kind = next();
  const seed = Math.floor(next() * 2 ** 31);
  if (kind < 1 / oneLarge) return mixedBytes(1 << 20, seed);
  if (kind < 0.1) return NONE;
  if (kind < 0.5) return mixedBytes(Math.floor(next() * 100), seed);
  return next() < 0.2 ? randomBytes(Math.floor(next() * 700), seed) : mixedBytes(Math.floor(next() * 700), seed);
}

/** A history of operations. */
export function operations(seed: number, count: number, ranges: boolean): Operation[] {
  const next = random(seed);
  const keys: Uint8Array[] = [];
  return Array.from({ length: count }, (): Operation => {
    const kind = next();
    const known = keys[Math.floor(next() * keys.length)];
    const key = known !== undefined && next() < 0.4 ? known : someKey(next, keys);
    if (kind < 0.15) return { kind: 'delete', key, value: NONE };
    if (ranges && kind < 0.16) {
      const other = someKey(next, keys);
      const [begin, end] = compareBytes(key, other) < 0 ? [key, other] : [other, key];
      // Short ranges, else nothing would be left.
      const near = Uint8Array.from([...begin, 0xff]);
      return { kind: 'deleteRange', key: begin, value: compareBytes(near, end) < 0 ? near : end };
    }
    keys.push(key);
    return { kind: 'put', key, value: someValue(next) };
  });
}

/** What is visible after the operations: hex of key → value. */
export class Model {
  readonly entries = new Map<string, Uint8Array>();

  apply(o: Operation): void {
    const at = Buffer.from(o.key).toString('hex');
    if (o.kind === 'put') this.entries.set(at, o.value);
    else if (o.kind === 'delete') this.entries.delete(at);
    else {
      for (const known of [...this.entries.keys()]) {
        const key = Buffer.from(known, 'hex');
        if (compareBytes(key, o.key) >= 0 && compareBytes(key, o.value) < 0) this.entries.delete(known);
      }
    }
  }

  /** `0xKEY : 0xVALUE` in the order of keys. */
  lines(): string[] {
    return [...this.entries.keys()].sort().map(
      (k) =>
        `0x${k.toUpperCase()} : 0x${Buffer.from(this.entries.get(k) as Uint8Array)
          .toString('hex')
          .toUpperCase()}`,
    );
  }
}

/** In the order of a table. */
export function sortEntries(entries: TestEntry[]): TestEntry[] {
  return entries.sort((a, b) => compareBytes(a.key, b.key) || b.sequence - a.sequence);
}

export interface StoreShape
  extends Pick<TableBuilderOptions, 'checksum' | 'blockSize' | 'restartInterval' | 'filterBitsPerKey'> {
  readonly dialect: Dialect;
  readonly formatVersion: number;
  readonly compression?: CompressionName;
  readonly contextBase?: number;
  /** Values from this length on go to a blob file. */
  readonly blobsFrom?: number;
  readonly blobCompression?: CompressionName;
  readonly families?: readonly string[];
  readonly uniqueIds?: 'right' | 'wrong' | 'none';
}

const DB_ID = '0b6f1c1e-8c57-4c59-9d8b-2a0c5d2a7f10';
const SESSION = sessionIdOf(Uint8Array.from({ length: 16 }, (_, i) => 37 * i + 11));
/** Epoch seconds: what the tables say of their making. */
const MADE = 1_700_000_000;
const BOTTOM = 6;

/**
 * Puts a store into `dir`, which exists and is empty: per family one table at the deepest level, two in L0
 * (LevelDB: levels 2 and 0), and the last operations in a WAL. Returns what is visible, by family.
 */
export class StoreAssembly {
  readonly models = new Map<string, Model>();
  readonly summaries: TableSummary[] = [];
  readonly #dir: string;
  readonly #shape: StoreShape;
  #sequence = 1;
  #nextFile = 10;

  constructor(dir: string, shape: StoreShape, seed: number, count: number) {
    this.#dir = dir;
    this.#shape = shape;
    const rocks = shape.dialect === 'rocksdb';
    const families = shape.families ?? ['default'];
    const edits: VersionEdit[] = [];
    const batch: BatchBuilder = rocks ? new RocksDbBatch() : new LevelDbBatch();
    const walNumber = 5;
    for (const [family, name] of families.entries()) {
      const model = new Model();
      this.models.set(name, model);
      const edit: VersionEdit = { ...emptyEdit(), family, comparator: BYTEWISE.name, logNumber: walNumber };
      if (family > 0) edits.push({ ...emptyEdit(), family, familyAdded: name, comparator: BYTEWISE.name });
      for (let round = 0; round < 3; round++) {
        const some = operations(seed + 10 * family + round, count, rocks);
        for (const o of some) model.apply(o);
        const file = this.#table(some, family, name, round === 0 ? (rocks ? BOTTOM : 2) : 0, round + 1, edit);
        edit.newFiles.push(file);
      }
      if (family > 0) delete edit.comparator;
      edits.push(edit);
    }
    const walStart = this.#sequence;
    for (const [family, name] of families.entries()) {
      for (const o of operations(seed + 1000 + family, Math.ceil(count / 10), rocks)) {
        this.models.get(name)?.apply(o);
        if (o.kind === 'put') batch.put(family, o.key, o.value);
        else if (o.kind === 'delete') batch.delete(family, o.key);
        else batch.deleteRange(family, o.key, o.value);
      }
    }
    const wal = nodeFs.open(`${dir}/${String(walNumber).padStart(6, '0')}.log`, 'create');
    const log = new LogWriter(wal);
    log.append(batch.seal(walStart));
    const second: BatchBuilder = rocks ? new RocksDbBatch() : new LevelDbBatch();
    const last = { kind: 'put', key: utf8('the last key'), value: utf8('of the WAL') } as const;
    second.put(0, last.key, last.value);
    this.models.get(families[0] as string)?.apply(last);
    log.append(second.seal(walStart + batch.count));
    log.sync();
    wal.close();
    this.#manifest(edits, walNumber, families.length);
  }

  lines(family = 'default'): string[] {
    return (this.models.get(family) as Model).lines();
  }

  #table(
    some: readonly Operation[],
    family: number,
    name: string,
    level: number,
    epoch: number,
    edit: VersionEdit,
  ): NewFile {
    const { dialect } = this.#shape;
    const number = this.#nextFile++;
    const entries: TestEntry[] = [];
    const ranges: { o: Operation; sequence: number }[] = [];
    for (const o of some) {
      const sequence = this.#sequence++;
      if (o.kind === 'deleteRange') ranges.push({ o, sequence });
      else entries.push({ key: o.key, sequence, type: o.kind === 'put' ? 1 : 0, value: o.value });
    }
    const path = `${this.#dir}/${String(number).padStart(6, '0')}.${dialect === 'rocksdb' ? 'sst' : 'ldb'}`;
    const file = nodeFs.open(path, 'create');
    const builder = new TableBuilder(file, { ...this.#options(family, name, number), order: BYTEWISE });
    const blobs = this.#shape.blobsFrom === undefined ? undefined : this.#blobWriter(family);
    for (const e of sortEntries(entries)) {
      if (blobs !== undefined && e.type === 1 && e.value.length >= (this.#shape.blobsFrom as number)) {
        const index = blobs.writer.add(e.key, 0, e.key.length, e.value, 0, e.value.length);
        builder.add(e.key, 0, e.key.length, e.sequence, 0x11, index, 0, index.length);
      } else builder.add(e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
    }
    for (const { o, sequence } of ranges) builder.addRangeTombstone(o.key, o.value, sequence);
    const summary = builder.finish();
    this.summaries.push(summary);
    file.sync();
    file.close();
    if (blobs !== undefined) {
      const blob = blobs.writer.finish();
      blobs.file.close();
      const { count, bytes } = blob;
      edit.blobAdditions.push({ number: blob.number, count, bytes, checksumMethod: '', checksum: NONE });
    }
    const added = newFileOf(summary, level, number);
    if (dialect === 'leveldb') return added;
    const id = uniqueIdOf(DB_ID, SESSION, number) as Uint8Array;
    if (this.#shape.uniqueIds === 'wrong') id[0] = (id[0] as number) ^ 1;
    if (this.#shape.uniqueIds !== 'none') added.uniqueId = id;
    added.oldestAncestorTime = MADE;
    added.createdAt = MADE;
    added.epoch = epoch;
    added.tailBytes = summary.bytes - summary.tailStart;
    return added;
  }

  #options(family: number, name: string, number: number): Omit<TableBuilderOptions, 'order'> {
    const { families: _f, blobsFrom: _b, blobCompression: _c, uniqueIds: _u, ...rest } = this.#shape;
    const identity = {
      familyId: family,
      familyName: name,
      fileNumber: number,
      databaseId: DB_ID,
      sessionId: SESSION,
      host: 'host',
      creationTime: MADE,
      fileCreationTime: MADE,
    };
    return { ...rest, identity };
  }

  #blobWriter(family: number) {
    const number = this.#nextFile++;
    const file = nodeFs.open(`${this.#dir}/${String(number).padStart(6, '0')}.blob`, 'create');
    return {
      file,
      writer: new BlobWriter(file, { number, family, compression: this.#shape.blobCompression ?? 'none' }),
    };
  }

  #manifest(edits: readonly VersionEdit[], walNumber: number, families: number): void {
    const rocks = this.#shape.dialect === 'rocksdb';
    const file = nodeFs.open(`${this.#dir}/MANIFEST-000004`, 'create');
    const log = new LogWriter(file);
    const encode = rocks ? encodeRocksDbEdit : encodeLevelDbEdit;
    if (rocks) log.append(encode({ ...emptyEdit(), databaseId: DB_ID }));
    for (const edit of edits) log.append(encode(edit));
    // Tables hold all sequence numbers below those of the WAL.
    log.append(
      encode({
        ...emptyEdit(),
        logNumber: walNumber,
        prevLogNumber: 0,
        nextFileNumber: this.#nextFile,
        lastSequence: this.#sequence - 1,
        ...(rocks ? { maxFamily: families - 1 } : {}),
      }),
    );
    log.sync();
    file.close();
    writeFileSync(`${this.#dir}/CURRENT`, 'MANIFEST-000004\n');
  }
}
