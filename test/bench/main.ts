/**
 * `npm run bench -- [scan] [where] [get] [open] [write] [compact] [verify] [timeline] [visualizer] [grid] [export] [--rounds N] [--gb N] [--json FILE]`: our engine
 * against the engines whose formats it has, in one run. docs/benchmarks.md says what the rows mean.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { artifacts, main, root, run, Sentence, say, tail } from '../../scripts/lib.mjs';
import { compactGroups } from './compact.ts';
import { exportGroups } from './export.ts';
import { getGroups } from './get.ts';
import { gridGroups } from './grid.ts';
import { pinned, race } from './measure.ts';
import { openGroups } from './open.ts';
import { type Group, judge, printGroup, type Result } from './report.ts';
import { scanGroups } from './scan.ts';
import { timelineGroups } from './timeline.ts';
import { verifyGroups } from './verify.ts';
import { visualizerGroups } from './visualizer.ts';
import { whereGroups } from './where.ts';
import { writeGroups } from './write.ts';

const SUBJECTS: Readonly<Record<string, (tools: Tools) => Promise<Group[]>>> = {
  scan: scanGroups,
  where: whereGroups,
  get: getGroups,
  open: openGroups,
  write: writeGroups,
  compact: compactGroups,
  verify: verifyGroups,
  timeline: timelineGroups,
  visualizer: visualizerGroups,
  grid: gridGroups,
  export: exportGroups,
};

const USAGE =
  'usage: npm run bench -- [scan] [where] [get] [open] [write] [compact] [verify] [timeline] [visualizer] [grid] [export] [--rounds N] [--gb N] [--json FILE]';

/** Paths of the programs to measure. */
export interface Tools {
  readonly lsm: string;
  readonly ours: string;
  readonly classicLevel: string;
  readonly rocksdbNative: string;
  readonly writeOurs: string;
  readonly writeLevel: string;
  readonly writeRocks: string;
  readonly timeline: string;
  readonly where: string;
  /** A folder for files of one run. */
  readonly scratch: string;
  /** Keys and values, in bytes, written to the stores that are compacted. */
  readonly compactBytes: number;
}

interface Options {
  readonly subjects: readonly string[];
  readonly rounds: number;
  readonly json: string | undefined;
  readonly compactBytes: number;
}

function readOptions(argv: readonly string[]): Options {
  const subjects: string[] = [];
  let rounds = 3;
  let json: string | undefined;
  let gigabytes = 0.25;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === '--rounds') rounds = Number(argv[++i]);
    else if (word === '--gb') gigabytes = Number(argv[++i]);
    else if (word === '--json') json = argv[++i];
    else if (Object.hasOwn(SUBJECTS, word)) subjects.push(word);
    else throw new Sentence(USAGE);
  }
  if (!Number.isInteger(rounds) || rounds < 1) throw new Sentence('--rounds takes a number from 1 on');
  if (!(gigabytes > 0 && gigabytes <= 64)) throw new Sentence('--gb takes the size of the stores to compact, up to 64');
  return {
    subjects: subjects.length > 0 ? subjects : Object.keys(SUBJECTS),
    rounds,
    json,
    compactBytes: gigabytes * 2 ** 30,
  };
}

const PROGRAMS = [
  'ours',
  'classicLevel',
  'rocksdbNative',
  'writeOurs',
  'writeLevel',
  'writeRocks',
  'timeline',
  'where',
] as const;

/** Bundles what is measured, so that no program's start is slowed down by reading many small sources. */
async function prepare(compactBytes: number): Promise<Tools> {
  say('building');
  const scratch = join(artifacts, 'bench');
  mkdirSync(scratch, { recursive: true });
  const built = await run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
  if (built.code !== 0) throw new Sentence(`the build failed:\n${tail(built.output)}`);
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: PROGRAMS.map((name) => `children/${name}.ts`),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Their native parts are found next to their own files.
    external: ['classic-level', 'rocksdb-native'],
    outdir: scratch,
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const at = (name: (typeof PROGRAMS)[number]): string => join(scratch, `${name}.mjs`);
  return {
    lsm: join(root, 'dist', 'lsm.js'),
    ours: at('ours'),
    classicLevel: at('classicLevel'),
    rocksdbNative: at('rocksdbNative'),
    writeOurs: at('writeOurs'),
    writeLevel: at('writeLevel'),
    writeRocks: at('writeRocks'),
    timeline: at('timeline'),
    where: at('where'),
    scratch,
    compactBytes,
  };
}

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  const tools = await prepare(options.compactBytes);
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  console.log(`${machine}; best of ${options.rounds} rounds${pinned ? ', each program on one core' : ''}`);
  const results: Result[] = [];
  for (const subject of options.subjects) {
    for (const group of (await SUBJECTS[subject]?.(tools)) ?? []) {
      say(`${group.title}: ${group.contenders.length} programs, ${options.rounds} rounds`);
      const measured = await race(group.contenders, options.rounds);
      const result = { group, measured, verdicts: judge(group, measured) };
      results.push(result);
      printGroup(result);
    }
  }
  const verdicts = results.flatMap((r) => r.verdicts);
  const missed = verdicts.filter((v) => v.met === false);
  console.log(`\n${verdicts.filter((v) => v.met === true).length} targets met, ${missed.length} not met`);
  for (const v of missed) console.log(`  NOT MET  ${v.text}`);
  if (options.json !== undefined) {
    const document = results.map(({ group, measured, verdicts: v }) => ({ title: group.title, measured, verdicts: v }));
    writeFileSync(options.json, `${JSON.stringify({ machine, rounds: options.rounds, groups: document }, null, 2)}\n`);
  }
});
