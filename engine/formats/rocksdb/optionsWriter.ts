/**
 * OPTIONS files written (rocksdb-leveldb.md §11), for stores that we create: the values that differ from
 * the engine's defaults or that a person would look for. Options that a file leaves out have their defaults
 * when RocksDB loads it; unknown ones make it refuse the file, so only names that 7.8 and later share are
 * written by default.
 */
import { utf8 } from '../../base/bytes.ts';
import { StoreError } from '../../base/errors.ts';

export interface OptionsContent {
  /** Version of RocksDB that the file claims; a newer engine takes it, an older one refuses names it lacks. */
  readonly version: string;
  readonly db: Readonly<Record<string, string>>;
  /** The default family comes first, whatever the order here. */
  readonly families: readonly {
    readonly name: string;
    readonly cf: Readonly<Record<string, string>>;
    readonly table: Readonly<Record<string, string>>;
  }[];
}

/** RocksDB's version that the files of created stores claim: the oldest that knows all names below. */
export const OPTIONS_VERSION = '7.8.3';

/** Options of a database, by default. */
export const DEFAULT_DB_OPTIONS: Readonly<Record<string, string>> = {
  create_if_missing: 'true',
  create_missing_column_families: 'true',
  max_background_jobs: '2',
  max_open_files: '-1',
  paranoid_checks: 'true',
  wal_recovery_mode: 'kPointInTimeRecovery',
  max_manifest_file_size: '1073741824',
};

/** Options of a column family, by default. */
export const DEFAULT_FAMILY_OPTIONS: Readonly<Record<string, string>> = {
  comparator: 'leveldb.BytewiseComparator',
  merge_operator: 'nullptr',
  prefix_extractor: 'nullptr',
  compression: 'kSnappyCompression',
  bottommost_compression: 'kDisableCompressionOption',
  compaction_style: 'kCompactionStyleLevel',
  compaction_pri: 'kMinOverlappingRatio',
  num_levels: '7',
  write_buffer_size: '67108864',
  max_write_buffer_number: '2',
  level0_file_num_compaction_trigger: '4',
  level0_slowdown_writes_trigger: '20',
  level0_stop_writes_trigger: '36',
  target_file_size_base: '67108864',
  target_file_size_multiplier: '1',
  max_bytes_for_level_base: '268435456',
  max_bytes_for_level_multiplier: '10.000000',
  level_compaction_dynamic_level_bytes: 'true',
  ttl: '2592000',
  periodic_compaction_seconds: '0',
  force_consistency_checks: 'true',
  enable_blob_files: 'false',
  min_blob_size: '0',
  blob_file_size: '268435456',
  blob_compression_type: 'kNoCompression',
  table_factory: 'BlockBasedTable',
};

/** Options of a family's block-based tables, by default. */
export const DEFAULT_TABLE_OPTIONS: Readonly<Record<string, string>> = {
  format_version: '5',
  checksum: 'kXXH3',
  block_size: '4096',
  block_restart_interval: '16',
  index_type: 'kBinarySearch',
  index_block_restart_interval: '1',
  filter_policy: 'bloomfilter:10:false',
  whole_key_filtering: 'true',
};

/** Sets `\`, `#`, `:` and line ends apart from what they mean to the parser. */
function escapeName(name: string): string {
  return name.replace(/[\\#:\n\r]/g, (c) => (c === '\n' ? '\\n' : c === '\r' ? '\\r' : `\\${c}`));
}

/** Values keep their colons, which separate lists, and only lose what would end the line. */
function escapeValue(value: string): string {
  return value.replace(/[\\#\n\r]/g, (c) => (c === '\n' ? '\\n' : c === '\r' ? '\\r' : `\\${c}`));
}

function section(title: string, values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([name, value]) => {
    if (!/^[A-Za-z0-9_.]+$/.test(name))
      throw new StoreError('INPUT', `${JSON.stringify(name)} is no name of an option`);
    return `  ${name}=${escapeValue(value)}\n`;
  });
  return `[${title}]\n${lines.join('')}\n`;
}

/** The file's bytes. Throws INPUT if there is no default family, or for a name that is none. */
export function encodeOptions(content: OptionsContent): Uint8Array {
  const families = [...content.families].sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default'));
  if (families[0]?.name !== 'default') throw new StoreError('INPUT', 'OPTIONS need the default column family');
  let file = '# OPTIONS of a RocksDB database.\n\n';
  file += section('Version', { rocksdb_version: content.version, options_file_version: '1.1' });
  file += section('DBOptions', content.db);
  for (const { name, cf, table } of families) {
    file += section(`CFOptions "${escapeName(name)}"`, cf);
    file += section(`TableOptions/BlockBasedTable "${escapeName(name)}"`, table);
  }
  return utf8(file);
}
