/** Targets and scores, with numbers worked out from db/version_set.cc of both engines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type LeveledShapeOptions,
  type LevelShape,
  levelDbScores,
  leveledScores,
  levelTargets,
  rocksDbScores,
} from '../../../engine/model/score.ts';

const OPTIONS: LeveledShapeOptions = {
  num_levels: 7,
  level0_file_num_compaction_trigger: 4,
  max_bytes_for_level_base: 1000,
  max_bytes_for_level_multiplier: 10,
  level_compaction_dynamic_level_bytes: true,
};
const STATIC = { ...OPTIONS, level_compaction_dynamic_level_bytes: false };
const INF = Number.POSITIVE_INFINITY;

function shapes(...bytes: number[]): LevelShape[] {
  return bytes.map((b, level) => ({ level, bytes: b, tables: level === 0 ? b / 100 : 1 }));
}

describe('level targets', () => {
  it('static: the base, then by the multiplier, with further factors', () => {
    assert.deepEqual(levelTargets([], { ...STATIC, num_levels: 5 }).bytes, [1000, 1000, 10_000, 100_000, 1_000_000]);
    const additional = { ...STATIC, num_levels: 4, max_bytes_for_level_multiplier_additional: [1, 2, 3, 1] };
    assert.deepEqual(levelTargets([], additional).bytes, [1000, 1000, 20_000, 600_000]);
    assert.equal(levelTargets([], STATIC).baseLevel, 1);
  });

  it('dynamic: an empty tree has the last level as its base', () => {
    const t = levelTargets([500, 0, 0, 0, 0, 0, 0], OPTIONS);
    assert.deepEqual([t.baseLevel, t.lowestUnnecessary, t.bytes.every((b) => b === INF)], [6, -1, true]);
  });

  it('dynamic: a small last level stays the base, and no target is below max_bytes_for_level_base', () => {
    const t = levelTargets([0, 0, 0, 0, 0, 0, 900], OPTIONS);
    assert.equal(t.baseLevel, 6);
    assert.deepEqual(t.bytes, [INF, INF, INF, INF, INF, INF, 1000]);
  });

  it('dynamic: levels open above as the last one grows', () => {
    // 276,000 / 10 / 10 / 10 = 276: three levels above the last, the base level with a target of at least 1000.
    const t = levelTargets([0, 0, 0, 0, 0, 0, 276_000], OPTIONS);
    assert.equal(t.baseLevel, 3);
    assert.deepEqual(t.bytes, [INF, INF, INF, 1000, 2760, 27_600, 276_000]);
  });

  it('dynamic: the first level never goes above its base', () => {
    const t = levelTargets([0, 0, 0, 0, 0, 0, 3_000_000_000], OPTIONS);
    assert.equal(t.baseLevel, 1);
    assert.deepEqual(t.bytes, [INF, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]);
  });

  it('dynamic: levels that hold tables and would not be needed are unnecessary', () => {
    // 5000 / 10 = 500, / 10 = 50 ≤ 100: L4 and above need not exist.
    const t = levelTargets([0, 0, 0, 30, 20, 0, 5000], OPTIONS);
    assert.deepEqual([t.baseLevel, t.lowestUnnecessary], [3, 4]);
    // The base gets 1000 / 10 + 1.
    assert.deepEqual(t.bytes, [INF, INF, INF, 1000, 1010, 10_100, 101_000]);
  });
});

describe('scores', () => {
  const scoresOf = (levels: LevelShape[], o: LeveledShapeOptions): number[] =>
    leveledScores(levels, o).map((s) => Number((s.score as number).toFixed(4)));

  it('static: tables or bytes of L0, bytes of the others', () => {
    assert.deepEqual(scoresOf(shapes(300, 1500, 2000), STATIC), [0.75, 1.5, 0.2, 0, 0, 0]);
    assert.deepEqual(scoresOf([{ level: 0, tables: 1, bytes: 2500 }], STATIC).slice(0, 1), [2.5]);
  });

  it('counts only tables that no compaction has', () => {
    const levels = [
      { level: 0, tables: 8, bytes: 800, freeTables: 2, freeBytes: 200 },
      { level: 1, tables: 2, bytes: 4000, freeTables: 1, freeBytes: 500 },
    ];
    assert.deepEqual(scoresOf(levels, STATIC).slice(0, 2), [0.5, 0.5]);
  });

  it('dynamic: L0 against the base level, everything over target ten times', () => {
    // 5 tables of 4: 1.25, then 10 times; the base level is L6 with 3000 of 1000 bytes.
    assert.equal(scoresOf(shapes(500, 0, 0, 0, 0, 0, 900), OPTIONS)[0], 12.5);
    // 1200 bytes in 2 tables reach the base: 1.01; 1200 / max(900, 1000) = 1.2.
    assert.equal(
      scoresOf([{ level: 0, tables: 2, bytes: 1200 }, ...shapes(0, 0, 0, 0, 0, 0, 900).slice(1)], OPTIONS)[0],
      12,
    );
    // Below the trigger nothing is scaled.
    assert.equal(scoresOf(shapes(200, 0, 0, 0, 0, 0, 900), OPTIONS)[0], 0.5);
  });

  it('dynamic: a level over its target is divided by what arrives from above', () => {
    // Targets of 276,000 in L6: L3 1000, L4 2760, L5 27,600.
    const scores = scoresOf(shapes(300, 0, 0, 2000, 2000, 30_000, 276_000), OPTIONS);
    assert.equal(scores[0], 0.75);
    // L3: 2000 / (1000 + 300) · 10.
    assert.equal(scores[3], Number(((2000 / 1300) * 10).toFixed(4)));
    // L4 is below its target.
    assert.equal(scores[4], Number((2000 / 2760).toFixed(4)));
    // L5: 300 from L0 and 1000 from L3 arrive.
    assert.equal(scores[5], Number(((30_000 / (27_600 + 1300)) * 10).toFixed(4)));
  });

  it('dynamic: unnecessary levels are drained, the upper one first', () => {
    const scores = scoresOf(shapes(0, 0, 0, 30, 20, 0, 5000), OPTIONS);
    assert.deepEqual([scores[3], scores[4]], [10.02, 10.01]);
  });

  it('LevelDB: four tables or 10 MiB times 10 for each level, the last never', () => {
    const mib = 1048576;
    const scores = levelDbScores(shapes(600, 5 * mib, 100 * mib, 0, 0, 0, 9e9));
    assert.deepEqual(
      scores.map((s) => s.score),
      [1.5, 0.5, 1, 0, 0, 0, null],
    );
    assert.deepEqual(scores.map((s) => s.targetBytes).slice(0, 3), [null, 10 * mib, 100 * mib]);
  });

  it('reads options as OPTIONS spells them', () => {
    const options = {
      level0_file_num_compaction_trigger: '2',
      max_bytes_for_level_base: '1000',
      max_bytes_for_level_multiplier: '4.000000',
      level_compaction_dynamic_level_bytes: 'false',
      max_bytes_for_level_multiplier_additional: '1:1:1:1:1:1:1',
      num_levels: '7',
    };
    const leveled = rocksDbScores(shapes(100, 900, 2000), options, 'leveled');
    assert.deepEqual(leveled, [
      { level: 0, score: 0.5, targetBytes: null },
      { level: 1, score: 0.9, targetBytes: 1000 },
      { level: 2, score: 0.5, targetBytes: 4000 },
    ]);
    assert.equal(rocksDbScores(shapes(300, 900, 2000), options, 'universal')[0]?.score, 2.5);
    const fifo = { compaction_options_fifo: '{allow_compaction=true;max_table_files_size=1200;}', ...options };
    assert.deepEqual(rocksDbScores(shapes(300), fifo, 'fifo'), [{ level: 0, score: 1.5, targetBytes: 1200 }]);
    assert.deepEqual(rocksDbScores(shapes(300), {}, 'none'), [{ level: 0, score: null, targetBytes: null }]);
  });

  it('gives the last level its target and no score', () => {
    const levels = shapes(0, 0, 0, 0, 0, 0, 900);
    const options = { level_compaction_dynamic_level_bytes: 'true', max_bytes_for_level_base: '1000' };
    assert.deepEqual(rocksDbScores(levels, options, 'leveled')[6], { level: 6, score: null, targetBytes: 1000 });
  });
});
