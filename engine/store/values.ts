/** Whole values, for documents and the detail pane. */
import { StoreError } from '../base/errors.ts';
import { type Cursor, ValueType } from '../iter/cursor.ts';
import { DamageLog } from '../iter/damage.ts';
import { sameBytes } from '../iter/range.ts';
import { resolveVersions } from '../iter/resolve.ts';
import { PointGet } from './pointGet.ts';
import type { StoreView } from './view.ts';

function within(value: Uint8Array, maxBytes: number): Uint8Array {
  if (value.length > maxBytes) {
    throw new StoreError('INPUT', `the value has ${value.length} bytes, more than the ${maxBytes} asked for`);
  }
  return value;
}

/** Throws NOT_FOUND if the key is not visible or has no single value. */
export function visibleValue(view: StoreView, family: number, key: Uint8Array, maxBytes: number): Uint8Array {
  const found = new PointGet(view, family, new DamageLog()).get(key);
  if (found === undefined) throw new StoreError('NOT_FOUND', 'there is no such key');
  if (found.problem !== undefined) throw new StoreError(found.problem.code, found.problem.message, found.problem);
  if (found.value === undefined)
    throw new StoreError('NOT_FOUND', 'the entry has operands that no known operator joins');
  return within(found.value, maxBytes);
}

/** Value of the version of `key` with this sequence number; an unresolved blob index is followed. */
export function versionValue(
  view: StoreView,
  family: number,
  key: Uint8Array,
  sequence: number,
  maxBytes: number,
): Uint8Array {
  // What a reader sees as of that sequence is the version itself, unless it is a deletion or an operand.
  const seen = new PointGet(view, family, new DamageLog()).get(key, sequence);
  if (seen?.problem !== undefined) throw new StoreError(seen.problem.code, seen.problem.message, seen.problem);
  if (seen?.sequence === sequence && seen.value !== undefined) return within(seen.value, maxBytes);
  const { order } = view.family(family);
  const c: Cursor = view.versions(family, { from: key }, new DamageLog());
  try {
    const ts = order.timestampSize;
    for (c.seek(key, sequence); c.valid; c.next()) {
      if (!sameBytes(c.keyBuffer, c.keyStart, c.keyLength - ts, key, key.length)) break;
      if (c.sequence !== sequence || c.type === ValueType.rangeDeletion) continue;
      const value = c.valueBuffer.slice(c.valueStart, c.valueStart + c.valueLength);
      if (c.type !== ValueType.blobIndex) return within(value, maxBytes);
      const version = { type: c.type, sequence, value, level: c.level, table: c.table };
      const context = { ...view.context(view.family(family), {}, undefined), at: sequence };
      return within(resolveVersions(key, [version], context)?.value ?? value, maxBytes);
    }
  } finally {
    c.close();
  }
  throw new StoreError('NOT_FOUND', `there is no version of the key with sequence ${sequence}`);
}
