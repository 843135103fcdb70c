/**
 * Which compaction RocksDB begins with when it opens a store full of deletions, and which one we would: its policy
 * counts what deletions may free, which only the properties of the tables tell.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nodeFs } from '../../engine/fs/nodeFs.ts';
import type { Choice, CompactChoice } from '../../engine/policy/policy.ts';
import { autoChoice } from '../../engine/store/compaction/auto.ts';
import { KnownTables } from '../../engine/store/compaction/tableFacts.ts';
import { openStore } from '../../engine/store/open.ts';
import { noRocksdbTools } from '../fixtures/stores.ts';

const KEYS = 40_000;

/** As the LOG tells of it: of a move only which tables go where. */
interface Begun {
  readonly inputs: string;
  readonly reason?: string;
  readonly score?: number;
}

function bench(dir: string, pri: number, seed: number, base: number, ...more: string[]): void {
  const options = [
    `--compaction_pri=${pri}`,
    `--seed=${seed}`,
    `--max_bytes_for_level_base=${base}`,
    `--num=${KEYS}`,
    '--value_size=200',
    '--compression_type=none',
    '--write_buffer_size=131072',
    '--target_file_size_base=131072',
    '--max_bytes_for_level_multiplier=4',
    '--level_compaction_dynamic_level_bytes=0',
    // Without a log the memtable is flushed at the end, and nothing is left to be recovered.
    '--disable_wal=1',
    '--max_background_jobs=1',
  ];
  execFileSync('db_bench', [`--db=${dir}`, ...options, ...more], { stdio: 'ignore' });
}

function firstCompaction(dir: string): Begun {
  const lines = readFileSync(join(dir, 'LOG'), 'latin1').split('\n');
  const at = lines.findIndex((l) => l.includes('"compaction_started"') || l.includes('] Moving #'));
  const line = lines[at];
  assert.ok(line, 'something was compacted');
  if (line.includes('] Moving #')) {
    const moved: string[] = [];
    for (const l of lines.slice(at)) {
      const move = /\] Moving #(\d+) to level-(\d+)/.exec(l);
      if (move === null) break;
      moved.push(`${move[1]} to ${move[2]}`);
    }
    return { inputs: moved.sort().join(' ') };
  }
  const e = JSON.parse(line.slice(line.indexOf('{"time_micros"'))) as Record<string, unknown>;
  const inputs = Object.entries(e).flatMap(([k, v]) =>
    k.startsWith('files_L') ? (v as number[]).map((n) => `${k.slice(7)}:${n}`) : [],
  );
  return { reason: String(e['compaction_reason']), score: Number(e['score']), inputs: inputs.sort().join(' ') };
}

const isCompact = (choice: Choice): choice is CompactChoice => choice.kind === 'compact';

function begunBy(choice: CompactChoice): Begun {
  if (choice.isTrivialMove) {
    const moved = choice.inputs.flatMap((i) => i.tables.map((t) => `${t.number} to ${choice.outputLevel}`));
    return { inputs: moved.sort().join(' ') };
  }
  const inputs = choice.inputs.flatMap(({ level, tables }) => tables.map((t) => `${level}:${t.number}`));
  return { reason: choice.reason.code, score: choice.score ?? 0, inputs: inputs.sort().join(' ') };
}

describe('the first compaction of a store full of deletions', { skip: noRocksdbTools }, () => {
  for (const [pri, name, seed] of [
    [3, 'kMinOverlappingRatio', 7],
    [0, 'kByCompensatedSize', 8],
  ] as const) {
    it(`is the one that RocksDB 7.8 begins with (${name})`, () => {
      const root = mkdtempSync(join(tmpdir(), 'lsm-choice-'));
      const dir = join(root, 'store');
      const copy = join(root, 'copy');
      try {
        bench(dir, pri, seed, 1 << 20, '--benchmarks=fillrandom,waitforcompaction');
        const again = ['--use_existing_db=1', `--deletes=${Math.floor(KEYS * 0.4)}`];
        bench(dir, pri, seed + 10, 1 << 20, '--benchmarks=deleterandom,waitforcompaction', ...again);
        cpSync(dir, copy, { recursive: true });
        // Less room for level 1 than it takes: it begins as soon as it is open.
        bench(dir, pri, seed, 400_000, '--benchmarks=waitforcompaction', '--use_existing_db=1');
        const theirs = firstCompaction(dir);
        const options = readdirSync(dir).filter((n) => n.startsWith('OPTIONS-'));
        for (const n of readdirSync(copy)) if (n.startsWith('OPTIONS-')) rmSync(join(copy, n));
        cpSync(join(dir, options.sort().at(-1) as string), join(copy, options.at(-1) as string));
        const reader = openStore(nodeFs, copy);
        try {
          const { view } = reader;
          const family = view.family(0);
          const tables = new KnownTables();
          while (tables.gather(view, family));
          const now = Math.floor(Date.now() / 1000);
          const ours = autoChoice(view, family, { now, tables });
          assert.ok(isCompact(ours), ours.kind);
          const { score = 0, ...begun } = begunBy(ours);
          const { score: theirScore = 0, ...theirBegun } = theirs;
          assert.deepEqual(begun, theirBegun);
          assert.ok(Math.abs(score - theirScore) < 1e-4, `score ${score}, not ${theirScore}`);
          const plain = autoChoice(view, family, { now });
          assert.ok(!isCompact(plain) || plain.score !== ours.score, 'the deletions counted');
        } finally {
          reader.close();
        }
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
  }
});
