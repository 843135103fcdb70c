/**
 * Options that decide what is compacted, as plain numbers under RocksDB's names; sizes are bytes, times
 * seconds. Defaults are those of RocksDB (include/rocksdb/advanced_options.h, options.h, universal_compaction.h)
 * and of LevelDB (db/dbformat.h, db/version_set.cc, include/leveldb/options.h), whose constants are told here
 * in RocksDB's terms. Cassandra's are those of its compaction strategies.
 */
import { nestedOption, optionBoolean, optionNumber } from '../model/optionValues.ts';
import type { LeveledShapeOptions } from '../model/score.ts';

export type CompactionPri =
  | 'kByCompensatedSize'
  | 'kOldestLargestSeqFirst'
  | 'kOldestSmallestSeqFirst'
  | 'kMinOverlappingRatio'
  | 'kRoundRobin';

export interface UniversalOptions {
  /** Percent by which the next run may be larger than those before it together. */
  readonly size_ratio: number;
  readonly min_merge_width: number;
  readonly max_merge_width: number;
  readonly max_size_amplification_percent: number;
  /** -1: the L0 trigger; 0: found from the sizes. */
  readonly max_read_amp: number;
  readonly stop_style: 'kCompactionStopStyleTotalSize' | 'kCompactionStopStyleSimilarSize';
  readonly allow_trivial_move: boolean;
}

export interface FifoOptions {
  readonly max_table_files_size: number;
  /** 0: blob files do not count. */
  readonly max_data_files_size: number;
  readonly allow_compaction: boolean;
}

/** Cassandra's, for its two strategies. */
export interface SizeTieredOptions {
  readonly min_threshold: number;
  readonly max_threshold: number;
  readonly min_sstable_size: number;
  readonly bucket_low: number;
  readonly bucket_high: number;
  /** Seconds of one window. */
  readonly compaction_window: number;
  /**
   * Cassandra orders cells by their own time, so any tables may be merged. In a tree that orders by sequence
   * only tables that follow one another in age may.
   */
  readonly any_tables: boolean;
}

export interface PolicyOptions extends LeveledShapeOptions {
  readonly max_bytes_for_level_multiplier_additional: readonly number[];
  readonly level0_stop_writes_trigger: number;
  readonly write_buffer_size: number;
  readonly target_file_size_base: number;
  readonly target_file_size_multiplier: number;
  readonly max_compaction_bytes: number;
  readonly compaction_pri: CompactionPri;
  /** Levels differ in compression: several tables are not moved at once. */
  readonly has_compression_per_level: boolean;
  readonly disable_auto_compactions: boolean;
  /** 0: off. */
  readonly ttl: number;
  /** 0: off. */
  readonly periodic_compaction_seconds: number;
  readonly universal: UniversalOptions;
  readonly fifo: FifoOptions;
  readonly tiered: SizeTieredOptions;
}

const MIB = 1048576;
/** RocksDB's value of `ttl` and `periodic_compaction_seconds` that means "as the style wants it". */
const UNSET = 2 ** 64 - 2;
const THIRTY_DAYS = 30 * 24 * 3600;

const TIERED: SizeTieredOptions = {
  min_threshold: 4,
  max_threshold: 32,
  min_sstable_size: 50 * MIB,
  bucket_low: 0.5,
  bucket_high: 1.5,
  compaction_window: 24 * 3600,
  any_tables: false,
};

export const ROCKSDB_DEFAULTS: PolicyOptions = {
  num_levels: 7,
  level0_file_num_compaction_trigger: 4,
  level0_stop_writes_trigger: 36,
  write_buffer_size: 64 * MIB,
  max_bytes_for_level_base: 256 * MIB,
  max_bytes_for_level_multiplier: 10,
  max_bytes_for_level_multiplier_additional: [1, 1, 1, 1, 1, 1, 1],
  level_compaction_dynamic_level_bytes: true,
  target_file_size_base: 64 * MIB,
  target_file_size_multiplier: 1,
  max_compaction_bytes: 25 * 64 * MIB,
  compaction_pri: 'kMinOverlappingRatio',
  has_compression_per_level: false,
  disable_auto_compactions: false,
  ttl: THIRTY_DAYS,
  periodic_compaction_seconds: 0,
  universal: {
    size_ratio: 1,
    min_merge_width: 2,
    max_merge_width: 2 ** 32 - 1,
    max_size_amplification_percent: 200,
    max_read_amp: -1,
    stop_style: 'kCompactionStopStyleTotalSize',
    allow_trivial_move: false,
  },
  fifo: { max_table_files_size: 1024 * MIB, max_data_files_size: 0, allow_compaction: false },
  tiered: TIERED,
};

/** 10 tables of 2 MiB are what an output may overlap below; 25 are the most that an expanded input may have. */
export const LEVELDB_DEFAULTS: PolicyOptions = {
  ...ROCKSDB_DEFAULTS,
  level0_stop_writes_trigger: 12,
  write_buffer_size: 4 * MIB,
  max_bytes_for_level_base: 10 * MIB,
  level_compaction_dynamic_level_bytes: false,
  target_file_size_base: 2 * MIB,
  max_compaction_bytes: 25 * 2 * MIB,
  ttl: 0,
};

/**
 * Options of a column family, by their names in OPTIONS; what is missing or makes no sense has the engine's
 * default. LevelDB keeps no such file: of its options only `write_buffer_size` and `max_file_size` matter here.
 * Never throws.
 */
export function policyOptions(engine: 'rocksdb' | 'leveldb', options: Readonly<Record<string, string>>): PolicyOptions {
  return engine === 'leveldb' ? levelDbOptions(options) : rocksDbOptions(options);
}

function levelDbOptions(options: Readonly<Record<string, string>>): PolicyOptions {
  const file = atLeast(1, options['max_file_size'], LEVELDB_DEFAULTS.target_file_size_base);
  return {
    ...LEVELDB_DEFAULTS,
    write_buffer_size: atLeast(1, options['write_buffer_size'], LEVELDB_DEFAULTS.write_buffer_size),
    target_file_size_base: file,
    max_compaction_bytes: 25 * file,
    disable_auto_compactions: optionBoolean(options['disable_auto_compactions'], false),
    tiered: tieredOptions(options),
  };
}

function rocksDbOptions(o: Readonly<Record<string, string>>): PolicyOptions {
  const d = ROCKSDB_DEFAULTS;
  const style = o['compaction_style'];
  const file = atLeast(1, o['target_file_size_base'], d.target_file_size_base);
  const perLevel = (o['compression_per_level'] ?? '').replace(/[{}]/g, '').trim();
  return {
    num_levels: Math.floor(atLeast(1, o['num_levels'], d.num_levels)),
    level0_file_num_compaction_trigger: atLeast(1, o['level0_file_num_compaction_trigger'], 4),
    level0_stop_writes_trigger: atLeast(1, o['level0_stop_writes_trigger'], d.level0_stop_writes_trigger),
    write_buffer_size: atLeast(1, o['write_buffer_size'], d.write_buffer_size),
    max_bytes_for_level_base: atLeast(1, o['max_bytes_for_level_base'], d.max_bytes_for_level_base),
    max_bytes_for_level_multiplier: atLeast(1, o['max_bytes_for_level_multiplier'], d.max_bytes_for_level_multiplier),
    max_bytes_for_level_multiplier_additional:
      o['max_bytes_for_level_multiplier_additional']?.split(':').map((n) => atLeast(0, n, 1)) ??
      d.max_bytes_for_level_multiplier_additional,
    // Only leveled trees have them, and a file that does not name the option is of a version where it was off.
    level_compaction_dynamic_level_bytes:
      (style === undefined || style === 'kCompactionStyleLevel') &&
      optionBoolean(o['level_compaction_dynamic_level_bytes'], Object.keys(o).length === 0),
    target_file_size_base: file,
    target_file_size_multiplier: atLeast(1, o['target_file_size_multiplier'], 1),
    // 0 stands for 25 tables.
    max_compaction_bytes: optionNumber(o['max_compaction_bytes'], 0) || 25 * file,
    compaction_pri: priority(o['compaction_pri']),
    has_compression_per_level: perLevel !== '',
    disable_auto_compactions: optionBoolean(o['disable_auto_compactions'], false),
    ttl: seconds(o['ttl'], THIRTY_DAYS),
    periodic_compaction_seconds: seconds(o['periodic_compaction_seconds'], 0),
    universal: universalOptions(o['compaction_options_universal']),
    fifo: {
      max_table_files_size: atLeast(1, nestedOption(o['compaction_options_fifo'], 'max_table_files_size'), 1024 * MIB),
      max_data_files_size: atLeast(0, nestedOption(o['compaction_options_fifo'], 'max_data_files_size'), 0),
      allow_compaction: optionBoolean(nestedOption(o['compaction_options_fifo'], 'allow_compaction'), false),
    },
    tiered: tieredOptions(o),
  };
}

function universalOptions(group: string | undefined): UniversalOptions {
  const d = ROCKSDB_DEFAULTS.universal;
  const similar = nestedOption(group, 'stop_style') === 'kCompactionStopStyleSimilarSize';
  return {
    size_ratio: atLeast(0, nestedOption(group, 'size_ratio'), d.size_ratio),
    min_merge_width: atLeast(0, nestedOption(group, 'min_merge_width'), d.min_merge_width),
    max_merge_width: atLeast(2, nestedOption(group, 'max_merge_width'), d.max_merge_width),
    max_size_amplification_percent: atLeast(
      0,
      nestedOption(group, 'max_size_amplification_percent'),
      d.max_size_amplification_percent,
    ),
    max_read_amp: atLeast(-1, nestedOption(group, 'max_read_amp'), d.max_read_amp),
    stop_style: similar ? 'kCompactionStopStyleSimilarSize' : d.stop_style,
    allow_trivial_move: optionBoolean(nestedOption(group, 'allow_trivial_move'), d.allow_trivial_move),
  };
}

function tieredOptions(o: Readonly<Record<string, string>>): SizeTieredOptions {
  const unit = { MINUTES: 60, HOURS: 3600, DAYS: 86400 }[o['compaction_window_unit'] ?? 'DAYS'] ?? 86400;
  return {
    min_threshold: atLeast(2, o['min_threshold'], TIERED.min_threshold),
    max_threshold: atLeast(2, o['max_threshold'], TIERED.max_threshold),
    min_sstable_size: atLeast(0, o['min_sstable_size'], TIERED.min_sstable_size),
    bucket_low: atLeast(0, o['bucket_low'], TIERED.bucket_low),
    bucket_high: atLeast(1, o['bucket_high'], TIERED.bucket_high),
    compaction_window: atLeast(1, o['compaction_window_size'], 1) * unit,
    any_tables: false,
  };
}

/** The number, or `fallback` where it is missing or below `least`. */
function atLeast(least: number, value: string | undefined, fallback: number): number {
  const n = optionNumber(value, fallback);
  return n >= least ? n : fallback;
}

function seconds(value: string | undefined, unset: number): number {
  const n = atLeast(0, value, unset);
  return n >= UNSET ? unset : n;
}

const PRIORITIES: readonly CompactionPri[] = [
  'kByCompensatedSize',
  'kOldestLargestSeqFirst',
  'kOldestSmallestSeqFirst',
  'kMinOverlappingRatio',
  'kRoundRobin',
];

function priority(value: string | undefined): CompactionPri {
  return PRIORITIES.find((p) => p === value) ?? 'kMinOverlappingRatio';
}

/**
 * Size in bytes at which an output table is cut (RocksDB options/cf_options.cc `MaxFileSizeForLevel`): with
 * dynamic levels the base level counts as the first.
 */
export function maxFileSize(options: PolicyOptions, level: number, baseLevel: number): number {
  const dynamic = options.level_compaction_dynamic_level_bytes && level >= baseLevel;
  // L0 and L1 have the base size; dynamic targets count from 0 at the base level.
  const at = dynamic ? level - baseLevel : level;
  return Math.floor(options.target_file_size_base * options.target_file_size_multiplier ** Math.max(0, at - 1));
}
