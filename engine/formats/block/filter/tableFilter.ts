/**
 * The filter of one table, whatever its kind: LevelDB's per-block filters, RocksDB's full filters,
 * or partitions of them found through an index (rocksdb-leveldb.md §6 and §7).
 */

import type { KeyOrder } from '../../../iter/order.ts';
import type { BlockHandle } from '../footer.ts';
import { IndexBlock } from '../indexBlock.ts';
import type { TableReader } from '../tableReader.ts';
import { type FilterReader, type FilterShape, openFullFilter } from './filter.ts';
import { openLeveldbFilter } from './leveldbFilter.ts';
import { type PrefixExtractor, prefixExtractorFor } from './prefixExtractor.ts';

const LEVELDB = 'filter.leveldb.BuiltinBloomFilter2';
/**
 * Counters that Basho's LevelDB leaves in each table. Its filter has the same name as LevelDB's and sets other bits: asked
 * as LevelDB's it would deny keys that are there, so nobody asks it.
 */
export const BASHO_COUNTERS = 'stats.sst1';
/** Names under which RocksDB's built-in policies store their filters. */
const BUILTIN = ['rocksdb.BuiltinBloomFilter', 'rocksdb.BuiltinRibbonFilter', 'bloomfilter', 'ribbonfilter'];
/** Partitions kept in memory at once. */
const PARTITIONS_MAX = 64;
/** What a filter's block holds beside its bits. */
const PARTITION_METADATA_BYTES = 5;

type Probe = (b: Uint8Array, start: number, length: number, blockOffset: number) => boolean;
/** Asks the part of a filter that is responsible for the key b[start, +length) about its first `asked` bytes. */
type PartProbe = (b: Uint8Array, start: number, length: number, asked: number) => boolean;

export class TableFilter {
  /** Name of the metaindex entry, for example `fullfilter.rocksdb.BuiltinBloomFilter`. */
  readonly name: string;
  /** What it is in words, for example `FastLocalBloom, 6 probes`. */
  readonly kind: string;
  /** Bytes held in memory when opened. */
  readonly bytes: number;
  readonly partitions: number;
  /** `block-based` is LevelDB's: a filter per 2 KiB of the file. */
  readonly layout: 'full' | 'partitioned' | 'block-based';
  readonly shape: FilterShape;
  /**
   * Set where the filter holds no whole keys: it is asked for their prefixes. One that holds both is asked for
   * whole keys, which says more.
   */
  readonly prefix: PrefixExtractor | undefined;
  /** Where the partitions stand; empty for a filter in one block. */
  readonly blocks: readonly BlockHandle[];
  readonly #probe: Probe;

  private constructor(
    name: string,
    kind: string,
    layout: TableFilter['layout'],
    shape: FilterShape,
    bytes: number,
    blocks: readonly BlockHandle[],
    probe: Probe,
    prefix: PrefixExtractor | undefined,
  ) {
    this.layout = layout;
    this.shape = shape;
    this.name = name;
    this.kind = kind;
    this.bytes = bytes;
    this.partitions = Math.max(1, blocks.length);
    this.blocks = blocks;
    this.#probe = probe;
    this.prefix = prefix;
  }

  /** Whether the filter can tell of keys of this length: shorter ones than a fixed prefix are not in it. */
  covers(length: number): boolean {
    return this.prefix === undefined || this.prefix.prefixLength(length) >= 0;
  }

  /**
   * False only if no key equal to b[start, +length) is in the data block at `blockOffset` (LevelDB) or
   * in the table (RocksDB). The key must come without its user timestamp.
   */
  mayContain(b: Uint8Array, start: number, length: number, blockOffset: number): boolean {
    return this.#probe(b, start, length, blockOffset);
  }

  /** The filter that keys can be asked of, whole or by their prefixes, if the table has one. Throws CORRUPT. */
  static open(table: TableReader): TableFilter | undefined {
    const prefix = keyedByPrefix(table);
    if (prefix === null) return undefined;
    for (const { name } of table.metaBlocks()) {
      const handle = table.metaHandle(name);
      if (handle === undefined) continue;
      if (name === LEVELDB) {
        if (table.metaHandle(BASHO_COUNTERS) !== undefined) continue;
        const block = table.readOwned(handle);
        const filter = openLeveldbFilter(block);
        const probe: Probe = (b, start, length, blockOffset) =>
          filter.mayContain(blockOffset, b, start, start + length);
        return new TableFilter(name, filter.kind, 'block-based', filter.shape, block.length, [], probe, undefined);
      }
      const policy = name.slice(name.indexOf('.') + 1);
      if (!BUILTIN.includes(policy)) continue;
      if (name.startsWith('fullfilter.')) {
        const block = table.readOwned(handle);
        const filter = openFullFilter(block);
        const probe: PartProbe = (b, start, _length, asked) => filter.mayContain(b, start, start + asked);
        const kind = withPrefix(filter.kind, prefix);
        return new TableFilter(name, kind, 'full', filter.shape, block.length, [], probeBy(probe, prefix), prefix);
      }
      if (name.startsWith('partitionedfilter.')) return TableFilter.#partitioned(table, name, handle, prefix);
    }
    return undefined;
  }

  static #partitioned(
    table: TableReader,
    name: string,
    handle: BlockHandle,
    prefix: PrefixExtractor | undefined,
  ): TableFilter {
    const block = table.readOwned(handle);
    const index = IndexBlock.decode(block, { ...table.indexFlags, firstKeys: false }, table.footer.offset, true);
    const order = partitionOrder(table);
    const open = new Map<number, FilterReader>();
    const partition = (i: number): FilterReader => {
      const known = open.get(i);
      if (known !== undefined) return known;
      const filter = openFullFilter(table.readOwned({ offset: index.offset(i), size: index.size(i) }));
      if (open.size >= PARTITIONS_MAX) open.delete(open.keys().next().value as number);
      open.set(i, filter);
      return filter;
    };
    const first = index.count > 0 ? partition(0) : undefined;
    let bytes = block.length;
    let bits = 0;
    const blocks: BlockHandle[] = [];
    for (let i = 0; i < index.count; i++) {
      blocks.push({ offset: index.offset(i), size: index.size(i) });
      bytes += index.size(i);
      bits += Math.max(0, index.size(i) - PARTITION_METADATA_BYTES) * 8;
    }
    const shape: FilterShape = { ...(first?.shape ?? { scheme: 'constant', probes: null, chance: 1 }), bits };
    // The partition goes by the whole key: a prefix is in each partition that holds keys with it.
    const probe: PartProbe = (b, start, length, asked) => {
      const i = index.find(b.subarray(start, start + length), order);
      // A damaged partition says nothing; the data decide.
      if (i >= index.count) return true;
      try {
        return partition(i).mayContain(b, start, start + asked);
      } catch {
        return true;
      }
    };
    const kind = withPrefix(first?.kind ?? 'empty', prefix);
    return new TableFilter(name, kind, 'partitioned', shape, bytes, blocks, probeBy(probe, prefix), prefix);
  }
}

/**
 * The extractor whose prefixes the filter is asked for; undefined where it is asked for whole keys, and null where
 * it cannot be asked, since it holds neither those nor prefixes of a kind that is known.
 */
function keyedByPrefix(table: TableReader): PrefixExtractor | undefined | null {
  const { properties } = table;
  if (properties.text('rocksdb.block.based.table.whole.key.filtering') !== '0') return undefined;
  if (properties.text('rocksdb.block.based.table.prefix.filtering') !== '1') return null;
  return prefixExtractorFor(properties.text('rocksdb.prefix.extractor.name')) ?? null;
}

function probeBy(probe: PartProbe, prefix: PrefixExtractor | undefined): Probe {
  if (prefix === undefined) return (b, start, length) => probe(b, start, length, length);
  return (b, start, length) => {
    const asked = prefix.prefixLength(length);
    return asked < 0 || probe(b, start, length, asked);
  };
}

function withPrefix(kind: string, prefix: PrefixExtractor | undefined): string {
  return prefix === undefined ? kind : `${kind}, prefix filter (${prefix.name})`;
}

/**
 * How the keys that bound the partitions, which end in a timestamp where the table stores any, compare with a
 * key that has none. The first partition that is not behind a key has at least its newest version.
 */
function partitionOrder(table: TableReader): KeyOrder {
  const { order } = table;
  const stored = order.timestampSize - table.padTimestamp;
  if (order.timestampSize === 0) return order;
  return {
    ...order,
    compare: (a, aStart, aLength, b, bStart, bLength) =>
      order.compareUser(a, aStart, Math.max(0, aLength - stored), b, bStart, bLength),
  };
}
