/** What a table builder counts, and the properties block that tells it (rocksdb-leveldb.md §6). */
import type { CompressionName } from '../../codec/registry.ts';
import { MetaBuilder } from './metaBuilder.ts';

/** Who writes a table, and for whom; all of it goes into the properties of RocksDB's tables. */
export interface TableIdentity {
  /** 2147483647 is unknown. */
  readonly familyId: number;
  readonly familyName: string;
  /** `fileNumber` and these two make up the table's unique id (`formats/rocksdb/uniqueId.ts`). */
  readonly databaseId?: string;
  readonly sessionId?: string;
  readonly fileNumber: number;
  readonly host?: string;
  /** Epoch seconds; 0 is unknown. Of the table's oldest data, of its own making, of its oldest and newest key. */
  readonly creationTime?: number;
  readonly fileCreationTime?: number;
  readonly oldestKeyTime?: number;
  readonly newestKeyTime?: number;
  readonly mergeOperator?: string;
  readonly prefixExtractor?: string;
  readonly propertyCollectors?: readonly string[];
  /** Properties of collectors of one's own. */
  readonly userProperties?: ReadonlyMap<string, Uint8Array>;
}

/** Counters of a table; bytes are raw unless the name says otherwise. */
export class TableCounts {
  /** Point entries and range tombstones. */
  entries = 0;
  /** Tombstones of all kinds, range tombstones included. */
  deletions = 0;
  rangeDeletions = 0;
  merges = 0;
  rawKeyBytes = 0;
  rawValueBytes = 0;
  dataBlocks = 0;
  /** Blocks that compression did not make small enough. */
  rejectedBlocks = 0;
  compressedBlocks = 0;
  smallestSeq = Number.POSITIVE_INFINITY;
  largestSeq = 0;
  /** Stored bytes of the data blocks, trailers included. */
  dataBytes = 0;
  indexBytes = 0;
  filterBytes = 0;
  filterKeys = 0;
  oldestBlobFile: number | undefined;
}

export interface TableLayout {
  readonly formatVersion: number;
  readonly comparator: string;
  readonly compression: CompressionName;
  readonly compressionType: number;
  readonly compressionLevel: number;
  readonly restartInterval: number;
  readonly hasFilter: boolean;
  readonly indexUserKeys: boolean;
  readonly indexDeltaValues: boolean;
}

const NAMES: Readonly<Partial<Record<CompressionName, string>>> = {
  none: 'NoCompression',
  snappy: 'Snappy',
  zlib: 'Zlib',
  lz4: 'LZ4',
  lz4hc: 'LZ4HC',
  zstd: 'ZSTD',
};

/** From format_version 7 on: the manager's name, and the types of the blocks that were compressed. */
function compressionProperty(layout: TableLayout, counts: TableCounts): string {
  if (layout.formatVersion < 7) return NAMES[layout.compression] ?? 'NoCompression';
  const types = counts.compressedBlocks === 0 ? '' : layout.compressionType.toString(16).toUpperCase().padStart(2, '0');
  return `BuiltinV2;${types};`;
}

/** The properties block of a RocksDB table. */
export function tableProperties(identity: TableIdentity, layout: TableLayout, counts: TableCounts): MetaBuilder {
  const p = new MetaBuilder();
  const number = (name: string, value: number): void => p.number(`rocksdb.${name}`, value);
  const text = (name: string, value: string): void => p.text(`rocksdb.${name}`, value);
  p.fixed32('rocksdb.block.based.table.index.type', 0);
  text('block.based.table.whole.key.filtering', '1');
  text('block.based.table.prefix.filtering', '0');
  number('column.family.id', identity.familyId);
  text('column.family.name', identity.familyName);
  text('comparator', layout.comparator);
  text('compression', compressionProperty(layout, counts));
  text(
    'compression_options',
    `window_bits=-14; level=${layout.compressionLevel}; strategy=0; max_dict_bytes=0; zstd_max_train_bytes=0; ` +
      'enabled=0; max_dict_buffer_bytes=0; use_zstd_dict_trainer=1; ',
  );
  if (identity.databaseId !== undefined) text('creating.db.identity', identity.databaseId);
  if (identity.sessionId !== undefined) text('creating.session.identity', identity.sessionId);
  if (identity.host !== undefined) text('creating.host.identity', identity.host);
  number('creation.time', identity.creationTime ?? 0);
  number('data.size', counts.dataBytes);
  number('deleted.keys', counts.deletions);
  number('file.creation.time', identity.fileCreationTime ?? 0);
  if (layout.hasFilter) text('filter.policy', 'bloomfilter');
  number('filter.size', counts.filterBytes);
  number('fixed.key.length', 0);
  // Below 6 the engines write 0 here, whatever the footer says.
  number('format.version', layout.formatVersion < 6 ? 0 : layout.formatVersion);
  number('index.key.is.user.key', layout.indexUserKeys ? 1 : 0);
  number('index.size', counts.indexBytes);
  number('index.value.is.delta.encoded', layout.indexDeltaValues ? 1 : 0);
  number('merge.operands', counts.merges);
  text('merge.operator', identity.mergeOperator ?? 'nullptr');
  number('num.data.blocks', counts.dataBlocks);
  number('num.entries', counts.entries);
  number('num.filter_entries', counts.filterKeys);
  number('num.range-deletions', counts.rangeDeletions);
  number('oldest.key.time', identity.oldestKeyTime ?? 0);
  number('original.file.number', identity.fileNumber);
  text('prefix.extractor.name', identity.prefixExtractor ?? 'nullptr');
  text('property.collectors', `[${(identity.propertyCollectors ?? []).join(',')}]`);
  number('raw.key.size', counts.rawKeyBytes);
  number('raw.value.size', counts.rawValueBytes);
  if (layout.formatVersion >= 6) {
    const none = counts.entries === 0;
    number('key.largest.seqno', counts.largestSeq);
    number('key.smallest.seqno', none ? 0 : counts.smallestSeq);
    number('newest.key.time', identity.newestKeyTime ?? 0);
    number('tail.start.offset', counts.dataBytes);
  }
  if (layout.formatVersion >= 7) {
    number('num.data.blocks.compression.rejected', counts.rejectedBlocks);
    number('data.block.restart.interval', layout.restartInterval);
    number('index.block.restart.interval', 1);
  }
  for (const [name, value] of identity.userProperties ?? []) p.bytes(name, value);
  return p;
}
