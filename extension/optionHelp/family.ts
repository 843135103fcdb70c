import type { OptionHelp } from './help.ts';

/** Options of a column family: sections `[CFOptions "…"]`. */
export const FAMILY: Readonly<Record<string, OptionHelp>> = {
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
