/**
 * A plain, slow reader of block-based tables for tests: it finds the stored blocks by the index and the
 * meta blocks by name, so that codecs and filters can be tried on what the real engines wrote without
 * the table reader under test (rocksdb-leveldb.md §6). Sound files only.
 */
import { readFileSync } from 'node:fs';
import { Reader } from '../../engine/base/varint.ts';
import { decompress, OutputBuffer } from '../../engine/codec/registry.ts';

export interface Handle {
  readonly offset: number;
  readonly size: number;
}

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Reader;
  readonly shared: number;
}

const ROCKSDB_MAGIC = 0x88e241b7;

export class RawTable {
  readonly file: Uint8Array;
  readonly formatVersion: number;
  readonly checksumType: number;
  readonly dialect: 'rocksdb' | 'leveldb';
  readonly meta = new Map<string, Handle>();
  readonly properties = new Map<string, Uint8Array>();
  readonly dictionary: Uint8Array | undefined;
  readonly index: Handle;

  constructor(path: string) {
    const file = new Uint8Array(readFileSync(path));
    this.file = file;
    const tail = new Reader(file, file.length - 12);
    const version = tail.u32();
    tail.u32();
    const rocks = tail.u32() === ROCKSDB_MAGIC;
    this.dialect = rocks ? 'rocksdb' : 'leveldb';
    this.formatVersion = rocks ? version : 0;
    const footerAt = file.length - (rocks ? 53 : 48);
    const footer = new Reader(file, footerAt);
    this.checksumType = rocks ? footer.u8() : 1;
    let metaindex: Handle;
    let index: Handle = { offset: 0, size: 0 };
    if (this.formatVersion >= 6) {
      footer.bytes(12);
      const size = footer.u32();
      metaindex = { offset: footerAt - 5 - size, size };
    } else {
      metaindex = handle(footer);
      index = handle(footer);
    }
    for (const e of this.entries(this.raw(metaindex))) this.meta.set(new TextDecoder().decode(e.key), handle(e.value));
    this.index = this.meta.get('rocksdb.index') ?? index;
    const properties = this.meta.get('rocksdb.properties');
    if (properties !== undefined) {
      for (const e of this.entries(this.raw(properties))) {
        this.properties.set(new TextDecoder().decode(e.key), e.value.bytes(e.value.remaining));
      }
    }
    const dictionary = this.meta.get('rocksdb.compression_dict');
    this.dictionary = dictionary === undefined ? undefined : this.raw(dictionary);
  }

  /** The type byte of a block. */
  type(h: Handle): number {
    return this.file[h.offset + h.size]!;
  }

  /** The content of a block, decompressed. */
  raw(h: Handle, dictionary?: Uint8Array): Uint8Array {
    const out = new OutputBuffer();
    const { dialect, formatVersion } = this;
    const n = decompress(
      dialect,
      formatVersion,
      this.type(h),
      this.file,
      h.offset,
      h.offset + h.size,
      out,
      dictionary,
      1 << 30,
    );
    return out.bytes.slice(0, n);
  }

  /** Entries of a data, index or meta block; with `valueless`, entries have no length of the value (index, delta). */
  *entries(block: Uint8Array, valueless = false): Generator<Entry> {
    const footer = new Reader(block, block.length - 4).u32();
    let end = block.length - 4 - 4 * (footer & 0x0fffffff);
    if (footer & 0x80000000) {
      const buckets = new Reader(block, block.length - 6).u16();
      end = block.length - 6 - buckets - 4 * (footer & 0x0fffffff);
    }
    const r = new Reader(block, 0, end);
    let key = new Uint8Array(0);
    while (r.remaining > 0) {
      const shared = r.varint32();
      const unshared = r.varint32();
      const length = valueless ? 0 : r.varint32();
      key = Uint8Array.from([...key.subarray(0, shared), ...r.bytes(unshared)]);
      const value = valueless ? r : new Reader(block, r.position, r.position + length);
      if (!valueless) r.bytes(length);
      yield { key, value, shared };
    }
  }

  #flag(name: string): boolean {
    return this.properties.get(name)?.[0] === 1;
  }

  /** Handles that an index block, an index partition or a filter's partition index lists. */
  *handles(block: Uint8Array): Generator<Handle> {
    const delta = this.#flag('rocksdb.index.value.is.delta.encoded');
    let last: Handle = { offset: 0, size: 0 };
    for (const e of this.entries(block, delta)) {
      if (!delta || e.shared === 0) {
        last = handle(e.value);
      } else {
        const z = e.value.varint64();
        last = { offset: last.offset + last.size + 5, size: last.size + (z % 2 === 0 ? z / 2 : -(z + 1) / 2) };
      }
      yield last;
    }
  }

  *dataBlocks(): Generator<Handle> {
    const type = this.properties.get('rocksdb.block.based.table.index.type')?.[0] ?? 0;
    for (const h of this.handles(this.raw(this.index))) {
      if (type === 2) yield* this.handles(this.raw(h));
      else yield h;
    }
  }

  /** User keys of point entries, with the offset of their data block. */
  *keys(): Generator<{ key: Uint8Array; block: number }> {
    for (const h of this.dataBlocks()) {
      for (const e of this.entries(this.raw(h, this.dictionary))) {
        yield { key: e.key.subarray(0, e.key.length - 8), block: h.offset };
      }
    }
  }
}

function handle(r: Reader): Handle {
  return { offset: r.varint64(), size: r.varint64() };
}
