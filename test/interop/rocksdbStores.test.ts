/**
 * What RocksDB's tools make besides plain stores: logs of every kind, blob files, TTL databases, backups, checkpoints,
 * secondary instances, atomic flushes, and tables of other kinds. Read as RocksDB's `ldb` reads them, or named.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../engine/base/entropy.ts';
import { LogReader } from '../../engine/formats/leveldb/logReader.ts';
import { LogWriter } from '../../engine/formats/leveldb/logWriter.ts';
import type { NewFile } from '../../engine/formats/leveldb/versionEdit.ts';
import { encodeRocksDbEdit } from '../../engine/formats/rocksdb/editEncoder.ts';
import { decodeRocksDbEdit } from '../../engine/formats/rocksdb/versionEdit.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import { Lenses } from '../../engine/service/lenses.ts';
import { openStore, openTableFile } from '../../engine/store/open.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { verifyFiles } from '../../engine/store/verify/verify.ts';
import { systemWriteEnvironment } from '../../engine/store/writeEnvironment.ts';
import { StoreWriter } from '../../engine/store/writer.ts';
import { HAS_DB_BENCH } from '../support/dbBench.ts';
import { directoryState } from '../support/reading.ts';
import { type BenchOptions, checkStore, HAS_LDB, ldbScan, withRocks } from '../support/rocksMatrix.ts';

const skip = HAS_DB_BENCH && HAS_LDB ? false : 'db_bench and ldb are not installed';
const fs = readOnlyFs(nodeFs);

function ldb(dir: string, ...args: string[]): string {
  return execFileSync('ldb', [`--db=${dir}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** A folder that is removed afterwards. */
async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lsm-rocks-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const logsOf = (dir: string): string[] => readdirSync(dir).filter((n) => n.endsWith('.log'));

interface Logged {
  readonly name: string;
  readonly args: readonly string[];
  readonly options?: BenchOptions;
  /** Type byte of the first record of a log: 1 plain, 2 the first part of a long one, 5 recyclable, 9 names a codec. */
  readonly first?: number;
}

const FILL = '--benchmarks=fillrandom';
const KILL_AFTER_MS = 1200;

/** Logs are used again only where what stands behind the new records may be skipped. */
function recycling(db: Readonly<Record<string, string>>): BenchOptions {
  return {
    db: { recycle_log_file_num: '2', wal_recovery_mode: 'kSkipAnyCorruptedRecords', ...db },
    cf: { write_buffer_size: '70000' },
  };
}

const LOGS: readonly Logged[] = [
  { name: 'plain', args: [FILL] },
  { name: 'compressed with ZSTD', args: [FILL, '--wal_compression=zstd'], first: 9 },
  {
    name: 'compressed, of values longer than a block',
    args: [FILL, '--wal_compression=zstd', '--value_size=50000', '--num=120', '--compression_ratio=0.9'],
    first: 9,
  },
  { name: 'flushed by hand', args: [FILL, '--manual_wal_flush=1'] },
  {
    name: 'tracked in the MANIFEST',
    args: [FILL, '--track_and_verify_wals_in_manifest=1', '--write_buffer_size=100000', '--sync=1', '--num=400'],
  },
  { name: 'of unordered writes', args: [FILL, '--unordered_write=1', '--enable_pipelined_write=0', '--threads=3'] },
  { name: 'of pipelined writes', args: [FILL, '--enable_pipelined_write=1', '--threads=3'] },
  { name: 'of two write queues', args: [FILL], options: { db: { two_write_queues: 'true' } } },
  { name: 'of batches', args: [FILL, '--batch_size=50'] },
  { name: 'of transactions', args: [FILL, '--transaction_db=1'] },
  { name: 'of deletions', args: ['--benchmarks=fillrandom,deleterandom', '--deletes=300'] },
  {
    name: 'of range deletions',
    args: [FILL, '--writes_per_range_tombstone=50', '--range_tombstone_width=10', '--max_num_range_tombstones=20'],
  },
  {
    name: 'of merges',
    args: ['--benchmarks=mergerandom', '--merge_operator=stringappend', '--merge_keys=200', '--value_size=20'],
  },
  { name: 'that were never written', args: ['--benchmarks=fillrandom,flush', '--disable_wal=1'] },
];

describe('logs of RocksDB', { skip }, () => {
  for (const { name, args, options, first } of LOGS) {
    it(name, async () => {
      await withRocks(args, options, async (dir) => {
        const checked = await checkStore(dir);
        assert.ok(checked.entries > 50, `${checked.entries} entries`);
        const store = openStore(fs, dir);
        const records = store.view.snapshot.replay.files.reduce((sum, f) => sum + f.records, 0);
        if (name !== 'that were never written') assert.ok(records > 0, 'nothing stands in a log');
        store.close();
        if (first !== undefined) {
          const types = logsOf(dir).map((n) => readFileSync(join(dir, n))[6]);
          assert.ok(types.includes(first), `first records of type ${types.join(', ')}`);
        }
      });
    });
  }

  // One that was closed in order ends where its records do. This ldb does not come to an end with such logs, so what
  // they should hold is told by a run that writes as much and is not killed.
  for (const [name, codec, first] of [
    ['recycled', 'kNoCompression', 5],
    ['recycled and compressed', 'kZSTD', 9],
  ] as const) {
    it(name, async () => {
      const args = [FILL, '--num=10000000'];
      const slow = [...args, '--benchmark_write_rate_limit=1000000'];
      await withRocks(
        slow,
        recycling({ wal_compression: codec }),
        async (dir) => {
          const store = openStore(fs, dir);
          const { files } = store.view.snapshot.replay;
          const writes = store.view.lastSequence;
          store.close();
          assert.ok(
            files.some((f) => f.ended === 'recycled'),
            `logs end as ${files.map((f) => f.ended).join(', ')}`,
          );
          assert.ok(logsOf(dir).some((n) => readFileSync(join(dir, n))[6] === first));
          let expected: string[] = [];
          await withRocks([...args, `--writes=${writes}`], undefined, (whole) => {
            expected = ldbScan(whole);
          });
          await checkStore(dir, undefined, expected);
        },
        KILL_AFTER_MS,
      );
    });
  }
});

const TABLES: readonly Logged[] = [
  { name: 'values in blob files', args: ['--enable_blob_files=1', '--min_blob_size=50'] },
  {
    name: 'compressed values in blob files, collected',
    args: [
      '--benchmarks=fillrandom,overwrite,compact',
      '--enable_blob_files=1',
      '--min_blob_size=50',
      '--blob_compression_type=lz4',
      '--enable_blob_garbage_collection=1',
      '--blob_garbage_collection_age_cutoff=0.9',
      '--write_buffer_size=60000',
    ],
  },
  {
    name: 'several levels',
    args: [
      '--benchmarks=fillrandom,compact0,overwrite,flush',
      '--write_buffer_size=20000',
      '--target_file_size_base=20000',
      '--max_bytes_for_level_base=60000',
      '--level0_file_num_compaction_trigger=2',
    ],
  },
  {
    name: 'universal compaction',
    args: ['--benchmarks=fillrandom,overwrite,flush', '--compaction_style=1', '--write_buffer_size=30000'],
  },
  {
    name: 'merges in tables',
    args: ['--benchmarks=mergerandom,flush', '--merge_operator=uint64add', '--merge_keys=300'],
  },
  { name: 'single deletions', args: ['--benchmarks=fillrandom,deleterandom,flush', '--use_single_deletes=1'] },
  { name: 'checksums of whole files', args: ['--file_checksum=1'] },
];

describe('stores of RocksDB', { skip }, () => {
  for (const { name, args, options } of TABLES) {
    it(name, async () => {
      await withRocks(args, options, async (dir) => {
        const checked = await checkStore(dir);
        assert.ok(checked.entries > 50 && checked.tables > 0, `${checked.entries} entries in ${checked.tables} tables`);
      });
    });
  }

  it('values in the blob files of the stacked BlobDB, which ldb does not find', async () => {
    const lines: string[] = [];
    await withRocks(['--compression_ratio=1'], undefined, (dir) => void lines.push(...ldbScan(dir)));
    await withRocks(
      ['--compression_ratio=1', '--use_blob_db=1', '--blob_db_min_blob_size=10'],
      undefined,
      async (dir) => {
        assert.ok(readdirSync(join(dir, 'blob_dir')).length > 0);
        await checkStore(dir, undefined, lines);
        const store = openStore(fs, dir);
        assert.ok(planVerify(store.view).tasks.some((t) => t.file.startsWith('blob_dir/')));
        store.close();
        assert.throws(() => StoreWriter.open(systemWriteEnvironment, dir), {
          code: 'UNSUPPORTED',
          message: /blob_dir/,
        });
      },
    );
  });

  it('an atomic flush of several column families, whole or cut off at any byte', async () => {
    const options = { db: { atomic_flush: 'true', create_missing_column_families: 'true' } };
    await withRocks(['--num_column_families=3', '--benchmarks=fillrandom,flush'], options, async (dir) => {
      assert.match(ldb(dir, 'manifest_dump', '--verbose'), /AtomicGroup/, 'no atomic group was written');
      await checkStore(dir);
      const manifest = join(dir, readdirSync(dir).find((n) => n.startsWith('MANIFEST')) ?? '');
      const whole = readFileSync(manifest);
      const seen = new Set<string>();
      for (let end = whole.length; end > 40; end--) {
        writeFileSync(manifest, whole.subarray(0, end));
        const store = openStore(fs, dir);
        const families = [...store.view.version.families.values()];
        assert.ok(!store.view.snapshot.manifest.damaged, `cut off at ${end}`);
        seen.add(families.map((f) => f.tables.length).join(' '));
        store.close();
      }
      // Before the flush, one family after the other is made; then all three have their table at once.
      assert.deepEqual([...seen], ['1 1 1', '0 0 0', '0 0', '0']);
    });
  });

  it('tables of other kinds are named, and the rest of the store is read', async () => {
    const kinds = [
      {
        name: 'PlainTable',
        args: ['--use_plain_table=1', '--prefix_size=8', '--mmap_read=1', '--memtablerep=prefix_hash'],
      },
      { name: 'CuckooTable', args: ['--use_cuckoo_table=1', '--mmap_read=1'] },
    ];
    for (const { name, args } of kinds) {
      await withRocks([...args, '--allow_concurrent_memtable_write=false'], undefined, async (dir) => {
        ldbPut(dir, 'z-in-the-log', 'readable');
        const store = openStore(fs, dir);
        const damage = new DamageLog();
        const walk = store.view.scan(0, {}, damage);
        const keys: string[] = [];
        for (walk.first(); walk.valid; walk.next()) {
          keys.push(Buffer.from(walk.keyBuffer.slice(walk.keyStart, walk.keyStart + walk.keyLength)).toString());
        }
        walk.close();
        assert.deepEqual(keys, ['z-in-the-log']);
        assert.ok(damage.problems.length > 0);
        for (const p of damage.problems) {
          assert.equal(p.code, 'UNSUPPORTED');
          assert.match(p.message, new RegExp(name));
        }
        const report = await verifyFiles(planVerify(store.view), {
          fs,
          clock: systemClock,
          progress: () => {},
          isCancelled: () => false,
        });
        assert.deepEqual(
          report.findings.filter((f) => f.severity === 'damage'),
          [],
        );
        assert.ok(report.findings.some((f) => f.message.includes(name)));
        assert.ok(report.unchecked.some((line) => line.includes(name)));
        store.close();
      });
    }
  });
});

/** One entry more, which stays in a log. */
function ldbPut(dir: string, key: string, value: string): void {
  ldb(dir, 'put', key, value);
}

describe('TTL databases', { skip }, () => {
  it('are read as they are, and through a lens with the time of writing', async () => {
    await inFolder(async (folder) => {
      const dir = join(folder, 'db');
      const from = Math.floor(systemClock.now() / 1000);
      // This ldb writes, and then says that it does not do so with several column families.
      for (const [key, value] of [
        ['key', 'value'],
        ['other', ''],
      ]) {
        spawnSync('ldb', [`--db=${dir}`, 'put', key as string, value as string, '--ttl', '--create_if_missing']);
      }
      const to = Math.floor(systemClock.now() / 1000);
      assert.equal((await checkStore(dir)).entries, 2);
      const store = openStore(fs, dir);
      const match = new Lenses(fs).of(store, 0)[0];
      assert.equal(match?.lens.id, 'rocksdb-ttl');
      assert.match(match.why, /TtlMergeOperator/);
      const get = new PointGet(store.view, 0, new DamageLog());
      for (const [key, shown] of [
        ['key', 'value'],
        ['other', ''],
      ] as const) {
        const raw = get.get(Buffer.from(key))?.value as Uint8Array;
        const found: RegExpExecArray | null = /^(.*) \(written (\S+)\)$/.exec(match.lens.value(raw, raw)?.text ?? '');
        assert.equal(found?.[1], shown);
        const seconds = Date.parse(found[2] ?? '') / 1000;
        assert.ok(seconds >= from && seconds <= to, found[2]);
      }
      store.close();
      const writer = StoreWriter.open(systemWriteEnvironment, dir);
      const batch = writer.batch();
      assert.throws(() => batch.put(0, Buffer.from('k'), Buffer.from('v')), {
        code: 'UNSUPPORTED',
        message: /DBWithTTL/,
      });
      batch.delete(0, Buffer.from('k'));
      writer.close();
    });
  });
});

async function verified(dir: string): Promise<number> {
  const store = openStore(fs, dir);
  try {
    const plan = planVerify(store.view);
    const { findings } = await verifyFiles(plan, {
      fs,
      clock: systemClock,
      progress: () => {},
      isCancelled: () => false,
    });
    assert.deepEqual(findings, []);
    return plan.tasks.length;
  } finally {
    store.close();
  }
}

describe('what RocksDB makes of a store', { skip }, () => {
  const BLOBS = ['--enable_blob_files=1', '--min_blob_size=80', '--blob_compression_type=lz4'];

  it('backups are opened where they lie, and not written to', async () => {
    await withRocks(BLOBS, undefined, async (dir) => {
      const backups = join(dir, '..', 'backups');
      ldb(dir, 'put', 'first', 'backup');
      const first = ldbScan(dir);
      ldb(dir, 'backup', `--backup_dir=${backups}`);
      ldb(dir, 'put', 'second', 'backup');
      ldb(dir, 'delete', 'first');
      const second = ldbScan(dir);
      ldb(dir, 'backup', `--backup_dir=${backups}`);
      assert.throws(() => openStore(fs, backups), { code: 'UNSUPPORTED', mend: new RegExp(`${backups}/private/2$`) });
      await checkStore(join(backups, 'private/1'), undefined, first);
      await checkStore(join(backups, 'private/2'), undefined, second);
      assert.ok((await verified(join(backups, 'private/2'))) >= 3);
      const before = directoryState(join(backups, 'private/2'));
      assert.throws(() => StoreWriter.open(systemWriteEnvironment, join(backups, 'private/2')), {
        code: 'UNSUPPORTED',
        message: /backup/,
      });
      assert.deepEqual(directoryState(join(backups, 'private/2')), before);
      // Another place, and a table gone.
      cpSync(backups, `${backups}-moved`, { recursive: true });
      const moved = `${backups}-moved/private/2`;
      await checkStore(moved, undefined, second);
      const shared = `${backups}-moved/shared_checksum`;
      rmSync(join(shared, readdirSync(shared).find((n) => n.endsWith('.sst')) ?? ''));
      const store = openStore(fs, moved);
      assert.equal(store.view.problems[0]?.code, 'NOT_FOUND');
      assert.match(store.view.problems[0]?.path ?? '', /^\.\.\/\.\.\/shared_checksum\//);
      store.close();
    });
  });

  it('checkpoints are stores, of hard links', async () => {
    await withRocks(BLOBS, undefined, async (dir) => {
      ldb(dir, 'put', 'in', 'both');
      const then = ldbScan(dir);
      const checkpoint = join(dir, '..', 'checkpoint');
      ldb(dir, 'checkpoint', `--checkpoint_dir=${checkpoint}`);
      ldb(dir, 'put', 'in', 'the store only');
      const state = directoryState(checkpoint);
      assert.ok(readdirSync(checkpoint).some((n) => n.endsWith('.sst') && statSync(join(checkpoint, n)).nlink > 1));
      await checkStore(checkpoint, undefined, then);
      assert.deepEqual(directoryState(checkpoint), state);
    });
  });

  it('the directory of a secondary instance is named, and leads to the store', async () => {
    await withRocks([], undefined, (dir) => {
      const secondary = join(dir, '..', 'secondary');
      ldb(dir, `--secondary_path=${secondary}`, 'scan', '--max_keys=1');
      assert.throws(() => openStore(fs, secondary), {
        code: 'NOT_FOUND',
        message: /secondary instance/,
        mend: new RegExp(` is ${dir}$`),
      });
    });
  });

  it('tables in other paths are missed by name, and found where they were copied to', async () => {
    await withRocks(['--benchmarks=fillrandom,compact,overwrite,flush'], undefined, async (dir) => {
      const expected = ldbScan(dir);
      const moved = rewriteManifest(dir, (file) => (file.level > 0 ? { ...file, pathId: 1 } : file));
      assert.ok(moved > 0);
      await checkStore(dir, undefined, expected);
      const store = openStore(fs, dir);
      const far = [...store.view.version.tables.values()].filter((t) => t.level > 0);
      store.close();
      for (const { file } of far) renameSync(join(dir, file), join(dir, '..', file));
      const without = openStore(fs, dir);
      const problems = without.view.problems;
      assert.equal(problems.length, far.length);
      for (const p of problems) {
        assert.equal(p.code, 'UNSUPPORTED');
        assert.match(p.message, /path 1 of db_paths/);
      }
      const damage = new DamageLog();
      const walk = without.view.scan(0, {}, damage);
      let entries = 0;
      for (walk.first(); walk.valid; walk.next()) entries++;
      walk.close();
      assert.ok(entries > 0 && entries < expected.length);
      assert.equal(damage.lost, true);
      const { findings } = planVerify(without.view);
      assert.deepEqual([...new Set(findings.map((f) => f.severity))], ['notice']);
      without.close();
      for (const { file } of far) {
        const alone = openTableFile(fs, join(dir, '..', file));
        assert.equal(alone.view.version.tables.size, 1);
        alone.close();
      }
    });
  });
});

/** Writes the MANIFEST anew with its files changed; says how many were. */
function rewriteManifest(dir: string, change: (file: NewFile) => NewFile): number {
  const name = readdirSync(dir).find((n) => n.startsWith('MANIFEST')) ?? '';
  const records: Uint8Array[] = [];
  let changed = 0;
  const handle = nodeFs.open(join(dir, name), 'read');
  const log = new LogReader(handle, { path: name });
  while (log.next()) {
    const edit = decodeRocksDbEdit(log.record);
    const newFiles = edit.newFiles.map(change);
    changed += newFiles.filter((f, i) => f !== edit.newFiles[i]).length;
    records.push(encodeRocksDbEdit({ ...edit, newFiles }));
  }
  handle.close();
  rmSync(join(dir, name));
  const file = nodeFs.open(join(dir, name), 'create');
  const writer = new LogWriter(file);
  for (const record of records) writer.append(record);
  writer.flush();
  file.close();
  return changed;
}
