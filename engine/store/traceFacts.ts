/** What a traced get notes of a table beside its own steps. */
import type { TableFilter } from '../formats/block/filter/tableFilter.ts';
import type { TableReader } from '../formats/block/tableReader.ts';
import type { FilterStep } from '../model/readPath.ts';

/** `fullfilter.rocksdb.BuiltinBloomFilter` → `rocksdb.BuiltinBloomFilter`. */
function policyOf(metaName: string): string {
  return metaName.slice(metaName.indexOf('.') + 1);
}

function kindOf(metaName: string): string {
  if (metaName.startsWith('fullfilter.')) return 'full';
  return metaName.startsWith('partitionedfilter.') ? 'partitioned' : 'block-based';
}

/** LevelDB's tables do not say, nor do RocksDB's of before 2020; there every point entry is taken for a key. */
export function filterKeysOf(table: TableReader): number | undefined {
  const p = table.properties;
  const stated = p.number('rocksdb.num.filter_entries');
  if (stated !== undefined && stated > 0) return stated;
  const entries = p.number('rocksdb.num.entries');
  if (entries === undefined) return undefined;
  const points = entries - (p.number('rocksdb.num.range-deletions') ?? 0);
  return points > 0 ? points : undefined;
}

/** Why whole keys cannot be asked of the table's filter; '' where it has none. */
export function filterNoteOf(table: TableReader): string {
  const named = table.metaBlocks().find(({ name }) => /^(full|partitioned)?filter\./.test(name));
  if (named === undefined) return '';
  if (table.properties.text('rocksdb.block.based.table.whole.key.filtering') === '0') {
    return 'its filter holds prefixes of keys only, so it is not asked';
  }
  const damage = table.problems.find((p) => p.message.endsWith('the filter is not used'));
  return damage === undefined
    ? `its filter is of a kind that is not known (${policyOf(named.name)})`
    : `its filter cannot be used: ${damage.message}`;
}

/** The codec's name, by the first byte of the block's trailer; that byte is read for this alone. */
export function compressionOf(table: TableReader, trailer: number): string {
  const byte = new Uint8Array(1);
  try {
    table.readRaw(byte, trailer);
  } catch {
    return 'unknown';
  }
  return byte[0] === 0 ? 'none' : table.compressionName(byte[0] as number);
}

/** `keys` of the filter, where known. */
export function filterStep(filter: TableFilter, keys: number | undefined, mayContain: boolean): FilterStep {
  const colon = filter.kind.indexOf(': ');
  return {
    name: policyOf(filter.name),
    kind: kindOf(filter.name),
    scheme: colon < 0 ? filter.kind : filter.kind.slice(colon + 2),
    bytes: filter.bytes,
    bitsPerKey: keys === undefined ? null : Math.round((filter.bytes * 800) / keys) / 100,
    verdict: mayContain ? 'maybe' : 'no',
    falsePositive: null,
  };
}
