/**
 * One data block of a table, byte by byte: each field of each entry with its bytes in hex and what they say
 * (rocksdb-leveldb.md §6, "Data block" and "Block trailer").
 *
 * A line's offset counts in the file where the block is stored as it is, and in the raw block where it is
 * compressed: the first lines say which.
 */
import { corrupt, StoreError } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { OutputBuffer } from '../../codec/registry.ts';
import { type BlockDialect, EXPIRY_BYTES, isExpiring } from '../../formats/block/blockCursor.ts';
import { blockIsIntact, checksumName, TRAILER_BYTES } from '../../formats/block/checksum.ts';
import { BASHO_COUNTERS } from '../../formats/block/filter/tableFilter.ts';
import { FOOTER_BYTES, parseFooter } from '../../formats/block/footer.ts';
import { type RawBlock, TableReader } from '../../formats/block/tableReader.ts';
import { typeName } from '../../formats/leveldb/internalKey.ts';
import type { FileHandle, FileSystem } from '../../fs/fileSystem.ts';
import { BYTEWISE } from '../../iter/order.ts';
import { counted } from '../../model/display.ts';
import { Lines, shownError, shownKey } from './line.ts';
import { entryValue } from './value.ts';

/** Bytes on a line, and lines of one value or key: a value of a megabyte is not read in hex. */
const ROW_BYTES = 16;
const ROWS_MAX = 64;
const TAG_BYTES = 8;

const RESTART_COUNT_BITS = 0x0fff_ffff;
const SEPARATED_KEY_VALUE = 0x1000_0000;
const HASH_INDEX = 0x8000_0000;

/** Throws StoreError: INPUT where no data block begins at `offset`, and for what cannot be opened. */
export function* blockLines(fs: FileSystem, path: string, offset: number): Generator<string, void> {
  const file = fs.open(path, 'read');
  try {
    const size = file.size();
    const tail = new Uint8Array(Math.min(size, FOOTER_BYTES));
    file.readAt(tail, size - tail.length);
    // A metaindex names RocksDB's own blocks; LevelDB's footer has no version.
    const footer = parseFooter(tail, size);
    const table = open(file, footer.formatVersion > 0 ? 'rocksdb' : 'leveldb');
    const block = indexOf(table, offset);
    if (block < 0) throw new StoreError('INPUT', `no data block begins at ${offset}`, { path });
    yield* annotated(file, table, block, new Lines(size));
  } finally {
    file.close();
  }
}

/** Old RocksDB tables have LevelDB's footer; their properties tell. */
function open(file: FileHandle, dialect: BlockDialect): TableReader {
  const table = new TableReader(file, { dialect, order: BYTEWISE });
  const rocks = dialect === 'leveldb' && table.properties.listed().some((p) => p.name.startsWith('rocksdb.'));
  if (rocks) return new TableReader(file, { dialect: 'rocksdb', order: BYTEWISE });
  const basho = dialect === 'leveldb' && table.metaHandle(BASHO_COUNTERS) !== undefined;
  return basho ? new TableReader(file, { dialect: 'eleveldb', order: BYTEWISE }) : table;
}

function indexOf(table: TableReader, offset: number): number {
  for (let i = 0; i < table.index.count; i++) if (table.index.offset(i) === offset) return i;
  return -1;
}

function* annotated(file: FileHandle, table: TableReader, block: number, lines: Lines): Generator<string, void> {
  const at = table.index.offset(block);
  const size = table.index.size(block);
  if (at + size + TRAILER_BYTES > file.size()) throw corrupt('the block runs past the end of the file', { offset: at });
  const stored = new Uint8Array(size + TRAILER_BYTES);
  if (file.readAt(stored, at) < stored.length) throw corrupt('file ends inside of a block', { offset: at });
  yield lines.at(
    at,
    `data block ${block} of ${table.index.count}, ${size} bytes stored, up to ${shownKey(table.index.separator(block))}`,
  );
  const raw: RawBlock = { bytes: stored, start: 0, length: size, compression: 0 };
  const damage = unpacked(table, at, stored, size, raw);
  if (damage !== undefined) yield lines.damage(damage, at);
  else if (raw.compression !== 0) {
    const codec = table.compressionName(raw.compression);
    yield lines.at(at, `compressed by ${codec}: ${raw.length} bytes raw; from here on offsets count in the raw block`);
  }
  if (damage === undefined || raw.compression === 0) {
    const base = raw.compression === 0 ? at : 0;
    try {
      yield* entries(raw, base, table.dialect, lines);
    } catch (thrown) {
      const e = shownError(thrown);
      yield lines.at(base + (e.offset ?? raw.start) - raw.start, `${e.code}: ${e.message}`);
    }
  }
  const isIntact = blockIsIntact(table.footer.checksum, table.footer.contextBase, at, stored, 0, size);
  const checksum = checksumName(table.footer.checksum);
  const name = table.compressionName(stored[size] as number);
  yield* bytes(
    stored,
    size,
    size + 1,
    at + size,
    `trailer${raw.compression === 0 ? '' : ', in the file'}: compression ${name}`,
    lines,
  );
  const verdict = isIntact ? 'matches' : 'does NOT match';
  yield* bytes(stored, size + 1, size + TRAILER_BYTES, at + size + 1, `checksum ${checksum}, ${verdict}`, lines);
}

/** Fills `raw`; where it cannot, says why, and `raw` has the stored bytes. */
function unpacked(
  table: TableReader,
  at: number,
  stored: Uint8Array,
  size: number,
  raw: RawBlock,
): StoreError | undefined {
  try {
    table.unpack(at, stored, 0, size, new OutputBuffer(), raw);
    return undefined;
  } catch (thrown) {
    raw.bytes = stored;
    raw.start = 0;
    raw.length = size;
    raw.compression = stored[size] as number;
    return shownError(thrown);
  }
}

interface Shape {
  /** Ends of the entries, and, where values stand apart, of those. */
  readonly entriesEnd: number;
  readonly restartsAt: number;
  readonly restarts: readonly number[];
  readonly isSeparated: boolean;
  readonly hashAt: number;
  readonly hashBytes: number;
}

function shapeOf(raw: RawBlock, dialect: BlockDialect): Shape {
  const { bytes: b, start, length } = raw;
  const end = start + length;
  if (length < 4) throw corrupt(`block of ${length} bytes is too short`, { offset: start });
  const footer = new Reader(b, end - 4, end).u32();
  const flags = dialect === 'rocksdb' ? footer : 0;
  const count = dialect === 'rocksdb' ? footer & RESTART_COUNT_BITS : footer;
  const isSeparated = (flags & SEPARATED_KEY_VALUE) !== 0;
  const hasHash = (flags & HASH_INDEX) !== 0;
  let tail = end - 4 - (isSeparated ? 4 : 0);
  if (tail < start + (hasHash ? 2 : 0)) throw corrupt(`block of ${length} bytes is too short`, { offset: start });
  const hashBytes = hasHash ? 2 + new Reader(b, tail - 2, tail).u16() : 0;
  tail -= hashBytes;
  if (count * 4 > tail - start) {
    throw corrupt(`block of ${length} bytes cannot hold ${count} restart points`, { offset: end - 4 });
  }
  const restartsAt = tail - count * 4;
  const reader = new Reader(b, restartsAt, tail);
  const restarts = Array.from({ length: count }, () => reader.u32());
  const values = isSeparated ? start + new Reader(b, end - 8, end - 4).u32() : restartsAt;
  if (values > restartsAt) throw corrupt('values of the block start past its end', { offset: end - 8 });
  return { entriesEnd: values, restartsAt, restarts, isSeparated, hashAt: tail, hashBytes };
}

/** `base` is the offset to show for the block's first byte. */
function* entries(raw: RawBlock, base: number, dialect: BlockDialect, lines: Lines): Generator<string, void> {
  const { bytes: b, start } = raw;
  const shape = shapeOf(raw, dialect);
  const restarts = new Set(shape.restarts);
  const place = (position: number): number => base + position - start;
  const reader = new Reader(b, start, shape.entriesEnd);
  let key = new Uint8Array(0);
  let valueAt = shape.entriesEnd;
  const apart: { readonly n: number; readonly from: number; readonly to: number; readonly type: number }[] = [];
  for (let n = 0; reader.remaining > 0; n++) {
    const at = reader.position;
    const shared = reader.varint32();
    const unshared = reader.varint32();
    const length = reader.varint32();
    const isRestart = restarts.has(at - start);
    if (shape.isSeparated && (n === 0 || isRestart)) valueAt = shape.entriesEnd + reader.varint32();
    const head = `[${n}] ${isRestart ? 'restart point, ' : ''}shared ${shared}, not shared ${unshared}, value ${length} bytes`;
    yield* bytes(b, at, reader.position, place(at), head, lines);
    const keyAt = reader.position;
    const delta = reader.bytes(unshared);
    if (shared > key.length || shared + unshared < TAG_BYTES) {
      throw corrupt(`entry ${n} shares ${shared} bytes with a key of ${key.length}`, { offset: at });
    }
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(delta, shared);
    key = next;
    const tagIn = key.length - TAG_BYTES;
    const type = key[tagIn] as number;
    const expiry = dialect === 'eleveldb' && isExpiring(type) && tagIn >= EXPIRY_BYTES ? EXPIRY_BYTES : 0;
    const user = key.subarray(0, tagIn - expiry);
    const tag = new Reader(key, tagIn);
    // Above the type stand the seven bytes of the sequence number.
    const sequence = Math.floor(tag.u64() / 256);
    // The tag may be shared in part, and then fewer than its eight bytes stand here.
    const tagAt = Math.max(keyAt, reader.position - TAG_BYTES);
    const timeAt = Math.max(keyAt, tagAt - expiry);
    yield* bytes(b, keyAt, timeAt, place(keyAt), `key ${shownKey(user)}`, lines);
    const name = expiry > 0 ? 'put' : typeName(type);
    const when = expiry > 0 ? `, ${timeWords(key, tagIn - expiry, type)}` : '';
    yield* bytes(b, timeAt, reader.position, place(timeAt), `sequence ${sequence}, ${name}${when}`, lines);
    if (shape.isSeparated) {
      if (length > shape.restartsAt - valueAt) throw corrupt(`value of entry ${n} runs past its place`, { offset: at });
      apart.push({ n, from: valueAt, to: valueAt + length, type });
      valueAt += length;
    } else {
      const from = reader.position;
      const value = reader.bytes(length);
      if (length > 0) yield* bytes(b, from, from + length, place(from), valueWords(type, value), lines);
    }
  }
  for (const { n, from, to, type } of apart) {
    yield* bytes(b, from, to, place(from), `[${n}] ${valueWords(type, b.subarray(from, to))}`, lines);
  }
  for (const [i, restart] of shape.restarts.entries()) {
    const at = shape.restartsAt + 4 * i;
    yield* bytes(b, at, at + 4, place(at), `restart point ${i}: entry at ${base + restart}`, lines);
  }
  const { hashAt, hashBytes } = shape;
  if (hashBytes > 0) {
    yield* bytes(
      b,
      hashAt,
      hashAt + hashBytes,
      place(hashAt),
      `hash index, ${counted(hashBytes - 2, 'bucket')}`,
      lines,
    );
  }
  const end = start + raw.length;
  if (shape.isSeparated) {
    yield* bytes(b, end - 8, end - 4, place(end - 8), `values begin at ${place(shape.entriesEnd)}`, lines);
  }
  yield* bytes(
    b,
    end - 4,
    end,
    place(end - 4),
    `${counted(shape.restarts.length, 'restart point')}${flagWords(shape)}`,
    lines,
  );
}

/** Microseconds since the epoch, of a writing (type 2) or an expiry (type 3). */
function timeWords(key: Uint8Array, at: number, type: number): string {
  const micros = new DataView(key.buffer, key.byteOffset + at, EXPIRY_BYTES).getBigUint64(0, true);
  return `${type === 2 ? 'written' : 'expires'} at ${micros} microseconds`;
}

function flagWords(shape: Shape): string {
  return `${shape.isSeparated ? ', values stand apart' : ''}${shape.hashBytes > 0 ? ', with a hash index' : ''}`;
}

function valueWords(type: number, value: Uint8Array): string {
  return `value${entryValue(type, value).replace(/^ = | (?=up to )/, ' ')}`;
}

/** Bytes [from, to) in hex, what they say beside the first of them. */
function* bytes(
  b: Uint8Array,
  from: number,
  to: number,
  offset: number,
  words: string,
  lines: Lines,
): Generator<string, void> {
  let said = words;
  let row = 0;
  for (let at = from; at < to; at += ROW_BYTES, row++) {
    if (row === ROWS_MAX) {
      yield lines.at(offset + at - from, `… ${to - at} more bytes`, 1);
      return;
    }
    const end = Math.min(to, at + ROW_BYTES);
    let hex = '';
    for (let i = at; i < end; i++) hex += `${(b[i] as number).toString(16).padStart(2, '0')} `;
    yield lines.at(offset + at - from, said === '' ? hex.trimEnd() : `${hex.padEnd(ROW_BYTES * 3)} ${said}`, 1);
    said = '';
  }
  // A key that is shared whole has no bytes here, and is named all the same.
  if (from === to) yield lines.at(offset, `${' '.repeat(ROW_BYTES * 3)} ${words}`, 1);
}
