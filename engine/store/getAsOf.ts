/** One key as of a user timestamp: rare, and so the walk over its versions that a scan of that one key is. */
import type { DamageLog } from '../iter/damage.ts';
import type { Resolved } from '../iter/resolve.ts';
import type { StoreView } from './view.ts';

/** Throws INPUT where the family has no timestamps, or others. `key` is without its timestamp. */
export function getAsOf(
  view: StoreView,
  family: number,
  key: Uint8Array,
  at: number | undefined,
  atTimestamp: Uint8Array,
  damage: DamageLog,
): Resolved | undefined {
  const e = view.scan(family, { key, at, atTimestamp }, damage);
  try {
    e.first();
    if (!e.valid) return undefined;
    const { sequence, type, level, table, timestamp, operands, base, problem } = e;
    const value = e.hasValue ? e.valueBuffer.slice(e.valueStart, e.valueStart + e.valueLength) : undefined;
    const columns = e.columns === undefined ? undefined : [...e.columns];
    const merged = operands === undefined ? undefined : [...operands];
    return { type, sequence, level, table, timestamp, value, columns, operands: merged, base, problem };
  } finally {
    e.close();
  }
}
