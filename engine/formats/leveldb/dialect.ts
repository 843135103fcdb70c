/**
 * What the common reader has to know of an engine's stores, and LevelDB's answers: no options file,
 * no range deletions, no merges, no blobs.
 */
import { type Problem, unsupported } from '../../base/errors.ts';
import type { FileSystem } from '../../fs/fileSystem.ts';
import type { ValueResolver } from '../../iter/resolve.ts';
import type { BlockDialect } from '../block/blockCursor.ts';
import type { EditDecoder, FamilyState } from './manifest.ts';
import { decodeElevelDbEdit, decodeLevelDbEdit } from './versionEdit.ts';

/** Options of a store, by the engine's own names. */
export interface StoreOptions {
  /** Version of the engine that wrote them, '' if unknown. */
  readonly version: string;
  /** File that they came from, if any. */
  readonly file: string | undefined;
  readonly db: Readonly<Record<string, string>>;
  family(name: string): Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

export interface ResolverContext {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly family: FamilyState;
  readonly options: Readonly<Record<string, string>>;
  /** Where files of the store lie that are not in its directory, as seen from there, by name. */
  readonly places?: ReadonlyMap<string, string> | undefined;
  /** Name of the merge operator that a table of the family states; for stores without OPTIONS. */
  mergeOperatorProperty(): string | undefined;
}

/** The differences between LevelDB and RocksDB that the common reader has to know. */
export interface Dialect {
  readonly id: 'leveldb' | 'rocksdb';
  readonly block: BlockDialect;
  /** Extension of new tables; the other one is tried where a file is absent. */
  readonly tableExtension: 'sst' | 'ldb';
  readonly hasRangeDeletions: boolean;
  /** Levels from the top whose tables may overlap; a deeper one is a sorted run. */
  readonly overlapLevels: number;
  /** Tables lie in a directory for each level; those of the deeper levels may lie under another root. */
  readonly tiers: boolean;
  readonly decodeEdit: EditDecoder;
  loadOptions(fs: FileSystem, directory: string, names: readonly string[]): StoreOptions;
  resolver(context: ResolverContext): ClosableResolver;
}

export interface ClosableResolver extends ValueResolver {
  /** Name of the merge operator in use, null if there is none or it is not known. */
  readonly mergeOperator: string | null;
  close(): void;
}

const NO_OPTIONS = {};

export const leveldbDialect: Dialect = {
  id: 'leveldb',
  block: 'leveldb',
  tableExtension: 'ldb',
  hasRangeDeletions: false,
  overlapLevels: 1,
  tiers: false,
  decodeEdit: decodeLevelDbEdit,
  loadOptions: () => ({ version: '', file: undefined, db: NO_OPTIONS, family: () => NO_OPTIONS, problems: [] }),
  resolver: () => ({
    mergeOperator: null,
    blob: () => {
      throw unsupported('LevelDB has no blob files');
    },
    columns: () => {
      throw unsupported('LevelDB has no wide columns');
    },
    merge: () => undefined,
    close: () => {},
  }),
};

/**
 * Basho's LevelDB, which Riak writes through eleveldb: a directory for each level, levels 0 and 1 that overlap, puts
 * with a time. What blocks, logs and edits have more than LevelDB's is read wherever LevelDB's are.
 */
export const eleveldbDialect: Dialect = {
  ...leveldbDialect,
  block: 'eleveldb',
  decodeEdit: decodeElevelDbEdit,
  tableExtension: 'sst',
  overlapLevels: 2,
  tiers: true,
  loadOptions: () => ({
    version: 'of Basho (Riak)',
    file: undefined,
    db: NO_OPTIONS,
    family: () => NO_OPTIONS,
    problems: [],
  }),
};
