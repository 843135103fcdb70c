/** What the overview tab remembers: pure, no DOM. */
import type { Axis } from '../map/layout.ts';

export interface OverviewUi {
  readonly family: number;
  readonly axis: Axis;
  readonly mode: 'map' | 'table';
  readonly scroll: number;
}

export function isOverviewUi(ui: unknown): ui is OverviewUi {
  if (typeof ui !== 'object' || ui === null) return false;
  const u = ui as Partial<OverviewUi>;
  return (
    Number.isFinite(u.family) &&
    Number.isFinite(u.scroll) &&
    ['bytes', 'keys'].includes(u.axis as string) &&
    ['map', 'table'].includes(u.mode as string)
  );
}
