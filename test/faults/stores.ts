/**
 * What the fault tests share: stores with several column families made on any file system, their content in
 * the lines of `ldb scan --hex`, the rules that a recovered directory has to keep, and the real engines' word.
 */
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { fromHex, hex, utf8 } from '../../engine/base/bytes.ts';
import type { Dialect } from '../../engine/formats/leveldb/dialect.ts';
import { LogWriter } from '../../engine/formats/leveldb/logWriter.ts';
import { manifestFileName, optionsFileName, parseFileName } from '../../engine/formats/leveldb/names.ts';
import { emptyEdit } from '../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../engine/formats/rocksdb/editEncoder.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../../engine/formats/rocksdb/optionsWriter.ts';
import type { FileSystem } from '../../engine/fs/fileSystem.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { BYTEWISE } from '../../engine/iter/order.ts';
import { checkLevels } from '../../engine/model/check.ts';
import { createStore } from '../../engine/store/create.ts';
import { setCurrent } from '../../engine/store/manifestWriter.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import type { StoreWriter } from '../../engine/store/writer.ts';
import { hexLine, output, scratch } from '../fixtures/stores.ts';
import { memEnvironment } from '../support/memEnvironment.ts';
import type { MergeName } from './model.ts';

export type Format = Dialect['id'];
export const FORMATS: readonly Format[] = ['leveldb', 'rocksdb'];

/** Where a store stands in a `MemFs`. */
export const DIR = '/s';

/** Column families of the RocksDB stores, by id; LevelDB has the first alone. */
export const FAMILIES = ['default', 'merged', 'blobs'] as const;

export function familiesOf(format: Format): readonly string[] {
  return format === 'rocksdb' ? FAMILIES : ['default'];
}

/** Small sizes, so that a few hundred entries fill several levels. */
export const SMALL: Readonly<Record<string, string>> = {
  compression: 'kNoCompression',
  write_buffer_size: '65536',
  target_file_size_base: '4096',
  max_bytes_for_level_base: '12288',
  max_bytes_for_level_multiplier: '3',
  level0_file_num_compaction_trigger: '3',
};

const OWN_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  blobs: { enable_blob_files: 'true', min_blob_size: '40', blob_file_size: '2048' },
};

function ownOptions(name: string, operator: string): Readonly<Record<string, string>> {
  return name === 'merged' ? { merge_operator: operator } : (OWN_OPTIONS[name] ?? {});
}

/** An empty store; RocksDB's with all of `FAMILIES`, one of them with a merge operator and one with blob files. */
export function makeStore(
  fs: FileSystem,
  directory: string,
  format: Format,
  options = SMALL,
  merge: MergeName = 'StringAppendOperator',
): void {
  if (format === 'leveldb') {
    for (const _ of createStore(memEnvironment(fs), directory, { format })) assert.fail('an empty sample has no steps');
    return;
  }
  fs.mkdir(directory);
  const write = (name: string, bytes: Uint8Array): void => {
    const file = fs.open(`${directory}/${name}`, 'create');
    file.append(bytes);
    file.sync();
    file.close();
  };
  const operator = merge === 'StringAppendOperator' ? `{id=${merge};delimiter=,;}` : merge;
  const databaseId = '5e7c8a52-3f0b-4c55-9d67-1d7a8f3b2c10';
  write('IDENTITY', utf8(databaseId));
  write(
    optionsFileName(2),
    encodeOptions({
      version: OPTIONS_VERSION,
      db: DEFAULT_DB_OPTIONS,
      families: FAMILIES.map((name) => ({
        name,
        cf: { ...DEFAULT_FAMILY_OPTIONS, ...options, ...ownOptions(name, operator) },
        table: { ...DEFAULT_TABLE_OPTIONS, block_size: '512' },
      })),
    }),
  );
  const file = fs.open(`${directory}/${manifestFileName(1)}`, 'create');
  const log = new LogWriter(file);
  const first = {
    ...emptyEdit(),
    comparator: BYTEWISE.name,
    databaseId,
    logNumber: 0,
    nextFileNumber: 3,
    lastSequence: 0,
  };
  log.append(encodeRocksDbEdit(first));
  for (const [family, name] of FAMILIES.entries()) {
    if (family === 0) continue;
    const edit = { ...emptyEdit(), family, familyAdded: name, comparator: BYTEWISE.name, logNumber: 0 };
    log.append(encodeRocksDbEdit({ ...edit, maxFamily: family }));
  }
  log.sync();
  file.close();
  setCurrent(fs, directory, 1);
  fs.syncDir('/');
}

export function memStore(format: Format, options = SMALL, merge: MergeName = 'StringAppendOperator'): MemFs {
  const fs = new MemFs();
  makeStore(fs, DIR, format, options, merge);
  return fs;
}

// ── Content ────────────────────────────────────────────────────────────────────────────────────

/** Everything visible, as `FAMILY 0xKEY : 0xVALUE`; damage and values that cannot be had are failures. */
export function content(store: StoreReader, at?: number): string[] {
  const lines = contentUnlessDamaged(store, at);
  return typeof lines === 'string' ? assert.fail(lines) : lines;
}

/** As `content`; what is wrong, where something is. */
export function contentUnlessDamaged(store: StoreReader, at?: number): string[] | string {
  const lines: string[] = [];
  for (const f of store.view.version.families.values()) {
    const damage = new DamageLog();
    const e = store.view.scan(f.state.id, at === undefined ? {} : { at }, damage);
    for (e.first(); e.valid; e.next()) {
      if (e.problem !== undefined) return e.problem.message;
      const key = e.keyBuffer.subarray(e.keyStart, e.keyStart + e.keyLength);
      assert.ok(e.hasValue, `${hex(key)} has no value`);
      const value = e.valueBuffer.subarray(e.valueStart, e.valueStart + e.valueLength);
      lines.push(`${f.state.name} ${hexLine(key, value)}`);
    }
    e.close();
    if (damage.problems.length > 0) return damage.problems.map((p) => p.message).join('; ');
  }
  return lines;
}

/** Gets every key of `lines` by itself, and some that are not there. */
export function checkGets(store: StoreReader, lines: readonly string[]): void {
  const there = new Set<string>();
  for (const line of lines) {
    const [, name = '', key = '', value = ''] = /^(\S+) 0x([0-9A-F]*) : 0x([0-9A-F]*)$/.exec(line) ?? [];
    there.add(`${name} ${key}`);
    const family = store.view.familyByName(name).state.id;
    const found = new PointGet(store.view, family, new DamageLog()).get(bytesOf(key));
    assert.equal(found?.problem, undefined);
    assert.equal(hex(found?.value ?? new Uint8Array(0)).toUpperCase(), value, `get ${line}`);
    assert.ok(found !== undefined, `get finds nothing: ${line}`);
    const near = `${key}00`;
    if (there.has(`${name} ${near}`) || lines.some((l) => l.startsWith(`${name} 0x${near} :`))) continue;
    const absent = new PointGet(store.view, family, new DamageLog()).get(bytesOf(near));
    assert.equal(absent?.value, undefined, `get finds ${near}, which is not there`);
  }
}

export function bytesOf(digits: string): Uint8Array {
  return fromHex(digits) as Uint8Array;
}

// ── Rules of a directory ───────────────────────────────────────────────────────────────────────

/** Level invariants of every family, and every live file there. */
export function checkTree(store: StoreReader): void {
  const { view } = store;
  assert.deepEqual([...view.version.broken.values()], []);
  assert.deepEqual(view.version.problems, []);
  for (const { order, view: tree } of view.version.families.values()) {
    const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
    assert.deepEqual(checkLevels(tree, compare, { lastSequence: view.lastSequence }), []);
  }
}

/** Files of the engine that nothing refers to. */
export function orphans(fs: FileSystem, directory: string, writer: StoreWriter): string[] {
  const { snapshot, version } = writer.reader.view;
  const live = new Set<number>();
  for (const f of version.families.values()) {
    for (const n of f.state.tables.keys()) live.add(n);
    for (const n of f.state.blobFiles.keys()) live.add(n);
    for (const t of f.tables) if (t.oldestBlobFile !== undefined) live.add(t.oldestBlobFile);
  }
  const wals = new Set(snapshot.replay.files.map((f) => f.number));
  return fs.list(directory).filter((name) => {
    const { kind, number } = parseFileName(name);
    switch (kind) {
      case 'table':
      case 'blob':
        return !live.has(number as number);
      case 'wal':
        return !wals.has(number as number);
      case 'manifest':
        return name !== snapshot.manifest.file;
      case 'temp':
        return true;
      default:
        return false;
    }
  });
}

// ── The real engines ───────────────────────────────────────────────────────────────────────────

/** Writes a directory out to the disk, into a folder of its own. */
export function writeOut(fs: MemFs, directory: string): string {
  const into = mkdtempSync(join(scratch(), 'crash-'));
  copyInto(fs, directory, into);
  return into;
}

function copyInto(fs: MemFs, from: string, into: string): void {
  for (const name of fs.list(from)) {
    const path = `${from}/${name}`;
    if (fs.stat(path).isDirectory) {
      mkdirSync(join(into, name));
      copyInto(fs, path, join(into, name));
    } else writeFileSync(join(into, name), fs.read(path));
  }
}

/** What LevelDB finds after opening, and so recovering, the store itself. */
export async function levelContent(dir: string): Promise<string[]> {
  const db = new ClassicLevel<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: false,
  });
  await db.open();
  try {
    const lines: string[] = [];
    for await (const [key, value] of db.iterator()) lines.push(`default ${hexLine(key, value)}`);
    return lines;
  } finally {
    await db.close();
  }
}

/** What RocksDB 7.8 reads, family by family; it takes merge operators and families from the store's OPTIONS. */
export function ldbContent(dir: string): string[] {
  const lines: string[] = [];
  for (const name of FAMILIES) {
    const out = output('ldb', [`--db=${dir}`, `--column_family=${name}`, 'scan', '--hex']);
    for (const line of out.split('\n')) if (line !== '') lines.push(`${name} ${line}`);
  }
  return lines;
}

/** What RocksDB 10 finds after opening, and so recovering, the store itself; it knows no merge operator. */
export async function rocksContent(dir: string, families: readonly string[] = FAMILIES): Promise<string[]> {
  const db = new RocksDB(dir, { createIfMissing: false, columnFamilies: FAMILIES.filter((n) => n !== 'default') });
  await db.ready();
  try {
    const lines: string[] = [];
    for (const name of families) {
      const session = name === 'default' ? db : db.columnFamily(name);
      for await (const { key, value } of session.iterator()) lines.push(`${name} ${hexLine(key, value)}`);
      if (session !== db) await session.close();
    }
    return lines;
  } finally {
    await db.close();
  }
}

export function removeFolder(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}
