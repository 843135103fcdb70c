/** Checking an open store, or a directory that cannot be opened. */
import { type Problem, StoreError, toStoreError } from '../base/errors.ts';
import { parseFileName } from '../formats/leveldb/names.ts';
import { baseName, type FileSystem } from '../fs/fileSystem.ts';
import type { Finding, VerifyReport } from '../model/verify.ts';
import type { StoreReader } from '../store/reader.ts';
import { planFiles, planVerify } from '../store/verify/plan.ts';
import { type VerifyWorld, verifyFiles } from '../store/verify/verify.ts';

/** Throws CANCELLED. */
export async function verifyOpenStore(
  store: StoreReader,
  world: VerifyWorld,
  checksumsOnly = false,
): Promise<VerifyReport> {
  const { view } = store;
  const report = await verifyFiles(planVerify(view, checksumsOnly), world);
  const gone = report.findings.some((f) => f.code === 'NOT_FOUND');
  const live = gone ? liveFiles(store) : undefined;
  // What its owner has compacted away meanwhile is not missing.
  const findings = report.findings.filter((f) => f.code !== 'NOT_FOUND' || live === undefined || live.has(f.path));
  return { ...report, findings: withReplay(findings, view.snapshot.replay.problems) };
}

/**
 * A directory whose CURRENT or MANIFEST cannot be used: its files one by one. Throws what opening threw where that
 * is no damage: no store, an engine or a feature that is not read.
 */
export async function verifyDirectory(directory: string, thrown: unknown, world: VerifyWorld): Promise<VerifyReport> {
  const why = toStoreError(thrown);
  const names = listed(world.fs, directory);
  const looksLikeOne = names.some((n) => {
    const { kind } = parseFileName(n);
    return kind === 'manifest' || kind === 'table';
  });
  if (!looksLikeOne || (why.code !== 'CORRUPT' && why.code !== 'NOT_FOUND' && why.code !== 'IO')) throw why;
  const problem = why.toProblem();
  const path = problem.path.startsWith(directory) ? baseName(problem.path) : problem.path;
  const dialect = names.some((n) => n.startsWith('OPTIONS-') || n === 'IDENTITY' || n.endsWith('.sst'))
    ? 'rocksdb'
    : 'leveldb';
  return verifyFiles(planFiles(world.fs, directory, dialect, { ...problem, path }), world);
}

/** Findings of the logs taken together: a record that does not follow on the one before, a log that is missing. */
function withReplay(findings: readonly Finding[], problems: readonly Problem[]): Finding[] {
  const known = new Set(findings.map((f) => `${baseName(f.path)}:${f.offset ?? ''}`));
  const added = problems.filter((p) => !known.has(`${baseName(p.path)}:${p.offset ?? ''}`));
  return [
    ...added.map(
      (p): Finding => ({ severity: p.code === 'UNSUPPORTED' ? 'notice' : 'damage', ...p, path: baseName(p.path) }),
    ),
    ...findings,
  ];
}

function liveFiles(store: StoreReader): Set<string> {
  try {
    store.refresh();
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
  }
  const live = new Set<string>();
  for (const family of store.view.version.families.values()) {
    for (const t of family.tables) live.add(t.file);
    for (const b of family.view.blobFiles) live.add(b.file);
  }
  return live;
}

function listed(fs: FileSystem, directory: string): string[] {
  try {
    return fs.list(directory);
  } catch {
    return [];
  }
}
