/**
 * Wide-column entities (rocksdb-leveldb.md §10).
 *
 * v1: v32 1, v32 n, n × {str name, v32 value size}, then the values one after the other.
 * v2: v32 2, v32 n, v32 bytes of the name sizes, v32 bytes of the value sizes, v32 bytes of the names,
 *     n × u8 type (0x01 inline, 0x11 blob index), name sizes, value sizes, names, values.
 * Names ascend strictly; the empty name is the default column, which is what Get returns.
 */
import { compareBytes } from '../../base/bytes.ts';
import { corrupt, unsupported } from '../../base/errors.ts';
import { Reader } from '../../base/varint.ts';
import { ValueType } from '../../iter/cursor.ts';
import type { Column } from '../../iter/resolve.ts';

/**
 * Columns of an entity, sorted by name; names and values are views into `value`, except for what
 * `blob` returns for a column that holds a blob index. Throws CORRUPT or UNSUPPORTED.
 */
export function decodeColumns(value: Uint8Array, blob: (index: Uint8Array) => Uint8Array): Column[] {
  const r = new Reader(value);
  const version = r.varint32();
  if (version !== 1 && version !== 2) throw unsupported(`wide-column entity of version ${version}`);
  const count = r.varint32();
  // Each column takes two bytes at least, whatever its name and value.
  if (count > r.remaining) throw corrupt(`entity claims ${count} columns in ${r.remaining} bytes`);
  const columns = version === 1 ? readV1(r, count) : readV2(r, count, blob);
  for (let i = 1; i < columns.length; i++) {
    if (compareBytes((columns[i - 1] as Column).name, (columns[i] as Column).name) >= 0) {
      throw corrupt('column names of the entity are out of order');
    }
  }
  return columns;
}

function readV1(r: Reader, count: number): Column[] {
  const names: Uint8Array[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    names.push(r.string());
    sizes.push(r.varint32());
  }
  const columns = names.map((name, i) => ({ name, value: r.bytes(sizes[i] as number) }));
  if (r.remaining > 0) throw corrupt(`${r.remaining} bytes behind the last column of the entity`);
  return columns;
}

function readV2(r: Reader, count: number, blob: (index: Uint8Array) => Uint8Array): Column[] {
  const nameSizeBytes = r.varint32();
  const valueSizeBytes = r.varint32();
  const nameBytes = r.varint32();
  const types = r.bytes(count);
  const nameSizes = readSizes(r.bytes(nameSizeBytes), count);
  const valueSizes = readSizes(r.bytes(valueSizeBytes), count);
  const names = new Reader(r.bytes(nameBytes));
  const columns: Column[] = [];
  for (let i = 0; i < count; i++) {
    const name = names.bytes(nameSizes[i] as number);
    const stored = r.bytes(valueSizes[i] as number);
    const type = types[i] as number;
    if (type !== ValueType.value && type !== ValueType.blobIndex) {
      throw unsupported(`column of type 0x${type.toString(16).padStart(2, '0')} in an entity`);
    }
    columns.push({ name, value: type === ValueType.blobIndex ? blob(stored) : stored });
  }
  if (r.remaining > 0 || names.remaining > 0) throw corrupt('bytes behind the last column of the entity');
  return columns;
}

function readSizes(bytes: Uint8Array, count: number): number[] {
  const r = new Reader(bytes);
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) sizes.push(r.varint32());
  if (r.remaining > 0) throw corrupt('bytes behind the last size in an entity');
  return sizes;
}
