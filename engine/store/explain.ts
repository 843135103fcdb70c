/** A get that tells of every step: the recorded way, put into a `ReadPath`. */
import type { Clock } from '../base/entropy.ts';
import { typeName } from '../formats/leveldb/internalKey.ts';
import { blobFileName } from '../formats/leveldb/names.ts';
import { decodeBlobIndex } from '../formats/rocksdb/blob.ts';
import { MAX_SEQUENCE, ValueType } from '../iter/cursor.ts';
import { DamageLog } from '../iter/damage.ts';
import { isDeletion, type Version } from '../iter/resolve.ts';
import type { ReadPath, ReadStep, StepOutcome, VersionStep } from '../model/readPath.ts';
import type { TableInfo } from '../model/tree.ts';
import { type Told, whyOf } from './explainWords.ts';
import { PointGet } from './pointGet.ts';
import type { StoreReader } from './reader.ts';
import { resolvedRow } from './rows.ts';
import { microsOf, type Recorded, Recorder } from './trace.ts';
import type { FamilyVersion } from './version.ts';
import type { StoreView } from './view.ts';
import { mayHold } from './wholeGet.ts';

/**
 * What a get of `key` (without timestamp) as of sequence number `at` answers, and how it came to that. Throws
 * StoreError where the get itself would.
 */
export function explainGet(
  store: StoreReader,
  familyId: number,
  key: Uint8Array,
  at: number | undefined,
  clock: Clock,
): ReadPath {
  return store.retry((view) => explainIn(view, familyId, key, at, clock));
}

function explainIn(view: StoreView, familyId: number, key: Uint8Array, at: number | undefined, clock: Clock): ReadPath {
  const family = view.family(familyId);
  const damage = new DamageLog();
  const seen = Math.min(at ?? MAX_SEQUENCE, MAX_SEQUENCE);
  const started = clock.elapsed();
  const recorder = new Recorder(key, seen, family.order, view.version.tables, clock);
  const resolved = new PointGet(view, familyId, damage, recorder).get(key, at);
  recorder.answered();
  if (resolved?.problem !== undefined) damage.note(resolved.problem);
  const micros = microsOf(clock.elapsed() - started);
  const recorded = recorder.walked || !family.order.known ? walkedSteps(family, recorder, damage) : recorder.steps;
  const told: Told = {
    at: seen,
    decider: recorder.exhausted ? undefined : recorder.last,
    resolved,
    hiddenBy: recorder.hiddenBy,
    steps: recorded,
    ordered: family.order.known,
    inDoubt: view.snapshot.manifest.damaged,
    ...restOf(family, key, recorded, view.shared.dialect.overlapLevels),
  };
  const steps = recorded.map((step) => stepOf(view, family, step, told));
  return {
    family: familyId,
    key,
    at: Math.min(at ?? Number.POSITIVE_INFINITY, view.lastSequence),
    entry: resolved === undefined ? undefined : resolvedRow(key, resolved),
    steps,
    skipped: recorder.skipped,
    totals: totalsOf(view, family, steps),
    problems: damage.problems,
    micros,
  };
}

/** Tables that would have been next to ask, had the search gone on, and those of them that may hold the key. */
function restOf(
  family: FamilyVersion,
  key: Uint8Array,
  steps: readonly Recorded[],
  overlapLevels: number,
): Pick<Told, 'behind' | 'mayHoldMore'> {
  const { order, tables } = family;
  if (!order.known) return { behind: 0, mayHoldMore: 0 };
  const last = steps.at(-1)?.info;
  const later = last === undefined ? tables : tables.slice(tables.indexOf(last) + 1);
  const deep = later.filter((t) => t.level < overlapLevels || t.level > (last?.level ?? -1));
  const holding = later.filter((t) => mayHold(order, t, key));
  // A user key may span two tables of one level.
  return { behind: deep.length + holding.filter((t) => !deep.includes(t)).length, mayHoldMore: holding.length };
}

/** Tables that gave no entry to the walk, since they could not be read, have a step too. */
function walkedSteps(family: FamilyVersion, recorder: Recorder, damage: DamageLog): Recorded[] {
  const met = new Map(recorder.steps.map((s) => [s.info?.number ?? 0, s]));
  const step = (info: TableInfo | undefined): Recorded => met.get(info?.number ?? 0) ?? recorder.blank(info);
  const steps = [step(undefined), ...family.tables.map(step)];
  for (const s of steps) {
    const problem = damage.problems.find((p) => s.info !== undefined && p.path === s.info.file);
    if (problem === undefined) continue;
    s.problem = problem;
    s.damaged = true;
  }
  return steps;
}

function stepOf(view: StoreView, family: FamilyVersion, step: Recorded, told: Told): ReadStep {
  const { info, filter, rangeDeletion } = step;
  const outcome = outcomeOf(step, told);
  const absent = step.versions.length === 0 && !step.newerOnly;
  const known = filter === null || filter.verdict === 'no' || step.damaged;
  const memtable = view.snapshot.replay.memtables.get(family.state.id);
  const problem = decides(step, told) ? (step.problem ?? told.resolved?.problem) : step.problem;
  return {
    kind: info === undefined ? 'memtable' : 'table',
    level: info?.level ?? -1,
    table: info?.number ?? null,
    file: info?.file ?? view.snapshot.replay.files.at(-1)?.file ?? '',
    smallest: info?.smallest.key ?? null,
    largest: info?.largest.key ?? null,
    bytes: info?.bytes ?? memtable?.bytes ?? 0,
    filter: known ? filter : { ...filter, falsePositive: absent },
    index: step.index,
    blocks: step.blocks,
    versions: step.versions.map(versionStep),
    rangeDeletion:
      rangeDeletion === undefined
        ? null
        : { seq: rangeDeletion.sequence, from: rangeDeletion.begin, to: rangeDeletion.end },
    outcome,
    why: whyOf(step, outcome, told),
    problem: problem ?? null,
    micros: step.micros,
  };
}

function decides(step: Recorded, told: Told): boolean {
  return told.decider !== undefined && step.versions.includes(told.decider);
}

function outcomeOf(step: Recorded, told: Told): StepOutcome {
  const { decider } = told;
  if (decider !== undefined && step.versions.includes(decider)) {
    return isDeletion(decider.type) || told.hiddenBy.has(decider) ? 'deleted' : 'found';
  }
  if (step.damaged) return 'damaged';
  if (step.filter?.verdict === 'no') return 'filtered';
  if (step.versions.some((v) => v.type === ValueType.merge && counts(v, told))) return 'operand';
  return step.versions.length > 0 || step.newerOnly ? 'passed' : 'absent';
}

/** Whether the answer is made of `v` among others. */
function counts(v: Version, told: Told): boolean {
  if (v.sequence > told.at || told.hiddenBy.has(v)) return false;
  return told.decider === undefined || v.sequence >= told.decider.sequence;
}

function versionStep(v: Version): VersionStep {
  const plain = { seq: v.sequence, type: typeName(v.type), valueBytes: v.value.length };
  if (v.type !== ValueType.blobIndex) return plain;
  try {
    const index = decodeBlobIndex(v.value);
    if (index.kind !== 'blob') return { ...plain, valueBytes: index.value.length };
    return { ...plain, valueBytes: index.size, blob: { file: blobFileName(index.file), offset: index.offset } };
  } catch {
    // The answer's own problem says what is wrong with it.
    return plain;
  }
}

function totalsOf(view: StoreView, family: FamilyVersion, steps: readonly ReadStep[]): ReadPath['totals'] {
  const totals = { tablesAsked: 0, filtered: 0, falsePositives: 0, blocksRead: 0, bytesRead: 0, blocksCached: 0 };
  for (const step of steps) {
    if (step.kind === 'memtable') continue;
    totals.tablesAsked++;
    if (step.outcome === 'filtered') totals.filtered++;
    if (step.filter?.falsePositive === true) totals.falsePositives++;
    for (const b of step.blocks) {
      if (b.cached) totals.blocksCached++;
      else {
        totals.blocksRead++;
        totals.bytesRead += b.bytes;
      }
    }
  }
  if (!family.order.known) for (const info of family.tables) addWalked(view, info, totals);
  return totals;
}

/** A walk reads every block of a table, past the block cache. */
function addWalked(view: StoreView, info: TableInfo, totals: { blocksRead: number; bytesRead: number }): void {
  try {
    const table = view.acquire(info);
    try {
      const { index } = table;
      totals.blocksRead += index.count;
      for (let i = 0; i < index.count; i++) totals.bytesRead += index.size(i);
    } finally {
      view.releaseTable(info, table);
    }
  } catch {
    // Then the walk could not read it either.
  }
}
