import type { OptionHelp } from './help.ts';

/** Options of block-based tables: sections `[TableOptions/BlockBasedTable "…"]`. */
export const TABLE: Readonly<Record<string, OptionHelp>> = {
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
