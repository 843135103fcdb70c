/** What a compaction changed, in a few numbers for a person. */
import type { TreeShape } from '../../model/compaction.ts';
import type { TreeView } from '../../model/tree.ts';

export type { CompactionSummary, TreeShape } from '../../model/compaction.ts';

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
