/**
 * What a driver tells about a directory, and what the common reader needs from the two engines whose
 * stores it opens.
 */
import type { Problem, StoreError } from '../base/errors.ts';
import type { FileSystem } from '../fs/fileSystem.ts';
import type { ValueResolver } from '../iter/resolve.ts';
import type { EngineId } from '../model/tree.ts';
import type { BlockDialect } from './block/blockCursor.ts';
import type { EditDecoder, FamilyState } from './leveldb/manifest.ts';

/** What a folder seems to be. */
export interface Detection {
  readonly engine: EngineId;
  /** 0 to 1. */
  readonly confidence: number;
  /** What in the directory says so, in words. */
  readonly why: string;
  /** Set where the engine is known but its stores are not opened. */
  readonly refusal?: StoreError;
}

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
  readonly decodeEdit: EditDecoder;
  loadOptions(fs: FileSystem, directory: string, names: readonly string[]): StoreOptions;
  resolver(context: ResolverContext): ClosableResolver;
}

export interface ClosableResolver extends ValueResolver {
  /** Name of the merge operator in use, null if there is none or it is not known. */
  readonly mergeOperator: string | null;
  close(): void;
}
