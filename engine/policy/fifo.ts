/**
 * FIFO compaction as RocksDB does it (facebook/rocksdb, db/compaction/compaction_picker_fifo.cc;
 * rocksdb-leveldb.md §13): tables are not merged but dropped, the oldest first.
 *
 *  1. Tables whose newest data is past `ttl`, if dropping them is enough to come under the size limit.
 *  2. The oldest tables until the rest is within `max_table_files_size`; deeper levels, left over from another
 *     style, go before L0.
 *  3. With `allow_compaction`, the newest small tables of L0 are merged.
 *
 * Not modelled: temperatures, compactions by key-value ratio.
 */
import type { TableInfo, TreeView } from '../model/tree.ts';
import { cheapestNewest } from './intraL0.ts';
import {
  type Choice,
  type DropChoice,
  deepestLevel,
  isBusy,
  NOTHING,
  nothing,
  type Policy,
  type PolicyContext,
  sizeOf,
  tablesAt,
} from './policy.ts';
import { l0Running } from './ranges.ts';
import { mergeInL0 } from './sizeTiered.ts';

/** Outputs of the compactions within L0 are cut at this size. */
const OUTPUT_BYTES = 16 * 1048576;

export const fifo: Policy = { name: 'fifo', choose };

function choose(view: TreeView, context: PolicyContext): Choice {
  const { options } = context;
  if (options.disable_auto_compactions) return nothing('automatic compactions are off');
  if (l0Running(context)) return nothing('a compaction is under way');
  return byTtl(view, context) ?? bySize(view, context) ?? reduceTables(view, context) ?? NOTHING;
}

function byTtl(view: TreeView, context: PolicyContext): DropChoice | undefined {
  const { ttl } = context.options;
  if (ttl === 0 || context.now <= ttl) return undefined;
  const tables = tablesAt(view, 0);
  const expired: TableInfo[] = [];
  for (let i = tables.length - 1; i >= 0; i--) {
    const table = tables[i] as TableInfo;
    const newest = context.facts?.(table)?.newestKeyAt ?? table.createdAt ?? 0;
    if (newest === 0 || newest >= context.now - ttl || isBusy(table, context)) break;
    expired.push(table);
  }
  if (expired.length === 0) return undefined;
  // When even this leaves too much, the rule for sizes takes more at once.
  const left = sizeOf(tables) - sizeOf(expired);
  const all = view.levels.reduce((n, l) => n + sizeOf(l.tables), 0);
  if (withBlobs(left, all, context) > limitOf(context)) return undefined;
  const text = `${expired.length} tables have no data newer than the ttl of ${ttl} s`;
  return { kind: 'drop', level: 0, tables: expired, reason: { code: 'FIFOTtl', text } };
}

function limitOf({ options }: PolicyContext): number {
  return options.fifo.max_data_files_size > 0 ? options.fifo.max_data_files_size : options.fifo.max_table_files_size;
}

/** Bytes of tables and of their part of the blob files, where those count. `all` is the size of all tables. */
function withBlobs(bytes: number, all: number, context: PolicyContext): number {
  if (context.options.fifo.max_data_files_size === 0 || all === 0) return bytes;
  return bytes + (bytes / all) * (context.blobBytes ?? 0);
}

function bySize(view: TreeView, context: PolicyContext): DropChoice | undefined {
  const level = Math.max(0, deepestLevel(view));
  const tables = tablesAt(view, level);
  const total = view.levels.reduce((n, l) => n + sizeOf(l.tables), 0);
  const limit = limitOf(context);
  const counted = withBlobs(total, total, context);
  if (counted <= limit) return undefined;
  const dropped: TableInfo[] = [];
  let left = counted;
  const share = context.options.fifo.max_data_files_size > 0 ? Math.max(1, Math.floor(counted / tables.length)) : 0;
  // L0 is newest first; a deeper level has no ages and goes from its left end.
  for (const table of level === 0 ? [...tables].reverse() : tables) {
    if (isBusy(table, context)) {
      if (level === 0) break;
      continue;
    }
    left -= share > 0 ? share : table.bytes;
    dropped.push(table);
    if (left <= limit) break;
  }
  if (dropped.length === 0) return undefined;
  const text = `All tables have ${counted} bytes where ${limit} are allowed`;
  return { kind: 'drop', level, tables: dropped, reason: { code: 'FIFOMaxSize', text } };
}

function reduceTables(view: TreeView, context: PolicyContext): Choice | undefined {
  const { options } = context;
  if (!options.fifo.allow_compaction) return undefined;
  const tables = tablesAt(view, 0);
  const trigger = options.level0_file_num_compaction_trigger;
  const picked = cheapestNewest(tables, context, Math.max(2, trigger), options.write_buffer_size * 1.1);
  if (picked === undefined) return undefined;
  const text = `Level 0 has ${tables.length} tables (trigger ${trigger}); the newest ${picked.length} are small`;
  return { ...mergeInL0(picked, { code: 'FIFOReduceNumFiles', text }), maxOutputBytes: OUTPUT_BYTES };
}
