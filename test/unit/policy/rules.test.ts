/** One scenario for each rule, with numbers worked out from the official sources named in each policy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forcedCompaction } from '../../../engine/policy/manual.ts';
import {
  LEVELDB_DEFAULTS,
  maxFileSize,
  type PolicyOptions,
  policyOptions,
  ROCKSDB_DEFAULTS,
} from '../../../engine/policy/options.ts';
import type { Choice, CompactChoice, PolicyContext } from '../../../engine/policy/policy.ts';
import { POLICIES, policyFor } from '../../../engine/policy/registry.ts';
import { bound, context, inputsOf, key, NOW, table, view } from './treeBuilder.ts';

function compact(choice: Choice): CompactChoice {
  assert.equal(choice.kind, 'compact');
  return choice as CompactChoice;
}

describe('LevelDB', () => {
  const MIB = 1048576;
  const c = (more: Partial<PolicyContext> = {}): PolicyContext => context(LEVELDB_DEFAULTS, more);
  const l1 = [1, 2, 3].map((n) => table(1, n, { keys: [n * 100, n * 100 + 50], bytes: 4 * MIB }));

  it('takes all overlapping tables of L0 at four', () => {
    const l0 = [14, 13, 12, 11].map((n) => table(0, n, { keys: n === 12 ? [500, 600] : [1, 90] }));
    const choice = compact(POLICIES.leveled.choose(view(l0), c()));
    assert.deepEqual(inputsOf(choice), { 0: [14, 13, 11] });
    assert.deepEqual([choice.outputLevel, choice.reason.code, choice.isTrivialMove], [1, 'LevelL0FilesNum', false]);
  });

  it('goes round a level from its compact pointer', () => {
    const pick = (pointer?: number): unknown => {
      const compactPointers = new Map(pointer === undefined ? [] : [[1, bound(pointer, 1)]]);
      return inputsOf(POLICIES.leveled.choose(view(l1), c({ compactPointers })));
    };
    assert.deepEqual([pick(), pick(150), pick(250), pick(350)], [{ 1: [1] }, { 1: [2] }, { 1: [3] }, { 1: [1] }]);
  });

  it('moves a table with nothing below, unless the level after that weighs over ten tables', () => {
    const grandparents = [7, 8, 9].map((n) => table(3, n, { keys: [n * 10 + 30, n * 10 + 36], bytes: 7 * MIB }));
    const move = compact(POLICIES.leveled.choose(view([...l1, ...grandparents.slice(0, 2)]), c()));
    assert.equal(move.isTrivialMove, true);
    const wide = [7, 8, 9].map((n) => table(3, n, { keys: [100 + n, 100 + n], bytes: 7 * MIB }));
    assert.equal(compact(POLICIES.leveled.choose(view([...l1, ...wide]), c())).isTrivialMove, false);
  });

  it('grows its own input while the next level’s stays the same', () => {
    const below = table(2, 9, { keys: [100, 250], bytes: MIB });
    assert.deepEqual(inputsOf(POLICIES.leveled.choose(view([...l1, below]), c())), { 1: [1, 2], 2: [9] });
    const heavy = table(2, 9, { keys: [100, 250], bytes: 43 * MIB });
    assert.deepEqual(inputsOf(POLICIES.leveled.choose(view([...l1, heavy]), c())), { 1: [1], 2: [9] });
  });

  it('takes tables that begin with the last user key', () => {
    const meeting = [
      table(1, 1, { keys: [100, 200], seqs: [99, 90], bytes: 6 * MIB }),
      table(1, 2, { keys: [200, 300], seqs: [80, 70], bytes: 6 * MIB }),
    ];
    assert.deepEqual(inputsOf(POLICIES.leveled.choose(view(meeting), c())), { 1: [1, 2] });
  });

  it('compacts a table of too many seeks only when no level is over', () => {
    const choice = POLICIES.leveled.choose(view([l1[0] as (typeof l1)[0]]), c({ seekTable: 1 }));
    assert.equal(compact(choice).reason.code, 'SeekCompaction');
    assert.equal(compact(POLICIES.leveled.choose(view(l1), c({ seekTable: 3 }))).reason.code, 'LevelMaxLevelSize');
  });
});

describe('RocksDB leveled', () => {
  const options: Partial<PolicyOptions> = {
    level_compaction_dynamic_level_bytes: false,
    max_bytes_for_level_base: 10_000,
    max_compaction_bytes: 25_000,
    target_file_size_base: 1000,
    ttl: 0,
  };
  const choose = (tables: Parameters<typeof view>[0], o: Partial<PolicyOptions> = {}, more = {}): Choice =>
    POLICIES.dynamicLeveled.choose(view(tables), context({ ...options, ...o }, more));
  const l1 = [1, 2, 3].map((n) => table(1, n, { keys: [n * 100, n * 100 + 50], bytes: 4000 }));
  const l2 = [
    table(2, 11, { keys: [90, 110], bytes: 5000 }),
    table(2, 12, { keys: [210, 220], bytes: 900 }),
    table(2, 13, { keys: [310, 320], bytes: 6000 }),
  ];

  it('takes the table with the least overlap for its size', () => {
    assert.deepEqual(inputsOf(choose([...l1, ...l2])), { 1: [2], 2: [12] });
  });

  it('knows the other priorities', () => {
    const sized = l1.map((t, i) => ({ ...t, bytes: 4000 + i * 100, largestSeq: 90 - i * 10 }));
    const pick = (compaction_pri: PolicyOptions['compaction_pri'], more = {}): unknown =>
      inputsOf(choose([...sized, ...l2], { compaction_pri }, more));
    assert.deepEqual(pick('kByCompensatedSize'), { 1: [3], 2: [13] });
    assert.deepEqual(pick('kOldestLargestSeqFirst'), { 1: [3], 2: [13] });
    assert.deepEqual(pick('kOldestSmallestSeqFirst'), { 1: [1], 2: [11] });
    assert.deepEqual(pick('kRoundRobin', { compactPointers: new Map([[1, bound(200, 29)]]) }), { 1: [2], 2: [12] });
  });

  it('makes a table of deletions heavier', () => {
    const facts = (t: { number: number }) => (t.number === 3 ? { entries: 100, deletions: 100 } : undefined);
    // 100 more deletions than entries, 1000 bytes each, twice.
    const more = { facts, averageValueBytes: 1000 };
    assert.deepEqual(inputsOf(choose([...l1, ...l2], {}, more)), { 1: [3], 2: [13] });
  });

  it('passes over tables that are busy and ranges that are written to', () => {
    assert.deepEqual(
      inputsOf(
        choose(
          [
            ...l1,
            ...l1.map((t) => ({
              ...t,
              number: t.number + 3,
              smallest: bound(t.number * 100 + 60, 5),
              largest: bound(t.number * 100 + 70, 4),
              smallestSeq: 4,
              largestSeq: 5,
            })),
            ...l2,
          ],
          {},
          { busy: new Set([2, 12]) },
        ),
      )[1]?.includes(2),
      false,
    );
    const running = [{ startLevel: 1, outputLevel: 2, smallest: key(0), largest: key(900) }];
    assert.equal(choose([...l1, ...l2], {}, { running }).kind, 'none');
  });

  it('merges the newest of L0 while the way down is busy', () => {
    const l0 = [29, 28, 27, 26, 25, 24].map((n) => table(0, n, { keys: [1, 90], bytes: 100 }));
    const running = [{ startLevel: 1, outputLevel: 2, smallest: key(0), largest: key(900) }];
    const base = table(1, 1, { keys: [1, 90], bytes: 4000 });
    const choice = compact(choose([...l0, base], {}, { running, busy: new Set([1]) }));
    assert.deepEqual([inputsOf(choice), choice.outputLevel], [{ 0: [29, 28, 27, 26, 25, 24] }, 0]);
    // With fewer than two above the trigger it waits.
    assert.equal(choose([...l0.slice(1), base], {}, { running, busy: new Set([1]) }).kind, 'none');
  });

  it('merges L0 within itself when the base level is over twenty times as large', () => {
    const l0 = [24, 23, 22, 21].map((n) => table(0, n, { keys: [1, 900], bytes: 10 }));
    const choice = compact(choose([...l0, table(1, 1, { keys: [1, 90], bytes: 900 })]));
    assert.deepEqual([inputsOf(choice), choice.outputLevel], [{ 0: [24, 23, 22, 21] }, 0]);
    assert.equal(compact(choose([...l0, table(1, 1, { keys: [1, 90], bytes: 800 })])).outputLevel, 1);
  });

  it('moves the oldest tables of L0 that overlap nothing', () => {
    const l0 = [24, 23, 22, 21].map((n) => table(0, n, { keys: n === 23 ? [220, 400] : [n * 10, n * 10 + 5] }));
    const choice = compact(choose([...l0, table(1, 1, { keys: [600, 700], bytes: 900 })]));
    assert.deepEqual([inputsOf(choice), choice.isTrivialMove], [{ 0: [21, 22] }, true]);
  });

  it('moves up to four neighbours at once', () => {
    const many = [1, 2, 3, 4, 5, 6].map((n) => table(1, n, { keys: [n * 100, n * 100 + 50], bytes: 3000 }));
    const choice = compact(choose(many));
    assert.deepEqual([inputsOf(choice), choice.isTrivialMove], [{ 1: [1, 2, 3, 4] }, true]);
    assert.deepEqual(inputsOf(choose(many, { has_compression_per_level: true })), { 1: [1] });
  });

  it('sends L0 straight to the base level of dynamic targets', () => {
    const l0 = [24, 23, 22, 21].map((n) => table(0, n, { keys: [1, 900] }));
    const dynamic = { level_compaction_dynamic_level_bytes: true };
    assert.equal(compact(choose(l0, dynamic)).outputLevel, 6);
    // 400,000 / 10 = 40,000 > 10,000, / 10 = 4000: L4 is the base.
    const last = table(6, 1, { keys: [1, 900], bytes: 400_000 });
    assert.equal(compact(choose([...l0, last], dynamic)).outputLevel, 4);
  });

  it('looks for marks, ttl and age when no level is over', () => {
    const at = (level: number, more: object): Choice =>
      choose([table(level, 1, { keys: [1, 9], ...more }), table(3, 2, { keys: [1, 90] })], {
        ttl: 1000,
        periodic_compaction_seconds: 5000,
      });
    assert.equal(compact(at(1, { markedForCompaction: true })).reason.code, 'FilesMarkedForCompaction');
    const ttl = compact(at(1, { createdAt: NOW - 1001 }));
    assert.deepEqual([ttl.reason.code, ttl.outputLevel], ['Ttl', 2]);
    assert.equal(at(1, { createdAt: NOW - 1000 }).kind, 'none');
    const old = compact(
      choose([table(3, 2, { keys: [1, 9], createdAt: NOW - 5001 })], { periodic_compaction_seconds: 5000 }),
    );
    assert.deepEqual([old.reason.code, old.outputLevel], ['PeriodicCompaction', 3]);
    const bottom = compact(choose([table(3, 2, { keys: [1, 9] })], {}, { oldestSnapshot: 30 }));
    assert.deepEqual([bottom.reason.code, bottom.outputLevel], ['BottommostFiles', 3]);
    assert.equal(choose([table(3, 2, { keys: [1, 9] })], {}, { oldestSnapshot: 29 }).kind, 'none');
  });

  it('does nothing on its own when it is told so', () => {
    assert.equal(choose(l1, { disable_auto_compactions: true }).kind, 'none');
  });
});

describe('universal', () => {
  const runs = (...bytes: number[]) => bytes.map((b, i) => table(0, 50 - i, { keys: [1, 900], bytes: b }));
  const choose = (tables: Parameters<typeof view>[0], o: Partial<PolicyOptions['universal']> = {}): Choice =>
    POLICIES.universal.choose(view(tables), context({ universal: { ...ROCKSDB_DEFAULTS.universal, ...o } }));

  it('waits for as many runs as the trigger', () => {
    assert.equal(choose(runs(1, 1, 1)).kind, 'none');
  });

  it('merges all when the newer runs weigh twice the oldest', () => {
    const choice = compact(choose(runs(100, 200, 300, 300)));
    assert.deepEqual([choice.reason.code, choice.outputLevel], ['UniversalSizeAmplification', 6]);
    assert.notEqual(compact(choose(runs(100, 200, 299, 300))).reason.code, 'UniversalSizeAmplification');
  });

  it('merges neighbours of similar size, just above the next older run', () => {
    const tables = [...runs(100, 101, 203), table(5, 1, { keys: [1, 900], bytes: 9000 })];
    const choice = compact(choose(tables));
    assert.deepEqual(
      [choice.reason.code, inputsOf(choice), choice.outputLevel],
      ['UniversalSizeRatio', { 0: [50, 49, 48] }, 4],
    );
    // 100 · 1.01 = 101, (100 + 101) · 1.01 = 203.01.
    const short = compact(choose([...runs(100, 101, 204), table(5, 1, { keys: [1, 900], bytes: 9000 })]));
    assert.deepEqual([inputsOf(short), short.outputLevel], [{ 0: [50, 49] }, 0]);
  });

  it('brings the number of runs down', () => {
    const choice = compact(choose([...runs(1, 10, 100, 1000), table(6, 1, { keys: [1, 900], bytes: 9000 })]));
    assert.deepEqual([choice.reason.code, inputsOf(choice)], ['UniversalSortedRunNum', { 0: [50, 49] }]);
  });
});

describe('size tiers, windows and queues', () => {
  const MIB = 1048576;
  const l0 = (...mib: number[]) => mib.map((m, i) => table(0, 50 - i, { keys: [1, 900], bytes: m * MIB }));

  it('size-tiered: four of similar size, the smallest bucket first, no gap in age', () => {
    const choose = (...mib: number[]): unknown => inputsOf(POLICIES.sizeTiered.choose(view(l0(...mib)), context()));
    assert.deepEqual(choose(1, 2, 3), {});
    assert.deepEqual(choose(1, 2, 3, 4, 400, 400, 400, 400), { 0: [50, 49, 48, 47] });
    assert.deepEqual(choose(1, 2, 400, 3, 4), {});
    const any = context({ tiered: { ...ROCKSDB_DEFAULTS.tiered, any_tables: true } });
    assert.deepEqual(inputsOf(POLICIES.sizeTiered.choose(view(l0(1, 2, 400, 3, 4)), any)), { 0: [50, 49, 47, 46] });
  });

  it('time window: an older window is merged from two, the newest by size tiers', () => {
    const at = (number: number, days: number) => table(0, number, { keys: [1, 900], createdAt: days * 86400 + 5 });
    const choice = POLICIES.timeWindow.choose(view([at(9, 3), at(8, 3), at(7, 2), at(6, 2), at(5, 1)]), context());
    assert.deepEqual(inputsOf(choice), { 0: [7, 6] });
    assert.equal(POLICIES.timeWindow.choose(view([at(9, 3), at(8, 3), at(7, 2)]), context()).kind, 'none');
  });

  it('time window: expired tables go, unless what they shadow would come back', () => {
    const facts = (t: { number: number }) => (t.number === 9 ? { expiresAt: NOW - 1 } : undefined);
    const one = table(0, 9, { keys: [1, 9] });
    const choose = (older: [number, number]): Choice =>
      POLICIES.timeWindow.choose(view([one, table(0, 8, { keys: older, createdAt: 5 })]), context({}, { facts }));
    assert.equal(choose([20, 30]).kind, 'drop');
    assert.equal(choose([5, 30]).kind, 'none');
  });

  it('FIFO: past the ttl first, then the oldest down to the limit', () => {
    const o = { ttl: 100, fifo: { max_table_files_size: 2500, max_data_files_size: 0, allow_compaction: false } };
    const at = (number: number, age: number) => table(0, number, { keys: [1, 9], createdAt: NOW - age });
    const drop = (tables: ReturnType<typeof at>[]): unknown => {
      const choice = POLICIES.fifo.choose(view(tables), context(o));
      return choice.kind === 'drop' ? [choice.reason.code, choice.tables.map((t) => t.number)] : choice.kind;
    };
    assert.deepEqual(drop([at(9, 10), at(8, 101), at(7, 200)]), ['FIFOTtl', [7, 8]]);
    assert.deepEqual(drop([at(9, 10), at(8, 20), at(7, 30), at(6, 200)]), ['FIFOMaxSize', [6, 7]]);
    assert.equal(drop([at(9, 10), at(8, 20)]), 'none');
  });

  it('lazy leveling: a full tier becomes a run of the next, the oldest goes into the last level', () => {
    const o = { write_buffer_size: 100, max_bytes_for_level_multiplier: 3, num_levels: 4 };
    const run = (number: number, bytes: number) => table(0, number, { keys: [1, 900], bytes });
    const last = (bytes: number) => table(3, 1, { keys: [1, 900], bytes });
    const choose = (...tables: Parameters<typeof view>[0]): unknown[] => {
      const choice = POLICIES.lazyLeveling.choose(view(tables), context(o));
      return choice.kind === 'compact' ? [inputsOf(choice), choice.outputLevel] : [choice.kind];
    };
    const three = [run(9, 100), run(8, 100), run(7, 100)];
    assert.deepEqual(choose(...three.slice(1), last(900)), ['none']);
    assert.deepEqual(choose(...three, last(901)), [{ 0: [9, 8, 7] }, 0]);
    assert.deepEqual(choose(...three, last(900)), [{ 0: [9, 8, 7], 3: [1] }, 3]);
    assert.deepEqual(choose(...three, run(6, 400), last(900)), [{ 0: [9, 8, 7] }, 0]);
  });
});

describe('forced compactions', () => {
  const tables = [
    table(0, 9, { keys: [1, 50] }),
    table(0, 8, { keys: [40, 90] }),
    table(1, 7, { keys: [1, 30] }),
    table(1, 6, { keys: [60, 80] }),
    table(2, 5, { keys: [20, 70] }),
  ];
  const force = (
    target: Parameters<typeof forcedCompaction>[2],
    policy: Parameters<typeof forcedCompaction>[3],
    o = {},
  ) => forcedCompaction(view(tables), context({ level_compaction_dynamic_level_bytes: false, ...o }), target, policy);

  it('of the store goes to the deepest level, or the last', () => {
    const all = { 0: [9, 8], 1: [7, 6], 2: [5] };
    assert.deepEqual(inputsOf(force({ kind: 'store' }, 'leveled')), all);
    assert.equal(compact(force({ kind: 'store' }, 'dynamicLeveled')).outputLevel, 2);
    assert.equal(
      compact(force({ kind: 'store' }, 'dynamicLeveled', { level_compaction_dynamic_level_bytes: true })).outputLevel,
      6,
    );
    assert.equal(compact(force({ kind: 'store' }, 'universal')).outputLevel, 6);
  });

  it('of tables takes the older ones that overlap, not the newer', () => {
    assert.deepEqual(inputsOf(force({ kind: 'tables', numbers: [8] }, 'dynamicLeveled')), { 0: [8], 1: [6] });
    assert.deepEqual(inputsOf(force({ kind: 'tables', numbers: [9] }, 'dynamicLeveled')), { 0: [9, 8], 1: [7, 6] });
  });

  it('of a level goes to the next, of the deepest stays', () => {
    assert.deepEqual(inputsOf(force({ kind: 'level', level: 1 }, 'leveled')), { 1: [7, 6], 2: [5] });
    const deepest = compact(force({ kind: 'level', level: 2 }, 'leveled'));
    assert.deepEqual([inputsOf(deepest), deepest.outputLevel, deepest.isTrivialMove], [{ 2: [5] }, 2, false]);
  });

  it('says why there is nothing to do', () => {
    const why = (c: Choice): string => (c.kind === 'none' ? c.why : c.kind);
    assert.equal(why(force({ kind: 'level', level: 4 }, 'leveled')), 'level 4 has no tables');
    assert.equal(why(force({ kind: 'tables', numbers: [77] }, 'leveled')), 'no table 77 in this family');
    assert.equal(why(force({ kind: 'range', from: key(500) }, 'leveled')), 'no table overlaps the range');
    assert.equal(why(force({ kind: 'range', from: key(9), to: key(3) }, 'leveled')), 'the range ends before it begins');
  });
});

describe('options', () => {
  it('have the defaults of their engine', () => {
    assert.deepEqual(policyOptions('leveldb', {}), LEVELDB_DEFAULTS);
    assert.deepEqual(policyOptions('rocksdb', {}), ROCKSDB_DEFAULTS);
  });

  it('are read from OPTIONS, nested ones too', () => {
    const o = policyOptions('rocksdb', {
      compaction_style: 'kCompactionStyleUniversal',
      level_compaction_dynamic_level_bytes: 'true',
      ttl: '18446744073709551614',
      max_compaction_bytes: '0',
      target_file_size_base: '2000',
      compaction_pri: 'kRoundRobin',
      compaction_options_universal: '{size_ratio=5;max_merge_width=6;stop_style=kCompactionStopStyleSimilarSize;}',
      compaction_options_fifo:
        '{file_temperature_age_thresholds={a=1;max_table_files_size=3;};max_table_files_size=77;}',
    });
    assert.deepEqual([o.level_compaction_dynamic_level_bytes, o.ttl, o.max_compaction_bytes], [false, 2592000, 50_000]);
    assert.deepEqual([o.compaction_pri, o.universal.size_ratio, o.universal.max_merge_width], ['kRoundRobin', 5, 6]);
    assert.deepEqual([o.universal.stop_style, o.fifo.max_table_files_size], ['kCompactionStopStyleSimilarSize', 77]);
  });

  it('cut outputs by level, from the base level where targets are dynamic', () => {
    const o = { ...ROCKSDB_DEFAULTS, target_file_size_base: 100, target_file_size_multiplier: 2 };
    assert.deepEqual(
      [4, 5, 6].map((l) => maxFileSize(o, l, 4)),
      [100, 100, 200],
    );
    const fixed = { ...o, level_compaction_dynamic_level_bytes: false };
    assert.deepEqual(
      [0, 1, 2, 3].map((l) => maxFileSize(fixed, l, 1)),
      [100, 100, 200, 400],
    );
  });

  it('name their policy', () => {
    assert.equal(policyFor('leveled', 'leveldb').name, 'leveled');
    assert.equal(policyFor('kCompactionStyleLevel').name, 'dynamicLeveled');
    assert.equal(policyFor('fifo').name, 'fifo');
    assert.equal(policyFor('toString').name, 'none');
  });
});
