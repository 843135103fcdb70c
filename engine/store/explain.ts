/** A get that tells of every step. */
import type { Clock } from '../base/entropy.ts';
import { StoreError } from '../base/errors.ts';
import type { ReadPath } from '../model/readPath.ts';
import type { StoreReader } from './reader.ts';

export function explainGet(
  _store: StoreReader,
  _family: number,
  _key: Uint8Array,
  _at: number | undefined,
  _clock: Clock,
): ReadPath {
  throw new StoreError('UNSUPPORTED', 'not yet');
}
