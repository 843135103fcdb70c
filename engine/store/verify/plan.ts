/** What there is to check in a store, and what its directory says without reading a file in full. */
import { strictText } from '../../base/bytes.ts';
import { oneLine, type Problem, toStoreError } from '../../base/errors.ts';
import type { BlockDialect } from '../../formats/block/blockCursor.ts';
import { endsAsTable, parseFileName } from '../../formats/leveldb/names.ts';
import type { NewFile } from '../../formats/leveldb/versionEdit.ts';
import { STACKED_DIRECTORY } from '../../formats/rocksdb/blobFiles.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { checkLevels } from '../../model/check.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { Finding } from '../../model/verify.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import type { VerifyTask } from './tasks.ts';
import type { TableTask } from './verifyTable.ts';

export interface VerifyPlan {
  /** Largest files first, so that threads end together. */
  readonly tasks: readonly VerifyTask[];
  readonly totalBytes: number;
  readonly findings: readonly Finding[];
  /** Of small files that were read while planning. */
  readonly files: number;
  readonly bytes: number;
  readonly unchecked: readonly string[];
}

const SMALL_FILE_MAX = 1 << 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const damage = (p: Problem): Finding => ({ severity: 'damage', ...p });
const notice = (p: Problem): Finding => ({ severity: 'notice', ...p });

/** `checksumsOnly`: of tables nothing but the checksums of their blocks. */
export function planVerify(view: StoreView, checksumsOnly = false): VerifyPlan {
  const { fs, directory, dialect } = view.shared;
  const { snapshot, version } = view;
  const { manifest, names } = snapshot;
  const tasks: VerifyTask[] = [];
  const findings: Finding[] = [];
  const unchecked: string[] = [];
  for (const p of version.problems) {
    // Tables that stand in no edit that could be read are what follows from a damaged MANIFEST, not damage.
    const follows = manifest.damaged && p.offset === undefined && p.code === 'CORRUPT';
    findings.push(p.code === 'UNSUPPORTED' || follows ? notice(p) : damage(p));
  }
  // The logs' problems are found by checking the logs.
  const elsewhere = new Set([...manifest.problems, ...snapshot.replay.problems].map((p) => p.path));
  for (const p of snapshot.problems) if (!elsewhere.has(p.path)) findings.push(damage(p));
  const sizes = new Map<VerifyTask, number>();
  const add = (task: VerifyTask): void => {
    tasks.push(task);
    sizes.set(task, sizeOf(fs, directory, task.file));
  };
  if (manifest.file !== '') {
    add({ kind: 'manifest', directory, dialect: dialect.block, file: manifest.file, number: undefined });
  }
  const known = new Set<string>([manifest.file]);
  for (const family of version.families.values()) {
    if (!manifest.damaged)
      findings.push(...levelFindings(family, view.lastSequence, manifest.file, dialect.overlapLevels));
    for (const info of family.tables) {
      known.add(info.file);
      if (!version.broken.has(info.number))
        add({ ...tableTask(directory, dialect.block, family, info), checksumsOnly });
    }
    for (const blob of family.view.blobFiles) {
      known.add(blob.file);
      if (names.includes(blob.file) || snapshot.places !== undefined)
        add({ kind: 'blob', directory, file: blob.file, count: blob.count, bytes: blob.bytes });
    }
  }
  for (const name of names) {
    const { kind, number } = endsAsTable(name) ? { kind: 'table' as const, number: null } : parseFileName(name);
    if (kind === 'wal' && number !== null) add({ kind: 'wal', directory, dialect: dialect.block, file: name, number });
    else if ((kind === 'table' || kind === 'blob' || kind === 'manifest' || kind === 'temp') && !known.has(name)) {
      findings.push(
        notice({
          code: 'INPUT',
          path: name,
          message: `nothing of the store refers to this file: an orphan of ${formatSize(sizeOf(fs, directory, name))}`,
          mend: 'the engine removes it when it next opens the store for writing',
        }),
      );
    }
  }
  if (snapshot.walDirectory !== undefined) {
    for (const { file, number } of snapshot.replay.files)
      add({ kind: 'wal', directory, dialect: dialect.block, file, number });
  }
  for (const file of stackedBlobFiles(fs, directory, names)) {
    add({ kind: 'blob', directory, file, count: undefined, bytes: undefined });
  }
  let files = 0;
  let bytes = 0;
  for (const name of ['CURRENT', 'IDENTITY', snapshot.options.file]) {
    if (name === undefined || !names.includes(name)) continue;
    files++;
    bytes += sizeOf(fs, directory, name);
  }
  if (names.includes('IDENTITY')) findings.push(...identityFindings(fs, directory, manifest.databaseId));
  if (snapshot.options.file !== undefined) unchecked.push(`${snapshot.options.file}: the format has no checksum`);
  tasks.sort((a, b) => (sizes.get(b) as number) - (sizes.get(a) as number));
  const totalBytes = [...sizes.values()].reduce((sum, n) => sum + n, 0);
  return { tasks, totalBytes, findings, files, bytes, unchecked };
}

/** Blob files of the stacked BlobDB, of which the MANIFEST knows nothing. */
function stackedBlobFiles(fs: FileSystem, directory: string, names: readonly string[]): string[] {
  if (!names.includes(STACKED_DIRECTORY)) return [];
  try {
    const inside = fs.list(joinPath(directory, STACKED_DIRECTORY));
    return inside.filter((n) => parseFileName(n).kind === 'blob').map((n) => `${STACKED_DIRECTORY}/${n}`);
  } catch {
    return [];
  }
}

/** For a directory whose MANIFEST cannot be used: every file by itself. */
export function planFiles(fs: FileSystem, directory: string, dialect: BlockDialect, why: Problem): VerifyPlan {
  const tasks: VerifyTask[] = [];
  let totalBytes = 0;
  for (const file of fs.list(directory)) {
    const { kind, number } = parseFileName(file);
    const task = fileTask(directory, dialect, file, kind, number);
    if (task === undefined) continue;
    tasks.push(task);
    totalBytes += sizeOf(fs, directory, file);
  }
  return { tasks, totalBytes, findings: [damage(why)], files: 0, bytes: 0, unchecked: [] };
}

/** The check of one file by what its name says; undefined for one that has no checksums. */
export function fileTask(
  directory: string,
  dialect: BlockDialect,
  file: string,
  kind: string,
  number: number | null,
): VerifyTask | undefined {
  switch (kind) {
    case 'table':
      return {
        kind: 'table',
        directory,
        dialect,
        comparator: '',
        info: undefined,
        file,
        timestampsStripped: false,
      };
    case 'wal':
    case 'manifest':
      return { kind, directory, dialect, file, number: kind === 'wal' && number !== null ? number : undefined };
    case 'blob':
      return { kind: 'blob', directory, file, count: undefined, bytes: undefined };
    default:
      return undefined;
  }
}

function tableTask(directory: string, dialect: BlockDialect, family: FamilyVersion, info: TableInfo): TableTask {
  const edit: NewFile | undefined = family.state.tables.get(info.number);
  const { checksum, checksumFunction } = edit ?? {};
  return {
    kind: 'table',
    directory,
    dialect,
    comparator: family.state.comparator,
    info,
    file: info.file,
    timestampsStripped: !family.state.timestampsPersisted || edit?.timestampsPersisted === false,
    ...(checksum === undefined || checksumFunction === undefined
      ? {}
      : { checksum: { name: checksumFunction, value: checksum } }),
  };
}

function levelFindings(
  family: FamilyVersion,
  lastSequence: number,
  manifest: string,
  overlapLevels: number,
): Finding[] {
  const { order, state } = family;
  if (!order.known) return [];
  const compare = (a: Uint8Array, b: Uint8Array): number => order.compareUser(a, 0, a.length, b, 0, b.length);
  return checkLevels(family.view, compare, { lastSequence, overlapLevels }).map((f) => {
    const message = oneLine(`column family ${state.name}, level ${f.level}: ${f.message}`);
    return damage({ code: 'CORRUPT', path: manifest, message });
  });
}

/** IDENTITY holds the database's id, which newer MANIFESTs and all tables repeat. */
function identityFindings(fs: FileSystem, directory: string, databaseId: string | undefined): Finding[] {
  try {
    const bytes = readSmall(fs, joinPath(directory, 'IDENTITY'));
    const id = (strictText(bytes) ?? '').replace(/\n$/, '');
    if (databaseId !== undefined && databaseId !== '' && id !== databaseId) {
      return [damage({ code: 'CORRUPT', path: 'IDENTITY', offset: 0, message: 'holds another id than the MANIFEST' })];
    }
    return UUID.test(id) || databaseId !== undefined
      ? []
      : [damage({ code: 'CORRUPT', path: 'IDENTITY', offset: 0, message: 'does not hold the id of a database' })];
  } catch (thrown) {
    return [damage(toStoreError(thrown, { path: 'IDENTITY' }).toProblem())];
  }
}

function readSmall(fs: FileSystem, path: string): Uint8Array {
  const file = fs.open(path, 'read');
  try {
    const bytes = new Uint8Array(Math.min(file.size(), SMALL_FILE_MAX));
    return bytes.subarray(0, file.readAt(bytes, 0));
  } finally {
    file.close();
  }
}

function sizeOf(fs: FileSystem, directory: string, name: string): number {
  try {
    return fs.stat(joinPath(directory, name)).size;
  } catch {
    return 0;
  }
}

function formatSize(bytes: number): string {
  return `${bytes} bytes`;
}
