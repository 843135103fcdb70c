/**
 * Meta blocks: metaindex and properties (rocksdb-leveldb.md §6), and the footer that ends a table.
 */
import { compareBytes, EMPTY, utf8, writeU32 } from '../../base/bytes.ts';
import { writeVarint } from '../../base/varint.ts';
import { BlockBuilder } from './blockBuilder.ts';
import { blockChecksum, contextModifier } from './checksum.ts';
import { type BlockHandle, FOOTER_BYTES } from './footer.ts';

const LEVELDB_FOOTER_BYTES = 48;

/** Names and values of a meta block, in any order. */
export class MetaBuilder {
  readonly #entries: { readonly name: Uint8Array; readonly value: Uint8Array }[] = [];

  bytes(name: string, value: Uint8Array): void {
    this.#entries.push({ name: utf8(name), value });
  }

  text(name: string, value: string): void {
    this.bytes(name, utf8(value));
  }

  /** As a varint. */
  number(name: string, value: number): void {
    this.bytes(name, varintBytes(value));
  }

  fixed32(name: string, value: number): void {
    const b = new Uint8Array(4);
    writeU32(b, 0, value);
    this.bytes(name, b);
  }

  handle(name: string, h: BlockHandle): void {
    this.bytes(name, handleBytes(h));
  }

  /** The block, sorted by name; its names share prefixes between restart points. */
  build(restartInterval: number): BlockBuilder {
    const block = new BlockBuilder(restartInterval);
    let before: Uint8Array = EMPTY;
    for (const { name, value } of this.#entries.sort((a, b) => compareBytes(a.name, b.name))) {
      let shared = 0;
      while (shared < before.length && shared < name.length && before[shared] === name[shared]) shared++;
      block.add(shared, name, value);
      before = name;
    }
    return block;
  }
}

function varintBytes(value: number): Uint8Array {
  const b = new Uint8Array(10);
  return b.subarray(0, writeVarint(b, 0, value));
}

function handleBytes(h: BlockHandle): Uint8Array {
  const b = new Uint8Array(20);
  return b.subarray(0, writeVarint(b, writeVarint(b, 0, h.offset), h.size));
}

/** The footer of a LevelDB table (and of RocksDB's format_version 0). */
export function levelDbFooter(metaindex: BlockHandle, index: BlockHandle): Uint8Array {
  const b = new Uint8Array(LEVELDB_FOOTER_BYTES);
  b.set(handleBytes(metaindex), 0);
  b.set(handleBytes(index), handleBytes(metaindex).length);
  writeU32(b, 40, 0x8b80fb57);
  writeU32(b, 44, 0xdb477524);
  return b;
}

/**
 * The footer of a RocksDB table, to stand at `offset`. From format_version 6 on it has a checksum of its own,
 * mixed with `contextBase`, and `index` is found through the metaindex.
 */
export function rocksDbFooter(
  formatVersion: number,
  checksum: number,
  metaindex: BlockHandle,
  index: BlockHandle,
  contextBase: number,
  offset: number,
): Uint8Array {
  const b = new Uint8Array(FOOTER_BYTES);
  b[0] = checksum;
  writeU32(b, 41, formatVersion);
  writeU32(b, 45, 0x85f4cff7);
  writeU32(b, 49, 0x88e241b7);
  if (formatVersion < 6) {
    const first = handleBytes(metaindex);
    b.set(first, 1);
    b.set(handleBytes(index), 1 + first.length);
    return b;
  }
  writeU32(b, 1, 0x007a003e);
  writeU32(b, 9, contextBase);
  writeU32(b, 13, metaindex.size);
  const computed = blockChecksum(checksum, b, 0, FOOTER_BYTES - 1) ?? 0;
  writeU32(b, 5, (computed + contextModifier(contextBase, offset)) >>> 0);
  return b;
}
