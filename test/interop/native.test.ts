/**
 * Scans against the engines in this process: LevelDB (classic-level) and RocksDB 10.5.1 (rocksdb-native),
 * after they closed a store, and while they hold it open with writes in their WAL and memtable. Our CLI
 * reads in a process of its own, as it would beside a running application.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { makeLevelSample, makeRocksSample } from '../fixtures/samples.ts';
import { difference, hexLine, ourScan, scratch } from '../fixtures/stores.ts';

type Level = ClassicLevel<Buffer, Buffer>;

/** Reproducible bytes: enough to make keys and values of all kinds. */
function* chance(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** Puts and deletes over binary keys (any byte, lengths 1 to 24) and values of 0 to 300 bytes. */
function changes(seed: number, count: number): Change[] {
  const dice = chance(seed);
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => dice.next().value & 0xff));
  const keys = Array.from({ length: Math.ceil(count / 3) }, () => bytes(1 + (dice.next().value % 24)));
  return Array.from({ length: count }, () => ({
    key: keys[dice.next().value % keys.length] as Buffer,
    value: dice.next().value % 5 === 0 ? undefined : bytes(dice.next().value % 300),
  }));
}

async function levelLines(db: Level): Promise<string[]> {
  const lines: string[] = [];
  for await (const [key, value] of db.iterator()) lines.push(hexLine(key, value));
  return lines;
}

async function rocksLines(db: RocksDB): Promise<string[]> {
  const lines: string[] = [];
  for await (const { key, value } of db.iterator()) lines.push(hexLine(key, value));
  return lines;
}

const same = (expected: readonly string[], actual: readonly string[]): void => {
  assert.ok(expected.length > 0, 'the engine itself finds nothing: the test is wrong');
  assert.equal(difference(expected, actual), undefined);
};

const LEVEL_VARIANTS = [
  { name: 'snappy', options: {} },
  { name: 'no compression', options: { compression: false } },
  { name: 'small blocks, restart interval 2', options: { blockSize: 256, blockRestartInterval: 2 } },
] as const;

describe('LevelDB through classic-level', () => {
  for (const { name, options } of LEVEL_VARIANTS) {
    it(`${name}: beside the open store after each write, and after it closed`, async () => {
      const dir = mkdtempSync(join(scratch(), 'level-'));
      const db: Level = new ClassicLevel(dir, {
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
        writeBufferSize: 64 << 10,
        maxFileSize: 1 << 20,
        ...options,
      });
      await db.open();
      for (let round = 0; round < 4; round++) {
        const some = changes(round + 1, round === 3 ? 100 : 4000);
        await db.batch(
          some.map(({ key, value }) => (value === undefined ? { type: 'del', key } : { type: 'put', key, value })),
        );
        same(await levelLines(db), ourScan(dir, 'default'));
      }
      await db.compactRange(Buffer.alloc(0), Buffer.alloc(8, 0xff), { keyEncoding: 'buffer' });
      same(await levelLines(db), ourScan(dir, 'default'));
      const expected = await levelLines(db);
      await db.close();
      same(expected, ourScan(dir, 'default'));
      assert.ok(readdirSync(dir).some((file) => file.endsWith('.ldb')));
    });
  }

  it('the sample store', async () => {
    const dir = join(mkdtempSync(join(scratch(), 'sample-')), 'leveldb');
    await makeLevelSample(dir, true);
    const ours = ourScan(dir, 'default');
    const db: Level = new ClassicLevel(dir, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.open();
    same(await levelLines(db), ours);
    await db.close();
  });
});

const { BloomFilterPolicy, ColumnFamily, RibbonFilterPolicy } = RocksDB;

const ROCKS_VARIANTS = [
  { name: 'format 6, XXH3, Bloom', options: {} },
  {
    name: 'format 5, Ribbon, blocks of 512 bytes',
    options: { tableFormatVersion: 5, tableBlockSize: 512, filterPolicy: new RibbonFilterPolicy(10) },
  },
  { name: 'format 4, no filter', options: { tableFormatVersion: 4, filterPolicy: null } },
  { name: 'format 3, Bloom of 20 bits', options: { tableFormatVersion: 3, filterPolicy: new BloomFilterPolicy(20) } },
  { name: 'format 2', options: { tableFormatVersion: 2 } },
  { name: 'blob files from 100 bytes on', options: { enableBlobFiles: true, minBlobSize: 100 } },
] as const;

describe('RocksDB 10.5.1 through rocksdb-native', () => {
  for (const { name, options } of ROCKS_VARIANTS) {
    it(`${name}: beside the open store after each write, and after it closed`, async () => {
      const dir = join(mkdtempSync(join(scratch(), 'rocks-')), 'db');
      const other = new ColumnFamily('other', { ...options, writeBufferSize: 64 << 10 });
      const db = new RocksDB(dir, { ...options, writeBufferSize: 64 << 10, columnFamilies: [other] });
      await db.ready();
      const families = [
        { family: 'default', session: db },
        { family: 'other', session: db.columnFamily(other) },
      ];
      for (let round = 0; round < 4; round++) {
        for (const [n, { session }] of families.entries()) {
          const batch = session.write();
          for (const { key, value } of changes(10 * round + n + 1, round === 3 ? 100 : 2500)) {
            if (value === undefined) batch.tryDelete(key);
            else batch.tryPut(key, value);
          }
          if (round > 0) batch.tryDeleteRange(Buffer.from([0x20 * round]), Buffer.from([0x20 * round + 9]));
          await batch.flush();
          batch.destroy();
        }
        if (round === 1) for (const { session } of families) await session.flush();
        for (const { family, session } of families) same(await rocksLines(session), ourScan(dir, family));
      }
      for (const { session } of families) await session.compactRange();
      const expected: string[][] = [];
      for (const { family, session } of families) {
        expected.push(await rocksLines(session));
        same(expected.at(-1) as string[], ourScan(dir, family));
      }
      await db.close({ force: true });
      for (const [n, { family }] of families.entries()) same(expected[n] as string[], ourScan(dir, family));
    });
  }

  it('the sample store', async () => {
    const dir = join(mkdtempSync(join(scratch(), 'sample-')), 'rocksdb');
    await makeRocksSample(dir, true);
    const names = ['default', 'readings', 'alerts', 'firmware'];
    const ours = names.map((family) => ourScan(dir, family));
    const db = new RocksDB(dir, { columnFamilies: names.slice(1) });
    await db.ready();
    for (const [n, family] of names.entries()) same(await rocksLines(db.columnFamily(family)), ours[n] as string[]);
    await db.close({ force: true });
  });
});
