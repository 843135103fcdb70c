/**
 * A block-based table, from its footer backward to its data blocks (rocksdb-leveldb.md §6).
 *
 * A line about something inside of an uncompressed block carries the offset of just that; what stands in a
 * compressed block has no place of its own in the file, and carries the block's.
 */
import { readU32 } from '../../base/bytes.ts';
import { corrupt, StoreError, toStoreError } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { compressionName, decompress, OutputBuffer } from '../../codec/registry.ts';
import { BlockCursor, type BlockDialect } from '../../formats/block/blockCursor.ts';
import { blockIsIntact, checksumName, TRAILER_BYTES } from '../../formats/block/checksum.ts';
import { BASHO_COUNTERS } from '../../formats/block/filter/tableFilter.ts';
import {
  type BlockHandle,
  checkHandle,
  FOOTER_BYTES,
  type Footer,
  parseFooter,
  readHandle,
} from '../../formats/block/footer.ts';
import { IndexBlock } from '../../formats/block/indexBlock.ts';
import { Properties, readMetaBlock, walkMetaBlock } from '../../formats/block/properties.ts';
import { type RawBlock, TableReader } from '../../formats/block/tableReader.ts';
import { typeName } from '../../formats/leveldb/internalKey.ts';
import type { FileHandle } from '../../fs/fileSystem.ts';
import { BYTEWISE, keyOrder } from '../../iter/order.ts';
import { blockSize, guessFooter, SEARCH_BYTES } from './blockSearch.ts';
import { clipped, type Lines, shownError, shownKey, withoutOffset } from './line.ts';
import { entryValue } from './value.ts';

const PROPERTY_CHARS = 1000;
/** A raw block may be this much larger than the file that holds it. */
const EXPANSION_BYTES_MAX = 64 << 20;
const SEPARATED_KEY_VALUE = 0x1000_0000;

export function* dumpTable(file: FileHandle, lines: Lines): Generator<string, void> {
  const size = file.size();
  let footer: Footer;
  try {
    const tail = new Uint8Array(Math.min(size, FOOTER_BYTES));
    file.readAt(tail, size - tail.length);
    footer = parseFooter(tail, size);
  } catch (thrown) {
    yield lines.at(0, `table, ${size} bytes`);
    const e = shownError(thrown);
    yield lines.damage(e, Math.max(0, size - FOOTER_BYTES));
    const guessed = e.code === 'CORRUPT' ? guessFooter(file) : undefined;
    if (guessed !== undefined) yield* new TableDump(file, lines, guessed).search();
    return;
  }
  yield* new TableDump(file, lines, footer).lines();
}

class EntryWalk extends BlockCursor {
  step(): boolean {
    return this.nextInBlock();
  }
}

class TableDump {
  readonly #file: FileHandle;
  readonly #lines: Lines;
  readonly #footer: Footer;
  readonly #dialect: BlockDialect;
  readonly #metaindex: ReadonlyMap<string, Uint8Array> | StoreError;
  /** What cannot be opened as a whole is still read block by block. */
  readonly #table: TableReader | StoreError;
  readonly #output = new OutputBuffer();
  readonly #scratch = new OutputBuffer();
  /** Bytes of user timestamp that end the keys of this table. */
  #timestampSize = 0;

  constructor(file: FileHandle, lines: Lines, footer: Footer) {
    this.#file = file;
    this.#lines = lines;
    this.#footer = footer;
    this.#metaindex = attempt(() => readMetaBlock(this.#bare(footer.metaindex, 'leveldb').bytes));
    const names = this.#metaindex instanceof StoreError ? [] : [...this.#metaindex.keys()];
    const rocks = footer.formatVersion > 0 || names.some((n) => n.startsWith('rocksdb.'));
    this.#dialect = rocks ? 'rocksdb' : names.includes(BASHO_COUNTERS) ? 'eleveldb' : 'leveldb';
    // The bytewise order leaves keys as they are stored.
    this.#table = attempt(() => new TableReader(file, { dialect: this.#dialect, order: BYTEWISE }));
  }

  *lines(): Generator<string, void> {
    yield* this.#head();
    yield* this.#properties();
    if (this.#table instanceof StoreError) {
      yield this.#lines.damage(this.#table, this.#footer.offset);
      yield* this.#rangeDeletions();
      yield* this.search();
      return;
    }
    yield* this.#index(this.#table);
    yield* this.#filter(this.#table);
    yield* this.#rangeDeletions();
    yield* this.#data(this.#table);
  }

  *#head(): Generator<string, void> {
    const f = this.#footer;
    const engine =
      this.#dialect === 'rocksdb' ? 'RocksDB' : this.#dialect === 'eleveldb' ? "Basho's LevelDB" : 'LevelDB';
    yield this.#lines.at(0, `table of ${engine}, ${this.#file.size()} bytes`);
    const index = f.index === null ? '' : `, index at ${f.index.offset} size ${f.index.size}`;
    const context = f.contextBase === 0 ? '' : `, context base 0x${f.contextBase.toString(16).padStart(8, '0')}`;
    yield this.#lines.at(
      f.offset,
      `footer: format_version ${f.formatVersion}, checksum ${checksumName(f.checksum)}, ` +
        `metaindex at ${f.metaindex.offset} size ${f.metaindex.size}${index}${context}`,
    );
    if (this.#metaindex instanceof StoreError) {
      yield this.#lines.damage(this.#metaindex, f.metaindex.offset);
      return;
    }
    yield this.#lines.at(f.metaindex.offset, `metaindex: ${this.#metaindex.size} entries, checksum ok`);
    for (const [name, value] of this.#metaindex) {
      const handle = attempt(() => readHandle(new Reader(value)));
      const shown =
        handle instanceof StoreError ? `${handle.code}: ${handle.message}` : `at ${handle.offset} size ${handle.size}`;
      yield this.#lines.at(f.metaindex.offset, `${clipped(name, PROPERTY_CHARS)}: ${shown}`, 1);
    }
  }

  *#properties(): Generator<string, void> {
    const handle = this.#handle('rocksdb.properties') ?? this.#handle('rocksdb.stats');
    if (handle === undefined) return;
    if (handle instanceof StoreError) {
      yield this.#lines.damage(handle, this.#footer.metaindex.offset);
      return;
    }
    let checked = 'checksum ok';
    let block = attempt(() => this.#bare(handle, this.#dialect));
    const opened = this.#table instanceof StoreError ? undefined : this.#table.properties.listed();
    if (block instanceof StoreError && opened !== undefined && opened.length > 0) {
      // The global sequence number was patched in place, which the table reader has made sure of.
      checked = 'checksum ok but for the global sequence number, set after it was taken';
      const bytes = new Uint8Array(handle.size);
      this.#file.readAt(bytes, handle.offset);
      block = { bytes, compression: 0 };
    }
    if (block instanceof StoreError) {
      yield this.#lines.damage(block, handle.offset);
      return;
    }
    const { bytes, compression } = block;
    const places: { name: string; at: number }[] = [];
    try {
      walkMetaBlock(bytes, (name, at) => places.push({ name, at }));
    } catch (thrown) {
      yield this.#lines.damage(withoutOffset(shownError(thrown)), handle.offset);
      return;
    }
    const properties = new Properties(readMetaBlock(bytes));
    const values = new Map(properties.listed().map((p) => [p.name, p.value]));
    yield this.#lines.at(handle.offset, `properties: ${values.size}, ${checked}`);
    for (const { name, at } of places) {
      const offset = compression === 0 ? handle.offset + at : handle.offset;
      yield this.#lines.at(
        offset,
        `${clipped(name, PROPERTY_CHARS)} = ${clipped(values.get(name) ?? '', PROPERTY_CHARS)}`,
        1,
      );
    }
    const persisted = properties.number('rocksdb.user.defined.timestamps.persisted') ?? 1;
    if (persisted !== 0) this.#timestampSize = keyOrder(properties.text('rocksdb.comparator') ?? '').timestampSize;
  }

  *#index(table: TableReader): Generator<string, void> {
    const { index } = table;
    const handle = this.#footer.index ?? this.#handle('rocksdb.index');
    const offset = handle === undefined || handle instanceof StoreError ? this.#footer.offset : handle.offset;
    yield this.#lines.at(offset, `index: ${table.indexType}, ${index.count} data blocks`);
    const properties = this.#handle('rocksdb.properties');
    const said = [this.#footer.metaindex.offset, properties instanceof StoreError ? undefined : properties?.offset];
    for (const p of table.problems) if (!said.includes(p.offset)) yield this.#lines.damage(p, offset, 1);
    if (table.indexType !== 'two-level' || handle === undefined || handle instanceof StoreError) {
      yield* this.#indexEntries(index, offset, 0);
      return;
    }
    const decode = (h: BlockHandle): IndexBlock =>
      IndexBlock.decode(table.readOwned(h), table.indexFlags, this.#footer.offset, true);
    const top = decode(handle);
    let first = 0;
    for (let i = 0; i < top.count; i++) {
      const h = { offset: top.offset(i), size: top.size(i) };
      yield this.#lines.at(
        offset,
        `partition ${i}: up to ${shownKey(top.separator(i))}, at ${h.offset} size ${h.size}`,
        1,
      );
      const part = attempt(() => decode(h));
      // A damaged partition was named above, among the table's problems.
      if (part instanceof StoreError) continue;
      yield* this.#indexEntries(part, h.offset, first);
      first += part.count;
    }
  }

  *#indexEntries(index: IndexBlock, offset: number, first: number): Generator<string, void> {
    for (let i = 0; i < index.count; i++) {
      yield this.#lines.at(
        offset,
        `[${first + i}] up to ${shownKey(index.separator(i))}: at ${index.offset(i)} size ${index.size(i)}`,
        1,
      );
    }
  }

  *#filter(table: TableReader): Generator<string, void> {
    if (this.#metaindex instanceof StoreError) return;
    const known = table.problems.length;
    const filter = table.filter();
    for (const name of this.#metaindex.keys()) {
      if (!/^(filter|fullfilter|partitionedfilter)\./.test(name)) continue;
      const handle = this.#handle(name);
      if (handle === undefined || handle instanceof StoreError) continue;
      const shown =
        filter?.name === name
          ? `${filter.kind}, ${filter.bytes} bytes${filter.partitions > 1 ? ` in ${filter.partitions} partitions` : ''}`
          : `${handle.size} bytes, not usable here`;
      yield this.#lines.at(handle.offset, `filter ${clipped(name, PROPERTY_CHARS)}: ${shown}`);
    }
    for (const p of table.problems.slice(known)) yield this.#lines.damage(p, this.#footer.offset, 1);
  }

  *#rangeDeletions(): Generator<string, void> {
    const handle = this.#handle('rocksdb.range_del');
    if (handle === undefined) return;
    if (handle instanceof StoreError) {
      yield this.#lines.damage(handle, this.#footer.metaindex.offset);
      return;
    }
    const block = attempt(() => this.#bare(handle, this.#dialect));
    if (block instanceof StoreError) {
      yield this.#lines.damage(block, handle.offset);
      return;
    }
    yield this.#lines.at(handle.offset, 'range deletions, checksum ok');
    const { bytes, compression } = block;
    yield* this.#entries({ bytes, start: 0, length: bytes.length, compression }, handle.offset, '');
  }

  *#data(table: TableReader): Generator<string, void> {
    const { index } = table;
    const raw: RawBlock = { bytes: new Uint8Array(0), start: 0, length: 0, compression: 0 };
    for (let i = 0; i < index.count; i++) {
      const offset = index.offset(i);
      const size = index.size(i);
      try {
        table.readBlock(offset, size, this.#scratch, this.#output, raw);
      } catch (thrown) {
        const e = shownError(thrown);
        yield this.#lines.at(offset, `data block ${i}: size ${size}`);
        yield this.#lines.at(offset, `${e.code}: ${e.message}`, 1);
        continue;
      }
      const codec = table.compressionName(raw.compression);
      yield this.#lines.at(
        offset,
        `data block ${i}: size ${size}, compression ${codec}, raw size ${raw.length}, checksum ok`,
      );
      yield* this.#entries(raw, offset, `${i}.`);
    }
  }

  /**
   * Data blocks without an index: each begins where the one before ends, and its checksum tells where that is.
   * Ends where no block is found, since the next one could begin anywhere.
   */
  *search(): Generator<string, void> {
    const limit = this.#dataEnd();
    const window = new Uint8Array(Math.min(SEARCH_BYTES, limit));
    let offset = 0;
    for (let i = 0; offset < limit; i++) {
      const n = Math.min(this.#file.readAt(window, offset), limit - offset);
      const size = blockSize(this.#footer, window, 0, n, offset);
      if (size < 0) {
        yield this.#lines.at(offset, 'no block whose checksum is right begins here; the rest cannot be found');
        return;
      }
      const block = attempt(() => this.#bare({ offset, size }, this.#dialect));
      if (block instanceof StoreError) {
        yield this.#lines.damage(block, offset);
      } else {
        const { bytes, compression } = block;
        const codec = compressionName(this.#dialect, compression);
        yield this.#lines.at(
          offset,
          `data block ${i}, found without the index: size ${size}, compression ${codec}, raw size ${bytes.length}, checksum ok`,
        );
        yield* this.#entries({ bytes, start: 0, length: bytes.length, compression }, offset, `${i}.`);
      }
      offset += size + TRAILER_BYTES;
    }
  }

  /** Where the first block begins that is known to hold no entries. */
  #dataEnd(): number {
    let end = Math.min(this.#footer.metaindex.offset, this.#footer.index?.offset ?? this.#footer.offset);
    if (this.#metaindex instanceof StoreError) return end;
    for (const name of this.#metaindex.keys()) {
      const handle = this.#handle(name);
      if (handle !== undefined && !(handle instanceof StoreError) && handle.size > 0)
        end = Math.min(end, handle.offset);
    }
    return end;
  }

  /** The entries of a raw block that stands at `offset`; `prefix` goes before their numbers. */
  *#entries(raw: RawBlock, offset: number, prefix: string): Generator<string, void> {
    const walk = new EntryWalk();
    let n = 0;
    let at = raw.start;
    try {
      walk.loadBlock(raw.bytes, raw.start, raw.length, this.#dialect);
      const footer = readU32(raw.bytes, raw.start + raw.length - 4);
      const separated = this.#dialect === 'rocksdb' && (footer & SEPARATED_KEY_VALUE) !== 0;
      const exact = raw.compression === 0 && !separated;
      while (walk.step()) {
        yield this.#lines.at(exact ? offset + at - raw.start : offset, this.#entry(walk, `${prefix}${n}`), 1);
        at = walk.valueStart + walk.valueLength;
        n++;
      }
    } catch (thrown) {
      const e = shownError(thrown);
      yield this.#lines.at(offset, `${e.code}: entry ${prefix}${n}, at ${e.offset ?? 0} in the block: ${e.message}`, 1);
    }
  }

  #entry(c: EntryWalk, number: string): string {
    const ts = c.keyLength >= this.#timestampSize ? this.#timestampSize : 0;
    const key = c.keyBuffer.subarray(0, c.keyLength - ts);
    let stamp = '';
    if (ts === 8) {
      const b = c.keyBuffer;
      const low = BigInt(readU32(b, c.keyLength - 8));
      stamp = ` timestamp ${(BigInt(readU32(b, c.keyLength - 4)) << 32n) | low}`;
    }
    const value = c.valueBuffer.subarray(c.valueStart, c.valueStart + c.valueLength);
    return `[${number}] ${shownKey(key)}${stamp} seq ${c.sequence} ${typeName(c.type)}${entryValue(c.type, value)}`;
  }

  /** The block that the metaindex gives for `name`. */
  #handle(name: string): BlockHandle | StoreError | undefined {
    if (this.#metaindex instanceof StoreError) return undefined;
    const value = this.#metaindex.get(name);
    if (value === undefined) return undefined;
    return attempt(() =>
      checkHandle(readHandle(new Reader(value)), this.#footer.offset, name, this.#footer.metaindex.offset),
    );
  }

  /** A meta block, read without the help of the rest of the table; its memory is its own. Throws StoreError. */
  #bare(h: BlockHandle, dialect: BlockDialect): { bytes: Uint8Array; compression: number } {
    const f = this.#footer;
    const stored = new Uint8Array(h.size + TRAILER_BYTES);
    if (this.#file.readAt(stored, h.offset) < stored.length)
      throw corrupt('file ends inside of a block', { offset: h.offset });
    if (!blockIsIntact(f.checksum, f.contextBase, h.offset, stored, 0, h.size)) {
      throw corrupt(`checksum of the block does not match (${h.size} bytes, ${checksumName(f.checksum)})`, {
        offset: h.offset,
      });
    }
    const compression = stored[h.size] as number;
    if (compression === 0) return { bytes: stored.subarray(0, h.size), compression };
    const output = new OutputBuffer();
    const max = this.#file.size() + EXPANSION_BYTES_MAX;
    try {
      const n = decompress(dialect, f.formatVersion, compression, stored, 0, h.size, output, undefined, max);
      return { bytes: output.bytes.subarray(0, n), compression };
    } catch (thrown) {
      const e = toStoreError(thrown);
      const codec = compressionName(dialect, compression);
      throw new StoreError(e.code, `block does not decompress (${codec}): ${e.message}`, { offset: h.offset });
    }
  }
}

/** What `read` gives, or its damage as a value. */
function attempt<T>(read: () => T): T | StoreError {
  try {
    return read();
  } catch (thrown) {
    return shownError(thrown);
  }
}
