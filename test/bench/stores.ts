/**
 * The stores that are measured, made once by the real engines and kept in the cache folder.
 *
 * All hold about 1.2 million entries of 16-byte keys and 100-byte values that compress to half, written in
 * random order with overwrites, so that the deeper levels fill by compaction as they would in use.
 */
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { atomically, cacheFolder, onPath, run, Sentence, say, tail } from '../../scripts/lib.mjs';

/** Goes up whenever what is written changes. */
const STORES_VERSION = 1;

const KEYS = 1_200_000;
const OVERWRITES = 300_000;
export const VALUE_BYTES = 100;
const MANY_TABLES = 5000;

export interface BenchStore {
  readonly name: string;
  readonly engine: 'leveldb' | 'rocksdb';
  readonly dir: string;
  readonly tables: number;
}

export type StoreName = 'leveldb' | 'rocksdb' | 'rocksdb-levels' | 'leveldb-5000' | 'rocksdb-5000';

/** xorshift32, the same everywhere. Numbers in [0, 2^32). */
function dice(seed: number): () => number {
  let s = seed | 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s >>> 0;
  };
}

/** Half random, half repeated, as `db_bench` makes them. */
function valueMaker(seed: number): () => Buffer {
  const next = dice(seed);
  return () => {
    const value = Buffer.allocUnsafe(VALUE_BYTES);
    const half = VALUE_BYTES / 2;
    for (let i = 0; i < half; i++) value[i] = 0x20 + (next() % 95);
    value.copy(value, half, 0, half);
    return value;
  };
}

/** Even numbers only: the key with its last digit raised by one is absent. */
const keyOf = (n: number): Buffer => Buffer.from(String(n * 2).padStart(16, '0'));

async function fillLevel(dir: string): Promise<void> {
  const next = dice(20_261_122);
  const value = valueMaker(7);
  const order = new Uint32Array(KEYS);
  for (let i = 0; i < KEYS; i++) order[i] = i;
  for (let i = KEYS - 1; i > 0; i--) {
    const j = next() % (i + 1);
    const t = order[i] as number;
    order[i] = order[j] as number;
    order[j] = t;
  }
  const open = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
  const db = new ClassicLevel<Buffer, Buffer>(dir, open);
  await db.open();
  for (let from = 0; from < KEYS + OVERWRITES; from += 1000) {
    const batch = Array.from({ length: 1000 }, (_, i) => {
      const n = from + i < KEYS ? (order[from + i] as number) : next() % KEYS;
      return { type: 'put', key: keyOf(n), value: value() } as const;
    });
    await db.batch(batch);
  }
  await db.close();
  // Opening again moves what is left in the log into a table, so that later openings change nothing more.
  const again = new ClassicLevel<Buffer, Buffer>(dir, open);
  await again.open();
  await again.close();
}

/** A write buffer of 64 KiB and values that compress well: every few writes make a small table of their own. */
async function fillManyLevel(dir: string): Promise<void> {
  const db = new ClassicLevel<Buffer, Buffer>(dir, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 64 << 10,
    maxFileSize: 1 << 20,
  });
  await db.open();
  const value = Buffer.alloc(16 << 10, 'compressible ');
  for (let n = 0; tableCount(dir) < MANY_TABLES; n += 20) {
    await db.batch(Array.from({ length: 20 }, (_, i) => ({ type: 'put', key: keyOf(n + i), value }) as const));
  }
  await db.close();
}

async function dbBench(dir: string, options: readonly string[]): Promise<void> {
  const tool = onPath('db_bench');
  if (tool === undefined) throw new Sentence('db_bench is not installed (Debian package rocksdb-tools)');
  const shape = [
    `--db=${dir}`,
    '--key_size=16',
    `--value_size=${VALUE_BYTES}`,
    '--compression_type=snappy',
    '--seed=7',
  ];
  const { code, output } = await run(tool, [...shape, ...options]);
  if (code !== 0) throw new Sentence(`db_bench failed:\n${tail(output)}`);
}

// rocksdb-native is built without Snappy: two of the stores stay uncompressed so that it can read them.
const MAKERS: Readonly<Record<StoreName, (dir: string) => Promise<void>>> = {
  leveldb: fillLevel,
  // A third of random picks miss: 1.9 million of them make 1.2 million keys.
  rocksdb: (dir) =>
    dbBench(dir, [
      '--benchmarks=fillrandom,compact',
      '--num=1900000',
      '--compression_type=snappy',
      '--min_level_to_compress=0',
    ]),
  'rocksdb-levels': (dir) =>
    dbBench(dir, [
      '--benchmarks=fillrandom,waitforcompaction,overwrite,waitforcompaction',
      '--num=1200000',
      '--compression_type=none',
      '--write_buffer_size=4194304',
      '--target_file_size_base=4194304',
      '--max_bytes_for_level_base=16777216',
    ]),
  'leveldb-5000': fillManyLevel,
  'rocksdb-5000': (dir) =>
    dbBench(dir, [
      '--benchmarks=fillrandom,compact',
      '--num=540000',
      '--compression_type=none',
      '--target_file_size_base=4700',
      '--open_files=1000',
    ]),
};

/** Without `db_bench` there are no RocksDB stores to measure, which is said. */
export function canMakeRocksDb(): boolean {
  const there = onPath('db_bench') !== undefined;
  if (!there)
    console.log('\nskipped: all RocksDB stores, because db_bench is not installed (Debian package rocksdb-tools)');
  return there;
}

export function tableCount(dir: string): number {
  let n = 0;
  for (const name of readdirSync(dir)) if (/\.(ldb|sst)$/.test(name)) n++;
  return n;
}

/**
 * Makes `copy` what the store was when it was made: LevelDB compacts even while it only reads, and then the
 * next program would meet another tree. Tables never change, so links to them do.
 */
export function renew(store: BenchStore, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of readdirSync(store.dir)) {
    if (name.endsWith('.ldb')) linkSync(join(store.dir, name), join(copy, name));
    else copyFileSync(join(store.dir, name), join(copy, name));
  }
}

/** The store, made if it is not there yet. Throws `Sentence` where its engine is missing. */
export async function benchStore(name: StoreName): Promise<BenchStore> {
  const dir = join(cacheFolder(), `bench-${STORES_VERSION}`, name);
  await atomically(dir, async (part) => {
    say(`making the store ${name}, once`);
    await MAKERS[name](part);
  });
  return { name, engine: name.startsWith('leveldb') ? 'leveldb' : 'rocksdb', dir, tables: tableCount(dir) };
}
