/** `lsm info`: what a directory is and holds. */
import { toStoreError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../model/display.ts';
import { storeMetrics } from '../model/metrics.ts';
import type { FamilySummary, StoreSummary } from '../protocol/engineApi.ts';
import type { Service } from '../service.ts';
import { type CommandSpec, JSON_OPTION } from './args.ts';
import { escapeText, numberJson } from './format.ts';
import { Output } from './output.ts';
import { EXIT, newService, reportProblems } from './store.ts';

interface LevelInfo {
  readonly level: number;
  readonly tables: number;
  readonly bytes: number;
  readonly entries: number;
  readonly deletions: number;
  readonly score: number | null;
}

export const infoCommand: CommandSpec = {
  name: 'info',
  takes: ['STORE'],
  summary: 'what the directory is and holds',
  options: [JSON_OPTION],
  run: async (args) => {
    const service = newService();
    const summary = await service.call('open', { path: args.positionals[0] ?? '' });
    const problems = [...summary.problems];
    const families: { family: FamilySummary; levels: LevelInfo[] }[] = [];
    for (const family of summary.families) {
      families.push({ family, levels: await countLevels(service, family, problems) });
    }
    const out = new Output();
    const counted = { ...summary, problems };
    if (args.has('json')) out.text(`${JSON.stringify(infoJson(counted, families))}\n`);
    else out.text(infoText(counted, families));
    out.flush();
    reportProblems(problems);
    return EXIT.done;
  },
};

async function countLevels(
  service: Service,
  family: FamilySummary,
  problems: StoreSummary['problems'][number][],
): Promise<LevelInfo[]> {
  const levels: LevelInfo[] = [];
  for (const { level, tables, bytes, score } of family.levels) {
    let entries = 0;
    let deletions = 0;
    const page = await service.call('tables', { family: family.id, level, offset: 0, limit: tables });
    for (const t of page.items) {
      if (t.problem !== null) continue;
      try {
        const details = await service.call('tableDetails', { table: t.number });
        entries += details.stats.entries;
        deletions += details.stats.deletions;
        problems.push(...details.problems);
      } catch (thrown) {
        problems.push(toStoreError(thrown).toProblem());
      }
    }
    levels.push({ level, tables, bytes, entries, deletions, score });
  }
  return levels;
}

function infoJson(s: StoreSummary, families: readonly { family: FamilySummary; levels: LevelInfo[] }[]): object {
  return {
    path: s.path,
    engine: s.engine,
    version: s.version,
    comparator: s.families.find((f) => f.id === 0)?.comparator ?? s.families[0]?.comparator ?? null,
    lastSequence: numberJson(s.lastSequence),
    manifest: s.manifest,
    edits: s.edits,
    locked: s.locked,
    families: families.map(({ family: f, levels }) => ({
      id: f.id,
      name: f.name,
      comparator: f.comparator,
      mergeOperator: f.mergeOperator,
      compaction: f.compaction,
      levels,
      memtable: f.memtable,
      tables: f.tables,
      bytes: f.bytes,
      entries: levels.reduce((n, l) => n + l.entries, 0) + f.memtable.entries,
      blobFiles: f.blobFiles.length,
      blobBytes: f.blobBytes,
    })),
    wal: s.wal.map(({ file, bytes, records }) => ({ file, bytes, records })),
    metrics: storeMetrics(s.families),
    problems: s.problems,
  };
}

function infoText(s: StoreSummary, families: readonly { family: FamilySummary; levels: LevelInfo[] }[]): string {
  const m = storeMetrics(s.families);
  const lines = [
    `path           ${escapeText(s.path)}`,
    `engine         ${s.engine}${s.version === '' ? '' : ` ${s.version}`}`,
    `manifest       ${s.manifest}, ${formatCount(s.edits)} edits`,
    `last sequence  ${numberJson(s.lastSequence)}`,
    `locked         ${s.locked ? 'yes, a process has the store open' : 'no'}`,
    `sorted runs    ${m.sortedRuns}, space amplification ${m.spaceAmplification.toFixed(2)}`,
  ];
  for (const w of s.wal)
    lines.push(`WAL            ${w.file}, ${formatBytes(w.bytes)}, ${formatCount(w.records)} records`);
  for (const { family: f, levels } of families) {
    lines.push('', `column family ${escapeText(f.name)} (id ${f.id})`);
    lines.push(`  comparator ${escapeText(f.comparator)}, ${f.compaction} compaction`);
    if (f.mergeOperator !== null) lines.push(`  merge operator ${escapeText(f.mergeOperator)}`);
    if (f.memtable.entries > 0) {
      lines.push(`  WAL  ${formatCount(f.memtable.entries)} entries, ${formatBytes(f.memtable.bytes)}`);
    }
    for (const l of levels) {
      const score = l.score === null ? '' : `, score ${l.score.toFixed(2)}`;
      lines.push(
        `  L${l.level}   ${formatCount(l.tables)} tables, ${formatBytes(l.bytes)}, ${formatCount(l.entries)} entries, ${formatCount(l.deletions)} deletions${score}`,
      );
    }
    if (f.blobFiles.length > 0) lines.push(`  blob ${f.blobFiles.length} files, ${formatBytes(f.blobBytes)}`);
  }
  return `${lines.join('\n')}\n`;
}
