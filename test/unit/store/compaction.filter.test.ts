/**
 * The merge of a compaction against a model: whatever the history, the snapshots and what lies below, every
 * reader sees in the outputs what it saw in the inputs, and nothing is kept without a reason.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { MAX_SEQUENCE, ValueType } from '../../../engine/iter/cursor.ts';
import { MergingCursor } from '../../../engine/iter/merging.ts';
import { BYTEWISE } from '../../../engine/iter/order.ts';
import { type RangeTombstone, RangeTombstones } from '../../../engine/iter/rangeTombstones.ts';
import { resolveVersions, type ValueResolver } from '../../../engine/iter/resolve.ts';
import type { TableInfo } from '../../../engine/model/tree.ts';
import { Below } from '../../../engine/store/compaction/below.ts';
import { MergeFilter } from '../../../engine/store/compaction/mergeFilter.ts';
import {
  type Digest,
  DigestWalk,
  equalDigests,
  StateDigest,
  sameCoverage,
} from '../../../engine/store/compaction/proof.ts';
import { type MergeRules, sureMerge } from '../../../engine/store/compaction/rules.ts';
import { Stripes } from '../../../engine/store/compaction/stripes.ts';
import { TombstoneOutput } from '../../../engine/store/compaction/tombstoneOutput.ts';
import { ArrayCursor, type Entry } from '../../support/arrayCursor.ts';
import { random } from '../../support/random.ts';

const text = (b: Uint8Array): string => Buffer.from(b).toString('latin1');
const { value: PUT, deletion: DEL, merge: MERGE, singleDeletion: SINGLE } = ValueType;

function entry(key: string, sequence: number, type: number = PUT, value = type === PUT ? `v${sequence}` : ''): Entry {
  return { key: utf8(key), sequence, type, value: utf8(value) };
}

function range(begin: string, end: string, sequence: number): RangeTombstone {
  return { begin: utf8(begin), end: utf8(end), sequence, level: 0, table: 1 };
}

function table(number: number, smallest: string, largest: string, level = 5): TableInfo {
  return {
    family: 0,
    level,
    number,
    file: '',
    bytes: 1000,
    smallest: { key: utf8(smallest), seq: 1, type: 'put' },
    largest: { key: utf8(largest), seq: 1, type: 'put' },
  };
}

interface Case {
  readonly runs: readonly (readonly Entry[])[];
  readonly ranges?: readonly RangeTombstone[];
  readonly snapshots?: readonly number[];
  /** Entries of the tables below, and the tables. */
  readonly below?: readonly Entry[];
  readonly belowTables?: readonly TableInfo[];
  readonly operator?: string;
  readonly zero?: boolean;
}

interface Outcome {
  readonly entries: Entry[];
  readonly ranges: RangeTombstone[];
  readonly before: Digest;
  readonly rules: MergeRules;
  /** Asked in ascending order each time. */
  readonly newBelow: () => Below;
}

function run(c: Case): Outcome {
  const stripes = new Stripes(c.snapshots ?? []);
  const ranges = c.ranges ?? [];
  const tombstones = ranges.length === 0 ? undefined : new RangeTombstones(ranges, BYTEWISE);
  const newBelow = (): Below =>
    new Below(c.belowTables ?? [], BYTEWISE, false, (_run, key) =>
      (c.below ?? []).some((e) => text(e.key) === text(key)),
    );
  const rules: MergeRules = {
    order: BYTEWISE,
    stripes,
    tombstones,
    below: newBelow(),
    zeroSequences: c.zero ?? false,
    merge: sureMerge(c.operator ?? null),
  };
  const entries: Entry[] = [];
  const sink = {
    add(
      newKey: boolean,
      k: Uint8Array,
      ks: number,
      kl: number,
      sequence: number,
      type: number,
      v: Uint8Array,
      vs: number,
      vl: number,
    ): void {
      const key = k.slice(ks, ks + kl);
      const last = entries.at(-1);
      assert.equal(newKey, last === undefined || text(last.key) !== text(key));
      entries.push({ key, sequence, type, value: v.slice(vs, vs + vl) });
    },
  };
  const digest = new StateDigest(rules);
  const cursor = new MergingCursor(
    c.runs.map((run, i) => new ArrayCursor(run, BYTEWISE, 0, i + 1)),
    BYTEWISE.compare,
  );
  cursor.first();
  const filter = new MergeFilter(cursor, rules, sink, { witness: digest });
  while (filter.step(3));
  const { counts } = filter;
  assert.equal(counts.written + counts.hidden + counts.tombstones, counts.entries);
  assert.equal(counts.entries, c.runs.flat().length);
  const out = new TombstoneOutput(tombstones, BYTEWISE, stripes, newBelow());
  const kept: RangeTombstone[] = [];
  out.addTo(
    { addRangeTombstone: (begin, end, sequence) => kept.push({ begin, end, sequence, level: 0, table: 2 }) },
    undefined,
    undefined,
  );
  return { entries, ranges: kept, before: digest.digest, rules, newBelow };
}

function digestOf(o: Outcome, entries = o.entries, ranges = o.ranges): Digest {
  const tombstones = ranges.length === 0 ? undefined : new RangeTombstones(ranges, BYTEWISE);
  const digest = new StateDigest({ ...o.rules, tombstones, below: o.newBelow() });
  const cursor = new ArrayCursor(entries, BYTEWISE);
  cursor.first();
  const walk = new DigestWalk(cursor, digest, o.rules.stripes, tombstones);
  while (walk.step(3));
  return digest.digest;
}

const shown = (list: readonly Entry[]): string[] =>
  list.map((e) => `${text(e.key)}@${e.sequence}:${e.type}=${text(e.value)}`);

describe('what a compaction keeps', () => {
  it('keeps the newest version of a key only', () => {
    const o = run({
      runs: [
        [entry('a', 9), entry('b', 8)],
        [entry('a', 3), entry('a', 2, DEL), entry('c', 1)],
      ],
    });
    assert.deepEqual(shown(o.entries), ['a@9:1=v9', 'b@8:1=v8', 'c@1:1=v1']);
  });

  it('keeps a version that a snapshot sees, and no other', () => {
    const versions = [9, 8, 7, 5, 4, 2].map((s) => entry('a', s));
    const o = run({ runs: [versions], snapshots: [1, 4, 7] });
    assert.deepEqual(shown(o.entries), ['a@9:1=v9', 'a@7:1=v7', 'a@4:1=v4']);
  });

  it('drops a deletion only where no table below can hold the key', () => {
    const runs = [[entry('a', 9, DEL), entry('m', 8, DEL), entry('z', 7, DEL)]];
    assert.deepEqual(shown(run({ runs }).entries), []);
    const o = run({ runs, belowTables: [table(7, 'k', 'p')] });
    assert.deepEqual(shown(o.entries), ['m@8:0=']);
  });

  it('keeps a deletion over a version that a snapshot sees', () => {
    const o = run({ runs: [[entry('a', 9, DEL), entry('a', 3)]], snapshots: [5] });
    assert.deepEqual(shown(o.entries), ['a@9:0=', 'a@3:1=v3']);
  });

  it('takes a single deletion and its one put out together', () => {
    const runs = [[entry('a', 9, SINGLE)], [entry('a', 3)]];
    assert.deepEqual(shown(run({ runs }).entries), []);
    // A table below spans the key but does not hold it.
    const spanned = run({ runs, belowTables: [table(7, 'a', 'b')], below: [entry('b', 1)] });
    assert.deepEqual(shown(spanned.entries), []);
    const held = run({ runs, belowTables: [table(7, 'a', 'b')], below: [entry('a', 1)] });
    assert.deepEqual(shown(held.entries), ['a@9:7=']);
  });

  it('keeps a single deletion under a newer put until it has met its own', () => {
    const open = run({
      runs: [[entry('a', 9)], [entry('a', 5, SINGLE)]],
      belowTables: [table(7, 'a', 'b')],
      below: [entry('a', 1)],
    });
    assert.deepEqual(shown(open.entries), ['a@9:1=v9', 'a@5:7=']);
    const met = run({
      runs: [[entry('a', 9)], [entry('a', 5, SINGLE), entry('a', 4)]],
      belowTables: [table(7, 'a', 'b')],
      below: [entry('a', 1)],
    });
    assert.deepEqual(shown(met.entries), ['a@9:1=v9']);
    const twice = run({
      runs: [[entry('a', 9)], [entry('a', 5, SINGLE), entry('a', 4), entry('a', 3)]],
      belowTables: [table(7, 'a', 'b')],
      below: [entry('a', 1)],
    });
    assert.deepEqual(shown(twice.entries), ['a@9:1=v9', 'a@5:7=']);
  });

  it('keeps operands with their base where the operator is not known beyond doubt', () => {
    const runs = [[entry('a', 9, MERGE, 'x'), entry('a', 8, MERGE, 'y'), entry('a', 5), entry('a', 4)]];
    for (const operator of ['StringAppendOperator', 'somebody.elses']) {
      assert.deepEqual(shown(run({ runs, operator }).entries), ['a@9:2=x', 'a@8:2=y', 'a@5:1=v5']);
    }
  });

  it('merges a known operator on a certain base, and leaves it where a snapshot or a table below stands between', () => {
    const n = (value: number): string => String.fromCharCode(value, 0, 0, 0, 0, 0, 0, 0);
    const runs = [[entry('a', 9, MERGE, n(5)), entry('a', 8, MERGE, n(7)), entry('a', 5, PUT, n(1))]];
    const operator = 'UInt64AddOperator';
    assert.deepEqual(shown(run({ runs, operator }).entries), [`a@9:1=${n(13)}`]);
    const split = run({ runs, operator, snapshots: [6] });
    assert.deepEqual(shown(split.entries).length, 3);
    const baseless = [[entry('a', 9, MERGE, n(5)), entry('a', 8, MERGE, n(7))]];
    assert.deepEqual(shown(run({ runs: baseless, operator }).entries), [`a@9:1=${n(12)}`]);
    const below = run({
      runs: baseless,
      operator,
      belowTables: [table(7, 'a', 'b')],
      below: [entry('a', 1, PUT, n(1))],
    });
    assert.equal(below.entries.length, 2);
    const deleted = [[entry('a', 9, MERGE, n(5)), entry('a', 8, DEL)]];
    const over = run({ runs: deleted, operator, belowTables: [table(7, 'a', 'b')], below: [entry('a', 1, PUT, n(1))] });
    assert.deepEqual(shown(over.entries), [`a@9:1=${n(5)}`]);
  });

  it('drops what a range deletion covers for every reader, and keeps the range while something lies below', () => {
    const runs = [[entry('a', 9), entry('b', 3), entry('c', 8), entry('d', 2)]];
    const ranges = [range('a', 'd', 5)];
    const bare = run({ runs, ranges });
    assert.deepEqual(shown(bare.entries), ['a@9:1=v9', 'c@8:1=v8', 'd@2:1=v2']);
    assert.deepEqual(bare.ranges, []);
    const covered = run({ runs, ranges, belowTables: [table(7, 'c', 'x')] });
    assert.deepEqual(shown(covered.entries), ['a@9:1=v9', 'c@8:1=v8', 'd@2:1=v2']);
    assert.deepEqual(
      covered.ranges.map((t) => [text(t.begin), text(t.end), t.sequence]),
      [['a', 'd', 5]],
    );
    const seen = run({ runs, ranges, snapshots: [4] });
    assert.deepEqual(shown(seen.entries), ['a@9:1=v9', 'b@3:1=v3', 'c@8:1=v8', 'd@2:1=v2']);
    assert.equal(seen.ranges.length, 1);
  });

  it('sets sequences to 0 where no reader can tell, and nowhere else', () => {
    const runs = [[entry('a', 9), entry('a', 3), entry('b', 2), entry('c', 9, MERGE, 'x'), entry('c', 2)]];
    assert.deepEqual(shown(run({ runs, zero: true }).entries), ['a@0:1=v9', 'b@0:1=v2', 'c@9:2=x', 'c@0:1=v2']);
    assert.deepEqual(shown(run({ runs, zero: true, snapshots: [3] }).entries), [
      'a@9:1=v9',
      'a@0:1=v3',
      'b@0:1=v2',
      'c@9:2=x',
      'c@0:1=v2',
    ]);
  });

  it('refuses an entry of a type that it does not know', () => {
    assert.throws(() => run({ runs: [[entry('a', 9, 0x55)]] }), { code: 'UNSUPPORTED' });
    assert.throws(() => run({ runs: [[entry('a', 9), entry('a', 8, 0x55)]] }), { code: 'UNSUPPORTED' });
  });
});

// ── Random histories ───────────────────────────────────────────────────────────────────────────

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** A history whose oldest part lies below; single deletions keep their contract. */
function history(seed: number): Case {
  const next = random(seed);
  const pick = (n: number): number => Math.floor(next() * n);
  const operator = ['UInt64AddOperator', 'StringAppendOperator'][pick(2)] as string;
  const below: Entry[] = [];
  const inputs: Entry[] = [];
  const ranges: RangeTombstone[] = [];
  const cut = pick(12);
  const total = cut + 4 + pick(24);
  /** Keys that are only put once and single-deleted, and whether they are there. */
  const single = new Map(KEYS.filter(() => next() < 0.25).map((k) => [k, false]));
  for (let s = 1; s <= total; s++) {
    const key = KEYS[pick(KEYS.length)] as string;
    const into = s <= cut ? below : inputs;
    const there = single.get(key);
    if (there !== undefined) {
      into.push(there ? entry(key, s, SINGLE) : entry(key, s));
      single.set(key, !there);
      continue;
    }
    const what = next();
    if (what < 0.15 && s > cut) {
      const [x, y] = [pick(9), pick(9)].sort((p, q) => p - q) as [number, number];
      // The keys of single deletions stay out of ranges: the two do not mix by contract.
      const keys = KEYS.slice(x, y);
      if (x < y && !keys.some((k) => single.has(k))) ranges.push(range(KEYS[x] as string, KEYS[y] ?? 'i', s));
    } else if (what < 0.45) into.push(entry(key, s));
    else if (what < 0.65) into.push(entry(key, s, DEL));
    else into.push(entry(key, s, MERGE, `${s % 10}       `.slice(0, 8)));
  }
  const snapshots = [...new Set(Array.from({ length: pick(4) }, () => 1 + pick(total)))];
  const runs = [0, 1, 2].map((r) => inputs.filter((_, i) => i % 3 === r)).filter((r) => r.length > 0);
  const sorted = below.map((e) => text(e.key)).sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  const belowTables = first === undefined || last === undefined ? [] : [table(7, first, last)];
  return { runs, ranges, snapshots, below, belowTables, operator, zero: belowTables.length === 0 };
}

/** What a reader sees of all keys, by the read path's own rules. */
function seen(entries: readonly Entry[], ranges: readonly RangeTombstone[], at: number, operator: string): string[] {
  const merge = sureMerge(operator);
  const resolver: ValueResolver = {
    blob: () => assert.fail(),
    columns: () => assert.fail(),
    merge: (base, operands, key) => merge?.(base, operands, key),
  };
  const tombstones = new RangeTombstones(ranges, BYTEWISE);
  return KEYS.flatMap((key) => {
    const versions = entries
      .filter((e) => text(e.key) === key)
      .sort((x, y) => y.sequence - x.sequence)
      .map((e) => ({ ...e, level: 0, table: 0 }));
    const r = resolveVersions(utf8(key), versions, { resolver, tombstones, at, values: true });
    if (r === undefined) return [];
    const value =
      r.value === undefined
        ? `operands ${(r.operands ?? []).map(text).join('+')} on ${r.base === undefined ? 'nothing' : text(r.base)}`
        : text(r.value);
    return [`${key}=${value}`];
  });
}

describe('random histories', () => {
  it('reads the same at every snapshot, and the digest agrees', () => {
    for (let seed = 1; seed <= 4000; seed++) {
      const c = history(seed);
      const o = run(c);
      const operator = c.operator ?? '';
      const below = c.below ?? [];
      for (const at of [...(c.snapshots ?? []), MAX_SEQUENCE]) {
        assert.deepEqual(
          seen([...o.entries, ...below], o.ranges, at, operator),
          seen([...c.runs.flat(), ...below], c.ranges ?? [], at, operator),
          `seed ${seed}, at ${at}: ${shown(c.runs.flat())} | below ${shown(below)} → ${shown(o.entries)}`,
        );
      }
      assert.ok(equalDigests(o.before, digestOf(o)), `digest, seed ${seed}`);
      const tombstones = (list: readonly RangeTombstone[]): RangeTombstones => new RangeTombstones(list, BYTEWISE);
      const { stripes } = o.rules;
      assert.ok(
        sameCoverage(tombstones(c.ranges ?? []), tombstones(o.ranges), [], BYTEWISE, stripes, o.newBelow()),
        `coverage, seed ${seed}`,
      );
    }
  });

  it('finds every entry that was lost, changed or brought back', () => {
    let missed = 0;
    let tried = 0;
    for (let seed = 1; seed <= 600; seed++) {
      const c = history(seed);
      const o = run(c);
      const below = c.below ?? [];
      const operator = c.operator ?? '';
      for (let i = 0; i < o.entries.length; i++) {
        const lost = o.entries.filter((_, k) => k !== i);
        const isSeen = [...(c.snapshots ?? []), MAX_SEQUENCE].some(
          (at) =>
            seen([...lost, ...below], o.ranges, at, operator).join() !==
            seen([...o.entries, ...below], o.ranges, at, operator).join(),
        );
        if (!isSeen) continue;
        tried++;
        if (equalDigests(o.before, digestOf(o, lost))) missed++;
      }
    }
    assert.ok(tried > 1000, `${tried} losses were tried`);
    assert.equal(missed, 0);
  });

  it('tells a changed value and a changed key', () => {
    const o = run({ runs: [[entry('a', 9), entry('b', 8)]] });
    for (const changed of [
      [entry('a', 9), entry('b', 8, PUT, 'v9')],
      [entry('a', 9), entry('c', 8)],
      [entry('a', 9, PUT, 'v8'), entry('b', 8, PUT, 'v9')],
      [entry('a', 9, PUT, 'v9\u0000'), entry('b', 8)],
      [entry('a', 9, DEL), entry('b', 8)],
    ]) {
      assert.ok(!equalDigests(o.before, digestOf(o, changed)), shown(changed).join());
    }
  });

  it('tells a range that covers more or less', () => {
    const order = BYTEWISE;
    const stripes = new Stripes([]);
    const below = new Below([table(7, 'a', 'z')], order);
    const input = new RangeTombstones([range('c', 'f', 5)], order);
    const same = (list: readonly RangeTombstone[]): boolean =>
      sameCoverage(input, new RangeTombstones(list, order), [], order, stripes, below);
    assert.ok(same([range('c', 'f', 5)]));
    assert.ok(same([range('c', 'd', 5), range('d', 'f', 5)]));
    assert.ok(!same([range('d', 'f', 5)]));
    assert.ok(!same([range('c', 'f', 4)]));
    assert.ok(!same([range('c', 'f', 5), range('g', 'h', 5)]));
    assert.ok(!same([]));
  });
});
