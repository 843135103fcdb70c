/** What the evidence tab remembers, and its words: pure, no DOM. */
import type { EvidenceState, EvidenceStatus } from '../../engine/protocol/engineApi.ts';
import { isResultsUi, type ResultsUi } from '../results/uiState.ts';
import { count, duration, plural, size } from '../text/numbers.ts';

export interface EvidenceUi extends ResultsUi {
  readonly statuses: readonly EvidenceStatus[];
}

/** Whether `ui` is whole: it comes from a file that another version may have written. */
export function isEvidenceUi(ui: unknown): ui is EvidenceUi {
  if (!isResultsUi(ui)) return false;
  const { statuses } = ui as Partial<EvidenceUi>;
  return (
    Array.isArray(statuses) && statuses.every((s) => ['live', 'shadowed', 'deleted', 'tombstone', 'orphan'].includes(s))
  );
}

/** `1,204 of 632,506 records, 81.2 MB, complete, 812 ms`. */
export function evidenceWords(s: EvidenceState, shown: number): string {
  const all = plural(s.total, 'record');
  const rows = shown === s.total ? all : `${count(shown)} of ${all}`;
  const how = s.stopped ? 'stopped there' : s.complete ? 'complete' : 'counting…';
  return `${rows}, ${size(s.bytes)}, ${how}, ${duration(s.millis)}`;
}

/** Rows with one of `statuses`; all, if there are none. */
export function rowsOf(s: EvidenceState, statuses: readonly EvidenceStatus[]): number {
  return statuses.length === 0 ? s.total : statuses.reduce((n, status) => n + s.byStatus[status], 0);
}

/** Whether the bytes of a record are looked at in its block: logs and range deletions have none. */
export function isInBlock(file: string, type: string): boolean {
  return !file.endsWith('.log') && type !== 'range-delete';
}
