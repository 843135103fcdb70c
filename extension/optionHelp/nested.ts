import type { OptionHelp } from './help.ts';

/** Options within the braces of another, by `outer.inner`. */
export const NESTED: Readonly<Record<string, OptionHelp>> = {
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
