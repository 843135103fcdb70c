/**
 * What has to hold before a byte of a store is changed (architecture.md, decision 7): everything that
 * we could not write as its engine would have is refused, with the exact reason, and before anything
 * is touched.
 *
 * Reading knows no such gate: what is refused here can still be looked at.
 */
import { type Code, type ErrorPlace, StoreError, toStoreError } from '../base/errors.ts';
import { FOOTER_BYTES, NEWEST_FORMAT_VERSION, parseFooter, tableKind } from '../formats/block/footer.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { STACKED_DIRECTORY } from '../formats/rocksdb/blobFiles.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { TableInfo } from '../model/tree.ts';
import { readCurrent, type Snapshot } from './snapshot.ts';
import type { Version } from './version.ts';
import type { StoreView } from './view.ts';

/** A write that was refused; exit code 4 of the command line. */
export class WriteRefused extends StoreError {
  constructor(code: Code, message: string, place: ErrorPlace = {}) {
    super(code, message, place);
    this.name = 'WriteRefused';
  }

  override at(place: ErrorPlace): WriteRefused {
    return new WriteRefused(this.code, this.message, {
      path: this.path ?? place.path,
      offset: this.offset ?? place.offset,
      mend: this.mend ?? place.mend,
    });
  }
}

/** A store as it was read, about to be written to. */
export interface GateState {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly dialect: Dialect;
  readonly snapshot: Snapshot;
  readonly version: Version;
}

const COPY = 'work on a copy, or repair the store with its own engine first';

function unsupported(message: string, place: ErrorPlace = {}): WriteRefused {
  return new WriteRefused('UNSUPPORTED', `not written to: ${message}`, place);
}

function damaged(message: string, place: ErrorPlace = {}): WriteRefused {
  return new WriteRefused('READ_ONLY', `not written to: ${message}`, { mend: COPY, ...place });
}

/** Throws WriteRefused with the first reason against writing. */
export function checkWritable(state: GateState): void {
  if (state.dialect.tiers) {
    throw unsupported("Basho's LevelDB (Riak) has rules of its own for levels, directories and expiry", {
      mend: 'write through Riak, or copy what is visible into a new store',
    });
  }
  checkManifest(state);
  if (state.dialect.id === 'rocksdb') checkOptions(state);
  checkFamilies(state);
  checkLogs(state);
  checkFiles(state);
}

/** Throws WriteRefused if less than `needed` bytes are free; `free` is undefined where nobody knows. */
export function checkDisk(free: number | undefined, needed: number, directory: string): void {
  if (free === undefined || free >= needed) return;
  throw new WriteRefused('READ_ONLY', `not written to: ${needed} bytes are needed, and ${free} are free on the disk`, {
    path: directory,
    mend: 'free some disk space',
  });
}

function checkManifest({ fs, directory, snapshot }: GateState): void {
  const { manifest } = snapshot;
  if (manifest.damaged) {
    const first = manifest.problems[0];
    throw damaged(first?.message ?? 'its MANIFEST is damaged', {
      path: first?.path ?? manifest.file,
      offset: first?.offset,
    });
  }
  let current: string;
  try {
    current = readCurrent(fs, directory);
  } catch (thrown) {
    const e = toStoreError(thrown, { path: 'CURRENT' });
    throw damaged(e.message, { path: 'CURRENT', ...(e.mend === undefined ? {} : { mend: e.mend }) });
  }
  if (current !== manifest.file) {
    throw damaged(`CURRENT names ${current}, which is not there`, { path: 'CURRENT' });
  }
  if (manifest.edits === 0 || manifest.nextFileNumber === 0) {
    throw damaged('its MANIFEST names no file numbers', { path: manifest.file });
  }
}

/** Options of a database whose meaning we would break by writing on without honouring them. */
function checkOptions(state: GateState): void {
  const { snapshot, directory } = state;
  const { options } = snapshot;
  if (snapshot.places !== undefined) {
    throw unsupported('it is a backup, which shares its tables with others', { mend: 'restore it with `ldb restore`' });
  }
  const place = { path: options.file };
  if (snapshot.names.includes(STACKED_DIRECTORY)) {
    throw unsupported(`its values stand in blob files that no MANIFEST names (${STACKED_DIRECTORY})`);
  }
  const isSet = (value: string | undefined): value is string => value !== undefined && value !== '' && value !== '{}';
  if (options.problems.length > 0) {
    const first = options.problems[0];
    throw damaged(`its OPTIONS cannot be relied on: ${first?.message}`, { path: first?.path, offset: first?.offset });
  }
  const { db } = options;
  const walDirectory = db['wal_dir'];
  if (isSet(walDirectory) && !sameDirectory(walDirectory, directory) && logsLieIn(state, walDirectory)) {
    throw unsupported(`its logs lie elsewhere (wal_dir ${walDirectory})`, place);
  }
  if (isSet(db['db_paths'])) throw unsupported('its tables lie in several directories (db_paths)', place);
  if (db['track_and_verify_wals'] === 'true') {
    throw unsupported('its logs are chained to one another (track_and_verify_wals)', place);
  }
  for (const family of snapshot.manifest.families.values()) {
    const cf = options.family(family.name);
    const named = `column family ${JSON.stringify(family.name)}`;
    if (isSet(cf['cf_paths'])) throw unsupported(`tables of ${named} lie elsewhere (cf_paths)`, place);
    const factory = cf['table_factory'];
    if (isSet(factory) && factory !== 'BlockBasedTable') {
      throw unsupported(`${named} has tables of another kind (table_factory ${factory})`, place);
    }
  }
}

/** Objects that only such databases have, as OPTIONS name them. */
const TIMED_VALUES = /\bTtl(?:MergeOperator|CompactionFilter)/;

/**
 * Why no value may be written to a family, though it may be compacted: RocksDB's DBWithTTL (utilities/ttl) ends
 * every value with the time of its writing, and its owner would cut four bytes off ours.
 */
export function timedValues(view: StoreView, family: number): string | undefined {
  const { name } = view.family(family).state;
  const options = view.snapshot.options.family(name);
  const named = ['merge_operator', 'compaction_filter', 'compaction_filter_factory'].some((o) =>
    TIMED_VALUES.test(options[o] ?? ''),
  );
  return named
    ? `values of column family ${JSON.stringify(name)} carry the time of their writing (DBWithTTL)`
    : undefined;
}

function sameDirectory(option: string, directory: string): boolean {
  const plain = (path: string): string => path.replace(/[\\/]+$/, '').replace(/^\.\//, '');
  return plain(option) === plain(directory);
}

/**
 * Older versions of RocksDB state the store's own path as `wal_dir`, which a moved or copied store still
 * names: what counts is where logs are.
 */
function logsLieIn({ fs, snapshot }: GateState, walDirectory: string): boolean {
  const isLog = (name: string): boolean => parseFileName(name).kind === 'wal';
  if (snapshot.names.some(isLog)) return false;
  try {
    return fs.list(walDirectory).some(isLog);
  } catch {
    return false;
  }
}

function checkFamilies({ snapshot, version }: GateState): void {
  const { manifest } = snapshot;
  for (const { state, order } of version.families.values()) {
    const place = { path: manifest.file };
    const named = `column family ${JSON.stringify(state.name)}`;
    if (!order.known) throw unsupported(`the comparator ${state.comparator} of ${named} is not known`, place);
    if (order.prefixesAreRanges === false) {
      throw unsupported(`stores of the comparator ${state.comparator} are read and not written (${named})`, place);
    }
    if (order.timestampSize > 0 || state.fullHistoryTimestampLow !== undefined) {
      throw unsupported(`the keys of ${named} carry user timestamps`, place);
    }
    for (const file of state.tables.values()) {
      if (file.pathId !== 0)
        throw unsupported(`a table of ${named} lies in another directory (path ${file.pathId})`, place);
    }
  }
}

/** Logs that their engine would not open, or that hold what we do not write. */
function checkLogs({ dialect, snapshot }: GateState): void {
  const { replay, options, manifest } = snapshot;
  const [transaction] = replay.pending;
  if (transaction !== undefined) {
    throw unsupported(
      `${replay.pending.length} prepared ${replay.pending.length === 1 ? 'transaction waits' : 'transactions wait'} for a commit or rollback`,
      { path: `${String(transaction.logNumber).padStart(6, '0')}.log`, mend: 'finish them with the application' },
    );
  }
  const foreign = replay.problems.find((p) => p.code === 'UNSUPPORTED');
  if (foreign !== undefined) throw unsupported(foreign.message, { path: foreign.path, offset: foreign.offset });
  if (replay.problems.some((p) => p.code === 'NOT_FOUND' || p.code === 'IO')) {
    const p = replay.problems.find((q) => q.code === 'NOT_FOUND' || q.code === 'IO');
    throw damaged(p?.message ?? 'a log is missing', { path: p?.path });
  }
  if (dialect.id === 'leveldb') return;
  const mode = options.db['wal_recovery_mode'] ?? 'kPointInTimeRecovery';
  const stop = replay.files.find((f) => f.ended === 'corrupt' || !f.applied);
  const torn = replay.files.find((f) => f.ended === 'torn');
  const place = replay.problems.find((p) => p.code === 'CORRUPT');
  if (mode === 'kAbsoluteConsistency' && (stop ?? torn) !== undefined) {
    throw damaged('a log is cut off or damaged, and its wal_recovery_mode tolerates neither', {
      path: (stop ?? torn)?.file,
    });
  }
  if (stop === undefined) return;
  if (mode === 'kTolerateCorruptedTailRecords') {
    throw damaged('a log is damaged, and its wal_recovery_mode does not tolerate that', {
      path: stop.file,
      offset: place?.offset,
    });
  }
  if (mode !== 'kPointInTimeRecovery') return;
  for (const family of manifest.families.values()) {
    if (family.logNumber > stop.number && family.tables.size > 0) {
      throw damaged(`column family ${JSON.stringify(family.name)} has tables newer than the damage in a log`, {
        path: stop.file,
        offset: place?.offset,
      });
    }
  }
}

function checkFiles({ fs, directory, dialect, version }: GateState): void {
  const [broken] = version.broken.values();
  if (broken !== undefined) {
    throw damaged(broken.message, { path: broken.path, offset: broken.offset });
  }
  const missing = version.problems.find((p) => p.code === 'NOT_FOUND' || p.code === 'CORRUPT');
  if (missing !== undefined) throw damaged(missing.message, { path: missing.path });
  for (const info of version.tables.values()) checkFooter(fs, directory, dialect, info);
}

function checkFooter(fs: FileSystem, directory: string, dialect: Dialect, info: TableInfo): void {
  try {
    const file = fs.open(joinPath(directory, info.file), 'read');
    try {
      const size = file.size();
      const tail = new Uint8Array(Math.min(FOOTER_BYTES, size));
      file.readAt(tail, size - tail.length);
      const kind = tableKind(tail);
      if (kind === 'unknown') {
        throw damaged('a table does not end like one: it is damaged, or encrypted', { offset: Math.max(0, size - 8) });
      }
      const { formatVersion } = parseFooter(tail, size);
      if (dialect.id === 'leveldb' && formatVersion !== 0) {
        throw unsupported(`a table of RocksDB's format_version ${formatVersion} stands in a LevelDB store`);
      }
      if (formatVersion > NEWEST_FORMAT_VERSION) throw unsupported(`format_version ${formatVersion} is not known`);
    } finally {
      file.close();
    }
  } catch (thrown) {
    const e = toStoreError(thrown);
    if (e instanceof WriteRefused) throw e.at({ path: info.file });
    const refuse = e.code === 'UNSUPPORTED' ? unsupported : damaged;
    throw refuse(e.message, { path: info.file, offset: e.offset });
  }
}
