/**
 * What the bytes of a table file are for. Every byte belongs to exactly one part, so the parts add up to
 * the file's size even where a damaged index lets blocks overlap: the one that starts first has the bytes.
 */
import { TRAILER_BYTES } from '../../formats/block/checksum.ts';
import { IndexBlock } from '../../formats/block/indexBlock.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';

const PARTS = [
  'data',
  'index',
  'filter',
  'properties',
  'range deletions',
  'compression dictionary',
  'hash index',
  'metaindex',
  'footer',
  'other',
] as const;
type Part = (typeof PARTS)[number];

/** By the name that the metaindex has for a block (rocksdb-leveldb.md §6). */
function partOf(name: string): Part {
  if (/^(filter|fullfilter|partitionedfilter)\./.test(name)) return 'filter';
  if (name === 'rocksdb.index') return 'index';
  if (name === 'rocksdb.properties' || name === 'rocksdb.stats') return 'properties';
  if (name === 'rocksdb.range_del') return 'range deletions';
  if (name === 'rocksdb.compression_dict') return 'compression dictionary';
  if (name.startsWith('rocksdb.hashindex.')) return 'hash index';
  return 'other';
}

class Extents {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #parts: number[] = [];
  #sorted = true;

  add(part: Part, offset: number, bytes: number): void {
    const n = this.#starts.length;
    const kind = PARTS.indexOf(part);
    // Neighbours of one kind, as nearly all data blocks are, become one extent.
    if (n > 0 && this.#parts[n - 1] === kind && this.#ends[n - 1] === offset) {
      this.#ends[n - 1] = offset + bytes;
      return;
    }
    if (n > 0 && offset < (this.#starts[n - 1] as number)) this.#sorted = false;
    this.#starts.push(offset);
    this.#ends.push(offset + bytes);
    this.#parts.push(kind);
  }

  /** Bytes of [0, size) by part. */
  sums(size: number): number[] {
    const sums = new Array<number>(PARTS.length).fill(0);
    const starts = this.#starts;
    const order = Array.from(starts, (_, i) => i);
    if (!this.#sorted) order.sort((a, b) => (starts[a] as number) - (starts[b] as number));
    const other = PARTS.length - 1;
    let at = 0;
    const give = (part: number, upTo: number): void => {
      if (upTo <= at) return;
      sums[part] = (sums[part] as number) + upTo - at;
      at = upTo;
    };
    for (const i of order) {
      give(other, Math.min(size, starts[i] as number));
      give(this.#parts[i] as number, Math.min(size, this.#ends[i] as number));
    }
    give(other, size);
    return sums;
  }
}

/** Parts that hold any bytes, data first; their bytes add up to the file's. Blocks count with their trailers. */
export function fileParts(table: TableReader): { part: string; bytes: number }[] {
  const { footer, index } = table;
  const extents = new Extents();
  for (let i = 0; i < index.count; i++) extents.add('data', index.offset(i), index.size(i) + TRAILER_BYTES);
  for (const { name, handle } of table.metaBlocks()) {
    const part = partOf(name);
    extents.add(part, handle.offset, handle.size + TRAILER_BYTES);
    if (name.startsWith('partitionedfilter.')) partitions(table, part, handle.offset, handle.size, extents);
  }
  if (footer.index !== null) extents.add('index', footer.index.offset, footer.index.size + TRAILER_BYTES);
  if (table.indexType === 'two-level') {
    const top = footer.index ?? table.metaBlocks().find((b) => b.name === 'rocksdb.index')?.handle;
    if (top !== undefined) partitions(table, 'index', top.offset, top.size, extents);
  }
  extents.add('metaindex', footer.metaindex.offset, footer.metaindex.size + TRAILER_BYTES);
  extents.add('footer', footer.offset, table.size - footer.offset);
  const sums = extents.sums(table.size);
  return PARTS.map((part, i) => ({ part, bytes: sums[i] as number })).filter((p) => p.bytes > 0);
}

/** The blocks that the top of a partitioned index or filter points to. */
function partitions(table: TableReader, part: Part, offset: number, size: number, extents: Extents): void {
  try {
    const flags = { ...table.indexFlags, firstKeys: false };
    const top = IndexBlock.decode(table.readOwned({ offset, size }), flags, table.footer.offset, true);
    for (let i = 0; i < top.count; i++) extents.add(part, top.offset(i), top.size(i) + TRAILER_BYTES);
  } catch {
    // The reader has named the damage; what cannot be found counts as "other".
  }
}
