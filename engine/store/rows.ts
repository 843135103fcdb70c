/** Entries as rows: bytes of their own, values cut to a preview. */
import { typeName } from '../formats/leveldb/internalKey.ts';
import { type Cursor, ValueType } from '../iter/cursor.ts';
import type { KeyOrder } from '../iter/order.ts';
import type { Resolved } from '../iter/resolve.ts';
import type { VisibleEntries } from '../iter/visible.ts';
import type { EntryRow } from '../model/answers.ts';

function cut(b: Uint8Array, max: number): Uint8Array {
  return b.length <= max ? b : b.slice(0, max);
}

/** The row of what a reader sees. */
export function visibleRow(e: VisibleEntries, previewBytes: number): EntryRow {
  const shown = Math.min(e.valueLength, previewBytes);
  return {
    key: e.keyBuffer.slice(e.keyStart, e.keyStart + e.keyLength),
    value: e.hasValue ? e.valueBuffer.slice(e.valueStart, e.valueStart + shown) : null,
    valueSize: e.valueLength,
    seq: e.sequence,
    type: typeName(e.type),
    level: e.level,
    table: e.table === 0 ? null : e.table,
    ...(e.columns === undefined
      ? {}
      : { columns: e.columns.map((c) => ({ name: cut(c.name, previewBytes), value: cut(c.value, previewBytes) })) }),
    ...(e.operands === undefined ? {} : { operands: e.operands.map((o) => cut(o, previewBytes)) }),
    ...(e.base === undefined ? {} : { base: cut(e.base, previewBytes) }),
    ...(e.timestamp === undefined ? {} : { timestamp: e.timestamp }),
    ...(e.problem === undefined ? {} : { problem: e.problem }),
  };
}

/** Crossing a thread copies a view's whole buffer: a small value must not take its neighbours along. */
function owned(b: Uint8Array): Uint8Array {
  return b.buffer.byteLength > 2 * b.length ? b.slice() : b;
}

/** The row of a get, values whole. */
export function resolvedRow(key: Uint8Array, r: Resolved): EntryRow {
  return {
    key,
    value: r.value === undefined ? null : owned(r.value),
    valueSize: r.value?.length ?? 0,
    seq: r.sequence,
    type: typeName(r.type),
    level: r.level,
    table: r.table === 0 ? null : r.table,
    ...(r.columns === undefined ? {} : { columns: r.columns }),
    ...(r.operands === undefined ? {} : { operands: r.operands }),
    ...(r.base === undefined ? {} : { base: r.base }),
    ...(r.timestamp === undefined ? {} : { timestamp: r.timestamp }),
    ...(r.problem === undefined ? {} : { problem: r.problem }),
  };
}

/** The row of one version as it is stored: blob indexes, operands and entities undecoded. */
export function versionRow(c: Cursor, order: KeyOrder, previewBytes: number): EntryRow {
  const ts = order.timestampSize;
  const keyEnd = c.keyStart + c.keyLength;
  const range = c.type === ValueType.rangeDeletion;
  const deleted =
    c.type === ValueType.deletion || c.type === ValueType.singleDeletion || c.type === ValueType.deletionWithTimestamp;
  const value = c.valueBuffer.slice(
    c.valueStart,
    c.valueStart + (range ? c.valueLength : Math.min(c.valueLength, previewBytes)),
  );
  return {
    key: c.keyBuffer.slice(c.keyStart, keyEnd - ts),
    value: range || deleted ? null : value,
    valueSize: range || deleted ? 0 : c.valueLength,
    seq: c.sequence,
    type: typeName(c.type),
    level: c.level,
    table: c.table === 0 ? null : c.table,
    ...(range ? { until: value } : {}),
    ...(ts === 0 ? {} : { timestamp: c.keyBuffer.slice(keyEnd - ts, keyEnd) }),
  };
}
