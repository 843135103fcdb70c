/** Reads a whole table and measures it. */
import { StoreError } from '../base/errors.ts';
import type { TableProfile } from '../model/tableProfile.ts';
import type { TableInfo } from '../model/tree.ts';
import type { StoreView } from './view.ts';

/** A job: yields how many of how many data blocks are read. */
// biome-ignore lint/correctness/useYield: it will
export function* tableProfile(
  _view: StoreView,
  _info: TableInfo,
): Generator<{ readonly done: number; readonly total: number }, TableProfile, void> {
  throw new StoreError('UNSUPPORTED', 'not yet');
}
