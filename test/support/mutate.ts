/**
 * Damage with a purpose: bytes of a store's file changed so that the change is not caught by the first
 * checksum. Blocks of tables, records of logs and of blob files are changed inside and sealed again.
 */
import { concat, readU16, readU32, utf8, writeU32 } from '../../engine/base/bytes.ts';
import { crc32c, mask } from '../../engine/base/crc32c.ts';
import { blockChecksum, contextModifier } from '../../engine/formats/block/checksum.ts';
import { type BlockHandle, FOOTER_BYTES, parseFooter } from '../../engine/formats/block/footer.ts';
import { TableReader } from '../../engine/formats/block/tableReader.ts';
import { parseFileName } from '../../engine/formats/leveldb/names.ts';
import { MemFs } from '../../engine/fs/memFs.ts';
import { BYTEWISE } from '../../engine/iter/order.ts';

export type Dice = () => number;

const pick = <T>(dice: Dice, from: readonly T[]): T => from[Math.floor(dice() * from.length)] as T;
const below = (dice: Dice, n: number): number => Math.floor(dice() * n);

/** Values that decoders trip over: ends of ranges, long varints, negative lengths. */
const NASTY: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0x80, 0x00],
  [0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0, 0, 0, 0x80],
];

/** Changes a few bytes of b[start, end) in place. */
export function scramble(dice: Dice, b: Uint8Array, start: number, end: number): void {
  if (end <= start) return;
  for (let n = 1 + below(dice, 3); n > 0; n--) {
    const at = start + below(dice, end - start);
    switch (below(dice, 5)) {
      case 0:
        b[at] = (b[at] as number) ^ (1 << below(dice, 8));
        break;
      case 1:
        b[at] = below(dice, 256);
        break;
      case 2: {
        const from = start + below(dice, end - start);
        const n = Math.min(end - at, end - from, 1 + below(dice, 32));
        b.copyWithin(at, from, from + n);
        break;
      }
      default:
        for (const [i, byte] of pick(dice, NASTY).entries()) if (at + i < end) b[at + i] = byte;
    }
  }
}

/** A block of a table and what it is. */
export interface Part {
  readonly what: string;
  readonly handle: BlockHandle;
}

export function tableParts(file: Uint8Array, dialect: 'leveldb' | 'rocksdb'): Part[] {
  const fs = new MemFs();
  fs.put('/t', file);
  const table = new TableReader(fs.open('/t', 'read'), { dialect, order: BYTEWISE });
  const parts: Part[] = [{ what: 'metaindex', handle: table.footer.metaindex }];
  if (table.footer.index !== null) parts.push({ what: 'index', handle: table.footer.index });
  for (const { name, handle } of table.metaBlocks()) parts.push({ what: name, handle });
  for (let i = 0; i < table.index.count; i++) {
    parts.push({ what: 'data', handle: { offset: table.index.offset(i), size: table.index.size(i) } });
  }
  return parts;
}

/** Writes the checksum that fits the block's bytes behind it. */
export function sealBlock(file: Uint8Array, { offset, size }: BlockHandle): void {
  const footer = parseFooter(file.slice(-FOOTER_BYTES), file.length);
  const sum = (blockChecksum(footer.checksum, file, offset, size) ?? 0) + contextModifier(footer.contextBase, offset);
  writeU32(file, offset + size + 1, sum >>> 0);
}

/** The footer's own checksum, from format_version 6 on. */
function sealFooter(file: Uint8Array): void {
  const start = file.length - FOOTER_BYTES;
  if (start < 0 || readU32(file, start + 1) !== 0x007a003e) return;
  const copy = file.slice(start);
  copy.fill(0, 5, 9);
  const sum =
    (blockChecksum(file[start] as number, copy, 0, FOOTER_BYTES - 1) ?? 0) +
    contextModifier(readU32(file, start + 9), start);
  writeU32(file, start + 5, sum >>> 0);
}

export interface LogRecord {
  readonly at: number;
  readonly header: number;
  readonly length: number;
}

/** Physical records of a log or MANIFEST (rocksdb-leveldb.md §2). */
export function logRecords(file: Uint8Array): LogRecord[] {
  const out: LogRecord[] = [];
  for (let at = 0; at + 7 <= file.length; ) {
    const left = 32_768 - (at % 32_768);
    if (left < 7) {
      at += left;
      continue;
    }
    const type = file[at + 6] as number;
    const length = readU16(file, at + 4);
    const header = type >= 5 && type <= 8 ? 11 : 7;
    if (type === 0 || header + length > left || at + header + length > file.length) break;
    out.push({ at, header, length });
    at += header + length;
  }
  return out;
}

export function sealRecord(file: Uint8Array, { at, header, length }: LogRecord): void {
  writeU32(file, at, mask(crc32c(file, at + 6, at + header + length)));
}

function cut(dice: Dice, file: Uint8Array): Uint8Array {
  return file.slice(0, below(dice, file.length + 1));
}

function mutateTable(dice: Dice, original: Uint8Array, dialect: 'leveldb' | 'rocksdb'): Uint8Array {
  const file = original.slice();
  if (dice() < 0.15) {
    scramble(dice, file, Math.max(0, file.length - FOOTER_BYTES), file.length);
    sealFooter(file);
    return file;
  }
  // Meta blocks are few and data blocks many; each kind gets its turn.
  const parts = tableParts(file, dialect);
  const what = pick(dice, [...new Set(parts.map((p) => p.what))]);
  const part = pick(
    dice,
    parts.filter((p) => p.what === what),
  ).handle;
  scramble(dice, file, part.offset, part.offset + part.size + (dice() < 0.2 ? 1 : 0));
  // The ends of blocks hold restart points and flags.
  if (dice() < 0.3) scramble(dice, file, Math.max(part.offset, part.offset + part.size - 12), part.offset + part.size);
  sealBlock(file, part);
  return file;
}

function mutateLog(dice: Dice, original: Uint8Array): Uint8Array {
  const file = original.slice();
  const records = logRecords(file);
  if (records.length === 0) return cut(dice, file);
  for (let n = 1 + below(dice, 2); n > 0; n--) {
    const r = pick(dice, records);
    if (dice() < 0.1) file[r.at + 6] = below(dice, 16);
    else scramble(dice, file, r.at + r.header, r.at + r.header + Math.min(r.length, dice() < 0.6 ? 40 : r.length));
    sealRecord(file, r);
  }
  if (dice() < 0.1) {
    // A record twice, or records in another order.
    const a = pick(dice, records);
    const bytes = file.slice(a.at, a.at + a.header + a.length);
    return concat([file, bytes]);
  }
  return file;
}

function mutateBlob(dice: Dice, original: Uint8Array): Uint8Array {
  const file = original.slice();
  if (dice() < 0.3) {
    scramble(dice, file, 0, 30);
    writeU32(file, 26, mask(crc32c(file, 0, 26)));
  } else {
    scramble(dice, file, 30, Math.min(file.length, 30 + 24));
    writeU32(file, 54, mask(crc32c(file, 30, 54)));
  }
  return file;
}

const CURRENTS = [
  '',
  '\n',
  'MANIFEST-000001',
  '../../etc/passwd\n',
  'MANIFEST-99999999999999999999\n',
  'CURRENT\n',
  'LOCK\n',
];

/** The file with damage of a kind that fits it. */
export function mutate(dice: Dice, name: string, file: Uint8Array, dialect: 'leveldb' | 'rocksdb'): Uint8Array {
  if (dice() < 0.08) return cut(dice, file);
  if (dice() < 0.08) {
    const raw = file.slice();
    scramble(dice, raw, 0, raw.length);
    return raw;
  }
  switch (parseFileName(name).kind) {
    case 'table':
      return mutateTable(dice, file, dialect);
    case 'manifest':
    case 'wal':
      return mutateLog(dice, file);
    case 'blob':
      return mutateBlob(dice, file);
    case 'current':
      return utf8(pick(dice, CURRENTS));
    default: {
      const raw = file.slice();
      for (let n = 0; n < 5; n++) scramble(dice, raw, 0, raw.length);
      return raw;
    }
  }
}
