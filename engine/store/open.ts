/** Opens what a path names: a store directory, or one table file as a store of its own. */
import { StoreError } from '../base/errors.ts';
import { FOOTER_BYTES, tableKind } from '../formats/block/footer.ts';
import { TableReader } from '../formats/block/tableReader.ts';
import type { Detection } from '../formats/driver.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import { eleveldbDialect, leveldbDialect } from '../formats/leveldb/dialect.ts';
import { emptyManifest, type FamilyState } from '../formats/leveldb/manifest.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { detectStore } from '../formats/registry.ts';
import { rocksdbDialect } from '../formats/rocksdb/dialect.ts';
import { baseName, dirName, type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { BYTEWISE, keyOrder } from '../iter/order.ts';
import { StoreReader } from './reader.ts';
import { describeTable, salvageTables } from './salvageTables.ts';
import { fingerprint, readSnapshot, type Snapshot, type SnapshotSource } from './snapshot.ts';
import { buildVersion, buildView, directorySizes, type FamilyVersion, type Version } from './version.ts';
import { NO_REPLAY } from './walReplay.ts';

/** Throws StoreError: not a store, an engine that is not opened yet, or nothing that could be shown. */
export function openStore(fs: FileSystem, directory: string): StoreReader {
  const found = detectStore(fs, directory);
  if (found.refusal !== undefined) throw found.refusal.at({ path: directory });
  const dialect = dialectOf(found);
  let wals: string | undefined;
  return new StoreReader(fs, directory, dialect, {
    fingerprint: () => fingerprint(fs, directory) + (wals === undefined ? '' : `|${fingerprint(fs, wals)}`),
    read: () => {
      for (let attempt = 1; ; attempt++) {
        const snapshot = readSnapshot(fs, directory, dialect);
        wals = snapshot.walDirectory;
        const version = buildVersion(snapshot.manifest, dialect, directorySizes(fs, directory), snapshot.places);
        if (snapshot.manifest.damaged) {
          return { snapshot, version: salvageTables(fs, directory, dialect, snapshot, version) };
        }
        // A table that is gone while the store has moved on was compacted away since the MANIFEST was read.
        const gone = version.problems.some((p) => p.code === 'NOT_FOUND');
        if (!gone || attempt >= TRIES_MAX || fingerprint(fs, directory) === ownPart(snapshot))
          return { snapshot, version };
        snapshot.replay.close();
      }
    },
  });
}

/** Of a store that is LevelDB's, RocksDB's or a relative's of theirs. */
export function dialectOf({ engine, variant }: Detection): Dialect {
  if (variant === 'eleveldb') return eleveldbDialect;
  return engine === 'leveldb' ? leveldbDialect : rocksdbDialect;
}

/** Readings of a store that loses tables while it is looked at, before it is shown as it was caught. */
const TRIES_MAX = 20;

/** The fingerprint without that of logs in another directory. */
const ownPart = ({ fingerprint: whole, walDirectory }: Snapshot): string =>
  walDirectory === undefined ? whole : whole.slice(0, whole.lastIndexOf('|'));

/** Throws StoreError if the file is no block-based table. */
export function openTableFile(fs: FileSystem, path: string): StoreReader {
  const directory = dirName(path);
  const name = baseName(path);
  const dialect = dialectOfTable(fs, path);
  return new StoreReader(fs, directory, dialect, new TableFileSource(fs, directory, name, dialect));
}

/** RocksDB's tables have properties; LevelDB's have at most a filter. */
function dialectOfTable(fs: FileSystem, path: string): Dialect {
  const file = fs.open(path, 'read');
  try {
    const size = file.size();
    const tail = new Uint8Array(Math.min(size, FOOTER_BYTES));
    file.readAt(tail, size - tail.length);
    if (tableKind(tail) !== 'leveldb') return rocksdbDialect;
    const table = new TableReader(file, { dialect: 'leveldb', order: BYTEWISE });
    return table.metaBlocks().some((b) => b.name.startsWith('rocksdb.')) ? rocksdbDialect : leveldbDialect;
  } finally {
    file.close();
  }
}

class TableFileSource implements SnapshotSource {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #name: string;
  readonly #dialect: Dialect;

  constructor(fs: FileSystem, directory: string, name: string, dialect: Dialect) {
    this.#fs = fs;
    this.#directory = directory;
    this.#name = name;
    this.#dialect = dialect;
  }

  fingerprint(): string {
    const s = this.#fs.stat(joinPath(this.#directory, this.#name));
    return `${s.size}:${s.modified}:${s.inode}`;
  }

  read(): { snapshot: Snapshot; version: Version } {
    const file = this.#fs.open(joinPath(this.#directory, this.#name), 'read');
    let family: FamilyState;
    try {
      const { properties } = new TableReader(file, { dialect: this.#dialect.block, order: BYTEWISE });
      family = {
        id: 0,
        name: properties.text('rocksdb.column.family.name') ?? 'default',
        comparator: properties.text('rocksdb.comparator') ?? BYTEWISE.name,
        logNumber: 0,
        tables: new Map(),
        blobFiles: new Map(),
        timestampsPersisted: true,
        fullHistoryTimestampLow: undefined,
      };
    } finally {
      file.close();
    }
    const order = keyOrder(family.comparator);
    const number = parseFileName(this.#name).number ?? 1;
    const info = describeTable(this.#fs, this.#directory, this.#dialect, this.#name, number, 0, order);
    if (info === undefined) {
      throw new StoreError('NOT_FOUND', 'the table holds no entries that can be read', { path: this.#name });
    }
    const view = buildView(0, [info], order, []);
    const version: FamilyVersion = { state: family, order, view, tables: [info] };
    const families = new Map([[0, family]]);
    const manifest = { ...emptyManifest(''), families, lastSequence: info.largestSeq ?? 0 };
    return {
      snapshot: {
        manifest,
        replay: NO_REPLAY,
        options: { version: '', file: undefined, db: {}, family: () => ({}), problems: [] },
        names: [this.#name],
        problems: [],
        fingerprint: this.fingerprint(),
      },
      version: {
        families: new Map([[0, version]]),
        tables: new Map([[number, info]]),
        broken: new Map(),
        problems: [],
      },
    };
  }
}
