/** What the table editor remembers: pure, no DOM. */
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';

export const TABS = ['overview', 'properties', 'blocks', 'entries'] as const;
export type TabId = (typeof TABS)[number];

export interface GridUi {
  readonly row: number;
  readonly left: number;
  readonly selected: number;
  readonly widths: Readonly<Record<string, number | null>>;
}

export interface TableUi {
  readonly tab: TabId;
  readonly figures: 'charts' | 'tables';
  readonly format: BytesFormat;
  readonly blocks: GridUi;
  readonly entries: GridUi;
  /** The data block that the entries are those of; null for all. */
  readonly block: number | null;
  /** Pixels: height of the detail pane. */
  readonly detail: number;
  /** What is typed in the search box of the properties. */
  readonly search: string;
}

function isGridUi(g: unknown): g is GridUi {
  if (typeof g !== 'object' || g === null) return false;
  const { row, left, selected, widths } = g as Partial<GridUi>;
  if (![row, left, selected].every((n) => typeof n === 'number' && Number.isFinite(n))) return false;
  if (typeof widths !== 'object' || widths === null) return false;
  return Object.values(widths).every((w) => w === null || typeof w === 'number');
}

/** Whether `ui` is whole: it comes from a file that another version may have written. */
export function isTableUi(ui: unknown): ui is TableUi {
  if (typeof ui !== 'object' || ui === null) return false;
  const u = ui as Partial<TableUi>;
  return (
    TABS.includes(u.tab as TabId) &&
    ['charts', 'tables'].includes(u.figures as string) &&
    ['text', 'hex', 'json'].includes(u.format as string) &&
    isGridUi(u.blocks) &&
    isGridUi(u.entries) &&
    (u.block === null || (typeof u.block === 'number' && Number.isInteger(u.block) && u.block >= 0)) &&
    typeof u.detail === 'number' &&
    Number.isFinite(u.detail) &&
    typeof u.search === 'string'
  );
}
