/**
 * What a repair can draw on: the tree as far as anything tells it, tables that open, tables that have to be
 * searched, and the logs.
 *
 * With a sound MANIFEST only what it names counts, since what it does not name was superseded. Without one every
 * table in the directory counts: entries carry their sequence numbers, so that the newest version of a key wins
 * wherever it stands; what had been compacted away and not yet removed may come back.
 */
import { type Problem, StoreError, toStoreError } from '../../base/errors.ts';
import type { Dialect, StoreOptions } from '../../formats/leveldb/dialect.ts';
import type { ManifestState } from '../../formats/leveldb/manifest.ts';
import { parseFileName } from '../../formats/leveldb/names.ts';
import { type FileSystem, joinPath } from '../../fs/fileSystem.ts';
import { keyOrder } from '../../iter/order.ts';
import type { RepairReport } from '../../model/repair.ts';
import type { TableInfo } from '../../model/tree.ts';
import { openStore } from '../open.ts';
import { openByTables } from '../openByTables.ts';
import type { StoreReader } from '../reader.ts';
import type { FamilyVersion, Version } from '../version.ts';
import { RecoveryMode, type ReplayResult, replayWals } from '../walReplay.ts';

export interface Sources {
  readonly store: StoreReader;
  readonly dialect: Dialect;
  readonly basis: RepairReport['basis'];
  readonly families: readonly FamilyVersion[];
  /** Tables that open, by family. */
  readonly tables: ReadonlyMap<number, readonly TableInfo[]>;
  /** Tables that do not open and may still hold blocks. Where nothing names their family, it is the default one. */
  readonly searched: readonly SearchedTable[];
  readonly replay: ReplayResult;
  /** Tables that the MANIFEST names and the directory lacks. */
  readonly missing: readonly { readonly info: TableInfo; readonly problem: Problem }[];
  readonly problems: readonly Problem[];
  readonly totalBytes: number;
}

export interface SearchedTable {
  readonly file: string;
  readonly number: number;
  readonly family: number;
  readonly problem: Problem;
}

/** Throws NOT_FOUND where the directory holds no table and no log, UNSUPPORTED for stores of other engines. */
export function gatherSources(fs: FileSystem, directory: string): Sources {
  const names = fs.list(directory);
  const holds = (kind: string): boolean => names.some((n) => parseFileName(n).kind === kind);
  if (!holds('table') && !holds('wal')) {
    throw new StoreError('NOT_FOUND', 'the directory holds neither tables nor logs: there is nothing to repair', {
      path: directory,
    });
  }
  const problems: Problem[] = [];
  let store: StoreReader;
  let basis: RepairReport['basis'];
  try {
    store = openStore(fs, directory);
    if (store.shared.dialect.tiers) {
      store.close();
      throw new StoreError('UNSUPPORTED', "a store of Basho's LevelDB (Riak) is read, but not put together anew", {
        path: directory,
        mend: 'repair it with its own engine, or export what is visible',
      });
    }
    basis = store.view.snapshot.manifest.damaged ? 'damaged manifest' : 'manifest';
    problems.push(...store.view.problems);
  } catch (thrown) {
    const e = toStoreError(thrown);
    if (e.code === 'UNSUPPORTED' || e.code === 'IO') throw e;
    problems.push(e.toProblem());
    store = openByTables(fs, directory, names);
    problems.push(...store.view.problems);
    basis = 'tables';
  }
  const { view } = store;
  const { dialect } = store.shared;
  const { version } = view;
  const tables = new Map<number, readonly TableInfo[]>();
  const opened = new Set<number>();
  const missing: { info: TableInfo; problem: Problem }[] = [];
  const broken = new Map<number, SearchedTable>();
  for (const family of version.families.values()) {
    const good: TableInfo[] = [];
    for (const info of family.tables) {
      const problem = version.broken.get(info.number) ?? openProblem(view, info);
      if (problem === undefined) {
        good.push(info);
        opened.add(info.number);
      } else if (names.includes(info.file)) {
        broken.set(info.number, { file: info.file, number: info.number, family: info.family, problem });
      } else missing.push({ info, problem });
    }
    tables.set(family.state.id, good);
  }
  if (basis !== 'manifest') {
    for (const file of names) {
      const { kind, number } = parseFileName(file);
      if (kind !== 'table' || number === null || opened.has(number) || broken.has(number)) continue;
      const problem = problems.find((p) => p.path === file) ?? {
        code: 'CORRUPT' as const,
        path: file,
        message: 'the table does not open',
      };
      broken.set(number, { file, number, family: 0, problem });
    }
  }
  const replay = replayAll(
    fs,
    directory,
    names,
    dialect,
    view.snapshot.manifest,
    version,
    basis,
    view.snapshot.options,
  );
  problems.push(...replay.problems);
  const totalBytes = names
    .filter((n) => ['table', 'wal'].includes(parseFileName(n).kind))
    .reduce((sum, n) => sum + fs.stat(joinPath(directory, n)).size, 0);
  return {
    store,
    dialect,
    basis,
    families: [...version.families.values()],
    tables,
    searched: [...broken.values()],
    replay,
    missing,
    problems: unique(problems),
    totalBytes,
  };
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Map<string, Problem>();
  for (const p of problems) {
    // The same place is told by more than one reader.
    const id = p.offset === undefined ? `${p.path}:${p.message}` : `${p.path}:${p.offset}`;
    if (!seen.has(id)) seen.set(id, p);
  }
  return [...seen.values()];
}

function openProblem(view: StoreReader['view'], info: TableInfo): Problem | undefined {
  try {
    view.releaseTable(info, view.acquire(info));
    return undefined;
  } catch (thrown) {
    return toStoreError(thrown, { path: info.file }).toProblem();
  }
}

/** Every record that is whole counts, whatever lies before it; without a sound MANIFEST of every log there is. */
function replayAll(
  fs: FileSystem,
  directory: string,
  names: readonly string[],
  dialect: Dialect,
  manifest: ManifestState,
  version: Version,
  basis: RepairReport['basis'],
  options: StoreOptions,
): ReplayResult {
  const wals = names.flatMap((n) => {
    const { kind, number } = parseFileName(n);
    return kind === 'wal' && number !== null ? [number] : [];
  });
  const sound = basis === 'manifest';
  return replayWals(fs, directory, wals, {
    engine: dialect.block,
    families: [...version.families.values()].map(({ state }) => ({
      id: state.id,
      name: state.name,
      logNumber: sound ? state.logNumber : 0,
      order: keyOrder(state.comparator),
      timestampsPersisted: state.timestampsPersisted,
      hasTables: true,
    })),
    lastSequence: manifest.lastSequence,
    minLogNumberToKeep: sound ? manifest.minLogNumberToKeep : 0,
    prevLogNumber: manifest.prevLogNumber,
    allowTwoPhase: !sound || options.db['allow_2pc'] === 'true',
    recoveryMode: RecoveryMode.skipAnyCorrupted,
  });
}
