/** What is RocksDB's own about a store: OPTIONS, merges, blob files, wide columns. */
import { type Problem, toStoreError } from '../../base/errors.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import type { ClosableResolver, Dialect, ResolverContext, StoreOptions } from '../leveldb/dialect.ts';
import { endsAsTable, parseFileName } from '../leveldb/names.ts';
import { BlobFiles } from './blobFiles.ts';
import { type MergeOperator, mergeOperatorFor } from './mergeOperators.ts';
import { OPTIONS_BYTES_MAX, parseOptions } from './options.ts';
import { decodeRocksDbEdit } from './versionEdit.ts';
import { decodeColumns } from './wideColumns.ts';

const NONE = {};

function loadOptions(fs: FileSystem, directory: string, names: readonly string[]): StoreOptions {
  const files = names
    .filter((name) => !endsAsTable(name))
    .map((name) => ({ name, ...parseFileName(name) }))
    .filter((f) => f.kind === 'options')
    .sort((a, b) => (b.number ?? 0) - (a.number ?? 0));
  const problems: Problem[] = [];
  for (const { name } of files) {
    try {
      const parsed = parseOptions(readWhole(fs, joinPath(directory, name)), name);
      const families = new Map<string, Readonly<Record<string, string>>>();
      for (const [family, { table, cf }] of parsed.families) families.set(family, { ...table, ...cf });
      return {
        version: parsed.version,
        file: name,
        db: parsed.db,
        family: (family) => families.get(family) ?? NONE,
        problems: [...problems, ...parsed.problems],
      };
    } catch (thrown) {
      problems.push(toStoreError(thrown, { path: name }).toProblem());
    }
  }
  return { version: '', file: undefined, db: NONE, family: () => NONE, problems };
}

function readWhole(fs: FileSystem, path: string): Uint8Array {
  const file = fs.open(path, 'read');
  try {
    const bytes = new Uint8Array(Math.min(file.size(), OPTIONS_BYTES_MAX));
    return bytes.subarray(0, file.readAt(bytes, 0));
  } finally {
    file.close();
  }
}

class RocksDbResolver implements ClosableResolver {
  readonly mergeOperator: string | null;
  readonly #blobs: BlobFiles;
  readonly #operator: MergeOperator | undefined;

  constructor(context: ResolverContext) {
    this.#blobs = new BlobFiles(context.fs, context.directory, context.places);
    const option = context.options['merge_operator'] ?? context.mergeOperatorProperty();
    this.#operator = option === undefined ? undefined : mergeOperatorFor(option);
    this.mergeOperator = this.#operator?.name ?? (isSet(option) ? option : null);
  }

  blob(index: Uint8Array, userKey: Uint8Array): Uint8Array {
    return this.#blobs.get(index, userKey);
  }

  columns(value: Uint8Array, userKey: Uint8Array) {
    return decodeColumns(value, (index) => this.#blobs.get(index, userKey));
  }

  merge(base: Uint8Array | undefined, operands: readonly Uint8Array[]): Uint8Array | undefined {
    return this.#operator?.full(base, operands);
  }

  close(): void {
    this.#blobs.close();
  }
}

function isSet(option: string | undefined): option is string {
  return option !== undefined && option !== '' && option !== 'nullptr';
}

export const rocksdbDialect: Dialect = {
  id: 'rocksdb',
  block: 'rocksdb',
  tableExtension: 'sst',
  hasRangeDeletions: true,
  overlapLevels: 1,
  tiers: false,
  decodeEdit: decodeRocksDbEdit,
  loadOptions,
  resolver: (context) => new RocksDbResolver(context),
};
