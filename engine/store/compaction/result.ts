/** What became of a compaction. */
import type { TableInfo } from '../../model/tree.ts';
import type { FamilyVersion } from '../version.ts';
import { type CompactionSummary, shapeOf } from './summary.ts';

export interface CompactionResult {
  readonly kind: 'none' | 'compact' | 'move' | 'drop';
  /** Why nothing was done, or the policy's reason. */
  readonly why: string;
  readonly family: number;
  readonly inputs: readonly TableInfo[];
  readonly outputs: readonly TableInfo[];
  readonly outputLevel: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly summary: CompactionSummary;
}

/** `before` and `now`: the family's tree. What was counted on the way is for the caller to fill in. */
export function result(
  kind: CompactionResult['kind'],
  why: string,
  before: FamilyVersion,
  now: FamilyVersion,
  inputs: readonly TableInfo[],
  outputs: readonly TableInfo[],
  outputLevel: number,
  readBytes: number,
  writtenBytes: number,
): CompactionResult {
  const summary: CompactionSummary = {
    before: shapeOf(before.view),
    after: shapeOf(now.view),
    entriesRead: 0,
    hiddenEntries: 0,
    droppedTombstones: 0,
    keptTombstones: 0,
    seconds: 0,
  };
  return { kind, why, family: before.state.id, inputs, outputs, outputLevel, readBytes, writtenBytes, summary };
}
