import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareBytes } from '../../../engine/base/bytes.ts';
import { checkLevels } from '../../../engine/model/check.ts';
import type { TableInfo, TreeView } from '../../../engine/model/tree.ts';
import { table } from '../policy/treeBuilder.ts';

function rules(levels: readonly (readonly TableInfo[])[], lastSequence?: number): string[] {
  const view: TreeView = { family: 0, blobFiles: [], levels: levels.map((tables, level) => ({ level, tables })) };
  return checkLevels(view, compareBytes, lastSequence === undefined ? {} : { lastSequence }).map(
    (f) => `${f.rule} ${f.level}:${f.table}${f.other === undefined ? '' : `/${f.other}`}`,
  );
}

describe('level invariants', () => {
  it('finds nothing wrong with a sound tree', () => {
    const l0 = [table(0, 9, { keys: [1, 900] }), table(0, 8, { keys: [1, 5] })];
    const l1 = [table(1, 2, { keys: [1, 5] }), table(1, 1, { keys: [6, 9] })];
    assert.deepEqual(rules([l0, l1], 99), []);
    assert.deepEqual(rules([]), []);
  });

  it('lets two tables meet in a user key while the newer versions come first', () => {
    const left = table(1, 1, { keys: [1, 5], seqs: [60, 50] });
    assert.deepEqual(rules([[], [left, table(1, 2, { keys: [5, 9], seqs: [40, 41] })]]), []);
    assert.deepEqual(rules([[], [left, table(1, 2, { keys: [5, 9], seqs: [50, 51] })]]), ['overlap 1:2/1']);
  });

  it('lets a range deletion end where the next table begins', () => {
    const left = table(1, 1, { keys: [1, 5], seqs: [60, 50] });
    const cut = { ...left, largest: { key: left.largest.key, seq: 2 ** 56, type: 'range-delete' as const } };
    assert.deepEqual(rules([[], [cut, table(1, 2, { keys: [5, 9], seqs: [70, 71] })]]), []);
  });

  it('names overlap and disorder below L0', () => {
    assert.deepEqual(rules([[], [table(1, 1, { keys: [1, 5] }), table(1, 2, { keys: [4, 9] })]]), ['overlap 1:2/1']);
    assert.deepEqual(rules([[], [table(1, 1, { keys: [6, 9] }), table(1, 2, { keys: [1, 5] })]]), ['order 1:2/1']);
  });

  it('orders L0 by epoch, by sequence, or by number', () => {
    const [a, b] = [table(0, 1, { keys: [1, 9] }), table(0, 2, { keys: [1, 9] })];
    assert.deepEqual(rules([[b, a]]), []);
    assert.deepEqual(rules([[a, b]]), ['age 0:2/1']);
    assert.deepEqual(
      rules([
        [
          { ...a, epoch: 7 },
          { ...b, epoch: 3 },
        ],
      ]),
      [],
    );
    const plain = (t: TableInfo): TableInfo => {
      const { smallestSeq: _s, largestSeq: _l, ...rest } = t;
      return rest;
    };
    assert.deepEqual(rules([[plain(b), plain(a)]]), []);
    assert.deepEqual(rules([[plain(a), plain(b)]]), ['age 0:2/1']);
  });

  it('names tables that stand twice or in the wrong level', () => {
    const t = table(1, 3, { keys: [1, 5] });
    assert.deepEqual(rules([[], [t], [{ ...t, level: 2 }]]), ['duplicate 2:3']);
    assert.deepEqual(rules([[], [], [t]]), ['level 2:3']);
  });

  it('names bounds and sequences that contradict each other', () => {
    assert.deepEqual(rules([[], [table(1, 3, { keys: [5, 1] })]]), ['bounds 1:3']);
    const t = table(1, 3, { keys: [1, 5], seqs: [30, 39] });
    assert.deepEqual(rules([[], [{ ...t, smallestSeq: 40, largestSeq: 30 }]]).slice(0, 1), ['sequence 1:3']);
    assert.deepEqual(rules([[], [{ ...t, smallestSeq: 31 }]]), ['sequence 1:3']);
    assert.deepEqual(rules([[], [t]], 38), ['sequence 1:3']);
    assert.deepEqual(rules([[], [t]], 39), []);
  });
});
