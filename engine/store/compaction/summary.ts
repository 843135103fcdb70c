/** What a compaction changed, in a few numbers for a person. */
import type { TreeView } from '../../model/tree.ts';

export interface TreeShape {
  readonly tables: number;
  readonly bytes: number;
  /** Each table of L0 is one, as is each deeper level that holds tables. */
  readonly sortedRuns: number;
}

export interface CompactionSummary {
  readonly before: TreeShape;
  readonly after: TreeShape;
  /** Point entries and range deletions. */
  readonly entriesRead: number;
  readonly hiddenEntries: number;
  readonly droppedTombstones: number;
  readonly seconds: number;
}

export function shapeOf(view: TreeView): TreeShape {
  let tables = 0;
  let bytes = 0;
  let sortedRuns = 0;
  for (const l of view.levels) {
    tables += l.tables.length;
    for (const t of l.tables) bytes += t.bytes;
    sortedRuns += l.level === 0 ? l.tables.length : l.tables.length > 0 ? 1 : 0;
  }
  return { tables, bytes, sortedRuns };
}
