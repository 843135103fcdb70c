/** Range deletions of one table, cut to the table's bounds (rocksdb-leveldb.md §4). */
import { BlockCursor } from '../formats/block/blockCursor.ts';
import { blockError, type TableReader } from '../formats/block/tableReader.ts';
import { ValueType } from '../iter/cursor.ts';
import type { RangeTombstone } from '../iter/rangeTombstones.ts';
import type { TableInfo } from '../model/tree.ts';

const NONE: readonly RangeTombstone[] = [];

class RangeDelWalk extends BlockCursor {
  constructor(globalSequence: number) {
    super();
    this.globalSequence = globalSequence;
  }

  advance(): boolean {
    return this.nextInBlock();
  }
}

/** `whole`: as they stand in the file, not cut to the bounds of `info`. Throws StoreError if the block is damaged. */
export function tableTombstones(table: TableReader, info: TableInfo, whole = false): readonly RangeTombstone[] {
  const handle = table.metaHandle('rocksdb.range_del');
  if (handle === undefined) return NONE;
  try {
    return decode(table, table.readOwned(handle), info, whole);
  } catch (thrown) {
    throw blockError(thrown, info.file, handle.offset);
  }
}

function decode(table: TableReader, block: Uint8Array, info: TableInfo, whole: boolean): readonly RangeTombstone[] {
  const walk = new RangeDelWalk(table.globalSequence);
  walk.loadBlock(block, 0, block.length, 'rocksdb');
  const { order } = table;
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  // A stripped table has no timestamps in its range deletions either.
  const ts = table.padTimestamp > 0 ? 0 : order.timestampSize;
  const out: RangeTombstone[] = [];
  while (walk.advance()) {
    if (walk.type !== ValueType.rangeDeletion) continue;
    const key = walk.keyBuffer.slice(0, walk.keyLength);
    const value = walk.valueBuffer.slice(walk.valueStart, walk.valueStart + walk.valueLength);
    let begin: Uint8Array = key.subarray(0, key.length - ts);
    let end: Uint8Array = value.subarray(0, value.length - ts);
    if (!whole && compare(begin, info.smallest.key) < 0) begin = info.smallest.key;
    if (!whole && info.largest.type === 'range-delete' && compare(end, info.largest.key) > 0) end = info.largest.key;
    if (compare(begin, end) >= 0) continue;
    out.push({
      begin,
      end,
      sequence: walk.sequence,
      timestamp: ts === 0 ? undefined : key.subarray(key.length - ts),
      level: info.level,
      table: info.number,
    });
  }
  return out;
}
