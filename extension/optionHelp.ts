/**
 * What the options of an OPTIONS file mean, for hovers: those that people tune and look for. Defaults are those of
 * RocksDB 11 as an OPTIONS file spells them, after the adjustments that opening makes; `was` holds earlier ones.
 * An option without a default has one that depends on others.
 */

export type OptionUnit = 'bytes' | 'seconds' | 'milliseconds' | 'microseconds' | 'megabytes';

export interface OptionHelp {
  readonly text: string;
  readonly unit?: OptionUnit;
  readonly default?: string;
  /** Before these versions of RocksDB (major, minor), the oldest first, the default was this. */
  readonly was?: readonly { readonly before: readonly [number, number]; readonly default: string }[];
}

/** Options of the whole database: section `[DBOptions]`. */
const DATABASE: Readonly<Record<string, OptionHelp>> = {
  max_open_files: {
    text: 'How many files are kept open at most. -1 keeps all of them open, with their indexes and filters in memory unless those live in the block cache.',
    default: '-1',
  },
  max_file_opening_threads: {
    text: 'Threads that open table files side by side when the database starts.',
    default: '16',
  },
  max_background_jobs: {
    text: 'Flushes and compactions that may run at once. Flushes get about a quarter of them.',
    default: '2',
  },
  max_background_compactions: {
    text: 'Older way to limit compactions by themselves. -1 leaves it to max_background_jobs.',
    default: '-1',
  },
  max_background_flushes: {
    text: 'Older way to limit flushes by themselves. -1 leaves it to max_background_jobs.',
    default: '-1',
  },
  max_subcompactions: {
    text: 'Into how many parts by key range one compaction may be split, each on a thread of its own. Helps where L0 compactions fall behind.',
    default: '1',
  },
  max_total_wal_size: {
    text: 'When all write-ahead logs together pass this size, the families that hold back the oldest one are flushed. 0 means four times what all memtables may take.',
    unit: 'bytes',
    default: '0',
  },
  db_write_buffer_size: {
    text: 'Limit for the memtables of all column families together; past it the largest are flushed. 0 sets none.',
    unit: 'bytes',
    default: '0',
  },
  delayed_write_rate: {
    text: 'Write speed per second that is allowed at first when writes have to be slowed down because compaction is behind.',
    unit: 'bytes',
    default: '16777216',
  },
  bytes_per_sync: {
    text: 'While a table is written, the system is asked to write back after so many bytes, so that the final sync finds little left to do. 0 leaves it to the system.',
    unit: 'bytes',
    default: '0',
  },
  wal_bytes_per_sync: { text: 'As bytes_per_sync, for write-ahead logs.', unit: 'bytes', default: '0' },
  strict_bytes_per_sync: {
    text: 'Makes bytes_per_sync a promise: the writer waits until what it asked to be written back is.',
    default: 'false',
  },
  compaction_readahead_size: {
    text: 'How much a compaction reads at a time from its inputs. Larger reads spare spinning disks and network drives.',
    unit: 'bytes',
    default: '2097152',
    was: [{ before: [8, 7], default: '0' }],
  },
  writable_file_max_buffer_size: {
    text: 'Largest buffer that a file is written through.',
    unit: 'bytes',
    default: '1048576',
  },
  use_direct_reads: {
    text: 'Reads of people and programs go past the page cache of the system; only the block cache of RocksDB then holds data.',
    default: 'false',
  },
  use_direct_io_for_flush_and_compaction: {
    text: 'Flushes and compactions go past the page cache of the system, so that they do not push hot data out of it.',
    default: 'false',
  },
  allow_mmap_reads: { text: 'Table files are mapped into memory instead of being read.', default: 'false' },
  allow_mmap_writes: { text: 'Files are written through a memory mapping.', default: 'false' },
  use_fsync: {
    text: 'Syncs with fsync instead of fdatasync: metadata of files is made durable as well.',
    default: 'false',
  },
  paranoid_checks: {
    text: 'Checks more while opening and writing, and turns to read-only when damage is met. Off, damage may pass unseen.',
    default: 'true',
  },
  wal_recovery_mode: {
    text: 'What opening does about a log that is not whole. kPointInTimeRecovery stops at the first bad record; kTolerateCorruptedTailRecords forgives a torn end only; kAbsoluteConsistency forgives nothing; kSkipAnyCorruptedRecords goes on behind bad records.',
    default: 'kPointInTimeRecovery',
  },
  wal_compression: { text: 'Compression of write-ahead logs.', default: 'kNoCompression' },
  wal_dir: { text: 'Directory of the write-ahead logs; empty or absent for that of the database.' },
  manual_wal_flush: {
    text: 'Log records stay in a buffer of the process until the application flushes them: a crash of the process loses them.',
    default: 'false',
  },
  recycle_log_file_num: {
    text: 'How many old logs are kept to be written over, which spares the file system the allocation.',
    default: '0',
  },
  WAL_ttl_seconds: {
    text: 'Old logs are moved to an archive and kept there for so long, for replication and for iterating over updates. 0 keeps none by age.',
    unit: 'seconds',
    default: '0',
  },
  WAL_size_limit_MB: {
    text: 'Size of the archive of old logs past which the oldest are deleted. 0 sets no limit.',
    unit: 'megabytes',
    default: '0',
  },
  avoid_flush_during_recovery: {
    text: 'Opening leaves what it read from the logs in memtables instead of flushing it.',
    default: 'false',
  },
  avoid_flush_during_shutdown: {
    text: 'Closing does not flush memtables. Writes that went without a log are lost then.',
    default: 'false',
  },
  atomic_flush: {
    text: 'Column families are flushed together, so that they are consistent with each other without a log.',
    default: 'false',
  },
  enable_pipelined_write: {
    text: 'Writing the log and filling memtables go on side by side for different groups of writers.',
    default: 'false',
  },
  unordered_write: {
    text: 'Gives up the order among writers for more writes per second: a snapshot may change after it was taken.',
    default: 'false',
  },
  two_write_queues: {
    text: 'A second queue for writes that touch the log only, as in two-phase commit.',
    default: 'false',
  },
  allow_concurrent_memtable_write: { text: 'Several writers may fill one memtable at once.', default: 'true' },
  allow_2pc: { text: 'Prepared transactions are recovered when the database opens.', default: 'false' },
  create_if_missing: { text: 'Opening creates the database where there is none.', default: 'false' },
  create_missing_column_families: {
    text: 'Opening creates column families that it was asked for and that are not there.',
    default: 'false',
  },
  error_if_exists: { text: 'Opening fails where there is a database already.', default: 'false' },
  keep_log_file_num: { text: 'How many info logs (LOG, LOG.old.…) are kept.', default: '1000' },
  max_log_file_size: {
    text: 'Size past which a new info log is begun. 0 keeps one file for the life of the process.',
    unit: 'bytes',
    default: '0',
  },
  log_file_time_to_roll: {
    text: 'Age past which a new info log is begun. 0 for never.',
    unit: 'seconds',
    default: '0',
  },
  info_log_level: { text: 'Least weight of what is written to the info log.', default: 'INFO_LEVEL' },
  max_manifest_file_size: {
    text: 'Size past which a new MANIFEST is begun with the state of the tree at its head.',
    unit: 'bytes',
    default: '1073741824',
  },
  manifest_preallocation_size: {
    text: 'Room set aside for the MANIFEST ahead of writing.',
    unit: 'bytes',
    default: '4194304',
  },
  stats_dump_period_sec: {
    text: 'How often statistics are written to the info log. 0 for never.',
    unit: 'seconds',
    default: '600',
  },
  stats_persist_period_sec: {
    text: 'How often statistics are kept for their history. 0 for never.',
    unit: 'seconds',
    default: '600',
  },
  delete_obsolete_files_period_micros: {
    text: 'How often the directory is searched for files that nothing refers to any more.',
    unit: 'microseconds',
    default: '21600000000',
  },
  table_cache_numshardbits: {
    text: 'The table cache is split into two to this power parts, each with its own lock.',
    default: '6',
  },
  write_dbid_to_manifest: {
    text: 'The id of the database stands in the MANIFEST, and not in the file IDENTITY alone.',
    default: 'true',
    was: [{ before: [9, 11], default: 'false' }],
  },
  track_and_verify_wals_in_manifest: {
    text: 'The MANIFEST notes which logs were synced and how long they are, and opening checks that they are there.',
    default: 'false',
  },
  verify_sst_unique_id_in_manifest: {
    text: 'Opening a table checks that it is the very file that the MANIFEST means.',
    default: 'true',
    was: [{ before: [7, 6], default: 'false' }],
  },
  skip_stats_update_on_db_open: {
    text: 'Opening does not load the properties of tables, which makes it quicker with many of them.',
    default: 'false',
  },
  best_efforts_recovery: {
    text: 'Opening goes back to the newest state of the tree whose files are all there, instead of failing.',
    default: 'false',
  },
  allow_ingest_behind: {
    text: 'Keeps the last level free, so that files can be ingested under everything else.',
    default: 'false',
  },
};

/** Options of a column family: sections `[CFOptions "…"]`. */
const FAMILY: Readonly<Record<string, OptionHelp>> = {
  comparator: {
    text: 'The order of keys. A store can be read in order only by who knows its comparator.',
    default: 'leveldb.BytewiseComparator',
  },
  merge_operator: {
    text: 'How merge operands become a value. Without it, keys that hold operands cannot be read.',
    default: 'nullptr',
  },
  prefix_extractor: {
    text: 'What of a key counts as its prefix, for prefix Bloom filters and prefix iteration.',
    default: 'nullptr',
  },
  compaction_filter: { text: 'Looks at each entry in compaction and may drop or change it.', default: 'nullptr' },
  compaction_filter_factory: { text: 'Makes a compaction filter for each compaction.', default: 'nullptr' },
  write_buffer_size: {
    text: 'Size at which a memtable is closed and flushed to L0. Larger ones make fewer and larger tables, and a longer recovery.',
    unit: 'bytes',
    default: '67108864',
  },
  max_write_buffer_number: {
    text: 'Memtables that a family may have, the one being written included. When all are full and unflushed, writes stop.',
    default: '2',
  },
  min_write_buffer_number_to_merge: { text: 'Memtables that are merged into one flush.', default: '1' },
  max_write_buffer_size_to_maintain: {
    text: 'How much of flushed memtables stays in memory, for transactions that check for conflicts.',
    unit: 'bytes',
    default: '0',
  },
  arena_block_size: {
    text: 'Pieces in which a memtable takes its memory; an eighth of write_buffer_size, at most 1 MB, unless set.',
    unit: 'bytes',
  },
  memtable_factory: {
    text: 'What a memtable is made of. Only a skip list can be written by several threads.',
    default: 'SkipListFactory',
  },
  memtable_prefix_bloom_size_ratio: {
    text: 'Size of a Bloom filter over the prefixes in a memtable, as a share of write_buffer_size. 0 for none.',
    default: '0',
  },
  memtable_whole_key_filtering: { text: 'The Bloom filter of a memtable holds whole keys.', default: 'false' },
  inplace_update_support: {
    text: 'A write may overwrite the value in the memtable where it fits. There are no snapshots then.',
    default: 'false',
  },
  compaction_style: {
    text: 'How tables are brought together: by levels of growing size, by sorted runs of similar size (universal), or by throwing the oldest away (FIFO).',
    default: 'kCompactionStyleLevel',
  },
  compaction_pri: {
    text: 'Which table of a level goes first. kMinOverlappingRatio takes the one that drags the fewest bytes of the next level along for its size.',
    default: 'kMinOverlappingRatio',
    was: [{ before: [6, 0], default: 'kByCompensatedSize' }],
  },
  num_levels: { text: 'Number of levels of the tree.', default: '7' },
  level0_file_num_compaction_trigger: {
    text: 'Tables in L0 at which they are compacted. Each of them may hold any key, so each is one more place for a read to look.',
    default: '4',
  },
  level0_slowdown_writes_trigger: { text: 'Tables in L0 at which writes are slowed down.', default: '20' },
  level0_stop_writes_trigger: {
    text: 'Tables in L0 at which writes stop until compaction has caught up.',
    default: '36',
  },
  soft_pending_compaction_bytes_limit: {
    text: 'Bytes that wait for compaction at which writes are slowed down.',
    unit: 'bytes',
    default: '68719476736',
  },
  hard_pending_compaction_bytes_limit: {
    text: 'Bytes that wait for compaction at which writes stop.',
    unit: 'bytes',
    default: '274877906944',
  },
  max_bytes_for_level_base: {
    text: 'Target size of L1, or of the base level where level sizes are dynamic.',
    unit: 'bytes',
    default: '268435456',
  },
  max_bytes_for_level_multiplier: { text: 'How many times larger each level is than the one above it.', default: '10' },
  max_bytes_for_level_multiplier_additional: {
    text: 'A further factor for the target size of each level.',
    default: '1:1:1:1:1:1:1',
  },
  level_compaction_dynamic_level_bytes: {
    text: 'Targets are computed upwards from the size of the last level, so that about nine tenths of the data lie there. Levels above the base level stay empty.',
    default: 'true',
    was: [{ before: [8, 4], default: 'false' }],
  },
  target_file_size_base: { text: 'Size of tables in L1.', unit: 'bytes', default: '67108864' },
  target_file_size_multiplier: { text: 'How many times larger tables are on each further level.', default: '1' },
  max_compaction_bytes: {
    text: 'Limit for the inputs of one compaction; 25 times target_file_size_base unless set.',
    unit: 'bytes',
  },
  disable_auto_compactions: {
    text: 'Nothing is compacted by itself. Tables pile up in L0 until somebody compacts them.',
    default: 'false',
  },
  ttl: {
    text: 'Age at which a table is compacted, so that its deletions take effect. In FIFO, the age at which it is deleted.',
    unit: 'seconds',
    default: '2592000',
  },
  periodic_compaction_seconds: {
    text: 'Age at which a table is rewritten even if nothing else asks for it. 0 for never.',
    unit: 'seconds',
    default: '0',
  },
  compression: {
    text: 'Compression of table blocks, where no option for a single level says otherwise.',
    default: 'kSnappyCompression',
  },
  bottommost_compression: {
    text: 'Compression of the last level. kDisableCompressionOption means that it is like the others.',
    default: 'kDisableCompressionOption',
  },
  compression_per_level: { text: 'Compression of each level, the first for L0. Takes the place of `compression`.' },
  sample_for_compression: {
    text: 'One of so many blocks is compressed on trial, for statistics. 0 for none.',
    default: '0',
  },
  max_successive_merges: {
    text: 'Merge operands of one key in a memtable past which a write merges them at once. 0 for no limit.',
    default: '0',
  },
  max_sequential_skip_in_iterations: {
    text: 'Versions of one key that an iterator steps over before it seeks instead.',
    default: '8',
  },
  optimize_filters_for_hits: {
    text: 'The last level has no filters: right where almost every key that is asked for is there.',
    default: 'false',
  },
  force_consistency_checks: {
    text: 'The tree is checked for order and overlap with every version, and writing stops if it is not sound.',
    default: 'true',
    was: [{ before: [6, 14], default: 'false' }],
  },
  paranoid_file_checks: { text: 'Every table is read back after it was written.', default: 'false' },
  report_bg_io_stats: { text: 'Measures the input and output of flushes and compactions.', default: 'false' },
  persist_user_defined_timestamps: {
    text: 'Timestamps of keys are written to tables. Off, they live in memtables only.',
    default: 'true',
  },
  table_factory: { text: 'Format of the tables.', default: 'BlockBasedTable' },
  enable_blob_files: {
    text: 'Values of at least min_blob_size are written to blob files, and tables hold only where.',
    default: 'false',
  },
  min_blob_size: { text: 'Least size of a value that goes to a blob file.', unit: 'bytes', default: '0' },
  blob_file_size: { text: 'Size at which a blob file is closed.', unit: 'bytes', default: '268435456' },
  blob_compression_type: { text: 'Compression of values in blob files, each for itself.', default: 'kNoCompression' },
  enable_blob_garbage_collection: {
    text: 'Compactions move values out of old blob files, so that those can be deleted.',
    default: 'false',
  },
  blob_garbage_collection_age_cutoff: {
    text: 'Share of blob files, the oldest first, that garbage collection looks at.',
    default: '0.25',
  },
  blob_garbage_collection_force_threshold: {
    text: 'Share of garbage in the oldest blob files at which compactions are started for its sake. 1 for never.',
    default: '1',
  },
  blob_file_starting_level: { text: 'First level from which on values go to blob files.', default: '0' },
  preclude_last_level_data_seconds: {
    text: 'Data younger than this stays off the last level. 0 sets no age.',
    unit: 'seconds',
    default: '0',
  },
  last_level_temperature: { text: 'Hint to the file system of how often the last level is read.', default: 'kUnknown' },
};

/** Options of block-based tables: sections `[TableOptions/BlockBasedTable "…"]`. */
const TABLE: Readonly<Record<string, OptionHelp>> = {
  block_size: {
    text: 'Size of a data block before compression. Smaller ones read less for a get, and make a larger index.',
    unit: 'bytes',
    default: '4096',
  },
  block_size_deviation: {
    text: 'A block is closed early if it is within so many percent of full and the next entry would pass it.',
    default: '10',
  },
  block_restart_interval: {
    text: 'Every so many entries a key is written whole, and lookups in a block can begin there.',
    default: '16',
  },
  index_block_restart_interval: { text: 'The same for the index.', default: '1' },
  metadata_block_size: {
    text: 'Size of a partition where index or filter are partitioned.',
    unit: 'bytes',
    default: '4096',
  },
  format_version: {
    text: 'Version of the table format. 4 shortens index entries, 5 brought better Bloom filters, 6 ties checksums to their place in the file, 7 names compressors by themselves.',
    default: '7',
    was: [
      { before: [6, 9], default: '2' },
      { before: [6, 27], default: '4' },
      { before: [9, 0], default: '5' },
      { before: [11, 0], default: '6' },
    ],
  },
  checksum: { text: 'Checksum of blocks.', default: 'kXXH3', was: [{ before: [6, 27], default: 'kCRC32c' }] },
  filter_policy: {
    text: 'Filter that tells which keys a table cannot hold, with its bits a key. Without one, a get of an absent key reads a block of each table in its way.',
    default: 'nullptr',
  },
  whole_key_filtering: { text: 'Filters hold whole keys, not only prefixes.', default: 'true' },
  partition_filters: { text: 'Filters are split into blocks that are loaded as needed.', default: 'false' },
  optimize_filters_for_memory: {
    text: 'Sizes of filters are fitted to what the memory allocator hands out.',
    default: 'true',
    was: [{ before: [9, 0], default: 'false' }],
  },
  index_type: {
    text: 'How the index is built: one block, one block with a hash of prefixes, or two levels (partitioned).',
    default: 'kBinarySearch',
  },
  index_shortening: { text: 'How much the keys in the index are shortened.', default: 'kShortenSeparators' },
  data_block_index_type: {
    text: 'Whether a data block carries a small hash table beside its restart points.',
    default: 'kDataBlockBinarySearch',
  },
  data_block_hash_table_util_ratio: { text: 'How full that hash table is.', default: '0.75' },
  no_block_cache: { text: 'Blocks of tables are not cached.', default: 'false' },
  cache_index_and_filter_blocks: {
    text: 'Indexes and filters live in the block cache and count there. Off, they stay in memory as long as their table is open.',
    default: 'false',
  },
  cache_index_and_filter_blocks_with_high_priority: {
    text: 'The block cache keeps them rather than data blocks.',
    default: 'true',
  },
  pin_l0_filter_and_index_blocks_in_cache: { text: 'Those of L0 are never evicted.', default: 'false' },
  pin_top_level_index_and_filter: {
    text: 'The upper level of partitioned indexes and filters is never evicted.',
    default: 'true',
  },
  enable_index_compression: { text: 'The index is compressed as well.', default: 'true' },
  block_align: {
    text: 'Data blocks begin at multiples of their size; there is no compression then.',
    default: 'false',
  },
  verify_compression: { text: 'Each block is decompressed after it was compressed, and compared.', default: 'false' },
  read_amp_bytes_per_bit: {
    text: 'Measures how much of what is read is used; one bit stands for so many bytes. 0 for off.',
    unit: 'bytes',
    default: '0',
  },
  initial_auto_readahead_size: {
    text: 'First readahead of an iterator that reads block after block; it doubles from there.',
    unit: 'bytes',
    default: '8192',
  },
  max_auto_readahead_size: { text: 'Largest readahead of an iterator.', unit: 'bytes', default: '262144' },
};

/** Options within the braces of another, by `outer.inner`. */
const NESTED: Readonly<Record<string, OptionHelp>> = {
  'compaction_options_universal.size_ratio': {
    text: 'Sorted runs are merged while the next one is at most so many percent larger than those taken so far.',
    default: '1',
  },
  'compaction_options_universal.min_merge_width': {
    text: 'Least number of sorted runs in one compaction.',
    default: '2',
  },
  'compaction_options_universal.max_merge_width': {
    text: 'Largest number of sorted runs in one compaction.',
    default: '4294967295',
  },
  'compaction_options_universal.max_size_amplification_percent': {
    text: 'All runs are merged when those above the last one take more than so many percent of it.',
    default: '200',
  },
  'compaction_options_universal.compression_size_percent': {
    text: 'Only so many percent of the data, the oldest, are compressed. -1 for all.',
    default: '-1',
  },
  'compaction_options_universal.stop_style': {
    text: 'Whether the ratio is taken of the next run alone or of the sum so far.',
    default: 'kCompactionStopStyleTotalSize',
  },
  'compaction_options_universal.allow_trivial_move': {
    text: 'Tables that overlap nothing are moved without being rewritten.',
    default: 'false',
  },
  'compaction_options_universal.incremental': {
    text: 'Merges a part of the key range at a time, to need less room for it.',
    default: 'false',
  },
  'compaction_options_fifo.max_table_files_size': {
    text: 'Size of all tables past which the oldest are deleted.',
    unit: 'bytes',
    default: '1073741824',
  },
  'compaction_options_fifo.allow_compaction': { text: 'Small tables of L0 may be merged.', default: 'false' },
  'compression_opts.level': { text: 'Level of the compressor; 32767 is its own default.', default: '32767' },
  'compression_opts.max_dict_bytes': {
    text: 'Size of the dictionary that the blocks of a table share. 0 for none.',
    unit: 'bytes',
    default: '0',
  },
  'compression_opts.zstd_max_train_bytes': {
    text: 'How much is sampled to train the dictionary of ZSTD.',
    unit: 'bytes',
    default: '0',
  },
  'compression_opts.parallel_threads': { text: 'Threads that compress the blocks of one table.', default: '1' },
  'compression_opts.window_bits': { text: 'Window of zlib, as a power of two.', default: '-14' },
};

/** By section; nested options hold in any. */
export const OPTION_HELP = { DBOptions: DATABASE, CFOptions: FAMILY, TableOptions: TABLE, nested: NESTED } as const;
