import { size } from '../text/numbers.ts';

/** What the known table properties of RocksDB mean (include/rocksdb/table_properties.h), in one sentence each. */
const NOTES: Readonly<Record<string, string>> = {
  'num.entries': 'Entries of all kinds, range deletions among them.',
  'deleted.keys': 'Tombstones of all kinds, range deletions among them.',
  'num.range-deletions': 'Tombstones that each delete a range of keys.',
  'merge.operands': 'Entries that are to be merged with an older value when they are read.',
  'num.data.blocks': 'Data blocks; one is read and unpacked for each look-up that the filter lets through.',
  'num.filter_entries': 'Keys and prefixes that went into the filter; equal neighbours count once.',
  'raw.key.size': 'Bytes of all keys before prefix sharing and compression, with 8 bytes of sequence and type each.',
  'raw.value.size': 'Bytes of all values before compression.',
  'data.size': 'Bytes of all data blocks as stored, trailers included.',
  'index.size': 'Bytes of the index; in some versions before its compression.',
  'index.partitions': 'Parts of a two-level index; 0 for a single one.',
  'top-level.index.size': 'Bytes of the top of a two-level index.',
  'filter.size': 'Bytes of the filter block or of all its partitions.',
  'filter.policy': 'The kind of filter; empty if there is none.',
  'block.based.table.index.type': '0: binary search, 1: hash, 2: two-level, 3: binary search with first keys.',
  'block.based.table.whole.key.filtering': 'Whether whole keys are in the filter.',
  'block.based.table.prefix.filtering': 'Whether key prefixes are in the filter.',
  'index.key.is.user.key': 'Whether index keys leave out the 8 bytes of sequence and type.',
  'index.value.is.delta.encoded': 'Whether the index stores sizes as differences.',
  'format.version': 'Layout of the table; 0 is stated for versions before 6, the footer has the real one.',
  'fixed.key.length': 'Length of all keys where it is the same; 0 where it varies.',
  comparator: 'Defines the order of the keys.',
  'merge.operator': 'Combines merge operands with a value.',
  'prefix.extractor.name': 'Cuts the prefix from a key for prefix filters.',
  'property.collectors': 'What added properties of its own while the table was written.',
  compression: 'The algorithm asked for; a block that it does not make smaller is stored plain.',
  compression_options: 'Settings of the compression, as the writer had them.',
  'column.family.id': 'Column family that the table was written for; 2147483647 where that is unknown.',
  'column.family.name': 'Column family that the table was written for.',
  'creation.time': 'When the oldest data of the table were written, in epoch seconds; 0 where that is unknown.',
  'oldest.key.time': 'When the oldest key was written, in epoch seconds; 0 where that is unknown.',
  'newest.key.time': 'When the newest key was written, in epoch seconds; 0 where that is unknown.',
  'file.creation.time': 'When this file was written, in epoch seconds.',
  'creating.db.identity': 'Identity of the store that wrote the file.',
  'creating.session.identity': 'The opening of the store during which the file was written.',
  'creating.host.identity': 'The machine that wrote the file.',
  'original.file.number': 'Number that the file had when it was written; it differs after an import.',
  'key.smallest.seqno': 'Smallest sequence number of an entry.',
  'key.largest.seqno': 'Largest sequence number of an entry.',
  'tail.start.offset': 'Where the data blocks end and index, filter and properties begin.',
  'num.data.blocks.compression.rejected': 'Blocks that compression did not make small enough to be worth it.',
  'num.data.blocks.compression.bypassed': 'Blocks for which compression was not tried.',
  'num.uniform.blocks': 'Index or data blocks whose keys are spread evenly enough to interpolate between them.',
  'data.block.restart.interval': 'Entries between two keys that are stored in full within a data block.',
  'index.block.restart.interval': 'Entries between two keys that are stored in full within the index.',
  'separate.key.value.in.data.block': 'Whether data blocks hold keys and values in two sections.',
  'user.defined.timestamps.persisted': 'Whether the keys are stored with their user timestamps.',
  'sample_for_compression.slow.data.size': 'Estimate of the data size under a slow, strong algorithm; 0: not sampled.',
  'sample_for_compression.fast.data.size': 'Estimate of the data size under a fast algorithm; 0: not sampled.',
  'external_sst_file.version': 'The table was made for ingestion; 2 means that it can carry a global sequence number.',
  'external_sst_file.global_seqno': 'Sequence number that all entries got when the file was ingested.',
  'seqno.time.map': 'Which sequence numbers were written when, roughly.',
};

const PREFIX = 'rocksdb.';

/** One sentence, or '' for a property that is not known. */
export function propertyNote(name: string): string {
  const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  return Object.hasOwn(NOTES, short) ? (NOTES[short] as string) : '';
}

const TIMES = ['creation.time', 'oldest.key.time', 'newest.key.time', 'file.creation.time'];

/** The value of a known property as people read it: bytes in units, times in UTC; '' where it needs none. */
export function propertyReading(name: string, value: string): string {
  const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  if (!/^\d{1,15}$/.test(value) || value === '0') return '';
  const n = Number(value);
  if (TIMES.includes(short)) {
    return n < 1e11 ? `${new Date(n * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC` : '';
  }
  if (!/(^|\.)size$|offset$/.test(short) || n < 1024) return '';
  return size(n);
}
