/** What the ladder shows of a read path, and what the map draws of it. */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import type { FilterStep, ReadPath, ReadStep } from '../../../engine/protocol/engineApi.ts';
import {
  explainMarks,
  filterFacts,
  ladderAnswer,
  ladderGroups,
  ladderTotals,
  rungLabel,
  VERDICT_TONES,
  VERDICT_WORDS,
  verdictOf,
} from '../../../webview/visualizer/ladderModel.ts';

const MEMTABLE: ReadStep = {
  kind: 'memtable',
  level: -1,
  table: null,
  file: '000012.log',
  smallest: null,
  largest: null,
  bytes: 100,
  filter: null,
  index: null,
  blocks: [],
  versions: [],
  rangeDeletion: null,
  outcome: 'absent',
  why: 'no version of the key is in the write-ahead log',
  problem: null,
  micros: 4,
};

function table(
  number: number,
  level: number,
  outcome: ReadStep['outcome'],
  filter: FilterStep | null = null,
): ReadStep {
  const file = `0000${number}.sst`;
  const bounds = { smallest: utf8('a'), largest: utf8('m') };
  return { ...MEMTABLE, kind: 'table', level, table: number, file, ...bounds, bytes: 4096, filter, outcome, why: 'so' };
}

function bloom(verdict: 'no' | 'maybe', falsePositive: boolean | null): FilterStep {
  const name = 'rocksdb.BuiltinBloomFilter';
  return {
    name,
    kind: 'full',
    scheme: 'FastLocalBloom, 6 probes',
    bytes: 1250,
    bitsPerKey: 10,
    verdict,
    falsePositive,
  };
}

const NO_TOTALS = { tablesAsked: 0, filtered: 0, falsePositives: 0, blocksRead: 0, bytesRead: 0, blocksCached: 0 };

function path(steps: readonly ReadStep[], more: Partial<ReadPath> = {}): ReadPath {
  const base = { family: 0, key: utf8('k'), at: 99, entry: undefined, skipped: [], totals: NO_TOTALS, problems: [] };
  return { ...base, micros: 1234, steps, ...more };
}

const LEVELS = [
  { level: 0, tables: 3 },
  { level: 1, tables: 0 },
  { level: 2, tables: 7 },
  { level: 3, tables: 40 },
];

describe('marks of an explained get', () => {
  it('number the tables that were asked in their order, and tell false positives from what is plainly absent', () => {
    const marks = explainMarks(
      path([
        MEMTABLE,
        table(31, 0, 'filtered', bloom('no', null)),
        table(28, 0, 'absent', bloom('maybe', true)),
        table(12, 2, 'absent'),
        table(7, 3, 'found', bloom('maybe', false)),
      ]),
    );
    assert.deepEqual(
      [...marks],
      [
        [31, { order: 1, level: 0, verdict: 'filtered' }],
        [28, { order: 2, level: 0, verdict: 'false-positive' }],
        [12, { order: 3, level: 2, verdict: 'absent' }],
        [7, { order: 4, level: 3, verdict: 'found' }],
      ],
    );
  });

  it('have a colour and a word for every verdict', () => {
    for (const outcome of ['filtered', 'absent', 'found', 'deleted', 'operand', 'passed', 'damaged'] as const) {
      const verdict = verdictOf(table(1, 0, outcome));
      assert.equal(verdict, outcome);
      assert.ok(VERDICT_TONES[verdict] !== undefined && VERDICT_WORDS[verdict] !== undefined);
    }
    assert.equal(verdictOf(table(1, 0, 'out-of-range')), 'absent');
  });
});

describe('the ladder', () => {
  it('groups steps by level, with levels that were passed without a table, and those that were not reached', () => {
    const skipped = [
      { level: 0, tables: 2, numbers: [30, 29] },
      { level: 1, tables: 1, numbers: [20] },
    ];
    const groups = ladderGroups(path([MEMTABLE, table(31, 0, 'absent'), table(12, 2, 'found')], { skipped }), LEVELS);
    assert.deepEqual(
      groups.map((g) => [g.level, g.rungs.map((r) => r.order), g.note, g.reached]),
      [
        [-1, [0], '', true],
        [0, [1], '2 tables out of range', true],
        [1, [], 'its table is out of range', true],
        [2, [2], '', true],
        [3, [], 'not asked: 40 tables', false],
      ],
    );
  });

  it('leaves out levels that the search knew nothing of', () => {
    const groups = ladderGroups(path([MEMTABLE, table(12, 2, 'found')]), LEVELS);
    assert.deepEqual(
      groups.map((g) => g.level),
      [-1, 2, 3],
    );
  });

  it('calls every level reached where nothing decided', () => {
    const skipped = [{ level: 3, tables: 40, numbers: [1, 2] }];
    const groups = ladderGroups(path([MEMTABLE, table(12, 2, 'absent')], { skipped }), LEVELS);
    assert.deepEqual(
      groups.map((g) => [g.level, g.note, g.reached]),
      [
        [-1, '', true],
        [2, '', true],
        [3, 'all 40 tables out of range', true],
      ],
    );
  });

  it('says what the answer is, and where doubt is left', () => {
    const entry = {
      key: utf8('k'),
      value: utf8('v'),
      valueSize: 1,
      seq: 1234,
      type: 'put',
      level: 2,
      table: 12,
    } as const;
    const found = path([MEMTABLE], { entry });
    assert.deepEqual(ladderAnswer(found), { verdict: 'found', text: 'Found: put of sequence 1,234 in L2, table 12' });
    const logged = path([MEMTABLE], { entry: { ...entry, level: -1, table: null } });
    assert.equal(ladderAnswer(logged).text, 'Found: put of sequence 1,234 in the write-ahead log');
    assert.equal(ladderAnswer(path([MEMTABLE, table(1, 0, 'deleted')])).text, 'Deleted');
    assert.equal(ladderAnswer(path([MEMTABLE])).text, 'Not found in any place');
    const problems = [{ code: 'CORRUPT', path: '000001.sst', message: 'checksum' }] as const;
    assert.match(ladderAnswer(path([table(1, 0, 'damaged')], { problems })).text, /not everything could be read/);
  });

  it('puts sums, filters and steps into words', () => {
    const totals = { ...NO_TOTALS, tablesAsked: 3, blocksRead: 2, bytesRead: 2048 };
    assert.deepEqual(ladderTotals(path([], { totals })), [
      ['tables asked', '3'],
      ['filtered', '0'],
      ['false positives', '0'],
      ['blocks read', '2, 2.00 KB'],
      ['from cache', '0'],
      ['time', '1.23 ms'],
    ]);
    const step = table(12, 2, 'absent', bloom('maybe', true));
    assert.equal(filterFacts(step), 'FastLocalBloom, 6 probes; full; 10.0 bits a key; 1.22 KB');
    assert.equal(filterFacts(table(12, 2, 'absent')), '');
    const rung = { order: 2, step, verdict: verdictOf(step) };
    assert.equal(rungLabel(rung), '2, table 12 in L2, keys a to m: false positive. so');
    assert.match(rungLabel({ order: 0, step: MEMTABLE, verdict: 'absent' }), /^Write-ahead log: not here\./);
  });
});
