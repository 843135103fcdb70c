/** What the results tab remembers, and its words: pure, no DOM. */
import type { QueryState } from '../../engine/protocol/engineApi.ts';
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { count, duration, plural, size } from '../text/numbers.ts';

export interface ResultsUi {
  readonly grid: {
    readonly row: number;
    readonly left: number;
    readonly selected: number;
    readonly widths: Readonly<Record<string, number | null>>;
  };
  readonly format: BytesFormat;
  readonly detail: 'bottom' | 'right' | 'off';
  /** Pixels: height of the pane below, width of the pane at the side. */
  readonly sizes: { readonly bottom: number; readonly right: number };
}

/** Whether `ui` is whole: it comes from a file that another version may have written. */
export function isResultsUi(ui: unknown): ui is ResultsUi {
  if (typeof ui !== 'object' || ui === null) return false;
  const u = ui as Partial<ResultsUi>;
  const g = u.grid as Partial<ResultsUi['grid']> | undefined;
  const numbers = [g?.row, g?.left, g?.selected, u.sizes?.bottom, u.sizes?.right];
  if (!numbers.every((n) => typeof n === 'number' && Number.isFinite(n))) return false;
  if (typeof g?.widths !== 'object' || g.widths === null) return false;
  if (!Object.values(g.widths).every((w) => w === null || typeof w === 'number')) return false;
  return (
    ['text', 'hex', 'json'].includes(u.format as string) && ['bottom', 'right', 'off'].includes(u.detail as string)
  );
}

/** `632,506 rows, complete, 812 ms, as of sequence 1,234`; with a condition, also what was gone through for them. */
export function statusText(s: QueryState): string {
  const end = s.stopped === true ? 'stopped' : 'complete';
  const through = s.scanned === undefined ? '' : `, ${count(s.scanned)} entries and ${size(s.bytes)} scanned`;
  const rows = s.complete
    ? `${plural(s.total, 'row')}${through}, ${end}`
    : `${plural(s.total, 'row')} so far${through}, ${s.scanned === undefined ? `${size(s.bytes)}, counting` : 'searching'}…`;
  return `${rows}, ${duration(s.millis)}, as of sequence ${count(s.at)}`;
}
