import type { OptionHelp } from './help.ts';

/** Options of the whole database: section `[DBOptions]`. */
export const DATABASE: Readonly<Record<string, OptionHelp>> = {
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
