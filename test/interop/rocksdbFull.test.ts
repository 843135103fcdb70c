/**
 * RocksDB's formats in full: a store for each way in which its tables and logs can be written, made by RocksDB's own
 * `db_bench` and shown by its `ldb`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../engine/base/entropy.ts';
import type { TableReader } from '../../engine/formats/block/tableReader.ts';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import { readOnlyFs } from '../../engine/fs/readOnlyFs.ts';
import { openStore } from '../../engine/store/open.ts';
import { planVerify } from '../../engine/store/verify/plan.ts';
import { verifyFiles } from '../../engine/store/verify/verify.ts';
import { HAS_DB_BENCH } from '../support/dbBench.ts';
import { CORPUS, corpusNames, noCorpus } from '../support/reading.ts';
import { type BenchOptions, checkStore, HAS_LDB, withRocks } from '../support/rocksMatrix.ts';

const skip = HAS_DB_BENCH && HAS_LDB ? false : 'db_bench and ldb are not installed';

interface Way {
  readonly name: string;
  readonly args: readonly string[];
  readonly options?: BenchOptions;
  /** What the store must have in it, or the row would prove nothing. */
  readonly look: (table: TableReader) => void;
}

const BLOOM = '--bloom_bits=10';
const PREFIXED = ['--prefix_size=8', '--keys_per_prefix=10', BLOOM];
const PARTITIONED = ['--partition_index_and_filters=1', '--metadata_block_size=256', '--block_size=512'];

const property = (table: TableReader, name: string): string | undefined => table.properties.text(`rocksdb.${name}`);

function filterIs(table: TableReader, kind: RegExp, layout: string): void {
  const filter = table.filter();
  assert.ok(filter !== undefined, 'the table has no filter');
  assert.match(filter.kind, kind);
  assert.equal(filter.layout, layout);
}

const WHOLE = /^[^,]+, [^,]+$/;

const FILTERS: readonly Way[] = [
  {
    name: 'Bloom',
    args: [BLOOM],
    look: (t) => filterIs(t, /FastLocalBloom, 6 probes$/, 'full'),
  },
  {
    name: 'Bloom of before format_version 5',
    args: [BLOOM, '--format_version=4'],
    look: (t) => filterIs(t, /legacy Bloom, 6 probes$/, 'full'),
  },
  {
    name: 'Ribbon',
    args: [BLOOM, '--use_ribbon_filter=1'],
    look: (t) => filterIs(t, /Ribbon128/, 'full'),
  },
  {
    name: 'sized for the allocator',
    args: [BLOOM, '--optimize_filters_for_memory=1'],
    look: (t) => filterIs(t, /FastLocalBloom/, 'full'),
  },
  {
    name: 'in partitions',
    args: [BLOOM, ...PARTITIONED],
    look: (t) => {
      filterIs(t, /FastLocalBloom/, 'partitioned');
      assert.ok((t.filter()?.partitions ?? 0) > 3);
      assert.equal(t.indexType, 'two-level');
    },
  },
  {
    name: 'Ribbon in partitions',
    // Filters of few keys are Bloom filters all the same.
    args: [
      BLOOM,
      '--use_ribbon_filter=1',
      '--partition_index_and_filters=1',
      '--num=6000',
      '--value_size=20',
      '--metadata_block_size=2048',
      '--block_size=512',
    ],
    look: (t) => filterIs(t, /Ribbon128/, 'partitioned'),
  },
  {
    name: 'legacy Bloom in partitions',
    args: [BLOOM, '--format_version=2', ...PARTITIONED],
    look: (t) => filterIs(t, /legacy Bloom/, 'partitioned'),
  },
  {
    name: 'of whole keys and fixed prefixes',
    args: PREFIXED,
    look: (t) => {
      assert.equal(property(t, 'block.based.table.prefix.filtering'), '1');
      filterIs(t, WHOLE, 'full');
    },
  },
  {
    name: 'of fixed prefixes',
    args: [...PREFIXED, '--whole_key_filtering=0'],
    look: (t) => filterIs(t, /prefix filter \(rocksdb.FixedPrefix.8\)$/, 'full'),
  },
  {
    name: 'Ribbon of fixed prefixes',
    args: ['--prefix_size=8', '--keys_per_prefix=1', BLOOM, '--whole_key_filtering=0', '--use_ribbon_filter=1'],
    look: (t) => filterIs(t, /Ribbon128.*prefix filter/, 'full'),
  },
  {
    name: 'of fixed prefixes, in partitions',
    args: [...PREFIXED, '--whole_key_filtering=0', ...PARTITIONED],
    look: (t) => filterIs(t, /prefix filter/, 'partitioned'),
  },
  {
    name: 'of whole keys and fixed prefixes, in partitions',
    args: [...PREFIXED, ...PARTITIONED],
    look: (t) => filterIs(t, WHOLE, 'partitioned'),
  },
  {
    name: 'of fixed prefixes that are longer than the keys',
    args: [],
    options: {
      cf: { prefix_extractor: 'rocksdb.FixedPrefix.20' },
      table: { filter_policy: 'bloomfilter:10:false', whole_key_filtering: 'false' },
    },
    // No key is in its domain, so nothing was added.
    look: (t) => {
      if (t.filter() !== undefined) assert.equal(t.filter()?.covers(16), false);
    },
  },
  ...['rocksdb.CappedPrefix.12', 'rocksdb.CappedPrefix.30', 'capped:10', 'fixed:11', 'rocksdb.Noop'].map(
    (prefix_extractor): Way => ({
      name: `of prefixes by ${prefix_extractor}`,
      args: [],
      options: {
        cf: { prefix_extractor },
        table: { filter_policy: 'bloomfilter:10:false', whole_key_filtering: 'false' },
      },
      look: (t) => {
        filterIs(t, /prefix filter \(rocksdb\.\w+(\.\d+)?\)$/, 'full');
        assert.equal(t.filter()?.prefix?.name, property(t, 'prefix.extractor.name'));
      },
    }),
  ),
];

const INDEXES: readonly Way[] = [
  { name: 'binary', args: [], look: (t) => assert.equal(t.indexType, 'binary') },
  {
    name: 'hash',
    args: ['--use_hash_search=1', '--prefix_size=8', '--keys_per_prefix=10'],
    look: (t) => assert.equal(t.indexType, 'hash'),
  },
  {
    name: 'binary with first key',
    args: ['--index_with_first_key=1'],
    look: (t) => assert.equal(t.indexType, 'binary with first key'),
  },
  {
    name: 'two-level',
    args: ['--partition_index=1', '--metadata_block_size=256'],
    look: (t) => {
      assert.equal(t.indexType, 'two-level');
      assert.ok(t.indexPartitions.length > 2);
    },
  },
  {
    name: 'two-level of internal keys',
    args: ['--partition_index=1', '--metadata_block_size=256', '--format_version=2'],
    look: (t) => {
      assert.equal(t.indexFlags.userKeys, false);
      assert.equal(t.indexFlags.deltaValues, false);
    },
  },
  ...[0, 1, 2].map(
    (mode): Way => ({
      name: `shortened by mode ${mode}`,
      args: [`--index_shortening_mode=${mode}`, '--index_block_restart_interval=4'],
      look: (t) => assert.ok(t.index.count > 10),
    }),
  ),
  {
    name: 'uncompressed',
    args: ['--enable_index_compression=0', '--compression_type=zstd'],
    look: (t) => assert.ok(t.index.count > 10),
  },
  {
    name: 'data blocks with a hash index',
    args: ['--use_data_block_hash_index=1'],
    look: (t) => assert.ok(t.index.count > 10),
  },
  {
    name: 'data blocks with a hash index and few restarts',
    args: [
      '--use_data_block_hash_index=1',
      '--block_restart_interval=1',
      '--data_block_hash_table_util_ratio=0.5',
      '--block_size=1024',
    ],
    look: (t) => assert.ok(t.index.count > 10),
  },
  {
    name: 'aligned blocks',
    args: ['--block_align=1', '--compression_type=none'],
    look: (t) => assert.ok(t.index.count > 10),
  },
];

const CODECS = ['none', 'snappy', 'zlib', 'bzip2', 'lz4', 'lz4hc', 'zstd'];
const DICTIONARY = ['--compression_max_dict_bytes=4096', '--compression_ratio=0.3'];

const COMPRESSIONS: readonly Way[] = [
  ...CODECS.map(
    (codec): Way => ({ name: codec, args: [`--compression_type=${codec}`], look: (t) => assert.ok(t.index.count > 5) }),
  ),
  ...['zlib', 'lz4', 'lz4hc', 'zstd'].map(
    (codec): Way => ({
      name: `${codec} with a dictionary`,
      args: [`--compression_type=${codec}`, ...DICTIONARY],
      look: (t) => assert.ok(t.metaHandle('rocksdb.compression_dict') !== undefined),
    }),
  ),
  {
    name: 'zstd with a trained dictionary',
    args: ['--compression_type=zstd', ...DICTIONARY, '--compression_zstd_max_train_bytes=65536'],
    look: (t) => assert.ok(t.metaHandle('rocksdb.compression_dict') !== undefined),
  },
  {
    name: 'zstd with a finalized dictionary, by several threads',
    args: [
      '--compression_type=zstd',
      ...DICTIONARY,
      '--compression_zstd_max_train_bytes=65536',
      '--compression_use_zstd_dict_trainer=0',
      '--compression_parallel_threads=4',
    ],
    look: (t) => assert.ok(t.metaHandle('rocksdb.compression_dict') !== undefined),
  },
  {
    name: 'snappy by several threads',
    args: ['--compression_type=snappy', '--compression_parallel_threads=3'],
    look: (t) => assert.ok(t.index.count > 5),
  },
];

const VERSIONS: readonly Way[] = [2, 3, 4, 5].map((version) => ({
  name: `format_version ${version}`,
  args: [`--format_version=${version}`, BLOOM],
  look: (t) => assert.equal(t.formatVersion, version),
}));

const CHECKSUMS: readonly Way[] = ['none', 'crc32c', 'xxHash', 'xxHash64', 'XXH3'].map((name, i) => ({
  name: `checksum ${name}`,
  args: [`--checksum_type=${i}`],
  look: (t) => assert.equal(t.footer.checksum, i),
}));

function rows(title: string, ways: readonly Way[]): void {
  describe(title, { skip }, () => {
    for (const way of ways) {
      it(way.name, async () => {
        await withRocks(way.args, way.options, async (dir) => {
          let tables = 0;
          const checked = await checkStore(dir, (table) => {
            tables++;
            way.look(table);
          });
          assert.ok(checked.entries > 100 && tables > 0, `${checked.entries} entries in ${tables} tables`);
        });
      });
    }
  });
}

rows('filters of RocksDB', FILTERS);
rows('indexes of RocksDB', INDEXES);
rows('compressions of RocksDB', COMPRESSIONS);
rows('format versions of RocksDB', VERSIONS);
rows('checksums of RocksDB', CHECKSUMS);

describe('the corpus', { skip: noCorpus }, () => {
  it('verifies without damage, in all format versions of today', async () => {
    const versions = new Map<number, number>();
    const filters = new Set<string>();
    const indexes = new Set<string>();
    let entries = 0;
    for (const name of corpusNames('rocksdb')) {
      const fs = readOnlyFs(nodeFs);
      const store = openStore(fs, `${CORPUS}rocksdb/${name}/db`);
      for (const info of store.view.version.tables.values()) {
        const table = store.view.acquire(info);
        versions.set(table.formatVersion, (versions.get(table.formatVersion) ?? 0) + 1);
        filters.add(table.filter()?.shape.scheme ?? 'none');
        indexes.add(table.indexType);
        store.view.releaseTable(info, table);
      }
      const report = await verifyFiles(planVerify(store.view), {
        fs,
        clock: systemClock,
        progress: () => {},
        isCancelled: () => false,
      });
      const damage = report.findings.filter((f) => f.severity === 'damage');
      assert.deepEqual(damage, [], name);
      entries += report.entries;
      store.close();
    }
    assert.ok(entries > 20_000, `${entries} entries`);
    // 0 is LevelDB's.
    assert.deepEqual([...versions.keys()].sort(), [0, 5, 6, 7]);
    for (const kind of ['blocked-bloom', 'ribbon', 'bloom', 'none']) assert.ok(filters.has(kind), kind);
    assert.ok(indexes.has('binary') && indexes.has('two-level'), [...indexes].join(', '));
  });
});
