/**
 * The tables that SQL sees of a store. Names of columns are those of cli.md in snake case; a table's number is
 * `table_number` everywhere, since `table` is a word of SQL's own. Keys stand as BLOB and, where they are
 * printable UTF-8, as text beside it.
 */
import type { SqlColumnSchema, SqlTableSchema } from '../model/sql.ts';

const column =
  (type: SqlColumnSchema['type']) =>
  (name: string, doc: string): SqlColumnSchema => ({ name, type, doc });
const int = column('INTEGER');
const real = column('REAL');
const text = column('TEXT');
const blob = column('BLOB');

const FAMILY = text('family', 'column family');
const LEVEL = int('level', 'level, 0 is the newest');
const ENTRY_LEVEL = int('level', 'level; -1 for what is in the WAL');
const TABLE_NUMBER = int('table_number', 'file number of the table; NULL for what is in the WAL');
const TYPE = text('type', 'put, delete, single-delete, range-delete, merge, blob, entity');
const keyed = (name: string, doc: string): SqlColumnSchema[] => [
  blob(name, doc),
  text(`${name}_text`, `${doc}, as text; NULL where it is not printable UTF-8`),
];

const table = (name: string, doc: string, columns: SqlColumnSchema[]): SqlTableSchema => ({ name, doc, columns });

export const SQL_SCHEMA: readonly SqlTableSchema[] = [
  table('families', 'the column families', [
    int('id', 'id of the column family'),
    text('name', 'its name'),
    text('comparator', 'name of its comparator'),
    text('merge_operator', 'name of its merge operator, or NULL'),
    text('compaction', 'leveled, universal, fifo'),
    int('tables', 'live tables'),
    int('bytes', 'bytes of their files'),
    int('memtable_entries', 'entries in the WAL that are in no table yet'),
    int('memtable_bytes', 'bytes of these'),
    int('blob_files', 'live blob files'),
    int('blob_bytes', 'bytes of these'),
  ]),
  table('levels', 'levels that hold tables', [
    FAMILY,
    LEVEL,
    int('tables', 'live tables'),
    int('bytes', 'bytes of their files'),
    real('score', 'compaction score: from 1 on the engine compacts; NULL where it has no meaning'),
    int('target_bytes', 'target size of the level, or NULL'),
  ]),
  table('tables', 'the live tables', [
    FAMILY,
    LEVEL,
    int('number', 'file number'),
    text('file', 'file name'),
    int('bytes', 'file size'),
    ...keyed('smallest', 'smallest key'),
    int('smallest_key_seq', 'sequence number of the smallest key'),
    text('smallest_type', 'type of the smallest key'),
    ...keyed('largest', 'largest key'),
    int('largest_key_seq', 'sequence number of the largest key'),
    text('largest_type', 'type of the largest key'),
    int('smallest_seq', 'smallest sequence number in the table, or NULL'),
    int('largest_seq', 'largest sequence number in the table, or NULL'),
    int('entries', 'entries, tombstones among them'),
    int('deletions', 'tombstones'),
    int('range_deletions', 'range tombstones'),
    int('merges', 'merge operands'),
    int('raw_key_bytes', 'bytes of the keys, each with 8 of sequence number and type'),
    int('raw_value_bytes', 'bytes of the values'),
    int('format_version', 'format version of the table'),
    text('compression', 'codec of the data blocks'),
    text('checksum', 'kind of the checksums'),
    text('filter', 'name of the filter, or NULL'),
    int('filter_bytes', 'bytes of the filter'),
    text('index_type', 'kind of the index'),
    int('data_blocks', 'data blocks'),
    text('created_at', 'time of creation in UTC, or NULL'),
    text('problem', 'why it cannot be read, or NULL'),
  ]),
  table('blocks', 'data blocks of the live tables, from their indexes', [
    TABLE_NUMBER,
    FAMILY,
    LEVEL,
    int('block', 'position in the table, from 0'),
    int('offset', 'byte offset in the file'),
    int('size', 'stored bytes, without the 5 of the trailer'),
    ...keyed('separator', 'a key between this block and the next'),
  ]),
  table('properties', 'properties that the live tables state', [
    TABLE_NUMBER,
    text('name', 'name of the property'),
    text('value', 'its value as text'),
  ]),
  table('versions', 'every version and tombstone, as stored', [
    FAMILY,
    ...keyed('key', 'key'),
    int('seq', 'sequence number'),
    TYPE,
    ENTRY_LEVEL,
    TABLE_NUMBER,
    int('value_size', 'stored bytes of the value; of a range tombstone those of its end'),
    ...keyed('until', 'exclusive end of a range tombstone'),
  ]),
  table('entries', 'what a reader sees: one row a key', [
    FAMILY,
    ...keyed('key', 'key'),
    ...keyed('value', 'value; NULL for unresolved merges and what cannot be read'),
    int('seq', 'sequence number'),
    TYPE,
    ENTRY_LEVEL,
    TABLE_NUMBER,
    int('value_size', 'bytes of the value'),
    text('parts', 'JSON of what is no single value: columns of an entity, operands of an unresolved merge; else NULL'),
  ]),
  table('events', 'history of the tree, oldest first', [
    int('seq', 'position in the history, from 1'),
    FAMILY,
    text('kind', 'flush, compaction, move, ingest, drop, unknown'),
    int('inferred', '1 where no info log confirms the kind'),
    text('at', 'time in UTC, or NULL'),
    text('why', 'reason, or NULL'),
    int('removed', 'tables removed'),
    int('removed_bytes', 'bytes of these'),
    int('added', 'tables added'),
    int('added_bytes', 'bytes of these'),
    text('removed_tables', 'the tables removed, as JSON: number, level, bytes'),
    text('added_tables', 'the tables added, as JSON: number, level, bytes'),
  ]),
  table('options', 'options of the store, by the engine’s own names', [
    text('family', 'column family; NULL for options of the whole store'),
    text('name', 'name of the option'),
    text('value', 'its value as text'),
  ]),
  table('problems', 'what is wrong with the store, as far as opening it tells', [
    text('code', 'CORRUPT, NOT_FOUND, UNSUPPORTED, IO'),
    text('path', 'file'),
    int('offset', 'byte offset in the file, or NULL'),
    text('message', 'what is wrong'),
    text('mend', 'what can be done, or NULL'),
  ]),
  table('wal', 'live log files', [
    text('file', 'file name'),
    int('number', 'file number'),
    int('bytes', 'file size'),
    int('records', 'write batches in it'),
  ]),
  table('blob_files', 'live blob files', [
    FAMILY,
    int('number', 'file number'),
    text('file', 'file name'),
    int('count', 'values in it'),
    int('bytes', 'bytes of these'),
    int('garbage_count', 'values that no entry refers to any more'),
    int('garbage_bytes', 'bytes of these'),
  ]),
];
