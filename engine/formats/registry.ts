/**
 * What a folder is, told from its content: file names raise the question, the bytes of MANIFEST and
 * OPTIONS answer it. Engines whose stores are not opened yet are named, not guessed over.
 */
import { EMPTY, strictText, text } from '../base/bytes.ts';
import { oneLine, StoreError, toStoreError, unsupported } from '../base/errors.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { EngineId } from '../model/tree.ts';
import type { Detection } from './driver.ts';
import { LogReader } from './leveldb/logReader.ts';
import { endsAsTable, isTier, parseFileName } from './leveldb/names.ts';
import { decodeElevelDbEdit, decodeLevelDbEdit } from './leveldb/versionEdit.ts';

/** Edits looked at before a MANIFEST without a tag of RocksDB's counts as LevelDB's. */
const EDITS_MAX = 256;
const HEAD_BYTES = 4096;

function head(fs: FileSystem, directory: string, name: string): Uint8Array {
  const file = fs.open(joinPath(directory, name), 'read');
  try {
    const buffer = new Uint8Array(HEAD_BYTES);
    return buffer.slice(0, file.readAt(buffer, 0));
  } finally {
    file.close();
  }
}

/** A file that cannot be read says nothing about its store; whoever needs it will name it. */
function headOrNothing(fs: FileSystem, directory: string, name: string): Uint8Array {
  try {
    return head(fs, directory, name);
  } catch {
    return EMPTY;
  }
}

function foreign(engine: EngineId, why: string, what: string): Detection {
  return { engine, confidence: 0.9, why, refusal: unsupported(`${what}: its stores are not opened yet`) };
}

/** Whether every edit of the MANIFEST could be LevelDB's; undefined if none can be read. */
function looksLevelDb(
  fs: FileSystem,
  directory: string,
  manifest: string,
  decode = decodeLevelDbEdit,
): boolean | undefined {
  const file = fs.open(joinPath(directory, manifest), 'read');
  try {
    const log = new LogReader(file, { path: manifest });
    let edits = 0;
    while (edits < EDITS_MAX && log.next()) {
      // RocksDB may begin with an empty record.
      if (log.record.length === 0) return false;
      try {
        decode(log.record);
      } catch {
        return false;
      }
      edits++;
    }
    return edits === 0 ? undefined : true;
  } finally {
    file.close();
  }
}

/** As `looksLevelDb`; a MANIFEST that cannot be read does not speak against it. */
function looksLike(fs: FileSystem, directory: string, manifest: string): boolean {
  try {
    return looksLevelDb(fs, directory, manifest, decodeElevelDbEdit) !== false;
  } catch {
    return true;
  }
}

function detectForeign(fs: FileSystem, directory: string, names: readonly string[]): Detection | undefined {
  const data = names.find((n) => /-Data\.db$/.test(n));
  if (data !== undefined) return foreign('cassandra', `it holds ${data}`, 'a Cassandra table');
  if (names.includes('MANIFEST') && text(headOrNothing(fs, directory, 'MANIFEST').subarray(0, 4)) === 'Bdgr') {
    return foreign('badger', 'its MANIFEST begins with Bdgr', 'a Badger store');
  }
  const marker = names.find((n) => n.startsWith('marker.'));
  if (marker !== undefined) return foreign('pebble', `it holds ${marker}`, 'a Pebble store');
  for (const name of names) {
    if (!name.startsWith('OPTIONS-') || parseFileName(name).kind !== 'options') continue;
    if (text(headOrNothing(fs, directory, name)).includes('pebble_version=')) {
      return foreign('pebble', `${name} has pebble_version`, 'a Pebble store');
    }
  }
  return undefined;
}

/** Longer than any name of a MANIFEST, and no text: what an encrypting environment makes of CURRENT. */
const ENCRYPTED_FROM = 512;

/** What holds stores without being one. */
function detectContainer(fs: FileSystem, directory: string, names: readonly string[]): StoreError | undefined {
  if (names.includes('meta') && names.some((n) => n === 'private' || n === 'shared_checksum' || n === 'shared')) {
    const backups = listOrNothing(fs, joinPath(directory, 'meta')).filter((n) => /^\d+$/.test(n));
    backups.sort((a, b) => Number(a) - Number(b));
    const newest = backups.at(-1);
    const which = newest === undefined ? 'without a backup in it' : `with backup ${backups.join(', ')}`;
    return unsupported(`a directory of RocksDB's BackupEngine, ${which}: it is no store itself`, {
      mend:
        newest === undefined
          ? 'name another directory'
          : `open one backup where it lies: ${joinPath(directory, `private/${newest}`)}`,
    });
  }
  if (names.includes('CURRENT')) {
    const current = headOrNothing(fs, directory, 'CURRENT');
    if (current.length >= ENCRYPTED_FROM && strictText(current) === undefined) {
      return unsupported('CURRENT is no text: the files are encrypted, and only their owner can read them', {
        path: 'CURRENT',
        offset: 0,
      });
    }
  }
  return undefined;
}

/**
 * A secondary instance of RocksDB has a directory of its own for its info log, and reads the store elsewhere; with
 * `db_log_dir` the owner's logs lie apart too. The first lines of each name the store.
 */
function infoLogsOnly(fs: FileSystem, directory: string, names: readonly string[]): StoreError | undefined {
  if (!names.every((n) => /(^|_)LOG(\.old\.\d+)?$/.test(n))) return undefined;
  const log = names.find((n) => n.endsWith('LOG')) ?? names[0] ?? '';
  const store = / SST files in (.+) dir, Total Num/.exec(text(headOrNothing(fs, directory, log)))?.[1];
  return new StoreError(
    'NOT_FOUND',
    'holds info logs only, as the directory of a secondary instance of RocksDB does, or its db_log_dir',
    {
      mend:
        store === undefined
          ? 'name the directory that holds CURRENT'
          : `the store that ${log} tells of is ${oneLine(store)}`,
    },
  );
}

function listOrNothing(fs: FileSystem, directory: string): string[] {
  try {
    return fs.list(directory);
  } catch {
    return [];
  }
}

function statOf(fs: FileSystem, directory: string) {
  try {
    return fs.stat(directory);
  } catch (thrown) {
    throw toStoreError(thrown, { path: directory, mend: 'name the directory that holds CURRENT' });
  }
}

/**
 * Throws one clear error if the path cannot be looked into or holds nothing of a store.
 */
export function detectStore(fs: FileSystem, directory: string): Detection {
  const stat = statOf(fs, directory);
  if (!stat.isDirectory) {
    throw new StoreError('INPUT', 'is a file, not the directory of a store', {
      path: directory,
      mend: 'name the directory that holds CURRENT, or look into the one file with `lsm dump`',
    });
  }
  const names = fs.list(directory);
  if (names.length === 0) {
    throw new StoreError('NOT_FOUND', 'the directory is empty', {
      path: directory,
      mend: 'name the directory that holds CURRENT',
    });
  }
  const other = detectForeign(fs, directory, names);
  if (other !== undefined) return other;
  const container = detectContainer(fs, directory, names);
  if (container !== undefined) throw container.at({ path: directory });
  const kinds = names.filter((n) => !endsAsTable(n)).map((name) => ({ name, ...parseFileName(name) }));
  const manifests = kinds.filter((f) => f.kind === 'manifest').sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
  if (manifests.length === 0 && !names.includes('CURRENT')) {
    const logs = infoLogsOnly(fs, directory, names);
    if (logs !== undefined) throw logs.at({ path: directory });
    const tables = names.filter((n) => parseFileName(n).kind === 'table').length;
    throw new StoreError(
      'NOT_FOUND',
      tables > 0
        ? `there are ${tables} tables, but neither CURRENT nor a MANIFEST to say how they belong together`
        : 'not the directory of a store: there is neither CURRENT nor a MANIFEST in it',
      {
        path: directory,
        mend: tables > 0 ? 'look into each table with `lsm dump`' : 'name the directory that holds CURRENT',
      },
    );
  }
  const tier = names.find((n) => isTier(n));
  if (tier !== undefined && manifests.length > 0 && looksLike(fs, directory, manifests[0]?.name ?? '')) {
    return { engine: 'leveldb', confidence: 1, why: `its tables lie in ${tier} and the like`, variant: 'eleveldb' };
  }
  const rocksFile = kinds.find((f) => f.kind === 'options' || f.kind === 'identity');
  for (const { name } of manifests) {
    try {
      const level = looksLevelDb(fs, directory, name);
      if (level === undefined) continue;
      if (!level) return { engine: 'rocksdb', confidence: 1, why: `${name} has edits that only RocksDB writes` };
      if (rocksFile === undefined)
        return { engine: 'leveldb', confidence: 0.9, why: `${name} has LevelDB's edits only` };
    } catch (thrown) {
      const e = toStoreError(thrown, { path: name });
      if (e.code === 'IO') throw e;
    }
  }
  return rocksFile !== undefined
    ? { engine: 'rocksdb', confidence: 0.7, why: `it holds ${rocksFile.name}` }
    : { engine: 'leveldb', confidence: 0.4, why: 'it holds CURRENT and nothing of another engine' };
}
