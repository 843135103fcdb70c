/** What the ladder of an explained get shows, and what the map draws of it: pure, no DOM. */
import { counted, displayKey, formatBytes, formatCount } from '../../engine/model/display.ts';
import type { ReadPath, ReadStep, SkippedTables, StepOutcome } from '../../engine/protocol/engineApi.ts';
import { spanText } from './words.ts';

/** What came of asking a table. `false-positive`: its filter said maybe, and it does not hold the key. */
export type Verdict = Exclude<StepOutcome, 'out-of-range'> | 'false-positive';

/** Colours of `Tones` (tones.ts), and of `--vscode-charts-*`; `muted` is the theme's description colour. */
export type VerdictTone = 'green' | 'red' | 'blue' | 'orange' | 'purple' | 'yellow' | 'muted';

export const VERDICT_TONES: Readonly<Record<Verdict, VerdictTone>> = {
  found: 'green',
  deleted: 'red',
  operand: 'purple',
  filtered: 'blue',
  'false-positive': 'orange',
  absent: 'muted',
  passed: 'yellow',
  damaged: 'red',
};

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  found: 'found',
  deleted: 'deleted',
  operand: 'merge operand',
  filtered: 'filtered',
  'false-positive': 'false positive',
  absent: 'not here',
  passed: 'passed over',
  damaged: 'damaged',
};

export interface ExplainMark {
  /** Position among the tables that were asked, from 1. */
  readonly order: number;
  readonly level: number;
  readonly verdict: Verdict;
}

export function verdictOf(step: ReadStep): Verdict {
  if (step.outcome === 'absent' && step.filter?.falsePositive === true) return 'false-positive';
  return step.outcome === 'out-of-range' ? 'absent' : step.outcome;
}

/** For each table that was asked, by number, in the order of the search. */
export function explainMarks(path: ReadPath): ReadonlyMap<number, ExplainMark> {
  const marks = new Map<number, ExplainMark>();
  for (const step of path.steps) {
    if (step.table === null) continue;
    marks.set(step.table, { order: marks.size + 1, level: step.level, verdict: verdictOf(step) });
  }
  return marks;
}

export interface LadderRung {
  /** As on the map; 0 for the memtable. */
  readonly order: number;
  readonly step: ReadStep;
  readonly verdict: Verdict;
}

export interface LadderGroup {
  /** -1 is the memtable. */
  readonly level: number;
  readonly rungs: readonly LadderRung[];
  /** What stands beside the level's name; '' for nothing. */
  readonly note: string;
  /** False: something above decided. */
  readonly reached: boolean;
}

/** Steps by level, with the levels between and below them; `levels` are those that the family has. */
export function ladderGroups(path: ReadPath, levels: readonly { level: number; tables: number }[]): LadderGroup[] {
  const marks = explainMarks(path);
  const last = path.steps.at(-1)?.level ?? -1;
  const decided = path.steps.some((s) => s.outcome === 'found' || s.outcome === 'deleted');
  const tables = new Map(levels.filter((l) => l.tables > 0).map((l) => [l.level, l.tables]));
  const known = new Set([...path.steps.map((s) => s.level), ...path.skipped.map((s) => s.level), ...tables.keys()]);
  return [...known]
    .sort((a, b) => a - b)
    .flatMap((level) => {
      const steps = path.steps.filter((s) => s.level === level);
      const reached = !decided || level <= last;
      const skipped = path.skipped.find((s) => s.level === level);
      // The level has come since, or is gone.
      if (reached && steps.length === 0 && skipped === undefined) return [];
      return {
        level,
        reached,
        rungs: steps.map((step) => ({
          order: step.table === null ? 0 : (marks.get(step.table)?.order ?? 0),
          step,
          verdict: verdictOf(step),
        })),
        note: reached ? skippedNote(skipped, steps.length) : `not asked: ${counted(tables.get(level) ?? 0, 'table')}`,
      };
    });
}

function skippedNote(skipped: SkippedTables | undefined, asked: number): string {
  if (skipped === undefined) return '';
  const { tables } = skipped;
  if (asked === 0) return tables === 1 ? 'its table is out of range' : `all ${formatCount(tables)} tables out of range`;
  return `${counted(tables, 'table')} out of range`;
}

export interface LadderAnswer {
  readonly verdict: 'found' | 'deleted' | 'absent';
  readonly text: string;
}

/** `put of sequence 12 in L2, table 118`, or why there is nothing. */
export function ladderAnswer(path: ReadPath): LadderAnswer {
  const { entry } = path;
  if (entry === undefined) {
    const deleted = path.steps.some((s) => s.outcome === 'deleted');
    if (path.problems.length > 0 && !deleted) {
      return { verdict: 'absent', text: 'Not found, but not everything could be read' };
    }
    return deleted ? { verdict: 'deleted', text: 'Deleted' } : { verdict: 'absent', text: 'Not found in any place' };
  }
  const where = entry.table === null ? 'the write-ahead log' : `L${entry.level}, table ${entry.table}`;
  return { verdict: 'found', text: `Found: ${entry.type} of sequence ${formatCount(entry.seq)} in ${where}` };
}

/** Name and value of each sum, in the order to show them. */
export function ladderTotals({ totals: t, micros }: ReadPath): (readonly [string, string])[] {
  return [
    ['tables asked', formatCount(t.tablesAsked)],
    ['filtered', formatCount(t.filtered)],
    ['false positives', formatCount(t.falsePositives)],
    ['blocks read', t.blocksRead === 0 ? '0' : `${formatCount(t.blocksRead)}, ${formatBytes(t.bytesRead)}`],
    ['from cache', formatCount(t.blocksCached)],
    ['time', spanText(micros)],
  ];
}

/** `FastLocalBloom, 6 probes; full; 10.0 bits a key; 1.20 KB`. */
export function filterFacts(step: ReadStep): string {
  const { filter } = step;
  if (filter === null) return '';
  const bits = filter.bitsPerKey === null ? '' : `${filter.bitsPerKey.toFixed(1)} bits a key`;
  return [filter.scheme ?? filter.name, filter.kind, bits, formatBytes(filter.bytes)]
    .filter((s) => s !== '')
    .join('; ');
}

/** A step in one sentence, for screen readers. */
export function rungLabel({ order, step, verdict }: LadderRung): string {
  const place = step.table === null ? 'Write-ahead log' : `${order}, table ${step.table} in L${step.level}`;
  const range =
    step.smallest === null || step.largest === null
      ? ''
      : `, keys ${displayKey(step.smallest, 40)} to ${displayKey(step.largest, 40)}`;
  return `${place}${range}: ${VERDICT_WORDS[verdict]}. ${step.why}`;
}
