/** The properties block (rocksdb-leveldb.md §6, "Properties block"). */
import { hex, readU32, readU64, strictText, text } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';

/** Numbers stored as fixed 64 or 32 bits; every other known number is a varint. */
const FIXED64 = new Set(['rocksdb.external_sst_file.global_seqno']);
const FIXED32 = new Set(['rocksdb.block.based.table.index.type', 'rocksdb.external_sst_file.version']);

const VARINT = new Set(
  [
    'data.size index.size index.partitions top-level.index.size filter.size raw.key.size raw.value.size',
    'num.data.blocks num.data.blocks.compression.rejected num.data.blocks.compression.bypassed',
    'num.uniform.blocks num.entries num.filter_entries deleted.keys merge.operands num.range-deletions',
    'tail.start.offset sample_for_compression.slow.data.size sample_for_compression.fast.data.size',
    'format.version fixed.key.length index.key.is.user.key index.value.is.delta.encoded udi.is.primary.index',
    'data.block.restart.interval index.block.restart.interval separate.key.value.in.data.block',
    'user.defined.timestamps.persisted column.family.id original.file.number creation.time oldest.key.time',
    'newest.key.time file.creation.time key.smallest.seqno key.largest.seqno',
  ]
    .join(' ')
    .split(' ')
    .map((name) => `rocksdb.${name}`),
);

/** Properties of one table, by full name; values as stored. */
export class Properties {
  readonly #values: ReadonlyMap<string, Uint8Array>;

  constructor(values: ReadonlyMap<string, Uint8Array>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : text(value);
  }

  /** The number that `name` holds, in the encoding that the format gives that name. */
  number(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (FIXED64.has(name)) return value.length === 8 ? readU64(value, 0) : undefined;
    if (FIXED32.has(name)) return value.length === 4 ? readU32(value, 0) : undefined;
    try {
      return new Reader(value).varint64Lossy();
    } catch {
      return undefined;
    }
  }

  /** Name and value in words, in file order. */
  listed(): { name: string; value: string }[] {
    return [...this.#values].map(([name, value]) => ({ name, value: this.#shown(name, value) }));
  }

  #shown(name: string, value: Uint8Array): string {
    if (VARINT.has(name) || FIXED64.has(name) || FIXED32.has(name)) {
      const n = this.number(name);
      if (n !== undefined) return String(n);
    }
    const asText = strictText(value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a screen
    return asText !== undefined && !/[\u0000-\u001f\u007f-\u009f]/.test(asText) ? asText : `0x${hex(value)}`;
  }
}

/** Visits name, value offset and value length of each entry of a raw meta block. Throws CORRUPT. */
export function walkMetaBlock(block: Uint8Array, visit: (name: string, at: number, length: number) => void): void {
  if (block.length < 4) throw corrupt('meta block is too short');
  const restarts = readU32(block, block.length - 4) & 0x0fff_ffff;
  const limit = block.length - 4 - restarts * 4;
  if (limit < 0) throw corrupt('meta block cannot hold its restart points');
  const r = new Reader(block, 0, limit);
  let key = new Uint8Array(0);
  while (r.position < limit) {
    const at = r.position;
    const shared = r.varint32();
    const unshared = r.varint32();
    const valueLength = r.varint32();
    if (shared > key.length) throw corrupt('meta block entry shares more bytes than there are', { offset: at });
    if (shared + unshared > NAME_MAX)
      throw corrupt(`name of ${shared + unshared} bytes in a meta block`, { offset: at });
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(r.bytes(unshared), shared);
    key = next;
    const value = r.position;
    r.bytes(valueLength);
    visit(text(key), value, valueLength);
  }
}

const NAME_MAX = 65_536;

/** Name → value of a raw meta block (properties, metaindex): plain keys that share prefixes. Throws CORRUPT. */
export function readMetaBlock(block: Uint8Array): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  walkMetaBlock(block, (name, at, length) => entries.set(name, block.slice(at, at + length)));
  return entries;
}

/** Offset in the block of the value of `name`; -1 if there is none. */
export function metaValueOffset(block: Uint8Array, name: string): number {
  let found = -1;
  walkMetaBlock(block, (n, at) => {
    if (n === name) found = at;
  });
  return found;
}
