/** What is known of one table once it is opened: the fields of `lsm tables` (cli.md). */
import { isoTime } from '../base/entropy.ts';
import { type Problem, StoreError } from '../base/errors.ts';
import { OutputBuffer } from '../codec/registry.ts';
import { BlockCursor } from '../formats/block/blockCursor.ts';
import type { RawBlock, TableReader } from '../formats/block/tableReader.ts';
import { ValueType } from '../iter/cursor.ts';
import { DamageLog } from '../iter/damage.ts';
import { sameBytes, seekKey } from '../iter/range.ts';
import { isDeletion } from '../iter/resolve.ts';
import type { BlockDetails, BlockRow, TableDetails, TableStats } from '../model/answers.ts';
import type { TableInfo } from '../model/tree.ts';
import type { StoreView } from './view.ts';

export interface EntryCounts {
  readonly entries: number;
  readonly deletions: number;
  readonly merges: number;
  readonly rawKeyBytes: number;
  readonly rawValueBytes: number;
}

/** Entries between two looks at whether anybody still waits. */
const SLICE_ENTRIES = 50_000;

/**
 * A job: yields while it counts the entries of a table whose format has no counts (LevelDB), or whose
 * properties are lost. Throws StoreError if the table cannot be opened.
 */
export function* tableDetails(view: StoreView, info: TableInfo): Generator<void, TableDetails, void> {
  const table = view.acquire(info);
  try {
    const damage = new DamageLog();
    const counts = statedCounts(table) ?? (yield* countEntries(view, info, damage));
    const stats = describeTable(view, info, table, counts);
    return { stats, properties: table.properties.listed(), problems: problemsOf(table, damage) };
  } finally {
    view.releaseTable(info, table);
  }
}

function problemsOf(table: TableReader, damage: DamageLog): Problem[] {
  table.filter();
  for (const p of table.problems) damage.note(p);
  return damage.problems;
}

/** Counts that the table's properties state. */
export function statedCounts(table: TableReader): EntryCounts | undefined {
  const p = table.properties;
  const entries = p.number('rocksdb.num.entries');
  if (entries === undefined) return undefined;
  return {
    entries,
    deletions: p.number('rocksdb.deleted.keys') ?? 0,
    merges: p.number('rocksdb.merge.operands') ?? 0,
    rawKeyBytes: p.number('rocksdb.raw.key.size') ?? 0,
    rawValueBytes: p.number('rocksdb.raw.value.size') ?? 0,
  };
}

function* countEntries(view: StoreView, info: TableInfo, damage: DamageLog): Generator<void, EntryCounts, void> {
  const c = { entries: 0, deletions: 0, merges: 0, rawKeyBytes: 0, rawValueBytes: 0 };
  const cursor = view.tableCursor(info.number, damage);
  try {
    for (cursor.first(); cursor.valid; cursor.next()) {
      c.entries++;
      if (isDeletion(cursor.type)) c.deletions++;
      else if (cursor.type === ValueType.merge) c.merges++;
      // As RocksDB counts: a key's 8 bytes of sequence and type are part of it.
      c.rawKeyBytes += cursor.keyLength + 8;
      c.rawValueBytes += cursor.valueLength;
      if (c.entries % SLICE_ENTRIES === 0) yield;
    }
  } finally {
    cursor.close();
  }
  return c;
}

export function describeTable(view: StoreView, info: TableInfo, table: TableReader, counts: EntryCounts): TableStats {
  const filter = table.filter();
  const p = table.properties;
  const created = p.number('rocksdb.file.creation.time') || info.createdAt || p.number('rocksdb.creation.time') || 0;
  return {
    family: view.family(info.family).state.name,
    level: info.level,
    number: info.number,
    file: info.file,
    bytes: info.bytes,
    ...counts,
    rangeDeletions: p.number('rocksdb.num.range-deletions') ?? 0,
    smallest: info.smallest,
    largest: info.largest,
    smallestSeq: info.smallestSeq ?? null,
    largestSeq: info.largestSeq ?? null,
    formatVersion: table.formatVersion,
    compression: compressionOf(table),
    checksum: table.checksum,
    filter: filter === undefined ? null : filter.name.replace(/^(full|partitioned)?filter\./, ''),
    filterBytes: filter?.bytes ?? 0,
    indexType: table.indexType,
    dataBlocks: table.index.count,
    createdAt: isoTime(created),
  };
}

/** Codec of the data blocks: the stored word where it is plain, else that of the first block that has one. */
function compressionOf(table: TableReader): string {
  const byte = new Uint8Array(1);
  const seen = Math.min(table.index.count, 8);
  for (let i = 0; i < seen; i++) {
    try {
      table.readRaw(byte, table.index.offset(i) + table.index.size(i));
      if (byte[0] !== 0) return table.compressionName(byte[0] as number);
    } catch {
      return 'unknown';
    }
  }
  return 'none';
}

class CountingCursor extends BlockCursor {}

/** The data block that holds an entry. Throws StoreError, INPUT if none does. */
export function blockOf(view: StoreView, info: TableInfo, key: Uint8Array, seq: number): BlockRow {
  const { order } = view.family(info.family);
  const cursor = view.tableCursor(info.number, new DamageLog());
  const table = view.acquire(info);
  try {
    if (order.known) cursor.seek(seekKey(key, order, 'newest'), seq);
    else cursor.first();
    const at = (): boolean =>
      sameBytes(cursor.keyBuffer, cursor.keyStart, cursor.keyLength - order.timestampSize, key, key.length);
    while (cursor.valid && !(at() && cursor.sequence === seq) && (!order.known || at())) cursor.next();
    if (!cursor.valid || !at()) {
      throw new StoreError('INPUT', `no data block of ${info.file} holds that entry`, {
        mend: 'a range deletion stands in a block of its own; the dump of the table shows it',
      });
    }
    const { index } = table;
    const i = cursor.blockIndex;
    return { index: i, offset: index.offset(i), size: index.size(i), separator: index.separator(i).slice() };
  } finally {
    view.releaseTable(info, table);
    cursor.close();
  }
}

/** Reads one data block. Throws StoreError, INPUT if there is no such block. */
export function blockDetails(view: StoreView, info: TableInfo, index: number): BlockDetails {
  const table = view.acquire(info);
  try {
    if (!(index >= 0 && index < table.index.count)) {
      throw new StoreError('INPUT', `${info.file} has ${table.index.count} data blocks; there is no block ${index}`);
    }
    const offset = table.index.offset(index);
    const size = table.index.size(index);
    const raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
    table.readBlock(offset, size, new OutputBuffer(), new OutputBuffer(), raw);
    const cursor = new CountingCursor();
    cursor.loadBlock(raw.bytes, raw.start, raw.length, table.dialect);
    return {
      index,
      offset,
      size,
      separator: table.index.separator(index).slice(),
      rawSize: raw.length,
      compression: table.compressionName(raw.compression),
      entries: cursor.countInBlock(),
      restarts: cursor.restartCount,
    };
  } finally {
    view.releaseTable(info, table);
  }
}
