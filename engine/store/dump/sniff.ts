/**
 * What a single file is, told from its bytes: magic numbers, the framing of logs, the first lines of a text.
 * The name decides only where the content cannot, which is so for damaged and for empty files.
 */
import { readU32, strictText, text } from '../../base/bytes.ts';
import { FOOTER_BYTES, tableKind } from '../../formats/block/footer.ts';
import { LOG_BLOCK, LogReader } from '../../formats/leveldb/logReader.ts';
import { type FileKind, parseFileName } from '../../formats/leveldb/names.ts';
import { BatchSummary, type BatchVisitor } from '../../formats/leveldb/writeBatch.ts';
import { BLOB_MAGIC } from '../../formats/rocksdb/blob.ts';
import { decodeRocksDbEdit } from '../../formats/rocksdb/versionEdit.ts';
import { readRocksDbBatch } from '../../formats/rocksdb/writeBatch.ts';
import { baseName, type FileHandle } from '../../fs/fileSystem.ts';

export type Content =
  | { readonly kind: 'table' | 'blob' | 'manifest' | 'wal' | 'options' | 'current' | 'identity' | 'infoLog' | 'empty' }
  | { readonly kind: 'other'; readonly what: string };

const HEAD_BYTES = 4096;
/** How much of a file is searched for a log record where it does not begin with one. */
const SEARCH_BYTES = 4 * LOG_BLOCK;
/** Records looked at to tell a WAL from a MANIFEST. */
const RECORDS_MAX = 64;

export function sniff(file: FileHandle): Content {
  const size = file.size();
  if (size === 0) return { kind: 'empty' };
  const head = new Uint8Array(Math.min(size, HEAD_BYTES));
  const seen = head.subarray(0, file.readAt(head, 0));
  const tail = new Uint8Array(Math.min(size, FOOTER_BYTES));
  file.readAt(tail, size - tail.length);
  const named = parseFileName(baseName(file.path)).kind;
  if (tableKind(tail) !== 'unknown') return { kind: 'table' };
  if (seen.length >= 4 && readU32(seen, 0) === BLOB_MAGIC) return { kind: 'blob' };
  const foreign = foreignKind(seen, tail);
  if (foreign !== undefined) return { kind: 'other', what: foreign };
  const log = logKind(file, named);
  if (log !== undefined) return { kind: log };
  return textKind(seen, size, named) ?? byName(named) ?? { kind: 'other', what: describe(seen) };
}

/** For content that tells nothing: a damaged file is read as what it was named, which shows the damage. */
function byName(named: FileKind): Content | undefined {
  switch (named) {
    case 'table':
    case 'wal':
    case 'manifest':
    case 'blob':
    case 'options':
    case 'current':
    case 'infoLog':
      return { kind: named };
    default:
      return undefined;
  }
}

function textKind(head: Uint8Array, size: number, named: FileKind): Content | undefined {
  const start = text(head.subarray(0, 256));
  if (/^\d{4}\/\d\d\/\d\d-\d\d:\d\d:\d\d\.\d{6} /.test(start)) return { kind: 'infoLog' };
  const whole = headText(head, size > head.length);
  if (whole === undefined) return undefined;
  if (/^MANIFEST-\d+\n?$/.test(whole) && size <= head.length) return { kind: 'current' };
  if (/^\s*\[(Version|DBOptions|CFOptions "|TableOptions\/)/m.test(whole)) return { kind: 'options' };
  const uuid = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*$/.test(whole);
  if (uuid || (named === 'identity' && size <= head.length)) return { kind: 'identity' };
  return undefined;
}

/** The head as text where it is some: a cut last character does not count against it. */
function headText(head: Uint8Array, cut: boolean): string | undefined {
  for (let drop = 0; drop <= (cut ? 3 : 0); drop++) {
    const s = strictText(head.subarray(0, head.length - drop));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a text has no others than these
    if (s !== undefined) return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(s) ? undefined : s;
  }
  return undefined;
}

const IGNORE: BatchVisitor = { entry: () => {}, deleteRange: () => 1 };

/** Which kind of log it is, if its framing says that it is one. */
function logKind(file: FileHandle, named: FileKind): 'wal' | 'manifest' | undefined {
  const limit = Math.min(file.size(), SEARCH_BYTES);
  const part: FileHandle = {
    path: file.path,
    readAt: (into, at) =>
      at >= limit ? 0 : file.readAt(into.length > limit - at ? into.subarray(0, limit - at) : into, at),
    append: () => {},
    sync: () => {},
    size: () => limit,
    close: () => {},
  };
  const log = new LogReader(part);
  for (let records = 0; records < RECORDS_MAX; ) {
    if (!log.next()) {
      if (log.compressed || log.predecessor !== undefined || log.timestampSizes.size > 0) return 'wal';
      if (log.ended === 'corrupt' && log.resync()) continue;
      // The first record may be longer than what is looked at; its framing was right so far.
      if (log.ended === 'torn' && limit < file.size() && log.endOffset === 0 && log.problem === undefined) {
        return named === 'manifest' ? 'manifest' : 'wal';
      }
      return records === 0 ? undefined : named === 'manifest' ? 'manifest' : 'wal';
    }
    if (log.compressed || log.recyclable || log.predecessor !== undefined) return 'wal';
    records++;
    if (succeeds(() => readRocksDbBatch(log.record, IGNORE, new BatchSummary()))) return 'wal';
    if (succeeds(() => decodeRocksDbEdit(log.record))) return 'manifest';
  }
  return named === 'manifest' ? 'manifest' : 'wal';
}

function succeeds(read: () => void): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

const SIGNATURES: readonly (readonly [string, string])[] = [
  ['SQLite format 3\0', 'an SQLite database'],
  ['Bdgr', 'the MANIFEST of a Badger store'],
  ['\x1f\x8b', 'gzip data'],
  ['PK\x03\x04', 'a zip archive'],
  ['\x89PNG', 'a PNG picture'],
  ['%PDF', 'a PDF document'],
  ['\x7fELF', 'an ELF program'],
  ['\x28\xb5\x2f\xfd', 'zstd data'],
  ['PAR1', 'a Parquet file'],
];
/** The last 8 bytes of Pebble's own tables. */
const PEBBLE_MAGIC = '\xf0\x9f\xaa\xb3\xf0\x9f\xaa\xb3';

function foreignKind(head: Uint8Array, tail: Uint8Array): string | undefined {
  if (latin(tail.subarray(-8)) === PEBBLE_MAGIC) return "a table of Pebble's own format";
  const start = latin(head.subarray(0, 16));
  return SIGNATURES.find(([magic]) => start.startsWith(magic))?.[1];
}

function latin(b: Uint8Array): string {
  return String.fromCharCode(...b);
}

function describe(head: Uint8Array): string {
  if (head.every((byte) => byte === 0)) return 'zeros';
  const s = headText(head, true);
  return s === undefined ? 'binary data' : 'text';
}
