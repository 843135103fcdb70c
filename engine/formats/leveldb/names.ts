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

export function parseFileName(name: string): FileName {
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
  const numbered = /^(\d{1,20})\.(sst|ldb|log|blob|dbtmp)$/.exec(name);
  if (numbered !== null) {
    const number = fileNumber(numbered[1] ?? '');
    const kind = BY_EXTENSION[numbered[2] ?? ''];
    return number === undefined || kind === undefined ? UNKNOWN : { kind, number };
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
