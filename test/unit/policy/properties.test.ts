/** What every policy must keep, on random trees with seeds; a failure names its seed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBytes } from '../../../engine/base/bytes.ts';
import { checkLevels } from '../../../engine/model/check.ts';
import type { TableInfo, TreeView } from '../../../engine/model/tree.ts';
import { levelState } from '../../../engine/policy/levelState.ts';
import { forcedCompaction, type ManualTarget, type PolicyName } from '../../../engine/policy/manual.ts';
import {
  type CompactionPri,
  LEVELDB_DEFAULTS,
  type PolicyOptions,
  ROCKSDB_DEFAULTS,
} from '../../../engine/policy/options.ts';
import { type Choice, type PolicyContext, tablesAt } from '../../../engine/policy/policy.ts';
import { compareEnds, overlaps } from '../../../engine/policy/ranges.ts';
import { POLICIES } from '../../../engine/policy/registry.ts';
import { allTables, context, execute, key, NOW, table, view } from './treeBuilder.ts';

const SEEDS = 150;
const STEPS_MAX = 500;
const PRIORITIES: readonly CompactionPri[] = [
  'kMinOverlappingRatio',
  'kByCompensatedSize',
  'kOldestLargestSeqFirst',
  'kOldestSmallestSeqFirst',
  'kRoundRobin',
];

function generator(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
}

/** A valid tree: versions are newer above than below, and tables of a level may meet in a user key. */
function randomTree(seed: number, levels: number): TreeView {
  const random = generator(seed);
  const tables: TableInfo[] = [];
  let number = 1;
  // The deepest level has the oldest sequences.
  for (let level = levels - 1; level > 0; level--) {
    let at = random(50);
    let seq = (levels - level) * 1_000_000 + 900_000;
    for (let n = random(3) === 0 ? 0 : random(12); n > 0 && at < 900; n--) {
      const end = at + random(120);
      // Of two tables that meet in a key the left one has its newer versions.
      tables.push({
        ...table(level, number++, { keys: [at, end], seqs: [seq, seq - 10] }),
        bytes: 500 + random(3000),
        createdAt: NOW - random(5_000_000),
      });
      at = random(3) === 0 ? end : end + 1 + random(40);
      if (at === end && tables.at(-1)?.smallest.key === tables.at(-1)?.largest.key) at++;
      seq -= 20;
    }
  }
  for (let n = random(14), seq = levels * 1_000_000; n > 0; n--, seq += 100) {
    const at = random(900);
    tables.push({
      ...table(0, number++, { keys: [at, at + random(200)], seqs: [seq + 50, seq] }),
      bytes: 200 + random(2500),
      createdAt: NOW - random(5_000_000),
      markedForCompaction: random(15) === 0,
    });
  }
  return view(tables);
}

function randomOptions(seed: number): Partial<PolicyOptions> {
  const random = generator(seed + 77777);
  return {
    num_levels: 5,
    level0_file_num_compaction_trigger: 2 + random(4),
    max_bytes_for_level_base: 4000 + random(4000),
    max_bytes_for_level_multiplier: 2 + random(4),
    level_compaction_dynamic_level_bytes: random(2) === 0,
    target_file_size_base: 1000 + random(2000),
    max_compaction_bytes: 10_000 + random(30_000),
    write_buffer_size: 1000,
    compaction_pri: PRIORITIES[random(PRIORITIES.length)] as CompactionPri,
    ttl: random(2) * 3_000_000,
    periodic_compaction_seconds: random(3) === 0 ? 4_000_000 : 0,
    tiered: { ...ROCKSDB_DEFAULTS.tiered, compaction_window: 500_000 + random(3_000_000) },
    fifo: { max_table_files_size: 8000 + random(10_000), max_data_files_size: 0, allow_compaction: random(2) === 0 },
  };
}

/** What makes reads wrong: a version that goes down past an older one, or an output in the wrong place. */
function checkChoice(v: TreeView, choice: Choice, policy: PolicyName, c: PolicyContext): void {
  if (choice.kind === 'none') return;
  assert.ok(choice.reason.text.length > 10);
  if (choice.kind === 'drop') {
    assert.ok(choice.tables.length > 0);
    return;
  }
  const taken = new Set(choice.inputs.flatMap((i) => i.tables));
  assert.ok(
    choice.inputs.every((i, n) => i.tables.length > 0 && (n === 0 || i.level > (choice.inputs[n - 1]?.level ?? 9))),
  );
  assert.ok(choice.inputs.every((i) => i.tables.every((t) => tablesAt(v, i.level).includes(t))));
  assert.ok(choice.inputs.every((i) => i.level <= choice.outputLevel));
  assert.ok([...taken].every((t) => !(c.busy?.has(t.number) ?? false)));
  const start = choice.inputs[0]?.level ?? 0;
  for (const { level, tables } of choice.inputs) {
    if (level === 0) continue;
    for (const [n, t] of tablesAt(v, level).entries()) {
      const left = tablesAt(v, level)[n - 1];
      if (left === undefined || compareEnds(compareBytes, left.largest, t.smallest) !== 0) continue;
      // LevelDB lets newer versions of a key stay above.
      if (policy === 'leveled') assert.ok(!taken.has(left) || taken.has(t), 'an older version stays above');
      else assert.equal(taken.has(left), taken.has(t), `level ${level} is cut within a user key`);
    }
    assert.deepEqual(
      tables,
      tablesAt(v, level).filter((t) => taken.has(t)),
      'key order',
    );
  }
  // Whatever is older than an input and shares keys with it must not come to lie above it.
  const l0 = tablesAt(v, 0);
  for (const t of allTables(v)) {
    if (taken.has(t) || t.level > choice.outputLevel || t.level < start) continue;
    for (const input of taken) {
      if (!overlaps(compareBytes, input, t)) continue;
      const sameL0 = t.level === 0 && input.level === 0;
      const older = t.level > input.level || (sameL0 && l0.indexOf(t) > l0.indexOf(input));
      const inPlace = choice.outputLevel === 0 && t.level === 0;
      const meets = policy === 'leveled' && t.level === input.level && t.level > 0;
      assert.ok(
        inPlace || meets || !older,
        `table ${t.number} is older than input ${input.number} and stays above at level ${t.level}, ${choice.inputs.map((i) => `${i.level}: ${i.tables.map((x) => x.number)}`).join(' ')} to ${choice.outputLevel}`,
      );
    }
  }
  if (choice.outputLevel === 0) {
    const places = [...taken].map((t) => l0.indexOf(t)).sort((a, b) => a - b);
    assert.ok(
      places.every((p, n) => p === (places[0] as number) + n),
      'a gap between the tables merged in L0',
    );
  }
  if (choice.isTrivialMove) assert.equal(choice.inputs.filter((i) => i.level === choice.outputLevel).length, 0);
}

function checkTree(v: TreeView, what: string): void {
  assert.deepEqual(checkLevels(v, compareBytes), [], what);
}

for (const name of Object.keys(POLICIES) as PolicyName[]) {
  describe(`${name} on random trees`, () => {
    const optionsOf = (seed: number): Partial<PolicyOptions> =>
      name === 'leveled' ? { ...LEVELDB_DEFAULTS, target_file_size_base: 2000 } : randomOptions(seed);
    const levels = name === 'leveled' ? 7 : 5;
    // LevelDB's first target is 10 MiB, whatever its options.
    const scale = name === 'leveled' ? 5000 : 1;
    const treeOf = (seed: number): TreeView =>
      view(allTables(randomTree(seed, levels)).map((t) => ({ ...t, bytes: t.bytes * scale })));

    it('keeps the levels, splits no user key and comes to an end', () => {
      let steps = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        let v = treeOf(seed);
        checkTree(v, `seed ${seed}: the generator's tree`);
        const options = { ...optionsOf(seed), ...(name === 'leveled' ? { target_file_size_base: 2000 * scale } : {}) };
        const pointers = new Map();
        let number = 1000;
        for (let step = 0; ; step++) {
          assert.ok(step < STEPS_MAX, `seed ${seed} does not end`);
          const c = context(options, { compactPointers: pointers });
          const choice = POLICIES[name].choose(v, c);
          if (choice.kind === 'none') break;
          steps++;
          try {
            checkChoice(v, choice, name, c);
            v = execute(v, choice, number, NOW);
            checkTree(v, 'after the step');
          } catch (e) {
            throw new Error(`seed ${seed} step ${step}: ${choice.reason.text}`, { cause: e });
          }
          if (choice.kind === 'compact' && choice.compactPointer !== undefined) {
            pointers.set(choice.compactPointer.level, choice.compactPointer.key);
          }
          number += 1000;
        }
      }
      assert.ok(steps > SEEDS / 4, `${steps} steps in ${SEEDS} trees`);
    });

    it('takes no table that a running compaction has', () => {
      let chosen = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const v = treeOf(seed);
        const random = generator(seed + 5);
        const busy = new Set(
          allTables(v)
            .filter(() => random(4) === 0)
            .map((t) => t.number),
        );
        const c = context(optionsOf(seed), { busy });
        const choice = POLICIES[name].choose(v, c);
        if (choice.kind === 'compact') {
          checkChoice(v, choice, name, c);
          chosen++;
        }
        if (choice.kind === 'drop') assert.ok(choice.tables.every((t) => !busy.has(t.number)));
      }
      if (name !== 'fifo') assert.ok(chosen > 5, `${chosen} choices`);
    });

    it('forces whatever a person asks for without harm', () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const v = treeOf(seed);
        const tables = allTables(v);
        if (tables.length === 0) continue;
        const random = generator(seed + 9);
        const targets: ManualTarget[] = [
          { kind: 'store' },
          { kind: 'range', from: key(random(400)), to: key(400 + random(400)) },
          { kind: 'level', level: random(levels) },
          { kind: 'tables', numbers: [0, 1, 2].map(() => (tables[random(tables.length)] as TableInfo).number) },
        ];
        for (const target of targets) {
          const c = context(optionsOf(seed));
          const choice = forcedCompaction(v, c, target, name);
          try {
            checkChoice(v, choice, name, c);
            if (choice.kind === 'none') assert.ok(choice.why.length > 0);
            checkTree(execute(v, choice, 5000, NOW), 'after the compaction');
            if (name === 'fifo' || choice.kind !== 'compact') continue;
            const taken = new Set(choice.inputs.flatMap((i) => i.tables.map((t) => t.number)));
            if (target.kind === 'store') assert.equal(taken.size, tables.length);
            if (target.kind === 'tables') assert.ok(target.numbers.every((n) => taken.has(n)));
            if (target.kind === 'level') assert.ok(tablesAt(v, target.level).every((t) => taken.has(t.number)));
          } catch (e) {
            throw new Error(
              `seed ${seed}: ${JSON.stringify(target)} to level ${'outputLevel' in choice ? choice.outputLevel : ''}`,
              { cause: e },
            );
          }
        }
      }
    });
  });
}

describe('leveled policies rest', () => {
  it('while every score is below 1 and nothing is marked', () => {
    let rested = 0;
    for (let seed = 1; seed <= SEEDS * 4; seed++) {
      const v = view(allTables(randomTree(seed, 5)).map((t) => ({ ...t, markedForCompaction: false })));
      const c = context({ ...randomOptions(seed), ttl: 0, periodic_compaction_seconds: 0 });
      if (levelState(v, c).scores.some((s) => (s.score ?? 0) >= 1)) continue;
      assert.equal(POLICIES.dynamicLeveled.choose(v, c).kind, 'none', `seed ${seed}`);
      rested++;
    }
    assert.ok(rested > 5, `${rested} trees at rest`);
  });
});
