/** New tables of a store that is open for writing: how they are built, and what the MANIFEST says of them. */
import { fromHex, text } from '../base/bytes.ts';
import type { TableBuilderOptions, TableSummary } from '../formats/block/tableBuilder.ts';
import { newFileOf } from '../formats/leveldb/editEncoder.ts';
import type { NewFile } from '../formats/leveldb/versionEdit.ts';
import { sessionIdOf, uniqueIdOf } from '../formats/rocksdb/uniqueId.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import type { Snapshot } from './snapshot.ts';
import { type TableStyle, tableStyle } from './tableStyle.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';
import type { WriteEnvironment } from './writeEnvironment.ts';

/** What the MANIFEST says of a table beside its summary; RocksDB only. */
export interface TableOrigin {
  /** Order of L0 tables: see `nextEpoch`. Undefined where the store's tables have none. */
  readonly epoch?: number | undefined;
  /** Epoch seconds of the table's oldest data; by default now. */
  readonly oldestAncestorTime?: number | undefined;
}

/** RocksDB: the MANIFEST's id wins over the file IDENTITY. */
function readDatabaseId(fs: FileSystem, directory: string, snapshot: Snapshot): string | undefined {
  if (snapshot.manifest.databaseId !== undefined) return snapshot.manifest.databaseId;
  try {
    const file = fs.open(joinPath(directory, 'IDENTITY'), 'read');
    try {
      const bytes = new Uint8Array(256);
      return text(bytes.subarray(0, file.readAt(bytes, 0))).trim() || undefined;
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}

/** 32 bits of a random UUID; never 0, which would mean "no context". */
function randomWord(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) >>> 0 || 1;
}

export class NewTables {
  readonly #env: WriteEnvironment;
  readonly #leveldb: boolean;
  readonly #databaseId: string | undefined;
  /** One for each time that the store is opened, as the engine has it. */
  readonly #sessionId: string;
  readonly #styles = new Map<string, TableStyle>();

  constructor(env: WriteEnvironment, directory: string, leveldb: boolean, snapshot: Snapshot) {
    this.#env = env;
    this.#leveldb = leveldb;
    this.#databaseId = leveldb ? undefined : readDatabaseId(env.fs, directory, snapshot);
    this.#sessionId = sessionIdOf(fromHex(env.id().replaceAll('-', '')) ?? new Uint8Array(16));
  }

  /** Forgets what it concluded from the tables of an older version. */
  reset(): void {
    this.#styles.clear();
  }

  /** How a table of a family is to be built. `number` is its file number. */
  options(view: StoreView, family: FamilyVersion, level: number, number: number): TableBuilderOptions {
    const name = `${family.state.id}:${level}`;
    let style = this.#styles.get(name);
    if (style === undefined) {
      style = tableStyle(view, family, level);
      this.#styles.set(name, style);
    }
    const { order } = family;
    if (this.#leveldb) return { ...style, dialect: 'leveldb', order };
    const now = Math.floor(this.#env.clock.now() / 1000);
    const { mergeOperator } = view.resolver(family);
    return {
      ...style,
      dialect: 'rocksdb',
      order,
      contextBase: style.formatVersion >= 6 ? randomWord(this.#env.id()) : 0,
      identity: {
        familyId: family.state.id,
        familyName: family.state.name,
        fileNumber: number,
        sessionId: this.#sessionId,
        creationTime: now,
        fileCreationTime: now,
        oldestKeyTime: now,
        ...(this.#databaseId === undefined ? {} : { databaseId: this.#databaseId }),
        ...(mergeOperator === null ? {} : { mergeOperator }),
      },
    };
  }

  /** A finished table as the MANIFEST takes it. */
  newFile(summary: TableSummary, level: number, number: number, origin: TableOrigin): NewFile {
    const file = newFileOf(summary, level, number);
    if (this.#leveldb) return file;
    const now = Math.floor(this.#env.clock.now() / 1000);
    file.createdAt = now;
    file.oldestAncestorTime = origin.oldestAncestorTime ?? now;
    if (origin.epoch !== undefined) {
      file.epoch = origin.epoch;
      file.tailBytes = summary.bytes - summary.tailStart;
    }
    const id = uniqueIdOf(this.#databaseId ?? '', this.#sessionId, number);
    if (id !== undefined) file.uniqueId = id;
    return file;
  }

  /** The epoch of a family's next flushed table; undefined where its tables have none (RocksDB before 7.10). */
  nextEpoch(family: FamilyVersion): number | undefined {
    if (this.#leveldb) return undefined;
    let newest = 0;
    for (const t of family.tables) {
      if (t.epoch === undefined) return undefined;
      newest = Math.max(newest, t.epoch);
    }
    return newest + 1;
  }
}
