/**
 * Two small stores made by the real engines and held in memory, so that a test can damage copies of them by
 * the thousand: LevelDB (classic-level) and RocksDB 10.5.1 (rocksdb-native), with several tables, deletes,
 * a live WAL and, in RocksDB's, range deletions, blob files and two more column families.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { MemFs } from '../../engine/fs/memFs.ts';

export interface TinyStore {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What a reader sees: family → hex of key → hex of value. */
  readonly visible: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Where `mount` puts a store. */
export const AT = '/store';

/** A file system of its own with the store in it, `changes` applied (undefined removes a file). */
export function mount(store: TinyStore, changes: Readonly<Record<string, Uint8Array | undefined>> = {}): MemFs {
  const fs = new MemFs();
  fs.mkdir(AT);
  for (const [name, bytes] of store.files) {
    if (!(name in changes)) fs.put(`${AT}/${name}`, bytes);
  }
  for (const [name, bytes] of Object.entries(changes)) if (bytes !== undefined) fs.put(`${AT}/${name}`, bytes);
  return fs;
}

/** Files of a directory in memory; LOG files, which nobody reads for data, stay out. */
export function loadFiles(dir: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of readdirSync(dir).sort()) {
    if (!/^LOG/.test(name)) files.set(name, new Uint8Array(readFileSync(join(dir, name))));
  }
  return files;
}

const key = (n: number): Buffer => Buffer.from(`sensor/${String(n).padStart(5, '0')}`);
const value = (n: number, round: number): Buffer =>
  Buffer.from(`${round}:${n}:${String((n * 7919 + round * 104_729) % 1_000_003).repeat(1 + (n % 9))}`);

const hexOf = (b: Buffer): string => b.toString('hex');

async function inFolder<T>(make: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'lsm-tiny-'));
  try {
    return await make(join(dir, 'db'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

let level: Promise<TinyStore> | undefined;
let rocks: Promise<TinyStore> | undefined;

/** Made once a process. */
export function tinyLevelDb(): Promise<TinyStore> {
  level ??= inFolder(async (dir) => {
    const seen = new Map<string, string>();
    const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', writeBufferSize: 64 << 10 } as const;
    for (let round = 0; round < 4; round++) {
      // Each opening turns the log of the one before into a table.
      const db = new ClassicLevel<Buffer, Buffer>(dir, options);
      await db.open();
      for (let n = round; n < 900; n += 1 + round) {
        if ((n + round) % 11 === 0) {
          await db.del(key(n));
          seen.delete(hexOf(key(n)));
        } else {
          await db.put(key(n), value(n, round));
          seen.set(hexOf(key(n)), hexOf(value(n, round)));
        }
      }
      await db.close();
    }
    return { name: 'LevelDB', files: loadFiles(dir), visible: new Map([['default', seen]]) };
  });
  return level;
}

/** Made once a process. */
export function tinyRocksDb(): Promise<TinyStore> {
  rocks ??= inFolder(async (dir) => {
    const { ColumnFamily, RibbonFilterPolicy } = RocksDB;
    const families = [
      new ColumnFamily('ribbon', { filterPolicy: new RibbonFilterPolicy(10), tableBlockSize: 512 }),
      new ColumnFamily('blobs', { enableBlobFiles: true, minBlobSize: 40, blobFileSize: 16 << 10 }),
    ];
    const db = new RocksDB(dir, { columnFamilies: families, tableBlockSize: 1024 });
    await db.ready();
    const visible = new Map<string, Map<string, string>>();
    for (const [name, family] of [
      ['default', db],
      ['ribbon', db.columnFamily('ribbon')],
      ['blobs', db.columnFamily('blobs')],
    ] as const) {
      const seen = new Map<string, string>();
      visible.set(name, seen);
      for (let round = 0; round < 4; round++) {
        const batch = family.write({ capacity: 1000 });
        for (let n = round; n < 600; n += 1 + round) {
          if ((n + round) % 11 === 0) {
            batch.tryDelete(key(n));
            seen.delete(hexOf(key(n)));
          } else {
            batch.tryPut(key(n), value(n, round));
            seen.set(hexOf(key(n)), hexOf(value(n, round)));
          }
        }
        if (name === 'default') {
          batch.tryDeleteRange(key(100 * round + 20), key(100 * round + 60));
          for (let n = 100 * round + 20; n < 100 * round + 60; n++) seen.delete(hexOf(key(n)));
        }
        await batch.flush();
        batch.destroy();
        if (round < 3) await family.flush();
      }
    }
    await db.close({ force: true });
    return { name: 'RocksDB', files: loadFiles(dir), visible };
  });
  return rocks;
}
