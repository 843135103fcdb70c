/** Ranges of one compaction put together again. */
import type { BlobFileGarbage } from '../../formats/leveldb/versionEdit.ts';
import { LIVE_OUTPUTS_MAX } from './outputs.ts';
import { sumDigests } from './proof.ts';
import type { RangeJobResult, RangeProgress } from './rangeJob.ts';
import { MergeCounts } from './rules.ts';

export function sumProgress(all: readonly RangeProgress[]): RangeProgress {
  const sum = (of: (p: RangeProgress) => number): number => all.reduce((n, p) => n + of(p), 0);
  // Every range shows at least what it is writing.
  const each = Math.max(1, Math.floor(LIVE_OUTPUTS_MAX / all.length));
  return {
    phase: all.every((p) => p.phase === 'proof') ? 'proof' : 'merge',
    readBytes: sum((p) => p.readBytes),
    writtenBytes: sum((p) => p.writtenBytes),
    entries: sum((p) => p.entries),
    provenBytes: sum((p) => p.provenBytes),
    outputs: all.flatMap((p) => p.outputs.slice(-each)),
  };
}

/** Results of ranges in key order, as if they were one. */
export function joinResults(results: readonly RangeJobResult[]): RangeJobResult {
  const [first] = results as [RangeJobResult, ...RangeJobResult[]];
  const counts = new MergeCounts();
  const garbage = new Map<number, BlobFileGarbage>();
  for (const r of results) {
    counts.add(r.counts);
    for (const g of r.garbage) {
      const known = garbage.get(g.number);
      garbage.set(g.number, {
        number: g.number,
        count: g.count + (known?.count ?? 0),
        bytes: g.bytes + (known?.bytes ?? 0),
      });
    }
  }
  return {
    tables: results.flatMap((r) => r.tables),
    counts,
    digest: results.map((r) => r.digest).reduce(sumDigests),
    // Each range has looked at all of them.
    rangeTombstones: first.rangeTombstones,
    garbage: [...garbage.values()].sort((a, b) => a.number - b.number),
    readBytes: results.reduce((sum, r) => sum + r.readBytes, 0),
  };
}

/** Range deletions that are gone: fragments may be more than what they were cut from. */
export function droppedRanges(merged: Pick<RangeJobResult, 'tables' | 'rangeTombstones'>): number {
  const kept = merged.tables.reduce((n, t) => n + t.summary.rangeDeletions, 0);
  return Math.max(0, merged.rangeTombstones - kept);
}
