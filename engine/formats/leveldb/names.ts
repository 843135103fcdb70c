/**
 * File names of a LevelDB or RocksDB directory (rocksdb-leveldb.md §1). Names come from untrusted
 * directories and from the file CURRENT: only plain names of the expected shape are ever accepted.
 */
import { strictText } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';

export type FileKind =
  | 'table'
  | 'wal'
  | 'manifest'
  | 'blob'
  | 'options'
  | 'current'
  | 'lock'
  | 'identity'
  | 'infoLog'
  | 'temp'
  | 'unknown';

export interface FileName {
  readonly kind: FileKind;
  /** The file number; null where the kind has none. */
  readonly number: number | null;
}

const BY_EXTENSION: Readonly<Record<string, FileKind>> = {
  sst: 'table',
  ldb: 'table',
  log: 'wal',
  blob: 'blob',
  dbtmp: 'temp',
};

const UNKNOWN: FileName = { kind: 'unknown', number: null };

/** A decimal file number; undefined above 2^53 - 1, which no counter reaches. */
function fileNumber(digits: string): number | undefined {
  const n = Number(digits);
  return Number.isSafeInteger(n) ? n : undefined;
}

/** Digits at the beginning of a name, counted up to 21. */
function leadingDigits(name: string): number {
  let n = 0;
  while (n < name.length && n <= 20) {
    const c = name.charCodeAt(n);
    if (c < 0x30 || c > 0x39) break;
    n++;
  }
  return n;
}

export function parseFileName(name: string): FileName {
  // Thousands of tables in a directory make this the one case that has to be quick.
  const digits = leadingDigits(name);
  if (digits > 0) {
    if (digits > 20 || name.charCodeAt(digits) !== 0x2e) return UNKNOWN;
    const extension = name.slice(digits + 1);
    const kind = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
    const number = fileNumber(name.slice(0, digits));
    return number === undefined || kind === undefined ? UNKNOWN : { kind, number };
  }
  switch (name) {
    case 'CURRENT':
      return { kind: 'current', number: null };
    case 'LOCK':
      return { kind: 'lock', number: null };
    case 'IDENTITY':
      return { kind: 'identity', number: null };
    case 'LOG':
    case 'LOG.old':
      return { kind: 'infoLog', number: null };
    default:
  }
  const prefixed = /^(MANIFEST|OPTIONS)-(\d{1,20})(\.dbtmp)?$/.exec(name);
  if (prefixed !== null) {
    const number = fileNumber(prefixed[2] ?? '');
    if (number === undefined) return UNKNOWN;
    if (prefixed[3] !== undefined) return { kind: 'temp', number };
    return { kind: prefixed[1] === 'MANIFEST' ? 'manifest' : 'options', number };
  }
  const oldLog = /^LOG\.old\.(\d{1,20})$/.exec(name);
  if (oldLog !== null) return { kind: 'infoLog', number: fileNumber(oldLog[1] ?? '') ?? null };
  if (/^[A-Za-z0-9_-]+_LOG(\.old\.\d{1,20})?$/.test(name)) return { kind: 'infoLog', number: null };
  if (/^(METADB|COMPACTION_PROGRESS)-\d{1,20}$/.test(name)) return { kind: 'temp', number: null };
  return UNKNOWN;
}

/** The directory of a level's tables in Basho's LevelDB. */
export function tierName(level: number): string {
  return `sst_${level}`;
}

export function isTier(name: string): boolean {
  return /^sst_[0-6]$/.test(name);
}

/** Whether the name ends as a table's does: a quick way past the bulk of a large directory. */
export function endsAsTable(name: string): boolean {
  return name.endsWith('.sst') || name.endsWith('.ldb');
}

/** Six digits are a minimum width. */
function padded(number: number): string {
  return String(number).padStart(6, '0');
}

/** RocksDB writes `sst`, LevelDB `ldb`; each opens the other's name too. */
export function tableFileName(number: number, extension: 'sst' | 'ldb'): string {
  return `${padded(number)}.${extension}`;
}

export function walFileName(number: number): string {
  return `${padded(number)}.log`;
}

export function blobFileName(number: number): string {
  return `${padded(number)}.blob`;
}

export function manifestFileName(number: number): string {
  return `MANIFEST-${padded(number)}`;
}

export function optionsFileName(number: number): string {
  return `OPTIONS-${padded(number)}`;
}

export function tempFileName(number: number): string {
  return `${padded(number)}.dbtmp`;
}

/** Longest CURRENT that can be right: `MANIFEST-`, 20 digits and the newline. */
export const CURRENT_BYTES_MAX = 30;

/**
 * The MANIFEST's name out of the content of CURRENT. Anything but `MANIFEST-<digits>\n` is CORRUPT:
 * a name with a path in it would lead the reader out of the store.
 */
export function manifestFromCurrent(bytes: Uint8Array): string {
  const place = { path: 'CURRENT', offset: 0, mend: 'write the name of the newest MANIFEST and a newline into it' };
  if (bytes.length === 0) throw corrupt('CURRENT is empty', place);
  const content = bytes.length <= CURRENT_BYTES_MAX ? strictText(bytes) : undefined;
  if (content === undefined) throw corrupt('CURRENT does not hold the name of a MANIFEST', place);
  if (!content.endsWith('\n')) throw corrupt('CURRENT does not end with a newline', place);
  const name = content.slice(0, -1);
  if (parseFileName(name).kind !== 'manifest') throw corrupt('CURRENT does not hold the name of a MANIFEST', place);
  return name;
}
