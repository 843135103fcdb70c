/** Why a step of a get ended as it did, in words. */
import { typeName } from '../formats/leveldb/internalKey.ts';
import { blobFileName } from '../formats/leveldb/names.ts';
import { decodeBlobIndex } from '../formats/rocksdb/blob.ts';
import { ValueType } from '../iter/cursor.ts';
import { isDeletion, type Resolved, type Version } from '../iter/resolve.ts';
import { counted, formatCount } from '../model/display.ts';
import type { StepOutcome } from '../model/readPath.ts';
import type { Recorded } from './trace.ts';

/** What is known at the end of the search. */
export interface Told {
  /** Sequence number of the read; MAX_SEQUENCE for everything. */
  readonly at: number;
  /** The version at which the search stopped; undefined where it came to the end. */
  readonly decider: Version | undefined;
  readonly resolved: Resolved | undefined;
  /** Sequence number of the range deletion that hides a version. */
  readonly hiddenBy: ReadonlyMap<Version, number>;
  readonly steps: readonly Recorded[];
  /** False: the comparator is not known, and every entry of every table was compared. */
  readonly ordered: boolean;
  /** The MANIFEST is damaged: tables are in no known order, and all of them were asked. */
  readonly inDoubt: boolean;
  /** Tables behind the last one asked, and those of them whose bounds hold the key. */
  readonly behind: number;
  readonly mayHoldMore: number;
}

export function whyOf(step: Recorded, outcome: StepOutcome, told: Told): string {
  const notes = [mainReason(step, outcome, told)];
  if (step.rangeDeletion !== undefined && outcome !== 'found' && outcome !== 'deleted') {
    const { sequence } = step.rangeDeletion;
    notes.push(`a range deletion here (sequence ${sequence}) covers the key and hides what is older than it`);
  }
  if (step.problem !== undefined && outcome !== 'damaged') {
    notes.push(`not all of the table could be read: ${step.problem.message}`);
  }
  if (step.filterNote !== '' && outcome !== 'damaged') notes.push(step.filterNote);
  return notes.join('; ');
}

function mainReason(step: Recorded, outcome: StepOutcome, told: Told): string {
  switch (outcome) {
    case 'out-of-range':
      return 'the key is outside of the table’s bounds';
    case 'filtered':
      return 'the filter says that the key is not here: no data block is read';
    case 'absent':
      return absent(step, told);
    case 'found':
      return found(told.decider, told);
    case 'deleted':
      return deleted(told.decider, told);
    case 'operand':
      return operands(step, told);
    case 'passed':
      return passed(step, told);
    case 'damaged':
      return `it cannot be read: ${step.problem?.message ?? 'damaged'}; the search goes on without it`;
  }
}

function absent(step: Recorded, told: Told): string {
  if (!told.ordered) return 'the order of keys is not known, so every entry was compared: none is the key';
  if (step.info === undefined) return 'no version of the key is in the write-ahead log';
  if (step.behind) return 'the key is behind the last entry of the table';
  if (step.filter !== null) {
    const blocks = step.blocks.length === 1 ? 'a block was' : `${step.blocks.length} blocks were`;
    return `the filter said maybe, but the key is not here: a false positive, for which ${blocks} looked into in vain`;
  }
  const where = step.blocks.length === 1 ? 'the block that would hold it' : 'the blocks that would hold it';
  return `the key is not in ${where}${step.filterNote === '' ? '; the table has no filter that could have told' : ''}`;
}

/** `put, sequence 12`. */
function named(v: Version): string {
  return `${typeName(v.type)}, sequence ${v.sequence}`;
}

/** What becomes of the places behind the one that decides. */
function rest(told: Told): string {
  if (!told.ordered)
    return 'it is the newest of all versions, looked for in every table since the order of keys is not known';
  if (told.inDoubt) return 'it is the newest of all versions; after damage to the MANIFEST all tables are asked';
  if (told.behind === 0) return 'nothing older is left to ask';
  const more =
    told.mayHoldMore === 0 ? '' : `, where ${counted(told.mayHoldMore, 'table')} could hold more versions of the key`;
  return `older levels are not asked${more}`;
}

function found(v: Version | undefined, told: Told): string {
  if (v === undefined) return '';
  const merged = told.resolved !== undefined && told.resolved.sequence !== v.sequence;
  const start = merged
    ? `the base that the merge operands build on (${named(v)})`
    : `the newest version decides (${named(v)})`;
  return [`${start}: ${rest(told)}`, ...valueNotes(v, told)].join('; ');
}

function valueNotes(v: Version, told: Told): string[] {
  const notes: string[] = [];
  if (v.type === ValueType.blobIndex) notes.push(blobNote(v.value));
  const columns = told.resolved?.columns;
  if (v.type === ValueType.wideColumnEntity && columns !== undefined) {
    notes.push(`it has ${counted(columns.length, 'column')}`);
  }
  if (told.resolved?.problem !== undefined) notes.push(`its value cannot be had: ${told.resolved.problem.message}`);
  return notes;
}

function blobNote(value: Uint8Array): string {
  try {
    const index = decodeBlobIndex(value);
    if (index.kind === 'inlined') return 'its value stands in the table, with a time to live';
    const bytes = counted(index.size, 'byte');
    return `its value of ${bytes} stands in ${blobFileName(index.file)} at offset ${formatCount(index.offset)}`;
  } catch {
    return 'it names a blob in a way that cannot be read';
  }
}

function deleted(v: Version | undefined, told: Told): string {
  if (v === undefined) return '';
  const under = told.resolved !== undefined;
  const end = under
    ? `the merge operands that are newer have no base, and ${rest(told)}`
    : `there is no value, and ${rest(told)}`;
  const hidden = told.hiddenBy.get(v);
  if (isDeletion(v.type) && hidden === undefined) {
    return `${under ? 'a deletion ends the search' : 'the newest version is a deletion'} (${named(v)}): ${end}`;
  }
  const by = told.steps.find((s) => s.rangeDeletion?.sequence === hidden);
  const where = by === undefined ? '' : ` in ${by.info?.file ?? 'the write-ahead log'}`;
  const what = under ? 'the next version' : 'its newest version';
  return `${what} (${named(v)}) is hidden by the range deletion of sequence ${hidden}${where}: ${end}`;
}

function operands(step: Recorded, told: Told): string {
  const merges = step.versions.filter((v) => v.type === ValueType.merge);
  const what = `${counted(merges.length, 'merge operand')} (sequence ${merges.map((v) => v.sequence).join(', ')})`;
  const later = told.steps.slice(told.steps.indexOf(step) + 1);
  if (!told.ordered || told.inDoubt) return `${what}; all tables were asked for a base`;
  if (told.decider === undefined && later.length === 0) return `${what}: nothing older is there to build on`;
  return `${what}: the search goes on for the base to build on`;
}

function passed(step: Recorded, told: Told): string {
  if (step.newerOnly || (step.versions.length > 0 && step.versions.every((v) => v.sequence > told.at))) {
    return `what it holds of the key is newer than sequence ${told.at}, as of which is read`;
  }
  const hidden = step.versions.find((v) => told.hiddenBy.has(v));
  if (hidden !== undefined) {
    const by = told.hiddenBy.get(hidden);
    return `its version (${named(hidden)}) is hidden by the range deletion of sequence ${by}; the search goes on`;
  }
  return 'what it holds of the key is older than the version that decides';
}
