/**
 * What a compaction would do, counted without doing it: the inputs are merged as the compaction would
 * merge them, and nothing is written (cli.md, JSON of `compact --dry-run`).
 */
import type { Clock } from '../../base/entropy.ts';
import type { TableReader } from '../../formats/block/tableReader.ts';
import type { RangeTombstone } from '../../iter/rangeTombstones.ts';
import type { CompactionPlan } from '../../model/compaction.ts';
import type { TableInfo } from '../../model/tree.ts';
import type { Choice } from '../../policy/policy.ts';
import { tableTombstones } from '../tableTombstones.ts';
import type { FamilyVersion } from '../version.ts';
import type { StoreView } from '../view.ts';
import { jobInput } from './inputs.ts';
import { countRange, type RangeProgress } from './rangeJob.ts';
import { tablesOf } from './select.ts';

export type { CompactionPlan } from '../../model/compaction.ts';

/** Bytes of live tables and blob files. */
export function liveBytes(view: StoreView): number {
  let bytes = 0;
  for (const f of view.version.families.values()) {
    for (const t of f.tables) bytes += t.bytes;
    for (const b of f.view.blobFiles) bytes += b.bytes;
  }
  return bytes;
}

/** A job. Throws StoreError where an input cannot be read. */
export function* planJob(
  view: StoreView,
  family: FamilyVersion,
  choice: Choice,
  clock: Clock,
  refused: string | null = null,
): Generator<RangeProgress, CompactionPlan, void> {
  const inputs = tablesOf(choice);
  const readBytes = inputs.reduce((sum, t) => sum + t.bytes, 0);
  const live = liveBytes(view);
  const plan = {
    family: family.state.name,
    inputs: inputs.map(({ number, level, bytes }) => ({ number, level, bytes })),
    outputLevel: choice.kind === 'compact' ? choice.outputLevel : null,
    readBytes: choice.kind === 'compact' && !choice.isTrivialMove ? readBytes : 0,
    estimatedWriteBytes: 0,
    peakDiskBytes: live,
    entries: 0,
    droppableTombstones: 0,
    shadowedEntries: 0,
    refused: choice.kind === 'none' ? choice.why : refused,
  };
  if (choice.kind !== 'compact' || choice.isTrivialMove) return plan;
  const source = {
    acquire: (info: TableInfo): TableReader => view.acquire(info),
    release: (info: TableInfo, table: TableReader): void => view.releaseTable(info, table),
  };
  const tombstones = (info: TableInfo): readonly RangeTombstone[] => {
    if (!view.shared.dialect.hasRangeDeletions) return [];
    const table = source.acquire(info);
    try {
      return tableTombstones(table, info);
    } finally {
      source.release(info, table);
    }
  };
  const counted = yield* countRange(jobInput(view, family, choice, []), {
    order: family.order,
    source,
    tombstones,
    clock,
  });
  const { counts } = counted;
  // Compression is taken to stay as it is.
  const share = counted.rawBytes === 0 ? 0 : counted.rawBytesOut / counted.rawBytes;
  const estimatedWriteBytes = Math.round(readBytes * share);
  return {
    ...plan,
    estimatedWriteBytes,
    peakDiskBytes: live + estimatedWriteBytes,
    entries: counts.entries + counted.rangeTombstones,
    droppableTombstones: counts.tombstones + Math.max(0, counted.rangeTombstones - counted.rangeTombstonesKept),
    shadowedEntries: counts.hidden,
  };
}
