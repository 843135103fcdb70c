/** What a traced get notes of a table beside its own steps. */
import { oneLine } from '../base/errors.ts';
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

/** Why a key of `length` bytes cannot be asked of the table's filter; '' where it can, or the table has none. */
export function filterNoteOf(table: TableReader, length: number): string {
  const named = table.metaBlocks().find(({ name }) => /^(full|partitioned)?filter\./.test(name));
  if (named === undefined) return '';
  const filter = table.filter();
  if (filter !== undefined) {
    if (filter.covers(length)) return '';
    return `its filter holds prefixes only (${filter.prefix?.name ?? ''}), and the key is too short to have one`;
  }
  if (table.properties.text('rocksdb.block.based.table.whole.key.filtering') === '0') {
    const extractor = oneLine(table.properties.text('rocksdb.prefix.extractor.name') ?? 'nullptr');
    return table.properties.text('rocksdb.block.based.table.prefix.filtering') === '1'
      ? `its filter holds prefixes only, by an extractor that is not known (${extractor}), so it is not asked`
      : 'its filter holds no keys, so it is not asked';
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
