/**
 * From a MANIFEST's state to the trees that readers walk: tables placed in their levels, file names
 * found on disk, and everything that is missing or does not fit named.
 */
import { oneLine, type Problem } from '../base/errors.ts';
import type { Dialect } from '../formats/leveldb/dialect.ts';
import type { FamilyState, ManifestState } from '../formats/leveldb/manifest.ts';
import { blobFileName, tableFileName, tierName } from '../formats/leveldb/names.ts';
import type { NewFile } from '../formats/leveldb/versionEdit.ts';
import { type FileSystem, joinPath } from '../fs/fileSystem.ts';
import { type KeyOrder, keyOrder } from '../iter/order.ts';
import type { BlobFileInfo, Bound, LevelView, TableInfo, TreeView } from '../model/tree.ts';

export interface FamilyVersion {
  readonly state: FamilyState;
  readonly order: KeyOrder;
  readonly view: TreeView;
  /** Live tables, L0 newest first, then by level and key. */
  readonly tables: readonly TableInfo[];
}

export interface Version {
  readonly families: ReadonlyMap<number, FamilyVersion>;
  readonly tables: ReadonlyMap<number, TableInfo>;
  /** Tables that the MANIFEST names and the directory lacks, or whose size is wrong. */
  readonly broken: ReadonlyMap<number, Problem>;
  readonly problems: readonly Problem[];
}

/** A boundary without the user timestamp that its key ends with. */
export function withoutTimestamp(b: Bound, file: NewFile, order: KeyOrder): Bound {
  const n = order.timestampSize;
  // Stripped tables have stripped bounds too (rocksdb-leveldb.md §5, custom tag 16).
  if (n === 0 || file.timestampsPersisted === false || b.key.length < n) return b;
  return { ...b, key: b.key.slice(0, b.key.length - n) };
}

export function placeTable(file: NewFile, family: number, name: string, order: KeyOrder): TableInfo {
  return {
    family,
    level: file.level,
    number: file.number,
    file: name,
    bytes: file.bytes,
    smallest: withoutTimestamp(file.smallest, file, order),
    largest: withoutTimestamp(file.largest, file, order),
    ...(file.smallestSeq === undefined ? {} : { smallestSeq: file.smallestSeq }),
    ...(file.largestSeq === undefined ? {} : { largestSeq: file.largestSeq }),
    ...(file.createdAt === undefined ? {} : { createdAt: file.createdAt }),
    ...(file.epoch === undefined ? {} : { epoch: file.epoch }),
    ...(file.oldestBlobFile === undefined ? {} : { oldestBlobFile: file.oldestBlobFile }),
    ...(file.markedForCompaction === undefined ? {} : { markedForCompaction: file.markedForCompaction }),
  };
}

/** Newest first: by epoch where both have one, else by sequence number, else by file number. */
export function compareL0(a: TableInfo, b: TableInfo): number {
  if (a.epoch !== undefined && b.epoch !== undefined && a.epoch > 0 && b.epoch > 0 && a.epoch !== b.epoch) {
    return b.epoch - a.epoch;
  }
  const bySequence = (b.largestSeq ?? 0) - (a.largestSeq ?? 0);
  return bySequence !== 0 ? bySequence : b.number - a.number;
}

export function buildView(
  family: number,
  tables: readonly TableInfo[],
  order: KeyOrder,
  blobFiles: readonly BlobFileInfo[],
  overlapLevels = 1,
): TreeView {
  const byLevel = new Map<number, TableInfo[]>();
  for (const t of tables) {
    const level = byLevel.get(t.level);
    if (level === undefined) byLevel.set(t.level, [t]);
    else level.push(t);
  }
  const levels: LevelView[] = [...byLevel.keys()]
    .sort((a, b) => a - b)
    .map((level) => {
      const sorted = byLevel.get(level) as TableInfo[];
      if (level < overlapLevels) sorted.sort(compareL0);
      else {
        sorted.sort((a, b) =>
          order.compareUser(a.smallest.key, 0, a.smallest.key.length, b.smallest.key, 0, b.smallest.key.length),
        );
      }
      return { level, tables: sorted };
    });
  return { family, levels, blobFiles };
}

const BESIDE: ReadonlyMap<string, string> = new Map();

/**
 * `sizeOf`: file name → bytes, for the names that are in the directory. `places`: names of files that lie elsewhere,
 * and where that is, as seen from the directory.
 */
export function buildVersion(
  manifest: ManifestState,
  dialect: Dialect,
  sizeOf: (name: string) => number | undefined,
  places = BESIDE,
): Version {
  const families = new Map<number, FamilyVersion>();
  const all = new Map<number, TableInfo>();
  const broken = new Map<number, Problem>();
  const problems: Problem[] = [];
  for (const state of manifest.families.values()) {
    const order = keyOrder(state.comparator);
    if (!order.known) {
      problems.push({
        code: 'UNSUPPORTED',
        path: manifest.file,
        message: oneLine(
          `comparator ${state.comparator} of column family ${state.name} is not known: entries are shown in file order, and a get compares every key`,
        ),
      });
    }
    const tables: TableInfo[] = [];
    for (const file of state.tables.values()) {
      const name = findTable(file.number, file.level, dialect, sizeOf, places);
      const info = placeTable(file, state.id, name.file, order);
      const problem = tableProblem(info, file.pathId, name.bytes, dialect);
      if (problem !== undefined) {
        // After damage to the MANIFEST its last known state names files that are rightly gone.
        if (manifest.damaged && name.bytes === undefined) continue;
        broken.set(file.number, problem);
        problems.push(problem);
      }
      tables.push(info);
      all.set(file.number, info);
    }
    const view = buildView(state.id, tables, order, blobFiles(state, sizeOf, places, problems), dialect.overlapLevels);
    families.set(state.id, { state, order, view, tables: view.levels.flatMap((l) => l.tables) });
  }
  return { families, tables: all, broken, problems };
}

function findTable(
  number: number,
  level: number,
  dialect: Dialect,
  sizeOf: (name: string) => number | undefined,
  places: ReadonlyMap<string, string>,
): { file: string; bytes: number | undefined } {
  const plain = tableFileName(number, dialect.tableExtension);
  const file = places.get(plain) ?? (dialect.tiers ? `${tierName(level)}/${plain}` : plain);
  const bytes = sizeOf(file);
  if (bytes !== undefined) return { file, bytes };
  const other = tableFileName(number, dialect.tableExtension === 'sst' ? 'ldb' : 'sst');
  const otherBytes = sizeOf(other);
  return otherBytes === undefined ? { file, bytes: undefined } : { file: other, bytes: otherBytes };
}

function tableProblem(t: TableInfo, pathId: number, onDisk: number | undefined, dialect: Dialect): Problem | undefined {
  const mend = 'restore the file from a backup; the rest of the store stays readable';
  // RocksDB is told where its db_paths and cf_paths are each time it opens a store, and writes it down nowhere.
  if (onDisk === undefined && pathId !== 0) {
    return {
      code: 'UNSUPPORTED',
      path: t.file,
      message: `table of level ${t.level} lies in path ${pathId} of db_paths or cf_paths, which no file of the store names`,
      mend: 'copy or link the tables of that path into a copy of this directory, or open them one by one',
    };
  }
  if (onDisk === undefined && dialect.tiers) {
    return {
      code: 'NOT_FOUND',
      path: t.file,
      message: `table of level ${t.level} is in the MANIFEST but not in ${tierName(t.level)}`,
      mend: `mount the root of its tier, or link ${tierName(t.level)} of that root into a copy of this directory; else restore the file`,
    };
  }
  if (onDisk === undefined) {
    return {
      code: 'NOT_FOUND',
      path: t.file,
      message: `table of level ${t.level} is in the MANIFEST but not on disk`,
      mend,
    };
  }
  // LevelDB's reader goes by the MANIFEST's size too; a longer file would have its footer elsewhere.
  if (onDisk !== t.bytes && (dialect.id === 'rocksdb' || onDisk < t.bytes)) {
    return {
      code: 'CORRUPT',
      path: t.file,
      offset: Math.min(onDisk, t.bytes),
      message: `table is ${onDisk} bytes long, the MANIFEST says ${t.bytes}`,
      mend,
    };
  }
  return undefined;
}

function blobFiles(
  state: FamilyState,
  sizeOf: (name: string) => number | undefined,
  places: ReadonlyMap<string, string>,
  problems: Problem[],
): BlobFileInfo[] {
  return [...state.blobFiles.values()].map((b) => {
    const plain = blobFileName(b.number);
    const file = places.get(plain) ?? plain;
    if (sizeOf(file) === undefined) {
      problems.push({
        code: 'NOT_FOUND',
        path: file,
        message: oneLine(`blob file of column family ${state.name} is in the MANIFEST but not on disk`),
        mend: 'restore the file from a backup; entries without values in it stay readable',
      });
    }
    return { ...b, file, family: state.id };
  });
}

/**
 * Sizes of files in a directory, each looked up when first asked for. A name that the listing lacks is looked up
 * too: between the listing and the reading of the MANIFEST its owner may have written it.
 */
export function directorySizes(fs: FileSystem, directory: string): (name: string) => number | undefined {
  return (name) => {
    try {
      return fs.stat(joinPath(directory, name)).size;
    } catch {
      return undefined;
    }
  };
}
