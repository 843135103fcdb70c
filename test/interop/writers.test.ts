/**
 * What the format writers write, judged by the engines whose formats they are: RocksDB 7.8 (sst_dump, ldb),
 * RocksDB 10.5.1 (rocksdb-native) and LevelDB (classic-level) verify, scan and query it, and go on writing.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, mock } from 'node:test';
import { ClassicLevel } from 'classic-level';
import RocksDB from 'rocksdb-native';
import { FastLocalBloomBuilder } from '../../engine/formats/block/filter/fastLocalBloomBuilder.ts';
import { LeveldbFilterBuilder } from '../../engine/formats/block/filter/leveldbFilterBuilder.ts';
import { TableBuilder } from '../../engine/formats/block/tableBuilder.ts';
import {
  DEFAULT_DB_OPTIONS,
  DEFAULT_FAMILY_OPTIONS,
  DEFAULT_TABLE_OPTIONS,
  encodeOptions,
  OPTIONS_VERSION,
} from '../../engine/formats/rocksdb/optionsWriter.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { BYTEWISE, keyOrder } from '../../engine/iter/order.ts';
import { openStore } from '../../engine/store/open.ts';
import { copyOf, difference, hexLine, ldbScan, noRocksdbTools, output, scratch, tool } from '../fixtures/stores.ts';
import { random } from '../support/random.ts';
import { visibleLines } from '../support/reading.ts';
import { StoreAssembly, type StoreShape, someKey, someValue, sortEntries, type TestEntry } from '../support/writing.ts';

const noSstDump: string | false = tool('sst_dump') === undefined ? 'sst_dump is not installed' : noRocksdbTools;

function folder(name: string): string {
  const dir = join(mkdtempSync(join(scratch(), 'written-')), name);
  mkdirSync(dir);
  return dir;
}

/** Random entries of all types that tables hold, up to three versions of a key. */
function entries(seed: number, count: number): TestEntry[] {
  const next = random(seed);
  const keys = new Map<string, Uint8Array>();
  while (keys.size < count) {
    const key = someKey(next, [...keys.values()].slice(0, 50));
    keys.set(Buffer.from(key).toString('hex'), key);
  }
  const out: TestEntry[] = [];
  let sequence = 2 ** 40;
  for (const key of [new Uint8Array(0), ...keys.values()]) {
    for (let version = 1 + Math.floor(next() ** 3 * 3); version > 0; version--) {
      const kind = next();
      const type = kind < 0.1 ? 0 : kind < 0.2 ? 2 : kind < 0.25 ? 7 : 1;
      const value = type === 0 || type === 7 ? new Uint8Array(0) : someValue(next, 500);
      out.push({ key, sequence: sequence++, type, value });
    }
  }
  return out;
}

function hexUpper(b: Uint8Array): string {
  return Buffer.from(b).toString('hex').toUpperCase();
}

const TABLES: readonly (Omit<StoreShape, 'dialect'> & { readonly reverse?: true })[] = [
  { formatVersion: 2, checksum: 1 },
  { formatVersion: 2, checksum: 1, compression: 'zlib', filterBitsPerKey: 10 },
  { formatVersion: 3, checksum: 2, compression: 'lz4', filterBitsPerKey: 14 },
  { formatVersion: 4, checksum: 3, compression: 'zstd', blockSize: 256, restartInterval: 1 },
  { formatVersion: 5, checksum: 4, compression: 'snappy', filterBitsPerKey: 10 },
  { formatVersion: 5, checksum: 0, compression: 'lz4hc', filterBitsPerKey: 3, blockSize: 65_536 },
  { formatVersion: 5, checksum: 4, compression: 'snappy', reverse: true, filterBitsPerKey: 10 },
];

describe('tables under sst_dump', { skip: noSstDump }, () => {
  for (const [i, { reverse, ...shape }] of TABLES.entries()) {
    it(JSON.stringify(TABLES[i]), () => {
      const path = join(folder('table'), '000007.sst');
      const file = nodeFs.open(path, 'create');
      const order = reverse ? keyOrder('rocksdb.ReverseBytewiseComparator') : BYTEWISE;
      const identity = { familyId: 0, familyName: 'default', fileNumber: 7 };
      const builder = new TableBuilder(file, { ...shape, dialect: 'rocksdb', order, identity });
      const some = sortEntries(entries(i + 1, 1500));
      if (reverse) {
        some.sort((a, b) => order.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) || b.sequence - a.sequence);
      }
      for (const e of some) builder.add(e.key, 0, e.key.length, e.sequence, e.type, e.value, 0, e.value.length);
      const [low, high] = reverse ? ['u~', 'u'] : ['u', 'u~'];
      builder.addRangeTombstone(Buffer.from(low as string), Buffer.from(high as string), 77);
      builder.addRangeTombstone(Buffer.from(low as string), Buffer.from(high as string), 99);
      const summary = builder.finish();
      file.close();
      const verified = spawnSync('sst_dump', [`--file=${path}`, '--command=verify'], { encoding: 'latin1' });
      assert.match(verified.stdout, /The file is ok/, verified.stdout + verified.stderr);
      const scanned = output('sst_dump', [`--file=${path}`, '--command=scan', '--output_hex', '--show_properties']);
      const lines = scanned.split('\n').filter((line) => /^'[0-9A-F]*' seq:/.test(line));
      const expected = some.map(
        (e) => `'${hexUpper(e.key)}' seq:${e.sequence}, type:${e.type} => ${hexUpper(e.value)}`,
      );
      assert.equal(difference(expected, lines), undefined);
      const property = (name: string): string | undefined =>
        new RegExp(`^ *${name}: (.*)$`, 'm').exec(scanned)?.[1]?.trim();
      const counted = (type: number): number => some.filter((e) => e.type === type).length;
      assert.equal(property('# entries'), String(some.length + 2));
      assert.equal(property('# range deletions'), '2');
      assert.equal(property('# deletions'), String(counted(0) + counted(7) + 2));
      assert.equal(property('# merge operands'), String(counted(2)));
      assert.equal(property('# data blocks'), String(summary.dataBlocks));
      assert.equal(property('raw value size'), String(summary.rawValueBytes));
      assert.equal(property('column family name'), 'default');
      assert.equal(property('comparator name'), order.name);
    });
  }
});

const STORES: readonly StoreShape[] = [
  { dialect: 'rocksdb', formatVersion: 2, checksum: 1, filterBitsPerKey: 10 },
  { dialect: 'rocksdb', formatVersion: 4, checksum: 2, compression: 'lz4' },
  { dialect: 'rocksdb', formatVersion: 5, checksum: 4, compression: 'snappy', filterBitsPerKey: 10 },
  {
    dialect: 'rocksdb',
    formatVersion: 5,
    checksum: 4,
    compression: 'zstd',
    families: ['default', 'odd: #"name'],
    blobsFrom: 200,
  },
  { dialect: 'rocksdb', formatVersion: 5, checksum: 4, blobsFrom: 100, blobCompression: 'lz4', filterBitsPerKey: 10 },
  { dialect: 'rocksdb', formatVersion: 5, checksum: 1, blobsFrom: 100, blobCompression: 'zstd' },
  { dialect: 'rocksdb', formatVersion: 5, checksum: 3, blobsFrom: 100, blobCompression: 'snappy', uniqueIds: 'none' },
];
/** Beyond RocksDB 7.8. */
const NEWER: readonly StoreShape[] = [
  {
    dialect: 'rocksdb',
    formatVersion: 6,
    checksum: 4,
    compression: 'snappy',
    contextBase: 0xdeadbeef,
    filterBitsPerKey: 10,
  },
  { dialect: 'rocksdb', formatVersion: 6, checksum: 1, compression: 'lz4', contextBase: 0 },
  {
    dialect: 'rocksdb',
    formatVersion: 7,
    checksum: 4,
    compression: 'zstd',
    contextBase: 0x12345678,
    filterBitsPerKey: 20,
  },
  { dialect: 'rocksdb', formatVersion: 7, checksum: 4, contextBase: 5 },
];

const COUNT = 700;

function assembled(shape: StoreShape, seed: number): { dir: string; store: StoreAssembly } {
  const dir = folder('db');
  return { dir, store: new StoreAssembly(dir, shape, seed, COUNT) };
}

function oursIn(dir: string, family: string): string[] {
  const store = openStore(nodeFs, dir);
  try {
    assert.deepEqual(store.view.problems, []);
    return visibleLines(store)
      .filter((l) => l.cf === family)
      .map(
        (l) =>
          `0x${l.key.toUpperCase()} : ${l.value === undefined ? `long ${l.valueLen}` : `0x${l.value.toUpperCase()}`}`,
      );
  } finally {
    store.close();
  }
}

/** Long values as `visibleLines` shows them. */
const cut = (lines: readonly string[]): string[] =>
  lines.map((line) => {
    const [key, value] = line.split(' : ') as [string, string];
    const bytes = value.length / 2 - 1;
    return bytes > 16_384 ? `${key} : long ${bytes}` : line;
  });

describe('stores under our reader', () => {
  for (const [i, shape] of [...STORES, ...NEWER, LEVEL_SHAPE(0), LEVEL_SHAPE(1)].entries()) {
    it(JSON.stringify(shape), () => {
      const { dir, store } = assembled(shape, 100 + i);
      for (const family of shape.families ?? ['default']) {
        assert.equal(difference(cut(store.lines(family)), oursIn(dir, family)), undefined);
      }
    });
  }
});

describe('stores under RocksDB 7.8', { skip: noRocksdbTools }, () => {
  for (const [i, shape] of STORES.entries()) {
    it(JSON.stringify(shape), () => {
      const { dir, store } = assembled(shape, 200 + i);
      for (const family of shape.families ?? ['default']) {
        assert.equal(difference(store.lines(family), ldbScan(dir, family)), undefined);
      }
      if (shape.families !== undefined) return;
      const copy = copyOf(dir);
      assert.match(output('ldb', [`--db=${copy}`, 'checkconsistency']), /OK/);
      // The engine goes on: it writes, compacts everything, and finds all of it.
      output('ldb', [`--db=${copy}`, 'put', '~added', 'by ldb']);
      const log = readFileSync(join(copy, 'LOG'), 'latin1');
      if (shape.uniqueIds === 'none') assert.match(log, /unique_?id/i);
      else assert.doesNotMatch(log, /WARN.*unique/i);
      output('ldb', [`--db=${copy}`, 'compact']);
      assert.equal(
        difference(
          [...store.lines(), hexLine(Buffer.from('~added'), Buffer.from('by ldb'))].sort(byKey),
          ldbScan(copy, 'default'),
        ),
        undefined,
      );
    });
  }

  it('a wrong unique id is refused, so the right one was looked at', () => {
    const { dir } = assembled({ dialect: 'rocksdb', formatVersion: 5, checksum: 4, uniqueIds: 'wrong' }, 300);
    const result = spawnSync('ldb', [`--db=${dir}`, 'scan'], { encoding: 'latin1' });
    assert.match(result.stdout + result.stderr, /[Mm]ismatch.*unique|unique.*[Mm]ismatch/);
  });

  it('OPTIONS of ours are loaded', () => {
    const shape: StoreShape = {
      dialect: 'rocksdb',
      formatVersion: 5,
      checksum: 4,
      families: ['default', 'odd: #"name'],
    };
    const { dir, store } = assembled(shape, 310);
    const family = (name: string, more: Record<string, string> = {}) => ({
      name,
      cf: { ...DEFAULT_FAMILY_OPTIONS, ...more },
      table: { ...DEFAULT_TABLE_OPTIONS, block_size: '8192' },
    });
    const options = encodeOptions({
      version: OPTIONS_VERSION,
      db: DEFAULT_DB_OPTIONS,
      families: [
        family('odd: #"name'),
        family('default', { num_levels: '9', compaction_style: 'kCompactionStyleUniversal' }),
      ],
    });
    const file = nodeFs.open(join(dir, 'OPTIONS-000003'), 'create');
    file.append(options);
    file.close();
    const copy = copyOf(dir);
    assert.equal(
      difference(
        store.lines(),
        output('ldb', [`--db=${copy}`, '--try_load_options=true', 'scan', '--hex'])
          .trimEnd()
          .split('\n'),
      ),
      undefined,
    );
    // A loaded option shows in what the engine writes next.
    output('ldb', [`--db=${copy}`, '--try_load_options=true', 'put', 'a', 'b']);
    const newest = readdirSync(copy)
      .filter((f) => /^OPTIONS-\d+$/.test(f))
      .sort()
      .at(-1) as string;
    const text = readFileSync(join(copy, newest), 'latin1');
    assert.match(text, /num_levels=9/);
    assert.match(text, /kCompactionStyleUniversal/);
    assert.match(text, /block_size=8192/);
  });
});

const byKey = (a: string, b: string): number => {
  const [x, y] = [a.split(' ')[0] as string, b.split(' ')[0] as string];
  return x < y ? -1 : x > y ? 1 : 0;
};

describe('stores under RocksDB 10.5.1', () => {
  // The package's build of RocksDB has no codec but "none".
  for (const [i, whole] of [...STORES, ...NEWER].entries()) {
    const { compression: _c, blobCompression: _b, ...shape } = whole;
    it(JSON.stringify(shape), async () => {
      const { dir, store } = assembled(shape, 400 + i);
      const names = shape.families ?? ['default'];
      const copy = copyOf(dir);
      const open = (readOnly: boolean): RocksDB => {
        const filterPolicy = new RocksDB.BloomFilterPolicy(10);
        const columnFamilies = names.slice(1).map((n) => new RocksDB.ColumnFamily(n, { filterPolicy }));
        return new RocksDB(copy, { columnFamilies, filterPolicy, createIfMissing: false, readOnly });
      };
      // Read only first: once it may write, the engine compacts, and makes filters of its own.
      const reader = open(true);
      await reader.ready();
      for (const name of names) {
        const family = name === 'default' ? reader : reader.columnFamily(name);
        await gets(family, store.models.get(name)?.entries ?? new Map());
      }
      await reader.close({ force: true });
      const db = open(false);
      await db.ready();
      for (const name of names) {
        const family = name === 'default' ? db : db.columnFamily(name);
        const lines: string[] = [];
        for await (const { key, value } of family.iterator()) lines.push(hexLine(key, value));
        assert.equal(difference(store.lines(name), lines), undefined);
        await gets(family, store.models.get(name)?.entries ?? new Map());
        await family.compactRange();
        await gets(family, store.models.get(name)?.entries ?? new Map());
      }
      await db.close({ force: true });
      assert.doesNotMatch(
        readFileSync(join(copy, 'LOG'), 'latin1'),
        /Corruption:|tail prefetch|unique[_ ]id.*mismatch/i,
      );
    });
  }
});

describe('the engines ask our filters, for one without any bit set hides every key', () => {
  /** Puts a filter that denies everything into what `make` writes. */
  function denying<T>(make: () => T): T {
    const full = FastLocalBloomBuilder.prototype.finish;
    const level = LeveldbFilterBuilder.prototype.finish;
    const mocks = [
      mock.method(FastLocalBloomBuilder.prototype, 'finish', function (this: FastLocalBloomBuilder) {
        const block = full.call(this);
        return block.fill(0, 0, block.length - 5);
      }),
      mock.method(LeveldbFilterBuilder.prototype, 'finish', function (this: LeveldbFilterBuilder) {
        const block = level.call(this);
        const array = new DataView(block.buffer).getUint32(block.length - 5, true);
        // All but the number of probes at the end of the last filter; the others' last bytes become "no probes".
        for (let at = 0; at < array; at++) block[at] = block[at] === 6 ? 6 : 0;
        return block;
      }),
    ];
    try {
      return make();
    } finally {
      for (const m of mocks) m.mock.restore();
    }
  }

  /** Keys of the tables that no operation of the WAL touched. */
  const found = async (
    get: (key: Buffer) => Promise<Uint8Array | null | undefined>,
    keys: Iterable<string>,
  ): Promise<number> => {
    let n = 0;
    for (const key of keys) if ((await get(Buffer.from(key, 'hex'))) != null) n++;
    return n;
  };

  it('RocksDB 10.5.1', async () => {
    const { dir, store } = denying(() =>
      assembled({ dialect: 'rocksdb', formatVersion: 5, checksum: 4, filterBitsPerKey: 10 }, 600),
    );
    const filterPolicy = new RocksDB.BloomFilterPolicy(10);
    // Read only: otherwise the engine soon compacts, and makes filters of its own.
    const db = new RocksDB(dir, { filterPolicy, createIfMissing: false, readOnly: true });
    await db.ready();
    const keys = [...(store.models.get('default')?.entries.keys() ?? [])];
    assert.ok((await found((key) => db.get(key), keys)) < keys.length / 4);
    await db.close({ force: true });
  });

  it('LevelDB', async () => {
    const { dir, store } = denying(() => assembled(LEVEL_SHAPE(0), 601));
    const db = new ClassicLevel<Buffer, Buffer>(dir, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      createIfMissing: false,
    });
    await db.open();
    const keys = [...(store.models.get('default')?.entries.keys() ?? [])];
    // It compacts L0 at once, and makes filters of its own; what stands in level 2 stays hidden.
    assert.ok((await found((key) => db.get(key), keys)) < keys.length * 0.8);
    await db.close();
  });
});

/** Every key, through the filters; and keys that are not there. */
async function gets(db: RocksDB, expected: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [key, value] of expected) {
    const found = await db.get(Buffer.from(key, 'hex'));
    assert.ok(found !== null, `key ${key} is not found`);
    assert.ok(Buffer.compare(found, value) === 0, `key ${key} has another value`);
  }
  for (let n = 0; n < 50; n++) assert.equal(await db.get(Buffer.from(`users/none/${n}`)), null);
}

function LEVEL_SHAPE(i: number): StoreShape {
  return [
    { dialect: 'leveldb', formatVersion: 0, compression: 'snappy', filterBitsPerKey: 10 } as const,
    { dialect: 'leveldb', formatVersion: 0, blockSize: 300, restartInterval: 3 } as const,
  ][i] as StoreShape;
}

describe('stores under LevelDB', () => {
  for (const i of [0, 1]) {
    it(JSON.stringify(LEVEL_SHAPE(i)), async () => {
      const { dir, store } = assembled(LEVEL_SHAPE(i), 500 + i);
      const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', createIfMissing: false } as const;
      const db = new ClassicLevel<Buffer, Buffer>(dir, options);
      await db.open();
      const scan = async (): Promise<string[]> => {
        const lines: string[] = [];
        for await (const [key, value] of db.iterator()) lines.push(hexLine(key, value));
        return lines;
      };
      assert.equal(difference(store.lines(), await scan()), undefined);
      const model = store.models.get('default')?.entries ?? new Map<string, Uint8Array>();
      for (const [key, value] of model) {
        const found = await db.get(Buffer.from(key, 'hex'));
        assert.ok(found !== undefined && Buffer.compare(found, value) === 0, `key ${key}`);
      }
      await db.put(Buffer.from('~added'), Buffer.from('x'));
      await db.compactRange(Buffer.alloc(0), Buffer.alloc(30, 0xff), { keyEncoding: 'buffer' });
      const after = [...store.lines(), hexLine(Buffer.from('~added'), Buffer.from('x'))].sort(byKey);
      assert.equal(difference(after, await scan()), undefined);
      await db.close();
    });
  }
});
