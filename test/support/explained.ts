/** What must be true of every explained get, whatever the store. */
import { strict as assert } from 'node:assert';
import { compareBytes, hex } from '../../engine/base/bytes.ts';
import { systemClock } from '../../engine/base/entropy.ts';
import { DamageLog } from '../../engine/iter/damage.ts';
import type { EntryRow, ReadPath } from '../../engine/protocol/engineApi.ts';
import { explainGet } from '../../engine/store/explain.ts';
import { PointGet } from '../../engine/store/pointGet.ts';
import type { StoreReader } from '../../engine/store/reader.ts';
import { resolvedRow } from '../../engine/store/rows.ts';

/** Sequence numbers of the point versions of a key (hex), by file number; 0 stands for the logs. */
export type Truth = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

function entryOf(store: StoreReader, family: number, key: Uint8Array, at: number | undefined, damage: DamageLog) {
  const resolved = new PointGet(store.view, family, damage).get(key, at);
  if (resolved?.problem !== undefined) damage.note(resolved.problem);
  const entry: EntryRow | undefined = resolved === undefined ? undefined : resolvedRow(key, resolved);
  return entry;
}

/** Explains a get, and checks the path against a plain get, the tree, and (where it is known) what tables hold. */
export function explained(store: StoreReader, family: number, key: Uint8Array, at?: number, truth?: Truth): ReadPath {
  const damage = new DamageLog();
  const entry = entryOf(store, family, key, at, damage);
  const path = explainGet(store, family, key, at, systemClock);
  const what = `${hex(key)} of family ${family}`;
  assert.deepEqual(path.entry, entry, what);
  assert.deepEqual(path.problems, damage.problems, what);
  assert.deepEqual(structuredClone(path), path, what);
  checkOrder(store, path, what);
  const ordinary = store.view.family(family).order.timestampSize === 0;
  checkSteps(path, truth?.get(hex(key)) ?? new Map(), truth !== undefined, ordinary, what);
  checkTotals(path, what);
  return path;
}

function checkOrder(store: StoreReader, path: ReadPath, what: string): void {
  const { order, view, tables } = store.view.family(path.family);
  const [first, ...rest] = path.steps;
  assert.equal(first?.kind, 'memtable', what);
  const placed = new Map(tables.map((t, i) => [t.number, i]));
  const places = rest.map((s) => placed.get(s.table as number) as number);
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    `order of the search: ${what}`,
  );
  const decider = path.steps.findIndex((s) => s.outcome === 'found' || s.outcome === 'deleted');
  const inDoubt = store.view.snapshot.manifest.damaged || !order.known;
  if (decider >= 0 && !inDoubt)
    assert.equal(decider, path.steps.length - 1, `nothing is asked after it decides: ${what}`);
  if (!order.known) return;
  const stopped = decider < 0 ? Number.POSITIVE_INFINITY : (path.steps[decider]?.level as number);
  for (const { level, tables: own } of view.levels) {
    const asked = path.steps.filter((s) => s.level === level).length;
    const skipped = path.skipped.find((s) => s.level === level)?.tables ?? 0;
    if (level < stopped) assert.equal(asked + skipped, own.length, `all of L${level} are accounted for: ${what}`);
    else assert.ok(asked + skipped <= own.length, what);
  }
  for (const s of path.skipped) {
    assert.ok(s.numbers.length > 0 && s.numbers.length <= s.tables, what);
    for (const n of s.numbers) assert.ok(!path.steps.some((step) => step.table === n), what);
  }
}

/** `known`: `held` is all there is; `ordinary`: keys have no timestamps. */
function checkSteps(
  path: ReadPath,
  held: ReadonlyMap<number, readonly number[]>,
  known: boolean,
  ordinary: boolean,
  what: string,
): void {
  for (const step of path.steps) {
    assert.notEqual(step.why, '', what);
    assert.ok(step.micros >= 0, what);
    if (step.filter?.verdict === 'no') {
      assert.equal(step.outcome, 'filtered', what);
      assert.deepEqual([step.blocks.length, step.versions.length, step.filter.falsePositive], [0, 0, null], what);
    }
    if (step.outcome === 'filtered') assert.equal(step.filter?.verdict, 'no', what);
    if (step.outcome === 'absent' || step.outcome === 'filtered') assert.equal(step.versions.length, 0, what);
    if (step.outcome === 'damaged') assert.notEqual(step.problem, null, what);
    for (const b of step.blocks) assert.ok(b.rawBytes > 0 || step.outcome === 'damaged', what);
    if (step.index !== null && step.blocks[0] !== undefined) assert.equal(step.blocks[0].block, step.index.block, what);
    if (ordinary && step.outcome === 'absent' && step.blocks.length > 1) {
      assert.equal(
        hex(step.index?.separator ?? path.key),
        hex(path.key),
        `more than one block of ${step.file}: ${what}`,
      );
    }
    if (!known) continue;
    const truth = held.get(step.table ?? 0) ?? [];
    if (truth.length > 0) assert.notEqual(step.filter?.verdict, 'no', `${step.file} holds the key: ${what}`);
    if (step.outcome === 'absent') assert.deepEqual(truth, [], `${step.file} is said not to hold it: ${what}`);
    if (step.filter?.verdict === 'maybe' && step.outcome !== 'damaged') {
      assert.equal(step.filter.falsePositive, truth.length === 0, `false positive of ${step.file}: ${what}`);
    }
    for (const v of step.versions) assert.ok(truth.includes(v.seq), `${step.file} has no sequence ${v.seq}: ${what}`);
  }
}

function checkTotals(path: ReadPath, what: string): void {
  const tables = path.steps.filter((s) => s.kind === 'table');
  const count = (test: (s: (typeof tables)[number]) => boolean): number => tables.filter(test).length;
  assert.equal(path.totals.tablesAsked, tables.length, what);
  assert.equal(
    path.totals.filtered,
    count((s) => s.outcome === 'filtered'),
    what,
  );
  assert.equal(
    path.totals.falsePositives,
    count((s) => s.filter?.falsePositive === true),
    what,
  );
  assert.equal(compareBytes(path.key, path.entry?.key ?? path.key), 0);
}
